"""All that an integration may see. A change here is a breaking change for every integration, ours and others'."""

from __future__ import annotations

import base64
import hashlib
import hmac
import math
import re
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache, partial
from typing import Any, Final, Literal, TypeAlias, TypeVar
from urllib.parse import parse_qsl

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
from tocsin.core.texts import beginning, calm, cut, literal, utf8, utf16

__all__ = [
    "ANSWER_LIMIT", "Alert", "AlertSeverity", "Answer", "BadPayload", "CALLBACK_WINDOW", "CHECK_LABELS", "Chat",
    "Command", "Config", "Conversation", "Delivered", "Devices", "Field", "Heard", "Inbound", "LABEL_LIMIT", "Line",
    "Mail", "Mailing", "Message", "Moved", "Notice", "Outgoing", "Polled", "Press", "Receipt", "Refusal", "Reject",
    "Reply", "Request", "Response", "Retry", "RoomStep", "Rooms", "SERVICE_LABELS", "Said", "Signal", "SignalAction",
    "Source", "Transport", "Untrusted", "Verb", "Verdict", "at", "beginning", "calm", "check_secret", "check_signature",
    "clean", "clip", "colour_of", "cut", "failed", "first_label", "items_of", "key_of", "links_of", "literal",
    "of_projects", "once_of", "one_line", "one_of", "parse_instant", "read_form", "read_json", "refused_plainly",
    "secrets_in", "severity_of", "shown", "taken_plainly", "text_of", "utf16", "utf8", "wait_asked", "wait_of",
]  # fmt: skip

# Settings of one integration, keys as the runbook writes them, secrets in clear. Of a channel also `via`, its name in
# the runbook, and `public_url`, the address that the vendor can call back, without a slash at its end.
Config: TypeAlias = Mapping[str, Any]

# --------------------------------------------------------------------------------------------- what goes out

ANSWER_LIMIT: Final = 65_536  # bytes of an answer that are read; reliability.md section 1


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
    answer_limit: int = ANSWER_LIMIT  # bytes of the answer that are read
    public: bool = False  # the address came from a stranger: nothing that is not public is connected to
    # More headers, made from the instant (aware UTC) at which it is sent: integrations have no clock.
    headers_at: Callable[[datetime], Mapping[str, str]] | None = field(default=None, repr=False, compare=False)


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
class Notice:
    """
    One text through the apprise library, for a service that has no file of its own here. *url* is apprise's address.

    Its Response: 200 it says that it went out, 502 that it did not, 400 the address is none. There is no receipt.
    """

    url: str = field(repr=False)
    title: str
    body: str
    urgent: bool = False
    timeout_seconds: float = 10.0


