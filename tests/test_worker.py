"""The worker with what raises: a transport that is broken for one text, a settling that is, and the rest goes on."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from heapq import heappop, heappush
from itertools import accumulate, pairwise

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, select, update

from tocsin import plugins, worker
from tocsin.core.events import Declared
from tocsin.net import Network
from tocsin.sdk import Alert, Delivered, Line, Request, Retry, Signal
from tocsin.store import incidents, looks, migrate, queue
from tocsin.store import subscribers as subscriber_store
from tocsin.store import watch as watch_store
from tocsin.store.db import Busy, Database, Unsure
from tocsin.store.schema import incidents as table
from tocsin.store.schema import outbox
from tocsin.usecases import configure, deliver, ingest, respond, subscribers, watch
from tocsin.usecases.configure import Setup
from tocsin.worker import SENDS_TO_SUBSCRIBERS, Worker

from .fakes.smtp import FakeMail
from .served import ROOT


@pytest.fixture
def db(tmp_path):
    made = Database(f"sqlite:///{tmp_path}/t.db", lambda: datetime.now(UTC))
    migrate.up_to_date(made)
    yield made
    made.close()


def setup_with(db, tmp_path, send):
    """The console is everybody's only way here; *send* takes its place."""
    known = plugins.load()
    known.transports["console"] = replace(known.transports["console"], send=send)
    made = Setup(known, {}, "http://tocsin.example.org", b"key", tmp_path)
    text = (ROOT / "examples/proofi/runbook.yaml").read_text(encoding="utf-8")
    assert not db.write_now(configure.adopt, made, text).errors
    return made


def run(db, setup, done, seconds=20.0):
    """Work until *done*, with a deadline; returns the lines of the console."""
    lines: list[str] = []

    async def work():
        network = Network(console=lines.append, now=db.clock)
        worker = Worker(db, setup, network, "node")
        task = asyncio.create_task(worker.run())
        end = asyncio.get_running_loop().time() + seconds
        while not done():
            assert asyncio.get_running_loop().time() < end, f"not within {seconds} s"
            await asyncio.sleep(0.05)
        worker.stop()
        await task
        await network.close()

    asyncio.run(work())
    return lines


def rows(db, **where):
    statement = select(outbox)
    for name, value in where.items():
        statement = statement.where(outbox.c[name] == value)
    return db.read_now(lambda tx: tx.all(statement))


def test_a_text_that_breaks_its_transport_is_set_aside_and_its_people_are_paged_plainly(db, tmp_path):
    """The transport raises for the first incident's pages alone; the second one's go out, and then the plain ones."""

    def send(message, config):
        if "broken text" in message.title + message.text:
            raise ZeroDivisionError("cannot render this")
        yield Line(f"{message.to}: {message.title}: {message.text}")
        return Delivered("console", proven=True)

    setup = setup_with(db, tmp_path, send)
    one = db.write_now(respond.declare, setup, Declared("down, a broken text", "P1", "martijn", service="api"))
    two = db.write_now(respond.declare, setup, Declared("down, as usual", "P1", "martijn", service="api"))
    bad = {row.id for row in rows(db, incident=one, kind="page", via="console")}
    lines = run(db, setup, lambda: rows(db, incident=one, kind="alarm", state="failed"))

    assert bad
    states = {row.id: row.state for row in rows(db, incident=one, kind="page", via="console")}
    assert any(states[id_] == "failed" for id_ in bad)
    assert any("down, as usual" in line for line in lines)
    assert any(line.startswith("alerts: A page of INC-1 is set aside") for line in lines)
    assert {"delivered"} <= {row.state for row in db.read_now(queue.pages, incident=two)}
    aside = set(db.read_now(watch.report)["set_aside"])
    assert {f"outbox:{id_}" for id_ in bad if states[id_] == "failed"} <= aside


