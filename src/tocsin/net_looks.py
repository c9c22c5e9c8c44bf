"""How a target is looked at: by a connection of its own, with its name looked up anew, and its certificate read."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
import threading
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import orjson
from aiohttp.abc import AbstractResolver, ResolveResult

from tocsin.sdk import Connect, Lookup, Response

if TYPE_CHECKING:
    from aiohttp.connector import Connection

AT_ONCE: Final = 64  # names that are looked up; a name server that hangs holds as many, and nothing else
BANNER_LIMIT: Final = 4_096  # bytes that are read of what a server sends first
NO_NAME: Final = (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME))
FAMILIES: Final = {"A": socket.AF_INET, "AAAA": socket.AF_INET6}
Found = list[tuple[Any, ...]]  # as getaddrinfo gives it


class Names(AbstractResolver):
    """
    Looks names up by threads of its own.

    The system's look-up blocks, for half a minute where a name server is silent; the few threads that the rest of the
    process shares, by which pages find their providers, must not wait for that.
    """

    def __init__(self) -> None:
        self._room: asyncio.Semaphore | None = None

    async def find(self, host: str, port: int, family: int = socket.AF_UNSPEC) -> Found:
        """Look a name up. Raises OSError as the system does."""
        self._room = self._room or asyncio.Semaphore(AT_ONCE)
        await self._room.acquire()
        loop, room = asyncio.get_running_loop(), self._room
        answer: asyncio.Future[Found] = loop.create_future()

        def settle(found: Found | OSError) -> None:
            room.release()
            if answer.done():
                return
            if isinstance(found, OSError):
                answer.set_exception(found)
            else:
                answer.set_result(found)

        def run() -> None:
            try:
                found: Found | OSError = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)
            except OSError as error:
                found = error
            except UnicodeError:
                found = OSError(f"{host[:80]!r} is no name")
            with contextlib.suppress(RuntimeError):  # the loop ended meanwhile
                loop.call_soon_threadsafe(settle, found)

        threading.Thread(target=run, name="look-up", daemon=True).start()
        return await answer

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The same, as the HTTP client asks for it."""
        return [
            {"hostname": host, "host": str(address[0]), "port": int(address[1]), "family": kind, "proto": proto,
             "flags": socket.AI_NUMERICHOST}
            for kind, _, proto, _, address in await self.find(host, port, family)
        ]  # fmt: skip

    async def close(self) -> None:
        """There is nothing to close."""


class _Looked(aiohttp.ClientResponse):
    """An answer that remembers the certificate that came with it."""

    certificate: Any = None

    async def start(self, connection: Connection) -> aiohttp.ClientResponse:
        tls = connection.transport.get_extra_info("ssl_object") if connection.transport else None
        self.certificate = tls.getpeercert() if tls else None
        return await super().start(connection)


def session(names: Names) -> aiohttp.ClientSession:
    """A client each of whose connections serves once; whoever looks bounds how many there are."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, force_close=True, use_dns_cache=False, resolver=names),
        cookie_jar=aiohttp.DummyCookieJar(), trust_env=False, auto_decompress=False,
        skip_auto_headers=("Content-Type",), response_class=_Looked, timeout=aiohttp.ClientTimeout(total=None),
    )  # fmt: skip


def certificate_until(answer: aiohttp.ClientResponse) -> datetime | None:
    """When the certificate of an answer ends; None without TLS."""
    certificate = getattr(answer, "certificate", None)
    if not certificate:
        return None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(certificate["notAfter"]), UTC)


def trusting(ca_file: str) -> ssl.SSLContext | bool:
    """Whom a certificate is believed: those in a file, else those whom the system knows. Raises OSError."""
    return _context(ca_file) if ca_file else True


@lru_cache(maxsize=64)
def _context(ca_file: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca_file)


def reason(error: BaseException) -> str:
    """Why a target could not be looked at, in words."""
    match error:
        case aiohttp.ClientConnectorCertificateError():
            why = str(getattr(error.certificate_error, "verify_message", "") or error.certificate_error)
            return f"the certificate is not valid: {why}"
        case aiohttp.ClientConnectorDNSError():
            return f"the name {error.host} cannot be looked up: {error.os_error.strerror}"
        case aiohttp.ClientConnectorSSLError():
            return f"no TLS can be agreed on: {error.os_error.strerror}"
        case aiohttp.ClientConnectorError():
            return f"cannot connect to {error.host}:{error.port}: {_plain(error.os_error)}"
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientPayloadError():
            return "the connection was closed before the answer was whole"
    return _plain(error) if isinstance(error, OSError) else f"{type(error).__name__}: {error}"


def _plain(error: OSError) -> str:
    """The system's words, which asyncio puts an address around."""
    return os.strerror(error.errno).lower() if error.errno and error.errno > 0 else error.strerror or str(error)


async def ask(asked: Connect | Lookup, names: Names) -> Response:
    """Do one of the two."""
    return await (connect(asked, names) if isinstance(asked, Connect) else look_up(asked, names))


async def connect(asked: Connect, names: Names) -> Response:
    """Make a connection and close it; with a text to wait for, read until it is there."""
    end = asyncio.get_running_loop().time() + asked.timeout_seconds
    async with asyncio.timeout_at(end):
        try:
            transport, first = await _connected(asked, names)
        except TimeoutError:
            raise
        except OSError as error:
            why = f"cannot connect to {asked.host}:{asked.port}: {_plain(error)}"
            return Response(0, error=why)
    try:
        if asked.until:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(end):
                    await first.until(asked.until.encode())
    finally:
        transport.abort()
    return Response(200, body=bytes(first.taken))


class _First(asyncio.Protocol):
    """Keeps what a server sends first."""

    def __init__(self) -> None:
        self.taken, self.more = bytearray(), asyncio.Event()
        self.ended = False

    def data_received(self, data: bytes) -> None:
        self.taken += data[: BANNER_LIMIT - len(self.taken)]
        self.more.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended = True
        self.more.set()

    async def until(self, text: bytes) -> None:
        """Wait until *text* was sent, or the far side has closed, or sent enough."""
        while text not in self.taken and not self.ended and len(self.taken) < BANNER_LIMIT:
            self.more.clear()
            await self.more.wait()


async def _connected(asked: Connect, names: Names) -> tuple[asyncio.Transport, _First]:
    """Connect to the first of a host's addresses that takes it; each has its share of the time. Raises OSError."""
    loop = asyncio.get_running_loop()
    failed: OSError = OSError("the name has no address")
    found = await names.find(asked.host, asked.port)
    for *_, address in found:
        try:
            async with asyncio.timeout(asked.timeout_seconds / len(found)):
                return await loop.create_connection(_First, str(address[0]), asked.port)
        except OSError as error:
            failed = error
    raise failed


async def look_up(asked: Lookup, names: Names) -> Response:
    """The addresses of a name, each once."""
    try:
        async with asyncio.timeout(asked.timeout_seconds):
            found = await names.find(asked.host, 0, FAMILIES[asked.record])
    except socket.gaierror as error:
        if error.errno in NO_NAME:
            return Response(200, body=b"[]", error="there is no such name, or it has no such address")
        return Response(0, error=f"the name cannot be looked up: {error.strerror}")
    return Response(200, body=orjson.dumps(list(dict.fromkeys(str(entry[4][0]) for entry in found))))
