"""Due times and the outbox: pages, their attempts, messages, and what each vendor's limits allow."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    Column,
    ColumnElement,
    Select,
    Update,
    and_,
    bindparam,
    case,
    func,
    insert,
    or_,
    select,
    update,
)

from tocsin.core.types import first_id, uuid7
from tocsin.store.db import Tx, among, insert_new, listed, lock_rows
from tocsin.store.fixed import fixed
from tocsin.store.schema import LEASED, PENDING, destinations, folds, handoffs, incidents, looks, outbox, to_micros
from tocsin.store.schema import attempts as tries
from tocsin.store.schema import pages as asked

OPEN_PAGE = ("requested", "sent", "delivered")
MINUTE = timedelta(minutes=1)
TO_SUBSCRIBERS = ("opt_in", "update")  # kinds of rows that go to subscribers of the status page
SUBSCRIBERS = "subscribers"  # their lane
FAILED = ("retry", "reject", "failed", "no_receipt")  # verdicts of a try that did not arrive


def put(tx: Tx, key: str, due: datetime, **columns: Any) -> str | None:
    """Put a row into the outbox unless its key is there; returns its id, or None. Columns as in schema.outbox."""
    id_ = uuid7(tx.now, "outbox", key)
    row = {"id": id_, "key": key, "due": due, "state": "pending", "created_at": tx.now, "epoch": 0, "failures": 0}
    tx.touched.add("outbox")
    return id_ if insert_new(tx, outbox, {**row, **columns}) else None


# Statements that every page goes through are built once; the columns they write are the parameters' names.
_NEW_PAGE = fixed(insert(asked))
_SETTLE = fixed(update(outbox).where(outbox.c.id == bindparam("row")))
_OPEN_PAGE = and_(asked.c.id == bindparam("page"), asked.c.state.in_(OPEN_PAGE))
_CLOSE = fixed(update(asked).where(_OPEN_PAGE))
_SENT = fixed(update(asked).where(_OPEN_PAGE, asked.c.state != "delivered"))


def ask(tx: Tx, page: str, **columns: Any) -> None:
    """Keep a new page. Columns as in schema.pages."""
    tx.run(_NEW_PAGE, {"id": page, "state": "requested", "requested_at": tx.now, **columns})


def close_pages(
    tx: Tx, incident: int, why: str, by: str | None, *, only: str | None = None, keep: Sequence[str] = ()
) -> None:
    """
    Every open page of the incident becomes moot, those of *by* acknowledged; what waits to be sent is dropped.

    With *only* just the pages of that person; the pages of *keep* stay.
    """
    values = {"of": incident, "only": only, "keep": listed(tx, keep), "why": why}
    theirs, open_, waiting = _closings(tx.sqlite, bool(only), bool(keep))
    if by:
        tx.run(theirs, {**values, "by": by, "state": "acknowledged", "closed_at": tx.now})
    tx.run(open_, {**values, "state": "moot", "closed_at": tx.now})
    tx.run(waiting, {**values, "state": "moot", "done_at": tx.now})


@cache
def _closings(sqlite: bool, only: bool, keep: bool) -> tuple[Update, Update, Update]:
    """The open pages of `of`, those of them that are `by`'s, and what waits to be sent: of `only`, but for `keep`."""

    def whose(person: Column[Any]) -> list[ColumnElement[bool]]:
        one = [person == bindparam("only")] if only else []
        return [*one, ~among(sqlite, person, "keep")] if keep else one

    open_ = and_(asked.c.incident == bindparam("of"), asked.c.state.in_(OPEN_PAGE), *whose(asked.c.person))
    kinds, states = outbox.c.kind.in_(("page", "receipt")), outbox.c.state.in_(("pending", "leased"))
    waiting = and_(outbox.c.incident == bindparam("of"), kinds, states, *whose(outbox.c.person))
    theirs = update(asked).where(open_, asked.c.person == bindparam("by"))
    built = theirs, update(asked).where(open_), update(outbox).where(waiting)
    return (fixed(built[0]), fixed(built[1]), fixed(built[2])) if sqlite else built


