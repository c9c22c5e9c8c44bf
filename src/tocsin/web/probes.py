"""The list of probes, one probe with its history and curve, and what an incident's page shows of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tocsin.core import probes as core
from tocsin.core.calendar import words
from tocsin.core.probes import Change, Look, Mark, Point, Seen
from tocsin.core.runbook import Runbook
from tocsin.core.runbook_probes import Probe
from tocsin.core.types import Refused
from tocsin.store import probes as store
from tocsin.store.db import Tx
from tocsin.usecases.configure import Setup, in_force
from tocsin.web.auth import require, viewer_of
from tocsin.web.render import render

LIST_SIZE: Final = 100
LOOKS_DRAWN: Final = 60
LOOKS_SHOWN: Final = 20
HEADROOM: Final = 1.25  # above the slowest answer of a curve
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
SPANS: Final = {"24h": DAY, "7d": 7 * DAY, "30d": 30 * DAY}
UNKNOWN: Final = "not looked yet"
STATE_WORDS: Final = {
    "": "up", "unreachable": "unreachable", "http_5xx": "server error", "bad_answer": "bad answer", "slow": "slow",
    "certificate": "certificate", "heartbeat": "no call",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Drawing:
    """A curve as the SVG has it: lines of points, the places of bad looks, and what it says in words."""

    width: int
    height: int
    lines: tuple[str, ...]
    bad: tuple[str, ...]
    text: str
    most: str = ""


@dataclass(frozen=True, slots=True)
class ProbeView:
    """A probe in the list and on its page; `colour` is a class of states."""

    name: str
    kind: str
    target: str
    service: str
    every: str
    word: str
    colour: str
    failing: bool
    why: str
    since: datetime | None
    at: datetime | None
    milliseconds: str
    uptime: tuple[tuple[str, str], ...]
    drawing: Drawing | None


def show(
    name: str, probe: Probe, seen: Seen | None, changes: Sequence[Change], points: Sequence[Point], now: datetime
) -> ProbeView:  # fmt: skip
    """Build what is shown of a probe."""
    return ProbeView(
        name=name, kind=probe.kind, target=probe.target, service=probe.service, every=words(probe.every),
        word=STATE_WORDS[seen.check] if seen else UNKNOWN, colour=colour(seen), failing=bool(seen and not seen.ok),
        why=seen.why if seen else "", since=seen.since if seen else None, at=seen.at if seen else None,
        milliseconds=took(seen.milliseconds) if seen else "",
        uptime=tuple((span, percent(share)) for span, share in uptimes(changes, now).items()),
        drawing=None if probe.heartbeat else draw(points, 120, 28),
    )  # fmt: skip


def colour(seen: Seen | None) -> str:
    """The class of a state: it is never the only thing that tells it."""
    if seen is None:
        return "unknown"
    if seen.ok:
        return "acknowledged"
    return "failed" if core.is_down(seen) else "sent"


def took(milliseconds: int | None) -> str:
    """A latency for people; empty where there was no answer."""
    if milliseconds is None:
        return ""
    return f"{milliseconds} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.1f} s"


def uptimes(changes: Sequence[Change], now: datetime) -> dict[str, float | None]:
    """The share of each span in which it was not down."""
    return {name: core.uptime(changes, now - span, now) for name, span in SPANS.items()}


def percent(share: float | None) -> str:
    """A share in words, never rounded up: 100 % is only what was never down."""
    if share is None:
        return "–"
    return "100 %" if share == 1 else f"{int(share * 10_000) / 100:.2f} %"


def draw(points: Sequence[Point], width: int, height: int, span: tuple[datetime, datetime] | None = None) -> Drawing:
    """Draw a curve, evenly or over a *span* of time: the line breaks where nothing answered."""
    most = max((p.milliseconds for p in points if p.milliseconds is not None), default=0)
    top = most * HEADROOM or 1
    places = [(_x(place, point, len(points), width, span), point) for place, point in enumerate(points)]
    lines: list[list[str]] = [[]]
    for x, point in places:
        if point.milliseconds is None:
            lines.append([])
        else:
            lines[-1].append(f"{x:.1f},{height - 2 - (height - 4) * point.milliseconds / top:.1f}")
    bad = tuple(f"{x:.1f}" for x, point in places if not point.ok)
    drawn = tuple(" ".join(line if len(line) > 1 else line * 2) for line in lines if line)
    return Drawing(width, height, drawn, bad, told(points), took(most) if most else "")


def _x(place: int, point: Point, count: int, width: int, span: tuple[datetime, datetime] | None) -> float:
    if span is None:
        return 1 + (width - 2) * place / max(count - 1, 1)
    return (point.at - span[0]) / (span[1] - span[0]) * width


def told(points: Sequence[Point]) -> str:
    """A curve in words."""
    answered = [p.milliseconds for p in points if p.milliseconds is not None]
    bad = sum(1 for p in points if not p.ok)
    if not points:
        return "no look yet"
    looks = "1 look" if len(points) == 1 else f"{len(points)} looks"
    failed = f"{bad} failed" if bad else "none failed"
    between = f", {took(min(answered))} to {took(max(answered))}" if answered else ""
    return f"{looks}, {failed}{between}"


# --------------------------------------------------------------------------------------------- reading


@dataclass(frozen=True, slots=True)
class Whole:
    """One probe with everything that is kept of it."""

    view: ProbeView
    curve: Drawing | None
    start: datetime
    changes: tuple[tuple[Change, str], ...]
    looks: tuple[tuple[str, Look, str], ...]
    nodes: tuple[tuple[str, Mark, str], ...]
    points: tuple[Point, ...]


def read_list(tx: Tx, setup: Setup, page: int) -> tuple[list[ProbeView], int, int]:
    """One page of the list, what fails first; with how many there are, and how many fail."""
    _, runbook = in_force(tx, setup)
    known = store.known(tx)
    seen = {name: known[name].seen if name in known else None for name in runbook.probes}
    order = sorted(runbook.probes, key=lambda name: (_rank(seen[name]), name))
    some = order[page * LIST_SIZE : (page + 1) * LIST_SIZE]
    failing = sum(1 for one in seen.values() if one and not one.ok)
    return _views(tx, runbook, some), len(order), failing


def _rank(seen: Seen | None) -> int:
    return len(core.CHECKS) + (seen is not None) if seen is None or seen.ok else core.CHECKS.index(seen.check)


def of_services(tx: Tx, setup: Setup, service: str | None) -> tuple[ProbeView, ...]:
    """The probes of a service, then of what it depends on, the nearest first."""
    _, runbook = in_force(tx, setup)
    if service is None:
        return ()
    places = {name: place for place, name in enumerate((service, *runbook.depends_on(service)))}
    names = [name for name, probe in runbook.probes.items() if probe.service in places]
    return tuple(_views(tx, runbook, sorted(names, key=lambda name: places[runbook.probes[name].service]), drawn=False))


def _views(tx: Tx, runbook: Runbook, names: Sequence[str], *, drawn: bool = True) -> list[ProbeView]:
    known = store.known(tx, names)
    changes = store.changes(tx, [k.id for k in known.values()], tx.now - SPANS["30d"])
    views = []
    for name in names:
        k = known.get(name)
        looks = store.latest(tx, k.id, LOOKS_DRAWN) if k and drawn and not runbook.probes[name].heartbeat else []
        views.append(
            show(name, runbook.probes[name], k.seen if k else None, changes[k.id] if k else (), _points(looks), tx.now)
        )
    return views


def _points(looks: Iterable[tuple[str, Look]]) -> list[Point]:
    return [Point(look.at, not look.check, look.milliseconds) for _, look in looks][::-1]


def read_one(tx: Tx, setup: Setup, name: str) -> Whole:
    """
    Read one probe.

    Raises:
        Refused: 404, for one that the runbook in force does not have.
    """
    _, runbook = in_force(tx, setup)
    if name not in runbook.probes:
        raise Refused(f"the runbook has no probe {name[:80]!r}", 404)
    (view,) = _views(tx, runbook, [name])
    start, known = tx.now - DAY, store.known(tx, [name]).get(name)
    if known is None:
        return Whole(view, None, start, (), (), (), ())
    changes = store.changes(tx, [known.id], tx.now - SPANS["30d"])[known.id]
    points = store.curve(tx, name, start, tx.now)
    marks = store.marks(tx, [known.id]).get(known.id, {})
    curve = None
    if points and view.drawing:
        start = min(points[0].at, tx.now - HOUR)
        curve = draw(points, 720, 120, (start, tx.now))
    return Whole(
        view, curve, start,
        tuple((change, STATE_WORDS[change.check]) for change in changes[::-1]),
        tuple((node, look, took(look.milliseconds)) for node, look in store.latest(tx, known.id, LOOKS_SHOWN)),
        tuple((node, mark, STATE_WORDS[mark.check]) for node, mark in sorted(marks.items())), tuple(points),
    )  # fmt: skip


# --------------------------------------------------------------------------------------------- views


async def listing(request: Request) -> Response:
    """Show every probe, what fails first."""
    require(await viewer_of(request), "viewer")
    asked = request.query_params.get("page", "")
    page = int(asked) if asked.isdigit() and len(asked) < 6 else 0
    state = request.app.state
    views, count, failing = await state.db.read(read_list, state.setup, page)
    more = page + 1 if (page + 1) * LIST_SIZE < count else None
    return render(request, "probes/list.html", probes=views, count=count, failing=failing, page=page, more=more)


async def detail(request: Request) -> Response:
    """Show one probe."""
    require(await viewer_of(request), "viewer")
    state = request.app.state
    whole = await state.db.read(read_one, state.setup, request.path_params["name"])
    return render(request, "probes/show.html", w=whole, v=whole.view, words=STATE_WORDS)


ROUTES = [
    Route("/probes", listing, methods=["GET"]),
    Route("/probes/{name:path}", detail, methods=["GET"]),
]
