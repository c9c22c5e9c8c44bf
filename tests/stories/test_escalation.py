"""What people answer to a page beside "I have it", and what their policy asks of them."""

from __future__ import annotations

from tocsin.core.events import Acknowledge, PassOn
from tocsin.usecases import respond

from .conftest import START, World, changed


def states(world, number=1):
    return sorted((row.person, row.state) for row in world.pages(number))


def test_i_cannot_take_it_pages_the_next_step_at_once_and_not_the_same_person(world):
    """The page of who passes on ends; the next step is taken now, and the later ones keep their distance from it."""
    world.alert()
    world.paged()
    world.wait(minutes=2)
    mine = next(row for row in world.pages() if row.person == "martijn")
    assert 1 == world.db.write_now(respond.pass_on_page, world.setup, mine.id)
    world.work()

    assert ["backup1"] == world.paged()
    assert ("martijn", "moot") in states(world)
    assert ("martijn",) == world.state().passed_on
    moot, escalated, paged = (world.facts(kind)[-1] for kind in ("page_moot", "escalated", "paged"))
    assert ["martijn", "martijn"] == [moot.actor, escalated.actor]
    assert "martijn cannot take it: step 2 of default, round 1: schedule:secondary" == paged.data["reason"]
    world.wait(minutes=4, seconds=59)
    assert [] == world.paged()
    world.wait(seconds=1)
    assert ["backup1"] == world.paged()  # the team lead, five minutes after the step that was taken early
    assert world.verified()


def test_passing_on_twice_does_it_once_and_a_later_page_asks_again(world):
    world.alert()
    world.act(1, PassOn("martijn"))
    count = len(world.timeline())
    world.act(1, PassOn("martijn"))
    assert count == len(world.timeline())

    world.wait(minutes=30)
    assert "martijn" in world.paged()
    assert () == world.state().passed_on
    world.act(1, PassOn("martijn", "on a train"))
    assert "on a train" == world.facts("escalated")[-1].data["reason"]


def test_when_everybody_passes_on_the_channel_is_told_and_the_walk_goes_on(world):
    world.alert()
    world.act(1, PassOn("martijn"))
    world.act(1, PassOn("backup1"))
    assert ["martijn"] == list(world.state().paging)  # the last step names everyone
    world.paged()
    world.act(1, PassOn("martijn"))
    world.act(1, PassOn("backup1"))
    world.wait(minutes=20)

    assert world.paged()


def test_who_acknowledged_may_give_it_back_and_the_next_to_acknowledge_leads(world):
    """An acknowledged incident whose holder passes on is nobody's: paging begins again."""
    world.alert()
    world.act(1, Acknowledge("martijn"))
    world.paged()
    world.act(1, PassOn("martijn", "my train enters a tunnel"))

    assert ["backup1"] == world.paged()
    assert (False, "triggered") == (world.state().answered, world.state().status)
    world.act(1, Acknowledge("backup1"))
    assert ("backup1", True) == (world.state().commander, world.state().answered)
    assert START == world.state().acknowledged_at


def test_passing_on_what_another_has_wakes_nobody(world):
    world.alert()
    world.act(1, Acknowledge("backup1"))
    world.paged()
    count = len(world.timeline())
    world.act(1, PassOn("martijn"))

    assert ([], count) == (world.paged(), len(world.timeline()))


def test_when_nobody_else_is_named_the_channel_is_told_and_the_walk_goes_on(tmp_path):
    """A policy of one person: passing on finds nobody, the alerts channel hears of it, the person is asked again."""

    def alone(data):
        data["escalation_policies"] = {"default": {"steps": [{"page": ["martijn"]}]}}
        data["severities"]["P1"]["page"] = ["martijn"]

    world = World(tmp_path, changed(alone))
    world.declare("P1", service="proofi.ai")
    world.paged()
    world.act(1, PassOn("martijn"))

    assert [] == world.paged()
    world.wait(seconds=9)
    assert [text for text in world.texts("alerts") if "nobody else is named" in text]
    world.wait(minutes=5)
    assert ["martijn"] == world.paged()
