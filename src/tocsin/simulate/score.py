"""What a drill has shown: duties kept and missed, how fast somebody answered, the gaps, and what to change for each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from tocsin.core.calendar import words
from tocsin.core.types import Json
from tocsin.simulate.scenario import Scenario

FAILED: Final = ("retry", "reject", "failed", "no_receipt")  # verdicts of a try that did not arrive
SOON: Final = timedelta(minutes=5)  # who has not answered an urgent page by then did not hear it
KEYS: Final[Mapping[str, str]] = {  # of readiness findings: which key of the runbook to look at; {} is their subject
    "unreachable": "people.{}.notify", "contact_broken": "people.{}", "schedule_gap": "schedules.{}",
    "ends_with_nobody": "escalation_policies.{}.steps", "same_person": "schedules", "step_not_reached":
    "escalation_policies.{}.steps",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Seen:
    """A drill's incident as the API shows it: itself, its pages (oldest first) and its timeline."""

    incident: Mapping[str, Any]
    pages: Sequence[Mapping[str, Any]] = ()
    timeline: Sequence[Mapping[str, Any]] = ()
    findings: Sequence[Mapping[str, Any]] = ()  # readiness
    respond_within: timedelta | None = None
    names: Mapping[str, str] = field(default_factory=dict)  # person to name
    protocol: str = ""

    def name(self, person: str) -> str:
        return self.names.get(person, person)


