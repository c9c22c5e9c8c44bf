"""
Bugs planted on purpose: what other pagers got wrong, one at a time, put into the production code while a test looks on.

Each must be caught by the simulator within 50 seeds. They live in the tests: no switch for them is in the product.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from tocsin.core import calendar, escalation, oncall
from tocsin.core import delivery as delivery_rules
from tocsin.sdk import Delivered, Retry
from tocsin.simulate import world as world_module
from tocsin.store import alerts, queue, quiet, retention
from tocsin.store.schema import destinations, incidents, outbox, pages
from tocsin.usecases import configure, deliver, ingest, release, restored, save
from tocsin.web.ingest import IngestApp

Patch = pytest.MonkeyPatch
PLANTED: dict[str, Callable[[Patch], None]] = {}


def planted(name: str) -> Callable[[Callable[[Patch], None]], Callable[[Patch], None]]:
    def keep(plant: Callable[[Patch], None]) -> Callable[[Patch], None]:
        PLANTED[name] = plant
        return plant

    return keep


@planted("a row is marked sent before it is sent")
def _(patch: Patch) -> None:
    claim = deliver.claim

    def wrong(*args: Any, **more: Any) -> Any:
        tx, jobs = args[0], claim(*args, **more)
        for job in jobs:
            queue.settle(tx, job.id, "done", done_at=tx.now)
        return jobs

    patch.setattr(deliver, "claim", wrong)


@planted("outbox rows are written after the commit")
def _(patch: Patch) -> None:
    put = save.put_effects

    def wrong(tx: Any, *rest: Any, **more: Any) -> None:
        base, loop = tx.connection, asyncio.get_event_loop_policy().get_event_loop()
        loop.call_later(0.01, lambda: put(type(tx)(base, tx.now, tx.sqlite), *rest, **more))

    patch.setattr(save, "put_effects", wrong)


@planted("three retries, then it stops")
def _(patch: Patch) -> None:
    again = deliver._again

    def wrong(tx: Any, setup: Any, job: Any, row: Any, verdict: Retry) -> None:
        if row.failures >= 2:
            queue.settle(tx, row.id, "failed", why="too many tries", done_at=tx.now)
        else:
            again(tx, setup, job, row, verdict)

    patch.setattr(deliver, "_again", wrong)


@planted("an expired lease means failed")
def _(patch: Patch) -> None:
    due = queue.due

    def wrong(tx: Any, *rest: Any, **more: Any) -> Any:
        where = outbox.c.state == "leased", outbox.c.lease_until <= tx.now
        tx.run(update(outbox).where(*where).values(state="failed", why="lease expired", done_at=tx.now))
        return due(tx, *rest, **more)

    patch.setattr(queue, "due", wrong)


@planted("2xx before the commit")
def _(patch: Patch) -> None:
    take = IngestApp._take_body

    async def wrong(self: Any, source: Any, key: str, scope: Any, body: bytes) -> Any:
        class Later:
            clock = self.db.clock

            @staticmethod
            async def write_batched(usecase: Any, signals: Any) -> None:
                asyncio.get_running_loop().call_later(0.05, lambda: self.db.write_now(usecase, [signals]))

            write = self.db.write

        real, self.db = self.db, Later()
        try:
            return await take(self, source, key, scope, body)
        finally:
            self.db = real

    patch.setattr(IngestApp, "_take_body", wrong)


@planted("nothing is checked again before sending")
def _(patch: Patch) -> None:
    patch.setattr(deliver, "_needed", lambda tx, setup, row, stored: True)
    patch.setattr(deliver, "wanted", lambda tx, job: True)
    close = queue.close_pages

    def wrong(tx: Any, incident: int, why: str, by: str | None, **more: Any) -> None:
        waiting = tx.all(outbox.select().where(outbox.c.incident == incident, outbox.c.state == "pending"))
        close(tx, incident, why, by, **more)
        for row in waiting:  # the rows wait on; only a look right before sending would stop them
            tx.run(update(outbox).where(outbox.c.id == row.id).values(state="pending"))

    patch.setattr(queue, "close_pages", wrong)


@planted("due times are judged by each node's own clock")
def _(patch: Patch) -> None:
    start = world_module.Node.start

    def wrong(self: Any) -> None:
        skew = timedelta(minutes={"A": 0, "B": 15, "C": -15}[self.name])
        self.db.clock = lambda: self.world.clock() + skew
        start(self)

    patch.setattr(world_module.Node, "start", wrong)


@planted("a claim is not atomic")
def _(patch: Patch) -> None:
    due = queue.due

    def wrong_due(tx: Any, *rest: Any, **more: Any) -> Any:
        tx.run(update(outbox).where(outbox.c.state == "leased").values(lease_until=tx.now))
        return due(tx, *rest, **more)

    patch.setattr(queue, "due", wrong_due)


@planted("an acknowledgement does not stop pages asked for by hand")
def _(patch: Patch) -> None:
    close = queue.close_pages

    def wrong(tx: Any, incident: int, why: str, by: str | None, **more: Any) -> None:
        mine = tx.all(pages.select().where(pages.c.incident == incident, pages.c.reason.startswith("escalated")))
        close(tx, incident, why, by, **more)
        for row in mine:
            if row.state in queue.OPEN_PAGE:
                tx.run(update(pages).where(pages.c.id == row.id).values(state=row.state, closed_at=None))

    patch.setattr(queue, "close_pages", wrong)


@planted("a fold drops one alert")
def _(patch: Patch) -> None:
    folded = deliver._folded

    def wrong(tx: Any, setup: Any, job: Any, others: Any) -> Any:
        whole, short = folded(tx, setup, job, others), folded(tx, setup, job, others[:-1])
        return type(whole)(**{**{f: getattr(whole, f) for f in whole.__slots__}, "message": short.message})

    patch.setattr(deliver, "_folded", wrong)


@planted("a timer is lost when the runbook is edited")
def _(patch: Patch) -> None:
    adopt = configure.adopt

    def wrong(tx: Any, setup: Any, text: str) -> Any:
        tx.run(update(incidents).values(wake_at=None))
        return adopt(tx, setup, text)

    patch.setattr(configure, "adopt", wrong)


@planted("a gap in the schedule counts as paged")
def _(patch: Patch) -> None:
    def wrong(walk: Any, who: Any, turns: Any = escalation.NO_TURNS) -> Any:
        taken = escalation._step(walk, who, turns)
        return type(walk)(**{**{f: getattr(walk, f) for f in walk.__slots__}, "taken": walk.taken + 1}), (taken,)

    patch.setattr(escalation, "climb", wrong)


@planted("a resolve ends other episodes too")
def _(patch: Patch) -> None:
    resolve = alerts.resolve

    def wrong(tx: Any, rows: Any) -> None:
        resolve(tx, rows)
        if rows:
            from sqlalchemy import text

            tx.connection.execute(
                text("UPDATE alerts SET state = 'resolved' WHERE latest AND disposition = 'incident'")
            )

    patch.setattr(alerts, "resolve", wrong)


@planted("a stale epoch is accepted")
def _(patch: Patch) -> None:
    patch.setattr(queue, "held", lambda tx, id_, epoch: tx.first(outbox.select().where(outbox.c.id == id_)))


@planted("retention deletes an open incident")
def _(patch: Patch) -> None:
    every = incidents.c.number > 0
    patch.setattr(retention, "_ENDED", every)
    patch.setattr(retention, "_ENDED_WITH_ROWS", select(incidents.c.number).where(every))


@planted("a restore replays pages")
def _(patch: Patch) -> None:
    patch.setattr(restored, "put_off", lambda tx, row, until: False)


@planted("half an hour of daylight saving is ignored")
def _(patch: Patch) -> None:
    right = calendar.instant_of

    def wrong(local: Any, zone: str) -> Any:
        is_off = zone == "Australia/Lord_Howe" and local.month in range(4, 10)
        return right(local, zone) - timedelta(minutes=30 if is_off else 0)

    patch.setattr(oncall, "instant_of", wrong)


@planted("a day is counted as 24 hours")
def _(patch: Patch) -> None:
    def wrong(self: Any, turn: int) -> Any:
        begins = self.rotation.first
        return calendar.instant_of(begins, self.zone) + turn * self.rotation.every

    patch.setattr(oncall._Turns, "boundary", wrong)


@planted("a 429 for one chat holds back all")
def _(patch: Patch) -> None:
    hold = queue.hold_back

    def wrong(tx: Any, name: str, until: Any) -> None:
        hold(tx, name, until)
        tx.run(update(destinations).values(free_at=until))

    patch.setattr(queue, "hold_back", wrong)


@planted("HTTP 200 with ok:false counts as sent")
def _(patch: Patch) -> None:
    settle = deliver._settle

    def wrong(tx: Any, setup: Any, job: Any, verdict: Any, milliseconds: int) -> None:
        told = isinstance(verdict, Retry) and "Internal error" in verdict.why
        settle(tx, setup, job, Delivered("?") if told else verdict, milliseconds)

    patch.setattr(deliver, "_settle", wrong)


@planted("a failed way is tried again without a pause")
def _(patch: Patch) -> None:
    patch.setattr(delivery_rules, "backoff", lambda failures, seed: timedelta(seconds=0.5))


@planted("a storm's alerts are dropped when they join an incident")
def _(patch: Patch) -> None:
    insert = alerts.insert_alerts
    patch.setattr(alerts, "insert_alerts", lambda tx, rows: insert(tx, rows[:1] if len(rows) > 1 else rows))
    repeat = alerts.repeat
    patch.setattr(alerts, "repeat", lambda tx, rows: repeat(tx, [{**row, "count": 1} for row in rows]))


@planted("a decision is saved without its timeline")
def _(patch: Patch) -> None:
    from tocsin.store import incidents as store

    append = store.save

    def wrong(tx: Any, stored: Any, state: Any, facts: Any, wake_at: Any, **columns: Any) -> Any:
        return append(tx, stored, state, [fact for fact in facts if fact.kind != "handed_on"], wake_at, **columns)

    patch.setattr(save.incidents, "save", wrong)


@planted("a page's reason holds the bot's token")
def _(patch: Patch) -> None:
    compose = deliver._page_message

    def wrong(tx: Any, setup: Any, runbook: Any, row: Any, stored: Any, to: str) -> Any:
        message = compose(tx, setup, runbook, row, stored, to)
        values = {f: getattr(message, f) for f in message.__slots__}
        return type(message)(**{**values, "text": f"{message.text} {setup.environment.get('BOT_TOKEN', '')}"})

    patch.setattr(deliver, "_page_message", wrong)


@planted("an incident sleeps through its next step")
def _(patch: Patch) -> None:
    from tocsin.core import decide

    wake = decide.wake_at
    patch.setattr(decide, "wake_at", lambda state, now: (at := wake(state, now)) and at + timedelta(minutes=7))


@planted("the runbook in force replaces the one an incident opened with")
def _(patch: Patch) -> None:
    def wrong(tx: Any, setup: Any, version: str) -> Any:
        return (
            configure.in_force(tx, setup)[1]
            if version != configure.get_meta(tx, configure.IN_FORCE)
            else right(tx, setup, version)
        )

    right = configure.runbook_of
    patch.setattr(deliver, "runbook_of", wrong)
    from tocsin.usecases import respond

    patch.setattr(respond, "runbook_of", wrong)


@planted("what a silence held back is forgotten when it ends")
def _(patch: Patch) -> None:
    patch.setattr(release, "_release", lambda tx, setup, rows: quiet.over(tx, [row.id for row in rows], "paged"))


@planted("a silence that is ended early holds on to what it held")
def _(patch: Patch) -> None:
    patch.setattr(quiet, "let_go", lambda tx, by, until: None)


__all__ = ["PLANTED", "ingest"]
