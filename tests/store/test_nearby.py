"""Incidents beside an incident, and the looks of a diagnosis, on both stores."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from tests.tools import DIAGNOSERS
from tocsin.core.events import Acknowledge, Declared, Resolve
from tocsin.sdk import Found
from tocsin.store import incidents, nearby, queue
from tocsin.store.schema import outbox
from tocsin.usecases import configure, deliver, diagnose, respond

from .conftest import EXAMPLE, START

DAY = timedelta(days=1)


def declare(db, setup, service="api", check="http_5xx", resolved=True, cause="x", **more):
    event = Declared("down", "P1", "admin", service=service, check=check, **more)
    number = db.write_now(respond.declare, setup, event)
    if resolved:
        db.write_now(respond.act, setup, number, Resolve("martijn", cause, "y"))
    return number


def test_open_incidents_on_what_a_service_needs_the_oldest_first(house, setup, time):
    one, two = (declare(house, setup, service, resolved=False) for service in ("ddc", "api"))
    declare(house, setup, "ddc")
    declare(house, setup, "payments", resolved=False)
    declare(house, setup, "ddc", resolved=False, drill=True)
    house.write_now(respond.act, setup, two, Acknowledge("martijn"))

    rows = house.read_now(nearby.open_on, ("ddc", "api"), 10)
    assert [(one, "ddc", "P1", "down", START), (two, "api", "P1", "down", START)] == [
        (row.number, row.service, row.severity, row.title, row.declared_at) for row in rows]  # fmt: skip
    assert [one] == [row.number for row in house.read_now(nearby.open_on, ("ddc", "api"), 1)]
    assert [] == house.read_now(nearby.open_on, (), 10)


def test_earlier_incidents_are_of_the_same_service_and_check_over_and_within_their_span(house, setup, time):
    old = declare(house, setup, cause="long ago")
    time.now = START + 80 * DAY
    one = declare(house, setup, cause="a deployment")
    declare(house, setup, "ddc")
    declare(house, setup, check="slow")
    declare(house, setup, resolved=False)
    declare(house, setup, drill=True)
    time.now = START + 91 * DAY
    two = declare(house, setup, cause="a key")
    of = house.read_now(incidents.load, declare(house, setup, resolved=False)).state

    found = house.read_now(nearby.alike, of, time.now - 90 * DAY, 10)
    assert [(two, "a key"), (one, "a deployment")] == [(state.number, state.root_cause) for state in found]
    assert [two] == [s.number for s in house.read_now(nearby.alike, of, time.now - 90 * DAY, 1)]
    assert old in [s.number for s in house.read_now(nearby.alike, of, START, 10)]


def test_without_a_service_or_check_nothing_is_like_it_but_the_same(house, setup):
    bare = declare(house, setup, check=None)
    of = house.read_now(incidents.load, declare(house, setup, check=None, resolved=False)).state
    nameless = house.read_now(incidents.load, declare(house, setup, None, resolved=False)).state

    assert [bare] == [state.number for state in house.read_now(nearby.alike, of, START - DAY, 10)]
    assert [] == house.read_now(nearby.alike, nameless, START - DAY, 10)


def looks(db):
    statement = select(outbox).where(outbox.c.kind.in_(("look", "look_inside"))).order_by(outbox.c.key)
    return db.read_now(lambda tx: tx.all(statement))


def test_two_nodes_take_each_look_once_and_what_comes_after_the_claim_ran_out_changes_nothing(db, setup, time):
    for one in DIAGNOSERS:
        setup.plugins.diagnosers[one.name] = one
    text = EXAMPLE.replace("diagnose: [vercel.deployments, railway.logs, ddc.status, sentry.issues, blast_radius]",
                           "diagnose: [github.seen, blast_radius]")  # fmt: skip
    assert not db.write_now(configure.adopt, setup, text).errors
    setup.environment = {**setup.environment, "GITHUB_TOKEN": "token-of-github"}
    setup.runbooks.clear()
    number = db.write_now(respond.declare, setup, Declared("down", "P0", "admin", service="api"))
    assert 2 == len(looks(db))

    one = [job for job in db.write_now(deliver.claim, setup, "one") if job.look]
    other = [job for job in db.write_now(deliver.claim, setup, "other") if job.look]
    assert (["github.seen"], []) == ([job.look.source for job in one], other)
    time.now += timedelta(seconds=15)
    [again] = [job for job in db.write_now(deliver.claim, setup, "other") if job.look]
    settle = (diagnose.settle, setup, again.id)
    db.write_now(*settle, one[0].epoch, number, one[0].look, [Found("of the dead")])
    db.write_now(*settle, again.epoch, number, again.look, [Found("of the living")])
    db.write_now(*settle, again.epoch, number, again.look, [Found("twice")])

    state = db.read_now(incidents.load, number).state
    assert ["of the living"] == [f.text for f in state.diagnosis.findings if f.source == "github.seen"]
    assert (time.now, {"done"}) == (state.diagnosis.assessed_at, {row.state for row in looks(db)})
    assert db.read_now(incidents.verify)["ok"]


def test_looks_are_no_backlog_and_a_hanging_tool_has_a_lane_of_its_own(house, setup):
    for one in DIAGNOSERS:
        setup.plugins.diagnosers[one.name] = one
    before = house.read_now(queue.backlog)
    number = declare(house, setup, resolved=False)
    with_looks = house.read_now(queue.backlog)
    assert "look:tocsin" in [row.via for row in looks(house) if row.incident == number]
    others = [row for row in house.read_now(lambda tx: tx.all(select(outbox))) if not row.kind.startswith("look")]

    assert with_looks["pending"] - before["pending"] == len([r for r in others if r.kind not in ("test", "probe")])
