"""Texts with `{word}` and nothing else: no attributes, no calls, no formats."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

OUTPUT_LIMIT: Final = 65_536  # characters; reliability.md section 6
UNKNOWN: Final = "unknown"
KNOWN_WORDS: Final = frozenset(
    {
        "incident", "severity", "title", "status", "service", "feature", "impact", "commander", "summary",
        "next_steps", "eta", "root_cause", "resolution", "started_utc", "now_utc", "resolved_utc", "duration",
        "update_interval", "next_update", "postmortem", "date", "link",
    }
)  # fmt: skip
_WORD = re.compile(r"\{([a-z_]+)\}")


class BadTemplate(ValueError):  # noqa: N818 - what it is
    """A template from which no text can be made."""


def render(template: str, words: Mapping[str, str | None]) -> str:
    """
    Put the values of *words* into *template*; what has no value reads "unknown".

    Values go in as they are and are never read as templates. The template's single final newline is dropped.

    Raises:
        BadTemplate: the text would be over 65,536 characters. No more than that is ever put together.
    """
    source = template.removesuffix("\n")
    parts: list[str] = []
    room, end = OUTPUT_LIMIT, 0
    for found in _WORD.finditer(source):
        value = words.get(found[1]) or UNKNOWN
        room -= found.start() - end + len(value)
        if room < 0:
            break
        parts += source[end : found.start()], value
        end = found.end()
    if len(source) - end > room:
        raise BadTemplate(f"it makes a text of over {OUTPUT_LIMIT:,} characters")
    return "".join(parts) + source[end:]


def words_of(template: str) -> tuple[str, ...]:
    """Return the words of *template*, each once, in order."""
    return tuple(dict.fromkeys(_WORD.findall(template)))


def unknown_words(template: str) -> tuple[str, ...]:
    """Return the words of *template* that nothing will ever fill, in order."""
    return tuple(word for word in words_of(template) if word not in KNOWN_WORDS)
