"""How a person would be reached, told beforehand: the same ways that the pager takes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from tocsin import plugins, runbook_file
from tocsin.core import delivery, reach
from tocsin.core.delivery import Contact

NIGHT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)  # 03:00 in Amsterdam
EXAMPLE = yaml.load((Path(__file__).parents[2] / "examples/proofi/runbook.yaml").read_text(), yaml.BaseLoader)
KINDS = plugins.load().transports
WAYS = delivery.Ways({n: t.address for n, t in KINDS.items()}, {n: t.channel_address for n, t in KINDS.items()})
CHAT, MAIL = delivery.mark("telegram", "700000002"), delivery.mark("smtp", "backup1@proofi.ai")


def book(change=lambda data: None, token="1:x"):
    data = yaml.load(yaml.dump(EXAMPLE), yaml.BaseLoader)
    change(data)
    data["version"] = 1
    reading = runbook_file.read(yaml.dump(data), {"TELEGRAM_BOT_TOKEN": token})
    assert not reading.errors, reading.errors
    return reading.runbook


def heard(runbook, health=delivery.UNKNOWN, **more):
    found = reach.reach_at(runbook, WAYS, "backup1", NIGHT, health, **more)
    return [(h.at - NIGHT, h.via, h.state, h.instead_of) for h in found]


def test_each_way_says_when_and_whether_it_was_proved():
    proved = {("backup1", "alerts"): Contact(CHAT, NIGHT - timedelta(days=3))}

    assert [(timedelta(0), "alerts", "proved", ""), (timedelta(minutes=1), "email", "never proved", "")] == heard(
        book(), proved
    )


def test_what_was_proved_of_another_address_is_not_proved():
    assert "never proved" == heard(book(), {("backup1", "alerts"): Contact(MAIL, NIGHT)})[0][2]


def test_a_broken_way_is_named_and_the_console_stands_in_until_the_token_changes():
    runbook = book()
    channel = runbook.channel("alerts")
    of = delivery.mark("telegram", "700000002", channel.settings)
    health = {("backup1", "alerts"): Contact(CHAT, NIGHT, of, NIGHT, "the bot was blocked")}

    assert ["broken", "never proved", "never proved"] == [state for _, _, state, _ in heard(runbook, health)]
    assert (
        "broken since 2026-11-24: the bot was blocked" == reach.reach_at(runbook, WAYS, "backup1", NIGHT, health)[0].why
    )
    assert "proved" == heard(book(token="2:new"), health)[0][2]


def test_a_backup_stands_behind_its_channel():
    def spare(data):
        data["channels"]["alerts"]["backup"] = "email"

    assert [("alerts", ""), ("email", "alerts"), ("email", "")] == [(v, i) for _, v, _, i in heard(book(spare))]


@pytest.mark.parametrize(("urgency", "hours"), [("high", 0), ("low", 4)])
def test_quiet_hours_delay_low_urgency_alone(urgency, hours):
    def quiet(data):
        data["people"]["backup1"]["quiet_hours"] = {"from": "22:00", "to": "07:00", "timezone": "Europe/Amsterdam"}
        data["people"]["backup1"]["notify"]["low"] = [{"via": "email"}]

    assert timedelta(hours=hours) == heard(book(quiet), urgency=urgency)[0][0]


def test_only_the_console_is_no_way_to_anybody():
    stranger = reach.reach_at(book(), WAYS, "stranger", NIGHT, delivery.UNKNOWN)
    assert not reach.reachable(stranger)
    assert reach.reachable(reach.reach_at(book(), WAYS, "backup1", NIGHT, delivery.UNKNOWN))
    assert "never proved" == reach.in_words(stranger[0], NIGHT)
    assert "proved 2 hours ago" == reach.in_words(
        reach.Heard(NIGHT, "email", "smtp", "proved", proved_at=NIGHT - timedelta(hours=2)), NIGHT
    )
