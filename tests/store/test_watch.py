"""The auditor finds what was damaged by hand, on each database; what raises is set aside, and the rest goes on."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import OperationalError

from tocsin import plugins
from tocsin.core.alert import Alert, Signal
from tocsin.core.events import Acknowledge, Declared, Resolve
from tocsin.sdk import Delivered, Retry
from tocsin.store import alerts as alerts_store
from tocsin.store import incidents, migrate, queue
from tocsin.store import watch as store
from tocsin.store.db import Busy, Database
from tocsin.store.schema import attempts, outbox, pages
from tocsin.store.schema import incidents as table
from tocsin.usecases import configure, deliver, ingest, rescue, respond, tick, watch
from tocsin.usecases.configure import Setup
from tocsin.web.app import create_app

from .conftest import EXAMPLE


def declared(db, setup, severity="P1", title="down"):
    return db.write_now(respond.declare, setup, Declared(title, severity, "martijn", service="proofi.ai"))


def sent(db, setup, verdict=None, times=1):
    jobs = db.write_now(deliver.claim, setup, "w", 100)
    for job in jobs:
        db.write_now(deliver.settle, setup, job, verdict or Delivered("r"), 1)
    return jobs


def run(db, statement):
    return db.write_now(lambda tx: tx.run(statement))


def notes(db, number=1):
    return [e.data["text"] for e in db.read_now(incidents.timeline, number) if e.kind == "note"]


def rows(db, **where):
    statement = select(outbox).order_by(outbox.c.id)
    for name, value in where.items():
        statement = statement.where(outbox.c[name] == value)
    return db.read_now(lambda tx: tx.all(statement))


def page_row(number=1):
    return outbox.c.incident == number, outbox.c.kind == "page"


# --------------------------------------------------------------------------------------------- the auditor


def test_a_healthy_incident_is_left_alone(house, setup, time):
    declared(house, setup)
    sent(house, setup)
    time.now += timedelta(seconds=60)

    assert () == house.write_now(watch.audit, setup).found
    assert [] == notes(house)
    assert "nothing is silent" == house.read_now(watch.report)["auditor"]["verdict"]


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (lambda now: update(table).values(wake_at=None), "it had no timer"),
        (
            lambda now: update(table).values(wake_at=now + timedelta(days=400)),
            "its timer was 399 days 23 hours later than its next step",
        ),
        (lambda now: update(table).values(wake_at=now - timedelta(minutes=3)), "its timer was overdue by 3 minutes"),
    ],
)
def test_a_lost_timer_is_set_again_and_the_next_step_is_paged(house, setup, time, damage, why):
    """Without its timer nothing would ever page again: the auditor says so on the timeline, and the policy climbs."""
    number = declared(house, setup)
    sent(house, setup)
    before = len(house.read_now(queue.pages, incident=number))
    time.now += timedelta(minutes=2)
    run(house, damage(time.now))
    [(found, said)] = house.write_now(watch.audit, setup).found

    assert (number, why) == (found, said)
    assert [f"The auditor found this incident silent: {said}. It was driven again."] == notes(house)
    time.now += timedelta(minutes=3)
    while house.write_now(tick.tick, setup):
        pass
    assert before < len(house.read_now(queue.pages, incident=number))
    sent(house, setup)
    assert () == house.write_now(watch.audit, setup).found
    assert 1 == house.read_now(watch.report)["auditor"]["redriven"]


def test_a_row_that_nobody_takes_is_put_back(house, setup, time):
    declared(house, setup)
    run(house, update(outbox).where(*page_row()).values(due=time.now))
    time.now += timedelta(seconds=62)
    [(_, why)] = house.write_now(watch.audit, setup).found

    assert "a page waited in the outbox for 1 minute 2 seconds" == why
    assert {time.now} == {row.due for row in rows(house, kind="page", state="pending") if row.rule == 0}


def test_an_abandoned_lease_is_taken_back_and_its_late_result_counts_for_nothing(house, setup, time):
    declared(house, setup)
    jobs = [job for job in house.write_now(deliver.claim, setup, "dead", 100) if job.kind == "page"]
    run(house, update(outbox).where(*page_row(), outbox.c.state == "pending").values(state="moot"))
    time.now += timedelta(seconds=91)
    run(house, update(table).values(wake_at=time.now + timedelta(minutes=2)))
    [(_, why)] = house.write_now(watch.audit, setup).found

    assert "the claim of a page had ended 1 minute 1 second before" == why
    assert {"pending"} == {row.state for row in rows(house, kind="page") if row.id in {job.id for job in jobs}}
    house.write_now(deliver.settle, setup, jobs[0], Delivered("late"), 1)
    assert ["pending"] == [row.state for row in rows(house, id=jobs[0].id)]


def test_a_page_without_a_row_is_asked_for_again(house, setup, time):
    """The rows are gone, the page says `requested` for ever: the person is paged anew, once."""
    number = declared(house, setup)
    sent(house, setup)
    [lost] = house.read_now(lambda tx: tx.all(select(pages).limit(1)))
    run(house, update(pages).values(state="sent"))
    run(house, update(pages).where(pages.c.id == lost.id).values(state="requested"))
    run(house, delete(outbox).where(outbox.c.page == lost.id))
    [(_, why)] = house.write_now(watch.audit, setup).found

    assert "a page was asked for and was not in the outbox" == why
    known = {row.id: row for row in house.read_now(queue.pages, incident=number)}
    assert "moot" == known[lost.id].state
    [again] = [row for row in known.values() if row.state == "requested"]
    assert lost.person == again.person
    assert rows(house, page=again.id)
    assert () == house.write_now(watch.audit, setup).found


@pytest.mark.parametrize("how", ["acknowledged", "resolved", "pages nobody"])
def test_what_pages_nobody_any_more_is_never_silent(house, setup, time, how):
    number = declared(house, setup, "P3" if how == "pages nobody" else "P1")
    if how == "acknowledged":
        house.write_now(respond.act, setup, number, Acknowledge("martijn"))
    if how == "resolved":
        house.write_now(respond.act, setup, number, Resolve("martijn"))
    run(house, update(table).values(wake_at=None))
    time.now += timedelta(days=1)

    assert () == house.write_now(watch.audit, setup).found


def test_the_audit_is_one_bounded_query_that_uses_indexes(house, setup, time):
    """10,000 incidents that page nobody cost nothing; of those that do, 50 are driven again in a run."""
    for n in range(3):
        declared(house, setup, title=str(n))
    run(house, update(table).values(wake_at=None))
    assert 2 == len(house.read_now(store.silent, 2))
    if not house.sqlite:
        return
    statement = str(
        select(table.c.number)
        .where(table.c.step_due.isnot(None))
        .compile(house.engine, compile_kwargs={"literal_binds": True})
    )
    plan = house.read_now(lambda tx: tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}").all())
    assert "incidents_paging" in str(plan)


def test_an_upgrade_finds_what_pages_already(url, setup, time):
    """The column that the auditor reads is filled for incidents that were open before it was there."""
    from alembic import command
    from alembic.config import Config

    db = Database(url, time)
    migrate.up_to_date(db)
    db.write_now(configure.adopt, setup, EXAMPLE)
    for severity in ("P1", "P1", "P3"):
        declared(db, setup, severity)
    db.write_now(respond.act, setup, 2, Acknowledge("martijn"))
    due = db.read_now(incidents.bare, 1).step_due
    config = Config()
    config.set_main_option("script_location", str(migrate.HERE))
    with db.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0001")
        connection.commit()
    migrate.up_to_date(db)
    assert [True, False, False] == [db.read_now(incidents.bare, n).step_due is not None for n in (1, 2, 3)]
    while db.write_now(tick.tick, setup):
        pass
    assert due == db.read_now(incidents.bare, 1).step_due
    assert () == db.write_now(watch.audit, setup).found
    db.close()


# --------------------------------------------------------------------------------------------- what raises


def tick_out(db, setup):
    while db.write_now(tick.tick, setup):
        pass


def poison(db, number):
    run(db, update(table).where(table.c.number == number).values(state="{rubbish"))


def test_an_incident_that_raises_is_set_aside_and_the_others_go_on(house, setup, time):
    """Three tries; then the alerts channel hears of it, and its policy is walked in plain words. The other one climbs."""
    declared(house, setup)
    declared(house, setup)
    sent(house, setup)
    poison(house, 1)
    run(house, update(outbox).where(outbox.c.state != "done").values(state="moot"))
    time.now += timedelta(minutes=6)
    tick_out(house, setup)
    assert 0 < len([row for row in house.read_now(queue.pages, incident=2) if row.requested_at == time.now])
    for _ in range(3):
        time.now += timedelta(seconds=3)
        tick_out(house, setup)

    assert ["incident:1"] == house.read_now(watch.report)["set_aside"]
    [told] = [row for row in rows(house, kind="alarm") if row.incident is None]
    assert "INC-1 is set aside" == told.payload["title"]
    plain = list(rows(house, kind="alarm", incident=1))
    assert plain
    first = {row.person for row in plain}
    time.now += timedelta(minutes=5, seconds=5)
    for _ in range(8):
        time.now += timedelta(seconds=20)
        tick_out(house, setup)
    climbed = {row.person for row in rows(house, kind="alarm", incident=1)}
    assert len(climbed) > len(first)
    texts = [job.message.text for job in house.write_now(deliver.claim, setup, "w", 100) if job.kind == "alarm"]
    assert any("could not write the usual text" in said for said in texts)


def test_a_plain_page_is_answered_and_the_rest_of_them_stop(house, setup, time):
    declared(house, setup)
    poison(house, 1)
    time.now += timedelta(minutes=6)
    for _ in range(3):
        tick_out(house, setup)
        time.now += timedelta(seconds=3)
    plain = rows(house, kind="alarm", incident=1)[0]
    assert 1 == house.write_now(respond.acknowledge_page, setup, plain.page)

    assert "acknowledged" == house.read_now(queue.page, plain.page).state
    assert not [
        job for job in house.write_now(deliver.claim, setup, "w", 100) if job.incident == 1 and job.kind == "alarm"
    ]
    count = len(rows(house, kind="alarm", incident=1))
    time.now += timedelta(minutes=30)
    tick_out(house, setup)
    assert count == len(rows(house, kind="alarm", incident=1))


def taken(db, setup, *alerts):
    """One request of these (action, key, severity) is taken; the incident of each key's newest episode."""
    signals = [Signal(how, Alert("s", key, key, db.clock(), "", "api", "slow", word)) for how, key, word in alerts]
    db.write_now(ingest.ingest, setup, [signals])
    found = {row.key: row for row in reversed(db.read_now(alerts_store.listing))}
    return [(found[key].state, found[key].incident) for _, key, _ in alerts]


