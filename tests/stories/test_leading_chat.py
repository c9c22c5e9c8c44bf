"""Severity, roles and duties by the commands of a chat."""

from __future__ import annotations

import pytest

from .conftest import GROUP
from .test_chat import types


def test_severity_roles_and_duties_are_led_from_the_chat(world):
    world.declare("P1", service="api", by="admin")
    assert (
        "INC-1 is P0 now, it was P1. Duties, deadlines and pages follow."
        == types(world, "severity INC-1 p0 nobody can sign in").text
    )
    assert "INC-1 is P0: you confirmed it." == types(world, "severity INC-1 P0").text
    assert "Martijn is scribe of INC-1." == types(world, "assign INC-1 scribe").text
    assert "Backup One is commander of INC-1." == types(world, "assign INC-1 commander Backup One").text
    assert "Nobody is scribe now." == types(world, "assign INC-1 scribe nobody").text
    assert "The duty root cause of INC-1 is done." == types(world, "done INC-1 root cause").text

    state = world.state()
    assert ("P0", {"commander": "backup1"}) == (state.severity, state.roles)
    assert "nobody can sign in" == world.facts("severity_changed")[0].data["reason"]
    assert world.duty("root_cause").done_at


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("severity INC-1 P9", "no severity 'P9'; the runbook has P0, P1, P2, P3"),
        ("severity P0", "which incident?"),
        ("assign INC-1 king", "say: assign INC-1 ROLE [PERSON]"),
        ("assign INC-1 scribe stranger", "no person 'stranger'"),
        ("done INC-1", "which duty? Open are: acknowledge"),
        ("done INC-1 dance", "no duty 'dance'"),
    ],
)
def test_refusals_say_what_to_do_instead(world, text, said):
    world.declare("P0", service="api", by="admin")
    before = len(world.timeline())
    reply = types(world, text)

    assert (True, said) == (reply.refused, reply.text[: len(said)])
    assert before == len(world.timeline())


def test_in_the_war_room_no_number_is_needed(world):
    world.declare("P0", service="api", by="admin")
    world.wait(seconds=5)
    types(world, "assign communications", group=str(GROUP), thread="77")
    types(world, "severity P1 less", group=str(GROUP), thread="77")

    assert ({"communications": "martijn"}, "P1") == (world.state().roles, world.state().severity)


def test_help_names_them(world):
    said = types(world, "start").text

    assert all(f"\n{name} INC-42" in said for name in ("severity", "assign", "done"))
