"""A drill with real people: paged and told like anything else, marked wherever it appears, and nothing real follows."""

from __future__ import annotations

from sqlalchemy import select

from tocsin.core import events
from tocsin.core.events import Declared
from tocsin.store.schema import public_incidents
from tocsin.usecases import respond


def declare(world, severity="P0", *, drill=True):
    return world.declare(severity, "proofi.ai is down", service="proofi.ai", drill=drill)


def body(text):
    """What is read first: of a mail its subject, on the console what follows the head, else the text itself."""
    subject = [line[9:] for line in text.splitlines() if line.startswith("Subject: ")]
    return subject[0] if subject else text.partition(" ---\n")[2] or text


def test_everything_that_a_drill_says_begins_with_the_word(world):
    """Pages, reminders, the room, updates to stakeholders and the all-clear."""
    number = declare(world)
    world.wait(minutes=30)
    world.act(number, events.Acknowledge("martijn"))
    world.act(number, events.PostUpdate("martijn", "identified", "A release lost its environment", public=True))
    world.act(number, events.Say("martijn", "It was me"))
    world.wait(minutes=10)
    world.act(number, events.Resolve("martijn", "A release", "Rolled back"))
    world.wait(minutes=5)
    texts = [(who, body(text)) for _, who, text in world.sent]
    assert 15 < len(texts)
    assert [] == [(who, text) for who, text in texts if not text.startswith("DRILL: ")]
    assert {"martijn", "backup1", "alerts", "alerts#77", "team@proofi.ai"} <= {who for who, _ in texts}
    assert [] == [text for _, text in texts if text.startswith("DRILL: DRILL: ")]
    edits = list(world.edited.values())
    assert edits
    assert [] == [text for text in edits if not text.startswith("DRILL: ")]


def test_the_public_hears_nothing_of_a_drill_and_no_review_follows(world):
    number = declare(world)
    world.act(number, events.PostUpdate("martijn", "identified", "x", public=True))
    world.act(number, events.Resolve("martijn", "A release", "Rolled back"))
    world.wait(minutes=5)
    assert "resolved" in world.kinds()
    assert "review_scheduled" not in world.kinds()
    assert [] == list(world.data.glob("docs/**/*.md"))
    assert "Post-Mortem:** Not required" in next(text for _, _, text in world.sent if "INCIDENT RESOLVED" in text)
    assert [] == world.db.read_now(lambda tx: tx.all(select(public_incidents)))


def test_a_drill_opens_no_ticket_elsewhere(world):
    """Its ticket stands in our own list, so that the duty can be practised."""
    world.setup.environment = {**world.setup.environment, "GITHUB_TOKEN": "a-token-of-the-tests"}
    number = declare(world, "P2")
    assert ("INC-1", "local") == (world.state(number).ticket, world.state(number).tracker)


def test_a_drill_and_something_real_stand_in_no_message_together(world):
    """Whoever reads a folded page knows for each line of it whether it is real, and for all of them at once."""
    for drill in (False, True, False, True):  # the first goes out at once, the others are gathered
        event = Declared("proofi.ai is down", "P2", "martijn", service="proofi.ai", drill=drill)
        world.db.write_now(respond.declare, world.setup, event)
    world.wait(minutes=2)
    pages = [text for _, _, text in world.sent if "paged because" in text or "incidents wait" in text]
    heads = [text.partition("\n")[0] for text in pages]
    down = "proofi.ai is down"
    assert [f"[P2] INC-1: {down}", f"[P2] INC-3: {down}", "DRILL: [P2] 2 incidents wait for you"] == sorted(
        heads, key=lambda text: (text.startswith("DRILL"), text)
    )
    lines = next(text for text in pages if "wait" in text).splitlines()
    assert {f"DRILL: [P2] INC-{n}: {down}" for n in (2, 4)} == {line for line in lines if "] INC-" in line}


def test_a_drill_recurs_only_after_another_drill(world):
    """What was practised is no history of a service, and no cause of a postmortem."""
    first = declare(world, "P1")
    world.act(first, events.Resolve("martijn", "A cause", "Mended"))
    world.wait(minutes=90)
    second = declare(world, "P1", drill=False)
    world.act(second, events.Resolve("martijn", "A cause", "Mended"))
    assert "review_scheduled" not in world.kinds(second)


def test_in_a_world_made_for_drills_whatever_happens_is_one(world):
    """An alert opens a drill there, too."""
    world.setup.drills = True
    world.alert("disk-full")
    assert world.state().drill
