"""Asking the vendors: one node at a time, from where it stopped, and not where the vendor calls by itself."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
import yaml

from tocsin import plugins
from tocsin.core.events import Declared
from tocsin.net import Network
from tocsin.poller import Poller
from tocsin.store import incidents, migrate
from tocsin.store.db import Database
from tocsin.usecases import chat, configure, respond
from tocsin.usecases.configure import Setup

from .fakes.telegram import NAME, TOKEN, FakeTelegram
from .served import ROOT

MARTIJN = 700000001


@pytest.fixture
def db(tmp_path):
    made = Database(f"sqlite:///{tmp_path}/t.db", lambda: datetime.now(UTC))
    migrate.up_to_date(made)
    yield made
    made.close()


def setup_of(db, tmp_path, fake, *, secret="", public="http://tocsin.test"):
    data = yaml.load((ROOT / "examples/proofi/runbook.yaml").read_text(encoding="utf-8"), yaml.BaseLoader)
    data["version"] = 1
    data["channels"]["alerts"]["telegram"]["api_base"] = fake.url
    environment = {"TELEGRAM_BOT_TOKEN": TOKEN, "TELEGRAM_WEBHOOK_SECRET": secret}
    made = Setup(plugins.load(), environment, public, b"key", tmp_path, is_public=bool(secret))
    assert not db.write_now(configure.adopt, made, yaml.dump(data)).errors
    return made


def poll(db, setup, done, owners=("node",), seconds=20.0):
    """Let these nodes poll until *done*."""

    async def run():
        networks = [Network(console=lambda text: None, now=db.clock) for _ in owners]
        pollers = [Poller(db, setup, network, owner) for network, owner in zip(networks, owners, strict=True)]
        for poller in pollers:
            poller.look_seconds = 0.05
        tasks = [asyncio.create_task(poller.run()) for poller in pollers]
        try:
            async with asyncio.timeout(seconds):
                while not done():
                    await asyncio.sleep(0.02)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for network in networks:
                await network.close()

    asyncio.run(run())


def opened(db):
    return [stored.state.title for stored in db.read_now(incidents.listing)]


def test_what_is_typed_for_another_bot_of_the_group_is_not_done(db, tmp_path):
    with FakeTelegram() as fake:
        setup = setup_of(db, tmp_path, fake)
        fake.say(MARTIJN, "/declare@SomeOtherBot P2 not ours", chat=-1001234567890)
        fake.say(MARTIJN, f"/declare@{NAME.lower()} P2 ours", chat=-1001234567890)
        poll(db, setup, lambda: bool(opened(db)))

    assert (["ours"], []) == (opened(db), fake.faults)


def test_what_is_typed_is_done_once_also_after_a_restart(db, tmp_path):
    """The offset is kept with what was done: a second start asks from there, and nothing is done twice."""
    with FakeTelegram() as fake:
        setup = setup_of(db, tmp_path, fake)
        fake.say(MARTIJN, "/declare P2 one")
        poll(db, setup, lambda: opened(db) == ["one"])
        fake.say(MARTIJN, "/declare P2 two")
        poll(db, setup, lambda: len(opened(db)) == 2)

    assert (["two", "one"], []) == (opened(db), fake.faults)


def test_an_offset_that_was_lost_does_nothing_twice(db, tmp_path):
    with FakeTelegram() as fake:
        setup = setup_of(db, tmp_path, fake)
        fake.say(MARTIJN, "/declare P2 one")
        poll(db, setup, lambda: opened(db) == ["one"])
        [line] = db.read_now(chat.lines, setup)
        db.write_now(lambda tx: tx.connection.exec_driver_sql("UPDATE polls SET \"offset\" = ''"))
        fake.say(MARTIJN, "/declare P2 two")
        poll(db, setup, lambda: len(opened(db)) == 2)

    assert ["two", "one"] == opened(db)
    assert TOKEN not in line.name


def test_of_two_nodes_one_asks(db, tmp_path):
    """The far side never sees two looks at once, and what one node leaves the other goes on with."""
    with FakeTelegram() as fake:
        setup = setup_of(db, tmp_path, fake)
        for n in range(5):
            fake.say(MARTIJN, f"/declare P2 number {n}")
        poll(db, setup, lambda: len(opened(db)) == 5, owners=("one", "two"))
        fake.say(MARTIJN, "/declare P2 last")
        poll(db, setup, lambda: len(opened(db)) == 6, owners=("three",))

    assert 6 == len(set(opened(db)))


def test_a_lease_is_given_to_one_until_it_runs_out(db, tmp_path):
    with FakeTelegram() as fake:
        setup = setup_of(db, tmp_path, fake)
        [line] = db.read_now(chat.lines, setup)
        assert "" == db.write_now(chat.begin_poll, line, "one")
        assert None is db.write_now(chat.begin_poll, line, "two")
        assert [] == db.write_now(chat.take_polled, setup, line, "two", (), "9")
        db.write_now(chat.take_polled, setup, line, "one", (), "7")
        db.write_now(chat.end_polls, "one")

        assert "7" == db.write_now(chat.begin_poll, line, "two")


def test_with_a_secret_and_an_address_telegram_calls(db, tmp_path):
    """The webhook is set once, with the secret; nothing is asked for any more."""
    with FakeTelegram() as fake:
        setup = setup_of(db, tmp_path, fake, secret="s3cret", public="https://tocsin.example.org")
        poll(db, setup, lambda: fake.webhook)

    assert ("https://tocsin.example.org/in/telegram", "s3cret") == (fake.webhook["url"], fake.webhook["secret_token"])
    assert "getUpdates" not in [method for _, method in fake.calls]


def test_where_telegram_will_not_call_it_is_asked(db, tmp_path):
    """An address without https is refused: the buttons work all the same."""
    with FakeTelegram() as fake:
        setup = setup_of(db, tmp_path, fake, secret="s3cret")
        fake.say(MARTIJN, "/declare P2 one")
        poll(db, setup, lambda: opened(db) == ["one"])

    assert None is fake.webhook


def test_a_runbook_without_the_bot_ends_its_polling(db, tmp_path):
    with FakeTelegram() as fake:
        setup = setup_of(db, tmp_path, fake)
        poll(db, setup, lambda: fake.calls)
        setup.environment = {}
        setup.runbooks.clear()

        assert [] == db.read_now(chat.lines, setup)


def test_a_vendor_that_is_down_is_asked_again(db, tmp_path, monkeypatch):
    monkeypatch.setattr("tocsin.poller.PAUSE_SECONDS", 0.05)
    with FakeTelegram() as fake:
        setup = setup_of(db, tmp_path, fake)
        fake.mode = "down"
        fake.say(MARTIJN, "/declare P2 one")
        poll(db, setup, lambda: len(fake.calls) >= 3)
        fake.mode = "ok"
        poll(db, setup, lambda: opened(db) == ["one"])


def test_a_fault_of_ours_in_reading_the_accounts_does_not_end_all_polling(db, tmp_path, monkeypatch):
    real, times = chat.lines, []

    def lines(tx, setup):
        times.append(1)
        if len(times) == 1:
            raise KeyError("a fault of our own")
        return real(tx, setup)

    monkeypatch.setattr(chat, "lines", lines)
    with FakeTelegram() as fake:
        poll(db, setup_of(db, tmp_path, fake), lambda: any(name == "getUpdates" for _, name in fake.calls))
    assert len(times) >= 2


def test_a_press_for_an_incident_is_heard(db, tmp_path):
    """From the button to the acknowledged incident, with a real poll in between."""
    with FakeTelegram() as fake:
        setup = setup_of(db, tmp_path, fake)
        number = db.write_now(respond.declare, setup, Declared("down", "P0", "ops"))
        from tocsin.store import queue

        page = next(page.id for page in db.read_now(queue.pages) if page.person == "martijn")
        fake.push({"callback_query": {"id": "q", "from": {"id": MARTIJN}, "data": f"ack:{page}"}})
        poll(db, setup, lambda: db.read_now(incidents.load, number).state.acknowledged_by == "martijn")
