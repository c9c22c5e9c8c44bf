"""The week after an incident: planned, invited to, told of when late; evidence kept; moved and ticked by people."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

import structlog

from tocsin import calendar_out
from tocsin.core import action_items as items
from tocsin.core import attendance, delivery, postmortem, review
from tocsin.core.calendar import utc_words, words
from tocsin.core.events import ReviewPlanned, StepCame
from tocsin.core.incident import Incident
from tocsin.core.review import Plan, Word
from tocsin.core.runbook import Runbook
from tocsin.core.types import SYSTEM, Refused, incident_name
from tocsin.store import action_items, incidents, people, postmortems, queue, watch
from tocsin.store import attendance as heard
from tocsin.store import reviews as store
from tocsin.store.db import Busy, Tx
from tocsin.usecases import evidence, rescue, respond
from tocsin.usecases.configure import Setup, in_force, incident_link, who
from tocsin.usecases.evidence import Bundle

AT_ONCE: Final = 20  # weeks that are looked at in one transaction
PUT_OFF: Final = timedelta(hours=1)  # one that raised is looked at again then
ITEMS_TOLD: Final = 20  # open action items in one message
ANSWERED: Final = "Answer in your calendar: accept, decline, or propose another time. What it says stands on that page."
UNANSWERED: Final = "What your calendar answers is not read. If the time does not suit, move it on that page."

Bundles: TypeAlias = Mapping[int, Bundle | None]

log = structlog.get_logger("tocsin.worker")


# --------------------------------------------------------------------------------------------- what is due


def gather(tx: Tx, setup: Setup) -> Bundles:
    """Pack the evidence that is due: apart from `run`, so that nobody's write waits for it. None: it raised."""
    found: dict[int, Bundle | None] = {}
    for number in store.due(tx, AT_ONCE):
        try:
            plan = store.get(tx, number)
            if plan and not plan.over and review.due_evidence(plan, tx.now):
                found[number] = evidence.bundle(tx, setup, number)
        except Busy:
            raise
        except Exception as error:  # noqa: BLE001 - said, and `run` puts it off: the other looks do not wait for it
            _log("evidence_not_packed", number, error)
            found[number] = None
    return found


def run(tx: Tx, setup: Setup, bundles: Bundles) -> None:
    """Take the look at the weeks that are due. One that raises is put off alone."""
    if not store.is_due(tx):
        return
    for number in store.due(tx, AT_ONCE):
        try:
            with tx.apart():
                _take(tx, setup, number, bundles)
        except Busy:
            raise
        except Exception as error:  # noqa: BLE001 - said, and put off
            _log("review_raised", number, error)
            store.put_off(tx, number, tx.now + PUT_OFF)
    store.again(tx)


