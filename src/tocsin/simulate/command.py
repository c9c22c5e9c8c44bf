"""`tocsin simulate`: run seeds, say how many were clean, and tell the first failing one as a story."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TimeRemainingColumn

from tocsin.simulate.coverage import Met, nested
from tocsin.simulate.faults import GROUPS, RATES, kinds_of

if TYPE_CHECKING:
    from tocsin.simulate.run import Result

DAYS_A_YEAR = 365.25


def command(
    seed: Annotated[int, typer.Option(help="the first seed")] = 0,
    days: Annotated[float, typer.Option(help="simulated days of each seed", min=0.01)] = 2.0,
    seeds: Annotated[int, typer.Option(help="how many seeds, one after the other", min=1)] = 1,
    faults: Annotated[
        str,
        typer.Option(help=f"with commas: {', '.join(GROUPS)}, or some of {', '.join(RATES)}; -NAME leaves one out"),
    ] = "all",
    nodes: Annotated[int, typer.Option(help="nodes over one store", min=1, max=3)] = 2,
    database: Annotated[
        str, typer.Option(help="a PostgreSQL of its own (it is emptied); else SQLite in memory")
    ] = "sqlite://",
    actions: Annotated[
        bool, typer.Option("--actions", help="people plan and approve actions too, over a target that keeps a ledger")
    ] = False,
    jobs: Annotated[int, typer.Option(help="processes", min=1)] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Run the production code through simulated days with faults, and check every promise after each event."""
    from tocsin.simulate.run import shrink  # noqa: PLC0415 - slow to load, and needed by this command alone

    kinds = _kinds(faults)
    options = {"url": database, "kinds": kinds, "nodes": nodes, "acting": actions}
    began, bad, done, met = _spent(), None, 0, Met()
    outcomes: Counter[str] = Counter()
    total: dict[str, Any] = {"events": 0, "faults": 0, "incidents": 0, "pages": 0}
    last: Result | None = None
    console = Console(stderr=True)
    with Progress(
        "{task.description}", BarColumn(), "{task.completed:.1f} of {task.total:g} simulated days",
        TimeRemainingColumn(), console=console, transient=True, disable=not console.is_terminal,
    ) as progress:  # fmt: skip
        bar = progress.add_task("", total=seeds * days)

        def heard(at: float) -> None:
            progress.update(bar, completed=done * days + min(at / 86_400, days), description=f"seed {seed + done}")

        for last in _results(range(seed, seed + seeds), days, options, jobs, heard):
            done += 1
            total = {name: total[name] + _size(last, name) for name in total}
            met += last.met
            outcomes += last.outcomes
            heard(0.0)
            if last.violations:
                bad = last
                break
    assert last
    if bad:
        bad = shrink(bad, **options)
    spent = _spent() - began
    if as_json:
        print(json.dumps(_json(bad or last, done, total, met, outcomes)))
    else:
        _say(bad or last, done, days, total, spent, outcomes)
    if bad:
        raise typer.Exit(1)


def _spent() -> float:
    """CPU seconds of this process and of those it has waited for, whatever else the machine does."""
    return sum(os.times()[:4])


def _kinds(text: str) -> frozenset[str]:
    try:
        return kinds_of(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _results(seeds: range, days: float, options: dict[str, Any], jobs: int, heard: Callable[[float], None]) -> Any:
    from tocsin.simulate.run import simulate  # noqa: PLC0415

    if jobs == 1:
        yield from (simulate(seed, days, **options, heard=heard) for seed in seeds)
        return
    with ProcessPoolExecutor(jobs) as pool:
        for result in pool.map(_one, ((seed, days, options) for seed in seeds), chunksize=4):
            yield result
            if result.violations:
                pool.shutdown(cancel_futures=True)
                return


def _one(asked: tuple[int, float, dict[str, Any]]) -> Result:
    from tocsin.simulate.run import simulate  # noqa: PLC0415

    seed, days, options = asked
    result = simulate(seed, days, **options)
    return result if result.violations else replace(result, log=())


def _size(result: Result, name: str) -> int:
    value = getattr(result, name)
    return value if isinstance(value, int) else len(value)


def _json(
    result: Result, done: int, total: dict[str, Any], met: Met, outcomes: Mapping[str, int]
) -> dict[str, Any]:  # fmt: skip
    return {
        "seed": result.seed, "days": result.days, "events": result.events, "faults": [str(f) for f in result.faults],
        "violations": [{"rule": v.rule, "at": v.at, "text": v.text} for v in result.violations],
        "trace_hash": result.trace_hash, "seeds": done, "total": total, "met": nested(met),
        "actions": dict(outcomes),
    }  # fmt: skip


def _tell(result: Result) -> str:
    from tocsin.simulate.run import story  # noqa: PLC0415

    return "\n".join(story(result))


def _say(
    result: Result, done: int, days: float, total: dict[str, Any], spent: float, outcomes: Mapping[str, int]
) -> None:  # fmt: skip
    years = done * days / DAYS_A_YEAR
    print(
        f"{done} seed{'' if done == 1 else 's'} of {days:g} days ({years:.2f} simulated years): "
        + ", ".join(f"{count:,} {name}" for name, count in total.items())
    )
    if outcomes:
        print("actions: " + ", ".join(f"{count:,} {what}" for what, count in sorted(outcomes.items())))
    print(f"{years / spent * 3600:.1f} simulated years per core-hour by CPU time")
    if not result.violations:
        print(f"no promise was broken; trace {result.trace_hash[:16]}")
        return
    first = result.violations[0]
    print(f"\nseed {result.seed} breaks {first.rule}: {first.text}")
    print(f"shrunk to {len(result.faults)} faults within {result.days:.2f} days:\n")
    print(_tell(result))
