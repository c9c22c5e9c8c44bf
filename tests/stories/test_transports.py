"""Every way to a person, over real sockets: it pages, and when it fails the person's next way starts within 30 seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from tests.fakes.discord import FakeDiscord
from tests.fakes.mattermost import FakeMattermost
from tests.fakes.ntfy import TOKEN as NTFY_TOKEN
from tests.fakes.ntfy import FakeNtfy
from tests.fakes.push import FakePush
from tests.fakes.slack import TOKEN as SLACK_TOKEN
from tests.fakes.slack import FakeSlack
from tests.fakes.smtp import FakeMail
from tests.fakes.teams import FakeTeams
from tests.fakes.telegram import TOKEN as BOT_TOKEN
from tests.fakes.telegram import FakeTelegram
from tests.fakes.twilio import FROM, SID, FakeTwilio
from tests.fakes.twilio import TOKEN as TWILIO_TOKEN
from tests.fakes.vendor import FakeService
from tocsin.net import Network
from tocsin.sdk import Line, Mail, Notice
from tocsin.store import people, queue
from tocsin.usecases import devices

from .conftest import START, World, changed

BLACKHOLE_SECONDS = 0.3  # of real time that a call to a silent vendor may take here; a story's own time stands still


@dataclass(frozen=True)
class Way:
    """One transport with its fake: the channel's settings, what a person needs, and how its fake is told to fail."""

    fake: Callable[[], Any]
    settings: Callable[[Any], dict[str, Any]]
    person: tuple[str, str] | None = None
    modes: tuple[str, ...] = ("flood", "down", "hang", "lie", "revoked")
    words: tuple[tuple[str, str], ...] = ()  # a mode's name in this fake, where it is another


def push() -> FakePush:
    return FakePush(START.timestamp())


def twilio(fake: FakeTwilio) -> dict[str, Any]:
    return {"account_sid": SID, "auth_token": TWILIO_TOKEN, "from": FROM, "api_base": fake.url}


PROVEN = ("flood", "down", "hang", "revoked")  # any success is one: there is no error inside to look for
MAIL = (("flood", "451 4.7.1 slow down"), ("down", "421 going down"), ("hang", "slow"), ("revoked", "550 no such box"))
WAYS = {
    "ntfy": Way(FakeNtfy, lambda f: {"server": f.url, "token": NTFY_TOKEN}, ("ntfy", "martijn-7f3a")),
    "webpush": Way(push, lambda f: {"contact": "ops@example.org", "services": [f.url]}),
    "discord": Way(FakeDiscord, lambda f: {"url": f.hook}),
    "teams": Way(FakeTeams, lambda f: {"url": f.hook}),
    "mattermost": Way(FakeMattermost, lambda f: {"url": f.hook}),
    "apprise": Way(FakeService, lambda f: {"url": f.address}, modes=PROVEN),
    "webhook": Way(FakeService, lambda f: {}, ("webhook", "{url}/hook"), modes=PROVEN),
    "telegram": Way(FakeTelegram, lambda f: {"bot_token": BOT_TOKEN, "api_base": f.url}, words=(("revoked", "blocked"),)),
    "slack": Way(FakeSlack, lambda f: {"bot_token": SLACK_TOKEN, "api_base": f.url}, ("slack", "U0ANA")),
    "twilio": Way(FakeTwilio, twilio, ("phone", "+31600000001")),
    "twilio voice": Way(FakeTwilio, lambda f: {**twilio(f), "voice": True}, ("phone", "+31600000001")),
    "smtp": Way(
        FakeMail, lambda f: {"host": "127.0.0.1", "port": f.port, "from": "t@example.org", "security": "none"},
        modes=PROVEN, words=MAIL,
    ),
}  # fmt: skip
FAILING = [(kind, mode) for kind, way in WAYS.items() for mode in way.modes]
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr':DeprecationWarning")  # one of apprise's services asks for it


def told(
    tmp_path, kind: str, fake: Any, *, silent: bool = False, desk_after: str = "10m", step_after: str = "",
    token: str = "", login: tuple[str, str] | None = None, paged: tuple[str, ...] = ("martijn",),
) -> World:  # fmt: skip
    """A world in which martijn is paged by this way, and ten minutes later at his desk."""
    way = WAYS[kind]

    def change(data):
        data["channels"]["first"] = {kind.split(maxsplit=1)[0]: way.settings(fake)}
        if login:
            data["channels"]["first"][kind] |= {"username": login[0], "password": login[1]}
        if token:
            data["channels"]["first"][kind]["bot_token"] = token
        data["channels"]["desk"] = {"console": {}}
        martijn = data["people"]["martijn"]
        for person in paged:
            rules = [{"via": "first"}, {"via": "desk", "after": desk_after}]
            data["people"][person]["notify"] = {"high": rules}
        if step_after:
            first, *_ = data["escalation_policies"]["default"]["steps"]
            data["escalation_policies"]["default"]["steps"] = [first, {"page": ["team_lead"], "after": step_after}]
        if way.person:
            martijn[way.person[0]] = way.person[1].replace("{url}", getattr(fake, "url", ""))
        data["severities"]["P0"]["page"] = list(paged)

    world = World(tmp_path, changed(change))

    def network(outgoing):
        if not goes_to(fake, outgoing):
            return world.everything_works(outgoing)
        answer = really(outgoing, silent)
        if silent:  # in life it takes all the time that a call has
            assert not answer.status
            world.now += timedelta(seconds=outgoing.timeout_seconds)
        return answer

    world.network = network
    if kind == "webpush":
        key = world.db.read_now(devices.look, world.setup, "martijn")[1]
        world.db.write_now(devices.register, world.setup, "martijn", "Phone", fake.browser(key).subscription)
    return world


