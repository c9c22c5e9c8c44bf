"""Payload to alerts to incident: all requests that wait are taken in one transaction, over one look-up."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias, get_args

import orjson
import structlog

from tocsin.core import triage
from tocsin.core.alert import Alert, AlertSeverity, Signal
from tocsin.core.because import alert_words
from tocsin.core.events import Acknowledge, AlertsAttached, AlertsHeld, AlertsResolved, Declared, Event, SetSeverity
from tocsin.core.protocol import is_open
from tocsin.core.quiet import Hold
from tocsin.core.runbook import Runbook
from tocsin.core.types import SYSTEM, Fact, Refused, uuid7
from tocsin.points import passing
from tocsin.sdk import TicketSeen
from tocsin.store import alerts as store
from tocsin.store import chat as heard
from tocsin.store import incidents, queue
from tocsin.store import quiet as quiet_store
from tocsin.store.db import Busy, Tx, one_at_a_time
from tocsin.store.incidents import Brief
from tocsin.store.schema import to_micros
from tocsin.usecases import attendance, quiet, rescue, tracking
from tocsin.usecases.configure import NoRunbook, Setup, in_force, runbook_of
from tocsin.usecases.quiet import Holding
from tocsin.usecases.respond import act, declare

KEYS_SHOWN: Final = 10  # keys that one timeline entry names; the rest is counted
KEY_LIMIT: Final = 512  # characters
SEVERITIES: Final = get_args(AlertSeverity)  # of alerts, the worst first

log = structlog.get_logger("tocsin.ingest")

_triages: dict[str, triage.Triage] = {}  # by runbook version; a version never changes


@dataclass(slots=True)
class _Known:
    """What is known of a key while a batch is worked through: the newest episode, stored or about to be."""

    id: str
    episode: int
    firing: bool
    count: int
    incident: int | None
    severity: str = "critical"  # as its sender says
    is_left: bool = False  # its incident has ended while it fired
    fresh: dict[str, Any] | None = None  # the row to insert, when this batch made the episode
    because: str = ""  # what else than its group brings it to its incident


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
    opened: list[_Item] = field(default_factory=list)
    ended: list[tuple[_Known, Alert]] = field(default_factory=list)
    joined: list[tuple[Brief, Fact, int]] = field(default_factory=list)
    acknowledged: dict[int, str] = field(default_factory=dict)
    held: list[dict[str, Any]] = field(default_factory=list)
    tickets: list[Alert] = field(default_factory=list)
    answers: list[Alert] = field(default_factory=list)
    homes: dict[int, list[str]] = field(default_factory=dict)  # alerts of a merged incident's group


_Item: TypeAlias = tuple[_Known, Alert, triage.Sorted]


def rules_of(tx: Tx, setup: Setup) -> triage.Triage:
    """The rules of the runbook in force, ready to be asked."""
    version, runbook = in_force(tx, setup)
    if version not in _triages:
        _triages[version] = triage.prepare(runbook)
    return _triages[version]


def ingest(tx: Tx, setup: Setup, requests: Sequence[Sequence[Signal]]) -> list[None]:
    """
    Take the signals of every request that waits. All of them are stored, or none.

    A trigger of an open episode counts it; of none, opens a new one and joins or declares an incident. So does one that
    says it is worse than before, and one whose incident ended while it fired: nobody else would be told. A resolve ends
    its own episode only; with no open episode it is dropped, as an acknowledgement is. A change is kept, and pages
    nobody.
    """
    one_at_a_time(tx, "ingest")  # two nodes with one new key, or one new group, at once
    dedups = [[store.dedup_of(s.alert.source, s.alert.key) for s in request] for request in requests]
    rows = store.latest(tx, {dedup for request in dedups for dedup in request})
    fires = {row.incident for row in rows.values() if row.state == "firing" and row.incident}
    left = incidents.ended(tx, fires) if fires else {}
    known = {
        dedup: _Known(
            row.id, row.episode, row.state == "firing", row.count, row.incident, row.severity, row.incident in left
        )
        for dedup, row in rows.items()
    }  # fmt: skip
    batch = _begin(tx, setup, known)
    for request, keys in zip(requests, dedups, strict=True):
        if request[0].once and not heard.first_time(tx, f"{request[0].alert.source}:{request[0].once}"):
            continue  # the vendor delivered it already
        for signal, dedup in zip(request, keys, strict=True):
            _TAKE[signal.action](batch, signal.alert, dedup)
    _hold_back(batch)
    _assign(batch)
    _flush(batch)
    passing("I6")
    _end(batch)
    for number, by in batch.acknowledged.items():
        _acted(tx, setup, number, Acknowledge(by))
    for alert in batch.tickets:
        seen = TicketSeen(alert.key, alert.labels.get("state") == "closed", tx.now, alert.labels.get("by", ""))
        tracking.hear(tx, setup, alert.source, (seen,))
    for alert in batch.answers:
        _hear(tx, setup, alert)
    passing("I7")
    return [None] * len(requests)


def _begin(tx: Tx, setup: Setup, known: dict[str, _Known]) -> _Batch:
    version, runbook = in_force(tx, setup)
    return _Batch(tx, setup, version, runbook, rules_of(tx, setup), known, to_micros(tx.now))


def _trigger(batch: _Batch, alert: Alert, dedup: str) -> None:
    known = batch.known.get(dedup)
    if known and known.firing:
        if not known.is_left and SEVERITIES.index(alert.severity) >= SEVERITIES.index(known.severity):
            known.count += 1
            if known.fresh:
                known.fresh["count"] += 1
            else:
                batch.repeats[dedup] = known
            return
        _over(batch, known)
    sorted_ = triage.sort(batch.rules, alert, batch.tx.now)
    episode = known.episode + 1 if known else 1
    if known and known.fresh:
        known.fresh["latest"] = False
    elif known:
        batch.retired.append(known.id)
    row = _row(batch, alert, dedup, episode, sorted_)
    new = _Known(row["id"], episode, True, 1, known.incident if known else None, alert.severity, fresh=row)
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
    _over(batch, known)
    batch.ended.append((known, alert))


def _over(batch: _Batch, known: _Known) -> None:
    """End an episode."""
    known.firing = False
    if known.fresh:
        known.fresh.update(state="resolved", resolved_at=batch.now)
    else:
        batch.resolved[known.id] = {
            "id": known.id, "state": "resolved", "resolved_at": batch.now, "last_at": batch.now
        }  # fmt: skip


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
    rule = triage.sort(batch.rules, alert, batch.tx.now).rule
    queue.put(
        batch.tx, alert.key, batch.tx.now, kind="probe", via="", destination="", payload={"rule": rule}, urgent=True
    )


def _confirm(batch: _Batch, alert: Alert, dedup: str) -> None:
    """A vendor asks before it sends: the answer goes out by the outbox, after the commit."""
    queue.put(
        batch.tx, f"confirm:{dedup}", batch.tx.now, kind="confirm", via=alert.source, urgent=False,
        destination=f"confirm:{alert.source}", payload={"source": alert.source, "url": alert.links[0][1]},
    )  # fmt: skip


def _ticket(batch: _Batch, alert: Alert, dedup: str) -> None:
    batch.tickets.append(alert)


def _attendance(batch: _Batch, alert: Alert, dedup: str) -> None:
    batch.answers.append(alert)


def _hear(tx: Tx, setup: Setup, alert: Alert) -> None:
    """Take a calendar's answer apart from all else: alerts of the same batch do not wait for what is wrong with it."""
    try:
        with tx.apart():
            why = attendance.hear(tx, setup, alert)
    except Busy:
        raise
    except Exception as error:
        log.exception("calendar_answer_raised", source=alert.source)
        why = f"taking a calendar's answer raised {type(error).__name__}"
    if why:
        quarantine(tx, alert.source, alert.text.encode(), why)