def copies(tx: Tx, incident: int, *, only: str | None, keep: Sequence[str], limit: int) -> Sequence[Any]:
    """
    What providers took of the open pages of an incident, the newest first: rows of `via`, `destination`, `payload`,
    `page` and `receipt`. Whose: as in `close_pages`.
    """
    statement = _copies(tx.sqlite, bool(only), bool(keep))
    return tx.all(statement, {"of": incident, "only": only, "keep": listed(tx, keep), "limit": limit})


@cache
def _copies(sqlite: bool, only: bool, keep: bool) -> Select[Any]:
    person = asked.c.person
    whose = [person == bindparam("only")] if only else [~among(sqlite, person, "keep")] if keep else []
    columns = outbox.c.via, outbox.c.destination, outbox.c.payload, tries.c.page, tries.c.receipt
    joined = asked.join(tries, tries.c.page == asked.c.id).join(outbox, outbox.c.id == tries.c.outbox)
    where = (
        asked.c.incident == bindparam("of"), asked.c.state.in_(OPEN_PAGE), *whose, tries.c.verdict == "delivered",
        tries.c.receipt.is_not(None), tries.c.receipt != "",
    )  # fmt: skip
    limit: BindParameter[int] = bindparam("limit")
    statement = select(*columns).select_from(joined).where(*where).order_by(tries.c.id.desc()).limit(limit)
    return fixed(statement) if sqlite else statement


def still_open(tx: Tx, receipts: Collection[str]) -> set[tuple[str, str]]:
    """Of these receipts those of a message that still asks for something, each with its destination."""
    joined = tries.join(asked, tries.c.page == asked.c.id).join(outbox, outbox.c.id == tries.c.outbox)
    where = tries.c.receipt.in_(receipts), tries.c.verdict == "delivered", asked.c.state.in_(OPEN_PAGE)
    found = tx.all(select(outbox.c.destination, tries.c.receipt).select_from(joined).where(*where))
    return {(row.destination, row.receipt) for row in found}


def close_page(tx: Tx, page: str, state: str, why: str | None) -> None:
    """End one open page as *state*."""
    tx.run(_CLOSE, {"page": page, "state": state, "why": why, "closed_at": tx.now})


def drop_page(tx: Tx, page: str, why: str) -> None:
    """End one page as moot, with all that waits to be sent for it."""
    close_page(tx, page, "moot", why)
    waiting = and_(outbox.c.page == page, outbox.c.state.in_(("pending", "leased")))
    tx.run(update(outbox).where(waiting).values(state="moot", why=why, done_at=tx.now))


def page_sent(tx: Tx, page: str, state: str, via: str) -> None:
    """A provider took the page (`sent`), or says that it arrived (`delivered`)."""
    tx.run(_SENT, {"page": page, "state": state, "via": via})


_PAGE = fixed(select(asked).where(asked.c.id == bindparam("page")))


def page(tx: Tx, id_: str) -> Any:
    """One page, or None."""
    return tx.first(_PAGE, {"page": id_})


def pages(tx: Tx, *, incident: int | None = None, before: str | None = None, limit: int = 100) -> Sequence[Any]:
    """Read pages, newest first. `before` is an id."""
    statement = select(asked).order_by(asked.c.id.desc()).limit(limit)
    if incident is not None:
        statement = statement.where(asked.c.incident == incident)
    if before:
        statement = statement.where(asked.c.id < before)
    return tx.all(statement)


def attempts(tx: Tx, page_ids: Sequence[str]) -> Sequence[Any]:
    """Every attempt of these pages, in order."""
    return tx.all(select(tries).where(tries.c.page.in_(list(page_ids))).order_by(tries.c.at, tries.c.id))


