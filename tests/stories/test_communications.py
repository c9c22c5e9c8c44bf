"""Each of the runbook's six texts to each of its audiences; the promise of the next update; the fact lock; two at once."""

from __future__ import annotations

import email
import email.policy
import json
from datetime import timedelta

import pytest

from tests.fakes.slack import TOKEN, FakeSlack
from tocsin.core.events import Acknowledge, Assign, Cause, PostUpdate, Reopen, Resolve, SendText, SetSeverity
from tocsin.core.types import Refused
from tocsin.sdk import Line, Mail, Response
from tocsin.usecases import site
from tocsin.web.site import files

from .conftest import changed
from .test_texts import ACKNOWLEDGED, ALL_CLEAR, INITIAL, UPDATE

PUBLIC = """\
**Issues with Website**

We're currently experiencing issues with Website.
Our team is actively investigating.

Started: 2026-11-23 09:02 UTC
Last Update: 2026-11-23 09:02 UTC

We apologize for any inconvenience and will update
this page as we learn more."""

RESOLUTION = """\
**Resolved: Issues with Website**

The issue affecting Website has been resolved.
All services are operating normally.

We apologize for any inconvenience. A detailed
analysis is underway to prevent future occurrences.

Duration: 1 hour 5 minutes
Resolved: 2026-11-23 10:07 UTC"""

HOSTILE = "<img src=x onerror=alert(1)> {commander} {{7*7}} <!channel> @here *b* &amp; \"'\n**Status:** Resolved"


def told(world):
    """The same P0 in every story: acknowledged at T+3, identified at T+15, over at T+65."""
    world.alert()
    world.wait(minutes=3)
    world.act(1, Acknowledge("martijn"))
    world.wait(minutes=12)
    world.act(1, PostUpdate("martijn", "identified", "A deployment lost its environment", "Roll back", "10 minutes"))
    world.wait(minutes=50)
    world.act(1, Resolve("martijn", "A deployment without its environment", "Rolled back"))
    world.wait(minutes=1)


def mails(world, to):
    found = [email.message_from_bytes(text.encode(), policy=email.policy.default) for text in world.texts(to)]
    return [mail.get_body(("plain",)).get_content().replace("\r\n", "\n").rstrip("\n") for mail in found]


def public(world):
    """The bodies on the status page, oldest first."""
    page = world.db.read_now(site.snapshot, world.setup)
    return [update.body for update in reversed(page.incidents[0].updates)] if page.incidents else []


@pytest.fixture
def slack():
    with FakeSlack() as server:
        yield server


def over_slack(world, slack):
    """The same runbook where `alerts` and the room are Slack's."""

    def change(d):
        settings = {"bot_token": TOKEN, "channel": "C0ALERTS", "api_base": "http://slack.example/api"}
        d["channels"]["alerts"] = {"slack": settings, "name": "#alerts"}
        for person, account in (("martijn", "U0ANA"), ("backup1", "U0BO")):
            d["people"][person] |= {"slack": account, "notify": {"high": [{"via": "slack"}], "low": [{"via": "slack"}]}}

    world = type(world)(world.data, changed(change))
    works = world.everything_works

    def network(outgoing):
        if isinstance(outgoing, (Line, Mail)):
            return works(outgoing)
        path = outgoing.url.removeprefix("http://slack.example/api")
        status, _, body = slack.answer(path, dict(outgoing.headers), json.dumps(outgoing.json).encode())
        return Response(status, body=body)

    world.network = network
    return world


# --------------------------------------------------------------------------------------------- six texts


@pytest.mark.parametrize(
    ("who", "texts"),
    [
        ("alerts", [INITIAL, ACKNOWLEDGED, ALL_CLEAR]),
        ("room", [INITIAL, ACKNOWLEDGED, UPDATE, ALL_CLEAR]),
        ("team@proofi.ai", [UPDATE]),
        ("status page", [PUBLIC, RESOLUTION]),
    ],
)
def test_every_audience_gets_its_texts_word_for_word(world, who, texts):
    told(world)
    found = {"alerts": world.texts, "room": lambda _: world.room_texts(), "status page": lambda _: public(world)}

    assert texts == (found[who](who) if who in found else mails(world, who))


def test_slack_gets_the_same_texts_in_channels_of_its_own(world, slack):
    """Alerts channel and a room of its own, whose summary is pinned and edited; people invited; archived at the end."""
    world = over_slack(world, slack)
    told(world)
    world.wait(minutes=2)
    [room] = [id_ for id_, name in slack.channels.items() if name == "incident-2026-11-23"]
    posted = [m["text"] for m in slack.posted if m["to"] == room]

    assert [INITIAL, ACKNOWLEDGED, ALL_CLEAR] == [m["text"] for m in slack.posted if m["to"] == "C0ALERTS"]
    assert [INITIAL, ACKNOWLEDGED, UPDATE, ALL_CLEAR] == [t for t in posted if not t.startswith(("INC-1 ", "INC-1: "))]
    assert posted[-1].startswith("INC-1 is resolved after 1 hour 5 minutes, and this room is closed")
    assert {room} == slack.archived and "INC-1 [P0] proofi.ai answers 503 for everyone" == slack.topics[room]
    assert {(room, "U0ANA"), (room, "U0BO")} == set(slack.invited)
    [(_, ts)] = slack.pinned
    assert "Status: Resolved" in slack.messages[ts]["text"] and "Commander: Martijn" in slack.messages[ts]["text"]
    assert [] == slack.faults


