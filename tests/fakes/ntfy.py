"""A small ntfy server: topics, an access token, and its errors (integrations.md section 21)."""

from __future__ import annotations

from typing import Any

from .vendor import Answer, FakeVendor, says

TOKEN = "tk_of_the_tests_0123456789"
ACTIONS = {"view", "broadcast", "http"}


class FakeNtfy(FakeVendor):
    """Takes messages published as JSON to its root by who has the token. `readable`: by the token as well."""

    readable = True

    def take(self, path: str, headers: dict[str, str], said: Any) -> Answer:
        self.check(path == "/", "JSON goes to the root")
        if headers.get("Authorization") != f"Bearer {TOKEN}":
            return self.revoked()
        self.check(len(said.get("message", "").encode()) <= 4096, "the message becomes an attachment")
        self.check(said.get("priority") in (1, 2, 3, 4, 5), "priority")
        actions = said.get("actions", [])
        self.check(
            len(actions) <= 3 and all(a["action"] in ACTIONS and a["label"] and a["url"] for a in actions), "actions"
        )
        self.taken.append(said)
        return says(200, {"id": f"m{len(self.taken)}", "time": 1795423380, "event": "message", **said})

    def look(self, path: str, headers: dict[str, str]) -> Answer:
        if path == "/v1/health":
            return says(200, {"healthy": True})
        self.check(path.endswith("/json?poll=1&since=none"), f"another look: {path}")
        if headers.get("Authorization") != f"Bearer {TOKEN}":
            return self.revoked()
        return (200, {}, b"") if self.readable else says(403, {"code": 40301, "http": 403, "error": "forbidden"})

    def flood(self) -> Answer:
        return says(429, {"code": 42901, "http": 429, "error": "limit reached: too many requests"})

    def lie(self) -> Answer:
        return says(200, {"code": 50001, "http": 500, "error": "internal server error"})

    def revoked(self) -> Answer:
        return says(401, {"code": 40101, "http": 401, "error": "unauthorized"})
