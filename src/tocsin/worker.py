"""The worker: take the steps that are due, deliver, sleep until the next due instant."""

from __future__ import annotations

import asyncio
import contextlib
import traceback
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import structlog

from tocsin.core import delivery
from tocsin.net import Network, redact
from tocsin.points import passing
from tocsin.sdk import Acted, Conversation, Delivered, Message, Reject, Retry, Transport, Verdict
from tocsin.store import queue
from tocsin.store.db import Busy, Database, Unsure
from tocsin.usecases import acting, deliver, diagnose, looks, publish, release, tick
from tocsin.usecases.acting import Call
from tocsin.usecases.actions import safe
from tocsin.usecases.configure import NoRunbook, Setup
from tocsin.usecases.deliver import Job
from tocsin.usecases.publish import write_whole

POLL_SECONDS: Final = 1.0  # the longest sleep: another node may have written; R10
PAUSE_SECONDS: Final = 0.5  # after a turn that failed
LOOK_AGAIN_SECONDS: Final = 60.0  # after a look at shift changes or readiness that raised
READ_AGAIN_SECONDS: Final = 1.0  # a call that starts later than this after its claim asks first whether it is needed
SENDS_PER_CHANNEL: Final = 32  # a channel with so many under way is passed over: one that hangs holds back only itself
SENDS_TO_SUBSCRIBERS: Final = 8  # however many they are, no page waits behind them
PACES_KEPT: Final = 4_096  # destinations whose last calls are remembered; more are looked through for old ones
PACE_SECONDS: Final = 60.0  # after which none matters any more
TOO_SHORT_SECONDS: Final = 1e-6  # to wait for: less is what is lost where floats are added

log = structlog.get_logger("tocsin.worker")


