"""The one client of the outside world: deadlines, size caps, redaction, signatures. Nothing else opens a socket."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import logging
import os
import re
import signal
import socket
import threading
import zlib
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import format_datetime
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import aiohttp
import aiosmtplib
import orjson
from yarl import URL

from tocsin import net_looks
from tocsin.points import armed, passing
from tocsin.sdk import (
    ANSWER_LIMIT,
    Acted,
    Connect,
    Conversation,
    Found,
    Line,
    Lookup,
    Mail,
    Notice,
    Outgoing,
    Program,
    Reject,
    Request,
    Response,
    Retry,
    Sql,
    Tested,
)

if TYPE_CHECKING:
    from aiohttp.connector import Connection

T = TypeVar("T")
ERROR_LIMIT: Final = 300  # characters
GOODBYE_SECONDS: Final = 1.0
SIGNATURE_HEADER: Final = "Tocsin-Signature"
PACKED: Final = ("gzip", "x-gzip", "deflate")
GZIP_OR_ZLIB: Final = 47  # zlib's `wbits`: it finds out by itself which of the two it is
# What the outside does to us, as exceptions. OverflowError: a port over 65535.
OUTSIDE: Final = (
    aiohttp.ClientError,
    aiosmtplib.SMTPException,
    OSError,
    EOFError,
    ValueError,
    OverflowError,
)
KEPT_SECONDS: Final = 15.0  # an idle connection

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


def _said(value: object, known: Collection[str]) -> object:
    """What a conversation returned, without secrets: a provider's own words may hold what it was sent."""
    match value:
        case Retry() | Reject():
            return replace(value, why=redact(value.why, *known))
        case Acted():
            return replace(value, why=redact(value.why, *known), receipt=redact(value.receipt, *known))
        case Found():
            return replace(value, text=redact(value.text, *known))
        case Tested():
            missing = tuple(redact(each, *known) for each in value.missing)
            return replace(value, missing=missing, text=redact(value.text, *known))
        case list() | tuple():
            return [_said(each, known) for each in value]
    return value


_OPEN_HEADERS: Final = ("accept", "content-type", "user-agent", "x-github-api-version")


def _credentials(outgoing: Outgoing) -> list[str]:
    """The secrets that a request or statement carries, and which a far side may repeat."""
    match outgoing:
        case Request():
            shown = [value for name, value in outgoing.headers.items() if name.lower() not in _OPEN_HEADERS]
            given = [part for value in shown for part in (value, value.rpartition(" ")[2])]
        case Sql():
            given = [outgoing.dsn, *_passwords(outgoing.dsn)]
        case Mail():
            given = [outgoing.password]
        case _:
            given = []
    return [secret for secret in given if len(secret) >= 8]


