"""The list of incidents, the incident page and its forms, and the confirm page of a page's link."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tocsin.core import because, events, protocol
from tocsin.core.changes import Beside
from tocsin.core.incident import Incident
from tocsin.core.ledger import Entry
from tocsin.core.paging import expires_at
from tocsin.core.promise import NextUpdate, next_update
from tocsin.core.protocol import Duty
from tocsin.core.runbook import Runbook
from tocsin.core.sentences import name_of, sentence
from tocsin.core.types import Refused, incident_name, incident_number
from tocsin.sdk import clip
from tocsin.store import alerts, incidents, postmortems, queue, watch
from tocsin.store.db import Tx
from tocsin.store.incidents import Stored
from tocsin.usecases import changes, respond, restored
from tocsin.usecases.access import Viewer, may
from tocsin.usecases.configure import Setup, acknowledge_link, check_acknowledge, in_force, runbook_of
from tocsin.usecases.seen import seen_before
from tocsin.web import action_items, actions, compose, diagnosis, joining, operations, probes
from tocsin.web.api import promised, span_of
from tocsin.web.auth import require, require_form, same_origin, viewer_of
from tocsin.web.leading import ClockView, LeadView, lead_view, running
from tocsin.web.render import render, short

LIST_SIZE: Final = 50
ALERTS_SHOWN: Final = 50
ENTRIES_SHOWN: Final = 1_000  # of the timeline; the newest
FRAGMENTS: Final = ("head", "diagnosis", "actions", "duties", "changes", "probes", "lead", "pages", "room", "timeline")
LOUD: Final = frozenset({
    "declared", "duty_missed", "page_failed", "resolved", "reopened", "escalated", "action_failed", "action_unknown",
})  # fmt: skip
UPDATE_STATUSES: Final = ("investigating", "identified", "monitoring")
Names = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class DutyView:
    """A duty as a line: its state in a word, who has it, and the instant that its clock runs to."""

    id: str
    title: str
    state: str
    who: str
    deadline: datetime | None
    left: str
    note: str
    propose: tuple[str, ...]
    can_tick: bool


@dataclass(frozen=True, slots=True)
class EntryView:
    """A timeline entry as a sentence."""

    seq: int
    at: datetime
    after: str
    text: str
    loud: bool


@dataclass(frozen=True, slots=True)
class PageView:
    """One page with its ledger in words."""

    person: str
    state: str
    reason: str
    why: str
    at: datetime
    attempts: tuple[tuple[datetime, str], ...]
    because: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Line:
    """An incident in the list."""

    name: str
    title: str
    severity: str
    status: str
    service: str
    since: datetime
    ended: datetime | None
    lasted: str
    who: str
    answered: bool
    next: str
    next_at: datetime | None
    left: str
    drill: bool
    clock: ClockView | None


@dataclass(frozen=True, slots=True)
class IncidentView:
    """All that the incident's page shows."""

    line: Line
    number: int
    seq: int
    severity_title: str
    impact: str
    summary: str
    root_cause: str
    suspected: str
    said: int
    next_update: NextUpdate
    resolution: str
    room: str
    review_at: datetime | None
    alerts: int
    firing: int  # of its alerts
    duties: tuple[DutyView, ...]
    entries: tuple[EntryView, ...]
    pages: tuple[PageView, ...]
    troubles: tuple[str, ...]
    diagnosis: diagnosis.DiagnosisView
    lead: LeadView
    severities: tuple[tuple[str, str], ...]
    people: tuple[tuple[str, str], ...]
    can_act: bool
    is_open: bool
    paging_me: bool
    awaited: tuple[str, ...]
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Known:
    """What is read from the store for one page, in one snapshot."""

    stored: Stored
    entries: Sequence[Entry]
    pages: Sequence[Any]
    attempts: Sequence[Any]
    troubles: Sequence[Any]
    alerts: Sequence[Any]
    firing: int
    runbook: Runbook
    postmortem: Any
    room: compose.RoomView
    changes: tuple[Beside, ...] = ()
    probes: tuple[probes.ProbeView, ...] = ()


