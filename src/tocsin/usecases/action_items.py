"""Action items: added, done, dropped and moved by people; reminded of, and told on when they are late."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from tocsin.core import action_items as core
from tocsin.core import delivery, sentences
from tocsin.core.action_items import ActionItem
from tocsin.core.events import ActionItemKept
from tocsin.core.handoff import Section
from tocsin.core.runbook import Runbook
from tocsin.core.types import Refused, incident_name
from tocsin.store import action_items as store
from tocsin.store import audit, incidents, looks, people, tracking, watch
from tocsin.store.db import Tx
from tocsin.usecases import rescue, respond
from tocsin.usecases.configure import Setup, in_force
from tocsin.usecases.save import tracker_of

LABEL: Final = "action item"  # of a ticket that is opened for one
OVER_SHOWN: Final = 50  # items that are done or dropped, on a page


# --------------------------------------------------------------------------------------------- as people say


def add(
    tx: Tx, setup: Setup, number: int, by: str, *, title: str, owner: str, due: str, link: str = "", verify: str = ""
) -> ActionItem:
    """
    Keep a new action item of an incident. `due` is a day, as 2026-12-01. The same again, while it is open, adds none.

    Raises:
        Refused: 404 for an unknown incident, 409 for a drill's, 422 for words that cannot be used.
    """
    _, runbook = in_force(tx, setup)
    state = incidents.load(tx, number).state
    if state.drill:
        raise Refused(f"{state.name} is a drill: action items belong to what really happened")
    owner = core.owner_of(runbook, owner)
    item = ActionItem(
        id="", incident=number, title=core.title_of(title), owner=owner,
        due=core.due_of(runbook, due, owner, tx.now), created_at=tx.now, created_by=by, link=core.link_of(link),
        verify=core.words_of(verify, "how it is verified"), service=state.service,
    )  # fmt: skip
    store.hold(tx)
    if again := next((one for one in store.of_incident(tx, number) if core.is_same(one, item)), None):
        return again  # pressed twice, or sent again
    made = store.add(tx, item)
    _track(tx, setup, runbook, made)
    _on_timeline(tx, setup, made, by)
    audit.append(tx, by, "action_added", {**_said(made), "title": made.title, "owner": owner, "due": str(made.due)})
    return made


def _track(tx: Tx, setup: Setup, runbook: Runbook, item: ActionItem) -> None:
    """Where its link is a ticket of the tracker that is connected, the two close together."""
    name = tracker_of(setup, runbook)
    tracker = setup.plugins.trackers.get(name)
    if not item.link or tracker is None or tracker.name_of is None:
        return
    if ticket := tracker.name_of(item.link, getattr(runbook.connections, name).model_dump()):
        tracking.begin(tx, tracking.of_item(item.id), name, ticket)


def done(tx: Tx, setup: Setup, id_: str, by: str, via: str = "") -> ActionItem:
    """
    It is done. Saying it again changes nothing. *via*: the tracker in which its ticket was closed.

    Raises:
        Refused: 404; 409 for one that was dropped.
    """
    return _close(tx, setup, id_, by, "done", via=via)


def again(tx: Tx, setup: Setup, id_: str, by: str, why: str, via: str = "") -> ActionItem:
    """It is not done after all: it is open again, and reminded of anew. Raises Refused: 404; 422 without a reason."""
    why = core.words_of(why, "the reason")
    if not why:
        raise Refused("why is it open again? Whoever reads it later must know", 422)
    store.hold(tx)
    item = known(tx, id_)
    if item.is_open:
        return item
    store.change(tx, item, state="open", why="", closed_at=None, closed_by=None, told="")
    audit.append(tx, by, "action_reopened", {**_said(item), "why": why})
    opened = known(tx, id_)
    _on_timeline(tx, setup, opened, by, again=why)
    _keep_ticket(tx, opened, f"Open again: {why}", via)
    return opened


def _keep_ticket(tx: Tx, item: ActionItem, said: str, via: str) -> None:
    """Have its ticket follow, unless that is where it came from."""
    known = tracking.get(tx, tracking.of_item(item.id))
    if known is not None and not known.gone and not via:
        tracking.keep_item(tx, item.id, known.tracker, said, closed=not item.is_open)


def drop(tx: Tx, setup: Setup, id_: str, by: str, why: str) -> ActionItem:
    """It is not done any more, for a reason. Raises Refused: 404; 409 for one that is done; 422 without a reason."""
    why = core.words_of(why, "the reason")
    if not why:
        raise Refused("why is it dropped? Whoever reads it later must know", 422)
    return _close(tx, setup, id_, by, "dropped", why)


def _close(tx: Tx, setup: Setup, id_: str, by: str, state: core.State, why: str = "", via: str = "") -> ActionItem:
    store.hold(tx)
    item = known(tx, id_)
    if item.state == state:
        return item
    _must_be_open(item)
    store.change(tx, item, state=state, why=why, closed_at=tx.now, closed_by=by)
    audit.append(tx, by, f"action_{state}", {**_said(item), "why": why})
    _quiet(tx, item, f"the action item is {state}")
    closed = known(tx, id_)
    _on_timeline(tx, setup, closed, by)
    names = {known: person.name for known, person in in_force(tx, setup)[1].people.items()}
    _keep_ticket(
        tx, closed, f"{state.capitalize()}, says {sentences.name_of(by, names)}{f': {why}' if why else ''}", via
    )
    return closed


def move(tx: Tx, setup: Setup, id_: str, by: str, *, due: str = "", owner: str = "") -> ActionItem:
    """Give an open item another due day, another owner, or both. Raises Refused: 404, 409, 422 as `add`."""
    store.hold(tx)
    item = known(tx, id_)
    _must_be_open(item)
    if not due and not owner:
        raise Refused("move it to which day, or to whom?", 422)
    _, runbook = in_force(tx, setup)
    owner = core.owner_of(runbook, owner or item.owner)
    day = core.due_of(runbook, due, owner, tx.now) if due else item.due
    told = item.told if owner == item.owner else ""  # whoever takes it over has heard nothing yet
    store.change(tx, item, due=day.isoformat(), owner=owner, told=told)
    was = {"was_due": str(item.due), "was_owner": item.owner}
    audit.append(tx, by, "action_moved", {**_said(item), "due": str(day), "owner": owner, **was})
    _quiet(tx, item, "the action item was moved")
    return known(tx, id_)


def known(tx: Tx, id_: str) -> ActionItem:
    """An action item. Raises Refused: 404."""
    item = store.get(tx, id_)
    if item is None:
        raise Refused("there is no such action item", 404)
    return item


def _must_be_open(item: ActionItem) -> None:
    if not item.is_open:
        raise Refused(f"this action item is {item.state} already")


def _on_timeline(tx: Tx, setup: Setup, item: ActionItem, by: str, again: str = "") -> None:
    event = ActionItemKept(
        by, item.id, item.title, item.owner, item.state, item.due.isoformat(), again or item.why, again=bool(again)
    )  # fmt: skip
    respond.act(tx, setup, item.incident, event)


def _said(item: ActionItem) -> dict[str, Any]:
    return {"id": item.id, "incident": incident_name(item.incident)}


def _quiet(tx: Tx, item: ActionItem, why: str) -> None:
    watch.drop_alarms(tx, f"alarm:action:{item.id}:", why)


# --------------------------------------------------------------------------------------------- what is due


def run(tx: Tx, setup: Setup) -> None:
    """Take the look at action items, when it is due: remind, and tell what is late or has lost its owner, each once."""
    if not any(row.name == store.LOOK for row in looks.due(tx)):
        return
    _, runbook = in_force(tx, setup)
    instants = []
    for item in store.open_ones(tx):
        day, following = core.look(item, runbook, tx.now)
        instants.append(following)
        if item.owner not in runbook.people and looks.first_time(tx, f"action:{item.id}:left:{item.owner}"):
            _tell(tx, setup, runbook, item, f"left:{item.owner}", core.leads(item, runbook),
                  f"Action item without an owner: {item.title}", core.left_text(item, runbook))  # fmt: skip
        if day is not None and core.key_of(item, day) != item.told:
            _quiet(tx, item, "a later word on the action item takes its place")
            store.note_told(tx, item.id, core.key_of(item, day))
            today = core.today_of(runbook, item.owner, tx.now)
            _tell(tx, setup, runbook, item, core.key_of(item, day), core.told(item, runbook, day),
                  core.subject(item, day), core.text(item, runbook, today))  # fmt: skip
    if instants:
        looks.put(tx, store.LOOK, min(instants), {})
    else:
        looks.forget(tx, store.LOOK)


def _tell(
    tx: Tx, setup: Setup, runbook: Runbook, item: ActionItem, key: str, whom: Iterable[str], title: str, text: str
) -> None:  # fmt: skip
    """Each by the first usable way of their rules for low urgency, after their quiet hours; nobody: the channel."""
    key, told = f"action:{item.id}:{key}", sorted(whom)
    for person in told:
        ways = delivery.to_person(runbook, setup.ways, person, "low", health=people.health(tx, person), at=tx.now)
        route = next(route for route in ways if not route.why_not)
        rescue.alarm(tx, f"{key}:{person}", route, title, text, link=f"{setup.public_url}/action-items", urgent=False,
                     person=person, after=route.after)  # fmt: skip
    if not told:
        rescue.tell(tx, setup, key, title, text)


def overdue(tx: Tx, runbook: Runbook, schedules: Iterable[str]) -> tuple[Section, ...]:
    """What is late of the people and teams of *schedules*, as a section of a hand-off; none when nothing is."""
    whose = core.of_schedules(runbook, schedules)
    lines = core.overdue_lines(store.open_ones(tx), runbook, tx.now, whose)
    return (("Overdue action items", tuple(lines)),) if lines else ()


# --------------------------------------------------------------------------------------------- what is shown


def board(tx: Tx, setup: Setup, owner: str = "", team: str = "") -> tuple[list[ActionItem], Runbook]:
    """Every open item and the newest that are over, of a person or a team if one is named: what is late first."""
    _, runbook = in_force(tx, setup)
    owners = frozenset({owner}) if owner else core.of_team(runbook, team) if team else None
    open_ = [item for item in store.open_ones(tx) if owners is None or item.owner in owners]
    over = [
        item
        for state in ("done", "dropped")
        for item in store.listing(tx, state=state, owners=owners, limit=OVER_SHOWN)
    ]
    return core.in_order([*open_, *over], runbook, tx.now), runbook
