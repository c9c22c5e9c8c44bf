"""The events that an incident can meet, what deciding needs to know around it, and what a decision is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from tocsin.core.diagnosis import Finding, Tool
from tocsin.core.incident import Incident
from tocsin.core.types import Effect, Fact, FactKind, Json


@dataclass(frozen=True, slots=True)
class Declared:
    """An incident begins, by an alert or by a person."""

    title: str
    severity: str
    by: str
    service: str | None = None
    check: str | None = None
    impact: str | None = None
    rule: str = "declared by a person"
    drill: bool = False
    alerts: tuple[str, ...] = ()
    alert: Mapping[str, Json] | None = None  # because.alert_words of the one that gave severity and title
    person: str | None = None  # paged by hand: they come first, then the policy
    urgency: Literal["high", "low"] | None = None  # of a page by hand


@dataclass(frozen=True, slots=True)
class AlertsAttached:
    """*count* more alerts joined; *keys* names the first of them. `because`: what brought them here but their group."""

    keys: tuple[str, ...]
    count: int
    source: str
    because: str = ""


@dataclass(frozen=True, slots=True)
class AlertsResolved:
    """*count* alerts of this incident ended; *firing* still do."""

    keys: tuple[str, ...]
    count: int
    source: str
    firing: int


@dataclass(frozen=True, slots=True)
class Acknowledge:
    by: str


@dataclass(frozen=True, slots=True)
class PassOn:
    """I can't take it: who was paged says so, and the next step is paged at once."""

    by: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SetSeverity:
    """*was* is the severity that who asks had before them: where it is another by now, the answer is a refusal."""

    by: str
    severity: str
    reason: str = ""
    was: str | None = None


@dataclass(frozen=True, slots=True)
class Assign:
    """
    Give a role to *person*; None gives it up.

    *was* is the holder whom who asks had before them, empty for nobody: where it is another by now, it is refused.
    """

    by: str
    role: str
    person: str | None
    was: str | None = None


@dataclass(frozen=True, slots=True)
class PostUpdate:
    by: str
    status: str | None = None
    summary: str | None = None
    next_steps: str | None = None
    eta: str | None = None
    impact: str | None = None
    public: bool = False
    next_update: timedelta | datetime | None = None  # the promise: from now, or an instant
    seen: int | None = None  # how many texts the writer had seen (Incident.said); None: not asked


@dataclass(frozen=True, slots=True)
class ActionMoved:
    """
    An action took a step: *kind* is the fact of it. `plan` is the id of its plan, `undo` says that it takes one back.

    `may_approve` tells in words who may; `link` is the address of the plan's page; `code` approves it in a chat.
    """

    by: str
    kind: FactKind
    plan: str
    action: str
    target: str
    planned_by: str
    link: str = ""
    approved_by: str = ""
    approve: str = ""
    may_approve: str = ""
    code: str = ""
    steps: tuple[str, ...] = ()
    why: str = ""
    receipt: str = ""
    undo: bool = False
    undoable: bool = False
    dry: bool = False
    rehearsal: bool = False
    again: bool = False


@dataclass(frozen=True, slots=True)
class SendText:
    """Send one of the runbook's texts again, filled from the record as it is now."""

    by: str
    text: str
    seen: int | None = None


@dataclass(frozen=True, slots=True)
class Cause:
    """What it was, or is suspected to be: only what is confirmed can be published."""

    by: str
    text: str
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Say:
    """Something was said on the incident's page, which is a war room of its own."""

    by: str
    text: str


@dataclass(frozen=True, slots=True)
class Escalate:
    by: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Extend:
    by: str
    span: timedelta | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    by: str
    text: str


@dataclass(frozen=True, slots=True)
class ActionItemKept:
    """Something was agreed to be done after the incident (`open`), or is done or dropped; or is open *again*."""

    by: str
    item: str
    title: str
    owner: str
    state: str
    due: str
    reason: str = ""
    again: bool = False


@dataclass(frozen=True, slots=True)
class ReviewPlanned:
    """The review was put to another time."""

    by: str
    at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class StepCame:
    """A step of the week after the incident is done, late or handed on; `said`: what *title* says came of it."""

    by: str
    what: Literal["done", "late", "handed", "said"]
    step: str
    title: str = ""
    due: datetime | None = None
    to: str = ""
    people: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PostmortemPublished:
    """The postmortem was published: which version, in which file, and the hash of its text."""

    by: str
    version: int
    path: str
    sha256: str


@dataclass(frozen=True, slots=True)
class MessageSeen:
    """Something was said in the war room, in the runbook's channel *via*."""

    by: str
    text: str
    via: str


@dataclass(frozen=True, slots=True)
class Check:
    by: str
    duty: str


