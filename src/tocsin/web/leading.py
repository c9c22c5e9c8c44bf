"""What leading an incident needs to see: the severity's clocks, the roles, the ticket and the write-up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tocsin.core import roles, sla, tickets
from tocsin.core.calendar import utc_words, words
from tocsin.core.incident import ROLES, Incident
from tocsin.core.protocol import Duty
from tocsin.core.runbook import Runbook
from tocsin.core.sentences import name_of
from tocsin.web.render import short

TITLES: Final[Mapping[str, str]] = {"response": "Response", "resolution": "Resolution"}
WORDS: Final[Mapping[str, str]] = {"running": "On time", "at_risk": "At risk", "breached": "Breached", "kept": "Kept"}


@dataclass(frozen=True, slots=True)
class ClockView:
    """A clock: its state as a word and for its colour, and the instant that it runs to."""

    title: str
    state: str
    word: str
    due: datetime
    left: str  # empty once it is over, or has stopped
    note: str


@dataclass(frozen=True, slots=True)
class RoleView:
    """A role: who has it, and what a press on it would change from."""

    role: str
    person: str  # the id; empty for nobody
    name: str
    mine: bool


@dataclass(frozen=True, slots=True)
class TicketView:
    """The ticket: its name, where it is kept, its label, and whether it is open."""

    name: str
    where: str
    link: str
    label: str
    open: bool


@dataclass(frozen=True, slots=True)
class LeadView:
    """All of it for one incident. `before` are duties of a protocol that it left, with what became of them."""

    clocks: tuple[ClockView, ...]
    roles: tuple[RoleView, ...]
    missing: tuple[str, ...]
    extended_until: datetime | None
    ticket: TicketView | None
    before: tuple[tuple[str, str], ...]
    asks_write_up: bool
    write_up: str
    draft: str


def clock_view(clock: sla.Clock, state: Incident, now: datetime) -> ClockView:
    """Show a clock."""
    word = sla.state_of(clock, now)
    runs = clock.met_at is None and word != "breached"
    anew = "counted from when the severity changed or it was reopened" if clock.start != state.declared_at else ""
    return ClockView(
        TITLES[clock.which], word, WORDS[word], clock.due, short(clock.due - now) if runs else "", anew
    )  # fmt: skip


def running(state: Incident, now: datetime) -> ClockView | None:
    """The clock that the list shows: the first that still runs, and any that is breached."""
    clocks = [clock for clock in state.clocks if clock.met_at is None]
    return clock_view(clocks[0], state, now) if clocks and state.is_open else None


def lead_view(state: Incident, runbook: Runbook, now: datetime, me: str) -> LeadView:
    """Build the view. Nothing is read here."""
    names = {id_: person.name for id_, person in runbook.people.items()}
    held = ((role, state.roles.get(role, "")) for role in ROLES)
    return LeadView(
        clocks=tuple(clock_view(clock, state, now) for clock in sla.to_show(state.clocks, state.is_open)),
        roles=tuple(RoleView(role, who, name_of(who, names) if who else "", who == me) for role, who in held),
        missing=roles.missing(state) if state.is_open and state.urgency == "high" else (),
        extended_until=state.extended_until, ticket=_ticket(state, runbook),
        before=tuple((duty.title, _became(duty)) for duty in state.set_aside),
        asks_write_up=not state.is_open and (bool(state.write_up) or _asks_write_up(state)),
        write_up=state.write_up or "", draft=write_up_draft(state),
    )  # fmt: skip


def _ticket(state: Incident, runbook: Runbook) -> TicketView | None:
    if state.ticket is None:
        return None
    where = "in Tocsin's own list" if state.tracker in ("", tickets.LOCAL) else f"in {state.tracker}"
    label = tickets.label(runbook, state.severity)
    return TicketView(state.ticket, where, state.ticket_link, label, state.ticket_closed_at is None)


def _became(duty: Duty) -> str:
    if duty.every:
        return f"{duty.rounds_done} done, {duty.rounds_missed} missed"
    if duty.done_at:
        return "done late" if duty.late else "done"
    return "missed"


def _asks_write_up(state: Incident) -> bool:
    return any("write_up_published" in duty.done_by for duty in state.duties)


def write_up_draft(state: Incident) -> str:
    """The write-up as far as the record knows it; what only people know is left to fill in."""
    lasted = f", for {words(state.resolved_at - state.declared_at)}" if state.resolved_at else ""
    return "\n".join([
        f"What happened: {state.title} ({state.severity}, {state.service or 'no service named'}), "
        f"since {utc_words(state.declared_at)}{lasted}.",
        f"Impact: {state.impact or 'unknown'}",
        f"Cause: {state.root_cause or 'unknown'}",
        f"What was done: {state.resolution or state.summary or 'unknown'}",
        "What we change: ",
    ])  # fmt: skip
