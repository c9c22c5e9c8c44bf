"""The bundle of what is known of an incident: one zip archive of JSON files, bounded, each with its hash."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import orjson

from tocsin.core.changes import LOOK_BACK, needs_of
from tocsin.core.probes import Point
from tocsin.core.runbook import Runbook
from tocsin.core.types import Json, incident_name, instant_text
from tocsin.store import action_items, alerts, incidents, probes, queue
from tocsin.store.db import Tx
from tocsin.store.incidents import Stored
from tocsin.usecases.configure import Setup, runbook_of

ROWS: Final = 5_000  # of one file
PART_BYTES: Final = 4_000_000  # of one file, unpacked
AFTER: Final = timedelta(hours=1)  # so long after its end changes and curves go on
MANIFEST: Final = "manifest.json"


@dataclass(frozen=True, slots=True)
class Part:
    """One file of the bundle: how many items are in it, how many did not fit, the SHA-256 of its bytes."""

    name: str
    items: int
    left_out: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle of one incident. `sha256` is that of `body`, the archive."""

    incident: int
    sha256: str
    parts: tuple[Part, ...]
    body: bytes

    @property
    def sentence(self) -> str:
        """What is in it, for the timeline: whoever has the bundle can tell by this that it is the one."""
        found = ", ".join(f"{part.items} {part.name.removesuffix('.json').replace('_', ' ')}" for part in self.parts)
        return f"Evidence collected: {found} (SHA-256 {self.sha256})"


def bundle(tx: Tx, setup: Setup, number: int) -> Bundle:
    """Read all that is kept of an incident, and pack it; the same record at the same instant gives the same bytes."""
    stored = incidents.load(tx, number)
    runbook = runbook_of(tx, setup, stored.state.runbook_version)
    files = {name: _lines(rows) for name, rows in _record(tx, stored, runbook).items()}
    parts = tuple(
        Part(name, items, left_out, hashlib.sha256(body).hexdigest()) for name, (body, items, left_out) in files.items()
    )
    manifest = {
        "incident": stored.state.name, "title": stored.state.title, "collected_at": instant_text(tx.now),
        "declared_at": instant_text(stored.state.declared_at), "resolved_at": instant_text(stored.state.resolved_at),
        "timeline_head": stored.head,
        "files": [{"name": p.name, "items": p.items, "left_out": p.left_out, "sha256": p.sha256} for p in parts],
    }  # fmt: skip
    bodies = {MANIFEST: _json(manifest), **{name: body for name, (body, _, _) in files.items()}}
    body = _packed(bodies, tx.now)
    return Bundle(number, hashlib.sha256(body).hexdigest(), parts, body)


def _record(tx: Tx, stored: Stored, runbook: Runbook) -> Mapping[str, Iterable[Json]]:
    state, number = stored.state, stored.state.number
    start, end = state.declared_at - LOOK_BACK, (state.resolved_at or tx.now) + AFTER
    entries = incidents.timeline(tx, number, limit=4 * ROWS)
    pages = queue.pages(tx, incident=number, limit=ROWS + 1)
    ids = [row.id for row in pages[:500]]
    return {
        "timeline.json": [_entry(entry) for entry in entries],
        "alerts.json": [_row(row, "raw", "dedup") for row in alerts.listing(tx, incident=number, limit=ROWS + 1)],
        "pages.json": [_row(row) for row in pages],
        "attempts.json": [_row(row) for row in queue.attempts(tx, ids)],
        "messages.json": [_entry(entry) for entry in entries if entry.kind == "message_seen"],
        "findings.json": [_entry(entry) for entry in entries if entry.kind == "finding_added"],
        "changes.json": [_row(row) for row in alerts.changes_between(tx, start, end, ROWS + 1)],
        "probes.json": [_curve(*one) for one in curves(tx, runbook, state.service, start, end).items()],
        "action_items.json": [_item(item) for item in action_items.of_incident(tx, number)],
    }


def curves(
    tx: Tx, runbook: Runbook, service: str | None, start: datetime, end: datetime
) -> dict[str, Sequence[Point]]:  # fmt: skip
    """What the probes of the service, and of what it depends on, measured in [start, end); those that looked."""
    needs = needs_of(runbook, service)
    names = [name for name, probe in runbook.probes.items() if not needs or probe.service in needs]
    found = {name: probes.curve(tx, name, start, end) for name in names}
    return {name: points for name, points in found.items() if points}


def _curve(name: str, points: Sequence[Point]) -> Json:
    return {
        "probe": name,
        "curve": [{"at": instant_text(p.at), "ok": p.ok, "milliseconds": p.milliseconds} for p in points],
    }


def _entry(entry: Any) -> Json:
    return {"seq": entry.seq, "at": instant_text(entry.at), "kind": entry.kind, "actor": entry.actor,
            "data": entry.data, "hash": entry.hash}  # fmt: skip


def _row(row: Any, *but: str) -> Json:
    return {
        str(name): instant_text(value) if isinstance(value, datetime) else value
        for name, value in row._mapping.items()
        if name not in but
    }


def _item(item: Any) -> Json:
    return {"id": item.id, "title": item.title, "owner": item.owner, "due": str(item.due), "state": item.state,
            "verify": item.verify, "link": item.link, "why": item.why}  # fmt: skip


def _lines(rows: Iterable[Json]) -> tuple[bytes, int, int]:
    """A JSON list, one item on a line, as far as it may go; with how many went in, and how many did not."""
    kept: list[bytes] = []
    size = left_out = 0
    for row in rows:
        line = orjson.dumps(row, default=str)
        size += len(line)
        if len(kept) >= ROWS or size > PART_BYTES:
            left_out += 1
        else:
            kept.append(line)
    return b"[\n" + b",\n".join(kept) + b"\n]\n", len(kept), left_out


def _json(value: Json) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2)


def _packed(files: Mapping[str, bytes], at: datetime) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, at.timetuple()[:6]), content, zipfile.ZIP_DEFLATED)
    return body.getvalue()


def file_name(number: int) -> str:
    """What the bundle is called when it is saved."""
    return f"{incident_name(number)}-evidence.zip"
