"""What holds an alert back, by what words, and until when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tocsin.core import quiet
from tocsin.core.alert import Alert
from tocsin.core.quiet import Flaps, Silence
from tocsin.core.runbook_noise import Flapping, Inhibition
from tocsin.core.types import Refused

NOW = datetime(2026, 11, 23, 9, 2, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def alert(**changes):
    return Alert(**{"source": "s", "key": "k", "title": "t", "started_at": NOW, "service": "api", **changes})


def silence(**changes):
    base = {"id": "1", "matchers": ("service=api",), "start": NOW, "until": NOW + HOUR, "reason": "r", "by": "ana",
            "created_at": NOW}  # fmt: skip
    return Silence(**{**base, **changes})


def active(silences, at):
    return quiet.active(quiet.prepare(silences), at)


def test_what_is_prepared_follows_its_times():
    """Prepared once, and asked at one instant after the other."""
    (one,) = quiet.prepare([silence(repeat="FREQ=DAILY;UNTIL=20261124")])
    asked = [one.until(at) for at in (NOW, NOW + HOUR, NOW + DAY, NOW + DAY + HOUR, NOW + 2 * DAY)]
    assert [NOW + HOUR, None, NOW + DAY + HOUR, None, None] == asked


def test_only_silences_that_can_mean_a_service_are_asked():
    found = active([silence(), silence(id="2", matchers=("service=web",)), silence(id="3", matchers=("check=x",))], NOW)
    assert [{"1", "3"}, {"3"}] == [{a.silence.id for a in quiet.for_service(found, name)} for name in ("api", None)]


def test_a_silence_holds_from_its_start_and_not_at_its_end():
    one = silence(start=NOW + HOUR, until=NOW + 2 * HOUR)
    assert ["pending", "active", "ended"] == [one.state(NOW + n * HOUR) for n in range(3)]
    assert one.span_at(NOW) is None
    assert "ended" == silence(ended_at=NOW).state(NOW)


def test_a_silence_that_comes_again_is_pending_between_its_times():
    one = silence(repeat="FREQ=DAILY")
    assert ["active", "pending", "active"] == [one.state(at) for at in (NOW, NOW + HOUR, NOW + DAY)]
    assert "ended" == silence(repeat="FREQ=DAILY;UNTIL=20261123").state(NOW + DAY)


def test_the_one_that_ends_last_is_named():
    """An alert is held once, for as long as it will be."""
    both = [silence(), silence(id="2", until=NOW + 2 * HOUR, reason="later"), silence(id="3", start=NOW + HOUR)]
    hold = quiet.silenced(active(both, NOW), alert())

    assert ("silence:2", NOW + 2 * HOUR) == (hold.by, hold.until)
    assert "silence of ana until 2026-11-23 11:02 UTC: later" == hold.rule
    assert quiet.silenced(active(both, NOW), alert(service="web")) is None


RULES = quiet.inhibits([Inhibition(when={"check": ("down",)}, hold={"check": ("slow",)}, equal=("service",))])


@pytest.mark.parametrize(
    ("cause", "held"),
    [({"check": "down"}, True), ({"check": "down", "service": "web"}, False), ({"check": "up"}, False),
     ({"check": "down", "key": "k"}, False)],
)  # fmt: skip
def test_an_inhibition_needs_another_alert_with_the_same_values(cause, held):
    hold = quiet.inhibited(RULES, alert(check="slow"), [alert(**{"key": "other", **cause})])
    assert held == (hold is not None)
    if hold:
        assert ("inhibit:1", "inhibit 1 (while check: down fires): t", None) == (hold.by, hold.rule, hold.until)


def test_what_no_rule_names_asks_for_nothing():
    assert quiet.inhibited(RULES, alert(check="else"), iter(())) is None


def test_a_key_that_fires_again_too_often_is_paused_once_with_an_end():
    rule = Flapping(times=2, within="10m", pause="30m")
    flaps, held = quiet.fired_again(Flaps(), rule, NOW)
    assert not held
    flaps, held = quiet.fired_again(flaps, rule, NOW + timedelta(minutes=11))
    assert not held
    flaps, held = quiet.fired_again(flaps, rule, NOW + timedelta(minutes=12))
    assert held
    hold = quiet.paused(flaps, rule)
    assert NOW + timedelta(minutes=42) == hold.until
    assert "flapping: it fired again 2 times within 10 minutes; paused until 2026-11-23 09:44 UTC" == hold.rule
    assert (flaps, True) == quiet.fired_again(flaps, rule, NOW + timedelta(minutes=41))
    assert (Flaps((NOW + timedelta(minutes=42),)), False) == quiet.fired_again(flaps, rule, NOW + timedelta(minutes=42))


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"texts": []}, 422), ({"texts": ["service=api"] * 21}, 422), ({"texts": ["x"]}, 422), ({"reason": ""}, 422),
        ({"until": None}, 422), ({"until": NOW}, 422), ({"start": NOW - 2 * HOUR, "until": NOW - HOUR}, 422),
        ({"until": NOW + 91 * DAY}, 422), ({"start": NOW + 91 * DAY, "until": NOW + 92 * DAY}, 422),
        ({"until": NOW + 8 * DAY}, 409), ({"texts": ["text=~.*"]}, 409),
        ({"repeat": "nonsense"}, 422), ({"repeat": "FREQ=DAILY", "zone": "Moon/Base"}, 422),
        ({"repeat": "FREQ=WEEKLY", "until": NOW + 8 * DAY}, 422), ({"repeat": "FREQ=WEEKLY;BYDAY=SU"}, 422),
        ({"repeat": "FREQ=DAILY", "until": NOW + 25 * HOUR}, 422),
        ({"repeat": "FREQ=DAILY;UNTIL=20260101", "start": NOW - 400 * DAY, "until": NOW - 399 * DAY}, 422),
    ],
)  # fmt: skip
def test_what_is_refused_and_what_is_asked_about(more, status):
    asked = {"texts": ["service=api"], "start": NOW, "until": NOW + HOUR, "reason": "r", "now": NOW, "sure": False}
    with pytest.raises(Refused) as refused:
        quiet.checked(**{**asked, **more})
    assert status == refused.value.status


def test_what_is_asked_for_is_written_down_in_one_way():
    asked = {"start": NOW, "until": NOW + 8 * DAY, "reason": "r", "now": NOW, "sure": True}
    assert ("service=api", "text=~a b") == quiet.checked([" service = 'api' ", "", 'text =~ "a b"'], **asked)
