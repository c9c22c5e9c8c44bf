"""A backup of some moment of a run, put back at its end: nothing but the summary goes out before the release (19)."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, Any, Final

from tocsin.core.types import incident_name
from tocsin.simulate.oracle import Oracle
from tocsin.simulate.target import Called
from tocsin.store.schema import to_micros
from tocsin.usecases import restored
from tocsin.usecases.configure import put_meta
from tocsin.usecases.deliver import Job

if TYPE_CHECKING:
    from tocsin.simulate.world import World

DRAINED_SECONDS: Final = 120.0  # after the release: what waited is out, at a message a second for each chat


class Held(Oracle):
    """Looks at what goes out; the timelines have gone back, so nothing else can be held against them."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.violations = world.oracle.violations
        self.summaries, self.released = 0, False
        self._called = {call.run for call in world.target.calls}

    def commit(self, node: str, touched: frozenset[str]) -> None:
        """Nothing to look at."""

    def settling(self, usecase: Callable[..., Any], args: tuple[Any, ...]) -> Callable[[], None]:
        return lambda: None

    def called(self, call: Called) -> None:
        """What was called before the backup was put back, or since, is not called again (17, 19)."""
        if not self.released:
            self.broken("19 restored", f"an action is called before the release: {call.words}")
        if call.run in self._called:
            self.broken("17 once for each approval", f"after a restore it is called again: {call.words}")
        self._called.add(call.run)

    def delivered(self, job: Job, to: str) -> None:
        """Nothing to look at: who was paged before the backup may be paged again."""

    def call(self, node: str, job: Job) -> None:
        """Before the release the summary goes out, and nothing else."""
        row = self.found("SELECT key FROM outbox WHERE id = :o", o=job.id)[0]
        if row.key.startswith(f"alarm:{restored.SUMMARY}:"):
            self.summaries += 1
        elif not self.released:
            self.broken("19 restored", f"{node} sends {row.key} before the release", job.incident)


async def put_back(world: World) -> None:
    """Stop every node, put the backup in the place of the store, start them, and release it, or let its time pass."""
    assert world.base
    random = Random(f"restore {world.seed}")
    if world.crew:  # its approval is used up when the backup is put back
        world.backup = await world.crew.approved() or world.backup
    for node in world.nodes:
        node.stop()
    await asyncio.sleep(1)
    oracle = world.oracle = Held(world)
    with contextlib.closing(sqlite3.connect(":memory:")) as copy:
        copy.deserialize(world.backup or b"")
        copy.backup(world.driver)  # a connection whose own bytes are replaced forgets where json_each is, and dies
    world.base.write_now(put_meta, restored.MARK, "waits for a start")
    world.base.write_now(restored.begin, world.setup())
    world.note("a backup is put back")
    for node in world.nodes:
        node.start()
    if random.random() < 0.5:
        await asyncio.sleep(restored.WAITS.total_seconds() - 1)
    else:
        await asyncio.sleep(random.uniform(5, 590))
        await world.nodes[0].db.write(restored.release, "ana")
    oracle.released = True
    await asyncio.sleep(DRAINED_SECONDS)
    if not oracle.summaries:
        oracle.broken("19 restored", "nobody was sent the summary")
    late = to_micros(world.clock()) - 5_000_000
    for row in oracle.found("SELECT incident, kind FROM outbox WHERE state = 'pending' AND due < :t", t=late)[:1]:
        what = f"a {row.kind} of {incident_name(row.incident)}" if row.incident else f"a {row.kind}"
        oracle.broken("19 restored", f"{what} still waits after the release", row.incident or 0)
