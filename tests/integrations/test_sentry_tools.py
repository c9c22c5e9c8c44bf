"""Sentry's issues: what is new, what rises, and with which release it came; and every answer that is none."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.fakes.sentry_api import FakeSentry
from tocsin import plugins
from tocsin.integrations import sentry_tools as sentry
from tocsin.sdk import Reject, Retry

from .helpers import answer, over_socket
from .tools import LOOK, NOW, ago, no_answers, told

CONFIG = {
    "token": "t" * 20,
    "organization": "proofi",
    "project": "proofi-wallet",
    "api_base": "http://sentry.example/api/0",
}


@pytest.fixture
def errors():
    """An old issue that comes a few times an hour."""
    with FakeSentry() as fake:
        fake.raised("1", "TimeoutError: slow", first=ago(days=20), hours=[4] * 24)
        yield fake
        assert [] == fake.faults


def asked(conversation):
    return over_socket(conversation)


def test_old_issues_that_go_on_as_ever_point_at_nothing(errors):
    [found] = asked(sentry.look(LOOK, errors.config))

    assert "None of Sentry's 1 unresolved issues of the last day is new or rises." == found.text
    assert (True, "") == (found.ok, found.suspect)


def test_a_new_issue_is_told_with_its_release(errors):
    errors.raised("2", "DdcTimeoutError: putPiece timed out", first=ago(minutes=12), hours=[132], release="wallet@a8923d9c3afc",
                  released=ago(minutes=14))  # fmt: skip
    release, new = asked(sentry.look(LOOK, errors.config))

    assert ("deployment", "wallet@a8923d9c3afc", 0.9) == (release.suspect, release.target, release.weight)
    assert (
        "Release wallet@a8923 of 08:48 UTC, 14 minutes before the incident began, is the first in which WALLET-2"
        in release.text
    )
    assert ("errors", "2", 0.63, ago(minutes=12)) == (new.suspect, new.target, new.weight, new.at)
    assert "New: WALLET-2 “DdcTimeoutError: putPiece timed out” (error), first seen at 08:50 UTC" in new.text
    assert "132 times, 41 users." in new.text and "https://proofi.sentry.io/issues/2/" == new.link


@pytest.mark.parametrize(
    ("release", "released"),
    [("", {}), ("wallet@1", {"days": 3}), ("wallet@2", {"minutes": -4}), ("wallet@3", {"minutes": 6})],
)
def test_a_release_that_did_not_come_just_before_is_not_suspected(errors, release, released):
    errors.raised("2", "x", first=ago(minutes=12), hours=[9], release=release, released=ago(**released))

    kinds = [found.suspect for found in asked(sentry.look(LOOK, errors.config))]
    assert ["errors"] == kinds


def test_an_issue_that_came_with_the_incident_is_told_too(errors):
    errors.raised("2", "x", first=NOW + timedelta(minutes=3), hours=[9])

    [found] = asked(sentry.look(LOOK, errors.config))
    assert (0.5, True) == (found.weight, "3 minutes after the incident began" in found.text)


def test_what_rises_is_told(errors):
    errors.raised("3", "RangeError", first=ago(days=9), hours=[2] * 22 + [40, 7])
    errors.raised("4", "rare", first=ago(days=9), hours=[0] * 22 + [9, 0])  # too few to mean anything
    [found] = asked(sentry.look(LOOK, errors.config))

    assert "Rising: WALLET-3 “RangeError” (error), 40 times in an hour, 2 an hour before that." == found.text
    assert ("errors", "3", False) == (found.suspect, found.target, found.ok)


def test_only_three_of_a_kind_are_told_and_how_many_more_there_are(errors):
    for number in range(10, 17):
        errors.raised(str(number), f"new {number}", first=ago(minutes=number), hours=[1])
    found = asked(sentry.look(LOOK, errors.config))

    assert (4, "4 more unresolved issues are new or rise.") == (len(found), found[-1].text)
    assert "WALLET-10" in found[0].text


def test_what_is_resolved_is_not_told_and_no_secret_is(errors):
    errors.raised("5", "gone", first=ago(minutes=5), hours=[50], status="resolved")
    errors.raised("6", "cannot log in with password=hunter22\n\x1b[1m", first=ago(minutes=5), hours=[50])
    [found] = asked(sentry.look(LOOK, errors.config))

    assert ("WALLET-6" in found.text, "hunter22" in found.text, "\x1b" in found.text) == (True, False, False)


def test_an_older_server_lists_by_project(errors):
    errors.by_organization = False

    assert "None of Sentry's 1" in asked(sentry.look(LOOK, errors.config))[0].text
    assert ["/api/0/organizations/proofi/issues/", "/api/0/projects/proofi/proofi-wallet/issues/"] == [
        path for _, path in errors.made
    ]


@no_answers("unknown", "wrong type")
def test_an_answer_that_is_none_is_said_in_words(response, verdict, words):
    found = told(sentry.look(LOOK, CONFIG), response)
    assert verdict is type(found) and found.why.startswith("Sentry") and words in found.why

    tested = told(sentry.test(CONFIG), response, response)
    assert (False, 2) == (tested.reads, len(tested.missing))


def test_where_nothing_is_known_both_lists_are_asked():
    found = told(sentry.look(LOOK, CONFIG), answer(404, {"detail": "gone"}), answer(404, {}))
    assert isinstance(found, Reject) and "Sentry does not know it (404): gone" in found.why
    assert isinstance(told(sentry.look(LOOK, {**CONFIG, "project": ""}), answer(404, {})), Reject)


def test_issues_of_the_wrong_types_are_passed_over():
    odd = [
        7,
        None,
        [],
        {"id": None},
        {"id": "9", "title": 7, "stats": {"24h": [7, [1], [1, "x"]]}, "count": "many", "firstSeen": 9},
    ]
    [found] = told(sentry.look(LOOK, CONFIG), answer(200, odd))

    assert "None of Sentry's 1 unresolved issues" in found.text
    assert "None of Sentry's 0" in told(sentry.look(LOOK, CONFIG), answer(200, []))[0].text


@pytest.mark.parametrize(
    "mode", ["flood", "down", "html", "hang_up", "empty", "huge", "lie", "denied", "missing", "revoked"]
)
def test_over_a_socket_a_vendor_that_is_not_well_is_a_reason_and_no_finding(errors, mode):
    errors.mode = mode
    found = asked(sentry.look(LOOK, errors.config))

    assert isinstance(found, Reject if mode in ("denied", "missing", "revoked") else Retry), found
    assert found.why.startswith("Sentry") and len(found.why) < 400


def test_a_release_that_cannot_be_asked_for_costs_only_its_own_finding(errors):
    errors.raised("2", "x", first=ago(minutes=12), hours=[9], release="wallet@1")
    errors.mode, errors.only = "down", "/issues/2/"

    assert ["errors"] == [found.suspect for found in asked(sentry.look(LOOK, errors.config))]


def test_the_connection_is_tested(errors):
    tested = asked(sentry.test(errors.config))
    assert (True, None, ()) == (tested.reads, tested.acts, tested.missing)
    assert "Organization proofi, project Wallet; 1 unresolved issues are seen." == tested.text

    errors.scopes = {"event:read"}
    tested = asked(sentry.test(errors.config))
    assert (True, True) == (tested.reads, "the scope project:read is needed" in tested.missing[0])

    errors.mode = "revoked"
    assert "the token is refused (401)" in asked(sentry.test(errors.config)).missing[0]
    with pytest.raises(StopIteration) as end:
        next(sentry.test({}))
    assert 2 == len(end.value.value.missing)


def test_they_are_loaded_under_their_names():
    loaded = plugins.load()
    assert ("sentry.issues" in loaded.diagnosers, sentry.CONNECTION_TEST) == (True, loaded.connection_tests["sentry"])