def _log(event: str, number: int, error: Exception) -> None:
    """Say where it was raised, in a line: a drawn-out one would keep the transaction open for seconds."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    log.error(event, incident=incident_name(number), why=repr(error)[:300], at=f"{last.filename}:{last.lineno}")


def _take(tx: Tx, setup: Setup, number: int, bundles: Bundles) -> None:
    _, runbook = in_force(tx, setup)
    state = incidents.load(tx, number, for_update=True).state
    plan = _current(store.get(tx, number, for_update=True), state, runbook)
    if plan is None:
        store.forget(tx, number)
        return
    step = None if plan.over else review.due_evidence(plan, tx.now)
    if step and (bundle := bundles.get(number)):
        plan, step = _keep(tx, setup, plan, step, bundle), None
    plan, said = review.look(plan, runbook, tx.now, people_of(tx, runbook, state))
    for word in said:
        _tell(tx, setup, runbook, state, plan, word)
    plan, doubted = attendance.doubt(plan, runbook, heard.of(tx, number) if plan.asked else (), tx.now)
    if doubted:
        _say_nobody_comes(tx, setup, runbook, state, plan)
    _kept(tx, setup, runbook, state, plan)
    if step:  # it became due after the look had read; or it could not be packed
        store.put_off(tx, number, tx.now + PUT_OFF if number in bundles else tx.now)


def _current(plan: Plan | None, state: Incident, runbook: Runbook) -> Plan | None:
    """The plan as it should be now: made when the incident ended, over when it goes on. Drills have none."""
    if state.is_open or state.resolved_at is None:
        return review.end(plan, f"{state.name} was reopened") if plan else None
    if state.drill or state.review_at is None:
        return None
    if plan and not plan.over and plan.begun_at == state.resolved_at:
        return plan
    fresh = review.begin(runbook, state.resolved_at, state.review_at)
    return review.again(plan, fresh) if plan else fresh


def _keep(tx: Tx, setup: Setup, plan: Plan, step: review.Step, bundle: Bundle) -> Plan:
    parts = [
        {"name": p.name, "items": p.items, "left_out": p.left_out, "sha256": p.sha256} for p in bundle.parts
    ]  # fmt: skip
    store.keep_evidence(tx, bundle.incident, bundle.sha256, parts, bundle.body)
    respond.act(tx, setup, bundle.incident, StepCame(SYSTEM, "said", step.id, bundle.sentence))
    return review.collected(plan, step, tx.now)


def _kept(tx: Tx, setup: Setup, runbook: Runbook, state: Incident, plan: Plan) -> None:
    """Keep a plan, and tell of the meeting whoever does not know yet how it is now."""
    if plan.told != plan.sequence:
        plan = _invite(tx, setup, runbook, state, plan)
    due = [at for at in (review.wake_at(plan, runbook), attendance.doubt_at(plan, runbook)) if at]
    store.put(tx, state.number, plan, min(due, default=None))


def people_of(tx: Tx, runbook: Runbook, state: Incident) -> Callable[[str], frozenset[str]]:
    """Who has a role; the person on call stands in for a commander whom the runbook does not know (any more)."""
    on_call = who(tx, runbook, state.service, tx.now)

    def of(role: str) -> frozenset[str]:
        if role != review.OWNER:
            return on_call(role)
        return frozenset({state.commander}) if state.commander in runbook.people else on_call("on_call")

    return of


# --------------------------------------------------------------------------------------------- what is told


def _tell(tx: Tx, setup: Setup, runbook: Runbook, state: Incident, plan: Plan, word: Word) -> None:
    """Put it on the timeline, unless it is a reminder, and tell each by their low urgency; nobody: the channel."""
    step, told = word.step, tuple(sorted(word.people))
    if word.what == "late":
        respond.act(tx, setup, state.number, StepCame(SYSTEM, "late", step.id, step.title, step.due, people=told))
    elif word.what == "handed":
        respond.act(tx, setup, state.number, StepCame(SYSTEM, "handed", step.id, to=word.role, people=told))
    title, text = _text(tx, setup, runbook, state, plan, word)
    key = f"review:{state.number}:{step.id}:{step.due.isoformat()}:{word.what}:{word.role}"
    for person in told:
        message(tx, setup, runbook, f"{key}:{person}", person, title, text, incident_link(setup, state.number))
    if not told:
        rescue.tell(tx, setup, key, title, text)


def _say_nobody_comes(tx: Tx, setup: Setup, runbook: Runbook, state: Incident, plan: Plan) -> None:
    """Tell whoever has the review that nobody has accepted it, while it can still be moved."""
    assert plan.meeting_at is not None
    step, known = review.meeting_step(plan), {one.person: one for one in heard.of(tx, state.number)}
    said = f"Nobody has accepted the review of {utc_words(plan.meeting_at)} yet"
    respond.act(tx, setup, state.number, StepCame(SYSTEM, "said", step.id if step else "meeting", said))
    lines = [f"{said}. It is at {when(plan.meeting_at, runbook)}."]
    for person in (one for one in plan.asked if one in runbook.people):
        answer = known[person].answer if person in known and known[person].counts(plan) else ""
        lines.append(f"- {runbook.people[person].name}: {answer or 'has not answered'}")
    lines.append("Ask them, or move it.")
    link, title = f"{incident_link(setup, state.number)}/postmortem", f"[{state.severity}] {state.name}: {said}"
    told = people_of(tx, runbook, state)(review.holder_of(step) if step else review.OWNER)
    key = f"review:{state.number}:attendance:{plan.sequence}:nobody"
    for person in sorted(told):
        message(tx, setup, runbook, f"{key}:{person}", person, title, "\n".join([*lines, link]), link)
    if not told:
        rescue.tell(tx, setup, key, title, "\n".join([*lines, link]))


def _text(tx: Tx, setup: Setup, runbook: Runbook, state: Incident, plan: Plan, word: Word) -> tuple[str, str]:
    step = word.step
    says = {"remind": f"Due {utc_words(step.due)}", "late": f"Late since {utc_words(step.due)}",
            "handed": f"This is now yours ({word.role.replace('_', ' ')})"}  # fmt: skip
    title = f"[{state.severity}] {state.name}: {says[word.what]}: {step.title}"
    lines = [f"{says[word.what]}: {step.title}", f"After {state.name}: {state.title}"]
    if step.kind == "meeting" and plan.meeting_at:
        lines += [f"The review is at {when(plan.meeting_at, runbook)}. Tick it when it was held, or move it."]
    if step.kind == "publish":
        row = postmortems.get(tx, state.number)
        left = len(postmortem.questions(row.text)) if row else 0
        lines += [f"The document has {left} open question{'' if left == 1 else 's'}."] if left else []
    if step.kind == "actions":
        lines += _open_items(tx, runbook, state.number)
    return title, "\n".join([*lines, f"{incident_link(setup, state.number)}/postmortem"])


def _open_items(tx: Tx, runbook: Runbook, number: int) -> list[str]:
    found = [item for item in action_items.of_incident(tx, number) if item.is_open]
    if not found:
        return ["No action item is open. Was anything agreed that nobody wrote down?"]
    lines = [f"- {item.title}: {items.name(runbook, item.owner)}, due {item.due}" for item in found[:ITEMS_TOLD]]
    more = len(found) - ITEMS_TOLD
    return ["Open action items:", *lines, *([f"and {more} more"] if more > 0 else [])]


def message(
    tx: Tx, setup: Setup, runbook: Runbook, key: str, person: str, title: str, text: str, link: str
) -> None:  # fmt: skip
    """Tell somebody by their way for low urgency, once for each key."""
    ways = delivery.to_person(runbook, setup.ways, person, "low", health=people.health(tx, person), at=tx.now)
    route = next(route for route in ways if not route.why_not)
    rescue.alarm(
        tx, key, route, title, text, link=link, urgent=False, person=person, after=route.after
    )  # fmt: skip


def when(at: datetime, runbook: Runbook) -> str:
    """Write an instant with its weekday, and as it reads in the organization's zone."""
    zone = runbook.organization.timezone
    there = "" if zone == "UTC" else f" ({at.astimezone(ZoneInfo(zone)):%a %Y-%m-%d %H:%M} {zone})"
    return f"{at:%a} {utc_words(at)}{there}"


