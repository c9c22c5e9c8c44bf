"""Delivery: the ways to a person or a channel, when the next way starts, and how long to wait before trying again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, TypeAlias

from tocsin.core.calendar import window_end
from tocsin.core.runbook import Channel, Runbook

FIRST_BACKOFF, LONGEST_BACKOFF = 1.0, 60.0  # seconds; reliability.md R7
FAILURES_BEFORE_NEXT: Final = 2  # of one way, before the next way starts; R7
WAIT_BEFORE_NEXT: Final = timedelta(seconds=30)  # after a first failure, likewise; R7
LEASE: Final = timedelta(seconds=30)  # how long a claim holds; R3
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
FOLD_AFTER: Final = timedelta(minutes=10)  # older pages to one person go out as one; R8
GATHER: Final = timedelta(minutes=1)  # pages of different incidents to one person are joined; CONTRACT 3
CATCH_UP: Final = timedelta(seconds=20)  # pages of steps that are this old are gathered for so long, to be folded
CALL_SECONDS: Final = timedelta(seconds=10)  # a provider call takes no longer; reliability.md section 1
MESSAGE_LIFE: Final = timedelta(hours=24)  # a text that is not a page is tried this long
CONSOLE: Final = "console"


@dataclass(frozen=True, slots=True)
class Route:
    """
    One way to somebody: through the runbook's channel `via`, with the transport `kind`, to `address`.

    `after` counts from the request. A route with `why_not` cannot be used, and says why. A `shared` one ends in the
    place of the channel itself, with all others whom it calls there.
    """

    via: str
    kind: str
    address: str
    after: timedelta = timedelta(0)
    config: Mapping[str, Any] = field(default_factory=dict, repr=False)
    why_not: str = ""
    shared: bool = False

    @property
    def destination(self) -> str:
        """What the vendor's limits are counted for, and what waits when the vendor asks for it."""
        return f"{self.kind}:{self.via if self.shared else self.address}"


@dataclass(frozen=True, slots=True)
class Ways:
    """
    What the installed transports need: for each kind the field of a person, and the setting of a channel.

    Kinds in `secret` keep a channel's address in its settings: a route says the channel's name instead.
    """

    person: Mapping[str, str]
    channel: Mapping[str, str]
    secret: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Contact:
    """What is known of one way to a person: which address was proved, and when; which is broken, since when, why."""

    proved_of: str | None = None
    proved_at: datetime | None = None
    broken_of: str | None = None
    broken_at: datetime | None = None
    broken_why: str | None = None


Health: TypeAlias = Mapping[tuple[str, str], Contact]  # person and channel to what is known of that way
UNKNOWN: Final[Health] = {}


def mark(kind: str, address: str, config: Mapping[str, Any] | None = None) -> str:
    """
    Hash what a proof or a fault is about, 32 hex digits: another address is another mark.

    With *config*, the channel's settings, so is another bot token: what failed with the old one may work with the new.
    """
    settings = sorted((str(k), str(v)) for k, v in (config or {}).items())
    return hashlib.sha256(repr((kind, address, settings)).encode()).hexdigest()[:32]


def broken(route: Route, contact: Contact | None) -> str:
    """Why a way is broken, with the day; empty when it is not, or its address changed since."""
    if contact is None or contact.broken_at is None or contact.broken_of != mark(*_whole(route)):
        return ""
    return f"broken since {contact.broken_at:%Y-%m-%d}: {contact.broken_why}"


def proved_at(route: Route, contact: Contact | None) -> datetime | None:
    """When the person proved to be at this very address; None: never."""
    return contact.proved_at if contact and contact.proved_of == mark(route.kind, route.address) else None


def _whole(route: Route) -> tuple[str, str, Mapping[str, Any]]:
    return route.kind, route.address, route.config


def to_person(
    runbook: Runbook, ways: Ways, person: str, urgency: Literal["high", "low"], *, health: Health = UNKNOWN,
    at: datetime | None = None,
) -> tuple[Route, ...]:  # fmt: skip
    """
    Give the ways to reach *person* in the order of their notification rules.

    What cannot be used, or is broken by *health*, is listed with its reason. The console stands in for it, at once, so
    that nobody is left without a way: whoever looks at the server sees the page. Low urgency asked for *at* an instant
    waits for the end of the person's quiet hours.
    """
    known = runbook.people.get(person)
    rules = (known.notify.high if urgency == "high" else known.notify.low) if known else ()
    routes = [_personal(runbook, ways, person, rule.via, rule.after) for rule in rules]
    routes = [_checked(route, health.get((person, route.via))) for route in routes]
    if urgency == "low" and at is not None:
        routes = [replace(route, after=quiet_until(runbook, person, at + route.after) - at) for route in routes]
    if not routes or any(route.why_not for route in routes):
        routes.append(Route(CONSOLE, CONSOLE, person))
    return tuple(routes)


