"""What goes out and what comes back: requests, responses, messages and verdicts."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeAlias, TypeVar

import orjson

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
    fresh: bool = False  # a connection of its own, name look-up included; the end of its certificate is told
    ca_file: str = ""  # of a `fresh` one: who signs its certificate, in the place of those whom the system knows
    # More headers, made from the instant (aware UTC) at which it is sent: integrations have no clock.
    headers_at: Callable[[datetime], Mapping[str, str]] | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Mail:
    """
    One mail over SMTP. *message* is the whole RFC 5322 text; *security* is none, starttls or tls.

    Without recipients nothing is mailed: it connects, signs in, and says goodbye.
    """

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
class Sql:
    """
    Statements to a PostgreSQL of the team's, in order, each committed by itself, with the rows of the last.

    Its Response: 200 with the rows as a JSON list of lists; 400 with the server's message in `error` and its SQLSTATE
    as the header `sqlstate`, and as `statement` which one it was, from 0; 0 when there was no answer at all.
    """

    dsn: str = field(repr=False)
    statements: tuple[tuple[str, tuple[Any, ...]], ...]
    timeout_seconds: float = 10.0


@dataclass(frozen=True, slots=True)
class Program:
    """
    A program of the runbook's closed list, run without a shell, with a clean environment.

    Its Response: 200 when it ended with 0, 400 with another code (header `exit`), 0 when it could not start or was
    ended at its time limit (header `started`: no, in the first case); the body is the beginning of what it wrote.
    """

    arguments: tuple[str, ...]
    timeout_seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class Connect:
    """
    A TCP connection, closed again at once; with *until* not before the far side sent that text, or 4 KB of others.

    Its Response: 200 with what was sent, 0 when nobody took the connection.
    """

    host: str
    port: int
    until: str = ""
    timeout_seconds: float = 10.0


@dataclass(frozen=True, slots=True)
class Lookup:
    """
    The addresses of a name, as the system's resolver knows them. *record* is A or AAAA.

    Its Response: 200 with a JSON list of addresses, empty with `error` where there are none; 0 when nobody answers.
    """

    host: str
    record: str = "A"
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
    seconds: float = field(default=0.0, compare=False)  # that an HTTP answer took, from connecting to its end
    certificate_until: datetime | None = None  # of a `fresh` request over TLS

    @property
    def json(self) -> Any:
        """The decoded body, or None when it is not JSON."""
        try:
            return orjson.loads(self.body)
        except ValueError:
            return None


Outgoing: TypeAlias = Request | Mail | Line | Notice | Sql | Program | Connect | Lookup
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
    invitation: str = ""  # an iCalendar object with its METHOD, for a mail program to put into a calendar
    reply_to: str = ""  # where an answer to a mail goes; empty for its sender
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
