"""The far side: providers that take messages, fail in all known ways, and keep a ledger of what they took."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any, Final

import orjson

from tocsin import points
from tocsin.sdk import Line, Mail, Outgoing, Request, Response
from tocsin.simulate.runbooks import CHATS, GROUP
from tocsin.usecases.deliver import Job

if TYPE_CHECKING:
    from tocsin.simulate.world import World

LOST_SECONDS = 10.0  # how long a caller waits for an answer that does not come


@dataclass(frozen=True, slots=True)
class Taken:
    """One message that a provider took, and whether it said so."""

    at: float
    row: str
    to: str
    answered: bool


class Providers:
    """Telegram, mail and the console. `taken` is their ledger."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.random = Random(f"providers {world.seed}")
        self.taken: list[Taken] = []
        self.copies: Counter[str] = Counter()
        self.unanswered: Counter[str] = Counter()  # of these, those whose answer was lost
        self._broken: dict[str, tuple[str, float]] = {}
        self._closed: dict[str, float] = {}  # a chat to when its limit opens again

    def break_(self, which: str, mode: str, seconds: float) -> None:
        """Let one provider, or all, fail in one way for a while."""
        for name in ("telegram", "mail") if which == "all" else (which,):
            self._broken[name] = (mode, self.world.loop.at + seconds)

    def heal(self) -> None:
        """Everything works again."""
        self._broken.clear()
        self._closed.clear()

    async def take(self, outgoing: Outgoing, job: Job, node: str) -> Response:
        """Answer one request as the provider would."""
        points.passing("O3")
        if isinstance(outgoing, Line):
            self._keep(job, "console", answered=True)
            return Response(200)
        assert isinstance(outgoing, (Request, Mail))  # the simulated runbooks have no other channel
        name, to = _address(outgoing)
        mode, until = self._broken.get(name, ("", 0.0))
        if self.world.loop.at >= until:
            mode = ""
        points.passing("O4")
        await asyncio.sleep(self.random.uniform(0.02, 0.4))
        if self._closed.get(to, 0) > self.world.loop.at:
            return self._too_many(to)
        answer = await self._break(mode, name, to, job)
        if answer is None:
            answer = self._good(outgoing, job, to)
        points.passing("O5")
        return answer

    def _good(self, outgoing: Request | Mail, job: Job, to: str) -> Response:
        self._keep(job, to, answered=True)
        if isinstance(outgoing, Mail):
            return Response(250, body=b"2.0.0 queued")
        result = {"message_thread_id": 77, "name": "room"} if outgoing.url.endswith("Topic") else {}
        return _json(200, {"ok": True, "result": {"message_id": len(self.taken), **result}})

    async def _break(self, mode: str, name: str, to: str, job: Job) -> Response | None:
        """What a provider that fails in this way answers; None when it takes the message after all."""
        if mode == "slow":
            await asyncio.sleep(self.random.uniform(3, 9))
        if mode == "429" and name == "telegram":
            self._closed[to] = self.world.loop.at + self.random.choice((5, 20, 60))
            return self._too_many(to)
        if mode == "lost_answer":
            self._keep(job, to, answered=False)
        if mode in ("blackhole", "lost_answer"):
            await asyncio.sleep(LOST_SECONDS)
        return ANSWERS.get((name, mode), ANSWERS.get(("", mode)))

    def _too_many(self, to: str) -> Response:
        wait = max(int(self._closed[to] - self.world.loop.at) + 1, 1)
        return _json(429, {"ok": False, "description": "Too Many Requests", "parameters": {"retry_after": wait}})

    def _keep(self, job: Job, to: str, *, answered: bool) -> None:
        for part in (job, *job.folded):
            self.taken.append(Taken(self.world.loop.at, part.id, to, answered))
            self.copies[part.id] += 1
            self.unanswered[part.id] += not answered
        self.world.oracle.delivered(job, to)
        self.world.count("delivered", job.id, to)
        self.world.people.receive(job)


def _json(status: int, body: Any) -> Response:
    return Response(status, body=orjson.dumps(body))


ANSWERS: Final = {
    ("", "blackhole"): Response(0, error="no answer within 10 s"),
    ("", "lost_answer"): Response(0, error="no answer within 10 s"),
    ("", "reset"): Response(0, error="connection reset"),
    ("telegram", "500"): Response(500, body=b"oh no"),
    ("mail", "500"): Response(451, error="local error in processing"),
    ("telegram", "not_ok"): _json(200, {"ok": False, "description": "Internal error"}),
    ("telegram", "html"): Response(200, body=b"<html>a proxy's page</html>"),
}


def _address(outgoing: Request | Mail) -> tuple[str, str]:
    if isinstance(outgoing, Mail):
        return "mail", outgoing.recipients[0]
    chat = (outgoing.json or {}).get("chat_id")
    assert chat == GROUP or chat in CHATS.values(), f"no chat {chat}"
    return "telegram", str(chat)
