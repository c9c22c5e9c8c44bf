"""Claim from the outbox, and settle what came back. Between the two the worker sends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from tocsin.core import because, delivery, escalation
from tocsin.core.drill import MARK, mark, mark_of
from tocsin.core.events import OffCall, RoomOpened
from tocsin.core.incident import Incident
from tocsin.core.paging import climbing
from tocsin.core.runbook import Runbook
from tocsin.core.types import incident_name
from tocsin.points import passing
from tocsin.sdk import Delivered, Message, Reject, Reply, Retry, Transport, Verdict
from tocsin.store import documents, incidents, queue
from tocsin.store.db import Busy, Tx, one_at_a_time
from tocsin.store.incidents import Stored
from tocsin.store.rooms import STEP
from tocsin.store.tracking import CHANGE, KEEP_ITEM, LOOK, OPEN_ITEM
from tocsin.usecases import (
    acting,
    devices,
    diagnose,
    edits,
    limits,
    people,
    publish,
    repository,
    rescue,
    restored,
    rooms,
    subscribers,
    tools,
    tracking,
    ways,
)
from tocsin.usecases.actions import KIND as ACTION
from tocsin.usecases.actions import VERIFY
from tocsin.usecases.configure import Setup, acknowledge_link, channel_config, in_force, incident_link, runbook_of, who
from tocsin.usecases.respond import ALL, act
from tocsin.usecases.tracking import Call
from tocsin.usecases.ways import receipt

CLOCK: Final = "clock:"  # a text about a clock of the severity, in place of a duty
AT_ONCE: Final = 32  # rows in one claim
OWN: Final = (LOOK, OPEN_ITEM, KEEP_ITEM, documents.KIND)  # asked of a tracker or a repository, for no incident's state
PLAIN: Final = ("alarm", "check", "confirm", "probe", "reply", "edit", *OWN, *queue.TO_SUBSCRIBERS)  # read no incident

__all__ = ["Job", "claim", "receipt", "settle", "settle_plainly", "wanted"]

# Rows that are no message: what is done when they are due.
TIMERS: Final[Mapping[str, Callable[[Tx, Setup, Any], None]]] = {
    "receipt": ways.receipt_overdue,
    "test": people.test_due,
    "announce": subscribers.fan_out,
    "forget": subscribers.forget_old,
    "look_inside": diagnose.inside,
    VERIFY: acting.verify,
}

# What is asked of a tracker or a repository, from what holds when it is due; None where nothing is to be done.
CALLS: Final[Mapping[str, Callable[[Tx, Setup, Any, Stored | None], Call | None]]] = {
    "ticket": tracking.opens,
    CHANGE: tracking.changes,
    LOOK: tracking.looks,
    OPEN_ITEM: tracking.opens_item,
    KEEP_ITEM: tracking.changes_item,
    documents.KIND: repository.puts,
}

log = structlog.get_logger("tocsin.worker")


@dataclass(frozen=True, slots=True)
class Job:
    """
    One claimed row: what to send, through what, and the epoch that its result must carry.

    `folded` are further rows that the same message speaks for; each is claimed, and settled, as a row of its own.
    """

    id: str
    epoch: int
    kind: str
    incident: int
    via: str
    claimed_at: datetime
    destination: str
    page: str | None = None
    transport: Transport | None = None
    message: Message | None = None
    room: str = ""
    step: rooms.Step | None = None
    reply: Reply | None = None
    edit: str = ""  # the receipt of the message in whose place this one goes
    confirm: tuple[str, str] = ("", "")  # the source that asks before it sends, and where to say yes
    draft: publish.Draft | None = None
    call: Call | None = None
    look: diagnose.Asked | None = None
    acts: acting.Call | None = None  # of an action, which the worker runs by a way of its own
    config: Mapping[str, Any] = field(default_factory=dict, repr=False)
    folded: tuple[Job, ...] = ()
    receipts: bool = False  # the vendor promises to tell later whether it arrived
    seed: str = ""  # what the jitter of its back-off is drawn from: one for all that is folded


def claim(tx: Tx, setup: Setup, owner: str, limit: int = AT_ONCE, full: Sequence[str] = ()) -> list[Job]:
    """
    Take the rows that are due, urgent ones first, under a lease of 30 s; none in the lanes *full*, which are busy.

    The incident and the schedule are read again now, right before the call: what nobody needs any more becomes moot,
    with its reason, and a page for somebody whose shift has ended goes to whoever has it now. Rows for a destination
    that the vendor's limits close now are put off, and keep their place in line. Old pages to one person are folded.
    """
    one_at_a_time(tx, "claim")  # what a vendor's limits leave is counted by one node at a time
    rows = queue.due(tx, limit, full)
    passing("O1")
    held = restored.hold(tx) if rows else None
    busy: set[str] = set()
    waiting: Counter[str] = Counter()
    taken: set[str] = set()
    jobs = []
    for row in rows:
        if row.id in taken or (held and restored.put_off(tx, row, held)):
            continue
        try:
            with tx.apart():
                job = _take(tx, setup, row, owner, busy, waiting)
        except Busy:
            raise
        except Exception as error:  # undone alone: one row takes no other with it
            log.exception("row_raised", row=row.id, incident=row.incident, via=row.via)
            rescue.row_raised(tx, setup, row, error)
            continue
        if job:
            taken |= {row.id, *(other.id for other in job.folded)}
            jobs.append(job)
    return jobs


def give_back(tx: Tx, owner: str, sending: Collection[str]) -> None:
    """Let go of what *owner* holds and is not *sending*: the answer to its claim was lost, and with it the jobs."""
    queue.give_back(tx, owner, sending)


def _take(tx: Tx, setup: Setup, row: Any, owner: str, busy: set[str], waiting: Counter[str]) -> Job | None:
    """Claim one row with what folds into it; None when it is not needed any more, or put off."""
    if _is_not_sent(tx, setup, row):
        return None
    if row.kind == ACTION:
        return _action(tx, setup, row, owner)
    stored = None if row.kind in PLAIN else incidents.load(tx, row.incident)
    if not (_needed(tx, setup, row, stored) if stored else _needed_plainly(tx, setup, row)):
        return None
    transport = setup.plugins.transports.get(row.payload.get("kind", ""))
    if stored and rooms.waits(tx, row, stored.state):
        return None
    return _send_now(tx, setup, row, stored, transport, owner, busy, waiting)


def _action(tx: Tx, setup: Setup, row: Any, owner: str) -> Job | None:
    """Claim the call of an action; None when it is not to be made any more, or nobody knows whether it was."""
    call = acting.take(tx, setup, row)
    if call is None:
        return None
    epoch = queue.lease(tx, row, owner, tx.now + delivery.LEASE)
    return Job(row.id, epoch, row.kind, row.incident, row.via, tx.now, row.destination, acts=call, seed=row.id)


def _send_now(
    tx: Tx, setup: Setup, row: Any, stored: Stored | None, transport: Transport | None, owner: str, busy: set[str],
    waiting: Counter[str],
) -> Job | None:  # fmt: skip
    """Claim a row that is needed, unless there is nothing to be done to its room, or the vendor's limits put it off."""
    step = rooms.take(tx, setup, row, stored, transport) if stored and row.kind == STEP else None
    if row.kind == STEP and step is None:
        return None
    call = CALLS[row.kind](tx, setup, row, stored) if row.kind in CALLS and _is_free(tx, row) else None
    if row.kind in CALLS and call is None:
        return None
    if (free := limits.free_at(tx, row, transport, busy)) > tx.now:
        due = free + limits.gap(transport) * waiting[row.destination]
        queue.settle(tx, row.id, "pending", due=due)
        waiting[row.destination] += 1  # each in its own place: they are not all looked at again at once
        if row.kind == "page" and due - tx.now > delivery.WAIT_BEFORE_NEXT:
            ways.next_way(tx, setup, row, tx.now)  # R7: the wait is as long as if this one had been refused
        return None
    busy.add(row.destination)
    epoch = queue.lease(tx, row, owner, tx.now + (diagnose.LEASE if row.kind == diagnose.KIND else delivery.LEASE))
    if call is not None:
        return Job(row.id, epoch, row.kind, row.incident or 0, row.via, tx.now, row.destination, seed=row.id, call=call)
    if stored is None:
        return _plain_job(tx, setup, row, transport, epoch)
    job = _job(tx, setup, row, stored, transport, epoch, step)
    others = _fold(tx, setup, row, owner, drill=stored.state.drill)
    return _folded(tx, setup, job, others) if others else job


