"""The postmortem as people write it: versions that nobody overwrites, a review, and its publication."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from tocsin.core import postmortem
from tocsin.core.calendar import utc_words
from tocsin.core.events import PostmortemPublished
from tocsin.core.sentences import name_of
from tocsin.core.types import Refused, incident_name
from tocsin.store import action_items, audit, incidents
from tocsin.store import postmortems as store
from tocsin.store import reviews as weeks
from tocsin.store.db import Tx
from tocsin.store.postmortems import sha256_of
from tocsin.usecases import publish as file
from tocsin.usecases import repository, respond, reviews
from tocsin.usecases.configure import Setup, in_force

TEXT_LIMIT: Final = 200_000  # characters
STATES: Final = ("draft", "in_review", "published")


class Stale(Refused):
    """Somebody else saved a version meanwhile. Both texts are kept: theirs as the document, yours by the caller."""

    def __init__(self, row: Any) -> None:
        super().__init__(f"version {row.version} was saved by {row.changed_by} while you wrote: join the two texts")
        self.row = row


def get(tx: Tx, number: int) -> Any:
    """The row of a document, held until the commit. Raises Refused: 404."""
    return _there(tx, number, store.get(tx, number, for_update=True))


def _there(tx: Tx, number: int, row: Any) -> Any:
    if row is None:
        incidents.load(tx, number)
        raise Refused(f"no postmortem is written for {incident_name(number)}", 404)
    return row


def read(tx: Tx, number: int) -> Any:
    """The same, to be looked at only."""
    return _there(tx, number, store.get(tx, number))


def edit(tx: Tx, setup: Setup, number: int, by: str, text: str, version: int, joins: str = "") -> Any:
    """
    Save a text as the next version, and have it put into its file. The same text changes nothing.

    Args:
        version: The one that was read before it was changed.
        joins: The SHA-256 of the text found beside it, where *text* joins the two; that one is kept as a version too.

    Raises:
        Refused: 404; 409 while a found text waits to be joined; 422 for an empty or overlong text.
        Stale: 409, another version was saved meanwhile.
    """
    text = _text(text)
    row = get(tx, number)
    if row.version != version:
        if row.text == text:  # sent twice
            return row
        raise Stale(row)
    if row.found is not None and not joins:
        raise Refused(f"the {row.found_in} says something else since {utc_words(row.found_at)}: join both first")
    if joins:
        row = _join(tx, row, joins)
    if row.text != text:
        store.change(tx, row, text, by, "joined" if joins else "edited")
        row = store.get(tx, number)
    if row.version != version:
        file.write_again(tx, number, row.version)
    return row


def _text(text: str) -> str:
    text = "\n".join(line.rstrip() for line in text.replace("\r\n", "\n").split("\n")).strip() + "\n"
    if not text.strip():
        raise Refused("a postmortem needs a text", 422)
    if "\x00" in text:
        raise Refused("the text has a character that is none (U+0000)", 422)
    if len(text) > TEXT_LIMIT:
        raise Refused(f"the text has {len(text)} characters; at most {TEXT_LIMIT}", 422)
    return text


def _join(tx: Tx, row: Any, joins: str) -> Any:
    if row.found is None:
        return row  # somebody joined them already, or it is sent twice
    if sha256_of(row.found) != joins:
        raise Refused("the other text has changed again: look at both once more")
    store.keep_found(tx, row)
    return store.get(tx, row.incident)


def set_state(tx: Tx, number: int, by: str, state: str) -> Any:
    """Give it to be reviewed, or take it back. Raises Refused: 404; 409 for one that is published; 422."""
    if state not in ("draft", "in_review"):
        raise Refused(f"the state can be set to draft or in_review, not to {state!r}; publish it instead", 422)
    row = get(tx, number)
    if row.state == state:
        return row
    if row.state == "published":
        raise Refused("it is published: what is changed now is published again")
    store.mark(tx, number, state=state)
    audit.append(tx, by, f"postmortem_{state}", {"incident": incident_name(number), "version": row.version})
    return store.get(tx, number)


def publish(tx: Tx, setup: Setup, number: int, by: str, version: int, *, anyway: bool = False) -> Any:
    """
    Publish a version: it stands on its page, in its file, and where the team keeps its documents.

    Publishing it again changes nothing. Open questions are asked first; `anyway` publishes with them.

    Raises:
        Refused: 404; 409 with open questions, or while another text waits to be joined.
        Stale: 409, another version was saved meanwhile.
    """
    row = get(tx, number)
    if row.version != version:
        raise Stale(row)
    if row.found is not None:
        raise Refused(f"the {row.found_in} says something else: join both texts first")
    if row.state == "published" and row.published_version == row.version:
        return row
    left = len(postmortem.questions(row.text))
    if left and not anyway:
        raise Refused(f"{left} question{' is' if left == 1 else 's are'} still open; answer them, or publish it anyway")
    _, runbook = in_force(tx, setup)
    names = {id_: person.name for id_, person in runbook.people.items()}
    text = postmortem.as_published(row.text, name_of(by, names), f"{tx.now:%Y-%m-%d}")
    if text != row.text:
        file.write_again(tx, number, store.change(tx, row, text, by, "published"))
    row = store.get(tx, number)
    store.mark(tx, number, state="published", published_at=tx.now, published_by=by, published_version=row.version)
    respond.act(tx, setup, number, PostmortemPublished(by, row.version, row.path, sha256_of(row.text)))
    _tick(tx, setup, number, by)
    repository.propose_document(tx, setup, number, row.path, row.text)
    return store.get(tx, number)


def _tick(tx: Tx, setup: Setup, number: int, by: str) -> None:
    plan = weeks.get(tx, number)
    for step in plan.steps if plan and not plan.over else ():
        if step.kind == "publish" and not step.done_at:
            reviews.done(tx, setup, number, step.id, by)


def missing_actions(tx: Tx, number: int, text: str) -> tuple[str, ...]:
    """The titles of the incident's action items that the text does not name."""
    found = action_items.of_incident(tx, number)
    return tuple(item.title for item in found if postmortem.one_line(item.title) not in text)


def with_actions(tx: Tx, setup: Setup, number: int, text: str) -> str:
    """The same text with the record's action items in their table."""
    _, runbook = in_force(tx, setup)
    names = {id_: person.name for id_, person in runbook.people.items()}
    return postmortem.with_actions(text, postmortem.action_table(action_items.of_incident(tx, number), names))


def published_text(tx: Tx, row: Any) -> str:
    """What was published; the text as it is now where nothing was."""
    if row.published_version is None or row.published_version == row.version:
        return str(row.text)
    kept = store.version(tx, row.incident, row.published_version)
    return str(kept.text if kept else row.text)


def lines_between(before: str, after: str) -> Iterable[tuple[str, str]]:
    """What changed from one text to another: (`+`, `-`, ` ` or `…`, line), with three lines around each change."""
    import difflib  # noqa: PLC0415 - for one page

    for line in difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=3):
        if line.startswith(("---", "+++")) and line[3:].strip() == "":
            continue
        yield ("…", "") if line.startswith("@@") else (line[:1], line[1:])
