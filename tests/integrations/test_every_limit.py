"""What each channel shows of any text: within its vendor's limit, never cut inside a character, with the way to the rest."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email import message_from_bytes, policy
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tocsin import plugins
from tocsin.core.texts import utf8, utf16
from tocsin.sdk import Mail

from .helpers import message

TRANSPORTS = plugins.load().transports
DIRECTIONS = re.compile("[\u202a-\u202e\u2066-\u2069\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
LINK = "http://tocsin.example.org/incidents/INC-1"
# One visible character each, of several code points: a flag, a family, a tone of skin, a letter with three accents.
WHOLE = ("🇳🇱", "👩\u200d👩\u200d👧", "👍🏽", "e\u0301\u0302\u0303")
ODD = st.sampled_from([*WHOLE, "\u202e", "\u2066", "\u200b", "\x00", "<b>", "&", "@everyone", "`", "*", "\n", "\\"])
WORD = st.builds(
    lambda part, n: part * n,
    ODD | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8),
    st.sampled_from([1, 3, 100, 5_000, 30_000]),
)
TEXTS = st.lists(WORD, min_size=1, max_size=3).map(lambda words: " ".join(words)[:100_000])


@dataclass(frozen=True)
class Channel:
    """A transport's settings; `parts` gives (what is measured, its limit) of a request's content."""

    kind: str
    config: dict[str, Any]
    parts: Callable[[Any], Sequence[tuple[int, int]]]
    has_link: bool = True


def telegram(said):
    return [(utf16(said["text"]), 4096)]


def slack(said):
    sections = [block for block in said.get("blocks", ()) if block["type"] == "section"]
    return [(utf16(said["text"]), 40_000), *((utf16(one["text"]["text"]), 3_000) for one in sections)]


def discord(said):
    [embed] = said["embeds"]
    title, text = utf16(embed.get("title", "")), utf16(embed["description"])
    return [(title, 256), (text, 4096), (title + text, 6000)]


def teams(said):
    return [(utf8(json.dumps(said, ensure_ascii=False)), 28_000)]


def mattermost(said):
    return [(utf16(json.dumps(said["attachments"], ensure_ascii=False)), 16_383)]


def mail(whole):
    return [(max(map(len, whole.split(b"\r\n"))), 998)]


TWILIO = {"account_sid": "AC" + "a" * 32, "auth_token": "t", "from": "+15550100000", "public_url": "https://t.example"}
CHANNELS = {
    "telegram": Channel("telegram", {"bot_token": "1:x"}, telegram),
    "slack": Channel("slack", {"bot_token": "x"}, slack),
    "discord": Channel("discord", {"url": "https://discord.example/api/webhooks/1/x"}, discord),
    "teams": Channel("teams", {"url": "https://teams.example/x"}, teams),
    "mattermost": Channel("mattermost", {"url": "https://mattermost.example/hooks/x"}, mattermost),
    "twilio": Channel("twilio", TWILIO, lambda form: [(utf16(form["Body"]), 1600)]),
    "twilio voice": Channel("twilio", TWILIO | {"voice": True}, lambda form: [(len(form["Twiml"]), 4000)], has_link=False),
    "ntfy": Channel("ntfy", {"server": "https://ntfy.example"}, lambda said: [(utf8(said["message"]), 4096)]),
    "smtp": Channel("smtp", {"host": "h", "from": "t@example.org"}, mail),
}  # fmt: skip


def sent(channel, given):
    """The content of the one request that a message becomes: decoded JSON, a form, or a whole mail."""
    request = next(TRANSPORTS[channel.kind].send(given, channel.config))
    if isinstance(request, Mail):
        return request.message
    return request.json if request.json is not None else dict(parse_qsl(request.body.decode(), keep_blank_values=True))


def texts_in(said):
    """Every text inside."""
    if isinstance(said, bytes):
        mail_ = message_from_bytes(said, policy=policy.default)
        return [mail_["Subject"], mail_.get_body(("plain",)).get_content()]
    if isinstance(said, str):
        return [said]
    inner = said.values() if isinstance(said, dict) else said if isinstance(said, list) else ()
    return [text for one in inner for text in texts_in(one)]


@pytest.mark.parametrize("name", CHANNELS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(title=TEXTS, text=TEXTS, page=st.booleans(), plain=st.booleans())
def test_whatever_is_said_is_within_the_limit_shows_cleanly_and_leads_to_the_whole(name, title, text, page, plain):
    channel = CHANNELS[name]
    to = {"smtp": "a@example.org", "twilio": "+31600000001"}.get(channel.kind, "700000001")
    given_ = message(to=to, title=title, text=text, plain=plain and not page, link=LINK, page="p1" if page else "",
                     acknowledge_link="http://tocsin.example.org/ack/1/2" if page else "")  # fmt: skip
    said = sent(channel, given_)

    assert [] == [(size, limit) for size, limit in channel.parts(said) if size > limit]
    shown = texts_in(said)
    assert [] == [one for one in shown if DIRECTIONS.search(one)]
    if channel.has_link and not given_.plain:
        assert any(LINK in one for one in shown)


@pytest.mark.parametrize("whole", WHOLE)
@pytest.mark.parametrize("name", [name for name in CHANNELS if name != "teams"])
@pytest.mark.parametrize("shift", range(4))
def test_no_channel_cuts_inside_a_character(name, whole, shift):
    channel = CHANNELS[name]
    to = {"smtp": "a@example.org", "twilio": "+31600000001"}.get(channel.kind, "700000001")
    long = "x" * shift + whole * 10_000
    for page in ("p1", ""):
        said = sent(channel, message(to=to, title=long, text=long, link=LINK, page=page))
        for one in texts_in(said):
            rest = one.replace(whole, "")
            assert not set(rest) & (set(whole) - {"e"}), rest[:200]
