"""The status page as files: each address with its bytes, rendered from one snapshot, for Tocsin and for other hosts."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from itertools import groupby
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from tocsin.core import statuspage
from tocsin.core.statuspage import Component, Day, Maintenance, PublicIncident, Site
from tocsin.web.render import HERE

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
NEWEST: Final = 50  # incidents in the JSON and the feed, as Statuspage gives them
RECENT: Final = timedelta(days=14)  # of past incidents on the first view
HTML, JSON, ATOM, CSS = "text/html; charset=utf-8", "application/json; charset=utf-8", (
    "application/atom+xml; charset=utf-8"), "text/css; charset=utf-8"  # fmt: skip


@dataclass(frozen=True, slots=True)
class File:
    """One file of the site: its bytes as they are and packed, and a tag that changes with them."""

    type: str
    body: bytes
    packed: bytes
    tag: str


def files(site: Site) -> Mapping[str, File]:
    """Render the whole site: path below the root, as a static host has it, to its file."""
    made = {path: _file(kind, body) for path, kind, body in _contents(site)}
    bare = replace(site, components=(), incidents=(), maintenances=(), notices=(), at=EPOCH)
    for one in site.incidents:
        at = site.at if one.is_open else EPOCH  # the page of one that is over does not change any more
        made[f"status/incidents/{one.id}.html"] = _incident_file(replace(bare, at=at), one)
    return made


@lru_cache(maxsize=8_192)
def _incident_file(bare: Site, incident: PublicIncident) -> File:
    return _file(HTML, _filled("incident.html", bare, "../../", incident=incident))


def _file(kind: str, body: bytes) -> File:
    return File(kind, body, gzip.compress(body, 6, mtime=0), f'"{hashlib.sha256(body).hexdigest()[:32]}"')


def _contents(site: Site) -> Iterable[tuple[str, str, bytes]]:
    yield "index.html", HTML, _filled("index.html", site, recent=_recent(site))
    yield "status/history.html", HTML, _filled("history.html", site, "../", months=_months(site))
    yield "status/feed.atom", ATOM, _filled("feed.atom", site, newest=NEWEST)
    yield "status/page.css", CSS, _filled("page.css", site)
    for name, value in documents(site).items():
        yield f"api/v2/{name}.json", JSON, orjson.dumps(value)


def _filled(name: str, site: Site, root: str = "", **context: Any) -> bytes:
    page = _templates().get_template(f"public/{name}")
    return page.render(site=site, root=root, zone=ZoneInfo(site.zone), now=site.at, **context).encode()


@cache
def _templates() -> Environment:
    """The templates, compiled once. What depends on the zone and the instant comes from the page's own context."""
    env = Environment(
        loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    env.filters.update(stamp=stamp, text=_text, percent=_percent, when=_when, day=_day, lasted=_lasted)
    env.globals.update(words=statuspage.STATE_WORDS, bars=_bars)
    return env


@pass_context
def _when(page: Context, at: datetime) -> Markup:
    local = at.astimezone(page["zone"])
    return Markup('<time datetime="{}">{}</time>').format(stamp(at), f"{local:%d %b %Y, %H:%M %Z}")


@pass_context
def _day(page: Context, at: datetime) -> str:
    return f"{at.astimezone(page['zone']):%d %b}"


@pass_context
def _lasted(page: Context, incident: PublicIncident) -> str:
    return statuspage.lasted(incident, page["now"])


def stamp(at: datetime) -> str:
    """An instant in RFC 3339 with milliseconds, as Statuspage writes it."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


def _text(body: str, title: str = "") -> Markup:
    """A text for the public as paragraphs. `**bold**` is the only markup; a first line that repeats *title* goes."""
    parts = [part.strip() for part in body.split("\n\n") if part.strip()]
    if parts and title and parts[0].strip("*") in (title, f"Resolved: {title}"):
        parts = parts[1:]
    return Markup("").join(
        Markup("<p>{}</p>").format(Markup("<br>").join(_bold(line) for line in part.split("\n"))) for part in parts
    )


def _bold(line: str) -> Markup:
    pieces = line.split("**")
    if len(pieces) % 2 == 0:
        return escape(line)
    return Markup("").join(
        Markup("<strong>{}</strong>").format(piece) if place % 2 else escape(piece)
        for place, piece in enumerate(pieces)
    )


def _percent(share: float | None) -> str:
    """A share in percent, never rounded up to a hundred."""
    if share is None:
        return "no data yet"
    cut = int(share * 100_000) / 1_000
    return f"{cut:.2f} %" if cut < 100 else "100 %"


def _bars(component: Component) -> Markup:
    """Ninety days as a picture, each day with its words; the text beside it says the same."""
    bars = Markup("").join(
        Markup('<rect class="{}" x="{}" width="3" height="28"><title>{}</title></rect>').format(
            _shade(day), place * 4, f"{day.on:%d %b}: {_day_words(day)}"
        )
        for place, day in enumerate(component.days)
    )
    label = f"{component.name}: {_percent(component.uptime)} up in the last 90 days"
    return Markup('<svg viewBox="0 0 359 28" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>').format(
        label, bars
    )


def _shade(day: Day) -> str:
    return "none" if day.up is None else day.worst.partition("_")[0]


def _day_words(day: Day) -> str:
    if day.up is None:
        return "no data"
    return "no trouble" if day.worst == "operational" else f"{statuspage.STATE_WORDS[day.worst]}, {_percent(day.up)} up"


def _recent(site: Site) -> list[PublicIncident]:
    return [one for one in site.incidents if not one.is_open and one.updated_at > site.at - RECENT]


def _months(site: Site) -> list[tuple[str, list[PublicIncident]]]:
    zone = ZoneInfo(site.zone)
    return [
        (month, list(group))
        for month, group in groupby(site.incidents, lambda one: f"{one.started_at.astimezone(zone):%B %Y}")
    ]


# --------------------------------------------------------------------------------------------- Statuspage's JSON


def documents(site: Site) -> dict[str, Any]:
    """The documents of Statuspage's public API: name to content.  Source: integrations reference, section 22."""
    page_id = statuspage.public_id("page", site.url)
    page = {"id": page_id, "name": site.name, "url": site.url, "time_zone": site.zone, "updated_at": stamp(site.at)}
    indicator, description = site.overall
    status = {"indicator": indicator, "description": description}
    parts = {component.name: _component(component, page_id) for component in site.components}
    told = [_incident(one, parts, page_id, site.url) for one in site.incidents[:NEWEST]]
    open_ = [_incident(one, parts, page_id, site.url) for one in site.unresolved]
    work = [_maintenance(one, parts, page_id, site) for one in site.maintenances]
    upcoming = [one for one in work if one["status"] == "scheduled"]
    active = [one for one in work if one["status"] == "in_progress"]
    components = list(parts.values())
    return {
        "summary": {"page": page, "components": components, "incidents": open_,
                    "scheduled_maintenances": active + upcoming, "status": status},
        "status": {"page": page, "status": status},
        "components": {"page": page, "components": components},
        "incidents": {"page": page, "incidents": told},
        "incidents/unresolved": {"page": page, "incidents": open_},
        "scheduled-maintenances": {"page": page, "scheduled_maintenances": work[::-1][:NEWEST]},
        "scheduled-maintenances/upcoming": {"page": page, "scheduled_maintenances": upcoming},
        "scheduled-maintenances/active": {"page": page, "scheduled_maintenances": active},
    }  # fmt: skip


def _component(component: Component, page_id: str) -> dict[str, Any]:
    return {
        "id": component.id, "name": component.name, "status": component.state, "created_at": stamp(component.since),
        "updated_at": stamp(component.changed_at), "position": component.position, "description": None,
        "showcase": True, "start_date": f"{component.since.astimezone(UTC):%Y-%m-%d}", "group_id": None,
        "page_id": page_id, "group": False, "only_show_if_degraded": False,
    }  # fmt: skip


def _incident(one: PublicIncident, parts: Mapping[str, Any], page_id: str, url: str) -> dict[str, Any]:
    updates = [
        _update(
            update.id, update.status, update.body, one.id, update.at,
            [_change(name, before, after) for name, before, after in update.changes] or None,
        )
        for update in one.updates
    ]  # fmt: skip
    return {
        **_head(one.id, one.title, one.status, one.impact, page_id, url),
        "created_at": stamp(one.updates[-1].at if one.updates else one.started_at),
        "updated_at": stamp(one.updated_at),
        "monitoring_at": stamp(one.monitoring_at) if one.monitoring_at else None,
        "resolved_at": stamp(one.resolved_at) if one.resolved_at else None,
        "started_at": stamp(one.started_at), "incident_updates": updates,
        "components": [parts[name] for name in (one.component,) if name and name in parts],
    }  # fmt: skip


def _maintenance(one: Maintenance, parts: Mapping[str, Any], page_id: str, site: Site) -> dict[str, Any]:
    status = one.status(site.at)
    update = _update(f"{one.id}-1", status, one.text or one.title, one.id, one.created_at, None)
    begun, over = site.at >= one.start, site.at >= one.until
    return {
        **_head(one.id, one.title, status, "maintenance", page_id, site.url),
        "created_at": stamp(one.created_at),
        "updated_at": stamp(one.until if over else one.start if begun else one.created_at), "monitoring_at": None,
        "resolved_at": stamp(one.until) if over else None, "started_at": stamp(one.start),
        "incident_updates": [update], "components": [parts[name] for name in one.components if name in parts],
        "scheduled_for": stamp(one.start), "scheduled_until": stamp(one.until),
    }  # fmt: skip


def _head(id_: str, name: str, status: str, impact: str, page_id: str, url: str) -> dict[str, Any]:
    link = url if impact == "maintenance" else f"{url}/status/incidents/{id_}.html"
    return {"id": id_, "name": name, "status": status, "impact": impact, "shortlink": link, "page_id": page_id,
            "reminder_intervals": None}  # fmt: skip


def _update(id_: str, status: str, body: str, incident: str, at: datetime, changes: Any) -> dict[str, Any]:
    return {
        "id": id_, "status": status, "body": body, "incident_id": incident, "created_at": stamp(at),
        "updated_at": stamp(at), "display_at": stamp(at), "affected_components": changes,
        "deliver_notifications": True, "custom_tweet": None, "tweet_id": None,
    }  # fmt: skip


def _change(name: str, before: str, after: str) -> dict[str, str]:
    return {"code": statuspage.public_id("component", name), "name": name, "old_status": before, "new_status": after}
