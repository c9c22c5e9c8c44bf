"""Drills: an incident that is practised. Whatever it says to anybody begins with the word, and nothing real follows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from tocsin.core.incident import Incident
from tocsin.core.types import Effect, OpenRoom, Tell

MARK: Final = "DRILL: "


def mark(text: str) -> str:
    """Put the word before a text; one that begins with it stays as it is."""
    return text if text.startswith(MARK) else f"{MARK}{text}"


def mark_of(state: Incident, text: str) -> str:
    """The text as it goes out for this incident: marked when it is a drill."""
    return mark(text) if state.drill else text


def marked(state: Incident, effects: Iterable[Effect]) -> tuple[Effect, ...]:
    """What goes out for a drill, marked: titles, texts that stand by themselves, and the room's name."""
    return tuple(map(_marked, effects)) if state.drill else tuple(effects)


def _marked(effect: Effect) -> Effect:
    match effect:
        case Tell(title=title, text=text, plain=plain):
            return replace(effect, title=mark(title), text=mark(text) if plain else text)
        case OpenRoom(name=name):
            return replace(effect, name=mark(name))
    return effect
