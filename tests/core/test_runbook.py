"""The runbook's types: what the example says, and what each part refuses."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from tocsin import runbook_file
from tocsin.core import runbook as module
from tocsin.core import runbook_schedules as schedules

TEXT = (Path(__file__).parents[2] / "examples/proofi/runbook.yaml").read_text(encoding="utf-8")
BOOK = runbook_file.read(TEXT, {}).runbook


def test_the_example_is_read_whole():
    duty = BOOK.protocols["critical"].duties[6]

    assert ("root_cause", ("cause_identified", "escalated"), ("escalate",)) == (duty.id, duty.done_by, duty.if_missed)
    assert (timedelta(minutes=15), "next business day") == (
        BOOK.severities["P0"].respond_within, BOOK.severities["P3"].respond_within
    )  # fmt: skip
    assert ("#incident-{date}", "alerts") == (BOOK.war_room.name, BOOK.war_room.in_)
    assert ("telegram", "twilio", "smtp") == tuple(BOOK.channel(name).kind for name in ("alerts", "sms", "email"))
    assert "+15550100000" == BOOK.channel("sms").settings["from"]
    assert (None, None) == (BOOK.channel("war_room"), BOOK.channel("stakeholders"))


def test_what_it_says_of_a_service():
    assert ("frontend", "backup1", "Website") == (
        BOOK.team_of("proofi.ai"), BOOK.lead_of("proofi.ai"), BOOK.component_of("proofi.ai")
    )  # fmt: skip
    assert (None, None, None) == (BOOK.team_of("x"), BOOK.lead_of("x"), BOOK.component_of("x"))
    assert {"api", "proofi.ai"} == BOOK.dependents("ddc")
    assert frozenset() == BOOK.dependents("unknown")
    assert ("default", 3) == (BOOK.policy_for("x")[0], BOOK.policy_for("x")[1].repeat)


def test_a_runbook_without_a_policy_pages_everyone():
    bare = BOOK.model_copy(update={"escalation_policies": {}})

    assert ("everyone",) == bare.policy_for("api")[1].steps[0].page


@pytest.mark.parametrize(
    ("model", "data", "words"),
    [
        (
            schedules.Rotation,
            {"people": ["a"], "every": "1w", "hand_off": "9 o'clock", "starts": "2026-01-01"},
            "09:00",
        ),
        (
            schedules.Rotation,
            {"people": ["a"], "every": "1w", "hand_off": "mon 25:00", "starts": "2026-01-01"},
            "09:00",
        ),
        (
            schedules.Rotation,
            {"people": ["a"], "every": "1w", "hand_off": "may 09:00", "starts": "2026-01-01"},
            "mon 09:00",
        ),
        (
            schedules.Rotation,
            {"people": ["a"], "every": "90m", "hand_off": "09:00", "starts": "2026-01-01"},
            "whole hours",
        ),
        (
            module.EscalationPolicy,
            {"steps": [{"page": "a", "after": "5m"}, {"page": "b", "after": "1m"}]},
            "in the order",
        ),
        (module.EscalationPolicy, {"steps": []}, "at least 1"),
        (module.Probe, {"service": "x", "every": "30s"}, "exactly one of http"),
        (module.Probe, {"service": "x", "every": "30s", "http": "a", "tcp": "b"}, "exactly one of http"),
        (module.Channel, {"name": "x"}, "exactly one of telegram"),
        (module.BusinessHours, {"timezone": "Mars/Olympus"}, "a time zone such as"),
        (module.BusinessHours, {"holidays": "XX"}, "NL or DE-BY"),
        (module.BusinessHours, {"holidays": "DE-XX"}, "NL or DE-BY"),
        (module.BusinessHours, {"days": []}, "at least one business day"),
        (module.Grouping, {"window": "0s"}, "at least 1s"),
        (module.Grouping, {"window": 600}, "a duration such as"),
    ],
)
def test_what_cannot_be_is_said_in_words(model, data, words):
    with pytest.raises(ValidationError, match=words):
        model.model_validate(data)


def test_a_part_of_a_country_has_its_own_holidays():
    assert "DE-BY" == module.BusinessHours.model_validate({"holidays": "DE-BY"}).holidays
