"""Claim from the outbox, and settle what came back. Between the two the worker sends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from tocsin.core import delivery
from tocsin.core.events import PageFailed, RoomOpened
from tocsin.core.runbook import Runbook
from tocsin.core.types import incident_name
from tocsin.sdk import Delivered, Message, Reject, Retry, Transport, Verdict
from tocsin.store import incidents, queue
from tocsin.store.db import Tx
from tocsin.store.incidents import Stored
from tocsin.store.schema import from_micros
from tocsin.usecases import publish, restored
from tocsin.usecases.configure import Setup, acknowledge_link, in_force, incident_link, runbook_of
from tocsin.usecases.respond import act

AT_ONCE: Final = 32  # rows in one claim


@dataclass(frozen=True, slots=True)
class Job:
    """One claimed row: what to send, through what, and the epoch that its result must carry."""

    id: str
    epoch: int
    kind: str
    incident: int  # 0: the summary after a restore, which belongs to none
    via: str
    destination: str
    page: str | None = None
    transport: Transport | None = None
    message: Message | None = None
    room: str = ""
    draft: publish.Draft | None = None
    config: Mapping[str, Any] = field(default_factory=dict, repr=False)


def claim(tx: Tx, setup: Setup, owner: str, limit: int = AT_ONCE) -> list[Job]:
    """
    Take the rows that are due, urgent ones first, under a lease of 30 s.

    The incident is read again now, right before the call: what nobody needs any more becomes moot, with its reason.
    Rows for a destination that the vendor's limits close now are put off, and keep their place in line.
    In restored mode nothing but its summary is taken.
    """
    only = None if restored.may_send(tx, setup) else restored.SUMMARY
    loaded: dict[int, Stored] = {}
    busy: set[str] = set()
    jobs = []
    for row in queue.due(tx, limit, only):
        if row.kind == restored.SUMMARY:
            jobs.append(_summary_job(tx, setup, row, queue.lease(tx, row, owner, tx.now + delivery.LEASE)))
            continue
        stored = loaded.get(row.incident) or incidents.load(tx, row.incident)
        loaded[row.incident] = stored
        if why := _moot(tx, row, stored):
            queue.settle(tx, row.id, "moot", why=why, done_at=tx.now)
            continue
        transport = setup.plugins.transports.get(row.payload.get("kind", ""))
        if (free := _free_at(tx, row, transport, busy)) > tx.now:
            queue.settle(tx, row.id, "pending", due=free)
            continue
        busy.add(row.destination)
        epoch = queue.lease(tx, row, owner, tx.now + delivery.LEASE)
        jobs.append(_job(tx, setup, row, stored, transport, epoch))
    return jobs


def _summary_job(tx: Tx, setup: Setup, row: Any, epoch: int) -> Job:
    """The summary belongs to no incident; it says what it says under the runbook in force."""
    _, runbook = in_force(tx, setup)
    transport, payload = setup.plugins.transports.get(row.payload["kind"]), row.payload
    known = queue.destination(tx, row.destination)
    message = Message(
        key=row.key, to=payload["to"], title=payload["title"], text=payload["text"], urgent=True,
        link=f"{setup.public_url}/incidents",
    )  # fmt: skip
    config = {**_config(runbook, row.via), **(known.settings if known else {})}
    return Job(row.id, epoch, row.kind, 0, row.via, row.destination, None, transport, message, config=config)


def _moot(tx: Tx, row: Any, stored: Stored) -> str:
    """Why a row is not needed any more; empty when it is."""
    state = stored.state
    if row.kind == "page":
        page = queue.page(tx, row.page)
        return "" if page.state in queue.OPEN_PAGE else f"the page is {page.state}: {page.why or ''}"
    if row.duty:
        duty = next((duty for duty in state.duties if duty.id == row.duty), None)
        if duty is None or duty.done_at is not None:
            return "the duty is done"
    return ""


def _free_at(tx: Tx, row: Any, transport: Transport | None, busy: set[str]) -> datetime:
    """When the vendor's limits let something go to this destination; counts the send when that is now."""
    if transport is None or transport.per_second is None:
        known = queue.destination(tx, row.destination) if row.destination else None
        return known.free_at if known and known.free_at > tx.now else tx.now
    known = queue.destination(tx, row.destination)
    gap = timedelta(seconds=1 / transport.per_second)
    free: datetime = known.free_at if known else tx.now
    if row.destination in busy:
        return max(free, tx.now + gap)
    recent = [at for at in (known.recent if known else []) if from_micros(at) > tx.now - queue.MINUTE]
    if transport.per_minute and len(recent) >= transport.per_minute:
        free = max(free, from_micros(recent[-transport.per_minute]) + queue.MINUTE)
    if free <= tx.now:
        queue.sent_to(tx, row.destination, known, tx.now + gap)
    return free


