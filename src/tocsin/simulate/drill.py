"""
A drill in a world of its own: the serving stack in this process, on a clock that may run faster, over a temporary
database. People and providers are the scenario's; everything between them is what runs in production.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any, Final, TextIO

import httpx
import structlog

from tocsin import serving
from tocsin.core.runbook import Runbook
from tocsin.core.types import Refused
from tocsin.settings import Settings
from tocsin.simulate.outside import Outside
from tocsin.simulate.scenario import Answer, Event, Scenario
from tocsin.simulate.score import Score, Seen, Skipped, instant, score
from tocsin.store import incidents, queue
from tocsin.store.db import Tx
from tocsin.usecases import access, configure, readiness, rehearse, ways
from tocsin.web.shapes import entry_json, incident_json, page_json, readiness_json
from tocsin.wiring import Clock, House, NoStart, build

LINK_LIFE: Final = timedelta(days=30)  # of the drill's clock, which may run a thousand times as fast
BEGINS_WITHIN: Final = 10.0  # real seconds: an alert that opened no incident by then opens none
WARM_SECONDS: Final = 10.0  # real ones, at most
LOOK_SECONDS: Final = 0.25  # real ones between two looks for whoever watches
LAG_SECONDS: Final = 0.02  # real ones between two looks at what is late
CORRECTED_AFTER: Final = timedelta(minutes=1)  # a severity that triage got wrong, by the person on call
GRACE: Final = timedelta(minutes=2)  # what the story has somebody do waits so long for them
WORDS: Final = ("on_call", "secondary", "team_lead", "everyone", "commander")
READ_AT_MOST: Final = 500  # pages, and timeline entries
_NAME = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class NoDrill(Exception):  # noqa: N818 - what it is
    """The drill could not be run. The text says why."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a drill can be watched: its page, and the address that signs in there once."""

    url: str
    sign_in: str


