"""What is written down of zones, and what is said when it does not hold any more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tocsin.core import zone_rules
from tocsin.core.oncall import Absence, Override
from tocsin.core.runbook import Runbook

NOW = datetime(2026, 10, 1, tzinfo=UTC)
CHANGE = datetime(2026, 10, 25, 1, tzinfo=UTC)  # Europe/Amsterdam, to winter time
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SEVERITY = {"title": "x", "respond_within": "1h", "resolve_within": "1d", "page": [], "protocol": "p"}


def book(**schedule):
    rotation = {"people": ["ana", "bo"], "every": "1d", "hand_off": "09:00", "starts": "2026-01-01"}
    return Runbook.model_validate({
        "version": 1, "people": {p: {"name": p} for p in ("ana", "bo", "cy")}, "severities": {"P0": SEVERITY},
        "schedules": {"primary": {"timezone": "Europe/Amsterdam", "rotation": rotation, **schedule}},
        "protocols": {"p": {"duties": []}},
    })  # fmt: skip


def said(before, overrides=(), absences=(), now=NOW, runbook=None):
    names = "2026a", "2026f"
    return zone_rules.changed(runbook or book(), {"Europe/Amsterdam": before}, names, now, overrides, absences)


def test_offsets_begin_at_the_very_second_of_the_change():
    assert ((NOW, 2 * HOUR), (CHANGE, HOUR)) == zone_rules.offsets("Europe/Amsterdam", NOW, NOW + 60 * DAY)


def test_the_zones_are_those_of_the_schedules_and_their_layers():
    rotation = {"people": ["cy"], "every": "1d", "hand_off": "09:00", "starts": "2026-01-01"}
    layers = [{"timezone": "Asia/Kolkata", "rotation": rotation}]

    assert ("Asia/Kolkata", "Europe/Amsterdam") == zone_rules.zones_of(book(layers=layers))


def test_rules_that_say_the_same_move_nothing():
    assert () == said(zone_rules.offsets("Europe/Amsterdam", NOW, NOW + zone_rules.AHEAD))


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (((NOW, 2 * HOUR),), ("of Sun 2026-10-25 09:00", "is at 2026-10-25 08:00 UTC", "was at 2026-10-25 07:00 UTC", "1 hour later")),
        (((NOW, HOUR),), ("of Thu 2026-10-01 09:00", "is at 2026-10-01 07:00 UTC", "was at 2026-10-01 08:00 UTC", "1 hour earlier")),
        (((NOW, 2 * HOUR), (CHANGE + 7 * DAY, HOUR)), ("Until 2026-11-01 01:00 UTC all are 1 hour later",)),
    ],
)  # fmt: skip
def test_a_hand_over_that_moved_is_told_with_both_instants(before, words):
    (finding,) = said(before)

    assert ("zone_rules_changed", "primary") == (finding.kind, finding.subject)
    assert [] == [word for word in words if word not in finding.text]


def test_stand_ins_that_begin_or_end_in_that_time_are_counted_and_others_not():
    before = ((NOW, 2 * HOUR), (CHANGE + 7 * DAY, HOUR))
    spans = [(CHANGE - 2 * DAY, CHANGE - DAY), (CHANGE - DAY, CHANGE + DAY), (CHANGE + 8 * DAY, CHANGE + 9 * DAY)]
    overrides = [Override(str(n), "primary", "cy", *span, "") for n, span in enumerate(spans)]
    absences = [Absence(who, who, CHANGE, CHANGE + DAY, "") for who in ("ana", "cy")]  # cy is in no rotation

    assert "; 2 of the overrides and absences of that time" in said(before, overrides, absences)[0].text
    assert "overrides" not in said(before)[0].text


def test_what_was_written_down_too_long_ago_says_nothing():
    assert () == said(((NOW, 2 * HOUR),), now=NOW + zone_rules.AHEAD)


def test_a_time_without_a_hand_over_is_not_told():
    monthly = {"people": ["ana", "bo"], "every": "3mo", "hand_off": "09:00", "starts": "2026-01-01"}
    before = ((NOW + DAY, 2 * HOUR), (CHANGE, 2 * HOUR), (CHANGE + 7 * DAY, HOUR))

    assert () == said(before, runbook=book(rotation=monthly), now=NOW + 2 * DAY)
