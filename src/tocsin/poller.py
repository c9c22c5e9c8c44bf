"""The poller: asks the vendors for what people pressed, typed and said, so that no public address is needed."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from tocsin.net import Network, redact
from tocsin.sdk import Polled
from tocsin.store.db import Busy, Database
from tocsin.usecases import chat
from tocsin.usecases.chat import Line
from tocsin.usecases.configure import NoRunbook, Setup

LOOK_SECONDS: Final = 5.0  # how often the runbook's accounts are looked at again, and who has their lease
PAUSE_SECONDS: Final = 5.0  # after a look at a vendor that failed and named no wait
LISTEN_SECONDS: Final = 600.0  # how often a vendor is told anew where to call
LONGEST_SECONDS: Final = 60.0  # and at most, doubling from there

log = structlog.get_logger("tocsin.chat")


class Poller:
    """
    One task for each account that people can answer through. Any number of nodes: the lease lets one of them ask.

    Where the vendor can call us it is told to, once, and not asked; when it will not, it is asked after all.
    """

    def __init__(self, db: Database, setup: Setup, network: Network, owner: str) -> None:
        self.db, self.setup, self.network, self.owner = db, setup, network, owner
        self.look_seconds = LOOK_SECONDS
        self._tasks: dict[str, tuple[Line, asyncio.Task[None]]] = {}

    async def run(self) -> None:
        """Poll until cancelled; the leases then go back."""
        try:
            while True:
                try:
                    self._follow(await self.db.read(chat.lines, self.setup))
                except (Busy, NoRunbook) as error:
                    log.warning("poll_put_off", why=str(error))
                except Exception:
                    log.exception("poll_failed")
                await asyncio.sleep(self.look_seconds)
        finally:
            for _, task in self._tasks.values():
                task.cancel()
            await self.db.write(chat.end_polls, self.owner)

    def _follow(self, lines: list[Line]) -> None:
        """Begin what the runbook has new, end what it has no more; changed settings are both."""
        wanted = {line.name: line for line in lines}
        for name, (line, task) in list(self._tasks.items()):
            if wanted.get(name) != line or task.done():
                task.cancel()
                del self._tasks[name]
        for name, line in wanted.items():
            if name not in self._tasks and line.chat.poll:
                self._tasks[name] = line, asyncio.create_task(self._serve(line), name=f"poll {line.via}")

    async def _serve(self, line: Line) -> None:
        """Have the vendor call, or ask it, for as long as this account is in the runbook."""
        failures, listens_at, called, named = 0, 0.0, False, line.chat.me is None
        while True:
            try:
                named = named or await self._ask_name(line)
                now = asyncio.get_running_loop().time()
                if line.calls_back and now >= listens_at:
                    called, listens_at = await self._listen(line), now + LISTEN_SECONDS
                if called:
                    await asyncio.sleep(LISTEN_SECONDS)
                    continue
                polled = await self.turn(line)
            except (Busy, NoRunbook) as error:
                polled = Polled(why=str(error))
            except Exception:
                log.exception("poll_failed", via=line.via)
                polled = Polled(why="a fault of our own")
            if polled is None:
                await asyncio.sleep(self.look_seconds)
                continue
            failures = failures + 1 if polled.why else 0
            if polled.why:
                log.warning("poll_refused", via=line.via, why=redact(polled.why))
                doubled = min(PAUSE_SECONDS * 2 ** (failures - 1), LONGEST_SECONDS)
                await asyncio.sleep(max(polled.after or 0, doubled))

    async def _ask_name(self, line: Line) -> bool:
        """Ask the vendor what we are called, and keep it; says whether it told."""
        assert line.chat.me
        name = await self.network.converse(line.chat.me(line.config))
        if name:
            await self.db.write(chat.keep_name, line, name)
        return bool(name)

    async def _listen(self, line: Line) -> bool:
        """Tell the vendor where to call; says whether it will."""
        assert line.chat.listen
        url = self.setup.public_url + line.chat.paths[0]
        why = await self.network.converse(line.chat.listen(line.config, url))
        if why:
            log.warning("webhook_refused", via=line.via, why=redact(why))
        else:
            log.info("webhook_set", via=line.via, url=url)
        return not why

    async def turn(self, line: Line) -> Polled | None:
        """Look at the vendor once and take what it brings; None while another node has the lease."""
        offset = await self.db.write(chat.begin_poll, line, self.owner)
        if offset is None or line.chat.poll is None:
            return None
        polled = await self.network.converse(line.chat.poll(line.config, offset))
        if polled.heard or polled.offset != offset:
            taken = (polled.heard, polled.offset or offset)
            await self.db.write(chat.take_polled, self.setup, line, self.owner, *taken)
        return polled
