"""Payload to alerts to incident: all requests that wait are taken in one transaction, over one look-up."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from tocsin.core import triage
from tocsin.core.alert import Alert, Signal
from tocsin.core.because import alert_words
from tocsin.core.events import Acknowledge, AlertsAttached, AlertsResolved, Declared, SetSeverity
from tocsin.core.protocol import is_open
from tocsin.core.runbook import Runbook
from tocsin.core.types import SYSTEM, Fact, uuid7
from tocsin.points import passing
from tocsin.store import alerts as store
from tocsin.store import chat as heard
from tocsin.store import incidents, queue
from tocsin.store.db import Tx, one_at_a_time
from tocsin.store.incidents import Brief
from tocsin.store.schema import to_micros
from tocsin.usecases.configure import Setup, in_force, runbook_of
from tocsin.usecases.respond import act, declare

KEYS_SHOWN: Final = 10  # keys that one timeline entry names; the rest is counted
KEY_LIMIT: Final = 512  # characters

_triages: dict[str, triage.Triage] = {}  # by runbook version; a version never changes


@dataclass(slots=True)
class _Known:
    """What is known of a key while a batch is worked through: the newest episode, stored or about to be."""

    id: str
    episode: int
    firing: bool
    count: int
    incident: int | None
    fresh: dict[str, Any] | None = None  # the row to insert, when this batch made the episode


@dataclass(slots=True)
class _Batch:
    tx: Tx
    setup: Setup
    version: str
    runbook: Runbook
    rules: triage.Triage
    known: dict[str, _Known]
    now: int
    joinable: dict[str, Brief] = field(default_factory=dict)
    inserts: list[dict[str, Any]] = field(default_factory=list)
    repeats: dict[str, _Known] = field(default_factory=dict)
    retired: list[str] = field(default_factory=list)
    resolved: dict[str, dict[str, Any]] = field(default_factory=dict)
    changes: list[dict[str, Any]] = field(default_factory=list)
    opened: list[tuple[_Known, Alert, triage.Sorted]] = field(default_factory=list)
    ended: list[tuple[_Known, Alert]] = field(default_factory=list)
    joined: list[tuple[Brief, Fact, int]] = field(default_factory=list)
    acknowledged: dict[int, str] = field(default_factory=dict)


def ingest(tx: Tx, setup: Setup, requests: Sequence[Sequence[Signal]]) -> list[None]:
    """
    Take the signals of every request that waits. All of them are stored, or none.

    A trigger of an open episode counts it; of none, opens a new one and joins or declares an incident. A resolve ends
    its own episode only; with no open episode it is dropped, as an acknowledgement is. A change is kept, and pages
    nobody.
    """
    one_at_a_time(tx, "ingest")  # two nodes with one new key, or one new group, at once
    version, runbook = in_force(tx, setup)
    if version not in _triages:
        _triages[version] = triage.prepare(runbook)
    dedups = [[store.dedup_of(s.alert.source, s.alert.key) for s in request] for request in requests]
    rows = store.latest(tx, {dedup for request in dedups for dedup in request})
    known = {
        dedup: _Known(row.id, row.episode, row.state == "firing", row.count, row.incident)
        for dedup, row in rows.items()
    }
    batch = _Batch(tx, setup, version, runbook, _triages[version], known, to_micros(tx.now))
    for request, keys in zip(requests, dedups, strict=True):
        if request[0].once and not heard.first_time(tx, f"{request[0].alert.source}:{request[0].once}"):
            continue  # the vendor delivered it already
        for signal, dedup in zip(request, keys, strict=True):
            _TAKE[signal.action](batch, signal.alert, dedup)
    _assign(batch)
    _flush(batch)
    passing("I6")
    _end(batch)
    for number, by in batch.acknowledged.items():
        act(tx, setup, number, Acknowledge(by))
    passing("I7")
    return [None] * len(requests)


def _trigger(batch: _Batch, alert: Alert, dedup: str) -> None:
    known = batch.known.get(dedup)
    if known and known.firing:
        known.count += 1
        if known.fresh:
            known.fresh["count"] += 1
        else:
            batch.repeats[dedup] = known
        return
    sorted_ = triage.sort(batch.rules, alert)
    episode = known.episode + 1 if known else 1
    if known and known.fresh:
        known.fresh["latest"] = False
    elif known:
        batch.retired.append(known.id)
    row = _row(batch, alert, dedup, episode, sorted_)
    new = _Known(row["id"], episode, True, 1, known.incident if known else None, row)
    batch.known[dedup] = new
    batch.inserts.append(row)
    batch.opened.append((new, alert, sorted_))


def _row(batch: _Batch, alert: Alert, dedup: str, episode: int, sorted_: triage.Sorted) -> dict[str, Any]:
    return {
        "id": _id(batch.now, dedup, episode), "dedup": dedup, "episode": episode, "latest": True,
        "source": alert.source, "key": alert.key, "title": alert.title, "text": alert.text,
        "service": sorted_.service, "check": alert.check, "severity": alert.severity,
        "labels": _json(alert.labels), "links": orjson.dumps(alert.links).decode() if alert.links else "[]",
        "state": "firing", "count": 1, "started_at": to_micros(alert.started_at), "first_at": batch.now,
        "last_at": batch.now, "resolved_at": None, "incident": None, "disposition": "incident",
        "rule": sorted_.rule,
    }  # fmt: skip


def _json(labels: Mapping[str, str]) -> str:
    return orjson.dumps(labels if type(labels) is dict else dict(labels)).decode() if labels else "{}"


def _id(now: int, dedup: str, episode: int) -> str:
    """A UUIDv7 from the instant and the key's own hash: the hot path needs no second hash."""
    time_ = f"{now // 1000:012x}"
    return f"{time_[:8]}-{time_[8:]}-7{episode % 4096:03x}-8{dedup[:3]}-{dedup[3:15]}"


