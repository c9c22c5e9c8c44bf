"""Tickets in a tracker: opened, brought up to date, and heard of; the same for those of action items."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from tocsin.core import tickets
from tocsin.core.action_items import ActionItem
from tocsin.core.events import AskTicket, CloseTicket, Note, ReopenTicket, TicketOpened
from tocsin.core.incident import Incident
from tocsin.core.runbook import Runbook
from tocsin.core.types import SYSTEM, Refused
from tocsin.sdk import (
    Config,
    Conversation,
    Delivered,
    Looked,
    Opened,
    Reject,
    Ticket,
    TicketChange,
    TicketSeen,
    Tracker,
    Verdict,
    one_line,
)
from tocsin.store import action_items, incidents, queue
from tocsin.store import tracking as store
from tocsin.store.db import Tx
from tocsin.store.incidents import Stored
from tocsin.usecases import action_items as items
from tocsin.usecases.configure import Setup, in_force, incident_link, runbook_of, ticket_key
from tocsin.usecases.respond import act
from tocsin.usecases.save import tracker_of

LOOK_EVERY: Final = timedelta(minutes=3)  # where the tracker does not tell by itself
LOOK_SELDOM: Final = timedelta(minutes=15)  # where it does: what was told and lost is found so
OVERLAP: Final = timedelta(minutes=15)  # a look begins before the last thing it saw: clocks differ, calls take time
SETTLED: Final = timedelta(minutes=1)  # after a change of ours what the tracker says may be older than that
LOOK_AGAIN: Final = timedelta(seconds=5)  # at a ticket that is being changed right now
COMMENTS: Final = 200  # on one ticket; from then on its label and state alone are kept
ENTRIES: Final = 1_000  # of the timeline, looked at for one comment

log = structlog.get_logger("tocsin.tickets")


@dataclass(frozen=True, slots=True)
class Call:
    """What is asked of a tracker or a repository, and what its answer does: never with a Retry."""

    ask: Callable[[], Conversation[Verdict]]
    settled: Callable[[Tx, Setup, Delivered | Reject], None]


def connected(tx: Tx, setup: Setup) -> tuple[Tracker, Config]:
    """
    The tracker that the runbook in force connects, with its settings.

    Raises:
        Refused: 422, when there is none.
    """
    _, runbook = in_force(tx, setup)
    name = tracker_of(setup, runbook)
    if not name:
        raise Refused("no tracker is connected: connections.github needs a token and a repository", 422)
    return setup.plugins.trackers[name], _config(runbook, name)


def _config(runbook: Runbook, name: str) -> Config:
    settings = getattr(runbook.connections, name, None)
    return settings.model_dump() if settings else {}


def _now(tx: Tx, setup: Setup, via: str) -> tuple[Tracker | None, Config]:
    """The tracker *via* with the settings that are in force, not those of the time when a ticket was opened."""
    _, runbook = in_force(tx, setup)
    return setup.plugins.trackers.get(via), _config(runbook, via)


# --------------------------------------------------------------------------------------------- as people say


def open_or_link(tx: Tx, setup: Setup, number: int, by: str, ticket: str = "") -> Stored:
    """
    Open a ticket for an incident, or link it with one that is there: `#17`, or its address.

    Raises:
        Refused: 404 for an unknown incident; 409 for one that has another ticket; 422 for a name that is none.
    """
    state = incidents.load(tx, number).state
    if not ticket.strip():
        return act(tx, setup, number, AskTicket(by))
    tracker, config = connected(tx, setup)
    name = tracker.name_of(ticket, config) if tracker.name_of else ""
    if not name:
        raise Refused(f"{one_line(ticket, 80)!r} is no ticket of {tracker.title} here: give its number or address", 422)
    if tickets.in_tracker(state) and (state.tracker, state.ticket) != (tracker.name, name):
        raise Refused(f"{state.name} has the ticket {state.ticket} in {state.tracker} already")
    return act(tx, setup, number, TicketOpened(name, tracker.name, tracker.link(name, config), by=by))


# --------------------------------------------------------------------------------------------- opening


def opens(tx: Tx, setup: Setup, row: Any, stored: Stored | None) -> Call | None:
    """Open the ticket of an incident, with what holds now; None where it has one, or the tracker is gone."""
    assert stored is not None
    state = stored.state
    runbook = runbook_of(tx, setup, state.runbook_version)
    tracker, config = setup.plugins.trackers.get(row.via), _config(runbook, row.via)
    if tracker and (own := _begun_by(state, tracker, config)) and not tickets.in_tracker(state):
        queue.settle(tx, row.id, "moot", why=f"it began with {own}", done_at=tx.now)
        event = TicketOpened(own, row.via, tracker.link(own, config), by=f"source:{row.via}")
        act(tx, setup, state.number, event)
        return None
    if tracker is None or tickets.in_tracker(state):
        _moot(tx, row, "it has a ticket" if tracker else f"no tracker {row.via} is installed")
        return None
    link = incident_link(setup, state.number)
    label = tickets.label(runbook, state.severity)
    ticket = Ticket(ticket_key(setup, state.name), state.title, tickets.text(state, link), label, link)

    def settled(tx: Tx, setup: Setup, verdict: Delivered | Reject) -> None:
        if isinstance(verdict, Reject):
            failed = TicketOpened(state.name, tickets.LOCAL, note=f"{row.via}: {verdict.why}")
            act(tx, setup, state.number, failed)
            return
        note = verdict.note if isinstance(verdict, Opened) else ""
        name = verdict.receipt
        act(tx, setup, state.number, TicketOpened(name, row.via, tracker.link(name, config), note, label=label))

    return Call(lambda: tracker.open(ticket, config), settled)


def _begun_by(state: Incident, tracker: Tracker, config: Config) -> str:
    """The ticket that an incident began with, as an alert of the tracker's own: it needs no other beside it."""
    where, _, number = str(state.alert.get("key") or "").rpartition("#")
    if state.alert.get("source") != tracker.name or tracker.name_of is None or not where:
        return ""
    same = where.casefold() == str(config.get("repository") or "").casefold()
    return tracker.name_of(number, config) if same else ""


