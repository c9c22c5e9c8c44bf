"""Save a decision: state, timeline, pages and outbox rows in the one transaction that decided it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from tocsin import zones
from tocsin.core import notify
from tocsin.core.because import explain
from tocsin.core.delivery import GATHER, Route, caught_up, quiet_until, to_channel, to_person
from tocsin.core.diagnosis import INSIDE, Tool
from tocsin.core.escalation import turn_key
from tocsin.core.events import Around, CloseTicket, Decision, Event, LookAgain, Resolve, Tick
from tocsin.core.incident import Incident
from tocsin.core.runbook import Runbook
from tocsin.core.stand_ins import StandIns
from tocsin.core.types import (
    Effect,
    Json,
    KeepRoom,
    KeepTicket,
    LookAt,
    OpenRoom,
    OpenTicket,
    Page,
    Publish,
    Spoiled,
    StopPaging,
    Tell,
    instant_text,
)
from tocsin.store import alerts, incidents, people, queue, reviews, rooms, tracking
from tocsin.store.db import Tx, one_at_a_time
from tocsin.store.incidents import Stored
from tocsin.store.oncall import stand_ins_around
from tocsin.usecases import edits, site, tools
from tocsin.usecases.configure import Setup, incident_link, runbook_of, who

SETTLES: Final = timedelta(seconds=2)  # what changes together in a room is shown together
APART: Final = timedelta(seconds=10)  # between two edits of one summary: it is read, not watched


def around(tx: Tx, setup: Setup, runbook: Runbook, state: Incident, event: Event, *, firing: int = 0) -> Around:
    """Gather what deciding about *state* needs to know of the world now."""
    since = runbook.severities[state.severity].recurring_within
    ends = isinstance(event, (Resolve, CloseTicket)) or getattr(event, "firing", None) == 0
    said = replace(state, root_cause=getattr(event, "root_cause", None) or state.root_cause)
    room = runbook.war_room
    return Around(
        who=who(tx, runbook, state.service, tx.now),
        link=incident_link(setup, state.number),
        rooms_today=_rooms(tx, runbook, state, event),
        recurring=incidents.recurred(tx, said, tx.now - since) if ends and since else "",
        tracker=tracker_of(setup, runbook),
        room_channel=bool(room and _opens_rooms(setup, to_channel(runbook, setup.ways, room.in_))),
        alerts=firing or alerts.firing(tx, state.number),
        turns=_turns(tx, runbook, state),
        tools=_tools(setup, runbook, state, event),
    )


def _rooms(tx: Tx, runbook: Runbook, state: Incident, event: Event) -> int:
    """How many rooms the incident's day has; not counted while none is to be opened, as with every tick of a ticket."""
    opens = any("open_war_room" in duty.run and duty.done_at is None for duty in state.duties)
    if state.room or (isinstance(event, Tick) and not opens):
        return 0
    return incidents.rooms_on(tx, notify.local_date(state.declared_at, runbook))


def tracker_of(setup: Setup, runbook: Runbook) -> str:
    """The connection in which tickets are opened: the first that an installed tracker speaks to; empty for none."""
    for name, tracker in setup.plugins.trackers.items():
        left_out = any(place.startswith(f"connections.{name}") for place in runbook.left_out)
        settings = getattr(runbook.connections, name, None)
        if settings is not None and not left_out and all(getattr(settings, need, "") for need in tracker.needs):
            return name
    return ""


def _tools(setup: Setup, runbook: Runbook, state: Incident, event: Event) -> tuple[Tool, ...]:
    """The tools to look at, where this event may begin a diagnosis."""
    begins = not state.diagnosis.run or state.diagnosis.running or isinstance(event, LookAgain)
    return tools.named(setup, runbook) if runbook.diagnose and begins else ()


def _turns(tx: Tx, runbook: Runbook, state: Incident) -> Mapping[str, Mapping[str, datetime]]:
    """Whose turn it was last, for the round-robin steps that this incident may take; mostly there are none."""
    name, policy = runbook.policy_for(state.service)
    steps = state.walk.steps if state.walk else policy.steps
    if not any(step.in_turn for step in steps):
        return {}
    policy_name = state.walk.policy if state.walk else name
    one_at_a_time(tx, f"turns {policy_name}")  # two nodes that read the same turns would both page who is next
    return people.turns_of(tx, [turn_key(policy_name, place) for place in range(1, len(steps) + 2)])


def _opens_rooms(setup: Setup, route: Route) -> bool:
    transport = setup.plugins.transports.get(route.kind)
    return transport is not None and transport.open_room is not None


