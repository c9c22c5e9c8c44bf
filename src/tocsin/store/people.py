"""What is known of the ways to people: proved, broken; the checks and test pages that ask; whose turn it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from tocsin.core.delivery import Contact, Health
from tocsin.core.types import uuid7
from tocsin.store.db import Tx, insert_new
from tocsin.store.schema import buckets, checks, contacts, turns


def health(tx: Tx, person: str | None = None) -> Health:
    """What is known of the ways to one person, or to everybody."""
    rows = tx.all(select(contacts)) if person is None else tx.all(_OF_ONE, {"of": person})
    return {(r.person, r.via): Contact(r.proved_of, r.proved_at, r.broken_of, r.broken_at, r.broken_why) for r in rows}


_OF_ONE = select(contacts).where(contacts.c.person == bindparam("of"))  # asked for every text: built once


def note_broken(tx: Tx, person: str, via: str, mark: str, why: str) -> bool:
    """Keep that a way failed for good; says whether that is news."""
    _contact(tx, person, via)
    where = contacts.c.person == person, contacts.c.via == via
    news = contacts.c.broken_of.is_distinct_from(mark)
    values = {"broken_of": mark, "broken_at": tx.now, "broken_why": why}
    tx.touched.add("people")
    return tx.run(update(contacts).where(*where, news).values(**values)) > 0


def note_proved(tx: Tx, person: str, via: str, mark: str, how: str) -> None:
    """Keep that the person proved a way; what was broken of it is well again."""
    _contact(tx, person, via)
    values = {"proved_of": mark, "proved_at": tx.now, "proved_how": how,
              "broken_of": None, "broken_at": None, "broken_why": None}  # fmt: skip
    tx.run(update(contacts).where(contacts.c.person == person, contacts.c.via == via).values(**values))
    tx.touched.add("people")


def _contact(tx: Tx, person: str, via: str) -> None:
    insert_new(tx, contacts, {"person": person, "via": via})


# --------------------------------------------------------------------------------------------- checks and test pages


def ask(tx: Tx, **columns: Any) -> str:
    """Keep a check; returns its id. Columns as in schema.checks."""
    id_ = uuid7(tx.now, "check", columns["test"], columns["person"], columns["via"])
    tx.run(insert(checks).values(id=id_, sent_at=tx.now, **columns))
    tx.touched.add("people")
    return id_


def check(tx: Tx, id_: str) -> Any:
    """One check, or None."""
    return tx.first(select(checks).where(checks.c.id == id_))


def checks_of(tx: Tx, person: str, limit: int = 20) -> Sequence[Any]:
    """The checks of a person, newest first."""
    newest = checks.c.sent_at.desc(), checks.c.id.desc()
    return tx.all(select(checks).where(checks.c.person == person).order_by(*newest).limit(limit))


def last_check(tx: Tx, person: str, via: str) -> Any:
    """The newest code that was sent to a person by a channel, or None."""
    where = checks.c.person == person, checks.c.via == via, checks.c.kind == "code"
    return tx.first(select(checks).where(*where).order_by(checks.c.sent_at.desc(), checks.c.id.desc()).limit(1))


def last_tests(tx: Tx) -> Mapping[str, tuple[datetime, datetime | None]]:
    """Each person's newest test page: when it was sent, and when they answered it by any way, or None."""
    last: dict[str, tuple[str, datetime, datetime | None]] = {}
    for row in tx.all(select(checks).where(checks.c.kind == "test").order_by(checks.c.sent_at, checks.c.id)):
        test, _, answered = last.get(row.person, ("", None, None))
        known = [at for at in (answered if test == row.test else None, row.answered_at) if at]
        last[row.person] = (row.test, row.sent_at, min(known, default=None))
    return {person: (sent, answered) for person, (_, sent, answered) in last.items()}


def note_try(tx: Tx, id_: str) -> None:
    """Count one code that was typed in."""
    tx.run(update(checks).where(checks.c.id == id_).values(tries=checks.c.tries + 1))


def answered(tx: Tx, id_: str) -> None:
    """The person answered: keep when they did first."""
    tx.run(update(checks).where(checks.c.id == id_, checks.c.answered_at.is_(None)).values(answered_at=tx.now))
    tx.touched.add("people")


# --------------------------------------------------------------------------------------------- turns, buckets


def turns_of(tx: Tx, steps: Sequence[str]) -> Mapping[str, Mapping[str, datetime]]:
    """When it was whose turn last, for each of these round-robin steps."""
    found: dict[str, dict[str, datetime]] = {step: {} for step in steps}
    for row in tx.all(select(turns).where(turns.c.step.in_(list(steps)))):
        found[row.step][row.person] = row.at
    return found


def took_turn(tx: Tx, step: str, person: str) -> None:
    """Keep that it was this person's turn now."""
    if not insert_new(tx, turns, {"step": step, "person": person, "at": tx.now}):
        tx.run(update(turns).where(turns.c.step == step, turns.c.person == person).values(at=tx.now))


def bucket(tx: Tx, name: str) -> tuple[float, datetime] | None:
    """What was left in a bucket, and when; None: it is full."""
    row = tx.first(select(buckets).where(buckets.c.name == name))
    return (row.level, row.at) if row else None


def keep_bucket(tx: Tx, name: str, level: float) -> None:
    """Keep what is left in a bucket now."""
    if not insert_new(tx, buckets, {"name": name, "level": level, "at": tx.now}):
        tx.run(update(buckets).where(buckets.c.name == name).values(level=level, at=tx.now))
