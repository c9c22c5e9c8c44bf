"""The week after an incident: evidence, review, document, action items; when each is due, who hears that it is late."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter

from tocsin.core.calendar import in_business_hours, is_business_day, local_to_utc, next_business_day, utc_words
from tocsin.core.draft import Draft
from tocsin.core.events import PostmortemPublished, ReviewPlanned, StepCame
from tocsin.core.incident import Incident
from tocsin.core.protocol import HAND_ON
from tocsin.core.runbook import DayStep, Runbook
from tocsin.core.types import SYSTEM, Refused, instant_text, uuid7

Kind = Literal["evidence", "meeting", "publish", "actions", "other"]
OWNER: Final = "commander"  # of every step that is not done by itself; the person on call stands in for nobody
NOTICE: Final = timedelta(hours=4)  # nobody is asked to come to a review sooner than this
EVIDENCE_AFTER: Final = timedelta(days=1)  # for each day that the runbook counts: what comes in late is in it too
QUARTER: Final = 15  # minutes
LOOK_AHEAD: Final = 60  # days in which a business day is looked for: more without one is no calendar
MOVE_AHEAD: Final = timedelta(days=90)
# What a line of the schedule is, by its words; the first that fits. A line that fits none is ticked by hand.
_SAYS: Final[tuple[tuple[Kind, tuple[str, ...]], ...]] = (
    ("actions", ("action item", "actions")), ("evidence", ("collect", "evidence", "gather")),
    ("meeting", ("meeting", "review")), ("publish", ("publish",)),
)  # fmt: skip

_UID: Final = re.compile(r"postmortem-([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}@tocsin")


@dataclass(frozen=True, slots=True)
class Step:
    """
    One thing of the week. Instants are aware UTC.

    `holder` is the place in HAND_ON of whoever has it since it was late, -1 for its owner; `hand_on_at` is when it
    goes on to the next. `reminded`: its owner has heard, on its day, that it is due.
    """

    id: str
    kind: Kind
    day: int
    title: str
    due: datetime
    done_at: datetime | None = None
    done_by: str | None = None
    missed_at: datetime | None = None
    holder: int = -1
    hand_on_at: datetime | None = None
    reminded: bool = False

    @property
    def duty(self) -> str:
        """Its name on the timeline: no duty of a protocol can have it."""
        return f"postmortem {self.id}"


@dataclass(frozen=True, slots=True)
class Plan:
    """
    The week of one incident, counted from `begun_at`, its all-clear.

    `meeting_at` is None where no review is held. `sequence` rises with every change of it, as calendars want it;
    `told` is the sequence that the `invited` people heard of last, -1 before the first, and `last_at` the time that it
    had. Of them the `asked` can answer by their calendar, since `asked_at`; `doubted` is the sequence of which it was
    looked whether anybody comes. `over` says why nothing of it is waited for any more.
    """

    begun_at: datetime
    steps: tuple[Step, ...] = ()
    meeting_at: datetime | None = None
    length: timedelta = timedelta(hours=1)
    sequence: int = 0
    told: int = -1
    invited: tuple[str, ...] = ()
    last_at: datetime | None = None
    asked: tuple[str, ...] = ()
    asked_at: datetime | None = None
    doubted: int = -1
    over: str = ""

    def step(self, id_: str) -> Step:
        """Raises Refused: 404, there is no such step."""
        for step in self.steps:
            if step.id == id_:
                return step
        raise Refused(f"no step {id_!r}; there are {', '.join(step.id for step in self.steps) or 'none'}", 404)


@dataclass(frozen=True, slots=True)
class Word:
    """What is told of a step: remind and late to its holder, handed to whoever has it from now on."""

    step: Step
    what: Literal["remind", "late", "handed"]
    people: frozenset[str]
    role: str = ""


_PLAN: Final = TypeAdapter(Plan)


def to_json(plan: Plan) -> str:
    """Write a plan as the JSON text that is stored."""
    return _PLAN.dump_json(plan, exclude_defaults=True).decode()


def from_json(text: str) -> Plan:
    """Read a stored plan."""
    return _PLAN.validate_json(text)


# --------------------------------------------------------------------------------------------- when


def meeting_time(resolved_at: datetime, runbook: Runbook) -> datetime:
    """
    When the blameless review is, in business hours.

    At the meeting's hour on the second day; where that is later than `due_within`, in the last quarter of an hour
    inside it; where nobody works then, at the meeting's hour of the day before; and where that cannot be either, as
    over a weekend, at the meeting's hour of the first business day after `due_within`.
    """
    rules, zone = runbook.postmortems, runbook.organization.timezone
    first = resolved_at.astimezone(ZoneInfo(zone)).date()
    latest = resolved_at + rules.due_within
    quarter = latest.replace(minute=latest.minute // QUARTER * QUARTER, second=0, microsecond=0)
    wanted = _meeting_on(first + timedelta(days=_meeting_day(runbook)), runbook)
    before = _meeting_on(first + timedelta(days=1), runbook)
    for at in (wanted, quarter, before):
        if at and resolved_at + NOTICE <= at <= latest and _fits(at, runbook):
            return at
    for n in range(1, LOOK_AHEAD):
        at = _meeting_on(first + timedelta(days=n), runbook)
        if at and at > latest:
            return at
    return quarter  # a calendar without one business day: the runbook's check names it


def _meeting_day(runbook: Runbook) -> int:
    return next((line.day for line in runbook.postmortems.schedule if kind_of(line.do) == "meeting"), 2)


def _meeting_on(day: date, runbook: Runbook) -> datetime | None:
    """The meeting's hour on a day, moved into the hours in which people work; None on a day when they do not."""
    hours, rules = runbook.organization.business_hours, runbook.postmortems
    if not is_business_day(day, hours):
        return None
    at = local_to_utc(day, time.fromisoformat(rules.meeting.at), runbook.organization.timezone)
    opens = local_to_utc(day, time.fromisoformat(hours.from_), hours.timezone)
    closes = local_to_utc(day, time.fromisoformat(hours.until), hours.timezone)
    if closes - opens < rules.meeting.length:
        return at
    return min(max(at, opens), closes - rules.meeting.length)


