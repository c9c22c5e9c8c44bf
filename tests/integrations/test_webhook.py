"""The signed webhook, by its answers and over a real socket."""

from __future__ import annotations

import pytest

from tests.fakes.web import FakeWebhook
from tocsin.integrations import webhook
from tocsin.sdk import Delivered, Reject, Response, Retry

from .helpers import feed, message, over_socket


@pytest.mark.parametrize(
    ("response", "verdict"),
    [
        (Response(204), Delivered()),
        (Response(200, body=b'{"id": 7}'), Delivered("7")),
        (Response(503, headers={"retry-after": "9"}), Retry("status 503", 9.0)),
        (Response(429), Retry("status 429")),
        (Response(0, error="refused"), Retry("refused")),
        (Response(301), Reject("status 301: redirects are not followed")),
        (Response(410), Reject("status 410", broken=True)),
        (Response(400), Reject("status 400")),
    ],
)
def test_each_answer_has_its_verdict(response, verdict):
    assert verdict == feed(webhook.send(message(to="http://x.example"), {}), response)[1]


def test_over_a_real_socket_the_signature_holds():
    with FakeWebhook("a-secret-of-sixteen") as hook:
        verdict = over_socket(webhook.send(message(to=hook.url), {"secret": "a-secret-of-sixteen"}))

    assert (Delivered("r-1"), []) == (verdict, hook.faults)
    assert ("page:1:0", "page", "INC-1") == (
        hook.received[0]["id"],
        hook.received[0]["kind"],
        hook.received[0]["incident"],
    )


def test_the_body_holds_all_that_the_docs_promise():
    [request], _ = feed(webhook.send(message(to="http://x.example/hook"), {}), Response(200))

    assert ("POST", "http://x.example/hook", "") == (request.method, request.url, request.sign_with)
    assert {
        "id": "page:1:0", "kind": "page", "incident": "INC-1", "severity": "P0", "title": "[P0] INC-1: down",
        "text": "Service: proofi.ai", "link": "http://tocsin.example.org/incidents/INC-1",
        "acknowledge_link": "http://tocsin.example.org/ack/1/2", "urgent": True,
    } == request.json  # fmt: skip


def test_what_asks_for_nothing_is_a_message():
    [request], _ = feed(webhook.send(message(acknowledge_link=""), {}), Response(200))

    assert "message" == request.json["kind"]


def test_a_key_outside_ascii_still_makes_a_header():
    [request], _ = feed(webhook.send(message(key="page:josé\r\nX: y"), {}), Response(200))

    assert "page:jos%C3%A9%0D%0AX: y" == request.headers["Tocsin-Id"]


@pytest.mark.parametrize(
    ("said", "after"),
    [
        ({"retry-after": "120"}, 120.0),
        ({"retry-after": "9" * 300}, None),
        ({"retry-after": "9999999"}, 86_400.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Mon, 23 Nov 2026 09:03:00 GMT", "date": "Mon, 23 Nov 2026 09:02:00 GMT"}, 60.0),
        ({"retry-after": "Mon, 23 Nov 2026 09:01:00 GMT", "date": "Mon, 23 Nov 2026 09:02:00 GMT"}, 0.0),
        ({"retry-after": "Mon, 23 Nov 2026 09:01:00 GMT"}, None),
    ],
)
def test_a_wait_is_taken_as_asked(said, after):
    assert Retry("status 503", after) == feed(webhook.send(message(), {}), Response(503, headers=said))[1]


@pytest.mark.parametrize("body", [b"", b"[]", b"ok", b'{"id": null}', b'{"id": {"a": 1}}'])
def test_any_2xx_is_delivered_whatever_it_says(body):
    assert Delivered() == feed(webhook.send(message(), {}), Response(202, body=body))[1]


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (503, Retry("status 503", 7.0)),
        (302, Reject("status 302: redirects are not followed")),
        (500, Retry("status 500")),
        (410, Reject("status 410", broken=True)),
    ],
)
def test_over_a_real_socket_each_answer_has_its_verdict(status, verdict):
    with FakeWebhook() as hook:
        hook.status = status
        assert verdict == over_socket(webhook.send(message(to=hook.url), {}))
    assert [] == hook.faults


def test_a_subscribers_document_goes_out_alone_to_an_address_that_must_be_public():
    [request], verdict = feed(
        webhook.send(message(to="https://h.example.org/", document={"id": "k"}), {"secret": "s"}),
        Response(200, body=b'{"challenge": "c", "id": "no"}'),
    )
    assert (({"id": "k"}, True, "s"), Delivered("c")) == ((request.json, request.public, request.sign_with), verdict)
