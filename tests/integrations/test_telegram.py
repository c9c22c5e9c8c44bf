"""Telegram: what is sent, what its answers mean, and both again over a real socket."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.telegram import TOKEN, FakeTelegram
from tocsin.integrations import telegram
from tocsin.sdk import Delivered, Reject, Response, Retry

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
    assert verdict == feed(telegram.send(message(thread="77"), CONFIG), response)[1]


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


# --------------------------------------------------------------------------------------------- what is sent

OK = answer(200, {"ok": True, "result": {"message_id": 5}})


def test_a_text_stands_under_its_title_and_link():
    """Title, link, blank line, text: what matters most survives a cut."""
    [request], _ = feed(telegram.send(message(), CONFIG), OK)

    assert "[P0] INC-1: down\nhttp://tocsin.example.org/incidents/INC-1\n\nService: proofi.ai" == request.json["text"]
    assert request.json["link_preview_options"] == {"is_disabled": True}


def test_a_long_page_keeps_its_links():
    links = {"link": "http://localhost:8080/i", "acknowledge_link": "http://localhost:8080/ack"}
    [request], _ = feed(telegram.send(message(**links, text="x" * 10_000), CONFIG), OK)

    assert 4096 == len(request.json["text"])
    assert request.json["text"].startswith("[P0] INC-1: down\nAcknowledge: http://localhost:8080/ack\n")


@pytest.mark.parametrize(
    ("to", "chat"), [("700000001", 700000001), ("-1001234567890", -1001234567890), ("@ops", "@ops"), ("²", "²")]
)
def test_numeric_chats_are_numbers(to, chat):
    [request], _ = feed(telegram.send(message(to=to), CONFIG), OK)

    assert chat == request.json["chat_id"]


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1:8080", "127.1.2.3", "tocsin", "[::1]:8080", "tocsin.localhost", "[bad"]
)
def test_a_host_that_telegram_refuses_makes_no_button(host):
    links = {"link": f"http://{host}/i", "acknowledge_link": f"http://{host}/ack"}
    [request], _ = feed(telegram.send(message(**links), CONFIG), OK)

    assert "reply_markup" not in request.json
    assert f"Acknowledge: http://{host}/ack" in request.json["text"]


def test_a_refused_button_does_not_cost_the_page():
    """When the API refuses a button after all, the same page goes out with its addresses in the text."""
    why = "Bad Request: inline keyboard button URL 'http://tocsin.example.org/ack/1/2' is invalid: Wrong HTTP URL"
    sent, verdict = feed(telegram.send(message(), CONFIG), answer(400, {"ok": False, "description": why}), OK)

    assert Delivered("5") == verdict
    assert "reply_markup" not in sent[1].json
    assert "Acknowledge: http://tocsin.example.org/ack/1/2" in sent[1].json["text"]


def test_a_topic_is_opened_with_a_name_that_fits():
    made = answer(200, {"ok": True, "result": {"message_thread_id": 77, "name": "x"}})
    [request], verdict = feed(telegram.open_room("n" * 200, CONFIG), made)

    assert Delivered("77") == verdict
    assert (-100, 128) == (request.json["chat_id"], len(request.json["name"]))


@pytest.mark.parametrize(
    "why", ["Bad Request: the chat is not a forum", "Bad Request: not enough rights to create a topic",
            "Bad Request: CHAT_NOT_MODIFIED"],
)  # fmt: skip
def test_a_group_that_opens_no_topic_is_not_asked_again(why):
    assert Reject(why) == feed(telegram.open_room("#x", CONFIG), answer(400, {"ok": False, "description": why}))[1]


def test_without_a_group_no_topic_is_asked_for():
    with pytest.raises(StopIteration) as end:
        next(telegram.open_room("#x", {"bot_token": TOKEN}))
    assert Reject("no chat_id: there is no group to open a topic in") == end.value.value


# --------------------------------------------------------------------------------------------- what comes back


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        ({"description": "Forbidden: bot was kicked from the supergroup chat"}, "broken"),
        ({"description": "Forbidden: bot is not a member of the supergroup chat"}, "broken"),
        ({"description": "Forbidden: bot can't initiate conversation with a user"}, "broken"),
        ({"description": "Forbidden: user is deactivated"}, "broken"),
    ],
)
def test_a_chat_that_does_not_want_the_bot_is_broken(said, verdict):
    assert Reject(said["description"], broken=True) == feed(telegram.send(message(), CONFIG), answer(403, said))[1]


@pytest.mark.parametrize("why", ["Bad Request: chat not found", "Bad Request: group chat was deactivated"])
def test_a_chat_that_is_no_more_is_broken(why):
    assert Reject(why, broken=True) == feed(telegram.send(message(), CONFIG), answer(400, {"description": why}))[1]


def test_a_revoked_token_is_no_fault_of_the_address():
    assert Reject("Unauthorized") == feed(
        telegram.send(message(), CONFIG), answer(401, {"ok": False, "description": "Unauthorized"})
    )[1]  # fmt: skip


def test_hints_that_change_nothing_are_not_followed_in_a_circle():
    """A group that moved to itself, and a lost thread where none was named, do not send the same again at once."""
    same = answer(400, {"description": "upgraded", "parameters": {"migrate_to_chat_id": -9}})
    lost = answer(400, {"description": "Bad Request: message thread not found"})

    assert Reject("upgraded") == feed(telegram.send(message(to="-9"), CONFIG), same)[1]
    assert Reject("Bad Request: message thread not found") == feed(telegram.send(message(), CONFIG), lost)[1]


@pytest.mark.parametrize(("said", "after"), [(3600, 3600.0), (1e300, 86_400.0), (-5, 0.0), ("x", None), (True, None)])
def test_a_wait_is_taken_as_asked_within_a_day(said, after):
    response = answer(429, {"ok": False, "description": "slow", "parameters": {"retry_after": said}})

    assert Retry("slow", after) == feed(telegram.send(message(), CONFIG), response)[1]


def test_success_is_only_what_the_body_proves():
    for result in (True, None, [], {}, {"message_id_": 5}):
        verdict = feed(telegram.send(message(), CONFIG), answer(200, {"ok": True, "result": result}))[1]
        assert isinstance(verdict, Retry)


@given(st.integers(0, 599), st.binary(max_size=60) | st.sampled_from([b'{"parameters": 3}', b'{"description": {}}']))
def test_no_answer_raises(status, body):
    verdict = feed(telegram.send(message(acknowledge_link=""), CONFIG), Response(status, body=body))[1]

    assert isinstance(verdict, (Delivered, Retry, Reject))


# --------------------------------------------------------------------------------------------- over a real socket


def test_a_moved_group_is_followed():
    with FakeTelegram() as server:
        config = {**CONFIG, "api_base": server.url}
        server.migrated = {-9: -1009}
        first = over_socket(telegram.send(message(to="-9"), config))
        second = over_socket(telegram.send(message(to=first.settings["chat_id"]), config))

    assert ({"chat_id": "-1009"}, Delivered("1")) == (first.settings, second)


def test_a_lost_topic_is_told_and_the_group_takes_the_text():
    with FakeTelegram() as server:
        config = {**CONFIG, "api_base": server.url}
        first = over_socket(telegram.send(message(thread="99"), config))
        second = over_socket(telegram.send(message(thread=first.settings["thread"]), config))

    assert (Delivered("1"), []) == (second, server.faults)


def test_a_flood_says_how_long():
    with FakeTelegram() as server:
        server.mode, server.retry_after = "flood", 60
        verdict = over_socket(telegram.send(message(), {**CONFIG, "api_base": server.url}))

    assert Retry("Too Many Requests: retry after 60", 60.0) == verdict


def test_a_wrong_token_never_shows_in_the_reason():
    with FakeTelegram() as server:
        verdict = over_socket(telegram.send(message(), {"bot_token": "99:no", "api_base": f"{server.url}/"}))

    assert Reject("Unauthorized") == verdict
