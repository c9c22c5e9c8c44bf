"""
Every vendor's limits at once: a real worker, real sockets, hundreds of messages, and pages in the midst of them.

So that it ends within the time of a test a minute has 12 seconds here, and what a transport allows one destination each
second is five times as much: the ratio of the two limits stays, and the limit of a whole bot is the real one.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from urllib.parse import parse_qsl

import pytest
import yaml
from sqlalchemy import insert, select

from tocsin import plugins
from tocsin.core.events import Declared
from tocsin.net import Network
from tocsin.sdk import Response
from tocsin.store import migrate, queue
from tocsin.store.db import Database
from tocsin.store.schema import outbox
from tocsin.usecases import configure, respond
from tocsin.usecases.configure import Setup
from tocsin.worker import Worker

from .fakes.discord import FakeDiscord
from .fakes.mattermost import FakeMattermost
from .fakes.ntfy import TOKEN as NTFY_TOKEN
from .fakes.ntfy import FakeNtfy
from .fakes.slack import TOKEN as SLACK_TOKEN
from .fakes.slack import FakeSlack
from .fakes.teams import FakeTeams
from .fakes.telegram import TOKEN as BOT_TOKEN
from .fakes.telegram import FakeTelegram
from .fakes.twilio import FROM, SID, FakeTwilio
from .fakes.twilio import TOKEN as TWILIO_TOKEN
from .served import ROOT

MINUTE, FASTER = timedelta(seconds=12), 5
GROUP = -1001234567890
NUMBER = "+31600000009"
FLOOD_SECONDS = 6.0
STOPS = (0.1, 3.0, 14.0)  # when the whole process stands still
STOP_SECONDS = 0.7
NEAR_SECONDS = 0.02  # between the instant that a call's start is counted at and the one that it is noted at here
FAKES = {
    "telegram": FakeTelegram, "slack": FakeSlack, "discord": FakeDiscord, "teams": FakeTeams,
    "mattermost": FakeMattermost, "twilio": FakeTwilio, "ntfy": FakeNtfy,
}  # fmt: skip
# What waits: (transport, destination, how many). Telegram's 120 chats are there for the limit of the bot.
WAITING = [
    ("telegram", str(GROUP), 45), *(("telegram", str(800 + n), 1) for n in range(120)), ("slack", "C0ALERTS", 40),
    ("discord", "discord", 65), ("teams", "teams", 30), ("mattermost", "mattermost", 60), ("twilio", NUMBER, 30),
    ("ntfy", "backlog", 40),
]  # fmt: skip
PEOPLE = {
    "telegram": {"telegram": 700000001}, "slack": {"slack": "U0ANA"}, "twilio": {"phone": "+31600000001"},
    "ntfy": {"ntfy": "somebody-7f3a"}, "discord": {}, "teams": {}, "mattermost": {},
}  # fmt: skip
VIA = {"telegram": "alerts"}  # the channel of that transport, where it has another name


class Noting(Network):
    """The real client, which notes each call as it starts: (seconds, transport, destination, words)."""

    def __init__(self, fakes, clock):
        super().__init__(console=lambda line: None, now=clock)
        self.fakes = fakes
        self.calls = []

    async def send(self, outgoing):
        name = next(
            (name for name, fake in self.fakes.items() if getattr(outgoing, "url", "").startswith(fake.url)), ""
        )
        if not name:  # mail and the tracker of tickets: they are not what this is about
            return Response(0, {}, b"", "not here")
        said = outgoing.json or dict(parse_qsl((outgoing.body or b"").decode()))
        to = str(said.get("chat_id") or said.get("channel") or said.get("To") or said.get("topic") or name)
        self.calls.append((asyncio.get_running_loop().time(), name, to, repr(said)))
        return await super().send(outgoing)


def book(fakes):
    """The example's runbook with a channel of each kind, and one person who is paged by it."""
    data = yaml.safe_load((ROOT / "examples/proofi/runbook.yaml").read_text(encoding="utf-8"))
    data["channels"] |= {
        "alerts": {"telegram": {"bot_token": BOT_TOKEN, "chat_id": GROUP, "api_base": fakes["telegram"].url}},
        "slack": {"slack": {"bot_token": SLACK_TOKEN, "api_base": fakes["slack"].url}},
        "twilio": {"twilio": {
            "account_sid": SID, "auth_token": TWILIO_TOKEN, "from": FROM, "api_base": fakes["twilio"].url,
        }},
        "ntfy": {"ntfy": {"server": fakes["ntfy"].url, "token": NTFY_TOKEN}},
        **{name: {name: {"url": fakes[name].hook}} for name in ("discord", "teams", "mattermost")},
    }  # fmt: skip
    for kind, addresses in PEOPLE.items():
        via = VIA.get(kind, kind)
        notify = {"high": [{"via": via}], "low": [{"via": via}]}
        data["people"][f"by-{kind}"] = {"name": kind, "roles": ["responder"], "notify": notify, **addresses}
    data["severities"]["P0"]["page"] = [f"by-{kind}" for kind in PEOPLE]
    return yaml.dump(data, sort_keys=False, allow_unicode=True)


@pytest.fixture
def fakes():
    with ExitStack() as stack:
        yield {name: stack.enter_context(fake()) for name, fake in FAKES.items()}


@pytest.fixture
def setup(tmp_path):
    known = plugins.load()
    for name in FAKES:
        transport = known.transports[name]
        if transport.per_second:
            known.transports[name] = replace(transport, per_second=transport.per_second * FASTER)
    return Setup(known, {}, "http://tocsin.example.org", b"key", tmp_path)


