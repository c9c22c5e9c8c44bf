"""Looks, hand-offs, and what is told once, on both stores."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tocsin.core.alert import Alert, Signal
from tocsin.store import alerts, handoffs, looks, queue
from tocsin.usecases import handoff, ingest, tick

MONDAY = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)


def run(house, setup):
    house.write_now(handoff.run, setup, house.read_now(handoff.gather, setup))


def test_a_shift_change_is_told_once_and_confirmed_once(house, setup, time):
    house.write_now(looks.forget, "recount")  # nothing of the past is to be counted here
    assert house.read_now(tick.look).looks
    run(house, setup)
    assert [] == [row.name for row in house.read_now(looks.due) if row.name.startswith(looks.SCHEDULE)]
    assert MONDAY == house.read_now(queue.next_due)[2]

    time.now = MONDAY
    for _ in range(2):
        run(house, setup)
    rows = house.read_now(handoffs.listing)
    assert ["backup1", "martijn"] == sorted(row.person for row in rows)
    assert MONDAY + timedelta(minutes=10) == house.read_now(queue.next_due)[2]
    for row in rows:
        for _ in range(2):
            assert "confirmed" == house.write_now(handoff.confirm, setup, row.id, row.person).state
    assert [] == list(house.read_now(handoffs.unsettled))
    assert house.read_now(queue.next_due)[2] > MONDAY + timedelta(minutes=10)  # nothing of this one


def test_what_is_told_once_is_told_once(house):
    assert [True, False] == [house.write_now(looks.first_time, "gap:primary:x:7d") for _ in range(2)]
    assert house.write_now(looks.first_time, "gap:primary:x:1d")


def test_a_change_of_what_the_looks_stand_on_makes_them_due(house, setup, time):
    run(house, setup)
    time.now += timedelta(minutes=1)
    house.write_now(looks.again)

    assert time.now == house.read_now(queue.next_due)[2]
    house.write_now(looks.forget, "schedule:primary")
    assert house.read_now(looks.get, "schedule:primary") is None


def test_the_noisiest_alerts_of_a_week_are_counted_by_key(house, setup, time):
    """Repeats and episodes count; what began before the week does not."""

    def alert(key, action="trigger"):
        signal = Signal(action, Alert("s", key, f"{key} is loud", time.now, service="api"))
        house.write_now(ingest.ingest, setup, [[signal]])

    alert("old")
    time.now += timedelta(days=8)
    for key in ("a", "b", "b", "b"):
        alert(key)
    alert("a", "resolve")
    time.now += timedelta(hours=1)
    alert("a")

    rows = house.read_now(alerts.noisiest, time.now - timedelta(days=7), 2)
    assert [("b is loud", "api", "s", 3, 1), ("a is loud", "api", "s", 2, 2)] == [tuple(row) for row in rows]
    assert {1: 1, 2: 2} == house.read_now(alerts.still_firing, [1, 2, 99])
