"""The publisher: keeps the status page rendered, shows it here, and puts it on hosts that outlive this one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

import structlog
from pydantic import TypeAdapter, ValidationError

from tocsin.core.statuspage import HostHealth, Site
from tocsin.hosts.host import LAST, Failed, Host, fetch
from tocsin.net import redact
from tocsin.store.db import Busy, Database
from tocsin.store.publish import TOPIC
from tocsin.usecases import site as usecase
from tocsin.usecases.configure import NoRunbook, Setup
from tocsin.usecases.publish import write_whole

ROUND_SECONDS: Final = 60.0  # how often the page is rendered though nothing was said: its days and ages go on
LOOK_SECONDS: Final = 600.0  # how often it is looked whether a host still shows what it was given
LOOK_AGAIN_SECONDS: Final = 10.0  # while a host was given the page and does not show it yet
KEPT_BODIES: Final = 30  # first pages that a host was given, to know how far behind it is
WHY_LIMIT: Final = 300  # characters
AGAIN_SECONDS: Final = (5.0, 15.0, 60.0)  # after a host that failed; the last one again and again
SNAPSHOT: Final = "statuspage.json"  # in the data directory: the last page, for when the database is gone
NOTICES: Final = "statuspage-notices.json"  # what was said by hand while Tocsin was down

log = structlog.get_logger("tocsin.status")


Render = Callable[[Site], Mapping[str, Any]]


@cache
def _sites() -> TypeAdapter[Site]:
    return TypeAdapter(Site)  # slow to make: not before it is used


_NOTICES: Final = TypeAdapter(tuple[tuple[datetime, str], ...])


# --------------------------------------------------------------------------------------------- kept in files


def kept_site(data: Path) -> Site | None:
    """The last page that was rendered here, or None."""
    try:
        return _sites().validate_json((data / SNAPSHOT).read_bytes())
    except (OSError, ValidationError):
        return None


def keep_site(data: Path, site: Site) -> None:
    """Keep the page for when the database is gone."""
    write_whole(data / SNAPSHOT, _sites().dump_json(site))


def notices(data: Path) -> tuple[tuple[datetime, str], ...]:
    """What was said by hand, newest first; a file that cannot be read says nothing."""
    try:
        return _NOTICES.validate_json((data / NOTICES).read_bytes())
    except (OSError, ValidationError):
        return ()


def keep_notices(data: Path, said: Sequence[tuple[datetime, str]]) -> None:
    """Keep what was said by hand; the running server shows it within a minute."""
    write_whole(data / NOTICES, _NOTICES.dump_json(tuple(said)))


# --------------------------------------------------------------------------------------------- the loop


class Publisher:
    """
    Renders what the database holds now; what is published is a state and not a queue, so no crash can lose it.

    `show` gets each rendering with its instant. `pushes` is false where another process pushes to the other hosts.
    """

    def __init__(
        self, db: Database, setup: Setup, render: Render, show: Callable[[Mapping[str, Any], datetime], None],
        find_hosts: Callable[[], Sequence[Host]], *, pushes: bool = True,
    ) -> None:  # fmt: skip
        self.db, self.setup, self.render, self.show = db, setup, render, show
        self.find_hosts, self.pushes = find_hosts, pushes
        self._awake = asyncio.Event()
        self._pushed: dict[str, _Pushed] = {}
        self._told: object = None  # of the hosts, to the database

    async def run(self) -> None:
        """Work until cancelled. A round that fails is logged, and the next one tries again."""
        self.db.listen(self._heard)
        while True:
            self._awake.clear()
            pause = ROUND_SECONDS
            try:
                pause = await self.round()
            except (Busy, NoRunbook) as error:
                log.warning("status_put_off", why=str(error))
                pause = AGAIN_SECONDS[0]
            except Exception:
                log.exception("status_failed")
            try:
                async with asyncio.timeout(pause):
                    await self._awake.wait()
            except TimeoutError:
                continue

    def _heard(self, touched: frozenset[str]) -> None:
        if touched & {TOPIC, "runbook"}:
            self._awake.set()

    async def round(self) -> float:
        """Render, show and push once; returns the seconds until the next round."""
        site = await self.db.read(usecase.snapshot, self.setup)
        site = replace(site, notices=notices(self.setup.data))
        files = await asyncio.to_thread(self.render, site)
        self.show(files, site.at)
        await asyncio.to_thread(keep_site, self.setup.data, site)
        if not self.pushes:
            return ROUND_SECONDS
        hosts = self.find_hosts()
        pauses = [await self._keep_up(host, files, site) for host in hosts]
        await self._tell(tuple(self._pushed[host.name].health for host in hosts))
        return min([ROUND_SECONDS, *pauses])

    async def _keep_up(self, host: Host, files: Mapping[str, Any], site: Site) -> float:
        """Put the page on a host, if it says something new, and look there; returns the seconds until the next try."""
        known = self._pushed.setdefault(host.name, _Pushed(HostHealth(host.name, host.url)))
        news, loop = _news(site), asyncio.get_running_loop()
        try:
            if known.news != news or loop.time() - known.put_at >= host.every_seconds or not known.given:
                known.news = None
                count = await asyncio.to_thread(host.put, files, site.at)
                known.news, known.put_at, known.looked_at = news, loop.time(), None
                known.given = [*known.given[-KEPT_BODIES:], (loop.time(), files[LAST].body)]
                known.health = replace(known.health, published_at=site.at)
                log.info("status_published", host=host.name, files=count)
            await self._look(host, known, site.at)
        except Failed as error:
            return self._failed(known, str(error), site.at)
        known.failures = 0
        known.health = replace(known.health, failing_since=None, why="")
        return LOOK_AGAIN_SECONDS if known.behind else ROUND_SECONDS

    async def _look(self, host: Host, known: _Pushed, now: datetime) -> None:
        """
        Fetch the page back from where the public sees it.

        Raises:
            Failed: it cannot be fetched, or has been behind what it was given for longer than the host may take.
        """
        at = asyncio.get_running_loop().time()
        if not host.url or (known.looked_at is not None and not known.behind and at - known.looked_at < LOOK_SECONDS):
            return
        known.looked_at, known.behind = at, True
        shown = await asyncio.to_thread(fetch, host.url)
        places = [place for place, (_, body) in enumerate(known.given) if body == shown]
        newer = known.given[max(places) + 1 :] if places else known.given
        if not newer:
            known.behind = False
            known.health = replace(known.health, seen_at=now)
        elif at - newer[0][0] >= host.patience.total_seconds():
            raise Failed(f"{host.url} shows another page than it was given")

    def _failed(self, known: _Pushed, why: str, now: datetime) -> float:
        known.failures += 1
        since = known.health.failing_since or now
        known.health = replace(known.health, failing_since=since, why=redact(why)[:WHY_LIMIT])
        log.error("status_not_published", host=known.health.name, why=known.health.why, failures=known.failures)
        return AGAIN_SECONDS[min(known.failures, len(AGAIN_SECONDS)) - 1]

    async def _tell(self, healths: tuple[HostHealth, ...]) -> None:
        """Let every process know how the hosts are, when that has changed."""
        if healths != self._told:
            await self.db.write(usecase.note_hosts, healths)
            self._told = healths


@dataclass(slots=True)
class _Pushed:
    """What a host has, and how it does. Instants without a zone are seconds of the loop's clock."""

    health: HostHealth
    news: object = None
    put_at: float = 0.0
    given: list[tuple[float, bytes]] = field(default_factory=list)  # first pages, with when it was given each
    looked_at: float | None = None
    behind: bool = False  # it does not show yet what it was given last
    failures: int = 0


def _news(site: Site) -> object:
    """What a reader would call new: all but the passing of time."""
    states = tuple((component.name, component.state) for component in site.components)
    look = site.name, site.url, site.accent, site.accent_dark, site.logo, site.subscribe, site.subscribe_at
    return look, states, site.incidents, site.maintenances, site.notices
