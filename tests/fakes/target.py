"""Something that actions change: it keeps a value, counts every call that changes it, and has an actor of its own."""

from __future__ import annotations

import json
from typing import Any

from tocsin.sdk import Acted, Actor, Plan, Reject, Request, Response, Retry

from .web import FakeServer

Answer = tuple[int, dict[str, str], bytes]


class FakeTarget(FakeServer):
    """
    GET tells the value, POST sets it. `mode` of the next POSTs: ok, refused (409), broken (500 before it is done),
    cut (done, then hung up without an answer), html (200 with a captive portal's page), hang (done, never answered).

    `calls` are the values that were asked for, in order: a run that is made twice stands there twice.
    """

    def __init__(self, value: Any = "v2") -> None:
        super().__init__()
        self.value = value
        self.gone = False
        self.frozen = ""
        self.mode = "ok"
        self.calls: list[Any] = []

    def answer(self, path: str, headers: dict[str, str], body: bytes) -> Answer:
        if not body:
            if self.gone:
                return 404, {}, b'{"error": "the deployment no longer exists"}'
            return 200, {}, json.dumps({"value": self.value, "frozen": self.frozen}).encode()
        value = json.loads(body)["value"]
        self.calls.append(value)
        if self.mode == "refused":
            return 409, {}, b'{"error": "it is locked by another deploy"}'
        if self.mode == "broken":
            return 500, {}, b"<html>oops</html>"
        if self.mode == "html":
            return 200, {}, b"<html>sign in to the network</html>"
        self.value = value
        if self.mode == "cut":
            return 0, {}, b""
        if self.mode == "hang":
            return self.hang()
        return 200, {}, json.dumps({"done": True, "id": f"op-{len(self.calls)}"}).encode()


def _said(answer: Response) -> str:
    body = answer.json
    return (
        str(body["error"]) if isinstance(body, dict) and "error" in body else answer.error or f"status {answer.status}"
    )


def _plan(wish: Any, config: Any) -> Any:
    call = wish["call"]
    now = yield Request("GET", call["url"])
    if now.status != 200 or not isinstance(now.json, dict):
        return (Reject if now.status else Retry)(_said(now))
    value = call["json"]["value"]
    return Plan(
        f"the switch at {call['url']}", (f"Set it from {now.json['value']} to {value}",),
        {"url": call["url"], "value": value}, undo={"url": call["url"], "value": now.json["value"]} if wish["undo"] else None,
        warnings=("Who is signed in is signed out.",),
    )  # fmt: skip


def _holds(parameters: Any, config: Any) -> Any:
    now = yield Request("GET", parameters["url"])
    return (
        "" if now.status == 200 and not now.json["frozen"] else _said(now) if now.status != 200 else now.json["frozen"]
    )


def _run(parameters: Any, config: Any) -> Any:
    done = yield Request("POST", parameters["url"], json={"value": parameters["value"]}, timeout_seconds=2)
    body = done.json
    if done.status == 200 and isinstance(body, dict) and body.get("done"):
        return Acted("done", receipt=body["id"])
    return Acted("failed" if 400 <= done.status < 500 else "unknown", _said(done))


ACTOR = Actor("http", "The switch", _plan, _holds, _run)
