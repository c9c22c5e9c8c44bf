"""What the vendors' own APIs have in common: methods, paths, queries; and all that can be wrong with an answer."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from .vendor import Answer, FakeVendor, says

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
HUGE = b'{"a": "' + b"x" * 5_000_000 + b'"}'


class FakeApi(FakeVendor):
    """
    A vendor that serves `take_call(method, path, query, headers, said)`.

    `mode`, besides those of FakeVendor: empty, huge (5 MB), list (the wrong type), denied (403), missing (404).
    `only` limits the mode to paths that have this in them; `made` are (method, path) of every call.
    """

    def __init__(self) -> None:
        super().__init__()
        self.only = ""
        self.made: list[tuple[str, str]] = []
        handler = self._server.RequestHandlerClass
        serve = handler.do_POST  # type: ignore[attr-defined]
        for method in METHODS:
            setattr(handler, f"do_{method}", _as(method, serve))

    def answer(self, path: str, headers: dict[str, str], body: bytes) -> Answer:
        method, parts = headers.pop("X-Verb", "POST"), urlsplit(path)
        self.made.append((method, parts.path))
        if self.mode != "ok" and self.only in path:
            return self._wrong(path, headers, body)
        self.calls += 1
        said = None
        if body:
            self.check(headers.get("Content-Type", "").startswith("application/json"), f"{path}: not JSON")
            said = json.loads(body)
        self.check(not (method == "GET" and body), f"{path}: a GET with a body")
        return self.take_call(method, parts.path, dict(parse_qsl(parts.query)), headers, said)

    def _wrong(self, path: str, headers: dict[str, str], body: bytes) -> Answer:
        match self.mode:
            case "empty":
                return 200, {}, b""
            case "huge":
                return 200, {"Content-Type": "application/json"}, HUGE
            case "list":
                return says(200, [1, "two"])
            case "denied":
                return self.refuse(403, "forbidden", "Not authorized: this token may not do that")
            case "missing":
                return self.refuse(404, "not_found", "Not found")
        return super().answer(path, headers, body)

    def changes(self) -> list[tuple[str, str]]:
        """The calls that were no GET."""
        return [call for call in self.made if call[0] != "GET"]

    def refuse(self, status: int, code: str, message: str) -> Answer:
        return says(status, {"error": {"code": code, "message": message}})

    def revoked(self) -> Answer:
        return self.refuse(401, "unauthorized", "The token is invalid")

    def take_call(
        self, method: str, path: str, query: dict[str, str], headers: dict[str, str], said: Any
    ) -> Answer:  # fmt: skip
        raise NotImplementedError


def _as(method: str, serve: Any) -> Any:
    def do(handler: Any) -> None:
        handler.headers["X-Verb"] = method
        serve(handler)

    return do