@dataclass(frozen=True, slots=True)
class WriteUp:
    """Publish the quick write-up."""

    by: str
    text: str


@dataclass(frozen=True, slots=True)
class TicketOpened:
    """
    A ticket is there, in *tracker*; *note* says why it is not where it should be, or what is not as it was asked.

    *by* chose one that was there already. *label*: what it was opened with, where that is not the severity's by now.
    """

    ticket: str
    tracker: str
    link: str = ""
    note: str = ""
    by: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class AskTicket:
    """A person wants a ticket for an incident whose protocol opens none."""

    by: str


@dataclass(frozen=True, slots=True)
class CloseTicket:
    """*via*: the tracker in which it was closed already; empty for here."""

    by: str
    reason: str = ""
    via: str = ""


@dataclass(frozen=True, slots=True)
class ReopenTicket:
    by: str
    reason: str = ""
    via: str = ""


@dataclass(frozen=True, slots=True)
class Resolve:
    by: str
    root_cause: str | None = None
    resolution: str | None = None
    seen: int | None = None  # as in PostUpdate


@dataclass(frozen=True, slots=True)
class Reopen:
    by: str
    reason: str = ""
    page_again: bool = False


@dataclass(frozen=True, slots=True)
class RoomOpened:
    """The war room is open in the runbook's *channel*; *thread* is empty where the channel has no rooms of its own."""

    name: str
    channel: str = ""
    thread: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class PageFailed:
    """No way to reach *person* is left for this page."""

    page: str
    person: str
    why: str


@dataclass(frozen=True, slots=True)
class OffCall:
    """A page of *person* was not sent: *targets*, which named them, do not stand for them any more."""

    page: str
    person: str
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WentSilent:
    """The auditor found that nothing would have paged any more, and *why*. The pages of *lost* people were lost."""

    why: str
    lost: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AlertsHeld:
    """*count* alerts that fire again are held back by *rule*."""

    keys: tuple[str, ...]
    count: int
    source: str
    rule: str


@dataclass(frozen=True, slots=True)
class MergeInto:
    """It goes on in the incident *into*, whose title and address these are."""

    by: str
    into: int
    title: str
    link: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TookOver:
    """The incident *number* goes on here, with so many *alerts*; *public*: the status page shows it."""

    by: str
    number: int
    title: str
    severity: str
    alerts: int
    public: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SplitOff:
    """It was merged into another, and goes on by itself again with so many *alerts*."""

    by: str
    alerts: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class GaveBack:
    """So many *alerts* belong to the incident *number* from now on."""

    by: str
    number: int
    title: str
    alerts: int
    link: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class LookAgain:
    """Look for the cause anew."""

    by: str


@dataclass(frozen=True, slots=True)
class Looked:
    """A look of the *run* of a diagnosis came back, from *source*: these are its findings, each of its own source."""

    run: int
    source: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Tick:
    """Time passed."""


Event: TypeAlias = (
    Declared | AlertsAttached | AlertsResolved | Acknowledge | PassOn | SetSeverity | Assign | PostUpdate | Escalate
    | Extend | Note | SendText | Cause | Say | MessageSeen | Check | WriteUp | TicketOpened | CloseTicket | Resolve
    | Reopen | RoomOpened | PageFailed | OffCall | WentSilent | Tick | AlertsHeld | MergeInto | TookOver | SplitOff
    | GaveBack | ActionItemKept | AskTicket | ReopenTicket
    | LookAgain | Looked | ActionMoved | ReviewPlanned | StepCame
    | PostmortemPublished
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Around:
    """
    What deciding needs to know of the world: who stands behind a target now, and a few counts.

    `who` takes a page target (`on_call`, `secondary`, `team_lead`, `everyone`, `schedule:X`, `team:X`, a person).
    """

    who: Callable[[str], frozenset[str]]
    link: str = ""  # the address of the incident's own page
    rooms_today: int = 0  # war rooms named so far with the local date of this incident
    recurring: str = ""  # the incident of the same service and cause within the severity's `recurring_within`
    room_channel: bool = True  # the war room's channel can be reached at all
    tracker: str = ""  # the connection that tickets are opened in; empty: Tocsin's own list
    alerts: int = 0  # alerts of this incident that fire now
    # Of each round-robin step (`escalation.turn_key`) whose turn it was last, and when.
    turns: Mapping[str, Mapping[str, datetime]] = field(default_factory=dict)
    tools: tuple[Tool, ...] = ()  # what the runbook's `diagnose` names, where a diagnosis may begin


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows: the new state, the facts for the timeline, what to do outside, and when to look again."""

    state: Incident
    facts: tuple[Fact, ...]
    effects: tuple[Effect, ...]
    wake_at: datetime | None
