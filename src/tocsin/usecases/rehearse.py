"""What a payload would do, without doing it: it is taken as any other is, and then all of it is undone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import select

from tocsin.core import triage
from tocsin.core.alert import Signal
from tocsin.core.types import Json, Refused, first_id, incident_name
from tocsin.sdk import BadPayload, Inbound, read_json
from tocsin.store import alerts as store
from tocsin.store import incidents
from tocsin.store.db import Tx
from tocsin.store.schema import pages
from tocsin.usecases.configure import Setup, in_force, source_config
from tocsin.usecases.ingest import ingest, rules_of

FREE_FORM: Final = "generic"  # it reads nearly everything: it is guessed last


class _Undo(Exception):  # noqa: N818 - it undoes the rehearsal
    pass


def read(tx: Tx, setup: Setup, body: bytes, source: str | None) -> tuple[str, Sequence[Signal]]:
    """
    Read a body as *source* does, or as the first source that finds an alert in it; returns which, and its signals.

    Signatures are not asked for: nothing comes of it.

    Raises:
        Refused: 422, when the source is not known, or none can read it; the text says why.
    """
    sources, book = setup.plugins.sources, in_force(tx, setup)[1]
    if source is not None and source not in sources:
        raise Refused(f"no source {source}; there are {', '.join(sorted(sources))}", 422)
    names = [source] if source else sorted(sources, key=lambda name: (name == FREE_FORM, name))
    why: dict[str, str] = {}
    for name in names:
        try:
            path = next(iter(sources[name].paths), "")
            json = None if sources[name].raw else read_json(body)
            config = source_config(setup, book, name)
            signals = sources[name].parse(Inbound(body, json, tx.now, name, path=path, config=config))
        except BadPayload as error:
            why[name] = str(error)
            continue
        if signals or source:
            return name, signals
        why[name] = "it finds no alert in it"
    said = "; ".join(f"{name}: {text}" for name, text in why.items())
    raise Refused(f"the payload cannot be used: {said}" if source else f"no source can read this: {said}", 422)


def rehearse(tx: Tx, setup: Setup, body: bytes, source: str | None) -> list[Json]:
    """
    Say for each alert of a body what would become of it now.

    Returns:
        `[{"source", "action", "key", "title", "severity", "service", "rule", "disposition", "incident", "new",
        "held_by", "because", "would_page"}]`: disposition is incident, duplicate, silenced or none; `incident` the one
        it would join, None for a new one; `held_by` the rule that holds it back; `would_page` who is paged at once.

    Raises:
        Refused: 422, when nobody can read the body.
    """
    name, signals = read(tx, setup, body, source)
    latest = store.latest(tx, {_dedup(signal) for signal in signals})
    before = {dedup: row.id for dedup, row in latest.items() if row.state == "firing"}
    known, pages_before = set(incidents.working(tx)), set(_pages_of_now(tx))
    found: list[Json] = []
    try:
        with tx.apart():
            ingest(tx, setup, [[signal for signal in signals if signal.action != "probe"]])
            paged = {id_: who for id_, who in _pages_of_now(tx).items() if id_ not in pages_before}
            found = [_told(tx, setup, name, signal, before, known, list(paged.values())) for signal in signals]
            raise _Undo
    except _Undo:
        return found


def _dedup(signal: Signal) -> str:
    return store.dedup_of(signal.alert.source, signal.alert.key)


def _told(
    tx: Tx, setup: Setup, source: str, signal: Signal, before: Mapping[str, str], known: set[int],
    paged: Sequence[tuple[int, str]],
) -> Json:  # fmt: skip
    alert, dedup = signal.alert, _dedup(signal)
    rules = rules_of(tx, setup)
    sorted_ = triage.sort(rules, alert, tx.now)
    row: Any = None
    if signal.action == "trigger":
        latest = store.latest(tx, [dedup])[dedup]
        row = store.some(tx, [latest.id])[0]
    severity, number = sorted_.severity, row.incident if row else None
    return {
        "source": source, "action": signal.action, "key": alert.key, "title": alert.title,
        "severity": severity, "service": sorted_.service, "rule": sorted_.rule,
        "disposition": _disposition(row, before.get(dedup)),
        "incident": incident_name(number) if number in known else None, "new": bool(number and number not in known),
        "held_by": row.rule if row and row.disposition == "silenced" else None,
        "because": _because(tx, number, alert.key) if number in known else None,
        "would_page": sorted({person for n, person in paged if n == number}),
        "runbook_version": in_force(tx, setup)[0],
    }  # fmt: skip


def _disposition(row: Any, before: str | None) -> str:
    if row is None:
        return "none"
    if row.disposition == "silenced":
        return "silenced"
    return "duplicate" if row.id == before else "incident"


def _because(tx: Tx, number: int, key: str) -> str | None:
    """What else than its group would bring it there, as the timeline would say it."""
    entries = incidents.timeline(tx, number, max(incidents.load(tx, number).seq - 20, 0))
    mine = (e.data.get("because") for e in entries if e.kind == "alert_attached" and key in e.data.get("keys", ()))
    return next((text for text in mine if text), None)


def _pages_of_now(tx: Tx) -> dict[str, tuple[int, str]]:
    """The pages that were asked for at this very instant: their incident and whom they ask, by id."""
    statement = select(pages.c.id, pages.c.incident, pages.c.person).where(pages.c.id >= first_id(tx.now))
    return {row.id: (row.incident, row.person) for row in tx.all(statement)}