def _moot(tx: Tx, row: Any, why: str) -> None:
    queue.settle(tx, row.id, "moot", why=why, done_at=tx.now)


# --------------------------------------------------------------------------------------------- keeping it in step


def changes(tx: Tx, setup: Setup, row: Any, stored: Stored | None) -> Call | None:
    """
    Say what is to be done to the ticket of an incident now; None when that is nothing, or not now.

    One change at a time, in order. Up to where the timeline is told stays as it was first tried: what is asked again
    is then the same, and found there.
    """
    assert stored is not None
    state = stored.state
    known, (tracker, config) = store.get(tx, store.of_incident(state.number)), _now(tx, setup, row.via)
    if tracker is None or tracker.change is None or known is None or known.gone or known.name != state.ticket:
        _moot(tx, row, "the ticket is not kept in step")
        return None
    if store.at_work(tx, state.number, row.id):
        queue.settle(tx, row.id, "pending", due=tx.now + LOOK_AGAIN)
        return None
    runbook = runbook_of(tx, setup, state.runbook_version)
    entries = incidents.timeline(tx, state.number, known.seq, ENTRIES)
    until = row.payload.get("until") or (entries[-1].seq if len(entries) == ENTRIES else stored.seq)
    entries = [entry for entry in entries if entry.seq <= until]
    names = {id_: person.name for id_, person in runbook.people.items()}
    said = tickets.comment(state, entries, names, incident_link(setup, state.number))
    closed = state.ticket_closed_at is not None
    label = tickets.label(runbook, state.severity) if known.label else ""  # a person's issue keeps the labels it has
    change = TicketChange(
        known.name, f"{state.name} {known.seq}-{until}", row.created_at, said if known.comments < COMMENTS else "",
        label if label != known.label else "", known.label, closed if closed != known.closed else None,
    )  # fmt: skip
    if not (change.comment or change.label or change.closed is not None):
        store.change(tx, known.of, seq=until)
        _moot(tx, row, "the ticket is as it should be")
        return None
    if "until" not in row.payload:
        queue.settle(tx, row.id, "pending", payload={**row.payload, "until": until})
    ask = tracker.change

    def settled(tx: Tx, setup: Setup, verdict: Delivered | Reject) -> None:
        _changed(tx, setup, state.number, known, replace(change, label=label, closed=closed), until, verdict)

    return Call(lambda: ask(change, config), settled)


