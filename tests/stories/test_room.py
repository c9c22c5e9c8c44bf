"""The war room: opened, its summary pinned and edited, people asked to come, closed at the end; and the page when chat is down."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tocsin.core.events import Acknowledge, Assign, MessageSeen, PostUpdate, Reopen, Resolve, Say, SetSeverity
from tocsin.core.types import Refused
from tocsin.sdk import Line, Mail, Response

from .conftest import changed

SUMMARY = """\
INC-1 [P0] proofi.ai answers 503 for everyone

Status: Identified
Severity: P0, Critical (Complete Outage)
Commander: Martijn
Communications: Backup One
Since: 2026-11-23 09:02 UTC
Next update due: 2026-11-23 09:19 UTC

http://tocsin.example.org/incidents/INC-1"""


def down(outgoing):
    """Telegram is away; mail and console work."""
    if isinstance(outgoing, Line):
        return Response(200)
    return Response(250) if isinstance(outgoing, Mail) else Response(0, error="connection refused")


def test_the_summary_is_pinned_once_and_edited_as_things_change(world):
    """Status, severity, commander, since and the next update; one message, whatever happens."""
    world.alert()
    world.wait(seconds=20)
    assert "Commander: unassigned" in world.summary()
    world.act(1, Acknowledge("martijn"))
    world.act(1, Assign("martijn", "communications", "backup1"))
    world.wait(minutes=2)
    world.act(1, PostUpdate("martijn", "identified", "A bad deployment"))
    world.wait(minutes=1)

    assert SUMMARY == world.summary()
    assert ["pinChatMessage"] == world.methods("pinChatMessage")
    assert 1 == len([text for text in world.texts("alerts#77") if text.startswith("INC-1 ")])


def edits(world):
    """When the room's summary was edited; the pages of people, which are edited too, stand in chats of their own."""
    return [at for at, method, body in world.done if method == "editMessageText" and body["chat_id"] < 0]


def test_many_changes_at_once_are_one_edit(world):
    """Edits are put together, and far enough apart to leave the group's limit to the texts."""
    world.alert()
    world.wait(seconds=30)
    before = len(edits(world))
    world.act(1, Acknowledge("martijn"))
    world.act(1, Assign("martijn", "communications", "backup1"))
    world.act(1, SetSeverity("martijn", "P1", "only half"))
    world.wait(seconds=60)  # the texts of the first minute go first
    assert before + 1 == len(edits(world))
    assert "Severity: P1" in world.summary()

    for n in range(30):
        world.act(1, Assign("martijn", "scribe", ("martijn", "backup1")[n % 2]))
        world.wait(seconds=2)
    assert all((b - a).total_seconds() >= 10 for a, b in pairwise(edits(world)[1:]))


def test_a_change_that_changes_nothing_to_see_edits_nothing(world):
    world.alert()
    world.act(1, Acknowledge("martijn"))
    world.wait(minutes=1)
    before = world.methods()
    world.act(1, Say("martijn", "I look"))
    world.wait(minutes=1)

    assert before == world.methods()


def test_people_are_asked_to_come_by_name(world):
    """A bot cannot add anybody to a group: it names them, so that Telegram tells each; nobody is named twice."""
    world.alert()
    world.wait(minutes=1)
    [invitation] = [t for t in world.texts("alerts#77") if t.startswith("You are asked")]
    assert "You are asked to come here: " in invitation and "Martijn" in invitation and "Backup One" in invitation
    body = next(o.json for _, o in world.requests if getattr(o, "json", None) and "entities" in o.json)
    named = {
        body["text"].encode("utf-16-le")[2 * e["offset"] : 2 * (e["offset"] + e["length"])].decode("utf-16-le"): e
        for e in body["entities"]
    }
    assert {"Martijn": 700000001, "Backup One": 700000002} == {name: e["user"]["id"] for name, e in named.items()}
    world.act(1, Acknowledge("martijn"))
    world.wait(minutes=1)
    assert 1 == len([t for t in world.texts("alerts#77") if t.startswith("You are asked")])


def test_the_room_is_closed_at_the_end_with_a_note_after_the_all_clear(world):
    world.alert()
    world.act(1, Acknowledge("martijn"))
    world.wait(minutes=65)
    world.act(1, Resolve("martijn", "A full disk", "Space freed"))
    world.wait(minutes=2)

    last = world.texts("alerts#77")[-2:]
    assert last[0].startswith("✅ **INCIDENT RESOLVED**")
    assert (
        "INC-1 is resolved after 1 hour 5 minutes, and this room is closed: what is said here now is not kept.\n"
        "All that was said and done: http://tocsin.example.org/incidents/INC-1"
    ) == last[1]
    assert "closeForumTopic" == world.methods()[-1]
    assert "Resolved: 2026-11-23 10:07 UTC" in world.summary() and "Next update" not in world.summary()
    assert "War room #incident-2026-11-23 is closed" == world.facts("note")[-1].data["text"]
    world.act(1, Reopen("martijn", "It is back"))
    world.wait(minutes=1)
    assert "reopenForumTopic" in world.methods() and "Status: Investigating" in world.summary()


