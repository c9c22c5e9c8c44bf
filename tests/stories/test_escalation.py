"""What people answer to a page beside "I have it", and what their policy asks of them."""

from __future__ import annotations

import pytest

from tocsin.core.events import Acknowledge, Note, PassOn
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


def team_of_three(data):
    """A third person, so that turns can be told apart."""
    data["people"]["cleo"] = {"name": "Cleo", "email": "cleo@proofi.ai", "notify": {"high": [{"via": "email"}]}}
    data["severities"]["P1"]["page"] = ["schedule:primary"]
    data["teams"]["web"] = {"lead": "martijn", "members": ["martijn", "backup1", "cleo"]}


def policy(data, **step):
    team_of_three(data)
    steps = [{"page": ["team:web"], **step}, {"page": ["everyone"], "after": "15m"}]
    data["escalation_policies"] = {"default": {"steps": steps, "repeat": 2}}
    data["severities"]["P1"]["page"] = ["team:nobody"]
    data["teams"]["nobody"] = {"lead": "martijn"}


def test_a_round_robin_step_pages_one_in_turn_fair_over_incidents(tmp_path):
    """Of three people each gets every third incident; the next round of one incident goes to the next."""
    world = World(tmp_path, changed(lambda data: policy(data, assign="round_robin")))
    paged = []
    for n in range(6):
        world.declare("P1", f"number {n}", service="proofi.ai")
        paged += world.paged(n + 1)
        world.wait(minutes=1)

    assert ["backup1", "cleo", "martijn"] * 2 == paged
    assert world.verified()


def test_a_step_that_all_must_acknowledge_goes_on_for_each_until_they_have(tmp_path):
    world = World(tmp_path, changed(lambda data: policy(data, all_must_acknowledge=True)))
    world.declare("P1", service="proofi.ai")
    assert ["backup1", "cleo", "martijn"] == world.paged()
    world.act(1, Acknowledge("cleo"))
    world.act(1, Acknowledge("cleo"))
    assert (1, False, ("backup1", "martijn")) == (
        len(world.facts("acknowledged")), world.state().answered, world.state().awaited
    )  # fmt: skip
    assert ("cleo", "acknowledged") in states(world)
    world.wait(minutes=15)
    assert ["backup1", "martijn"] == world.paged()
    world.act(1, Acknowledge("backup1"))
    world.act(1, PassOn("martijn"))
    world.paged()
    world.wait(minutes=40)

    assert ((), True) == (world.state().awaited, world.state().answered)
    assert [] == world.paged()
    assert world.verified()


def forgets(data):
    data["severities"]["P1"]["acknowledgement"] = {"expires_after": "30m"}


def test_an_acknowledgement_that_nothing_follows_is_reminded_of_and_expires(tmp_path):
    """Five minutes before, who acknowledged is asked; then paging begins again from the first step."""
    world = World(tmp_path, changed(forgets))
    world.declare("P1", service="proofi.ai")
    world.wait(minutes=1)
    world.act(1, Acknowledge("martijn"))
    world.paged()
    world.wait(minutes=24)
    assert not [text for text in world.texts("martijn") if "Still on INC-1?" in text]
    world.wait(minutes=2)
    assert 1 == len([text for text in world.texts("martijn") if "Still on INC-1?" in text])
    assert [] == world.paged()
    world.wait(minutes=4)

    assert "martijn" in world.paged()
    assert "expired: nothing followed for 30 minutes" in world.facts("unacknowledged")[0].data["reason"]
    assert not world.state().answered


def test_what_a_person_does_keeps_the_acknowledgement(tmp_path):
    world = World(tmp_path, changed(forgets))
    world.declare("P1", service="proofi.ai")
    world.act(1, Acknowledge("martijn"))
    for _ in range(4):
        world.wait(minutes=26)
        world.act(1, Note("martijn", "still looking"))
    assert [] == world.facts("unacknowledged")

    world.wait(minutes=26)
    world.act(1, Acknowledge("martijn"))
    world.wait(minutes=20)
    assert [] == world.facts("unacknowledged")
    world.wait(minutes=11)
    assert 1 == len(world.facts("unacknowledged"))


