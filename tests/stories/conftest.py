"""A world in which whole stories happen: the production code, a clock that moves when told, a network that is a function."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from tocsin import plugins
from tocsin.core.alert import Alert, Signal
from tocsin.core.events import Declared, Event
from tocsin.sdk import Acted, Line, Mail, Outgoing, Reject, Response, Retry, Verdict
from tocsin.store import incidents, queue
from tocsin.store.db import Database
from tocsin.store.schema import metadata
from tocsin.usecases import acting, configure, deliver, diagnose, ingest, looks, publish, release, respond, tick
from tocsin.usecases.configure import Setup
from tocsin.worker import conversation_of, write_whole

ROOT = Path(__file__).parents[2]
EXAMPLE = (ROOT / "examples/proofi/runbook.yaml").read_text(encoding="utf-8")
START = datetime(2026, 11, 23, 9, 2, tzinfo=UTC)  # a Monday, 10:02 in Amsterdam
SECRETS = {"TELEGRAM_BOT_TOKEN": "123:story-token"}
GROUP = -1001234567890
HANGS = object()  # what a tool says that never answers
TOOLS = ("//api.vercel.com", "//backboard.railway.com", "//sentry.io", "//api.github.com", "//cdn")
CHATS = {700000001: "martijn", 700000002: "backup1", GROUP: "alerts"}


class World:
    """One Tocsin with its people. `sent` is what reached the far side, in order, as (who, text)."""

    def __init__(
        self, data: Path, text: str = EXAMPLE, environment: dict[str, str] | None = None, now: datetime = START
    ) -> None:
        self.now = now
        self.data = data
        self.db = Database("sqlite://", lambda: self.now)
        metadata.create_all(self.db.engine)
        secrets = SECRETS if environment is None else environment
        self.setup = Setup(plugins.load(), secrets, "http://tocsin.example.org", b"story-key", data)
        reading = self.db.write_now(configure.adopt, self.setup, text)
        assert not reading.errors, [str(error) for error in reading.errors]
        self.network: Callable[[Outgoing], Response] = self.everything_works
        self.requests: list[tuple[datetime, Outgoing]] = []
        self.sent: list[tuple[datetime, str, str]] = []
        self.done: list[tuple[datetime, str, dict[str, Any]]] = []  # what was asked of Telegram beside messages
        self.edited: dict[int, str] = {}  # messages that say something else by now
        self.forum = True
        self.dies = ""  # the crash point of an action at which the worker is gone
        self._seen: set[str] = set()

    # ------------------------------------------------------------------------------------- the outside

    def everything_works(self, outgoing: Outgoing) -> Response:
        """Every provider takes what it gets."""
        if isinstance(outgoing, Line):
            self.sent.append((self.now, "console", outgoing.text))
            return Response(200)
        if isinstance(outgoing, Mail):
            self.sent.append((self.now, outgoing.recipients[0], outgoing.message.decode()))
            return Response(250, body=b"2.0.0 queued")
        if any(place in outgoing.url for place in TOOLS):
            return _json(404, {"error": "not here"})  # the team's tools are no part of a story that brings none
        if outgoing.url.endswith("/createForumTopic"):
            if self.forum:
                return _ok({"message_thread_id": 77, "name": outgoing.json["name"]})
            return _json(400, {"ok": False, "description": "Bad Request: the chat is not a forum"})
        method = outgoing.url.rpartition("/")[2]
        if method != "sendMessage":  # over a button, in a message that was sent, or to a room
            self.done.append((self.now, method, outgoing.json))
            if method == "editMessageText" and outgoing.json["message_id"] <= len(self.sent):
                self.edited[outgoing.json["message_id"]] = outgoing.json["text"]
            return _ok({"message_id": outgoing.json.get("message_id", 1)})
        body = outgoing.json
        who = CHATS.get(body["chat_id"], str(body["chat_id"]))
        self.sent.append((self.now, f"{who}#{body['message_thread_id']}" if "message_thread_id" in body else who,
                          body["text"]))  # fmt: skip
        return _ok({"message_id": len(self.sent)})

    # ------------------------------------------------------------------------------------- time and work

    def work(self) -> None:
        """Do all that is due now, as the worker does."""
        for _ in range(200):
            ticked = self.db.write_now(tick.tick, self.setup)
            if self.db.read_now(tick.look).looks:
                self.db.write_now(release.run, self.setup)
                self.db.write_now(looks.run, self.setup, self.db.read_now(looks.gather, self.setup))
            jobs = self.db.write_now(deliver.claim, self.setup, "story")
            for job in jobs:
                if job.look:
                    said = self._look(job)
                    given = job.id, job.epoch, job.incident, job.look, said
                    self.db.write_now(diagnose.settle, self.setup, *given)
                    continue
                if job.acts:
                    self._act(job, job.acts)
                    continue
                self.db.write_now(deliver.settle, self.setup, job, self._send(job), 1)
            if not ticked and not jobs:
                return
        raise AssertionError("the worker never comes to rest")

    def _look(self, job: deliver.Job) -> object:
        """What a tool says; one that answers with None hangs, and the worker gives it up."""
        assert job.look
        talk = diagnose.conversation(job.look, job.config)
        if isinstance(talk, Reject):
            return talk
        said = self.converse(talk)
        return Reject("no answer within 12 seconds") if said is HANGS else said

    def _send(self, job: deliver.Job) -> Verdict:
        if job.draft:
            return publish.save_file(self.data, job.draft, write_whole)
        if job.call:
            conversation = job.call.ask()
        elif job.transport is None:
            return Retry("no transport")
        else:
            conversation = conversation_of(self.setup, job, job.transport)
        assert conversation
        verdict: Verdict = self.converse(conversation)
        return verdict

    def converse(self, conversation: Any) -> Any:
        """Carry a conversation; what it returns."""
        try:
            outgoing = next(conversation)
            while True:
                self.requests.append((self.now, outgoing))
                outgoing = conversation.send(self.network(outgoing))
        except StopIteration as end:
            return end.value

    def _act(self, job: deliver.Job, call: acting.Call) -> None:
        """Run an action, as the worker does; a process that `dies` at a point says no more."""
        why = self.converse(call.actor.holds(call.parameters, call.config))
        if self.dies == "X2" or not self.db.write_now(acting.begin, self.setup, job.id, job.epoch, why):
            return
        if self.dies == "X3":
            return
        acted = Acted("done") if call.run.rehearsal else self.converse(call.actor.run(call.parameters, call.config))
        if self.dies != "X4":
            self.db.write_now(acting.settle, self.setup, job.id, job.epoch, acted)

    def wait(self, **span: float) -> None:
        """Let time pass; everything that falls due on the way is done at its instant."""
        until = self.now + timedelta(**span)
        self.work()
        for _ in range(10_000):
            due = self.db.read_now(tick.next_due)
            if due is None or due > until:
                break
            self.now = max(self.now, due)
            self.work()
        self.now = until
        self.work()

    def sleep(self, **span: float) -> None:
        """Tocsin is down for a while: time passes and nothing is done."""
        self.now += timedelta(**span)

    # ------------------------------------------------------------------------------------- signals and people

    def alert(
        self, key: str = "5xx", *, service: str = "proofi.ai", check: str = "http_5xx", severity: str = "critical",
        title: str = "proofi.ai answers 503 for everyone", action: str = "trigger", source: str = "alertmanager",
        text: str = "", labels: dict[str, str] | None = None,
    ) -> int | None:  # fmt: skip
        """Take one alert and do what is due; returns the number of its incident."""
        alert = Alert(source, key, title, self.now, text, service, check, severity, labels or {})  # type: ignore[arg-type]
        self.signals([Signal(action, alert)])  # type: ignore[arg-type]
        return self.incident_of(key)

    def signals(self, signals: Sequence[Signal]) -> None:
        self.db.write_now(ingest.ingest, self.setup, [signals])
        self.work()

    def incident_of(self, key: str) -> int | None:
        from tocsin.store import alerts

        rows = [row for row in self.db.read_now(alerts.listing) if row.key == key]
        return rows[0].incident if rows else None

    def resolve_alert(self, key: str = "5xx", **more: Any) -> None:
        self.alert(key, action="resolve", **more)

    def declare(self, severity: str = "P0", title: str = "proofi.ai is down", by: str = "martijn", **more: Any) -> int:
        number = self.db.write_now(respond.declare, self.setup, Declared(title, severity, by, **more))
        self.work()
        return number

    def act(self, number: int, event: Event) -> None:
        self.db.write_now(respond.act, self.setup, number, event)
        self.work()

    # ------------------------------------------------------------------------------------- what can be seen

    def state(self, number: int = 1) -> Any:
        return self.db.read_now(incidents.load, number).state

    def kinds(self, number: int = 1) -> list[str]:
        return [entry.kind for entry in self.timeline(number)]

    def timeline(self, number: int = 1) -> list[Any]:
        return self.db.read_now(incidents.timeline, number)

    def facts(self, kind: str, number: int = 1) -> list[Any]:
        return [entry for entry in self.timeline(number) if entry.kind == kind]

    def duty(self, id_: str, number: int = 1) -> Any:
        return next(duty for duty in self.state(number).duties if duty.id == id_)

    def pages(self, number: int = 1) -> list[Any]:
        return list(reversed(self.db.read_now(queue.pages, incident=number)))

    def paged(self, number: int = 1) -> list[str]:
        """Who was paged since this was asked last, by name."""
        fresh = [row for row in self.pages(number) if row.id not in self._seen]
        self._seen |= {row.id for row in fresh}
        return sorted(row.person for row in fresh)

    def texts(self, who: str) -> list[str]:
        return [text for _, to, text in self.sent if to == who]

    def room_texts(self) -> list[str]:
        """What was said in the first room, without what keeps it (the summary, the invitation, the end) and what was found."""
        own = ("INC-1 ", "INC-1: ", "You are asked to come here: ")
        return [text for text in self.texts("alerts#77") if not text.startswith(own)]

    def summary(self) -> str:
        """What the pinned summary of the first room says now; empty where none is pinned."""
        pinned = [body["message_id"] for _, method, body in self.done if method == "pinChatMessage"]
        return self.edited.get(pinned[-1], self.sent[pinned[-1] - 1][2]) if pinned else ""

    def methods(self, *wanted: str) -> list[str]:
        """What was asked of Telegram beside messages, in order."""
        return [method for _, method, _ in self.done if not wanted or method in wanted]

    def verified(self) -> bool:
        return bool(self.db.read_now(incidents.verify)["ok"])


def _json(status: int, body: Any) -> Response:
    return Response(status, body=json.dumps(body).encode())


def _ok(result: Any) -> Response:
    return _json(200, {"ok": True, "result": result})


def changed(change: Callable[[dict[str, Any]], None]) -> str:
    """The example runbook with something changed, as text."""
    data = copy.deepcopy(yaml.load(EXAMPLE, yaml.BaseLoader))
    data["version"] = 1
    change(data)
    return yaml.dump(data, sort_keys=False, allow_unicode=True)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)
