"""What happens when a way to somebody fails: its backup, the next way, receipts told later, ways broken for good."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Literal

import structlog

from tocsin.core import delivery
from tocsin.core.calendar import words
from tocsin.core.events import PageFailed
from tocsin.core.runbook import Runbook
from tocsin.core.types import incident_name
from tocsin.store import incidents, people, queue
from tocsin.store.db import Tx
from tocsin.usecases import rescue
from tocsin.usecases.configure import Setup, in_force, runbook_of
from tocsin.usecases.respond import act

TAKEN_OVER: Final = ("page", "message", "alarm")  # kinds of rows that a channel's backup can carry

log = structlog.get_logger("tocsin.worker")


def next_way(tx: Tx, setup: Setup, row: Any, by: datetime) -> bool:
    """
    Start what comes after the way of *row*, no later than *by*: the channel's backup, else the next notification rule.

    Returns:
        Whether something waits to be sent, or was taken, in its place.
    """
    if _backup(tx, setup, row, by):
        return True
    return row.kind == "page" and queue.hurry(tx, row.page, row.rule, by)


def _backup(tx: Tx, setup: Setup, row: Any, by: datetime) -> bool:
    """Send *row* through its channel's backup too: once. False where there is none, or where that failed as well."""
    if row.kind not in TAKEN_OVER or row.payload.get("instead_of"):
        return False
    key = f"{row.key}:backup"
    if there := queue.by_key(tx, key):
        return queue.sooner(tx, there, by)
    runbook = _runbook(tx, setup, row)
    health = people.health(tx, row.person) if row.person else delivery.UNKNOWN
    route = delivery.stand_in(runbook, setup.ways, row.via, row.person, health)
    if route is None:
        return False
    payload = {k: v for k, v in row.payload.items() if k != "thread"}
    queue.put(
        tx, key, by, incident=row.incident, kind=row.kind, page=row.page, rule=row.rule, duty=row.duty, via=route.via,
        person=row.person, destination=route.destination, urgent=row.urgent,
        payload={**payload, "kind": route.kind, "to": route.address, "instead_of": row.via},
    )  # fmt: skip
    return True


def _runbook(tx: Tx, setup: Setup, row: Any) -> Runbook:
    known = incidents.bare(tx, row.incident) if row.incident else None
    return runbook_of(tx, setup, known.runbook_version) if known else in_force(tx, setup)[1]


def failed(tx: Tx, setup: Setup, row: Any, why: str) -> None:
    """A way of a page, or of a text, is over: go on to the next at once; a page without one has failed."""
    if next_way(tx, setup, row, tx.now) or row.kind != "page" or queue.page_has_way(tx, row.page):
        return
    queue.close_page(tx, row.page, "failed", why)
    act(tx, setup, row.incident, PageFailed(row.page, row.person, f"{incident_name(row.incident)}: {why}"))


# --------------------------------------------------------------------------------------------- receipts


def await_receipt(tx: Tx, setup: Setup, row: Any) -> None:
    """The provider took a page and promised a receipt: look again when its time is over."""
    channel = _runbook(tx, setup, row).channel(row.via)
    if channel is None:
        return
    queue.put(
        tx, queue.receipt_key(row), tx.now + channel.receipt_within, incident=row.incident, kind="receipt",
        page=row.page, rule=row.rule, via=row.via, person=row.person, destination="",
        payload={"of": row.id, "within": channel.receipt_within.total_seconds()}, urgent=True,
    )  # fmt: skip


def receipt_overdue(tx: Tx, setup: Setup, timer: Any) -> None:
    """The time for a receipt is over: a page that nothing else delivered, or answered, goes on by the next way."""
    queue.settle(tx, timer.id, "done", done_at=tx.now)
    row, page = queue.row(tx, timer.payload["of"]), queue.page(tx, timer.page)
    if row is None or page is None or page.state not in ("requested", "sent"):
        return
    why = f"accepted, but no receipt within {words(tx.now - row.done_at) if row.done_at else 'its time'}"
    queue.note_attempt(
        tx,
        row.id,
        row.page,
        row.epoch,
        tx.now,
        via=row.via,
        verdict="no_receipt",
        receipt=None,
        why=why,
        milliseconds=None,
    )
    tx.touched.add(f"incident:{row.incident}")
    next_way(tx, setup, row, tx.now)


