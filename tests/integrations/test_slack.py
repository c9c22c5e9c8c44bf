"""Slack: what is sent, what its answers mean, what people press and type; and over a real socket."""

from __future__ import annotations

import json
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.slack import SECRET, TOKEN, FakeSlack, interaction, signed
from tocsin.integrations import slack
from tocsin.sdk import (
    Command,
    Delivered,
    Inbound,
    Press,
    Reject,
    Reply,
    Response,
    Retry,
    RoomStep,
    Said,
)

from .helpers import NOW, PAYLOADS, answer, feed, json_values, message, over_socket, payload

CONFIG = {"bot_token": TOKEN, "api_base": "http://slack.example/api", "channel": "C0ALERTS", "signing_secret": SECRET}
OK = answer(200, {"ok": True, "channel": "C1", "ts": "17.2"})
PAGE = {"page": "01997a"}


def came(body, headers=None, *, at=NOW, config=CONFIG, kind="application/x-www-form-urlencoded"):
    """A request as it came in, its header names in lower case."""
    headers = signed(body, NOW.timestamp(), kind=kind) if headers is None else headers
    return Inbound(
        body, None, at, "slack", path="/in/slack", headers={n.lower(): v for n, v in headers.items()}, config=config
    )


# --------------------------------------------------------------------------------------------- what is sent


def test_a_page_has_three_buttons_that_carry_it():
    [request], verdict = feed(slack.send(message(to="U0ANA", **PAGE), CONFIG), OK)

    assert Delivered("C1:17.2") == verdict
    assert "http://slack.example/api/chat.postMessage" == request.url
    assert f"Bearer {TOKEN}" == request.headers["Authorization"]
    section, actions = request.json["blocks"]
    assert "[P0] INC-1: down" in section["text"]["text"]
    assert [("acknowledge", "01997a"), ("pass_on", "01997a"), ("escalate", "01997a")] == [
        (button["action_id"], button["value"]) for button in actions["elements"]
    ]


def test_a_text_of_the_runbook_goes_out_as_it_is_without_buttons():
    [request], _ = feed(slack.send(message(plain=True, text="**Stars** stay", **PAGE), CONFIG), OK)

    assert ("**Stars** stay", False) == (request.json["text"], "blocks" in request.json)


def test_nothing_in_a_text_can_call_a_channel_or_hide_a_link():
    [request], _ = feed(slack.send(message(text="<!channel> <http://evil|bank> & more"), CONFIG), OK)

    assert request.json["text"].endswith("&lt;!channel&gt; &lt;http://evil|bank&gt; &amp; more")


def test_a_room_takes_the_text_in_the_place_of_the_group():
    [request], _ = feed(slack.send(message(to="C0ALERTS", thread="C9"), CONFIG), OK)

    assert "C9" == request.json["channel"]


def test_a_page_is_not_lost_over_its_buttons():
    sent, verdict = feed(slack.send(message(**PAGE), CONFIG), answer(200, {"ok": False, "error": "invalid_blocks"}), OK)

    assert (2, False, Delivered("C1:17.2")) == (len(sent), "blocks" in sent[1].json, verdict)


@pytest.mark.parametrize(
    ("response", "verdict"),
    [
        (Response(429, {"retry-after": "14"}, b'{"ok": false, "error": "ratelimited"}'), Retry("ratelimited", 14.0)),
        (answer(200, {"ok": False, "error": "channel_not_found"}), Reject("channel_not_found", broken=True)),
        (answer(200, {"ok": False, "error": "is_archived"}), Reject("is_archived", broken=True)),
        (answer(200, {"ok": False, "error": "token_revoked"}), Reject("token_revoked")),
        (answer(200, {"ok": False, "error": "msg_too_long"}), Reject("msg_too_long")),
        (answer(200, {"ok": False, "error": "internal_error"}), Retry("internal_error")),
        (answer(200, b"<html>"), Retry("status 200")),
        (answer(200, {"ok": True}), Retry("an answer without a message id")),
        (answer(503, b"no"), Retry("status 503")),
        (answer(404, b"no"), Reject("status 404")),
        (Response(0, error="no answer"), Retry("no answer")),
    ],
)
def test_each_answer_has_its_verdict(response, verdict):
    assert verdict == feed(slack.send(message(), CONFIG), response)[1]


def test_a_room_that_is_gone_sends_the_text_to_the_group():
    gone = answer(200, {"ok": False, "error": "is_archived"})

    assert Retry("is_archived", settings={"thread": ""}) == feed(slack.send(message(thread="C9"), CONFIG), gone)[1]


@pytest.mark.parametrize(
    ("name", "plain"),
    [("#incident-2026-11-23", "incident-2026-11-23"), ("#Überlast & Co.", "berlast-co"), ("🚨", "incident"),
     ("x" * 100, "x" * 80)],
)  # fmt: skip
def test_names_of_channels(name, plain):
    assert plain == slack.channel_name(name)