_TAKE: Final = {
    "trigger": _trigger, "resolve": _resolve, "acknowledge": _acknowledge, "change": _change, "probe": _probe,
    "confirm": _confirm, "ticket": _ticket, "attendance": _attendance,
}  # fmt: skip

# --------------------------------------------------------------------------------------------- held back


def _hold_back(batch: _Batch) -> None:
    """Take out what a silence, an inhibition or a pause holds back: it is stored with that rule, and pages nobody."""
    if not batch.opened:
        return
    holding = Holding(batch.tx, quiet.in_force(batch.tx, batch.setup), batch.rules)
    if not holding.may:
        return
    free: list[_Item] = []
    said: dict[tuple[int, str], list[Alert]] = {}
    meant = [(item, replace(item[1], service=item[2].service)) for item in batch.opened]
    holds = _holds(batch, holding, meant)
    for (item, alert), held in zip(meant, holds, strict=True):
        known, _, _ = item
        hold = held
        if known.episode > 1:
            hold = hold or holding.flapped(alert, store.dedup_of(alert.source, alert.key))
        if hold is None:
            free.append(item)
            continue
        was, known.incident = known.incident, None
        assert known.fresh
        known.fresh.update(disposition="silenced", rule=hold.rule)
        batch.held.append({"alert": known.id, "by": hold.by, "rule": hold.rule, "was": was, "until": hold.until})
        if was:
            said.setdefault((was, hold.rule), []).append(alert)
    batch.opened = free
    _say_held(batch, said)


