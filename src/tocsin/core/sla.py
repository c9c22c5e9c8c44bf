"""The two clocks of a severity, response and resolution: running, at risk at three quarters of the time, breached."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal

from tocsin.core.calendar import Duration, deadline, part_of
from tocsin.core.runbook import Runbook

AT_RISK: Final = 0.75  # of the time
Which = Literal["response", "resolution"]
ClockState = Literal["running", "at_risk", "breached", "kept"]


@dataclass(frozen=True, slots=True)
class Clock:
    """
    One promise: the first acknowledgement (response), or the end (resolution), before `due`. Instants are aware UTC.

    `start` is the declaration; where that would have put `due` in the past, the change that made it anew. `told` is
    what the timeline says of it already.
    """

    which: Which
    start: datetime
    at_risk: datetime
    due: datetime
    told: Literal["", "at_risk", "breached"] = ""
    met_at: datetime | None = None


def begin(runbook: Runbook, severity: str, start: datetime) -> tuple[Clock, ...]:
    """Start both clocks of *severity* at *start*."""
    rule = runbook.severities[severity]
    spans: tuple[tuple[Which, Duration], ...] = (
        ("response", rule.respond_within), ("resolution", rule.resolve_within),
    )  # fmt: skip
    hours = runbook.organization.business_hours
    ends = [(which, span, deadline(start, span, hours)) for which, span in spans]
    return tuple(Clock(which, start, part_of(AT_RISK, start, end, span, hours), end) for which, span, end in ends)


def state_of(clock: Clock, now: datetime) -> ClockState:
    """Return running, at_risk, breached or kept at *now*: at the deadline itself it is breached."""
    at = clock.met_at or now
    if at >= clock.due:
        return "breached"
    if clock.met_at is not None:
        return "kept"
    return "at_risk" if at >= clock.at_risk else "running"


def meet(clocks: Iterable[Clock], at: datetime, *which: Which) -> tuple[Clock, ...]:
    """Stop the clocks *which* at *at*, those that run."""
    return tuple(replace(c, met_at=at) if c.which in which and c.met_at is None else c for c in clocks)


def moved(clocks: Iterable[Clock], runbook: Runbook, severity: str, now: datetime) -> tuple[Clock, ...]:
    """
    Go on under another severity: what was met stays as it was met; what runs counts from where it began.

    Where its time would be over by that, it is counted from *now*: no deadline lies in the past.
    """
    made = []
    for old in clocks:
        fresh = next(c for c in begin(runbook, severity, old.start) if c.which == old.which)
        if fresh.due <= now:
            fresh = next(c for c in begin(runbook, severity, now) if c.which == old.which)
        made.append(fresh if old.met_at is None else old)
    return tuple(made)


def again(
    clocks: Iterable[Clock], runbook: Runbook, severity: str, now: datetime, *which: Which
) -> tuple[Clock, ...]:  # fmt: skip
    """Start the clocks *which* anew at *now*: the incident is reopened."""
    fresh = {c.which: c for c in begin(runbook, severity, now)}
    return tuple(fresh[c.which] if c.which in which else c for c in clocks)


def to_show(clocks: Iterable[Clock], is_open: bool) -> tuple[Clock, ...]:
    """The clocks that say something: what was not met when its incident went on in another is no promise here."""
    return tuple(clock for clock in clocks if is_open or clock.met_at is not None)


def due(clock: Clock, now: datetime) -> Literal["", "at_risk", "breached"]:
    """What is to be told of *clock* at *now* and was not yet; a late look tells of the breach alone."""
    state = state_of(clock, now)
    if clock.met_at is not None or state in ("running", "kept") or clock.told in (state, "breached"):
        return ""
    return "breached" if state == "breached" else "at_risk"


def instants(clocks: Iterable[Clock]) -> Iterable[datetime]:
    """Give every instant at which something is to be told of a clock that runs."""
    for clock in clocks:
        if clock.met_at is None and clock.told != "breached":
            yield clock.due
            if not clock.told:
                yield clock.at_risk