def outcomes(tx: Tx, since: datetime) -> Sequence[Any]:
    """What became of the tries since then: rows of `via`, `arrived`, `failed` and a `why`; not the console's."""
    arrived = func.sum(case((tries.c.verdict == "delivered", 1), else_=0)).label("arrived")
    failed = func.sum(case((tries.c.verdict.in_(FAILED), 1), else_=0)).label("failed")
    why = func.max(tries.c.why).label("why")
    where = tries.c.id >= first_id(since), tries.c.via.not_in(("", "console")), tries.c.verdict != "skipped"
    return tx.all(select(tries.c.via, arrived, failed, why).where(*where).group_by(tries.c.via))


def troubles(tx: Tx, number: int) -> Sequence[Any]:
    """What could not be sent yet for an incident: outbox rows that failed and are not done."""
    where = and_(
        outbox.c.incident == number,
        outbox.c.kind.notin_(("edit", "look", "look_inside")),
        or_(and_(outbox.c.failures > 0, outbox.c.state.in_(("pending", "leased"))), outbox.c.state == "failed"),
    )
    return tx.all(select(outbox).where(where).order_by(outbox.c.due))


def note_attempt(tx: Tx, outbox_id: str, page_id: str | None, epoch: int, since: datetime, **columns: Any) -> None:
    """Keep one try that began *since*: via, verdict, receipt, why, milliseconds. Keeping it again changes nothing."""
    id_ = uuid7(since, "attempt", outbox_id, epoch, columns.get("via"), columns["verdict"])
    insert_new(tx, tries, {"id": id_, "outbox": outbox_id, "page": page_id, "at": tx.now, **columns})


def lane_of(kind: str, via: str) -> str:
    """The lane that a row is sent in: its channel, and one for all that goes to subscribers."""
    return SUBSCRIBERS if kind in TO_SUBSCRIBERS else via


_LANE = case((outbox.c.kind.in_(TO_SUBSCRIBERS), SUBSCRIBERS), else_=outbox.c.via)


def due(tx: Tx, limit: int, but: Sequence[str] = ()) -> Sequence[Any]:
    """
    Rows to be sent now, pages first, then urgent texts: pending and due, or left under a lease that ran out.

    None in the lanes *but*.
    """
    statement = _DUE.where(_LANE.not_in(but)) if but else _DUE
    return tx.all(lock_rows(tx, statement), {"now": tx.now, "limit": limit})


_NOW = bindparam("now", type_=outbox.c.due.type)
_DUE = fixed(
    select(outbox)
    .where(
        or_(
            and_(PENDING, outbox.c.due <= _NOW),
            and_(LEASED, outbox.c.lease_until <= _NOW),
        )
    )
    .order_by((outbox.c.kind == "page").desc(), outbox.c.urgent.desc(), outbox.c.due, outbox.c.id)
    .limit(bindparam("limit"))
)


def old_pages(tx: Tx, like: Any, before: datetime, limit: int = 500) -> Sequence[Any]:
    """Pages to the same person by the same way as the row *like* that wait since *before*, due or backing off."""
    same = outbox.c.destination == like.destination, outbox.c.person == like.person, outbox.c.kind == "page"
    due_ = or_(outbox.c.due <= tx.now, outbox.c.failures > 0)
    waiting = PENDING, due_, outbox.c.created_at <= before
    statement = select(outbox).where(*same, *waiting, outbox.c.id != like.id).order_by(outbox.c.created_at, outbox.c.id)
    return tx.all(lock_rows(tx, statement.limit(limit)))


_FRESH = fixed(
    select(outbox)
    .where(
        outbox.c.destination == bindparam("same_destination"), outbox.c.person == bindparam("same_person"),
        outbox.c.kind == "page", outbox.c.state == "pending", outbox.c.due <= _NOW, outbox.c.failures == 0,
        outbox.c.created_at.between(bindparam("first"), bindparam("last")),
        outbox.c.incident.is_distinct_from(bindparam("but")),
    )
    .order_by(outbox.c.created_at, outbox.c.id)
    .limit(bindparam("limit"))
)  # fmt: skip


