"""Tocsin's own server on a clock that runs sixty times as fast: an hour of an incident in a minute, for rehearsals."""

from __future__ import annotations

import sys
from pathlib import Path

from tocsin.serving import serve
from tocsin.wiring import Clock

SPEED = 60

if __name__ == "__main__":
    given = dict(zip(sys.argv[2::2], sys.argv[3::2], strict=False))
    sys.exit(serve(Path(given["--runbook"]), port=int(given["--port"]), clock=Clock(speed=SPEED)))
