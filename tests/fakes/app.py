"""The service that is watched: how it is depends on what is deployed, on its storage, on its database."""

from __future__ import annotations

from collections.abc import Callable

import psycopg

from .vendor import Answer, says
from .web import FakeServer


class FakeDatabase:
    """A database that the service writes to: `ill()` says why a write in a new session is refused."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        with psycopg.connect(dsn, autocommit=True) as session:
            session.execute("CREATE TABLE IF NOT EXISTS health (at timestamptz)")

    def ill(self) -> str:
        try:
            with psycopg.connect(self.dsn) as session:
                session.execute("INSERT INTO health VALUES (now())")
        except psycopg.Error as error:
            return f"the database refuses writes ({error.sqlstate or 'no answer'})"
        return ""


class FakeApp(FakeServer):
    """
    Answers /health as integrations.md section 26 says, 503 with the reason while one of *ills* names one.

    Each is a function that says why the service does not work, and "" while it does: `FakeVercel.ill`,
    `FakeRailway.ill`, `FakeDdc.ill`, `FakeDatabase.ill`. `made` are the paths that were asked.
    """

    def __init__(self, *ills: Callable[[], str]) -> None:
        super().__init__()
        self.ills = list(ills)
        self.made: list[str] = []

    def answer(self, path: str, headers: dict[str, str], body: bytes) -> Answer:
        self.made.append(path)
        why = next((why for ill in self.ills if (why := ill())), "")
        if path == "/":
            return says(
                503 if why else 200, {"name": "Proofi Wallet API", "version": "0.3.2", "status": why or "running"}
            )
        if path != "/health":
            return says(404, {"error": "not found"})
        return says(503, {"status": "error", "error": why}) if why else says(200, {"status": "ok", "version": "0.3.2"})