async def _resolve(host: str, port: int) -> list[str]:
    """Every address of a host, as the system knows them."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


# What the standard library calls global and is not, or leads elsewhere: shared space, protocol assignments, NAT64,
# Teredo and 6to4, IPv4 inside of IPv6. Source: reliability.md section 6, IANA's special-purpose registries.
_NOT_PUBLIC: Final = tuple(
    ip_network(block)
    for block in (
        "100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15", "240.0.0.0/4", "::/96", "::ffff:0:0/96",
        "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2002::/16", "3fff::/20", "fec0::/10",
    )
)  # fmt: skip


def is_public(address: str) -> bool:
    """Say whether an address is one of the open internet."""
    try:
        ip = ip_address(address)
    except ValueError:  # a link-local one with its zone
        return False
    return ip.is_global and not ip.is_multicast and not any(ip in block for block in _NOT_PUBLIC)


@dataclass(frozen=True, slots=True)
class Outside:
    """What an address that a stranger gave may be. Tests, which have no open internet, supply another."""

    schemes: Collection[str] = ("https",)
    ports: Collection[int] = (443, 8443)
    allows: Callable[[str], bool] = is_public
    resolve: Callable[[str, int], Awaitable[list[str]]] = _resolve


class Network:
    """
    Carries conversations. `console` takes the lines for whoever looks at the server; `now` is the clock.

    Addresses of the runbook are trusted: private addresses and plain http are allowed. A request that is `public` goes
    only where *outside* allows: its name is looked up once, and the address that was judged is the one connected to.
    """

    def __init__(
        self, console: Callable[[str], None], now: Callable[[], datetime], outside: Outside | None = None
    ) -> None:  # fmt: skip
        self._console, self._now, self._outside = console, now, outside or Outside()
        self._sessions: dict[bool, aiohttp.ClientSession] = {}  # by whether they go to addresses that strangers gave
        self._names = net_looks.Names()
        self._looking: aiohttp.ClientSession | None = None

    def _http(self, *, strange: bool) -> aiohttp.ClientSession:
        """
        The session, made where its event loop runs.

        It has no limit of connections of its own: whoever sends has one, so that a destination that hangs cannot use
        up what others need. To strangers each connection serves once.
        """
        if strange not in self._sessions:
            kept: dict[str, Any] = {"force_close": True} if strange else {"keepalive_timeout": KEPT_SECONDS}
            self._sessions[strange] = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, **kept),
                cookie_jar=aiohttp.DummyCookieJar(), trust_env=False, auto_decompress=False,
                skip_auto_headers=("Content-Type",), response_class=_Answer,
                timeout=aiohttp.ClientTimeout(total=None),  # each request has a deadline
            )  # fmt: skip
        return self._sessions[strange]

    async def converse(self, conversation: Conversation[T]) -> T:
        """
        Send what the conversation asks for, one after the other, and return what it returns.

        Raises:
            Nothing for what the outside does: no answer is a Response with status 0 and the reason. A bug in the
            conversation itself stays loud.
        """
        known: set[str] = set()
        try:
            outgoing = next(conversation)
            while True:
                known.update(_credentials(outgoing))
                outgoing = conversation.send(await self.send(outgoing))
        except StopIteration as end:
            return cast("T", _said(end.value, sorted(known, key=len, reverse=True)))

    async def each(
        self, conversations: Sequence[Callable[[], Conversation[T]]], seconds: float
    ) -> list[T | Exception]:  # fmt: skip
        """
        Carry many conversations side by side, each within *seconds* as a whole; returns what each returned.

        One that raises, or takes longer, gives its exception in that place: the others go on.
        """

        async def one(begin: Callable[[], Conversation[T]]) -> T | Exception:
            try:
                async with asyncio.timeout(seconds):
                    return await self.converse(begin())
            except Exception as error:  # noqa: BLE001 - whatever one of them does
                return error

        return list(await asyncio.gather(*map(one, conversations)))

    async def send(self, outgoing: Outgoing) -> Response:
        """Send one request, mail or line within its own deadline."""
        if isinstance(outgoing, Line):
            self._console(outgoing.text)
            return Response(200)
        try:
            return await self._verb(outgoing)
        except TimeoutError:
            return Response(0, error=f"no answer within {outgoing.timeout_seconds:g} s")
        except aiohttp.ClientError as error:
            return Response(0, error=_words(net_looks.reason(error), outgoing))
        except OUTSIDE as error:
            return Response(0, error=_words(f"{type(error).__name__}: {error}", outgoing))

    async def _verb(self, outgoing: Request | Mail | Notice | Sql | Program | Connect | Lookup) -> Response:
        match outgoing:
            case Connect() | Lookup():
                return await net_looks.ask(outgoing, self._names)
            case Sql():
                return await _sql(outgoing)
            case Program():
                return await _program(outgoing)
            case Mail():
                return await self._mail(outgoing)
            case Notice():
                return await _notice(outgoing)
            case _:
                return await (
                    self._fresh(outgoing) if outgoing.fresh and not outgoing.public else self._request(outgoing)
                )

    async def _fresh(self, request: Request) -> Response:
        """Look at an address as somebody who comes there for the first time does."""
        self._looking = self._looking or net_looks.session(self._names)
        headers, body = {"User-Agent": "Tocsin", "Accept-Encoding": "identity", **request.headers}, request.body
        if body is None and request.json is not None:
            body, headers["Content-Type"] = orjson.dumps(request.json), "application/json"
        try:
            async with (
                asyncio.timeout(request.timeout_seconds),
                self._looking.request(
                    request.method, request.url, headers=headers, data=body, allow_redirects=False,
                    ssl=net_looks.trusting(request.ca_file),
                ) as answer,
            ):  # fmt: skip
                taken = await _read(answer, request.answer_limit)
        except (aiohttp.ClientError, OSError) as error:
            if isinstance(error, TimeoutError):
                raise
            return Response(0, error=_words(net_looks.reason(error), request))
        kept = {name.lower(): value for name, value in answer.headers.items()}
        return Response(answer.status, kept, taken, certificate_until=net_looks.certificate_until(answer))

    async def _request(self, request: Request) -> Response:
        headers = {"User-Agent": "Tocsin", "Accept-Encoding": "identity", **request.headers}
        body = request.body
        if body is None and request.json is not None:
            body = orjson.dumps(request.json)
            headers.setdefault("Content-Type", "application/json")
        if request.sign_with:
            headers[SIGNATURE_HEADER] = sign(request.sign_with, body or b"", self._now())
        if request.headers_at:
            headers.update(request.headers_at(self._now()))
        url: str | URL = request.url
        clock = asyncio.get_running_loop().time
        began = clock()
        async with asyncio.timeout(request.timeout_seconds):
            proves: str | None = None
            if request.public:
                url, headers["Host"], proves = await self._judged(request.url)
            async with self._http(strange=request.public).request(
                request.method, url, headers=headers, data=body, allow_redirects=False, server_hostname=proves
            ) as answer:
                taken = await _read(answer, request.answer_limit)
        names = {name.lower(): value for name, value in answer.headers.items()}
        return Response(answer.status, names, taken, seconds=clock() - began)

    async def _judged(self, address: str) -> tuple[URL, str, str]:
        """
        The address with its host as a number that may be connected to, the Host header, and the name to prove by TLS.

        Raises:
            ValueError: it may not be connected to.
        """
        url = URL(address)
        named = url.user is not None or url.password is not None
        if url.scheme not in self._outside.schemes or url.port not in self._outside.ports or named or not url.raw_host:
            raise ValueError("only https on port 443 or 8443, without a name and password, is connected to")
        found = await self._outside.resolve(url.raw_host, url.port or 0)
        if not found or not all(self._outside.allows(each) for each in found):
            raise ValueError("the host has no address, or one that is not public")
        return url.with_host(found[0]), url.raw_authority, url.raw_host

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
                if not mail.recipients:  # only whether it would take one
                    answer = (await client.noop()).message
                else:
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
        for session in (*self._sessions.values(), *([self._looking] if self._looking else [])):
            await session.close()
        await asyncio.sleep(0.02)  # what is closed tells the loop so in its next turns


class _Answer(aiohttp.ClientResponse):
    """An answer of which the crash points of sending are told how far it is."""

    async def start(self, connection: Connection) -> aiohttp.ClientResponse:
        if not armed():
            return await super().start(connection)
        passing("O3")
        await asyncio.sleep(0.01)  # on Python 3.11 the bytes are written by a task of their own
        passing("O4")
        answer = await super().start(connection)
        passing("O5")
        return answer


async def _read(answer: aiohttp.ClientResponse, limit: int) -> bytes:
    """Read at most *limit* bytes of an answer, a packed one unpacked no further. The rest is not waited for."""
    packed = answer.headers.get("Content-Encoding", "").strip().lower() in PACKED
    unpacker = zlib.decompressobj(GZIP_OR_ZLIB) if packed else None
    taken = bytearray()
    async for chunk in answer.content.iter_any():
        room = limit - len(taken)
        try:
            taken += unpacker.decompress(chunk, room) if unpacker else chunk[:room]
        except zlib.error:
            break
        if len(taken) >= limit:
            break
    return bytes(taken)


async def _notice(notice: Notice) -> Response:
    """
    Give a notice to apprise, which blocks, in a thread of its own; its answer is yes or no, with what it logged.

    A call that hangs is left behind at the deadline: it holds back neither the others nor the end of the process.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Response] = loop.create_future()

    def settle(response: Response) -> None:
        if not answer.done():
            answer.set_result(response)

    def run() -> None:
        try:
            response = _through_apprise(notice)
        except Exception as error:  # noqa: BLE001 - whatever one of a hundred services does
            response = Response(0, error=_words(f"{type(error).__name__}: {error}", notice))
        with contextlib.suppress(RuntimeError):  # the loop ended meanwhile
            loop.call_soon_threadsafe(settle, response)

    threading.Thread(target=run, name="apprise", daemon=True).start()
    async with asyncio.timeout(notice.timeout_seconds):
        return await answer


