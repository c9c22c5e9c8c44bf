"""Who stands in for whom: overrides, absences, swaps; and the calendars that schedules read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from tocsin.core import delivery, swap
from tocsin.core.calendar import utc_words, words
from tocsin.core.runbook import Runbook
from tocsin.core.runbook_check import Finding
from tocsin.core.runbook_schedules import plain_name
from tocsin.core.stand_ins import Absence, Booking, Override
from tocsin.core.swap import Swap
from tocsin.core.types import Refused, instant_text, uuid7
from tocsin.store import audit, calendars
from tocsin.store import oncall as store
from tocsin.store.db import Tx
from tocsin.usecases import rescue
from tocsin.usecases.configure import Setup, in_force

LONGEST: Final = timedelta(days=400)  # of an override and of an absence
SYSTEM: Final = "tocsin"


def _schedule(runbook: Runbook, name: str) -> None:
    if name not in runbook.schedules:
        raise Refused(f"no schedule {name!r}; there are {', '.join(runbook.schedules)}", 422)


def _person(runbook: Runbook, name: str) -> None:
    if name not in runbook.people:
        raise Refused(f"no person {name!r}; there are {', '.join(runbook.people)}", 422)


def _ahead(tx: Tx, what: str, start: datetime, until: datetime) -> None:
    if until <= start or until <= tx.now:
        raise Refused(f"{what} ends after it starts, and not in the past", 422)
    if until - start > LONGEST:
        raise Refused(f"{what} lasts at most {LONGEST.days} days", 422)


def add_override(
    tx: Tx, setup: Setup, *, schedule: str, person: str, start: datetime, until: datetime, reason: str, by: str,
    replaces: str | None = None,
) -> Override:  # fmt: skip
    """
    Let somebody stand in for a span of a schedule: for everybody, or in the place of one person.

    Raises:
        Refused: 422, for what the runbook does not have or a span that cannot be.
    """
    _, runbook = in_force(tx, setup)
    _schedule(runbook, schedule)
    for name in (person, replaces or person):
        _person(runbook, name)
    _ahead(tx, "an override", start, until)
    kept = store.add_override(
        tx, schedule=schedule, person=person, start=start, until=until, reason=reason, by=by, replaces=replaces
    )
    said = {"id": kept.id, "schedule": schedule, "person": person, "from": instant_text(start)}
    audit.append(tx, by, "override_added", {**said, "until": instant_text(until)})
    return kept


def end_override(tx: Tx, id_: str, by: str) -> None:
    """End an override. Raises Refused: 404, there is none."""
    if not store.delete_override(tx, id_):
        raise Refused("there is no such override", 404)
    audit.append(tx, by, "override_ended", {"id": id_})


def add_absence(
    tx: Tx, setup: Setup, *, person: str, start: datetime, until: datetime, reason: str, by: str
) -> Absence:  # fmt: skip
    """
    Keep that somebody is away: their turns go to the next of the rotation who is there.

    Raises:
        Refused: 422, for an unknown person or a span that cannot be.
    """
    _, runbook = in_force(tx, setup)
    _person(runbook, person)
    _ahead(tx, "an absence", start, until)
    kept = store.add_absence(tx, person=person, start=start, until=until, reason=reason, by=by)
    said = {"id": kept.id, "person": person, "from": instant_text(start), "until": instant_text(until)}
    audit.append(tx, by, "absence_added", said)
    return kept


def end_absence(tx: Tx, id_: str, by: str) -> None:
    """End an absence. Raises Refused: 404, there is none."""
    if not store.delete_absence(tx, id_):
        raise Refused("there is no such absence", 404)
    audit.append(tx, by, "absence_ended", {"id": id_})


# --------------------------------------------------------------------------------------------- swaps


def ask_swap(
    tx: Tx, setup: Setup, *, schedule: str, asker: str, other: str, turn: tuple[datetime, datetime],
    back: tuple[datetime, datetime], reason: str,
) -> Swap:  # fmt: skip
    """
    Ask *other* to take a turn of *asker*'s, and to give one in return; the other is told.

    Raises:
        Refused: 422, when one of them does not have that turn, or it begins in the past.
    """
    _, runbook = in_force(tx, setup)
    id_ = uuid7(tx.now, "swap", schedule, asker, other, *turn, *back)
    asked = Swap(id_, schedule, asker, other, *turn, *back, reason, "asked", tx.now)
    _check(tx, runbook, asked)
    if store.swap(tx, id_) is None:
        store.put_swap(tx, asked)
        audit.append(tx, asker, "swap_asked", _told(asked))
        _tell(tx, setup, runbook, asked, other, f"{runbook.people[asker].name} asks you to swap turns")
    return asked


def _check(tx: Tx, runbook: Runbook, asked: Swap) -> None:
    """See that both turns are as the swap says, by what is known of their time."""
    first, last = min(asked.start, asked.back_start), max(asked.until, asked.back_until)
    if last - first > LONGEST:
        raise Refused(f"the two turns lie within {LONGEST.days} days", 422)
    swap.check(asked, runbook, store.stand_ins(tx, first, last), tx.now)


def answer_swap(tx: Tx, setup: Setup, id_: str, action: str, by: str) -> Swap:
    """
    Accept, decline or withdraw a swap. Accepting makes both overrides, or neither.

    Raises:
        Refused: 404, 403 for somebody else, 409 when it is over, 422 when the turns are no longer theirs.
    """
    known = store.swap(tx, id_)
    if known is None:
        raise Refused("there is no such swap", 404)
    if known.state == "asked" and known.expires_at <= tx.now:
        raise Refused("this swap has expired: one of its turns has begun")
    _, runbook = in_force(tx, setup)
    answered = swap.answer(known, action, by)
    if answered.state == "accepted":
        _check(tx, runbook, known)
    if not store.close_swap(tx, answered):
        raise Refused("this swap was answered already")
    if answered.state == "accepted":
        for one in swap.pair(answered):
            store.add_override(
                tx, schedule=one.schedule, person=one.person, start=one.start, until=one.until, reason=one.reason,
                by=by, replaces=one.replaces,
            )  # fmt: skip
    audit.append(tx, by, f"swap_{answered.state}", _told(answered))
    if by == answered.other and answered.asker in runbook.people:
        _tell(tx, setup, runbook, answered, answered.asker, f"Your swap was {answered.state}")
    return answered


def _told(one: Swap) -> dict[str, str | None]:
    return {
        "id": one.id, "schedule": one.schedule, "asker": one.asker, "other": one.other,
        "from": instant_text(one.start), "until": instant_text(one.until),
        "back_from": instant_text(one.back_start), "back_until": instant_text(one.back_until),
    }  # fmt: skip


def _tell(tx: Tx, setup: Setup, runbook: Runbook, one: Swap, person: str, title: str) -> None:
    """Tell one person of a swap, by the first of their ways that works."""
    names = {id_: runbook.people[id_].name if id_ in runbook.people else id_ for id_ in (one.asker, one.other)}
    text = (
        f"{title} of {one.schedule}.\n"
        f"{names[one.other]} takes {utc_words(one.start)} to {utc_words(one.until)};\n"
        f"{names[one.asker]} takes {utc_words(one.back_start)} to {utc_words(one.back_until)}."
        + (f"\n{one.reason}" if one.reason else "")
    )
    routes = delivery.to_person(runbook, setup.ways, person, "low")
    route = next((route for route in routes if not route.why_not), None)
    if route is not None:
        key = f"swap:{one.id}:{one.state}"
        rescue.alarm(tx, key, route, title, text, link=f"{setup.public_url}/oncall#swaps", person=person)
        tx.touched.add("outbox")


# --------------------------------------------------------------------------------------------- calendars


@dataclass(frozen=True, slots=True)
class ToRead:
    """A calendar that is due: where it is, what is known of it, and what its local times are meant in."""

    schedule: str
    url: str
    file: str
    etag: str | None
    body: bytes | None
    zone: str
    start: datetime
    until: datetime


def due(tx: Tx, setup: Setup) -> float | None:
    """Seconds until something is due here: a calendar to read, or a swap that expires. 0: now; None: nothing is."""
    _, runbook = in_force(tx, setup)
    known = {row.schedule for row in calendars.states(tx)}
    if known != {name for name, schedule in runbook.schedules.items() if schedule.ical}:
        return 0
    moments = [at for at in (calendars.next_due(tx), store.next_expiry(tx)) if at]
    return max((min(moments) - tx.now).total_seconds(), 0) if moments else None


def begin(tx: Tx, setup: Setup, lease: timedelta) -> list[ToRead]:
    """Expire swaps, learn what calendars the runbook names, and take those that are due for the time of *lease*."""
    _, runbook = in_force(tx, setup)
    for late in store.too_late(tx):
        ended = replace(late, state="expired")
        if store.close_swap(tx, ended):
            audit.append(tx, SYSTEM, "swap_expired", _told(ended))
    feeds = {name: schedule.ical for name, schedule in runbook.schedules.items() if schedule.ical}
    calendars.forget_others(tx, list(feeds))
    for name, feed in feeds.items():
        calendars.know(tx, name, calendars.place_of(feed.url or feed.file))
    jobs = []
    for row in calendars.claim(tx, tx.now + lease):
        feed, zone = feeds[row.schedule], runbook.schedules[row.schedule].timezone or runbook.organization.timezone
        start, until = tx.now - store.PAST, tx.now + store.AHEAD
        jobs.append(ToRead(row.schedule, feed.url, feed.file, row.etag, row.body, zone, start, until))
    return jobs


def keep(tx: Tx, setup: Setup, job: ToRead, body: bytes, etag: str | None, read: Sequence[Booking]) -> None:
    """Put what was read of a calendar in force."""
    calendars.keep(tx, job.schedule, body, etag, read, tx.now + _every(tx, setup, job))


def fail(tx: Tx, setup: Setup, job: ToRead, why: str) -> bool:
    """Note that a calendar cannot be read; what was read before stays in force. Says whether that is news."""
    return calendars.fail(tx, job.schedule, why, tx.now + _every(tx, setup, job))


def _every(tx: Tx, setup: Setup, job: ToRead) -> timedelta:
    _, runbook = in_force(tx, setup)
    known = runbook.schedules.get(job.schedule)
    return known.ical.every if known and known.ical else timedelta(0)


def findings(tx: Tx, runbook: Runbook) -> list[Finding]:
    """What is the matter with the calendars that schedules read, for readiness and for the page of who is on call."""
    said = []
    for row in calendars.states(tx):
        known = runbook.schedules.get(row.schedule)
        if known is None or known.ical is None:
            continue
        if row.failing_since is not None:
            age = f"what was read {words(tx.now - row.read_at)} ago holds" if row.read_at else "nothing was ever read"
            text = f"its calendar cannot be read since {utc_words(row.failing_since)} ({row.why}); {age}"
            said.append(Finding("calendar_unread", row.schedule, text))
        elif row.read_at is None:
            said.append(Finding("calendar_unread", row.schedule, "its calendar was not read yet"))
        said += _unknown(tx, runbook, row.schedule)
    return said


def _unknown(tx: Tx, runbook: Runbook, schedule: str) -> list[Finding]:
    """An event of the coming two weeks that names nobody whom the runbook knows."""
    feed = runbook.schedules[schedule].ical
    booked = store.stand_ins(tx, tx.now, tx.now + timedelta(days=14)).bookings(schedule)
    for one in booked.within(tx.now, tx.now + timedelta(days=14)):
        if feed and not any(plain_name(name) in feed.by_name for name in one.names):
            text = f"its calendar names {one.names[0]!r} from {utc_words(one.start)}: nobody in `people` is called so"
            return [Finding("calendar_unknown_person", schedule, text)]
    return []