def test_an_alert_for_an_incident_that_raises_is_taken_with_all_beside_it(house, setup, time):
    """What is worse than it opens an incident of its own, what ended has ended; the sender is not told of our fault."""
    assert [("firing", 1)] == taken(house, setup, ("trigger", "a", "warning"))
    poison(house, 1)
    time.now += timedelta(minutes=1)

    both = ("trigger", "b", "critical"), ("trigger", "c", "warning")
    assert [("firing", 2), ("firing", 2)] == taken(house, setup, *both)
    assert [page for page in house.read_now(queue.pages, incident=2) if page.person == "martijn"]
    assert [("resolved", 1)] == taken(house, setup, ("resolve", "a", "warning"))


def test_an_incident_that_is_well_again_is_forgotten(house, setup, time):
    declared(house, setup)
    good = house.read_now(lambda tx: tx.first(select(table.c.state))).state
    poison(house, 1)
    time.now += timedelta(minutes=6)
    for _ in range(3):
        tick_out(house, setup)
        time.now += timedelta(seconds=3)
    assert ["incident:1"] == house.read_now(watch.report)["set_aside"]
    run(house, update(table).values(state=good))
    time.now += timedelta(minutes=1)
    tick_out(house, setup)

    assert [] == house.read_now(watch.report)["set_aside"]
    assert house.read_now(incidents.verify)["ok"]