@dataclass(frozen=True, slots=True)
class Response:
    """
    What came back, at most `answer_limit` bytes of it.

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


Outgoing: TypeAlias = Request | Mail | Line | Notice
T = TypeVar("T")
# A verb yields what is to be sent, receives the responses, and returns a value. It opens no socket and never waits.
Conversation: TypeAlias = Generator[Outgoing, Response, T]


@dataclass(frozen=True, slots=True)
class Mailing:
    """
    What a mail to a subscriber carries beside its words: it goes to people outside, who can end it with one press.

    `press` are the words on its link. A POST to `unsubscribe_link` ends the subscription (RFC 8058); GET does not.
    """

    name: str  # of the sender, as people outside know it
    press: str
    unsubscribe_link: str = ""


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
    page: str = ""  # the id of the page that this is, for buttons and callbacks to carry; empty for other texts
    valid_seconds: int | None = None  # until the next way or step is due: what arrives later is late; None: nothing is
    mailing: Mailing | None = None  # it goes to a subscriber, not to somebody of ours
    document: Any = None  # JSON for a machine in the place of the words, to an address that a stranger gave

    @property
    def pass_link(self) -> str:
        """Where a POST passes the page on; empty where there is no page, or several in one message."""
        link = self.acknowledge_link
        return f"{link}/pass" if link and not link.endswith("/all") else ""


@dataclass(frozen=True, slots=True)
class Delivered:
    """The provider took it. *receipt* is its own id for it; *proven* when it also says that it arrived."""

    receipt: str = ""
    proven: bool = False
    gone: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Retry:
    """It may work later: not before *after* seconds, if the provider named a time; with *settings* changed, if any."""

    why: str
    after: float | None = None
    settings: Mapping[str, str] | None = None
    gone: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reject:
    """Trying this again will not help. *broken* when the address itself is dead (a blocked bot, an unknown box)."""

    why: str
    broken: bool = False
    gone: tuple[str, ...] = ()


Verdict: TypeAlias = Delivered | Retry | Reject  # of each: `gone` are the ids of devices that are no more


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
    `edit(message, receipt, config)` puts a message, which asks for nothing any more, in the place of the one that was
    delivered with that receipt; its Delivered has none.
    `per_second` and `per_minute` are the vendor's limits for one destination, `total_per_second` for all of them
    through one channel. `receipts`: the vendor tells later whether a message arrived (`usecases.deliver.receipt`).
    `expires`: it gives up a message after `Message.valid_seconds`.
    A channel address whose field is secret stays in the settings: `Message.to` is then the channel's name.
    With `devices` a person's addresses are what their browsers registered: `Message.to` is the person.
    """

    name: str
    title: str
    send: Callable[[Message, Config], Conversation[Verdict]]
    fields: tuple[Field, ...] = ()
    address: str = ""
    channel_address: str = ""  # the setting of a channel that is its address as a group (`chat_id`, `url`)
    open_room: Callable[[str, Config], Conversation[Verdict]] | None = None
    edit: Callable[[Message, str, Config], Conversation[Verdict]] | None = None
    per_second: float | None = None
    per_minute: int | None = None
    total_per_second: float | None = None
    receipts: bool = False
    expires: bool = False
    devices: Devices | None = None
    rooms: Rooms | None = None


@dataclass(frozen=True, slots=True)
class RoomStep:
    """
    One thing to be done to a room that `open_room` opened.

    `do` is pin, edit, topic, invite, close or reopen. `to` and `thread` say where, as in Message; `receipt` is that of
    the message to pin or edit; `text` what it, or the topic, says now; `people` are (address, name) to invite.
    """

    do: str
    to: str
    thread: str
    receipt: str = ""
    text: str = ""
    people: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Rooms:
    """What a vendor lets be done to its rooms: `keep(step, config)` does one of the `steps`, which are RoomStep.do."""

    steps: frozenset[str]
    keep: Callable[[RoomStep, Config], Conversation[Verdict]]


@dataclass(frozen=True, slots=True)
class Devices:
    """
    How people register devices with a transport.

    `read(said, settings)` checks what a browser said of itself (decoded JSON) and returns the address to keep, or
    raises BadPayload. `public_key(key)` is what the browser must know before it can register.
    `send` then finds in its config `devices`, a list of addresses each with its `id`, and `device_key`, 32 secret
    bytes that are the same on every node and after a restart.
    """

    read: Callable[[Any, Config], Mapping[str, str]]
    public_key: Callable[[bytes], str]


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket to open. *key* is the same when it is asked for again: whoever finds it there opens no second one."""

    key: str
    title: str
    text: str
    label: str  # of the severity
    link: str  # the incident's own page


@dataclass(frozen=True, slots=True)
class Tracker:
    """
    Where tickets are kept.

    `name` is the key under the runbook's connections, whose settings `open(ticket, config)` gets; its
    Delivered.receipt is the ticket's name there (`#17`). `link(name, config)` is its address, empty for none.
    """

    name: str
    title: str
    open: Callable[[Ticket, Config], Conversation[Verdict]]
    link: Callable[[str, Config], str]


# --------------------------------------------------------------------------------------------- what comes in


class BadPayload(Exception):  # noqa: N818 - it is what the payload is, and the word of the house
    """A body that cannot be used. *errors* says what is wrong, one sentence each, for the sender to read."""

    def __init__(self, *errors: str, status: int = 400) -> None:
        super().__init__("; ".join(errors))
        self.errors = errors
        self.status = status


class Untrusted(BadPayload):
    """A body that is not from whom it says, or from a project that the runbook does not name: none of it is kept."""

    def __init__(self, *errors: str, status: int = 401) -> None:
        super().__init__(*errors, status=status)


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


# --------------------------------------------------------------------------------------------- what people answer

CALLBACK_WINDOW: Final = timedelta(minutes=5)  # how far a callback's own instant may be off; reliability.md section 6
Verb = Literal["acknowledge", "pass_on", "escalate", "hear"]


@dataclass(frozen=True, slots=True)
class Press:
    """
    Somebody answered a page: by a button, a digit or a code. `hear` asks to be told what the page says.

    `id` is the vendor's own for what happened: it is taken once. `account` is who, as the person's field of the
    transport has it. Which page: its id, else the receipt of the message that is answered, else the incident's name;
    without any the one page that is open for that person. `back` is what replying needs: JSON that only its own file
    reads; empty where `Chat.answer` says all.
    """

    id: str
    account: str
    verb: Verb
    page: str = ""
    receipt: str = ""
    incident: str = ""
    back: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Command:
    """Somebody gave a command: `name` in lower case without a slash, `text` is what stood after it."""

    id: str
    account: str
    name: str
    text: str = ""
    group: str = ""  # the address of the group that it was given in, where threads are names within a group
    thread: str = ""  # the room, as `open_room` returned it
    back: Mapping[str, Any] = field(default_factory=dict)
    whom: str = ""  # the bot that it names, where several may hear it; empty: whoever hears it


@dataclass(frozen=True, slots=True)
class Said:
    """Somebody said something in a room. `name` is what the vendor calls them."""

    id: str
    account: str
    name: str
    text: str
    group: str
    thread: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a message that was taken: `receipt` as it was delivered with; *broken* as in Reject."""

    id: str
    receipt: str
    state: Literal["delivered", "failed"]
    why: str = ""
    broken: bool = False


