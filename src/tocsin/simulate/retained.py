"""What retention may take: rows of incidents that ended long enough ago, and nothing else (9)."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from tocsin.core.types import incident_name
from tocsin.store import retention

if TYPE_CHECKING:
    from tocsin.simulate.world import Node, World

KEEP: Final = timedelta(hours=3)  # months in service; short here, so that there is something to take
EVERY_SECONDS: Final = 7200.0
COUNTED: Final = ("incident", "silenced")  # alerts that are an episode of their key, as the ledger counts them


async def sweep(world: World) -> None:
    """Remove old rows every two hours, on some node, as the watchman does."""

    async def work(node: Node) -> int:
        numbers = await node.db.read(retention.ended, KEEP)
        return await node.db.write(retention.remove, KEEP, numbers)

    while True:
        await asyncio.sleep(EVERY_SECONDS)
        await world.ask(work)


def removing(world: World) -> Callable[[], None]:
    """Look at what is there before a removal; returns what compares it afterwards, and forgets what may be."""
    oracle = world.oracle
    alerts, rows = _alerts(world), _rows(world)
    before = world.clock() - KEEP
    over = {
        number
        for number, mirror in oracle.mirrors.items()
        if not mirror.state.is_open and mirror.state.resolved_at and mirror.state.resolved_at < before
    }

    def removed() -> None:
        left, sent = _alerts(world), _rows(world)
        gone = [alert for id_, alert in alerts.items() if id_ not in left]
        taken = {alert.incident for alert in gone} | {row.incident for id_, row in rows.items() if id_ not in sent}
        for number in taken - over - {None}:
            oracle.broken("9 retention", f"{incident_name(number)} lost rows, and has not ended long ago", number)
        if waiting := [row for id_, row in rows.items() if id_ not in sent and row.state in ("pending", "leased")]:
            oracle.broken("9 retention", f"{len(waiting)} rows that wait to be sent are gone")
        _forget(world, gone, left.values())

    return removed


def _forget(world: World, gone: list[Any], left: Iterable[Any]) -> None:
    """
    What went is counted no more; a key of which the newest episode went is as if it had never been.

    One that was held back may go before those of an incident that is open, or younger: the key begins with 1 again.
    """
    oracle = world.oracle
    for alert in gone:
        key = (alert.source, alert.key)
        oracle.fired[key] = max(oracle.fired[key] - alert.count, 0)
        oracle.forgotten[key] += alert.disposition in COUNTED
        if alert.latest:
            oracle.keys.pop(key, None)
            oracle.fired[key] = oracle.forgotten[key] = 0
            oracle.begun_anew |= {key} & {(other.source, other.key) for other in left}


def _alerts(world: World) -> dict[str, Any]:
    columns = "id, source, key, count, incident, disposition, latest"
    return {row.id: row for row in world.oracle.found(f"SELECT {columns} FROM alerts")}  # noqa: S608 - our own names


def _rows(world: World) -> dict[str, Any]:
    return {row.id: row for row in world.oracle.found("SELECT id, incident, state FROM outbox")}


Forgotten = Counter[tuple[str, str]]  # source and key to the episodes that went
