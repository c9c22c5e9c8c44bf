"""The runbook's keys of triage, inhibition, flapping and questions: what they accept, and errors with their line."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
import yaml

from tocsin import runbook_file
from tocsin.core import triage
from tocsin.core.alert import Alert

TEXT = (Path(__file__).parents[2] / "examples/proofi/runbook.yaml").read_text(encoding="utf-8")


def read(**changes):
    data = yaml.load(TEXT, yaml.BaseLoader)
    return runbook_file.read(yaml.dump({**data, "version": 1, **changes}, sort_keys=False), {})


def alert(at, **changes):
    return Alert(**{"source": "s", "key": "k", "title": "t", "started_at": at, **changes})


def rule_at(rules, at, **changes):
    book = read(triage=rules).runbook
    at = datetime.fromisoformat(at)
    return triage.sort(triage.prepare(book), alert(at, **changes), at)


NIGHT = {"match": {"severity": "error"}, "during": {"from": "22:00", "to": "07:00", "timezone": "Europe/Amsterdam"},
         "severity": "P0", "reason": "nobody looks at night"}  # fmt: skip


@pytest.mark.parametrize(
    ("at", "severity"),
    [("2026-11-23T20:59+00:00", "P2"), ("2026-11-23T21:00+00:00", "P0"), ("2026-11-24T05:59+00:00", "P0"),
     ("2026-11-24T06:00+00:00", "P2"), ("2026-07-01T20:00+00:00", "P0")],
)  # fmt: skip
def test_a_rule_may_hold_only_at_night_in_its_own_zone(at, severity):
    found = rule_at([NIGHT], at, severity="error")
    assert severity == found.severity
    if severity == "P0":
        assert "rule 1 (severity: error, during 22:00-07:00) -> P0: nobody looks at night" == found.rule


@pytest.mark.parametrize(
    ("at", "during", "matches"),
    [
        ("2026-11-23T08:00+00:00", "business_hours", True), ("2026-11-23T16:00+00:00", "business_hours", False),
        ("2026-11-22T10:00+00:00", "business_hours", False), ("2026-12-25T10:00+00:00", "off_hours", True),
    ],
)  # fmt: skip
def test_business_hours_and_the_rest(at, during, matches):
    """Monday at nine in Amsterdam they begin, at five they end; not on Sundays, not at Christmas."""
    found = rule_at([{"during": during, "severity": "P1"}], at)
    assert ("P1" if matches else "P2") == found.severity
    assert not matches or f"during {during.replace('_', ' ')}" in found.rule


def test_a_rule_may_say_what_it_does_not_mean():
    rules = [{"not": {"service": ["api", "ddc"]}, "severity": "P3"}]
    found = [rule_at(rules, "2026-11-23T08:00+00:00", service=service) for service in ("api", "web")]
    assert [("P2", triage.NO_RULE), ("P3", "rule 1 (not service: api or ddc) -> P3")] == [
        (f.severity, f.rule) for f in found
    ]


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"triage": [{"severity": "P0"}]}, "triage.0"),
        ({"triage": [{"match": {"host": "a"}, "severity": "P0"}]}, "triage.0.match.host"),
        ({"triage": [{"not": {"text": "("}, "severity": "P0"}]}, "triage.0.not.text"),
        ({"triage": [{"match": {"text": "(a+)+\\1"}, "severity": "P0"}]}, "triage.0.match.text"),
        ({"triage": [{"during": {"from": "9:00", "to": "09:00"}, "severity": "P0"}]}, "triage.0.during"),
        ({"triage": [{"during": {"from": "9", "to": "10:00"}, "severity": "P0"}]}, "triage.0.during"),
        ({"inhibit": [{"when": {"host": "a"}, "hold": {"service": "api"}}]}, "inhibit.0.when.host"),
        ({"inhibit": [{"when": {"service": "a"}, "hold": {"service": "api"}, "equal": ["host"]}]}, "inhibit.0.equal"),
        ({"inhibit": [{"when": {}, "hold": {"service": "api"}}]}, "inhibit.0.when"),
        ({"flapping": {"times": 1}}, "flapping.times"),
        ({"impact_questions": [{"ask": "?", "answers": [{"text": "a"}]}]}, "impact_questions.0.answers"),
        ({"impact_questions": [{"ask": "?", "answers": [{"text": "a"}, {"text": "b", "severity": "P9"}]}]},
         "impact_questions.0.answers.1.severity"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(changes, key):
    reading = read(**changes)
    assert reading.runbook is None
    assert any(error.key.replace("[", ".").replace("]", "").startswith(key) for error in reading.errors), reading.errors


def test_services_below_come_the_nearest_first():
    book = read().runbook
    assert (("api", "ddc"), ("ddc",), (), ()) == tuple(
        book.depends_on(name) for name in ("proofi.ai", "api", "ddc", "nobody knows it")
    )