def line(state: Incident, names: Names, now: datetime) -> Line:
    """Show an incident in one line: what, how long, who has it, what is next."""
    due = next_duty(state)
    return Line(
        name=state.name, title=state.title, severity=state.severity, status=state.status,
        service=state.service or "no service named", since=state.declared_at, ended=state.resolved_at,
        lasted=short((state.resolved_at or now) - state.declared_at), who=has_it(state, names),
        answered=state.answered or state.acknowledged_at is not None, next=due.title if due else "",
        next_at=due.deadline if due else None, left=_left(due, now) if due else "", drill=state.drill,
        clock=running(state, now),
    )  # fmt: skip


def urgency(state: Incident, order: Sequence[str]) -> tuple[int, bool, int]:
    """Sort the worst first, among them what nobody has, then the newest."""
    worst = order.index(state.severity) if state.severity in order else len(order)
    return worst, state.answered, -state.number


def has_it(state: Incident, names: Names) -> str:
    """Say who has the incident, or that nobody does."""
    if state.commander:
        return name_of(state.commander, names)
    if state.acknowledged_by:
        return name_of(state.acknowledged_by, names)
    if not state.is_open:
        return "nobody took it"
    return "Nobody yet" if state.urgency != "none" else "Nobody is paged for this severity"


def next_duty(state: Incident) -> Duty | None:
    """The duty whose deadline comes first; those missed already are shown by themselves."""
    waiting = [d for d in state.duties if protocol.is_open(d) and d.deadline and (d.every or d.missed_at is None)]
    return min(waiting, key=lambda duty: duty.deadline or state.declared_at, default=None)


def _left(duty: Duty, now: datetime) -> str:
    return short(duty.deadline - now) if duty.deadline and duty.deadline > now else "now"


def duty_view(duty: Duty, names: Names, now: datetime, can_act: bool) -> DutyView:
    """Show a duty: its state, who has it, when, and what proves it."""
    state = protocol.state_of(duty, now)
    return DutyView(
        id=duty.id, title=duty.title, state=_mark(duty, state),
        who=protocol.holder_of(duty).replace("_", " ").replace("schedule:", ""),
        deadline=duty.deadline if state in ("due", "missed") else None,
        left=_left(duty, now) if state == "due" and duty.deadline else "", note=_note(duty, names),
        propose=duty.propose if protocol.is_open(duty) else (),
        can_tick=can_act and protocol.is_open(duty) and state != "waiting" and "acknowledged" not in duty.done_by,
    )  # fmt: skip


def _mark(duty: Duty, state: str) -> str:
    if duty.moot:
        return "unneeded"
    return "late" if state == "done" and duty.late else state


def _note(duty: Duty, names: Names) -> str:
    if duty.every:
        return f"{duty.rounds_done} done, {duty.rounds_missed} missed"
    if duty.done_at and duty.evidence:
        return f"{duty.evidence['kind'].replace('_', ' ')} by {name_of(duty.evidence['actor'], names)}"
    return "handed on" if duty.holder >= 0 else ""