def _changed(
    tx: Tx, setup: Setup, number: int, known: Any, change: TicketChange, until: int, verdict: Delivered | Reject
) -> None:
    """Keep what a change did. What is refused is said once on the timeline, and tried again with the next change."""
    if isinstance(verdict, Reject):
        store.change(tx, known.of, seq=until, why=verdict.why[:500], gone=verdict.broken, changed_at=tx.now)
        if verdict.why[:500] != known.why:
            what = "is not kept in step any more" if verdict.broken else "could not be brought up to date"
            act(tx, setup, number, Note(SYSTEM, f"Ticket {known.name} {what}: {verdict.why[:300]}"))
        return
    told = known.comments + bool(change.comment)
    store.change(tx, known.of, seq=until, label=change.label, closed=change.closed, comments=told, why="",
                 changed_at=tx.now)  # fmt: skip
    if isinstance(verdict, Opened) and verdict.note:
        act(tx, setup, number, Note(SYSTEM, f"Ticket {known.name}: {verdict.note[:300]}"))
    stored = incidents.load(tx, number)
    if stored.seq > until and tickets.in_tracker(stored.state):
        store.keep(tx, stored.state)


# --------------------------------------------------------------------------------------------- hearing of it


def looks(tx: Tx, setup: Setup, row: Any, stored: Stored | None) -> Call | None:
    """Ask the tracker what has changed; None once no ticket is looked for."""
    tracker, config = _now(tx, setup, row.via)
    usable = tracker is not None and all(config.get(name) for name in tracker.needs)
    if tracker is None or tracker.look is None or not usable or not store.looked_for(tx, row.via):
        _moot(tx, row, "no ticket is looked for")
        return None
    since, ask = datetime.fromisoformat(row.payload["since"]), tracker.look
    every = LOOK_SELDOM if config.get("webhook_secret") else LOOK_EVERY

    def settled(tx: Tx, setup: Setup, verdict: Delivered | Reject) -> None:
        seen = verdict.seen if isinstance(verdict, Looked) else ()
        hear(tx, setup, row.via, seen)
        newest = max((one.at for one in seen), default=since + OVERLAP) - OVERLAP
        why = verdict.why if isinstance(verdict, Reject) else ""
        if why:
            log.warning("tickets_not_looked_at", tracker=row.via, why=why)
        due = tx.now + (LOOK_SELDOM if why else every)
        store.again(tx, row.id, due, {"since": max(newest, since).isoformat()})

    return Call(lambda: ask(since, config), settled)


def hear(tx: Tx, setup: Setup, tracker: str, seen: tuple[TicketSeen, ...]) -> None:
    """
    Take what a tracker says of tickets, by a look or by itself: what Tocsin did there, or knows already, is no news.

    Right after a change of ours, or while one waits, what it says may be older than that: it is asked again later.
    """
    news = {one.name: one for one in seen}
    for known in store.named(tx, tracker, news):
        one = news[known.name]
        if one.closed == known.closed:
            continue
        if _moves(tx, known):
            store.look(tx, tracker, tx.now + SETTLED)
            continue
        store.change(tx, known.of, closed=one.closed)
        by = _person(in_force(tx, setup)[1], tracker, one.by)
        kind, _, id_ = known.of.partition(":")
        try:
            _HEARD[kind](tx, setup, id_, by, tracker, one.closed)
        except Refused as error:
            log.info("ticket_not_followed", of=known.of, why=str(error))


def _moves(tx: Tx, known: Any) -> bool:
    kind, _, id_ = known.of.partition(":")
    if known.changed_at and tx.now - known.changed_at < SETTLED:
        return True
    if kind == "action":
        return store.item_at_work(tx, id_)
    return store.waits(tx, int(id_)) or store.at_work(tx, int(id_))


def _person(runbook: Runbook, tracker: str, login: str) -> str:
    """The person of the runbook whom the tracker calls so; else that name, with where it is from."""
    for id_, person in runbook.people.items():
        if login and str(getattr(person, tracker, None) or "").casefold() == login.casefold():
            return id_
    return f"{tracker}:{one_line(login, 60)}" if login else tracker


def _incident_heard(tx: Tx, setup: Setup, id_: str, by: str, tracker: str, closed: bool) -> None:
    event = CloseTicket(by, f"closed in {tracker}", via=tracker) if closed else ReopenTicket(by, via=tracker)
    act(tx, setup, int(id_), event)


