"""Keeps the rota: reads the calendars of schedules when they are due, and ends swaps that nobody answered."""

from __future__ import annotations

import asyncio
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import orjson
import structlog

from tocsin import calendar_in
from tocsin.core.stand_ins import Booking
from tocsin.net import Network, redact
from tocsin.sdk import Request, Response
from tocsin.store.db import Busy, Database
from tocsin.usecases import rota
from tocsin.usecases.configure import NoRunbook, Setup
from tocsin.usecases.rota import ToRead

SLEEP_SECONDS: Final = 60.0  # the longest: another node may have changed something
PAUSE_SECONDS: Final = 5.0  # after a turn that failed
FETCH_SECONDS: Final = 20.0
READ_SECONDS: Final = 30.0  # for the process that reads a feed, its own start included; its work has a shorter limit
LEASE: Final = timedelta(minutes=2)  # of a calendar that is being read

log = structlog.get_logger("tocsin.rota")


class Rota:
    """One loop. It sleeps until something is due, or somebody changes who is on call."""

    def __init__(self, db: Database, setup: Setup, network: Network) -> None:
        self.db, self.setup, self.network = db, setup, network
        self._awake = asyncio.Event()

    async def run(self) -> None:
        """Work until cancelled. A turn that fails is logged, and the next one tries again."""
        self.db.listen(self._heard)
        while True:
            self._awake.clear()
            try:
                pause = await self.turn()
            except (Busy, NoRunbook) as error:
                log.warning("rota_put_off", why=str(error))
                pause = PAUSE_SECONDS
            except Exception:
                log.exception("rota_failed")
                pause = PAUSE_SECONDS
            await self._sleep(pause)

    def _heard(self, touched: frozenset[str]) -> None:
        if touched & {"oncall", "runbook"}:
            self._awake.set()

    async def _sleep(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._awake.wait()
        except TimeoutError:
            pass

    async def turn(self) -> float:
        """Do what is due; returns the seconds to sleep."""
        seconds = await self.db.read(rota.due, self.setup)
        if seconds is None or seconds > 0:
            return min(SLEEP_SECONDS if seconds is None else seconds, SLEEP_SECONDS)
        jobs = await self.db.write(rota.begin, self.setup, LEASE)
        await asyncio.gather(*(self._renew(job) for job in jobs))
        return 0.01

    async def _renew(self, job: ToRead) -> None:
        """Read one calendar; what cannot be read leaves what was read before in force."""
        answer = await self._fetch(job)
        body = job.body if answer.status == 304 and job.body is not None else answer.body
        if answer.status not in (200, 304):
            why, read = redact(answer.error, job.url) or f"status {answer.status}", None
        else:
            why, read = await unfold(job, body)
        if read is None:
            if await self.db.write(rota.fail, self.setup, job, why):
                log.warning("calendar_not_read", schedule=job.schedule, why=why)
            return
        etag = answer.headers.get("etag") if answer.status == 200 else job.etag
        await self.db.write(rota.keep, self.setup, job, body, etag, read)
        log.info("calendar_read", schedule=job.schedule, events=len(read))

    async def _fetch(self, job: ToRead) -> Response:
        if job.file:
            return await asyncio.to_thread(_from_file, self.setup.data / job.file)
        headers = {"Accept": "text/calendar", **({"If-None-Match": job.etag} if job.etag and job.body else {})}
        limit = calendar_in.SIZE_LIMIT + 1
        return await self.network.send(
            Request("GET", job.url, headers=headers, timeout_seconds=FETCH_SECONDS, answer_limit=limit)
        )


def _from_file(path: Path) -> Response:
    try:
        with path.open("rb") as file:
            return Response(200, body=file.read(calendar_in.SIZE_LIMIT + 1))
    except OSError as error:
        return Response(0, error=f"{path.name}: {error.strerror}")


async def unfold(job: ToRead, body: bytes) -> tuple[str, list[Booking] | None]:
    """Read a feed in a process of its own; gives why it cannot be used, or what it says."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tocsin.calendar_in", job.zone, job.start.isoformat(), job.until.isoformat(),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(READ_SECONDS):
            out, _ = await process.communicate(body)
    except TimeoutError:
        process.kill()
        await process.wait()
        return f"not read within {READ_SECONDS:g} s", None
    if process.returncode:
        return f"takes over {calendar_in.SECONDS_LIMIT} s of work to read", None
    said: Any = orjson.loads(out)
    if "why" in said:
        return str(said["why"]), None
    at = datetime.fromisoformat
    return "", [Booking(job.schedule, at(start), at(until), tuple(names)) for start, until, names in said["events"]]
