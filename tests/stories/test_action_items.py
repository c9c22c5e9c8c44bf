"""Action items as time goes by: each word once, to the right people, and none after they are done."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tocsin.core.events import Resolve
from tocsin.core.sentences import sentence
from tocsin.core.types import Refused
from tocsin.store import action_items as store
from tocsin.store import incidents
from tocsin.usecases import action_items, configure, looks

from .conftest import START, World, changed


def one_team(book):
    """Backup One is led by Martijn, reached by Telegram; nothing else is said to him."""
    book["teams"] = {"core": {"lead": "martijn", "members": ["martijn", "backup1"]}}
    for service in book["services"].values():
        service["team"] = "core"
    book["people"]["backup1"]["notify"]["low"] = [{"via": "telegram"}]


@pytest.fixture
def team(tmp_path):
    world = World(tmp_path, changed(one_team))
    world.declare("P3", "A typo", service="api")
    world.act(1, Resolve("martijn", "A slip", "Corrected"))
    return world


def add(world, due="2026-12-01", owner="backup1", title="Rotate the key", number=1):
    made = world.db.write_now(action_items.add, world.setup, number, "martijn", title=title, owner=owner, due=due)
    world.work()
    return made


def words(world, title="Rotate the key"):
    """When each word on an item came, to whom, and how it begins."""
    return [
        (f"{at:%m-%d %H:%M}", who, text.partition(":")[0])
        for at, who, text in world.sent
        if text.startswith("Action item") and title in text
    ]


TODAY = "Action item due Tue 2026-11-24"
DUE = "Action item due Tue 2026-12-01"
DUE_WORDS = [
    ("11-30 08:00", "backup1", DUE),
    ("12-01 08:00", "backup1", DUE),
]


def test_the_owner_hears_before_and_on_the_day_and_the_lead_when_it_is_late(team):
    add(team)
    team.wait(days=25)
    late = [(day, who, "Action item late") for day in ("12-02 08:00", "12-09 08:00", "12-16 08:00")
            for who in ("backup1", "martijn")]  # fmt: skip
    assert [*DUE_WORDS, *late] == sorted(words(team))


def test_what_is_done_or_dropped_is_not_spoken_of(team):
    done, dropped = add(team), add(team, title="Write a test")
    team.wait(days=7)
    for title in ("Rotate the key", "Write a test"):
        assert DUE_WORDS[:1] == words(team, title)
    team.db.write_now(action_items.done, team.setup, done.id, "backup1")
    assert (
        "done" == team.db.write_now(action_items.done, team.setup, done.id, "martijn").state
    )  # again: nothing changes
    assert "backup1" == team.db.read_now(store.get, done.id).closed_by
    with pytest.raises(Refused, match="why is it dropped"):
        team.db.write_now(action_items.drop, team.setup, dropped.id, "backup1", " ")
    team.db.write_now(action_items.drop, team.setup, dropped.id, "backup1", "The feature goes")
    for refused in (lambda tx: action_items.done(tx, team.setup, dropped.id, "x"), lambda tx: action_items.drop(tx, team.setup, done.id, "x", "y"),
                    lambda tx: action_items.move(tx, team.setup, done.id, "x", due="2026-12-24")):  # fmt: skip
        with pytest.raises(Refused, match="already"):
            team.db.write_now(refused)
    team.wait(days=30)
    assert [1, 1] == [len(words(team, title)) for title in ("Rotate the key", "Write a test")]


def test_a_move_starts_anew_and_back_again_says_nothing_twice(team):
    item = add(team)
    team.wait(days=7)
    for due in ("2026-12-10", "2026-12-01"):
        team.db.write_now(action_items.move, team.setup, item.id, "martijn", due=due)
        team.work()
    assert DUE_WORDS[:1] == words(team)
    team.db.write_now(action_items.move, team.setup, item.id, "backup1", due="2026-12-10", owner="martijn")
    team.wait(days=10)
    assert [*DUE_WORDS[:1], ("12-09 08:00", "martijn", "Action item due Thu 2026-12-10")] == words(team)[:2]
    with pytest.raises(Refused, match="in the past"):
        team.db.write_now(action_items.move, team.setup, item.id, "martijn", due="2026-12-01")
    with pytest.raises(Refused, match="which day, or to whom"):
        team.db.write_now(action_items.move, team.setup, item.id, "martijn")


def test_after_a_downtime_only_the_latest_word_comes(team):
    add(team)
    team.sleep(days=20)
    team.wait(seconds=5)
    assert ["Action item late"] * 2 == [text for _, _, text in words(team)]
    for _ in range(3):
        team.db.write_now(looks.run, team.setup, team.db.read_now(looks.gather, team.setup))
        team.work()
    assert 2 == len(words(team))


def test_at_night_it_waits_for_the_end_of_the_quiet_hours(tmp_path):
    def quiet(book):
        one_team(book)
        book["people"]["backup1"]["quiet_hours"] = {"from": "22:00", "to": "08:00", "timezone": "Europe/Amsterdam"}

    world = World(tmp_path, changed(quiet), now=datetime(2026, 11, 23, 22, 30, tzinfo=UTC))
    world.declare("P3", "A typo", service="api")
    add(world, due="2026-11-24")
    assert [] == words(world)
    world.wait(hours=12)
    assert [("11-24 07:00", "backup1", TODAY), ("11-24 08:00", "backup1", TODAY)] == words(world)


def test_who_left_is_told_of_once_and_the_lead_hears_from_then_on(team):
    item = add(team)

    def left(book):
        one_team(book)
        del book["people"]["backup1"]
        book["teams"]["core"]["members"] = ["martijn"]
        for schedule in book["schedules"].values():
            schedule["rotation"]["people"] = ["martijn"]

    reading = team.db.write_now(configure.adopt, team.setup, changed(left))
    assert not reading.errors, [str(error) for error in reading.errors]
    team.wait(days=7)
    assert ["Action item without an owner", DUE] == [text for _, _, text in words(team)]
    assert {"martijn"} == {who for _, who, _ in words(team)}
    board, _ = team.db.read_now(action_items.board, team.setup)
    assert [item.id] == [one.id for one in board]


def test_a_hand_off_names_what_is_late(team):
    add(team)
    add(team, due="2026-12-20", title="Later")
    team.wait(seconds=(datetime(2026, 12, 7, 8, 1, tzinfo=UTC) - START).total_seconds())
    notes = [text for text in team.texts("backup1") if text.startswith("Hand-off: you")]
    assert 1 <= len(notes) and "Overdue" not in notes[0]
    assert "Overdue action items\n- Rotate the key: Backup One, 6 days late (INC-1)" in notes[-1]
    assert "Later" not in notes[-1]
    _, book = team.db.read_now(configure.in_force, team.setup)
    assert () == team.db.read_now(overdue_of, book)


def overdue_of(tx, book):
    return action_items.overdue(tx, book, ["none"])


def test_a_drill_has_none(team):
    number = team.declare("P0", "DRILL", drill=True)
    with pytest.raises(Refused, match="is a drill"):
        add(team, number=number)
    with pytest.raises(Refused):
        add(team, number=99)


def test_pages_go_before_reminders(team):
    """A reminder and a page that are due together: the page is claimed first."""
    add(team, due="2026-11-24")
    team.sent.clear()
    team.sleep(days=2)
    team.alert()
    team.wait(seconds=5)
    for person in ("martijn", "backup1"):
        first, *_, last = team.texts(person)
        assert first.startswith("[P0]") and last.startswith("Action item late")


def test_the_draft_names_them(tmp_path):
    world = World(tmp_path, changed(one_team))
    world.declare("P0", service="api")
    item = add(world, title="Rotate | the key")
    world.db.write_now(action_items.done, world.setup, item.id, "backup1")
    add(world, title="Watch <it>", due="2026-12-02")
    world.act(1, Resolve("martijn", "A key expired", "A new key"))
    world.wait(minutes=1)
    text = next(world.data.glob("**/2026-11-23-*.md")).read_text(encoding="utf-8")
    assert "| Rotate \\| the key | Backup One | 2026-12-01, done |  |" in text
    assert "| Watch \\<it> | Backup One | 2026-12-02 |  |" in text
    assert "to be agreed in the review" not in text


def test_it_stands_when_a_provider_fails(team):
    """Nothing is told before the commit: what is rolled back tells nobody."""
    with pytest.raises(RuntimeError):
        team.db.write_now(_add_and_fail, team.setup)
    team.wait(days=8)
    assert [] == words(team)
    assert [] == team.db.read_now(store.open_ones)


def _add_and_fail(tx, setup):
    action_items.add(tx, setup, 1, "martijn", title="Rotate the key", owner="backup1", due="2026-12-01")
    raise RuntimeError


def test_a_person_who_moves_to_the_day_itself_hears_at_once(team):
    item = add(team, due="2027-01-10")
    team.db.write_now(
        action_items.move, team.setup, item.id, "martijn", due=str((team.now + timedelta(days=1)).date())
    )  # fmt: skip
    team.work()
    assert [("11-23 09:02", "backup1", "Action item due Tue 2026-11-24")] == words(team)


def test_the_timeline_tells_what_was_agreed_and_what_came_of_it(team):
    item, other = add(team), add(team, title="Write a test")
    team.db.write_now(action_items.done, team.setup, item.id, "backup1")
    team.db.write_now(action_items.drop, team.setup, other.id, "backup1", "The feature goes")
    names = {"martijn": "Martijn", "backup1": "Backup One"}
    entries = team.db.read_now(incidents.timeline, 1)[-4:]
    assert [
        "Martijn added an action item for Backup One, due 2026-12-01: Rotate the key",
        "Martijn added an action item for Backup One, due 2026-12-01: Write a test",
        "Backup One: action item done: Rotate the key",
        "Backup One: action item dropped: Write a test: The feature goes",
    ] == [sentence(e.kind, e.actor, e.data, names).partition(" (")[0] for e in entries]
    assert "resolved" == team.state().status and team.db.read_now(incidents.verify)["ok"]