def _job(tx: Tx, setup: Setup, row: Any, stored: Stored, transport: Transport | None, epoch: int) -> Job:
    state = stored.state
    common = {"id": row.id, "epoch": epoch, "kind": row.kind, "incident": state.number, "via": row.via,
              "destination": row.destination, "page": row.page}  # fmt: skip
    if row.kind == "draft":
        return Job(**common, draft=publish.draft(tx, setup, stored))
    runbook = runbook_of(tx, setup, state.runbook_version)
    known = queue.destination(tx, row.destination)
    changed = known.settings if known else {}
    config = {**_config(runbook, row.via), **changed}
    if row.kind == "room":
        return Job(**common, transport=transport, config=config, room=row.payload["name"])
    to = str(changed.get(transport.channel_address, row.payload["to"])) if transport else row.payload["to"]
    message = _page_message(tx, setup, runbook, row, stored, to) if row.kind == "page" else _message(
        setup, row, stored, to
    )  # fmt: skip
    return Job(**common, transport=transport, config=config, message=message)


def _config(runbook: Runbook, via: str) -> Mapping[str, Any]:
    channel = runbook.channels.get(via)
    settings: Mapping[str, Any] = getattr(channel, "settings", {})
    return settings


def _message(setup: Setup, row: Any, stored: Stored, to: str) -> Message:
    payload = row.payload
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
    ]
    return Message(
        key=row.key, to=to, title=f"[{state.severity}] {state.name}: {state.title}", text="\n".join(lines),
        link=incident_link(setup, state.number), acknowledge_link=acknowledge_link(setup, page.id),
        incident=state.name, severity=state.severity, urgent=row.urgent,
    )  # fmt: skip


def settle(tx: Tx, setup: Setup, job: Job, verdict: Verdict, milliseconds: int = 0) -> None:
    """
    Record what came back for a claimed row.

    A result whose lease ran out meanwhile is kept as an attempt and changes nothing else: the row is another's now.
    """
    row = queue.held(tx, job.id, job.epoch)
    queue.note_attempt(
        tx, job.id, job.page, job.epoch, via=job.via, verdict=type(verdict).__name__.lower(),
        receipt=verdict.receipt if isinstance(verdict, Delivered) else None,
        why=None if isinstance(verdict, Delivered) else verdict.why[:500], milliseconds=milliseconds,
    )  # fmt: skip
    tx.touched.add(f"incident:{job.incident}")
    if row is None:
        return
    match verdict:
        case Delivered():
            _delivered(tx, setup, job, row, verdict)
        case Retry():
            _again(tx, setup, job, row, verdict)
        case Reject():
            _rejected(tx, setup, job, row, verdict.why)


def _delivered(tx: Tx, setup: Setup, job: Job, row: Any, verdict: Delivered) -> None:
    queue.settle(tx, row.id, "done", done_at=tx.now)
    if row.page:
        queue.page_sent(tx, row.page, "delivered" if verdict.proven else "sent", job.via)
    elif job.kind == "room":
        act(tx, setup, job.incident, RoomOpened(job.room, channel=job.via, thread=verdict.receipt))
    elif job.draft:
        publish.written(tx, setup, job.draft)


def _again(tx: Tx, setup: Setup, job: Job, row: Any, verdict: Retry) -> None:
    failures = row.failures + 1
    first = row.first_failed_at or tx.now
    pause = delivery.backoff(failures, row.id)
    if verdict.after is not None:
        pause = max(pause, timedelta(seconds=verdict.after))
        queue.hold_back(tx, row.destination, tx.now + timedelta(seconds=verdict.after))
    if verdict.settings:
        pause = timedelta(0)
        _change(tx, job, row, verdict.settings)
    expired = row.kind != "page" and tx.now - row.created_at > delivery.MESSAGE_LIFE
    if expired or (job.kind == "room" and failures >= delivery.FAILURES_BEFORE_NEXT):
        _rejected(tx, setup, job, row, verdict.why)
        return
    queue.settle(
        tx, row.id, "pending", due=tx.now + pause, failures=failures, first_failed_at=first, why=verdict.why[:500]
    )
    if row.page:
        soon = failures >= delivery.FAILURES_BEFORE_NEXT or pause > delivery.WAIT_BEFORE_NEXT
        queue.hurry(tx, row.page, row.rule, tx.now if soon else first + delivery.WAIT_BEFORE_NEXT)


def _change(tx: Tx, job: Job, row: Any, settings: Mapping[str, str]) -> None:
    """Follow what the vendor changed: a dead thread for this text alone, the rest for the destination."""
    if "thread" in settings:
        queue.settle(tx, row.id, "pending", payload={**row.payload, "thread": settings["thread"]})
    if rest := {name: value for name, value in settings.items() if name != "thread"}:
        queue.change_destination(tx, job.destination, rest)


def _rejected(tx: Tx, setup: Setup, job: Job, row: Any, why: str) -> None:
    queue.settle(tx, row.id, "failed", why=why[:500], done_at=tx.now, failures=row.failures + 1)
    if job.kind == "room":
        note = f"no room of its own in {job.via}: {why}"
        act(tx, setup, job.incident, RoomOpened(job.room, channel=job.via, note=note))
    elif row.page and not queue.hurry(tx, row.page, row.rule, tx.now) and not queue.page_has_way(tx, row.page):
        queue.close_page(tx, row.page, "failed", why)
        act(tx, setup, job.incident, PageFailed(row.page, row.person, f"{incident_name(job.incident)}: {why}"))