def _resolve(batch: _Batch, alert: Alert, dedup: str) -> None:
    known = batch.known.get(dedup)
    if not known or not known.firing:
        return
    known.firing = False
    if known.fresh:
        known.fresh.update(state="resolved", resolved_at=batch.now)
    else:
        batch.resolved[dedup] = {
            "id": known.id, "state": "resolved", "resolved_at": batch.now, "last_at": batch.now
        }  # fmt: skip
    batch.ended.append((known, alert))


def _acknowledge(batch: _Batch, alert: Alert, dedup: str) -> None:
    known = batch.known.get(dedup)
    if known and known.firing and known.incident:
        batch.acknowledged[known.incident] = f"source:{alert.source}"


def _change(batch: _Batch, alert: Alert, dedup: str) -> None:
    batch.changes.append(
        {
            "id": uuid7(batch.tx.now, "change", dedup, alert.title, len(batch.changes)), "source": alert.source,
            "at": to_micros(alert.started_at), "service": alert.service, "title": alert.title, "text": alert.text,
            "labels": orjson.dumps(dict(alert.labels)).decode(), "links": orjson.dumps(alert.links).decode(),
        }
    )  # fmt: skip


def _probe(batch: _Batch, alert: Alert, dedup: str) -> None:
    """Tocsin's own test alert: looked up and sorted as any, then a test page for the outbox in place of an incident."""
    rule = triage.sort(batch.rules, alert).rule
    queue.put(
        batch.tx, alert.key, batch.tx.now, kind="probe", via="", destination="", payload={"rule": rule}, urgent=True
    )


def _confirm(batch: _Batch, alert: Alert, dedup: str) -> None:
    """A vendor asks before it sends: the answer goes out by the outbox, after the commit."""
    queue.put(
        batch.tx, f"confirm:{dedup}", batch.tx.now, kind="confirm", via=alert.source, urgent=False,
        destination=f"confirm:{alert.source}", payload={"source": alert.source, "url": alert.links[0][1]},
    )  # fmt: skip


_TAKE: Final = {
    "trigger": _trigger, "resolve": _resolve, "acknowledge": _acknowledge, "change": _change, "probe": _probe,
    "confirm": _confirm,
}  # fmt: skip

# --------------------------------------------------------------------------------------------- to incidents


def _assign(batch: _Batch) -> None:
    """Give every new episode its incident: the one its key is in already, its group's open one, or a new one."""
    if not batch.opened:
        return
    tx = batch.tx
    batch.joinable = incidents.joinable(tx, {sorted_.group for _, _, sorted_ in batch.opened})
    before = incidents.brief(tx, {known.incident for known, _, _ in batch.opened if known.incident})
    groups: dict[int | str, list[tuple[_Known, Alert, triage.Sorted]]] = {}
    for item in batch.opened:
        known, _, sorted_ = item
        own = before.get(known.incident) if known.incident else None
        brief = own if own and own.status != "resolved" else batch.joinable.get(sorted_.group)
        joined = brief is not None and (brief is own or _takes(batch, brief))
        groups.setdefault(brief.number if joined and brief else sorted_.group, []).append(item)
        if joined and brief:
            before[brief.number] = brief
    for where, items in groups.items():
        number = where if isinstance(where, int) else _declare(batch, items)
        for known, _, _ in items:
            known.incident = number
            if known.fresh:
                known.fresh["incident"] = number
        if isinstance(where, int):
            _attach(batch, before[where], items)
    incidents.attach(tx, batch.joined)


