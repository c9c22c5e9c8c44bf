"""The numbers of a month go out on the first of the next one, once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tocsin.core.events import Acknowledge, Declared, Resolve
from tocsin.store import looks
from tocsin.usecases import configure, numbers, respond

from .conftest import World, changed

FIRST = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)


def told(world):
    return [(at, who, text) for at, who, text in world.sent if "in November" in text or "in December" in text]


def asked_for(*report):
    def change(book):
        book["numbers"] = {"report": list(report)}
        book["channels"]["email"]["smtp"]["security"] = "none"

    return changed(change)


def led(world):
    """One incident, answered and ended, and a drill; nothing of theirs is due any more."""
    world.declare("P3", "A typo in the footer", service="proofi.ai")
    world.wait(minutes=4)
    world.act(1, Acknowledge("martijn"))
    world.act(1, Resolve("martijn", "A slip", "Corrected"))
    number = world.db.write_now(respond.declare, world.setup, Declared("A drill", "P3", "martijn", drill=True))
    world.act(number, Resolve("martijn", "A drill", "Ended"))


def test_stakeholders_get_the_month_on_the_first_at_nine(tmp_path):
    world = World(tmp_path, asked_for("stakeholders", "boss@example.org"))
    led(world)
    world.wait(days=7)
    world.now = FIRST - timedelta(seconds=1)
    world.work()
    assert [] == told(world)
    world.wait(seconds=1)
    assert [(FIRST, "team@proofi.ai"), (FIRST, "boss@example.org")] == [(at, who) for at, who, _ in told(world)]
    text = told(world)[0][2]
    assert "Proofi: 1 incident in November 2026" in text
    assert "Incidents: 1 (1 P3)" in text
    assert "/numbers?span=3D2026-11" in text or "/numbers?span=2026-11" in text


def test_it_is_told_once_though_nodes_restart_and_the_runbook_is_read_again(tmp_path):
    world = World(tmp_path, asked_for("stakeholders"))
    world.work()
    world.now = FIRST
    world.work()
    assert 1 == len(told(world))
    for _ in range(2):
        world.db.write_now(configure.adopt, world.setup, asked_for("stakeholders"))
        world.work()
    world.now += timedelta(days=3)
    world.work()
    assert 1 == len(told(world))


def test_two_nodes_that_gathered_the_same_month_send_it_once(tmp_path):
    world = World(tmp_path, asked_for("stakeholders"))
    world.work()
    world.now = FIRST
    gathered = [world.db.read_now(numbers.gather, world.setup) for _ in range(2)]
    for each in gathered:
        world.db.write_now(numbers.run, world.setup, each)
    world.work()
    assert 1 == len(told(world))


def test_after_months_away_only_the_last_one_is_told(tmp_path):
    world = World(tmp_path, asked_for("stakeholders"))
    world.work()
    world.now = datetime(2027, 1, 20, tzinfo=UTC)
    world.work()
    assert ["in December 2026" in text for *_, text in told(world)] == [True]


def test_nobody_is_told_unless_the_runbook_says_whom(tmp_path):
    world = World(tmp_path)
    world.work()
    world.now = FIRST
    world.work()
    assert [] == told(world)
    assert "2026-11" == world.db.read_now(looks.get, numbers.REPORT).data["told"]


@pytest.mark.parametrize(
    ("name", "near"), [("stakeholder", "stakeholders"), ("war_room", "a channel"), ("", "a mail address")]
)
def test_whom_must_be_somebody_who_can_be_told(name, near):
    from tocsin import runbook_file

    (error,) = runbook_file.read(asked_for(name), {}).errors
    assert "numbers.report" in error.key
    assert near in str(error)
