"""`tocsin drill --real`: a drill on the running server, which pages the real people. Every text of it is marked."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import typer
from rich.console import Console

from tocsin.cli.client import Failed, call, console, put_json, say
from tocsin.simulate import score as scores
from tocsin.simulate.drill_view import View, report
from tocsin.simulate.scenario import Scenario, find
from tocsin.simulate.score import Seen, instant

LOOK_SECONDS = 1.0
ASK = "This pages real people, by all their ways, until somebody acknowledges. Every text begins with DRILL. Begin?"


def run(
    severity: str | None, wanted: str | None, title: str | None, service: str | None, *, yes: bool, plain: bool,
    as_json: bool, pause: Callable[[float], None] = time.sleep,
) -> Any:  # fmt: skip
    """
    Declare a drill on the running server, watch it until it is resolved, and score it; returns the result as JSON.

    The scenario gives it its title, service and lesson; what people do is theirs.
    """
    scenario = _scenario(wanted, severity, title)
    if scenario is None and not (severity and title):
        raise Failed("which drill? Give a severity (P0), with --title, or --scenario NAME", 2)
    body = {
        "severity": severity or (scenario.severity if scenario else ""),
        "title": title or (scenario.title if scenario else ""),
        "service": service or (scenario.service if scenario else None),
        "impact": scenario.impact if scenario else None, "drill": True,
    }  # fmt: skip
    if not (yes or typer.confirm(f"DRILL {body['severity']}: {body['title']}\n{ASK}")):
        raise Failed("nothing was begun")
    incident = call("POST", "/incidents", body)
    if not incident["drill"]:
        raise Failed(
            f"{incident['id']} was declared, and this server does not know drills: resolve it, and tell people"
        )
    view = View(Console(quiet=True) if as_json else console, plain=plain or as_json)
    view.begins(incident["title"])
    if not as_json:
        say(incident["link"])
    seen, interrupted = _watch(view, incident["id"], pause)
    found = scores.score(seen, scenario.model_copy(update={"expect": type(scenario.expect)()}) if scenario else None)
    result = scores.to_json(found, scenario=scenario.name if scenario else None, real=True, interrupted=interrupted)
    if as_json:
        put_json(result)
        return result
    if interrupted:
        say(f"{incident['id']} goes on without this terminal: resolve it when it is over ({incident['link']})")
    for line in report(found):
        console.print(line, soft_wrap=not console.is_terminal)
    return result


def _scenario(wanted: str | None, severity: str | None, title: str | None) -> Scenario | None:
    if wanted is None and title:
        return None
    try:
        return find(wanted, severity)
    except ValueError as error:
        raise Failed(str(error)) from None


def _watch(view: View, name: str, pause: Callable[[float], None]) -> tuple[Seen, bool]:
    """Look until it is resolved; Ctrl-C ends the looking, and not the drill."""
    names = {str(person["id"]): str(person.get("name") or person["id"]) for person in call("GET", "/people")["items"]}
    within: timedelta | None = None
    seen = _look(name, names, within)
    try:
        with view:
            while True:
                within = within or _within(seen)
                seen = _look(name, names, within)
                view.looked(seen, datetime.now(UTC))  # noqa: TID251 - the time of who watches
                if seen.incident["resolved_at"]:
                    return seen, False
                pause(LOOK_SECONDS)
    except KeyboardInterrupt:
        return _look(name, names, within), True


def _look(name: str, names: dict[str, str], within: timedelta | None) -> Seen:
    incident = call("GET", f"/incidents/{name}")
    pages = call("GET", "/pages", incident=name, limit=500)["items"]
    entries = call("GET", f"/incidents/{name}/timeline")["items"]
    findings = call("GET", "/readiness")["findings"] if incident["resolved_at"] else ()
    return Seen(incident, list(reversed(pages)), entries, findings, within, names)


def _within(seen: Seen) -> timedelta | None:
    """How long the severity gives for an answer, as its clock says while it runs."""
    clock = next((c for c in seen.incident["clocks"] if c["clock"] in ("respond", "response")), None)
    if clock is None:
        return None
    start, due = instant(clock["started_at"]), instant(clock["due_at"])
    return due - start if start and due else None
