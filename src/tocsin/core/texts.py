"""A text on its way into a chat: cut to its limit, never inside a visible character, and kept from doing anything."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable
from typing import Final

CLUSTER_LIMIT: Final = 64  # code points in what is taken for one visible character
ELLIPSIS: Final = "…"


def utf8(text: str) -> int:
    """The bytes of a text in UTF-8."""
    return len(text.encode("utf-8", "surrogatepass"))


def utf16(text: str) -> int:
    """The UTF-16 code units of a text, as JavaScript and many vendors count."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def cut(text: str, limit: int, size: Callable[[str], int] = len) -> str:
    """
    Cut to *limit*, never inside a visible character; the end is then an ellipsis.

    Args:
        size: Counts what the vendor counts: code points (`len`), `utf8` bytes, `utf16` units.
    """
    if size(text) <= limit:
        return text
    room = limit - size(ELLIPSIS)
    end = bisect_right(range(min(len(text), limit) + 1), room, key=lambda i: size(text[:i])) - 1
    return beginning(text, end) + ELLIPSIS


def beginning(text: str, end: int) -> str:
    """The code points before *end*, without a visible character that goes on after it."""
    whole = next((i for i in range(end, max(end - CLUSTER_LIMIT, 0), -1) if not _joined(text, i)), max(end, 0))
    return text[:whole]


def _joined(text: str, i: int) -> bool:
    """Say whether the code points before and after position *i* show as one character."""
    before, after = text[i - 1], text[i : i + 1] or "."
    if unicodedata.category(after).startswith("M") or after == "\u200d" or "\U0001f3fb" <= after <= "\U0001f3ff":
        return True
    if before == "\u200d":
        return True
    flags = 0  # two regional letters are one flag
    while flags < i and "\U0001f1e6" <= text[i - 1 - flags] <= "\U0001f1ff":
        flags += 1
    return flags % 2 == 1 and "\U0001f1e6" <= after <= "\U0001f1ff"


_MENTION: Final = re.compile(r"(?<![\w.])@(?=\w)|<(?=[@#!&])")
_MARKUP: Final = re.compile(r"[\\`*_~|\[\]<>#]")


def calm(text: str) -> str:
    """Keep a chat from taking a text for a call (`@here`, `<@id>`): an invisible sign is put in; it reads the same."""
    return _MENTION.sub("\\g<0>\u200b", text)


def literal(text: str, signs: re.Pattern[str] = _MARKUP) -> str:
    """Write a text so that Markdown shows it as it is: no link that lies about where it leads, no call to everybody."""
    return signs.sub(r"\\\g<0>", calm(text))
