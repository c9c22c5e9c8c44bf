"""Who acts in the world: monitoring systems that send until they hear 2xx, and people who sleep, answer and lead."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Any, Final

import orjson

from tocsin import points
from tocsin.core import events
from tocsin.core.types import Refused
from tocsin.simulate.runbooks import PEOPLE
from tocsin.store import incidents
from tocsin.usecases import joining, quiet, respond
from tocsin.usecases.configure import NoRunbook
from tocsin.usecases.deliver import Job

if TYPE_CHECKING:
    from tocsin.simulate.world import Node, World

MINUTE, HOUR = 60.0, 3600.0
KEY: Final = "ingest-key-of-the-simulation"
CHECKS: Final = (
    ("api", "http_5xx", "critical"), ("web", "http_5xx", "critical"), ("api", "slow", "warning"),
    ("jobs", "backlog", "error"), ("web", "certificate", "info"), ("unknown", "odd", "warning"),
)  # fmt: skip
POISON: Final = (
    b"", b"{", b"[1,2", b'{"version": "4"}', b"\xff\xfe{", b'{"a": NaN}', b'{"version":"4","alerts":{}}', b"[" * 200,
    b'{"event_action":"trigger","payload":[]}', b'{"title": "\x00"}', b'{"title": 1e999, "key": [1]}',
)  # fmt: skip


class Monitoring:
    """One monitoring system: conditions come and go, and each change is sent until it is answered 2xx."""

    def __init__(self, world: World, name: str) -> None:
        self.world, self.name, self.ends_at = world, name, 0.0
        self.random = Random(f"monitoring {name} {world.seed}")
        self.count = 0

    async def run(self, per_day: float, until: float) -> None:
        """Watch until the world's time *until*; then everything it sees has ended."""
        self.ends_at = until
        async with asyncio.TaskGroup() as group:
            while True:
                await asyncio.sleep(self.random.expovariate(per_day / (24 * HOUR)))
                if self.world.loop.at >= until:
                    return
                service, check, severity = self.random.choice(CHECKS)
                size = self.random.choice((1, 1, 1, 2, 3, 25))
                for _ in range(size):
                    self.count += 1
                    key = f"{self.name}-{self.count if self.random.random() < 0.8 else self.random.randint(1, 9)}"
                    group.create_task(self.condition(key, service, check, severity))

    def storm(self) -> list[tuple[str, str, str, str]]:
        """One condition of each kind, all new."""
        self.count += 1
        return [(f"storm-{self.count}-{place}", *check) for place, check in enumerate(CHECKS)]

    async def condition(self, key: str, service: str, check: str, severity: str) -> None:
        """See something break, and later mend."""
        if not self.world.oracle.take_key(self.name, key):
            return
        await self._send("firing", key, service, check, severity)
        ends = min(self.world.loop.at + self.random.expovariate(1 / HOUR), self.ends_at)
        while self.random.random() < 0.3 and self.world.loop.at + 10 * MINUTE < ends:
            await asyncio.sleep(10 * MINUTE)
            await self._send("firing", key, service, check, severity)
        await asyncio.sleep(max(ends - self.world.loop.at, 1))
        if self.random.random() < 0.85:
            await self._send("resolved", key, service, check, severity)
        self.world.oracle.leave_key(self.name, key)

    async def _send(self, state: str, key: str, service: str, check: str, severity: str) -> None:
        """Send until it is taken: what was not answered 2xx is sent again, so it may come twice."""
        path, body, source = self._payload(state, key, service, check, severity)
        pause = 1.0
        while True:
            status = await self.world.post(path, body)
            if 200 <= status < 300:
                self.world.oracle.accepted(source, key, state)
                return
            if status and status < 500:
                self.world.oracle.broken("11 answers", f"a good alert was answered {status}")
                return
            await asyncio.sleep(pause)
            pause = min(pause * 2, 30)

    def _payload(self, state: str, key: str, service: str, check: str, severity: str) -> tuple[str, bytes, str]:
        labels = {"alertname": check, "check": check, "service": service, "severity": severity}
        if self.name == "alertmanager":
            alert = {"status": state, "labels": labels, "annotations": {"summary": f"{check} on {service}"},
                     "fingerprint": key, "startsAt": "2026-11-23T09:02:27Z"}  # fmt: skip
            return f"/in/alertmanager/{KEY}", orjson.dumps({"version": "4", "alerts": [alert]}), "alertmanager"
        if self.name == "pagerduty":
            action = "trigger" if state == "firing" else "resolve"
            payload = {"summary": f"{check} on {service}", "source": "host", "severity": severity,
                       "component": service, "class": check}  # fmt: skip
            event = {"routing_key": KEY, "event_action": action, "dedup_key": key, "payload": payload}
            return "/v2/enqueue", orjson.dumps(event), "pagerduty"
        generic = {"key": key, "title": f"{check} on {service}", "status": state, **labels}
        return f"/in/generic/{KEY}", orjson.dumps(generic), "generic"

    async def poison(self, until: float) -> None:
        """Send what nobody can read. It is refused, and harms nothing."""
        while self.world.loop.at < until:
            await asyncio.sleep(self.random.expovariate(1 / (6 * HOUR)))
            status = await self.world.post(f"/in/{self.name}/{KEY}", self.random.choice(POISON))
            if status in range(200, 300) or status == 500:
                self.world.oracle.broken("F38 poison", f"a body that cannot be read was answered {status}")


