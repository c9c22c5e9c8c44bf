"""Whether the channels work, looked at over real sockets without writing to anybody: what is seen, and what is missing."""

from __future__ import annotations

import socket

import pytest

from tests.fakes import discord as discord_fake
from tests.fakes.discord import FakeDiscord
from tests.fakes.mattermost import FakeMattermost
from tests.fakes.ntfy import TOKEN as NTFY
from tests.fakes.ntfy import FakeNtfy
from tests.fakes.slack import SECRET, FakeSlack
from tests.fakes.slack import TOKEN as SLACK
from tests.fakes.smtp import FakeMail
from tests.fakes.telegram import TOKEN as TELEGRAM
from tests.fakes.telegram import FakeTelegram
from tests.fakes.twilio import SID, FakeTwilio
from tests.fakes.twilio import TOKEN as TWILIO
from tocsin import plugins
from tocsin.integrations import discord, email, mattermost, ntfy, slack, teams, telegram, twilio
from tocsin.sdk import Response

from .helpers import answer, over_socket
from .tools import NO_ANSWERS, told

GROUP = -1001234567890


def asked(conversation):
    return over_socket(conversation)


def at_once(conversation):
    """What a conversation returns that asks nothing."""
    with pytest.raises(StopIteration) as end:
        next(conversation)
    return end.value.value


# --------------------------------------------------------------------------------------------- Telegram


@pytest.fixture
def bot():
    with FakeTelegram() as fake:
        yield fake
        assert ([], []) == (fake.faults, fake.messages)


def of_bot(fake, **changes):
    return asked(telegram.test({"bot_token": TELEGRAM, "chat_id": GROUP, "api_base": fake.url, **changes}))


def test_telegram_says_who_the_bot_is_and_where(bot):
    tested = of_bot(bot)
    assert (True, True, ()) == (tested.reads, tested.acts, tested.missing)
    assert "The bot is @TocsinOfTheTestsBot; the group is Proofi alerts." == tested.text

    assert (True, None) == (of_bot(bot, chat_id="").reads, of_bot(bot, chat_id="").acts)
    bot.forum = False
    assert of_bot(bot).text.endswith("which has no topics: war rooms are texts in it.")


@pytest.mark.parametrize(
    ("member", "acts", "words"),
    [({"status": "member"}, True, "no administrator"), ({"status": "left"}, False, "not in the group"),
     ({"status": "kicked"}, False, "not in the group"),
     ({"status": "restricted", "can_send_messages": False}, False, "may not write in the group"),
     ({"status": "administrator", "can_pin_messages": True}, True, "lacks the right Manage topics"),
     ({"status": "administrator", "can_manage_topics": True}, True, "lacks the right Pin messages")],
)  # fmt: skip
def test_telegram_says_which_right_the_bot_lacks(bot, member, acts, words):
    bot.member = member
    tested = of_bot(bot)

    assert (True, acts, 1, True) == (tested.reads, tested.acts, len(tested.missing), words in tested.missing[0])


def test_telegram_says_what_is_wrong_with_the_group_or_the_token(bot):
    assert (
        "the group -5: Telegram answered 400: Bad Request: chat not found; add the bot to it"
        in of_bot(bot, chat_id=-5).missing[0]
    )
    bot.migrated = {GROUP: -1009}
    assert "set `chat_id` to -1009" in of_bot(bot).missing[0]
    tested = of_bot(bot, bot_token="123456:another-token-that-was-revoked")
    assert (False, False, True) == (
        tested.reads,
        tested.acts,
        "the token is refused (401): Unauthorized" in tested.missing[0],
    )
    assert "@BotFather" in at_once(telegram.test({"bot_token": ""})).missing[0]
    config = {"bot_token": "x", "chat_id": GROUP}
    assert "the token is refused (404)" in told(telegram.test(config), answer(404, {"ok": False})).missing[0]
    me, chat = answer(200, {"ok": True, "result": {"id": 1}}), answer(200, {"ok": True, "result": {"title": []}})
    assert "cannot be seen" in told(telegram.test(config), me, chat, answer(400, {"ok": False})).missing[0]


# --------------------------------------------------------------------------------------------- Slack