class Worker:
    """One loop over one database. Any number of them, on any number of nodes, may work side by side."""

    def __init__(self, db: Database, setup: Setup, network: Network, owner: str, speed: float = 1.0) -> None:
        self.db, self.setup, self.network, self.owner = db, setup, network, owner
        self._awake = asyncio.Event()
        self._sending: dict[asyncio.Task[None], Job] = {}
        self._unsure = False  # whether the last claim is stored
        self._through: Counter[str] = Counter()  # what is being sent, by lane (store.queue)
        self._pace = Pace()
        self._stopping = False
        self._look_from = 0.0  # seconds of the loop's clock
        self.poll_seconds = POLL_SECONDS
        self._speed = speed  # how many seconds of the store's clock pass in one of the loop's
        self.write_file = write_whole
        self.turns = 0

    async def run(self) -> None:
        """Work until `stop`. A turn that fails is logged, and the next one tries again."""
        self.db.listen(self._heard)
        while not self._stopping:
            self._awake.clear()
            try:
                pause = await self.turn()
            except (Busy, NoRunbook) as error:
                log.warning("turn_put_off", why=str(error))
                pause = PAUSE_SECONDS
            except Exception:
                log.exception("turn_failed")
                pause = PAUSE_SECONDS
            await self._sleep(pause)
        if self._sending:
            await asyncio.wait(self._sending, timeout=5)

    def stop(self) -> None:
        """Finish what is being sent, and end."""
        self._stopping = True
        self._awake.set()

    def _heard(self, touched: frozenset[str]) -> None:
        if touched & {"outbox", "wake"}:
            self._awake.set()

    async def _sleep(self, seconds: float) -> None:
        if seconds <= 0 or self._stopping:
            return
        try:
            async with asyncio.timeout(seconds):
                await self._awake.wait()
        except TimeoutError:
            pass

    async def turn(self) -> float:
        """Do what is due now; returns the seconds to sleep, 0 when there may be more."""
        self.turns += 1
        if self._unsure:
            sending = [part.id for job in self._sending.values() for part in (job, *job.folded)]
            await self.db.write(deliver.give_back, self.owner, sending)
            self._unsure = False
        full = sorted(lane for lane, count in self._through.items() if count >= _most(lane))
        due = await self.db.read_first(tick.look, full)
        looked = due.looks and asyncio.get_running_loop().time() >= self._look_from
        if not (due.steps or due.rows or looked):
            if due.seconds is None or due.looks:
                return self.poll_seconds
            return min(due.seconds / self._speed, self.poll_seconds)
        if due.steps:
            passing("T1")
            await self.db.write(tick.tick, self.setup)
            passing("T4")
        if looked:
            await self._look()
        claimed_at = asyncio.get_running_loop().time()
        try:
            jobs = await self.db.write(deliver.claim, self.setup, self.owner, full=full)
        except Unsure:
            self._unsure = True
            raise
        passing("O2")
        for job in jobs:
            task = asyncio.create_task(self._deliver(job, claimed_at))
            self._sending[task] = job
            self._through[queue.lane_of(job.kind, job.via)] += 1
            task.add_done_callback(self._sent)
        return 0 if due.steps or jobs else 0.01

    def _sent(self, task: asyncio.Task[None]) -> None:
        job = self._sending.pop(task)
        lane = queue.lane_of(job.kind, job.via)
        if self._through[lane] >= _most(lane):
            self._awake.set()  # what waits for this lane was passed over
        self._through[lane] -= 1

    async def _look(self) -> None:
        """Take the looks that are due. One that raises is logged and put off: no page waits for it."""
        try:
            await self.db.write(release.run, self.setup)  # first: what nothing holds back any more is paged
            await self.db.write(looks.run, self.setup, await self.db.read_first(looks.gather, self.setup))
        except (Busy, NoRunbook):
            raise
        except Exception:
            log.exception("look_failed")
            self._look_from = asyncio.get_running_loop().time() + LOOK_AGAIN_SECONDS

    async def _deliver(self, job: Job, claimed_at: float) -> None:
        """Send one job and settle it. `claimed_at`: seconds of the loop's clock."""
        if job.look:
            await self._diagnose(job, job.look)
            return
        if job.acts:
            await self._run_action(job, job.acts)
            return
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            verdict = Delivered("probe") if job.kind == "probe" else await self._send(job, claimed_at)
        except Exception as error:
            log.exception("send_failed", incident=job.incident, via=job.via)
            await self._settle(deliver.settle_plainly, self.setup, job, None, error)
            return
        if verdict is None:
            return
        passing("O6")
        milliseconds = int((loop.time() - started) * 1000)
        log.info(
            f"{job.kind}_{type(verdict).__name__.lower()}", incident=job.incident, via=job.via, ms=milliseconds,
            why=getattr(verdict, "why", None),
        )  # fmt: skip
        try:
            await self._settle(deliver.settle, self.setup, job, verdict, milliseconds)
        except Exception as error:
            log.exception("settle_failed", incident=job.incident, via=job.via)
            await self._settle(deliver.settle_plainly, self.setup, job, verdict, error)
        passing("O7")

    async def _diagnose(self, job: Job, asked: diagnose.Asked) -> None:
        """Look at one tool within its time. Whatever it does is an answer, and no reason to wait longer."""
        said: object
        try:
            async with asyncio.timeout(diagnose.SECONDS / self._speed):
                talk = diagnose.conversation(asked, job.config)
                said = talk if isinstance(talk, Reject) else await self.network.converse(talk)
        except TimeoutError:
            said = Reject(f"no answer within {diagnose.SECONDS:g} seconds")
        except Exception as error:  # noqa: BLE001 - its integration met an answer that it does not know
            where = redact("".join(traceback.format_exception(error)), *asked.secrets)  # its locals hold the token
            log.error("look_failed", incident=job.incident, source=asked.source, traceback=where)
            said = Reject(f"its answer could not be read ({type(error).__name__})")
        passing("O6")
        log.info("looked", incident=job.incident, source=asked.source, why=getattr(said, "why", None))
        try:
            await self._settle(diagnose.settle, self.setup, job.id, job.epoch, job.incident, asked, said)
        except Exception as error:
            log.exception("settle_failed", incident=job.incident, via=job.via)
            await self._settle(deliver.settle_plainly, self.setup, job, None, error)

    async def _run_action(self, job: Job, call: Call) -> None:
        """
        Ask whether it can still be done, record that it begins, call, and record what became of it.

        Nothing of this is done twice by itself: between the two records nobody knows, and the next claim says so.
        """
        passing("X2")
        try:
            why = await self.network.converse(call.actor.holds(call.parameters, call.config))
            begun = await self._answer(acting.begin, self.setup, job.id, job.epoch, safe(why, call.config))
            passing("X3")
            if not begun:
                return
            acted = await self._call(job, call)
            passing("X4")
        except Exception as error:
            log.exception("action_raised", incident=job.incident, action=call.run.action)
            await self._settle(acting.gave_up, self.setup, job.id, job.epoch, error)
            return
        log.info("action_called", incident=job.incident, action=call.run.action, state=acted.state)
        acted = replace(acted, why=safe(acted.why, call.config))
        try:
            await self._settle(acting.settle, self.setup, job.id, job.epoch, acted)
        except Exception as error:
            log.exception("action_not_settled", incident=job.incident, action=call.run.action)
            await self._settle(acting.gave_up, self.setup, job.id, job.epoch, error)
        passing("X5")

    async def _call(self, job: Job, call: Call) -> Acted:
        """Make the one call that changes something, keeping its lease alive; a rehearsal makes none."""
        if call.run.rehearsal:
            return Acted("done")
        beat = asyncio.create_task(self._beat(job))
        try:
            async with asyncio.timeout(acting.RUN_SECONDS):
                return await self.network.converse(call.actor.run(call.parameters, call.config))
        except TimeoutError:
            return Acted("unknown", f"no end within {acting.RUN_SECONDS:g} s")
        finally:
            beat.cancel()

    async def _beat(self, job: Job) -> None:
        """While the far side is called nobody else takes the row for lost."""
        while True:
            await asyncio.sleep(delivery.LEASE.total_seconds() / 3 / self._speed)
            with contextlib.suppress(Busy):
                await self.db.write(acting.renew, job.id, job.epoch)

    async def _answer(self, how: Callable[..., Any], *args: Any) -> Any:
        """Write something until the store answers; it is one that may be written again."""
        while True:
            try:
                return await self.db.write(how, *args)
            except Busy:
                await asyncio.sleep(PAUSE_SECONDS)

    async def _settle(self, how: Callable[..., None], *args: Any) -> None:
        """Write what came of a job, however long the store is busy: the provider has been asked already."""
        await self._answer(how, *args)

    async def _wanted(self, job: Job) -> bool:
        """Ask whether a job is still to be sent, until the store answers: that it is away is no fault of the job's."""
        while True:
            try:
                return await self.db.read_first(deliver.wanted, job)
            except Busy:
                await asyncio.sleep(PAUSE_SECONDS)

    async def _send(self, job: Job, claimed_at: float) -> Verdict | None:
        """Send one job; None when, by the time its turn comes, it is not to be sent any more."""
        if job.draft:
            return await asyncio.to_thread(publish.save_file, self.setup.data, job.draft, self.write_file)
        if other := self._beside_transports(job):
            return other if isinstance(other, Reject) else await self.network.converse(other)
        if job.transport is None:
            return Retry(f"no transport for {job.via} is installed")
        conversation = conversation_of(self.setup, job, job.transport)
        if conversation is None:
            return Retry(f"{job.transport.title} cannot do this")
        loop = asyncio.get_running_loop()
        while True:
            if loop.time() - claimed_at > READ_AGAIN_SECONDS and not await self._wanted(job):
                return None
            now = loop.time() * self._speed
            if not (wait := self._pace.start(job.destination, job.via, job.transport, now)):
                break
            await asyncio.sleep(
                min(wait / self._speed, READ_AGAIN_SECONDS)
            )  # no longer: its lease may leave no time for the wait
        verdict: object = await self.network.converse(conversation)
        if not isinstance(verdict, (Delivered, Retry, Reject)):  # taken for "not needed" it would wait for ever
            raise TypeError(f"{job.transport.title} gave no verdict but {type(verdict).__name__}")
        return verdict

    def _beside_transports(self, job: Job) -> Conversation[Verdict] | Reject | None:
        """What is said to a tracker, or to a vendor that asks before it sends; None for what a transport carries."""
        if job.call:
            return job.call.ask()
        if job.kind != "confirm":
            return None
        name, url = job.confirm
        source = self.setup.plugins.sources.get(name)
        if source is None or source.confirm is None:
            return Reject(f"no source {name} that confirms is installed")
        return source.confirm(url)


