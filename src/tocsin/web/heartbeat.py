"""Where jobs call in: `/in/heartbeat/{key}/{probe}`, and `…/fail` when the work could not be done."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from tocsin.core.types import Refused
from tocsin.sdk import Answer, Refusal, clip, refused_plainly
from tocsin.store.db import Busy
from tocsin.usecases import probes
from tocsin.usecases.configure import NoRunbook
from tocsin.web.ingest import (
    PUT_OFF,
    RETRY_AFTER_SECONDS,
    STORE_SECONDS,
    IngestApp,
    Receive,
    Scope,
    Send,
    answer_with,
    read_body,
)

PREFIX: Final = "/in/heartbeat/"
NAME: Final = "heartbeat"  # as a source of ingest keys
METHODS: Final = ("GET", "HEAD", "POST")
BODY_LIMIT: Final = 65_536  # bytes; what a job says beside is read as far as it fits in a sentence
SAID: Final = 1_000  # characters of it

log = structlog.get_logger("tocsin.heartbeat")


class HeartbeatApp:
    """An ASGI application. A call is answered when it is stored: a job that heard nothing calls again."""

    def __init__(self, ingest: IngestApp, meter: Callable[[str, str], None]) -> None:
        self.ingest, self.meter = ingest, meter

    def handles(self, path: str) -> bool:
        """Say whether the path belongs here."""
        return path.startswith(PREFIX)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in METHODS:
            allowed = ", ".join(METHODS)
            refused = refused_plainly(Refusal("method", 405, (f"only {allowed} is taken here",)))
            await answer_with(send, Answer(405, refused.body, {"Allow": allowed}))
            return
        outcome, answer = await self._take(scope, receive)
        self.meter(NAME, outcome)
        await answer_with(send, answer)

    async def _take(self, scope: Scope, receive: Receive) -> tuple[str, Answer]:
        key, _, name = scope["path"].removeprefix(PREFIX).partition("/")
        name, failed = name.removesuffix("/fail"), name.endswith("/fail")
        try:
            body = await read_body(receive, BODY_LIMIT)
            if body is None:
                return _refused(Refusal("too_large", 413, (f"the body is over {BODY_LIMIT} bytes",)))
            async with asyncio.timeout(STORE_SECONDS):
                if refusal := await self.ingest.admit(key, NAME, scope["path"]):
                    return _refused(refusal)
                said = clip(body.decode(errors="replace").strip(), SAID) if failed else ""
                await self.ingest.db.write(probes.call_in, self.ingest.setup, name, failed, said)
        except Refused as error:
            return _refused(Refusal("unknown", error.status, (str(error),)))
        except (Busy, NoRunbook, TimeoutError) as error:
            log.warning("heartbeat_put_off", probe=name, why=str(error) or PUT_OFF.get(type(error), ""))
            return _refused(
                Refusal("busy", 503, ("Tocsin cannot store this just now; call again",), RETRY_AFTER_SECONDS)
            )
        return "accepted", Answer(200, {"status": "ok", "probe": name, "failed": failed})


def _refused(refusal: Refusal) -> tuple[str, Answer]:
    return refusal.reason, refused_plainly(refusal)
