"""What integrations share: reading refusals, forms and secrets, and writing what alerts say so that it stays mere text."""

from __future__ import annotations

import re

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
