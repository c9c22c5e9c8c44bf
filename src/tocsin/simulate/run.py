"""Run a seed, shrink a run that fails, tell it as a story."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import logging
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any, Final

import structlog
from sqlalchemy import text

from tocsin import points
from tocsin.core.types import incident_name
from tocsin.simulate import retained
from tocsin.simulate.coverage import Met
from tocsin.simulate.faults import ALL_FAULTS, Fault, plan
from tocsin.simulate.oracle import SWEEP_SECONDS, Violation
from tocsin.simulate.restore import put_back
from tocsin.simulate.world import MEMORY, World

HEALING_SECONDS: Final = 180.0
DAY_SECONDS: Final = 86_400.0
STORY_LINES: Final = 60
GC_THRESHOLDS: Final = (50_000, 20, 50)  # objects, rounds, rounds: a world makes many that live until it ends


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one run. `timeline` is a hash over every incident's last hash, the same on every store."""

    seed: int
    days: float
    events: int
    faults: tuple[Fault, ...]
    violations: tuple[Violation, ...]
    trace_hash: str
    timeline: str
    incidents: int
    pages: int
    log: tuple[tuple[float, str], ...] = field(repr=False)
    reached: Counter[str] = field(default_factory=Counter, repr=False)
    met: Met = field(default_factory=Counter, repr=False)
    start: Any = None
    outcomes: Counter[str] = field(default_factory=Counter)  # of actions: what became of them, to how many


def simulate(
    seed: int, days: float, faults: Iterable[Fault] | None = None, *, url: str = MEMORY,
    kinds: frozenset[str] = ALL_FAULTS, nodes: int = 2, heard: Callable[[float], None] = lambda at: None,
    acting: bool = False,
) -> Result:  # fmt: skip
    """
    Run one seed for so many simulated days, with the faults of its plan, or with those given.

    With *acting* the runbook has actions, people plan and approve them, and faults strike while they run. *heard* is
    told every few simulated minutes how many seconds of them are over.
    """
    planned = plan(seed, days, kinds, nodes=nodes, acting=acting) if faults is None else tuple(faults)
    before = gc.get_threshold()
    _freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    world = World(seed, url, planned, nodes=nodes, acting=acting)
    asyncio.set_event_loop(world.loop)
    world.loop.set_exception_handler(_unhandled(world))
    points.arm(world.passing)
    loud = structlog.make_filtering_bound_logger(logging.INFO)
    structlog.configure(processors=[world.oracle.logged], wrapper_class=loud)
    try:
        world.loop.run_until_complete(_live(world, days * DAY_SECONDS, heard))
        assert world.base
        incidents_, outcomes = len(world.oracle.mirrors), Counter(world.oracle.acts.outcomes)
        heads, pages = world.base.read_now(_summary)
        events, trace = world.events, world.trace.hexdigest()
        if world.backup and not world.oracle.violations:
            world.loop.run_until_complete(put_back(world))
        return Result(
            seed, days, events, planned, tuple(world.oracle.violations), trace, heads, incidents_,
            pages, tuple(world.log), world.reached, world.met, world.start, outcomes,
        )  # fmt: skip
    finally:
        structlog.reset_defaults()
        world.close()
        gc.set_threshold(*before)
        asyncio.set_event_loop(None)


@cache
def _freeze() -> None:
    """What is loaded stays: the collector need not look at it in each of many runs."""
    gc.collect()
    gc.freeze()


def _unhandled(world: World) -> Callable[[Any, dict[str, Any]], None]:
    def handle(loop: Any, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, Exception):
            world.oracle.broken("0 no fault of our own", f"{type(error).__name__}: {error}")

    return handle


def _summary(tx: Any) -> tuple[str, int]:
    rows = tx.all(text("SELECT number, head FROM incidents ORDER BY number"))
    pages = tx.all(text("SELECT COUNT(*) FROM pages"))[0][0]
    return hashlib.sha256(str([(row.number, row.head) for row in rows]).encode()).hexdigest(), int(pages)


async def _live(world: World, seconds: float, heard: Callable[[float], None]) -> None:
    for node in world.nodes:
        node.start()
    per_day = world.random.choice((0.3, 0.6, 1.5))
    loop = world.loop
    monitoring = world.monitoring
    acting = [loop.create_task(system.run(per_day, seconds)) for system in monitoring]
    acting += [loop.create_task(world.crew.run(seconds))] if world.crew else []
    background = [
        loop.create_task(monitoring[2].poison(seconds)), loop.create_task(monitoring[0].poison(seconds)),
        loop.create_task(world.people.declare(seconds)), loop.create_task(world.people.tidy(seconds)),
        loop.create_task(world.people.silence(seconds)), loop.create_task(world.people.join(seconds)),
        loop.create_task(_break(world)), loop.create_task(_sweep(world, heard)),
        loop.create_task(retained.sweep(world)),
    ]  # fmt: skip
    await asyncio.sleep(seconds)
    _heal(world)
    await asyncio.wait(acting, timeout=3600)
    await asyncio.sleep(HEALING_SECONDS)
    world.oracle.end()
    for task in (*background, *acting):
        task.cancel()
    for task in (*background, *acting):
        if task.done() and not task.cancelled() and (error := task.exception()):
            raise error


def _heal(world: World) -> None:
    """Every fault ends now; nothing new begins."""
    world.waiting.clear()
    world.crash_at, world.notify_lost_until, world.people.resting = None, 0.0, True
    world.providers.heal()
    world.target.heal()
    for node in world.nodes:
        node.db.down_until, node.db.lose_answers = 0.0, 0
        node.paused_until = min(node.paused_until, world.loop.at)
    world.fault_now()


async def _break(world: World) -> None:
    for fault in world.faults:
        await asyncio.sleep(max(fault.at - world.loop.at, 0))
        if fault.point:
            world.waiting.append(fault)
        else:
            world.strike(fault)


async def _sweep(world: World, heard: Callable[[float], None]) -> None:
    while True:
        await asyncio.sleep(SWEEP_SECONDS)
        world.oracle.sweep()
        heard(world.loop.at)


# --------------------------------------------------------------------------------------------- when it fails


def shrink(result: Result, **options: Any) -> Result:
    """Drop faults, and days, as long as the same rule is still broken; returns the smallest run that was found."""
    rule = result.violations[0].rule
    best = result
    days = min(best.days, (best.violations[0].at + 3600) / DAY_SECONDS)
    best = _still(best, rule, days, best.faults, options) or best
    size = max(len(best.faults) // 2, 1)
    while size >= 1:
        start = 0
        while start < len(best.faults):
            fewer = best.faults[:start] + best.faults[start + size :]
            found = _still(best, rule, best.days, fewer, options)
            if found:
                best = found
            else:
                start += size
        size //= 2
    return best


def _still(best: Result, rule: str, days: float, faults: tuple[Fault, ...], options: dict[str, Any]) -> Result | None:
    again = simulate(best.seed, days, faults, **options)
    return again if any(v.rule == rule for v in again.violations) else None


def story(result: Result) -> list[str]:
    """Tell a failing run as lines that a person can read: what happened to the incident that went wrong."""
    violation = result.violations[0]
    name = f"{incident_name(violation.incident)} " if violation.incident else ""
    lines = []
    for at, line in result.log:
        ours = not line.startswith("INC-") or line.startswith(name or "INC-")
        if ours and at <= violation.at:
            lines.append(f"{result.start + timedelta(seconds=at):%m-%d %H:%M:%S} {line}")
    left_out = len(lines) - STORY_LINES
    return ([f"({left_out} earlier lines)"] if left_out > 0 else []) + lines[-STORY_LINES:]
