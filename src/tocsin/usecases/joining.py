"""Merge two incidents that are one, and split them again. Alerts move with a note of where they came from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from tocsin.core import joining as core
from tocsin.core import triage
from tocsin.core.because import alert_words
from tocsin.core.events import Declared, GaveBack, MergeInto, SetSeverity, SplitOff, TookOver
from tocsin.core.types import SYSTEM, Refused, incident_name
from tocsin.sdk import clip
from tocsin.store import alerts, incidents
from tocsin.store.db import Tx, one_at_a_time
from tocsin.store.incidents import Stored
from tocsin.usecases.configure import Setup, incident_link, runbook_of
from tocsin.usecases.ingest import rules_of
from tocsin.usecases.quiet import alert_of
from tocsin.usecases.respond import act, declare, follow

SPLIT_AT_MOST: Final = 1_000  # alerts at once
REASON_LIMIT: Final = 500  # characters


def merge(tx: Tx, setup: Setup, number: int, into: int, by: str, reason: str = "") -> Stored:
    """
    Let the incident *number* go on in *into*; merging again changes nothing. Returns the one that goes on.

    Its alerts become alerts of *into*, its pages end with that reason, and whatever its group brings goes there. Where
    it is worse, *into* becomes as bad.

    Raises:
        Refused: 404, 409 or 422, for what cannot be merged.
    """
    one_at_a_time(tx, "ingest")
    both = {n: incidents.load(tx, n, for_update=True) for n in sorted({number, into})}
    gone, stays = both[number], both[into]
    if gone.state.merged_into == into != number:
        return stays
    core.refuse_merge(gone.state, stays.state)
    reason = clip(reason.strip(), REASON_LIMIT)
    moved = alerts.move(tx, number, into)
    state = gone.state
    follow(tx, setup, gone, MergeInto(by, into, stays.state.title, incident_link(setup, into), reason))
    if moved:
        incidents.count_alerts(tx, into, moved)
    act(tx, setup, into, TookOver(by, number, state.title, state.severity, moved, state.public, reason))
    known = runbook_of(tx, setup, stays.state.runbook_version).severities
    if state.severity in known and triage.worse(state.severity, stays.state.severity, known):
        act(tx, setup, into, SetSeverity(SYSTEM, state.severity, f"{state.name}, merged into it, is {state.severity}"))
    return incidents.load(tx, into)


def split(tx: Tx, setup: Setup, number: int, by: str, reason: str = "") -> Stored:
    """
    Undo a merge: the incident *number* goes on by itself again, with the alerts that were its own.

    Raises:
        Refused: 404 for an unknown incident; 422 for one that is not merged.
    """
    one_at_a_time(tx, "ingest")
    into = incidents.load(tx, number).state.merged_into
    if into is None:
        raise Refused(f"{incident_name(number)} is not merged into another incident: there is nothing to split", 422)
    reason = clip(reason.strip(), REASON_LIMIT)
    root = _goes_on_in(tx, into)
    moved = alerts.move_back(tx, root, number, [number, *incidents.merged_into(tx, number)])
    act(tx, setup, number, SplitOff(by, moved, reason))
    title = incidents.load(tx, number).state.title
    if moved:
        incidents.count_alerts(tx, root, -moved)
        had = incidents.load(tx, number).alerts
        incidents.count_alerts(tx, number, max(moved - had, 0))  # its group's alerts went on coming meanwhile
    act(tx, setup, root, GaveBack(by, number, title, moved, incident_link(setup, number), reason))
    return incidents.load(tx, number)


def _goes_on_in(tx: Tx, number: int) -> int:
    """The incident at the end of a chain of merges: the one that has the alerts."""
    while (into := incidents.load(tx, number).state.merged_into) is not None:
        number = into
    return number


def split_alerts(tx: Tx, setup: Setup, number: int, ids: Sequence[str], by: str, reason: str = "") -> Stored:
    """
    Take alerts out of an incident into a new one of their own; returns the new one.

    Raises:
        Refused: 404 for an unknown incident; 409 for one that is closed; 422 for no alerts, for alerts of another
            incident, or for all there are.
    """
    one_at_a_time(tx, "ingest")
    stored = incidents.load(tx, number, for_update=True)
    wanted = list(dict.fromkeys(ids))
    if not stored.state.is_open:
        raise Refused(f"{stored.state.name} is closed: alerts are split off while it is open")
    if not wanted or len(wanted) > SPLIT_AT_MOST:
        raise Refused(f"which alerts? Name 1 to {SPLIT_AT_MOST} of {stored.state.name}", 422)
    rows = [row for row in alerts.some(tx, wanted) if row.incident == number]
    if len(rows) < len(wanted):
        raise Refused(f"not all of these are alerts of {stored.state.name}: look at it again", 422)
    if len(alerts.listing(tx, incident=number, limit=len(rows) + 1)) == len(rows):
        raise Refused(f"these are all alerts of {stored.state.name}: nothing would be left of it", 422)
    new = _declare(tx, setup, rows, by, stored.state.name, drill=stored.state.drill)
    alerts.take_out(tx, wanted, new)
    incidents.count_alerts(tx, number, -len(rows))
    title = incidents.load(tx, new).state.title
    why = clip(reason.strip(), REASON_LIMIT)
    act(tx, setup, number, GaveBack(by, new, title, len(rows), incident_link(setup, new), why))
    return incidents.load(tx, new)


def _declare(tx: Tx, setup: Setup, rows: Sequence[Any], by: str, out_of: str, *, drill: bool) -> int:
    """Open the new incident as triage would: by the worst of the alerts."""
    rules = rules_of(tx, setup)
    sorted_ = [(triage.sort(rules, alert, tx.now), alert) for alert in map(alert_of, rows)]
    found, alert = min(sorted_, key=lambda one: rules.severities.index(one[0].severity))
    event = Declared(
        title=alert.title, severity=found.severity, by=by, service=found.service, check=alert.check,
        rule=f"split off from {out_of}; {found.rule}", drill=drill, alerts=tuple(one.key for _, one in sorted_[:10]),
        alert=alert_words(alert.source, alert.key, alert.title, alert.labels),
    )  # fmt: skip
    return declare(tx, setup, event, last_alert_at=tx.now, alerts=len(rows))
