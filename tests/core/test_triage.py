"""The first rule that matches; groups; the rolling window."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin import runbook_file
from tocsin.core import triage
from tocsin.core.alert import Alert

NOW = datetime(2026, 11, 23, 9, 2, tzinfo=UTC)
TEXT = (Path(__file__).parents[2] / "examples/proofi/runbook.yaml").read_text(encoding="utf-8")
BOOK = runbook_file.read(TEXT, {}).runbook
RULES = triage.prepare(BOOK)


def alert(**changes):
    return Alert(**{"source": "s", "key": "k", "title": "t", "started_at": NOW, **changes})


def test_a_rule_is_named_by_its_place_and_words():
    assert "rule 8 (severity: warning) -> P2" == triage.sort(RULES, alert(severity="warning"), NOW).rule


def test_what_nothing_matches_is_a_p2_on_its_own_service():
    rules = triage.prepare(BOOK.model_copy(update={"triage": ()}))

    assert ("P2", "odd", triage.NO_RULE) == tuple(
        getattr(triage.sort(rules, alert(service="odd"), NOW), name) for name in ("severity", "service", "rule")
    )


def test_a_runbook_without_a_p2_falls_back_to_its_least_that_pages():
    severities = {name: severity for name, severity in BOOK.severities.items() if name != "P2"}

    assert "P1" == triage.prepare(BOOK.model_copy(update={"severities": severities, "triage": ()})).unmatched


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"service": "a", "check": "c"}, {"service": "a", "check": "c", "key": "2"}, True),
        ({"service": "a", "check": "c"}, {"service": "a", "check": "d"}, False),
        ({"service": "a"}, {"service": "a", "key": "2"}, True),
        ({}, {"key": "2"}, False),
    ],
)
def test_groups(one, other, same):
    """Same service and check; strangers with neither are not put together."""
    groups = [triage.sort(RULES, alert(**changes), NOW).group for changes in (one, other)]

    assert same == (groups[0] == groups[1])


def test_grouping_may_look_at_labels():
    by = ("labels.env",)

    assert "prod" == triage.group_key(by, alert(labels={"env": "prod"}), None)


@pytest.mark.parametrize(("minutes", "takes"), [(0, True), (10, True), (10.1, False)])
def test_the_window_ends_after_its_last_instant(minutes, takes):
    assert takes == triage.joins(NOW, NOW + timedelta(minutes=minutes), BOOK)


def test_no_window_without_an_alert():
    assert not triage.joins(None, NOW, BOOK)


@pytest.mark.parametrize(("one", "other", "worse"), [("P0", "P1", True), ("P1", "P1", False), ("P2", "P9", False)])
def test_which_severity_is_worse(one, other, worse):
    assert worse == triage.worse(one, other, BOOK.severities)


@given(
    st.text(max_size=50), st.text(max_size=200), st.one_of(st.none(), st.text(max_size=20)),
    st.sampled_from(["critical", "error", "warning", "info"]),
)  # fmt: skip
def test_every_alert_gets_a_severity_of_the_runbook(title, text, service, severity):
    found = triage.sort(RULES, alert(title=title, text=text, service=service, severity=severity), NOW)

    assert found.severity in BOOK.severities
    assert found == triage.sort(RULES, alert(title=title, text=text, service=service, severity=severity), NOW)
