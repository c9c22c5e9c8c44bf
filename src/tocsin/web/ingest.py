"""Every inbound path, vendor-shaped ones too: key, body, parse, store, answer. The hot path of the whole."""

from __future__ import annotations

import asyncio
import hashlib
import math
import zlib
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import replace
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

import orjson
import structlog

from tocsin.net import Network
from tocsin.points import passing
from tocsin.sdk import Answer, BadPayload, Inbound, Refusal, Request, Signal, Source, Untrusted, read_json
from tocsin.store import access
from tocsin.store.db import Busy, Database, Tx
from tocsin.usecases import ingest
from tocsin.usecases.configure import NoRunbook, Setup, in_force, source_config
from tocsin.web.limits import Limits

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

BODY_SECONDS: Final = 15.0  # reliability.md section 1
STORE_SECONDS: Final = 4.5  # for a store that does not answer; a sender is told so within 5 s, however long others wait
KEYS_LIVE_SECONDS: Final = 1.0  # a key that is deleted on another node works no longer than this
RETRY_AFTER_SECONDS: Final = 5
TELLS_RATE: Final = "/v2/"  # where 429 is known to be tried again; elsewhere a key's own limit is told as 503
PACKED: Final = ("gzip", "x-gzip", "deflate")
GZIP_OR_ZLIB: Final = 47  # zlib's `wbits`: it finds out by itself which of the two it is
PUT_OFF: Final = {TimeoutError: "the database does not answer", MemoryError: "no memory is left"}
FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")
FETCHED_SECONDS: Final = 3600.0  # how long what a source needs of its vendor is kept
FETCHED_KEPT: Final = 64  # answers

log = structlog.get_logger("tocsin.ingest")