def test_slack_lets_no_bot_open_an_archived_channel_again(world, slack):
    """The timeline says so, texts go to the group, and nothing is tried for ever."""
    world = over_slack(world, slack)
    told(world)
    world.wait(minutes=2)
    world.act(1, Reopen("martijn", "It is back"))
    world.act(1, PostUpdate("martijn", summary="Again"))
    world.wait(minutes=2)

    assert any("could not be opened again" in f.data["text"] for f in world.facts("note"))
    assert any("**Summary:** Again" in m["text"] for m in slack.posted if m["to"] == "C0ALERTS")
    calls = len(world.requests)
    world.act(1, Assign("martijn", "scribe", "martijn"))
    world.wait(minutes=1)
    assert calls == len(world.requests)


def test_a_list_of_addresses_gets_the_texts_that_it_asks_for(world):
    """The audiences are the runbook's: investors hear of the end, `stakeholders` of updates, each address by itself."""
    lists = {"investors": {"email": ["a@fund.example", "b@fund.example"], "texts": ["initial_alert", "all_clear"]}}
    world = type(world)(world.data, changed(lambda d: d["channels"].update(lists)))
    told(world)

    for investor in ("a@fund.example", "b@fund.example"):
        assert [INITIAL, ALL_CLEAR] == mails(world, investor)
    assert [UPDATE] == mails(world, "team@proofi.ai")


def test_a_text_sent_again_says_how_it_is_now(world):
    """The same places, filled from the record as it is; the public text too."""
    world.alert()
    world.act(1, Acknowledge("martijn"))
    world.act(1, PostUpdate("martijn", summary="x", impact="Nobody can sign in"))
    world.wait(minutes=5)
    world.act(1, SendText("martijn", "initial_alert"))
    world.act(1, SendText("martijn", "public_incident"))
    world.wait(seconds=20)

    again = INITIAL.replace("unknown", "Nobody can sign in").replace("unassigned", "Martijn")
    assert again == world.texts("alerts")[-1] == world.room_texts()[-1]
    assert PUBLIC.replace("Update: 2026-11-23 09:02", "Update: 2026-11-23 09:07") == public(world)[-1]
    assert "Martijn noted: sent the text initial alert again" in [
        f"Martijn noted: {f.data['text']}" for f in world.facts("note")
    ]


def test_a_p2_becomes_public_by_its_text(world):
    """Sent by hand the public text opens the public incident; at the end the public hears that, too."""
    world.alert(check="slow", severity="warning")
    assert [] == public(world)
    world.act(1, SendText("martijn", "public_incident"))
    assert public(world)[0].startswith("**Issues with Website**")
    world.act(1, Resolve("martijn", "x", "y"))
    assert public(world)[-1].startswith("**Resolved: Issues with Website**")


def test_a_drill_is_never_told_to_the_public(world):
    world.declare(drill=True)
    with pytest.raises(Refused, match="a drill is never told"):
        world.act(1, SendText("martijn", "public_incident"))


# --------------------------------------------------------------------------------------------- the promise


def test_a_promise_is_reminded_of_and_shown_overdue_to_us_first(world):
    """Commander and communications hear before and at lateness; the status page only ever repeated the promise."""
    world.alert()
    world.act(1, Acknowledge("martijn"))
    world.act(1, Assign("martijn", "communications", "backup1"))
    world.act(1, SetSeverity("martijn", "P0"))
    world.act(1, PostUpdate("martijn", summary="We look", public=True, next_update=timedelta(minutes=10)))
    assert "We look\n\nNext update by 2026-11-23 09:12 UTC." == public(world)[-1]
    world.wait(minutes=8)
    for person in ("martijn", "backup1"):
        assert any("Due in" in t and "Status update" in t for t in world.texts(person)), person
    world.wait(minutes=3)
    for person in ("martijn", "backup1"):
        assert any("This duty was missed: Status update every 15 minutes" in t for t in world.texts(person)), person
    assert "Next update: overdue since 2026-11-23 09:12 UTC" in world.summary()
    assert "We look\n\nNext update by 2026-11-23 09:12 UTC." == public(world)[-1]

    world.act(1, PostUpdate("backup1", summary="Found it"))
    world.wait(seconds=30)
    assert "overdue" not in world.summary() and "Next update due: 2026-11-23 09:28 UTC" in world.summary()