def test_over_a_real_socket_a_room_is_made_named_and_filled():
    with FakeSlack() as server:
        config = {**CONFIG, "api_base": server.url, "invite": ("U0ANA", "U0BO")}
        first = over_socket(slack.open_room("#incident-2026-11-23", config))
        second = over_socket(slack.open_room("#incident-2026-11-23", config))
        sent = over_socket(slack.send(message(thread=second.receipt), config))

    assert ["incident-2026-11-23", "incident-2026-11-23-2"] == [server.channels[v.receipt] for v in (first, second)]
    assert (first.receipt, "U0BO") in server.invited
    assert server.topics[first.receipt].startswith("War room #incident-2026-11-23.")
    assert (Delivered(f"{second.receipt}:1795423380.000000"), []) == (sent, server.faults)


@pytest.mark.parametrize(
    ("mode", "kind"),
    [("flood", Retry), ("down", Retry), ("html", Retry), ("lie", Retry), ("hang_up", Retry), ("revoked", Reject)],
)
def test_over_a_real_socket_every_fault_has_its_verdict(mode, kind):
    with FakeSlack() as server:
        server.mode = mode
        verdict = over_socket(slack.send(message(to="U0ANA", **PAGE), {**CONFIG, "api_base": server.url}))

    assert isinstance(verdict, kind)
    assert TOKEN not in verdict.why


def test_over_a_real_socket_a_room_is_kept_until_its_end():
    """Its summary pinned and edited, its topic set, people invited, archived; what is so already is done."""
    with FakeSlack() as server:
        config = {**CONFIG, "api_base": server.url}
        room = over_socket(slack.open_room("#incident-2026-11-23", config)).receipt
        ts = over_socket(slack.send(message(plain=True, text="how it stands", thread=room), config)).receipt

        def do(name, **more):
            return over_socket(slack.keep_room(RoomStep(name, "C0ALERTS", room, ts, **more), config))

        for name in ("pin", "pin", "edit", "topic"):
            assert Delivered() == do(name, text="INC-1 <b> & all"), name
        people = (("U0ANA", "Ana"), ("U0GONE", "left us"), ("U0BO", "Bo"))
        assert Delivered() == do("invite", people=people) == do("invite", people=people[:1])
        assert Delivered() == do("close") == do("close")
        assert Reject("not_in_channel", broken=True) == do("reopen")
        server.refuses_bots = False
        assert Delivered() == do("reopen")
    assert [(room, ts.partition(":")[2])] == server.pinned
    assert "INC-1 &lt;b&gt; &amp; all" == server.messages[ts.partition(":")[2]]["text"]
    assert "INC-1 <b> & all" == server.topics[room]
    assert ({(room, "U0ANA"), (room, "U0BO")}, []) == (set(server.invited), server.faults)


@pytest.mark.parametrize(("mode", "kind"), [("flood", Retry), ("down", Retry), ("html", Retry), ("revoked", Reject)])
@pytest.mark.parametrize("do", ["pin", "edit", "topic", "invite", "close", "reopen"])
def test_what_cannot_be_done_to_a_room_has_its_verdict(mode, kind, do):
    with FakeSlack() as server:
        server.mode = mode
        step = RoomStep(do, "C0ALERTS", "C1", "C1:1", "x", (("U0ANA", "Ana"),))
        assert isinstance(over_socket(slack.keep_room(step, {**CONFIG, "api_base": server.url})), kind)


# --------------------------------------------------------------------------------------------- what people answer


def vector():
    known = json.loads((PAYLOADS / "signatures.json").read_text(encoding="utf-8"))["vectors"]
    return next(v for v in known if v["system"] == "slack")


def test_the_published_vector_holds():
    known = vector()
    at = NOW.fromtimestamp(int(known["headers"]["X-Slack-Request-Timestamp"]), NOW.tzinfo)
    inbound = came(known["body"].encode(), known["headers"], at=at, config={"signing_secret": known["secret"]})

    assert slack.verify(inbound)
    assert "webhook-collect" not in str(slack.parse(came(known["body"].encode(), signed(known["body"].encode(), 1))))


BODY = b"command=%2Ftocsin&text=oncall&user_id=U0ANA"


@pytest.mark.parametrize(
    ("inbound", "good"),
    [
        (came(BODY), True),
        (came(BODY, at=NOW + timedelta(minutes=4)), True),
        (came(BODY, at=NOW - timedelta(minutes=4)), True),
        (came(BODY, at=NOW + timedelta(minutes=6)), False),
        (came(BODY, at=NOW - timedelta(minutes=6)), False),
        (came(BODY, signed(BODY, NOW.timestamp(), "another secret")), False),
        (came(BODY, signed(b"user_id=U0ANA&command=%2Ftocsin&text=oncall", NOW.timestamp())), False),
        (came(BODY, {}), False),
        (came(BODY, {**signed(BODY, NOW.timestamp()), "X-Slack-Signature": ""}), False),
        (came(BODY, {**signed(BODY, NOW.timestamp()), "X-Slack-Request-Timestamp": "soon"}), False),
        (came(BODY, signed(BODY, NOW.timestamp(), ""), config={**CONFIG, "signing_secret": ""}), False),
        (came(BODY, config={**CONFIG, "signing_secret": f"new, {SECRET}"}), True),
        (came(BODY, config={}), False),
    ],
)
def test_who_signs_is_slack(inbound, good):
    assert good is slack.verify(inbound)


