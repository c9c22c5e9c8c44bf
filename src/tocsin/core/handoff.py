"""Hand-off: who gives the pager to whom, what each is told, and what follows until the one who takes it says so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias
from zoneinfo import ZoneInfo

from tocsin.core import oncall
from tocsin.core.calendar import words
from tocsin.core.oncall import Shift
from tocsin.core.runbook import Runbook
from tocsin.core.runbook_schedules import HandOff as Settings
from tocsin.core.stand_ins import Given

REMINDERS: Final = 2  # at a third and at two thirds of the time to confirm
LOOK_BACK: Final = timedelta(days=31)  # after a longer downtime the shift changes before it are not counted
INSTANT: Final = timedelta(microseconds=1)
FOREVER: Final = 9_000  # a year from which on a shift has no end

State: TypeAlias = Literal["waiting", "confirmed", "unconfirmed", "superseded", "nobody"]
Section: TypeAlias = tuple[str, tuple[str, ...]]  # a heading and its lines


@dataclass(frozen=True, slots=True)
class Change:
    """
    One shift change of a schedule at *at*: *incoming* (empty: a gap) have it until *until*.

    `missed` counts the changes before it that passed while nothing looked.
    """

    schedule: str
    at: datetime
    outgoing: tuple[str, ...]
    incoming: tuple[str, ...]
    until: datetime
    override: str | None = None
    missed: int = 0


@dataclass(frozen=True, slots=True)
class Note:
    """What one person is told at one instant: the shifts that they take and those that they give, of all schedules."""

    person: str
    at: datetime
    takes: tuple[Change, ...]
    gives: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """A hand-off that *person* is asked to confirm by *confirm_by*; *due* is the next thing that follows, or None."""

    state: State
    person: str
    confirm_by: datetime
    due: datetime | None
    reminders: int = 0


def latest(
    runbook: Runbook, schedule: str, had: Sequence[str], since: datetime, due: datetime, now: datetime,
    overrides: Given = (),
) -> tuple[Change | None, datetime]:  # fmt: skip
    """
    Find the last shift change of *schedule* since it was looked at, whatever it was that changed it.

    Args:
        had: Who was on call at *since*, as it was kept then: an override may have gone, or the runbook changed.
        due: When the change was expected, at or before *now*.

    Returns:
        The change, or None when the same people still have it; and the instant to look again.
    """
    current = oncall.on_call_at(runbook, schedule, now, overrides)
    turns = _turns(oncall.shifts(runbook, schedule, max(since, now - LOOK_BACK), now + INSTANT, overrides))
    passed = len(turns) > 1
    outgoing = turns[-2].people if len(turns) > 2 else tuple(had)
    if set(outgoing) == set(current.people):
        return None, current.until
    at = turns[-1].start if passed else min(due, now)
    change = Change(
        schedule, at, outgoing, current.people, current.until, current.override, max(len(turns) - 2, 0)
    )  # fmt: skip
    return change, current.until


def _turns(shifts: Iterable[Shift]) -> list[Shift]:
    """Neighbours of the same people as one: a stand-in for oneself hands nothing over."""
    joined: list[Shift] = []
    for shift in shifts:
        if joined and set(joined[-1].people) == set(shift.people):
            joined[-1] = replace(joined[-1], until=shift.until)
        else:
            joined.append(shift)
    return joined


def notes(changes: Sequence[Change]) -> tuple[Note, ...]:
    """Sort changes by instant and person: schedules that hand over at one instant to one person are one note."""
    found: dict[tuple[datetime, str], Note] = {}
    for change in (change for change in changes if change.incoming):  # of a gap each is told by itself
        for person in dict.fromkeys((*change.incoming, *change.outgoing)):
            takes = person in change.incoming and person not in change.outgoing
            gives = person in change.outgoing and person not in change.incoming
            note = found.get((change.at, person)) or Note(person, change.at, (), ())
            if takes or gives:
                found[change.at, person] = replace(
                    note, takes=note.takes + (change,) * takes, gives=note.gives + (change,) * gives
                )
    return tuple(found[key] for key in sorted(found))


# --------------------------------------------------------------------------------------------- asked to confirm


def ask(person: str, within: timedelta, now: datetime) -> Asked:
    """Begin to ask: the time to confirm starts when the person is told, which may be late."""
    return Asked("waiting", person, now + within, now + within / (REMINDERS + 1))


def step(asked: Asked, now: datetime) -> tuple[Asked, Literal["remind", "unconfirmed"] | None]:
    """
    Take what is due at *now*: a reminder, or that nobody confirmed. A late step skips the reminders it has missed.

    Returns:
        The new state, and what is to be told. Calling again at *now*: None.
    """
    if asked.state != "waiting" or asked.due is None or now < asked.due:
        return asked, None
    if now >= asked.confirm_by:
        return replace(asked, state="unconfirmed", due=None), "unconfirmed"
    left = REMINDERS - asked.reminders
    return replace(asked, reminders=asked.reminders + 1, due=now + (asked.confirm_by - now) / left), "remind"


def confirmed(asked: Asked) -> Asked:
    """The pager is confirmed, in time or late; what is over or superseded stays as it is."""
    return replace(asked, state="confirmed", due=None) if asked.state in ("waiting", "unconfirmed") else asked


# --------------------------------------------------------------------------------------------- who else


def settings_of(runbook: Runbook, schedule: str) -> Settings:
    """How a schedule hands over: as it says itself, or as the organization does."""
    known = runbook.schedules.get(schedule)
    return (known.hand_off if known else None) or runbook.organization.hand_off


def others(
    runbook: Runbook, schedules: Iterable[str], at: datetime, overrides: Given, without: str | None
) -> frozenset[str]:
    """
    Who hears that nobody confirmed: by default the secondary and the lead; without them the admins, else everyone.

    The secondary of a schedule is who the next step after it stands for, in each policy that names it.
    """
    found = frozenset[str]()
    for schedule in schedules:
        for target in settings_of(runbook, schedule).to:
            if target == "secondary":
                found |= _second(runbook, schedule, at, overrides)
            elif target == "team_lead":
                found |= leads(runbook, schedule)
            else:
                found |= oncall.targets(runbook, target, at, None, overrides)
    found -= {without}
    return found or (admins(runbook) - {without}) or (frozenset(runbook.people) - {without})


def _second(runbook: Runbook, schedule: str, at: datetime, overrides: Given) -> frozenset[str]:
    found = frozenset[str]()
    for policy in runbook.escalation_policies.values():
        for place, taken in enumerate(policy.steps[:-1]):
            if f"schedule:{schedule}" in taken.page:
                named = [target for target in policy.steps[place + 1].page if target != "everyone"]
                stands = (oncall.targets(runbook, target, at, None, overrides) for target in named)
                found |= frozenset[str]().union(*stands)
    return found


def leads(runbook: Runbook, schedule: str) -> frozenset[str]:
    """The leads of the teams whose services page *schedule*."""
    teams = {
        service.team
        for name, service in runbook.services.items()
        if any(f"schedule:{schedule}" in step.page for step in runbook.policy_for(name)[1].steps)
    }
    return frozenset(runbook.teams[team].lead for team in teams if team in runbook.teams)


def admins(runbook: Runbook) -> frozenset[str]:
    """The people with the role admin."""
    return frozenset(id_ for id_, person in runbook.people.items() if "admin" in person.roles)


# --------------------------------------------------------------------------------------------- in words


def title(note: Note) -> str:
    """What stands above a note."""
    if note.takes:
        return f"Hand-off: you take {_listed(note.takes)}"
    return f"Hand-off: you give {_listed(note.gives)}"


def _listed(changes: Sequence[Change]) -> str:
    return ", ".join(change.schedule for change in changes)


def text(note: Note, runbook: Runbook, sections: Sequence[Section], confirm_within: timedelta | None) -> str:
    """The whole note: who takes and gives what, what is going on, and for who takes it the duties and what to press."""
    parts = [[*(_taken(change, runbook) for change in note.takes), *(_given(change, runbook) for change in note.gives)]]
    if missed := max((change.missed for change in (*note.takes, *note.gives)), default=0):
        s = "" if missed == 1 else "s"
        parts[0].append(f"{missed} earlier shift change{s} passed while Tocsin was down; this is the latest.")
    parts += [[heading, *(f"- {line}" for line in lines)] for heading, lines in sections]
    if note.takes and runbook.on_call.duties:
        parts.append(["Your duties on call", *(f"- {duty}" for duty in runbook.on_call.duties)])
    if note.takes and confirm_within:
        parts.append([f"Confirm within {words(confirm_within)} that you have the pager: one press at the link above."])
    return "\n\n".join("\n".join(part) for part in parts)


def _taken(change: Change, runbook: Runbook) -> str:
    stands_in = f" You stand in: {change.override}." if change.override else ""
    until = until_words(runbook, change.schedule, change.until)
    return f"You take {change.schedule} from {people(change.outgoing, runbook)}{until}.{stands_in}"


def _given(change: Change, runbook: Runbook) -> str:
    until = until_words(runbook, change.schedule, change.until)
    if not change.incoming:
        return f"You give {change.schedule}, and nobody takes it{until}."
    return f"You give {change.schedule} to {people(change.incoming, runbook)}{until}."


def until_words(runbook: Runbook, schedule: str, until: datetime) -> str:
    """The next shift change in the schedule's own time, with a blank before; empty where there is none."""
    if until.year > FOREVER:
        return ""
    known = runbook.schedules.get(schedule)
    zone = (known.timezone if known else None) or runbook.organization.timezone
    return f" until {until.astimezone(ZoneInfo(zone)):%a %Y-%m-%d %H:%M} ({zone})"


