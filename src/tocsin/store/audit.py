"""The audit log: who changed what in Tocsin itself. Append only, hash-chained as timelines are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import insert, select, update

from tocsin.core import ledger
from tocsin.core.types import Json
from tocsin.store import incidents
from tocsin.store.db import Tx
from tocsin.store.schema import audit, meta

HEAD: Final = "audit_head"  # in `meta`: `SEQ HASH` of the last entry, so that a cut tail is found
CHAIN: Final = 0  # the number that stands in the hashes where a timeline has its incident's


def append(tx: Tx, actor: str, what: str, data: Mapping[str, Json]) -> None:
    """Add one entry to the chain; other nodes that add one wait until the commit. *data* holds no secrets."""
    statement = select(meta.c.value).where(meta.c.key == HEAD)
    row = tx.first(statement if tx.sqlite else statement.with_for_update())
    last, _, head = row.value.partition(" ") if row else ("0", "", ledger.GENESIS)
    seq, text = int(last) + 1, ledger.dump(data)
    hash_ = ledger.link(head, CHAIN, seq, tx.now, what, actor, text)
    tx.run(insert(audit).values(seq=seq, at=tx.now, actor=actor, what=what, data=text, hash=hash_))
    if row:
        tx.run(update(meta).where(meta.c.key == HEAD).values(value=f"{seq} {hash_}"))
    else:
        tx.run(insert(meta).values(key=HEAD, value=f"{seq} {hash_}"))


def verify(tx: Tx) -> dict[str, Any]:
    """
    Recompute every chain: the timelines', and the audit log's.

    Returns:
        `{"ok", "entries", "broken", "audit": {"ok", "entries", "broken"}}`. `entries` and `broken` (None, or the
        first link that is wrong: `{"incident", "seq"}`) outside are the timelines'; `ok` there speaks for both. An
        entry of the audit log has no incident: None.
    """
    timelines, log = incidents.verify(tx), _verify_log(tx)
    return {**timelines, "ok": timelines["ok"] and log["ok"], "audit": log}


def _verify_log(tx: Tx) -> dict[str, Any]:
    columns = audit.c.seq, audit.c.at, audit.c.what, audit.c.actor, audit.c.data, audit.c.hash
    rows = tx.connection.execute(select(*columns).order_by(audit.c.seq))
    broken, count, head = ledger.first_broken(CHAIN, (tuple(row) for row in rows))
    kept = tx.first(select(meta.c.value).where(meta.c.key == HEAD))
    last, _, known = kept.value.partition(" ") if kept else ("0", "", ledger.GENESIS)
    if broken is None and (count, head) != (int(last), known):
        broken = min(count, int(last)) + (count < int(last))
    return {"ok": broken is None, "entries": count, "broken": broken and {"incident": None, "seq": broken}}