def _is_free(tx: Tx, row: Any) -> bool:
    """Say whether a tracker takes calls now; where it asked to wait, the row is put off here."""
    known = queue.destination(tx, row.destination)
    if known is None or known.free_at <= tx.now:
        return True
    queue.settle(tx, row.id, "pending", due=known.free_at)
    return False


def _is_not_sent(tx: Tx, setup: Setup, row: Any) -> bool:
    """Do what a timer's row stands for, and end an edit that comes too late."""
    if timer := TIMERS.get(row.kind):
        timer(tx, setup, row)
        return True
    return edits.too_old(tx, row)


def wanted(tx: Tx, job: Job) -> bool:
    """
    Say whether a claimed row is still to be sent, asked again right before a call that comes later than the claim.

    Not when it became moot meanwhile, and not when the lease leaves no time for the call: it is then claimed anew.
    """
    row = queue.held(tx, job.id, job.epoch)
    return row is not None and bool(row.lease_until - tx.now >= delivery.CALL_SECONDS)


def _needed(tx: Tx, setup: Setup, row: Any, stored: Stored) -> bool:
    """Say whether a row is needed still; what is not becomes moot here."""
    if why := _moot(tx, row, stored):
        queue.settle(tx, row.id, "moot", why=why, done_at=tx.now)
        return False
    targets = tuple(row.payload.get("targets", ()))
    if row.kind != "page" or not targets:
        return True
    state = stored.state
    now_on = who(tx, runbook_of(tx, setup, state.runbook_version), state.service, tx.now)
    if any(row.person in now_on(target) for target in targets):
        return True
    queue.drop_page(tx, row.page, f"the shift of {row.person} ended before it was sent")
    act(tx, setup, row.incident, OffCall(row.page, row.person, targets))
    return False


