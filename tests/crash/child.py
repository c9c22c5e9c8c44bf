"""Tocsin that kills itself: `python -m tests.crash.child POINT PASS serve …` dies at that pass of a crash point."""

from __future__ import annotations

import os
import signal
import sys
from datetime import timedelta

from tocsin import points
from tocsin.cli import main
from tocsin.core import delivery

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


if __name__ == "__main__":
    delivery.LEASE = timedelta(seconds=LEASE_SECONDS)
    delivery.CALL_SECONDS = timedelta(seconds=0.5)
    point, nth = sys.argv[1], int(sys.argv[2])
    if nth:
        die_at(point, nth)
    sys.argv = ["tocsin", *sys.argv[3:]]
    main()