def test_pages_of_several_incidents_at_once_are_one_message_for_each_person(world):
    """A storm of incidents wakes each person with one message; its link acknowledges all, or each alone."""
    checks = [("api", "5xx"), ("web", "slow"), ("jobs", "stuck")]
    world.signals([signal(world, service, check) for service, check in checks])
    texts = [text for text in world.texts("martijn") if "for you" in text or "You are paged" in text]

    assert 1 == len(texts)
    assert all(f"INC-{n}:" in texts[0] for n in (1, 2, 3))
    lead = next(row for row in world.pages(1) if row.person == "martijn")
    assert f"/ack/{lead.id}/" in texts[0]
    world.db.write_now(respond.acknowledge_fold, world.setup, lead.id)
    world.work()
    assert [True, True, True] == [world.state(n).answered for n in (1, 2, 3)]
    world.wait(minutes=9)
    assert not [text for text in world.texts("martijn")[1:] if "You are paged" in text]


def signal(world, service, check):
    from tocsin.core.alert import Alert, Signal

    return Signal(
        "trigger", Alert("alertmanager", check, "proofi.ai answers 503", world.now, "", service, check, "critical")
    )


def test_low_urgency_gathers_for_a_minute_and_a_later_step_is_never_swallowed(world):
    """The first goes at once; what follows within the minute goes as one; a later step of the same goes by itself."""
    for n in range(3):
        world.alert(f"check-{n}", service="api", check=f"check-{n}", severity="warning")
        world.wait(seconds=10)
    paged = [text for text in world.texts("martijn@proofi.ai") + world.texts("martijn") if "paged because" in text]
    assert 1 == len(paged)
    world.wait(seconds=31)
    folded = [
        text for text in world.texts("martijn@proofi.ai") + world.texts("martijn") if "incidents wait for" in text
    ]
    assert 1 == len([text for text in folded if "INC-2" in text and "INC-3" in text])
    assert all({"sent", "delivered"} >= {row.state for row in world.pages(n)} for n in (1, 2, 3))


def gap(data):
    """Whoever is on call is so for an hour on Sundays."""
    hours = [{"days": ["sun"], "from": "03:00", "to": "04:00"}]
    data["schedules"]["primary"] = {
        "layers": [{"rotation": data["schedules"]["primary"]["rotation"], "restrictions": hours}]
    }


@pytest.mark.parametrize("others", [[], [{"page": ["schedule:primary"], "after": "5m"}]])
def test_a_policy_whose_steps_all_stand_for_nobody_pages_everyone(tmp_path, others):
    """A gap in the only schedule: its page would be nobody's, again and again."""

    def change(data):
        gap(data)
        data["escalation_policies"] = {"default": {"repeat": "2", "steps": [{"page": ["schedule:primary"]}, *others]}}

    world = World(tmp_path, changed(change))
    number = world.alert("slow", check="slow", severity="warning", service="nobody-knows")

    assert "P2" == world.state(number).severity
    assert ["backup1", "martijn"] == world.paged(number)
    assert "no step of default stands for anybody now, so everyone is paged" == world.pages(number)[0].reason


def test_a_last_step_that_stands_for_nobody_is_no_end_of_paging(tmp_path):
    def change(data):
        gap(data)
        steps = [{"page": ["schedule:secondary"]}, {"page": ["schedule:primary"], "after": "5m"}]
        data["escalation_policies"] = {"default": {"repeat": "1", "steps": steps}}

    world = World(tmp_path, changed(change))
    number = world.alert("slow", check="slow", severity="warning", service="nobody-knows")
    world.wait(minutes=14)
    world.paged(number)
    for _ in range(4):
        world.wait(minutes=5)
        assert ["backup1", "martijn"] == world.paged(number)