def _needed_plainly(tx: Tx, setup: Setup, row: Any) -> bool:
    """The same for a row that reads no incident."""
    why = subscribers.moot(tx, setup, row) if row.kind in queue.TO_SUBSCRIBERS else ""
    if row.page and queue.page(tx, row.page).state not in queue.OPEN_PAGE:
        why = "somebody has it"
    if why:
        queue.settle(tx, row.id, "moot", why=why, done_at=tx.now)
    return not why


def _fold(tx: Tx, setup: Setup, row: Any, owner: str, *, drill: bool) -> list[Job]:
    """
    Claim what one message can speak for beside *row*: pages of other incidents to the same person that are due within a
    minute of it, and whatever waits for them since ten minutes and more. A drill and what is real stay apart.
    """
    if row.kind != "page":
        return []
    if old := tx.now - row.created_at >= delivery.FOLD_AFTER:
        rows = queue.old_pages(tx, row, tx.now - delivery.FOLD_AFTER)
    else:  # what failed is tried again alone: were it the text of one that breaks, the others must not wait for it
        rows = () if row.failures else queue.fresh_pages(tx, row, delivery.GATHER)
    others: list[Job] = []
    for other in rows:
        try:
            with tx.apart():
                others += _join(tx, setup, other, owner, drill=drill)
        except Busy:
            raise
        except Exception:  # it is looked at alone, counted there and set aside: this row does not wait for it
            log.exception("not_folded", row=other.id, incident=other.incident)
    if others:
        queue.note_fold(tx, row.page, [job.page for job in others if job.page])
        log.info("pages_folded", person=row.person, via=row.via, pages=len(others) + 1, late=old)
    return others


def _join(tx: Tx, setup: Setup, row: Any, owner: str, *, drill: bool) -> list[Job]:
    """Claim one row that another's message speaks for; [] when it is not needed any more."""
    stored = incidents.load(tx, row.incident)
    if stored.state.drill != drill or not _needed(tx, setup, row, stored):
        return []
    epoch = queue.lease(tx, row, owner, tx.now + delivery.LEASE)
    return [_job(tx, setup, row, stored, None, epoch)]


def _folded(tx: Tx, setup: Setup, job: Job, others: list[Job]) -> Job:
    """One message for several pages: each incident on a line with its own link to acknowledge, the worst first."""
    if job.message is None:
        return job
    messages = [job.message, *(other.message for other in others if other.message)]
    lines = {m.incident: f"{m.title}\n{m.acknowledge_link}" for m in sorted(messages, key=lambda m: m.severity)}
    worst = min(message.severity for message in messages)
    count = f"{len(lines)} incidents wait" if len(lines) > 1 else "1 incident waits"
    text = "\n\n".join(["Each with its own link to acknowledge:", *lines.values()])
    title = f"[{worst}] {count} for you"
    title = mark(title) if job.message.title.startswith(MARK) else title
    message = replace(
        job.message, title=title, text=text, severity=worst, link=f"{setup.public_url}/",
        acknowledge_link=f"{job.message.acknowledge_link}/all" if len(lines) > 1 else job.message.acknowledge_link,
        page=f"{job.message.page}{ALL}" if len(lines) > 1 else job.message.page,
    )  # fmt: skip
    return replace(job, message=message, folded=tuple(replace(other, seed=job.seed) for other in others))


