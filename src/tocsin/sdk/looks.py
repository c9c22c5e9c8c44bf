"""How it looks: colours, and texts for chats."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import Final

from tocsin.core.texts import cut, literal, utf16
from tocsin.sdk.reading import (
    clean,
)
from tocsin.sdk.wire import (
    Message,
)

# --------------------------------------------------------------------------------------------- how it looks

COLOURS: Final[Mapping[str, str]] = {"P0": "#b3261e", "P1": "#c75300", "P2": "#8a6d00", "P3": "#1c4a8f"}
_GREY: Final = "#565d6b"


def colour_of(severity: str) -> str:
    """The colour of a severity as `#rrggbb`, beside its word and never instead of it; grey for any other name."""
    return COLOURS.get(severity.upper(), _GREY)


_LINKS: Final = re.compile(r"[\\\[\]<>]")


def shown(message: Message, limit: int) -> str:
    """
    Write a message's text for a chat that reads Markdown, in at most *limit* UTF-16 units.

    A text of the runbook's templates keeps its stars; links and calls are taken out of it all the same, since it
    repeats what alerts say.
    """
    how = partial(literal, signs=_LINKS) if message.plain else literal
    return how(cut(clean(message.text), limit, lambda part: utf16(how(part))))
