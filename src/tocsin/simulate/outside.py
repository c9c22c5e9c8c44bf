"""The outside of a drill: every provider answers in the vendor's shape, or fails as the scenario says. No socket."""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import orjson

from tocsin.core.runbook import Runbook
from tocsin.net import Network
from tocsin.sdk import Line, Mail, Notice, Outgoing, Request, Response, Sql
from tocsin.simulate.scenario import Failure

TAKES_SECONDS: Final = 0.4  # of the drill's time, for an answer
RECEIPT_SECONDS: Final = 3.0  # of the drill's time, until a vendor that sends receipts says that it arrived
RECEIPT_TRIES: Final = 20
POLL_SECONDS: Final = 1.0  # of real time: nobody writes to a bot here, so a poll is only kept waiting
HOSTS: Final = {  # where the vendors are unless the runbook names another place
    "api.telegram.org": "telegram", "api.twilio.com": "twilio", "slack.com": "slack", "discord.com": "discord",
    "ntfy.sh": "ntfy",
}  # fmt: skip
_TAG = re.compile(r"<[^>]*>")
WHY: Final[Mapping[str, str]] = {
    "down": "connection refused", "slow": "no answer within 10 s", "errors": "status 503",
    "refuses": "Forbidden: the bot was blocked by the user", "limits": "Too Many Requests",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sent:
    """One thing that went out, and whether the provider took it."""

    at: datetime
    provider: str
    text: str
    why: str = ""


class Outside(Network):
    """
    In place of the network. *failures* begin to count at `begun`; `receipt` is told of messages that arrived.

    Nothing here opens a connection: an address is only looked at for whose it is.
    """

    def __init__(self, now: Callable[[], datetime], speed: float, failures: tuple[Failure, ...]) -> None:
        super().__init__(console=lambda _: None, now=now)
        self._clock, self._speed, self._failures = now, speed, failures
        self._count = itertools.count(1)
        self._places: dict[str, str] = {}  # host to the channel or connection of the runbook that it belongs to
        self._kinds: dict[str, str] = {}  # channel to its kind
        self._receipts: set[asyncio.Task[None]] = set()
        self.begun: datetime | None = None
        self.receipt: Callable[[str, str], Awaitable[bool]] | None = None
        self.sent: list[Sent] = []

    def know(self, runbook: Runbook) -> None:
        """Learn from the runbook whose addresses are whose."""
        for name in runbook.channels:
            if channel := runbook.channel(name):
                self._kinds[name] = channel.kind
                self._places |= dict.fromkeys(_hosts(channel.settings), channel.kind)
        for name in type(runbook.connections).model_fields:
            if connection := getattr(runbook.connections, name):
                self._places |= dict.fromkeys(_hosts(connection.model_dump()), name)

    async def send(self, outgoing: Outgoing) -> Response:
        """Answer one request as its provider would, or as a provider that fails."""
        if isinstance(outgoing, Request) and outgoing.url.endswith("/getUpdates"):
            await asyncio.sleep(POLL_SECONDS)
            return _json(200, {"ok": True, "result": []})
        names = self._called(outgoing)
        how = self._failing(names)
        await asyncio.sleep((10.0 if how == "slow" else TAKES_SECONDS) / self._speed)
        if not isinstance(outgoing, Request) or outgoing.method != "GET":
            self.sent.append(Sent(self._clock(), names[0], _text(outgoing), WHY.get(how, "")))
        return _broken(outgoing, how) if how else self._good(outgoing, names[0])

    def _called(self, outgoing: Outgoing) -> tuple[str, ...]:
        """What a scenario may call this provider: its kind first, then the runbook's channels of that kind."""
        match outgoing:
            case Request():
                parts = urlsplit(outgoing.url)
                host = parts.hostname or "?"
                kind = self._places.get(parts.netloc) or HOSTS.get(host) or host
                way = {"Calls.json": "call", "Messages.json": "sms"}.get(parts.path.rpartition("/")[2])
            case Mail():
                kind, way = "smtp", "email"
            case _:
                kinds = {Line: "console", Notice: "apprise", Sql: "postgres"}
                kind, way = kinds.get(type(outgoing), "program"), None
        channels = [name for name, known in self._kinds.items() if known == kind and (kind != "twilio" or name == way)]
        return (kind, *((way,) if way else ()), *channels, "all")

    def _failing(self, names: tuple[str, ...]) -> str:
        if self.begun is None:
            return ""
        since = self._clock() - self.begun
        for failure in self._failures:
            if failure.name in names and failure.at <= since and (failure.until is None or since < failure.until):
                return failure.how
        return ""

    def _good(self, outgoing: Outgoing, kind: str) -> Response:
        number = next(self._count)
        match outgoing:
            case Mail():
                return Response(250, body=b"2.0.0 queued")
            case Request():
                if kind == "twilio":
                    sid = f"SM{number:032d}"
                    self._tell(kind, sid)
                    return _json(201, {"sid": sid, "status": "queued"})
                return _json(200, _said(outgoing, kind, number))
        return Response(200, body=b"[]")

    def _tell(self, kind: str, receipt: str) -> None:
        async def arrived() -> None:
            for _ in range(RECEIPT_TRIES):  # told again, as vendors do, while what was sent is not yet known here
                await asyncio.sleep(RECEIPT_SECONDS / self._speed)
                if self.receipt is None or await self.receipt(kind, receipt):
                    return

        task = asyncio.get_running_loop().create_task(arrived())
        self._receipts.add(task)
        task.add_done_callback(self._receipts.discard)

    async def close(self) -> None:
        """Tell no more receipts."""
        for task in self._receipts:
            task.cancel()
        await super().close()


def _hosts(settings: Mapping[str, Any]) -> list[str]:
    return [urlsplit(value).netloc for value in settings.values() if isinstance(value, str) and "://" in value]


def _json(status: int, body: Any, **headers: str) -> Response:
    return Response(status, {"content-type": "application/json", **headers}, body=orjson.dumps(body))


def _said(request: Request, kind: str, number: int) -> Any:
    """A good answer in the vendor's shape."""
    method = urlsplit(request.url).path.rpartition("/")[2]
    if kind == "telegram":
        return {"ok": True, "result": _telegram(method, number)}
    if kind == "slack":
        channel: Any = f"C{number:08d}"
        rooms = method.startswith("conversations.")
        return {"ok": True, "ts": f"{number}.000100", "channel": {"id": channel, "name": "drill"} if rooms else channel,
                "user_id": "U0DRILL00", "user": "tocsin"}  # fmt: skip
    return {"ok": True, "status": "ok", "id": f"drill-{number}", "number": number, "jsonrpc": "2.0", "result": {}}


def _telegram(method: str, number: int) -> Any:
    if method == "getMe":
        return {"id": 1, "is_bot": True, "username": "drill_bot"}
    if method in ("sendMessage", "createForumTopic", "editMessageText"):
        return {"message_id": number, "message_thread_id": number, "name": "drill"}
    return True


def _broken(outgoing: Outgoing, how: str) -> Response:
    """What a provider answers that fails in this way."""
    if how in ("down", "slow"):
        return Response(0, error=WHY[how])
    status = {"errors": 503, "refuses": 403, "limits": 429}[how]
    if isinstance(outgoing, Mail):
        return Response(550 if how == "refuses" else 451, error=WHY[how])
    body = {"ok": False, "error": WHY[how], "message": WHY[how], "error_code": status, "description": WHY[how]}
    if how == "limits":
        return _json(status, {**body, "parameters": {"retry_after": 30}}, **{"retry-after": "30"})
    return _json(status, body)


def _text(outgoing: Outgoing) -> str:
    """What was said, as far as it can be told, for who watches: the vendors' shapes differ."""
    match outgoing:
        case Mail():
            head = outgoing.message.decode("utf-8", "replace")
            return next((line[9:] for line in head.splitlines() if line.lower().startswith("subject: ")), "")
        case Notice():
            return outgoing.title or outgoing.body
        case Line():
            return outgoing.text
        case Request(json=dict() as said):
            return str(said.get("text") or said.get("content") or said.get("name") or "")
        case Request(body=bytes() as body):
            form = dict(parse_qsl(body.decode("utf-8", "replace")))
            return form.get("Body") or " ".join(_TAG.sub(" ", form.get("Twiml", "")).split())
    return ""
