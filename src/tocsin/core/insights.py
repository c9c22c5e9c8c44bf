"""
Numbers of the response: what each one means, in one place.

An incident counts in the span in which it was declared, under the severity and the service that it has now. Drills
never count, nor does one that was merged: the incident that goes on for it counts once for both. Declared by hand or
by an alert makes no difference.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import chain, compress, islice, pairwise
from math import ceil
from operator import itemgetter, le
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from tocsin.core.incident import Incident, by_a_person, fold
from tocsin.core.sla import Clock
from tocsin.core.types import Fact

Kept: TypeAlias = Literal["", "running", "kept", "breached"]  # empty: no such clock
CLOCKS: Final = ("response", "resolution")
QUIET: Final = frozenset({
    "paged", "page_failed", "page_moot", "alert_attached", "alert_resolved", "alert_held", "duty_done", "duty_missed",
    "handed_on", "finding_added", "message_seen", "ticket_created", "war_room_opened",
})  # fmt: skip
NO_WORK: Final = frozenset({"declared", "merged", "split"})  # what a person does that is no work on the trouble itself


@dataclass(frozen=True, slots=True)
class Figures:
    """
    What is counted of one incident; spans in seconds since it was declared, None where that has not happened.

    `to_acknowledge` is the first acknowledgement, also one that was lost again. `to_resolve` is the last end: of one
    that was reopened the time between counts, and while it is open again there is none. `to_update` is the first
    status update. `response` and `resolution` are the two promises of its severity: a breach stays one though the
    incident is reopened and its clock begins anew; another severity is another promise, judged by its own clocks.
    Time outside business hours is in the deadline of a clock already, never taken off here. `worked`: a person
    acknowledged or did anything else about it. `cause` is its root cause as people wrote it.
    """

    incident: int
    declared_at: datetime
    severity: str
    service: str | None
    check: str | None
    drill: bool
    merged: bool
    to_acknowledge: float | None = None
    to_resolve: float | None = None
    to_update: float | None = None
    response: Kept = ""
    resolution: Kept = ""
    worked: bool = False
    cause: str | None = None
    review_at: datetime | None = None
    published_at: datetime | None = None


def figures(state: Incident, facts: Iterable[Fact], before: Figures | None = None) -> Figures:
    """Count *facts*, which have made *state*, after what was counted *before* of the same incident."""
    kinds = list(facts)
    start = state.declared_at
    update = before.to_update if before else None
    if update is None:
        update = next((_seconds(start, fact.at) for fact in kinds if fact.kind == "update_posted"), None)
    published = next((fact.at for fact in kinds if fact.kind == "postmortem_published"), None)
    return Figures(
        incident=state.number, declared_at=start, severity=state.severity, service=state.service, check=state.check,
        drill=state.drill, merged=state.merged_into is not None,
        to_acknowledge=_seconds(start, state.acknowledged_at),
        to_resolve=None if state.is_open else _seconds(start, state.resolved_at), to_update=update,
        response=_promise("response", state, kinds, before), resolution=_promise("resolution", state, kinds, before),
        worked=(before.worked if before else False) or any(map(_is_work, kinds)),
        cause=cause_of(state.root_cause), review_at=state.review_at,
        published_at=(before.published_at if before else None) or published,
    )  # fmt: skip


def recount(state: Incident, facts: Sequence[Fact]) -> Figures:
    """Count a whole timeline; *state* is the one that its first fact made."""
    found = figures(state, facts[:1])
    for fact in facts[1:]:
        state = fold(state, fact)
        found = figures(state, (fact,), found)
    return found


def changes(facts: Iterable[Fact]) -> bool:
    """Say whether anything that is counted may have changed by *facts*."""
    return any(fact.kind not in QUIET or _is_work(fact) for fact in facts)


def _is_work(fact: Fact) -> bool:
    return by_a_person(fact.actor) and fact.kind not in NO_WORK


def _seconds(start: datetime, at: datetime | None) -> float | None:
    return None if at is None else max((at - start).total_seconds(), 0.0)


def cause_of(text: str | None) -> str | None:
    """A root cause on one line, at most 200 characters: what incidents are counted by."""
    flat = " ".join((text or "").split())[:200].rstrip(". ")
    return flat or None


def _promise(which: str, state: Incident, facts: Sequence[Fact], before: Figures | None) -> Kept:
    clock: Clock | None = next((c for c in state.clocks if c.which == which), None)
    if clock is None:
        return ""
    late = before is not None and getattr(before, which) == "breached"
    for fact in facts:
        if fact.kind == "severity_changed":
            late = False
        elif fact.kind == "elapsed" and fact.data.get("clock") == which and fact.data.get("state") == "breached":
            late = True
    if late or (clock.met_at is not None and clock.met_at >= clock.due):
        return "breached"
    return "kept" if clock.met_at is not None else "running"


# --------------------------------------------------------------------------------------------- percentiles


def percentile(values: Sequence[float], share: float) -> float | None:
    """
    The nearest-rank percentile of sorted *values*: the value at rank ceil(share * n), counted from 1; None of none.

    So it is always a time that really was; of one incident every percentile is that one.
    """
    if not values:
        return None
    return values[max(ceil(share * len(values)), 1) - 1]


class Times(NamedTuple):
    """How long something took: how many there were, and their percentiles in seconds."""

    n: int
    p50: float | None
    p90: float | None


def times(values: Iterable[float | None]) -> Times:
    """Percentiles of those that happened."""
    return _times(_known(values))


def _times(known: Sequence[float]) -> Times:
    return Times(len(known), percentile(known, 0.5), percentile(known, 0.9))


# --------------------------------------------------------------------------------------------- a span, in parts

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def micros(at: datetime) -> int:
    """Microseconds since 1970 UTC."""
    return (at - EPOCH) // timedelta(microseconds=1)


class Columns(NamedTuple):
    """What is summed up of incidents, in columns of one order: `at` in microseconds since 1970, times in seconds."""

    at: Sequence[int]
    severity: Sequence[str]
    service: Sequence[str | None]
    cause: Sequence[str | None]
    response: Sequence[str]
    resolution: Sequence[str]
    to_acknowledge: Sequence[float | None]
    to_resolve: Sequence[float | None]
    to_update: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Sla:
    """How often the promises of a severity were kept: of incidents, and of each clock by itself."""

    kept: int
    breached: int
    response: tuple[int, int]  # kept, breached
    resolution: tuple[int, int]

    @property
    def share(self) -> float | None:
        """Kept of those that are decided, 0 to 1; None where none is."""
        decided = self.kept + self.breached
        return self.kept / decided if decided else None


@dataclass(frozen=True, slots=True)
class Group:
    """The numbers of some incidents together. `open_` have not ended, `unanswered` were never acknowledged."""

    incidents: int
    unanswered: int
    open_: int
    acknowledge: Times
    resolve: Times
    update: Times


@dataclass(frozen=True, slots=True)
class Bucket:
    """A week or a month: the local day it begins on, and its incidents by severity."""

    day: date
    by_severity: Mapping[str, int]
    all: Group


@dataclass(frozen=True, slots=True)
class Summary:
    """The numbers of a span."""

    all: Group
    by_severity: Mapping[str, Group]
    sla: Mapping[str, Sla]
    trend: tuple[Bucket, ...]
    services: tuple[tuple[str | None, int], ...]
    causes: tuple[tuple[str | None, int], ...]


TOP: Final = 10  # services and causes that are named


def summarize(columns: Columns, severities: Sequence[str], starts: Sequence[tuple[int, date]]) -> Summary:
    """
    Sum up incidents. *severities* are the runbook's, in their order; one that it lost comes after them. *starts* are
    where the parts of the trend begin, in order: in microseconds, and as a local day.

    Tens of thousands are usual: they are put in order once, so that each part is a piece of every column. What is
    sorted for a part and a severity is only joined for the whole of either: joining what is sorted costs little.
    """
    columns = _by_time(columns)
    kinds = columns.severity
    order = [*severities, *sorted(set(kinds) - set(severities))]
    cuts = [0, *(bisect_left(columns.at, at) for at, _ in starts), len(kinds)]
    cells = [_cells(columns, start, end) for start, end in pairwise(cuts)]  # the first is before the trend
    judged = Counter(zip(kinds, columns.response, columns.resolution, strict=True))
    whole = {name: _joined([each[name] for each in cells if name in each]) for name in order}
    trend = [
        Bucket(day, {name: each[name][0] for name in order if name in each}, _group(each.values()))
        for (_, day), each in zip(starts, cells[1:], strict=True)
    ]
    return Summary(
        _group(whole.values()), {name: _group([cell]) for name, cell in whole.items()},
        {name: _sla(name, judged) for name in order}, tuple(trend), _top(Counter(columns.service)),
        _causes(columns.cause),
    )  # fmt: skip


def _by_time(columns: Columns) -> Columns:
    if all(map(le, columns.at, islice(columns.at, 1, None))):  # as it is where nobody set the time back
        return columns
    order = sorted(range(len(columns.at)), key=columns.at.__getitem__)
    return Columns(*(itemgetter(*order)(column) for column in columns))


Cell: TypeAlias = tuple[int, tuple[list[float], ...]]  # how many, and their three times as far as known, sorted


def _cells(columns: Columns, start: int, end: int) -> dict[str, Cell]:
    """The incidents from *start* to *end*, by severity."""
    kinds = columns.severity[start:end]
    spans = [each[start:end] for each in (columns.to_acknowledge, columns.to_resolve, columns.to_update)]
    found: dict[str, Cell] = {}
    for name, n in Counter(kinds).items():
        here = [kind == name for kind in kinds]
        found[name] = n, tuple(_known(compress(each, here)) for each in spans)
    return found


def _joined(cells: Collection[Cell]) -> Cell:
    return sum(n for n, _ in cells), tuple(
        sorted(chain.from_iterable(known[i] for _, known in cells)) for i in range(3)
    )


def _known(values: Iterable[float | None]) -> list[float]:
    return sorted([value for value in values if value is not None])


def _causes(causes: Iterable[str | None]) -> tuple[tuple[str | None, int], ...]:
    """The commonest causes, as each was written first: case makes no difference."""
    found: dict[str, list[Any]] = {}
    for cause, n in Counter(causes).items():
        if cause:
            found.setdefault(cause.casefold(), [cause, 0])[1] += n
    return _top(Counter(dict(found.values())))


def _top(counted: Counter[Any]) -> tuple[tuple[Any, int], ...]:
    return tuple(sorted(counted.items(), key=lambda pair: (-pair[1], str(pair[0])))[:TOP])


def _group(cells: Collection[Cell]) -> Group:
    n, known = _joined(cells)
    acknowledge, resolve, update = (_times(each) for each in known)
    return Group(n, n - acknowledge.n, n - resolve.n, acknowledge, resolve, update)


def verdict(response: str, resolution: str) -> Kept:
    """The promises of one incident together: breached when one is, kept when all are, else running; empty: none."""
    both = {response, resolution} - {""}
    if not both:
        return ""
    return "breached" if "breached" in both else "running" if "running" in both else "kept"


def _sla(severity: str, judged: Counter[tuple[str, str, str]]) -> Sla:
    both: Counter[str] = Counter()
    each: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
    for (kind, response, resolution), n in judged.items():
        if kind == severity:
            both[verdict(response, resolution)] += n
            each[0][response] += n
            each[1][resolution] += n
    return Sla(both["kept"], both["breached"], *((one["kept"], one["breached"]) for one in each))


# --------------------------------------------------------------------------------------------- promises afterwards


@dataclass(frozen=True, slots=True)
class OnTime:
    """What was due in a span: done in time, done late, and not done though its time is over; the rest is not due."""

    kept: int = 0
    late: int = 0
    missing: int = 0
    waiting: int = 0


def on_time(dues: Iterable[tuple[Any, Any]], now: Any) -> OnTime:
    """Judge pairs of when it was due and when it was done, of one kind (instants, or days); None: it is not done."""
    found = OnTime()
    for due, done in dues:
        name = ("missing" if now > due else "waiting") if done is None else "kept" if done <= due else "late"
        found = replace(found, **{name: getattr(found, name) + 1})
    return found