@pytest.fixture
def workspace():
    with FakeSlack() as fake:
        yield fake
        assert ([], []) == (fake.faults, fake.posted)


def of_slack(fake, **changes):
    return asked(slack.test({"bot_token": SLACK, "signing_secret": SECRET, "api_base": fake.url, **changes}))


def test_slack_says_who_the_bot_is_and_which_scopes_it_lacks(workspace):
    tested = of_slack(workspace)
    assert (True, True, (), "tocsin in Proofi.") == (tested.reads, tested.acts, tested.missing, tested.text)

    workspace.scopes = "chat:write,channels:manage"
    missing = of_slack(workspace, signing_secret="").missing
    assert (5, True) == (len(missing), "the scope pins:write is missing: the summary is not pinned" in missing)
    workspace.scopes = "commands"
    assert False is of_slack(workspace).acts
    workspace.scopes = ""
    assert (None, ()) == (of_slack(workspace).acts, of_slack(workspace).missing)


def test_slack_says_that_the_token_is_refused(workspace):
    assert (
        "the token is refused: invalid_auth; install the app anew"
        in of_slack(workspace, bot_token="xoxb-other").missing[0]
    )
    workspace.mode = "revoked"
    assert "the token is refused: token_revoked" in of_slack(workspace).missing[0]
    assert "xoxb-" in at_once(slack.test({})).missing[0]
    assert (
        "Slack answered 200: fatal_error"
        in told(slack.test({"bot_token": "x"}), answer(200, {"ok": False, "error": "fatal_error"})).missing[0]
    )


# --------------------------------------------------------------------------------------------- Twilio


def test_twilio_says_which_account_it_is_and_what_it_lacks():
    with FakeTwilio() as fake:
        config = {"account_sid": SID, "auth_token": TWILIO, "from": "+15550100000", "api_base": fake.url}
        tested = asked(twilio.test(config))
        assert (True, None, (), "The account Proofi is active.") == (
            tested.reads,
            tested.acts,
            tested.missing,
            tested.text,
        )

        fake.account |= {"status": "suspended", "type": "Trial"}
        tested = asked(twilio.test({**config, "from": ""}))
        assert (True, False, 3) == (tested.reads, tested.acts, len(tested.missing))
        tested = asked(twilio.test({**config, "auth_token": "revoked-one"}))
        assert (False, True) == (tested.reads, "the token is refused (401): Authenticate" in tested.missing[0])
        assert ([], [], []) == (fake.faults, fake.messages, fake.calls)
    assert 2 == len(at_once(twilio.test({})).missing)


# --------------------------------------------------------------------------------------------- SMTP


def of_mail(port, **changes):
    given = {"host": "127.0.0.1", "port": port, "from": "incidents@proofi.example", "security": "none", **changes}
    return asked(email.test(given))


def test_smtp_is_signed_in_to_and_no_mail_is_sent():
    with FakeMail(login=("ana", "geheim-1234")) as fake:
        tested = of_mail(fake.port, username="ana", password="geheim-1234")
        refused = of_mail(fake.port, username="ana", password="wrong-5678")
        bare = of_mail(fake.port, security="starttls")

    assert (True, None, ()) == (tested.reads, tested.acts, tested.missing)
    assert f"127.0.0.1:{fake.port} answers without encryption, and takes the login of ana." in tested.text
    assert (False, True) == (refused.reads, "refuses the login of ana (535)" in refused.missing[0])
    assert (False, True) == (
        bare.reads,
        "does not work with STARTTLS" in bare.missing[0] and "STARTTLS" in bare.missing[0],
    )
    assert not any("geheim" in repr(each) or "wrong-5678" in repr(each) for each in (tested, refused, bare))
    assert ([], []) == (fake.messages, fake.faults)


def test_smtp_that_is_away_or_badly_set_says_so():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        tested = of_mail(taken.getsockname()[1])

    assert (False, True) == (tested.reads, "does not work without encryption: " in tested.missing[0])
    assert ("set `host` and `from`",) == at_once(email.test({"from": "a@b.example"})).missing
    assert (
        "security must be" in at_once(email.test({"host": "h", "from": "a@b.example", "security": "maybe"})).missing[0]
    )


