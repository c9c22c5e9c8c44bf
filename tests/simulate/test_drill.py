"""Drills in a world of their own: the story happens, nothing outside is reached, everything said is marked."""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from tocsin.simulate import drill, scenario
from tocsin.simulate.score import to_json

EXAMPLE = (Path(__file__).parents[2] / "examples/proofi/runbook.yaml").read_text(encoding="utf-8")
SPEED = 300.0
MONDAY = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


@pytest.fixture
def only_loopback(monkeypatch):
    """A socket that refuses every address but this machine's own, and a resolver that is not asked."""
    asked = []
    real, look_up = socket.socket.connect, socket.getaddrinfo

    def connect(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in ("127.0.0.1", "::1"):
            asked.append(address)
            raise OSError("a drill connects to nobody")
        return real(self, address)

    def resolve(host, *args, **kwargs):
        if host not in (None, "", "127.0.0.1", "::1", "localhost", b"127.0.0.1"):
            asked.append(host)
            raise OSError("a drill looks nobody up")
        return look_up(host, *args, **kwargs)

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket.socket, "connect_ex", connect)
    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return asked


def practise(name, text=EXAMPLE, speed=SPEED, **more):
    return drill.run(scenario.find(name, None), text, speed=speed, at=MONDAY, **more)


PLAYED = ["p1-data-uploads", "p2-slow", "p2-mobile-layout", "p3-styling", "p3-feature-request"]


@pytest.mark.parametrize("name", PLAYED)
def test_a_shipped_scenario_teaches_what_it_says(name, only_loopback):
    """The right protocol is followed, and what comes of it is what the scenario expects."""
    told = scenario.find(name, None)
    result = practise(name)
    found = to_json(result.score)
    assert [] == only_loopback
    assert set(told.expect.kept) <= set(found["duties_kept"])
    assert [] == [gap for gap in found["findings"] if gap["kind"] in ("expected", "not_done", "severity")]
    assert {"incident", "duties_kept", "duties_missed", "acknowledged_after_seconds", "findings"} <= set(found)
    assert ("INC-1", True, False) == (found["incident"], found["drill"], result.interrupted)


@pytest.mark.parametrize("name", [name for name in scenario.shipped() if name not in PLAYED])
def test_every_shipped_scenario_follows_the_protocol_of_its_severity(name, only_loopback):
    """So fast that a busy machine may be late: what comes of it is looked at elsewhere."""
    told = scenario.find(name, None)
    result = practise(name, speed=900.0)
    runbook = yaml.safe_load(EXAMPLE)
    duties = runbook["protocols"][runbook["severities"][result.score.severity]["protocol"]]["duties"]
    assert [] == only_loopback
    assert told.severity == result.score.severity
    assert [duty["id"] for duty in duties] == [duty.id for duty in result.score.duties]
    assert result.score.having("kept")
    assert not result.interrupted
    assert result.seen.incident["drill"]


def test_a_provider_that_fails_is_told_with_what_saved_the_page(only_loopback):
    """Telegram is down: mail and calls stand in, each text of the drill begins with the word, and nobody is asked."""
    story = scenario.read(
        """\
name: down
severity: P0
title: DDC data inaccessible
service: ddc
lesson: A second way.
people: {everyone: {acknowledges: 3m}}
providers: [{name: telegram, how: down}]
story:
  - {at: 0m, alert: {key: ddc, title: DDC data inaccessible, service: ddc, check: unreachable}}
  - {at: 8m, by: commander, update: {summary: We look}}
  - {at: 12m, by: commander, resolve: {root_cause: A cable}}
"""
    ).scenario
    result = drill.run(story, EXAMPLE, speed=SPEED, at=MONDAY)
    assert [] == only_loopback
    failed = [gap for gap in result.score.gaps if gap.kind == "way_failed"]
    assert {"martijn", "backup1"} == {gap.subject for gap in failed}
    assert any("email did" in gap.text for gap in failed)
    assert result.score.acknowledged_after
    said = [sent.text for sent in result.outside if sent.text]
    assert said
    assert [] == [text for text in said if "DRILL: " not in text[:20]]
    assert not any("postmortem" in entry["kind"] or "review" in entry["kind"] for entry in result.seen.timeline)


def test_an_alert_that_triage_takes_for_less_is_put_right_and_told():
    text = EXAMPLE.replace("  - {match: {service: ddc, check: unreachable},              severity: P0}\n", "")
    story = scenario.find("p0-ddc-inaccessible", None).model_copy(update={"story": (), "providers": ()})
    first = scenario.find("p0-ddc-inaccessible", None).story[0]
    result = drill.run(story.model_copy(update={"story": (first,)}), text, speed=SPEED, at=MONDAY)
    assert "P0" == result.score.severity
    assert any("triage made it a P1" in gap.text for gap in result.score.gaps)


def test_the_page_of_a_drill_is_signed_into_with_the_address_that_is_told():
    places = []
    watching = drill.Watching(placed=places.append)
    practise("p3-feature-request", speed=3600.0, watching=watching)
    [place] = places
    assert place.url.startswith("http://127.0.0.1:")
    assert place.sign_in.startswith(f"{place.url}/sign-in?token=sign_")


@pytest.mark.parametrize(
    ("text", "change", "said"),
    [
        ("version: 1\npeople: {ana: {nmae: x}}\n", {}, "nmae"),
        (EXAMPLE, {"severity": "P9"}, "no severity P9; it has P0, P1, P2, P3"),
        (EXAMPLE, {"people": {"nobody": {"silent": True}}}, "the scenario names 'nobody'"),
        (EXAMPLE, {"people": {"schedule:night": {"silent": True}}}, "the scenario names 'schedule:night'"),
    ],
)
def test_what_does_not_fit_the_runbook_is_said(text, change, said):
    story = scenario.find("p3-typos", None)
    with pytest.raises(drill.NoDrill, match=said):
        drill.run(scenario.Scenario.model_validate({**story.model_dump(by_alias=True), **change}), text, speed=3600.0)


def test_what_the_environment_lacks_leads_nowhere():
    """A drill leaves no channel out, and takes no secret that it does not need."""
    text = "a: ${BOT_TOKEN} ${DATABASE_URL} ${HOOK_URL} ${KNOWN}"
    assert {
        "BOT_TOKEN": "drill-bot_token",
        "DATABASE_URL": "postgresql://drill@drill.invalid/drill",
        "HOOK_URL": "https://drill.invalid/hook_url",
        "KNOWN": "here",
    } == drill.filled(text, {"KNOWN": "here", "BOT_TOKEN": ""})
