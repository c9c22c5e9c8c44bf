"""The postmortem's draft: written from the timeline, kept in its file."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tocsin.core import postmortem
from tocsin.sdk import Delivered, Retry, Verdict
from tocsin.store import action_items, incidents, postmortems
from tocsin.store.db import Tx
from tocsin.store.incidents import Stored
from tocsin.usecases import repository
from tocsin.usecases.configure import Setup, incident_link, runbook_of


@dataclass(frozen=True, slots=True)
class Draft:
    """A postmortem to be written: `path` is relative to the data directory unless it is absolute."""

    incident: int
    path: str
    text: str
    before: str | None = None  # what Tocsin itself wrote there last


def draft(tx: Tx, setup: Setup, stored: Stored) -> Draft:
    """Write the draft of an incident; a second draft of one incident keeps its file."""
    state = stored.state
    runbook = runbook_of(tx, setup, state.runbook_version)
    directory = Path(runbook.postmortems.directory)
    known = postmortems.get(tx, state.number)
    path = Path(known.path) if known else directory / postmortem.file_name(
        state, {Path(path).name for path in postmortems.paths(tx) if Path(path).parent == directory}
    )  # fmt: skip
    entries = incidents.timeline(tx, state.number, limit=100_000)
    actions = action_items.of_incident(tx, state.number)
    text = postmortem.draft(state, entries, runbook, incident_link(setup, state.number), actions)
    return Draft(state.number, str(path), text, known.text if known else None)


def written(tx: Tx, setup: Setup, done: Draft) -> None:
    """Remember where the draft is, once its file is on disk, and have it brought to the repository."""
    postmortems.put(tx, done.incident, done.path, done.text)
    repository.propose_document(tx, setup, done.incident, done.path, done.text)


def save_file(data: Path, made: Draft, write: Callable[[Path, str], None]) -> Verdict:
    """
    Put the draft into its file below *data*, unless people have changed that file since.

    A file that is there already and is not what Tocsin would write is kept; the draft goes beside it as `.new.md`.
    """
    target = data / made.path
    try:
        if target.exists() and target.read_text(encoding="utf-8") not in (made.text, made.before):
            target = target.with_suffix(".new.md")
        write(target, made.text)
    except OSError as error:
        return Retry(f"cannot write {target.name}: {error.strerror}")
    return Delivered(receipt=made.path, proven=True)


def write_whole(path: Path, text: str | bytes) -> None:
    """Write a file so that it is there whole or not at all, also after a power cut. A text is written in UTF-8."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.part")
    with beside.open("wb") as file:
        file.write(text.encode() if isinstance(text, str) else text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
