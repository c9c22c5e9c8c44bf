"""Documents in the team's repository: asked for by whoever has one, brought there by the outbox, each version once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from tocsin.core.events import Note
from tocsin.core.runbook import Runbook
from tocsin.core.types import SYSTEM, incident_name
from tocsin.sdk import Delivered, Document, Proposed, Reject, Repository
from tocsin.store import documents as store
from tocsin.store import incidents, queue
from tocsin.store.db import Tx
from tocsin.store.incidents import Stored
from tocsin.store.tracking import destination
from tocsin.usecases.configure import Setup, in_force, incident_link
from tocsin.usecases.respond import act
from tocsin.usecases.tracking import Call

SETTLES: Final = timedelta(seconds=2)  # versions that follow at once are one


def repository_of(setup: Setup, runbook: Runbook) -> Repository | None:
    """Where postmortems go; None where the runbook wants none there, or its connection is left out."""
    if runbook.postmortems.repository == "none":
        return None
    name: str
    for name, known in setup.plugins.repositories.items():
        settings = getattr(runbook.connections, name, None)
        left_out = any(place.startswith(f"connections.{name}") for place in runbook.left_out)
        if settings is not None and not left_out and all(getattr(settings, need, "") for need in known.needs):
            return known
    return None


def propose_document(tx: Tx, setup: Setup, number: int, path: str, text: str) -> bool:
    """
    Have *text* brought to the repository as the incident's document; says whether it goes there.

    *path* counts for the first version: later ones take the place of what is there. The same text again asks for
    nothing. What became of it stands on the incident's timeline (`documents` holds the rest).
    """
    repository = repository_of(setup, in_force(tx, setup)[1])
    if repository is None:
        return False
    known = store.get(tx, number)
    if known is not None and known.text == text:
        return True
    store.ask(tx, number, path.lstrip("/"), text)
    queue.put(
        tx, f"{incident_name(number)}:document:{tx.now.isoformat()}", tx.now + SETTLES, incident=number,
        kind=store.KIND, via=repository.name, destination=destination(repository.name), payload={}, urgent=False,
    )  # fmt: skip
    return True


def puts(tx: Tx, setup: Setup, row: Any, stored: Stored | None) -> Call | None:
    """Bring the document of an incident there as it is now; None where it is there, or is not wanted any more."""
    _, runbook = in_force(tx, setup)
    repository, known = repository_of(setup, runbook), store.get(tx, row.incident)
    if repository is None or known is None or (known.done_at is not None and known.done_at >= known.asked_at):
        queue.settle(tx, row.id, "moot", why="the document is there, or is not wanted", done_at=tx.now)
        return None
    if store.at_work(tx, row.via, row.id):
        queue.settle(tx, row.id, "pending", due=tx.now + SETTLES)
        return None
    state = incidents.load(tx, row.incident).state
    body = f"{state.name} ({state.severity}): {state.title}\n\n{incident_link(setup, state.number)}"
    how: Any = runbook.postmortems.repository
    document = Document(state.name, known.path, known.text, f"Postmortem of {state.name}: {state.title}", body, how,
                        known.content)  # fmt: skip
    config = getattr(runbook.connections, repository.name).model_dump()

    def settled(tx: Tx, setup: Setup, verdict: Delivered | Reject) -> None:
        _put(tx, setup, row.incident, known, verdict)

    return Call(lambda: repository.propose(document, config), settled)


def _put(tx: Tx, setup: Setup, number: int, known: Any, verdict: Delivered | Reject) -> None:
    """Keep where the document is now, and say it once."""
    if isinstance(verdict, Reject):
        store.change(tx, number, done_at=known.asked_at, why=verdict.why[:500])
        act(tx, setup, number, Note(SYSTEM, f"The postmortem was not put into the repository: {verdict.why[:300]}"))
        return
    if not isinstance(verdict, Proposed):
        return
    store.change(tx, number, path=verdict.path, content=verdict.content, link=verdict.link, pull=verdict.pull,
                 done_at=known.asked_at, why=verdict.note[:500])  # fmt: skip
    if (known.link, known.pull, known.why) == (verdict.link, verdict.pull, verdict.note[:500]):
        return
    where = f"in the pull request {verdict.pull}" if verdict.pull else "in the repository"
    note = f" ({verdict.note})" if verdict.note else ""
    act(tx, setup, number, Note(SYSTEM, f"The postmortem is {where}: {verdict.link}{note}"))
