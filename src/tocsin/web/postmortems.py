"""The pages of postmortems: the list, the document, its editor, its versions, and the week that it belongs to."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tocsin.core import lint, postmortem, review
from tocsin.core.attendance import Attendance
from tocsin.core.incident import Incident
from tocsin.core.lint import Finding
from tocsin.core.postmortem import Question
from tocsin.core.review import Plan, Step
from tocsin.core.sentences import name_of
from tocsin.core.types import Refused, incident_name, incident_number
from tocsin.sdk import clip
from tocsin.store import attendance, incidents
from tocsin.store import postmortems as store
from tocsin.store import reviews as weeks
from tocsin.store.db import Tx
from tocsin.usecases import postmortems, reviews
from tocsin.usecases.access import may
from tocsin.usecases.configure import Setup, in_force, runbook_of
from tocsin.usecases.evidence import curves
from tocsin.web.api_postmortems import bundle
from tocsin.web.auth import require, require_form, viewer_of
from tocsin.web.filed import noticed
from tocsin.web.markdown import html
from tocsin.web.probes import Drawing, draw
from tocsin.web.render import render

AROUND: Final = timedelta(minutes=30)  # before an incident and after it, as far as curves show
SHOWN: Final = 200  # documents in the list
# What a guest's calendar says, in a word, and how it is marked.
ANSWERS: Final = {"accepted": ("comes", "done"), "declined": ("declined", "missed"), "tentative": ("perhaps", "due")}
UNANSWERED: Final = ("has not answered", "waiting")
UNASKED: Final = ("told by message", "waiting")
UNINVITED: Final = ("not invited", "waiting")
WORDS: Final = {"draft": "Draft", "in_review": "In review", "published": "Published"}


@dataclass(frozen=True, slots=True)
class StepView:
    """A step of the week: its state in a word, who has it, and whether its box can be ticked now."""

    step: Step
    state: str
    holder: str
    can_tick: bool


@dataclass(frozen=True, slots=True)
class GuestView:
    """One of the invited, or whoever else answered. *word* is about the present time, *earlier* about one before."""

    name: str
    word: str
    mark: str
    said: Attendance | None = None
    earlier: str = ""
    proposed: datetime | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """All that the pages of one document show."""

    row: Any
    state: Incident
    plan: Plan | None
    steps: tuple[StepView, ...]
    guests: tuple[str, ...]
    evidence: Any
    published: str
    missing: tuple[str, ...]
    names: Mapping[str, str]
    zone: str
    curves: tuple[tuple[str, Drawing], ...] = ()
    attending: tuple[GuestView, ...] = ()
    replies_to: str = ""  # where calendars answer; empty where the runbook names no address

    @property
    def name(self) -> str:
        return self.state.name

    @property
    def start(self) -> datetime:
        """Where the curves begin."""
        return self.state.declared_at - AROUND

    def end(self, now: datetime) -> datetime:
        """Where they end, *now* at the latest."""
        return min((self.state.resolved_at or now) + AROUND, now)

    @property
    def meeting_local(self) -> str:
        """When the review is, as a field of a form wants it; empty without one."""
        at = self.plan.meeting_at if self.plan else None
        return f"{at.astimezone(ZoneInfo(self.zone)):%Y-%m-%dT%H:%M}" if at else ""

    @property
    def answered(self) -> bool:
        """Whether any calendar answered."""
        return any(guest.said for guest in self.attending)

    @property
    def is_held(self) -> bool:
        return any(view.step.kind == "meeting" and view.step.done_at for view in self.steps)


def know(tx: Tx, setup: Setup, number: int) -> Known:
    """Read it all in one snapshot. Raises Refused: 404."""
    row = postmortems.read(tx, number)
    _, runbook = in_force(tx, setup)
    state, plan = incidents.load(tx, number).state, weeks.get(tx, number)
    names = {id_: person.name for id_, person in runbook.people.items()}
    invited = plan.invited if plan else ()
    return Known(
        row, state, plan, _steps(plan, names, state, tx.now), tuple(name_of(person, names) for person in invited),
        weeks.evidence_of(tx, number), postmortems.published_text(tx, row),
        postmortems.missing_actions(tx, number, row.text), names, runbook.organization.timezone,
        _curves(tx, setup, state), attending(plan, attendance.of(tx, number), names) if plan else (),
        runbook.postmortems.meeting.replies_to or "",
    )  # fmt: skip


def attending(plan: Plan, heard: Sequence[Attendance], names: Mapping[str, str]) -> tuple[GuestView, ...]:
    """Everybody who is invited, then whoever else answered, by the address as it was written."""
    by_person = {one.person: one for one in heard if one.person}
    invited = [
        _guest(name_of(who, names), by_person.get(who), plan, UNANSWERED if who in plan.asked else UNASKED)
        for who in plan.invited
    ]
    others = [one for one in heard if one.person not in plan.invited]
    return (*invited, *(_guest(names.get(one.person or "", one.attendee), one, plan, UNINVITED) for one in others))


def _guest(name: str, said: Attendance | None, plan: Plan, silent: tuple[str, str]) -> GuestView:
    if said is None:
        return GuestView(name, *silent)
    word, mark = ANSWERS[said.answer] if said.counts(plan) else silent
    earlier = ANSWERS[said.answer][0] if said.answer and not said.counts(plan) else ""
    return GuestView(name, word, mark, said, earlier, said.proposed if said.proposes(plan) else None)


def _curves(tx: Tx, setup: Setup, state: Incident) -> tuple[tuple[str, Drawing], ...]:
    """What the probes saw from before it began to after its end."""
    span = state.declared_at - AROUND, min((state.resolved_at or tx.now) + AROUND, tx.now)
    runbook = runbook_of(tx, setup, state.runbook_version)
    found = curves(tx, runbook, state.service, *span)
    return tuple((name, draw(points, 720, 120, span)) for name, points in found.items())


def _steps(plan: Plan | None, names: Mapping[str, str], state: Incident, now: datetime) -> tuple[StepView, ...]:
    if plan is None or plan.over:
        return ()
    return tuple(_step(step, plan, names, state, now) for step in plan.steps)


def _step(step: Step, plan: Plan, names: Mapping[str, str], state: Incident, now: datetime) -> StepView:
    said = "done" if step.done_at else "missed" if step.missed_at else "due" if step.reminded else "waiting"
    role = review.holder_of(step)
    holder = name_of(state.commander, names) if role == review.OWNER and state.commander else role.replace("_", " ")
    by_hand = step.kind not in ("evidence", "publish") and not step.done_at
    begun = step.kind != "meeting" or plan.meeting_at is None or plan.meeting_at <= now
    return StepView(step, said, "Tocsin" if step.kind == "evidence" else holder, by_hand and begun)


# --------------------------------------------------------------------------------------------- reading


async def listing(request: Request) -> Response:
    """Show every document, those of the newest incidents first."""
    require(await viewer_of(request), "viewer")
    state = request.query_params.get("state", "")
    if state not in ("", *postmortems.STATES):
        raise Refused("no such state", 404)

    def read(tx: Tx, setup: Setup) -> tuple[Any, Mapping[int, Plan | None], Mapping[str, str]]:
        rows = store.listing(tx, state=state or None, limit=SHOWN)
        people = in_force(tx, setup)[1].people
        plans = {row.incident: weeks.get(tx, row.incident) for row in rows}
        return rows, plans, {id_: person.name for id_, person in people.items()}

    rows, plans, names = await request.app.state.db.read(read, request.app.state.setup)
    late = {number: [s.title for s in plan.steps if s.missed_at and not s.done_at]
            for number, plan in plans.items() if plan and not plan.over}  # fmt: skip
    return render(request, "postmortems/list.html", rows=rows, late=late, plans=plans, state=state, states=WORDS,
                  incident_name=incident_name, names=names)  # fmt: skip


async def show(request: Request) -> Response:
    """Show a document: what was published of it, else the draft, with the incident's facts and its week."""
    return await _show(request)


