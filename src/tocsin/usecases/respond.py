"""What a person does: declare, acknowledge, update, resolve and the rest. Doing it again changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import structlog
from sqlalchemy import select

from tocsin.core import decide, escalation
from tocsin.core.events import Acknowledge, Declared, Event, PassOn
from tocsin.core.incident import Incident
from tocsin.core.types import Refused
from tocsin.points import passing
from tocsin.store import incidents, queue, quiet, watch
from tocsin.store.db import Busy, Tx, insert_new, one_at_a_time
from tocsin.store.incidents import Stored
from tocsin.store.schema import answered
from tocsin.usecases import edits
from tocsin.usecases.configure import Setup, in_force, runbook_of
from tocsin.usecases.save import around, keep, keep_new

ALL: Final = "/all"  # after a page's id: that page, and those that one message told together with it

log = structlog.get_logger("tocsin")


def declare(tx: Tx, setup: Setup, event: Declared, **columns: object) -> int:
    """
    Open an incident under the runbook in force; returns its number.

    Raises:
        Refused: 422, for a severity that the runbook does not have, or a title without a text.
    """
    if not event.title.strip():
        raise Refused("an incident needs a title: what is broken, in a few words", 422)
    if setup.drills:
        event = replace(event, drill=True)
    version, runbook = in_force(tx, setup)
    if event.severity not in runbook.severities:
        raise Refused(f"no severity {event.severity!r}; the runbook has {', '.join(runbook.severities)}", 422)
    number = incidents.next_number(tx)
    blank = Incident(number, event.title, event.severity, tx.now, event.by, version, service=event.service)
    world = around(tx, setup, runbook, blank, event, firing=len(event.alerts))
    decision = decide.declare(number, version, event, runbook, tx.now, world)
    keep_new(tx, setup, decision, **columns)
    return number


def act(tx: Tx, setup: Setup, number: int, event: Event) -> Stored:
    """
    Do what *event* says to an incident, and all that is due for it.

    Raises:
        Refused: 404 for an unknown incident; 409 or 422 for what cannot be.
    """
    return follow(tx, setup, incidents.load(tx, number, for_update=True), event)


def follow(tx: Tx, setup: Setup, stored: Stored, event: Event) -> Stored:
    """Decide and save what follows from *event* for an incident that is loaded for change."""
    runbook = runbook_of(tx, setup, stored.state.runbook_version)
    world = around(tx, setup, runbook, stored.state, event)
    kept = keep(tx, setup, stored, decide.decide(stored.state, event, runbook, tx.now, world))
    if stored.state.is_open and not kept.state.is_open:
        quiet.look_at_inhibited(tx)  # what an alert of it held back has nobody working on its cause any more
    if isinstance(event, Acknowledge):
        passing("A2")
    return kept


def acknowledge_page(tx: Tx, setup: Setup, page_id: str) -> int:
    """
    Acknowledge as the person whom a page asked; returns the incident's number. Pressing twice is harmless.

    Raises:
        Refused: 404 when there is no such page.
    """
    row = queue.page(tx, page_id)
    if row is None:
        raise Refused("this page is not known", 404)
    aside = _set_aside(tx, row.incident)
    if aside:  # its pages in plain words stop, whatever deciding on it does
        watch.change_fault(tx, aside.key, answered_by=row.person)
        _closed_plainly(tx, setup, row)
    return _act_or_plainly(tx, setup, row.incident, Acknowledge(row.person), plainly=aside is not None)


def _closed_plainly(tx: Tx, setup: Setup, page: Any) -> None:
    """End the pages of an incident that cannot be decided on, by what its plain columns tell."""
    state = incidents.plainly(tx, page.incident, None).state
    edits.close_pages(tx, setup, in_force(tx, setup)[1], state, f"{page.person} has it", page.person)


def acknowledge_fold(tx: Tx, setup: Setup, lead: str) -> None:
    """
    Acknowledge every page that stood in one message with *lead*, as the person whom it asked.

    Raises:
        Refused: 404 when there is no such page.
    """
    rows = queue.folded(tx, lead)
    if not rows:
        raise Refused("this page is not known", 404)
    for row in rows:
        if row.state in queue.OPEN_PAGE:
            acknowledge_page(tx, setup, row.id)


def pass_on_page(tx: Tx, setup: Setup, page_id: str, reason: str = "") -> int:
    """
    Say "I can't take it" as the person whom a page asked; returns the incident's number. Pressing twice is harmless.

    Raises:
        Refused: 404 when there is no such page.
    """
    row = queue.page(tx, page_id)
    if row is None:
        raise Refused("this page is not known", 404)
    aside = _set_aside(tx, row.incident)
    if aside and row.state in queue.OPEN_PAGE:
        _passed_on_plainly(tx, setup, row, aside)
    return _act_or_plainly(tx, setup, row.incident, PassOn(row.person, reason), plainly=aside is not None)


def _set_aside(tx: Tx, number: int) -> Any:
    """What is known against an incident that is set aside; None for any other."""
    fault = watch.fault(tx, watch.incident_key(number))
    return fault if fault and fault.set_aside_at else None


def _act_or_plainly(tx: Tx, setup: Setup, number: int, event: Event, *, plainly: bool) -> int:
    """Act on an incident; where it is set aside, what was done *plainly* stands though deciding on it raises."""
    try:
        with tx.apart():
            act(tx, setup, number, event)
    except (Busy, Refused):
        raise
    except Exception:
        if not plainly:
            raise
        log.exception("answered_plainly", incident=number)
    return number


def _passed_on_plainly(tx: Tx, setup: Setup, page: Any, fault: Any) -> None:
    """End one page in plain words, and have the next step of the policy taken now."""
    queue.drop_page(tx, page.id, f"{page.person} cannot take it")
    row = incidents.bare(tx, page.incident)
    name, policy = runbook_of(tx, setup, row.runbook_version).policy_for(row.service)
    walk = replace(escalation.begin(name, policy, fault.set_aside_at), taken=fault.steps)
    watch.change_fault(tx, fault.key, set_aside_at=escalation.brought_forward(walk, tx.now).started_at)
    watch.wake(tx, page.incident, tx.now)


def once(tx: Tx, key: str, request: str, usecase: Callable[[], int]) -> int:
    """
    Run *usecase* once for an Idempotency-Key, and give its incident's number again for the same request.

    Raises:
        Refused: 422, when the key came with another request.
    """
    one_at_a_time(tx, f"answer {key}")
    row = tx.first(select(answered).where(answered.c.key == key))
    if row is None:
        number = usecase()
        insert_new(tx, answered, {"key": key, "request": request, "incident": number, "at": tx.now})
        return number
    if row.request != request:
        raise Refused("this Idempotency-Key was used for another request", 422)
    return int(row.incident)
