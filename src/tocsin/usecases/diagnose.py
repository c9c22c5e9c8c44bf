"""Looks for the cause: claimed from the outbox as everything that goes outside, and kept as findings of an incident."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, get_args

from tocsin.core import nearby
from tocsin.core.changes import needs_of
from tocsin.core.diagnosis import INSIDE, KEPT, TEXT_LIMIT, Finding
from tocsin.core.events import Looked
from tocsin.core.incident import Incident
from tocsin.core.nearby import NAMED, Open, Past
from tocsin.core.runbook import Runbook
from tocsin.core.secrets import without_secrets
from tocsin.core.types import incident_name
from tocsin.net import redact
from tocsin.sdk import LINK_LIMIT, CauseKind, Conversation, Diagnoser, Found, Look, Reject, Retry, one_line
from tocsin.store import alerts, incidents, probes, queue
from tocsin.store import nearby as store
from tocsin.store.db import Tx
from tocsin.usecases import changes, tools
from tocsin.usecases.configure import Setup, incident_link, runbook_of
from tocsin.usecases.respond import act

KIND, OWN_KIND = "look", "look_inside"  # of the outbox's rows: a look at a tool, one at our own records
SECONDS: Final = 12.0  # one look, all its requests together
# How long a claim of a look holds: whoever dies at once leaves time for another within the run's 30 s.
LEASE: Final = timedelta(seconds=15)
PAUSES: Final = (1.0, 3.0)  # seconds before a look that may work later is tried again; then it has failed
ROOM: Final = timedelta(seconds=20)  # before the end of the run: a tool that let us wait is not waited for again
KINDS: Final = get_args(CauseKind)
TARGET_LIMIT: Final = 200  # characters


@dataclass(frozen=True, slots=True)
class Asked:
    """One look that was claimed: of which run, until when it may be tried, and what to ask whom."""

    run: int
    source: str
    until: datetime
    title: str
    diagnoser: Diagnoser | None
    look: Look
    service: str = ""
    secrets: tuple[str, ...] = field(default=(), repr=False)


Said = Sequence[Found] | Reject | Retry


def moot(row: Any, state: Incident, now: datetime) -> str:
    """Why a look is not taken any more; empty when it is."""
    if not state.is_open:
        return "the incident is over"
    if row.payload["run"] != state.diagnosis.run:
        return "it is looked at anew"
    if now >= datetime.fromisoformat(row.payload["until"]):
        return "the time to look is over"
    return ""


def asked(setup: Setup, runbook: Runbook, row: Any, state: Incident, now: datetime) -> Asked:
    """What a claimed row asks."""
    source, settings = row.payload["source"], tools.config(runbook, row.payload["source"])
    diagnoser = setup.plugins.diagnosers.get(source)
    return Asked(
        row.payload["run"], source, datetime.fromisoformat(row.payload["until"]),
        diagnoser.title if diagnoser else source, diagnoser, Look(state.service, state.declared_at, now),
        tools.service_of(runbook, source), tuple(tools.secrets(settings)),
    )  # fmt: skip


def conversation(of: Asked, config: Any) -> Conversation[Said] | Reject:
    """What is said to the tool."""
    if of.diagnoser is None:
        return Reject("no integration that is installed on this machine looks at it")
    return of.diagnoser.look(of.look, config)


def settle(tx: Tx, setup: Setup, row_id: str, epoch: int, number: int, of: Asked, said: object) -> None:
    """
    Keep what came back for a claimed look, and give its incident the findings, or the failure in words.

    A look whose claim ran out meanwhile is another's, and changes nothing.
    """
    row = queue.keep_held(tx, row_id, epoch, None)
    if row is None:
        return
    if isinstance(said, Retry) and (again := _again(tx, row, of, said)):
        queue.settle(tx, row_id, "pending", due=again, failures=row.failures + 1, why=said.why[:500])
        return
    queue.settle(tx, row_id, "done", done_at=tx.now)
    act(tx, setup, number, Looked(of.run, of.source, read(of, said)))


def _again(tx: Tx, row: Any, of: Asked, said: Retry) -> datetime | None:
    """When a look is tried again; None when it is not."""
    if row.failures >= len(PAUSES):
        return None
    at = tx.now + timedelta(seconds=max(PAUSES[row.failures], said.after or 0.0))
    return at if at + ROOM <= of.until else None


def read(of: Asked, said: object) -> tuple[Finding, ...]:
    """What a tool answered as findings: cleaned, cut, without secrets; what cannot be read is a failure."""
    if isinstance(said, (Reject, Retry)):
        return (_failed(of, said.why),)
    if not isinstance(said, (list, tuple)) or not all(isinstance(one, Found) for one in said):
        return (_failed(of, "its answer could not be read"),)
    try:
        found = tuple(_found(of, one) for one in said[:KEPT])
    except (TypeError, ValueError, AttributeError):
        return (_failed(of, "its answer could not be read"),)
    return found or (Finding(of.source, "Nothing worth telling was found"),)


def _failed(of: Asked, why: str) -> Finding:
    text = f"{of.title} could not be looked at: {_clean(of, why) or 'it did not say why'}"
    return Finding(of.source, one_line(text, TEXT_LIMIT), ok=False, failed=True)


def _found(of: Asked, one: Found) -> Finding:
    text = _clean(of, one.text)
    if not text:
        raise ValueError("a finding without words")
    good_link = one.link.startswith(("http://", "https://")) and len(one.link) <= LINK_LIMIT
    weight = float(one.weight)
    return Finding(
        of.source, text, ok=bool(one.ok), link=redact(one.link, *of.secrets) if good_link else "",
        at=one.at if one.at is not None and one.at.tzinfo else None,
        suspect=one.suspect if one.suspect in KINDS else "", target=one_line(one.target, TARGET_LIMIT),
        weight=min(max(weight, 0.0), 1.0) if math.isfinite(weight) else 0.0, service=of.service,
    )  # fmt: skip


def _clean(of: Asked, text: str) -> str:
    return one_line(without_secrets(redact(text[: 10 * TEXT_LIMIT], *of.secrets)), TEXT_LIMIT)


# --------------------------------------------------------------------------------------------- our own records


def inside(tx: Tx, setup: Setup, row: Any) -> None:
    """Look at Tocsin's own records: at once, in the transaction that keeps what was found."""
    state = incidents.load(tx, row.incident).state
    if why := moot(row, state, tx.now):
        queue.settle(tx, row.id, "moot", why=why, done_at=tx.now)
        return
    queue.settle(tx, row.id, "done", done_at=tx.now)
    act(tx, setup, row.incident, Looked(row.payload["run"], INSIDE, own_findings(tx, setup, state)))