def _fits(at: datetime, runbook: Runbook) -> bool:
    """Whether people work from its beginning to its end."""
    hours, last = runbook.organization.business_hours, at + runbook.postmortems.meeting.length - timedelta(seconds=1)
    return in_business_hours(at, hours) and (in_business_hours(last, hours) or _is_long(runbook))


def _is_long(runbook: Runbook) -> bool:
    """Whether no business day is long enough for the meeting."""
    hours = runbook.organization.business_hours
    opens, closes = (datetime.combine(date.min, time.fromisoformat(at)) for at in (hours.from_, hours.until))
    return runbook.postmortems.meeting.length > closes - opens


def is_late(meeting_at: datetime, resolved_at: datetime, runbook: Runbook) -> bool:
    """Whether the review had to be put later than the runbook wants it."""
    return meeting_at > resolved_at + runbook.postmortems.due_within


def kind_of(do: str) -> Kind:
    """What a line of the schedule asks for."""
    words = do.casefold()
    return next((kind for kind, said in _SAYS if any(word in words for word in said)), "other")


def begin(runbook: Runbook, resolved_at: datetime, meeting_at: datetime) -> Plan:
    """Plan the week of an incident that ended at *resolved_at*, by the runbook's schedule; day 0 is the end itself."""
    rules = runbook.postmortems
    plan = Plan(resolved_at, meeting_at=meeting_at, length=rules.meeting.length)
    steps: list[Step] = []
    for line in sorted(rules.schedule, key=lambda line: line.day):
        if line.day or kind_of(line.do) != "other":
            steps.append(_step(line, plan, runbook, {step.id for step in steps}))
    return replace(plan, steps=_in_turn(tuple(steps), plan, runbook))


def _step(line: DayStep, plan: Plan, runbook: Runbook, taken: set[str]) -> Step:
    kind = kind_of(line.do)
    id_ = kind if kind not in ("other", *taken) else f"day-{line.day}"
    while id_ in taken:
        id_ += "b"
    if kind == "evidence":
        due = plan.begun_at + EVIDENCE_AFTER * line.day
    elif kind == "meeting":
        due = _end_of(plan.meeting_at or plan.begun_at, runbook)
    else:
        zone = runbook.organization.business_hours.timezone
        due = _close_from(plan.begun_at.astimezone(ZoneInfo(zone)).date() + timedelta(days=line.day), runbook)
    return Step(id_, kind, line.day, line.do, due)


def _close_from(day: date, runbook: Runbook) -> datetime:
    """When people stop to work on that day, or on the next one on which they do."""
    hours = runbook.organization.business_hours
    found = next((d for d in (day + timedelta(days=n) for n in range(LOOK_AHEAD)) if is_business_day(d, hours)), day)
    return local_to_utc(found, time.fromisoformat(hours.until), hours.timezone)


def _end_of(at: datetime, runbook: Runbook) -> datetime:
    """When the day of a meeting is over."""
    return max(_close_from(at.astimezone(ZoneInfo(runbook.organization.business_hours.timezone)).date(), runbook), at)


def _in_turn(steps: tuple[Step, ...], plan: Plan, runbook: Runbook) -> tuple[Step, ...]:
    """What comes after the review is due no sooner than the business day after it."""
    if plan.meeting_at is None:
        return steps
    after = next_business_day(plan.meeting_at, runbook.organization.business_hours)
    return tuple(
        replace(step, due=after) if step.kind in ("publish", "actions") and step.due < after else step for step in steps
    )


