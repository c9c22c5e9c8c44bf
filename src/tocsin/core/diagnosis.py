"""What an incident's diagnosis is: what was looked at, what was found, and the likely causes in their order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from math import prod
from typing import Any, Final

from tocsin.core.changes import apart
from tocsin.core.texts import cut
from tocsin.core.types import Json, instant_text

INSIDE: Final = "tocsin"  # the look at Tocsin's own records, which is one of those that a run waits for
# What it tells of, each a source of findings: the runbook's `diagnose` may name them, and gets them in any case.
OWN: Final[Mapping[str, str]] = {
    "changes": "Changes", "dependencies": "Dependencies", "probes": "Probes", "alerts": "Alerts",
    "blast_radius": "Blast radius", "similar": "Earlier incidents",
}  # fmt: skip
KINDS: Final = ("deployment", "storage", "database", "dependency", "errors", "traffic")  # of two as strong the first
TEXT_LIMIT: Final = 300  # characters of one finding
KEPT: Final = 5  # findings of one look, and causes in one list
LIKELY, LISTED = 0.6, 0.25  # a cause is called likely; a weaker one is not named at all
UNTOLD: Final = 0.4  # the weight of what suspects something without saying how strongly
STRONGEST: Final = 0.9  # of what is no deployment: a deployment just before comes first
SURE: Final = 0.99
# How strongly a deployment so many minutes before the incident speaks for itself; in between it is a straight line.
_FADES: Final = ((0, 0.98), (10, 0.93), (30, 0.7), (60, 0.45), (180, 0.2), (1_440, 0.05))
_OF_DEPENDENCY, _OF_OTHERS = 0.98, 0.2  # what is left of a finding about another service than the incident's
MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Tool:
    """A look that the runbook names: `title` is what people call it. With `why_not` nothing can be seen there."""

    name: str
    title: str
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """
    One thing that was found, as a sentence.

    `ok`: what was looked at is in order. `failed`: nothing could be seen, and the text says why. `suspect` is the kind
    of cause that it points at, `target` what exactly; `weight` is how strongly by the vendor's own word, `score` how
    strongly in the light of this incident, both from 0 to 1. `service` is what it speaks of, where that is known.
    """

    source: str
    text: str
    ok: bool = True
    link: str = ""
    at: datetime | None = None
    suspect: str = ""
    target: str = ""
    weight: float = 0.0
    score: float = 0.0
    service: str = ""
    failed: bool = False
    run: int = 0


@dataclass(frozen=True, slots=True)
class Cause:
    """What may have caused it, with the reason in words and where to look; `score` from 0 to 1."""

    kind: str
    target: str
    reason: str
    score: float
    link: str = ""

    @property
    def word(self) -> str:
        return "likely" if self.score >= LIKELY else "possible"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """
    Where the diagnosis of an incident stands, folded from its timeline.

    `looking` are the looks of this run, `waiting` those of them that have not answered yet, `unanswered` those that
    the assessment did not wait for any longer. `order` is how sources are listed, `titles` what people call them.
    """

    run: int = 0
    started_at: datetime | None = None
    until: datetime | None = None
    assessed_at: datetime | None = None
    looking: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    unanswered: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    titles: Mapping[str, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()

    @property
    def running(self) -> bool:
        return bool(self.waiting) and self.assessed_at is None

    def title_of(self, source: str) -> str:
        """What people call a source."""
        return self.titles.get(source) or OWN.get(source) or source.replace(".", " ").replace("_", " ").capitalize()

    def listed(self) -> tuple[Finding, ...]:
        """The findings, source by source."""
        place = {source: i for i, source in enumerate(dict.fromkeys((*self.order, *OWN)))}
        return tuple(sorted(self.findings, key=lambda finding: place.get(finding.source, len(place))))


# --------------------------------------------------------------------------------------------- from the timeline


def folded(was: Diagnosis, data: Mapping[str, Any], at: datetime) -> Diagnosis:
    """
    Apply a `finding_added`: a run begins (`looking`), something was found, or it was assessed (`causes`).

    What is found takes the place of what the same source had found in an earlier run; what no look of this run tells
    of any more goes with the assessment.
    """
    if "looking" in data:
        return replace(
            was, run=data["run"], started_at=at, until=datetime.fromisoformat(data["until"]), assessed_at=None,
            looking=tuple(data["looking"]), waiting=tuple(data["looking"]), unanswered=(),
            order=tuple(data["order"]), titles=data.get("titles", {}),
        )  # fmt: skip
    if "causes" in data:
        kept = tuple(finding for finding in was.findings if finding.run == was.run)
        return replace(was, assessed_at=at, waiting=(), findings=kept)
    first = not data.get("part")
    kept = tuple(finding for finding in was.findings if not (first and finding.source == data["source"]))
    tool, late = data.get("tool", ""), bool(data.get("unanswered"))
    others = tuple(name for name in was.unanswered if name != tool)
    return replace(
        was, findings=(*kept, _read(data)), waiting=tuple(name for name in was.waiting if name != tool),
        unanswered=(*others, tool) if late else others,
    )  # fmt: skip


def ended(was: Diagnosis, at: datetime) -> Diagnosis:
    """The incident is over: nobody waits for what is still being looked at."""
    return replace(was, waiting=(), assessed_at=at) if was.running else was


def to_data(finding: Finding) -> dict[str, Json]:
    """Write a finding as the data of its fact: what it does not say is left out."""
    blank = asdict(Finding("", ""))
    data = {name: value for name, value in asdict(finding).items() if value != blank[name] or name in ("text", "ok")}
    return {**data, "at": instant_text(finding.at)} if finding.at else data


def _read(data: Mapping[str, Any]) -> Finding:
    at = datetime.fromisoformat(data["at"]) if data.get("at") else None
    names = ("source", "text", "ok", "link", "suspect", "target", "weight", "score", "service", "failed", "run")
    return Finding(**{name: data[name] for name in names if name in data}, at=at)


# --------------------------------------------------------------------------------------------- what it means


def strength(found: Finding, service: str | None, needs: frozenset[str], began: datetime) -> float:
    """
    How strongly one finding speaks for what it suspects, from 0 to 1.

    A deployment of the service, or of what it needs, speaks by how shortly before the incident it was; after the
    beginning it caused nothing. Anything else speaks by its own weight. What is about other services speaks softly.

    Args:
        service: The incident's; *needs* are that and all that it depends on.
        began: Aware UTC.
    """
    if not found.suspect:
        return 0.0
    told = found.weight or UNTOLD
    own = not found.service or not service or found.service == service
    near = 1.0 if own else _OF_DEPENDENCY if found.service in needs else _OF_OTHERS
    if found.suspect != "deployment":
        return round(min(told, STRONGEST) * near, 3)
    if found.at is None:
        return round(min(told, 0.5) * near, 3)
    return round(_fresh(began - found.at) * min(1.0, 2 * told) * near, 3)


def _fresh(before: timedelta) -> float:
    minutes = before / MINUTE
    for (start, high), (end, low) in pairwise(_FADES):
        if start <= minutes <= end:
            return high + (low - high) * (minutes - start) / (end - start)
    return 0.0


def likely(findings: Iterable[Finding], began: datetime) -> tuple[Cause, ...]:
    """
    The causes that the findings speak for, the likeliest first, each with the reason in words.

    Signs of one kind and target add up: two that are even speak louder than one, and never reach certainty. One
    deployment that two tools tell of is one sign. New errors speak for the deployment that came before them, too.
    """
    signs = [finding for finding in findings if finding.suspect in KINDS and finding.score > 0]
    groups = _grouped(signs)
    newest = max((key for key in groups if key[0] == "deployment"), key=lambda key: _sum(groups[key]), default=None)
    errors = [replace(sign, score=sign.score / 2) for sign in signs if sign.suspect == "errors"]
    if newest and any(sign.at for sign in groups[newest]):
        groups[newest] += errors
    causes = [_cause(kind, target, found, began) for (kind, target), found in groups.items()]
    listed = [cause for cause in causes if cause.score >= LISTED]
    return tuple(sorted(listed, key=lambda c: (-c.score, KINDS.index(c.kind), c.target, c.reason))[:KEPT])


def _grouped(signs: Sequence[Finding]) -> dict[tuple[str, str], list[Finding]]:
    """By kind and target. A sign without a target stands beside the strongest of its kind."""
    groups: dict[tuple[str, str], list[Finding]] = {}
    for sign in signs:
        if sign.target:
            groups.setdefault((sign.suspect, sign.target), []).append(sign)
    loose = [sign for sign in signs if not sign.target]
    strongest = {
        kind: max(
            (key for key in groups if key[0] == kind), key=lambda key: (_sum(groups[key]), key), default=(kind, "")
        )
        for kind in {sign.suspect for sign in loose}
    }
    for sign in loose:
        groups.setdefault(strongest[sign.suspect], []).append(sign)
    return groups


def _parts(signs: Sequence[Finding]) -> tuple[list[Finding], list[Finding]]:
    """What tells of one deployment and when it was, which is one sign however many tell it; and every other sign."""
    tellers = [sign for sign in signs if sign.suspect == "deployment" and sign.at]
    return tellers, [sign for sign in signs if sign not in tellers]


def _sum(signs: Sequence[Finding]) -> float:
    tellers, others = _parts(signs)
    told = max((sign.score for sign in tellers), default=0.0)
    together = 1 - (1 - told) * prod(1 - sign.score for sign in others)
    return min(together, SURE if tellers else STRONGEST)


def _cause(kind: str, target: str, signs: Sequence[Finding], began: datetime) -> Cause:
    tellers, others = (sorted(part, key=lambda sign: (-sign.score, sign.source, sign.text)) for part in _parts(signs))
    said = list(dict.fromkeys(_because(sign, began) for sign in (*tellers[:1], *others)))
    reason = said[0] + (f"; also: {'; '.join(said[1:3])}" if len(said) > 1 else "")
    link = next((sign.link for sign in (*tellers, *others) if sign.link), "")
    return Cause(kind, target, cut(reason, 2 * TEXT_LIMIT), round(_sum(signs), 2), link)


def _because(sign: Finding, began: datetime) -> str:
    text = sign.text.rstrip(".")
    if sign.suspect != "deployment" or sign.at is None or " before" in text:
        return text
    return f"{text}, {apart(sign.at, began)}"


# --------------------------------------------------------------------------------------------- in words


def headline(causes: Sequence[Cause], diagnosis: Diagnosis) -> str:
    """The assessment in a sentence or two: the cause, or honestly that none was found."""
    blind = len({finding.source for finding in diagnosis.findings if finding.failed})
    missing = f"; {blind} of the tools could not be looked at" if blind > 1 else ""
    missing = "; one of the tools could not be looked at" if blind == 1 else missing
    if not causes:
        return f"No likely cause was found{missing}."
    first = causes[0]
    return f"{first.word.capitalize()} cause: {named(first)}. {first.reason}."


def named(cause: Cause) -> str:
    """A cause in two or three words: what it is, and of what where that is a name that people know."""
    plain = cause.target and len(cause.target) <= 40 and cause.kind != "deployment"
    return f"{cause.kind} ({cause.target})" if plain else cause.kind


def assessment(
    name: str, diagnosis: Diagnosis, causes: Sequence[Cause], offers: Mapping[str, Sequence[str]]
) -> str:  # fmt: skip
    """
    What is said in the war room: the cause first, then what was found, one a line, then where nothing could be seen.

    Args:
        offers: Kind of cause to the actions that the runbook's protocol names for it.
    """
    lines = [f"{name}: {headline(causes, diagnosis)}"]
    for cause in causes[:1]:
        if actions := offers.get(cause.kind):
            lines.append(f"The runbook offers: {', '.join(actions)}")
    lines += [f"Also possible: {named(cause)}. {cause.reason}." for cause in causes[1:3]]
    seen = [f for f in diagnosis.listed() if not f.failed]
    seen.sort(key=lambda f: (-f.score, f.ok))
    if seen:
        lines += ["", "Found:", *(f"- {diagnosis.title_of(f.source)}: {cut(f.text, 200)}" for f in seen[:10])]
    if failed := [f for f in diagnosis.listed() if f.failed]:
        lines += ["", "Not seen:", *(f"- {cut(f.text, 200)}" for f in failed)]
    return "\n".join(lines)


def cause_json(cause: Cause) -> Json:
    """A cause as the API and the timeline have it."""
    return {"kind": cause.kind, "target": cause.target or None, "reason": cause.reason, "score": cause.score}


def finding_json(finding: Finding) -> Json:
    """A finding as the API has it; `failed`: nothing could be seen there."""
    return {
        "source": finding.source, "text": finding.text, "link": finding.link or None, "at": instant_text(finding.at),
        "ok": finding.ok, "suspect": finding.suspect or None, "target": finding.target or None,
        "failed": finding.failed,
    }  # fmt: skip
