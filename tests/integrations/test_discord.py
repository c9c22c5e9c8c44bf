"""Discord: an embed that cannot lie or call, two buttons, and what the answers mean."""

from __future__ import annotations

import pytest

from tests.fakes.discord import FakeDiscord
from tocsin.integrations import discord
from tocsin.sdk import Delivered, Reject, Response, Retry

from .helpers import answer, feed, message, over_socket

CONFIG = {"url": "https://discord.com/api/webhooks/1/x?thread_id=5"}
OK = answer(200, {"id": "901"})
HOSTILE = "@everyone <@&1> [https://proofi.ai](https://evil.example) **bold** `code`"


def sent(**changes):
    [request], _ = feed(discord.send(message(to="ana", **changes), CONFIG), OK)
    return request


def test_a_page_is_an_embed_in_its_colour_with_its_two_buttons():
    request = sent()
    [embed] = request.json["embeds"]

    assert "https://discord.com/api/webhooks/1/x?thread_id=5&wait=true&with_components=true" == request.url
    assert (0xB3261E, r"\[P0\] INC-1: down") == (embed["color"], embed["title"])
    assert "**For ana**\nService: proofi.ai" == embed["description"]
    assert [
        ("Acknowledge", "http://tocsin.example.org/ack/1/2"), ("Open", "http://tocsin.example.org/incidents/INC-1")
    ] == [(b["label"], b["url"]) for b in request.json["components"][0]["components"]]  # fmt: skip


@pytest.mark.parametrize("plain", [True, False])
def test_what_an_alert_says_calls_nobody_and_links_nowhere(plain):
    body = sent(text=HOSTILE, title=HOSTILE, plain=plain, acknowledge_link="").json
    shown = body["embeds"][0]["description"]

    assert {"parse": []} == body["allowed_mentions"]
    assert "@everyone" not in shown and "<@&" not in shown and "](" not in shown.replace(r"\](", "")
    assert ("**bold**" in shown) == plain, "the runbook's own stars stay"


def test_a_refused_button_does_not_cost_the_page():
    requests, verdict = feed(discord.send(message(to="ana"), CONFIG), answer(400, {"message": "Invalid"}), OK)

    assert Delivered("901") == verdict
    assert "components" not in requests[1].json
    assert "[Acknowledge](http://tocsin.example.org/ack/1/2)" in requests[1].json["embeds"][0]["description"]


@pytest.mark.parametrize(
    ("response", "verdict"),
    [
        (OK, Delivered("901")),
        (Response(204), Retry("status 204")),
        (answer(200, b"<html>"), Retry("the answer is not Discord's")),
        (answer(429, {"message": "slow", "retry_after": 64.57, "global": False}), Retry("slow", 64.57)),
        (Response(429, {"retry-after": "65"}), Retry("status 429", 65.0)),
        (answer(404, {"message": "Unknown Webhook", "code": 10015}), Reject("Unknown Webhook", broken=True)),
        (answer(401, {"message": "Invalid Webhook Token"}), Reject("Invalid Webhook Token", broken=True)),
        (Response(500), Retry("status 500")),
        (Response(0, error="refused"), Retry("refused")),
    ],
)
def test_each_answer_has_its_verdict(response, verdict):
    assert verdict == feed(discord.send(message(to="a", acknowledge_link=""), CONFIG), response)[1]


@pytest.mark.parametrize("url", ["", "discord.com/api", "https://[", "file:///x"])
def test_what_is_no_address_is_rejected_at_once(url):
    with pytest.raises(StopIteration) as end:
        next(discord.send(message(), {"url": url}))

    assert end.value.value.broken


@pytest.mark.parametrize("buttons", [True, False])
@pytest.mark.parametrize("text", ["[" * 9000, "👩\u200d🚒" * 3000, ""])
def test_over_a_real_socket_whatever_the_text_it_fits_and_its_link_survives(buttons, text):
    with FakeDiscord() as server:
        server.buttons = buttons
        verdict = over_socket(discord.send(message(to="ana", text=text, title="*" * 900), {"url": server.hook}))

    assert (Delivered("901"), []) == (verdict, server.faults)
    assert "http://tocsin.example.org/ack/1/2" in str(server.taken[0])


# --------------------------------------------------------------------------------------------- edits


@pytest.mark.parametrize(
    ("response", "verdict"),
    [
        (OK, Delivered()),
        (answer(404, {"message": "Unknown Message", "code": 10008}), Reject("Unknown Message", broken=True)),
        (answer(429, {"message": "slow", "retry_after": 3.5, "global": False}), Retry("slow", 3.5)),
    ],
)
def test_an_edit_takes_the_buttons_off_and_says_who_has_it(response, verdict):
    over = message(to="ana", text="Acknowledged by Ana.", acknowledge_link="")
    [request], said = feed(discord.edit(over, "901", CONFIG), response)

    assert verdict == said
    assert ("PATCH", []) == (request.method, request.json["components"])
    assert request.url.startswith("https://discord.com/api/webhooks/1/x/messages/901?thread_id=5&")
    assert "Acknowledged by Ana." in request.json["embeds"][0]["description"]