def _checked(route: Route, contact: Contact | None) -> Route:
    why = "" if route.why_not else broken(route, contact)
    return replace(route, why_not=why) if why else route


def quiet_until(runbook: Runbook, person: str, at: datetime) -> datetime:
    """When a text of low urgency may reach *person*: *at*, or the end of the quiet hours in which it lies."""
    known = runbook.people.get(person)
    quiet = known.quiet_hours if known else None
    if known is None or quiet is None:
        return at
    zone = quiet.timezone or known.timezone or runbook.organization.timezone
    return window_end(quiet.from_, quiet.until, quiet.days, zone, at) or at


def stand_in(runbook: Runbook, ways: Ways, via: str, person: str | None, health: Health = UNKNOWN) -> Route | None:
    """The way that takes over where the channel *via* fails: its `backup`; None without one that can be used."""
    channel = runbook.channel(via)
    if channel is None or channel.backup is None:
        return None
    if person is None:
        route = to_channel(runbook, ways, channel.backup)
    else:
        route = _checked(way(runbook, ways, person, channel.backup), health.get((person, channel.backup)))
    return None if route.why_not else route


def way(runbook: Runbook, ways: Ways, person: str, via: str) -> Route:
    """The way to *person* by one channel, or by its kind, whatever their rules name; `why_not` where there is none."""
    if person not in runbook.people:
        return Route(via, "", "", why_not=f"the runbook has no person {person}")
    return _personal(runbook, ways, person, via, timedelta(0))


def caught_up(due: datetime | None, now: datetime) -> datetime:
    """
    When a page goes out that a step asks for which fell *due* long ago, in a downtime; *now* for any other.

    All steps that are taken within the same 20 s page at their end: each person then gets one message, and not one for
    every few incidents that a worker catches up with.
    """
    if due is None or now - due < FOLD_AFTER:
        return now
    return now + CATCH_UP - (now - EPOCH) % CATCH_UP


def every_way(runbook: Runbook, ways: Ways, person: str) -> tuple[Route, ...]:
    """Give every usable way to *person*, whatever their rules name, the console last: for when their own ways fail."""
    routes = (
        _personal(runbook, ways, person, name, timedelta(0)) for name in runbook.channels if runbook.channel(name)
    )
    return (*(route for route in routes if not route.why_not), Route(CONSOLE, CONSOLE, person))


def _personal(runbook: Runbook, ways: Ways, person: str, via: str, after: timedelta) -> Route:
    name, channel = _channel(runbook, via)
    if channel is None:
        return Route(via, "", "", after, why_not=f"the runbook has no channel for {via}")
    kind, config = channel.kind, channel.settings
    why = _unusable(runbook, ways, name, kind)
    wanted = ways.person.get(kind, "")
    address = str(getattr(runbook.people[person], wanted, None) or "") if wanted else person
    if not why and not address:
        why = f"{person} has no {wanted}"
    return Route(name, kind, address, after, config, why, shared=not wanted and kind in ways.secret)


def _channel(runbook: Runbook, via: str) -> tuple[str, Channel | None]:
    """The channel that a rule names: by its name, or by its kind (`telegram`: the first channel with a bot)."""
    names = (via, *(name for name in runbook.channels if (c := runbook.channel(name)) and c.kind == via))
    return next(((name, channel) for name in names if (channel := runbook.channel(name))), (via, None))


def _unusable(runbook: Runbook, ways: Ways, channel: str, kind: str) -> str:
    missing = runbook.left_out.get(f"channels.{channel}.{kind}")
    if missing:
        return f"no {', '.join(missing)}"
    return "" if kind in ways.person else f"{kind} is not installed"


def to_channel(runbook: Runbook, ways: Ways, channel: str) -> Route:
    """Give the way to a channel as a group; the console when it cannot be used, with the reason kept."""
    found = runbook.channel(channel)
    if found is None:
        return Route(CONSOLE, CONSOLE, channel, why_not=f"the runbook has no channel {channel}")
    kind = found.kind
    why = _unusable(runbook, ways, channel, kind)
    address = str(found.settings.get(ways.channel.get(kind, "")) or "")
    if not why and not address and kind != CONSOLE:
        why = f"{kind} cannot speak to a group"
    if why:
        return Route(CONSOLE, CONSOLE, channel, why_not=why)
    return Route(channel, kind, channel if kind in ways.secret else address, config=found.settings)


def backoff(failures: int, seed: str) -> timedelta:
    """
    How long to wait after that many failures: 1 s doubling to 60 s, less up to a fifth.

    The jitter comes from a hash of *seed*, so that many rows that failed together do not come back together.
    """
    longest = min(FIRST_BACKOFF * 2 ** min(failures - 1, 10), LONGEST_BACKOFF)
    share = hashlib.sha256(f"{seed}:{failures}".encode()).digest()[0] / 255
    return timedelta(seconds=longest * (1 - share / 5))
