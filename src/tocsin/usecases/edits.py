"""Pages that are over: what was sent of them says who has it, where a vendor lets a message be edited."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from tocsin.core.runbook import Runbook
from tocsin.store import queue
from tocsin.store.db import Tx
from tocsin.usecases.configure import Setup, incident_link

MOST: Final = 50  # copies of one incident, the newest: a flood of edits would take the place of pages
LIFE: Final = timedelta(minutes=10)  # what could not be edited by then stays as it is: its buttons answer in words


def close_pages(
    tx: Tx, setup: Setup, runbook: Runbook, number: int, title: str, why: str, by: str | None, *,
    only: str | None = None, keep: Sequence[str] = (),
) -> None:  # fmt: skip
    """
    End the open pages of an incident, as `queue.close_pages`, and have their copies say so.

    Args:
        title: The line that the copies keep.
        why: Why they are over; the id of *by* or *only* in it is written out as the name.
    """
    copies = queue.copies(tx, number, only=only, keep=keep, limit=MOST)
    queue.close_pages(tx, number, why, by, only=only, keep=keep)
    copies = [copy for copy in copies if _can_edit(setup, copy.payload.get("kind", ""))]
    if not copies:
        return
    is_open = queue.still_open(tx, {copy.receipt for copy in copies})
    who = by or only
    name = runbook.people[who].name if who in runbook.people else who
    said = " ".join(str(name) if word == who else word for word in why.split(" "))
    text = f"{said[:1].upper()}{said[1:]} ({tx.now:%H:%M} UTC)."
    for copy in copies:
        if (copy.destination, copy.receipt) in is_open:  # it lists another page, which still wants an answer
            continue
        payload = {
            "kind": copy.payload["kind"], "to": copy.payload["to"], "title": title, "text": text,
            "link": incident_link(setup, number), "receipt": copy.receipt,
        }  # fmt: skip
        # A destination of its own: what a vendor's limits leave to a chat is for pages.
        queue.put(
            tx, _key(copy.payload["kind"], copy.receipt, copy.page), tx.now, incident=number, kind="edit", via=copy.via,
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
