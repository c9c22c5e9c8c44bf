"""Tocsin that kills itself: `python -m tests.crash.child POINT PASS serve …` dies at that pass of a crash point."""

from __future__ import annotations

import os
import signal
import sys
from datetime import timedelta

from tocsin import plugins, points, wiring
from tocsin.cli import main
from tocsin.core import delivery

from ..fakes.target import ACTOR

LEASE_SECONDS = 2.0  # instead of 30: a test waits for it


def die_at(point: str, nth: int) -> None:
    """Arm one point: on its *nth* pass the process is gone, as if the power had been cut between two statements."""
    left = nth

    def passing(name: str) -> None:
        nonlocal left
        left -= name == point
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    points.arm(passing)


def set_clock_apart(by: timedelta) -> None:
    """Have the clock of this machine stand that far from everybody else's."""
    right = wiring.Clock.__call__
    wiring.Clock.__call__ = lambda self: right(self) + by  # type: ignore[method-assign]


def load_with_target() -> None:
    """Let the runbook's actions by http go to the fake target, in words that it understands."""
    load = plugins.load

    def with_target() -> plugins.Plugins:
        found = load()
        found.actors["http"] = ACTOR
        return found

    plugins.load = with_target  # type: ignore[assignment]


if __name__ == "__main__":
    load_with_target()
    delivery.LEASE = timedelta(seconds=LEASE_SECONDS)
    delivery.CALL_SECONDS = timedelta(seconds=0.5)
    set_clock_apart(timedelta(minutes=float(os.environ.get("TEST_CLOCK_MINUTES", "0"))))
    point, nth = sys.argv[1], int(sys.argv[2])
    if nth:
        die_at(point, nth)
    sys.argv = ["tocsin", *sys.argv[3:]]
    main()