@dataclass(frozen=True, slots=True)
class Moved:
    """A group has a new address."""

    id: str
    address: str
    to: str


Heard: TypeAlias = Press | Command | Said | Receipt | Moved


@dataclass(frozen=True, slots=True)
class Reply:
    """
    What Tocsin says to what it heard.

    `text` is for whoever did it. With `closed`, how it now stands, the message that was pressed needs no buttons any
    more. `again`: it was taken before, and nothing was done. `back` as it came.
    """

    text: str = ""
    closed: str = ""
    refused: bool = False
    again: bool = False
    back: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Polled:
    """What a look at the vendor brought, and the offset of the next. *why* it failed, and the least seconds to wait."""

    heard: tuple[Heard, ...] = ()
    offset: str = ""
    why: str = ""
    after: float | None = None


@dataclass(frozen=True, slots=True)
class Chat:
    """
    The way back: what people press, type and say, beside the transport of the same `name`.

    The vendor posts to `paths`. `verify` says whether it was the vendor: over the raw body, in constant time, within
    CALLBACK_WINDOW where the vendor gives an instant, and never without a secret. `parse` tells what was heard ([] for
    what is nothing to us) and raises BadPayload. `answer` says the replies at once in the vendor's shape; `reply` says
    one afterwards, for what came with a `back`. `refused` as in Source. `secrets` are the settings that `verify` needs.

    `poll(config, offset)` asks the vendor instead; `listen(config, url)` has it call *url* from now on, and returns why
    it does not ("" when it does); `me(config)` asks what the vendor calls us ("": it does not say). Channels that share
    the setting `account` are polled as one. An address of ours that was given out may carry `?via=`, the channel's
    name: its settings then come with the callback.
    """

    name: str
    paths: tuple[str, ...]
    verify: Callable[[Inbound], bool]
    parse: Callable[[Inbound], Sequence[Heard]]
    answer: Callable[[Inbound, Sequence[tuple[Heard, Reply]]], Answer]
    refused: Callable[[Refusal], Answer]
    secrets: tuple[str, ...]
    reply: Callable[[Reply, Config], Conversation[Verdict]] | None = None
    poll: Callable[[Config, str], Conversation[Polled]] | None = None
    listen: Callable[[Config, str], Conversation[str]] | None = None
    me: Callable[[Config], Conversation[str]] | None = None
    account: str = ""
    body_limit: int = 256_000


