"""Simulated people who act: they plan, approve (twice, late, wrongly, or not at all), undo, and look at the target."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from random import Random
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final, cast

from starlette.requests import Request

from tocsin.core import events
from tocsin.core.actions import Run
from tocsin.core.probes import Seen
from tocsin.core.types import Refused
from tocsin.simulate.runbooks import PEOPLE
from tocsin.store import actions as store
from tocsin.store import incidents, probes
from tocsin.usecases import actions, respond
from tocsin.usecases.access import Viewer
from tocsin.usecases.configure import NoRunbook
from tocsin.web import api_actions

if TYPE_CHECKING:
    from tocsin.simulate.world import Node, World

MINUTE, HOUR = 60.0, 3600.0
NAMES: Final = ("roll_back", "roll_back", "redeploy", "redeploy", "switch", "drain")
HABITS: Final = {  # what becomes of a plan, and how often
    "approve": 10, "two": 4, "late": 2, "nobody": 1, "themselves": 1, "another hash": 1, "another incident": 1,
    "over": 1, "stopped": 1,
}  # fmt: skip
TRIES: Final = 60  # of a press that nobody answers
LOOKS: Final = 12  # at what became of a run
PROBE: Final = "front"


class Crew:
    """Everybody who acts. What they press, and what they were answered, the oracle hears as it happens."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.random = Random(f"crew {world.seed}")
        assert world.base
        world.base.write_now(probes.meet, PROBE, "http", "api")

    async def run(self, until: float) -> None:
        """Act on one incident after the other until the world's time *until*."""
        async with asyncio.TaskGroup() as group:
            while True:
                await asyncio.sleep(self.random.expovariate(1 / (20 * MINUTE)))
                if self.world.loop.at >= until:
                    return
                group.create_task(self._session())

    async def approved(self) -> bytes | None:
        """A backup of an instant at which an action is approved and not begun; None where it did not come to that."""
        number = await self._incident(old=0.0)
        run = await self._plan(number, "roll_back", "ana") if number else None
        if run is None:
            return None
        backup: list[bytes] = []

        async def press(asked: Request) -> Run:
            made = await api_actions.make_approval(
                asked, _viewer("bo"), run.incident, run.action, {"plan": run.id, "hash": run.hash}
            )
            backup.append(self.world.driver.serialize())
            return made

        self.world.oracle.acts.pressed(run.id, "bo", run.hash, run.incident)
        await self._insist(press, TRIES)
        await asyncio.sleep(MINUTE)
        return backup[0] if backup else None

    # ------------------------------------------------------------------------------------- one story

    async def _session(self) -> None:
        number = await self._incident()
        if number is None:
            return
        name, planner = self.random.choice(NAMES), self.random.choice(PEOPLE)
        run = await self._plan(number, name, planner)
        if run is None:
            return
        if run.approve == "none":
            await self._at_once(run)
        else:
            await self._habit(run)
        run = await self._follow(run)
        if run and run.undoable and run.ran and self.random.random() < 0.5:
            await self._take_back(run)
        if self.random.random() < 0.8:
            await self.world.people.act(number, events.Resolve(planner, resolution="acted"))

    async def _incident(self, old: float = 0.4) -> int | None:
        """One that somebody works on, or (of all but *old*) one that is declared for this; None: nobody answers."""
        if self.random.random() < old:
            found: list[int] = await self._ask(lambda node: node.db.read(incidents.working)) or []
            if found:
                return self.random.choice(found)
        event = events.Declared("to be acted on", self.random.choice(("P1", "P2")), "ana", service="api")

        async def declare(node: Node) -> int:
            number: int = await node.db.write(lambda tx: respond.declare(tx, node.setup, event))
            return number

        number: int | None = await self._ask(declare)
        if number is not None:
            who = self.random.choice(PEOPLE)
            await self.world.people.act(number, events.Acknowledge(who))
            if self.random.random() < 0.8:
                await self.world.people.act(number, events.Assign(who, "commander", self.random.choice(PEOPLE)))
        return number

    async def _plan(self, number: int, name: str, by: str) -> Run | None:
        return await self._insist(lambda asked: api_actions.make_plan(asked, _viewer(by), number, name, None), 3)

    async def _at_once(self, run: Run) -> None:
        """What needs no approval: whoever planned it presses, and some press twice."""
        times = 2 if self.random.random() < 0.3 else 1
        await asyncio.gather(*(self._start(run, run.planned_by) for _ in range(times)))

    async def _habit(self, run: Run) -> None:
        habit = self.random.choices(tuple(HABITS), tuple(HABITS.values()))[0]
        await asyncio.sleep(self.random.lognormvariate(3.5, 1.0))
        match habit:
            case "two":
                await asyncio.gather(*(self._press(run, who) for who in self.random.sample(PEOPLE, 2)))
            case "late":
                await asyncio.sleep(self.random.choice((9.5, 10.0, 11.0)) * MINUTE)
            case "nobody":
                return
            case "themselves":
                await self._press(run, run.planned_by)
            case "another hash":
                await self._press(run, await self._who(run), hash_="0" * 64)
            case "another incident":
                await self._press(run, await self._who(run), number=self.random.choice((run.incident - 1, 1)))
            case "over":
                await self.world.people.act(run.incident, events.Resolve("ana", resolution="it is over"))
            case "stopped":
                await self._stopped(run)
        await self._press(run, await self._who(run))
        if self.random.random() < 0.3:  # somebody comes later, to a plan that is used
            await asyncio.sleep(self.random.uniform(0, 90))
            await self._press(run, self.random.choice(PEOPLE))

    async def _stopped(self, run: Run) -> None:
        """Somebody stops all actions for a while, perhaps just after one was approved."""
        if self.random.random() < 0.5:
            await self._press(run, await self._who(run))
        await self._set(lambda node: node.db.write(actions.stop, "ana", "look first"))
        await self._press(run, await self._who(run))
        await asyncio.sleep(self.random.uniform(1, 5) * MINUTE)
        await self._set(lambda node: node.db.write(actions.allow, "ana"))

    async def _set(self, work: Callable[[Node], Awaitable[Any]]) -> None:
        """Turn the switch until it is answered."""
        for _ in range(TRIES):
            if await self._ask(work) is not None:
                return
            await asyncio.sleep(self.random.uniform(1, 10))

    async def _who(self, run: Run) -> str:
        """Who may approve it, as far as they know: the commander, or somebody else than who planned it."""
        others = [name for name in PEOPLE if name != run.planned_by]
        if run.approve != "commander":
            return self.random.choice(others)
        stored = await self._ask(lambda node: node.db.read(incidents.load, run.incident))
        return (stored.state.commander if stored else None) or self.random.choice(others)

    # ------------------------------------------------------------------------------------- what is pressed

    async def _press(self, run: Run, who: str, *, hash_: str = "", number: int = 0) -> Run | None:
        """Press Approve until it is answered; a refusal is an answer."""
        said = {"plan": run.id, "hash": hash_ or run.hash}
        number = number or run.incident
        self.world.oracle.acts.pressed(run.id, who, said["hash"], number)
        return await self._insist(
            lambda asked: api_actions.make_approval(asked, _viewer(who), number, run.action, said), TRIES
        )

    async def _start(self, run: Run, who: str) -> Run | None:
        self.world.oracle.acts.pressed(run.id, who, run.hash, run.incident)
        return await self._insist(
            lambda asked: api_actions.make_run(asked, _viewer(who), run.incident, run.action, run.id), TRIES
        )

    async def _take_back(self, run: Run) -> None:
        """Plan the undo of a run, and mostly have it approved."""
        who = self.random.choice(PEOPLE)

        async def plan(asked: Request) -> Run:
            setup = asked.app.state.setup
            made: Run = await asked.app.state.db.write(actions.plan_undo, setup, run.incident, run.action, run.id, who)
            return made

        undo = await self._insist(plan, 3)
        if undo is None or self.random.random() < 0.1:
            return
        if undo.approve == "none":
            await asyncio.gather(*(self._start(undo, who) for who in self.random.sample(PEOPLE, 2)))
        else:
            await asyncio.gather(self._press(undo, await self._who(undo)), self._press(undo, await self._who(undo)))
        await self._follow(undo)

    # ------------------------------------------------------------------------------------- what became of it

    async def _follow(self, run: Run) -> Run | None:
        """Look how it goes on until it is over; of what is unknown most say what they see at the target."""
        waits = self.random.choice((0.1, 1.0, 3.0, 10.0)) * MINUTE
        looks, seen = self.random.random() < 0.7, run
        for _ in range(LOOKS):
            await asyncio.sleep(self.random.uniform(0.2, 1.5) * MINUTE)
            found = await self._ask(lambda node: node.db.read(store.get, run.id))
            seen = found or seen
            if seen.state == "verifying":
                await self._prove()
            elif seen.state == "unknown" and looks:
                await asyncio.sleep(waits)
                return await self._look(seen)
            elif seen.state not in ("approved", "running"):
                break
        return seen

    async def _look(self, run: Run) -> Run | None:
        """Say what the target shows now."""
        done, who = self.world.target.did(run.id), self.random.choice(PEOPLE)
        self.world.oracle.acts.looked(run.id, done=done)
        return await self._insist(
            lambda asked: api_actions.keep_look(asked, _viewer(who), run.incident, run.action, run.id, done=done), TRIES
        )

    async def _prove(self) -> None:
        """The probe has looked, and mostly all is well."""
        ok = self.random.random() < 0.7

        def look(tx: Any) -> None:
            known = probes.known(tx, [PROBE])[PROBE]
            since = known.seen.since if known.seen and known.seen.ok == ok else tx.now
            probes.put_seen(tx, known, Seen(ok, "" if ok else "slow", tx.now, since, 12, ""), "api")

        await self._ask(lambda node: node.db.write(look))

    # ------------------------------------------------------------------------------------- asking

    async def _ask(self, work: Callable[[Node], Awaitable[Any]]) -> Any:
        try:
            return await self.world.ask(work)
        except (Refused, NoRunbook):
            return None

    async def _insist(self, work: Callable[[Request], Awaitable[Run]], times: int) -> Run | None:
        """Ask some node until it answers, as a person would; None when it refused, or nobody answered."""
        for _ in range(times):
            try:
                answer: Run | None = await self.world.ask(lambda node: work(_asked(node)))
            except (Refused, NoRunbook):
                return None
            if answer is not None:
                return answer
            await asyncio.sleep(self.random.uniform(1, 10))
        return None


def _viewer(person: str) -> Viewer:
    return Viewer(person, person, "responder")


def _asked(node: Node) -> Request:
    """A request to a node, as far as the views of actions look at one."""
    state = SimpleNamespace(db=node.db, setup=node.setup, network=node.worker.network)
    return cast("Request", SimpleNamespace(app=SimpleNamespace(state=state)))
