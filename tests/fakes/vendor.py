"""What the small vendors have in common: they can all be down, flooded, silent, revoked, or lie."""

from __future__ import annotations

import json
from typing import Any

from .web import FakeServer

Answer = tuple[int, dict[str, str], bytes]
MODES = ("ok", "flood", "down", "html", "lie", "hang_up", "hang", "revoked")


class FakeVendor(FakeServer):
    """
    `mode` is one of MODES; *lie* is a 200 with an error inside, *hang* is a blackhole.

    `taken` are the bodies that were taken; `faults` tells where a request broke the vendor's rules; `calls` counts all.
    """

    retry_after = 40  # seconds that a flood asks for

    def __init__(self) -> None:
        super().__init__()
        self.mode = "ok"
        self.taken: list[dict[str, Any]] = []
        self.calls = 0

    def answer(self, path: str, headers: dict[str, str], body: bytes) -> Answer:
        self.calls += 1
        match self.mode:
            case "flood":
                return self.flood()
            case "down":
                return 502, {}, b"<html>Bad gateway</html>"
            case "html":
                return 200, {"Content-Type": "text/html"}, b"<html>captive portal</html>"
            case "lie":
                return self.lie()
            case "hang_up":
                return 0, {}, b""
            case "hang":
                return self.hang()
            case "revoked":
                return self.revoked()
        if not body:
            return self.look(path, headers)
        if not headers.get("Content-Type", "").startswith("application/json"):
            self.faults.append("not JSON")
        return self.take(path, headers, json.loads(body))

    def flood(self) -> Answer:
        return 429, {"Retry-After": str(self.retry_after)}, b"{}"

    def lie(self) -> Answer:
        return 200, {}, b'{"error": {"code": "internal"}}'

    def revoked(self) -> Answer:
        raise NotImplementedError

    def take(self, path: str, headers: dict[str, str], said: Any) -> Answer:
        raise NotImplementedError

    def look(self, path: str, headers: dict[str, str]) -> Answer:
        """A GET: what can be looked at without a change."""
        return says(405, {"message": "method not allowed"})

    def check(self, holds: bool, fault: str) -> bool:
        """Note a fault where something does not hold."""
        if not holds:
            self.faults.append(fault)
        return holds


def says(status: int, body: Any, **headers: str) -> Answer:
    """An answer in JSON."""
    return status, {"Content-Type": "application/json", **headers}, json.dumps(body).encode()


class FakeService(FakeVendor):
    """Any service that takes JSON at an address: one of apprise's, or the receiver of a webhook."""

    @property
    def address(self) -> str:
        """As apprise writes it."""
        return self.url.replace("http://", "json://") + "/token-of-the-service"

    def take(self, path: str, headers: dict[str, str], said: Any) -> Answer:
        self.taken.append(said)
        return says(200, {})

    def revoked(self) -> Answer:
        return says(410, {})
