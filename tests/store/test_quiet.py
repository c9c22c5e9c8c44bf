"""Silences and what they hold back, on both stores: looked at in order of their ends, and never by two at once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import insert

from tocsin import plugins
from tocsin.core.alert import Alert, Signal
from tocsin.core.quiet import Flaps
from tocsin.store import alerts, incidents, looks, retention
from tocsin.store import quiet as store
from tocsin.store.db import Database
from tocsin.store.schema import metadata, silences
from tocsin.usecases import configure, joining, quiet, release
from tocsin.usecases.configure import Setup
from tocsin.usecases.ingest import ingest

from .conftest import EXAMPLE, START

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def house(url, time, tmp_path):
    db = Database(url, time)
    metadata.create_all(db.engine)
    setup = Setup(plugins.load(), {}, "http://t", b"k", tmp_path)
    assert not db.write_now(configure.adopt, setup, EXAMPLE).errors
    yield db, setup, time
    db.close()


def fire(db, setup, *keys, service="ddc", action="trigger"):
    made = [Signal(action, Alert("s", key, "down", START, "", service, "unreachable", "critical")) for key in keys]
    db.write_now(ingest, setup, [made])


def silence(db, setup, *texts, until=START + HOUR, **more):
    return db.write_now(lambda tx: quiet.silence(tx, setup, texts=texts, until=until, reason="r", by="ana", **more))


def test_held_alerts_are_looked_at_when_their_silence_ends_and_not_before(house):
    db, setup, time = house
    one = silence(db, setup, "service=ddc")
    fire(db, setup, "a", "b")
    assert {f"silence:{one.id}": 2} == db.read_now(store.holding)
    assert START + HOUR == db.read_now(looks.get, store.LOOK).due
    assert [0, 0] == [db.write_now(release.run, setup), len(db.read_now(incidents.working))]

    time.now = START + HOUR
    assert 2 == db.write_now(release.run, setup)
    assert [1] == db.read_now(incidents.working)
    assert {"paged"} == {row.held_outcome for row in db.read_now(store.listing)}
    assert db.read_now(looks.get, store.LOOK) is None
    assert {} == db.read_now(store.holding)


def test_more_than_one_transaction_takes_are_all_taken(house, monkeypatch):
    db, setup, time = house
    monkeypatch.setattr(release, "AT_ONCE", 3)
    silence(db, setup, "service=ddc")
    fire(db, setup, *(f"k{n}" for n in range(8)))
    fire(db, setup, "k0", "k1", action="resolve")
    time.now = START + HOUR
    assert [3, 3, 2, 0] == [db.write_now(release.run, setup) for _ in range(4)]
    assert 6 == db.read_now(incidents.load, 1).alerts
    assert ["paged"] * 6 + ["resolved"] * 2 == sorted(row.held_outcome for row in db.read_now(store.listing))


def test_an_alert_that_raises_keeps_no_other_from_being_paged(house, monkeypatch):
    db, setup, time = house
    silence(db, setup, "service=ddc")
    fire(db, setup, "good", "bad")
    real = release.ingest.release

    def wrong(tx, setup_, rows):
        if any(row.key == "bad" for row in rows):
            raise ValueError("poison")
        real(tx, setup_, rows)

    monkeypatch.setattr(release.ingest, "release", wrong)
    time.now = START + HOUR
    db.write_now(release.run, setup)
    rows = {row.key: row for row in db.read_now(alerts.listing)}
    assert (1, None) == (rows["good"].incident, rows["bad"].incident)
    assert START + HOUR + release.LOOK_AGAIN == db.read_now(looks.get, store.LOOK).due
    monkeypatch.setattr(release.ingest, "release", real)
    time.now += release.LOOK_AGAIN
    db.write_now(release.run, setup)
    assert 1 == {row.key: row for row in db.read_now(alerts.listing)}["bad"].incident


def test_silences_are_read_again_only_when_one_has_changed(house):
    db, setup, _ = house
    assert ((), None) == (db.read_now(quiet.in_force, setup), db.read_now(store.revision))
    one = silence(db, setup, "service=ddc")
    assert [one.id] == [a.silence.id for a in db.read_now(quiet.in_force, setup)]
    known = setup.silences
    db.read_now(quiet.in_force, setup)
    assert known is setup.silences
    db.write_now(quiet.end, one.id, "ana")
    assert () == db.read_now(quiet.in_force, setup)


def test_retention_takes_no_alert_that_fires_and_is_held_back(house):
    db, setup, time = house
    silence(db, setup, "service=ddc", until=START + 40 * DAY, sure=True)
    fire(db, setup, "fires", "ended")
    fire(db, setup, "ended", action="resolve")
    time.now = START + 35 * DAY
    db.write_now(retention.remove, 30 * DAY, [])
    assert ["fires"] == [row.key for row in db.read_now(alerts.listing)]
    time.now = START + 40 * DAY
    db.write_now(release.run, setup)
    assert [1] == [row.incident for row in db.read_now(alerts.listing)]


def test_there_are_not_more_silences_than_can_be_asked(house):
    db, setup, time = house
    rows = [
        {"id": str(n), "matchers": ["service=x"], "start": START, "until": START + HOUR, "zone": "UTC", "reason": "r",
         "by": "a", "created_at": START}
        for n in range(1_000)
    ]  # fmt: skip
    db.write_now(lambda tx: tx.run(insert(silences), rows))
    with pytest.raises(quiet.Refused, match="1000 silences already"):
        silence(db, setup, "service=ddc")
    time.now = START + HOUR
    silence(db, setup, "service=ddc", until=START + 2 * HOUR)


def test_how_a_key_flaps_is_kept(house):
    db, _, _ = house
    assert Flaps() == db.read_now(store.flaps_of, "d")
    for found in (Flaps((START,)), Flaps((), START + HOUR)):
        db.write_now(store.keep_flaps, "d", found)
        assert found == db.read_now(store.flaps_of, "d")


def test_alerts_move_to_and_fro_with_their_incidents(house):
    db, setup, _ = house
    fire(db, setup, "a")
    fire(db, setup, "b", "c", service="payments")
    db.write_now(joining.merge, setup, 2, 1, "ana")
    assert ({1}, {None, 2}) == tuple(
        {getattr(row, name) for row in db.read_now(alerts.listing)} for name in ("incident", "home")
    )
    fire(db, setup, "d", service="payments")
    assert [2] == db.read_now(incidents.merged_into, 1)
    db.write_now(joining.split, setup, 2, "ana")
    assert {"a": 1, "b": 2, "c": 2, "d": 2} == {row.key: row.incident for row in db.read_now(alerts.listing)}
    assert (1, 3) == tuple(db.read_now(incidents.load, n).alerts for n in (1, 2))
    assert db.read_now(incidents.verify)["ok"]
