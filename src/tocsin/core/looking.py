"""The run of a diagnosis: it begins, findings come in, and when all are in, or its time is over, it is assessed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from tocsin.core.changes import needs_of
from tocsin.core.diagnosis import (
    INSIDE,
    KEPT,
    OWN,
    Diagnosis,
    Finding,
    assessment,
    cause_json,
    headline,
    likely,
    strength,
    to_data,
)
from tocsin.core.draft import OPENS_ROOM, Draft, refuse_closed
from tocsin.core.events import LookAgain, Looked
from tocsin.core.incident import Incident
from tocsin.core.types import SYSTEM, LookAt, Tell, instant_text

RUN: Final = timedelta(seconds=30)  # after which nobody waits, and nothing is looked at any more
LATE: Final = timedelta(seconds=15)  # nobody worked at the end of a run: it is begun anew, as nothing was looked at
SOURCE: Final = "diagnosis"  # of the facts that are no finding themselves: a beginning, an assessment


def diagnose(draft: Draft) -> None:
    """Look once, when a duty asks for it."""
    if not draft.state.diagnosis.run:
        _begin(draft, SYSTEM)


def look_again(draft: Draft, event: LookAgain) -> None:
    """Look at everything anew; while a run goes on this does nothing."""
    refuse_closed(draft)
    diagnosis = draft.state.diagnosis
    if not diagnosis.running or (diagnosis.until and diagnosis.until <= draft.now):
        _begin(draft, event.by)


def _begin(draft: Draft, by: str) -> None:
    run, until, tools = draft.state.diagnosis.run + 1, draft.now + RUN, draft.around.tools
    looking = (INSIDE, *(tool.name for tool in tools if not tool.why_not))
    titles = {tool.name: tool.title for tool in tools}
    said = ", ".join(titles[name] for name in looking[1:])
    named = [name for name in draft.runbook.diagnose if name in titles or name in OWN]
    draft.add(
        "finding_added", by, source=SOURCE, ok=True, run=run, until=instant_text(until), looking=list(looking),
        text=f"Looking at Tocsin's own records{f', {said}' if said else ''}", titles=titles,
        order=list(dict.fromkeys((*named, *titles, *OWN))),
    )  # fmt: skip
    draft.effects.append(LookAt(run, looking, until))
    for tool in tools:
        if tool.why_not:
            _keep(draft, tool.name, [Finding(tool.name, f"{tool.title}: {tool.why_not}", ok=False, failed=True)])


def looked(draft: Draft, event: Looked) -> None:
    """A look came back. What comes after the assessment is kept, too; of a run that is over, or twice, nothing."""
    diagnosis = draft.state.diagnosis
    expected = event.source in diagnosis.waiting or event.source in diagnosis.unanswered
    if event.run != diagnosis.run or not expected or not draft.state.is_open:
        return
    _keep(draft, event.source, event.findings)
    if not draft.state.diagnosis.waiting and draft.state.diagnosis.assessed_at is None:
        _assess(draft)


def run_out(draft: Draft) -> None:
    """The time of a run is over: say what did not answer, and assess what is known."""
    diagnosis = draft.state.diagnosis
    if not diagnosis.running or diagnosis.until is None or draft.now < diagnosis.until:
        return
    if draft.now >= diagnosis.until + LATE:
        _begin(draft, SYSTEM)
        return
    for source in diagnosis.waiting:
        text = f"{_title(diagnosis, source)} could not be looked at: no answer within {RUN.seconds} seconds"
        _keep(draft, source, [Finding(source, text, ok=False, failed=True)], unanswered=True)
    _assess(draft)


def due(state: Incident) -> Iterable[datetime]:
    """When the run that goes on ends."""
    if state.is_open and state.diagnosis.running and state.diagnosis.until:
        yield state.diagnosis.until


def _title(diagnosis: Diagnosis, source: str) -> str:
    return "Tocsin's own records" if source == INSIDE else diagnosis.title_of(source)


def _keep(draft: Draft, tool: str, findings: Sequence[Finding], *, unanswered: bool = False) -> None:
    """Record what one look found: of each source a few findings, each judged in the light of this incident."""
    state = draft.state
    needs = needs_of(draft.runbook, state.service)
    parts: dict[str, int] = {}
    for found in findings:
        part = parts.setdefault(found.source, 0)
        parts[found.source] += 1
        if part >= KEPT:
            continue
        score = strength(found, state.service, needs, state.declared_at)
        judged = replace(found, score=score, run=state.diagnosis.run)
        draft.add(
            "finding_added", SYSTEM, **to_data(judged), tool=tool, part=part or None, unanswered=unanswered or None
        )


def _assess(draft: Draft) -> None:
    """Put the findings before whoever leads: once for each run, the likely cause first."""
    state, diagnosis = draft.state, draft.state.diagnosis
    causes = likely([f for f in diagnosis.findings if f.run == diagnosis.run], state.declared_at)
    draft.add(
        "finding_added", SYSTEM, source=SOURCE, text=headline(causes, diagnosis), ok=not causes, run=diagnosis.run,
        causes=[cause_json(cause) for cause in causes],
    )  # fmt: skip
    text = f"{assessment(state.name, draft.state.diagnosis, causes, offers(draft))}\n\n{draft.around.link}"
    title, key = f"[{state.severity}] {state.name}: what was found", f"assessment:{diagnosis.run}"
    if channel := _room(draft):
        draft.effects.append(Tell(key, title, text, channel=channel, room=True, plain=True, urgent=True))
        return
    for person in sorted(draft.people_of("commander")):
        tell = Tell(f"{key}:{person}", title, text, person=person, urgent=state.urgency == "high")
        draft.effects.append(tell)


def offers(draft: Draft) -> Mapping[str, Sequence[str]]:
    """What the protocol offers against each kind of cause."""
    protocol = draft.runbook.protocols.get(draft.state.protocol)
    return {kind: mitigation.do for kind, mitigation in protocol.mitigations.items()} if protocol else {}


def _room(draft: Draft) -> str:
    """The channel of the war room that is there, or will be; empty where the incident's page is the room."""
    state, room = draft.state, draft.runbook.war_room
    if state.room and state.room.channel:
        return state.room.channel
    opens = any(OPENS_ROOM in duty.run for duty in state.duties)
    return room.in_ if room and opens and draft.around.room_channel else ""