def show(known: Known, now: datetime, viewer: Viewer | None) -> IncidentView:
    """Build the page of one incident. Nothing is read here: the same arguments give the same page."""
    s, book = known.stored.state, known.runbook
    names = {id_: person.name for id_, person in book.people.items()}
    can_act = viewer is not None and may(viewer.role, "responder")
    me = viewer.acts_as if viewer else ""
    return IncidentView(
        line=line(s, names, now), number=s.number, seq=known.stored.seq,
        severity_title=book.severities[s.severity].title if s.severity in book.severities else "",
        impact=s.impact or "", summary=s.summary or "", root_cause=s.root_cause or "", resolution=s.resolution or "",
        suspected=s.suspected or "", said=s.said,
        next_update=next_update(s.duties, s.said_at) if s.is_open else NextUpdate(),
        room=s.room.name if s.room else "", review_at=s.review_at, alerts=known.stored.alerts,
        firing=known.firing, duties=tuple(duty_view(duty, names, now, can_act) for duty in s.duties),
        entries=tuple(entry_view(entry, s, names) for entry in known.entries),
        pages=tuple(page_view(row, known.attempts, names) for row in known.pages),
        troubles=troubles(known.troubles, names, now),
        diagnosis=diagnosis.show(s, book),
        lead=lead_view(s, book, now, me),
        severities=tuple((id_, severity.title) for id_, severity in book.severities.items()),
        people=tuple(names.items()), can_act=can_act, is_open=s.is_open, paging_me=me in s.paging,
        awaited=tuple(name_of(person, names) for person in s.awaited) if s.have_it else (), expires_at=expires_at(s),
    )  # fmt: skip


def entry_view(entry: Entry, state: Incident, names: Names) -> EntryView:
    """Show an entry: when, how long after T+0, what."""
    text = sentence(entry.kind, entry.actor, entry.data, names)
    loud = entry.kind in LOUD or entry.data.get("state") == "breached"
    return EntryView(entry.seq, entry.at, short(entry.at - state.declared_at), text, loud)


def page_view(row: Any, attempts: Sequence[Any], names: Names) -> PageView:
    """Show a page with each of its attempts in a sentence."""
    mine = [a for a in attempts if a.page == row.id]
    tries = tuple((a.at, f"{a.via}: {a.verdict}" + (f", {a.why}" if a.why else "")) for a in mine)
    person = name_of(row.person, names)
    told = because.lines(row.because) if row.because else ()
    return PageView(person, row.state, row.reason, row.why or "", row.requested_at, tries, told)


def troubles(rows: Iterable[Any], names: Names, now: datetime) -> tuple[str, ...]:
    """Say what could not be sent, to whom, and what happens next: a line for each way and reason, however many wait."""
    groups: dict[tuple[str, str | None, str | None, bool], list[Any]] = {}
    for row in rows:
        groups.setdefault((row.via, row.person, row.why, row.state == "failed"), []).append(row)
    return tuple(_trouble(group, names, now) for group in groups.values())


def _trouble(rows: Sequence[Any], names: Names, now: datetime) -> str:
    row, most = rows[0], max(row.failures for row in rows)
    what = row.via if len(rows) == 1 else f"{len(rows)} messages by {row.via}"
    whom = f" to {name_of(row.person, names)}" if row.person else ""
    again = f"next try in {short(min(row.due for row in rows) - now)}" if row.state != "failed" else "given up"
    times = "once" if most == 1 else f"{most} times" if len(rows) == 1 else f"up to {most} times"
    return f"{what}{whom} failed {times} ({row.why or 'no answer'}); {again}"


# --------------------------------------------------------------------------------------------- reading


def know(tx: Tx, setup: Setup, number: int) -> Known:
    """Read all that one page shows."""
    stored = incidents.load(tx, number)
    pages = queue.pages(tx, incident=number, limit=100)
    entries = incidents.timeline(tx, number, max(stored.seq - ENTRIES_SHOWN, 0))
    return Known(
        stored=stored, entries=entries, pages=pages, room=compose.read_room(tx, setup, stored.state, entries),
        attempts=queue.attempts(tx, [row.id for row in pages]), troubles=queue.troubles(tx, number),
        alerts=alerts.listing(tx, incident=number, limit=ALERTS_SHOWN), firing=alerts.firing(tx, number),
        runbook=runbook_of(tx, setup, stored.state.runbook_version), postmortem=postmortems.get(tx, number),
        changes=changes.of(tx, setup, stored.state), probes=probes.of_services(tx, setup, stored.state.service),
    )  # fmt: skip


