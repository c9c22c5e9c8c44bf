"""Scenarios: what the file may say, the errors with line and key, and one for each example of the runbook."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from tocsin.simulate import scenario

ROOT = Path(__file__).parents[2]
EXAMPLES = [
    (name, example)
    for name, severity in yaml.safe_load((ROOT / "examples/proofi/runbook.yaml").read_text(encoding="utf-8"))[
        "severities"
    ].items()
    for example in severity["examples"]
]
GOOD = """\
name: mine
severity: P0
title: It is down
lesson: Something
people: {on_call: {acknowledges: 3m}}
story:
  - {at: 0m, alert: {key: k, title: It is down, severity: critical}}
  - {at: 5m, resolve: {resolution: Up again}}
"""


def test_a_scenario_says_when_what_happens():
    reading = scenario.read(GOOD)
    assert () == reading.errors
    assert timedelta(minutes=3) == reading.scenario.people["on_call"].acknowledges
    assert ["alert", "resolve"] == [event.verb for event in reading.scenario.story]
    assert timedelta(minutes=7) == reading.scenario.ends  # two minutes after the last thing that happens
    assert not reading.scenario.begins_by_hand


@pytest.mark.parametrize(
    ("was", "is_", "line", "key", "accepted"),
    [
        ("title: It", "titel: It", 3, "titel", "did you mean 'title'?"),
        ("acknowledges: 3m", "acknowledges: soon", 5, "people.on_call.acknowledges", "a duration such as 90s"),
        ("acknowledges: 3m", "silent: false", 5, "people.on_call", "one of acknowledges: 3m"),
        ("{acknowledges: 3m}", "{acknowledges: 3m, passes: 2m}", 5, "people.on_call", "one of acknowledges: 3m"),
        ("at: 5m, resolve", "at: 5m, note: x, resolve", 8, "story[1]", "exactly one of"),
        ("at: 5m, resolve", "at: -5m, resolve", 8, "story[1].at", "a duration such as 90s"),
        ("resolve: {resolution: Up again}", "resolv: {}", 8, "story[1].resolv", "did you mean 'resolve'?"),
        ("resolve: {resolution: Up again}", "alert_ends: other", 1, "(file)", "alert_ends names an alert of the story (k)"),
        ("name: mine", "name: No Name", 1, "name", "match pattern"),
        ("severity: critical", "severity: bad", 7, "story[0].alert.severity", "'critical', 'error', 'warning'"),
        ("lesson: Something", "providers: [{name: telegram, how: sad}]\nlesson: x", 4, "providers[0].how", "'down', 'slow'"),
        ("lesson: Something", "providers: [{name: t, at: 5m, until: 2m}]\nlesson: x", 4, "providers[0]", "an end (until)"),
        ("at: 5m", "at: 9d", 1, "(file)", "at most 2 days"),
        ("title: It", "title: [", 3, "(file)", "YAML"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_line_and_key(was, is_, line, key, accepted):
    reading = scenario.read(GOOD.replace(was, is_, 1))
    assert reading.scenario is None
    assert any(
        (line, key) == (problem.line, problem.key) and accepted in problem.accepted for problem in reading.errors
    ) or (key == "(file)" and any(accepted in problem.accepted for problem in reading.errors)), reading.errors


@pytest.mark.parametrize(("severity", "example"), EXAMPLES, ids=[example for _, example in EXAMPLES])
def test_each_example_of_the_runbook_has_its_drill(severity, example):
    """Whoever reads the runbook can practise each line of it."""
    found = [s for s in scenario.shipped().values() if s.example == example]
    assert [severity] == [s.severity for s in found]


def test_a_severity_alone_finds_the_first_of_its_scenarios():
    assert {"P0": "p0-outage", "P1": "p1-wallet-creation", "P2": "p2-slow", "P3": "p3-typos"} == {
        severity: scenario.find(None, severity).name for severity in ("P0", "P1", "P2", "P3")
    }


def test_a_name_or_a_file_finds_its_scenario(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(GOOD, encoding="utf-8")
    assert "mine" == scenario.find(str(file), None).name
    assert "p1-payments" == scenario.find("p1-payments", "P0").name


@pytest.mark.parametrize(
    ("wanted", "severity", "said"),
    [
        ("nowhere", None, "tocsin drill --list"),
        (None, "P9", "there are P0, P1, P2, P3"),
        ("bad.yaml", None, "line 1: nmae: found an unknown key"),
        ("folder", None, "cannot read"),
    ],
)
def test_what_cannot_be_found_says_what_to_do(tmp_path, monkeypatch, wanted, severity, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.yaml").write_text("nmae: x\n", encoding="utf-8")
    (tmp_path / "folder").mkdir()
    with pytest.raises(ValueError, match=said.replace("(", r"\(")):
        scenario.find(wanted, severity)
