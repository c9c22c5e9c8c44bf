"""What integrations share: reading refusals, forms and secrets, and writing what alerts say so that it stays mere text."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin import sdk
from tocsin.sdk import (
    BadPayload,
    Message,
    Reject,
    Response,
    Retry,
    colour_of,
    failed,
    one_of,
    read_form,
    shown,
    utf16,
)


@pytest.mark.parametrize(
    ("response", "more", "verdict"),
    [
        (Response(0, error="refused"), {}, Retry("refused")),
        (Response(200), {"why": "no proof"}, Retry("no proof")),
        (Response(302), {}, Reject("status 302: redirects are not followed")),
        (Response(400), {}, Reject("status 400")),
        (Response(404), {}, Reject("status 404")),
        (Response(404), {"dead": (404,)}, Reject("status 404", broken=True)),
        (Response(408), {}, Retry("status 408")),
        (Response(425), {}, Retry("status 425")),
        (Response(429, {"retry-after": "7"}), {}, Retry("status 429", 7.0)),
        (Response(429, {"retry-after": "7"}), {"after": 0.5}, Retry("status 429", 0.5)),
        (Response(503, {"retry-after": "soon"}), {}, Retry("status 503")),
    ],
)
def test_what_is_no_success_has_one_reading(response, more, verdict):
    assert verdict == failed(response, **more)


@given(st.text(max_size=400), st.integers(10, 300), st.booleans())
def test_what_is_shown_fits_and_makes_no_link(text, limit, plain):
    made = shown(Message("k", "to", "title", text, plain=plain), limit)

    assert utf16(made) <= limit
    assert not re.search(r"(?<!\\)(\\\\)*[\[\]<>]", made)


def test_a_severity_has_its_colour_and_another_name_is_grey():
    assert ("#b3261e", "#b3261e", "#565d6b") == (colour_of("P0"), colour_of("p0"), colour_of("sev-1"))


def test_a_form_is_read_with_its_empty_fields():
    assert {"a": "1 ü", "b": "", "c": "2"} == read_form(b"a=1+%C3%BC&b=&c=1&c=2")


@pytest.mark.parametrize("body", [b"\xff", b"a=%FF", b"&".join(b"a%d=1" % n for n in range(201))])
def test_what_is_no_form_is_refused(body):
    with pytest.raises(BadPayload):
        read_form(body)


@pytest.mark.parametrize(
    ("given", "good", "said"),
    [("a", ["a"], True), ("a", ["b", "a"], True), ("a", [b"a"], True), ("a", ["b"], False), ("", [""], False),
     ("", [], False), ("é", ["é"], True), ("\udcff", ["a"], False)],
)  # fmt: skip
def test_an_empty_secret_is_never_good(given, good, said):
    assert said is one_of(given, good)


def test_a_body_that_there_is_no_memory_for_is_not_called_bad(monkeypatch):
    """Its sender is asked to come back: told that it is not JSON it would drop the alert."""

    def loads(body):
        raise orjson.JSONDecodeError("Not enough memory to allocate buffer for parsing", "", 0)

    monkeypatch.setattr(orjson, "loads", loads)
    with pytest.raises(MemoryError):
        sdk.read_json(b"{}")


# --------------------------------------------------------------------------------------------- asking a vendor

NINE = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("response", "said", "why"),
    [
        (Response(0, error="refused"), "", "Vendor did not answer: refused"),
        (Response(0), "", "Vendor did not answer: no reason is known"),
        (Response(200, body=b"<html>"), "", "Vendor answered 200 with what cannot be read (6 bytes)"),
        (Response(200), {"no": "text"}, "Vendor answered 200 with what cannot be read (0 bytes)"),
        (Response(200), "boom\nand more", "Vendor answered 200: boom and more"),
        (Response(401), "", "Vendor: the token is refused (401); it was revoked, has expired, or is another account's"),
        (Response(403), "no", "Vendor: the token may not do this (403): no"),
        (Response(404), 7, "Vendor does not know it (404): 7; the name is wrong, or the token cannot see it"),
        (Response(429), "", "Vendor asks to wait (429)"),
        (Response(500), "", "Vendor answered 500"),
    ],
)
def test_why_a_vendor_gave_nothing_is_said_in_words(response, said, why):
    assert why == sdk.why_not("Vendor", response, said)
    assert why in sdk.refusal("Vendor", response, said).why


@pytest.mark.parametrize(
    ("status", "state"),
    [(200, "done"), (201, "done"), (204, "done"), (0, "unknown"), (408, "unknown"), (500, "unknown"), (503, "unknown"),
     (302, "failed"), (400, "failed"), (401, "failed"), (404, "failed"), (409, "failed"), (429, "failed")],
)  # fmt: skip
def test_what_became_of_a_call_that_changes_something(status, state):
    acted = sdk.outcome("Vendor", Response(status), receipt="r")

    assert (state, "r" if state == "done" else "", state != "done") == (acted.state, acted.receipt, bool(acted.why))


@pytest.mark.parametrize(
    ("before", "weight"),
    [(0, 0.9), (900, 0.9), (901, 0.7), (3600, 0.7), (21_600, 0.4), (86_400, 0.2), (86_401, 0.0), (-60, 0.9), (-61, 0.0)],
)  # fmt: skip
def test_a_change_is_suspected_the_more_the_closer_it_was(before, weight):
    assert weight == sdk.suspicion(NINE - timedelta(seconds=before), NINE)


def test_instants_are_said_beside_others():
    earlier, yesterday = NINE - timedelta(minutes=65), NINE - timedelta(days=1)

    assert ("07:55 UTC", "2026-11-22 09:00 UTC") == (sdk.time_words(earlier, NINE), sdk.time_words(yesterday, NINE))
    assert "1 hour 5 minutes before the incident began" == sdk.distance_words(earlier, NINE)
    assert "1 hour 5 minutes after the incident began" == sdk.distance_words(NINE, earlier)


@pytest.mark.parametrize(
    ("value", "instant"),
    [(1_795_424_400_000, NINE), (1_795_424_400_000.0, NINE), (0, None), (-1, None), (10**18, None), (True, None),
     ("1795424400000", None), (None, None), ([], None)],
)  # fmt: skip
def test_milliseconds_are_read(value, instant):
    assert instant == sdk.instant_of(value)