def fresh_pages(tx: Tx, like: Any, within: timedelta, limit: int = 500) -> Sequence[Any]:
    """
    Due pages of other incidents to the same person by the same way as the row *like*, asked for about when it was.

    One for each incident: a later step of the same incident goes out by itself.
    """
    asked_ = {
        "same_destination": like.destination, "same_person": like.person, "now": tx.now, "but": like.incident,
        "first": like.created_at - within, "last": like.created_at + within, "limit": limit,
    }  # fmt: skip
    rows = tx.all(lock_rows(tx, _FRESH), asked_)
    return list({row.incident: row for row in reversed(rows)}.values())[::-1]


def gathers_until(tx: Tx, person: str, incident: int, span: timedelta) -> datetime | None:
    """
    Until when a page of low urgency waits for others: *span* after the first that the person got for another incident.

    None when there was none within *span*.
    """
    recent = asked.c.id >= f"{uuid7(tx.now - span)[:14]}7000-8000-000000000000", asked.c.requested_at > tx.now - span
    low = asked.c.person == person, asked.c.urgency == "low", asked.c.incident != incident
    row = tx.first(select(func.min(asked.c.requested_at)).where(*recent, *low))
    first: datetime | None = row[0] if row else None
    return first + span if first else None


def note_fold(tx: Tx, lead: str, others: Sequence[str]) -> None:
    """Keep which pages one message listed beside that of *lead*, whose link stands for all."""
    for page_id in others:
        insert_new(tx, folds, {"lead": lead, "page": page_id})


def folded(tx: Tx, lead: str) -> Sequence[Any]:
    """The pages that stood in one message with *lead*, itself the first."""
    listed = select(folds.c.page).where(folds.c.lead == lead)
    where = or_(asked.c.id == lead, asked.c.id.in_(listed))
    return tx.all(select(asked).where(where).order_by((asked.c.id == lead).desc(), asked.c.incident))


_LEASE = fixed(
    update(outbox)
    .where(outbox.c.id == bindparam("row"), outbox.c.epoch == bindparam("was"))
    .values(
        state="leased", owner=bindparam("owner"), lease_until=bindparam("lease_until", type_=outbox.c.due.type),
        epoch=bindparam("epoch"),
    )
)  # fmt: skip


def lease(tx: Tx, row: Any, owner: str, until: datetime) -> int:
    """Take a row for *owner*; returns the epoch that its result must carry."""
    tx.run(_LEASE, {"row": row.id, "was": row.epoch, "owner": owner, "lease_until": until, "epoch": row.epoch + 1})
    return int(row.epoch) + 1


def give_back(tx: Tx, owner: str, but: Collection[str]) -> int:
    """Make the rows that *owner* holds due again, *but* those by id; returns how many."""
    mine = LEASED, outbox.c.owner == owner, outbox.c.id.not_in(but)
    return tx.run(update(outbox).where(*mine).values(state="pending"))


_HELD = fixed(select(outbox).where(outbox.c.id == bindparam("row"), outbox.c.epoch == bindparam("epoch"), LEASED))
_HELD_LOCKED = _HELD.with_for_update()
_PAGE_LOCKED = select(asked.c.id).where(asked.c.id == bindparam("page")).with_for_update()


def held(tx: Tx, id_: str, epoch: int) -> Any:
    """The row if it is still held under *epoch*, else None: its lease ran out, or it was dropped meanwhile."""
    return tx.first(_HELD, {"row": id_, "epoch": epoch})


def keep_held(tx: Tx, id_: str, epoch: int, page: str | None) -> Any:
    """The same, and no other node takes the row, which is one of *page*, before the commit."""
    if tx.sqlite:
        return held(tx, id_, epoch)
    if page:  # first, as `close_pages` has it: two that meet would wait for each other
        tx.first(_PAGE_LOCKED, {"page": page})
    return tx.first(_HELD_LOCKED, {"row": id_, "epoch": epoch})


