"""The postmortem's file: drafted from the timeline, written whole, and never over what people wrote there."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tocsin.core import postmortem
from tocsin.core.types import SYSTEM
from tocsin.sdk import Delivered, Retry, Verdict
from tocsin.store import action_items, incidents, postmortems, queue
from tocsin.store.db import Tx
from tocsin.store.incidents import Stored
from tocsin.store.postmortems import sha256_of
from tocsin.usecases.configure import Setup, incident_link, runbook_of

FILE_LIMIT: Final = 2_000_000  # bytes of a file that is read back: more was not written by us


@dataclass(frozen=True, slots=True)
class Draft:
    """A postmortem to be written: `path` is relative to the data directory unless it is absolute."""

    incident: int
    path: str
    text: str
    ours: frozenset[str] = frozenset()  # the hashes of what Tocsin itself has ever written there


@dataclass(frozen=True, slots=True)
class Kept(Delivered):
    """The file was left as it is: people have changed it. `found` is what it says."""

    found: str = ""


def draft(tx: Tx, setup: Setup, stored: Stored, payload: dict[str, Any]) -> Draft:
    """
    Give what is to be written to the file of an incident's postmortem.

    A row without a version asks for a draft from the record. A text on which people have worked already is left to
    them: what the record says now is put beside it, for a person to join.
    """
    number = stored.state.number
    known = postmortems.get(tx, number, for_update=True)
    if "version" not in payload:
        _drafted(tx, setup, stored, known)
        known = postmortems.get(tx, number)
    return Draft(number, known.path, known.text, postmortems.hashes(tx, number) | {sha256_of(known.text)})


def _drafted(tx: Tx, setup: Setup, stored: Stored, known: Any) -> None:
    state = stored.state
    runbook = runbook_of(tx, setup, state.runbook_version)
    entries = incidents.timeline(tx, state.number, limit=100_000)
    actions = action_items.of_incident(tx, state.number)
    text = postmortem.draft(state, entries, runbook, incident_link(setup, state.number), actions)
    if known is None:
        directory = Path(runbook.postmortems.directory)
        taken = {Path(path).name for path in postmortems.paths(tx) if Path(path).parent == directory}
        path = directory / postmortem.file_name(state, taken)
        postmortems.begin(tx, state.number, str(path), text, SYSTEM, "drafted from the record")
    elif text == known.text:
        return
    elif known.changed_by == SYSTEM and known.state == "draft":
        postmortems.change(tx, known, text, SYSTEM, "drafted anew: the incident ended once more")
    elif known.found is None:
        postmortems.mark(tx, state.number, found=text, found_at=tx.now, found_in="record")


def write_again(tx: Tx, number: int, version: int) -> None:
    """Have a version put into its file."""
    queue.put(
        tx, f"postmortem:{number}:{version}", tx.now, incident=number, kind="draft", via="", destination="",
        payload={"version": version}, urgent=False,
    )  # fmt: skip


def written(tx: Tx, done: Draft, verdict: Delivered) -> None:
    """Remember what is in the file now; where people had changed it, what they wrote."""
    if isinstance(verdict, Kept):
        noticed(tx, done.incident, verdict.found)
    else:
        postmortems.mark(tx, done.incident, on_disk=sha256_of(done.text))


def noticed(tx: Tx, number: int, text: str) -> bool:
    """Keep what was found in the file, unless Tocsin itself wrote it; says whether there is something to be joined."""
    row = postmortems.get(tx, number, for_update=True)
    if row is None:
        return False
    found = sha256_of(text)
    if found in postmortems.hashes(tx, number) | {row.on_disk, sha256_of(row.text)}:
        return row.found is not None
    if row.found != text:
        postmortems.mark(tx, number, found=text, found_at=tx.now, found_in="file")
    return True


def is_strange(tx: Tx, number: int, text: str) -> bool:
    """Whether the file says what Tocsin neither wrote nor has noticed yet."""
    row = postmortems.get(tx, number)
    known = postmortems.hashes(tx, number) | {row.on_disk, sha256_of(row.text)} if row else frozenset()
    return row is not None and row.found != text and sha256_of(text) not in known


def read_file(data: Path, path: str) -> str | None:
    """What the file says now; None where there is none, or it is no text of ours: too large, or not readable."""
    try:
        with (data / path).open("rb") as file:
            body = file.read(FILE_LIMIT + 1)
    except OSError:
        return None
    return None if len(body) > FILE_LIMIT else body.decode("utf-8", errors="replace")


def save_file(data: Path, made: Draft, write: Callable[[Path, str], None]) -> Verdict:
    """Put the text into its file below *data*, unless people have changed that file since: then it is left alone."""
    target = data / made.path
    try:
        if target.exists() and target.stat().st_size > FILE_LIMIT:
            return Retry(f"{target.name} is larger than anything that was written there")
        found = read_file(data, made.path)
        if found is not None and sha256_of(found) not in made.ours:
            return Kept(receipt=made.path, proven=True, found=found)
        if found != made.text:
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
