"""Telegram: what is sent, what its answers mean, and both again over a real socket."""

from __future__ import annotations

import json
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.telegram import TOKEN, FakeTelegram
from tocsin.integrations import telegram
from tocsin.sdk import Delivered, Inbound, Moved, Polled, Reject, Reply, Response, Retry, RoomStep, Said

from .helpers import NOW, PAYLOADS, answer, feed, json_values, message, over_socket, payload

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


# --------------------------------------------------------------------------------------------- rooms


def test_over_a_real_socket_a_room_is_kept_until_its_end():
    """Its summary pinned and edited, people called by name, closed, and opened again; what is so already is done."""
    with FakeTelegram() as server:
        config = {**CONFIG, "api_base": server.url}
        thread = over_socket(telegram.open_room("#x", config)).receipt
        number = over_socket(
            telegram.send(message(to="-100", plain=True, text="how it stands", thread=thread), config)
        ).receipt

        def do(name, **more):
            return over_socket(telegram.keep_room(RoomStep(name, "-100", thread, number, **more), config))

        for name in ("pin", "edit", "edit", "close", "close", "reopen", "reopen"):
            assert Delivered() == do(name, text="how it stands now"), name
        assert Delivered() == do("invite", people=(("700", "Ána 🚒"), ("", "Bo"), ("701", "Cy")))
        assert "how it stands now" == server.shown[int(number)]["text"]
    said = server.messages[-1]
    mentions = [(e["user"]["id"], e["offset"], e["length"]) for e in said["entities"]]
    assert "You are asked to come here: Ána 🚒, Bo, Cy" == said["text"]
    assert [(700, 28, 6), (701, 40, 2)] == mentions
    assert ([1], set(), []) == (server.pinned, server.closed, server.faults)


@pytest.mark.parametrize(
    ("mode", "kind"), [("flood", Retry), ("down", Retry), ("html", Retry), ("lie", Retry), ("kicked", Reject)]
)
@pytest.mark.parametrize("do", ["pin", "edit", "invite", "close", "reopen"])
def test_what_cannot_be_done_to_a_room_has_its_verdict(mode, kind, do):
    with FakeTelegram() as server:
        server.mode = mode
        step = RoomStep(do, "-100", "70", "1", "x", (("700", "Ana"),))
        assert isinstance(over_socket(telegram.keep_room(step, {**CONFIG, "api_base": server.url})), kind)


@pytest.mark.parametrize("why", ["Bad Request: message to edit not found", "Bad Request: not enough rights"])
def test_what_telegram_refuses_for_a_room_is_not_tried_again(why):
    no = answer(400, {"ok": False, "description": why})
    assert Reject(why) == feed(telegram.keep_room(RoomStep("edit", "-100", "70", "1", "x"), CONFIG), no)[1]


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


# --------------------------------------------------------------------------------------------- buttons


def test_a_page_has_buttons_that_answer_it():
    [request], _ = feed(telegram.send(message(page="01997a"), CONFIG), OK)
    answers, more = request.json["reply_markup"]["inline_keyboard"]

    assert [("Acknowledge", "ack:01997a"), ("I can't take it", "pass:01997a")] == [
        (button["text"], button["callback_data"]) for button in answers
    ]
    assert [("Escalate", "esc:01997a"), ("Open", None)] == [(b["text"], b.get("callback_data")) for b in more]


def test_where_no_address_can_be_a_button_the_page_still_has_its_answers():
    """On this machine alone the buttons answer, and the addresses stand in the text."""
    links = {"link": "http://127.0.0.1:8080/i", "acknowledge_link": "http://127.0.0.1:8080/ack"}
    [request], _ = feed(telegram.send(message(page="01997a", **links), CONFIG), OK)

    assert "Acknowledge: http://127.0.0.1:8080/ack" in request.json["text"]
    assert [2, 1] == [len(row) for row in request.json["reply_markup"]["inline_keyboard"]]


def test_every_button_fits():
    [request], _ = feed(telegram.send(message(page=str(uuid.UUID(int=1))), CONFIG), OK)

    for row in request.json["reply_markup"]["inline_keyboard"]:
        assert all(len(button.get("callback_data", "").encode()) <= 64 for button in row)


# --------------------------------------------------------------------------------------------- what people answer


def update(name):
    return json.loads(payload(f"telegram/{name}.json"))


def heard(said):
    return telegram.parse(Inbound(json.dumps(said).encode(), None, NOW, "telegram"))


def pressed(**changes):
    query = {**update("update_callback_query_ack")["callback_query"], "data": "ack:01997a", **changes}
    return {"update_id": 7, "callback_query": query}


def test_a_button_that_is_pressed():
    [press] = heard(pressed())

    assert ("7", "111222333", "acknowledge", "01997a") == (press.id, press.account, press.verb, press.page)
    assert (-1001234567890, 5321) == (press.back["chat"], press.back["message"])