async def _show(request: Request, message: str = "", status: int = 200) -> Response:
    viewer = require(await viewer_of(request), "viewer")
    number = incident_number(request.path_params["id"])
    await noticed(request, number)
    known = await request.app.state.db.read(know, request.app.state.setup, number)
    return render(
        request, "postmortems/show.html", status=status, k=known, body=html(known.published), message=message,
        states=WORDS, can_act=may(viewer.role, "responder"), questions=postmortem.questions(known.row.text),
    )  # fmt: skip


async def history(request: Request) -> Response:
    """Show the versions of a document, and what changed from one to another."""
    require(await viewer_of(request), "viewer")
    number = incident_number(request.path_params["id"])
    which = [_whole(request.query_params.get(name, "")) for name in ("from", "to")]

    def read(tx: Tx) -> tuple[Any, Any, Mapping[str, str]]:
        postmortems.read(tx, number)
        _, runbook = in_force(tx, request.app.state.setup)
        names = {id_: person.name for id_, person in runbook.people.items()}
        return store.history(tx, number), [store.version(tx, number, one) for one in which], names

    rows, (before, after), names = await request.app.state.db.read(read)
    if after is None and any(which):
        raise Refused("there is no such version", 404)
    changes = list(postmortems.lines_between(before.text if before else "", after.text)) if after else []
    return render(request, "postmortems/history.html", incident=incident_name(number), rows=rows, before=before,
                  after=after, changes=changes, names=names)  # fmt: skip


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


async def evidence(request: Request) -> Response:
    """Download the bundle of evidence."""
    require(await viewer_of(request), "viewer")
    return await bundle(request, incident_number(request.path_params["id"]))