def test_a_transport_that_gives_no_verdict_is_set_aside_and_its_people_are_paged_plainly(db, tmp_path):
    """It forgot to return one: taken for "not needed any more" its pages would wait for ever, and look as if sent."""

    def send(message, config):
        yield Line(f"{message.to}: {message.title}: {message.text}")
        return Delivered("console", proven=True) if "usual text" in message.text else None

    setup = setup_with(db, tmp_path, send)
    one = db.write_now(respond.declare, setup, Declared("down", "P1", "martijn", service="api"))
    lines = run(db, setup, lambda: rows(db, incident=one, kind="alarm", state="done"))

    assert any("could not write the usual text" in line for line in lines)
    assert {"failed"} == {row.state for row in rows(db, incident=one, kind="page", via="console")}


def test_an_incident_that_cannot_be_read_is_paged_in_plain_words_by_a_real_worker(db, tmp_path):
    def send(message, config):
        yield Line(f"{message.to}: {message.title}: {message.text}\n{message.acknowledge_link}")
        return Delivered("console", proven=True)

    setup = setup_with(db, tmp_path, send)
    one = db.write_now(respond.declare, setup, Declared("down", "P1", "martijn", service="api"))
    two = db.write_now(respond.declare, setup, Declared("also down", "P1", "martijn", service="api"))

    def spoil(tx):
        tx.run(update(table).where(table.c.number == one).values(state="{rubbish", wake_at=tx.now))
        tx.run(update(table).where(table.c.number == two).values(wake_at=tx.now))

    db.write_now(spoil)
    lines = run(db, setup, lambda: rows(db, incident=one, kind="alarm", state="done"))

    assert any("INC-1 is set aside" in line for line in lines)
    [plain, *_] = [line for line in lines if "could not write the usual text" in line]
    assert "[P1] INC-1: down" in plain
    assert "http://tocsin.example.org/ack/" in plain
    assert db.read_now(incidents.load, two).wake_at is not None
    assert any("[P1] INC-2: also down" in line for line in lines)


class Forgetful(Database):
    """The answer to the first claim that took something is lost; the claim is stored."""

    lost = False

    async def write(self, usecase, *args, **kwargs):
        outcome = await super().write(usecase, *args, **kwargs)
        if usecase is deliver.claim and outcome and not self.lost:
            self.lost = True
            raise Unsure("the answer was lost")
        return outcome


def test_a_claim_whose_answer_is_lost_costs_no_lease(tmp_path):
    """The worker lets go of what it holds and does not send, and claims it again at once."""

    def send(message, config):
        yield Line(f"{message.to}: {message.title}")
        return Delivered("console", proven=True)

    db = Forgetful(f"sqlite:///{tmp_path}/t.db", lambda: datetime.now(UTC))
    migrate.up_to_date(db)
    setup = setup_with(db, tmp_path, send)
    db.write_now(respond.declare, setup, Declared("down", "P1", "martijn", service="api"))
    lines = run(db, setup, lambda: rows(db, kind="page", state="done"), seconds=15.0)  # a lease is 30 s
    assert db.lost
    assert any("down" in line for line in lines)
    assert 2 == max(row.epoch for row in rows(db, kind="page"))
    db.close()


class Away(Database):
    """Does not answer the first two times that a job is asked about."""

    asked = 0

    async def read_first(self, query, *args, **kwargs):
        if query is deliver.wanted:
            self.asked += 1
            if self.asked <= 2:
                raise Busy("the database is away")
        return await super().read_first(query, *args, **kwargs)


def test_a_store_that_is_away_before_a_call_is_no_fault_of_the_row(tmp_path, monkeypatch):
    """A late call asks again until it is answered, and is then made: its row is not set aside."""
    monkeypatch.setattr(worker, "READ_AGAIN_SECONDS", -1.0)

    def send(message, config):
        yield Line(f"{message.to}: {message.title}")
        return Delivered("console", proven=True)

    db = Away(f"sqlite:///{tmp_path}/t.db", lambda: datetime.now(UTC))
    migrate.up_to_date(db)
    setup = setup_with(db, tmp_path, send)
    db.write_now(respond.declare, setup, Declared("down", "P1", "martijn", service="api"))
    run(db, setup, lambda: rows(db, kind="page", state="done"))
    assert db.asked > 2
    assert frozenset() == db.read_now(watch_store.faulty)
    db.close()