def _item_heard(tx: Tx, setup: Setup, id_: str, by: str, tracker: str, closed: bool) -> None:
    if closed:
        items.done(tx, setup, id_, by, via=tracker)
    else:
        items.again(tx, setup, id_, by, f"its ticket was opened again in {tracker}", via=tracker)


_HEARD: Final[Mapping[str, Callable[[Tx, Setup, str, str, str, bool], None]]] = {
    "incident": _incident_heard, "action": _item_heard,
}  # fmt: skip


# --------------------------------------------------------------------------------------------- of action items


def open_item(tx: Tx, setup: Setup, id_: str) -> ActionItem:
    """
    Ask for a ticket for an action item. Asking again opens no second one.

    Raises:
        Refused: 404 for an unknown item; 409 for one that is over, or has a link already; 422 without a tracker.
    """
    tracker, _ = connected(tx, setup)
    item = action_items.get(tx, id_)
    if item is None:
        raise Refused("there is no such action item", 404)
    if not item.is_open:
        raise Refused(f"this action item is {item.state} already")
    if item.link:
        raise Refused(f"this action item has an issue: {item.link}")
    row = queue.by_key(tx, f"{store.of_item(id_)}:open")
    if row is not None and row.state in ("failed", "moot"):  # refused before; whoever asks again has mended it
        store.again(tx, row.id, tx.now, row.payload)
        return item
    queue.put(
        tx, f"{store.of_item(id_)}:open", tx.now, kind=store.OPEN_ITEM, via=tracker.name,
        destination=store.destination(tracker.name), payload={"item": id_}, urgent=False,
    )  # fmt: skip
    return item


def opens_item(tx: Tx, setup: Setup, row: Any, stored: Stored | None) -> Call | None:
    """Open the ticket of an action item; None where it needs none any more."""
    item, (tracker, config) = action_items.get(tx, row.payload["item"]), _now(tx, setup, row.via)
    if item is None or item.link or not item.is_open or tracker is None or not config:
        _moot(tx, row, "the action item needs no ticket")
        return None
    link = f"{setup.public_url}/actions"
    lines = [f"Action item of INC-{item.incident}, due {item.due}", incident_link(setup, item.incident)]
    lines += [f"How it is verified: {item.verify}"] if item.verify else []
    ticket = Ticket(ticket_key(setup, item.id), item.title, "\n\n".join(lines), items.LABEL, link)

    def settled(tx: Tx, setup: Setup, verdict: Delivered | Reject) -> None:
        if isinstance(verdict, Reject):
            said = f"No ticket for the action item {item.title!r}: {verdict.why[:300]}"
            act(tx, setup, item.incident, Note(SYSTEM, said))
            return
        action_items.hold(tx)
        action_items.change(tx, item, link=tracker.link(verdict.receipt, config))
        store.begin(tx, store.of_item(item.id), row.via, verdict.receipt)
        now = action_items.get(tx, item.id)
        if now and not now.is_open:
            store.keep_item(tx, item.id, row.via, f"It is {now.state} already.", closed=True)

    return Call(lambda: tracker.open(ticket, config), settled)


def changes_item(tx: Tx, setup: Setup, row: Any, stored: Stored | None) -> Call | None:
    """Close the ticket of an action item, or open it again."""
    known = store.get(tx, store.of_item(row.payload["item"]))
    tracker, config = _now(tx, setup, row.via)
    if known is None or known.gone or tracker is None or tracker.change is None or not config:
        _moot(tx, row, "the ticket is not kept in step")
        return None
    closed, ask = bool(row.payload["closed"]), tracker.change
    change = TicketChange(known.name, row.id, row.created_at, row.payload["said"],
                          closed=closed if closed != known.closed else None)  # fmt: skip

    def settled(tx: Tx, setup: Setup, verdict: Delivered | Reject) -> None:
        if isinstance(verdict, Reject):
            store.change(tx, known.of, why=verdict.why[:500], gone=verdict.broken, changed_at=tx.now)
            return
        store.change(tx, known.of, closed=closed, why="", comments=known.comments + 1, changed_at=tx.now)

    return Call(lambda: ask(change, config), settled)
