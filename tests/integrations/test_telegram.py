"""Telegram: what is sent, what its answers mean, and both again over a real socket."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tocsin.integrations import telegram
from tocsin.sdk import Delivered, Reject, Response, Retry

from ..fakes.telegram import TOKEN, FakeTelegram
from .helpers import answer, feed, message, over_socket

CONFIG = {"bot_token": TOKEN, "api_base": "http://telegram.example", "chat_id": -100}


def test_a_page_has_buttons_and_plain_text():
    [request], verdict = feed(telegram.send(message(), CONFIG), answer(200, {"ok": True, "result": {"message_id": 5}}))

    assert Delivered("5") == verdict
    assert f"http://telegram.example/bot{TOKEN}/sendMessage" == request.url
    assert "parse_mode" not in request.json
    assert ["Acknowledge", "Open"] == [b["text"] for b in request.json["reply_markup"]["inline_keyboard"][0]]


def test_a_text_of_the_runbook_goes_out_byte_for_byte():
    [request], _ = feed(
        telegram.send(message(plain=True, text="**Stars** stay {as} they are"), CONFIG), answer(200, {})
    )

    assert "**Stars** stay {as} they are" == request.json["text"]
    assert "reply_markup" not in request.json


def test_links_that_telegram_refuses_as_buttons_stand_in_the_text():
    links = {"link": "http://127.0.0.1:8080/i", "acknowledge_link": "http://127.0.0.1:8080/ack"}
    [request], _ = feed(telegram.send(message(**links), CONFIG), answer(200, {}))

    assert "Acknowledge: http://127.0.0.1:8080/ack" in request.json["text"]
    assert "reply_markup" not in request.json


@pytest.mark.parametrize(
    ("response", "verdict"),
    [
        (answer(429, {"ok": False, "description": "slow", "parameters": {"retry_after": 14}}), Retry("slow", 14.0)),
        (answer(403, {"ok": False, "description": "Forbidden: bot was blocked by the user"}),
         Reject("Forbidden: bot was blocked by the user", broken=True)),
        (answer(400, {"ok": False, "description": "Bad Request: text is empty"}), Reject("Bad Request: text is empty")),
        (answer(400, {"ok": False, "description": "upgraded", "parameters": {"migrate_to_chat_id": -9}}),
         Retry("upgraded", settings={"chat_id": "-9"})),
        (answer(400, {"ok": False, "description": "Bad Request: message thread not found"}),
         Retry("Bad Request: message thread not found", settings={"thread": ""})),
        (answer(502, b"<html>"), Retry("status 502")),
        (answer(200, b"<html>"), Retry("status 200")),
        (answer(200, {"ok": False, "description": "internal"}), Retry("internal")),
        (answer(200, b"[1]"), Retry("status 200")),
        (Response(0, error="no answer"), Retry("no answer")),
    ],
)  # fmt: skip
def test_each_answer_has_its_verdict(response, verdict):
    assert verdict == feed(telegram.send(message(), CONFIG), response)[1]


@given(st.text(min_size=1, max_size=6000))
def test_every_text_fits_and_keeps_its_characters_whole(text):
    kept = telegram.cut(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"), 100)

    assert len(kept.encode("utf-16-le")) // 2 <= 100


def test_over_a_real_socket_a_page_and_a_topic():
    with FakeTelegram() as server:
        config = {**CONFIG, "api_base": server.url}
        room = over_socket(telegram.open_room("#incident-2026-11-23", config))
        sent = over_socket(telegram.send(message(thread=room.receipt, text="é" * 5000), config))

    assert (Delivered("70"), Delivered("1"), []) == (room, sent, server.faults)
    assert {70: "#incident-2026-11-23"} == server.topics


@pytest.mark.parametrize(
    ("mode", "kind"),
    [("flood", Retry), ("down", Retry), ("html", Retry), ("lie", Retry), ("hang_up", Retry), ("blocked", Reject)],
)
def test_over_a_real_socket_every_fault_has_its_verdict(mode, kind):
    with FakeTelegram() as server:
        server.mode = mode
        verdict = over_socket(telegram.send(message(), {**CONFIG, "api_base": server.url}))

    assert isinstance(verdict, kind)
    assert TOKEN not in verdict.why


def test_a_group_without_topics_says_so():
    with FakeTelegram() as server:
        server.forum = False
        verdict = over_socket(telegram.open_room("#x", {**CONFIG, "api_base": server.url}))

    assert Reject("Bad Request: the chat is not a forum") == verdict
