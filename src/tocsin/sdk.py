"""All that an integration may see. A change here is a breaking change for every integration, ours and others'."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final, TypeAlias, TypeVar

import orjson

from tocsin.core.alert import (
    CHECK_LABELS,
    SERVICE_LABELS,
    Alert,
    AlertSeverity,
    Signal,
    SignalAction,
    first_label,
    severity_of,
)

__all__ = [
    "Alert", "AlertSeverity", "Answer", "BadPayload", "CHECK_LABELS", "Config", "Conversation", "Delivered", "Field",
    "Inbound", "LABEL_LIMIT", "Line", "Mail", "Message", "Outgoing", "Refusal", "Reject", "Request", "Response",
    "Retry", "SERVICE_LABELS", "Signal", "SignalAction", "Source", "Transport", "Verdict", "clean", "clip",
    "first_label", "key_of", "one_line", "parse_instant", "read_json", "severity_of", "text_of", "wait_of",
]  # fmt: skip

Config: TypeAlias = Mapping[str, Any]  # settings of one integration, keys as the runbook writes them, secrets in clear

# --------------------------------------------------------------------------------------------- what goes out


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request. *json* is encoded as the body, unless *body* is given. Redirects are never followed."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    body: bytes | None = None
    timeout_seconds: float = 10.0  # in total, connecting included
    sign_with: str = field(default="", repr=False)  # HMAC key: `net` signs the body with the instant it sends it
    answer_limit: int = 65_536  # bytes; no more of an answer is read


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail over SMTP. *message* is the whole RFC 5322 text; *security* is none, starttls or tls."""

    host: str
    port: int
    security: str
    username: str
    password: str = field(repr=False)
    sender: str
    recipients: tuple[str, ...]
    message: bytes = field(repr=False)
    timeout_seconds: float = 10.0


@dataclass(frozen=True, slots=True)
class Line:
    """A text for whoever looks at the server's own console."""

    text: str


