"""Watching the watchman: which incident went silent, whether anybody can be paged at all, what the clock did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from tocsin.core.calendar import utc_words, words

OVERDUE: Final = timedelta(seconds=60)  # past this a timer, a row or a lease was lost; reliability.md invariant 3
WINDOW: Final = timedelta(minutes=2)  # the tries that say whether somebody can be paged
FAILING_FOR: Final = timedelta(minutes=1)  # one bad minute is a hiccup that the back-off deals with
TELL_AGAIN: Final = timedelta(minutes=15)  # while nobody can be paged; this also finds out that a way is back
CLOCK_BACK: Final = timedelta(seconds=2)  # less is what clocks do when they are set right
CLOCK_FORWARD: Final = timedelta(minutes=5)  # likewise, and machines that slept
SKEW: Final = timedelta(seconds=2)  # between a node and the database; reliability.md F33


@dataclass(frozen=True, slots=True)
class Look:
    """
    What the auditor sees of an incident that still pages: its due instants, read from the tables one by one.

    `step_due` is when its policy takes the next step; `row_due` and `lease_until` are the earliest of its page rows
    that wait or are leased; `lost` are the pages that were asked for and have no row at all. `set_aside` incidents are
    paged by a plain text of their own (core never moves their `step_due`).
    """

    number: int
    step_due: datetime
    wake_at: datetime | None = None
    row_due: datetime | None = None
    lease_until: datetime | None = None
    lost: tuple[str, ...] = ()
    set_aside: bool = False


def silence(look: Look, now: datetime) -> str:
    """Say why an incident that nobody acknowledged has gone silent; empty when it has not."""
    late = now - OVERDUE
    if look.wake_at is None:
        return "it had no timer"
    if look.wake_at < late:
        return f"its timer was overdue by {words(now - look.wake_at)}"
    if not look.set_aside and look.wake_at > look.step_due + OVERDUE:
        return f"its timer was {words(look.wake_at - look.step_due)} later than its next step"
    if look.row_due is not None and look.row_due < late:
        return f"a page waited in the outbox for {words(now - look.row_due)}"
    if look.lease_until is not None and look.lease_until < late:
        return f"the claim of a page had ended {words(now - look.lease_until)} before"
    return "a page was asked for and was not in the outbox" if look.lost else ""


@dataclass(frozen=True, slots=True)
class Tries:
    """What became of the recent tries of one way: all of one verdict, of pages or of other texts."""

    via: str
    delivered: bool
    page: bool
    first_at: datetime
    last_at: datetime
    why: str = ""


@dataclass(frozen=True, slots=True)
class Blocked:
    """Nobody can be paged since `since`. `ways` are the channels that fail, `why` is what the last of them said."""

    since: datetime
    ways: tuple[str, ...]
    why: str

    @property
    def text(self) -> str:
        """The sentence of the banner."""
        return f"Tocsin cannot page: {self.why}, since {utc_words(self.since)}"


def blocked(tries: Sequence[Tries], before: Blocked | None, now: datetime) -> Blocked | None:
    """
    Judge whether anybody can be paged.

    Args:
        tries: What became of the tries of the last `WINDOW`, the console's left out: it reaches who looks at it.
        before: The judgement so far. It holds until a page, or any text by a way that had failed, arrives.
        now: Aware UTC instant.

    Returns:
        The judgement from now on: None while somebody can be paged, or nothing says otherwise.
    """
    good = [t for t in tries if t.delivered and (before is None or t.last_at > before.since)]
    if any(t.page or (before is not None and t.via in before.ways) for t in good):
        return None
    bad = sorted((t for t in tries if t.page and not t.delivered), key=lambda t: t.last_at)
    if not bad:
        return before
    ways = tuple(sorted({t.via for t in bad} | set(before.ways if before else ())))
    since = before.since if before else min(t.first_at for t in bad)
    if before is None and now - since < FAILING_FOR:
        return None
    return Blocked(since, ways, f"{bad[-1].via}: {bad[-1].why}" if bad[-1].why else f"{bad[-1].via} fails")


def clock_notice(behind: timedelta, jumped: timedelta) -> str:
    """Say what the machine's clock did; empty when that is nothing to speak of."""
    if behind > CLOCK_BACK:
        return f"clock moved back: this machine's clock is {words(behind)} behind; Tocsin goes on from the time it had"
    if jumped > CLOCK_FORWARD:
        return f"clock moved: it jumped {words(jumped)} forward, or this machine slept; what was due was done late"
    return ""


def skew_notice(node: datetime, database: datetime) -> str:
    """Say how far this node's clock is from the database's, by which due times are judged; empty up to 2 s."""
    skew = abs(node - database)
    return f"clock skew: this node is {skew.total_seconds():.0f} s off the database's clock" if skew > SKEW else ""