def test_a_look_that_cannot_be_read_keeps_no_page_waiting(db, tmp_path):
    """What a shift change is kept as is rubbish: that is logged and put off, and the page goes out."""

    def send(message, config):
        yield Line(message.title)
        return Delivered("console", proven=True)

    setup = setup_with(db, tmp_path, send)
    db.write_now(lambda tx: looks.put(tx, "schedule:primary", tx.now, "{rubbish"))
    number = db.write_now(respond.declare, setup, Declared("down", "P1", "martijn", service="api"))

    assert any("INC-1: down" in line for line in run(db, setup, lambda: rows(db, incident=number, state="done")))


# --------------------------------------------------------------------------------------------- limits at the call


@given(st.lists(st.tuples(st.integers(0, 3), st.floats(0, 2)), max_size=80))
def test_calls_start_no_closer_than_their_vendor_allows(asked):
    """However late and in whatever order calls come: one chat one a second, seven a minute; the channel five a second."""
    slow = replace(plugins.load().transports["telegram"], per_second=1.0, per_minute=7, total_per_second=5.0)
    came = accumulate(later for _, later in asked)
    pace, starts = worker.Pace(), []
    waiting = [(at, n, chat) for n, (at, (chat, _)) in enumerate(zip(came, asked, strict=True))]
    while waiting:
        now, n, chat = heappop(waiting)
        if wait := pace.start(f"telegram:{chat}", "telegram", slow, now):
            heappush(waiting, (now + wait, n, chat))
        else:
            starts.append((now, chat))
    assert len(asked) == len(starts)
    for chat in range(4):
        own = [at for at, to in starts if to == chat]
        assert all(b - a >= 1 - 1e-5 for a, b in pairwise(own))
        assert all(b - a >= 60 - 1e-5 for a, b in zip(own, own[7:], strict=False))
    assert all(b[0] - a[0] >= 1 - 1e-5 for a, b in zip(starts, starts[5:], strict=False))


def test_a_pace_remembers_no_more_than_matters():
    slow = replace(plugins.load().transports["telegram"], per_second=1.0)
    pace = worker.Pace()
    for n in range(worker.PACES_KEPT * 3):
        pace.start(f"telegram:{n}", "telegram", slow, n * 1.0)
    assert len(pace._starts) <= worker.PACES_KEPT + 2


def test_a_channel_that_hangs_fills_itself_and_no_other(db, tmp_path):
    """Hundreds of messages to a server that never answers: no more than its share hang, and a page goes out beside."""
    with socket.create_server(("127.0.0.1", 0), backlog=500) as deaf:
        address = f"http://127.0.0.1:{deaf.getsockname()[1]}/"

        hanging = Counter()

        def hang(message, config):
            hanging["now"] += 1
            hanging["most"] = max(hanging["most"], hanging["now"])
            yield Request("POST", address, json={}, timeout_seconds=2)
            hanging["now"] -= 1
            return Retry("no answer")

        def send(message, config):
            yield Line(f"{message.to}: {message.title}")
            return Delivered("console", proven=True)

        setup = setup_with(db, tmp_path, send)
        setup.plugins.transports["webhook"] = replace(setup.plugins.transports["webhook"], send=hang)
        words = {"to": address, "kind": "webhook", "title": "t", "text": "", "link": ""}
        waiting = [
            {"id": f"h-{n}", "key": f"h-{n}", "kind": "alarm", "via": "hook", "destination": f"webhook:{n}",
             "payload": words, "urgent": True, "due": db.clock(), "state": "pending", "epoch": 0, "failures": 0,
             "created_at": db.clock()}
            for n in range(400)
        ]  # fmt: skip
        db.write_now(lambda tx: tx.connection.execute(insert(outbox), waiting))
        db.write_now(respond.declare, setup, Declared("down", "P1", "martijn", service="api"))
        lines = run(db, setup, lambda: rows(db, kind="page", state="done"), seconds=4.0)
    assert any("down" in line for line in lines)
    assert worker.SENDS_PER_CHANNEL <= hanging["most"] < worker.SENDS_PER_CHANNEL + deliver.AT_ONCE


