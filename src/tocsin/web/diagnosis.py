"""The diagnosis of an incident: the section of its page, and the call that looks anew."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Body
from starlette.requests import Request

from tocsin.core import events
from tocsin.core.diagnosis import Diagnosis, Finding, likely, named
from tocsin.core.incident import Incident
from tocsin.core.runbook import Runbook
from tocsin.core.types import Json
from tocsin.web.api import Acting, Acts, do

router = APIRouter(prefix="/api/v1")
ALSO: Final = 3  # further causes that are shown


@dataclass(frozen=True, slots=True)
class CauseView:
    """A cause: how sure in a word, what, why, where to look, and what the runbook offers against it."""

    word: str
    what: str
    why: str
    link: str
    offers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FindingView:
    """A finding as a line; `mark` is its state in a word."""

    title: str
    text: str
    link: str
    at: datetime | None
    mark: str


@dataclass(frozen=True, slots=True)
class DiagnosisView:
    """All that the section shows. `answered` of `asked` looks have come back; `waiting` names the others."""

    begun: bool
    running: bool
    answered: int
    asked: int
    waiting: tuple[str, ...]
    causes: tuple[CauseView, ...]
    findings: tuple[FindingView, ...]
    failures: tuple[str, ...]
    at: datetime | None


def show(state: Incident, book: Runbook) -> DiagnosisView:
    """Show how the diagnosis of an incident stands."""
    d = state.diagnosis
    protocol = book.protocols.get(state.protocol)
    offers = {kind: one.do for kind, one in protocol.mitigations.items()} if protocol else {}
    causes = likely(d.findings, state.declared_at)[: 1 + ALSO]
    seen = sorted((f for f in d.listed() if not f.failed), key=lambda f: (-f.score, f.ok))
    return DiagnosisView(
        begun=bool(d.run), running=d.running, answered=len(d.looking) - len(d.waiting), asked=len(d.looking),
        waiting=tuple("Tocsin's own records" if name == "tocsin" else d.title_of(name) for name in d.waiting),
        causes=tuple(CauseView(c.word, named(c), c.reason, c.link, tuple(offers.get(c.kind, ()))) for c in causes),
        findings=tuple(FindingView(d.title_of(f.source), f.text, f.link, f.at, _mark(d, f)) for f in seen),
        failures=tuple(f.text for f in d.listed() if f.failed), at=d.assessed_at,
    )  # fmt: skip


def _mark(diagnosis: Diagnosis, finding: Finding) -> str:
    if finding.run < diagnosis.run and diagnosis.running:
        return "before"
    return "suspect" if finding.score > 0 else "fine" if finding.ok else "wrong"


@router.post("/incidents/{id}/diagnose")
async def diagnose(
    request: Request, viewer: Acts, id: str, body: Annotated[Acting, Body(default_factory=Acting)]
) -> Json:
    """Look at all tools anew; while a look goes on this does nothing. Findings come within 30 seconds."""
    return await do(request, viewer, id, body, events.LookAgain)
