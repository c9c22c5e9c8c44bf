"""What makes a worker raise: tried three times, then set aside, told, and paged in plain words. The rest goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import structlog

from tocsin.core import delivery, drill, escalation
from tocsin.core.events import PageFailed
from tocsin.core.runbook import Runbook
from tocsin.core.types import incident_name, uuid7
from tocsin.store import incidents, people, queue
from tocsin.store import watch as store
from tocsin.store.db import Busy, Tx
from tocsin.usecases.configure import NoRunbook, Setup, in_force, incident_link, runbook_of, who
from tocsin.usecases.respond import act
from tocsin.usecases.save import channel_routes

TRIES: Final = 3  # then it is set aside; reliability.md F17
LOOK_AGAIN: Final = timedelta(minutes=1)  # at what is set aside: it may be well again
ALERTS: Final = "alerts"  # the runbook's channel for what concerns everybody

log = structlog.get_logger("tocsin.worker")


def tell(tx: Tx, setup: Setup, key: str, title: str, text: str, channel: str = ALERTS) -> None:
    """Put an urgent text for a channel into the outbox that needs no incident to be sent. A key is told once."""
    _, runbook = in_force(tx, setup)
    for place, route in enumerate(channel_routes(setup, runbook, channel)):
        alarm(tx, f"{key}:{channel}:{place}", route, title, text, link=f"{setup.public_url}/")


def alarm(
    tx: Tx, key: str, route: delivery.Route, title: str, text: str, *, link: str, urgent: bool = True,
    after: timedelta = timedelta(0), **columns: Any,
) -> None:  # fmt: skip
    """Put one row of plain words into the outbox, to be sent *after* a while. `columns`: incident, page, person."""
    payload = {"title": title, "text": text, "link": link, "kind": route.kind, "to": route.address}
    queue.put(
        tx, f"alarm:{key}", tx.now + after, kind="alarm", via=route.via, destination=route.destination,
        payload=payload, urgent=urgent, **columns,
    )  # fmt: skip


# --------------------------------------------------------------------------------------------- incidents


def incident_raised(tx: Tx, setup: Setup, number: int, error: Exception) -> None:
    """Handling an incident raised: try it again, and the third time set it aside; then its people are paged plainly."""
    key = store.incident_key(number)
    fault = store.note_fault(tx, key, _words(error))
    if fault.count < TRIES:
        store.wake(tx, number, tx.now + delivery.backoff(fault.count, key))
        return
    if fault.set_aside_at is None:
        store.change_fault(tx, key, set_aside_at=tx.now)
        text = (
            f"Tocsin cannot work on {incident_name(number)}: {fault.why}\n"
            "It is set aside and tried again every minute. Meanwhile its policy is walked in plain words. "
            "The log has the whole fault."
        )
        tell(tx, setup, f"aside:{key}", f"{incident_name(number)} is set aside", text)
        fault = store.fault(tx, key)
    try:
        with tx.apart():
            _page_plainly(tx, setup, number, fault)
    except Busy:
        raise
    except Exception:  # whatever it is, the other incidents do not wait for it
        log.exception("not_paged_plainly", incident=number)
        store.wake(tx, number, tx.now + LOOK_AGAIN)


def _page_plainly(tx: Tx, setup: Setup, number: int, fault: Any) -> None:
    """Walk the incident's policy without its state: whoever a due step names gets a page in plain words."""
    row = incidents.bare(tx, number)
    if row is None or row.status == "resolved" or row.step_due is None or fault.answered_by:
        store.wake(tx, number, tx.now + LOOK_AGAIN)
        return
    runbook = _readable(tx, setup, row.runbook_version)
    name, policy = runbook.policy_for(row.service)
    on_call = _who(tx, runbook, row.service)
    walk = replace(escalation.begin(name, policy, fault.set_aside_at), taken=fault.steps)
    walk, steps = escalation.advance(walk, tx.now, on_call)
    people_ = frozenset[str]().union(*(step.people for step in steps))
    for person in sorted(people_ or (on_call("everyone") if steps else ())):
        _page_person(tx, setup, runbook, row, person)
    store.change_fault(tx, fault.key, steps=walk.taken)
    store.wake(tx, number, min(escalation.due_at(walk), tx.now + LOOK_AGAIN))


def _who(tx: Tx, runbook: Runbook, service: str | None) -> Callable[[str], frozenset[str]]:
    """Who stands behind a page target now: everyone, where that cannot be worked out. It may be what raised."""

    def resolve(target: str) -> frozenset[str]:
        try:
            with tx.apart():
                return who(tx, runbook, service, tx.now)(target)
        except Busy:
            raise
        except Exception:
            log.exception("nobody_found", target=target)
            return frozenset(runbook.people)

    return resolve