def _moot(tx: Tx, row: Any, stored: Stored) -> str:
    """Why a row is not needed any more; empty when it is."""
    state = stored.state
    if row.kind == diagnose.KIND:
        return diagnose.moot(row, state, tx.now)
    if row.kind == "room" and state.room and not state.is_open:
        return "the incident is over"
    if row.kind == "page":
        page = queue.page(tx, row.page)
        return "" if page.state in queue.OPEN_PAGE else f"the page is {page.state}: {page.why or ''}"
    if row.duty and row.duty.startswith(CLOCK):
        which = row.duty.removeprefix(CLOCK)
        stopped = any(c.which == which and c.met_at is not None for c in state.clocks)
        return f"the {which} clock has stopped" if stopped else ""
    if row.duty:
        duty = next((duty for duty in state.duties if duty.id == row.duty), None)
        if duty is None or duty.done_at is not None:
            return "the duty is done"
    return ""


def _job(
    tx: Tx, setup: Setup, row: Any, stored: Stored, transport: Transport | None, epoch: int,
    step: rooms.Step | None = None,
) -> Job:  # fmt: skip
    state = stored.state
    common = {"id": row.id, "epoch": epoch, "kind": row.kind, "incident": state.number, "via": row.via,
              "destination": row.destination, "page": row.page, "seed": row.id, "claimed_at": tx.now}  # fmt: skip
    if row.kind == "draft":
        return Job(**common, draft=publish.draft(tx, setup, stored, row.payload))
    runbook = runbook_of(tx, setup, state.runbook_version)
    if row.kind == diagnose.KIND:
        look = diagnose.asked(setup, runbook, row, state, tx.now)
        return Job(**common, look=look, config=tools.config(runbook, look.source))
    known = queue.destination(tx, row.destination)
    changed = known.settings if known else {}
    own = devices.settings_for(tx, setup, transport, row.payload["to"])
    config = {**channel_config(setup, runbook, row.via), **changed, **own}
    if row.kind == "room":
        return Job(**common, transport=transport, config=config, room=row.payload["name"])
    if step is not None:
        return Job(**common, transport=transport, config=config, step=_moved(step, transport, changed))
    to = str(changed.get(transport.channel_address, row.payload["to"])) if transport else row.payload["to"]
    message = _page_message(tx, setup, runbook, row, stored, to) if row.kind == "page" else _message(
        setup, row, stored, to
    )  # fmt: skip
    if transport is not None and transport.expires and row.kind == "page":
        message = replace(message, valid_seconds=_valid_seconds(tx, row, stored.state))
    receipts = transport is not None and transport.receipts
    return Job(**common, transport=transport, config=config, message=message, receipts=receipts)


def _plain_job(tx: Tx, setup: Setup, row: Any, transport: Transport | None, epoch: int) -> Job:
    """A row that carries all its words with it: nothing of the incident is read, so nothing of it can be in the way."""
    job = Job(
        row.id, epoch, row.kind, row.incident or 0, row.via, tx.now, row.destination, page=row.page,
        transport=transport, seed=row.id,
    )  # fmt: skip
    if row.kind == "probe":
        return job
    if row.kind in queue.TO_SUBSCRIBERS:
        message, config = subscribers.message(tx, setup, row)
        return replace(job, message=message, config=config)
    if row.kind == "confirm":
        return replace(job, confirm=(row.payload["source"], row.payload["url"]))
    payload, config = row.payload, channel_config(setup, in_force(tx, setup)[1], row.via)
    if row.kind == "reply":
        reply = Reply(payload["text"], payload["closed"], payload["refused"], back=payload["back"])
        return replace(job, reply=reply, config=config)
    message = Message(
        key=row.key, to=payload["to"], title=payload["title"], text=payload["text"], link=payload["link"],
        urgent=row.urgent,
        acknowledge_link=acknowledge_link(setup, row.page) if row.page else "",
        incident=incident_name(row.incident) if row.incident else "", page=row.page or "",
        invitation=payload.get("invitation", ""), reply_to=payload.get("reply_to", ""),
    )  # fmt: skip
    config = {**config, **devices.settings_for(tx, setup, transport, payload["to"])}
    return replace(job, message=message, config=config, edit=payload.get("receipt", "") if row.kind == "edit" else "")