def one_of(given: str, good: Sequence[str | bytes]) -> bool:
    """Say whether *given* is one of *good*, comparing each in constant time; an empty one is never good."""
    found = False
    for each in good:
        wanted = each.encode() if isinstance(each, str) else each
        found |= bool(wanted) and hmac.compare_digest(wanted, given.encode(errors="replace"))
    return found


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
        MemoryError: there is none left to read it with; the body may be good.
    """
    try:
        value = orjson.loads(body)
    except ValueError as error:
        if "memory" in getattr(error, "msg", "").lower():  # orjson says it in these words
            raise MemoryError from None
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


def at(value: Any, *path: str) -> Any:
    """What stands under these keys, one inside the other; None where an object or a key is missing."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def items_of(value: Any) -> list[Any]:
    """The items of a list; [] for anything else."""
    return value if isinstance(value, list) else []


LINK_LIMIT: Final = 2048  # characters


def links_of(*pairs: tuple[str, object]) -> tuple[tuple[str, str], ...]:
    """The pairs of text and address whose address can be followed: http and https alone, each once."""
    found: dict[str, str] = {}
    for text, link in pairs:
        if isinstance(link, str) and len(link) <= LINK_LIMIT and link.startswith(("http://", "https://")):
            found.setdefault(clean(link), one_line(text, 200) or "Link")
    return tuple((text, link) for link, text in found.items())


FIELD_LIMIT: Final = 200  # fields in one form


def read_form(body: bytes) -> dict[str, str]:
    """
    Decode a form body; of a name that stands twice the last value counts.

    Raises:
        BadPayload: not UTF-8, or over 200 fields.
    """
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=FIELD_LIMIT, errors="strict"))
    except ValueError as error:
        raise BadPayload(f"the body is not a form: {error}") from None


_ODD = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ud800-\udfff\ufeff]"
)  # of the control characters only the tab and the line feed stay


def clean(text: str) -> str:
    """Take out NUL, control and text-direction characters, which lie to the reader or break a store."""
    return text if text.isascii() and text.isprintable() else _ODD.sub("", text)


def clip(text: str, limit: int = TEXT_LIMIT) -> str:
    """Clean *text* and cut it to *limit* code points, never inside a visible character; it then ends in an ellipsis."""
    return cut(clean(text), limit)


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


def wait_asked(headers: Mapping[str, str]) -> float | None:
    """The seconds that `Retry-After` asks for: a number, or an instant, counted from the answer's own `Date`."""
    said = headers.get("retry-after", "").strip()
    if said.isdecimal():
        return wait_of(said)
    try:
        wait = parsedate_to_datetime(said) - parsedate_to_datetime(headers.get("date", ""))
    except (ValueError, TypeError, IndexError, OverflowError):  # what the parser raises differs by version
        return None
    return wait_of(wait.total_seconds())


AGAIN: Final = (408, 425, 429)  # besides 5xx: the far side asks for another try


def failed(
    response: Response, why: str = "", *, dead: Sequence[int] = (), after: float | None = None
) -> Retry | Reject:
    """
    Say what an answer means that is no success.

    No answer, 408, 425, 429, 5xx and a success without its proof are tried again, not before *after* or `Retry-After`
    seconds; a redirect and any other 4xx are not. A status in *dead* says that the address itself is gone.
    """
    status = response.status
    why = why or response.error or f"status {status}"
    if status in dead:
        return Reject(why, broken=True)
    if 300 <= status < 400:
        return Reject(f"{why}: redirects are not followed")
    if 400 <= status < 500 and status not in AGAIN:
        return Reject(why)
    return Retry(why, after=wait_asked(response.headers) if after is None else after)


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

# --------------------------------------------------------------------------------------------- how it looks

COLOURS: Final[Mapping[str, str]] = {"P0": "#b3261e", "P1": "#c75300", "P2": "#8a6d00", "P3": "#1c4a8f"}
_GREY: Final = "#565d6b"


def colour_of(severity: str) -> str:
    """The colour of a severity as `#rrggbb`, beside its word and never instead of it; grey for any other name."""
    return COLOURS.get(severity.upper(), _GREY)


_LINKS: Final = re.compile(r"[\\\[\]<>]")


def shown(message: Message, limit: int) -> str:
    """
    Write a message's text for a chat that reads Markdown, in at most *limit* UTF-16 units.

    A text of the runbook's templates keeps its stars; links and calls are taken out of it all the same, since it
    repeats what alerts say.
    """
    how = partial(literal, signs=_LINKS) if message.plain else literal
    return how(cut(clean(message.text), limit, lambda part: utf16(how(part))))