def remind_at(step: Step, runbook: Runbook) -> datetime:
    """When its owner hears that it is due: as the business hours of its day begin."""
    hours = runbook.organization.business_hours
    opens = local_to_utc(
        step.due.astimezone(ZoneInfo(hours.timezone)).date(), time.fromisoformat(hours.from_), hours.timezone
    )
    return min(opens, step.due)


# --------------------------------------------------------------------------------------------- what the clock does


def due_evidence(plan: Plan, now: datetime) -> Step | None:
    """The step by which evidence is collected now, or None."""
    return next((s for s in plan.steps if s.kind == "evidence" and s.done_at is None and s.due <= now), None)


def look(
    plan: Plan, runbook: Runbook, now: datetime, people_of: Callable[[str], frozenset[str]]
) -> tuple[Plan, list[Word]]:
    """
    Remind, tell what is late, and hand it on: at most one of them for each step. Looking again at *now* says nothing.

    Args:
        people_of: A role (`commander`, `secondary`, `team_lead`, `everyone`) to the people who have it at *now*.
    """
    if plan.over:
        return plan, []
    words: list[Word] = []
    steps = []
    for step in plan.steps:
        changed, said = _look(step, runbook, now, people_of)
        steps.append(changed)
        words += said
    return replace(plan, steps=tuple(steps)), words


def _look(
    step: Step, runbook: Runbook, now: datetime, people_of: Callable[[str], frozenset[str]]
) -> tuple[Step, list[Word]]:
    if step.done_at or step.kind == "evidence":
        return step, []
    if step.missed_at is None and step.due <= now:
        had = people_of(OWNER)
        late = replace(step, missed_at=step.due, reminded=True)
        after, handed = _hand_on(late, runbook, now, people_of, had)
        return after, [Word(late, "late", had), *handed]
    if step.hand_on_at is not None and step.hand_on_at <= now:
        return _hand_on(step, runbook, now, people_of, people_of(holder_of(step)))
    if not step.reminded and remind_at(step, runbook) <= now:
        return replace(step, reminded=True), [Word(step, "remind", people_of(OWNER))]
    return step, []


def _hand_on(
    step: Step, runbook: Runbook, now: datetime, people_of: Callable[[str], frozenset[str]], had: frozenset[str]
) -> tuple[Step, list[Word]]:  # fmt: skip
    """Give it to the next role of HAND_ON that brings somebody new; the last one is everyone, a business day apart."""
    start = max(step.holder, HAND_ON.index(OWNER)) + 1
    for place in range(start, len(HAND_ON)):
        people, last = people_of(HAND_ON[place]), place == len(HAND_ON) - 1
        if people - had or last:
            again = None if last else next_business_day(now, runbook.organization.business_hours)
            after = replace(step, holder=place, hand_on_at=again)
            return after, [Word(after, "handed", people - had or people, HAND_ON[place])]
    return replace(step, hand_on_at=None), []


def holder_of(step: Step) -> str:
    """The role that has it now."""
    return OWNER if step.holder < 0 else HAND_ON[step.holder]


def wake_at(plan: Plan, runbook: Runbook) -> datetime | None:
    """The next instant at which something of it is due, or None."""
    if plan.over:
        return None
    return min((at for step in plan.steps for at in _instants(step, runbook)), default=None)


def _instants(step: Step, runbook: Runbook) -> Iterable[datetime]:
    if step.done_at:
        return
    if step.missed_at is None:
        yield step.due
        if not step.reminded and step.kind != "evidence":
            yield remind_at(step, runbook)
    if step.hand_on_at:
        yield step.hand_on_at


# --------------------------------------------------------------------------------------------- what people do


def tick(plan: Plan, id_: str, by: str, now: datetime) -> Plan:
    """Say that a step is done. Saying it again changes nothing. Raises Refused: 404, 409."""
    step = plan.step(id_)
    if step.done_at:
        return plan
    if plan.over:
        raise Refused(f"nothing of this is waited for any more: {plan.over}")
    if step.kind == "meeting" and plan.meeting_at and now < plan.meeting_at:
        raise Refused(f"the review is at {utc_words(plan.meeting_at)}; move it first when it was held sooner")
    return _with(plan, replace(step, done_at=now, done_by=by, hand_on_at=None))


def _with(plan: Plan, step: Step) -> Plan:
    return replace(plan, steps=tuple(step if one.id == step.id else one for one in plan.steps))


def collected(plan: Plan, step: Step, now: datetime) -> Plan:
    """The evidence is there."""
    return _with(plan, replace(step, done_at=now, done_by=SYSTEM))


