"""Triage: what an alert is, by the runbook's rules, and which alerts belong together."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Final

from tocsin.core.alert import Alert
from tocsin.core.runbook import Runbook, TriageRule

NO_RULE: Final = "no rule matches"
UNMATCHED: Final = "P2"  # what a signal that nothing matches opens: never silence
READ_LIMIT: Final = 10_000  # characters of a text that patterns look at

Matcher = Callable[[Alert], bool]


@dataclass(frozen=True, slots=True)
class Sorted:
    """What triage made of an alert: its severity, its service, the rule that said so, and the group it belongs to."""

    severity: str
    service: str | None
    rule: str
    group: str


@dataclass(frozen=True, slots=True)
class Triage:
    """A runbook's rules, ready to be asked: made once for a version."""

    rules: tuple[tuple[tuple[Matcher, ...], TriageRule, str], ...]
    by: tuple[str, ...]
    unmatched: str


def prepare(runbook: Runbook) -> Triage:
    """Compile the rules of *runbook*, and name each by its place and what it says."""
    rules = []
    for place, rule in enumerate(runbook.triage, start=1):
        said = ", ".join(f"{name}: {_words(wanted)}" for name, wanted in rule.match.items())
        name = f"rule {place} ({said}) -> {rule.severity}"
        rules.append((tuple(_matcher(field, wanted) for field, wanted in rule.match.items()), rule, name))
    paging = [name for name, severity in runbook.severities.items() if severity.page]
    fallback = UNMATCHED if UNMATCHED in runbook.severities else (paging or list(runbook.severities))[-1]
    return Triage(tuple(rules), runbook.grouping.by, fallback)


def _words(wanted: str | tuple[str, ...]) -> str:
    return wanted if isinstance(wanted, str) else " or ".join(wanted)


def _matcher(field: str, wanted: str | tuple[str, ...]) -> Matcher:
    values = (wanted,) if isinstance(wanted, str) else tuple(wanted)
    if field in ("text", "title"):
        search = re.compile("|".join(f"(?:{value})" for value in values), re.IGNORECASE | re.DOTALL).search
        if field == "title":
            return lambda alert: search(alert.title[:READ_LIMIT]) is not None
        return lambda alert: search(f"{alert.title}\n{alert.text}"[:READ_LIMIT]) is not None
    accepted = frozenset(values)
    if field.startswith("labels."):
        label = field.removeprefix("labels.")
        return lambda alert: alert.labels.get(label) in accepted
    read = attrgetter(field)
    return lambda alert: read(alert) in accepted


def sort(triage: Triage, alert: Alert) -> Sorted:
    """Apply the first rule that matches; a signal that none matches still opens an incident on its own service."""
    for matchers, rule, name in triage.rules:
        for matches in matchers:
            if not matches(alert):
                break
        else:
            service = rule.service or alert.service
            return Sorted(rule.severity, service, name, group_key(triage.by, alert, service))
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
