"""Ways in: sources, and how a sender is known."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from tocsin.core.alert import Signal
from tocsin.sdk.reading import (
    Untrusted,
    clip,
    one_line,
    one_of,
    text_of,
)
from tocsin.sdk.wire import (
    Config,
    Conversation,
    Request,
    Verdict,
)


@dataclass(frozen=True, slots=True)
class Inbound:
    """One request from a sender: the body as received and decoded, and the runbook's settings for the source."""

    body: bytes
    json: Any
    received_at: datetime  # aware UTC
    source: str  # the name that the alerts carry: the source of the ingest key
    path: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case
    config: Config = field(default_factory=dict)
    url: str = ""  # what the sender called, as it knows it: the public address, path and query as they came
    fetched: bytes = b""  # the body of the answer to what the source `needs`


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing was taken. *reason*: key, signature, payload, too_large, rate, overload. *errors*: sentences."""

    reason: str
    status: int
    errors: tuple[str, ...] = ()
    retry_after_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a sender, in the shape that it knows. *body* is encoded as JSON, unless it is bytes or a text."""

    status: int
    body: Any = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Source:
    """
    A way to bring alerts in.

    `parse` returns the signals of one body ([] when it tells of no alert) and raises BadPayload. `accepted` and
    `refused` answer in the sender's shape. Vendor-shaped sources name their `paths` and find their ingest key with
    `credential` in the decoded body or headers; the others are reached at `/in/{name}/{key}`, and so is one whose path
    is `/in/{name}`. `body_limit` in bytes. With `raw` the body is no JSON, and `Inbound.json` is None, as for a form.

    `verify` is asked before the body is decoded, and raises Untrusted for what is not the vendor's. What it needs of
    the vendor to say so, `needs` names: one GET, whose answer is `Inbound.fetched`; it is kept for an hour. `confirm`
    says yes to a vendor that asks before it sends: the signal `confirm` carries the address as its alert's first link.
    `browser`: the vendor's test button posts from the browser.
    """

    name: str
    title: str
    parse: Callable[[Inbound], Sequence[Signal]]
    accepted: Callable[[Sequence[Signal]], Answer]
    refused: Callable[[Refusal], Answer]
    paths: tuple[str, ...] = ()
    credential: Callable[[Inbound], str] | None = None
    body_limit: int = 1_000_000
    verify: Callable[[Inbound], None] | None = None
    needs: Callable[[Inbound], Request | None] | None = None
    confirm: Callable[[str], Conversation[Verdict]] | None = None
    methods: tuple[str, ...] = ("POST",)
    raw: bool = False
    browser: bool = False


def taken_plainly(signals: Sequence[Signal]) -> Answer:
    """What senders that only look at the status are told: 200, and how many alerts and changes were in it."""
    return Answer(200, {"status": "ok", "taken": len(signals)})


def refused_plainly(refusal: Refusal) -> Answer:
    """A small JSON object that says what is wrong; a limit is told as 503, which senders try again, never as 429."""
    status = 503 if refusal.status == 429 else refusal.status
    headers = {"Retry-After": str(refusal.retry_after_seconds)} if refusal.retry_after_seconds is not None else {}
    return Answer(status, {"status": "error", "errors": list(refusal.errors)}, headers)


# --------------------------------------------------------------------------------------------- who sent it

SIGNED_WITHIN: Final = timedelta(minutes=5)  # of a signature that covers its own instant; reliability.md section 6


def secrets_in(config: Config, *names: str) -> list[str]:
    """The secrets under these settings; two with a comma between are both good, while one takes the other's place."""
    found = (part.strip() for name in names for part in str(config.get(name) or "").split(","))
    return [secret for secret in found if secret]


def check_signature(
    inbound: Inbound, header: str, *, secrets: Sequence[str], digest: str = "sha256", prefix: str = "", stamp: str = ""
) -> None:
    """
    Check an HMAC in hex over the body as it came. Without a secret the ingest key alone is the credential.

    Args:
        header: Its name in lower case; *prefix* stands before the digits.
        stamp: A header with the instant, in seconds since 1970, which is then signed too: `{instant}:{body}`.

    Raises:
        Untrusted: 401 for a signature that is missing or wrong, or made over five minutes ago.
    """
    if not secrets:
        return
    given = inbound.headers.get(header, "").strip()
    if not given:
        raise Untrusted(f"the header {header} is missing: the runbook has a secret, and what comes must be signed")
    made_at = inbound.headers.get(stamp, "").strip() if stamp else ""
    body = f"{made_at}:".encode() + inbound.body if made_at else inbound.body
    good = [prefix + hmac.new(secret.encode(), body, digest).hexdigest() for secret in secrets]
    if not one_of(given.lower(), good):
        raise Untrusted(f"the signature in {header} does not hold for this body and the runbook's secret")
    if made_at and not _is_fresh(made_at, inbound.received_at):
        raise Untrusted("the signature is over five minutes old, or its instant cannot be read")


def _is_fresh(seconds: str, now: datetime) -> bool:
    if not seconds.isascii() or not seconds.isdecimal() or len(seconds) > 11:
        return False
    return abs(now.timestamp() - int(seconds)) <= SIGNED_WITHIN.total_seconds()


def check_secret(inbound: Inbound) -> None:
    """
    Ask a vendor that signs nothing for the connection's `webhook_secret`: as bearer token, password or X-Tocsin-Secret.

    Raises:
        Untrusted: 401 when the runbook has such a secret and the request does not carry it.
    """
    secrets = secrets_in(inbound.config, "webhook_secret")
    scheme, _, said = inbound.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            said = base64.b64decode(said, validate=True).decode().partition(":")[2]
        except ValueError:
            said = ""
    if secrets and not (one_of(said.strip(), secrets) or one_of(inbound.headers.get("x-tocsin-secret", ""), secrets)):
        raise Untrusted("the request does not carry the connection's webhook_secret (Authorization or X-Tocsin-Secret)")


def once_of(inbound: Inbound, delivery: object) -> str:
    """The vendor's id of a delivery for `Signal.once`, bound to its body; empty without one."""
    id_ = one_line(text_of(delivery), 200)
    return f"{id_}:{hashlib.sha256(inbound.body).hexdigest()[:16]}" if id_ else ""


def of_projects(config: Config, own: Sequence[object], given: Sequence[str]) -> None:
    """
    Refuse what belongs to a project that the runbook does not name.

    Args:
        own: The connection's own project, for where its setting `projects` names none; empty ones do not count.
        given: The names and ids of the project that the payload tells of; an empty list is nobody's, and refused.

    Raises:
        Untrusted: 403, naming the project.
    """
    wanted = {str(name).lower() for name in config.get("projects") or own if name}
    if wanted and not wanted & {name.lower() for name in given if name}:
        named = clip(next((name for name in given if name), "no project"), 200)
        raise Untrusted(f"{named} is not a project that the runbook's connection names", status=403)