# --------------------------------------------------------------------------------------------- writing


@dataclass(frozen=True, slots=True)
class Editor:
    """What the editor shows: the text as it is typed, the version that it began with, what stands against it."""

    text: str
    version: int
    questions: tuple[Question, ...]
    findings: tuple[Finding, ...]
    preview: Any = None
    other: str | None = None  # another text, side by side
    other_is: str = ""
    joins: str = ""
    message: str = ""


async def editor(request: Request) -> Response:
    """Show the editor; where the file or the record says something else, both texts side by side."""
    require(await viewer_of(request), "responder")
    number = incident_number(request.path_params["id"])
    row = await noticed(request, number)
    return await _editor(request, number, row.text, row.version)


async def _editor(
    request: Request, number: int, text: str, version: int, *, message: str = "", status: int = 200,
    preview: bool = False, stale: bool = False,
) -> Response:  # fmt: skip
    known: Known = await request.app.state.db.read(know, request.app.state.setup, number)
    row = known.row
    other, other_is, joins = (row.found, row.found_in, "") if row.found is not None else (None, "", "")
    if row.found is not None:
        joins = store.sha256_of(row.found)
    if stale:
        other, other_is, joins, version = row.text, "saved", "", row.version
    # Beside the loop: a long text takes long to read, and alerts come in meanwhile.
    said = await asyncio.to_thread(lint.lint, text[: postmortems.TEXT_LIMIT], list(known.names.values()))
    shown = await asyncio.to_thread(html, text) if preview else None
    view = Editor(text, version, postmortem.questions(text), tuple(said), shown, other, other_is, joins, message)
    return render(request, "postmortems/edit.html", status=status, k=known, e=view, states=WORDS)


async def save(request: Request) -> Response:
    """Do what the editor's button asks: preview, bring action items in, save, give to review, publish."""
    viewer, form = await require_form(request, "responder")
    number, by = incident_number(request.path_params["id"]), viewer.acts_as
    text, version, do = form.get("text", ""), _whole(form.get("version", "")), form.get("do", "save")
    db, setup = request.app.state.db, request.app.state.setup
    await noticed(request, number)
    if do == "actions":
        text = await db.read(postmortems.with_actions, setup, number, clip(text, postmortems.TEXT_LIMIT))
    if do in ("preview", "actions"):
        return await _editor(request, number, text, version, preview=do == "preview")

    def usecase(tx: Tx) -> None:
        row = postmortems.edit(tx, setup, number, by, text, version, form.get("joins", ""))
        if do == "publish":
            postmortems.publish(tx, setup, number, by, row.version, anyway=form.get("anyway") == "on")
        elif do in ("draft", "in_review"):
            postmortems.set_state(tx, number, by, do)

    try:
        await db.write(usecase)
    except postmortems.Stale as stale:
        return await _editor(request, number, text, version, message=str(stale), status=409, stale=True)
    except Refused as error:
        if error.status == 404:
            raise
        return await _editor(request, number, text, version, message=str(error), status=error.status)
    there = f"/incidents/{incident_name(number)}/postmortem"
    return RedirectResponse(there if do == "publish" else f"{there}/edit?saved=1", 303)


async def week(request: Request) -> Response:
    """Move the review, call it off, or tick a step; a refusal is said on the document's page."""
    viewer, form = await require_form(request, "responder")
    number, verb = incident_number(request.path_params["id"]), request.path_params["verb"]
    setup, by = request.app.state.setup, viewer.acts_as

    def usecase(tx: Tx) -> None:
        if verb == "move":
            at = reviews.local_time(form.get("at", ""), in_force(tx, setup)[1])
            reviews.move(tx, setup, number, by, at, clip(form.get("reason", ""), 500))
        elif verb == "drop":
            reviews.drop(tx, setup, number, by, clip(form.get("reason", ""), 500))
        elif verb == "tick":
            reviews.tick(tx, setup, number, form.get("step", ""), by)
        else:
            raise Refused("no such action", 404)

    try:
        await request.app.state.db.write(usecase)
    except Refused as error:
        if error.status == 404:
            raise
        return await _show(request, str(error), error.status)
    return RedirectResponse(f"/incidents/{incident_name(number)}/postmortem#week", 303)


ROUTES = [
    Route("/postmortems", listing, methods=["GET"]),
    Route("/incidents/{id}/postmortem", show, methods=["GET"]),
    Route("/incidents/{id}/postmortem/edit", editor, methods=["GET"]),
    Route("/incidents/{id}/postmortem/edit", save, methods=["POST"]),
    Route("/incidents/{id}/postmortem/history", history, methods=["GET"]),
    Route("/incidents/{id}/evidence.zip", evidence, methods=["GET"]),
    Route("/incidents/{id}/review/{verb}", week, methods=["POST"]),
]
