"""ntfy: what a page looks like, where its credentials go, and what its answers mean."""

from __future__ import annotations

import pytest

from tests.fakes.ntfy import TOKEN, FakeNtfy
from tocsin.integrations import ntfy
from tocsin.sdk import Delivered, Reject, Response, Retry

from .helpers import answer, feed, message, over_socket

OK = answer(200, {"id": "hwQ2YpKdmg", "event": "message", "topic": "ana"})


def sent(config=None, **changes):
    [request], _ = feed(ntfy.send(message(**{"to": "ana", **changes}), config or {}), OK)
    return request


def test_a_page_rings_and_is_acknowledged_from_the_phone_itself():
    """The first button posts the page's own link; tapping elsewhere opens the incident."""
    body = sent().json

    assert ("ana", "[P0] INC-1: down", "Service: proofi.ai", 5) == (
        body["topic"], body["title"], body["message"], body["priority"]
    )  # fmt: skip
    assert "http://tocsin.example.org/incidents/INC-1" == body["click"]
    assert [
        ("http", "Acknowledge", "http://tocsin.example.org/ack/1/2", "POST"),
        ("http", "I can't take it", "http://tocsin.example.org/ack/1/2/pass", "POST"),
        ("view", "Open", "http://tocsin.example.org/incidents/INC-1", None),
    ] == [(a["action"], a["label"], a["url"], a.get("method")) for a in body["actions"]]


def test_a_message_for_several_pages_cannot_be_passed_on():
    body = sent(acknowledge_link="http://tocsin.example.org/ack/1/2/all").json

    assert ["Acknowledge", "Open"] == [action["label"] for action in body["actions"]]


def test_what_asks_for_nothing_has_no_button_and_does_not_ring():
    body = sent(acknowledge_link="", urgent=False).json

    assert (3, False, False) == (body["priority"], "actions" in body, "tags" in body)


def test_a_text_of_the_runbook_goes_out_alone():
    body = sent(plain=True, text="**Stars** stay", acknowledge_link="").json

    assert ("**Stars** stay", False) == (body["message"], "title" in body)


@pytest.mark.parametrize(
    ("to", "config", "url", "topic"),
    [
        ("ana", {}, "https://ntfy.sh/", "ana"),
        ("ana", {"server": "https://push.example.org/"}, "https://push.example.org/", "ana"),
        ("https://push.example.org/ana", {}, "https://push.example.org/", "ana"),
        ("https://example.org/push/ana/", {}, "https://example.org/push/", "ana"),
    ],
)
def test_a_topic_is_a_name_or_a_whole_address(to, config, url, topic):
    request = sent(config, to=to)

    assert (url, topic) == (request.url, request.json["topic"])


@pytest.mark.parametrize(
    "to", ["", "a/b", "ftp://example.org/ana", "https://example.org/", "https://[/ana", "https://x.org/a?b=c"]
)
def test_what_is_no_topic_is_rejected_at_once(to):
    with pytest.raises(StopIteration) as end:
        next(ntfy.send(message(to=to), {}))

    assert isinstance(end.value.value, Reject) and end.value.value.broken


@pytest.mark.parametrize(
    ("to", "config", "header"),
    [
        ("ana", {"token": "tk_1"}, "Bearer tk_1"),
        ("ana", {"username": "ana", "password": "pw"}, "Basic YW5hOnB3"),
        ("https://ntfy.sh/ana", {"token": "tk_1"}, "Bearer tk_1"),
        ("https://elsewhere.example/ana", {"token": "tk_1"}, None),
    ],
)
def test_credentials_go_to_their_own_server_only(to, config, header):
    assert header == sent(config, to=to).headers.get("Authorization")


@pytest.mark.parametrize(
    ("response", "verdict"),
    [
        (OK, Delivered("hwQ2YpKdmg")),
        (answer(200, {"id": "x", "event": "message", "topic": "another"}), Retry("the answer is not ntfy's")),
        (answer(200, b"<html>"), Retry("the answer is not ntfy's")),
        (answer(429, {"code": 42901, "error": "limit reached"}), Retry("limit reached", 5.0)),
        (answer(429, {"code": 42908, "error": "daily quota"}), Retry("daily quota", 600.0)),
        (Response(429, {"retry-after": "7"}, b"{}"), Retry("status 429", 7.0)),
        (answer(403, {"code": 40301, "error": "forbidden"}), Reject("forbidden", broken=True)),
        (answer(413, {"code": 41301, "error": "too large"}), Reject("too large")),
        (answer(507, {"error": "full"}), Retry("full")),
        (Response(301), Reject("status 301: redirects are not followed")),
        (Response(0, error="refused"), Retry("refused")),
    ],
)
def test_each_answer_has_its_verdict(response, verdict):
    assert verdict == feed(ntfy.send(message(to="ana"), {}), response)[1]


def test_over_a_real_socket_a_long_text_stays_a_message():
    with FakeNtfy() as server:
        config = {"server": server.url, "token": TOKEN}
        verdict = over_socket(ntfy.send(message(to="ana", text="👩\u200d🚒é" * 1000, title="t\nx" * 500), config))

    assert (Delivered("m1"), []) == (verdict, server.faults)
    assert server.taken[0]["message"].endswith("…") and server.taken[0]["actions"]