def keep(tx: Tx, setup: Setup, stored: Stored, decision: Decision) -> Stored:
    """Save what follows for an incident that exists."""
    columns = _room_columns(decision, runbook_of(tx, setup, decision.state.runbook_version))
    if not decision.facts and not decision.effects and decision.wake_at == stored.wake_at:
        return stored
    kept = incidents.save(tx, stored, decision.state, decision.facts, decision.wake_at, **columns)
    put_effects(tx, setup, decision, page_at=caught_up(stored.wake_at, tx.now))
    if decision.state.is_open and not stored.state.is_open:
        reviews.wake(tx, kept.state.number)  # the week after it is over before it began
    return kept


def keep_new(tx: Tx, setup: Setup, decision: Decision, **columns: Any) -> Stored:
    """Save a new incident. `columns`: group_key, last_alert_at, alerts."""
    room = _room_columns(decision, runbook_of(tx, setup, decision.state.runbook_version))
    stored = incidents.create(tx, decision.state, decision.facts, decision.wake_at, **{**columns, **room})
    tx.touched.add("incidents")
    put_effects(tx, setup, decision)
    return stored


def _room_columns(decision: Decision, runbook: Runbook) -> dict[str, Any]:
    """The name that this decision gave the war room counts at once, though the room itself opens later."""
    asked = next((effect.name for effect in decision.effects if isinstance(effect, OpenRoom)), None)
    opened = next((fact.data["name"] for fact in decision.facts if fact.kind == "war_room_opened"), None)
    if not (asked or opened):
        return {}
    return {
        "room_name": opened or asked,
        "room_date": notify.local_date(decision.state.declared_at, runbook),
    }


def put_effects(tx: Tx, setup: Setup, decision: Decision, page_at: datetime | None = None) -> None:
    """Turn effects into pages and outbox rows. No page goes out before *page_at*."""
    state = decision.state
    runbook = runbook_of(tx, setup, state.runbook_version)
    given = stand_ins_around(tx, tx.now) if any(isinstance(effect, Page) for effect in decision.effects) else StandIns()
    for effect in decision.effects:
        _put(tx, setup, runbook, state, effect, given, page_at or tx.now)
    if decision.wake_at is not None:
        tx.touched.add("wake")


def _put(
    tx: Tx, setup: Setup, runbook: Runbook, state: Incident, effect: Effect, given: StandIns, page_at: datetime
) -> None:
    match effect:
        case Page():
            because = explain(runbook, state, effect, tx.now, given, zones.version())
            _put_page(tx, setup, runbook, state, effect, because, page_at)
        case StopPaging(why, by, only, keep):
            edits.close_pages(tx, setup, runbook, state, why, by, only=only, keep=keep)
        case Tell():
            _put_tell(tx, setup, runbook, state, effect)
        case OpenRoom(channel, name):
            route = to_channel(runbook, setup.ways, channel)
            key = f"{state.name}:room"
            _row(tx, key, state, route, kind="room", payload={"name": name}, urgent=True)
        case OpenTicket(tracker, title, text, label):
            queue.put(
                tx, f"{state.name}:ticket:{tracker}", tx.now, incident=state.number, kind="ticket", via=tracker,
                destination=f"ticket:{tracker}", payload={"title": title, "text": text, "label": label}, urgent=True,
            )  # fmt: skip
        case KeepTicket():
            tracking.keep(tx, state)
        case LookAt():
            _put_looks(tx, state, effect)
        case KeepRoom():
            keep_room(tx, setup, runbook, state)
        case Publish():
            site.tell(tx, state.number, effect)
        case Spoiled():
            _tell_owners(tx, setup, runbook, state, effect)
        case _:
            reviews.ask(tx, state.number)
            queue.put(
                tx, f"{state.name}:draft:{state.resolved_at}", tx.now, incident=state.number, kind="draft", via="",
                destination="", payload={}, urgent=True,
            )  # fmt: skip


def _put_page(
    tx: Tx, setup: Setup, runbook: Runbook, state: Incident, page: Page, because: Json, page_at: datetime
) -> None:
    """One page, and one outbox row for each way that can be used; the others stand in its ledger with their reason."""
    queue.ask(
        tx, page.id, incident=state.number, person=page.person, urgency=page.urgency, reason=page.reason,
        runbook_version=state.runbook_version, because=because,
    )  # fmt: skip
    if page.turn:
        people.took_turn(tx, page.turn, page.person)
    health = people.health(tx, page.person)
    routes = to_person(runbook, setup.ways, page.person, page.urgency, health=health, at=tx.now)
    first = page_at
    if page.urgency == "low":
        first = queue.gathers_until(tx, page.person, state.number, GATHER) or page_at
    for place, route in enumerate(routes):
        if route.why_not:
            skipped = {"via": route.via, "verdict": "skipped", "why": route.why_not}
            queue.note_attempt(tx, f"{page.id}:{place}", page.id, 0, tx.now, **skipped, receipt=None, milliseconds=None)
            continue
        due = max(first, page_at + route.after)
        _row(
            tx, f"page:{page.id}:{place}", state, route, kind="page", page=page.id, rule=place, person=page.person,
            payload={"targets": list(page.targets)}, urgent=page.urgency == "high", due=due,
        )  # fmt: skip


