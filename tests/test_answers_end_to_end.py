"""People answer from the far side, whole, in real time: a real server, fakes of the vendors on real sockets."""

from __future__ import annotations

import time

import httpx
import pytest
import yaml

from .fakes import slack as slack_fake
from .fakes import twilio as twilio_fake
from .fakes.slack import FakeSlack
from .fakes.telegram import TOKEN, FakeTelegram
from .fakes.twilio import FakeTwilio
from .served import ROOT, Served, until

MARTIJN, GROUP, NUMBER = 700000001, -1001234567890, "+31600000001"


@pytest.fixture(scope="module")
def far_side():
    with FakeTelegram() as telegram, FakeSlack() as slack, FakeTwilio() as twilio:
        yield telegram, slack, twilio


@pytest.fixture(scope="module")
def served(tmp_path_factory, far_side):
    """The example with every far side on loopback; Martijn is reached by all four ways at once."""
    telegram, slack, twilio = far_side
    folder = tmp_path_factory.mktemp("served")
    data = yaml.load((ROOT / "examples/proofi/runbook.yaml").read_text(encoding="utf-8"), yaml.BaseLoader)
    data["version"] = 1
    data["channels"]["alerts"]["telegram"]["api_base"] = telegram.url
    for name in ("sms", "call"):
        data["channels"][name]["twilio"]["api_base"] = twilio.url
    data["channels"]["slack"] = {"slack": {
        "bot_token": slack_fake.TOKEN, "channel": "C0ALERTS", "signing_secret": slack_fake.SECRET,
        "api_base": slack.url,
    }}  # fmt: skip
    data["people"]["martijn"] |= {
        "slack": "U0ANA", "notify": {"high": [{"via": via} for via in ("telegram", "slack", "sms", "call")]}
    }  # fmt: skip
    data["people"]["backup1"]["notify"] = {"high": [{"via": "telegram"}]}
    file = folder / "runbook.yaml"
    file.write_text(yaml.dump(data, allow_unicode=True), encoding="utf-8")
    secrets = {
        "TELEGRAM_BOT_TOKEN": TOKEN, "TWILIO_ACCOUNT_SID": twilio_fake.SID, "TWILIO_AUTH_TOKEN": twilio_fake.TOKEN,
    }  # fmt: skip
    with Served(folder, file, **secrets) as server:
        yield server


def declared(served, title):
    return served.api("POST", "/incidents", {"title": title, "severity": "P0"})["id"]


def who_has(served, name):
    return served.api("GET", f"/incidents/{name}")["commander"]


def page_in(messages, name, text="text"):
    return until(lambda: [m for m in messages if name + ":" in m.get(text, "") and m.get("reply_markup", True)])[0]


def test_a_press_in_telegram_acknowledges_and_the_buttons_go(served, far_side):
    """No public address, no webhook: the press is asked for."""
    telegram = far_side[0]
    name = declared(served, "pressed in Telegram")
    number = until(lambda: [
        n for n, m in telegram.shown.items()
        if m["chat_id"] == MARTIJN and f"{name}: " in m["text"] and "reply_markup" in m
    ])[0]  # fmt: skip
    started = time.monotonic()
    telegram.press(MARTIJN, number, "Acknowledge")

    until(lambda: who_has(served, name) == "martijn")
    assert time.monotonic() - started < 5
    until(lambda: "Acknowledged by Martijn at" in telegram.shown[number]["text"])
    assert {} == telegram.shown[number]["reply_markup"]
    assert telegram.answers[-1]["text"].startswith(f"You have {name}")
    assert [] == telegram.faults


def test_a_stranger_who_presses_in_telegram_is_refused(served, far_side):
    telegram = far_side[0]
    name = declared(served, "pressed by a stranger")
    number = until(lambda: [n for n, m in telegram.shown.items() if f"{name}: " in m["text"] and "reply_markup" in m])[
        0
    ]
    telegram.press(555, number, "Acknowledge")

    until(lambda: "telegram: 555" in str(telegram.answers[-1:]))
    assert (True, None) == (telegram.answers[-1]["show_alert"], who_has(served, name))


def test_a_command_in_telegram_is_answered_in_the_chat(served, far_side):
    telegram = far_side[0]
    telegram.say(MARTIJN, "/declare P3 said in Telegram")

    until(lambda: any("[P3] is declared: said in Telegram" in m["text"] for m in telegram.messages))


