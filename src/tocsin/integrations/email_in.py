"""E-mail in: a raw message that a mail server pipes or posts.   Sources: RFC 5322, 2047, 3834, 6047; SES"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from email import policy
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesHeaderParser, BytesParser
from email.utils import parsedate_to_datetime
from html.parser import HTMLParser
from itertools import islice
from typing import Any, Final

from tocsin.sdk import (
    ANSWERS,
    QUIET,
    Alert,
    Answer,
    BadPayload,
    Inbound,
    Refusal,
    Signal,
    SignalAction,
    Source,
    at,
    check_secret,
    clip,
    items_of,
    key_of,
    method_of,
    one_line,
    read_answer,
    read_json,
    refused_plainly,
    taken_plainly,
    text_of,
)

PATH: Final = "/in/email"
BODY_LIMIT: Final = 10_000_000  # bytes
READ: Final = 250_000  # bytes of a mail that are looked at: an alert's words come before what is attached
READ_FOR_CALENDAR: Final = 2_000_000  # where more of it may hold a calendar's answer, which is no alert
HEADERS_READ: Final = 32_000  # bytes that are looked at for the key, before it is known who sends
TITLE_LIMIT, TEXT_LIMIT, NAME_LIMIT = 1024, 10_000, 200  # characters
# Where the envelope's recipient stands, the surest first: what the To says anybody may write.
RECIPIENTS: Final = ("x-envelope-to", "envelope-to", "x-original-to", "delivered-to", "to", "cc")
# What a subject that ends an alert begins with, or has in brackets; the rest of it is the alert's name.
_STATE = re.compile(
    r"\[\s*(firing|resolved|ok|recovered|problem|down|up|alarm)\s*(?::\s*\d+)?\s*\]"
    r"|^\W*(resolved|recovered|recovery|ok|problem|firing|alarm|down|up)\s*:",
    re.IGNORECASE,
)
ENDS: Final = ("resolved", "recovered", "recovery", "ok", "up")
_RE = re.compile(r"^\s*(?:(?:re|fwd?|aw|wg)\s*:\s*)+", re.IGNORECASE)
# What Tocsin writes itself: a page that came back in by an alias would page again, without end.
OURS: Final = re.compile(r"<[0-9a-f]{32}\.incident@|^Tocsin <tocsin\.")
_ADDRESS = re.compile(r"[^\s<>,;:\"()\[\]@]{1,320}@[^\s<>,;:\"()\[\]@]{1,255}")
PLUS: Final = re.compile(r"^[^@+]+\+([^@]+)@")


def verify(inbound: Inbound) -> None:
    """Whoever posts mail may be asked for the connection's secret. Raises Untrusted."""
    check_secret(inbound)


def credential(inbound: Inbound) -> str:
    """The ingest key: what stands behind the plus of the recipient, or its whole local part. Raises BadPayload."""
    raw, envelope = _mail(inbound)
    message = BytesHeaderParser(policy=policy.compat32).parsebytes(raw[:HEADERS_READ])
    found = [*(text_of(to) for to in envelope), *_recipients(inbound, message)]
    for address in found:
        if plus := PLUS.match(address):
            return plus[1]
    if found:
        return found[0].partition("@")[0]
    raise BadPayload("no recipient: give the envelope's in the header X-Envelope-To, or the key in the path")


def _recipients(inbound: Inbound, message: Message) -> Iterator[str]:
    for name in RECIPIENTS:
        for said in (inbound.headers.get(name, ""), *_headers(message, name)):
            yield from islice(_addresses(said), 50)


def _addresses(said: str) -> Iterator[str]:
    """The addresses in a header: by a bounded pattern, since the library's parser can be nested without end."""
    return (found[0] for found in _ADDRESS.finditer(said[:10_000]))


