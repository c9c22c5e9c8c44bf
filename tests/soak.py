"""
The long proof, with a report: `make soak`, or `python -m tests.soak seeds|bugs|points|kills …` for some of it.

SOAK_SEEDS (20,000), SOAK_DAYS (0.5), SOAK_FROM (0) and SOAK_KILLS (2,000) say how much.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from tocsin.simulate.run import simulate

from .crash.harness import die_and_compare
from .crash.random_kills import run as kill_at_random
from .crash.test_crash_points import HERE, PASSES
from .simulate.bugs import PLANTED

SEEDS = int(os.environ.get("SOAK_SEEDS", "20000"))
DAYS = float(os.environ.get("SOAK_DAYS", "0.5"))
FIRST = int(os.environ.get("SOAK_FROM", "0"))
KILLS = int(os.environ.get("SOAK_KILLS", "2000"))
BUG_SEEDS = 50


def say(text: str) -> None:
    print(text, flush=True)


def _seed(seed: int) -> tuple[int, list[str], Counter[str], Counter[str], int, float]:
    begun = time.process_time()
    result = simulate(seed, DAYS)
    kinds = Counter(fault.kind for fault in result.faults)
    wrong = [f"{v.rule}: {v.text}" for v in result.violations]
    return seed, wrong, result.reached, kinds, result.pages, time.process_time() - begun


def seeds() -> bool:
    """Seeds with every fault; how often each kind of fault and each crash point was met."""
    reached: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    pages, wrong, spent = 0, [], 0.0
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        found = pool.map(_seed, range(FIRST, FIRST + SEEDS), chunksize=20)
        for done, (seed, violations, passed, kinds, asked, seconds) in enumerate(found, 1):
            reached += passed
            faults += kinds
            pages, spent = pages + asked, spent + seconds
            if violations:
                wrong.append(seed)
                say(f"seed {seed}: {violations[0]}")
            if done % 1_000 == 0:
                say(f"{done} seeds, {len(wrong)} with a violation")
    years = SEEDS * DAYS / 365.25
    say(f"{SEEDS} seeds from {FIRST} of {DAYS:g} days, {years:.1f} simulated years, {years / spent * 3600:.1f} a core-hour; "
        f"{sum(faults.values()):,} faults, {pages:,} pages; seeds with a violation: {wrong or 'none'}")  # fmt: skip
    say("faults: " + ", ".join(f"{kind} {count:,}" for kind, count in faults.most_common()))
    say("points passed: " + ", ".join(f"{point} {reached[point]:,}" for point in sorted(reached)))
    return not wrong


def _bug(name: str) -> tuple[str, int | None]:
    for seed in range(BUG_SEEDS):
        with pytest.MonkeyPatch.context() as patch:
            PLANTED[name](patch)
            if simulate(seed, 2.0).violations:
                return name, seed
    return name, None


def bugs() -> bool:
    """Each planted bug, and the seed that catches it."""
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        caught = dict(pool.map(_bug, PLANTED))
    for name, seed in caught.items():
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


def main() -> None:
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False).stdout
    say(f"commit {commit.strip()}, {os.cpu_count()} cores, Python {sys.version.split()[0]}")
    asked = sys.argv[1:] or list(PARTS)
    outcomes = []
    for name in asked:
        begun = time.monotonic()
        outcomes.append(PARTS[name]())
        say(f"-- {name}: {'clean' if outcomes[-1] else 'NOT CLEAN'}, {time.monotonic() - begun:.0f} s")
    sys.exit(0 if all(outcomes) else 1)


if __name__ == "__main__":
    main()