@pytest.mark.parametrize("data", ["", "ack", "ack:", "nuke:1", None, 7, {"a": 1}])
def test_a_button_that_is_not_ours_is_nothing(data):
    assert [] == heard(pressed(data=data))


def test_a_command_with_the_bots_name_in_a_room():
    [command] = heard(update("update_message_command"))

    assert ("111222333", "status", "INC-2026-0042", "-1001234567890", "77") == (
        command.account, command.name, command.text, command.group, command.thread
    )  # fmt: skip


def test_what_is_said_in_a_topic_is_heard_and_elsewhere_it_is_not():
    said = update("update_message_command")
    said["message"]["text"] = "it is the cache"
    [one] = heard(said)

    assert Said("870112234", "111222333", "On Call", "it is the cache", "-1001234567890", "77") == one
    del said["message"]["is_topic_message"]
    assert [] == heard(said)


def test_bots_are_not_heard():
    said = update("update_message_command")
    said["message"]["from"]["is_bot"] = True

    assert [] == heard(said)
    assert [] == heard(update("update_my_chat_member_added"))


def test_a_group_that_moves_says_where():
    assert [Moved("3", "-9", "-1009")] == heard(
        {"update_id": 3, "message": {"chat": {"id": -9}, "migrate_to_chat_id": -1009}}
    )


@given(json_values)
def test_no_update_raises(value):
    for said in (value, {"update_id": 1, "message": value}, {"update_id": 1, "callback_query": value}):
        assert isinstance(heard(said), list)


@pytest.mark.parametrize(
    ("header", "secret", "good"),
    [("s3cret", "s3cret", True), ("s3cret", "new,s3cret", True), ("", "", False), ("", "s3cret", False),
     ("S3cret", "s3cret", False), ("s3cret,", "new,s3cret", False), ("é", "s3cret", False)],
)  # fmt: skip
def test_who_knows_the_secret_is_telegram(header, secret, good):
    inbound = Inbound(
        b"{}", None, NOW, "telegram", headers={"x-telegram-bot-api-secret-token": header},
        config={"webhook_secret": secret},
    )  # fmt: skip

    assert good is telegram.verify(inbound)


def test_a_press_is_answered_over_the_button_and_in_the_message():
    said = Reply("You have INC-1.", closed="Acknowledged by Ana.", back=heard(pressed())[0].back)
    [shown, edit], verdict = feed(telegram.reply(said, CONFIG), answer(200, {"ok": True, "result": True}), OK)

    assert ("478130988293485345", "You have INC-1.", False) == (
        shown.json["callback_query_id"], shown.json["text"], shown.json["show_alert"]
    )  # fmt: skip
    assert edit.json["text"].endswith("DDC writes failing on proofi-api\n\nAcknowledged by Ana.")
    assert ("reply_markup" in edit.json, Delivered("5")) == (False, verdict)


def test_what_was_changed_already_is_well():
    same = answer(400, json.loads((PAYLOADS / "telegram/response_400_not_modified.json").read_text(encoding="utf-8")))
    said = Reply("x", closed="y", back=heard(pressed())[0].back)

    assert Delivered() == feed(telegram.reply(said, CONFIG), answer(400, {}), same)[1]


def test_a_message_that_cannot_be_changed_is_followed_by_another():
    gone = answer(400, {"ok": False, "description": "Bad Request: message to edit not found"})
    said = Reply("x", closed="Acknowledged by Ana.", back=heard(pressed())[0].back)
    sent, _ = feed(telegram.reply(said, CONFIG), answer(200, {}), gone, OK)

    assert ("sendMessage", "Acknowledged by Ana.") == (sent[2].url.rpartition("/")[2], sent[2].json["text"])


def test_a_long_text_over_a_button_is_cut_and_a_refusal_is_an_alert():
    said = Reply("x" * 900, refused=True, back=heard(pressed())[0].back)
    [shown], _ = feed(telegram.reply(said, CONFIG), answer(200, {}))

    assert (200, True) == (len(shown.json["text"]), shown.json["show_alert"])


def test_a_command_is_answered_where_it_was_given():
    said = Reply("INC-1 is open", back=heard(update("update_message_command"))[0].back)
    [request], _ = feed(telegram.reply(said, CONFIG), OK)

    assert (-1001234567890, 77, 5322) == (
        request.json["chat_id"], request.json["message_thread_id"], request.json["reply_parameters"]["message_id"]
    )  # fmt: skip


# --------------------------------------------------------------------------------------------- asking for updates


