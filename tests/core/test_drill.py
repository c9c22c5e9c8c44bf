"""Whatever a drill says begins with the word; what is real is left as it is."""

from __future__ import annotations

from datetime import UTC, datetime

from tocsin.core import drill
from tocsin.core.incident import Incident
from tocsin.core.types import KeepRoom, OpenRoom, StopPaging, Tell

REAL = Incident(1, "It is down", "P0", datetime(2026, 11, 23, tzinfo=UTC), "ana", "v")
DRILL = Incident(1, "It is down", "P0", datetime(2026, 11, 23, tzinfo=UTC), "ana", "v", drill=True)
EFFECTS = (
    Tell("k", "[P0] It is down", "It is down", channel="alerts", plain=True),
    Tell("k", "Due soon", "The first update", person="ana"),
    OpenRoom("alerts", "#incident-2026-11-23"),
    StopPaging("over"),
    KeepRoom(),
)


def test_the_word_is_put_before_a_text_once():
    assert "DRILL: It is down" == drill.mark("It is down") == drill.mark(drill.mark("It is down"))


def test_what_goes_out_for_a_drill_is_marked():
    """Titles, texts that stand by themselves, the room's name; a text under a title has its mark in the title."""
    assert (
        Tell("k", "DRILL: [P0] It is down", "DRILL: It is down", channel="alerts", plain=True),
        Tell("k", "DRILL: Due soon", "The first update", person="ana"),
        OpenRoom("alerts", "DRILL: #incident-2026-11-23"),
        *EFFECTS[3:],
    ) == drill.marked(DRILL, EFFECTS)


def test_what_is_real_is_left_as_it_is():
    assert drill.marked(REAL, EFFECTS) == EFFECTS
    assert ("a", "DRILL: a") == (drill.mark_of(REAL, "a"), drill.mark_of(DRILL, "a"))
