"""Hand-offs as they fall due: who gives the pager to whom is told, asked for, and gone after until somebody has it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any, Final

from tocsin.core import delivery
from tocsin.core import handoff as core
from tocsin.core.calendar import words
from tocsin.core.handoff import Change, Note, Section
from tocsin.core.incident import Incident
from tocsin.core.oncall import on_call_at
from tocsin.core.protocol import is_open
from tocsin.core.runbook import Runbook
from tocsin.core.sentences import name_of
from tocsin.core.stand_ins import StandIns
from tocsin.core.types import Refused, instant_text
from tocsin.store import alerts, handoffs, incidents, looks, oncall, people, watch
from tocsin.store import quiet as quiet_store
from tocsin.store.db import Tx
from tocsin.usecases import action_items, quiet, rescue
from tocsin.usecases.configure import Setup, handoff_link, in_force, incident_link

NOISY: Final = 5  # alerts that a hand-off names
OPEN_SHOWN: Final = 20  # incidents, likewise
SILENCES_SHOWN: Final = 20
WEEK: Final = timedelta(days=7)


# --------------------------------------------------------------------------------------------- what is going on


def gather(tx: Tx, setup: Setup) -> tuple[Section, ...]:
    """
    Read what whoever takes a shift must know. It is read apart from `run`, so that nobody's write waits for it.

    Returns:
        Sections with at least one line each, but for the first: that nothing is open is said.
    """
    open_ = [stored.state for stored in incidents.open_ones(tx, OPEN_SHOWN)]
    _, runbook = in_force(tx, setup)
    open_.sort(key=lambda s: (_rank(s, runbook), s.declared_at))
    firing = alerts.still_firing(tx, [s.number for s in open_])
    lines = tuple(_open_line(tx, setup, runbook, s, firing.get(s.number, 0)) for s in open_)
    watched = tuple(_watched_line(setup, s) for s in _watched(tx))
    noisy = tuple(_noisy_line(row) for row in alerts.noisiest(tx, tx.now - WEEK, NOISY))
    told = (("Open incidents", lines), ("Being watched", watched), ("Silenced now", _silences(tx)),
            ("The week's noisiest alerts", noisy))  # fmt: skip
    sections = tuple((heading, said) for heading, said in told if said)
    return sections if lines else (("No incident is open.", ()), *sections)


def _silences(tx: Tx) -> tuple[str, ...]:
    """What is silenced, in force first, with how many alerts each holds back now; and what else is held back."""
    holding = quiet_store.holding(tx)
    living = [one for one in quiet_store.living(tx) if one.state(tx.now) != "ended"]
    living.sort(key=lambda one: one.next_span(tx.now) or (one.start, one.until))
    lines = [quiet.line(one, tx.now, holding.pop(f"silence:{one.id}", 0)) for one in living[:SILENCES_SHOWN]]
    if len(living) > SILENCES_SHOWN:
        lines.append(f"and {len(living) - SILENCES_SHOWN} more silences")
    if others := sum(count for by, count in holding.items() if not by.startswith("silence:")):
        lines.append(f"{others} alert{'' if others == 1 else 's'} held back by inhibition, or paused because they flap")
    return tuple(lines)


def _rank(state: Incident, runbook: Runbook) -> int:
    order = list(runbook.severities)
    return order.index(state.severity) if state.severity in order else len(order)


def _open_line(tx: Tx, setup: Setup, runbook: Runbook, s: Incident, firing: int) -> str:
    names = {id_: person.name for id_, person in runbook.people.items()}
    holder = s.commander or s.acknowledged_by
    who = f"{name_of(holder, names)} has it" if holder else "nobody has it yet"
    fires = f", {firing} alert{'' if firing == 1 else 's'} firing" if firing else ""
    age = words(tx.now - s.declared_at)
    return f"{s.severity} {s.name} {s.title}: {s.status} for {age}, {who}{fires}. {incident_link(setup, s.number)}"


def _watched(tx: Tx) -> list[Incident]:
    """Ended incidents that a duty still watches: a new alert opens them again."""
    ended = (stored.state for stored in incidents.ended_and_due(tx, OPEN_SHOWN))
    return [s for s in ended if any("elapsed" in duty.done_by and is_open(duty) for duty in s.duties)]


def _watched_line(setup: Setup, s: Incident) -> str:
    until = next((d.deadline for d in s.duties if "elapsed" in d.done_by and is_open(d) and d.deadline), None)
    by = f" until {until:%H:%M} UTC" if until else ""
    return f"{s.name} {s.title}: resolved, watched{by}. {incident_link(setup, s.number)}"


def _noisy_line(row: Any) -> str:
    times = "once" if row.times == 1 else f"{row.times} times"
    return f"{times}: {row.title} ({row.service or 'no service'}, {row.source})"


# --------------------------------------------------------------------------------------------- shift changes


def run(tx: Tx, setup: Setup, sections: Sequence[Section]) -> None:
    """
    Do what is due: tell each shift change once, and go after the hand-offs that nobody confirmed.

    Changes of one instant are worked out together, so that who takes two schedules gets one message.
    """
    _, runbook = in_force(tx, setup)
    rows = [row for row in looks.due(tx) if row.name == looks.PLAN or row.name.startswith(looks.SCHEDULE)]
    if any(row.name == looks.PLAN for row in rows):
        _plan(tx, runbook)
        rows = [row for row in looks.due(tx) if row.name.startswith(looks.SCHEDULE)]
    given = oncall.stand_ins_around(tx, tx.now) if rows else StandIns()
    changes = [change for row in rows if (change := _look(tx, runbook, row, given))]
    _supersede(tx, changes)
    for note in core.notes(changes):
        _hand_over(tx, setup, runbook, note, sections)
    for change in changes:
        if not change.incoming:
            _gap(tx, setup, runbook, change)
    for row in handoffs.due(tx):
        _step(tx, setup, runbook, row)


def _plan(tx: Tx, runbook: Runbook) -> None:
    """Make sure that every schedule is looked at: those that are new from now on, the others anew."""
    stand_ins = oncall.stand_ins_around(tx, tx.now)
    for name in runbook.schedules:
        if looks.get(tx, f"{looks.SCHEDULE}{name}") is None:
            shift = on_call_at(runbook, name, tx.now, stand_ins)
            looks.put(tx, f"{looks.SCHEDULE}{name}", shift.until, {"people": list(shift.people)})
    looks.again(tx)
    looks.forget(tx, looks.PLAN)


def _look(tx: Tx, runbook: Runbook, row: Any, given: StandIns) -> Change | None:
    name = row.name.removeprefix(looks.SCHEDULE)
    if name not in runbook.schedules:
        looks.forget(tx, row.name)
        return None
    change, until = core.latest(runbook, name, row.data["people"], row.at, row.due, tx.now, given)
    having = change.incoming if change else row.data["people"]
    looks.put(tx, row.name, until, {"people": list(having)})
    return change


def _supersede(tx: Tx, changes: Iterable[Change]) -> None:
    """Whoever was asked to confirm a schedule that changed hands again is not asked for it any more."""
    changed = {change.schedule for change in changes}
    for row in handoffs.unsettled(tx) if changed else ():
        left = [entry for entry in row.schedules if entry["schedule"] not in changed]
        if not left:
            handoffs.change(tx, row.id, state="superseded", due=None)
            _quiet(tx, row.id, "the next shift has begun")
        elif len(left) < len(row.schedules):
            handoffs.change(tx, row.id, schedules=left)


def _hand_over(tx: Tx, setup: Setup, runbook: Runbook, note: Note, sections: Sequence[Section]) -> None:
    """Tell one person what they take and give; who takes something is asked to confirm it."""
    late = action_items.overdue(tx, runbook, [change.schedule for change in (*note.takes, *note.gives)])
    sections = (*sections, *late)
    rules = [core.settings_of(runbook, change.schedule) for change in (*note.takes, *note.gives)]
    kinds = {kind for rule in rules for kind in rule.notify}
    within = min((rule.confirm_within for rule in rules[: len(note.takes)]), default=None)
    if "incoming" not in kinds or within is None:
        if "outgoing" in kinds and note.gives:
            key = f"handoff:given:{instant_text(note.at)}:{note.person}"
            text = core.text(note, runbook, sections, None)
            tell(tx, setup, runbook, note.person, key, core.title(note), text, f"{setup.public_url}/oncall")
        return
    asked = core.ask(note.person, within, tx.now)
    id_ = handoffs.add(
        tx, note.at, person=note.person, schedules=[_entry(change) for change in note.takes], state=asked.state,
        due=asked.due, confirm_by=asked.confirm_by, missed=max(change.missed for change in note.takes),
    )  # fmt: skip
    text = core.text(note, runbook, sections, within)
    link = handoff_link(setup, id_, note.person)
    tell(tx, setup, runbook, note.person, f"handoff:{id_}:told", core.title(note), text, link)


def _entry(change: Change) -> dict[str, Any]:
    return {
        "schedule": change.schedule, "outgoing": list(change.outgoing), "until": instant_text(change.until),
        "override": change.override,
    }  # fmt: skip


def _gap(tx: Tx, setup: Setup, runbook: Runbook, change: Change) -> None:
    """Nobody takes a schedule: those who gave it, the lead and the admins hear it at once."""
    known = set(change.outgoing) & set(runbook.people)
    told = sorted(known | core.leads(runbook, change.schedule) | core.admins(runbook))
    id_ = handoffs.add(
        tx, change.at, person=None, schedules=[_entry(change)], state="nobody", told=told, missed=change.missed
    )
    for person in told:
        text = core.nobody(change, runbook)
        title = f"Nobody is on call: {change.schedule}"
        tell(tx, setup, runbook, person, f"handoff:{id_}:gap:{person}", title, text, f"{setup.public_url}/oncall",
             urgent=True)  # fmt: skip


def _step(tx: Tx, setup: Setup, runbook: Runbook, row: Any) -> None:
    asked, told = core.step(handoffs.asked_of(row), tx.now)
    if told == "remind":
        handoffs.keep(tx, row.id, asked)
        text = core.reminder(row.schedules, row.confirm_by - tx.now)
        key, link = f"handoff:{row.id}:reminder:{asked.reminders}", handoff_link(setup, row.id, row.person)
        tell(tx, setup, runbook, row.person, key, "Have you got the pager?", text, link, urgent=True,
             nth=asked.reminders)  # fmt: skip
    elif told == "unconfirmed":
        schedules = [entry["schedule"] for entry in row.schedules]
        to = sorted(core.others(runbook, schedules, tx.now, oncall.stand_ins_around(tx, tx.now), row.person))
        handoffs.keep(tx, row.id, asked, told=to)
        title = f"Hand-off not confirmed: {core.people((row.person,), runbook)}, {', '.join(schedules)}"
        for person in to:
            _page_like(tx, setup, runbook, row, person, title)


def _page_like(tx: Tx, setup: Setup, runbook: Runbook, row: Any, person: str, title: str) -> None:
    """By every way of their rules for high urgency, as a page goes; what waits is dropped once somebody presses."""
    text, link = core.unconfirmed(row.person, row.schedules, runbook), handoff_link(setup, row.id, person)
    health = people.health(tx, person)
    for place, route in enumerate(delivery.to_person(runbook, setup.ways, person, "high", health=health)):
        if not route.why_not:
            key = f"handoff:{row.id}:others:{person}:{place}"
            rescue.alarm(tx, key, route, title, text, link=link, person=person, after=route.after)


def tell(
    tx: Tx, setup: Setup, runbook: Runbook, person: str, key: str, title: str, text: str, link: str, *,
    urgent: bool = False, nth: int = 0,
) -> None:  # fmt: skip
    """Send a text to a person by their rules' first usable way, or the *nth* after it: a reminder tries another."""
    health = people.health(tx, person)
    ways = delivery.to_person(runbook, setup.ways, person, "high" if urgent else "low", health=health)
    usable = [route for route in ways if not route.why_not]
    route = usable[nth % len(usable)]
    rescue.alarm(tx, key, route, title, text, link=link, urgent=urgent, person=person)


