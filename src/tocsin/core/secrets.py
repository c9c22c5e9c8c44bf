"""What people paste into a chat in a hurry and must not stay: passwords, keys and tokens."""

from __future__ import annotations

import re
from typing import Final

REMOVED: Final = "[secret removed]"
_NAMES: Final = (
    r"(?:pass(?:word|wd|phrase)?|secret|token|api[_ -]?key|access[_ -]?key|private[_ -]?key|mnemonic|seed phrase)"
)
# By the vendors' own forms, and by what stands before them. What only looks random (a hash, a transaction) stays.
_SHAPES: Final = tuple(
    re.compile(pattern, re.DOTALL)
    for pattern in (
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
        r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*",  # RFC 7519
        r"\b(?:ghp|gho|ghu|ghs|ghr)_\w{20,}\b|\bgithub_pat_\w{20,}\b",
        r"\bxox[abeoprs]-[\w-]{10,}",
        r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",
        r"\b(?:sk|rk|pk)_(?:live|test)_\w{10,}\b|\bsk-[\w-]{20,}",
        r"\b\d{6,12}:[\w-]{30,}",  # a Telegram bot
        r"\b(?:tocsin|ingest|sign)_[\w-]{20,}",
    )
)
_URL_PASSWORD: Final = re.compile(r"(\b\w[\w+.-]*://[^\s:/@]*:)[^\s@/]+(@)")
_BEARER: Final = re.compile(r"\b(bearer|basic)\s+[\w.~+/=-]{8,}", re.IGNORECASE)
_NAMED: Final = re.compile(rf"\b({_NAMES}[\"']?\s*(?:[:=]|\bis\b)\s*)(\"[^\"]+\"|'[^']+'|\S+)", re.IGNORECASE)


def without_secrets(text: str) -> str:
    """Put a mark in the place of what looks like a secret; the rest of the text stays as it was."""
    for shape in _SHAPES:
        text = shape.sub(REMOVED, text)
    text = _URL_PASSWORD.sub(rf"\1{REMOVED}\2", text)
    text = _BEARER.sub(rf"\1 {REMOVED}", text)
    return _NAMED.sub(_named, text)


def _named(found: re.Match[str]) -> str:
    """A question (`the token is expired?`) is no secret: what follows a name in prose must look like one."""
    value = found[2].strip("\"'.,;")
    prose = value.isalpha() and not found[1].rstrip().endswith(("=", ":"))
    return found[0] if prose or value.startswith(REMOVED[:7]) else f"{found[1]}{REMOVED}"