def _holds(batch: _Batch, holding: Holding, meant: Sequence[tuple[_Item, Alert]]) -> list[Hold | None]:
    """
    What holds back each of the new alerts, of which one may be the cause of another.

    What is held back itself is no cause: else two that a rule names both as cause and as effect would hold each other
    back, and nobody would hear of either. The quietest are asked first, so that of such two the worse one is paged.
    """
    holds = [holding.of(alert) for _, alert in meant]
    rules, order = batch.rules.inhibits, batch.rules.severities
    causes = {
        at: alert
        for at, ((known, _, _), alert) in enumerate(meant)
        if known.firing and not holds[at] and any(rule.causes(alert) for rule in rules)
    }
    for at in sorted(range(len(meant)), key=lambda at: -order.index(meant[at][0][2].severity)) if causes else ():
        if not holds[at] and any(rule.concerns(meant[at][1]) for rule in rules):
            holds[at] = holding.of(meant[at][1], list(causes.values()))
            if holds[at]:
                causes.pop(at, None)
    return holds


def _say_held(batch: _Batch, said: Mapping[tuple[int, str], list[Alert]]) -> None:
    """Say it on the open incidents that these alerts would have come back to."""
    known = incidents.brief(batch.tx, {number for number, _ in said})
    for (number, rule), alerts in said.items():
        if number in known and known[number].status != "resolved":
            keys = tuple(alert.key for alert in alerts[:KEYS_SHOWN])
            _acted(batch.tx, batch.setup, number, AlertsHeld(keys, len(alerts), alerts[0].source, rule))


def release(tx: Tx, setup: Setup, rows: Sequence[Any]) -> None:
    """
    Take alerts that were held back, and still fire, as if they came now.

    Args:
        rows: as `store.quiet.due` reads them.
    """
    batch = _begin(tx, setup, {})
    for row in rows:
        alert = quiet.alert_of(row)
        sorted_ = triage.sort(batch.rules, alert, tx.now)
        known = _Known(row.id, row.episode, True, row.count, row.held_was, because=quiet.note(row.held_rule))
        batch.opened.append((known, alert, sorted_))
    _assign(batch)
    store.assign(tx, [
        {"id": known.id, "incident": known.incident, "disposition": "incident",
         "rule": f"{sorted_.rule}; {known.because}"}
        for known, _, sorted_ in batch.opened
    ])  # fmt: skip
    _flush(batch)
    quiet_store.over(tx, [known.id for known, _, _ in batch.opened], "paged")


# --------------------------------------------------------------------------------------------- to incidents


def _assign(batch: _Batch) -> None:
    """Give every new episode its incident: the one its key is in already, its group's open one, or a new one."""
    if not batch.opened:
        return
    tx = batch.tx
    batch.joinable = incidents.joinable(tx, {sorted_.group for _, _, sorted_ in batch.opened})
    before = incidents.brief(tx, {known.incident for known, _, _ in batch.opened if known.incident})
    groups: dict[int | str, list[_Item]] = {}
    for item in batch.opened:
        known, _, sorted_ = item
        own = before.get(known.incident) if known.incident else None
        brief = own if own and own.status != "resolved" else _goes_on(batch, known, batch.joinable.get(sorted_.group))
        joined = (
            brief is not None and (brief is own or _takes(batch, brief)) and _can_rise(batch, brief, sorted_.severity)
        )
        groups.setdefault(brief.number if joined and brief else sorted_.group, []).append(item)
        if joined and brief:
            before[brief.number] = brief
    for where, items in _causes_first(batch, groups):
        brief = before[where] if isinstance(where, int) else _by_hand(batch, items) or _broken_below(batch, items)
        number = brief.number if brief and _attach(batch, brief, items) else _declare(batch, items)
        for known, _, _ in items:
            known.incident = number
            if known.fresh:
                known.fresh["incident"] = number
    incidents.attach(tx, batch.joined)