@dataclass(frozen=True, slots=True)
class Response:
    """
    What came back, at most 64 KB of it.

    `status` is the HTTP status or SMTP code; 0 when there was no answer at all, and `error` then says why.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case
    body: bytes = b""
    error: str = ""

    @property
    def json(self) -> Any:
        """The decoded body, or None when it is not JSON."""
        try:
            return orjson.loads(self.body)
        except ValueError:
            return None


Outgoing: TypeAlias = Request | Mail | Line
T = TypeVar("T")
# A verb yields what is to be sent, receives the responses, and returns a value. It opens no socket and never waits.
Conversation: TypeAlias = Generator[Outgoing, Response, T]


@dataclass(frozen=True, slots=True)
class Message:
    """
    One text for one address, made ready by the core; a transport only cuts it to its own limit.

    `key` is the same on every copy of one message, so that a far side can tell a repeat. `title` is one line.
    `acknowledge_link` opens a confirm page (it acknowledges nothing by itself); empty where nothing is asked for.
    """

    key: str
    to: str  # the address, in the transport's own terms: chat id, mail address, number, URL
    title: str
    text: str
    link: str = ""
    acknowledge_link: str = ""
    incident: str = ""  # "INC-42"; empty outside incidents
    severity: str = ""
    urgent: bool = False
    thread: str = ""  # the room inside `to` (a forum topic), as `open_room` returned it
    plain: bool = False  # the text alone goes out, byte for byte: no title, no links (the runbook's templates)


@dataclass(frozen=True, slots=True)
class Delivered:
    """The provider took it. *receipt* is its own id for it; *proven* when it also says that it arrived."""

    receipt: str = ""
    proven: bool = False


@dataclass(frozen=True, slots=True)
class Retry:
    """It may work later: not before *after* seconds, if the provider named a time; with *settings* changed, if any."""

    why: str
    after: float | None = None
    settings: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Reject:
    """Trying this again will not help. *broken* when the address itself is dead (a blocked bot, an unknown box)."""

    why: str
    broken: bool = False


Verdict: TypeAlias = Delivered | Retry | Reject


@dataclass(frozen=True, slots=True)
class Field:
    """One setting of an integration; forms, checks and the docs table are built from it."""

    name: str
    title: str
    secret: bool = False
    required: bool = True
    help: str = ""


@dataclass(frozen=True, slots=True)
class Transport:
    """
    A way to take messages out.

    `name` is the key under a channel of the runbook (`telegram`, `smtp`). `address` is the field of a person that
    holds their address (`telegram`, `email`, `phone`, `webhook`); empty when the transport needs none.
    `open_room(name, config)` opens a room inside a channel; its Delivered.receipt is the thread for `Message.thread`.
    `per_second` and `per_minute` are the vendor's limits for one destination, `total_per_second` for all of them
    through one channel. `receipts`: the vendor tells later whether a message arrived (`usecases.deliver.receipt`).
    """

    name: str
    title: str
    send: Callable[[Message, Config], Conversation[Verdict]]
    fields: tuple[Field, ...] = ()
    address: str = ""
    channel_address: str = ""  # the setting of a channel that is its address as a group (`chat_id`, `url`)
    open_room: Callable[[str, Config], Conversation[Verdict]] | None = None
    per_second: float | None = None
    per_minute: int | None = None
    total_per_second: float | None = None
    receipts: bool = False


# --------------------------------------------------------------------------------------------- what comes in


class BadPayload(Exception):  # noqa: N818 - it is what the payload is, and the word of the house
    """A body that cannot be used. *errors* says what is wrong, one sentence each, for the sender to read."""

    def __init__(self, *errors: str, status: int = 400) -> None:
        super().__init__("; ".join(errors))
        self.errors = errors
        self.status = status


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


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing was taken. *reason*: key, payload, too_large, rate, overload. *errors* as in BadPayload."""

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
    `credential` in the decoded body or headers; the others are reached at `/in/{name}/{key}`. `body_limit` in bytes.
    """

    name: str
    title: str
    parse: Callable[[Inbound], Sequence[Signal]]
    accepted: Callable[[Sequence[Signal]], Answer]
    refused: Callable[[Refusal], Answer]
    paths: tuple[str, ...] = ()
    credential: Callable[[Inbound], str] | None = None
    body_limit: int = 1_000_000


# --------------------------------------------------------------------------------------------- reading what comes in

DEPTH_LIMIT: Final = 32  # levels; reliability.md section 1
KEY_LIMIT: Final = 1_000  # keys in one object
LABEL_LIMIT: Final = 8_192  # bytes in one label value
TEXT_LIMIT: Final = 100_000  # characters kept of a long text


def read_json(body: bytes) -> Any:
    """
    Decode a JSON body in UTF-8.

    Raises:
        BadPayload: not JSON, not UTF-8, NaN or infinity, a lone surrogate, over 32 levels or 1,000 keys in an object.
    """
    try:
        value = orjson.loads(body)
    except ValueError as error:
        raise BadPayload(f"the body is not JSON: {error}") from None
    level: list[Any] = [value]
    for _ in range(DEPTH_LIMIT):
        below: list[Any] = []
        for item in level:
            if type(item) is dict:
                if len(item) > KEY_LIMIT:
                    raise BadPayload(f"an object has over {KEY_LIMIT} keys")
                below.extend(item.values())
            elif type(item) is list:
                below.extend(item)
        level = [item for item in below if type(item) is dict or type(item) is list]
        if not level:
            return value
    raise BadPayload(f"the body is nested over {DEPTH_LIMIT} levels deep")


_ODD = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ud800-\udfff\ufeff]"
)  # of the control characters only the tab and the line feed stay


def clean(text: str) -> str:
    """Take out NUL, control and text-direction characters, which lie to the reader or break a store."""
    return text if text.isascii() and text.isprintable() else _ODD.sub("", text)


def clip(text: str, limit: int = TEXT_LIMIT) -> str:
    """Clean *text* and cut it to *limit* characters, the last one then an ellipsis."""
    text = clean(text)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def text_of(value: object, limit: int = TEXT_LIMIT) -> str:
    """Read a text or a number as a text; anything else, and a truth value, as the empty text."""
    if isinstance(value, str):
        return clip(value, limit)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    return ""


def one_line(text: str, limit: int) -> str:
    """Clean a title: line ends and runs of blanks become one blank each; cut to *limit* characters."""
    return clip(text if text.isprintable() else " ".join(text.split()), limit).strip()


def key_of(value: object, limit: int = 512) -> str:
    """
    Read a sender's dedup key, at most *limit* characters; the empty text when it is none.

    A longer one keeps its beginning and ends in 16 hex digits of its hash: two long keys stay two.
    """
    key = text_of(value, 1_000_000).strip()
    return key if len(key) <= limit else f"{key[: limit - 17]}-{hashlib.sha256(key.encode()).hexdigest()[:16]}"


WAIT_LIMIT: Final = 86_400.0  # seconds; whoever asks for more is asked again after a day


def wait_of(value: object) -> float | None:
    """Read the seconds that a provider asks to wait, a number or its text: 0 to a day; None for anything else."""
    if isinstance(value, str) and len(value) <= 20:
        value = int(value) if value.isascii() and value.isdecimal() else None
    if not isinstance(value, (int, float)) or isinstance(value, bool) or math.isnan(value):
        return None
    return float(min(max(value, 0), WAIT_LIMIT))


def parse_instant(value: object, otherwise: datetime) -> datetime:
    """
    Read an RFC 3339 text, also with nanoseconds and `+0000`.

    Returns:
        The instant in UTC; *otherwise* for what cannot be read, has no zone, or is Go's zero time.
    """
    return (_instant(value) or otherwise) if isinstance(value, str) and len(value) <= 64 else otherwise


@lru_cache(maxsize=4096)  # the alerts of a group often began together
def _instant(text: str) -> datetime | None:
    if text.startswith("0001-01-01"):
        return None
    try:
        instant = datetime.fromisoformat(_FRACTION.sub(r".\1", text))
        return instant.astimezone(UTC) if instant.tzinfo else None
    except (ValueError, OverflowError):
        return None


_FRACTION: Final = re.compile(r"\.(\d{6})\d+")
