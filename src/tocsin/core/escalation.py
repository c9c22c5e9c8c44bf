"""Escalation: the walk through a policy's steps, again and again, until somebody answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from tocsin.core.runbook import EscalationPolicy

Who: TypeAlias = Callable[[str], frozenset[str]]
Turns: TypeAlias = Mapping[str, Mapping[str, datetime]]
NO_TURNS: Final[Turns] = {}
MICROSECOND: Final = timedelta(microseconds=1)
ONE_STEP_GAP = timedelta(minutes=5)  # between rounds of a policy with a single step that names no wait


@dataclass(frozen=True, slots=True)
class WalkStep:
    """One step as it stood when the walk began: whom to page, and how long after the start of a round."""

    targets: tuple[str, ...]
    after: timedelta
    in_turn: bool = False  # one of the people is paged, in turn over incidents
    all_must: bool = False  # each of the people must acknowledge


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
    turn: str = ""  # the key of a round-robin step
    all_must: bool = False


def begin(name: str, policy: EscalationPolicy, now: datetime) -> Walk:
    """Freeze *policy* into a walk that starts at *now*. A round lasts until its last step plus the gap before it."""
    steps = tuple(WalkStep(s.page, s.after, s.in_turn, s.all_must_acknowledge) for s in policy.steps)
    last, before = steps[-1].after, steps[-2].after if len(steps) > 1 else timedelta(0)
    gap = max(last - before, timedelta(seconds=1)) if last > before else ONE_STEP_GAP
    return Walk(name, steps, max(policy.repeat, 1), gap, now)


BY_HAND: Final = timedelta(minutes=5)  # before the policy begins for a person who was paged by hand


def by_hand(walk: Walk, person: str) -> Walk:
    """Put *person* before a walk: they are paged first, and its own steps follow five minutes later."""
    later = tuple(replace(step, after=step.after + BY_HAND) for step in walk.steps)
    return replace(walk, steps=(WalkStep((person,), timedelta(0)), *later))


def turn_key(policy: str, step: int) -> str:
    """The name under which the turns of a round-robin step are kept; *step* counts from 1."""
    return f"{policy}/{step}"


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


def advance(walk: Walk, now: datetime, who: Who, turns: Turns = NO_TURNS) -> tuple[Walk, tuple[Taken, ...]]:
    """
    Take every step that is due at *now*.

    Args:
        walk: The walk so far.
        now: Aware UTC instant. A late call, after downtime, is normal: it takes all that it missed.
        who: Target name to the people it stands for now; a step that stands for nobody lets the next be taken at once.
        turns: Of each round-robin step who had the turn last, and when: who had it longest ago is next.

    Returns:
        The new walk and the steps taken, in order. Calling again at *now*: no step.
    """
    taken: list[Taken] = []
    while due_at(walk) <= now:
        walk, more = climb(walk, who, turns)
        taken += more
        turns = _after(turns, more, now)
    return walk, tuple(taken)


def _after(turns: Turns, steps: tuple[Taken, ...], now: datetime) -> Turns:
    """The turns after these steps, in their order: one decision may take the same step twice."""
    for step in steps:
        if step.turn:
            turns = {
                **turns,
                step.turn: {**turns.get(step.turn, {}), **dict.fromkeys(step.people, now + step.count * MICROSECOND)},
            }
    return turns


def climb(walk: Walk, who: Who, turns: Turns = NO_TURNS) -> tuple[Walk, tuple[Taken, ...]]:
    """Take the next step though it is not due: a person escalates, or nobody could be reached. Skips empty steps."""
    taken: list[Taken] = []
    while len(taken) < len(walk.steps):
        taken.append(_step(walk, who, turns))
        walk = replace(walk, taken=walk.taken + 1)
        if taken[-1].people or taken[-1].last_resort:  # the step after that is the same one
            break
    return walk, tuple(taken)


def _step(walk: Walk, who: Who, turns: Turns) -> Taken:
    rounds, index = divmod(walk.taken, len(walk.steps))
    past = rounds >= walk.repeat
    chosen = walk.steps[-1] if past else walk.steps[index]
    people = frozenset[str]().union(*map(who, chosen.targets))
    number = len(walk.steps) if past else index + 1
    key = turn_key(walk.policy, number) if chosen.in_turn else ""
    if key and people:
        people = frozenset({next_in_turn(people, turns.get(key, {}))})
    round_ = min(rounds, walk.repeat) + 1
    return Taken(walk.taken + 1, number, round_, chosen.targets, people, past, key, chosen.all_must)


def next_in_turn(people: frozenset[str], last: Mapping[str, datetime]) -> str:
    """Who of *people* had the turn longest ago, or never; by name among equals."""
    return min(people, key=lambda person: (last[person].timestamp() if person in last else 0.0, person))