def test_a_mail_server_that_hangs_on_subscribers_keeps_no_page_by_mail_waiting(db, tmp_path):
    """Fifty mails to subscribers that hang, then a page by mail through the same server: it goes out at once."""
    with FakeMail() as mail:
        known = Setup(plugins.load(), {}, "http://tocsin.example.org", b"key", tmp_path)
        book = yaml.safe_load((ROOT / "examples/proofi/runbook.yaml").read_text(encoding="utf-8"))
        book["channels"]["email"]["smtp"].update(host="127.0.0.1", port=mail.port, security="none")
        book["people"]["martijn"]["notify"]["high"] = [{"via": "email"}]
        assert not db.write_now(configure.adopt, known, yaml.dump(book, sort_keys=False, allow_unicode=True)).errors

        def many(tx):
            for number in range(50):
                sealed = subscribers.seal(known, "subscribers", f"s{number:02}", f"r{number}@example.org".encode())
                subscriber_store.add(tx, f"s{number:02}", kind="email", mark=str(number), sealed=sealed, components=[],
                                     confirmed_at=tx.now)  # fmt: skip

        stuck, times = [0], {}

        async def hang(server, session, envelope):
            if envelope.rcpt_tos[0].endswith("@example.org"):
                stuck[0] += 1
                await asyncio.Event().wait()
            mail.recipients.append(envelope.rcpt_tos)
            return "250 OK"

        mail.handle_DATA = hang
        db.write_now(many)
        db.write_now(respond.declare, known, Declared("one", "P1", "backup1", service="payments"))
        came = ["martijn@proofi.ai"]

        def later():
            """The first page is out and the mails hang; then the second incident begins."""
            if "began" not in times and came in mail.recipients and stuck[0] >= SENDS_TO_SUBSCRIBERS:
                mail.recipients.clear()
                db.write_now(respond.declare, known, Declared("two", "P0", "backup1", service="payments"))
                times["began"] = datetime.now(UTC)
            return "began" in times and came in mail.recipients

        run(db, known, later, seconds=40.0)
        assert (datetime.now(UTC) - times["began"]).total_seconds() < 6  # a mail that hangs takes ten
        assert {"pending", "leased"} >= {row.state for row in rows(db, kind="update")}
        assert 50 <= len(rows(db, kind="update"))


def test_a_vendor_that_asks_before_it_sends_is_told_yes_once_after_the_commit(db, tmp_path):
    """The answer waits in the outbox, and is tried again while the vendor is away."""
    tries = []

    def confirm(url):
        tries.append(url)
        yield Line(f"yes to {url}")
        return Delivered() if len(tries) > 1 else Retry("away")

    setup = setup_with(db, tmp_path, lambda message, config: iter(()))
    setup.plugins.sources["sns"] = replace(setup.plugins.sources["sns"], confirm=confirm)
    asked = Alert("sns", "m1", "A subscription", db.clock(), links=(("Confirm", "https://sns.example/confirm"),))
    for _ in range(2):
        db.write_now(ingest.ingest, setup, [[Signal("confirm", asked, "m1")]])

    def row():
        [found] = db.read_now(lambda tx: tx.all(select(outbox).where(outbox.c.kind == "confirm")))
        return found

    lines = run(db, setup, lambda: row().state == "done")
    assert ["https://sns.example/confirm"] * 2 == tries
    assert ["yes to https://sns.example/confirm"] * 2 == lines
    assert 1 == row().failures


def test_a_question_of_a_source_that_is_gone_is_given_up(db, tmp_path):
    setup = setup_with(db, tmp_path, lambda message, config: iter(()))
    asked = Alert("alertmanager", "m1", "A subscription", db.clock(), links=(("Confirm", "https://x.example/"),))
    db.write_now(ingest.ingest, setup, [[Signal("confirm", asked)]])
    state = select(outbox.c.state).where(outbox.c.kind == "confirm")

    run(db, setup, lambda: db.read_now(lambda tx: tx.first(state)).state == "failed")
    assert [] == db.read_now(incidents.listing)
