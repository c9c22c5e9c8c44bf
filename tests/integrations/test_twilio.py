"""Twilio: what is sent and read out, what its answers mean, codes and digits; and over a real socket."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, parse_qsl, urlsplit
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.twilio import FROM, SID, TOKEN, FakeTwilio, action_of, encoded, signed
from tocsin.integrations import twilio
from tocsin.sdk import Delivered, Inbound, Press, Receipt, Reject, Reply, Response, Retry

from .helpers import NOW, PAYLOADS, answer, feed, message, over_socket, payload

PUBLIC = "https://tocsin.example.org"
CONFIG = {"account_sid": SID, "auth_token": TOKEN, "from": FROM, "api_base": "http://twilio.example", "via": "sms",
          "public_url": PUBLIC}  # fmt: skip
CALL = {**CONFIG, "via": "call"}
CREATED = answer(201, {"sid": "SM1", "status": "queued"})
NUMBER = "+31600000001"


def page(**changes):
    return message(**{"to": NUMBER, "page": "01997a", "incident": "INC-42", **changes})


def form_of(request):
    return dict(parse_qsl(request.body.decode(), keep_blank_values=True))


def came(path, form, *, query="", config=CONFIG, headers=None):
    url = f"{PUBLIC}{path}{'?' if query else ''}{query}"
    headers = signed(url, form) if headers is None else headers
    return Inbound(
        encoded(form), None, NOW, "twilio", path=path, query=dict(parse_qsl(query)), config=config, url=url,
        headers={name.lower(): value for name, value in headers.items()},
    )  # fmt: skip


# --------------------------------------------------------------------------------------------- what is sent


def test_a_page_by_text_says_how_to_answer():
    [request], verdict = feed(twilio.send(page(title="[P0] INC-42: down", valid_seconds=300), CONFIG), CREATED)

    assert Delivered("SM1") == verdict
    assert f"http://twilio.example/2010-04-01/Accounts/{SID}/Messages.json" == request.url
    assert {
        "To": NUMBER, "From": FROM, "ValidityPeriod": "300", "StatusCallback": f"{PUBLIC}/in/twilio/status",
        "Body": "[P0] INC-42: down\nReply ACK 42 (or 1) to acknowledge, PASS 42 (or 2) if you cannot. "
                "http://tocsin.example.org/incidents/INC-1",
    } == form_of(request)  # fmt: skip


@pytest.mark.parametrize(
    ("seconds", "said"), [(None, "36000"), (0, "1"), (1, "1"), (45, "45"), (36_000, "36000"), (90_000, "36000")]
)
def test_a_text_is_good_for_as_long_as_the_page_says_within_what_twilio_takes(seconds, said):
    [request], _ = feed(twilio.send(page(valid_seconds=seconds), CONFIG), CREATED)

    assert said == form_of(request)["ValidityPeriod"]


@pytest.mark.parametrize("title", ["x" * 5000, "ü" * 5000, "🚨" * 5000, "[" * 5000, "…—“”" * 900])
def test_a_text_keeps_to_three_segments_and_to_its_end(title):
    body = twilio.text_body(page(title=title))

    assert twilio.segments(body) <= 3
    assert body.endswith("if you cannot. http://tocsin.example.org/incidents/INC-1")


@pytest.mark.parametrize(
    ("text", "count"),
    [("", 1), ("x" * 160, 1), ("x" * 161, 2), ("x" * 306, 2), ("x" * 307, 3), ("[" * 80, 1), ("[" * 81, 2),
     ("ж" * 70, 1), ("ж" * 71, 2), ("🚨" * 35, 1), ("🚨" * 36, 2)],
)  # fmt: skip
def test_segments(text, count):
    assert count == twilio.segments(text)


def test_a_call_reads_the_page_twice_and_asks_for_a_digit():
    [request], _ = feed(twilio.send(page(title="[P0] INC-42: <down> & out"), CALL), CREATED)
    form = form_of(request)
    gather = ElementTree.fromstring(form["Twiml"]).find("Gather")

    assert request.url.endswith("/Calls.json")
    assert f"{PUBLIC}/in/twilio/voice?page=01997a&via=call" == gather.get("action")
    says = [said.text for said in gather.findall("Say")]
    assert 2 == len(says)
    assert says[0].startswith("[P0] INC-42: <down> & out. Service: proofi.ai")
    assert says[0].endswith("Press 1 to acknowledge. Press 2 if you cannot take it.")
    assert ["answered", "completed"] == parse_qs(request.body.decode())["StatusCallbackEvent"]


@pytest.mark.parametrize(
    ("config", "path"),
    [({"via": "call"}, "Calls"), ({"via": "sms"}, "Messages"), ({"via": "phone", "voice": True}, "Calls"),
     ({"via": "call", "voice": False}, "Messages")],
)  # fmt: skip
def test_the_channel_says_whether_it_calls(config, path):
    [request], _ = feed(twilio.send(page(), {**CONFIG, **config}), CREATED)

    assert request.url.endswith(f"/{path}.json")


def test_a_call_that_asks_nothing_only_reads():
    [request], _ = feed(twilio.send(page(page="", text="y" * 9000), CALL), CREATED)

    assert "Gather" not in form_of(request)["Twiml"]
    assert len(form_of(request)["Twiml"]) < 4000


def test_a_page_is_not_lost_over_our_address():
    sent, verdict = feed(twilio.send(page(), CONFIG), answer(400, {"code": 21609, "message": "no url"}), CREATED)

    assert (False, Delivered("SM1")) == ("StatusCallback" in form_of(sent[1]), verdict)


@pytest.mark.parametrize(
    ("response", "verdict"),
    [
        (answer(201, json.loads(payload("twilio/response_message_created.json"))), Delivered("SM" + "b" * 32)),
        (answer(400, json.loads(payload("twilio/response_error_21211.json"))),
         Reject("21211: Invalid 'To' Phone Number: +3160000", broken=True)),
        (answer(400, {"code": 21610, "message": "unsubscribed"}), Reject("21610: unsubscribed", broken=True)),
        (answer(400, {"code": 21408, "message": "region"}), Reject("21408: region")),
        (answer(401, {"code": 20003, "message": "Authenticate"}), Reject("20003: Authenticate")),
        (Response(429, {"retry-after": "14"}, b'{"code": 20429, "message": "slow"}'), Retry("20429: slow", 14.0)),
        (answer(500, b"oh"), Retry("status 500")),
        (answer(200, b"<html>"), Retry("status 200")),
        (answer(201, {}), Retry("status 201")),
        (Response(0, error="no answer"), Retry("no answer")),
    ],
)  # fmt: skip
def test_each_answer_has_its_verdict(response, verdict):
    assert verdict == feed(twilio.send(page(), CONFIG), response)[1]


@pytest.mark.parametrize(
    ("mode", "kind"),
    [("flood", Retry), ("down", Retry), ("html", Retry), ("lie", Retry), ("hang_up", Retry), ("revoked", Reject),
     ("no_callback", Delivered)],
)  # fmt: skip
@pytest.mark.parametrize("config", [CONFIG, CALL])
def test_over_a_real_socket_every_fault_has_its_verdict(mode, kind, config):
    with FakeTwilio() as server:
        server.mode = mode
        verdict = over_socket(twilio.send(page(), {**config, "api_base": server.url}))

    assert (True, []) == (isinstance(verdict, kind), server.faults)
    assert TOKEN not in getattr(verdict, "why", "")


def test_over_a_real_socket_who_said_stop_is_a_dead_address():
    with FakeTwilio() as server:
        server.unsubscribed = {NUMBER}
        verdict = over_socket(twilio.send(page(), {**CONFIG, "api_base": server.url}))

    assert Reject("21610: Attempt to send to unsubscribed recipient", broken=True) == verdict


# --------------------------------------------------------------------------------------------- what people answer


def test_the_vendors_own_vector_holds():
    known = json.loads((PAYLOADS / "signatures.json").read_text(encoding="utf-8"))["vectors"]
    vector = next(v for v in known if v["system"] == "twilio")
    inbound = Inbound(
        encoded(vector["form"]), None, NOW, "twilio", url=vector["url"], config={"auth_token": vector["secret"]},
        headers={name.lower(): value for name, value in vector["headers"].items()},
    )  # fmt: skip

    assert twilio.verify(inbound)


FORM = {"From": NUMBER, "Body": "1", "MessageSid": "SM9"}


@pytest.mark.parametrize(
    ("inbound", "good"),
    [
        (came("/in/twilio/sms", FORM), True),
        (came("/in/twilio/sms", FORM, query="a=1"), True),
        (came("/in/twilio/sms", FORM, headers=signed(f"{PUBLIC}:443/in/twilio/sms", FORM)), True),
        (came("/in/twilio/sms", FORM, headers=signed(f"{PUBLIC}/in/twilio/voice", FORM)), False),
        (came("/in/twilio/sms", FORM, headers=signed("http://127.0.0.1/in/twilio/sms", FORM)), False),
        (came("/in/twilio/sms", FORM, headers=signed(f"{PUBLIC}/in/twilio/sms", {**FORM, "Body": "2"})), False),
        (came("/in/twilio/sms", FORM, headers=signed(f"{PUBLIC}/in/twilio/sms", FORM, "another")), False),
        (came("/in/twilio/sms", FORM, headers={}), False),
        (came("/in/twilio/sms", FORM, headers=signed(f"{PUBLIC}/in/twilio/sms", FORM, ""),
              config={**CONFIG, "auth_token": ""}), False),
        (came("/in/twilio/sms", FORM, config={**CONFIG, "auth_token": "new", "secondary_auth_token": TOKEN}), True),
    ],
)  # fmt: skip
def test_who_signs_is_twilio(inbound, good):
    assert good is twilio.verify(inbound)


@pytest.mark.parametrize(
    ("text", "verb", "incident"),
    [("1", "acknowledge", ""), (" 1. ", "acknowledge", ""), ("ack", "acknowledge", ""), ("ack 42", "acknowledge", "42"),
     ("ACK INC-42", "acknowledge", "42"), ("1 42", "acknowledge", "42"), ("Ack: #42!", "acknowledge", "42"),
     ("2", "pass_on", ""), ("pass 42", "pass_on", "42"), ("3", "escalate", ""), ("142", "hear", ""),
     ("who is this?", "hear", ""), ("no 42", "hear", ""), ("", "hear", "")],
)  # fmt: skip
def test_codes_of_a_text(text, verb, incident):
    [press] = twilio.parse(came("/in/twilio/sms", {**FORM, "Body": text}))

    assert Press("SM9", NUMBER, verb, incident=incident) == press


def test_the_sample_of_a_reply_is_read():
    [press] = twilio.parse(came("/in/twilio/sms", json.loads(payload("twilio/inbound_sms_reply.json"))))

    assert (NUMBER, "acknowledge", "42") == (press.account, press.verb, press.incident)


@pytest.mark.parametrize("text", ["STOP", "stop", "Unsubscribe", "START", "HELP"])
def test_what_the_vendor_answers_itself_is_left_to_it(text):
    inbound = came("/in/twilio/sms", {**FORM, "Body": text})

    assert [] == twilio.parse(inbound)
    assert twilio.answer(inbound, []).body.endswith("<Response></Response>")


def test_a_digit_is_that_of_the_page_in_the_address():
    form = json.loads(payload("twilio/voice_gather_digit_1.json"))
    [press] = twilio.parse(came("/in/twilio/voice", form, query="page=01997a"))
    sid = form["CallSid"]

    assert Press(f"{sid}:1:1", NUMBER, "acknowledge", page="01997a", receipt=sid) == press


def test_a_digit_that_means_nothing_is_asked_for_again_three_times():
    query, asked = "page=01997a&via=call", 0
    while True:
        form = {"CallSid": "CA1", "Digits": "7", "Direction": "outbound-api", "To": NUMBER}
        inbound = came("/in/twilio/voice", form, query=query, config=CALL)
        [press] = twilio.parse(inbound)
        body = twilio.answer(inbound, [(press, Reply("It burns."))]).body
        gather = ElementTree.fromstring(body).find("Gather")
        if gather is None:
            break
        asked, query = asked + 1, urlsplit(gather.get("action")).query

    assert 3 == asked
    assert "Nothing was understood" in body


def test_a_call_is_told_what_came_of_it():
    inbound = came("/in/twilio/voice", {"CallSid": "CA1", "Digits": "1", "To": NUMBER, "Direction": "outbound-api"})
    [press] = twilio.parse(inbound)
    said = twilio.answer(inbound, [(press, Reply("You have INC-1: <down>."))])

    assert "text/xml; charset=utf-8" == said.headers["Content-Type"]
    assert "You have INC-1: <down>." == ElementTree.fromstring(said.body).find("Say").text
    assert 409 == twilio.answer(inbound, [(press, Reply("again", again=True))]).status


@pytest.mark.parametrize(
    ("form", "receipt"),
    [
        ({"MessageSid": "SM1", "MessageStatus": "delivered"}, Receipt("SM1:delivered", "SM1", "delivered", "delivered")),
        ({"MessageSid": "SM1", "MessageStatus": "sent"}, None),
        ({"MessageSid": "SM1", "MessageStatus": "undelivered", "ErrorCode": "30005"},
         Receipt("SM1:undelivered", "SM1", "failed", "undelivered, error 30005", broken=True)),
        (json.loads(payload("twilio/sms_status_callback_undelivered.json")),
         Receipt(f"SM{'b' * 32}:undelivered", "SM" + "b" * 32, "failed", "undelivered, error 30003")),
        ({"CallSid": "CA1", "CallStatus": "no-answer"}, Receipt("CA1:no-answer", "CA1", "failed", "no-answer")),
        ({"CallSid": "CA1", "CallStatus": "completed"}, Receipt("CA1:completed", "CA1", "delivered", "completed")),
        ({"CallSid": "CA1", "CallStatus": "completed", "AnsweredBy": "machine_start"},
         Receipt("CA1:completed", "CA1", "failed", "a machine took the call")),
        ({"CallSid": "CA1", "CallStatus": "in-progress"}, None),
    ],
)  # fmt: skip
def test_what_became_of_it(form, receipt):
    assert ([receipt] if receipt else []) == twilio.parse(came("/in/twilio/status", form))


def test_over_a_real_socket_a_call_can_be_answered():
    with FakeTwilio() as server:
        over_socket(twilio.send(page(), {**CALL, "api_base": server.url}))

    assert f"{PUBLIC}/in/twilio/voice?page=01997a&via=call" == action_of(server.calls[0])


@given(st.text(max_size=3000) | st.just("&" * 3000), st.text(max_size=3000))
def test_whatever_is_read_out_is_xml(title, text):
    xml = twilio.twiml_asking(f"{title} {text}", "https://x.example/?a=1&b=2", CONFIG)

    assert len(xml) <= 4000
    assert "Response" == ElementTree.fromstring(xml).tag


@given(st.integers(0, 599), st.binary(max_size=60))
def test_no_answer_raises(status, body):
    assert isinstance(
        feed(twilio.send(page(page=""), CALL), Response(status, body=body))[1], (Delivered, Retry, Reject)
    )