def _page_person(tx: Tx, setup: Setup, runbook: Runbook, row: Any, person: str) -> None:
    """One page by every usable way of the person's rules at once: there is nobody left who could wait for them."""
    page = uuid7(tx.now, "plain", row.number, person)
    queue.ask(
        tx, page, incident=row.number, person=person, urgency="high", runbook_version=row.runbook_version,
        reason="Tocsin cannot work on this incident; its policy names you",
    )  # fmt: skip
    health = people.health(tx, person)
    for place, route in enumerate(delivery.to_person(runbook, setup.ways, person, "high", health=health)):
        if not route.why_not:
            _plain_page(tx, setup, f"{page}:{place}", route, row, page, person)


def _plain_page(tx: Tx, setup: Setup, key: str, route: delivery.Route, row: Any, page: str, person: str) -> None:
    name = incident_name(row.number)
    title = f"{drill.MARK if row.drill else ''}[{row.severity}] {name}: {row.title}"
    text = "Tocsin could not write the usual text for this page. Please look at the incident yourself."
    link = incident_link(setup, row.number)
    alarm(tx, key, route, title, text, link=link, incident=row.number, page=page, person=person)


def _readable(tx: Tx, setup: Setup, version: str) -> Runbook:
    try:
        return runbook_of(tx, setup, version)
    except NoRunbook:
        return in_force(tx, setup)[1]


def well_again(tx: Tx, number: int) -> None:
    """An incident that had made a worker raise was worked on: what is known against it is forgotten."""
    store.forget_fault(tx, store.incident_key(number))


# --------------------------------------------------------------------------------------------- outbox rows


def row_raised(tx: Tx, setup: Setup, row: Any, error: Exception) -> None:
    """Handling a row of the outbox raised: try it again, and the third time set it aside for a plain text."""
    key = f"outbox:{row.id}"
    fault = store.note_fault(tx, key, _words(error))
    if fault.count < TRIES:
        pause = delivery.backoff(fault.count, key)
        queue.settle(tx, row.id, "pending", due=tx.now + pause, failures=row.failures + 1, why=fault.why)
        return
    try:
        with tx.apart():
            _set_row_aside(tx, setup, row, fault)
    except Busy:
        raise
    except Exception:  # whatever it is, the other rows do not wait for it
        log.exception("row_not_set_aside", row=row.id, incident=row.incident)
        queue.settle(tx, row.id, "pending", due=tx.now + LOOK_AGAIN, failures=row.failures + 1, why=fault.why)
        if row.page:
            queue.hurry(tx, row.page, row.rule, tx.now)


def _set_row_aside(tx: Tx, setup: Setup, row: Any, fault: Any) -> None:
    key = fault.key
    store.change_fault(tx, key, set_aside_at=tx.now)
    queue.settle(tx, row.id, "failed", why=fault.why, done_at=tx.now, failures=row.failures + 1)
    where = f" of {incident_name(row.incident)}" if row.incident else ""
    text = f"A {row.kind}{where} through {row.via or 'no channel'} could not be handled three times: {fault.why}"
    if row.kind != "alarm":
        tell(tx, setup, f"aside:{key}", f"A {row.kind}{where} is set aside", text)
    if row.page and row.kind == "page":
        _instead(tx, setup, row)
    elif row.page:
        _no_way_left(tx, setup, row, fault.why)


def _instead(tx: Tx, setup: Setup, row: Any) -> None:
    """The same page by the same way in plain words, and its next way at once."""
    route = delivery.Route(row.via, row.payload["kind"], row.payload["to"])
    route = replace(route, shared=row.destination != route.destination)
    _plain_page(tx, setup, f"{row.id}:plain", route, incidents.bare(tx, row.incident), row.page, row.person)
    queue.hurry(tx, row.page, row.rule, tx.now)


def _no_way_left(tx: Tx, setup: Setup, row: Any, why: str) -> None:
    if queue.page_has_way(tx, row.page):
        return
    queue.close_page(tx, row.page, "failed", why)
    try:
        with tx.apart():
            act(tx, setup, row.incident, PageFailed(row.page, row.person, why))
    except Busy:
        raise
    except Exception as error:  # noqa: BLE001 - counted, told and set aside
        incident_raised(tx, setup, row.incident, error)


def _words(error: Exception) -> str:
    """What was raised, short: the whole of it is in the log."""
    return f"{type(error).__name__}: {error}"[:300]
