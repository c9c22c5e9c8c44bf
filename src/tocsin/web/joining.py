"""Merging and splitting on the incident's page: what it goes on in, what goes on in it, and the forms for both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tocsin.core.types import Refused, incident_name, incident_number
from tocsin.store import incidents
from tocsin.store.db import Tx
from tocsin.usecases import joining
from tocsin.usecases.configure import Setup, runbook_of
from tocsin.web.auth import require_form
from tocsin.web.noise import like

OTHERS: Final = 100  # incidents to merge into that are offered


@dataclass(frozen=True, slots=True)
class Other:
    """Another incident, in a line; `near`: what it is about depends on what this one is about, or the other way."""

    name: str
    title: str
    severity: str
    near: bool = False


@dataclass(frozen=True, slots=True)
class Joined:
    """What one page shows of merging."""

    into: Other | None
    parts: tuple[Other, ...]
    others: tuple[Other, ...]
    silence: str  # the address of the form of a silence for what it is about


def show(tx: Tx, setup: Setup, number: int) -> Joined:
    """Read what an incident goes on in, what goes on in it, and what it could be merged into: the nearest first."""
    state = incidents.load(tx, number).state
    runbook = runbook_of(tx, setup, state.runbook_version)
    service = state.service or ""
    near = {service, *runbook.depends_on(service), *runbook.dependents(service)} - {""}

    def other(n: int) -> Other:
        s = incidents.load(tx, n).state
        return Other(s.name, s.title, s.severity, s.service in near)

    open_ = incidents.open_ones(tx, OTHERS + 1) if state.is_open else []
    others = tuple(
        Other(one.state.name, one.state.title, one.state.severity, one.state.service in near)
        for one in open_
        if one.state.number != number and one.state.drill == state.drill
    )
    return Joined(
        other(state.merged_into) if state.merged_into else None,
        tuple(other(n) for n in incidents.merged_into(tx, number)),
        tuple(sorted(others, key=lambda one: not one.near)), like(state.service, state.check),
    )  # fmt: skip


def _merge(tx: Tx, setup: Setup, number: int, form: dict[str, str], by: str) -> int:
    if not form.get("into"):
        raise Refused("into which incident?", 422)
    return joining.merge(tx, setup, number, incident_number(form["into"]), by, form.get("reason", "")).state.number


def _split(tx: Tx, setup: Setup, number: int, form: dict[str, str], by: str) -> int:
    return joining.split(tx, setup, number, by, form.get("reason", "")).state.number


def _split_alerts(tx: Tx, setup: Setup, number: int, form: dict[str, str], by: str) -> int:
    ids = [name.removeprefix("alert:") for name in form if name.startswith("alert:")]
    return joining.split_alerts(tx, setup, number, ids, by, form.get("reason", "")).state.number


def _view(usecase: Callable[[Tx, Setup, int, dict[str, str], str], int]) -> Callable[[Request], Any]:
    async def view(request: Request) -> Response:
        """Do it, and show the incident that goes on by itself or for both."""
        viewer, form = await require_form(request, "responder")
        number = incident_number(request.path_params["id"])
        state = request.app.state
        shown = await state.db.write(usecase, state.setup, number, form, viewer.acts_as)
        return RedirectResponse(f"/incidents/{incident_name(shown)}", 303)

    return view


ROUTES = [  # before the incident's other forms, whose path takes any word
    Route("/incidents/{id}/merge", _view(_merge), methods=["POST"]),
    Route("/incidents/{id}/split", _view(_split), methods=["POST"]),
    Route("/incidents/{id}/split-alerts", _view(_split_alerts), methods=["POST"]),
]