def _most(lane: str) -> int:
    """How many sends one lane has under way at most."""
    return SENDS_TO_SUBSCRIBERS if lane == queue.SUBSCRIBERS else SENDS_PER_CHANNEL


class Pace:
    """
    Keeps calls as far apart as their vendor wants it, counted where they start: what was claimed in time may be late.

    Times are seconds of the loop's clock.
    """

    def __init__(self) -> None:
        self._starts: dict[str, deque[float]] = {}

    def start(self, destination: str, via: str, transport: Transport, now: float) -> float:
        """
        Count a call to *destination* through the channel *via* that starts now, and return 0.

        Where a limit is in the way nothing is counted: returns the seconds after which to ask again.
        """
        limits = []
        if transport.per_second and destination:
            limits.append((self._of(destination, 1), 1 / transport.per_second))
        if transport.per_minute and destination:
            limits.append((self._of(f"minute:{destination}", transport.per_minute), queue.MINUTE.total_seconds()))
        if transport.total_per_second:
            limits.append((self._of(f"channel:{via}", int(transport.total_per_second)), 1.0))
        wait = max((starts[0] + span - now for starts, span in limits if len(starts) == starts.maxlen), default=0.0)
        if wait > TOO_SHORT_SECONDS:
            return wait
        for starts, _ in limits:
            starts.append(now)
        self._forget(now)
        return 0.0

    def _of(self, name: str, count: int) -> deque[float]:
        return self._starts.setdefault(name, deque(maxlen=max(count, 1)))

    def _forget(self, now: float) -> None:
        if len(self._starts) > PACES_KEPT:
            recent = now - PACE_SECONDS
            self._starts = {name: starts for name, starts in self._starts.items() if starts and starts[-1] > recent}


def conversation_of(setup: Setup, job: Job, transport: Transport) -> Conversation[Verdict] | None:
    """What a job has to say to its provider; None when its integration has no such verb."""
    if job.edit and job.message is not None:
        return transport.edit(job.message, job.edit, job.config) if transport.edit else None
    if job.step is not None:
        call = job.step.call
        if isinstance(call, Message):
            return transport.send(call, job.config)
        return transport.rooms.keep(call, job.config) if transport.rooms else None
    if job.message is not None:
        return transport.send(job.message, job.config)
    if job.reply is not None:
        chat = setup.plugins.chats.get(transport.name)
        return chat.reply(job.reply, job.config) if chat and chat.reply else None
    return transport.open_room(job.room, job.config) if transport.open_room else None