@dataclass(frozen=True, slots=True)
class DutyScore:
    """One duty: kept, missed, or open when the drill ended. `by_seconds`: how much too late, where it was done late."""

    id: str
    title: str
    result: str
    text: str
    by_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that went wrong or nearly did, the key of the runbook it is about, and what to change."""

    kind: str
    subject: str
    text: str
    key: str
    next: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """What was left out of the story, and why. Without *what* the reason says it all."""

    why: str
    what: str = ""

    @property
    def text(self) -> str:
        return f"{self.why}, so {self.what} did not happen" if self.what else self.why


@dataclass(frozen=True, slots=True)
class Score:
    """The whole result of a drill."""

    incident: str
    severity: str
    title: str
    lesson: str
    duties: tuple[DutyScore, ...]
    acknowledged_after: float | None  # seconds
    acknowledged_by: str | None
    respond_within: float | None  # seconds
    first_update_after: float | None  # seconds
    gaps: tuple[Gap, ...]
    resolved: bool

    def having(self, result: str) -> list[str]:
        return [duty.id for duty in self.duties if duty.result == result]


def instant(text: str | None) -> datetime | None:
    """Read an instant of the API."""
    return datetime.fromisoformat(text) if text else None


def _since(seen: Seen, text: str | None) -> float | None:
    at, begun = instant(text), instant(seen.incident["declared_at"])
    return (at - begun).total_seconds() if at and begun else None


def score(seen: Seen, scenario: Scenario | None, skipped: Sequence[Skipped] = ()) -> Score:
    """Score a drill. *skipped* is what did not happen of the story, because nobody was there to do it."""
    incident = seen.incident
    duties = tuple(_duty(duty, seen) for duty in incident["duties"])
    update = next((e["at"] for e in seen.timeline if e["kind"] == "update_posted"), None)
    after = _since(seen, incident["acknowledged_at"])
    within = seen.respond_within.total_seconds() if seen.respond_within else None
    by = incident.get("acknowledged_by")
    found = Score(
        incident["id"], incident["severity"], incident["title"], scenario.lesson.strip() if scenario else "",
        duties, after, seen.name(by) if by else None, within, _since(seen, update), (), bool(incident["resolved_at"]),
    )  # fmt: skip
    gaps = [*_answer(seen, found), *_ways(seen), *_silent(seen), *_duty_gaps(seen, found), *_readiness(seen)]
    gaps += _not_done(skipped)
    gaps += _unexpected(scenario, seen, found) if scenario else ()
    unique = tuple(dict.fromkeys(gaps))
    return Score(**{name: getattr(found, name) for name in Score.__slots__ if name != "gaps"}, gaps=unique)


def to_json(found: Score, **more: Json) -> dict[str, Json]:
    """The result as `--json` prints it."""
    return {
        "incident": found.incident, "duties_kept": found.having("kept"), "duties_missed": found.having("missed"),
        "acknowledged_after_seconds": found.acknowledged_after,
        "findings": [asdict(gap) for gap in found.gaps], "duties_open": found.having("open"),
        "duties": [asdict(duty) for duty in found.duties], "acknowledged_by": found.acknowledged_by,
        "respond_within_seconds": found.respond_within, "first_update_after_seconds": found.first_update_after,
        "resolved": found.resolved, "severity": found.severity, "title": found.title, "drill": True, **more,
    }  # fmt: skip


# --------------------------------------------------------------------------------------------- duties


def _duty(duty: Mapping[str, Any], seen: Seen) -> DutyScore:
    missed, done, due = duty["rounds_missed"], instant(duty["done_at"]), instant(duty["due_at"])
    if duty["every_seconds"]:
        rounds = f"{duty['rounds_done']} in time, {missed} missed"
        result = "missed" if missed else "kept" if duty["rounds_done"] or done else "open"
        return DutyScore(duty["id"], duty["title"], result, rounds if result != "open" else "none was due")
    if duty["not_needed"]:
        return DutyScore(duty["id"], duty["title"], "open", "not needed any more")
    if done and duty["late"]:
        late = (done - due).total_seconds() if due else None
        how = f"done, but {words(done - due)} too late" if due else "done late"
        return DutyScore(duty["id"], duty["title"], "missed", how, late)
    if done:
        left = f"{words(due - done)} before its time" if due and due >= done else "done"
        return DutyScore(duty["id"], duty["title"], "kept", left)
    if duty["state"] == "missed" or duty["missed_at"]:
        return DutyScore(duty["id"], duty["title"], "missed", "never done")
    return DutyScore(duty["id"], duty["title"], "open", "its time was not over when the drill ended")


def _duty_gaps(seen: Seen, found: Score) -> Iterator[Gap]:
    for duty in found.duties:
        if duty.result != "missed":
            continue
        key = f"protocols.{seen.protocol or found.severity}.duties.{duty.id}"
        advice = (
            "Give the communications to somebody beside the commander, so that one person only writes."
            if "update" in duty.id
            else "Say beforehand who does it and how; or give it the time that it really takes."
        )
        yield Gap("duty_missed", duty.id, f"{duty.title}: {duty.text}", key, advice)


# --------------------------------------------------------------------------------------------- answers and ways


def _answer(seen: Seen, found: Score) -> Iterator[Gap]:
    key = "escalation_policies"
    if not seen.pages:
        return
    if found.acknowledged_after is None:
        people = {page["person"] for page in seen.pages}
        if len(people) == 1:
            alone = seen.name(*people)
            text = f"nobody acknowledged {found.incident}: only {alone} was paged"
            advice = f"Add somebody who is paged when {alone} sleeps."
            yield Gap("nobody_answered", found.severity, text, "people", advice)
            return
        yield Gap("nobody_answered", found.severity, f"nobody acknowledged {found.incident}", key,
                  "Let the last step page everyone, and repeat it.")  # fmt: skip
    elif found.respond_within and found.acknowledged_after > found.respond_within:
        late = words(timedelta(seconds=found.acknowledged_after - found.respond_within))
        yield Gap("answered_late", found.severity, f"acknowledged {late} after respond_within", key,
                  "Shorten the waits (after) of the first steps, so that more people are paged in time.")  # fmt: skip


def _ways(seen: Seen) -> Iterator[Gap]:
    """The ways that failed, and what saved the page."""
    told: set[tuple[str, str]] = set()
    for page in seen.pages:
        person = page["person"]
        for place, attempt in enumerate(page["attempts"]):
            if attempt["verdict"] == "skipped" and (person, attempt["via"]) not in told:
                told.add((person, attempt["via"]))
                text = f"{attempt['via']} could not be used for {seen.name(person)}: {attempt['why']}"
                advice = "Set it up, or take it out of the rules."
                yield Gap("way_missing", person, text, f"people.{person}.notify", advice)
            if attempt["verdict"] not in FAILED or (person, attempt["via"]) in told:
                continue
            told.add((person, attempt["via"]))
            yield _failed(seen, page, place)


def _failed(seen: Seen, page: Mapping[str, Any], place: int) -> Gap:
    attempt, person = page["attempts"][place], page["person"]
    at = instant(attempt["at"])
    saved = next((a for a in page["attempts"][place + 1 :] if a["verdict"] == "delivered"), None)
    text = f"{attempt['via']} did not reach {seen.name(person)} ({attempt['why'] or 'no reason given'})"
    saved_at = instant(saved["at"]) if saved else None
    if saved and saved_at and at and saved["via"] == attempt["via"]:
        text += f"; it did {words(saved_at - at)} later"
        advice = "Nothing, if that was soon enough: else give them a second way over another provider."
    elif saved and saved_at and at:
        text += f"; {saved['via']} did, {words(saved_at - at)} later"
        advice = "Nothing: the next way stood in. Look whether it could come sooner."
    else:
        text += "; nothing else did"
        advice = "Give them a second way over another provider (sms, call, email), or the channel a backup."
    return Gap("way_failed", person, text, f"people.{person}.notify", advice)


def _silent(seen: Seen) -> Iterator[Gap]:
    """Who was reached and never answered, though nobody else had it yet, and what their silence has shown."""
    answered = {e["actor"] for e in seen.timeline if e["kind"] == "acknowledged"}
    answered |= set(seen.incident.get("passed_on") or ())
    answered |= {
        p["person"] for p in seen.pages if p["state"] == "acknowledged" or "cannot take it" in (p["why"] or "")
    }
    first = instant(seen.incident["acknowledged_at"])
    asked: dict[str, datetime] = {}
    urgent = any(page["urgency"] == "high" for page in seen.pages)
    patience = SOON if urgent else seen.respond_within or SOON
    for page in seen.pages:
        if page["state"] != "failed" and any(a["verdict"] == "delivered" for a in page["attempts"]):
            at = instant(page["requested_at"])
            if at and page["person"] not in answered:
                asked[page["person"]] = min(at, asked.get(page["person"], at))
    for person, at in asked.items():
        waited = (first - at) if first else None
        if waited is not None and waited < patience:
            continue
        for_ = f" for {words(waited)}, until somebody else did" if waited else ""
        text = f"{seen.name(person)} was paged and did not answer{for_}"
        advice = "Ask why; put a call after the first message, with a shorter wait."
        yield Gap("silent", person, text, f"people.{person}.notify", advice)
        for finding in seen.findings:
            if finding["kind"] == "same_person" and finding["text"].startswith(f"{seen.name(person)} "):
                yield _of_finding(finding)


# --------------------------------------------------------------------------------------------- readiness, the story


def _readiness(seen: Seen) -> Iterator[Gap]:
    """What `tocsin check` knows already, as far as it concerns who and what was used here."""
    people = {page["person"] for page in seen.pages}
    unanswered = seen.incident["acknowledged_at"] is None
    for finding in seen.findings:
        kind, subject = finding["kind"], finding["subject"]
        of_whom = kind in ("unreachable", "contact_broken") and subject in people
        if of_whom or kind == "schedule_gap" or (kind in ("ends_with_nobody", "step_not_reached") and unanswered):
            yield _of_finding(finding)


def _of_finding(finding: Mapping[str, Any]) -> Gap:
    kind, subject = finding["kind"], finding["subject"]
    return Gap(kind, subject, finding["text"], KEYS[kind].format(subject), finding["next"])


def _not_done(skipped: Sequence[Skipped]) -> Iterator[Gap]:
    """What was left out of the story: one gap for each reason, however much was left out for it."""
    left: dict[str, list[str]] = {}
    for one in skipped:
        left.setdefault(one.why, []).append(one.what)
    for why, what in left.items():
        text = f"{why}, so this did not happen: {', '.join(what)}" if len(what) > 1 else Skipped(why, *what).text
        yield Gap("not_done", "story", text, "people", "Practise who takes over when nobody leads.")


def _unexpected(scenario: Scenario, seen: Seen, found: Score) -> Iterator[Gap]:
    """What came otherwise than the scenario expects. Where nobody answered a page the rest goes without saying."""
    expect = scenario.expect
    if (expect.severity or scenario.severity) != found.severity:
        wanted = expect.severity or scenario.severity
        yield Gap("severity", found.severity, f"the incident was a {found.severity}; the scenario expects {wanted}",
                  "triage", "Look which rule matched (`tocsin triage test`), and put one before it.")  # fmt: skip
    if seen.pages and found.acknowledged_after is None:
        return
    limit = expect.acknowledged_within
    if limit and (found.acknowledged_after is None or found.acknowledged_after > limit.total_seconds()):
        yield Gap("expected", "acknowledged", f"not acknowledged within {words(limit)}, as the scenario expects",
                  "escalation_policies", "Look who was paged when, on the incident's page.")  # fmt: skip
    for wanted, duties in (("kept", expect.kept), ("missed", expect.missed)):
        for duty in duties:
            result = next((d.result for d in found.duties if d.id == duty), "not there")
            if result != wanted:
                text = f"the duty {duty} was expected to be {wanted}; it is {result}"
                key = f"severities.{found.severity}.protocol"
                yield Gap("expected", duty, text, key, "Look at the duty on the incident's page.")