@pytest.fixture
def db(tmp_path, monkeypatch, setup, fakes):
    monkeypatch.setattr(queue, "MINUTE", MINUTE)
    made = Database(f"sqlite:///{tmp_path}/t.db", lambda: datetime.now(UTC))
    migrate.up_to_date(made)
    answer = made.write_now(configure.adopt, setup, book(fakes))
    assert not answer.errors
    yield made
    made.close()


def backlog(db):
    """Rows for all that waits, in one transaction, due now."""
    now = db.clock()
    rows = [
        {"id": f"{name}-{to}-{n}", "key": f"{name}-{to}-{n}", "kind": "alarm", "via": VIA.get(name, name),
         "destination": f"{name}:{to}", "urgent": False, "due": now, "state": "pending", "epoch": 0, "failures": 0,
         "created_at": now,
         "payload": {"to": to, "kind": name, "title": f"waits {name} {to} no {n}.", "text": "of the backlog", "link": ""}}
        for name, to, count in WAITING for n in range(count)
    ]  # fmt: skip
    db.write_now(lambda tx: tx.connection.execute(insert(outbox), rows))
    return rows


def flood(fake, seconds, loop):
    """Have a vendor refuse all calls that long, each with the rest of it as Retry-After; returns a list of refusals."""
    until, refused, usual = loop.time() + seconds, [], fake.answer

    def answer(path, headers, body):
        if (left := until - loop.time()) <= 0:
            return usual(path, headers, body)
        refused.append(loop.time())
        return 429, {"Retry-After": str(math.ceil(left))}, b"{}"

    fake.answer = answer
    return refused


def left(db):
    waiting = outbox.c.kind.in_(("alarm", "page")), outbox.c.state.in_(("pending", "leased"))
    return db.read_now(lambda tx: tx.all(select(outbox).where(*waiting)))


def most_within(starts, seconds):
    """The most calls that started within any span of that length."""
    return max(sum(a <= at < a + seconds - NEAR_SECONDS for at in starts) for a in starts)


def taken(fake):
    """What a vendor has taken, each message as text."""
    return [repr(one) for name in ("taken", "messages", "posted") for one in said_in(getattr(fake, name, ()))]


def said_in(kept):
    """Slack keeps what is shown by its number, and beside it all that was posted."""
    return () if isinstance(kept, dict) else kept


def work(db, setup, fakes, rows):
    """Send *rows*, and pages two seconds later; returns the calls and when it began, when Teams refused, all in s."""

    async def until_all_is_sent():
        loop = asyncio.get_running_loop()
        network = Noting(fakes, db.clock)
        worker = Worker(db, setup, network, "node")
        began, refused = loop.time(), flood(fakes["teams"], FLOOD_SECONDS, loop)
        task = asyncio.create_task(worker.run())
        for at in STOPS:
            loop.call_later(at, time.sleep, STOP_SECONDS)
        await asyncio.sleep(2)
        await db.write(respond.declare, setup, Declared("down now", "P0", "martijn", service="proofi.ai"))
        while left(db):
            assert loop.time() < began + 60, [(row.via, row.why) for row in left(db)]
            await asyncio.sleep(0.2)
        worker.stop()
        await task
        await network.close()
        return [(at - began, name, to, words) for at, name, to, words in network.calls], [a - began for a in refused]

    return asyncio.run(until_all_is_sent())


def test_no_limit_of_any_vendor_is_passed_pages_come_first_and_nothing_is_dropped(db, setup, fakes):
    """
    Teams floods for six seconds: it is waited for, and nobody else is. The pages are asked for after two seconds.

    The process stands still now and then, so that what was claimed in time starts late.
    """
    rows = backlog(db)
    calls, refused = work(db, setup, fakes, rows)

    starts = defaultdict(list)
    for at, name, to, _ in calls:
        starts[name, to].append(at)
    for (name, _), own in starts.items():
        transport = setup.plugins.transports[name]
        if transport.per_second:
            assert all(b - a >= 1 / transport.per_second - NEAR_SECONDS for a, b in pairwise(own)), name
        if transport.per_minute:
            assert most_within(own, MINUTE.total_seconds()) <= transport.per_minute, name
    assert most_within([at for at, name, *_ in calls if name == "telegram"], 1.0) <= 30

    assert {"done"} == {row.state for row in db.read_now(lambda tx: tx.all(select(outbox))) if row.kind == "alarm"}
    said = {name: taken(fake) for name, fake in fakes.items()}
    assert {1} == {sum(row["payload"]["title"] in one for one in said[row["payload"]["kind"]]) for row in rows}
    assert [] == [fault for fake in fakes.values() for fault in fake.faults]

    paged = {
        name: min(at for at, via, to, words in calls if via == name and "down now" in words and to != str(GROUP))
        for name in PEOPLE
    }
    assert FLOOD_SECONDS <= paged["teams"] <= FLOOD_SECONDS + 2, "the first of what waits there"
    assert all(at <= 4 for name, at in paged.items() if name != "teams"), paged

    assert 1 <= len(refused) <= 3, "no hot loop"
    ended = {key: max(own) for key, own in starts.items()}
    for name, to, count in WAITING:
        rate = setup.plugins.transports[name].per_second
        if name not in ("teams", "discord", "telegram"):
            assert ended[name, to] <= (count / rate if rate else 0) + sum(at < 10 for at in STOPS) * STOP_SECONDS + 4, (
                name
            )
