"""Callbacks over HTTP: who may call, each thing once, in the vendor's shape."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
import yaml

from tests.fakes import slack as slack_fake
from tests.fakes import twilio as twilio_fake
from tocsin.store import incidents, queue
from tocsin.store.db import Busy
from tocsin.usecases import configure

from .conftest import EXAMPLE, HOST

SECRET = "telegram_Secret-1"
MARTIJN, NUMBER = 700000001, "+31600000001"


def connected(**people):
    """The example with Slack and every secret; *people* are changes to Martijn."""
    data = yaml.load(EXAMPLE, yaml.BaseLoader)
    data["version"] = 1
    data["channels"]["slack"] = {
        "slack": {"bot_token": slack_fake.TOKEN, "channel": "C0ALERTS", "signing_secret": slack_fake.SECRET}
    }
    data["people"]["martijn"] |= {"slack": "U0ANA", **people}
    return yaml.dump(data, allow_unicode=True)


ENVIRONMENT = {
    "TELEGRAM_BOT_TOKEN": "123456:fake", "TELEGRAM_WEBHOOK_SECRET": SECRET, "TWILIO_ACCOUNT_SID": twilio_fake.SID,
    "TWILIO_AUTH_TOKEN": twilio_fake.TOKEN,
}  # fmt: skip


@pytest.fixture
def desk(site):
    site.setup.environment = ENVIRONMENT
    reading = site.db.write_now(configure.adopt, site.setup, connected())
    assert () == reading.errors
    site.declare()
    return site


def page_of(site, person="martijn"):
    return next(page for page in site.db.read_now(queue.pages) if page.person == person)


def state(site):
    return site.db.read_now(incidents.load, 1).state


def pressed(site, account=MARTIJN, *, id_=7, verb="ack", page=None):
    return {"update_id": id_, "callback_query": {
        "id": "q1", "from": {"id": account}, "data": f"{verb}:{page or page_of(site).id}",
        "message": {"message_id": 5, "chat": {"id": account}, "text": "down"},
    }}  # fmt: skip


def telegram(site, update, secret=SECRET):
    headers = {"X-Telegram-Bot-Api-Secret-Token": secret} if secret is not None else {}
    return site.ask("POST", "/in/telegram", json=update, headers=headers)


def slack(site, body, headers=None):
    return site.ask("POST", "/in/slack", content=body, headers=headers or slack_fake.signed(body, site.now.timestamp()))


def twilio(site, path, form, **headers):
    signed = twilio_fake.signed(f"{HOST}{path}", form)
    return site.ask("POST", path, content=twilio_fake.encoded(form), headers={**signed, **headers})


def slack_press(site, user="U0ANA"):
    return slack_fake.interaction({
        "type": "block_actions", "user": {"id": user}, "channel": {"id": "C1"}, "message": {"ts": "1.2", "text": "x"},
        "actions": [{"action_id": "acknowledge", "value": page_of(site).id}], "response_url": "https://hooks.slack.com/1",
    })  # fmt: skip


# --------------------------------------------------------------------------------------------- one press each


def test_a_press_in_telegram_acknowledges(desk):
    answer = telegram(desk, pressed(desk))

    assert (200, {"ok": True}) == (answer.status_code, answer.json())
    assert ("acknowledged", "martijn") == (state(desk).status, state(desk).acknowledged_by)


def test_a_press_in_slack_acknowledges(desk):
    answer = slack(desk, slack_press(desk))

    assert (200, b"") == (answer.status_code, answer.content)
    assert "martijn" == state(desk).acknowledged_by


def test_a_text_acknowledges(desk):
    answer = twilio(desk, "/in/twilio/sms", {"From": NUMBER, "Body": "1", "MessageSid": "SM1"})

    assert "text/xml; charset=utf-8" == answer.headers["content-type"]
    assert "You have INC-1" in answer.text
    assert "martijn" == state(desk).acknowledged_by


def test_a_digit_acknowledges_and_another_passes_on(desk):
    path = f"/in/twilio/voice?page={page_of(desk).id}&via=call"
    form = {"CallSid": "CA1", "To": NUMBER, "Direction": "outbound-api"}
    asked = twilio(desk, path, form)
    passed = twilio(desk, path, {**form, "Digits": "2"})
    taken = twilio(desk, path, {**form, "Digits": "1"})

    assert "Severity P0. Incident 1. proofi.ai is down." in asked.text
    assert "INC-1 is passed on" in passed.text
    assert "You have INC-1" in taken.text
    assert {"page_moot", "acknowledged"} <= {e.kind for e in desk.db.read_now(incidents.timeline, 1)}


# --------------------------------------------------------------------------------------------- forged, late, again


@pytest.mark.parametrize("secret", [None, "", "wrong", SECRET + " ", SECRET.lower()])
def test_without_the_secret_nothing_is_taken_from_telegram(desk, secret):
    answer = telegram(desk, pressed(desk), secret)

    assert (401, False) == (answer.status_code, answer.json()["ok"])
    assert "triggered" == state(desk).status


def test_without_a_secret_of_ours_nothing_is_taken(desk):
    """An empty secret refuses everybody; it never lets anybody in."""
    desk.setup.environment = {**ENVIRONMENT, "TELEGRAM_WEBHOOK_SECRET": ""}
    desk.setup.runbooks.clear()

    assert 401 == telegram(desk, pressed(desk), "").status_code
    assert "triggered" == state(desk).status


def test_what_is_not_connected_is_not_found(site):
    assert 404 == slack(site, b"command=%2Ftocsin&text=oncall&user_id=U0ANA").status_code


@pytest.mark.parametrize(("minutes", "status"), [(0, 200), (4, 200), (6, 401)])
def test_a_callback_of_slack_is_good_for_five_minutes(desk, minutes, status):
    body = slack_press(desk)
    headers = slack_fake.signed(body, desk.now.timestamp())
    desk.now += timedelta(minutes=minutes)

    assert status == slack(desk, body, headers).status_code
    assert (status == 200) is (state(desk).acknowledged_by == "martijn")


@pytest.mark.parametrize("minutes", [0, 4, 6, 60 * 23])
def test_a_callback_is_taken_once(desk, minutes):
    """The same request again, in time or late, is refused and does nothing; also for those that carry no instant."""
    body, form = slack_press(desk), {"From": NUMBER, "Body": "note", "MessageSid": "SM1"}
    headers = slack_fake.signed(body, desk.now.timestamp())
    slack(desk, body, headers)
    twilio(desk, "/in/twilio/sms", form)
    telegram(desk, pressed(desk, verb="esc"))
    before = len(desk.db.read_now(incidents.timeline, 1))
    desk.now += timedelta(minutes=minutes)

    assert slack(desk, body, headers).status_code in (409, 401)
    assert 409 == twilio(desk, "/in/twilio/sms", form).status_code
    assert 200 == telegram(desk, pressed(desk, verb="esc")).status_code  # or Telegram would send it for ever
    assert before == len(desk.db.read_now(incidents.timeline, 1))


def test_a_body_that_was_written_anew_is_refused(desk):
    body = slack_press(desk)
    headers = slack_fake.signed(body, desk.now.timestamp())

    assert 401 == slack(desk, body + b"&x=1", headers).status_code
    form = {"From": NUMBER, "Body": "1", "MessageSid": "SM1"}
    forged = twilio_fake.signed(f"{HOST}/in/twilio/sms", {**form, "Body": "2"})
    assert 401 == twilio(desk, "/in/twilio/sms", form, **forged).status_code
    assert "triggered" == state(desk).status


@pytest.mark.parametrize(
    "path", ["/in/telegram", "/in/slack", "/in/twilio/sms", "/in/twilio/voice", "/in/twilio/status"]
)
def test_rubbish_is_refused_and_a_look_is_not_a_press(desk, path):
    assert 405 == desk.ask("GET", path).status_code
    assert 413 == desk.ask("POST", path, content=b"x" * 300_000).status_code
    assert desk.ask("POST", path, content=b"\xff{").status_code in (400, 401)


def test_a_full_store_is_said_and_asked_again_later(desk, monkeypatch):
    async def busy(*_args):
        raise Busy("full")

    update = pressed(desk)
    monkeypatch.setattr(desk.db, "write", busy)
    answer = telegram(desk, update)

    assert (503, "5") == (answer.status_code, answer.headers["retry-after"])


# --------------------------------------------------------------------------------------------- who


def test_a_stranger_is_refused_and_told_how_to_be_known(desk):
    telegram(desk, pressed(desk, account=555))
    reply = desk.db.read_now(queue.due, 100)
    said = next(row.payload["text"] for row in reply if row.kind == "reply")

    assert said.endswith("writes this under your name in the runbook's people: telegram: 555")
    answer = slack(desk, b"command=%2Ftocsin&text=oncall&user_id=U0WHO")
    assert answer.json()["text"].endswith('slack: "U0WHO"')
    sms = twilio(desk, "/in/twilio/sms", {"From": "+4915112345678", "Body": "1", "MessageSid": "SM2"})
    assert 'phone: "+4915112345678"' in sms.text
    assert "triggered" == state(desk).status


def test_a_viewer_may_look_and_not_act(desk):
    desk.db.write_now(configure.adopt, desk.setup, connected(roles=["viewer"]))
    telegram(desk, pressed(desk))

    assert "triggered" == state(desk).status
    assert "this needs the role responder" in slack(desk, b"command=%2Ftocsin&text=declare+P1+x&user_id=U0ANA").text
    assert "primary: " in slack(desk, b"command=%2Ftocsin&text=oncall&user_id=U0ANA").json()["text"]


def test_the_address_says_which_of_two_channels_it_was(desk):
    """The call's own settings come with its callback: its language, not that of the texts."""
    data = yaml.load(connected(), yaml.BaseLoader)
    data["version"] = 1
    data["channels"]["call"]["twilio"]["language"] = "nl-NL"
    desk.db.write_now(configure.adopt, desk.setup, yaml.dump(data, allow_unicode=True))
    form = {"CallSid": "CA1", "To": NUMBER, "Direction": "outbound-api"}

    assert 'language="nl-NL"' in twilio(desk, f"/in/twilio/voice?page={page_of(desk).id}&via=call", form).text


def test_a_challenge_is_answered(desk):
    body = json.dumps({"type": "url_verification", "challenge": "abc"}).encode()
    headers = slack_fake.signed(body, desk.now.timestamp(), kind="application/json")

    assert {"challenge": "abc"} == slack(desk, body, headers).json()
