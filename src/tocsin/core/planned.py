"""Planned work as it was announced: once, or again and again. The public sees each time as work of its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

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

    @property
    def first(self) -> Maintenance:
        """Its first time."""
        return Maintenance(
            self.id, self.title, self.text, self.components, self.start, self.until, self.created_at
        )  # fmt: skip

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
    return tuple(
        Maintenance(
            plan.id if plan.repeat is None else f"{plan.id}-{start:%Y%m%d}", plan.title, plan.text, plan.components,
            start, until, plan.created_at,
        )
        for start, until in shown
    )  # fmt: skip
