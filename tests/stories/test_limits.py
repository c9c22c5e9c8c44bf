"""What the vendors allow: so much to one chat, so much in all; pages first, and edits not at their cost."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from tocsin.core.events import Acknowledge

from .conftest import World, changed

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def most_within(instants, span):
    """The most of these instants that lie in any half-open span of that length."""
    return max(sum(first <= at < first + span for at in instants) for first in instants)


def test_a_group_gets_one_message_a_second_and_twenty_a_minute_and_none_is_lost(world):
    for n in range(15):
        world.declare("P0", f"number {n}", service="proofi.ai")
    world.wait(minutes=10)
    to_group = sorted(at for at, to, _ in world.sent if to in ("alerts", "alerts#77"))

    assert len(to_group) >= 30
    assert min(b - a for a, b in pairwise(to_group)) >= SECOND
    assert most_within(to_group, MINUTE) <= 20
    group = "\n".join(text for _, to, text in world.sent if to == "alerts")
    assert [] == [n for n in range(15) if f"number {n}" not in group]


@pytest.fixture
def crowd(tmp_path):
    """Seventy people, each with a chat of their own with one bot."""

    def change(book):
        for n in range(70):
            book["people"][f"p{n}"] = {
                "name": f"P{n}", "telegram": str(800 + n), "notify": {"high": [{"via": "telegram"}]},
            }  # fmt: skip
        book["severities"]["P0"]["page"] = ["everyone"]

    return World(tmp_path, changed(change))


def chats(world, method):
    return sorted(at for at, o in world.requests if getattr(o, "url", "").endswith(method) and o.json["chat_id"] >= 800)


def test_one_bot_says_thirty_things_a_second_to_all_chats_together(crowd):
    crowd.declare("P0", service="proofi.ai")
    crowd.wait(seconds=29)
    called = chats(crowd, "/sendMessage")

    assert len(called) >= 70
    assert most_within(called, SECOND) <= 30
    assert called[69] - called[0] <= timedelta(seconds=10)


def test_edits_keep_to_the_limit_of_the_bot_and_leave_the_chats_to_pages(crowd):
    """A page right after an acknowledgement is not held back by the edits of the one before."""
    crowd.declare("P0", service="proofi.ai")
    crowd.wait(seconds=20)
    crowd.act(1, Acknowledge("martijn"))
    begun = crowd.now
    crowd.declare("P0", "another", service="api")
    crowd.wait(seconds=30)
    paged = [at for at in chats(crowd, "/sendMessage") if at >= begun]
    edited = [at for at in chats(crowd, "/editMessageText") if at >= begun]

    assert len(paged) >= 70 and len(edited) >= 40
    assert paged[69] - begun <= timedelta(seconds=10)
    assert most_within(sorted([*paged, *edited]), SECOND) <= 30
