"""The daily look: gaps are announced before they come, the admins hear what is new, and otherwise nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tocsin.sdk import Response
from tocsin.store import oncall
from tocsin.usecases import configure, readiness

from .conftest import START, World, changed

MORNING = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def told(world, words="Readiness:"):
    return [at for at, who, text in world.sent if who == "martijn" and text.startswith(words)]


def test_the_admins_hear_it_the_next_morning_and_then_only_what_is_new(world):
    world.wait(days=4)
    assert [MORNING] == told(world)

    def without_a_word(book):
        book["templates"]["acknowledged"] = "Issue: {titel}"

    world.db.write_now(configure.adopt, world.setup, changed(without_a_word))
    world.wait(days=2)
    assert [MORNING, START + timedelta(days=4)] == told(world)
    (text,) = [t for t in world.texts("martijn") if t.startswith("Readiness: 1 new finding")]
    assert "- acknowledged: nothing ever fills {titel}: it reads unknown. Take the word out of the text" in text
    assert "are known already." in text


def test_two_changes_of_one_day_are_one_message(world):
    world.wait(days=2)
    for word in ("titel", "sevrity"):
        text = changed(lambda book, word=word: book["templates"].update(acknowledged=f"{{{word}}}"))
        world.db.write_now(configure.adopt, world.setup, text)
        world.wait(hours=1)
    world.wait(days=3)

    mornings = [MORNING, START + timedelta(days=2), datetime(2026, 11, 26, 9, 0, tzinfo=UTC)]
    assert mornings == told(world)


def test_the_report_shows_how_old_the_daily_look_is(world):
    assert (None, None) == (world.db.read_now(readiness.read, world.setup).looked_at, None)
    world.wait(days=1, hours=5)

    report = world.db.read_now(readiness.read, world.setup)
    assert (MORNING, MORNING) == (report.looked_at, report.told_at)


def test_a_gap_is_announced_seven_days_and_one_day_before_each_once(tmp_path):
    """The only schedule begins on a date: until then nobody has it, but for an override that ends ten days from now."""

    def later(book):
        book["schedules"]["primary"]["rotation"]["starts"] = "2027-01-04"

    world = World(tmp_path, changed(later))
    ends = START + timedelta(days=10)
    world.db.write_now(
        lambda tx: oncall.add_override(
            tx, schedule="primary", person="backup1", start=START - timedelta(days=1), until=ends, reason="", by="x"
        )
    )
    world.wait(days=12)

    assert [ends - timedelta(days=7), ends - timedelta(days=1)] == told(world, "Nobody will be on call: primary")
    text = next(t for t in world.texts("martijn") if t.startswith("Nobody will be"))
    assert "from Thu 2026-12-03 10:02 until Mon 2027-01-04 09:00 (Europe/Amsterdam), in 7 days." in text
    assert [ends] == told(world, "Nobody is on call: primary")


def test_a_gap_that_has_begun_already_is_a_hand_off_and_no_announcement(world):
    world.wait(days=1)
    text = changed(
        lambda book: book["schedules"]["primary"]["rotation"].update(people=["martijn"], starts="2026-11-24")
    )
    world.db.write_now(configure.adopt, world.setup, text)
    world.wait(days=1)

    assert [] == told(world, "Nobody will be on call")


def test_a_channel_of_which_everything_fails_is_a_finding(world):
    world.network = lambda outgoing: Response(500)
    world.declare("P1")
    world.wait(minutes=5)

    found = {(f.kind, f.subject): f.text for f in world.db.read_now(readiness.read, world.setup).findings}
    assert found["integration_failing", "alerts"].startswith("every try of the last day failed")


def test_how_each_person_would_be_reached_at_three(world):
    nights = {night.person: night for night in world.db.read_now(readiness.read, world.setup).nights}

    martijn = nights["martijn"]
    assert (datetime(2026, 11, 24, 3, 0, tzinfo=UTC), True, ("primary",)) == (
        martijn.at, martijn.reachable, martijn.schedules
    )  # fmt: skip
    assert [("alerts", 0), ("sms", 120), ("call", 300)] == [
        (way.via, (way.at - martijn.at).total_seconds()) for way in martijn.ways[:3]
    ]