def test_a_row_that_raises_three_times_is_set_aside_for_a_plain_page(house, setup, time):
    """Its payload is damaged: the rows beside it go out, and its person is paged by the same way in plain words."""
    declared(house, setup)
    bad = rows(house, kind="page")[0]
    run(
        house,
        update(outbox)
        .where(outbox.c.id == bad.id)
        .values(payload={"kind": bad.payload["kind"], "targets": 7, "to": bad.payload["to"]}),
    )
    others = {job.id for job in house.write_now(deliver.claim, setup, "w", 100)}
    assert others and bad.id not in others
    for _ in range(2):
        time.now += timedelta(seconds=3)
        house.write_now(deliver.claim, setup, "w", 100)

    assert ["failed"] == [row.state for row in rows(house, id=bad.id)]
    plain = list(rows(house, kind="alarm", page=bad.page))
    assert [bad.destination] == [row.destination for row in plain]
    assert [f"outbox:{bad.id}"] == house.read_now(watch.report)["set_aside"]
    time.now += timedelta(seconds=3)
    jobs = [
        job for job in house.write_now(deliver.claim, setup, "w", 100) if job.page == bad.page and job.kind == "alarm"
    ]
    house.write_now(deliver.settle, setup, jobs[0], Delivered("r", proven=True), 1)
    assert "delivered" == house.read_now(queue.page, bad.page).state
    time.now += timedelta(days=1, seconds=1)
    house.write_now(watch.audit, setup)
    assert [] == house.read_now(watch.report)["set_aside"]


