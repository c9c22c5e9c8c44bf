"""Secrets at rest: encrypted with a key that is derived from the secret key, and is in no database."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import b64decode, b64encode
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tocsin.usecases.configure import Setup

NONCE_BYTES: Final = 12  # NIST SP 800-38D


def derived(setup: Setup, what: str) -> bytes:
    """32 bytes for one purpose, the same on every node and after a restart, while the secret key stays."""
    return hmac.new(setup.secret_key, b"derived\n" + what.encode(), hashlib.sha256).digest()


def seal(setup: Setup, purpose: str, bound: str, value: bytes) -> str:
    """Encrypt *value* for one *purpose*; it opens only beside *bound*, the row that it belongs to."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    cipher = AESGCM(derived(setup, f"seal {purpose}"))
    return b64encode(nonce + cipher.encrypt(nonce, value, bound.encode())).decode()


def unseal(setup: Setup, purpose: str, bound: str, sealed: str) -> bytes | None:
    """What was sealed; None when that was done under another secret key."""
    raw = b64decode(sealed)
    try:
        return AESGCM(derived(setup, f"seal {purpose}")).decrypt(
            raw[:NONCE_BYTES], raw[NONCE_BYTES:], bound.encode()
        )  # fmt: skip
    except InvalidTag:
        return None