def _goes_on(batch: _Batch, known: _Known, brief: Brief | None) -> Brief | None:
    """The incident that goes on for one that was merged; the alert keeps whose it would have been."""
    first = brief
    while brief and brief.merged_into:
        brief = incidents.brief(batch.tx, [brief.merged_into]).get(brief.merged_into)
    if brief is None or brief is first or first is None or brief.status == "resolved":
        return brief if brief is first else None
    batch.homes.setdefault(first.number, []).append(known.id)
    last = [at for at in (first.last_alert_at, brief.last_alert_at) if at]
    brief.last_alert_at = max(last, default=None)
    return brief


def _causes_first(batch: _Batch, groups: dict[int | str, list[_Item]]) -> list[tuple[int | str, list[_Item]]]:
    """Those that have their incident, then the others in an order in which causes come before what depends on them."""

    def place(group: tuple[int | str, list[_Item]]) -> tuple[bool, int]:
        where, items = group
        return isinstance(where, str), len(batch.runbook.depends_on(items[0][2].service or ""))

    return list(groups.items()) if len(groups) == 1 else sorted(groups.items(), key=place)


def _by_hand(batch: _Batch, items: list[_Item]) -> Brief | None:
    """The incident of the same service that a person declared, ended less than its time of watching ago."""
    service = items[0][2].service
    brief = incidents.watched(batch.tx, service) if service else None
    if brief is None or not _takes(batch, brief):
        return None
    return brief if all(_can_rise(batch, brief, sorted_.severity) for _, _, sorted_ in items) else None


def _broken_below(batch: _Batch, items: list[_Item]) -> Brief | None:
    """
    The incident of a broken service that this group's service depends on, the nearest one, if there is one.

    It is being worked on, something of it fires, and it is as bad: whoever must be woken was woken for it.
    """
    _, _, worst = min(items, key=lambda item: list(batch.runbook.severities).index(item[2].severity))
    below = batch.runbook.depends_on(worst.service) if worst.service and batch.runbook.grouping.dependencies else ()
    if not below:
        return None
    incidents.attach(batch.tx, batch.joined)  # what joined above stands in the incident before it is looked at
    batch.joined.clear()
    found = incidents.broken(batch.tx, below)
    fires = {
        number for number, count in store.still_firing(batch.tx, [brief.number for _, brief in found]).items() if count
    }
    fires |= {known.incident for known, _, _ in batch.opened if known.incident and known.firing}
    order = batch.runbook.severities
    fit = [
        (below.index(service), brief.number, brief)
        for service, brief in found
        if brief.number in fires and brief.severity in order and not triage.worse(worst.severity, brief.severity, order)
    ]
    if not fit:
        return None
    nearest, _, brief = min(fit, key=lambda one: one[:2])
    for known, _, _ in items:
        known.because = f"{worst.service} depends on {below[nearest]}"
    return brief


def _takes(batch: _Batch, brief: Brief) -> bool:
    """Say whether an incident takes another alert of its group: open within the window, or ended and watched."""
    if brief.status != "resolved":
        return triage.joins(brief.last_alert_at, batch.tx.now, batch.runbook)
    try:
        duties = incidents.load(batch.tx, brief.number).state.duties
    except ValueError:
        return False  # it cannot be read
    return any("elapsed" in duty.done_by and is_open(duty) for duty in duties)


def _can_rise(batch: _Batch, brief: Brief, severity: str) -> bool:
    """
    Say whether an incident can become as bad as one of its alerts, where that is worse.

    Not one of another edition of the runbook, where one of the two severities has no name: which is worse cannot be
    told, or not followed. It would stay as quiet as it is.
    """
    known = batch.runbook.severities
    if brief.severity not in known or not triage.worse(severity, brief.severity, known):
        return brief.severity in known
    try:
        runbook = runbook_of(batch.tx, batch.setup, incidents.version_of(batch.tx, brief.number))
    except NoRunbook:
        return False
    return severity in runbook.severities


