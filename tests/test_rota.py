"""Calendars over real sockets and from files: read when due, kept when broken, and asked for by one node only."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tocsin import plugins
from tocsin.core import oncall
from tocsin.net import Network
from tocsin.rota import Rota
from tocsin.store import oncall as store
from tocsin.store.db import Database
from tocsin.store.schema import metadata
from tocsin.usecases import configure, rota
from tocsin.usecases.configure import Setup

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
GOOD = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:{}\r\nDTSTART:20261120T000000Z\r\n"
    "DTEND:20261124T000000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)
ENDLESS = GOOD.replace("DTEND:20261124T000000Z", "DURATION:PT1S\r\nRRULE:FREQ=SECONDLY").replace("20261120", "19700101")
BOOK = """
version: 1
people: {{ana: {{name: Ana}}, bo: {{name: Bo}}}}
schedules:
  primary:
    rotation: {{people: [bo], every: 1w, hand_off: "mon 09:00", starts: 2026-01-05}}
    ical: {{{place}, people: {{"On call: Ana": ana}}, every: 5m}}
severities: {{P0: {{title: x, respond_within: 1h, resolve_within: 1d, page: [on_call], protocol: p}}}}
protocols: {{p: {{duties: []}}}}
"""


class Feed(BaseHTTPRequestHandler):
    """A calendar server: one body, one ETag, and what it was asked."""

    status, body, asked = 200, GOOD.format("On call: Ana").encode(), []

    def do_GET(self):
        Feed.asked.append(self.headers.get("If-None-Match"))
        status = 304 if self.headers.get("If-None-Match") == '"1"' and Feed.status == 200 else Feed.status
        self.send_response(status)
        self.send_header("ETag", '"1"')
        self.send_header("Content-Length", str(len(Feed.body) if status == 200 else 0))
        self.end_headers()
        if status == 200:
            self.wfile.write(Feed.body)

    def log_message(self, *_):
        pass


@contextmanager
def feed():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Feed)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Feed.status, Feed.body, Feed.asked = 200, GOOD.format("On call: Ana").encode(), []
    yield f"http://127.0.0.1:{server.server_address[1]}/secret-feed.ics"
    server.shutdown()
    server.server_close()


class Kept:
    def __init__(self, tmp_path):
        self.now = NOW
        self.db = Database("sqlite://", lambda: self.now)
        metadata.create_all(self.db.engine)
        self.setup = Setup(plugins.load(), {}, "http://tocsin.test", b"key", tmp_path)

    def adopt(self, place):
        assert not self.db.write_now(configure.adopt, self.setup, BOOK.format(place=place)).errors

    def turn(self):
        async def run():
            network = Network(console=print, now=lambda: self.now)
            try:
                return await Rota(self.db, self.setup, network).turn()
            finally:
                await network.close()

        return asyncio.run(run())

    def who(self):
        def ask(tx):
            _, runbook = configure.in_force(tx, self.setup)
            return oncall.on_call_at(runbook, "primary", tx.now, store.stand_ins_around(tx, tx.now)).people

        return self.db.read_now(ask)

    def findings(self):
        return self.db.read_now(lambda tx: rota.findings(tx, configure.in_force(tx, self.setup)[1]))


@pytest.fixture
def kept(tmp_path):
    made = Kept(tmp_path)
    yield made
    made.db.close()


def test_a_feed_is_read_when_due_kept_when_it_breaks_and_that_is_told(kept):
    with feed() as url:
        kept.adopt(f'url: "{url}"')
        assert ("bo",) == kept.who()
        kept.turn()
        assert (("ana",), []) == (kept.who(), kept.findings())
        assert 60 == kept.turn()  # five minutes away: it looks once a minute whether another node changed something

        kept.now += 5 * MINUTE
        kept.turn()
        assert [None, '"1"'] == Feed.asked  # not sent twice
        assert ("ana",) == kept.who()

        Feed.status = 503
        kept.now += 5 * MINUTE
        kept.turn()
        (told,) = kept.findings()
        assert ("ana",) == kept.who()
        assert ("calendar_unread", "primary") == (told.kind, told.subject)
        assert "status 503" in told.text and "5 minutes ago holds" in told.text and url not in told.text

        Feed.status = 200
        kept.now += 5 * MINUTE
        kept.turn()
        assert [] == kept.findings()


@pytest.mark.parametrize(
    ("body", "why"),
    [(b"<html>sign in</html>", "no BEGIN:VCALENDAR"), (b"x" * 1_200_000, "over 1000000 bytes"), (GOOD.encode()[:90], "not whole"),
     (ENDLESS.encode(), "takes over 2 s of work")],
    ids=["a page", "too large", "cut off", "endless"],
)  # fmt: skip
def test_what_cannot_be_used_leaves_the_last_good_one_in_force(kept, body, why):
    with feed() as url:
        kept.adopt(f'url: "{url}"')
        kept.turn()
        Feed.body, Feed.asked = body, []
        kept.now += 5 * MINUTE
        kept.db.write_now(lambda tx: tx.connection.exec_driver_sql("UPDATE calendars SET etag = NULL"))
        kept.turn()

    assert ("ana",) == kept.who()
    assert why in kept.findings()[0].text


def test_a_name_that_nobody_has_is_told(kept):
    (kept.setup.data / "rota.ics").write_text(GOOD.format("On call: Zed"))
    kept.adopt("file: rota.ics")
    kept.turn()

    assert ("bo",) == kept.who()
    assert "'On call: Zed'" in kept.findings()[0].text


def test_a_file_that_is_not_there_is_told_and_another_place_is_read_at_once(kept):
    kept.adopt("file: none.ics")
    kept.turn()
    assert "nothing was ever read" in kept.findings()[0].text
    (kept.setup.data / "rota.ics").write_text(GOOD.format("On call: Ana"))
    kept.adopt("file: rota.ics")
    kept.now += 5 * MINUTE
    kept.turn()

    assert (("ana",), []) == (kept.who(), kept.findings())


def test_a_calendar_that_one_node_reads_is_not_taken_by_another(kept):
    kept.adopt("file: rota.ics")

    assert 1 == len(kept.db.write_now(rota.begin, kept.setup, MINUTE))
    assert 0 == len(kept.db.write_now(rota.begin, kept.setup, MINUTE))
    kept.now += MINUTE
    assert 1 == len(kept.db.write_now(rota.begin, kept.setup, MINUTE))


def test_a_schedule_without_its_calendar_any_more_forgets_it(kept):
    (kept.setup.data / "rota.ics").write_text(GOOD.format("On call: Ana"))
    kept.adopt("file: rota.ics")
    kept.turn()
    text = "\n".join(line for line in BOOK.format(place="file: x").splitlines() if "ical:" not in line)
    assert not kept.db.write_now(configure.adopt, kept.setup, text).errors
    kept.turn()

    assert ((), ("bo",)) == (tuple(kept.findings()), kept.who())
    assert kept.db.read_now(rota.due, kept.setup) is None