def settle(tx: Tx, id_: str, state: str, **columns: Any) -> None:
    """Give a row its new state (`pending` with a new `due`, or an end with `done_at`)."""
    tx.run(_SETTLE, {"row": id_, "state": state, **columns})
    if state == "pending":
        tx.touched.add("outbox")


_NEXT_WAY = fixed(
    select(outbox.c.id, outbox.c.due, outbox.c.kind)
    .where(
        outbox.c.page == bindparam("of"), outbox.c.rule > bindparam("after"), PENDING,
        outbox.c.failures == 0,
    )
    .order_by(outbox.c.rule)
    .limit(1)
)  # fmt: skip


def next_way_due(tx: Tx, page_id: str, rule: int) -> datetime | None:
    """When the next way of a page starts that was not tried yet; None: there is none."""
    row = tx.first(_NEXT_WAY, {"of": page_id, "after": rule})
    return row.due if row else None


def hurry(tx: Tx, page_id: str, rule: int, by: datetime) -> bool:
    """
    Start the next way of a page no later than *by*; says whether there is one that waits for its turn.

    A way that has failed already keeps its own pace: another's failures are no reason to try it sooner. Nor are they a
    reason to wait less for the receipt of one that was taken.
    """
    row = tx.first(_NEXT_WAY, {"of": page_id, "after": rule})
    if row is None:
        return False
    if row.due > by and row.kind != "receipt":
        tx.run(_SETTLE, {"row": row.id, "due": by})
        tx.touched.add("outbox")
    return True


_BY_KEY = fixed(select(outbox).where(outbox.c.key == bindparam("of")))


def by_key(tx: Tx, key: str) -> Any:
    """The row of that key, or None."""
    return tx.first(_BY_KEY, {"of": key})


def row(tx: Tx, id_: str) -> Any:
    """One row, or None."""
    return tx.first(select(outbox).where(outbox.c.id == id_))


def sooner(tx: Tx, row: Any, by: datetime) -> bool:
    """Have a row that was not tried yet sent no later than *by*; says whether it may still arrive, or has."""
    if row.state == "pending" and row.failures == 0 and row.due > by:
        tx.run(_SETTLE, {"row": row.id, "due": by})  # its due alone: another node may have taken it by now
        tx.touched.add("outbox")
    return row.state in ("leased", "done") or (row.state == "pending" and row.failures == 0)


def waits_for_test(tx: Tx, person: str) -> bool:
    """Say whether a test page of the person is planned."""
    where = outbox.c.kind == "test", outbox.c.person == person, outbox.c.state.in_(("pending", "leased"))
    return tx.first(select(outbox.c.id).where(*where).limit(1)) is not None


def receipt_key(row: Any) -> str:
    """The key of the row that looks whether the receipt of *row* came in time."""
    return f"receipt:{row.id}"


def receipted(tx: Tx, receipt: str) -> Sequence[Any]:
    """The rows that a vendor took under that id: several, where one message spoke for them."""
    taken = select(tries.c.outbox).where(tries.c.receipt == receipt, tries.c.verdict == "delivered")
    return tx.all(select(outbox).where(outbox.c.id.in_(taken)).order_by(outbox.c.id))


def page_has_way(tx: Tx, page_id: str) -> bool:
    """Say whether some way of the page may still reach the person, or has."""
    ways = outbox.c.page == page_id, outbox.c.kind != "receipt"
    where = *ways, outbox.c.state.in_(("pending", "leased", "done"))
    return tx.first(select(outbox.c.id).where(*where).limit(1)) is not None


def _next(*pending: ColumnElement[bool]) -> Select[Any]:
    """One statement: a worker asks it after every commit that may concern it. *pending* is asked of what waits."""
    return select(
        select(func.min(incidents.c.wake_at)).where(incidents.c.wake_at.isnot(None)).scalar_subquery(),
        select(func.min(outbox.c.due)).where(PENDING, *pending).scalar_subquery(),
        select(func.min(outbox.c.lease_until)).where(LEASED).scalar_subquery(),
        select(func.min(looks.c.due)).scalar_subquery(),
        select(func.min(handoffs.c.due)).where(handoffs.c.due.isnot(None)).scalar_subquery(),
    )