def goes_to(fake: Any, outgoing: Any) -> bool:
    match outgoing:
        case Mail():
            return outgoing.port == getattr(fake, "port", 0)
        case Line():
            return False
        case Notice():
            return True
    return outgoing.url.startswith(getattr(fake, "url", "?"))


def really(outgoing: Any, silent: bool) -> Any:
    """Send over the real client and a real socket; a silent far side costs less time than in life."""
    seconds = BLACKHOLE_SECONDS if silent else outgoing.timeout_seconds

    async def run():
        network = Network(print, lambda: START)
        try:
            return await network.send(replace(outgoing, timeout_seconds=seconds))
        finally:
            await network.close()

    return asyncio.run(run())


def at_the_desk(world: World) -> bool:
    """Whether he was paged at his desk no later than 30 seconds after the alert."""
    rings = [at for at, to, text in world.sent if to == "console" and text.startswith("--- PAGE for martijn")]
    return bool(rings) and rings[0] - START <= timedelta(seconds=30)


def attempts(world: World) -> list[tuple[str, str]]:
    page = next(row for row in world.pages() if row.person == "martijn")
    return [(row.via, row.verdict) for row in world.db.read_now(queue.attempts, [page.id])]


def test_a_bots_token_that_was_revoked_lets_the_next_way_start_at_once(tmp_path):
    with FakeTelegram() as fake:
        world = told(tmp_path, "telegram", fake, token="1:of-a-bot-that-is-gone")
        world.alert()

    assert at_the_desk(world)
    assert [("first", "reject")] == [(via, verdict) for via, verdict in attempts(world) if via == "first"]


@pytest.mark.parametrize(("password", "verdict"), [("right", "delivered"), ("revoked", "reject")])
def test_a_mail_login_that_was_revoked_breaks_nobodys_address_and_the_next_way_starts_at_once(
    tmp_path, password, verdict
):
    """It is the channel that fails, and not the person: their address is not marked."""
    with FakeMail(login=("tocsin", "right")) as fake:
        world = told(tmp_path, "smtp", fake, login=("tocsin", password))
        world.alert()

    assert [("first", verdict)] == [(via, said) for via, said in attempts(world) if via == "first"]
    assert (verdict == "reject") is at_the_desk(world)
    assert not [c for c in world.db.read_now(people.health).values() if c.broken_at]


@pytest.mark.parametrize("kind", WAYS)
def test_every_way_pages(tmp_path, kind):
    with WAYS[kind].fake() as fake:
        world = told(tmp_path, kind, fake)
        world.alert()
        world.wait(seconds=29)

    assert ("first", "delivered") in attempts(world)
    assert [] == fake.faults
    assert not at_the_desk(world), "the next way waits for its turn"


@pytest.mark.parametrize(("kind", "mode"), FAILING)
def test_when_a_way_fails_the_next_one_starts_within_30_seconds(tmp_path, kind, mode):
    """Flooded, down, silent, lying or revoked: it never counts as delivered, and the desk rings in time."""
    way = WAYS[kind]
    with way.fake() as fake:
        told_mode = dict(way.words).get(mode, mode)
        if kind == "smtp":
            fake.answer = told_mode
        else:
            fake.mode, fake.retry_after = told_mode, 40
        world = told(tmp_path, kind, fake, silent=mode == "hang")
        world.alert()
        world.wait(seconds=30)

    assert at_the_desk(world)
    assert ("first", "delivered") not in attempts(world)
    tries = sum(via == "first" for via, _ in attempts(world))
    assert 1 <= tries <= 6, "no hot loop"


def test_where_two_are_paged_by_one_webhook_that_floods_each_ones_next_way_starts(tmp_path):
    """The webhook is asked once and waited for; the one who was not refused waits as long, and is not left to it."""
    with FakeDiscord() as fake:
        fake.mode, fake.retry_after = "flood", 40
        world = told(tmp_path, "discord", fake, paged=("martijn", "backup1"))
        world.alert()
        world.wait(seconds=30)

    rung = [text for _, to, text in world.sent if to == "console" and text.startswith("--- PAGE for")]
    assert all(any(f"PAGE for {person}" in text for text in rung) for person in ("martijn", "backup1"))
    assert 1 == fake.calls


@pytest.mark.parametrize(
    ("desk_after", "step_after", "valid"),
    [("10m", "20m", "600"), ("10m", "4m", "240"), ("45s", "4m", "45"), ("10m", "12h", "600")],
)
def test_a_text_is_not_handed_over_after_the_next_way_or_step_is_due(tmp_path, desk_after, step_after, valid):
    """The person's second rule, or the policy's second step: whichever comes first."""
    with FakeTwilio() as fake:
        world = told(tmp_path, "twilio", fake, desk_after=desk_after, step_after=step_after)
        world.alert()

    assert [valid] == [form["ValidityPeriod"] for form in fake.messages if "ACK" in form["Body"]]
    assert [] == fake.faults
