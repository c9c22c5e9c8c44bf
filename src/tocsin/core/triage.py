"""Triage: what an alert is, by the runbook's rules, and which alerts belong together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tocsin.core import matchers, quiet
from tocsin.core.alert import Alert
from tocsin.core.calendar import DAYS, in_business_hours, window_end
from tocsin.core.matchers import Predicate
from tocsin.core.quiet import Inhibits
from tocsin.core.runbook import Runbook
from tocsin.core.runbook_noise import During, Flapping, TriageRule

NO_RULE: Final = "no rule matches"
UNMATCHED: Final = "P2"  # what a signal that nothing matches opens: never silence


@dataclass(frozen=True, slots=True)
class Sorted:
    """What triage made of an alert: its severity, its service, the rule that said so, and the group it belongs to."""

    severity: str
    service: str | None
    rule: str
    group: str


@dataclass(frozen=True, slots=True)
class Ready:
    """One rule, ready to be asked: what must hold of the alert, what must not, and when."""

    asks: tuple[Predicate, ...]
    asks_not: tuple[Predicate, ...]
    during: Callable[[datetime], bool] | None
    rule: TriageRule
    name: str


@dataclass(frozen=True, slots=True)
class Triage:
    """A runbook's rules, ready to be asked: made once for a version."""

    rules: tuple[Ready, ...]
    by: tuple[str, ...]
    unmatched: str
    inhibits: tuple[Inhibits, ...] = ()
    flapping: Flapping | None = None
    severities: tuple[str, ...] = ()  # worst first


def prepare(runbook: Runbook) -> Triage:
    """Compile the rules of *runbook*, and name each by its place and what it says."""
    rules = tuple(
        Ready(
            matchers.of_mapping(rule.match), matchers.of_mapping(rule.not_), _during(rule.during, runbook), rule,
            f"rule {place} ({_said(rule)}) -> {rule.severity}" + (f": {rule.reason}" if rule.reason else ""),
        )
        for place, rule in enumerate(runbook.triage, start=1)
    )  # fmt: skip
    paging = [name for name, severity in runbook.severities.items() if severity.page]
    fallback = UNMATCHED if UNMATCHED in runbook.severities else (paging or list(runbook.severities))[-1]
    inhibits = quiet.inhibits(runbook.inhibit)
    return Triage(rules, runbook.grouping.by, fallback, inhibits, runbook.flapping, tuple(runbook.severities))


def _said(rule: TriageRule) -> str:
    words = [f"{name}: {' or '.join(wanted)}" for name, wanted in rule.match.items()]
    words += [f"not {name}: {' or '.join(wanted)}" for name, wanted in rule.not_.items()]
    if isinstance(rule.during, During):
        days = "" if rule.during.days == DAYS else f" {' '.join(rule.during.days)}"
        words.append(f"during {rule.during.from_}-{rule.during.until}{days}")
    elif rule.during:
        words.append(f"during {rule.during.replace('_', ' ')}")
    return ", ".join(words)


def _during(when: During | str | None, runbook: Runbook) -> Callable[[datetime], bool] | None:
    """The question that a rule asks of the time of day, in its own zone, else the organization's."""
    hours = runbook.organization.business_hours
    if when is None:
        return None
    if isinstance(when, During):
        zone = when.timezone or runbook.organization.timezone
        return lambda now: window_end(when.from_, when.until, when.days, zone, now) is not None
    at_work = when == "business_hours"
    return lambda now: at_work == in_business_hours(now, hours)


def sort(triage: Triage, alert: Alert, now: datetime) -> Sorted:
    """Apply the first rule that matches; a signal that none matches still opens an incident on its own service."""
    for ready in triage.rules:
        for asks in ready.asks:
            if not asks(alert):
                break
        else:
            if ready.asks_not and all(asks(alert) for asks in ready.asks_not):
                continue
            if ready.during is None or ready.during(now):
                service = ready.rule.service or alert.service
                return Sorted(ready.rule.severity, service, ready.name, group_key(triage.by, alert, service))
    return Sorted(triage.unmatched, alert.service, NO_RULE, group_key(triage.by, alert, alert.service))


def group_key(by: tuple[str, ...], alert: Alert, service: str | None) -> str:
    """
    Join the values that grouping looks at.

    An alert that has none of them is a group of its own: strangers with nothing in common are not put together.
    """
    values = [service if name == "service" else value_of(alert, name) for name in by]
    if not any(values):
        return f"key\x1f{alert.source}\x1f{alert.key}"
    return "\x1f".join(value or "" for value in values)


def value_of(alert: Alert, name: str) -> str | None:
    """The value of one field of an alert, or of one of its labels (`labels.env`)."""
    if name.startswith("labels."):
        return alert.labels.get(name.removeprefix("labels."))
    value = getattr(alert, name, None)
    return str(value) if value is not None else None


def joins(last_alert_at: datetime | None, now: datetime, runbook: Runbook) -> bool:
    """Say whether a group's open incident still takes alerts: within the window since its last one."""
    return last_alert_at is not None and now - last_alert_at <= runbook.grouping.window


def worse(severity: str, than: str, severities: Mapping[str, object]) -> bool:
    """Say whether one severity is worse than another: the runbook lists the worst first."""
    order = list(severities)
    return order.index(severity) < order.index(than) if severity in order and than in order else False
