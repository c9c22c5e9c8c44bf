"""Mattermost: an attachment that cannot lie or call, and what the answers mean."""

from __future__ import annotations

import pytest

from tests.fakes.mattermost import FakeMattermost
from tocsin.integrations import mattermost
from tocsin.sdk import Delivered, Reject, Response, Retry

from .helpers import answer, feed, message, over_socket

CONFIG = {"url": "https://chat.example.org/hooks/x"}
OK = Response(200, body=b"ok")


def body(config=None, **changes):
    [request], _ = feed(mattermost.send(message(to="ana", **changes), {**CONFIG, **(config or {})}), OK)
    return request.json


def test_a_page_has_its_colour_and_its_links_before_its_text():
    [part] = body()["attachments"]

    assert ("#b3261e", r"\[P0\] INC-1: down") == (part["color"], part["title"])
    assert [
        "**For ana**",
        "**[Acknowledge](http://tocsin.example.org/ack/1/2)** · [Open](http://tocsin.example.org/incidents/INC-1)",
        "", "Service: proofi.ai",
    ] == part["text"].split("\n")  # fmt: skip


def test_another_channel_can_be_named():
    assert ("town", False) == (body({"channel": "town"})["channel"], "channel" in body())


def test_what_an_alert_says_calls_nobody_and_links_nowhere():
    hostile = "@channel @all [https://proofi.ai](https://evil.example)"
    text = body(text=hostile, plain=True, acknowledge_link="")["attachments"][0]["text"]

    assert "@channel" not in text and "@all" not in text
    assert r"\[https://proofi.ai\](" in text


@pytest.mark.parametrize(
    ("response", "verdict"),
    [
        (OK, Delivered()),
        (answer(200, b"<html>"), Retry("the answer is not Mattermost's")),
        (answer(400, {"id": "web.incoming_webhook.invalid.app_error", "message": "Invalid webhook."}),
         Reject("Invalid webhook.", broken=True)),
        (answer(501, {"id": "web.incoming_webhook.disabled.app_error"}),
         Reject("web.incoming_webhook.disabled.app_error", broken=True)),
        (answer(404, {"id": "web.incoming_webhook.channel.app_error", "message": "no channel"}),
         Reject("no channel", broken=True)),
        (answer(400, {"id": "other", "message": "too long"}), Reject("too long")),
        (Response(429, {"retry-after": "3"}), Retry("status 429", 3.0)),
        (Response(502), Retry("status 502")),
        (Response(0, error="refused"), Retry("refused")),
    ],
)  # fmt: skip
def test_each_answer_has_its_verdict(response, verdict):
    assert verdict == feed(mattermost.send(message(), CONFIG), response)[1]


def test_what_is_no_address_is_rejected_at_once():
    with pytest.raises(StopIteration) as end:
        next(mattermost.send(message(), {"url": "hooks/x"}))

    assert end.value.value.broken


def test_over_a_real_socket_a_long_text_fits_and_its_links_survive():
    with FakeMattermost() as server:
        verdict = over_socket(mattermost.send(message(text="[x]" * 9000, title="*" * 2000), {"url": server.hook}))

    assert (Delivered(), []) == (verdict, server.faults)
    assert "/ack/1/2" in server.taken[0]["attachments"][0]["text"]
