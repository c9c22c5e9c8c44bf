"""Escalation: the walk through a policy's steps, again and again, until somebody answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeAlias

from tocsin.core.runbook import EscalationPolicy

Who: TypeAlias = Callable[[str], frozenset[str]]
ONE_STEP_GAP = timedelta(minutes=5)  # between rounds of a policy with a single step that names no wait


@dataclass(frozen=True, slots=True)
class WalkStep:
    """One step as it stood when the walk began: whom to page, and how long after the start of a round."""

    targets: tuple[str, ...]
    after: timedelta


@dataclass(frozen=True, slots=True)
class Walk:
    """
    A walk through a policy, frozen when it starts: edits of the runbook do not reach it.

    `taken` counts the steps taken, over all rounds; past `repeat` rounds the last step is taken again every `gap`.
    """

    policy: str
    steps: tuple[WalkStep, ...]
    repeat: int
    gap: timedelta
    started_at: datetime
    taken: int = 0


@dataclass(frozen=True, slots=True)
class Taken:
    """One step that was taken: its number counted from 1, its round, whom it named and who that is now."""

    count: int
    step: int
    round: int
    targets: tuple[str, ...]
    people: frozenset[str]
    last_resort: bool


def begin(name: str, policy: EscalationPolicy, now: datetime) -> Walk:
    """Freeze *policy* into a walk that starts at *now*. A round lasts until its last step plus the gap before it."""
    steps = tuple(WalkStep(step.page, step.after) for step in policy.steps)
    last, before = steps[-1].after, steps[-2].after if len(steps) > 1 else timedelta(0)
    gap = max(last - before, timedelta(seconds=1)) if last > before else ONE_STEP_GAP
    return Walk(name, steps, max(policy.repeat, 1), gap, now)


def due_at(walk: Walk) -> datetime:
    """Return when the next step is due: a walk is never over, so there always is one."""
    size = len(walk.steps)
    rounds, index = divmod(walk.taken, size)
    length = walk.steps[-1].after + walk.gap
    if rounds < walk.repeat:
        return walk.started_at + rounds * length + walk.steps[index].after
    return walk.started_at + walk.repeat * length + (walk.taken - walk.repeat * size) * walk.gap


def brought_forward(walk: Walk, now: datetime) -> Walk:
    """Move a walk so that its next step is due at *now*: the later ones keep their distance from it."""
    return replace(walk, started_at=walk.started_at - max(due_at(walk) - now, timedelta(0)))


def advance(walk: Walk, now: datetime, who: Who) -> tuple[Walk, tuple[Taken, ...]]:
    """
    Take every step that is due at *now*.

    Args:
        walk: The walk so far.
        now: Aware UTC instant. A late call, after downtime, is normal: it takes all that it missed.
        who: Target name to the people it stands for now; a step that stands for nobody lets the next be taken at once.

    Returns:
        The new walk and the steps taken, in order. Calling again at *now*: no step.
    """
    taken: list[Taken] = []
    while due_at(walk) <= now:
        walk, more = climb(walk, who)
        taken += more
    return walk, tuple(taken)


def climb(walk: Walk, who: Who) -> tuple[Walk, tuple[Taken, ...]]:
    """Take the next step though it is not due: a person escalates, or nobody could be reached. Skips empty steps."""
    taken: list[Taken] = []
    while len(taken) < len(walk.steps):
        taken.append(_step(walk, who))
        walk = replace(walk, taken=walk.taken + 1)
        if taken[-1].people:
            break
    return walk, tuple(taken)


def _step(walk: Walk, who: Who) -> Taken:
    rounds, index = divmod(walk.taken, len(walk.steps))
    past = rounds >= walk.repeat
    chosen = walk.steps[-1] if past else walk.steps[index]
    people = frozenset[str]().union(*map(who, chosen.targets))
    number = len(walk.steps) if past else index + 1
    return Taken(walk.taken + 1, number, min(rounds, walk.repeat) + 1, chosen.targets, people, past)