def test_a_press_in_slack_acknowledges_and_the_buttons_go(served, far_side):
    slack = far_side[1]
    name = declared(served, "pressed in Slack")
    ts = until(lambda: [m["ts"] for m in slack.posted if m["to"] == "U0ANA" and f"{name}: " in m["text"]])[0]
    body = slack_fake.interaction(slack.press(ts, "U0ANA", "acknowledge"))
    headers = slack_fake.signed(body, time.time())
    answer = httpx.post(f"{served.url}/in/slack", content=body, headers=headers, trust_env=False)

    assert (200, b"") == (answer.status_code, answer.content)
    assert answer.elapsed.total_seconds() < 3
    assert "martijn" == who_has(served, name)
    until(lambda: "Acknowledged by Martijn" in slack.messages[ts]["text"])
    assert ["section", "context"] == [block["type"] for block in slack.messages[ts]["blocks"]]
    until(lambda: any(w["text"].startswith(f"You have {name}") for w in slack.whispers))
    assert 409 == httpx.post(f"{served.url}/in/slack", content=body, headers=headers, trust_env=False).status_code
    assert [] == slack.faults


def test_a_slash_command_in_slack_is_answered_at_once(served):
    body = b"command=%2Ftocsin&text=oncall&user_id=U0ANA&channel_id=C0ALERTS"
    answer = httpx.post(
        f"{served.url}/in/slack", content=body, headers=slack_fake.signed(body, time.time()), trust_env=False
    )

    assert "ephemeral" == answer.json()["response_type"]
    assert "primary: " in answer.json()["text"]


def test_a_text_that_is_answered_acknowledges(served, far_side):
    twilio = far_side[2]
    name = declared(served, "answered by text")
    sent = until(lambda: [m for m in twilio.messages if f"{name}: " in m["Body"]])[0]
    form = {"From": NUMBER, "To": twilio_fake.FROM, "Body": f"ack {name[4:]}", "MessageSid": "SM-reply"}
    url = f"{served.url}/in/twilio/sms"
    answer = httpx.post(url, content=twilio_fake.encoded(form), headers=twilio_fake.signed(url, form), trust_env=False)

    assert f"You have {name}" in answer.text
    assert "martijn" == who_has(served, name)
    done = {"MessageSid": sent["sid"], "MessageStatus": "delivered", "To": NUMBER}
    url = sent["StatusCallback"]
    answer = httpx.post(url, content=twilio_fake.encoded(done), headers=twilio_fake.signed(url, done), trust_env=False)
    assert (204, []) == (answer.status_code, twilio.faults)


def test_a_digit_in_a_call_acknowledges(served, far_side):
    twilio = far_side[2]
    name = declared(served, "answered in a call")
    call = until(lambda: [c for c in twilio.calls if f"{name}: " in c["Twiml"]])[0]
    url = twilio_fake.action_of(call)
    form = {"CallSid": call["sid"], "To": NUMBER, "Direction": "outbound-api", "Digits": "1"}
    forged = httpx.post(
        url, content=twilio_fake.encoded(form), headers=twilio_fake.signed(url, form, "x"), trust_env=False
    )
    assert (401, None) == (forged.status_code, who_has(served, name))
    answer = httpx.post(url, content=twilio_fake.encoded(form), headers=twilio_fake.signed(url, form), trust_env=False)

    assert f"You have {name}" in answer.text
    assert "martijn" == who_has(served, name)


def test_what_is_said_in_the_war_room_stands_on_the_timeline(served, far_side):
    telegram = far_side[0]
    name = declared(served, "talked about")
    until(  # the group takes 20 messages a minute, and the tests before may have used them up
        lambda: any(e["kind"] == "war_room_opened" for e in served.api("GET", f"/incidents/{name}/timeline")["items"]),
        seconds=90,
    )
    thread = max(telegram.topics)
    telegram.say(MARTIJN, "it is the cache", chat=GROUP, thread=thread)

    until(lambda: any(
        e["kind"] == "message_seen" and e["data"]["text"] == "it is the cache"
        for e in served.api("GET", f"/incidents/{name}/timeline")["items"]
    ))  # fmt: skip


@pytest.mark.parametrize("mode", ["flood", "down", "hang_up", "revoked"])
def test_where_one_vendor_fails_the_other_ways_are_gone(served, far_side, mode):
    """Slack and Twilio fail in every way; the page still comes by Telegram, within seconds."""
    telegram, slack, twilio = far_side
    slack.mode = twilio.mode = mode
    try:
        name = declared(served, f"while they fail by {mode}")
        until(lambda: [m for m in telegram.messages if m["chat_id"] == MARTIJN and f"{name}: " in m["text"]])
    finally:
        slack.mode = twilio.mode = "ok"