def _through_apprise(notice: Notice) -> Response:
    import apprise  # noqa: PLC0415 - about a second, and only for who uses it

    asset = apprise.AppriseAsset(http_redirects=False, service_timeout=notice.timeout_seconds)
    services = apprise.Apprise(asset=asset)
    if not services.add(notice.url):
        return Response(400, error="apprise does not know this kind of address")
    kind = apprise.NotifyType.FAILURE if notice.urgent else apprise.NotifyType.INFO
    said: list[str] = []
    took = services.notify(
        notice.body, notice.title, kind, body_format=apprise.NotifyFormat.TEXT,
        log_callback=lambda entry, _service: said.append(entry.message), log_level=logging.WARNING,
    )  # fmt: skip
    why = " ".join(dict.fromkeys(said)) or "apprise says that it did not go out, and not why"
    return Response(200) if took else Response(502, error=_words(why, notice))


async def _sql(sql: Sql) -> Response:
    from tocsin import net_sql  # noqa: PLC0415 - slow to load, and only for who uses it

    answer = await net_sql.run(sql)
    return replace(answer, error=_words(answer.error, sql)) if answer.error else answer


def _passwords(dsn: str) -> list[str]:
    from tocsin import net_sql  # noqa: PLC0415

    return net_sql.passwords(dsn)