def test_a_row_of_which_nothing_can_be_read_holds_up_no_other(house, setup, time):
    """It cannot even be set aside: it is looked at again each minute, and what is beside it goes out."""
    declared(house, setup)
    bad = rows(house, kind="page")[0]
    run(house, update(outbox).where(outbox.c.id == bad.id).values(payload={}))
    for _ in range(4):
        house.write_now(deliver.claim, setup, "w", 100)
        time.now += timedelta(seconds=3)
    declared(house, setup)

    assert {2} == {job.incident for job in house.write_now(deliver.claim, setup, "w", 100) if job.kind == "page"}
    assert ["pending"] == [row.state for row in rows(house, id=bad.id)]


def test_where_nobody_can_be_found_everyone_is_paged_and_the_others_climb(house, setup, time, monkeypatch):
    """A service's schedule cannot be worked out: its incident is walked with all people, and holds up no other."""
    number, other = declared(house, setup), declared(house, setup)
    run(house, update(table).where(table.c.number == number).values(service="cursed", state="{rubbish"))
    real = configure.who

    def broken(tx, runbook, service, at):
        def raises(target):
            raise OverflowError("date value out of range")

        return raises if service == "cursed" else real(tx, runbook, service, at)

    monkeypatch.setattr(rescue, "who", broken)
    for _ in range(40):
        time.now += timedelta(seconds=30)
        tick_out(house, setup)

    assert {"backup1", "martijn"} == {row.person for row in rows(house, kind="alarm", incident=number)}
    assert 3 < len(house.read_now(queue.pages, incident=other))


def test_an_incident_whose_plain_pages_raise_too_holds_up_no_other(house, setup, time, monkeypatch):
    number, other = declared(house, setup), declared(house, setup)
    poison(house, number)

    def raises(*_):
        raise ValueError("a fault of the rescue itself")

    monkeypatch.setattr(rescue, "_page_person", raises)
    for _ in range(40):
        time.now += timedelta(seconds=30)
        tick_out(house, setup)

    assert 3 < len(house.read_now(queue.pages, incident=other))


