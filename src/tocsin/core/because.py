"""Why was I paged: what each page knows about itself, written when it is made, and told in plain lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from tocsin.core import oncall
from tocsin.core.calendar import words
from tocsin.core.incident import Incident
from tocsin.core.oncall import Shift
from tocsin.core.runbook import NotifyRule, Runbook
from tocsin.core.stand_ins import Given
from tocsin.core.types import Json, Page, instant_text

LABELS_KEPT: Final = 20  # of the alert
VALUE_KEPT: Final = 200  # characters of one label
FOREVER: Final = 9_000  # a year from which on a bound is none


def alert_words(source: str, key: str, title: str, labels: Mapping[str, str]) -> Json:
    """What a page keeps of the alert that opened its incident: `{"source", "key", "title", "labels"}`, bounded."""
    kept = {name[:VALUE_KEPT]: value[:VALUE_KEPT] for name, value in list(labels.items())[:LABELS_KEPT]}
    return {"source": source, "key": key[:VALUE_KEPT], "title": title[:VALUE_KEPT], "labels": kept}


def explain(
    runbook: Runbook, state: Incident, page: Page, now: datetime, overrides: Given, tzdata: str
) -> dict[str, Json]:
    """
    Write down why *page* is made, from what is known at this instant: it is kept, and never worked out anew.

    Returns:
        JSON: `alert` (None when a person declared), `declared_by`, `severity`, `rule`, `urgency`, `policy`, `step`,
        `round` (None where no step named the person), `targets`, `schedule` (`{"name", "timezone", "from", "until",
        "override"}`, None where no schedule did), `notify` (`[{"via", "after_seconds"}]`, in order), `runbook_version`,
        `tzdata`, `decided_at`.
    """
    shift = _shift(runbook, state.service, page, now, overrides)
    return {
        "alert": dict(state.alert) or None, "declared_by": state.declared_by, "severity": state.severity,
        "rule": state.rule, "urgency": page.urgency, "policy": page.why.get("policy"), "step": page.why.get("step"),
        "round": page.why.get("round"), "targets": list(page.targets),
        "schedule": _shift_json(runbook, shift) if shift else None,
        "notify": [{"via": r.via, "after_seconds": int(r.after.total_seconds())} for r in _rules(runbook, page)],
        "runbook_version": state.runbook_version, "tzdata": tzdata, "decided_at": instant_text(now),
    }  # fmt: skip


def _rules(runbook: Runbook, page: Page) -> tuple[NotifyRule, ...]:
    person = runbook.people.get(page.person)
    if person is None:
        return ()
    return person.notify.high if page.urgency == "high" else person.notify.low


def _shift(runbook: Runbook, service: str | None, page: Page, now: datetime, overrides: Given) -> Shift | None:
    """The shift that brought the page to this person: of the first schedule behind its targets that has them."""
    for target in page.targets:
        for name in _schedules(runbook, target, service):
            shift = oncall.on_call_at(runbook, name, now, overrides)
            if page.person in shift.people:
                return shift
    return None


def _schedules(runbook: Runbook, target: str, service: str | None) -> Iterator[str]:
    kind, _, name = target.partition(":")
    if kind == "schedule":
        yield name
    elif target in ("on_call", "secondary"):
        _, policy = runbook.policy_for(service)
        place = 0 if target == "on_call" else 1
        for named in policy.steps[place].page if place < len(policy.steps) else ():
            if named.startswith("schedule:"):
                yield named.partition(":")[2]


def _shift_json(runbook: Runbook, shift: Shift) -> Json:
    known = runbook.schedules[shift.schedule]
    return {
        "name": shift.schedule, "timezone": known.timezone or runbook.organization.timezone,
        "from": instant_text(shift.start), "until": instant_text(shift.until), "override": shift.override,
    }  # fmt: skip


# --------------------------------------------------------------------------------------------- in words


def lines(because: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Tell what `explain` wrote down as (heading, text), the first thing to ask first."""
    told = (
        ("Alert", _alert(because)),
        ("Severity", f"{because['severity']} by {because['rule']}"),
        ("Step", _step(because)),
        ("On call", _schedule(because.get("schedule"))),
        ("Urgency", f"{because['urgency']}: {_notify(because)}"),
        ("Runbook", because["runbook_version"][:12]),
        ("Time zones", f"tzdata {because['tzdata']}"),
    )
    return tuple((heading, text) for heading, text in told if text)


def in_message(because: Mapping[str, Any], rule: int | None) -> tuple[str, ...]:
    """The one or two lines that a page itself says of it; *rule* is the place of the notification rule, from 0."""
    shift, notify = because.get("schedule"), because.get("notify", ())
    by = (
        f"; by your rule {rule + 1} for {because['urgency']} urgency" if rule is not None and rule < len(notify) else ""
    )
    said = [f"Severity {because['severity']} by {because['rule']}{by}"]
    return (f"Your shift: {_schedule(shift)}", *said) if shift else tuple(said)


def _alert(because: Mapping[str, Any]) -> str:
    alert = because.get("alert")
    if not alert:
        return f"none: declared by {because['declared_by']}"
    labels = ", ".join(f"{name}={value}" for name, value in alert["labels"].items())
    return f"{alert['title']} ({alert['source']}, key {alert['key']}{f'; {labels}' if labels else ''})"


def _step(because: Mapping[str, Any]) -> str:
    named = ", ".join(because.get("targets", ()))
    if not because.get("step"):
        return f"none: the severity itself, or somebody by hand, named {named}" if named else ""
    return f"step {because['step']} of {because['policy']}, round {because['round']}: {named}"


def _schedule(shift: Mapping[str, Any] | None) -> str:
    if not shift:
        return ""
    zone = ZoneInfo(shift["timezone"])
    start, until = (datetime.fromisoformat(shift[name]) for name in ("from", "until"))
    bounds = [f"from {start.astimezone(zone):%a %Y-%m-%d %H:%M}"] if start.year > 1 else []
    bounds += [f"until {until.astimezone(zone):%a %Y-%m-%d %H:%M}"] if until.year < FOREVER else []
    override = f"; stands in: {shift['override']}" if shift.get("override") is not None else ""
    return f"{' '.join([shift['name'], *bounds])} ({shift['timezone']}){override}"


def _notify(because: Mapping[str, Any]) -> str:
    ways = [_way(rule["via"], rule["after_seconds"]) for rule in because.get("notify", ())]
    return ", ".join(ways) or "no notification rule; the console stands in"


def _way(via: str, seconds: int) -> str:
    return f"{via} after {words(timedelta(seconds=seconds))}" if seconds else f"{via} at once"
