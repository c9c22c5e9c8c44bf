"""Facts (what happened, on the timeline), effects (what must now be done outside) and identifiers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias
from uuid import UUID

Json: TypeAlias = Any  # what JSON can say: None, bool, int, float, str, list, dict

FactKind = Literal[
    "declared", "alert_attached", "alert_resolved", "severity_changed", "severity_confirmed", "paged", "page_failed",
    "page_moot", "acknowledged", "unacknowledged", "commander_assigned", "role_assigned", "war_room_opened",
    "duty_done", "duty_missed", "handed_on", "checked", "update_posted", "cause_identified", "fix_deployed",
    "escalated", "extended", "finding_added", "action_planned", "action_approved", "action_started",
    "action_succeeded", "action_failed", "action_unknown", "action_undone", "ticket_created", "ticket_closed",
    "ticket_reopened", "note", "message_seen", "status_changed", "elapsed", "resolved", "reopened",
    "merged", "split", "alert_held", "write_up_published",
    "review_scheduled", "postmortem_published", "action_item_added", "action_item_done",
]  # fmt: skip

SYSTEM = "tocsin"  # the actor of what nobody did by hand


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that happened. `data` is JSON; `at` is aware UTC; `actor` a person, a token, a source or tocsin."""

    kind: FactKind
    at: datetime
    actor: str
    data: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Page:
    """
    Ask *person* to acknowledge, by their notification rules for *urgency*. `reason` says why it is this person.

    `targets` are the page targets that named them: who they stand for is looked up again right before each call.
    `why` holds `policy`, `step` and `round` where a step of a policy named them.
    """

    id: str
    person: str
    urgency: Literal["high", "low"]
    reason: str
    targets: tuple[str, ...] = ()
    why: Mapping[str, Json] = field(default_factory=dict)
    turn: str = ""  # the round-robin step whose turn this was


@dataclass(frozen=True, slots=True)
class StopPaging:
    """
    Every open page becomes moot with *why*; the pages of *by* become acknowledged.

    With `only` nobody else's pages end. The pages of `keep` stay open: these people must acknowledge for themselves.
    """

    why: str
    by: str | None = None
    only: str | None = None
    keep: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tell:
    """
    A text to a channel of the runbook (`channel`) or to a person (`person`); it asks for no acknowledgement.

    `key` is unique within the incident: telling twice sends once. `plain` texts go out byte for byte. With `room`
    the text goes to the incident's war room. `duty` makes the text moot once that duty is done.
    """

    key: str
    title: str
    text: str
    channel: str | None = None
    person: str | None = None
    room: bool = False
    plain: bool = False
    urgent: bool = False
    duty: str | None = None


@dataclass(frozen=True, slots=True)
class OpenRoom:
    """Open the war room called *name* inside *channel*."""

    channel: str
    name: str


@dataclass(frozen=True, slots=True)
class OpenTicket:
    """Open a ticket in the tracker of the runbook's connection *tracker*."""

    tracker: str
    title: str
    text: str
    label: str


@dataclass(frozen=True, slots=True)
class LookAt:
    """Look, for the *run* of a diagnosis, at Tocsin's own records and at tools, by name; nothing after *until*."""

    run: int
    sources: tuple[str, ...]
    until: datetime


@dataclass(frozen=True, slots=True)
class KeepRoom:
    """Bring the war room up to date: what it must show is read when that is done, so that many changes are one."""


@dataclass(frozen=True, slots=True)
class KeepTicket:
    """Bring the ticket in its tracker up to date: what it must show is read when that is done, as with the room."""


@dataclass(frozen=True, slots=True)
class WriteDraft:
    """Write the postmortem's draft from the timeline into its file."""


@dataclass(frozen=True, slots=True)
class Publish:
    """
    An update of the public incident. `key` is unique within the incident: publishing twice shows it once.

    `component` in `state` is what it is about, None where the service belongs to no component.
    """

    key: str
    title: str
    status: str
    body: str
    component: str | None
    state: str
    impact: str
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Spoiled:
    """A template of the runbook gave no text, and plain words went out in its place. `why` says what was wrong."""

    template: str
    why: str


Effect: TypeAlias = (
    Page | StopPaging | Tell | OpenRoom | KeepRoom | OpenTicket | KeepTicket | LookAt | WriteDraft | Publish
    | Spoiled
)  # fmt: skip


class Refused(Exception):  # noqa: N818 - what we say to a person, in words
    """We say no to a person. The text says what to do instead; *status* is the HTTP status for it."""

    def __init__(self, text: str, status: int = 409) -> None:
        super().__init__(text)
        self.status = status


def uuid7(at: datetime, *names: object) -> str:
    """
    Make a UUIDv7 (RFC 9562, section 5.7) from *at* and *names*: the same for the same arguments.

    The 74 bits that the RFC leaves to chance are drawn from a hash of the names, so that the core needs no randomness
    and deciding twice gives one row.
    """
    digest = hashlib.sha256("\x1f".join(map(str, names)).encode()).digest()
    milliseconds = int(at.timestamp() * 1000)
    raw = milliseconds.to_bytes(6, "big") + digest[:10]
    value = int.from_bytes(raw, "big") & ~(0xF << 76) & ~(0x3 << 62) | (0x7 << 76) | (0x2 << 62)
    return str(UUID(int=value))


def first_id(at: datetime) -> str:
    """The least UUIDv7 that a row made at *at* can have: ids begin with their millisecond."""
    return f"{uuid7(at)[:14]}7000-8000-000000000000"


def incident_name(number: int) -> str:
    """Return the identifier that people say: 42 gives INC-42."""
    return f"INC-{number}"


def incident_number(name: str) -> int:
    """
    Read `INC-42`, `inc-42` or `42`.

    Raises:
        Refused: 404, when it is none of these.
    """
    digits = name.upper().removeprefix("INC-")
    if digits.isascii() and digits.isdigit() and len(digits) <= 15:
        return int(digits)
    raise Refused(f"there is no incident {name[:40]!r}", status=404)


def instant_text(at: datetime | None) -> str | None:
    """Write an instant in RFC 3339 with Z, microseconds only where there are any; None stays None."""
    return None if at is None else at.isoformat().replace("+00:00", "Z")
