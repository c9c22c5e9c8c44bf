"""Delivery: the ways to a person or a channel, when the next way starts, and how long to wait before trying again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, Literal

from tocsin.core.runbook import Channel, Runbook

FIRST_BACKOFF, LONGEST_BACKOFF = 1.0, 60.0  # seconds; reliability.md R7
FAILURES_BEFORE_NEXT: Final = 2  # of one way, before the next way starts; R7
WAIT_BEFORE_NEXT: Final = timedelta(seconds=30)  # after a first failure, likewise; R7
LEASE: Final = timedelta(seconds=30)  # how long a claim holds; R3
FOLD_AFTER: Final = timedelta(minutes=10)  # older pages to one person go out as one; R8
CALL_SECONDS: Final = timedelta(seconds=10)  # a provider call takes no longer; reliability.md section 1
MESSAGE_LIFE: Final = timedelta(hours=24)  # a text that is not a page is tried this long
CONSOLE: Final = "console"


@dataclass(frozen=True, slots=True)
class Route:
    """
    One way to somebody: through the runbook's channel `via`, with the transport `kind`, to `address`.

    `after` counts from the request. A route with `why_not` cannot be used, and says why.
    """

    via: str
    kind: str
    address: str
    after: timedelta = timedelta(0)
    config: Mapping[str, Any] = field(default_factory=dict, repr=False)
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Ways:
    """
    What the installed transports need: for each kind the field of a person, and the setting of a channel.

    Kinds in `secret` keep a channel's address in its settings: a route says the channel's name instead.
    """

    person: Mapping[str, str]
    channel: Mapping[str, str]
    secret: frozenset[str] = frozenset()


def to_person(runbook: Runbook, ways: Ways, person: str, urgency: Literal["high", "low"]) -> tuple[Route, ...]:
    """
    Give the ways to reach *person* in the order of their notification rules.

    What cannot be used is listed with its reason. The console stands in for it, at once, so that nobody is left
    without a way: whoever looks at the server sees the page.
    """
    known = runbook.people.get(person)
    rules = (known.notify.high if urgency == "high" else known.notify.low) if known else ()
    routes = [_personal(runbook, ways, person, rule.via, rule.after) for rule in rules]
    if not routes or any(route.why_not for route in routes):
        routes.append(Route(CONSOLE, CONSOLE, person))
    return tuple(routes)


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
    return Route(name, kind, address, after, config, why)


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