class IngestApp:
    """An ASGI application of its own, before the rest of the web: no framework stands in the hot path."""

    def __init__(
        self, db: Database, setup: Setup, meter: Callable[[str, str], None] | None = None, limits: Limits | None = None,
        network: Network | None = None,
    ) -> None:  # fmt: skip
        self.db, self.setup, self.limits, self.network = db, setup, limits or Limits(), network
        self._fetched: dict[str, tuple[float, bytes]] = {}  # by address: when, and the body
        self.meter = meter or (lambda source, outcome: None)
        self._by_path = {path: source for source in setup.plugins.sources.values() for path in source.paths}
        self._take = self._taker()
        self._keys: dict[str, str] = {}  # hash of a key to the source it is good for
        self._configs: Mapping[str, Any] = {}
        self._read_at = -1e9
        self._reading: asyncio.Task[tuple[dict[str, str], Mapping[str, Any]]] | None = None
        db.listen(self._heard)

    def _taker(self) -> Callable[[Tx, list[Sequence[Signal]]], list[None]]:
        setup = self.setup

        def take(tx: Tx, requests: list[Sequence[Signal]]) -> list[None]:
            return ingest.ingest(tx, setup, requests)

        return take

    def _heard(self, touched: frozenset[str]) -> None:
        if touched & {"keys", "runbook"}:
            self._read_at = -1e9

    def handles(self, path: str) -> bool:
        """Say whether the path belongs here."""
        return path.startswith("/in/") or path in self._by_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        passing("I1")
        source, key = self._find(scope["path"])
        if source is None:
            await answer_with(
                send, Answer(404, {"error": "no such source; the sources are listed in the documentation"})
            )
            return
        if scope["method"] not in source.methods:
            await answer_with(send, _not_taken(source, scope["method"]))
            return
        outcome, answer = await self._work(source, key, scope, receive)
        self.meter(source.name, outcome)
        await answer_with(send, _with(answer, **ANYWHERE) if source.browser else answer)
        passing("I9")

    def _find(self, path: str) -> tuple[Source | None, str]:
        if path in self._by_path:
            return self._by_path[path], ""
        parts = path.split("/")
        if len(parts) == 4 and parts[3]:
            source = self.setup.plugins.sources.get(parts[2])
            keyed = source is not None and (source.credential is None or f"/in/{source.name}" in source.paths)
            return (source if keyed else None), parts[3]
        return None, ""

    async def _work(self, source: Source, key: str, scope: Scope, receive: Receive) -> tuple[str, Answer]:
        """Take one request; returns how it went, for the meters, and the answer in the sender's shape."""
        try:
            body = await read_body(receive, source.body_limit)
        except TimeoutError:
            return "slow", source.refused(Refusal("slow", 408, (f"the body took over {BODY_SECONDS:.0f} s",)))
        if body is None:
            text = f"the body is over {source.body_limit} bytes"
            return "too_large", source.refused(Refusal("too_large", 413, (text,)))
        try:
            if packing := _packing(scope):
                body = unpacked(body, packing, source.body_limit)
        except BadPayload as error:
            return "refused", source.refused(Refusal("payload", error.status, error.errors))
        try:
            passing("I2")
            async with asyncio.timeout(STORE_SECONDS):
                await self._refresh()
                return await self._take_body(source, key, scope, body)
        except (
            Busy,
            NoRunbook,
            TimeoutError,
            MemoryError,
        ) as error:  # late, it may be stored all the same: it is known by its key
            log.warning("ingest_put_off", source=source.name, why=str(error) or PUT_OFF.get(type(error), ""))
            text = "Tocsin cannot store alerts just now; send it again"
            return "busy", source.refused(Refusal("overload", 503, (text,), RETRY_AFTER_SECONDS))

    async def _take_body(self, source: Source, key: str, scope: Scope, body: bytes) -> tuple[str, Answer]:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        good, refused = self._admit(source, key, scope, 401) if key else (None, None)
        if refused:
            return refused.reason, source.refused(refused)
        given = {
            "body": body, "received_at": self.db.clock(), "source": source.name, "path": scope["path"],
            "headers": headers, "query": read_query(scope), "config": self._configs.get(source.name, NOTHING),
        }  # fmt: skip
        try:
            if source.verify is not None:
                await self._verify(source, Inbound(json=None, **given))
            bare = source.raw or headers.get("content-type", "").startswith(FORMS) or scope["method"] == "GET"
            inbound = Inbound(json=None if bare else read_json(body), **given)
            if not key:
                assert source.credential is not None  # a path that is the source's own
                good, refused = self._admit(source, source.credential(inbound), scope, 400)
                if refused:
                    return refused.reason, source.refused(refused)
            passing("I3")
            signals = source.parse(inbound)
            passing("I4")
        except Untrusted as error:
            log.warning("payload_refused", source=source.name, why=str(error))
            return "untrusted", source.refused(Refusal("signature", error.status, error.errors))
        except BadPayload as error:
            return await self._refuse(source, good, body, error)
        if signals:
            passing("I5")
            await self.db.write_batched(self._take, signals)
            passing("I8")
        return "accepted", source.accepted(signals)

    def _admit(self, source: Source, key: str, scope: Scope, status: int) -> tuple[str | None, Refusal | None]:
        """The hash of a key that is good here and within its limits; else why not, an unknown one with *status*."""
        good = self._good(key, source.name)
        if good is None:
            where = "ingest key in the path" if status == 401 else "routing key"
            return None, Refusal("key", status, (f"the {where} is not known",))
        return good, self._over(good, scope["path"])

    async def _verify(self, source: Source, inbound: Inbound) -> None:
        """Ask a source whether a body is its vendor's, with what it needs of the vendor to say so."""
        assert source.verify is not None
        wanted = source.needs(inbound) if source.needs else None
        source.verify(replace(inbound, fetched=await self._fetch(wanted)) if wanted else inbound)

    async def _fetch(self, request: Request) -> bytes:
        """Fetch what a source needs, unless it was fetched within the hour. Raises Busy where it cannot be had now."""
        now = asyncio.get_running_loop().time()
        at, body = self._fetched.get(request.url, (-math.inf, b""))
        if now - at <= FETCHED_SECONDS:
            return body
        answer = await self.network.send(request) if self.network else None
        if answer is None or answer.status != 200:
            why = (answer.error or f"status {answer.status}") if answer else "there is no network"
            raise Busy(f"{request.url} cannot be fetched: {why}")
        if len(self._fetched) >= FETCHED_KEPT:
            self._fetched.clear()
        self._fetched[request.url] = now, answer.body
        return answer.body

    async def _refuse(self, source: Source, good: str | None, body: bytes, error: BadPayload) -> tuple[str, Answer]:
        """Refuse a body; with a valid key its bytes are kept for the admins."""
        if good is not None:
            await self.db.write_batched(_quarantine, (source.name, body, str(error)))
        return "refused", source.refused(Refusal("payload", error.status, error.errors))

    async def admit(self, key: str, name: str, path: str) -> Refusal | None:
        """Why a key in the path does not open what goes by *name*; None when it does."""
        await self._refresh()
        good = self._good(key, name)
        return self._over(good, path) if good else Refusal("key", 401, ("the ingest key in the path is not known",))

    def _good(self, key: str, name: str) -> str | None:
        """The hash of a key, if it is good for what goes by *name*."""
        hash_ = hashlib.sha256(unquote(key).encode()).hexdigest()
        return hash_ if self._keys.get(hash_) in ("*", name) else None

    def _over(self, key: str, path: str) -> Refusal | None:
        """Why a request is put off by the limits of its key or of the whole; None when it is not."""
        over = self.limits.take(key, asyncio.get_running_loop().time())
        if over is None:
            return None
        which, seconds = over
        status = 429 if which == "rate" and path.startswith(TELLS_RATE) else 503
        who = "this ingest key sends" if which == "rate" else "all senders together send"
        text = f"{who} more requests a second than Tocsin is set to take; nothing was stored, send it again"
        return Refusal(which, status, (text,), max(math.ceil(seconds), 1))

    async def _refresh(self) -> None:
        """Read the keys and the mappings again, at most once a second."""
        loop = asyncio.get_running_loop()
        if loop.time() - self._read_at <= KEYS_LIVE_SECONDS:
            return
        if self._reading is None:  # whoever comes meanwhile waits for the same answer
            self._reading = loop.create_task(self.db.read_first(_known, self.setup))
            self._reading.add_done_callback(_looked_at)
        reading = self._reading
        try:
            self._keys, self._configs = await asyncio.shield(reading)
            self._read_at = loop.time()
            self.limits.forget(self._keys)
        finally:
            if self._reading is reading:
                self._reading = None