class People:
    """Everybody: who gets a page may be asleep; who is awake answers, leads, and ends it at some time."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.random = Random(f"people {world.seed}")
        self.talk = Random(f"talk {world.seed}")
        self.leading: set[int] = set()
        self.sleepers = self.random.choices((0.1, 0.3, 0.6, 0.9), (6, 5, 2, 1))[0]
        self._reactions: set[asyncio.Task[None]] = set()
        self.resting = False

    def receive(self, job: Job) -> None:
        """A phone rings."""
        for part in (job, *job.folded):
            if part.page and not self.resting:
                reaction = self.world.loop.create_task(self._react(part.page, part.incident))
                self._reactions.add(reaction)
                reaction.add_done_callback(self._reactions.discard)

    async def _react(self, page: str, number: int) -> None:
        if self.random.random() < self.sleepers:
            return
        await asyncio.sleep(self.random.lognormvariate(4.5, 1.0))
        if self.random.random() < 0.1:  # somebody who cannot help, and calls for others
            await self.act(number, events.Escalate(self.random.choice(PEOPLE), "not mine"))
            return
        for _ in range(2 if self.random.random() < 0.2 else 1):  # some press twice
            await self._press(page)
        if number not in self.leading and not self.resting:
            self.leading.add(number)
            await self._lead(number)
            self.leading.discard(number)

    async def _press(self, page: str) -> None:
        """Press Acknowledge until it is answered."""

        async def work(node: Node) -> int:
            points.passing("A1")
            number = await node.db.write(respond.acknowledge_page, node.setup, page)
            points.passing("A3")
            self.world.oracle.acknowledged(number)
            points.passing("A4")
            return number

        await self._insist(work)

    async def _insist(self, work: Callable[[Node], Any]) -> Any:
        for _ in range(200):
            try:
                answer = await self.world.ask(work)
            except (Refused, NoRunbook):
                return None
            if answer is not None:
                return answer
            await asyncio.sleep(self.random.uniform(1, 10))
        return None

    async def act(self, number: int, event: events.Event) -> None:
        """Do something by the API, until it is answered; a refusal is an answer."""

        async def work(node: Node) -> int:
            await node.db.write(respond.act, node.setup, number, event)
            return number

        await self._insist(work)

    async def _lead(self, number: int) -> None:
        """Lead an incident to its end, as people do: some updates late, some duties forgotten."""
        who = self.random.choice(PEOPLE)
        ends = self.world.loop.at + self.random.lognormvariate(7.5, 1.0)
        while self.world.loop.at < ends and not self.resting:
            await asyncio.sleep(self.random.uniform(5, 20) * MINUTE)
            await self.act(number, self._something(who))
            if self.talk.random() < 0.3:
                await self.act(number, self._saying(who))
        if self.random.random() < 0.9:
            await self.act(number, events.Resolve(who, "a cause", "a fix"))
            if self.random.random() < 0.1:
                await asyncio.sleep(self.random.uniform(1, 30) * MINUTE)
                again = events.Reopen(who, "not over", page_again=self.random.random() < 0.5)
                await self.act(number, again)
                await self.act(number, events.Resolve(who, "a cause", "another fix"))

    def _saying(self, who: str) -> events.Event:
        promised = timedelta(minutes=self.talk.choice((-5, 5, 15, 60)))
        return self.talk.choice(
            (
                events.Say(who, "I look at it"), events.PostUpdate(who, None, "more soon", next_update=promised),
                events.Cause(who, "a full disk", confirmed=self.talk.random() < 0.5),
                events.SendText(who, "initial_alert"), events.PostUpdate(who, None, "beside another", seen=0),
            )
        )  # fmt: skip

    def _something(self, who: str) -> events.Event:
        status = self.random.choice(("investigating", "identified", "monitoring"))
        return self.random.choices(
            (
                events.PostUpdate(who, status, "still looking"), events.Check(who, "prioritize"),
                events.Note(who, "seen"), events.SetSeverity(who, self.random.choice(("P0", "P1", "P2"))),
                events.Assign(who, "commander", self.random.choice(PEOPLE)), events.Escalate(who, "I need help"),
                events.Extend(who, None, "more time"),
            ),
            (10, 1, 1, 1, 1, 1, 1),
        )[0]  # fmt: skip

    async def declare(self, until: float) -> None:
        """Now and then a person declares an incident by hand; a forgotten open one is ended some day."""
        while True:
            await asyncio.sleep(self.random.expovariate(1 / (16 * HOUR)))
            if self.world.loop.at >= until:
                return
            event = events.Declared("by hand", self.random.choice(("P0", "P1", "P2", "P3")), "ana", service="api")

            async def work(node: Node, event: events.Declared = event) -> int:
                number: int = await node.db.write(lambda tx: respond.declare(tx, node.setup, event))
                return number

            await self.world.ask(work)

    async def silence(self, until: float) -> None:
        """Now and then somebody silences a service or a check for a while; some end it early, or give it longer."""
        random = Random(f"silences {self.world.seed}")
        while True:
            await asyncio.sleep(random.expovariate(1 / (2 * HOUR)))
            if self.world.loop.at >= until:
                return
            service, check, _ = random.choice(CHECKS)
            texts = random.choice(
                ([f"service={service}"], [f"check={check}"], [f"service={service}", f"check={check}"])
            )
            made = await self._quiet(quiet.silence, texts, random.uniform(5, 120) * MINUTE)
            if made and random.random() < 0.5:
                await asyncio.sleep(random.uniform(1, 40) * MINUTE)
                if random.random() < 0.5:
                    await self._quiet(quiet.end, made)
                else:
                    await self._quiet(quiet.extend, made, random.uniform(1, 90) * MINUTE)

    async def join(self, until: float) -> None:
        """Now and then somebody takes two incidents for one; half of them were wrong, and take them apart again."""
        random = Random(f"merges {self.world.seed}")
        while True:
            await asyncio.sleep(random.expovariate(1 / (3 * HOUR)))
            if self.world.loop.at >= until:
                return
            found: list[int] = await self.world.ask(lambda node: node.db.read(incidents.working)) or []
            if len(found) > 1:
                one, other = random.sample(found, 2)
                await self._join(joining.merge, one, other)
                await asyncio.sleep(random.uniform(1, 60) * MINUTE)
                if random.random() < 0.5:
                    await self._join(joining.split, one)

    async def _join(self, usecase: Callable[..., Any], *numbers: int) -> None:
        async def work(node: Node) -> Any:
            return await node.db.write(usecase, node.setup, *numbers, "ana")

        with contextlib.suppress(Refused):
            await self.world.ask(work)

    async def _quiet(self, usecase: Callable[..., Any], what: Any, seconds: float = 0.0) -> Any:
        """Make, end or extend a silence; returns its id, None when nobody answered or it is over."""

        def do(tx: Any, node: Node) -> Any:
            until = tx.now + timedelta(seconds=seconds)
            if usecase is quiet.silence:
                return quiet.silence(tx, node.setup, texts=what, until=until, reason="work", by="ana").id
            return usecase(tx, what, until, "ana") if usecase is quiet.extend else usecase(tx, what, "ana")

        async def work(node: Node) -> Any:
            return await node.db.write(do, node)

        try:
            return await self.world.ask(work)
        except Refused:
            return None

    async def tidy(self, until: float) -> None:
        """Every few hours somebody ends what everybody forgot: the world must not fill up."""
        while self.world.loop.at < until:
            await asyncio.sleep(8 * HOUR)
            for number in await self._forgotten():
                await self.act(number, events.Resolve("ana", resolution="nobody knows any more"))

    async def _forgotten(self) -> list[int]:
        async def work(node: Node) -> list[int]:
            stored = await node.db.read(incidents.listing, open_only=True)
            return [s.state.number for s in stored if s.state.answered and s.state.number not in self.leading]

        found: list[int] = await self.world.ask(work) or []
        return found
