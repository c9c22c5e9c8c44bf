"""A P0 drill at sixty times: how long it takes, and the longest that anything in it was late, in real seconds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tocsin.simulate import drill
from tocsin.simulate.scenario import find

RUNBOOK = Path(__file__).parents[1] / "examples/proofi/runbook.yaml"
SPEED = 60.0
LAG_SECONDS = 1.0


def main(verdict: Callable[[str, float, float], None]) -> None:
    """Run the first P0 of those that come with Tocsin, and hold its lag against the bound."""
    scenario = find(None, "P0")
    result = drill.run(scenario, RUNBOOK.read_text(encoding="utf-8"), speed=SPEED)
    kept, missed = (len(result.score.having(word)) for word in ("kept", "missed"))
    minutes = scenario.ends.total_seconds() / 60
    print(f"  {scenario.name}, {minutes:g} minutes at {SPEED:g} times: {result.lasted:.0f} s; "
          f"{len(result.seen.timeline)} entries on the timeline, {len(result.outside)} calls to providers, "
          f"{kept} duties kept, {missed} missed")  # fmt: skip
    verdict("greatest lag between due and done, s", round(result.lag, 3), LAG_SECONDS)
