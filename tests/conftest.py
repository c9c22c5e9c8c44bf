"""What every test needs before anything is imported."""

from __future__ import annotations

import os
import tempfile

# The PostgreSQL wheel keeps its sockets' locks there, and warns when it is not set.
os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp(prefix="tocsin-runtime-"))
for name in [name for name in os.environ if name.startswith("TOCSIN_")]:
    del os.environ[name]  # the settings of whoever runs the tests are not theirs
