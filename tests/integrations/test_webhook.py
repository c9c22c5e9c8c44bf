"""The signed webhook, by its answers and over a real socket."""

from __future__ import annotations

import pytest
from tocsin.integrations import webhook
from tocsin.sdk import Delivered, Reject, Response, Retry

from ..fakes.web import FakeWebhook
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
