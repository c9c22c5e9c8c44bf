"""What the public was told: incidents and their updates, the states of components, planned maintenance."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import false, insert, select, update

from tocsin.core.planned import Plan, times
from tocsin.core.statuspage import Maintenance, PublicIncident, Update, public_id
from tocsin.core.types import Publish, uuid7
from tocsin.store.db import Tx, insert_new
from tocsin.store.schema import component_states, maintenances, measurements, public_incidents, public_updates

TOPIC = "status"  # what a commit touches that the status page shows


def tell(tx: Tx, incident: int, told: Publish, changes: Sequence[tuple[str, str, str]]) -> str | None:
    """Keep an update and what it makes of the public incident; returns its id. Telling it again: None, and nothing."""
    id_ = uuid7(tx.now, "public", incident, told.key, told.status, told.body)
    row = {"id": id_, "incident": incident, "at": tx.now, "status": told.status, "body": told.body,
           "changes": [list(change) for change in changes]}  # fmt: skip
    if not insert_new(tx, public_updates, row):
        return None
    table, ended = public_incidents, tx.now if told.status == "resolved" else None
    values: dict[str, Any] = {
        "title": told.title, "status": told.status, "impact": told.impact, "component": told.component,
        "state": told.state, "updated_at": tx.now, "resolved_at": ended,
    }  # fmt: skip
    if told.status == "monitoring":
        values["monitoring_at"] = tx.now
    if tx.run(update(table).where(table.c.incident == incident).values(**values)) == 0:
        name = public_id("incident", incident, told.started_at)
        tx.run(insert(table).values(incident=incident, id=name, started_at=told.started_at, **values))
    tx.touched.add(TOPIC)
    return id_


def open_states(tx: Tx, component: str, but: int) -> list[str]:
    """The states that the open public incidents of a component ask for, all but one incident's."""
    table = public_incidents
    where = table.c.component == component, table.c.resolved_at.is_(None), table.c.incident != but
    return [row.state for row in tx.all(select(table.c.state).where(*where))]


def state_of(tx: Tx, component: str) -> str:
    """The state of a component now; operational for one that was never heard of."""
    table = component_states
    row = tx.first(select(table.c.state).where(table.c.component == component).order_by(table.c.at.desc()).limit(1))
    return str(row.state) if row else "operational"


def set_state(tx: Tx, component: str, state: str) -> None:
    """Write down that a component is in *state* from now on."""
    table = component_states
    where = table.c.component == component, table.c.at == tx.now
    if not insert_new(tx, table, {"component": component, "at": tx.now, "state": state}):
        tx.run(update(table).where(*where).values(state=state))
    tx.touched.add(TOPIC)


def measure(tx: Tx, component: str, down: float) -> bool:
    """Write down which share of a component is down from now on; says whether that is another than before."""
    table = measurements
    last = tx.first(select(table.c.down).where(table.c.component == component).order_by(table.c.at.desc()).limit(1))
    if (last.down if last else 0.0) == down:
        return False
    where = table.c.component == component, table.c.at == tx.now
    if not insert_new(tx, table, {"component": component, "at": tx.now, "down": down}):
        tx.run(update(table).where(*where).values(down=down))
    tx.touched.add(TOPIC)
    return True


def measured(tx: Tx, since: datetime) -> Mapping[str, list[tuple[datetime, float]]]:
    """For each component the instants at which what is measured changed, oldest first, as far as *since* needs them."""
    found: defaultdict[str, list[tuple[datetime, float]]] = defaultdict(list)
    for row in tx.all(select(measurements).order_by(measurements.c.at)):
        if row.at <= since:  # what held then is all that is left of what was before
            found[row.component].clear()
        found[row.component].append((row.at, row.down))
    return found


def meet(tx: Tx, components: Sequence[str]) -> None:
    """Begin the history of components that were never heard of."""
    known = histories(tx)
    for name in components:
        if name not in known:
            set_state(tx, name, "operational")


