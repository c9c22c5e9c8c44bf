"""How ready everybody is for a bad night: what the runbook and the database show, and what to do about each of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from tocsin.core.calendar import local_to_utc, utc_words, words
from tocsin.core.delivery import CONSOLE
from tocsin.core.reach import Heard, reachable
from tocsin.core.runbook import Runbook
from tocsin.core.runbook_check import Finding, Gap, Looks, blind, findings
from tocsin.core.stand_ins import Given
from tocsin.core.statuspage import HostHealth

ANNOUNCE: Final = (timedelta(days=7), timedelta(days=1))  # before a gap; reliability.md F26
DAILY_AT: Final = time(9)  # local to the organization
NIGHT: Final = time(3)  # the hour at which it is asked how somebody would be reached
TEST_STALE: Final = timedelta(days=35)  # a test page goes out every month
HOST_FAILS: Final = timedelta(minutes=5)  # a host of the status page; shorter is a hiccup
ANSWER_WITHIN: Final = timedelta(days=1)  # a test page

# Each kind with what to do next, the worst first: that is the order in which they are told.
NEXT: Final[Mapping[str, str]] = {
    "unreachable": "Give them a rule under notify whose channel is set up and whose address they have.",
    "schedule_gap": "Add an override for that span, or put somebody into the rotation.",
    "ends_with_nobody": "Let the last step page everyone, or somebody who is always there.",
    "hand_off_unconfirmed": "Call them; or take it with an override, and press the button on the on-call page.",
    "contact_broken": "Ask them for the right address, put it into the runbook, and check it.",
    "integration_failing": "Read the reason; look at the token, the address and the network of that channel.",
    "test_unanswered": "Ask them whether the test page came; if not, check each of their ways.",
    "cannot_look": "Fill in what is missing, or take the name out of diagnose: that tool says nothing at night.",
    "integration_left_out": "Set the variables that it names, or take the channel out of the runbook.",
    "status_page_not_published": "Read the reason and mend that host; `tocsin status publish` tries it at once.",
    "same_person": "Put somebody else on one of the two steps: otherwise one phone off means nobody.",
    "step_not_reached": "Give the step a wait (after) of its own, or take it out.",
    "contact_unproved": "Let them check it: a way that was never proved may be anybody's.",
    "zone_rules_changed": "Tell whoever hands over then; look whether stand-ins still begin and end where they should.",
    "tzdata_old": "Install a newer tzdata, and start Tocsin again.",
    "no_verify": "Name a probe under verify, so that it is known whether the action helped.",
    "no_undo": "Write an undo, or accept that the action cannot be taken back.",
    "unknown_word": "Take the word out of the text, or write one that Tocsin knows.",
    "text_too_long": "Make the text shorter; what it says at length belongs behind a link.",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Failing:
    """A channel of which every try of the last day failed, and a reason."""

    via: str
    why: str


@dataclass(frozen=True, slots=True)
class Known:
    """What only the database and the server know. `tests`: person to when a test page went out, and was answered."""

    reached: Mapping[str, tuple[Heard, ...]] = field(default_factory=dict)
    tests: Mapping[str, tuple[datetime, datetime | None]] = field(default_factory=dict)
    failing: Sequence[Failing] = ()
    left_out: Sequence[str] = ()
    unconfirmed: Sequence[tuple[str, tuple[str, ...], datetime]] = ()  # person, schedules, since
    zones: str = ""
    moved: Sequence[Finding] = ()  # hand-overs that other time zone rules moved
    hosts: Sequence[HostHealth] = ()
    looks: Looks = field(default_factory=dict)  # what the installed integrations can look at


def all_findings(book: Runbook, known: Known, now: datetime, given: Given) -> tuple[Finding, ...]:
    """Everything that will hurt one night, the worst first."""
    checks = (_contacts, _tests, _server)
    found = [
        *findings(book, now, given),
        *blind(book, known.looks),
        *(finding for check in checks for finding in check(book, known, now)),
    ]
    return tuple(sorted(dict.fromkeys(found), key=lambda finding: rank(finding.kind)))


def rank(kind: str) -> int:
    """The place of a kind among all, the worst 0."""
    order = list(NEXT)
    return order.index(kind) if kind in order else len(order)


def _contacts(book: Runbook, known: Known, now: datetime) -> Iterator[Finding]:
    for person, heard in known.reached.items():
        name = book.people[person].name
        if not reachable(heard):
            yield Finding("unreachable", person, f"no notification rule for high urgency reaches {name}")
        for way in heard:
            if way.state == "broken":
                yield Finding("contact_broken", person, f"{way.via} to {name} is {way.why}")
        unproved = dict.fromkeys(way.via for way in heard if way.state == "never proved" and way.kind != CONSOLE)
        if unproved:
            yield Finding("contact_unproved", person, f"{', '.join(unproved)} to {name} was never proved")


def _tests(book: Runbook, known: Known, now: datetime) -> Iterator[Finding]:
    for person, (sent, answered) in known.tests.items():
        if person not in book.people:
            continue
        name = book.people[person].name
        if answered is None and now - sent > ANSWER_WITHIN:
            yield Finding("test_unanswered", person, f"{name} did not answer the test page of {utc_words(sent)}")
        elif now - sent > TEST_STALE:
            yield Finding("test_unanswered", person, f"the last test page to {name} is of {utc_words(sent)}")


def _server(book: Runbook, known: Known, now: datetime) -> Iterator[Finding]:
    for person, schedules, since in known.unconfirmed:
        name = book.people[person].name if person in book.people else person
        text = f"{name} has not confirmed the pager for {', '.join(schedules)} since {utc_words(since)}"
        yield Finding("hand_off_unconfirmed", person, text)
    for failing in known.failing:
        yield Finding("integration_failing", failing.via, f"every try of the last day failed: {failing.why}")
    for notice in known.left_out:
        subject, _, text = notice.partition(": ")
        yield Finding("integration_left_out", subject, text or notice)
    yield from known.moved
    for host in known.hosts:
        if host.failing_since and now - host.failing_since >= HOST_FAILS:
            last = f"last published at {utc_words(host.published_at)}" if host.published_at else "never published"
            yield Finding("status_page_not_published", host.name, f"{last}: {host.why}")
    if known.zones:
        yield Finding("tzdata_old", "tzdata", known.zones)


# --------------------------------------------------------------------------------------------- when


def next_morning(book: Runbook, now: datetime) -> datetime:
    """The next 09:00 of the organization after *now*."""
    return _next(DAILY_AT, book.organization.timezone, now)


def tonight(book: Runbook, person: str, now: datetime) -> datetime:
    """The next 03:00 where the person is, or the organization where that is not said."""
    return _next(NIGHT, book.people[person].timezone or book.organization.timezone, now)


def _next(at: time, zone: str, now: datetime) -> datetime:
    day = now.astimezone(ZoneInfo(zone)).date()
    return next(due for n in range(3) if (due := local_to_utc(day + timedelta(days=n), at, zone)) > now)


def announcements(gaps: Sequence[Gap], now: datetime) -> tuple[tuple[str, Gap, tuple[str, ...]], ...]:
    """
    The gaps to come that are to be announced by *now*.

    Returns:
        Each with the key of its announcement, and the keys that it speaks for too: a gap that shows itself late is
        announced once, not for the week and the day.
    """
    due = []
    for gap in gaps:
        passed = [
            f"gap:{gap.schedule}:{gap.start.isoformat()}:{lead.days}d" for lead in ANNOUNCE if gap.start - now <= lead
        ]
        if passed and gap.start > now:
            due.append((passed[-1], gap, tuple(passed[:-1])))
    return tuple(due)


def next_announcement(gaps: Sequence[Gap], now: datetime) -> datetime | None:
    """When the next announcement of a gap is due, after *now*."""
    ahead = [gap.start for gap in gaps if gap.start > now]
    return min((start - lead for start in ahead for lead in ANNOUNCE if start - lead > now), default=None)


def gap_words(gap: Gap, book: Runbook, now: datetime) -> str:
    """What is said of a gap before it begins, in the schedule's own time."""
    known = book.schedules.get(gap.schedule)
    zone = (known.timezone if known else None) or book.organization.timezone
    start, until = (
        at.astimezone(ZoneInfo(zone)) for at in (gap.start, min(gap.until, gap.start + timedelta(days=3_650)))
    )
    end = f" until {until:%a %Y-%m-%d %H:%M}" if gap.until - gap.start < timedelta(days=3_650) else ""
    span = f"from {start:%a %Y-%m-%d %H:%M}{end} ({zone}), in {words(gap.start - now)}"
    return f"Nobody is on call on {gap.schedule} {span}. {NEXT['schedule_gap']}"


def daily_words(new: Sequence[Finding], known: int) -> str:
    """What the admins are told: what is new, each with what to do, and how many there are beside it."""
    lines = [f"- {finding.subject}: {finding.text}. {NEXT.get(finding.kind, '')}".rstrip() for finding in new]
    if known:
        lines.append(f"{known} more {'is' if known == 1 else 'are'} known already.")
    return "\n".join(lines)