def _put_tell(tx: Tx, setup: Setup, runbook: Runbook, state: Incident, tell: Tell) -> None:
    payload: dict[str, Any] = {"title": tell.title, "text": tell.text, "plain": tell.plain}
    if tell.person:
        urgency: Literal["high", "low"] = "high" if tell.urgent else "low"
        health = people.health(tx, tell.person)
        routes = to_person(runbook, setup.ways, tell.person, urgency, health=health)
        route = next(route for route in routes if not route.why_not)
        due = tx.now if tell.urgent else quiet_until(runbook, tell.person, tx.now)
        _row(tx, f"{state.name}:{tell.key}", state, route, kind="message", person=tell.person, payload=payload,
             urgent=tell.urgent, duty=tell.duty, due=due)  # fmt: skip
        return
    for place, route in enumerate(channel_routes(setup, runbook, tell.channel or "")):
        if tell.room:
            payload["room"] = True  # where that is, is looked up when it is sent
        _row(tx, f"{state.name}:{tell.key}:{place}", state, route, kind="message", payload=payload, urgent=tell.urgent)


def _put_looks(tx: Tx, state: Incident, looks: LookAt) -> None:
    """One row for each look: any node takes it, and each tool has a lane of its own."""
    for source in looks.sources:
        queue.put(
            tx, f"{state.name}:look:{looks.run}:{source}", tx.now, incident=state.number, via=f"look:{source}",
            kind="look_inside" if source == INSIDE else "look", destination="", urgent=True,
            payload={"run": looks.run, "source": source, "until": instant_text(looks.until)},
        )  # fmt: skip


def keep_room(tx: Tx, setup: Setup, runbook: Runbook, state: Incident) -> None:
    """Have the room brought up to date soon; asked many times it is done once."""
    if state.room is None or rooms.waits(tx, state.number):
        return
    kept, changed = rooms.kept(tx, state.number, state.room.thread)
    due = max(tx.now + SETTLES, changed + APART) if kept.message and changed else tx.now
    route = to_channel(runbook, setup.ways, state.room.channel)
    queue.put(
        tx, f"{state.name}:keep:{tx.now.isoformat()}", due, incident=state.number, kind=rooms.STEP, via=route.via,
        destination=route.destination, payload={"kind": route.kind, "to": route.address},
    )  # fmt: skip


def _tell_owners(tx: Tx, setup: Setup, runbook: Runbook, state: Incident, spoiled: Spoiled) -> None:
    """Tell the admins, else the alerts channel, of a template that gives no text: once for each version of it."""
    title = f"The runbook's text {spoiled.template!r} cannot be written"
    text = (
        f"{spoiled.why[:200]}. In its place plain words went out, first for {state.name}. Put it right in the runbook, "
        "look at it with `tocsin check`, and have it read again (SIGHUP)."
    )
    admins = [person for person, known in runbook.people.items() if "admin" in known.roles]
    routes = [next(r for r in to_person(runbook, setup.ways, p, "low") if not r.why_not) for p in admins]
    for place, route in enumerate(routes or channel_routes(setup, runbook, "alerts")):
        words = {"title": title, "text": text, "link": f"{setup.public_url}/"}
        queue.put(
            tx, f"alarm:template:{state.runbook_version}:{spoiled.template}:{place}", tx.now, kind="alarm",
            via=route.via, destination=route.destination, urgent=False,
            payload={**words, "kind": route.kind, "to": route.address},
        )  # fmt: skip


def channel_routes(setup: Setup, runbook: Runbook, channel: str) -> list[Route]:
    """The ways to a channel: one, or for a list of mail addresses one each."""
    addresses = getattr(runbook.channels.get(channel), "email", None)
    if not addresses:
        return [to_channel(runbook, setup.ways, channel)]
    for name in runbook.channels:
        mail = runbook.channel(name)
        if mail and mail.kind == "smtp" and f"channels.{name}.smtp" not in runbook.left_out:
            return [Route(name, "smtp", str(address), config=mail.settings) for address in addresses]
    return [to_channel(runbook, setup.ways, channel)]


def _row(
    tx: Tx, key: str, state: Incident, route: Route, *, payload: dict[str, Any], due: datetime | None = None,
    **columns: Any,
) -> None:  # fmt: skip
    queue.put(
        tx, key, due or tx.now, incident=state.number, via=route.via, destination=route.destination,
        payload={**payload, "kind": route.kind, "to": route.address}, **columns,
    )  # fmt: skip
