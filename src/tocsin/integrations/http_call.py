"""A call to a service of the team's own, as the runbook writes it, and the call that takes it back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from tocsin.sdk import (
    Acted,
    Actor,
    Config,
    Conversation,
    Plan,
    Reject,
    Request,
    Response,
    Retry,
    at,
    clip,
    one_line,
    outcome,
    text_of,
    without_secrets,
)

METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
BODY_SHOWN, ANSWER_SHOWN = 300, 200  # characters


def plan(wish: Any, config: Config) -> Conversation[Plan | Reject | Retry]:
    """
    *wish* is `{"call": {"method", "url", "json", "headers"}, "undo": the same or None}`. Nothing is asked beforehand.

    The values of headers stay out of the plan, where *config* has the wish: they may be secrets.
    """
    yield from ()
    call, back = (_read(at(wish, name)) for name in ("call", "undo"))
    if call is None:
        return Reject("the call needs an `url` that begins with http:// or https://, and one of " + ", ".join(METHODS))
    kept = config.get("call") is not None
    warnings = [] if back else ["The runbook has no `undo` for it: there is no way back."]
    return Plan(
        f"{call['method']} {without_secrets(call['url'])}", (_step(call),), _parameters(call, "call", kept),
        _parameters(back, "undo", kept) if back else None, tuple(warnings),
    )  # fmt: skip


def _read(call: Any) -> dict[str, Any] | None:
    method, url = str(at(call, "method") or "POST").upper(), at(call, "url")
    if not isinstance(url, str) or not url.startswith(("http://", "https://")) or method not in METHODS:
        return None
    headers = at(call, "headers")
    body = at(call, "json") if at(call, "json") is not None else at(call, "json_")
    named = {str(name): str(value) for name, value in headers.items()} if isinstance(headers, dict) else {}
    return {"method": method, "url": url, "json": body, "headers": named}


def _parameters(call: dict[str, Any], which: str, kept: bool) -> dict[str, Any]:
    return {"which": which, **call, "headers": {} if kept else call["headers"]}


def _step(call: dict[str, Any]) -> str:
    body = "" if call["json"] is None else f" with {clip(orjson.dumps(call['json']).decode(), BODY_SHOWN)}"
    headers = f", and the headers {', '.join(sorted(call['headers']))}" if call["headers"] else ""
    return without_secrets(f"{call['method']} {call['url']}{body}{headers}.")


def holds(parameters: Mapping[str, Any], config: Config) -> Conversation[str]:
    """A call that the runbook no longer has as it was planned is not made."""
    yield from ()
    if config.get("call") is None:
        return ""
    now = _read(config.get(str(parameters["which"])))
    same = now is not None and all(now[name] == parameters[name] for name in ("method", "url", "json"))
    return "" if same else "the runbook has another call now than when this was planned"


def run(parameters: Mapping[str, Any], config: Config) -> Conversation[Acted]:
    """Make the call: 2xx is done, 5xx and no answer are unknown, all else failed. Redirects are not followed."""
    headers = at(config.get(str(parameters["which"])), "headers") or parameters["headers"]
    response = yield Request(
        str(parameters["method"]), str(parameters["url"]), {str(name): str(value) for name, value in headers.items()},
        json=parameters["json"],
    )  # fmt: skip
    return outcome("The service", response, _words(response), receipt=_words(response))


def _words(response: Response) -> str:
    """What the service says: of an object its message, of a page nothing."""
    said = response.json
    if isinstance(said, dict):
        error = said.get("error")
        told = text_of(at(error, "message") or error or said.get("message") or said.get("detail"))
        return one_line(without_secrets(told or response.body.decode(errors="replace")), ANSWER_SHOWN)
    text = response.body.decode(errors="replace").strip()
    return "" if text.startswith("<") else one_line(without_secrets(text), ANSWER_SHOWN)


ACTOR = Actor("http", "A call to a service", plan, holds, run)