def test_a_p1_keeps_its_room_through_the_hour_of_watching(world):
    """What is said in that hour is kept; then the room closes."""
    text = changed(lambda d: d["protocols"]["major"]["duties"][0].update(run=["open_war_room"]))
    world = type(world)(world.data, text)
    world.alert(check="broken", service="payments")
    world.act(1, Acknowledge("martijn"))
    world.wait(minutes=5)
    world.act(1, Resolve("martijn", "A bad deployment", "Rolled back"))
    world.wait(minutes=59)
    assert "closeForumTopic" not in world.methods()
    world.wait(minutes=5)
    assert "closeForumTopic" in world.methods()


def test_what_is_said_on_the_page_is_kept_and_said_in_the_room(world):
    world.alert()
    world.wait(minutes=1)
    world.act(1, Say("martijn", "The disk of <b>db-1</b> is full"))
    world.wait(seconds=10)

    assert "Martijn (on the incident's page): The disk of <b>db-1</b> is full" == world.room_texts()[-1]
    assert ("martijn", "page") == (world.facts("message_seen")[-1].actor, world.facts("message_seen")[-1].data["via"])


def test_the_page_is_the_room_while_the_chat_is_down(world):
    """The duty is done by the page's own room; when the chat is back it opens there, and gets what was said meanwhile."""
    world.network = down
    world.alert()
    world.act(1, Acknowledge("martijn"))
    world.wait(minutes=1)
    assert ("", "") == (world.state().room.channel, world.state().room.thread)
    assert "war_room" in {f.data["duty"] for f in world.facts("duty_done")}
    assert "the incident's own page is the war room until it does" in world.facts("war_room_opened")[0].data["note"]
    world.act(1, Say("martijn", "First"))
    world.wait(minutes=3)
    world.act(1, Say("backup1", "Second"))
    world.network = world.everything_works
    world.wait(minutes=5)

    assert ("alerts", "77") == (world.state().room.channel, world.state().room.thread)
    said = [t for t in world.room_texts() if "incident's page" in t]
    assert [
        "Martijn (on the incident's page): First",
        "Backup One (on the incident's page): Second",
    ] == said
    assert world.summary().startswith("INC-1 [P0]") and world.verified()


def test_secrets_do_not_stay(world):
    """What looks like a secret goes neither to the timeline nor to the room; the rest of the sentence does."""
    world.alert()
    world.wait(minutes=1)
    world.act(1, Say("martijn", "use postgres://app:hunter22@db/app and password=hunter23"))
    world.act(1, MessageSeen("martijn", "the token: 123456:ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef12 is new", "telegram"))
    world.wait(seconds=10)

    texts = " ".join(f.data["text"] for f in world.facts("message_seen")) + " ".join(world.room_texts())
    assert "hunter2" not in texts and "ABCDEFG" not in texts
    assert "use postgres://app:[secret removed]@db/app and password=[secret removed]" in texts


def test_a_room_that_somebody_deleted_is_left_alone(world):
    """Texts go to the group under the room's name, and nothing is tried again and again."""
    world.alert()
    world.wait(minutes=1)
    works = world.everything_works

    def lost(outgoing):
        body = getattr(outgoing, "json", None) or {}
        gone = "message_thread_id" in body or getattr(outgoing, "url", "").endswith("editMessageText")
        no = Response(400, body=b'{"ok":false,"description":"Bad Request: message thread not found"}')
        return no if gone else works(outgoing)

    world.network = lost
    world.act(1, Acknowledge("martijn"))
    world.act(1, PostUpdate("martijn", summary="We look"))
    world.wait(minutes=5)
    calls = len(world.requests)
    assert any(t.startswith("#incident-2026-11-23\n📋") for t in world.texts("alerts"))
    world.act(1, Assign("martijn", "scribe", "backup1"))
    world.wait(seconds=30)
    assert calls + 2 >= len(world.requests)  # only what is told to the scribe


def test_an_empty_message_is_refused(world):
    world.alert()
    with pytest.raises(Refused, match="message is empty"):
        world.act(1, Say("martijn", "   "))
