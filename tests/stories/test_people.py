"""What is asked of people outside incidents: pages by hand, proofs of the ways to them, test pages."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from tocsin.core.events import Acknowledge
from tocsin.core.types import Refused
from tocsin.store import people as store
from tocsin.store import queue
from tocsin.usecases import people

from .conftest import World, changed


def by_hand(world, person="martijn", message="please call the shop", by="backup1", **more):
    number = world.db.write_now(people.page_by_hand, world.setup, person, message, by, **more)
    world.work()
    return number


def test_a_page_by_hand_names_who_asked_and_escalates_until_somebody_answers(world):
    """The person first, the policy five minutes later, round after round; every page says who asked by hand."""
    number = by_hand(world)
    assert ["martijn"] == world.paged(number)
    assert [text for text in world.texts("martijn") if "paged by hand by backup1" in text]
    world.wait(minutes=5)
    assert ["martijn"] == world.paged(number)  # on call, by the policy's first step
    world.wait(minutes=90)
    pages = world.pages(number)

    assert 10 < len(pages)
    assert {"high"} == {row.urgency for row in pages}
    assert all("paged by hand by backup1" in row.reason for row in pages)
    world.act(number, Acknowledge("martijn"))
    world.paged(number)
    world.wait(hours=1)
    assert [] == world.paged(number)
    assert world.verified()


def test_a_page_by_hand_tells_no_channel_and_starts_no_protocol(world):
    number = by_hand(world, urgency="low")

    assert [] == world.texts("alerts")
    assert ((), "low") == (world.state(number).duties, world.pages(number)[0].urgency)


def test_nobody_is_paged_by_hand_more_than_three_times_in_a_row(world):
    for _ in range(3):
        by_hand(world)
    with pytest.raises(Refused, match="was asked 3 times just now") as refused:
        by_hand(world)
    assert 429 == refused.value.status
    by_hand(world, "backup1")  # another person's phone
    world.wait(minutes=5)
    by_hand(world)


@pytest.mark.parametrize(("person", "message", "status"), [("nobody", "x", 404), ("martijn", " ", 422)])
def test_a_page_by_hand_needs_somebody_and_a_reason(world, person, message, status):
    with pytest.raises(Refused) as refused:
        by_hand(world, person, message)
    assert status == refused.value.status


def code_of(world, who="martijn"):
    return re.findall(r"Your code is (\d{6})", "".join(world.texts(who)))[-1]


def check(world, secret="one", via="alerts"):
    id_ = world.db.write_now(people.send_check, world.setup, "martijn", via, "backup1", secret)
    world.work()
    return id_


def typed(world, code, via="alerts"):
    return world.db.write_now(people.type_code, world.setup, "martijn", via, code)


def test_a_code_proves_a_way_until_the_address_changes(world):
    check(world)
    code = code_of(world)
    assert "this is not the code that was sent" == typed(world, f"{(int(code) + 1) % 1_000_000:06d}")
    assert "" == typed(world, f" {code[:3]} {code[3:]}")
    assert "no code was sent there: send one first" == typed(world, code)
    proof = world.db.read_now(store.health)["martijn", "alerts"]

    assert world.now == proof.proved_at
    moved = changed(lambda data: data["people"]["martijn"].update(telegram=4711))
    from tocsin.core import delivery
    from tocsin.usecases import configure

    world.db.write_now(configure.adopt, world.setup, moved)
    route = delivery.way(world.db.read_now(configure.in_force, world.setup)[1], world.setup.ways, "martijn", "alerts")
    assert delivery.proved_at(route, proof) is None


def test_a_code_is_good_for_a_quarter_of_an_hour_and_five_tries(world):
    check(world)
    for _ in range(5):
        assert typed(world, "abc")
    assert "not good any more" in typed(world, code_of(world))
    check(world, "two")
    world.wait(minutes=15)
    assert "not good any more" in typed(world, code_of(world))


def test_a_press_on_the_link_proves_the_way_and_mends_what_was_broken(world):
    world.db.write_now(store.note_broken, "martijn", "alerts", "some mark", "blocked")
    id_ = check(world)
    assert people.check_link(world.setup, id_) in "".join(world.texts("martijn"))
    for _ in range(2):
        world.db.write_now(people.press, world.setup, id_)
    found = world.db.read_now(store.health)["martijn", "alerts"]

    assert (world.now, None) == (found.proved_at, found.broken_at)
    with pytest.raises(Refused):
        world.db.write_now(people.press, world.setup, "unknown")


def test_what_cannot_be_checked_says_why(world):
    with pytest.raises(Refused, match=r"no webhook|no channel"):
        world.db.write_now(people.send_check, world.setup, "martijn", "webhook", "backup1", "x")


def test_each_person_gets_a_test_page_every_month_and_one_press_answers_it(world):
    """It says that it is a test, comes in working hours, and is no page of any incident."""
    world.db.write_now(people.plan_tests, world.setup)
    world.db.write_now(people.plan_tests, world.setup)
    assert 0 == world.db.read_now(queue.backlog)["pending"]
    world.wait(days=45)
    tests = [(at, text) for at, who, text in world.sent if who == "martijn" and "THIS IS A TEST" in text]

    assert tests
    assert all(8 <= at.hour < 17 and at.weekday() < 5 for at, _ in tests)
    assert [] == world.db.read_now(queue.pages)
    sent, answered = world.db.read_now(store.last_tests)["martijn"]
    assert answered is None
    newest = world.db.read_now(store.checks_of, "martijn")[0]
    world.now = sent + timedelta(hours=1)
    world.db.write_now(people.press, world.setup, newest.id)
    assert (sent, world.now) == world.db.read_now(store.last_tests)["martijn"]


def test_who_wants_no_test_page_gets_none(tmp_path):
    world = World(tmp_path, changed(lambda data: [p.update(test_page="never") for p in data["people"].values()]))
    world.db.write_now(people.plan_tests, world.setup)
    world.wait(days=60)

    assert {} == world.db.read_now(store.last_tests)
    assert not any("test page" in text.lower() for _, _, text in world.sent)


def test_a_test_page_by_hand_goes_by_every_way_that_can_be_used(world):
    assert 2 == world.db.write_now(people.send_test, world.setup, "backup1", "martijn")
    world.work()
    assert ["TEST" in text for text in world.texts("backup1") + world.texts("backup1@proofi.ai")] == [True, True]
