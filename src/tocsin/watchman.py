"""The watchman: looks every few seconds whether pages still flow, and tells the outside that they do."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import structlog

from tocsin.core.types import incident_name
from tocsin.core.watch import OVERDUE
from tocsin.net import Network, redact
from tocsin.points import passing
from tocsin.sdk import Request
from tocsin.store import postmortems, retention
from tocsin.store.db import Busy, Database
from tocsin.usecases import publish, watch
from tocsin.usecases.configure import NoRunbook, Setup
from tocsin.usecases.handwritten import Files

JUDGE_SECONDS: Final = 10.0  # how often it is judged whether anybody can be paged
AUDIT_SECONDS: Final = watch.EVERY.total_seconds()
PROBE_SECONDS: Final = 30.0  # a test page that takes longer did not come through
LOOK_SECONDS: Final = 0.1  # between two looks at a test page
SWEEP_SECONDS: Final = 3_600.0  # how often old rows are removed
FILES_SECONDS: Final = 30.0  # how often it is looked whether somebody changed a postmortem's file by hand
SWEEP_PAUSE_SECONDS: Final = 0.2  # between two parts of it: others write in between

log = structlog.get_logger("tocsin.watch")


@dataclass(frozen=True, slots=True)
class DeadMan:
    """Whom to ping outside, and how often; without `url` nobody. `fail_url` hears of a probe that did not pass."""

    url: str = field(default="", repr=False)
    fail_url: str = field(default="", repr=False)
    every_seconds: float = 60.0
    deadline_seconds: float = PROBE_SECONDS


class Watchman:
    """
    Runs beside the worker, and stands on nothing of it: a worker that hangs is found, and so is a store that does.

    `clock` gives how far the machine's clock went back and jumped forward since it was asked last; `keep` says how long
    the rows of ended incidents are kept, None for ever.
    """

    def __init__(
        self, db: Database, setup: Setup, network: Network, owner: str, dead_man: DeadMan,
        clock: Callable[[], tuple[timedelta, timedelta]], keep: timedelta | None = None,
    ) -> None:  # fmt: skip
        self.db, self.setup, self.network, self.owner = db, setup, network, owner
        self.dead_man, self.clock, self.keep = dead_man, clock, keep
        self.files = Files()
        self._probes = itertools.count()
        self.next_minute = 0.0  # seconds of the loop's clock
        self.audits = False  # not before the worker had a minute to catch up, after a start as after a jump

    async def run(self) -> None:
        """Watch until cancelled. What fails is logged, and the next round tries again."""
        rounds = [self._round(self.look, JUDGE_SECONDS), self._round(self.sweep, SWEEP_SECONDS),
                  self._round(self.read_files, FILES_SECONDS)]  # fmt: skip
        if self.dead_man.url:
            rounds.append(self._round(self.test, self.dead_man.every_seconds))
        await asyncio.gather(*rounds)

    async def _round(self, what: Callable[[], object], seconds: float) -> None:
        while True:
            try:
                await what()  # type: ignore[misc]
            except (Busy, NoRunbook) as error:
                log.warning("watch_put_off", why=str(error))
            except Exception:
                log.exception("watch_failed")
            await asyncio.sleep(seconds)

    async def look(self) -> None:
        """Judge whether anybody can be paged; once a minute run the auditor and keep the time."""
        blocked = await self.db.write(watch.judge, self.setup)
        if blocked:
            log.error("cannot_page", why=blocked.why, since=str(blocked.since))
        if self.db.trouble and self.db.reserve and self.db.reserve.spent:
            why, since = self.db.trouble
            log.error("storage_full", why=why, since=str(since))
            await self.db.write(watch.tell_full, self.setup, since)
        now = asyncio.get_running_loop().time()
        if now < self.next_minute:
            return
        behind, jumped = self.clock()
        if notice := await self.db.write(watch.keep_time, behind, jumped):
            log.error("clock_moved", why=notice)
        if self.audits and jumped < OVERDUE:
            await self.db.write(watch.audit, self.setup)
        self.audits, self.next_minute = True, now + AUDIT_SECONDS

    async def sweep(self) -> None:
        """Remove what is old, part by part."""
        keep, gone, part = self.keep, 0, 1
        while part:
            numbers = await self.db.read(retention.ended, keep) if keep is not None else []
            passing("V1")
            part = await self.db.write(retention.remove, keep, numbers)
            passing("V3")
            gone += part
            await asyncio.sleep(SWEEP_PAUSE_SECONDS)
        if gone:
            log.info("old_rows_removed", rows=gone)

    async def read_files(self) -> None:
        """Notice what people changed by hand in files on this node: it is kept beside the document, to be joined."""
        rows = await self.db.read(postmortems.files)
        for number, text in await asyncio.to_thread(self.files.look, self.setup.data, rows):
            if await self.db.read(publish.is_strange, number, text):
                await self.db.write(publish.noticed, number, text)
                log.info("document_changed_by_hand", incident=incident_name(number))

    async def test(self) -> None:
        """Send a test alert through the whole, and ping the outside only when its page came out at the other end."""
        why = await self._probe()
        if why:
            log.error("probe_failed", why=why)
        url = self.dead_man.fail_url if why else self.dead_man.url
        if url:
            answer = await self.network.send(Request("POST", url, body=why.encode()))
            if not 200 <= answer.status < 300:
                log.warning("dead_man_unheard", status=answer.status, why=redact(answer.error, url))

    async def _probe(self) -> str:
        """Why the test page did not come through, or why nobody can be paged anyway; empty when all is well."""
        key = f"probe:{self.owner}:{next(self._probes)}"
        try:
            async with asyncio.timeout(self.dead_man.deadline_seconds):
                await self.db.write(watch.probe, key, self.setup)
                while not await self.db.read_first(watch.probe_settled, key):
                    await asyncio.sleep(LOOK_SECONDS)
                return await self.db.write(watch.end_probe, key)
        except TimeoutError:
            why = f"a test page did not come out within {self.dead_man.deadline_seconds:g} s"
        except (Busy, NoRunbook) as error:
            why = f"a test alert could not be taken: {error}"
        await self._give_up(key, why)
        return why

    async def _give_up(self, key: str, why: str) -> None:
        """Keep that it failed, if the store can; the next probe clears up what this one leaves."""
        try:
            async with asyncio.timeout(self.dead_man.deadline_seconds):
                await self.db.write(watch.end_probe, key, why)
        except (TimeoutError, Busy) as error:
            log.warning("probe_not_kept", why=str(error) or "no answer")
