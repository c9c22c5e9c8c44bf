"""A server with few handles, as on a machine that has run out of them."""

from __future__ import annotations

import resource
import sys

from tocsin.cli import main

HANDLES = 64

if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (HANDLES, HANDLES))
    sys.argv = ["tocsin", *sys.argv[1:]]
    main()
