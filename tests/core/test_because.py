"""What a page knows about itself, and how it tells it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tocsin import runbook_file
from tocsin.core import because, decide
from tocsin.core import events as e
from tocsin.core.oncall import Override
from tocsin.core.types import Page

NOW = datetime(2026, 11, 23, 9, 2, tzinfo=UTC)
TEXT = (Path(__file__).parents[2] / "examples/proofi/runbook.yaml").read_text(encoding="utf-8")
BOOK = runbook_file.read(TEXT, {}).runbook
AROUND = e.Around(who=lambda target: frozenset({"martijn"}))
ALERT = because.alert_words("alertmanager", "5xx", "Down", {"env": "production"})


def declared(severity="P1", **more):
    event = e.Declared("Down", severity, "source:alertmanager", service="api", rule="rule 3 (x) -> P1", **more)
    return decide.declare(1, "v" * 64, event, BOOK, NOW, AROUND)


def explained(page, overrides=(), **more):
    return because.explain(BOOK, declared(**more).state, page, NOW, overrides, "2026f")


def test_the_whole_of_it_is_written_down():
    page = Page("p", "martijn", "high", "r", ("on_call",), {"policy": "default", "step": 1, "round": 2})

    assert {
        "alert": {"source": "alertmanager", "key": "5xx", "title": "Down", "labels": {"env": "production"}},
        "declared_by": "source:alertmanager", "severity": "P1", "rule": "rule 3 (x) -> P1", "urgency": "high",
        "policy": "default", "step": 1, "round": 2, "targets": ["on_call"],
        "schedule": {"name": "primary", "timezone": "Europe/Amsterdam", "from": "2026-11-23T08:00:00Z",
                     "until": "2026-11-30T08:00:00Z", "override": None},
        "notify": [{"via": "telegram", "after_seconds": 0}, {"via": "sms", "after_seconds": 120},
                   {"via": "call", "after_seconds": 300}],
        "runbook_version": "v" * 64, "tzdata": "2026f", "decided_at": "2026-11-23T09:02:00Z",
    } == explained(page, alert=ALERT)  # fmt: skip


@pytest.mark.parametrize(
    ("targets", "person", "schedule"),
    [
        (("schedule:primary",), "martijn", "primary"),
        (("team_lead", "schedule:secondary"), "backup1", "secondary"),
        (("secondary",), "backup1", "secondary"),
        (("schedule:primary",), "backup1", None),  # asked by hand, not on shift
        (("schedule:gone",), "martijn", None),
        (("everyone",), "martijn", None),
        ((), "martijn", None),
    ],
)
def test_the_schedule_is_the_one_that_had_them_on_shift(targets, person, schedule):
    told = explained(Page("p", person, "high", "r", targets))["schedule"]

    assert schedule == (told and told["name"])


def test_an_override_tells_its_reason():
    override = Override("o", "primary", "backup1", NOW - timedelta(hours=1), NOW + timedelta(hours=1), "dentist")
    told = explained(Page("p", "backup1", "high", "r", ("schedule:primary",)), (override,))

    assert ("2026-11-23T08:02:00Z", "dentist") == (told["schedule"]["from"], told["schedule"]["override"])
    assert (
        "Your shift: primary from Mon 2026-11-23 09:02 until Mon 2026-11-23 11:02 (Europe/Amsterdam); stands in: dentist",
        "Severity P1 by rule 3 (x) -> P1; by your rule 2 for high urgency",
    ) == because.in_message(told, 1)


def test_it_is_told_in_plain_lines():
    page = Page("p", "martijn", "high", "r", ("schedule:primary",), {"policy": "default", "step": 1, "round": 1})

    assert {
        "Alert": "Down (alertmanager, key 5xx; env=production)",
        "Severity": "P1 by rule 3 (x) -> P1",
        "Step": "step 1 of default, round 1: schedule:primary",
        "On call": "primary from Mon 2026-11-23 09:00 until Mon 2026-11-30 09:00 (Europe/Amsterdam)",
        "Urgency": "high: telegram at once, sms after 2 minutes, call after 5 minutes",
        "Runbook": "v" * 12,
        "Time zones": "tzdata 2026f",
    } == dict(because.lines(explained(page, alert=ALERT)))


def test_what_a_person_declared_and_named_says_so():
    told = because.explain(
        BOOK, declared().state, Page("p", "stranger", "low", "r", ("stranger",)), NOW, (), "2026f"
    )  # fmt: skip
    lines = dict(because.lines(told))

    assert "none: declared by source:alertmanager" == lines["Alert"]
    assert (
        "none: the severity itself, or somebody by hand, named stranger",
        "low: no notification rule; the console stands in",
    ) == (
        lines["Step"],
        lines["Urgency"],
    )
    assert "On call" not in lines
    assert ("Severity P1 by rule 3 (x) -> P1",) == because.in_message(told, 0)
    assert "Step" not in dict(because.lines({**told, "targets": []}))


def test_a_severity_that_was_changed_names_who_changed_it():
    state = declared("P2").state
    by_hand = decide.decide(state, e.SetSeverity("martijn", "P0"), BOOK, NOW, AROUND).state
    by_rule = decide.decide(
        state, e.SetSeverity("tocsin", "P0", "a new alert says so: rule 1"), BOOK, NOW, AROUND
    ).state

    assert ("martijn, who set it", "a new alert says so: rule 1") == (by_hand.rule, by_rule.rule)


def test_a_huge_alert_is_kept_in_bounds():
    kept = because.alert_words("s", "k" * 900, "t" * 900, {f"l{i}": "v" * 900 for i in range(90)})

    assert (200, 200, 20) == (len(kept["key"]), len(kept["title"]), len(kept["labels"]))
    assert 200 == max(map(len, kept["labels"].values()))


def test_a_shift_without_bounds_names_none():
    far = {"name": "s", "timezone": "UTC", "from": "0001-01-01T00:00:00Z", "until": "9999-12-31T23:59:59Z",
           "override": None}  # fmt: skip
    told = {**explained(Page("p", "martijn", "high", "r")), "schedule": far}

    assert "s (UTC)" == dict(because.lines(told))["On call"]