def test_over_a_real_socket_updates_come_once():
    with FakeTelegram() as server:
        config = {**CONFIG, "api_base": server.url}
        server.say(700000001, "/oncall")
        server.say(700000001, "/incidents")
        first = over_socket(telegram.poll(config, ""))
        server.say(700000001, "/help")
        second = over_socket(telegram.poll(config, first.offset))

    assert (["oncall", "incidents"], ["help"]) == tuple([c.name for c in p.heard] for p in (first, second))
    assert ("870112235", "870112236", []) == (first.offset, second.offset, server.faults)


def test_a_webhook_that_is_in_the_way_is_removed():
    with FakeTelegram() as server:
        server.webhook = {"url": "https://old.example"}
        server.say(700000001, "/oncall")
        polled = over_socket(telegram.poll({**CONFIG, "api_base": server.url}, ""))

    assert (1, None, "") == (len(polled.heard), server.webhook, polled.why)


@pytest.mark.parametrize(
    ("response", "polled"),
    [
        (answer(409, {"ok": False, "description": "Conflict: terminated by other getUpdates request"}),
         Polled(offset="5", why="Conflict: terminated by other getUpdates request")),
        (answer(429, {"ok": False, "description": "slow", "parameters": {"retry_after": 9}}),
         Polled(offset="5", why="slow", after=9.0)),
        (answer(200, b"<html>"), Polled(offset="5", why="status 200")),
        (Response(0, error="no answer"), Polled(offset="5", why="no answer")),
        (answer(200, {"ok": True, "result": []}), Polled(offset="5")),
        (answer(200, {"ok": True, "result": [{"update_id": 8, "poll": {}}, 3]}), Polled(offset="9")),
    ],
)  # fmt: skip
def test_what_a_look_brings(response, polled):
    assert polled == feed(telegram.poll(CONFIG, "5"), response)[1]


def test_telegram_is_told_where_to_call():
    with FakeTelegram() as server:
        config = {**CONFIG, "api_base": server.url, "webhook_secret": "new_one, old_one"}
        good = over_socket(telegram.listen(config, "https://tocsin.example.org/in/telegram"))
        bad = over_socket(telegram.listen(config, "http://127.0.0.1:8080/in/telegram"))

    assert ("", "new_one") == (good, server.webhook["secret_token"])
    assert bad.startswith("Bad Request: bad webhook")


# --------------------------------------------------------------------------------------------- edits


def refused(status, why, **parameters):
    return answer(status, {"ok": False, "description": why, "parameters": parameters})


@pytest.mark.parametrize(
    ("response", "verdict"),
    [
        (answer(200, {"ok": True, "result": {"message_id": 31}}), Delivered()),
        (refused(400, "Bad Request: message is not modified"), Delivered()),
        (refused(400, "Bad Request: message to edit not found"), Reject("Bad Request: message to edit not found")),
        (refused(429, "Too Many Requests", retry_after=9), Retry("Too Many Requests", 9.0)),
        (refused(400, "group chat was upgraded", migrate_to_chat_id=-1009), Reject("group chat was upgraded")),
    ],
)  # fmt: skip
def test_an_edit_puts_another_text_without_buttons_in_the_place_of_the_first(response, verdict):
    over = message(to="-100", text="Acknowledged by Ana.", acknowledge_link="")
    [request], said = feed(telegram.edit(over, "31", CONFIG), response)

    assert verdict == said
    assert request.url.endswith("/editMessageText")
    assert (-100, 31, True) == (
        request.json["chat_id"],
        request.json["message_id"],
        "Acknowledged by Ana." in request.json["text"],
    )
    assert "reply_markup" not in request.json


# --------------------------------------------------------------------------------------------- whom a command is for


@pytest.mark.parametrize(
    ("text", "name", "rest", "whom"),
    [("/ack@TocsinBot 42", "ack", "42", "TocsinBot"), ("/ack 42", "ack", "42", ""), ("/ACK@other_bot", "ack", "", "other_bot"),
     ("/note mail ops@example.org", "note", "mail ops@example.org", "")],
)  # fmt: skip
def test_a_command_says_for_which_bot_it_is(text, name, rest, whom):
    update = {"update_id": 1, "message": {"message_id": 5, "chat": {"id": -100}, "from": {"id": 7}, "text": text}}
    (command,) = telegram.parse(
        Inbound(json.dumps(update).encode(), None, NOW, "telegram", "/in/telegram", {}, {}, config=CONFIG)
    )

    assert (name, rest, whom) == (command.name, command.text, command.whom)


def test_the_bot_tells_its_name():
    [request], name = feed(telegram.me(CONFIG), answer(200, {"ok": True, "result": {"id": 1, "username": "TocsinBot"}}))
    assert ("TocsinBot", True) == (name, request.url.endswith("/getMe"))
    assert "" == feed(telegram.me(CONFIG), answer(401, {"ok": False, "description": "Unauthorized"}))[1]
    assert "" == feed(telegram.me(CONFIG), answer(200, [1]))[1]