# --------------------------------------------------------------------------------------------- by their address alone


def test_discords_webhook_can_be_looked_at():
    with FakeDiscord() as fake:
        tested = asked(discord.test({"url": fake.hook}))
        gone = asked(discord.test({"url": f"{fake.url}/api/webhooks/1/deleted"}))

    assert (True, True, (), "The webhook is alerts.") == (tested.reads, tested.acts, tested.missing, tested.text)
    assert (False, "Discord: the webhook is gone (404): make a new one") == (gone.reads, gone.missing[0])
    assert ([], []) == (fake.taken, fake.faults)
    assert "set `url`" in at_once(discord.test({"url": "x"})).missing[0]
    assert discord_fake.HOOK not in repr(tested)


def test_ntfys_server_says_whether_it_takes_the_login():
    with FakeNtfy() as fake:
        config = {"server": fake.url, "topic": "alerts", "token": NTFY}
        tested, other = asked(ntfy.test(config)), asked(ntfy.test({**config, "token": "tk_revoked_one"}))
        fake.readable = False
        writes, open_one = asked(ntfy.test(config)), asked(ntfy.test({"server": fake.url, "topic": "alerts"}))

    assert (True, None, ()) == (tested.reads, tested.acts, tested.missing)
    assert "is well and takes the login" in tested.text
    assert (False, True) == (other.acts, "the token is refused (401)" in other.missing[0])
    assert ("answers 403 to who would read alerts" in writes.text, "only a test message tells" in open_one.text) == (
        True,
        True,
    )
    assert ([], []) == (fake.taken, fake.faults)


def test_mattermost_and_teams_say_that_only_a_test_message_tells():
    with FakeMattermost() as fake:
        tested = asked(mattermost.test({"url": fake.hook}))
    assert (True, None, True) == (tested.reads, tested.acts, "only a test message tells" in tested.text)
    assert ([], []) == (fake.taken, fake.faults)
    assert "set `url`" in at_once(mattermost.test({"url": "http://x/other"})).missing[0]

    tested = at_once(teams.test({"url": "https://x.example/workflows/1"}))
    assert (False, None, ()) == (tested.reads, tested.acts, tested.missing)
    assert ("only a test message tells" in tested.text, "set `url`" in at_once(teams.test({})).missing[0]) == (
        True,
        True,
    )


# --------------------------------------------------------------------------------------------- answers that are none

LOOKS = {
    "telegram": (telegram, {"bot_token": "1:x"}), "slack": (slack, {"bot_token": "x"}), "ntfy": (ntfy, {}),
    "twilio": (twilio, {"account_sid": "AC1", "auth_token": "x"}), "discord": (discord, {"url": "http://d.example/h/1"}),
    "mattermost": (mattermost, {"url": "http://m.example/hooks/1"}),
}  # fmt: skip


@pytest.mark.parametrize("name", LOOKS)
@pytest.mark.parametrize("response", [case[1] for case in NO_ANSWERS], ids=[case[0] for case in NO_ANSWERS])
def test_an_answer_that_is_none_is_said_in_words_and_nothing_works(name, response):
    module, config = LOOKS[name]
    tested = told(module.test(config), response)

    assert (False, 1) == (tested.reads, len(tested.missing))
    assert module.TRANSPORT.title.lower() in tested.missing[0].lower()
    assert not tested.acts


def test_a_mail_server_that_gives_no_answer_is_said_in_words():
    config = {"host": "mail.example", "from": "a@b.example"}
    for response, words in (
        (Response(0, error="no answer within 10 s"), "no answer within 10 s"),
        (Response(421), "(421)"),
        (Response(0), "no reason"),
    ):
        assert words in told(email.test(config), response).missing[0]


def test_they_are_loaded_under_the_names_of_the_runbook():
    tests = plugins.load().connection_tests

    assert {"telegram", "slack", "smtp", "twilio", "discord", "mattermost", "teams", "ntfy"} <= set(tests)
    assert {"vercel", "railway", "sentry", "github", "ddc", "postgres"} <= set(tests)
    assert all(name == test.name and test.title for name, test in tests.items())
