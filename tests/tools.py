"""Tools to look at, for tests of the diagnosis: an integration of its own, which asks a small vendor over HTTP."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from tocsin.sdk import Config, Conversation, Diagnoser, Found, Look, Reject, Request, Retry, failed, parse_instant

from .fakes.web import FakeServer
from .served import ROOT

NAMES = ("vercel.seen", "sentry.seen", "railway.seen", "github.seen")


def package(folder: Path) -> str:
    """Install this module as a package of integrations in *folder*; returns what PYTHONPATH is to be."""
    about = folder / "tools-1.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: tools\nVersion: 1\n")
    (about / "entry_points.txt").write_text("[tocsin.integrations]\ntools_of_the_tests = tests.tools\n")
    return f"{folder}:{ROOT}"


class FakeTools(FakeServer):
    """
    Vendors that say what they found. `says` has for each path the findings, or a word: `hang`, `html`, `refused`,
    `down`, `broken`. `asked` are the paths in the order in which they were asked, `tokens` what they were asked with.
    """

    def __init__(self) -> None:
        super().__init__()
        self.says: dict[str, Any] = {}
        self.asked: list[str] = []
        self.tokens: set[str] = set()

    def answer(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        self.asked.append(name := path.strip("/"))
        self.tokens.add(headers.get("Authorization", ""))
        match self.says.get(name, []):
            case "hang":
                return self.hang()
            case "html":
                return 200, {"Content-Type": "text/html"}, b"<html>captive portal</html>"
            case "refused":
                return 401, {}, b"{}"
            case "down":
                return 503, {}, b"<html>Bad gateway</html>"
            case "broken":
                return 200, {}, b'{"found": 5}'
            case found:
                return 200, {"Content-Type": "application/json"}, json.dumps({"found": found}).encode()


def asks(path: str):
    """A look that gets `{"found": [...]}` from *path*; what it does not know raises, as a careless integration would."""

    def look(asked: Look, config: Config) -> Conversation[Sequence[Found] | Reject | Retry]:
        headers = {"Authorization": f"Bearer {config['token']}"}
        response = yield Request("GET", f"{config['api_base']}/{path}", headers=headers)
        if response.status == 401:
            return Reject("the token is refused (401)")
        if response.status != 200:
            return failed(response)
        found = []
        for one in response.json["found"]:
            at = asked.began - timedelta(minutes=one["before"]) if "before" in one else None
            at = parse_instant(one.get("at"), at) if "at" in one else at
            found.append(Found(one["text"], ok=one.get("ok", True), link=one.get("link", ""), at=at, suspect=one.get(
                "suspect", ""), target=one.get("target", ""), weight=one.get("weight", 0.0)))  # fmt: skip
        return found

    return look


DIAGNOSERS = (
    Diagnoser("vercel.seen", "Vercel deployments", asks("deployments"), needs=("token", "project")),
    Diagnoser("sentry.seen", "Sentry issues", asks("issues"), needs=("token", "organization")),
    Diagnoser("railway.seen", "Railway logs", asks("logs"), needs=("token",)),
    Diagnoser("github.seen", "GitHub deployments", asks("github"), needs=("token",)),
)