def parse(inbound: Inbound) -> Sequence[Signal]:
    """
    Give the signal of a mail; [] for bounces, auto-replies and mail of a list.

    The alert is its subject, without the words of state in it: a mail with another of these words is the same alert's.
    What a calendar answers to an invitation is no alert, whatever else the mail says.

    Raises:
        BadPayload: no headers that make a mail of it.
    """
    raw, _ = _mail(inbound)
    more = b"text/calendar" in raw[READ:READ_FOR_CALENDAR].lower()
    try:
        message = BytesParser(policy=policy.compat32).parsebytes(raw[: READ_FOR_CALENDAR if more else READ])
    except RecursionError:
        raise BadPayload("the parts of the mail are nested too deep") from None
    if not any(name in message for name in ("From", "Subject", "Message-ID", "Received")):
        raise BadPayload("the body is no mail: it has no From, Subject or Message-ID; post the raw message")
    method, calendar = _calendar(message)
    if method in ANSWERS:
        return [_answered(inbound, message, calendar)]
    if method in QUIET or _is_automatic(message):
        return []
    subject = one_line(_header(message, "Subject"), TITLE_LIMIT) or "A mail without a subject"
    found = _STATE.search(subject)
    state = next((word for word in found.groups() if word), "").lower() if found else ""
    title = one_line(_RE.sub("", _STATE.sub("", subject)), TITLE_LIMIT) or subject
    action: SignalAction = "resolve" if state in ENDS else "trigger"
    sender = next(_addresses(_header(message, "From")), "")
    config = inbound.config
    alert = Alert(
        inbound.source, key_of(title.lower()), title, _instant(message, inbound),
        clip(_text(message).strip(), TEXT_LIMIT), config.get("service"), "email", config.get("severity") or "error",
        {name: text for name, said in (("from", sender), ("subject", subject)) if (text := one_line(said, 200))},
    )  # fmt: skip
    return [Signal(action, alert, one_line(_header(message, "Message-ID"), NAME_LIMIT))]


def _calendar(message: Message) -> tuple[str, bytes]:
    """The METHOD of the mail's iCalendar part, and the part; empty without one. What is forwarded is left alone."""
    left = [message]
    while left:
        part = left.pop(0)
        if part.get_content_maintype() == "multipart" and part.is_multipart():
            left += [one for one in part.get_payload() if isinstance(one, Message)]
        elif part.get_content_type() in ("text/calendar", "application/ics"):
            data = part.get_payload(decode=True)
            body = _in_utf8(data if isinstance(data, bytes) else b"", part.get_content_charset("utf-8"))
            if method := method_of(body) or str(part.get_param("method") or "").upper():
                return method, body
    return "", b""


def _in_utf8(data: bytes, charset: str) -> bytes:
    try:
        return data if charset in ("utf-8", "us-ascii") else data.decode(charset, "replace").encode()
    except LookupError:
        return data


def _answered(inbound: Inbound, message: Message, calendar: bytes) -> Signal:
    """What a calendar answers, as a signal that is no alert; what cannot be read of it is kept with why, as `why`."""
    sender = next(_addresses(_header(message, "From")), "")
    try:
        answer = read_answer(calendar, sender, inbound.received_at)
        labels, name = answer.labels, f"{answer.uid} {answer.attendee}"
    except BadPayload as error:
        labels, name = {"why": str(error), "sender": sender}, _header(message, "Message-ID")
    text = clip(calendar.decode(errors="replace"), TEXT_LIMIT)
    alert = Alert(
        inbound.source, key_of(f"calendar {name}"), "A calendar's answer", inbound.received_at, text, labels=labels
    )  # fmt: skip
    return Signal("attendance", alert, one_line(_header(message, "Message-ID"), NAME_LIMIT))


def _mail(inbound: Inbound) -> tuple[bytes, list[Any]]:
    """The message, and the envelope's recipients where the body tells them: as JSON, as SES and some MTAs post it."""
    raw, envelope = inbound.body, []
    if raw[:1] == b"{":
        said = read_json(raw)
        if isinstance(at(said, "Message"), str):
            said = read_json(said["Message"].encode())  # SES through SNS, by raw delivery or not
        envelope = [*items_of(at(said, "envelope", "to")), *items_of(at(said, "receipt", "recipients"))]
        raw = text_of(at(said, "raw") or at(said, "content"), BODY_LIMIT).encode(errors="replace")
        if not raw:
            raise BadPayload("the JSON has neither 'raw' nor 'content', the whole message")
    if raw.startswith(b"From "):  # an mbox line, which some pipes put first
        raw = raw.partition(b"\n")[2]
    return raw, envelope


