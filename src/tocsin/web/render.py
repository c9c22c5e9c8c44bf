"""The template environment and its filters: times in the viewer's zone, spans in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from tocsin.core import recur
from tocsin.core.calendar import words
from tocsin.store.sound import log_bytes
from tocsin.usecases.watch import store_banner

HERE: Final = Path(__file__).parent


def make_templates() -> Environment:
    """Make the environment: everything is escaped, and an unknown name is a fault."""
    env = Environment(
        loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, auto_reload=False,
    )  # fmt: skip
    env.filters.update(
        clock=clock, when=when, plain=plain, span=words, span_between=lambda start, end: words(end - start),
        again=recur.words,
    )  # fmt: skip
    return env


def zone_of(request: Request, otherwise: str = "UTC") -> ZoneInfo:
    """The viewer's time zone, as the browser told it in the `tz` cookie; the organization's until then."""
    for name in (request.cookies.get("tz", ""), otherwise):
        try:
            return ZoneInfo(name)
        except (ValueError, OSError, KeyError):
            continue
    return ZoneInfo("UTC")


def render(request: Request, name: str, *, status: int = 200, **context: Any) -> Response:
    """Fill a template for a request. Every template knows the viewer, the zone, the instant and the path."""
    state = request.app.state
    viewer = getattr(request.state, "viewer", None)
    full = {
        "viewer": viewer, "zone": zone_of(request), "now": state.db.clock(),
        "path": request.url.path, **context,
        "drills": state.setup.drills, "pace": state.setup.pace,
        "banners": [*store_banner(state.db.trouble, log_bytes(state.db.url)), *request.state.banners] if viewer else [],
    }  # fmt: skip
    return HTMLResponse(state.templates.get_template(name).render(full), status)


def _time(at: datetime, zone: ZoneInfo, form: str) -> Markup:
    local, utc = at.astimezone(zone), at.astimezone(UTC)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        utc.isoformat(), f"{utc:%Y-%m-%d %H:%M:%S} UTC", local.strftime(form)
    )


def clock(at: datetime, zone: ZoneInfo) -> Markup:
    """The hour and minute in *zone*, with the whole instant in UTC as its title."""
    return _time(at, zone, "%H:%M")


def when(at: datetime, zone: ZoneInfo) -> Markup:
    """The date, hour and minute in *zone*, with its name."""
    return _time(at, zone, "%a %d %b %H:%M %Z")


def plain(at: datetime, zone: ZoneInfo) -> str:
    """The same as plain text, where no mark-up can stand."""
    return at.astimezone(zone).strftime("%a %d %b %H:%M")


def short(span: timedelta) -> str:
    """A span as a clock shows it: 4:05, 1:02:09, 2d 03:00."""
    seconds = max(int(span.total_seconds()), 0)
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3600)
    minutes, seconds = divmod(rest, 60)
    if days:
        return f"{days}d {hours:02d}:{minutes:02d}"
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
