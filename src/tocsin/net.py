"""The one client of the outside world: deadlines, size caps, redaction, signatures. Nothing else opens a socket."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
from collections.abc import Callable
from datetime import datetime
from email.utils import format_datetime
from typing import Final, TypeVar

import aiosmtplib
import httpx
import orjson

from tocsin.sdk import Conversation, Line, Mail, Outgoing, Request, Response

T = TypeVar("T")
ANSWER_LIMIT: Final = 65_536  # bytes; reliability.md section 1
SIGNATURE_HEADER: Final = "Tocsin-Signature"
_SECRETS = (
    re.compile(r"(/bot)[^/\s]+"),  # Telegram's token stands in the path
    re.compile(r"(://[^/\s:@]+:)[^@\s/]+(?=@)"),
    re.compile(r"((?:authorization|password|secret|token|api[-_]?key)[\"']?\s*[:=]\s*)\S+", re.IGNORECASE),
)


def redact(text: str) -> str:
    """Take the secrets out of a text that will be logged, stored or shown."""
    for pattern in _SECRETS:
        text = pattern.sub(r"\1***", text)
    return text


class Network:
    """Carries conversations. `console` takes the lines for whoever looks at the server; `now` is the clock."""

    def __init__(self, console: Callable[[str], None], now: Callable[[], datetime]) -> None:
        self._console, self._now = console, now
        limits = httpx.Limits(max_connections=100, max_keepalive_connections=20)
        self._http = httpx.AsyncClient(
            follow_redirects=False, trust_env=False, limits=limits, timeout=30
        )  # the deadline of each request is shorter

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
            return value

    async def send(self, outgoing: Outgoing) -> Response:
        """Send one request, mail or line within its own deadline."""
        if isinstance(outgoing, Line):
            self._console(outgoing.text)
            return Response(200)
        try:
            async with asyncio.timeout(outgoing.timeout_seconds):
                return await (self._mail(outgoing) if isinstance(outgoing, Mail) else self._request(outgoing))
        except TimeoutError:
            return Response(0, error=f"no answer within {outgoing.timeout_seconds:g} s")
        except (httpx.HTTPError, httpx.InvalidURL, aiosmtplib.SMTPException, OSError, ValueError) as error:
            return Response(0, error=redact(f"{type(error).__name__}: {error}")[:300])

    async def _request(self, request: Request) -> Response:
        headers = {"User-Agent": "Tocsin", "Accept-Encoding": "identity", **request.headers}
        body = request.body
        if body is None and request.json is not None:
            body = orjson.dumps(request.json)
            headers.setdefault("Content-Type", "application/json")
        if request.sign_with:
            headers[SIGNATURE_HEADER] = sign(request.sign_with, body or b"", self._now())
        async with self._http.stream(request.method, request.url, headers=headers, content=body) as answer:
            taken = bytearray()
            async for chunk in answer.aiter_raw():
                taken += chunk
                if len(taken) >= ANSWER_LIMIT:
                    break
            names = {name.lower(): value for name, value in answer.headers.items()}
            return Response(answer.status_code, names, bytes(taken[:ANSWER_LIMIT]))

    async def _mail(self, mail: Mail) -> Response:
        message = mail.message
        if b"\nDate:" not in message.partition(b"\r\n\r\n")[0]:
            message = f"Date: {format_datetime(self._now())}\r\n".encode() + message
        try:
            _, answer = await aiosmtplib.send(
                message, sender=mail.sender, recipients=list(mail.recipients), hostname=mail.host, port=mail.port,
                username=mail.username or None, password=mail.password or None, timeout=mail.timeout_seconds,
                use_tls=mail.security == "tls", start_tls=mail.security == "starttls",
            )  # fmt: skip
        except aiosmtplib.SMTPRecipientsRefused as error:
            first = error.recipients[0]
            return Response(first.code, error=redact(str(first.message)))
        except aiosmtplib.SMTPResponseException as error:
            return Response(error.code, error=redact(str(error.message)))
        return Response(250, body=str(answer).encode())

    async def close(self) -> None:
        """Close every connection."""
        await self._http.aclose()


def sign(secret: str, body: bytes, at: datetime) -> str:
    """Sign a body with the instant it is sent at: `t=SECONDS,v1=HEX`, HMAC-SHA256 over `SECONDS.BODY`."""
    seconds = str(int(at.timestamp()))
    digest = hmac.new(secret.encode(), seconds.encode() + b"." + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"
