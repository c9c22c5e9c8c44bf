"""The promise of the next update: a duty like any other, so that the clock keeps it, reminds of it and hands it on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from tocsin.core.protocol import Duty, is_open
from tocsin.core.types import Refused

PROMISED: Final = "promised_update"  # the duty of a promise where the protocol has no recurring update of its own
LONGEST: Final = timedelta(days=1)  # ahead: more is a mistake in a date
UPDATE: Final = "update_posted"


def recurring(duties: Iterable[Duty]) -> Duty | None:
    """The duty to post updates again and again, which the runbook's own interval drives."""
    return next((duty for duty in duties if duty.every and UPDATE in duty.done_by), None)


def checked(duties: Iterable[Duty], promised: timedelta | datetime, now: datetime) -> datetime:
    """
    Say until when the next update is promised.

    Raises:
        Refused: 422, for the past, for more than a day ahead, and for later than the runbook wants an update.
    """
    try:
        at = now + promised if isinstance(promised, timedelta) else promised
    except OverflowError:
        at = now + 2 * LONGEST
    if at <= now:
        raise Refused(
            f"the next update cannot be promised for the past ({at:%Y-%m-%d %H:%M} UTC; it is {now:%H:%M} UTC): "
            "promise it for later, such as 15m", 422,
        )  # fmt: skip
    rule = recurring(duties)
    if rule and rule.every and at > now + rule.every:
        minutes = f"{rule.every / timedelta(minutes=1):g} minutes"
        raise Refused(f"the runbook wants an update every {minutes}: promise the next one for then, or sooner", 422)
    if at > now + LONGEST:
        raise Refused("the next update is promised for at most a day ahead", 422)
    return at


def given(duties: tuple[Duty, ...], at: datetime, promised: datetime) -> tuple[Duty, ...]:
    """Put the promise among the duties. One that is open already is renewed by the update that does it (`renewed`)."""
    had = next((duty for duty in duties if duty.id == PROMISED), None)
    if recurring(duties) or (had and is_open(had)):
        return duties
    fresh = _armed(had or Duty(PROMISED, "Status update as promised", "communications", (UPDATE,)), at, promised)
    return (*(duty for duty in duties if duty.id != PROMISED), fresh)


def renewed(duty: Duty, at: datetime, promised: datetime | None) -> Duty:
    """What an update that did *duty* leaves of it: the next one is due when it was promised."""
    if promised is None or promised <= at or UPDATE not in duty.done_by:
        return duty
    if duty.every:
        return replace(duty, deadline=min(promised, at + duty.every))
    return _armed(duty, at, promised) if duty.id == PROMISED else duty


def carried(
    had: tuple[Duty, ...], duties: tuple[Duty, ...], at: datetime, promised: datetime | None
) -> tuple[Duty, ...]:
    """Keep a promise through a change of severity: other duties, the same word given."""
    if promised is None or promised <= at or any(duty.id == PROMISED for duty in duties):
        return duties
    rule = recurring(duties)
    if rule is None:
        return given(duties, at, promised)
    sooner = replace(rule, deadline=min(promised, rule.deadline or promised))
    return tuple(sooner if duty.id == rule.id else duty for duty in duties)


def _armed(duty: Duty, at: datetime, promised: datetime) -> Duty:
    return replace(
        duty, at=at, deadline=promised, span=promised - at, done_at=None, missed_at=None, late=False, moot=False,
        rounds_done=duty.rounds_done + bool(duty.evidence), holder=-1, hand_on_at=None,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class NextUpdate:
    """When the next update is due, and since when one is overdue; each None where there is none."""

    due: datetime | None = None
    overdue_since: datetime | None = None


def next_update(duties: Iterable[Duty], said_at: datetime | None) -> NextUpdate:
    """Read off the duties when the next update is due. `said_at` is when the last text went out."""
    mine = [duty for duty in duties if UPDATE in duty.done_by and is_open(duty)]
    due = [d.deadline for d in mine if d.deadline and (d.every or d.missed_at is None)]
    late = [d.missed_at for d in mine if d.missed_at and (said_at is None or said_at < d.missed_at)]
    return NextUpdate(min(due, default=None), min(late, default=None))
