"""Several nodes over one PostgreSQL, each a real process."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from examples.cluster.postgres import Postgres

from ..crash.harness import RUNBOOK
from ..fakes.web import FakeWebhook
from ..served import Served

SECRET = "a secret key that all nodes of the tests share"


class SlowHook(FakeWebhook):
    """Takes webhooks; while `held` is set it keeps each answer back until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.held = False

    def answer(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        taken = super().answer(path, headers, body)
        if self.held:
            self.released.wait(8)
        return taken


class Nodes:
    """Starts nodes over one database, with a lease of 2 s."""

    def __init__(self, folder: Path, hook: FakeWebhook) -> None:
        self.folder = folder
        self.runbook = folder / "runbook.yaml"
        self.runbook.write_text(RUNBOOK.format(hook=hook.url), encoding="utf-8")
        self.running: list[Served] = []

    def start(self, name: str, database: str, *words: str, **environment: str) -> Served:
        data = self.folder / name
        data.mkdir(exist_ok=True)
        own = {"TOCSIN_DATABASE": database, "TOCSIN_SECRET_KEY": SECRET, "TOCSIN_DATA": str(data)}
        node = Served(data, self.runbook, *words, **own, **environment)
        node.program = ("tests.crash.child", "-", "0")
        node.__enter__()
        self.running.append(node)
        return node


@pytest.fixture
def hook() -> Iterator[SlowHook]:
    with SlowHook() as fake:
        yield fake


@pytest.fixture
def nodes(tmp_path: Path, hook: SlowHook) -> Iterator[Nodes]:
    started = Nodes(tmp_path, hook)
    yield started
    for node in started.running:
        node.__exit__()


@pytest.fixture(scope="session")
def room() -> Iterator[Path]:
    """A folder that another system user may enter, too: PostgreSQL does not run as root."""
    with tempfile.TemporaryDirectory(prefix="tocsin-servers-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)
        yield folder


@pytest.fixture(scope="session")
def alone(room: Path) -> Iterator[Postgres]:
    """A PostgreSQL without a standby."""
    server = Postgres(room / "alone").start()
    yield server
    server.stop()


@pytest.fixture
def database(alone: Postgres) -> str:
    alone.execute("DROP SCHEMA public CASCADE")
    alone.execute("CREATE SCHEMA public")
    return alone.url
