"""The ways to people and channels, and how long to wait between tries."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tocsin import plugins, runbook_file
from tocsin.core import delivery

TEXT = (Path(__file__).parents[2] / "examples/proofi/runbook.yaml").read_text(encoding="utf-8")
SET_UP = runbook_file.read(TEXT, {"TELEGRAM_BOT_TOKEN": "1:x"}).runbook
BARE = runbook_file.read(TEXT, {}).runbook
KINDS = plugins.load().transports
WAYS = delivery.Ways(
    {name: t.address for name, t in KINDS.items()}, {name: t.channel_address for name, t in KINDS.items()}
)


def ways(book, person, urgency="high"):
    routes = delivery.to_person(book, WAYS, person, urgency)
    return [(r.via, r.kind, r.address, r.after // timedelta(seconds=1), r.why_not) for r in routes]


def test_a_person_is_reached_by_their_own_rules():
    assert [
        ("alerts", "telegram", "700000002", 0, ""), ("email", "smtp", "backup1@proofi.ai", 60, "")
    ] == ways(SET_UP, "backup1")  # fmt: skip


def test_a_way_without_its_secret_is_named_and_the_console_stands_in():
    assert [
        ("alerts", "telegram", "700000002", 0, "no TELEGRAM_BOT_TOKEN"),
        ("email", "smtp", "backup1@proofi.ai", 60, ""),
        ("console", "console", "backup1", 0, ""),
    ] == ways(BARE, "backup1")


def test_a_person_without_that_address_is_told_so():
    people = {**SET_UP.people, "backup1": SET_UP.people["backup1"].model_copy(update={"telegram": None})}
    book = SET_UP.model_copy(update={"people": people})

    assert "backup1 has no telegram" == ways(book, "backup1")[0][4]


def test_nobody_is_left_without_a_way():
    assert [("console", "console", "stranger", 0, "")] == ways(SET_UP, "stranger")


def test_a_channel_speaks_to_its_group_or_to_the_console():
    assert ("telegram", "-1001234567890") == (
        delivery.to_channel(SET_UP, WAYS, "alerts").kind, delivery.to_channel(SET_UP, WAYS, "alerts").address
    )  # fmt: skip
    assert ("console", "no TELEGRAM_BOT_TOKEN") == (
        delivery.to_channel(BARE, WAYS, "alerts").kind, delivery.to_channel(BARE, WAYS, "alerts").why_not
    )  # fmt: skip
    assert "no channel nowhere" in delivery.to_channel(BARE, WAYS, "nowhere").why_not
    assert "cannot speak to a group" in delivery.to_channel(SET_UP, WAYS, "email").why_not


@pytest.mark.parametrize(("failures", "longest"), [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (500, 60)])
def test_the_wait_doubles_to_a_minute_less_up_to_a_fifth(failures, longest):
    waits = {delivery.backoff(failures, f"row-{i}").total_seconds() for i in range(200)}

    assert longest * 0.8 <= min(waits) <= max(waits) <= longest
    assert len(waits) > 50


def test_a_channel_whose_address_is_a_secret_is_named_instead():
    """What whoever has it could write with stands in the settings alone, not in the rows of what is sent."""
    text = TEXT.replace("channels:\n", "channels:\n  chat: {discord: {url: https://discord.com/api/webhooks/1/x}}\n", 1)
    route = delivery.to_channel(
        runbook_file.read(text, {}).runbook, replace(WAYS, secret=frozenset({"discord"})), "chat"
    )

    assert ("discord", "chat", "") == (route.kind, route.address, route.why_not)
    assert "webhooks" not in repr(route)


def test_all_who_are_called_in_a_channels_own_place_share_what_its_vendor_allows():
    text = TEXT.replace("channels:\n", "channels:\n  chat: {discord: {url: https://discord.com/api/webhooks/1/x}}\n", 1)
    book, known = runbook_file.read(text, {}).runbook, replace(WAYS, secret=frozenset({"discord"}))
    routes = [delivery.way(book, known, person, "chat") for person in ("martijn", "backup1")]

    assert ["martijn", "backup1"] == [route.address for route in routes]
    assert {"discord:chat"} == {route.destination for route in (*routes, delivery.to_channel(book, known, "chat"))}
    assert "smtp:backup1@proofi.ai" == delivery.way(book, known, "backup1", "email").destination


@pytest.mark.parametrize(
    ("late", "second", "waits"),
    [(None, 7, 0), (timedelta(0), 7, 0), (timedelta(minutes=9, seconds=59), 7, 0), (timedelta(minutes=10), 7, 13),
     (timedelta(hours=6), 39, 1), (timedelta(hours=6), 0, 20)],
)  # fmt: skip
def test_pages_of_steps_that_are_long_overdue_go_out_together(late, second, waits):
    """A page that is late by less than ten minutes waits for nobody."""
    now = datetime(2026, 11, 23, 9, 2, second, tzinfo=UTC)
    due = now - late if late is not None else None
    assert timedelta(seconds=waits) == delivery.caught_up(due, now) - now
