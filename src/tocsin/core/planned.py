"""Planned work as it was announced: once, or again and again. The public sees each time as work of its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from tocsin.core import recur
from tocsin.core.statuspage import UPTIME_DAYS, Maintenance

PAST: Final = timedelta(days=UPTIME_DAYS)  # as far back as the status page looks


@dataclass(frozen=True, slots=True)
class Plan:
    """Work on components from `start` to `until`; with `repeat` again in the local time of `zone` (core.recur)."""

    id: str
    title: str
    text: str
    components: tuple[str, ...]
    start: datetime
    until: datetime
    created_at: datetime
    by: str
    repeat: str | None = None
    zone: str = "UTC"

    def on(self, start: datetime, until: datetime) -> Maintenance:
        """One time of it, as the public sees it: a time of what comes again has an id of its own."""
        id_ = self.id if self.repeat is None else f"{self.id}-{start.astimezone(ZoneInfo(self.zone)):%Y%m%d}"
        return Maintenance(id_, self.title, self.text, self.components, start, until, self.created_at)

    def following(self, start: datetime, now: datetime) -> tuple[datetime, datetime] | None:
        """The next time after the one from *start* that is not over at *now*; None when there is none."""
        spans = self._spans(max(now, start), max(now, start) + timedelta(days=recur.AHEAD))
        return next((span for span in spans if span[0] > start and span[1] > now), None)

    def next_span(self, now: datetime) -> tuple[datetime, datetime]:
        """The time that runs or comes next, else the first one."""
        spans = self._spans(now, now + timedelta(days=recur.AHEAD))
        return next((span for span in spans if span[1] > now), (self.start, self.until))

    def over(self, now: datetime) -> bool:
        """Say whether it does not come any more."""
        return self.next_span(now)[1] <= now

    def _spans(self, after: datetime, before: datetime) -> list[tuple[datetime, datetime]]:
        if self.repeat is None:
            return [(self.start, self.until)]
        rule = recur.parse(self.repeat)
        return list(recur.occurrences(rule, self.start, self.until, self.zone, after, before))


def times(plan: Plan, now: datetime) -> tuple[Maintenance, ...]:
    """Each time of the last 90 days, the one that runs, and the next, as the status page shows them."""
    spans = plan._spans(now - PAST, now + timedelta(days=recur.AHEAD))
    shown = [span for span in spans if span[0] <= now] + [span for span in spans if span[0] > now][:1]
    return tuple(plan.on(start, until) for start, until in shown)