def own_findings(tx: Tx, setup: Setup, state: Incident) -> tuple[Finding, ...]:
    """All that is known here about the cause of an incident."""
    runbook = runbook_of(tx, setup, state.runbook_version)
    service, began = state.service, state.declared_at
    needs = needs_of(runbook, service)
    firing = alerts.listing(tx, incident=state.number, state="firing", limit=NAMED)
    seen = {
        name: one for name, probe in runbook.probes.items() if probe.service in needs and (one := probes.seen(tx, name))
    }
    return (
        *nearby.of_changes(changes.of(tx, setup, state), began),
        *nearby.of_needs(runbook, service, _open(tx, setup, runbook, state), began),
        *nearby.of_probes(runbook, service, needs, seen),
        nearby.of_alerts(alerts.firing(tx, state.number), [row.title for row in firing]),
        nearby.of_dependents(runbook, service),
        *nearby.of_past(_past(tx, setup, state), began),
    )  # fmt: skip


def _open(tx: Tx, setup: Setup, runbook: Runbook, state: Incident) -> list[Open]:
    services = runbook.depends_on(state.service) if state.service else ()
    return [
        Open(incident_name(row.number), row.severity, row.service, row.title, row.declared_at,
             incident_link(setup, row.number))
        for row in store.open_on(tx, services, NAMED)
    ]  # fmt: skip


def _past(tx: Tx, setup: Setup, state: Incident) -> list[Past]:
    since = state.declared_at - nearby.SIMILAR_WITHIN
    return [
        Past(one.name, one.declared_at, one.root_cause or "", one.resolution or "", incident_link(setup, one.number))
        for one in store.alike(tx, state, since, NAMED)
    ]