def test_a_button_that_is_pressed():
    body = interaction(json.loads(payload("slack/interactive_block_actions_ack.json")))
    [press] = slack.parse(came(body))

    assert isinstance(press, Press)
    assert ("U061F7AUR", "acknowledge", "01JD6KD5F1S0M6Z3T2YV8Q4R7N") == (press.account, press.verb, press.page)
    assert ("C0LAN2Q65", "1795423380.000200") == (press.back["channel"], press.back["ts"])


def test_a_slash_command_is_answered_at_once_to_whoever_gave_it():
    body = urlencode(json.loads(payload("slack/slash_command_form_fields.json"))).encode()
    [command] = slack.parse(came(body))
    said = slack.answer(came(body), [(command, Reply("no severity 'sev2' <here>"))])

    assert ("declare", "sev2 wallet connect broken", "C0LAN2Q65") == (command.name, command.text, command.thread)
    assert (200, {"response_type": "ephemeral", "text": "no severity 'sev2' &lt;here&gt;"}) == (said.status, said.body)


def test_a_mention_is_a_command_and_what_is_said_is_heard():
    mention = payload("slack/event_app_mention.json")
    said = {"type": "event_callback", "event_id": "Ev1", "event": {"type": "message", "user": "U0ANA", "text": "hm",
            "channel": "C9", "ts": "1.2"}}  # fmt: skip

    [command] = slack.parse(came(mention, kind="application/json"))
    assert isinstance(command, Command)
    assert ("ack", "INC-2026-0042", "C0LAN2Q65") == (command.name, command.text, command.thread)
    assert [Said("Ev1", "U0ANA", "U0ANA", "hm", "", "C9")] == slack.parse(
        came(json.dumps(said).encode(), kind="application/json")
    )
    for change in ({"bot_id": "B1"}, {"subtype": "channel_join"}, {"user": None}):
        body = json.dumps({**said, "event": {**said["event"], **change}}).encode()
        assert [] == slack.parse(came(body, kind="application/json"))


def test_slack_is_told_its_challenge():
    inbound = came(payload("slack/event_url_verification.json"), kind="application/json")

    assert [] == slack.parse(inbound)
    assert {"challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"} == slack.answer(inbound, []).body


def test_a_press_takes_the_buttons_off_and_tells_the_presser():
    back = {"channel": "C1", "ts": "17.2", "text": "*down*", "response_url": "https://hooks.slack.com/actions/T/1/x"}
    said = Reply("You have INC-1.", closed="Acknowledged by Ana at 09:02 UTC.", back=back)
    [update, only], verdict = feed(slack.reply(said, CONFIG), OK, answer(200, b"ok"))

    assert Delivered() == verdict
    assert ("http://slack.example/api/chat.update", "17.2") == (update.url, update.json["ts"])
    assert ["section", "context"] == [block["type"] for block in update.json["blocks"]]
    assert ("ephemeral", "You have INC-1.") == (only.json["response_type"], only.json["text"])


def test_an_address_that_is_not_slacks_is_never_called():
    for url in (
        "https://evil.example/x",
        "http://hooks.slack.com/x",
        "https://slack.com.evil.example/",
        "http://[",
        "",
    ):
        said = Reply("no", refused=True, back={"channel": "C1", "ts": "1", "response_url": url})
        conversation = slack.reply(said, CONFIG)
        with pytest.raises(StopIteration) as end:
            next(conversation)
        assert Delivered() == end.value.value


@given(json_values)
def test_no_interaction_and_no_event_raises(value):
    assert isinstance(slack.parse(came(json.dumps(value).encode(), kind="application/json")), list)
    assert isinstance(slack.parse(came(urlencode({"payload": json.dumps(value)}).encode())), list)


@given(st.integers(0, 599), st.binary(max_size=60))
def test_no_answer_raises(status, body):
    assert isinstance(feed(slack.send(message(), CONFIG), Response(status, body=body))[1], (Delivered, Retry, Reject))


# --------------------------------------------------------------------------------------------- edits


@pytest.mark.parametrize(
    ("response", "verdict"),
    [
        (answer(200, {"ok": True, "channel": "C1", "ts": "17.2"}), Delivered()),
        (answer(200, {"ok": False, "error": "edit_window_closed"}), Reject("edit_window_closed")),
        (Response(429, {"retry-after": "7"}, b'{"ok": false, "error": "ratelimited"}'), Retry("ratelimited", 7.0)),
    ],
)  # fmt: skip
def test_an_edit_puts_another_text_without_buttons_in_the_place_of_the_first(response, verdict):
    over = message(to="U0ANA", text="Acknowledged by Ana & Bo.", acknowledge_link="")
    [request], said = feed(slack.edit(over, "C1:17.2", CONFIG), response)

    assert verdict == said
    assert request.url.endswith("/chat.update")
    assert ("C1", "17.2") == (request.json["channel"], request.json["ts"])
    assert ["section"] == [block["type"] for block in request.json["blocks"]]
    assert "Acknowledged by Ana &amp; Bo." in request.json["text"]
