"""Another severity while it is under way: protocol, clocks and pages follow; what was done stays done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tocsin.core import escalation, protocol, sla, statuspage
from tocsin.core.draft import Draft, refuse_closed
from tocsin.core.events import SetSeverity
from tocsin.core.incident import Duty, Incident, clocks_to_json, duty_to_json, walk_to_json
from tocsin.core.paging import page, walk_on
from tocsin.core.runbook import Runbook
from tocsin.core.sentences import name_of
from tocsin.core.triage import worse
from tocsin.core.types import SYSTEM, Json, Refused, StopPaging, Tell, instant_text


def set_severity(draft: Draft, event: SetSeverity) -> None:
    """Change the severity, or confirm it by saying the same."""
    refuse_closed(draft)
    state = draft.state
    if event.severity not in draft.runbook.severities:
        known = ", ".join(draft.runbook.severities)
        raise Refused(f"no severity {event.severity!r}; the runbook has {known}", 422)
    if event.was not in (None, state.severity, "") and event.severity != state.severity:
        raise Refused(
            f"the severity of {state.name} is {state.severity} by now ({state.rule}), not {event.was} as you saw it; "
            f"nothing was changed. If it is still wrong, change it again"
        )
    if event.severity != state.severity:
        _change(draft, event)
    elif state.confirmed != event.severity:
        draft.add("severity_confirmed", event.by, severity=event.severity, reason=event.reason or None)


def _change(draft: Draft, event: SetSeverity) -> None:
    """Move to another severity: no new deadline lies in the past, and those counted anew are named."""
    before, runbook, now = draft.state, draft.runbook, draft.now
    rule = runbook.severities[event.severity]
    name, policy = runbook.policy_for(before.service)
    rests = before.walk is None or before.urgency == "none"  # a walk that rested would take all its steps at once
    begins = rests and bool(rule.page) and bool(policy.steps)
    duties, aside, anew = _duties(draft, rule.protocol)
    clocks = sla.moved(before.clocks, runbook, event.severity, now)
    late = [c for c, old in zip(clocks, before.clocks, strict=True) if c.start != old.start]
    draft.add(
        "severity_changed", event.by, **{"from": before.severity}, severity=event.severity, reason=event.reason or None,
        urgency=rule.urgency, protocol=rule.protocol, duties=[duty_to_json(duty) for duty in duties],
        public=statuspage.opens(runbook, event.severity) or None,
        walk=walk_to_json(escalation.begin(name, policy, now)) if begins else None,
        set_aside=[duty_to_json(duty) for duty in aside] or None, clocks=clocks_to_json(clocks) or None,
        anew=[*_named(duties, anew), *({"title": c.which, "due_at": instant_text(c.due)} for c in late)] or None,
    )  # fmt: skip
    if event.by != SYSTEM:
        draft.add("severity_confirmed", event.by, severity=event.severity)
    ended = _end_pages(draft, before)
    _page(draft, before, event.by)
    _tell(draft, before, event, ended)


def _named(duties: Iterable[Duty], ids: Iterable[str]) -> list[Json]:
    return [{"title": d.title, "due_at": instant_text(d.deadline)} for d in duties if d.id in ids and d.deadline]


def _duties(draft: Draft, name: str) -> tuple[tuple[Duty, ...], tuple[Duty, ...], tuple[str, ...]]:
    """The duties of the protocol *name*, those set aside with what became of them, and the ids counted anew."""
    state = draft.state
    if name == state.protocol:
        return state.duties, state.set_aside, ()
    had = (*state.set_aside, *state.duties)
    rules = draft.runbook.protocols[name].duties
    duties, anew = protocol.carried(rules, had, state.seen, state.declared_at, draft.now, draft.runbook)
    known = {duty.id for duty in duties}
    told = [d for d in had if d.id not in known and (d.done_at or d.missed_at or d.rounds_done)]
    return duties, tuple({duty.id: duty for duty in told}.values()), anew


# --------------------------------------------------------------------------------------------- pages


def _wanted(draft: Draft, severity: str) -> Mapping[str, str]:
    """Whom a severity pages now, each with the first target that names them."""
    found: dict[str, str] = {}
    for target in draft.runbook.severities[severity].page:
        for person in sorted(draft.around.who(target)):
            found.setdefault(person, target)
    return found


def _end_pages(draft: Draft, before: Incident) -> frozenset[str]:
    """End the pages that the severity does not need, or not with that urgency; returns whose pages ended for good."""
    state = draft.state
    if state.by_hand:
        return frozenset()
    needed = frozenset[str]()
    if state.urgency != "none":
        needed = frozenset(_wanted(draft, state.severity)) | (frozenset() if state.answered else _climbed(state, draft))
    gone = [person for person in state.paging if person not in needed]
    louder = [p for p in state.paging if p in needed and state.urgency != before.urgency]
    for person in (*gone, *louder):
        why = f"the severity is {state.severity} now" + ("" if person in gone else ", and pages with another urgency")
        draft.add("page_moot", SYSTEM, person=person, reason=f"paged as {before.severity}", why=why, ended=True)
        draft.effects.append(StopPaging(why, only=person))
    for person in louder:
        target = _wanted(draft, state.severity).get(person)
        names = (target,) if target else _climbed_targets(state)
        page(draft, person, f"{state.severity}, as {before.severity} was changed", names)
    return frozenset(gone)


def _climbed_targets(state: Incident) -> tuple[str, ...]:
    """The targets of the steps that the policy took so far."""
    if state.walk is None:
        return ()
    return tuple(dict.fromkeys(t for step in state.walk.steps[: state.walk.taken] for t in step.targets))


def _climbed(state: Incident, draft: Draft) -> frozenset[str]:
    return frozenset[str]().union(*map(draft.around.who, _climbed_targets(state)))


def _page(draft: Draft, before: Incident, by: str) -> None:
    """
    Page whom the severity needs and the one before did not.

    Where somebody has it, a louder severity also pages those whom the one before named, but not who has it.
    """
    state = draft.state
    if state.urgency == "none" or state.by_hand:
        return
    wanted = _wanted(draft, state.severity)
    asked = set(state.paging)
    if state.answered:
        asked |= {*state.have_it, state.commander or "", state.answered_by or "", by}
        if state.urgency == before.urgency or not worse(state.severity, before.severity, draft.runbook.severities):
            asked |= set(_wanted(draft, before.severity))
    for person, target in wanted.items():
        if person not in asked:
            page(draft, person, f"{state.severity} pages {target}", (target,))
    if not state.answered:
        walk_on(draft)


# --------------------------------------------------------------------------------------------- who is told


def _tell(draft: Draft, before: Incident, event: SetSeverity, ended: frozenset[str]) -> None:
    """Tell the alerts channel and the room, who has a role or has it, and whose page ended; who is paged knows."""
    state, names = draft.state, _names(draft.runbook)
    quiet = state.urgency == "none"
    if before.urgency == "none" and not quiet:
        draft.tell("initial_alert")
    text = (
        f"{state.name} is {state.severity} now, it was {before.severity}: {state.title}\n"
        f"Changed by {name_of(event.by, names)}{f': {event.reason}' if event.reason else ''}\n{draft.around.link}"
    )
    title = f"[{state.severity}] {state.name} is {state.severity} now, it was {before.severity}"
    key, urgent = f"severity:{draft.now.isoformat()}", state.urgency == "high"
    if before.urgency != "none" and "alerts" in draft.runbook.channels:
        draft.effects.append(Tell(f"{key}:alerts", title, text, channel="alerts", urgent=urgent))
        if state.room and state.room.channel and state.room.thread:
            draft.effects.append(Tell(f"{key}:room", title, text, channel=state.room.channel, room=True, urgent=urgent))
    lead = {*state.roles.values(), *state.have_it, *ended}
    told = (lead & set(draft.runbook.people)) - {event.by, *state.paging}
    for person in sorted(told):
        more = "\nYou are not needed for it any more: your page ended." if person in ended else ""
        draft.effects.append(Tell(f"{key}:{person}", title, text + more, person=person, urgent=urgent))


def _names(runbook: Runbook) -> dict[str, str]:
    return {id_: person.name for id_, person in runbook.people.items()}
