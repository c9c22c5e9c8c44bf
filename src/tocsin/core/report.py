"""The numbers of a month in plain text, as they go out by mail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from tocsin.core.calendar import words
from tocsin.core.insights import OnTime, Summary, Times
from tocsin.core.load import Load

Noisy = tuple[str, str, int]  # title, source, how often


def title(organization: str, span: str, summary: Summary) -> str:
    """The subject of the mail."""
    return f"{organization}: {_count(summary.all.incidents, 'incident')} in {span}"


def text(
    summary: Summary, loads: Sequence[Load], names: Mapping[str, str], noisy: Sequence[Noisy], reviews: OnTime,
    items: OnTime,
) -> str:  # fmt: skip
    """Write what a reader without the page wants to know: how it went, how fast, for whom it was hard, what is late."""
    parts = [_incidents(summary), _promises(summary), _pages(loads, names), _noise(noisy), _afterwards(reviews, items)]
    return "\n\n".join(part for part in parts if part)


def _incidents(s: Summary) -> str:
    if not s.all.incidents:
        return "No incident. Quiet is good."
    by = ", ".join(f"{group.incidents} {name}" for name, group in s.by_severity.items() if group.incidents)
    lines = [f"Incidents: {s.all.incidents} ({by})"]
    for what, times in (
        ("Acknowledged after", s.all.acknowledge), ("First update after", s.all.update),
        ("Resolved after", s.all.resolve),
    ):  # fmt: skip
        if times.n:
            lines.append(f"{what}: {_times(times)}")
    if s.all.unanswered:
        lines.append(f"Never acknowledged: {s.all.unanswered}")
    if s.all.open_:
        lines.append(f"Still open: {s.all.open_}")
    return "\n".join(lines)


def _times(times: Times) -> str:
    half, most = (words(timedelta(seconds=round(value or 0))) for value in (times.p50, times.p90))
    return f"{half} at the median, {most} at the 90th percentile"


def _promises(s: Summary) -> str:
    lines = [
        f"  {name}: {sla.kept} kept, {sla.breached} breached" for name, sla in s.sla.items() if sla.kept or sla.breached
    ]
    return "\n".join(["Promises (time to respond and to resolve):", *lines]) if lines else ""


def _pages(loads: Sequence[Load], names: Mapping[str, str]) -> str:
    if not loads:
        return "Nobody was paged."
    lines = [
        f"  {names.get(each.person, each.person)}: {_count(each.pages, 'page')}, {each.night} at night, "
        f"{each.weekend} on weekends by day"
        for each in loads
    ]
    return "\n".join(["Pages, in each person's own time zone (night is 22:00 to 07:00):", *lines])


def _noise(noisy: Sequence[Noisy]) -> str:
    lines = [f"  {times} x {title_} ({source})" for title_, source, times in noisy]
    return "\n".join(["Fired again and again, and nobody had to act:", *lines]) if lines else ""


def _afterwards(reviews: OnTime, items: OnTime) -> str:
    lines = [
        f"{what}: {each.kept} on time, {each.late} late, {each.missing} overdue"
        for what, each in (("Postmortems", reviews), ("Action items", items))
        if each.kept or each.late or each.missing
    ]
    return "\n".join(lines)


def _count(n: int, what: str) -> str:
    return f"{n} {what}{'' if n == 1 else 's'}"
