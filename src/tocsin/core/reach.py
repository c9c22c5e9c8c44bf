"""How a person would be reached at an instant: what the pager would do, asked beforehand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from tocsin.core import delivery
from tocsin.core.calendar import words
from tocsin.core.delivery import Health, Route, Ways
from tocsin.core.runbook import Runbook

State = Literal["proved", "never proved", "broken", "cannot be used"]


@dataclass(frozen=True, slots=True)
class Heard:
    """
    One thing that a person would hear: when, through which channel of the runbook, and whether that works.

    `why` says what is the matter with what is broken or cannot be used. `instead_of` names the channel that this one
    is the backup of: it is used only when that one fails.
    """

    at: datetime
    via: str
    kind: str
    state: State
    why: str = ""
    proved_at: datetime | None = None
    instead_of: str = ""


def reach_at(
    runbook: Runbook, ways: Ways, person: str, at: datetime, health: Health,
    urgency: Literal["high", "low"] = "high",
) -> tuple[Heard, ...]:  # fmt: skip
    """
    Say what *person* would hear of a page that is asked for at *at*, if they never answered.

    Args:
        runbook: In force, or a version to be tried.
        ways: What the installed transports need (`Setup.ways`).
        person: Of the runbook; a stranger hears nothing but the console.
        at: Aware UTC instant; quiet hours count for low urgency alone.
        health: What is known of their ways (`store.people.health`); `delivery.UNKNOWN` for nothing.

    Returns:
        In the order of their notification rules, each followed by its channel's backup, the console last where it
        stands in. Nobody is reached when every state is `broken` or `cannot be used`, or only the console is left.
    """
    heard: list[Heard] = []
    for route in delivery.to_person(runbook, ways, person, urgency, health=health, at=at):
        heard.append(_heard(route, at, health, person))
        spare = delivery.stand_in(runbook, ways, route.via, person, health)
        if spare:
            heard.append(_heard(spare, at + route.after, health, person, instead_of=route.via))
    return tuple(heard)


def _heard(route: Route, at: datetime, health: Health, person: str, instead_of: str = "") -> Heard:
    contact = health.get((person, route.via))
    state, proved = state_of(route, contact)
    return Heard(at + route.after, route.via, route.kind, state, route.why_not, proved, instead_of)


def state_of(route: Route, contact: delivery.Contact | None) -> tuple[State, datetime | None]:
    """The state of a way in a word, and when it was proved last."""
    proved = delivery.proved_at(route, contact)
    if delivery.broken(route, contact):
        return "broken", proved
    if route.why_not:
        return "cannot be used", proved
    return ("proved" if proved else "never proved"), proved


def reachable(heard: tuple[Heard, ...]) -> bool:
    """Say whether anything of it leads outside the server's own console."""
    return any(h.state in ("proved", "never proved") and h.kind != delivery.CONSOLE for h in heard)


def in_words(heard: Heard, now: datetime) -> str:
    """The state of a way as a sentence's end: `proved 3 days ago`, `never proved`, `broken since 2026-11-20: ...`."""
    if heard.why:
        return heard.why
    if heard.proved_at is None:
        return "never proved"
    return f"proved {words(now - heard.proved_at)} ago"