def people(ids: Sequence[str], runbook: Runbook) -> str:
    """Names in one line; "nobody" for none."""
    return ", ".join(runbook.people[id_].name if id_ in runbook.people else id_ for id_ in ids) or "nobody"


def reminder(schedules: Sequence[Mapping[str, object]], left: timedelta) -> str:
    """What a reminder says."""
    named = ", ".join(str(entry["schedule"]) for entry in schedules)
    return f"You have not confirmed yet that you have the pager for {named}. In {words(left)} others are told."


def unconfirmed(person: str, schedules: Sequence[Mapping[str, object]], runbook: Runbook) -> str:
    """What others hear when nobody confirmed."""
    named = ", ".join(str(entry["schedule"]) for entry in schedules)
    return (
        f"{people((person,), runbook)} has not confirmed that they have the pager for {named}, and is paged still. "
        "Call them. Or take it: add an override, so that pages go to you, and press at the link above."
    )


def nobody(change: Change, runbook: Runbook) -> str:
    """What the outgoing, the lead and the admins hear of a gap that begins."""
    until = until_words(runbook, change.schedule, change.until)
    return (
        f"Nobody is on call on {change.schedule}{until}; {people(change.outgoing, runbook)} had it before. A step that "
        "stands for nobody is skipped and the next is paged at once. Add an override to fill it."
    )
