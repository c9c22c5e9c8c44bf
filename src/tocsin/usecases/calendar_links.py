"""Secret links to calendars: one for each schedule or person and device, made, listed and revoked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tocsin import calendar_out
from tocsin.core import oncall
from tocsin.core.types import Refused
from tocsin.store import access as store
from tocsin.store import audit
from tocsin.store import oncall as store_oncall
from tocsin.store.db import Tx
from tocsin.usecases.configure import Setup, in_force

KIND: Final = "calendar"
PAST, AHEAD = timedelta(days=30), timedelta(days=180)  # what a feed shows
ID_LENGTH: Final = 16  # hex digits of the stored hash: enough to tell links apart, and none of the secret


@dataclass(frozen=True, slots=True)
class Link:
    """A link without its secret. `kind` is schedule or person, `of` its name."""

    id: str
    kind: str
    of: str
    by: str
    created_at: datetime


def make(tx: Tx, setup: Setup, secret: str, *, kind: str, of: str, by: str) -> Link:
    """
    Keep a new link; only the hash of its secret.

    Raises:
        Refused: 422, for a schedule or person that the runbook does not have.
    """
    _, runbook = in_force(tx, setup)
    known = {"schedule": tuple(runbook.schedules), "person": tuple(runbook.people)}.get(kind, ())
    if of not in known:
        raise Refused(f"no {kind} {of!r}; there are {', '.join(known)}", 422)
    store.put_credential(tx, secret, KIND, by, source=f"{kind}:{of}")
    id_ = store.hash_of(secret)[:ID_LENGTH]
    audit.append(tx, by, "calendar_link_created", {"id": id_, kind: of})
    return Link(id_, kind, of, by, tx.now)


def links(tx: Tx) -> list[Link]:
    """Every link that still opens something, the oldest first."""
    return [_link(row) for row in store.of_kind(tx, KIND)]


def _link(row: Any) -> Link:
    kind, _, of = row.source.partition(":")
    return Link(row.hash[:ID_LENGTH], kind, of, row.name, row.created_at)


def revoke(tx: Tx, id_: str, by: str) -> None:
    """Let a link open nothing any more. Raises Refused: 404, there is none."""
    if len(id_) != ID_LENGTH or not store.drop_by_id(tx, KIND, id_):
        raise Refused("there is no such calendar link", 404)
    audit.append(tx, by, "calendar_link_revoked", {"id": id_})


def feed(tx: Tx, setup: Setup, secret: str) -> bytes | None:
    """
    The calendar that a link opens; the same bytes all day, as long as nothing changes.

    None: the link is unknown or revoked, or its schedule or person is gone from the runbook.
    """
    row = store.credential(tx, secret, KIND)
    if row is None:
        return None
    _, runbook = in_force(tx, setup)
    kind, _, of = row.source.partition(":")
    if of not in (runbook.schedules if kind == "schedule" else runbook.people):
        return None
    today = tx.now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    start, until = today - PAST, today + AHEAD
    person = of if kind == "person" else None
    if person is None:
        names, stand_ins = {of}, store_oncall.stand_ins(tx, start - store_oncall.PAST, until, of)
    else:
        theirs = [name for name, schedule in runbook.schedules.items() if person in schedule.people]
        stand_ins, names = store_oncall.stand_ins_of(tx, start - store_oncall.PAST, until, person, theirs)
    found = [
        shift
        for schedule in runbook.schedules
        if schedule in names
        for shift in oncall.shifts(runbook, schedule, start, until, stand_ins, only=person, is_whole=True)
    ]
    name = f"On call: {runbook.people[person].name if person else of}"
    zone = (runbook.people[person] if person else runbook.schedules[of]).timezone or runbook.organization.timezone
    return calendar_out.feed(name, zone, found, runbook, start, today, f"{setup.public_url}/oncall")
