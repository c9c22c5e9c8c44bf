"""A whole incident on each database: the same story gives the same timeline; a broken chain is found."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from tocsin import plugins
from tocsin.core.alert import Alert, Signal
from tocsin.core.events import Acknowledge, Resolve
from tocsin.sdk import Delivered
from tocsin.store import access, alerts, incidents, oncall, postmortems, queue
from tocsin.store.schema import timeline
from tocsin.usecases import configure, deliver, ingest, respond, tick
from tocsin.usecases.configure import Setup

EXAMPLE = (Path(__file__).parents[2] / "examples/proofi/runbook.yaml").read_text(encoding="utf-8")


@pytest.fixture
def setup(tmp_path):
    return Setup(plugins.load(), {"TELEGRAM_BOT_TOKEN": "1:x"}, "http://tocsin.example.org", b"key", tmp_path)


@pytest.fixture
def house(db, setup, time):
    assert not db.write_now(configure.adopt, setup, EXAMPLE).errors
    return db


def signal(key, now, action="trigger", **changes):
    given = {"service": "proofi.ai", "check": "http_5xx", "severity": "critical", "labels": {"a": 'é "x"'}}
    return Signal(
        action, Alert("alertmanager", key, "down", now, links=(("Source", "http://x"),), **{**given, **changes})
    )


def story(db, setup, time):
    """One incident: alerts in a batch, everything delivered, time passes, acknowledged, resolved."""

    def deliver_all():
        for job in db.write_now(deliver.claim, setup, "w", 100):
            db.write_now(deliver.settle, setup, job, Delivered("r"), 1)

    db.write_now(ingest.ingest, setup, [[signal(f"k{i}", time.now) for i in range(70)], [signal("k1", time.now)]])
    deliver_all()
    time.now += timedelta(minutes=6)
    while db.write_now(tick.tick, setup):
        deliver_all()
    db.write_now(respond.act, setup, 1, Acknowledge("martijn"))
    db.write_now(ingest.ingest, setup, [[signal("k0", time.now, "resolve"), signal("k99", time.now)]])
    time.now += timedelta(minutes=1)
    db.write_now(respond.act, setup, 1, Resolve("martijn", "A disk", "Space"))
    deliver_all()


def test_a_whole_incident_is_kept(house, setup, time):
    story(house, setup, time)

    stored = house.read_now(incidents.load, 1)
    assert ("resolved", 71, "martijn") == (stored.state.status, stored.alerts, stored.state.commander)
    assert {"ok": True, "entries": stored.seq, "broken": None} == house.read_now(incidents.verify)
    rows = house.read_now(alerts.listing, incident=1, limit=500)
    assert (71, 2, {"a": 'é "x"'}) == (len(rows), max(row.count for row in rows), rows[0].labels)
    assert ["resolved"] == [row.state for row in rows if row.key == "k0"]
    assert {"acknowledged", "moot", "failed"} >= {row.state for row in house.read_now(queue.pages, incident=1)}
    assert house.read_now(postmortems.get, 1).path.startswith("docs/incidents/2026-11-23-down")
    assert 0 == house.read_now(queue.backlog)["pending"] or house.read_now(tick.next_due) is not None


def test_the_same_story_gives_the_same_timeline_on_both(tmp_path, postgres, setup, time):
    from tocsin.store import migrate
    from tocsin.store.db import Database

    from .conftest import START, empty

    hashes = []
    for url in (f"sqlite:///{tmp_path}/same.db", postgres):
        if url == postgres:
            empty(url)
        time.now = START
        db = Database(url, time)
        migrate.up_to_date(db)
        db.write_now(configure.adopt, setup, EXAMPLE)
        story(db, setup, time)
        hashes.append([entry.hash for entry in db.read_now(incidents.timeline, 1)])
        db.close()
    assert hashes[0] == hashes[1]


@pytest.mark.parametrize("fault", ["edit", "delete", "delete_last", "swap"])
def test_a_broken_chain_is_found_and_named(house, setup, time, fault):
    story(house, setup, time)
    last = house.read_now(incidents.load, 1).seq

    def tamper(tx):
        at = lambda seq: (timeline.c.incident == 1, timeline.c.seq == seq)
        if fault == "edit":
            tx.run(update(timeline).where(*at(3)).values(actor="somebody else"))
        elif fault == "swap":
            a, b = (tx.first(select(timeline.c.data).where(*at(seq))).data for seq in (2, 3))
            tx.run(update(timeline).where(*at(2)).values(data=b))
            tx.run(update(timeline).where(*at(3)).values(data=a))
        else:
            tx.run(delete(timeline).where(*at(3 if fault == "delete" else last)))

    house.write_now(tamper)
    result = house.read_now(incidents.verify)
    expected = {"edit": 3, "delete": 3, "delete_last": last, "swap": 2}[fault]
    assert {"incident": "INC-1", "seq": expected} == result["broken"]
    assert not result["ok"]


def test_two_workers_never_hold_the_same_row(house, setup, time):
    house.write_now(ingest.ingest, setup, [[signal("k", time.now)]])
    first = house.write_now(deliver.claim, setup, "a", 100)
    second = house.write_now(deliver.claim, setup, "b", 100)

    assert first and not {job.id for job in first} & {job.id for job in second}


def test_numbers_and_lists(house, setup, time):
    for title in ("one", "two", "three"):
        house.write_now(respond.declare, setup, respond.Declared(title, "P3", "admin"))

    numbers = [stored.state.number for stored in house.read_now(incidents.listing, limit=2)]
    assert [3, 2] == numbers
    assert [1] == [stored.state.number for stored in house.read_now(incidents.listing, before=2)]
    assert [] == house.read_now(incidents.listing, status="resolved")
    assert 3 == len(house.read_now(incidents.listing, severity="P3,P0", open_only=True))


def test_a_bad_new_runbook_never_replaces_a_good_one(house, setup):
    version, _ = house.read_now(configure.in_force, setup)
    reading = house.write_now(configure.adopt, setup, EXAMPLE.replace("urgency: low", "urgency: lo"))

    assert reading.errors
    assert version == house.read_now(configure.in_force, setup)[0]


def test_an_incident_keeps_the_version_it_was_opened_with(house, setup):
    old, _ = house.read_now(configure.in_force, setup)
    house.write_now(respond.declare, setup, respond.Declared("one", "P3", "admin"))
    house.write_now(configure.adopt, setup, EXAMPLE.replace("repeat: 3", "repeat: 2"))
    house.write_now(respond.declare, setup, respond.Declared("two", "P3", "admin"))
    versions = [stored.state.runbook_version for stored in house.read_now(incidents.listing)]

    assert old == versions[1] != versions[0]
    setup.runbooks.clear()
    assert 3 == house.read_now(configure.runbook_of, setup, old).escalation_policies["default"].repeat


def test_overrides_are_kept_and_ended(house, time):
    override = house.write_now(
        oncall.add_override, schedule="primary", person="backup1", start=time.now,
        until=time.now + timedelta(hours=1), reason="a flight", by="martijn",
    )  # fmt: skip
    assert (override,) == house.read_now(oncall.overrides)
    assert house.write_now(oncall.delete_override, override.id)
    assert not house.write_now(oncall.delete_override, override.id)
    assert () == house.read_now(oncall.overrides)


def test_secrets_are_kept_as_hashes(house):
    house.write_now(access.put_credential, "a-very-secret-secret", "token", "ci", role="viewer")

    def everything(tx):
        from tocsin.store.schema import credentials

        return str(tx.all(select(credentials)))

    assert "a-very-secret-secret" not in house.read_now(everything)
    assert "ci" == house.read_now(access.credential, "a-very-secret-secret", "token").name


def test_a_request_repeated_under_its_key_runs_once(house, setup):
    calls = []

    def run(tx, request):
        return respond.once(tx, "key", request, lambda: calls.append(1) or 7)

    assert [7, 7] == [house.write_now(run, "same"), house.write_now(run, "same")]
    assert [1] == calls
    with pytest.raises(respond.Refused, match="another request"):
        house.write_now(run, "other")


def test_what_cannot_be_read_is_kept_once_with_its_bytes(house):
    for _ in range(3):
        house.write_now(ingest.quarantine, "generic", b"\xff\x00rubbish", "not JSON")
    [row] = house.read_now(alerts.listing, disposition="quarantined")

    assert (3, b"\xff\x00rubbish", "not JSON") == (row.count, row.raw, row.rule)


def test_a_delivery_counts_once_and_what_it_changed_is_found_by_its_time(house, setup, time):
    """A signal and its change under one id of the vendor's; the same id again does neither."""

    def deployment(once, *actions):
        return [
            Signal(action, Alert("vercel", f"d:{action}", "Deployed", time.now, service="api"), once)
            for action in actions
        ]

    twice = deployment("uev_1", "trigger", "change")
    house.write_now(ingest.ingest, setup, [twice, twice])
    time.now += timedelta(hours=23)
    house.write_now(ingest.ingest, setup, [twice, deployment("uev_2", "change")])

    assert [1] == [row.count for row in house.read_now(alerts.listing)]
    day = (time.now - timedelta(hours=24), time.now + timedelta(seconds=1))
    assert [time.now, time.now - timedelta(hours=23)] == [
        row.at for row in house.read_now(alerts.changes_between, *day)
    ]
    assert 1 == len(house.read_now(alerts.changes_between, time.now - timedelta(hours=23), time.now))
    house.write_now(
        ingest.ingest, setup, [[Signal("confirm", Alert("sns", "m", "s", time.now, links=(("Confirm", "https://x"),)))]]
    )
    [job] = [job for job in house.write_now(deliver.claim, setup, "w", 100) if job.kind == "confirm"]
    assert ("sns", "https://x") == job.confirm
    house.write_now(deliver.settle, setup, job, Delivered(), 1)


def test_a_row_that_another_node_has_taken_meanwhile_stays_its_own(house):
    """It was read while it waited; made due sooner it would be sent a second time, and its result be lost."""
    house.write_now(lambda tx: queue.put(tx, "k", tx.now + timedelta(minutes=1), kind="alarm", via="console",
                                         destination="", payload={}, urgent=True))  # fmt: skip
    waits = house.read_now(queue.by_key, "k")
    epoch = house.write_now(queue.lease, waits, "another", waits.due)
    assert house.write_now(queue.sooner, waits, waits.created_at)

    assert house.read_now(queue.held, waits.id, epoch) is not None