def find(tx: Tx, setup: Setup, filters: Mapping[str, str], before: int | None) -> dict[str, Any]:
    """Read the list: open ones first, then what is over, a page at a time."""
    _, runbook = in_force(tx, setup)
    names = {id_: person.name for id_, person in runbook.people.items()}
    order = list(runbook.severities)
    severity, service, status = (filters.get(name) or None for name in ("severity", "service", "status"))
    words = filters.get("q", "")
    open_: list[Stored] = []
    if before is None and not status:
        open_ = incidents.listing(tx, severity=severity, service=service, open_only=True, limit=500,
                                  words=words)  # fmt: skip
    over = incidents.listing(
        tx, severity=severity, service=service, status=status or "resolved", before=before, limit=LIST_SIZE,
        words=words,
    )  # fmt: skip
    return {
        "open": [line(stored.state, names, tx.now) for stored in sorted(open_, key=lambda s: urgency(s.state, order))],
        "over": [line(stored.state, names, tx.now) for stored in over],
        "before": over[-1].state.number if len(over) == LIST_SIZE else None,
        "severities": runbook.severities, "services": sorted(runbook.services), "organization": runbook.organization,
        "restored": restored.look(tx), "whom": restored.whom,
    }  # fmt: skip


# --------------------------------------------------------------------------------------------- views


async def home(request: Request) -> Response:
    """The main page is the list."""
    require(await viewer_of(request), "viewer")
    return RedirectResponse("/incidents", 303)


async def listing(request: Request) -> Response:
    """Show the list, or only its live part."""
    require(await viewer_of(request), "viewer")
    return await _listing(request)


async def _listing(request: Request, message: str = "", status: int = 200, form: Mapping[str, str] = {}) -> Response:
    query = dict(request.query_params) if request.method == "GET" else {}
    before = int(query["before"]) if query.get("before", "").isdigit() else None
    setup = request.app.state.setup
    found = await request.app.state.db.read(find, setup, query, before)
    name = "incidents/_list.html" if query.get("fragment") else "incidents/list.html"
    viewer = request.state.viewer
    db = request.app.state.db
    notices = await db.read(operations.notices, db) if viewer.role == "admin" else []
    return render(
        request, name, status=status, message=message, form=form, notices=notices, query=query,
        public_url=setup.public_url, can_act=may(viewer.role, "responder"), can_release=may(viewer.role, "admin"),
        **found,
    )  # fmt: skip


async def declare(request: Request) -> Response:
    """Declare an incident from the form, and show it."""
    viewer, form = await require_form(request, "responder")
    event = events.Declared(
        clip(form.get("title", ""), 500), form.get("severity", ""), viewer.acts_as, service=form.get("service") or None,
        impact=clip(form.get("impact", ""), 10_000) or None,
    )  # fmt: skip
    try:
        number = await request.app.state.db.write(respond.declare, request.app.state.setup, event)
    except Refused as error:
        return await _listing(request, str(error), error.status, form)
    return RedirectResponse(f"/incidents/{incident_name(number)}", 303)


async def release(request: Request) -> Response:
    """Let a restored Tocsin send again, and show the list."""
    viewer, _ = await require_form(request, "admin")
    await request.app.state.db.write(restored.release, viewer.acts_as)
    return RedirectResponse("/incidents", 303)


async def detail(request: Request) -> Response:
    """Show one incident."""
    require(await viewer_of(request), "viewer")
    return await _detail(request, incident_number(request.path_params["id"]))


async def _detail(
    request: Request,
    number: int,
    message: str = "",
    status: int = 200,
    form: Mapping[str, str] = {},
) -> Response:
    known = await request.app.state.db.read(know, request.app.state.setup, number)
    view = show(known, request.app.state.db.clock(), request.state.viewer)
    return render(
        request, "incidents/show.html", status=status, v=view, message=message, form=form, alerts=known.alerts,
        postmortem=known.postmortem, update_statuses=UPDATE_STATUSES, room=known.room, changes=known.changes,
        promises=compose.promises(known.stored.state), probes=known.probes,
        seen=await request.app.state.db.read(seen_before, known.stored.state),
        joined=await request.app.state.db.read(joining.show, request.app.state.setup, number),
        deeds=await _deeds(request, known),
        items=await request.app.state.db.read(action_items.of_incident, request.app.state.setup, number),
    )  # fmt: skip


