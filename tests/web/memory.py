"""A server whose address space is bounded a little above what it holds when it is up, as by an operator or a container."""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path

from tocsin import serving
from tocsin.cli import main

SPARE_MB = int(os.environ.get("TEST_SPARE_MB", "64"))


def bound() -> None:
    """From now on: what is mapped, and a little more."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + SPARE_MB * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    print(f"bounded to {most / 1024 / 1024:.0f} MB", flush=True)


if __name__ == "__main__":
    greet = serving._greet

    def greet_bounded(*given: object) -> None:
        greet(*given)  # type: ignore[arg-type]
        bound()

    serving._greet = greet_bounded  # type: ignore[assignment]
    sys.argv = ["tocsin", *sys.argv[1:]]
    main()
