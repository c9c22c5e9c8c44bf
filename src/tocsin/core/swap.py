"""Two people swap turns of a schedule: asked for by one, accepted or declined by the other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from tocsin.core import oncall
from tocsin.core.runbook import Runbook
from tocsin.core.stand_ins import Override, StandIns
from tocsin.core.types import Refused

LIFE: Final = {
    ("asked", "accept"): "accepted",
    ("asked", "decline"): "declined",
    ("asked", "withdraw"): "withdrawn",
    ("asked", "expire"): "expired",
}


@dataclass(frozen=True, slots=True)
class Swap:
    """
    The turn of *asker*, `[start, until)`, for the turn of *other*, `[back_start, back_until)`, both in UTC.

    Nobody having answered, it expires when the first of the two turns begins.
    """

    id: str
    schedule: str
    asker: str
    other: str
    start: datetime
    until: datetime
    back_start: datetime
    back_until: datetime
    reason: str
    state: str
    asked_at: datetime

    @property
    def expires_at(self) -> datetime:
        """When an answer comes too late."""
        return min(self.start, self.back_start)


def check(swap: Swap, runbook: Runbook, stand_ins: StandIns, now: datetime) -> None:
    """
    See that both have the turns that they would swap, and that both turns are ahead.

    Raises:
        Refused: 422, with what is wrong.
    """
    if swap.schedule not in runbook.schedules:
        raise Refused(f"no schedule {swap.schedule!r}; there are {', '.join(runbook.schedules)}", 422)
    for person in (swap.asker, swap.other):
        if person not in runbook.people:
            raise Refused(f"no person {person!r}; there are {', '.join(runbook.people)}", 422)
    if swap.asker == swap.other:
        raise Refused("a swap is between two people", 422)
    spans = (swap.asker, swap.start, swap.until), (swap.other, swap.back_start, swap.back_until)
    for _, start, until in spans:
        if until <= start or start <= now:
            raise Refused("both turns begin in the future, and end after they begin", 422)
    if swap.start < swap.back_until and swap.back_start < swap.until:
        raise Refused("the two turns do not overlap", 422)
    for person, start, until in spans:
        shifts = oncall.shifts(runbook, swap.schedule, start, until, stand_ins)
        if not all(person in shift.people for shift in shifts):
            raise Refused(f"{runbook.people[person].name} is not on call during all of that turn", 422)


def answer(swap: Swap, action: str, by: str) -> Swap:
    """
    Accept or decline as the other, withdraw as the asker, or let it expire.

    Raises:
        Refused: 403 for somebody else, 409 when it is over, 422 for another word.
    """
    if action not in ("accept", "decline", "withdraw", "expire"):
        raise Refused(f"not an answer: {action!r}; there are accept, decline and withdraw", 422)
    mine = {"accept": swap.other, "decline": swap.other, "withdraw": swap.asker}.get(action, by)
    if by != mine:
        raise Refused(f"only {mine} may {action} this swap", 403)
    state = LIFE.get((swap.state, action))
    if state is None:
        raise Refused(f"this swap was {swap.state} already")
    return replace(swap, state=state)


def pair(swap: Swap) -> tuple[Override, Override]:
    """What an accepted swap is: each takes the other's place. The ids are the caller's to give."""
    why = f"swapped: {swap.reason}" if swap.reason else "swapped"
    return (
        Override("", swap.schedule, swap.other, swap.start, swap.until, why, swap.asker),
        Override("", swap.schedule, swap.asker, swap.back_start, swap.back_until, why, swap.other),
    )