async def _deeds(request: Request, known: Known) -> actions.Deeds:
    """The card of what can be done, and what was."""
    state, setup = known.stored.state, request.app.state.setup
    db = request.app.state.db
    found: actions.Deeds = await db.read(actions.deeds, setup, state, known.runbook, request.state.viewer)
    return found


async def fragment(request: Request) -> Response:
    """Show one part of the page alone, or all live parts together."""
    require(await viewer_of(request), "viewer")
    name = request.path_params["name"]
    if name not in (*FRAGMENTS, "live"):
        raise Refused("no such part", 404)
    number = incident_number(request.path_params["id"])
    known = await request.app.state.db.read(know, request.app.state.setup, number)
    view = show(known, request.app.state.db.clock(), request.state.viewer)
    return render(
        request, f"incidents/_{name}.html", v=view, lead=view.lead, alerts=known.alerts, postmortem=known.postmortem,
        room=known.room, changes=known.changes, probes=known.probes, deeds=await _deeds(request, known),
    )  # fmt: skip


async def act(request: Request) -> Response:
    """Do what one of the page's forms asks, and show the page again; a refusal keeps what was typed."""
    viewer, form = await require_form(request, "responder")
    number, name = incident_number(request.path_params["id"]), request.path_params["action"]
    if name not in FORMS:
        raise Refused("no such action", 404)
    try:
        event = FORMS[name](viewer.acts_as, {key: clip(value, 10_000) for key, value in form.items()})
        await request.app.state.db.write(respond.act, request.app.state.setup, number, event)
    except Refused as error:
        if error.status == 404:
            raise
        return await _detail(request, number, str(error), error.status, form)
    return RedirectResponse(f"/incidents/{incident_name(number)}", 303)


Form = Mapping[str, str]
FORMS: Final[Mapping[str, Callable[[str, Form], events.Event]]] = {
    "acknowledge": lambda by, f: events.Acknowledge(by),
    "pass": lambda by, f: events.PassOn(by, f.get("reason", "")),
    "severity": lambda by, f: events.SetSeverity(
        by, f.get("severity", ""), f.get("reason", ""), f.get("was")
    ),
    "assign": lambda by, f: events.Assign(
        by, f.get("role", ""), None if f.get("person") == "-" else f.get("person", ""), f.get("was")
    ),
    "write-up": lambda by, f: events.WriteUp(by, f.get("text", "")),
    "close-ticket": lambda by, f: events.CloseTicket(by, f.get("reason", "")),
    "update": lambda by, f: events.PostUpdate(
        by, f.get("status") or None, f.get("summary") or None, f.get("next_steps") or None, f.get("eta") or None,
        f.get("impact") or None, f.get("public") == "on", promised(f.get("next_update")), compose.seen_of(f),
    ),
    "note": lambda by, f: events.Note(by, f.get("text", "")),
    "diagnose": lambda by, f: events.LookAgain(by),
    "escalate": lambda by, f: events.Escalate(by, f.get("reason", "")),
    "extend": lambda by, f: events.Extend(by, span_of(f.get("for")), f.get("reason", "")),
    "checked": lambda by, f: events.Check(by, f.get("duty", "")),
    "resolve": lambda by, f: events.Resolve(by, f.get("root_cause") or None, f.get("resolution") or None),
    "reopen": lambda by, f: events.Reopen(by, f.get("reason", "")),
    **compose.FORMS,
}  # fmt: skip


# --------------------------------------------------------------------------------------------- a page's own link