def receipt(
    tx: Tx, setup: Setup, transport: str, receipt: str, state: Literal["delivered", "failed"], why: str = "", *,
    broken: bool = False,
) -> bool:  # fmt: skip
    """
    Take what a vendor says later of a message that it took: it arrived, or it did not.

    A page becomes delivered; one that failed goes on by the next way at once. Told twice it changes nothing, and what
    arrived cannot fail any more.

    Args:
        transport: The integration's name (`twilio`).
        receipt: The vendor's id, as the `Delivered` verdict carried it.
        broken: The address itself is dead: later pages skip this way, and its person and the admins are told.

    Returns:
        Whether the message is known.
    """
    rows = [row for row in queue.receipted(tx, receipt) if row.payload.get("kind") == transport]
    for row in rows:
        timer = queue.by_key(tx, queue.receipt_key(row))
        arrived = timer is not None and timer.state == "moot"
        if row.incident:
            tx.touched.add(f"incident:{row.incident}")
        if state == "delivered":
            _arrived(tx, row, timer)
        elif row.state == "done" and not arrived:
            _lost(tx, setup, row, timer, why or "the vendor says that it was not delivered", broken=broken)
    return bool(rows)


def _arrived(tx: Tx, row: Any, timer: Any) -> None:
    if row.page:
        queue.page_sent(tx, row.page, "delivered", row.via)
    if timer is not None and timer.state == "pending":
        queue.settle(tx, timer.id, "moot", why="it arrived", done_at=tx.now)


def _lost(tx: Tx, setup: Setup, row: Any, timer: Any, why: str, *, broken: bool) -> None:
    queue.settle(tx, row.id, "failed", why=why[:500], done_at=tx.now)
    if timer is not None and timer.state == "pending":
        queue.settle(tx, timer.id, "done", why=why[:500], done_at=tx.now)
    queue.note_attempt(
        tx,
        row.id,
        row.page,
        row.epoch,
        tx.now,
        via=row.via,
        verdict="failed",
        receipt=None,
        why=why[:500],
        milliseconds=None,
    )
    if broken:
        break_way(tx, setup, row, why)
    page = queue.page(tx, row.page) if row.page else None
    if page is None or page.state in queue.OPEN_PAGE:
        failed(tx, setup, row, why)


# --------------------------------------------------------------------------------------------- broken for good


def break_way(tx: Tx, setup: Setup, row: Any, why: str) -> None:
    """Keep that a person's way is dead; tell them by another way, and the admins: once."""
    if row.person is None:
        return
    _, runbook = in_force(tx, setup)
    channel = runbook.channel(row.via)
    config = channel.settings if channel else {}
    address = delivery.mark(row.payload["kind"], row.payload["to"], config)
    if not people.note_broken(tx, row.person, row.via, address, why[:300]):
        return
    log.error("way_broken", person=row.person, via=row.via, why=why)
    known = runbook.people.get(row.person)
    name = known.name if known else row.person
    text = (
        f"{row.via} does not reach {name} any more: {why[:300]}\n"
        "Pages skip it until it is proved again, or the address in the runbook changes. "
        f"Prove it with `tocsin people check {row.person} {row.via}`, or on this page:"
    )
    admins = [id_ for id_, person in runbook.people.items() if "admin" in person.roles]
    for hears in dict.fromkeys([row.person, *admins]):
        key = f"broken:{row.person}:{row.via}:{tx.now.isoformat()}"
        link = f"{setup.public_url}/people/{row.person}"
        tell_person(tx, setup, runbook, hears, key, f"{name} is not reached by {row.via}", text, link=link)


def tell_person(
    tx: Tx, setup: Setup, runbook: Runbook, person: str, key: str, title: str, text: str, *, link: str
) -> None:
    """Put a text for one person into the outbox that needs no incident, by their first way that works."""
    health = people.health(tx, person)
    routes = delivery.to_person(runbook, setup.ways, person, "high", health=health)
    route = next(route for route in routes if not route.why_not)
    rescue.alarm(tx, f"{key}:to:{person}", route, title, text, link=link, person=person)