def _takes(batch: _Batch, brief: Brief) -> bool:
    """Say whether an incident takes another alert of its group: open within the window, or ended and watched."""
    if brief.status != "resolved":
        return triage.joins(brief.last_alert_at, batch.tx.now, batch.runbook)
    duties = incidents.load(batch.tx, brief.number).state.duties
    return any("elapsed" in duty.done_by and is_open(duty) for duty in duties)


def _declare(batch: _Batch, items: list[tuple[_Known, Alert, triage.Sorted]]) -> int:
    """Open an incident for a group; the worst of its alerts gives the severity and the title."""
    order = list(batch.runbook.severities)
    _, alert, sorted_ = min(items, key=lambda item: order.index(item[2].severity))
    event = Declared(
        title=alert.title, severity=sorted_.severity, by=f"source:{alert.source}", service=sorted_.service,
        check=alert.check, impact=alert.labels.get("impact"), rule=sorted_.rule,
        alerts=tuple(alert.key for _, alert, _ in items[:KEYS_SHOWN]),
        alert=alert_words(alert.source, alert.key, alert.title, alert.labels),
    )  # fmt: skip
    columns = {"group_key": sorted_.group, "last_alert_at": batch.tx.now, "alerts": len(items)}
    return declare(batch.tx, batch.setup, event, **columns)


def _attach(batch: _Batch, brief: Brief, items: list[tuple[_Known, Alert, triage.Sorted]]) -> None:
    """Add alerts to an incident; only where something follows from it is the whole incident decided anew."""
    tx, setup = batch.tx, batch.setup
    source, keys = items[0][1].source, tuple(alert.key for _, alert, _ in items[:KEYS_SHOWN])
    worst = min((sorted_.severity for _, _, sorted_ in items), key=list(batch.runbook.severities).index)
    rises = brief.status != "resolved" and triage.worse(worst, brief.severity, batch.runbook.severities)
    if brief.status not in ("monitoring", "resolved") and not rises:
        data = {"keys": list(keys), "count": len(items)}
        batch.joined.append((brief, Fact("alert_attached", tx.now, f"source:{source}", data), len(items)))
        return
    act(tx, setup, brief.number, AlertsAttached(keys, len(items), source))
    if rises and worst in runbook_of(tx, setup, incidents.load(tx, brief.number).state.runbook_version).severities:
        rule = next(sorted_.rule for _, _, sorted_ in items if sorted_.severity == worst)
        act(tx, setup, brief.number, SetSeverity(SYSTEM, worst, f"a new alert says so: {rule}"))
    incidents.count_alerts(tx, brief.number, len(items))


def _flush(batch: _Batch) -> None:
    tx = batch.tx
    store.retire(tx, batch.retired)
    store.insert_alerts(tx, batch.inserts)
    store.repeat(tx, [{"id": known.id, "count": known.count, "last_at": batch.now} for known in batch.repeats.values()])
    store.resolve(tx, list(batch.resolved.values()))
    store.insert_changes(tx, batch.changes)


def _end(batch: _Batch) -> None:
    """Tell each incident which of its alerts ended, and how many still fire."""
    ended: dict[int, list[Alert]] = {}
    for known, alert in batch.ended:
        if known.incident and not known.firing:
            ended.setdefault(known.incident, []).append(alert)
    for number, gone in ended.items():
        keys = tuple(alert.key for alert in gone[:KEYS_SHOWN])
        firing = store.firing(batch.tx, number)
        act(batch.tx, batch.setup, number, AlertsResolved(keys, len(gone), gone[0].source, firing))


# --------------------------------------------------------------------------------------------- what cannot be read


def quarantine(tx: Tx, source: str, raw: bytes, why: str) -> None:
    """Keep a body that could not be read, with a valid key: shown to admins, nobody is paged."""
    digest = hashlib.sha256(raw).hexdigest()
    dedup = store.dedup_of(f"quarantine:{source}", digest)
    known = store.latest(tx, [dedup]).get(dedup)
    if known:
        store.repeat(tx, [{"id": known.id, "count": known.count + 1, "last_at": to_micros(tx.now)}])
        return
    store.keep_raw(
        tx, id=_id(to_micros(tx.now), dedup, 1), dedup=dedup, episode=1, latest=True, source=source, key=digest,
        title="a body that could not be read", text=why[:1000], severity="info", labels={}, links=[],
        state="resolved", count=1, started_at=tx.now, first_at=tx.now, last_at=tx.now, disposition="quarantined",
        rule=why[:200], raw=raw,
    )  # fmt: skip
