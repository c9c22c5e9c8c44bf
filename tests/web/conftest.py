"""The whole web application over a database in memory, asked as a client would."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tocsin import plugins
from tocsin.store.db import Database
from tocsin.store.schema import metadata
from tocsin.usecases import access, configure
from tocsin.usecases.configure import Setup
from tocsin.web.app import create_app

EXAMPLE = (Path(__file__).parents[2] / "examples/proofi/runbook.yaml").read_text(encoding="utf-8")
KEY = "ingest-key-of-the-tests"
TOKENS = {"admin": "token-of-the-admin-1", "responder": "token-of-a-responder", "viewer": "token-of-a-viewer-1"}
PERSON = "token-of-martijn-1234"
HOST = "http://tocsin.test"


class Site:
    """One application with its clock; `ask` sends a request as a client with its own cookies would."""

    def __init__(self, data: Path) -> None:
        self.now = datetime(2026, 11, 23, 9, 2, tzinfo=UTC)
        self.db = Database("sqlite://", lambda: self.now)
        metadata.create_all(self.db.engine)
        self.setup = Setup(plugins.load(), {}, HOST, b"key-of-the-tests", data)
        assert not self.db.write_now(configure.adopt, self.setup, EXAMPLE).errors
        self.db.write_now(access.install_fixed, "ingest", KEY, name="first", source="*")
        for role, token in TOKENS.items():
            self.db.write_now(access.make_token, token, f"{role}-bot", role)
        self.db.write_now(access.make_token, PERSON, "martijn", "responder")
        counter = itertools.count()
        self.app = create_app(self.db, self.setup, new_secret=lambda: f"secret-number-{next(counter)}-of-the-tests")
        self.cookies = httpx.Cookies()

    def ask(self, method: str, path: str, token: str = "", **more: Any) -> httpx.Response:
        headers = {**({"Authorization": f"Bearer {token}"} if token else {}), **more.pop("headers", {})}

        async def run() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url=HOST, cookies=self.cookies) as client:
                response = await client.request(method, path, headers=headers, **more)
                self.cookies = client.cookies
                return response

        return asyncio.run(run())

    def api(self, method: str, path: str, body: Any = None, role: str = "admin", **more: Any) -> httpx.Response:
        return self.ask(method, f"/api/v1{path}", TOKENS[role], **({"json": body} if body is not None else {}), **more)

    def declare(self, severity: str = "P0", title: str = "proofi.ai is down", **more: Any) -> str:
        answer = self.api("POST", "/incidents", {"severity": severity, "title": title, **more})
        assert answer.status_code == 201, answer.text
        name: str = answer.json()["id"]
        return name

    def sign_in(self, as_: str = "martijn", role: str = "admin") -> str:
        """Sign in by a link; returns the session's CSRF token."""
        link = f"sign-in-link-{as_}-{self.now.isoformat()}"
        self.db.write_now(access.make_sign_in, link, role, self.now + timedelta(hours=1))
        answer = self.ask("POST", "/sign-in", data={"token": link, "as": as_})
        assert answer.status_code == 303, answer.text
        page = self.ask("GET", "/incidents").text
        return page.partition('name="csrf" value="')[2].partition('"')[0]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.db.close()