_NEXT = fixed(_next())
_NEXT_LATER = fixed(_next(outbox.c.due > _NOW))
_WAITS = select(func.min(outbox.c.due)).where(PENDING, outbox.c.due <= _NOW)


def next_due(tx: Tx, but: Sequence[str] = ()) -> tuple[datetime | None, datetime | None, datetime | None]:
    """
    When the next thing is due, or None: of an incident; of the outbox, a row or the end of a lease; of the looks at
    schedules and their hand-offs. Rows that are due in the lanes *but* are passed over; what is due later is not asked
    for its lane, which would be a look at each of a million rows.
    """
    wake, pending, leased, look, hand_off = tx.first(_NEXT_LATER, {"now": tx.now}) if but else tx.first(_NEXT)
    if but:
        pending = _first(tx.first(_WAITS.where(_LANE.not_in(but)), {"now": tx.now})[0], pending)
    return wake, _first(pending, leased), _first(look, hand_off)


def _first(*instants: datetime | None) -> datetime | None:
    return min((at for at in instants if at is not None), default=None)


def backlog(tx: Tx) -> Mapping[str, Any]:
    """`{"pending": n, "oldest_due": instant or None}`."""
    quiet = (
        "probe",
        "test",
        "receipt",
        "edit",
        "announce",
        "forget",
        "tickets",
        "look",
        "look_inside",
        "verify",
        *TO_SUBSCRIBERS,
    )
    waiting = PENDING, outbox.c.kind.notin_(quiet)
    row = tx.all(select(func.count(), func.min(outbox.c.due)).where(*waiting))[0]
    return {"pending": row[0], "oldest_due": row[1]}


def fresh(tx: Tx, kind: str) -> int:
    """How many rows of a kind wait, or are being sent, that have not failed yet."""
    where = outbox.c.kind == kind, or_(PENDING, LEASED), outbox.c.failures == 0
    return int(tx.all(select(func.count()).where(*where))[0][0])


# --------------------------------------------------------------------------------------------- what vendors allow


_DESTINATION = fixed(select(destinations).where(destinations.c.name == bindparam("name")))
_NEW_DESTINATION = fixed(insert(destinations))
_CHANGE_DESTINATION = fixed(update(destinations).where(destinations.c.name == bindparam("known")))


def destination(tx: Tx, name: str) -> Any:
    """What is known of a destination (free_at, recent, settings), or None."""
    return tx.first(_DESTINATION, {"name": name})


def sent_to(tx: Tx, name: str, known: Any, free_at: datetime, keep: timedelta = MINUTE) -> None:
    """Count one send to *name* now; nothing more goes there before *free_at*. Sends are remembered for *keep*."""
    recent = [at for at in (known.recent if known else []) if at > to_micros(tx.now - keep)]
    _keep_destination(tx, name, known, free_at=free_at, recent=[*recent, to_micros(tx.now)])


def hold_back(tx: Tx, name: str, until: datetime) -> None:
    """The vendor asked to wait: nothing goes to *name* before *until*."""
    _keep_destination(tx, name, destination(tx, name), free_at=until)


def change_destination(tx: Tx, name: str, settings: Mapping[str, str]) -> None:
    """Remember what the vendor changed (a group that became a supergroup)."""
    known = destination(tx, name)
    _keep_destination(tx, name, known, settings={**(known.settings if known else {}), **settings})


def _keep_destination(tx: Tx, name: str, known: Any, **values: Any) -> None:
    if known is None:
        tx.run(_NEW_DESTINATION, {"name": name, "free_at": tx.now, "recent": [], "settings": {}, **values})
    else:
        tx.run(_CHANGE_DESTINATION, {"known": name, **values})