def test_a_transport_that_raises_is_tried_three_times_and_then_the_next_step_is_paged(house, setup, time):
    """The plain text raises too: nothing is left for this page, so it has failed, and the policy goes on."""
    number = declared(house, setup)
    for _ in range(40):
        for job in house.write_now(deliver.claim, setup, "w", 100):
            broken = job.via == "alerts"
            if broken:
                house.write_now(deliver.settle_plainly, setup, job, None, ZeroDivisionError("in the transport"))
            else:
                house.write_now(deliver.settle, setup, job, Retry("later"), 1)
        time.now += timedelta(seconds=1)
    tries = house.read_now(lambda tx: tx.all(select(attempts).where(attempts.c.why.like("ZeroDivision%"))))
    per_row = {row.outbox: 0 for row in tries}
    for row in tries:
        per_row[row.outbox] += 1
    assert {3} == set(per_row.values())
    assert "failed" in {row.state for row in rows(house, via="alerts", kind="page")}
    assert not house.write_now(watch.audit, setup).found
    assert house.read_now(incidents.load, number).state.is_open


def test_what_was_delivered_stays_delivered_though_settling_raised(house, setup, time):
    declared(house, setup)
    [job, *_] = [job for job in house.write_now(deliver.claim, setup, "w", 100) if job.kind == "page"]
    house.write_now(deliver.settle_plainly, setup, job, Delivered("r"), ValueError("after it"))

    assert ["done"] == [row.state for row in rows(house, id=job.id)]
    assert "sent" == house.read_now(queue.page, job.page).state


def test_a_store_that_is_busy_is_nobodys_fault(house, setup, time):
    """A fault of the store that passes by itself puts the turn off; nothing is counted against the incident."""
    declared(house, setup)
    time.now += timedelta(minutes=6)

    def busy(tx):
        with tx.apart():
            raise OperationalError("x", {}, Exception("database is locked"))

    with pytest.raises(Busy):
        house.write_now(busy)
    assert frozenset() == house.read_now(store.faulty)


def test_what_is_apart_is_undone_alone(house):
    def fails(tx):
        with tx.apart():
            tx.touched.add("inside")
            tx.run(text("INSERT INTO meta (key, value) VALUES ('in', '1')"))
            raise ZeroDivisionError

    def half(tx):
        tx.touched.add("before")
        with contextlib.suppress(ZeroDivisionError):
            fails(tx)
        tx.run(text("INSERT INTO meta (key, value) VALUES ('out', '1')"))
        return set(tx.touched)

    assert {"before"} == house.write_now(half)
    found = house.read_now(lambda tx: tx.all(text("SELECT key FROM meta WHERE key IN ('in', 'out')")))
    assert ["out"] == [row.key for row in found]


# --------------------------------------------------------------------------------------------- cannot page


def test_nobody_can_be_paged_until_a_way_is_back(house, setup, time):
    """Every way fails for a minute: it is judged so, and told by every channel. A page that arrives ends it."""
    declared(house, setup, "P0")
    real = lambda: list(house.write_now(deliver.claim, setup, "w", 100))

    def failing(seconds):
        for _ in range(seconds):
            for job in real():
                verdict = Delivered("c", proven=True) if job.via == "console" else Retry("status 500")
                house.write_now(deliver.settle, setup, job, verdict, 1)
            time.now += timedelta(seconds=1)

    failing(30)
    assert house.write_now(watch.judge, setup) is None
    failing(40)
    found = house.write_now(watch.judge, setup)
    assert found and "alerts" in found.ways
    assert ["Tocsin cannot page: " in said for said in house.read_now(watch.banners)] == [True]
    ways = {(row.via, row.person) for row in rows(house, kind="alarm")}
    assert {("alerts", None), ("email", "martijn"), ("console", "martijn")} <= ways
    count = len(rows(house, kind="alarm"))
    assert found == house.write_now(watch.judge, setup)
    assert count == len(rows(house, kind="alarm"))

    time.now += timedelta(minutes=16)
    assert house.write_now(watch.judge, setup)
    assert 2 * count == len(rows(house, kind="alarm"))
    assert count == len(rows(house, kind="alarm", state="pending"))  # of many tellings the newest is sent
    jobs = [job for job in real() if job.via == "alerts" and job.page]
    house.write_now(deliver.settle, setup, jobs[0], Delivered("r"), 1)
    assert house.write_now(watch.judge, setup) is None
    assert {"moot", "done"} >= {row.state for row in rows(house, kind="alarm")}
    assert [] == house.read_now(watch.banners)


