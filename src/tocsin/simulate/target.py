"""What the actions of a simulated runbook change: an outside system with a state, faults, and a ledger of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import orjson

from tocsin.plugins import Plugins
from tocsin.sdk import (
    Acted,
    Actor,
    Config,
    Conversation,
    Outgoing,
    Plan,
    Reject,
    Request,
    Response,
    Retry,
    at,
    outcome,
    text_of,
)
from tocsin.simulate.providers import LOST_SECONDS

if TYPE_CHECKING:
    from tocsin.simulate.world import World

DEPLOYS: Final = "deploys.example.org"
SWITCHES: Final = "switches.example.org"
MODES: Final = ("refuse", "500", "down", "blackhole", "lost_answer", "lost_answer", "slow")
REFUSES: Final = 0.08  # of the calls to a target that is well
FREEZES: Final = 0.05  # of the looks find it frozen for a while: what was planned cannot be done then
FROZEN_SECONDS: Final = 120.0
ACTIONS: Final = f"""\
actions:
  roll_back: {{railway: rollback, approve: second_person}}
  redeploy: {{railway: redeploy, approve: commander, verify: {{probe: front, within: 5m}}}}
  switch:
    http: {{method: POST, url: "http://{SWITCHES}/checkout", json: {{on: false}}}}
    undo: {{method: POST, url: "http://{SWITCHES}/checkout", json: {{on: true}}}}
    approve: none
  drain:
    http: {{method: POST, url: "http://{SWITCHES}/queue", json: {{drained: true}}}}
    approve: second_person
    idempotent: true
probes:
  front: {{http: "http://front.example.org/", service: api, every: 1m}}
"""


@dataclass(frozen=True, slots=True)
class Called:
    """
    One call that was to change something. `did`: it was done. `answered`: in full, and in time.

    `run` is the plan for which the worker made it; `words` what was asked for, as plans write it.
    """

    at: float
    run: str
    words: str
    did: bool
    answered: bool


class Target:
    """Deployments that can be put in each other's place, and switches. `calls` is its ledger."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.random = Random(f"target {world.seed}")
        self.calls: list[Called] = []
        self.serving, self.newest, self.tickets = 1, 1, 0
        self._broken, self._broken_until, self._frozen_until = "", 0.0, 0.0

    def break_(self, mode: str, seconds: float) -> None:
        """Let it fail in one way for a while."""
        self._broken, self._broken_until = mode, self.world.loop.at + seconds

    def heal(self) -> None:
        """It works again."""
        self._broken_until = self._frozen_until = 0.0

    def of(self, run: str) -> list[Called]:
        """The calls for one plan, in their order."""
        return [call for call in self.calls if call.run == run]

    def did(self, run: str) -> bool:
        """Say whether it has done what a plan asked for."""
        return any(call.did for call in self.of(run))

    async def take(self, request: Request, run: str) -> Response:
        """Answer one request: a GET looks, anything else changes something."""
        mode = self._broken if self.world.loop.at < self._broken_until else ""
        await asyncio.sleep(self.random.uniform(0.02, 0.4))
        if mode == "slow":
            await asyncio.sleep(self.random.uniform(3, 9))
        if mode == "blackhole":
            await asyncio.sleep(LOST_SECONDS)
        if request.method == "GET":
            return _UNWELL.get(mode) or self._looked()
        if not mode and self.random.random() < REFUSES:
            mode = "refuse"
        answer = _UNWELL.get(mode)
        did = answer is None or mode == "lost_answer"
        self._keep(Called(self.world.loop.at, run, _words(request), did, mode in ("", "slow", "refuse")))
        if did:
            self._change(request)
        if mode == "lost_answer":
            await asyncio.sleep(LOST_SECONDS)
        return answer or _json(200, {"done": True, "message": f"call {len(self.calls)}"})

    def _keep(self, call: Called) -> None:
        self.calls.append(call)
        self.world.note(f"the target is asked to {call.words}: {'done' if call.did else 'not done'}")
        self.world.oracle.called(call)

    def _change(self, request: Request) -> None:
        if urlsplit(request.url).hostname == DEPLOYS:
            self.serving = int(at(request.json, "to"))

    def _looked(self) -> Response:
        if self.random.random() < FREEZES:
            self._frozen_until = self.world.loop.at + FROZEN_SECONDS
        self.tickets += 1
        frozen = "a deploy is under way" if self.world.loop.at < self._frozen_until else ""
        return _json(200, {"serving": self.serving, "ticket": self.tickets, "frozen": frozen})


def _json(status: int, body: Any) -> Response:
    return Response(status, body=orjson.dumps(body))


_UNWELL: Final[Mapping[str, Response]] = {
    "refuse": _json(409, {"message": "locked by another deploy"}), "500": Response(500, body=b"<html>oh no</html>"),
    "down": Response(0, error="connection refused"), "blackhole": Response(0, error="no answer within 10 s"),
    "lost_answer": Response(0, error="no answer within 10 s"),
}  # fmt: skip


def is_target(outgoing: Outgoing) -> bool:
    """Say whether a request goes to what actions change, and not to a provider."""
    return isinstance(outgoing, Request) and urlsplit(outgoing.url).hostname in (DEPLOYS, SWITCHES)


def _words(request: Request) -> str:
    """What a call asks for, in the words in which its plan says it."""
    if urlsplit(request.url).hostname == DEPLOYS:
        return _serve(at(request.json, "to"), at(request.json, "ticket"))
    return f"{request.method} {request.url} with {orjson.dumps(request.json).decode()}."


def _serve(version: object, ticket: object) -> str:
    return f"Serve version {version} (ticket {ticket})."


# --------------------------------------------------------------------------------------------- its integration


def _plan(wish: Any, config: Config) -> Conversation[Plan | Reject | Retry]:
    now = yield Request("GET", f"http://{DEPLOYS}/")
    if now.status != 200:
        return (Reject if now.status else Retry)(text_of(at(now.json, "message")) or now.error or f"{now.status}")
    serving, ticket = int(at(now.json, "serving")), int(at(now.json, "ticket"))
    to = serving - 1 if wish == "rollback" else serving
    undo = {"to": serving, "ticket": f"{ticket} back"} if wish == "rollback" else None
    return Plan("the api's deployment", (_serve(to, ticket),), {"to": to, "ticket": ticket}, undo)


def _holds(parameters: Mapping[str, Any], config: Config) -> Conversation[str]:
    now = yield Request("GET", f"http://{DEPLOYS}/")
    return text_of(at(now.json, "frozen")) if now.status == 200 else f"it cannot be looked at: {now.status}"


def _run(parameters: Mapping[str, Any], config: Config) -> Conversation[Acted]:
    done = yield Request("POST", f"http://{DEPLOYS}/", json=dict(parameters))
    return outcome("The deployment", done, at(done.json, "message"), receipt=text_of(at(done.json, "message")))


DEPLOYER: Final = Actor("railway", "The simulated deployments", _plan, _holds, _run)


def with_target(plugins: Plugins) -> Plugins:
    """The integrations with that of the simulated deployments in the place of a vendor's."""
    return replace(plugins, actors={**plugins.actors, DEPLOYER.name: DEPLOYER})
