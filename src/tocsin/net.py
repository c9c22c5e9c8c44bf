"""The one client of the outside world: deadlines, size caps, redaction, signatures. Nothing else opens a socket."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from email.utils import format_datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Final, TypeVar

import aiosmtplib
import httpx
import orjson

from tocsin.points import armed, passing
from tocsin.sdk import Conversation, Line, Mail, Outgoing, Reject, Request, Response, Retry

T = TypeVar("T")
ANSWER_LIMIT: Final = 65_536  # bytes, unless a request says otherwise; reliability.md section 1
ERROR_LIMIT: Final = 300  # characters
GOODBYE_SECONDS: Final = 1.0
SIGNATURE_HEADER: Final = "Tocsin-Signature"
PACKED: Final = ("gzip", "x-gzip", "deflate")
GZIP_OR_ZLIB: Final = 47  # zlib's `wbits`: it finds out by itself which of the two it is
# What the outside does to us, as exceptions. OverflowError: a port over 65535.
OUTSIDE: Final = (
    httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, aiosmtplib.SMTPException, OSError, EOFError, ValueError,
    OverflowError,
)  # fmt: skip

_NAMES = "password|passwd|secret|token|api[-_]?key|routing[-_]key|signature"
_SECRETS = (
    re.compile(r"(/bot)[^/\s\"']+"),  # Telegram's token stands in the path
    re.compile(r"()\b\d{6,}:[\w-]{30,}"),  # and alone
    re.compile(r"(://[^/\s:@]+:)[^\s/]+(?=@)"),
    re.compile(r"(authorization[\"']?\s*[:=]\s*[\"']?(?:[a-z]+\s+)?)[^\s\"',]+", re.IGNORECASE),
    re.compile(r"(\b(?:bearer|basic)\s+)[\w.~+/=-]{8,}", re.IGNORECASE),
    re.compile(rf"((?:{_NAMES})[\"']?\s*[:=]\s*)(?:\"[^\"]*\"|'[^']*'|[^\s\"'&,]+)", re.IGNORECASE),
)


def redact(text: str, *secrets: str) -> str:
    """Take the secrets out of a text that will be logged, stored or shown: what looks like one, and *secrets*."""
    for secret in secrets:
        text = text.replace(secret, "***") if secret else text
    for pattern in _SECRETS:
        text = pattern.sub(r"\1***", text)
    return text


class Network:
    """
    Carries conversations. `console` takes the lines for whoever looks at the server; `now` is the clock.

    Every address comes from the runbook today, which is trusted: private addresses and plain http are allowed. A rule
    for addresses that come from elsewhere belongs into `_request`, before anything is connected.
    """

    def __init__(self, console: Callable[[str], None], now: Callable[[], datetime]) -> None:
        self._console, self._now = console, now
        self._http = httpx.AsyncClient(
            follow_redirects=False, trust_env=False, timeout=30,  # the deadline of each request is shorter
            limits=httpx.Limits(max_connections=100, max_keepalive_connections=20),
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),  # none is kept
        )  # fmt: skip

    async def converse(self, conversation: Conversation[T]) -> T:
        """
        Send what the conversation asks for, one after the other, and return what it returns.

        Raises:
            Nothing for what the outside does: no answer is a Response with status 0 and the reason. A bug in the
            conversation itself stays loud.
        """
        try:
            outgoing = next(conversation)
            while True:
                outgoing = conversation.send(await self.send(outgoing))
        except StopIteration as end:
            value: T = end.value
            if isinstance(value, (Retry, Reject)):  # a provider's own words may hold what it was sent
                return replace(value, why=redact(value.why))
            return value

    async def send(self, outgoing: Outgoing) -> Response:
        """Send one request, mail or line within its own deadline."""
        if isinstance(outgoing, Line):
            self._console(outgoing.text)
            return Response(200)
        try:
            return await (self._mail(outgoing) if isinstance(outgoing, Mail) else self._request(outgoing))
        except TimeoutError:
            return Response(0, error=f"no answer within {outgoing.timeout_seconds:g} s")
        except OUTSIDE as error:
            return Response(0, error=_words(f"{type(error).__name__}: {error}", outgoing))
        except ExceptionGroup as group:  # how the connector tells of some
            if group.split(OUTSIDE)[1] is not None:
                raise
            return Response(0, error=_words(f"{group.exceptions[0]}", outgoing))

    async def _request(self, request: Request) -> Response:
        headers = {"User-Agent": "Tocsin", "Accept-Encoding": "identity", **request.headers}
        body = request.body
        if body is None and request.json is not None:
            body = orjson.dumps(request.json)
            headers.setdefault("Content-Type", "application/json")
        if request.sign_with:
            headers[SIGNATURE_HEADER] = sign(request.sign_with, body or b"", self._now())
        async with asyncio.timeout(request.timeout_seconds):
            async with self._http.stream(
                request.method, request.url, headers=headers, content=body, extensions=_traced()
            ) as answer:
                taken = await _read(answer, request.answer_limit)
        return Response(answer.status_code, {n.lower(): value for n, value in answer.headers.items()}, taken)

    async def _mail(self, mail: Mail) -> Response:
        client = aiosmtplib.SMTP(
            hostname=mail.host, port=mail.port, timeout=mail.timeout_seconds,
            username=mail.username or None, password=mail.password if mail.username else None,
            use_tls=mail.security == "tls", start_tls=mail.security == "starttls",
            local_hostname=mail.sender.rpartition("@")[2] or "localhost",  # else a look-up that blocks every task
        )  # fmt: skip
        try:
            async with asyncio.timeout(mail.timeout_seconds):
                await client.connect()
                _, answer = await client.sendmail(mail.sender, mail.recipients, self._dated(mail.message))
            with contextlib.suppress(aiosmtplib.SMTPException):  # it has the mail; a goodbye that fails changes nothing
                await client.quit(timeout=GOODBYE_SECONDS)
        except aiosmtplib.SMTPRecipientsRefused as error:
            refused = error.recipients[0]
            return Response(refused.code, error=_words(refused.message, mail))
        except aiosmtplib.SMTPResponseException as error:
            return Response(max(error.code, 0), error=_words(error.message, mail))  # -1: no SMTP at all
        finally:
            client.close()
        return Response(250, body=answer.encode())

    def _dated(self, message: bytes) -> bytes:
        """Integrations have no clock: a mail without a Date gets it here."""
        if re.search(rb"(?im)^date:", message.partition(b"\r\n\r\n")[0]):
            return message
        return f"Date: {format_datetime(self._now())}\r\n".encode() + message

    async def close(self) -> None:
        """Close every connection."""
        await self._http.aclose()


# What the HTTP client says of its progress, to the crash points of sending.
_POINTS: Final = {
    "http11.send_request_headers.started": "O3",
    "http11.send_request_body.complete": "O4",
    "http11.receive_response_headers.complete": "O5",
}


def _traced() -> dict[str, Any]:
    return {"trace": _trace} if armed() else {}


async def _trace(event: str, _info: Mapping[str, Any]) -> None:
    if event in _POINTS:
        passing(_POINTS[event])


async def _read(answer: httpx.Response, limit: int) -> bytes:
    """Read at most *limit* bytes of an answer; a packed one is unpacked no further. The rest is not waited for."""
    packed = answer.headers.get("content-encoding", "").strip().lower() in PACKED
    unpacker = zlib.decompressobj(GZIP_OR_ZLIB) if packed else None
    taken = bytearray()
    async for chunk in answer.aiter_raw():
        room = limit - len(taken)
        try:
            taken += unpacker.decompress(chunk, room) if unpacker else chunk[:room]
        except zlib.error:
            break
        if len(taken) >= limit:
            break
    return bytes(taken)


def _words(text: str, outgoing: Request | Mail) -> str:
    """What went wrong, short and without the secrets of what was sent."""
    if isinstance(outgoing, Mail):
        known = [outgoing.password]
    else:
        known = [outgoing.sign_with, *(value for value in outgoing.headers.values() if len(value) >= 8)]
    return redact(text[: 10 * ERROR_LIMIT], *known)[:ERROR_LIMIT]


def sign(secret: str, body: bytes, at: datetime) -> str:
    """Sign a body with the instant it is sent at: `t=SECONDS,v1=HEX`, HMAC-SHA256 over `SECONDS.BODY`."""
    seconds = str(int(at.timestamp()))
    digest = hmac.new(secret.encode(), seconds.encode() + b"." + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"