# --------------------------------------------------------------------------------------------- invitations


def _invite(tx: Tx, setup: Setup, runbook: Runbook, state: Incident, plan: Plan) -> Plan:
    """
    Send the meeting as it is now to its guests, and that it is off to whoever was invited and is no guest any more.

    Who has no mail address, and everybody where no mail can be sent, hears of it by their way for low urgency.
    """
    guests = review.guests(state, runbook) if plan.meeting_at else ()
    for about in ("invite", "attendance"):
        watch.drop_alarms(tx, f"alarm:review:{state.number}:{about}:", "a later invitation takes its place")
    asked: list[str] = []
    at = plan.meeting_at or plan.last_at
    if at:
        for person in guests:
            if _ask(tx, setup, runbook, state, replace(plan, meeting_at=at), guests, person, cancel=False):
                asked.append(person)
        for person in (one for one in plan.invited if one not in guests and one in runbook.people):
            _ask(tx, setup, runbook, state, replace(plan, meeting_at=at), (person,), person, cancel=True)
    return replace(plan, told=plan.sequence, invited=guests, last_at=at, asked=tuple(asked), asked_at=tx.now)


def _ask(
    tx: Tx, setup: Setup, runbook: Runbook, state: Incident, plan: Plan, guests: Sequence[str], person: str, *,
    cancel: bool,
) -> bool:  # fmt: skip
    """Send it to one of them. Says whether their calendar can answer it."""
    replies_to = runbook.postmortems.meeting.replies_to
    at, link = plan.meeting_at or plan.begun_at, incident_link(setup, state.number)
    moved = plan.invited and person in plan.invited and not cancel
    kind = "Called off" if cancel else "Moved" if moved else "Invitation"
    title = f"{kind}: review of {state.name}, {when(at, runbook)}"
    route = _mail(setup, runbook, person)
    text = "\n".join([
        f"Blameless review of {state.name}: {state.title}",
        f"When: {when(at, runbook)}, {words(plan.length)}" + (" - called off" if cancel else ""),
        f"Who: {', '.join(runbook.people[one].name for one in guests)}",
        f"The document: {link}/postmortem",
        *(() if cancel else (ANSWERED if replies_to and route else UNANSWERED,)),
    ])  # fmt: skip
    key = f"review:{state.number}:invite:{plan.sequence}:{person}"
    if route is None:
        message(tx, setup, runbook, key, person, title, text, f"{link}/postmortem")
        return False
    meeting = calendar_out.Meeting(
        review.uid(state), plan.sequence, at, plan.length, f"Review of {state.name}: {state.title}", text,
        f"{link}/postmortem", replies_to or str(route.config["from"]),
        tuple((known.name, str(known.email)) for known in (runbook.people[one] for one in guests) if known.email),
        answers=bool(replies_to) and not cancel,
    )  # fmt: skip
    payload = {"title": title, "text": text, "link": f"{link}/postmortem", "kind": route.kind, "to": route.address,
               "invitation": calendar_out.invitation(meeting, tx.now, cancel=cancel),
               "reply_to": replies_to or ""}  # fmt: skip
    queue.put(
        tx, f"alarm:{key}", tx.now, kind="alarm", via=route.via, destination=route.destination, payload=payload,
        urgent=False, person=person,
    )  # fmt: skip
    return bool(replies_to)