def _moved(step: rooms.Step, transport: Transport | None, changed: Mapping[str, Any]) -> rooms.Step:
    """The same step where the vendor has moved the group to by now."""
    to = changed.get(transport.channel_address) if transport else None
    return replace(step, call=replace(step.call, to=str(to))) if to else step


def _message(setup: Setup, row: Any, stored: Stored, to: str) -> Message:
    payload = rooms.place(stored.state, row.payload)
    return Message(
        key=row.key, to=to, title=payload["title"], text=payload["text"], plain=payload.get("plain", False),
        link=incident_link(setup, stored.state.number), incident=stored.state.name, severity=stored.state.severity,
        urgent=row.urgent, thread=payload.get("thread", ""),
    )  # fmt: skip


def _page_message(tx: Tx, setup: Setup, runbook: Runbook, row: Any, stored: Stored, to: str) -> Message:
    """What a woken person reads: how bad, what, where, since when, why they, and how to answer."""
    state = stored.state
    page = queue.page(tx, row.page)
    lines = [
        f"Service: {state.service or 'not named'}",
        f"Impact: {state.impact or 'unknown'}",
        f"Since: {state.declared_at:%Y-%m-%d %H:%M} UTC",
        f"You are paged because: {page.reason}",
        *(because.in_message(page.because, row.rule) if page.because else ()),
    ]
    return Message(
        key=row.key, to=to, title=mark_of(state, f"[{state.severity}] {state.name}: {state.title}"),
        text="\n".join(lines), link=incident_link(setup, state.number),
        acknowledge_link=acknowledge_link(setup, page.id), incident=state.name, severity=state.severity,
        urgent=row.urgent, page=page.id,
    )  # fmt: skip


def _valid_seconds(tx: Tx, row: Any, state: Incident) -> int | None:
    """Until the person's next way or the policy's next step is due; None when neither comes. F23."""
    step = escalation.due_at(state.walk) if climbing(state) and state.walk else None
    ahead = [at for at in (step, queue.next_way_due(tx, row.page, row.rule)) if at is not None]
    return max(int((min(ahead) - tx.now).total_seconds()), 1) if ahead else None


def settle(tx: Tx, setup: Setup, job: Job, verdict: Verdict, milliseconds: int = 0) -> None:
    """Record what came back for a claimed row, and for all that was folded into it."""
    devices.ended(tx, verdict.gone)
    for part in (job, *job.folded):
        _settle(tx, setup, part, verdict, milliseconds)


def _settle(tx: Tx, setup: Setup, job: Job, verdict: Verdict, milliseconds: int) -> None:
    """
    Record what came back for one row.

    A result whose lease ran out meanwhile is kept as an attempt and changes nothing else: the row is another's now.
    """
    row = queue.keep_held(tx, job.id, job.epoch, job.page)
    queue.note_attempt(
        tx, job.id, job.page, job.epoch, job.claimed_at, via=job.via, verdict=type(verdict).__name__.lower(),
        receipt=verdict.receipt if isinstance(verdict, Delivered) else None,
        why=None if isinstance(verdict, Delivered) else verdict.why[:500], milliseconds=milliseconds,
    )  # fmt: skip
    if job.incident:
        tx.touched.add(f"incident:{job.incident}")
    if row is None:
        if job.kind == "page" and isinstance(verdict, Delivered) and verdict.receipt:
            edits.late(tx, setup, job.id, verdict.receipt)
        return
    if row.kind in queue.TO_SUBSCRIBERS:
        subscribers.settled(tx, setup, row, verdict)
    match verdict:
        case Delivered():
            _delivered(tx, setup, job, row, verdict)
        case Retry():
            _again(tx, setup, job, row, verdict)
        case Reject():
            if verdict.broken:
                ways.break_way(tx, setup, row, verdict.why)
            _rejected(tx, setup, job, row, verdict.why, broken=verdict.broken)


