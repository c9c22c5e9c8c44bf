"""A text of the runbook that cannot be made: the pages go out, plain words stand in for it, and its owners hear why."""

from __future__ import annotations

import pytest

from tocsin.core import notify
from tocsin.core.events import Acknowledge, PostUpdate, Resolve
from tocsin.store.schema import public_updates

from .conftest import World, changed

TEXTS = ("initial_alert", "acknowledged", "status_update", "all_clear", "public_incident", "public_resolution")
BOMBS = {
    "giant": "x" * 70_000,
    "bomb": "{title}" * 20_000,
    "open": "{" * 70_000,
}


def with_texts(template):
    return changed(lambda data: data["templates"].update(dict.fromkeys(TEXTS, template)))


def live_through(world):
    """A P0 from its alert to the all-clear, with a public update by the template and one by hand."""
    world.alert()
    world.wait(minutes=3)
    world.act(1, Acknowledge("martijn"))
    world.act(1, PostUpdate("martijn", "identified", "A deployment lost its environment", "Roll back"))
    world.wait(minutes=5)
    world.act(1, Resolve("martijn", "A deployment", "Rolled back"))
    world.wait(minutes=1)


def told(world):
    return [(to, text) for _, to, text in world.sent if "cannot be written" in text]


@pytest.mark.parametrize("kind", BOMBS)
def test_a_template_without_an_end_takes_no_page_with_it(tmp_path, kind):
    """Everyone is paged as ever; the channels read which incident it is, how it stands, and what was said."""
    world, usual = World(tmp_path, with_texts(BOMBS[kind])), World(tmp_path)
    for one in (world, usual):
        live_through(one)

    assert [(p.person, p.state) for p in usual.pages()] == [(p.person, p.state) for p in world.pages()]
    assert usual.kinds() == world.kinds()
    plain = world.texts("alerts")
    assert len(usual.texts("alerts")) == len([text for text in plain if "cannot be written" not in text])
    assert plain[0].startswith("[P0] INC-1: proofi.ai answers 503 for everyone\nTriggered.\n")
    assert any("Rolled back" in text for text in plain)
    assert any("A deployment lost its environment" in text for _, _, text in world.sent)
    bodies = world.db.read_now(lambda tx: [row.body for row in tx.all(public_updates.select())])
    assert any(body.startswith("We are experiencing issues with") for body in bodies)
    assert any("has been resolved" in body for body in bodies)
    assert world.verified()


def test_its_owners_hear_of_it_once(tmp_path):
    """An admin gets one text for each template that gives none, however many incidents need it; nobody else does."""
    world = World(tmp_path, with_texts(BOMBS["bomb"]))
    for n in range(5):
        world.alert(f"k{n}", service="proofi.ai", check=f"check{n}")
    world.wait(hours=12)

    names = [name for name in TEXTS if any(repr(name) in text for _, text in told(world))]
    assert {"initial_alert", "public_incident"} <= set(names)
    assert len(names) == len(told(world)), told(world)
    assert all("it makes a text of over 65,536 characters" in text for _, text in told(world))
    assert all("first for INC-1" in text for _, text in told(world) if "initial_alert" in text)


def test_words_that_raise_are_plain_words_too(world, monkeypatch):
    """A fault of ours in what a template is filled with: the alert is stored, the page goes out, the kind is told."""

    def breaks(*_):
        raise ZeroDivisionError("secret-in-the-fault")

    monkeypatch.setattr(notify, "template_words", breaks)
    monkeypatch.setattr("tocsin.core.statuspage.template_words", breaks)
    live_through(world)

    assert {"martijn", "backup1"} == {page.person for page in world.pages()}
    assert any("You are paged because" in text for text in world.texts("martijn"))
    assert world.texts("alerts")[0].startswith("[P0] INC-1: proofi.ai answers 503 for everyone\n")
    assert all("ZeroDivisionError" in text for _, text in told(world)) and told(world)
    assert not any("secret-in-the-fault" in text for _, _, text in world.sent)


def test_words_that_nobody_knows_read_unknown(tmp_path):
    """A misspelt word is named by `tocsin check`; the text goes out with the rest of it."""
    world = World(tmp_path, with_texts("{titel} {title.__class__} {title!r} {0} {title}"))
    world.alert()
    world.wait(seconds=5)

    title = "proofi.ai answers 503 for everyone"
    assert [f"unknown {{title.__class__}} {{title!r}} {{0}} {title}"] == world.texts("alerts")
    assert [] == told(world)