def _mail(setup: Setup, runbook: Runbook, person: str) -> delivery.Route | None:
    """The way of a mail to a person: by the first channel that sends mail; None where there is none, or no address."""
    for name in runbook.channels:
        mail = runbook.channel(name)
        if mail and mail.kind == "smtp":
            route = delivery.way(runbook, setup.ways, person, name)
            if not route.why_not:
                return replace(route, config=mail.settings)
    return None


# --------------------------------------------------------------------------------------------- as people say


def move(tx: Tx, setup: Setup, number: int, by: str, at: datetime, reason: str = "") -> Plan:
    """Put the review to another time, and invite again. Raises Refused: 404, 409, 422."""
    return _change(tx, setup, number, lambda plan, runbook: review.move(plan, runbook, at, tx.now),
                   lambda plan: ReviewPlanned(by, at, reason))  # fmt: skip


def drop(tx: Tx, setup: Setup, number: int, by: str, reason: str) -> Plan:
    """Hold no review, for a reason: calendars take it out again. Raises Refused: 404, 409, 422."""
    if not reason.strip():
        raise Refused("why is no review held? Whoever reads it later must know", 422)
    said = StepCame(by, "said", "meeting", f"{by} called the review off: {reason.strip()}")
    return _change(tx, setup, number, lambda plan, _: review.drop(plan, by, tx.now), lambda _: said)


def tick(tx: Tx, setup: Setup, number: int, step: str, by: str) -> Plan:
    """Say that a step is done. Raises Refused: 404; 409: it comes by itself, by publishing, or later."""
    plan = _known(tx, number)
    kind = plan.step(step).kind
    if kind == "evidence":
        raise Refused("evidence is collected by itself")
    if kind == "publish" and not plan.step(step).done_at:
        raise Refused("this step is done by publishing the document")
    return done(tx, setup, number, step, by)


def done(tx: Tx, setup: Setup, number: int, step: str, by: str) -> Plan:
    """The same for a step that was done, however it came to be."""
    return _change(tx, setup, number, lambda plan, _: review.tick(plan, step, by, tx.now),
                   lambda _: StepCame(by, "done", step))  # fmt: skip


def _change(
    tx: Tx, setup: Setup, number: int, change: Callable[[Plan, Runbook], Plan],
    event: Callable[[Plan], ReviewPlanned | StepCame],
) -> Plan:  # fmt: skip
    _, runbook = in_force(tx, setup)
    store.hold(tx)
    state = incidents.load(tx, number, for_update=True).state
    plan = _known(tx, number)
    changed = change(plan, runbook)
    if changed == plan:
        store.again(tx)
        return plan
    respond.act(tx, setup, number, event(changed))
    _quiet(tx, number, plan, changed)
    _kept(tx, setup, runbook, state, changed)
    store.again(tx)
    return _known(tx, number)


def _quiet(tx: Tx, number: int, before: Plan, after: Plan) -> None:
    """What waits to be said of a step that is done, or due at another time, is not said."""
    for old, new in zip(before.steps, after.steps, strict=True):
        if old != new:
            watch.drop_alarms(tx, f"alarm:review:{number}:{old.id}:", "the step is done, or was put off")


def _known(tx: Tx, number: int) -> Plan:
    plan = store.get(tx, number, for_update=True)
    if plan is None:
        incidents.load(tx, number)  # 404 for an unknown one
        raise Refused(f"{incident_name(number)} has no review", 404)
    return plan


def local_time(text: str, runbook: Runbook) -> datetime:
    """
    Read `2026-11-25T10:00`, in the organization's zone, or an instant with its offset. Returns UTC.

    Raises Refused: 422.
    """
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise Refused(f"{text[:40]!r} is no time; write it as 2026-11-25T10:00", 422) from None
    zone = ZoneInfo("UTC")
    return (found if found.tzinfo else found.replace(tzinfo=ZoneInfo(runbook.organization.timezone))).astimezone(zone)
