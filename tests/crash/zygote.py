"""Everything loaded once; each line on standard input is a life: `ARGUMENTS` forks a server, whose pid is answered."""

from __future__ import annotations

import json
import os
import sys
from datetime import timedelta

from tocsin.cli import main
from tocsin.core import delivery
from tocsin.serving import serve

from .child import LEASE_SECONDS


def live(arguments: list[str], log: str) -> None:
    """Be a server until somebody kills it."""
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(file, 1)
    os.dup2(file, 2)
    sys.argv = ["tocsin", *arguments]
    main()


if __name__ == "__main__":
    assert serve
    delivery.LEASE = timedelta(seconds=LEASE_SECONDS)
    delivery.CALL_SECONDS = timedelta(seconds=0.5)
    for line in sys.stdin:
        asked = json.loads(line)
        if "wait" in asked:
            os.waitpid(asked["wait"], 0)
            print("gone", flush=True)
            continue
        pid = os.fork()
        if pid == 0:
            try:
                live(asked["arguments"], asked["log"])
            finally:
                os._exit(0)
        print(pid, flush=True)