@dataclass
class Watching:
    """What whoever watches hears: where it is, how it stands, four times a second, and what was done just now."""

    placed: Callable[[Place], None] = lambda _: None
    looked: Callable[[Seen, datetime], None] = lambda _seen, _now: None
    said: Callable[[datetime, str], None] = lambda _at, _text: None


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a drill. `lag` is the longest that anything was late, in real seconds."""

    score: Score
    seen: Seen
    lag: float
    lasted: float  # real seconds
    interrupted: bool = False
    outside: tuple[Any, ...] = field(default=(), repr=False)


def run(
    scenario: Scenario, runbook: str, *, speed: float = 60.0, environment: Mapping[str, str] | None = None,
    at: datetime | None = None, watching: Watching | None = None,
) -> Result:  # fmt: skip
    """
    Run a scenario under the text of a runbook.

    Args:
        environment: What ${NAME} in the runbook is read from. What is unset there gets a value that leads nowhere.
        at: The instant at which it begins; now when that is not said.

    Raises:
        NoDrill: the runbook or the scenario cannot be used.
    """
    folder = Path(tempfile.mkdtemp(prefix="tocsin-drill-"))
    try:
        with _logs(folder / "log") as log:
            house, listener = _prepare(folder, runbook, speed, environment or {}, at)
            try:
                return _Drill(house, listener, scenario, watching or Watching(), log).run()
            finally:
                listener.close()
                house.db.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _prepare(
    folder: Path, runbook: str, speed: float, environment: Mapping[str, str], at: datetime | None
) -> tuple[House, socket.socket]:
    file = folder / "runbook.yaml"
    file.write_text(runbook, encoding="utf-8")
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    given = Settings(
        database=f"sqlite:///{folder}/tocsin.db", runbook=file, port=listener.getsockname()[1], data=folder,
        reserve_mb=0, keep_days=0, probes="off", environment=filled(runbook, environment),
    )  # fmt: skip
    try:
        house = build(given, _clock(speed, at))
    except NoStart as error:
        listener.close()
        raise NoDrill(str(error).replace(str(file), "of the drill")) from None
    house.setup.drills, house.setup.pace = True, speed
    return house, listener


def _clock(speed: float, at: datetime | None) -> Clock:
    if at is None:
        return Clock(speed=speed)
    began = monotonic()
    return Clock(lambda: at + timedelta(seconds=monotonic() - began), speed=speed)


def filled(text: str, environment: Mapping[str, str]) -> dict[str, str]:
    """The environment with a value for every ${NAME} of the runbook that has none: a drill leaves no channel out."""
    names = dict.fromkeys(_NAME.findall(text))
    return {**{name: _nowhere(name) for name in names}, **{n: v for n, v in environment.items() if v}}


def _nowhere(name: str) -> str:
    if "DATABASE" in name or "DSN" in name:
        return "postgresql://drill@drill.invalid/drill"
    if "URL" in name or "WEBHOOK" in name.removesuffix("_SECRET").rpartition("_")[2]:
        return f"https://drill.invalid/{name.lower()}"
    return f"drill-{name.lower()}"


@contextmanager
def _logs(file: Path) -> Iterator[TextIO]:
    """Keep the server's log out of what is shown; it is the drill's own."""
    known = structlog.get_config()
    with file.open("w", encoding="utf-8") as log:
        structlog.configure(logger_factory=structlog.PrintLoggerFactory(log), cache_logger_on_first_use=False)
        try:
            yield log
        finally:
            structlog.configure(**known)


@contextmanager
def _quick() -> Iterator[None]:
    """What a server does for itself alone, for as long as the drill takes."""
    known = sys.getswitchinterval()
    sys.setswitchinterval(serving.SWITCH_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(known)


class _Drill:
    """One drill while it runs."""

    def __init__(
        self, house: House, listener: socket.socket, scenario: Scenario, watching: Watching, log: TextIO
    ) -> None:  # fmt: skip
        self.house, self.listener, self.scenario, self.watching, self.log = house, listener, scenario, watching, log
        self.db, self.setup, self.clock = house.db, house.setup, house.clock
        self.outside = Outside(house.clock, house.clock.speed, scenario.providers)
        self.token, self.key = f"drill_{secrets.token_urlsafe(24)}", f"drill_{secrets.token_urlsafe(24)}"
        self.number = 0
        self.begun: datetime = house.clock()
        self.skipped: list[Skipped] = []
        self.lag = 0.0
        self.ended = False
        self._heard = asyncio.Event()
        self._answered: dict[str, datetime | None] = {}  # person to when they did; None: they are about to
        self._looked_at: set[str] = set()  # pages whose person was found out about
        self._within: timedelta | None = None
        _, self.runbook = house.db.read_now(configure.in_force, house.setup)
        self.outside.know(self.runbook)
        check(scenario, self.runbook)

    def run(self) -> Result:
        """Serve until the story is over, or somebody ends it; then look once more and score."""
        link = f"sign_{secrets.token_urlsafe(24)}"
        write, began = self.db.write_now, monotonic()
        write(access.install_fixed, "token", self.token, name="drill", role="admin")
        write(access.install_fixed, "ingest", self.key, name="drill", source="*")
        write(access.make_sign_in, link, role="admin", expires_at=self.clock() + LINK_LIFE)
        url = self.setup.public_url
        self.watching.placed(Place(url, f"{url}/sign-in?token={link}"))
        with _quick(), asyncio.Runner(loop_factory=serving.loop_factory()) as runner:
            runner.run(serving.run(self.house, self.listener, network=self.outside, publishes=False, beside=self._play))
        if not self.number:
            raise NoDrill("it was ended before its incident began")
        seen = self.db.read_now(self._read, whole=True)
        self.watching.looked(seen, self.clock())
        found = score(seen, self.scenario, self.skipped)
        return Result(found, seen, self.lag, monotonic() - began, not self.ended, tuple(self.outside.sent))

    # ----------------------------------------------------------------------------------------- the story

    async def _play(self) -> None:
        self.db.listen(self._hear)
        self.outside.receipt = self._receipt
        headers = {"Authorization": f"Bearer {self.token}"}
        async with (
            httpx.AsyncClient(
                base_url=self.setup.public_url, trust_env=False, timeout=30, headers=headers
            ) as self.client,
            asyncio.TaskGroup() as beside,
        ):
            await self._warm()
            self.begun = self.outside.begun = self.clock()
            tasks = [beside.create_task(work) for work in (self._measure(), self._people(beside), self._show())]
            await self._begin()
            for event in self._story():
                await self._until(self.begun + event.at)
                await self._do(event)
            await self._until(self.begun + self.scenario.ends)
            self.ended = True
            for task in tasks:
                task.cancel()

    async def _warm(self) -> None:
        """
        Let the server do what it does after a start, and go once through what an alert does, all of which is undone.

        A drill that runs fast must not pay for that in its first minutes.
        """
        alert = b'{"title": "before the drill", "severity": "critical", "key": "warm"}'
        with contextlib.suppress(Refused):
            await self.db.write(rehearse.rehearse, self.setup, alert, "generic")
        await self.client.get("/api/v1/incidents")
        until = monotonic() + WARM_SECONDS
        while monotonic() < until:
            due = [at for at in await self.db.read(queue.next_due) if at is not None]
            if not due or min(due) > self.clock():
                return
            await asyncio.sleep(0.01)

    def _story(self) -> list[Event]:
        """The events in order, without the one that begins it."""
        left = [event for event in self.scenario.story if event is not self._first()]
        return sorted(left, key=lambda event: event.at)

    def _first(self) -> Event | None:
        if self.scenario.begins_by_hand:
            return None
        return next(e for e in self.scenario.story if e.at == timedelta(0) and (e.alert or e.post))

    async def _begin(self) -> None:
        """Have the first alert sent, or a person declare, and wait for the incident."""
        scenario, first = self.scenario, self._first()
        if first is None:
            body = {"title": scenario.title, "severity": scenario.severity, "service": scenario.service,
                    "impact": scenario.impact}  # fmt: skip
            await self._post("/api/v1/incidents", body)
        else:
            await self._do(first)
        until = monotonic() + BEGINS_WITHIN
        while not (found := await self.db.read(incidents.listing, limit=1)):
            if monotonic() > until:
                raise NoDrill("its first alert opened no incident under this runbook: look at triage and grouping")
            await asyncio.sleep(0.01)
        state = found[0].state
        self.number, self.begun = state.number, state.declared_at
        self._within = _respond_within(self.runbook, state.severity)
        self._hear(frozenset())
        if state.severity != scenario.severity and scenario.severity in self.runbook.severities:
            why = f"triage made it a {state.severity}; whoever was on call had to make it a {scenario.severity}"
            self.skipped.append(Skipped(why))
            reason = "what people notice is worse than what the alert says"
            await self._until(self.begun + CORRECTED_AFTER)
            await self._do(Event(at=CORRECTED_AFTER, by="on_call", severity=scenario.severity, reason=reason))
            self._within = _respond_within(self.runbook, scenario.severity)

    async def _do(self, event: Event) -> None:
        """Do one thing of the story, as whoever does it in the world would."""
        verb = event.verb
        if event.alert or event.alert_ends or event.post:
            await self._send(event)
            return
        by = await self._person(event.by)
        until = self.clock() + GRACE
        while by is None and self.clock() < until:  # whoever leads soon does it a little later
            await asyncio.sleep(min(1.0 / self.clock.speed, LOOK_SECONDS))
            by = await self._person(event.by)
        if by is None:
            nobody = "nobody led" if event.by == "commander" else f"nobody stands behind {event.by}"
            left = Skipped(nobody, f"{verb.replace('_', ' ')} at {_clocked(event.at)}")
            self.skipped.append(left)
            self._say(left.text)
            return
        path, body = await self._call(event, verb)
        why = await self._act(path, {**body, "by": by})
        if why:
            self.skipped.append(Skipped(f"{verb.replace('_', ' ')} at {_clocked(event.at)} was refused: {why}"))
        self._say(f"{self._name(by)}: {verb.replace('_', ' ')}" + (f" (refused: {why})" if why else ""))

    async def _call(self, event: Event, verb: str) -> tuple[str, dict[str, Any]]:
        """The path of the API and its body for what a person does."""
        value = getattr(event, verb)
        path, body = verb.replace("_", "-"), {"text": value}
        match verb:
            case "update" | "resolve":
                body = value.model_dump(exclude_none=True)
            case "assign":
                body = {"role": value.role, "person": await self._person(value.person)}
            case "severity":
                body = {"severity": value, "reason": event.reason or ""}
            case "suspects" | "cause":
                path, body = "cause", {"text": value, "confirmed": verb == "cause"}
            case "extend":
                body = {"for": int(value.total_seconds()), "reason": event.reason or ""}
            case "checked":
                body = {"duty": value}
            case "escalate" | "reopen":
                body = {"reason": value}
        return path, body

    async def _send(self, event: Event) -> None:
        if event.post:
            path = "/v2/enqueue" if event.post.source == "pagerduty" else f"/in/{event.post.source}/{self.key}"
            body: Any = event.post.body
            if isinstance(body, dict) and event.post.source == "pagerduty":
                body = {**body, "routing_key": self.key}
            self._say(f"an alert comes from {event.post.source}")
        else:
            path = f"/in/generic/{self.key}"
            alert = event.alert or next(
                e.alert for e in self.scenario.story if e.alert and e.alert.key == event.alert_ends
            )
            labels = {**alert.labels, **({"impact": self.scenario.impact} if self.scenario.impact else {})}
            words = alert.model_dump(exclude={"labels"}, exclude_none=True)
            body = {**words, "status": "firing" if event.alert else "resolved", "labels": labels}
            self._say(f"an alert {'comes' if event.alert else 'ends'}: {alert.title}")
        if why := await self._post(path, body):
            raise NoDrill(f"the alert was refused: {why}")

    async def _post(self, path: str, body: Any) -> str:
        answer = await self.client.post(path, json=body)
        if answer.status_code < 400:
            return ""
        try:
            said = answer.json()
            return str(said.get("detail") or said.get("errors") or said)
        except ValueError:
            return f"status {answer.status_code}"

    async def _act(self, path: str, body: Any) -> str:
        return await self._post(f"/api/v1/incidents/{self.number}/{path}", body)

    # ----------------------------------------------------------------------------------------- people

    async def _people(self, group: asyncio.TaskGroup) -> None:
        """Whoever is reached by a page does what the scenario says of them."""
        while True:
            await self._heard.wait()
            self._heard.clear()
            if not self.number:
                continue
            seen = await self.db.read(self._read)
            for page in seen.pages:
                reached = next((a for a in page["attempts"] if a["verdict"] == "delivered"), None)
                if reached is None or page["id"] in self._looked_at:
                    continue
                self._looked_at.add(page["id"])
                person, at, asked = page["person"], instant(reached["at"]), instant(page["requested_at"])
                before = self._answered.get(person, self.begun - LINK_LIFE)
                answer = await self._answer_of(person)
                if answer and at and asked and not answer.silent and before is not None and before < asked:
                    self._answered[person] = None
                    group.create_task(self._answer(person, answer, at))

    async def _answer(self, person: str, answer: Answer, reached: datetime) -> None:
        if answer.acknowledges is not None:
            await self._until(reached + answer.acknowledges)
            await self._act("acknowledge", {"by": person})
            self._say(f"{self._name(person)} acknowledges")
        elif answer.passes is not None:
            await self._until(reached + answer.passes)
            await self._act("pass", {"by": person, "reason": answer.reason})
            self._say(f"{self._name(person)} cannot take it: {answer.reason}")
        self._answered[person] = self.clock()

    async def _answer_of(self, person: str) -> Answer | None:
        """What the scenario says of this person: by name, else the first word in it that they stand behind now."""
        if person in self.scenario.people:
            return self.scenario.people[person]
        for word, answer in self.scenario.people.items():
            if person in await self._who(word):
                return answer
        return None

    async def _who(self, word: str) -> frozenset[str]:
        def ask(tx: Tx) -> frozenset[str]:
            return configure.who(tx, self.runbook, self.scenario.service, tx.now)(word)

        return await self.db.read(ask)

    async def _person(self, word: str) -> str | None:
        """One person for a word of the scenario; None when nobody stands behind it."""
        if word == "commander":
            leads = (await self.db.read(incidents.load, self.number)).state.commander
            return leads if leads in self.runbook.people else None
        people = await self._who(word)
        return next((person for person in self.runbook.people if person in people), None)

    def _name(self, person: str) -> str:
        known = self.runbook.people.get(person)
        return known.name if known else person

    # ----------------------------------------------------------------------------------------- time

    async def _until(self, at: datetime) -> None:
        while (left := (at - self.clock()).total_seconds()) > 0:
            await asyncio.sleep(left / self.clock.speed)
        self._late(-left)

    def _late(self, seconds: float) -> None:
        self.lag = max(self.lag, seconds / self.clock.speed)

    async def _measure(self) -> None:
        """See how long anything that is due has been waiting."""
        while True:
            await asyncio.sleep(LAG_SECONDS)
            steps, rows, _ = await self.db.read(queue.next_due)
            now = self.clock()
            for due in (steps, rows):
                if due is not None and due < now:
                    self._late((now - due).total_seconds())

    async def _show(self) -> None:
        while True:
            if self.number:
                self.watching.looked(await self.db.read(self._read), self.clock())
            await asyncio.sleep(LOOK_SECONDS)

    def _hear(self, touched: frozenset[str]) -> None:
        self._heard.set()

    async def _receipt(self, transport: str, receipt: str) -> bool:
        return await self.db.write(ways.receipt, self.setup, transport, receipt, "delivered")

    def _say(self, text: str) -> None:
        self.watching.said(self.clock(), text)

    def _read(self, tx: Tx, *, whole: bool = False) -> Seen:
        """How the incident stands, in the shapes of the API."""
        stored = incidents.load(tx, self.number)
        rows = queue.pages(tx, incident=self.number, limit=READ_AT_MOST)
        tries = queue.attempts(tx, [row.id for row in rows])
        entries = incidents.timeline(tx, self.number, max(0 if whole else stored.seq - 40, 0), 5_000)
        findings = readiness_json(readiness.read(tx, self.setup))["findings"] if whole else ()
        return Seen(
            incident_json(stored, configure.incident_link(self.setup, self.number), tx.now),
            [page_json(row, tries) for row in reversed(rows)],
            [entry_json(entry) for entry in entries],
            findings, self._within, {id_: person.name for id_, person in self.runbook.people.items()},
            stored.state.protocol,
        )  # fmt: skip


def check(scenario: Scenario, runbook: Runbook) -> None:
    """
    See whether everybody and everything that a scenario names is in the runbook.

    Raises:
        NoDrill: something is not, and what there is.
    """
    if scenario.severity not in runbook.severities:
        known = ", ".join(runbook.severities)
        raise NoDrill(f"the runbook has no severity {scenario.severity}; it has {known}")
    named = [*scenario.people, *(event.by for event in scenario.story)]
    named += [event.assign.person for event in scenario.story if event.assign]
    for word in dict.fromkeys(named):
        kind, _, name = word.partition(":")
        known_there = runbook.schedules if kind == "schedule" else runbook.teams if kind == "team" else ()
        if word not in WORDS and word not in runbook.people and name not in known_there:
            raise NoDrill(f"the scenario names {word!r}; there are {', '.join(WORDS)}, schedule:NAME, team:NAME and "
                          f"the people {', '.join(runbook.people)}")  # fmt: skip


def _respond_within(runbook: Runbook, severity: str) -> timedelta | None:
    within = runbook.severities[severity].respond_within
    return within if isinstance(within, timedelta) else None


def _clocked(span: timedelta) -> str:
    minutes, seconds = divmod(int(span.total_seconds()), 60)
    return f"T+{minutes:02d}:{seconds:02d}"