def _is_automatic(message: Message) -> bool:
    """Answers that machines give to mail: they tell of no alert. What a monitor generates by itself does."""
    submitted = _header(message, "Auto-Submitted").split(";")[0].strip().lower()
    bounced = _header(message, "Return-Path").strip() == "<>" or message.get_content_type() == "multipart/report"
    replies = any(name in message for name in ("X-Autoreply", "X-Autorespond", "X-Auto-Response-Suppress-Reply"))
    bulk = _header(message, "Precedence").strip().lower() in ("auto_reply", "bulk", "junk", "list")
    ours = OURS.search(_header(message, "References")) or OURS.search(_header(message, "List-Id"))
    return bool(ours) or bounced or replies or bulk or submitted not in ("", "no", "auto-generated")


def _header(message: Message, name: str) -> str:
    """The first header of a name as a text; empty where there is none."""
    return next(iter(_headers(message, name)), "")


def _headers(message: Message, name: str) -> list[str]:
    """The headers of a name as texts, also where they are packed (RFC 2047) or plain UTF-8."""
    return [_unpacked(str(value)) for key, value in message.raw_items() if key.lower() == name.lower()]


def _unpacked(said: str) -> str:
    text = said[:10_000].encode("ascii", "surrogateescape").decode("utf-8", "replace")
    try:
        return str(make_header(decode_header(text)))
    except (MessageError, ValueError, LookupError):
        return text


def _instant(message: Message, inbound: Inbound) -> datetime:
    try:
        said = parsedate_to_datetime(_header(message, "Date"))
    except (ValueError, TypeError, IndexError, OverflowError):
        return inbound.received_at
    near = said.tzinfo is not None and abs((inbound.received_at - said).total_seconds()) < 7 * 86_400
    return said.astimezone(inbound.received_at.tzinfo) if near else inbound.received_at


def _text(message: Message) -> str:
    """The plain text; where there is none, the words of the HTML."""
    for kind in ("plain", "html"):
        part = next((p for p in message.walk() if p.get_content_type() == f"text/{kind}" and not _attached(p)), None)
        if part is None:
            continue
        data = part.get_payload(decode=True)
        raw = data if isinstance(data, bytes) else str(data).encode(errors="replace")
        try:
            text = raw.decode(part.get_content_charset("utf-8"), "replace")
        except LookupError:
            text = raw.decode("utf-8", "replace")
        return text if kind == "plain" else _words(text)
    return ""


def _attached(part: Any) -> bool:
    return str(part.get("Content-Disposition") or "").lower().startswith("attachment")


class _Words(HTMLParser):
    """Collects what is read on a page: no styles, no scripts, a line for each block."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self._hidden += tag in ("style", "script", "head", "title")
        if tag in ("p", "div", "tr", "br", "li", "h1", "h2", "h3", "table"):
            self.words.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("style", "script", "head", "title") and self._hidden > 0

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.words.append(data)


def _words(page: str) -> str:
    reader = _Words()
    reader.feed(page[:100_000])
    lines = (" ".join(line.split()) for line in "".join(reader.words).splitlines())
    return "\n".join(line for line in lines if line)


def refused(refusal: Refusal) -> Answer:
    """As everywhere; an address whose key is not known is 401, which a mail server's pipe turns into a bounce."""
    return refused_plainly(replace(refusal, status=401) if refusal.reason == "key" else refusal)


SOURCE = Source(
    "email", "E-mail in", parse=parse, accepted=taken_plainly, refused=refused, paths=(PATH,), credential=credential,
    body_limit=BODY_LIMIT, verify=verify, raw=True,
)  # fmt: skip
