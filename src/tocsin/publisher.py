"""The publisher: keeps the status page rendered, shows it here, and puts it on hosts that outlive this one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import quote

import structlog
from pydantic import TypeAdapter, ValidationError

from tocsin import s3
from tocsin.core.runbook import Bucket, PublishTo
from tocsin.core.statuspage import Site
from tocsin.store.db import Busy, Database
from tocsin.store.publish import TOPIC
from tocsin.usecases import site as usecase
from tocsin.usecases.configure import NoRunbook, Setup
from tocsin.usecases.publish import write_whole

ROUND_SECONDS: Final = 60.0  # how often the page is rendered though nothing was said: its days and ages go on
PUSH_SECONDS: Final = 600.0  # how often other hosts get it though nothing was said
AGAIN_SECONDS: Final = (5.0, 15.0, 60.0)  # after a host that failed; the last one again and again
SNAPSHOT: Final = "statuspage.json"  # in the data directory: the last page, for when the database is gone
NOTICES: Final = "statuspage-notices.json"  # what was said by hand while Tocsin was down
LAST: Final = "index.html"  # written last: it links to the others

log = structlog.get_logger("tocsin.status")


class File(Protocol):
    """A rendered file."""

    @property
    def type(self) -> str: ...
    @property
    def body(self) -> bytes: ...


class Failed(Exception):  # noqa: N818 - what publishing to a host has
    """A host did not take the page, or does not show it. The text is one line, without secrets."""


Render = Callable[[Site], Mapping[str, Any]]
Put = Callable[[Mapping[str, File], datetime], int]  # files and the instant, to how many were written


@dataclass(frozen=True, slots=True)
class Host:
    """One place that gets the page. `put` raises Failed."""

    name: str
    put: Put


@cache
def _sites() -> TypeAdapter[Site]:
    return TypeAdapter(Site)  # slow to make: not before it is used


_NOTICES: Final = TypeAdapter(tuple[tuple[datetime, str], ...])


def hosts(to: PublishTo, data: Path, left_out: Iterable[str] = ()) -> tuple[Host, ...]:
    """The hosts that the runbook names; a relative directory is below *data*."""
    found = []
    if to.directory:
        directory = data / to.directory
        found.append(Host(f"directory {to.directory}", lambda files, _: _to_directory(directory, files)))
    if to.s3 and "status_page.publish.s3" not in left_out:
        found.append(Host(f"bucket {to.s3.bucket}", _Bucketeer(to.s3, data).put))
    return tuple(found)


def _to_directory(directory: Path, files: Mapping[str, File]) -> int:
    """Write what has changed, each file whole or not at all, and read it back."""
    written = 0
    try:
        for path in sorted(files, key=lambda name: name == LAST):
            target, body = directory / path, files[path].body
            if target.exists() and target.read_bytes() == body:
                continue
            write_whole(target, body)
            written += 1
            if target.read_bytes() != body:
                raise Failed(f"{target.name} does not read back as it was written")
    except OSError as error:
        raise Failed(f"{error.filename or directory}: {error.strerror}") from None
    return written


class _Bucketeer:
    """Puts what has changed into a bucket, and fetches the first page back."""

    def __init__(self, bucket: Bucket, data: Path) -> None:
        self.bucket, self.spare = bucket, data / ".statuspage.part"
        self.s3 = s3.S3(bucket.endpoint, bucket.region, bucket.access_key, bucket.secret_key)
        self._there: dict[str, bytes] = {}

    def put(self, files: Mapping[str, File], now: datetime) -> int:
        """Raises Failed."""
        written, bucket = 0, self.bucket.bucket
        try:
            for path in sorted(files, key=lambda name: name == LAST):
                if self._there.get(path) == files[path].body:
                    continue
                self.spare.write_bytes(files[path].body)
                s3.put(self.s3, bucket, self._key(path), self.spare, now, files[path].type)
                self._there[path] = files[path].body
                written += 1
            if written:
                s3.get(self.s3, bucket, self._key(LAST), self.spare, now)
                if self.spare.read_bytes() != files[LAST].body:
                    raise Failed(f"the bucket {bucket} shows another page than it was given")
        except (s3.S3Failed, OSError) as error:
            self._there.clear()
            raise Failed(str(error)) from None
        finally:
            self.spare.unlink(missing_ok=True)
        return written

    def _key(self, path: str) -> str:
        return "/".join(part for part in (self.bucket.prefix.strip("/"), quote(path)) if part)


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
        self._pushed: dict[str, tuple[object, float]] = {}  # host to what it has, and since when (the loop's clock)
        self._failures: dict[str, int] = {}

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
        results = [await self._push(host, files, site) for host in self.find_hosts()]
        return min([ROUND_SECONDS, *results])

    async def _push(self, host: Host, files: Mapping[str, Any], site: Site) -> float:
        """Put the page on a host, if it says something new; returns the seconds until that should be tried again."""
        news, now = _news(site), asyncio.get_running_loop().time()
        had, at = self._pushed.get(host.name, (None, 0.0))
        if had == news and now - at < PUSH_SECONDS:
            return ROUND_SECONDS
        try:
            written = await asyncio.to_thread(host.put, files, site.at)
        except Failed as error:
            failures = self._failures[host.name] = self._failures.get(host.name, 0) + 1
            log.error("status_not_published", host=host.name, why=str(error), failures=failures)
            return AGAIN_SECONDS[min(failures, len(AGAIN_SECONDS)) - 1]
        self._failures.pop(host.name, None)
        self._pushed[host.name] = news, now
        log.info("status_published", host=host.name, files=written)
        return ROUND_SECONDS


def _news(site: Site) -> object:
    """What a reader would call new: all but the passing of time."""
    states = tuple((component.name, component.state) for component in site.components)
    look = site.name, site.url, site.accent, site.logo
    return look, states, site.incidents, site.maintenances, site.notices
