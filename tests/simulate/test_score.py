"""The score: what is kept, missed and open; which gaps are told, and which go without saying."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from tocsin.simulate.scenario import Scenario
from tocsin.simulate.score import Skipped, score, to_json

from .seen import BEGUN, duty, entry, page, seen

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("given", "result", "text"),
    [
        (duty("d", done_at=BEGUN + 5 * MINUTE), "kept", "10 minutes before its time"),
        (duty("d", done_at=BEGUN + 15 * MINUTE), "kept", "0 seconds before its time"),
        (duty("d", done_at=BEGUN + 18 * MINUTE, late=True), "missed", "done, but 3 minutes too late"),
        (duty("d", missed=True), "missed", "never done"),
        (duty("d"), "open", "its time was not over when the drill ended"),
        (duty("d", moot=True), "open", "not needed any more"),
        (duty("d", every=900, done=3), "kept", "3 in time, 0 missed"),
        (duty("d", every=900, done=3, rounds_missed=1), "missed", "3 in time, 1 missed"),
        (duty("d", every=900, done=3, rounds_missed=1, moot=True), "missed", "3 in time, 1 missed"),
        (duty("d", every=900), "open", "none was due"),
    ],
)
def test_a_duty_is_kept_missed_or_open(given, result, text):
    [found] = score(seen(duties=[given]), None).duties
    assert (result, text) == (found.result, found.text)


def kinds(found):
    return [gap.kind for gap in found.gaps]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, []),  # nobody was paged, so nobody had to answer
        ({"pages": [page("ana", ("sms", "delivered"))]}, ["nobody_answered", "silent"]),
        ({"pages": [page("ana", ("sms", "delivered"), state="acknowledged")], "acknowledged": BEGUN + MINUTE}, []),
        (
            {
                "pages": [page("ana", ("sms", "delivered"), state="acknowledged")],
                "acknowledged": BEGUN + 16 * MINUTE,
            },
            ["answered_late"],
        ),
        (
            {
                "pages": [
                    page("ana", ("sms", "delivered"), state="moot", why="ana cannot take it"),
                    page("bo", ("sms", "delivered"), state="acknowledged"),
                ],
                "acknowledged": BEGUN + 8 * MINUTE,
            },
            [],
        ),
        ({"pages": [page("ana", ("sms", "delivered"), state="moot")], "acknowledged": BEGUN + 4 * MINUTE}, []),
        ({"pages": [page("ana", ("sms", "delivered"), state="moot")], "acknowledged": BEGUN + 6 * MINUTE}, ["silent"]),
        (
            {"pages": [page("ana", ("sms", "delivered"), state="moot", urgency="low")], "acknowledged": BEGUN + 6 * MINUTE},
            [],
        ),
        (
            {"pages": [page("ana", ("sms", "skipped"), ("email", "delivered"), state="acknowledged")],
             "acknowledged": BEGUN + MINUTE},
            ["way_missing"],
        ),
        ({"duties": [duty("d", missed=True)]}, ["duty_missed"]),
    ],
)  # fmt: skip
def test_the_gaps_that_a_drill_shows(given, expected):
    assert expected == kinds(score(seen(**given), None))


def test_a_way_that_failed_is_told_with_what_saved_the_page():
    saved = page("ana", ("telegram", "retry"), ("telegram", "retry"), ("sms", "delivered", 2), state="acknowledged")
    lost = page("bo", ("telegram", "reject"))
    again = page("bo", ("email", "retry"), ("email", "delivered", 1), at=0.5)
    found = score(seen(pages=[saved, lost, again], acknowledged=BEGUN + 3 * MINUTE), None)
    assert [
        "telegram did not reach Ana (it is away); sms did, 2 minutes later",
        "telegram did not reach Bo (it is away); nothing else did",
        "email did not reach Bo (it is away); it did 30 seconds later",
    ] == [gap.text for gap in found.gaps if gap.kind == "way_failed"]
    assert ["people.ana.notify", "people.bo.notify", "people.bo.notify"] == [
        gap.key for gap in found.gaps if gap.kind == "way_failed"
    ]


def test_readiness_is_told_where_it_mattered():
    """One person on two steps matters when they were silent; an address that nobody used does not."""
    findings = [
        {"kind": kind, "subject": subject, "text": text, "next": "Do it."}
        for kind, subject, text in (
            ("same_person", "default", "Ana is on step 1 and step 3 at the same time"),
            ("same_person", "default", "Bo is on step 2 and step 3 at the same time"),
            ("unreachable", "bo", "nothing reaches Bo"),
            ("schedule_gap", "primary", "nobody is on call"),
            ("contact_unproved", "ana", "never proved"),
        )
    ]
    pages = [page("ana", ("sms", "delivered")), page("ana", ("sms", "delivered"), at=5)]
    found = score(seen(pages=pages, findings=findings, acknowledged=BEGUN + 9 * MINUTE), None)
    assert ["silent", "same_person", "schedule_gap"] == kinds(found)
    assert "schedules.primary" == found.gaps[-1].key


def test_what_comes_otherwise_than_the_scenario_expects_is_a_gap():
    told = Scenario.model_validate(
        {"name": "a", "severity": "P1", "title": "t", "lesson": "l",
         "expect": {"kept": ["fix", "gone"], "missed": ["d"], "acknowledged_within": "5m"}}
    )  # fmt: skip
    duties = [duty("d", done_at=BEGUN), duty("fix", done_at=BEGUN)]
    found = score(seen(duties=duties), told, [Skipped("nobody led", "note at T+04:00")])
    assert "nobody led, so note at T+04:00 did not happen" == found.gaps[0].text
    assert ["not_done", "severity", "expected", "expected", "expected"] == kinds(found)
    assert "the duty gone was expected to be kept; it is not there" in [gap.text for gap in found.gaps]


def test_where_nobody_answers_that_is_said_once_and_not_all_that_follows_from_it():
    """The first drill of somebody who is alone in their runbook: what to change, and no list of everything left out."""
    told = Scenario.model_validate(
        {"name": "a", "severity": "P0", "title": "t", "lesson": "l",
         "expect": {"kept": ["fix", "assess"], "acknowledged_within": "5m"}}
    )  # fmt: skip
    left = [
        Skipped("nobody led", "note at T+04:00"),
        Skipped("nobody led", "resolve at T+09:00"),
        Skipped("it was late"),
    ]
    found = score(seen(pages=[page("ana", ("sms", "delivered"))]), told, left)
    assert [
        "nobody acknowledged INC-1: only Ana was paged", "Ana was paged and did not answer",
        "nobody led, so this did not happen: note at T+04:00, resolve at T+09:00", "it was late",
    ] == [gap.text for gap in found.gaps]  # fmt: skip
    assert ("people", "Add somebody who is paged when Ana sleeps.") == (found.gaps[0].key, found.gaps[0].next)

    both = [page("ana", ("sms", "delivered")), page("bo", ("sms", "delivered"))]
    assert "Let the last step page everyone, and repeat it." == score(seen(pages=both), None).gaps[0].next


def test_the_result_is_plain_json_with_its_keys():
    update = entry(90, "update_posted", "ana")
    given = seen(duties=[duty("d", missed=True)], timeline=[update], acknowledged=BEGUN + MINUTE, by="ana")
    found = json.loads(json.dumps(to_json(score(given, None), speed=60)))
    assert ("INC-1", [], ["d"], 60.0) == tuple(
        found[key] for key in ("incident", "duties_kept", "duties_missed", "acknowledged_after_seconds")
    )
    assert ("Ana", 90.0, 900.0, 60, True) == tuple(
        found[key]
        for key in ("acknowledged_by", "first_update_after_seconds", "respond_within_seconds", "speed", "drill")
    )
    assert {"kind", "subject", "text", "key", "next"} == set(found["findings"][0])