# --------------------------------------------------------------------------------------------- the probe


def test_a_probe_goes_all_the_way_and_leaves_nothing(house, setup, time):
    house.write_now(watch.probe, "probe:1", setup)
    assert not house.read_now(watch.probe_settled, "probe:1")
    assert {"pending": 0, "oldest_due": None} == house.read_now(queue.backlog)
    [job] = house.write_now(deliver.claim, setup, "w")
    house.write_now(deliver.settle, setup, job, Delivered("probe"), 1)

    assert house.read_now(watch.probe_settled, "probe:1")
    assert [] == house.read_now(incidents.listing)
    assert "" == house.write_now(watch.end_probe, "probe:1")
    assert [] == rows(house)
    assert [] == house.read_now(lambda tx: tx.all(select(attempts)))
    assert house.read_now(watch.report)["probe"]["passed"]


def test_what_older_probes_left_goes_with_the_next(house, setup, time):
    house.write_now(watch.probe, "probe:1", setup)
    time.now += timedelta(minutes=11)
    house.write_now(watch.probe, "probe:2", setup)
    assert "no worker" == house.write_now(watch.end_probe, "probe:2", "no worker")

    assert [] == rows(house)


# --------------------------------------------------------------------------------------------- the clock


def test_the_latest_time_is_kept_and_what_the_clock_did_is_shown_for_an_hour(house, time):
    assert house.read_now(watch.high_mark) is None
    assert "" == house.write_now(watch.keep_time, timedelta(0), timedelta(0))
    marked = house.read_now(watch.high_mark)
    assert marked is not None
    assert "clock moved back" in house.write_now(watch.keep_time, timedelta(hours=1), timedelta(0))
    assert ["Clock moved back: this machine's clock is 1 hour behind; Tocsin goes on from the time it had."] == (
        house.read_now(watch.banners)
    )
    time.now += timedelta(hours=2)
    assert [] == house.read_now(watch.banners)


def test_a_database_whose_own_clock_went_back_is_told_until_it_has_caught_up(house, time):
    mark = time.now
    house.write_now(watch.keep_time, timedelta(0), timedelta(0))
    time.now -= timedelta(minutes=10)
    assert "10 minutes behind" in house.write_now(watch.keep_time, timedelta(0), timedelta(0))
    assert mark == house.read_now(watch.high_mark)
    time.now += timedelta(minutes=10)
    assert "" == house.write_now(watch.keep_time, timedelta(0), timedelta(0))


def test_an_auditor_that_does_not_run_is_missed(house, setup, time):
    house.write_now(watch.audit, setup)
    time.now += timedelta(minutes=4)

    assert ["Nothing watches over the pages: the auditor has not run since 2026-11-23 09:02 UTC."] == house.read_now(
        watch.banners
    )


def test_a_node_off_the_databases_clock_has_a_warning_and_no_effect(url, tmp_path):
    """Due times are judged by the database: a node 15 minutes off pages on time, and `/-/ready` says so (F33)."""
    db = Database(url, lambda: datetime.now(UTC) + timedelta(minutes=15))
    db.asks_clock = not db.sqlite
    migrate.up_to_date(db)
    setup = Setup(plugins.load(), {}, "http://tocsin.example.org", b"key", tmp_path)
    db.write_now(configure.adopt, setup, EXAMPLE)
    declared(db, setup)

    async def ready():
        transport = httpx.ASGITransport(create_app(db, setup, new_secret=lambda: "secret"))
        async with httpx.AsyncClient(transport=transport, base_url="http://tocsin.test") as client:
            return (await client.get("/-/ready")).json()["warnings"]

    skew = [said for said in asyncio.run(ready()) if said.startswith("clock skew")]
    assert ([] if db.sqlite else ["clock skew: this node is 900 s off the database's clock"]) == skew
    assert db.read_now(tick.look).rows  # the page is due now, by whoever's clock
    assert () == db.write_now(watch.audit, setup).found
    db.close()
