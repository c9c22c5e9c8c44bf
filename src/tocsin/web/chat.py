"""What vendors post of what people pressed, typed and said: checked over the raw body, done once, answered at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import replace
from typing import Any, Final

import structlog

from tocsin.sdk import Answer, BadPayload, Chat, Inbound, Refusal
from tocsin.store.db import Busy, Database
from tocsin.usecases import chat
from tocsin.usecases.chat import Line
from tocsin.usecases.configure import NoRunbook, Setup
from tocsin.web.ingest import BODY_SECONDS, RETRY_AFTER_SECONDS, answer_with, read_body, read_query

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

NOT_CONNECTED: Final = "nothing of this kind is connected; the runbook's channels say what is"

log = structlog.get_logger("tocsin.chat")


class ChatApp:
    """An ASGI application of its own for the paths of the installed chats."""

    def __init__(self, db: Database, setup: Setup, meter: Callable[[str, str], None] | None = None) -> None:
        self.db, self.setup = db, setup
        self.meter = meter or (lambda source, outcome: None)
        self._by_path = {path: known for known in setup.plugins.chats.values() for path in known.paths}

    def handles(self, path: str) -> bool:
        """Say whether the path belongs here."""
        return path in self._by_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        known = self._by_path[scope["path"]]
        outcome, answer = await self._work(known, scope, receive)
        self.meter(known.name, outcome)
        await answer_with(send, answer)

    async def _work(self, known: Chat, scope: Scope, receive: Receive) -> tuple[str, Answer]:
        """Take one callback; returns how it went, for the meters, and the answer in the vendor's shape."""
        if scope["method"] != "POST":
            answer = known.refused(Refusal("method", 405, ("only POST is taken here",)))
            return "method", replace(answer, headers={**answer.headers, "Allow": "POST"})
        try:
            body = await read_body(receive, known.body_limit)
        except TimeoutError:
            return "slow", known.refused(Refusal("slow", 408, (f"the body took over {BODY_SECONDS:.0f} s",)))
        if body is None:
            return "too_large", known.refused(Refusal("too_large", 413, (f"over {known.body_limit} bytes",)))
        try:
            return await self._take(known, self._inbound(scope, body, known))
        except BadPayload as error:
            return "refused", known.refused(Refusal("payload", error.status, error.errors))
        except (Busy, NoRunbook) as error:
            log.warning("callback_put_off", chat=known.name, why=str(error))
            text = "Tocsin cannot store this just now; try it again"
            return "busy", known.refused(Refusal("overload", 503, (text,), RETRY_AFTER_SECONDS))

    def _inbound(self, scope: Scope, body: bytes, known: Chat) -> Inbound:
        query = scope["query_string"].decode("latin-1")
        url = self.setup.public_url + scope["path"] + (f"?{query}" if query else "")
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        return Inbound(
            body=body, json=None, received_at=self.db.clock(), source=known.name, path=scope["path"],
            query=read_query(scope), headers=headers, url=url,
        )  # fmt: skip

    async def _take(self, known: Chat, inbound: Inbound) -> tuple[str, Answer]:
        found = [line for line in await self.db.read(chat.lines, self.setup) if line.chat is known]
        line = _signed_for(found, inbound)
        if line is None:
            why = "the signature does not hold, or is too old" if found else NOT_CONNECTED
            log.warning("callback_refused", chat=known.name, why=why)
            return "key", known.refused(Refusal("key", 401 if found else 404, (why,)))
        inbound = replace(inbound, config=line.config)
        heard = known.parse(inbound)
        replies = await self.db.write(chat.take, self.setup, line, heard) if heard else []
        refused = any(reply.refused for _, reply in replies)
        return "refused" if refused else "accepted", known.answer(inbound, replies)


def _signed_for(lines: list[Line], inbound: Inbound) -> Line | None:
    """The channel whose secret the callback is signed with: first the one that an address of ours names as `via`."""
    named = sorted(lines, key=lambda line: line.via != inbound.query.get("via"))
    return next((line for line in named if line.chat.verify(replace(inbound, config=line.config))), None)