def histories(tx: Tx) -> Mapping[str, list[tuple[datetime, str]]]:
    """For each component the instants at which its state changed, oldest first."""
    found: defaultdict[str, list[tuple[datetime, str]]] = defaultdict(list)
    for row in tx.all(select(component_states).order_by(component_states.c.at)):
        found[row.component].append((row.at, row.state))
    return found


def incidents(tx: Tx) -> tuple[PublicIncident, ...]:
    """Every public incident, newest first, each with its updates, newest first."""
    return _incidents(tx, select(public_incidents), select(public_updates))


def _incidents(tx: Tx, which: Any, said_of: Any) -> tuple[PublicIncident, ...]:
    said: defaultdict[int, list[Update]] = defaultdict(list)
    for row in tx.all(said_of.order_by(public_updates.c.at.desc(), public_updates.c.id.desc())):
        changes = tuple((str(a), str(b), str(c)) for a, b, c in row.changes)
        said[row.incident].append(Update(row.id, row.at, row.status, row.body, changes))
    rows = tx.all(which.order_by(public_incidents.c.incident.desc()))
    return tuple(
        PublicIncident(
            r.id, r.title, r.status, r.impact, r.component, r.state, r.started_at, r.updated_at, r.monitoring_at,
            r.resolved_at, tuple(said[r.incident]),
        )
        for r in rows
    )  # fmt: skip


def told(tx: Tx, update_id: str) -> tuple[PublicIncident, Update] | None:
    """One update with its incident, as it stands now; None for an id that nobody gave out."""
    row = tx.first(select(public_updates.c.incident).where(public_updates.c.id == update_id))
    if row is None:
        return None
    table, said = public_incidents, public_updates
    (found,) = _incidents(
        tx, select(table).where(table.c.incident == row.incident), select(said).where(said.c.incident == row.incident)
    )
    return found, next(one for one in found.updates if one.id == update_id)


def unresolved(tx: Tx) -> tuple[PublicIncident, ...]:
    """The open public incidents without what was said of them, newest first."""
    where = public_incidents.c.resolved_at.is_(None)
    return _incidents(tx, select(public_incidents).where(where), select(public_updates).where(false()))


_PLANNED = select(maintenances)


def _plan(r: Any) -> Plan:
    return Plan(
        r.id, r.title, r.text, tuple(r.components), r.start, r.until, r.created_at, r.by, r.repeat, r.zone or "UTC"
    )


def plans(tx: Tx) -> tuple[Plan, ...]:
    """All planned work that was not taken back, by its start."""
    table = maintenances
    rows = tx.all(_PLANNED.where(table.c.deleted_at.is_(None)).order_by(table.c.start, table.c.id))
    return tuple(_plan(row) for row in rows)


def work(tx: Tx, id_: str) -> tuple[Plan, bool] | None:
    """Planned work, and whether it was taken back; None for an id that nobody gave out."""
    row = tx.first(_PLANNED.where(maintenances.c.id == id_))
    return None if row is None else (_plan(row), row.deleted_at is not None)


def maintenance(tx: Tx) -> tuple[Maintenance, ...]:
    """The same as the status page shows it, by its start: what comes again is there once for each time."""
    found = (one for plan in plans(tx) for one in times(plan, tx.now))
    return tuple(sorted(found, key=lambda one: (one.start, one.id)))


def add_maintenance(tx: Tx, **columns: Any) -> str:
    """Keep planned work; returns its id. Columns as in schema.maintenances; what it names must have been checked."""
    named = (columns[name] for name in ("title", "start", "until", "by"))
    id_ = uuid7(tx.now, "maintenance", *named)
    insert_new(tx, maintenances, {"id": id_, "created_at": tx.now, **columns})
    tx.touched.add(TOPIC)
    return id_


def delete_maintenance(tx: Tx, id_: str) -> bool:
    """Take planned work back; says whether there was any of that id."""
    where = maintenances.c.id == id_, maintenances.c.deleted_at.is_(None)
    tx.touched.add(TOPIC)
    return tx.run(update(maintenances).where(*where).values(deleted_at=tx.now)) > 0
