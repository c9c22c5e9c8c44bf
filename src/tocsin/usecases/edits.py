"""Pages that are over: what was sent of them says who has it, where a vendor lets a message be edited."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from tocsin.core.drill import mark_of
from tocsin.core.incident import Incident
from tocsin.core.runbook import Runbook
from tocsin.store import incidents, queue
from tocsin.store.db import Tx
from tocsin.usecases.configure import Setup, in_force, incident_link

MOST: Final = 50  # copies of one incident, the newest: a flood of edits would take the place of pages
LIFE: Final = timedelta(minutes=10)  # what could not be edited by then stays as it is: its buttons answer in words


def close_pages(
    tx: Tx, setup: Setup, runbook: Runbook, state: Incident, why: str, by: str | None, *, only: str | None = None,
    keep: Sequence[str] = (),
) -> None:  # fmt: skip
    """End the open pages of an incident, as `queue.close_pages`, and have their copies say so."""
    copies = queue.copies(tx, state.number, only=only, keep=keep, limit=MOST)
    queue.close_pages(tx, state.number, why, by, only=only, keep=keep)
    copies = [copy for copy in copies if _can_edit(setup, copy.payload.get("kind", ""))]
    is_open = queue.still_open(tx, {copy.receipt for copy in copies}) if copies else set()
    for copy in copies:
        if (copy.destination, copy.receipt) not in is_open:  # else it lists another page, which still wants an answer
            _put(tx, setup, runbook, state, why, copy, copy.receipt)


def late(tx: Tx, setup: Setup, id_: str, receipt: str) -> None:
    """A page that ended while its row *id_* was being sent: what the vendor took is edited, too."""
    row = queue.row(tx, id_)
    page = queue.page(tx, row.page) if row is not None and row.page and row.state == "moot" else None
    if page is None or page.state in queue.OPEN_PAGE or not _can_edit(setup, row.payload.get("kind", "")):
        return
    if (row.destination, receipt) not in queue.still_open(tx, {receipt}):
        state = incidents.plainly(tx, page.incident, None).state
        _put(tx, setup, in_force(tx, setup)[1], state, page.why or "", row, receipt)


def _put(tx: Tx, setup: Setup, runbook: Runbook, state: Incident, why: str, copy: Any, receipt: str) -> None:
    """One edit: the incident's line, and why nobody is asked any more, with people by their names."""
    people = runbook.people
    said = " ".join(people[word].name if word in people else word for word in why.split(" "))
    payload = {
        "kind": copy.payload["kind"], "to": copy.payload["to"], "receipt": receipt,
        "title": mark_of(state, f"[{state.severity}] {state.name}: {state.title}"),
        "text": f"{said[:1].upper()}{said[1:]} ({tx.now:%H:%M} UTC).", "link": incident_link(setup, state.number),
    }  # fmt: skip
    # A destination of its own: what a vendor's limits leave to a chat is for pages.
    queue.put(
        tx, _key(copy.payload["kind"], receipt, copy.page), tx.now, incident=state.number, kind="edit", via=copy.via,
        destination=f"edit:{copy.destination}", payload=payload, urgent=False,
    )  # fmt: skip


def answered(tx: Tx, kind: str, receipt: str, lead: str) -> None:
    """Leave one message alone, with all the pages that it lists: whoever pressed its button is answered in it."""
    for page in queue.folded(tx, lead):
        row = queue.by_key(tx, _key(kind, receipt, page.id))
        if row is not None and row.state == "pending":
            queue.settle(tx, row.id, "moot", why="it is answered in the message itself", done_at=tx.now)


def too_old(tx: Tx, row: Any) -> bool:
    """Whether an edit has lost its use; it then ends here."""
    is_old = row.kind == "edit" and tx.now - row.created_at > LIFE
    if is_old:
        queue.settle(tx, row.id, "moot", why="too late to be of use", done_at=tx.now)
    return bool(is_old)


def _key(kind: str, receipt: str, page: str) -> str:
    return f"edit:{page}:{kind}:{receipt}"[:300]


def _can_edit(setup: Setup, kind: str) -> bool:
    transport = setup.plugins.transports.get(kind)
    return transport is not None and transport.edit is not None