async def confirm(request: Request) -> Response:
    """Show the confirm page of a page's link. The link is the credential; looking changes nothing."""
    page, stored, person = await request.app.state.db.read(_asked, request)
    line_ = line(stored.state, {page.person: person}, request.app.state.db.clock())
    response = render(request, "incidents/confirm.html", page=page, line=line_, person=person, state=stored.state,
                      because=because.lines(page.because) if page.because else ())  # fmt: skip
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _asked(tx: Tx, request: Request) -> tuple[Any, Stored, str]:
    setup, page_id = request.app.state.setup, request.path_params["page"]
    row = queue.page(tx, page_id) if check_acknowledge(setup, page_id, request.path_params["mac"]) else None
    if row is None:
        raise Refused("this link is not known: open the newest page that you got", 404)
    aside = watch.fault(tx, watch.incident_key(row.incident))
    if aside and aside.set_aside_at:  # neither its state nor its runbook need be readable
        return row, incidents.plainly(tx, row.incident, aside.answered_by), row.person
    stored = incidents.load(tx, row.incident)
    people = runbook_of(tx, setup, stored.state.runbook_version).people
    return row, stored, people[row.person].name if row.person in people else row.person


async def confirmed(request: Request) -> Response:
    """Acknowledge as the person whom the page asked."""
    page, _, _ = await request.app.state.db.read(_asked, request)
    if not same_origin(request):
        raise Refused("this press did not come from the confirm page", 403)
    await request.app.state.db.write(respond.acknowledge_page, request.app.state.setup, page.id)
    return RedirectResponse(request.url.path, 303)


async def confirm_all(request: Request) -> Response:
    """Show what one message listed: a button for all of it, and a link for each."""
    found = await request.app.state.db.read(_asked_all, request)
    response = render(request, "incidents/confirm_all.html", found=found)
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _asked_all(tx: Tx, request: Request) -> list[tuple[Any, Line, str]]:
    """Each page of the message: its row, its incident in a line, and its own link."""
    _asked(tx, request)
    setup = request.app.state.setup
    return [
        (row, line(incidents.load(tx, row.incident).state, {}, tx.now), acknowledge_link(setup, row.id))
        for row in queue.folded(tx, request.path_params["page"])
    ]


async def confirmed_all(request: Request) -> Response:
    """Acknowledge all that one message listed."""
    page, _, _ = await request.app.state.db.read(_asked, request)
    if not same_origin(request):
        raise Refused("this press did not come from the confirm page", 403)
    await request.app.state.db.write(respond.acknowledge_fold, request.app.state.setup, page.id)
    return RedirectResponse(request.url.path, 303)


async def passed_on(request: Request) -> Response:
    """Say "I can't take it" as the person whom the page asked."""
    page, _, _ = await request.app.state.db.read(_asked, request)
    if not same_origin(request):
        raise Refused("this press did not come from the confirm page", 403)
    await request.app.state.db.write(respond.pass_on_page, request.app.state.setup, page.id)
    return RedirectResponse(request.url.path.removesuffix("/pass"), 303)


ROUTES = [
    Route("/", home, methods=["GET"]),
    Route("/incidents", listing, methods=["GET"]),
    Route("/incidents", declare, methods=["POST"]),
    Route("/restored/release", release, methods=["POST"]),
    Route("/incidents/{id}", detail, methods=["GET"]),
    Route("/incidents/{id}/fragment/{name}", fragment, methods=["GET"]),
    *compose.ROUTES,
    Route("/incidents/{id}/{action}", act, methods=["POST"]),
    Route("/ack/{page}/{mac}", confirm, methods=["GET"]),
    Route("/ack/{page}/{mac}", confirmed, methods=["POST"]),
    Route("/ack/{page}/{mac}/all", confirm_all, methods=["GET"]),
    Route("/ack/{page}/{mac}/all", confirmed_all, methods=["POST"]),
    Route("/ack/{page}/{mac}/pass", passed_on, methods=["POST"]),
]
