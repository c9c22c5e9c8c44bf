"""
The long proof, with a report: `make soak`, or `python -m tests.soak seeds|bugs|points|kills …` for some of it.

SOAK_SEEDS (20,000), SOAK_DAYS (0.5), SOAK_FROM (0) and SOAK_KILLS (2,000) say how much, SOAK_JOBS (the cores) in how many
processes; with SOAK_ACTIONS=1 people plan and approve actions in the seeds. Each kind of fault must meet each crash
point SOAK_FLOOR times (20; a short run needs 0). Every 200 seeds the report so far is written to SOAK_REPORT
(var/soak_seeds.txt).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import pytest

from tocsin.simulate import coverage
from tocsin.simulate.run import Result, simulate

from .crash.harness import die_and_compare
from .crash.random_kills import run as kill_at_random
from .crash.test_crash_points import HERE, PASSES
from .simulate import acting_bugs, bugs

PLANTED = bugs.PLANTED | acting_bugs.PLANTED
SEEDS = int(os.environ.get("SOAK_SEEDS", "20000"))
DAYS = float(os.environ.get("SOAK_DAYS", "0.5"))
FIRST = int(os.environ.get("SOAK_FROM", "0"))
KILLS = int(os.environ.get("SOAK_KILLS", "2000"))
JOBS = int(os.environ.get("SOAK_JOBS", "0")) or os.cpu_count()
ACTIONS = os.environ.get("SOAK_ACTIONS", "") == "1"
FLOOR = int(os.environ.get("SOAK_FLOOR", str(coverage.FLOOR)))
REPORT = Path(os.environ.get("SOAK_REPORT", "var/soak_seeds.txt"))
KEPT_EVERY = 200  # seeds
BUG_SEEDS = 50


def say(text: str) -> None:
    print(text, flush=True)


@dataclass
class Tally:
    """What the seeds so far came to. `spent`: CPU seconds of the runs themselves, whatever else the machine did."""

    done: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    reached: Counter[str] = field(default_factory=Counter)
    met: Counter[tuple[str, str]] = field(default_factory=Counter)
    pages: int = 0
    events: int = 0
    spent: float = 0.0
    outcomes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def add(self, result: Result, seconds: float) -> None:
        self.done += 1
        self.faults += Counter(fault.kind for fault in result.faults)
        self.reached += result.reached
        self.met += result.met
        self.pages += result.pages
        self.outcomes += result.outcomes
        self.events += result.events
        self.spent += seconds
        if result.violations:
            first = result.violations[0]
            self.wrong.append(f"seed {result.seed}: {first.rule}: {first.text}")

    def lines(self) -> list[str]:
        """The report: the same after the last seed, and after every few hundred for a run that is cut short."""
        years = self.done * DAYS / 365.25
        thin_ = coverage.thin(self.met, FLOOR, acting=ACTIONS)
        acted = [f"actions: {', '.join(f'{count:,} {what}' for what, count in self.outcomes.most_common())}"]
        return [
            f"{self.done:,} of {SEEDS:,} seeds from {FIRST}, {DAYS:g} days each: {years:.1f} simulated years, "
            f"{years / self.spent * 3600:.1f} per core-hour by CPU time",
            f"{self.events:,} events, {sum(self.faults.values()):,} faults, {self.pages:,} pages; "
            f"seeds with a violation: {len(self.wrong) or 'none'}",
            *(acted if ACTIONS else ()),
            "faults: " + ", ".join(f"{kind} {count:,}" for kind, count in self.faults.most_common()),
            "how often each crash point was passed while a fault was at work (crash: how often a node died there):",
            *coverage.table(self.met, acting=ACTIONS),
            f"met less than {FLOOR} times: {', '.join(thin_) or 'none'}",
            *self.wrong[:20],
        ]


def _seed(seed: int) -> tuple[Result, float]:
    begun = time.process_time()
    result = simulate(seed, DAYS, acting=ACTIONS)
    return replace(result, log=()), time.process_time() - begun


def seeds() -> bool:
    """Seeds with every fault: none breaks a promise, and each kind of fault met each crash point."""
    tally = Tally()
    with ProcessPoolExecutor(JOBS) as pool:
        for result, seconds in pool.map(_seed, range(FIRST, FIRST + SEEDS), chunksize=10):
            tally.add(result, seconds)
            if result.violations:
                say(tally.wrong[-1])
            if tally.done % KEPT_EVERY == 0 and tally.done < SEEDS:
                _keep(tally)
                say("\n".join(tally.lines()[:2]))
    _keep(tally)
    say("\n".join(tally.lines()))
    return not tally.wrong and not coverage.thin(tally.met, FLOOR, acting=ACTIONS)


def _keep(tally: Tally) -> None:
    """Write the report of what was done so far, whole: a run that is cut short leaves it."""
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    part = REPORT.with_suffix(".part")
    part.write_text("\n".join([_conditions(), *tally.lines(), ""]), encoding="utf-8")
    part.replace(REPORT)


def _bug(name: str) -> tuple[str, int | None]:
    acting = name in acting_bugs.PLANTED
    for seed in range(BUG_SEEDS):
        with pytest.MonkeyPatch.context() as patch:
            PLANTED[name](patch)
            if simulate(seed, 0.5 if acting else 2.0, acting=acting).violations:
                return name, seed
    return name, None


def bugs() -> bool:
    """Each planted bug, and the seed that catches it."""
    with ProcessPoolExecutor(JOBS) as pool:
        caught = {}
        for name, seed in pool.map(_bug, PLANTED):
            caught[name] = seed
            say(f"{'seed ' + str(seed) if seed is not None else 'MISSED':>8}  {name}")
    missed = [name for name, seed in caught.items() if seed is None]
    say(f"{len(caught) - len(missed)} of {len(caught)} planted bugs caught within {BUG_SEEDS} seeds")
    return not missed


def points() -> bool:
    """kill -9 at each point and pass."""
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for point in HERE:
            for nth in PASSES:
                found = die_and_compare(Path(folder) / f"{point}-{nth}", point, nth)
                wrong += bool(found)
                if found:
                    say(f"{point} pass {nth}: {found}")
    say(f"{len(HERE)} points x {len(PASSES)} passes: {wrong} with something wrong")
    return not wrong


def kills() -> bool:
    """kill -9 at random instants under load."""
    with tempfile.TemporaryDirectory() as folder:
        wrong = kill_at_random(Path(folder) / "life", KILLS, seed=FIRST, said=say)
    for line in wrong[:20]:
        say(f"WRONG {line}")
    return not wrong


PARTS = {"bugs": bugs, "points": points, "kills": kills, "seeds": seeds}


@cache
def _conditions() -> str:
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False).stdout
    return f"commit {commit.strip()}, {os.cpu_count()} cores, Python {sys.version.split()[0]}"


def main() -> None:
    say(_conditions())
    asked = sys.argv[1:] or list(PARTS)
    outcomes = []
    for name in asked:
        begun = time.monotonic()
        outcomes.append(PARTS[name]())
        say(f"-- {name}: {'clean' if outcomes[-1] else 'NOT CLEAN'}, {time.monotonic() - begun:.0f} s")
    sys.exit(0 if all(outcomes) else 1)


if __name__ == "__main__":
    main()