def _looked_at(reading: asyncio.Task[Any]) -> None:
    """Whoever waited may have gone before it failed; those who wait are told, and nobody else needs to hear."""
    if not reading.cancelled():
        reading.exception()


NOTHING: Final[Mapping[str, Any]] = {}
ANYWHERE: Final = {"Access-Control-Allow-Origin": "*"}  # no cookie counts here: the key is in the path
PREFLIGHT: Final = {**ANYWHERE, "Access-Control-Allow-Methods": "POST", "Access-Control-Allow-Headers": "*"}


def _not_taken(source: Source, method: str) -> Answer:
    """The answer to another method than the source takes; a browser that asks first, and a look, are told yes."""
    if method == "OPTIONS" and source.browser:
        return Answer(204, b"", PREFLIGHT)
    if method == "HEAD" and source.raw:
        return Answer(200)
    allowed = ", ".join(source.methods)
    refusal = Refusal("method", 405, (f"only {allowed} is taken here",))
    return _with(source.refused(refusal), Allow=allowed)


def _quarantine(tx: Tx, items: list[tuple[str, bytes, str]]) -> list[None]:
    for source, body, why in items:
        ingest.quarantine(tx, source, body, why)
    return [None] * len(items)


def _known(tx: Tx, setup: Setup) -> tuple[dict[str, str], Mapping[str, Any]]:
    keys = {row.hash: row.source for row in access.ingest_keys(tx)}
    _, runbook = in_force(tx, setup)
    return keys, {name: source_config(setup, runbook, name) for name in setup.plugins.sources}


def _packing(scope: Scope) -> str:
    """How the sender packed the body; empty for not at all."""
    for name, value in scope["headers"]:
        if name == b"content-encoding":
            return str(value.decode("latin-1")).strip().lower().replace("identity", "")
    return ""


def unpacked(body: bytes, packing: str, limit: int) -> bytes:
    """
    Unpack a body, no further than one byte over *limit*: a few bytes may unfold into gigabytes.

    Raises:
        BadPayload: 415 for a packing that is not known, 413 for more than *limit* bytes, 400 for damage.
    """
    if packing not in PACKED:
        raise BadPayload(f"the body is packed as {packing[:40]!r}; gzip and deflate are taken", status=415)
    unpacker = zlib.decompressobj(GZIP_OR_ZLIB)
    try:
        taken = unpacker.decompress(body, limit + 1)
    except zlib.error:
        raise BadPayload("the body cannot be unpacked") from None
    if len(taken) > limit:
        raise BadPayload(f"the body is over {limit} bytes when it is unpacked", status=413)
    if not unpacker.eof:
        raise BadPayload("the packed body ends too early")
    return taken


def read_query(scope: Scope) -> dict[str, str]:
    """The parameters behind the path; of a name that stands twice the last value counts."""
    return dict(parse_qsl(scope["query_string"].decode("latin-1"))) if scope["query_string"] else {}


async def read_body(receive: Receive, limit: int) -> bytes | None:
    """Read the body; None when it is over *limit* bytes. Raises TimeoutError when it does not come in time."""
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        return body if len(body) <= limit else None
    chunks, size = [body], len(body)
    async with asyncio.timeout(BODY_SECONDS):
        while message.get("more_body") and size <= limit:
            message = await receive()
            chunks.append(message.get("body", b""))
            size += len(chunks[-1])
    return b"".join(chunks) if size <= limit else None


def _with(answer: Answer, **headers: str) -> Answer:
    return replace(answer, headers={**answer.headers, **headers})


async def answer_with(send: Send, answer: Answer) -> None:
    """Send an answer; a body that is neither bytes nor a text goes out as JSON."""
    body = answer.body if isinstance(answer.body, bytes) else (
        answer.body.encode() if isinstance(answer.body, str) else orjson.dumps(answer.body)
    )  # fmt: skip
    kind = b"application/json" if not isinstance(answer.body, (bytes, str)) else b"text/plain; charset=utf-8"
    own = {name.lower().encode(): value.encode() for name, value in answer.headers.items()}
    headers = list({b"content-type": kind, b"content-length": str(len(body)).encode(), **own}.items())
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