def settle_plainly(tx: Tx, setup: Setup, job: Job, verdict: Verdict | None, error: Exception) -> None:
    """
    Settle a job of which sending (no *verdict*) or settling raised.

    What was delivered stays done: sending it again would not help. Anything else is tried again, and after the third
    time set aside.
    """
    for part in (job, *job.folded):
        row = queue.keep_held(tx, part.id, part.epoch, part.page)
        if row is None:
            continue
        if isinstance(verdict, Delivered):
            queue.settle(tx, row.id, "done", done_at=tx.now, why=f"{type(error).__name__} while it was settled")
            if row.page:
                queue.page_sent(tx, row.page, "delivered" if verdict.proven else "sent", part.via)
            continue
        why = f"{type(error).__name__} in the transport" if verdict is None else verdict.why
        queue.note_attempt(
            tx, part.id, part.page, part.epoch, part.claimed_at, via=part.via, verdict="retry", receipt=None,
            why=why[:500], milliseconds=None,
        )  # fmt: skip
        rescue.row_raised(tx, setup, row, error)


def _delivered(tx: Tx, setup: Setup, job: Job, row: Any, verdict: Delivered) -> None:
    queue.settle(tx, row.id, "done", done_at=tx.now)
    if row.page:
        queue.page_sent(tx, row.page, "delivered" if verdict.proven else "sent", job.via)
        if row.kind == "page" and job.receipts and not verdict.proven:
            ways.await_receipt(tx, setup, queue.row(tx, row.id))
    elif job.step:
        rooms.settled(tx, setup, job.incident, job.step, verdict, job.transport)
    elif job.kind == "room":
        act(tx, setup, job.incident, RoomOpened(job.room, channel=job.via, thread=verdict.receipt))
    elif job.call:
        job.call.settled(tx, setup, verdict)
    elif job.draft:
        publish.written(tx, job.draft, verdict)


def _again(tx: Tx, setup: Setup, job: Job, row: Any, verdict: Retry) -> None:
    failures = row.failures + 1
    first = row.first_failed_at or tx.now
    pause = delivery.backoff(failures, job.seed)
    if verdict.after is not None:
        pause = max(pause, timedelta(seconds=verdict.after))
        queue.hold_back(tx, row.destination, tx.now + timedelta(seconds=verdict.after))
    if verdict.settings:
        pause = timedelta(0)
        _change(tx, job, row, verdict.settings)
    if job.step and (verdict.settings or {}).get("thread") == "":  # somebody took the room away
        queue.settle(tx, row.id, "failed", why=verdict.why[:500], done_at=tx.now)
        rooms.settled(tx, setup, job.incident, job.step, verdict, job.transport)
        return
    life = edits.LIFE if row.kind == "edit" else delivery.MESSAGE_LIFE
    expired = row.kind != "page" and tx.now - row.created_at > life
    if expired or (job.kind == "opt_in" and failures >= subscribers.OPT_IN_TRIES):
        _rejected(tx, setup, job, row, verdict.why)
        return
    if job.kind == "room" and failures == delivery.FAILURES_BEFORE_NEXT:
        rooms.not_yet(tx, setup, job.incident, job.room, job.via, verdict.why)
    queue.settle(
        tx, row.id, "pending", due=tx.now + pause, failures=failures, first_failed_at=first, why=verdict.why[:500]
    )
    soon = failures >= delivery.FAILURES_BEFORE_NEXT or pause > delivery.WAIT_BEFORE_NEXT
    ways.next_way(tx, setup, row, tx.now if soon else first + delivery.WAIT_BEFORE_NEXT)


def _change(tx: Tx, job: Job, row: Any, settings: Mapping[str, str]) -> None:
    """Follow what the vendor changed: a dead thread for this text alone, the rest for the destination."""
    if "thread" in settings:
        queue.settle(tx, row.id, "pending", payload={**row.payload, "thread": settings["thread"]})
    if rest := {name: value for name, value in settings.items() if name != "thread"}:
        queue.change_destination(tx, job.destination, rest)


def _rejected(tx: Tx, setup: Setup, job: Job, row: Any, why: str, *, broken: bool = False) -> None:
    if job.edit:  # a courtesy: the message stays as it is, and its buttons answer in words
        queue.settle(tx, row.id, "moot", why=why[:500], done_at=tx.now)
        return
    queue.settle(tx, row.id, "failed", why=why[:500], done_at=tx.now, failures=row.failures + 1)
    if job.step:
        rooms.settled(tx, setup, job.incident, job.step, Reject(why), job.transport)
    elif job.kind == "room":
        note = f"no room of its own in {job.via}: {why}"
        act(tx, setup, job.incident, RoomOpened(job.room, channel=job.via, note=note))
    elif job.call:
        job.call.settled(tx, setup, Reject(why, broken=broken))
    else:
        ways.failed(tx, setup, row, why)