def test_without_an_interval_of_the_runbook_a_promise_has_a_clock_of_its_own(world):
    """A P1 promises half an hour: kept it is done, kept with another promise it goes on, broken it is told."""
    world.alert(check="broken", service="payments")
    world.act(1, Acknowledge("martijn"))
    world.act(1, PostUpdate("martijn", summary="One", next_update=timedelta(minutes=30)))
    assert "due" == _state(world) and 30 == (world.duty("promised_update").deadline - world.now).total_seconds() / 60
    world.wait(minutes=20)
    world.act(1, PostUpdate("martijn", summary="Two", next_update=timedelta(minutes=30)))
    assert "due" == _state(world)
    world.act(1, SetSeverity("martijn", "P2", "only some"))
    assert "due" == _state(world)  # the word was given, whatever the severity
    world.wait(minutes=31)
    assert "missed" == _state(world)
    assert any("This duty was missed: Status update as promised" in t for t in world.texts("martijn"))
    world.act(1, PostUpdate("martijn", summary="Three"))
    assert "done" == _state(world) and world.duty("promised_update").late


def _state(world):
    from tocsin.core.protocol import state_of

    return state_of(world.duty("promised_update"), world.now)


def test_a_promise_ends_with_the_incident(world):
    world.alert(check="broken", service="payments")
    world.act(1, PostUpdate("martijn", summary="One", next_update=timedelta(minutes=30)))
    world.act(1, Resolve("martijn", "x", "y"))
    world.wait(hours=3)
    assert [] == [f for f in world.facts("duty_missed") if f.data["duty"] == "promised_update"]
    assert world.verified()


# --------------------------------------------------------------------------------------------- what must hold


def test_a_cause_goes_out_only_once_it_is_confirmed(world):
    world.alert()
    world.act(1, Cause("martijn", "A full disk"))
    world.act(1, Cause("martijn", "A full disk"))
    assert 1 == len([f for f in world.facts("finding_added") if f.data["source"] == "suspicion"])
    assert "due" == {d.id: "due" if not d.done_at else "done" for d in world.state().duties}["root_cause"]
    before = world.kinds()
    for update in (
        PostUpdate("martijn", summary="It is a full disk."),
        PostUpdate("martijn", summary="An outage caused by our provider", public=True),
    ):
        with pytest.raises(Refused):
            world.act(1, update)
    assert before == world.kinds()
    world.act(1, Cause("backup1", "", confirmed=True))
    assert "A full disk" == world.state().root_cause
    assert "done" == ("done" if world.duty("root_cause").done_at else "due")
    world.act(1, PostUpdate("martijn", summary="It is a full disk.", public=True))
    assert "It is a full disk." == public(world)[-1]


def test_an_unconfirmed_cause_reads_unknown_at_the_end(world):
    world.alert()
    world.act(1, Cause("martijn", "A full disk"))
    world.act(1, Resolve("martijn", resolution="It went away"))
    world.wait(seconds=20)
    assert "**Root Cause:** unknown" in world.texts("alerts")[-1]


def test_nothing_is_half_sent_when_two_write_at_once(world):
    world.alert()
    world.act(1, PostUpdate("martijn", summary="First", seen=0))
    before, sent = world.kinds(), len(world.sent)
    for event in (
        PostUpdate("backup1", summary="Second", seen=0),
        Resolve("backup1", "x", "y", seen=0),
        SendText("backup1", "initial_alert", seen=0),
    ):
        with pytest.raises(Refused, match="Martijn sent a text at 09:02 UTC, while you wrote: “First”"):
            world.act(1, event)
    assert (before, sent) == (world.kinds(), len(world.sent))
    world.act(1, PostUpdate("martijn", summary="First", seen=0))  # the same press again
    assert before == world.kinds()
    world.act(1, PostUpdate("backup1", summary="Second", seen=1))
    assert 2 == world.state().said


def test_an_unknown_word_in_a_template_reads_unknown(world):
    text = changed(lambda d: d["templates"].update(status_update="Now: {summary} {nonsense} {__class__} {0} {x.y}\n"))
    world = type(world)(world.data, text)
    world.alert()
    world.act(1, PostUpdate("martijn", summary="{commander}"))
    world.wait(seconds=10)
    assert "Now: {commander} unknown unknown {0} {x.y}" == world.room_texts()[-1]


def test_a_hostile_title_is_text_in_every_place(world, slack):
    """Chat, room, summary, mail, page and feed: no markup, no call, no line that is not ours; the public never sees it."""
    world.alert(title=HOSTILE)
    world.act(1, PostUpdate("martijn", summary=HOSTILE, public=True))
    world.wait(seconds=30)

    line = " ".join(HOSTILE.split())
    assert f"INCIDENT: {line}**" in world.texts("alerts")[0]
    assert not any(t.splitlines()[1:2] == ["**Status:** Resolved"] for t in world.texts("alerts"))
    assert world.summary().startswith(f"INC-1 [P0] {line}\n")
    mail = email.message_from_bytes(world.texts("team@proofi.ai")[0].encode(), policy=email.policy.default)
    assert "<img" not in mail.get_body(("html",)).get_content()
    page = world.db.read_now(site.snapshot, world.setup)
    for path, file in files(page).items():
        if path.endswith((".html", ".atom")):
            assert b"<img src=x" not in file.body, path
    world = over_slack(world, slack)
    world.alert(title=HOSTILE)
    world.wait(seconds=30)
    assert slack.posted and not any("<!channel>" in m["text"] or "<img" in m["text"] for m in slack.posted)