def move(plan: Plan, runbook: Runbook, at: datetime, now: datetime) -> Plan:
    """Put the review to another time; what comes after it moves along. Raises Refused: 409, 422."""
    held = next((step for step in plan.steps if step.kind == "meeting" and step.done_at), None)
    if plan.over or held:
        raise Refused(f"the review cannot be moved: {plan.over or 'it was held'}")
    if at <= now:
        raise Refused(f"{utc_words(at)} is in the past; it is {utc_words(now)}", 422)
    if at > now + MOVE_AHEAD:
        raise Refused(f"{utc_words(at)} is more than {MOVE_AHEAD.days} days away", 422)
    if at == plan.meeting_at:
        return plan
    moved = replace(plan, meeting_at=at, sequence=plan.sequence + 1)
    steps = tuple(_put_off(step, at, runbook) if step.kind == "meeting" else step for step in plan.steps)
    later = _in_turn(steps, moved, runbook)
    return replace(moved, steps=tuple(
        step if step.due == was.due else replace(step, missed_at=None, holder=-1, hand_on_at=None, reminded=False)
        for step, was in zip(later, steps, strict=True)
    ))  # fmt: skip


def _put_off(step: Step, at: datetime, runbook: Runbook) -> Step:
    return replace(step, due=_end_of(at, runbook), missed_at=None, holder=-1, hand_on_at=None, reminded=False)


def drop(plan: Plan, by: str, now: datetime) -> Plan:
    """Hold no review: whoever was invited hears it, and the step counts as over. Raises Refused: 409."""
    if plan.meeting_at is None:
        return plan
    step = meeting_step(plan)
    if plan.over or (step and step.done_at):
        raise Refused(f"the review cannot be dropped: {plan.over or 'it was held'}")
    dropped = replace(plan, meeting_at=None, sequence=plan.sequence + 1)
    return _with(dropped, replace(step, done_at=now, done_by=by, hand_on_at=None)) if step else dropped


def end(plan: Plan, why: str) -> Plan:
    """Wait for nothing of it any more: the incident was reopened. Its review, if not held yet, is called off."""
    if plan.over:
        return plan
    held = any(step.kind == "meeting" and step.done_at for step in plan.steps)
    if held or plan.meeting_at is None:
        return replace(plan, over=why)
    return replace(plan, over=why, meeting_at=None, sequence=plan.sequence + 1)


def again(plan: Plan, fresh: Plan) -> Plan:
    """The week of an incident that ended once more: calendars must see the numbers rise."""
    return replace(fresh, sequence=plan.sequence + 1, told=plan.told, invited=plan.invited, last_at=plan.last_at)


def meeting_step(plan: Plan) -> Step | None:
    """The step by which the review is held, or None where the schedule names none."""
    return next((step for step in plan.steps if step.kind == "meeting"), None)


def uid(state: Incident) -> str:
    """The id that calendars know the review of an incident by; `declared_ms` reads the instant in it again."""
    return f"postmortem-{uuid7(state.declared_at, 'review', state.number)}@tocsin"


def declared_ms(uid: str) -> int | None:
    """When the incident of a review was declared, in milliseconds since 1970; None for an id that is not ours."""
    found = _UID.fullmatch(uid)
    return int(found[1] + found[2], 16) if found else None


def guests(state: Incident, runbook: Runbook) -> tuple[str, ...]:
    """Who is asked to come: the commander, who has another role, who had it in hand, and the team's lead."""
    lead = runbook.lead_of(state.service)
    found = [state.commander, *state.roles.values(), state.acknowledged_by, state.answered_by, *state.have_it, lead]
    return tuple(dict.fromkeys(person for person in found if person in runbook.people))


# --------------------------------------------------------------------------------------------- on the timeline


def planned(draft: Draft, event: ReviewPlanned) -> None:
    """The review is at another time than was said."""
    at = instant_text(event.at)
    if draft.state.review_at == event.at:
        return
    draft.add("review_scheduled", event.by, at=at, reason=event.reason or None)


def came(draft: Draft, event: StepCame) -> None:
    """A step was done, is late, or was handed on."""
    duty, people = f"postmortem {event.step}", list(event.people)
    match event.what:
        case "done":
            draft.add("checked", event.by, duty=duty)
        case "late":
            draft.add("duty_missed", SYSTEM, duty=duty, title=event.title, owner=OWNER,
                      deadline=instant_text(event.due), people=people)  # fmt: skip
        case "handed":
            draft.add("handed_on", SYSTEM, duty=duty, to=event.to, people=people)
        case _:
            draft.add("note", SYSTEM, text=event.title)


def published(draft: Draft, event: PostmortemPublished) -> None:
    """The document is published, in one of its versions."""
    data: dict[str, Any] = {"version": event.version, "path": event.path, "sha256": event.sha256}
    draft.add("postmortem_published", event.by, **data)
