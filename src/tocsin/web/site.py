"""The status page as files: each address with its bytes, rendered from one snapshot, for Tocsin and for other hosts."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property, lru_cache
from itertools import groupby
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from tocsin.core import contrast, statuspage, statuspage_json
from tocsin.core.statuspage import Component, Day, PublicIncident, Site
from tocsin.core.statuspage_json import documents, stamp
from tocsin.web.render import HERE

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
RECENT: Final = timedelta(days=14)  # of past incidents on the first view
HTML, JSON, ATOM, CSS = "text/html; charset=utf-8", "application/json; charset=utf-8", (
    "application/atom+xml; charset=utf-8"), "text/css; charset=utf-8"  # fmt: skip


@dataclass(frozen=True)
class File:
    """One file of the site: its bytes, and a tag that changes with them. It is packed when somebody asks for that."""

    type: str
    body: bytes
    tag: str

    @cached_property
    def packed(self) -> bytes:
        """The same bytes, by gzip."""
        return gzip.compress(self.body, 6, mtime=0)


def files(site: Site) -> Mapping[str, File]:
    """Render the whole site: path below the root, as a static host has it, to its file."""
    made = {path: _file(kind, body) for path, kind, body in _contents(site)}
    bare = replace(site, components=(), incidents=(), maintenances=(), notices=(), subscribe_at="", at=EPOCH)
    for one in site.incidents:
        at = site.at if one.is_open else EPOCH  # the page of one that is over does not change any more
        made[f"status/incidents/{one.id}.html"] = _incident_file(replace(bare, at=at), one)
    return made


@lru_cache(maxsize=8_192)
def _incident_file(bare: Site, incident: PublicIncident) -> File:
    return _file(HTML, _filled("incident.html", bare, "../../", incident=incident))


def _file(kind: str, body: bytes) -> File:
    return File(kind, body, f'"{hashlib.sha256(body).hexdigest()[:32]}"')


def _contents(site: Site) -> Iterable[tuple[str, str, bytes]]:
    yield "index.html", HTML, _filled("index.html", site, recent=_recent(site))
    yield "status/history.html", HTML, _filled("history.html", site, "../", months=_months(site))
    yield (
        "status/feed.atom",
        ATOM,
        _filled("feed.atom", site, newest=statuspage_json.NEWEST, changed_at=_changed_at(site)),
    )
    yield "status/page.css", CSS, _filled("page.css", site, **_colours(site))
    if site.subscribe:
        yield "status/subscribe.html", HTML, _filled("elsewhere.html", site, "../")
    for name, value in documents(site).items():
        yield f"api/v2/{name}.json", JSON, orjson.dumps(value)


def _changed_at(site: Site) -> datetime:
    """When anything that the feed tells was said last."""
    said = [one.updated_at for one in site.incidents] + [work.created_at for work in site.maintenances]
    return max(said, default=site.at)


def _colours(site: Site) -> Mapping[str, Any]:
    """The grounds of both themes, and the colour of links on them: the page's own, where it reads."""
    light, dark = contrast.GROUNDS["light"], contrast.GROUNDS["dark"]
    own = site.accent_dark or site.accent
    return {"light": light, "dark": dark, "link": contrast.readable(site.accent, light), "brand_dark": own,
            "link_dark": contrast.readable(own, dark)}  # fmt: skip


def page(name: str, site: Site, **context: Any) -> bytes:
    """One page in the look of the site that is made for one reader, and is no file of it."""
    return _filled(name, site, "/", **context)


def _filled(name: str, site: Site, root: str = "", **context: Any) -> bytes:
    page = _templates().get_template(f"public/{name}")
    return page.render(site=site, root=root, zone=ZoneInfo(site.zone), now=site.at, **context).encode()


@cache
def _templates() -> Environment:
    """The templates, compiled once. What depends on the zone and the instant comes from the page's own context."""
    env = Environment(
        loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, auto_reload=False,
    )  # fmt: skip
    env.filters.update(stamp=stamp, text=_text, percent=_percent, when=_when, day=_day, lasted=_lasted)
    env.globals.update(words=statuspage.STATE_WORDS, bars=_bars)
    return env


# What is written a thousand times is put together as text, and marked as safe at the end: everything that people wrote
# is escaped before. Markup's own `format` and `join` look at each part anew, and cost half of all the rendering.


@pass_context
def _when(page: Context, at: datetime) -> Markup:
    local = at.astimezone(page["zone"])
    return Markup(f'<time datetime="{stamp(at)}">{local:%d %b %Y, %H:%M %Z}</time>')  # noqa: S704 - no word of people


@pass_context
def _day(page: Context, at: datetime) -> str:
    return f"{at.astimezone(page['zone']):%d %b}"


@pass_context
def _lasted(page: Context, incident: PublicIncident) -> str:
    return statuspage.lasted(incident, page["now"])


def _text(body: str, title: str = "") -> Markup:
    """A text for the public as paragraphs. `**bold**` is the only markup; a first line that repeats *title* goes."""
    parts = [part.strip() for part in body.split("\n\n") if part.strip()]
    if parts and title and parts[0].strip("*") in (title, f"Resolved: {title}"):
        parts = parts[1:]
    lines = str(escape("\n\n".join(parts))).split("\n")
    whole = "\n".join(_bold(line) if "**" in line else line for line in lines)
    shown = "".join(f"<p>{part.replace(chr(10), '<br>')}</p>" for part in whole.split("\n\n") if part)
    return Markup(shown)  # noqa: S704 - escaped above


def _bold(line: str) -> str:
    """An escaped line with what stands between two pairs of stars in bold."""
    pieces = line.split("**")
    if len(pieces) % 2 == 0:
        return line
    return "".join(f"<strong>{piece}</strong>" if place % 2 else piece for place, piece in enumerate(pieces))


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
