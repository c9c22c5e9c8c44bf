"""Healthchecks: checks that went down or came up, in any template.
Source: healthchecks/healthchecks hc/integrations/webhook/transport.py"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tocsin.sdk import (
    Alert,
    Answer,
    BadPayload,
    Inbound,
    Signal,
    SignalAction,
    Source,
    check_secret,
    clip,
    key_of,
    links_of,
    one_line,
    parse_instant,
    read_form,
    refused_plainly,
    taken_plainly,
    text_of,
)

TITLE_LIMIT, TEXT_LIMIT, NAME_LIMIT = 1024, 10_000, 200  # characters
STATUSES: Final[Mapping[str, SignalAction]] = {"down": "trigger", "up": "resolve"}  # new, grace, paused: no alert
KEYS: Final = ("uuid", "check", "code", "ping_url", "slug", "name")
FIELDS: Final = ("slug", "tags", "desc", "last_ping", "next_ping", "exit", "exitstatus", "n_pings")


def verify(inbound: Inbound) -> None:
    """Healthchecks signs nothing; a header of the integration may carry the secret. Raises Untrusted."""
    check_secret(inbound)


def parse(inbound: Inbound) -> Sequence[Signal]:
    """
    Give the signal of a check, by `status` and the first of KEYS; parameters of the address count as well.

    Raises:
        BadPayload: no object, no `status`, or nothing that names the check.
    """
    body = _body(inbound)
    status = text_of(body.get("status")).strip().lower()
    if not status:
        raise BadPayload("'status' is missing: use $STATUS in the body or the address")
    action = STATUSES.get(status)
    if action is None:
        return []
    key = next((key for name in KEYS if (key := key_of(body.get(name)))), "")
    if not key:
        raise BadPayload(
            "nothing names the check: use $CODE as 'check' and $NAME as 'name', or $JSON as the whole body"
        )
    name = one_line(text_of(body.get("name")), NAME_LIMIT) or key
    labels = {field: text for field in FIELDS if (text := text_of(body.get(field), 1000))}
    labels |= {tag: "true" for tag in labels.get("tags", "").split()[:50] if tag not in labels}
    config = inbound.config
    return [Signal(action, Alert(
        inbound.source, key.rpartition("/")[2] or key, one_line(f"{name} is {status}", TITLE_LIMIT),
        parse_instant(body.get("time") or body.get("now"), inbound.received_at), clip(_words(body), TEXT_LIMIT),
        one_line(text_of(body.get("service")), NAME_LIMIT) or config.get("service") or name, "heartbeat",
        config.get("severity") or "error", labels, links_of(("Check", _page(body))),
    ))]  # fmt: skip


def _body(inbound: Inbound) -> Mapping[str, Any]:
    if inbound.json is None:
        is_form = inbound.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
        return {**inbound.query, **read_form(inbound.body)} if is_form else inbound.query
    if not isinstance(inbound.json, dict):
        raise BadPayload("the body is not a JSON object")
    return {**inbound.query, **inbound.json}


def _words(body: Mapping[str, Any]) -> str:
    last, code = text_of(body.get("last_ping")), text_of(body.get("exit") or body.get("exitstatus"))
    said = [f"last heard of {last}" if last else "", f"exit status {code}" if code not in ("", "-1") else "",
            text_of(body.get("desc"))]  # fmt: skip
    return "; ".join(part for part in said if part)


def _page(body: Mapping[str, Any]) -> str:
    """The check's own page: where the API of the same host keeps it."""
    host, _, id_ = text_of(body.get("update_url")).partition("/api/")
    return f"{host}/checks/{id_.rpartition('/')[2]}/details/" if host and id_ else ""


def accepted(signals: Sequence[Signal]) -> Answer:
    """200: of the others Healthchecks takes only 201, 202 and 204 for success."""
    return taken_plainly(signals)


SOURCE = Source(
    "healthchecks", "Healthchecks", parse=parse, accepted=accepted, refused=refused_plainly, verify=verify,
    methods=("POST", "PUT", "GET"),
)  # fmt: skip
