"""A country changes its clocks, and the new rules come with an update: hand-overs move, what was written stays, both are told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from tocsin.core.oncall import on_call_at, shifts
from tocsin.store import oncall
from tocsin.usecases import configure, readiness

from .. import zones
from .conftest import World, changed

OCTOBER = datetime(2026, 10, 29, 20, tzinfo=UTC)
MONDAY = datetime(2026, 11, 2, 16, tzinfo=UTC)  # 09:00 in Vancouver on summer time, which it now keeps
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PEOPLE = ["martijn", "backup1"]


def in_vancouver(book):
    book["schedules"] = {
        "primary": {"timezone": "America/Vancouver",
                    "rotation": {"people": PEOPLE, "every": "1w", "hand_off": "mon 09:00", "starts": "2026-01-05"}},
        "secondary": {"timezone": "Europe/Amsterdam",
                      "rotation": {"people": PEOPLE, "every": "1w", "hand_off": "mon 09:00", "starts": "2026-01-12"}},
    }  # fmt: skip


@pytest.fixture
def updated(tmp_path):
    """A world that ran with rules of 2025, with an override by them, and was started again with those of the wheel."""
    with zones.old_rules():
        world = World(tmp_path, changed(in_vancouver), now=OCTOBER)
        world.wait(hours=1)
        world.before = world.db.read_now(readiness.read, world.setup).findings
        span = {"start": MONDAY + 25 * HOUR, "until": MONDAY + 33 * HOUR}  # Tuesday 09:00 to 17:00 by those rules
        add = lambda tx: oncall.add_override(tx, schedule="primary", person="backup1", reason="", by="martijn", **span)
        world.db.write_now(add)
        world.wait(hours=2)
    world.db.write_now(configure.adopt, world.setup, changed(in_vancouver))
    world.wait(minutes=1)
    return world


def moved(world):
    return [f for f in world.db.read_now(readiness.read, world.setup).findings if f.kind == "zone_rules_changed"]


def test_the_hand_overs_that_moved_are_named_with_both_instants_and_what_stays_is_counted(updated):
    (finding,) = moved(updated)

    assert not [f for f in updated.before if f.kind == "zone_rules_changed"]
    assert "primary" == finding.subject
    for words in (
        "the hand-over of Mon 2026-11-02 09:00 (America/Vancouver) is at 2026-11-02 16:00 UTC",
        "by 2025b it was at 2026-11-02 17:00 UTC",
        "all are 1 hour earlier",
        "1 of the overrides and absences of that time stay at their instants",
    ):
        assert words in finding.text


def test_the_admins_are_told_the_next_morning_and_after_four_months_it_is_known(updated):
    updated.wait(days=1)
    assert any("is at 2026-11-02 16:00 UTC" in text for text in updated.texts("martijn"))

    updated.now = datetime(2027, 3, 1, 12, tzinfo=UTC)
    assert [] == moved(updated)


def test_the_hand_over_keeps_its_local_hour_the_override_its_instants_and_nobody_is_missing(updated):
    _, book = updated.db.read_now(configure.in_force, updated.setup)
    given = updated.db.read_now(oncall.stand_ins_around, updated.now)
    found = shifts(book, "primary", OCTOBER, MONDAY + 10 * DAY, given)

    assert on_call_at(book, "primary", MONDAY - HOUR, given).people != on_call_at(book, "primary", MONDAY, given).people
    assert [(MONDAY + 25 * HOUR, MONDAY + 33 * HOUR)] == [(s.start, s.until) for s in found if s.override is not None]
    assert all(one.until == other.start and one.people for one, other in pairwise(found))


def test_rules_that_change_back_and_forth_between_nodes_are_looked_at_once_an_hour(updated):
    looked = updated.db.read_now(readiness.read, updated.setup).looked_at
    with zones.old_rules():
        updated.wait(minutes=10)
        assert looked == updated.db.read_now(readiness.read, updated.setup).looked_at
