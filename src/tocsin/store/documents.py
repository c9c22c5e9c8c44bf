"""What documents are to stand in the repository, and how far they were brought."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import insert, select, update

from tocsin.store.db import Tx
from tocsin.store.schema import LEASED, documents, outbox

KIND: Final = "document"  # of the outbox rows that bring one there


def get(tx: Tx, incident: int) -> Any:
    """The document of an incident (path, text, content, link, pull, asked_at, done_at, why), or None."""
    return tx.first(select(documents).where(documents.c.incident == incident))


def at_work(tx: Tx, repository: str, but: str) -> bool:
    """Say whether another document is being brought to the repository right now: it takes one change at a time."""
    where = outbox.c.kind == KIND, outbox.c.via == repository, LEASED, outbox.c.id != but
    return tx.first(select(outbox.c.id).where(*where, outbox.c.lease_until > tx.now).limit(1)) is not None


def ask(tx: Tx, incident: int, path: str, text: str) -> None:
    """This text is to be there; where one was brought before, its path stays."""
    if tx.run(update(documents).where(documents.c.incident == incident).values(text=text, asked_at=tx.now)) == 0:
        tx.run(insert(documents).values(incident=incident, path=path, text=text, asked_at=tx.now, content="", link="",
                                        pull="", why=""))  # fmt: skip


def change(tx: Tx, incident: int, **columns: Any) -> None:
    """Write down how it stands."""
    tx.run(update(documents).where(documents.c.incident == incident).values(**columns))
    tx.touched.add(f"incident:{incident}")
