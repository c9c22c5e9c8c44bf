"""An incident: its state, the table of its lifecycle, and the fold that makes the state from the timeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from pydantic import TypeAdapter

from tocsin.core import diagnosis, promise, protocol, sla
from tocsin.core.diagnosis import Cause, Diagnosis, likely
from tocsin.core.escalation import Walk, WalkStep
from tocsin.core.protocol import Duty
from tocsin.core.sla import Clock
from tocsin.core.types import SYSTEM, Fact, incident_name

Status = Literal["triggered", "acknowledged", "investigating", "identified", "monitoring", "resolved"]
PUBLIC_STATUSES: Final = ("investigating", "identified", "monitoring", "resolved")  # what an update may say
ROLES: Final = ("commander", "communications", "scribe")

# Status and what happened to it, to the next status. What is not in the table leaves the status as it is.
LIFE: Final[Mapping[tuple[Status, str], Status]] = {
    ("triggered", "acknowledged"): "acknowledged",
    **{
        (status, "resolved"): "resolved"
        for status in ("triggered", "acknowledged", "investigating", "identified", "monitoring")
    },
    ("resolved", "reopened"): "investigating",
    ("resolved", "unacknowledged"): "triggered",
    ("investigating", "unacknowledged"): "triggered",
    ("monitoring", "unacknowledged"): "triggered",
    ("acknowledged", "unacknowledged"): "triggered",
}


@dataclass(frozen=True, slots=True)
class Room:
    """The war room: its name, the runbook's channel it is in (empty: the incident's own page) and the thread there."""

    name: str
    channel: str = ""
    thread: str = ""


@dataclass(frozen=True, slots=True)
class Incident:
    """
    The state of one incident: all that deciding needs, folded from its timeline.

    `acknowledged_at` is the first acknowledgement; `answered` says whether paging has stopped. `paging` are the people
    with an open page. `walk` is None where the severity pages nobody. `answered_by` acknowledged last. `passed_on` are
    the people who cannot take it; a later page asks them anew. `awaited` must each acknowledge: paging goes on for
    them though others in `have_it` did. `lasts` is how long the acknowledgement holds with nothing following it,
    counted from `heard_at`, when a person last did something. `set_aside` are duties of a protocol that it left, as
    they stood; `seen` tells of each kind of fact that does duties when it was first and last (`protocol.LASTING`).
    """

    number: int
    title: str
    severity: str
    declared_at: datetime
    declared_by: str
    runbook_version: str
    status: Status = "triggered"
    service: str | None = None
    check: str | None = None
    confirmed: str | None = None  # the severity that a person looked at and said to be right
    impact: str | None = None
    drill: bool = False
    public: bool = False  # the status page shows it
    rule: str = ""  # what gave the severity it has: a rule of triage, or a person
    alert: Mapping[str, Any] = field(default_factory=dict)  # because.alert_words of the one that opened it
    urgency: Literal["high", "low", "none"] = "none"
    protocol: str = ""
    roles: Mapping[str, str] = field(default_factory=dict)
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    answered: bool = False
    answered_by: str | None = None
    passed_on: tuple[str, ...] = ()
    awaited: tuple[str, ...] = ()
    have_it: tuple[str, ...] = ()
    lasts: timedelta | None = None
    heard_at: datetime | None = None
    by_hand: str | None = None  # the person whom somebody paged by hand
    resolved_at: datetime | None = None
    summary: str | None = None
    next_steps: str | None = None
    eta: str | None = None
    root_cause: str | None = None
    resolution: str | None = None
    updates: int = 0
    said: int = 0  # texts that people sent: updates, texts sent again, the all-clear
    said_at: datetime | None = None  # the last of them, and by whom
    said_by: str | None = None
    promised_at: datetime | None = None  # when the last update said that the next one comes
    suspected: str | None = None  # a cause that nobody has confirmed: it is never published
    cause_known: bool = False  # somebody confirmed what it was
    paging: tuple[str, ...] = ()
    pages: int = 0  # asked for so far
    pages_failed: int = 0  # of them, those that reached nobody
    walk: Walk | None = None
    duties: tuple[Duty, ...] = ()
    set_aside: tuple[Duty, ...] = ()
    seen: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    clocks: tuple[Clock, ...] = ()
    gaps_said: bool = False  # that roles are held by nobody
    extended_until: datetime | None = None
    room: Room | None = None
    diagnosis: Diagnosis = field(default_factory=Diagnosis)
    messages: int = 0  # of the war room that were kept
    ticket: str | None = None  # its name in the tracker
    tracker: str = ""
    ticket_link: str = ""
    ticket_at: datetime | None = None
    ticket_closed_at: datetime | None = None
    write_up: str | None = None
    review_at: datetime | None = None
    proposed: tuple[str, ...] = ()  # actions that people were told of, because a suspected cause speaks for them
    merged_into: int | None = None  # the incident that goes on for it
    had_answer: bool = False  # somebody had it when it was merged

    @property
    def name(self) -> str:
        return incident_name(self.number)

    @property
    def causes(self) -> tuple[Cause, ...]:
        """What may have caused it, the likeliest first; nothing before the tools were looked at."""
        return likely(self.diagnosis.findings, self.declared_at) if self.diagnosis.assessed_at else ()

    @property
    def commander(self) -> str | None:
        return self.roles.get("commander")

    @property
    def is_open(self) -> bool:
        return self.status != "resolved"


_ADAPTER: Final = TypeAdapter(Incident)


def to_json(state: Incident) -> str:
    """Write the state as the JSON text that is stored."""
    return _ADAPTER.dump_json(state, exclude_defaults=True).decode()


def from_json(text: str) -> Incident:
    """Read a stored state; raises pydantic.ValidationError for a text that `to_json` did not write."""
    return _ADAPTER.validate_json(text)


def duty_to_json(duty: Duty) -> Any:
    """Write a duty as JSON data, as `declared` and `severity_changed` carry it."""
    return _DUTY.dump_python(duty, mode="json", exclude_defaults=True)


_DUTY: Final = TypeAdapter(Duty)
_CLOCKS: Final = TypeAdapter(tuple[Clock, ...])
_WALK: Final = TypeAdapter(Walk)


def clocks_to_json(clocks: tuple[Clock, ...]) -> Any:
    """Write clocks as JSON data, as the facts that start them carry them."""
    return _CLOCKS.dump_python(clocks, mode="json", exclude_defaults=True)


def walk_to_json(walk: Walk | None) -> Any:
    """Write a walk as JSON data, as the facts that begin one carry it."""
    return _WALK.dump_python(walk, mode="json") if walk else None


def born(number: int, runbook_version: str, fact: Fact) -> Incident:
    """Make the first state from a `declared` fact."""
    d = fact.data
    return Incident(
        number=number, title=d["title"], severity=d["severity"], declared_at=fact.at, declared_by=fact.actor,
        runbook_version=runbook_version, service=d.get("service"), check=d.get("check"), impact=d.get("impact"),
        drill=bool(d.get("drill")), public=bool(d.get("public")), rule=d.get("rule", ""), alert=d.get("alert", {}),
        by_hand=d.get("person"), urgency=d["urgency"], protocol=d["protocol"],
        duties=tuple(_DUTY.validate_python(duty) for duty in d["duties"]),
        walk=_WALK.validate_python(d["walk"]) if d.get("walk") else None,
        clocks=_CLOCKS.validate_python(d.get("clocks", ())),
    )  # fmt: skip


def fold(state: Incident, fact: Fact) -> Incident:
    """Apply one fact to the state. The timeline folded from its first entry gives the stored state."""
    changed = _FOLDS[fact.kind](state, fact) if fact.kind in _FOLDS else state
    if changed.answered and by_a_person(fact.actor):
        changed = replace(changed, heard_at=fact.at)
    if fact.kind in protocol.LASTING and not fact.data.get("if_missed"):
        changed = replace(changed, seen=protocol.noticed(changed.seen, fact.kind, fact.actor, fact.at))
    status = LIFE.get((state.status, fact.kind))
    changed = changed if status is None else replace(changed, status=status)
    if changed.diagnosis.running and not changed.is_open:
        return replace(changed, diagnosis=diagnosis.ended(changed.diagnosis, fact.at))
    return changed


def by_a_person(actor: str) -> bool:
    """Say whether somebody did it: not Tocsin by itself, and no source of alerts."""
    return actor != SYSTEM and not actor.startswith("source:")


def replay(number: int, runbook_version: str, facts: list[Fact]) -> Incident:
    """Fold a whole timeline; its first entry is `declared`."""
    state = born(number, runbook_version, facts[0])
    for fact in facts[1:]:
        state = fold(state, fact)
    return state


def _acknowledged(s: Incident, f: Fact) -> Incident:
    awaited = _less(s.awaited, f.actor)
    lasts = f.data.get("expires_after")
    return replace(
        s, acknowledged_at=s.acknowledged_at or f.at, acknowledged_by=s.acknowledged_by or f.actor,
        answered=not awaited, answered_by=f.actor, passed_on=_less(s.passed_on, f.actor), awaited=awaited,
        paging=tuple(p for p in s.paging if p in awaited), have_it=(*_less(s.have_it, f.actor), f.actor),
        lasts=timedelta(seconds=lasts) if lasts else None, clocks=sla.meet(s.clocks, f.at, "response"),
    )  # fmt: skip


def _less(people: tuple[str, ...], person: str | None) -> tuple[str, ...]:
    return tuple(p for p in people if p != person)


def _unacknowledged(s: Incident, f: Fact) -> Incident:
    walk = _WALK.validate_python(f.data["walk"]) if f.data.get("walk") else s.walk
    return replace(s, answered=False, walk=walk, awaited=(), have_it=(), heard_at=None)


def _paged(s: Incident, f: Fact) -> Incident:
    walk = s.walk
    if walk and f.data.get("taken"):
        walk = replace(walk, taken=max(walk.taken, int(f.data["taken"])))
    person = f.data.get("person")
    if f.data.get("passed_on"):
        awaited = _less(s.awaited, person)
        passed = (*_less(s.passed_on, person), str(person))
        return replace(s, paging=_less(s.paging, person), passed_on=passed, awaited=awaited,
                       answered=s.answered or bool(s.have_it and not awaited))  # fmt: skip
    if f.kind == "page_moot" and ("page" in f.data or f.data.get("ended")):  # else it was never asked for
        awaited = _less(s.awaited, person)
        answered = s.answered or bool(s.have_it and s.awaited and not awaited)
        return replace(s, paging=_less(s.paging, person), awaited=awaited, answered=answered)
    if f.kind == "page_moot":
        return replace(s, walk=walk)
    paging = (*_less(s.paging, person), str(person))
    if f.data.get("must") and not s.answered and person not in (*s.awaited, *s.have_it):
        s = replace(s, awaited=(*s.awaited, str(person)))
    return replace(s, walk=walk, paging=paging, pages=s.pages + 1, passed_on=_less(s.passed_on, person))


def _page_failed(s: Incident, f: Fact) -> Incident:
    return replace(s, paging=_less(s.paging, f.data.get("person")), pages_failed=s.pages_failed + 1)


def _severity(s: Incident, f: Fact) -> Incident:
    d = f.data
    walk = _WALK.validate_python(d["walk"]) if d.get("walk") else s.walk
    duties = tuple(_DUTY.validate_python(duty) for duty in d["duties"])
    rule = d.get("reason", "") if f.actor == SYSTEM else f"{f.actor}, who set it"
    return replace(
        s, severity=d["severity"], urgency=d["urgency"], protocol=d["protocol"], walk=walk, rule=rule,
        duties=promise.carried(s.duties, duties, f.at, s.promised_at),
        public=s.public or bool(d.get("public")), clocks=_CLOCKS.validate_python(d.get("clocks", ())) or s.clocks,
        set_aside=tuple(_DUTY.validate_python(duty) for duty in d.get("set_aside", ())),
    )  # fmt: skip


def _role(s: Incident, f: Fact) -> Incident:
    role, person = f.data.get("role", "commander"), f.data.get("person")
    others = {name: who for name, who in s.roles.items() if name != role}
    return replace(s, roles={**others, role: person} if person else others)


def _room(s: Incident, f: Fact) -> Incident:
    return replace(s, room=Room(f.data["name"], f.data.get("channel", ""), f.data.get("thread", "")))


def _update(s: Incident, f: Fact) -> Incident:
    d = f.data
    promised = datetime.fromisoformat(d["next_update"]) if d.get("next_update") else None
    return replace(
        _said(s, f), status=d.get("status", s.status), summary=d.get("summary", s.summary), eta=d.get("eta"),
        next_steps=d.get("next_steps"), impact=d.get("impact") or s.impact, updates=s.updates + 1,
        public=s.public or bool(d.get("public")), promised_at=promised,
        duties=promise.given(s.duties, f.at, promised) if promised else s.duties,
    )  # fmt: skip


def _said(s: Incident, f: Fact) -> Incident:
    return replace(s, said=s.said + 1, said_at=f.at, said_by=f.actor)


def _note(s: Incident, f: Fact) -> Incident:
    """A note is a note, unless it says that roles are not taken, what is proposed, or that a text went out again."""
    if f.data.get("roles"):
        return replace(s, gaps_said=True)
    if f.data.get("proposed"):
        return replace(s, proposed=(*s.proposed, f.data["proposed"]))
    if not f.data.get("template"):
        return s
    return replace(_said(s, f), public=s.public or bool(f.data.get("public")))


def _finding(s: Incident, f: Fact) -> Incident:
    """Somebody suspects a cause, or a diagnosis goes on; what no run of one found is on the timeline alone."""
    if f.data.get("source") == "suspicion":
        return replace(s, suspected=f.data["text"])
    return replace(s, diagnosis=diagnosis.folded(s.diagnosis, f.data, f.at)) if f.data.get("run") else s


def _status(s: Incident, f: Fact) -> Incident:
    if not f.data.get("paging_stopped"):
        return replace(s, status=f.data["status"])
    return replace(s, status=f.data["status"], answered=True, paging=(), awaited=())


def _cause(s: Incident, f: Fact) -> Incident:
    said = f.data.get("root_cause")
    return replace(s, root_cause=said or s.root_cause, cause_known=True, suspected=None if said else s.suspected)


def _resolved(s: Incident, f: Fact) -> Incident:
    return replace(
        _said(s, f), resolved_at=f.at, clocks=sla.meet(s.clocks, f.at, "response", "resolution"), extended_until=None,
        root_cause=f.data.get("root_cause") or s.root_cause, paging=(), answered=True, awaited=(), promised_at=None,
        resolution=f.data.get("resolution") or s.resolution,
        duties=tuple(protocol.close(d, f.at) if protocol.is_open(d) else d for d in s.duties),
    )  # fmt: skip


def _reopened(s: Incident, f: Fact) -> Incident:
    seen = {kind: at for kind, at in s.seen.items() if kind not in protocol.UNDONE}
    return replace(
        s, resolved_at=None, duties=tuple(_again(protocol.reopen(d, f.at)) for d in s.duties), seen=seen,
        clocks=_CLOCKS.validate_python(f.data.get("clocks", ())) or s.clocks,
    )  # fmt: skip


def _again(duty: Duty) -> Duty:
    """What waits for the end of the incident waits again."""
    if not duty.after:
        return duty
    return replace(duty, at=None, deadline=None, done_at=None, missed_at=None, late=False, holder=-1, hand_on_at=None)


def _on_duty(s: Incident, f: Fact, change: Any) -> Incident:
    return replace(s, duties=tuple(change(d) if d.id == f.data["duty"] else d for d in s.duties))


def _duty_done(s: Incident, f: Fact) -> Incident:
    return _on_duty(s, f, lambda d: promise.renewed(protocol.done(d, f.at, f.data["evidence"]), f.at, s.promised_at))


def _duty_missed(s: Incident, f: Fact) -> Incident:
    return _on_duty(s, f, lambda d: protocol.missed(d, f.at))


def _handed_on(s: Incident, f: Fact) -> Incident:
    return _on_duty(s, f, lambda d: protocol.handed(d, protocol.HAND_ON.index(f.data["to"]), f.at))


def _armed(s: Incident, f: Fact) -> Incident:
    """The duties that waited for the end of the incident, with their clocks started: part of `resolved`."""
    armed = {d["id"]: _DUTY.validate_python(d) for d in f.data.get("armed", ())}
    resolved = _resolved(s, f)
    return replace(resolved, duties=tuple(armed.get(d.id, d) for d in resolved.duties))


def _elapsed(s: Incident, f: Fact) -> Incident:
    """Of a clock, that it was told; of an extension, that its time is over. That of a duty is in `duty_done`."""
    if f.data.get("extended"):
        return replace(s, extended_until=None)
    which, told = f.data.get("clock"), f.data.get("state", "")
    return replace(s, clocks=tuple(replace(c, told=told) if c.which == which else c for c in s.clocks))


def _extended(s: Incident, f: Fact) -> Incident:
    until = f.data.get("until")
    return replace(s, extended_until=datetime.fromisoformat(until) if until else s.extended_until)


def _ticket(s: Incident, f: Fact) -> Incident:
    d, at = f.data, s.ticket_at or f.at
    return replace(
        s, ticket=d["ticket"], tracker=d.get("tracker", ""), ticket_link=d.get("link", ""), ticket_at=at,
        ticket_closed_at=None if d.get("linked") else s.ticket_closed_at,
    )  # fmt: skip


def _merged(s: Incident, f: Fact) -> Incident:
    """What goes on in another incident ends here, without having been solved; the other one only notes it."""
    if "into" not in f.data:
        return replace(s, public=s.public or bool(f.data.get("public")))
    return replace(
        s, status="resolved", resolved_at=f.at, merged_into=f.data["number"], had_answer=s.answered, paging=(),
        answered=True, awaited=(), resolution=f"merged into {f.data['into']}",
        duties=tuple(protocol.close(d, f.at) if protocol.is_open(d) else d for d in s.duties),
    )  # fmt: skip


def _split(s: Incident, f: Fact) -> Incident:
    """It goes on by itself again, as it was when it was merged; the other one only notes it."""
    if "out_of" not in f.data:
        return s
    again = replace(s, status="investigating" if s.had_answer else "triggered", resolved_at=None, resolution=None,
                    answered=s.had_answer, merged_into=None, had_answer=False,
                    clocks=_CLOCKS.validate_python(f.data.get("clocks", ())) or s.clocks)  # fmt: skip
    return replace(again, duties=tuple(_again(protocol.reopen(d, f.at)) for d in again.duties))


def _review(s: Incident, f: Fact) -> Incident:
    return replace(s, review_at=datetime.fromisoformat(f.data["at"]))


_FOLDS: Final[Mapping[str, Any]] = {
    "severity_changed": _severity,
    "severity_confirmed": lambda s, f: replace(s, confirmed=f.data["severity"]),
    "paged": _paged,
    "page_moot": _paged,
    "escalated": lambda s, f: replace(s, walk=_WALK.validate_python(f.data["walk"])) if f.data.get("walk") else s,
    "page_failed": _page_failed,
    "acknowledged": _acknowledged,
    "unacknowledged": _unacknowledged,
    "commander_assigned": _role,
    "role_assigned": _role,
    "war_room_opened": _room,
    "update_posted": _update,
    "status_changed": _status,
    "cause_identified": _cause,
    "resolved": _armed,
    "reopened": _reopened,
    "duty_done": _duty_done,
    "duty_missed": _duty_missed,
    "handed_on": _handed_on,
    "finding_added": _finding,
    "note": _note,
    "message_seen": lambda s, f: replace(s, messages=s.messages + 1),
    "elapsed": _elapsed,
    "extended": _extended,
    "ticket_created": _ticket,
    "ticket_closed": lambda s, f: replace(s, ticket_closed_at=f.at),
    "ticket_reopened": lambda s, f: replace(s, ticket_closed_at=None),
    "write_up_published": lambda s, f: replace(s, write_up=f.data["text"]),
    "review_scheduled": _review,
    "merged": _merged,
    "split": _split,
}

__all__ = [
    "LIFE", "PUBLIC_STATUSES", "ROLES", "Duty", "Incident", "Room", "Status", "Walk", "WalkStep", "born",
    "clocks_to_json", "duty_to_json", "fold", "from_json", "replay", "timedelta", "to_json", "walk_to_json",
]  # fmt: skip
