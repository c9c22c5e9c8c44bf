"""The team's tools: what an integration can look up, change and undo, and whether its connection works."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias

from tocsin.sdk.wire import Config, Conversation, Reject, Retry

CauseKind: TypeAlias = Literal["deployment", "storage", "database", "errors", "dependency", "traffic", ""]


@dataclass(frozen=True, slots=True)
class Look:
    """What a diagnosis is asked: of which service of the runbook, how bad since when. Instants are aware UTC."""

    service: str | None
    began: datetime
    now: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """
    One thing that was looked up, as a sentence.

    `ok`: what was looked at is in order. `at` is when it happened, where it has an instant. `suspect` is the kind of
    cause that it points at, as the protocols' `mitigations` name them; `target` what exactly (a deployment's id, a
    cluster's name), and `weight` how strongly, from 0 to 1, as far as the vendor's word alone goes.
    """

    text: str
    ok: bool = True
    link: str = ""
    at: datetime | None = None
    suspect: CauseKind = ""
    target: str = ""
    weight: float = 0.0


@dataclass(frozen=True, slots=True)
class Diagnoser:
    """
    A look at one vendor.

    `name` is how the runbook's `diagnose` asks for it (`vercel.deployments`); what stands before the dot is the
    connection whose settings it gets. `needs` are the settings without which it cannot look. It changes nothing.
    A Reject or Retry says in words why nothing could be seen.
    """

    name: str
    title: str
    look: Callable[[Look, Config], Conversation[Sequence[Found] | Reject | Retry]]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """
    What an action would do now, exactly.

    `target` and `steps` are for the person who approves. `parameters` are all that `run` needs, fixed from here on;
    `undo` those of the way back, None where there is none. `warnings` are its limits, said before it is approved.
    """

    target: str
    steps: tuple[str, ...]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    undo: Mapping[str, Any] | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Acted:
    """
    What became of a call that changes something.

    `done`: the vendor took it. `failed`: nothing was changed, *why* in the vendor's words. `unknown`: the call was
    begun and nobody can say (no answer, 5xx, a broken connection); a person must look.
    """

    state: Literal["done", "failed", "unknown"]
    why: str = ""
    receipt: str = ""


@dataclass(frozen=True, slots=True)
class Actor:
    """
    What an integration can change.

    `name` is the key under an action of the runbook (`vercel: rollback`); what stands there is the *wish*. `config` are
    the settings of the connection of the same name; where there is none, the wish, as the environment fills it at that
    moment: what is secret in it (an address with a password, the value of a header) is then read there, and stays out
    of the plan's parameters, which are kept.
    `plan(wish, config)` looks and changes nothing. `holds(parameters, config)` is asked just before: "" when what was
    planned can still be done, else why not. `run(parameters, config)` does it, in at most one call that changes
    something. The way back is `run` with the plan's `undo`. `stands(parameters, config)` looks whether it is in effect
    now: True, False, or None for cannot be told.
    """

    name: str
    title: str
    plan: Callable[[Any, Config], Conversation[Plan | Reject | Retry]]
    holds: Callable[[Mapping[str, Any], Config], Conversation[str]]
    run: Callable[[Mapping[str, Any], Config], Conversation[Acted]]
    stands: Callable[[Mapping[str, Any], Config], Conversation[bool | None]] | None = None
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tested:
    """
    What a connection can do: `reads`, and `acts` (None where it never acts, or where only acting would tell).

    `missing` says, one sentence each, what to set or to permit. `text` is what was seen (the account, the project).
    """

    reads: bool
    acts: bool | None = None
    missing: tuple[str, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class ConnectionTest:
    """Look whether a connection or channel works, changing nothing. `name` is the key in the runbook."""

    name: str
    title: str
    test: Callable[[Config], Conversation[Tested]]