def _quiet(tx: Tx, id_: str, why: str) -> None:
    watch.drop_alarms(tx, f"alarm:handoff:{id_}:", why)


# --------------------------------------------------------------------------------------------- I have the pager


def confirm(tx: Tx, setup: Setup, id_: str, by: str) -> Any:
    """
    Record that *by* has the pager; pressing again changes nothing. Whoever heard that nobody had is told.

    Returns:
        The row, as `store.handoffs.get` reads it.

    Raises:
        Refused: 404 for an unknown hand-off; 409 for one that is over, or that nobody could take.
    """
    row = handoffs.get(tx, id_, for_update=True)
    if row is None:
        raise Refused("there is no such hand-off", 404)
    if row.state == "confirmed":
        return row
    if row.state in ("superseded", "nobody"):
        raise Refused("this hand-off is over: the shift has changed hands since" if row.person else
                      "nobody takes this shift: add an override")  # fmt: skip
    handoffs.keep(tx, id_, core.confirmed(handoffs.asked_of(row)), confirmed_at=tx.now, confirmed_by=by)
    _quiet(tx, id_, f"{by} has the pager")
    _, runbook = in_force(tx, setup)
    for person in set(row.told) - {by}:
        who, named = core.people((by,), runbook), ", ".join(entry["schedule"] for entry in row.schedules)
        tell(tx, setup, runbook, person, f"handoff:{id_}:answered:{person}", f"{who} has the pager",
             f"{who} says so now for {named}.", f"{setup.public_url}/oncall")  # fmt: skip
    return handoffs.get(tx, id_)