async def _program(program: Program) -> Response:
    """
    Run a program without a shell, in a clean environment; at its time limit it and its children are ended.

    Of what it writes the beginning is kept and the rest is read and dropped: a full pipe would stop it.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *program.arguments, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT, env={"PATH": os.defpath, "LANG": "C.UTF-8"}, start_new_session=True,
        )  # fmt: skip
    except (OSError, ValueError) as error:
        return Response(0, {"started": "no"}, error=f"{program.arguments[0]} could not be started: {error}")
    said = bytearray()
    try:
        async with asyncio.timeout(program.timeout_seconds):
            while process.stdout and (chunk := await process.stdout.read(ANSWER_LIMIT)):
                said += chunk[: ANSWER_LIMIT - len(said)]
            await process.wait()
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    code = process.returncode or 0
    return Response(200 if code == 0 else 400, {"exit": str(code)}, bytes(said))


def _words(text: str, outgoing: Request | Mail | Notice | Sql | Program | Connect | Lookup) -> str:
    """What went wrong, short and without the secrets of what was sent."""
    match outgoing:
        case Mail():
            known = [outgoing.password]
        case Notice():
            known = [outgoing.url]
        case Sql():
            known = [outgoing.dsn, *_passwords(outgoing.dsn)]
        case Program() | Connect() | Lookup():
            known = []
        case _:
            known = [outgoing.sign_with, *(value for value in outgoing.headers.values() if len(value) >= 8)]
            path = outgoing.url.partition("://")[2].partition("/")[2]
            known += [outgoing.url, path]  # a chat's webhook: whoever has its address may write
    known = sorted((secret for secret in known if len(secret) >= 8), key=len, reverse=True)
    return redact(text[: 10 * ERROR_LIMIT], *known)[:ERROR_LIMIT]


def sign(secret: str, body: bytes, at: datetime) -> str:
    """Sign a body with the instant it is sent at: `t=SECONDS,v1=HEX`, HMAC-SHA256 over `SECONDS.BODY`."""
    seconds = str(int(at.timestamp()))
    digest = hmac.new(secret.encode(), seconds.encode() + b"." + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"