def _declare(batch: _Batch, items: list[_Item]) -> int:
    """Open an incident for a group; the worst of its alerts gives the severity and the title."""
    order = list(batch.runbook.severities)
    _, alert, sorted_ = min(items, key=lambda item: order.index(item[2].severity))
    event = Declared(
        title=alert.title, severity=sorted_.severity, by=f"source:{alert.source}", service=sorted_.service,
        check=alert.check, impact=alert.labels.get("impact"), rule=_rule(items, sorted_),
        alerts=tuple(alert.key for _, alert, _ in items[:KEYS_SHOWN]),
        alert=alert_words(alert.source, alert.key, alert.title, alert.labels),
    )  # fmt: skip
    columns = {"group_key": sorted_.group, "last_alert_at": batch.tx.now, "alerts": len(items)}
    return declare(batch.tx, batch.setup, event, **columns)


def _rule(items: list[_Item], sorted_: triage.Sorted) -> str:
    """The rule of triage, and what held the alert back until now."""
    because = next((known.because for known, _, _ in items if known.because), "")
    return f"{sorted_.rule}; {because}" if because else sorted_.rule


def _attach(batch: _Batch, brief: Brief, items: list[_Item]) -> bool:
    """
    Add alerts to an incident; only where something follows from it is the whole incident decided anew.

    Returns:
        Whether it could be: alerts that it cannot take have an incident of their own.
    """
    tx, setup = batch.tx, batch.setup
    source, keys = items[0][1].source, tuple(alert.key for _, alert, _ in items[:KEYS_SHOWN])
    worst = min((sorted_.severity for _, _, sorted_ in items), key=list(batch.runbook.severities).index)
    because = "; ".join(dict.fromkeys(known.because for known, _, _ in items if known.because))
    rises = triage.worse(worst, brief.severity, batch.runbook.severities)
    if brief.status not in ("monitoring", "resolved") and not rises:
        data = {"keys": list(keys), "count": len(items)} | ({"because": because} if because else {})
        batch.joined.append((brief, Fact("alert_attached", tx.now, f"source:{source}", data), len(items)))
        return True
    events: list[Event] = [AlertsAttached(keys, len(items), source, because)]
    if rises:
        rule = next(sorted_.rule for _, _, sorted_ in items if sorted_.severity == worst)
        events.append(SetSeverity(SYSTEM, worst, f"a new alert says so: {rule}"))
    if not _acted(tx, setup, brief.number, *events):
        return False
    incidents.count_alerts(tx, brief.number, len(items))
    return True


def _acted(tx: Tx, setup: Setup, number: int, *events: Event) -> bool:
    """Do what *events* say to an incident, or nothing of it: where that raises the alerts are taken all the same."""
    try:
        with tx.apart():
            for event in events:
                act(tx, setup, number, event)
    except Busy:
        raise
    except Refused:
        return False
    except Exception as error:
        log.exception("incident_raised", incident=number)
        rescue.incident_raised(tx, setup, number, error)
        return False
    return True


def _flush(batch: _Batch) -> None:
    tx = batch.tx
    store.retire(tx, batch.retired)
    store.insert_alerts(tx, batch.inserts)
    store.repeat(tx, [{"id": known.id, "count": known.count, "last_at": batch.now} for known in batch.repeats.values()])
    store.resolve(tx, list(batch.resolved.values()))
    store.insert_changes(tx, batch.changes)
    for home, ids in batch.homes.items():
        store.set_home(tx, ids, home)
    quiet_store.hold(tx, batch.held)


def _end(batch: _Batch) -> None:
    """Tell each incident which of its alerts ended, and how many still fire."""
    if batch.ended and batch.rules.inhibits:
        quiet_store.look_at_inhibited(batch.tx)
    ended: dict[int, list[Alert]] = {}
    for known, alert in batch.ended:
        if known.incident and not known.firing:
            ended.setdefault(known.incident, []).append(alert)
    for number, gone in ended.items():
        keys = tuple(alert.key for alert in gone[:KEYS_SHOWN])
        firing = store.firing(batch.tx, number)
        _acted(batch.tx, batch.setup, number, AlertsResolved(keys, len(gone), gone[0].source, firing))


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
