"""
Bugs in actions, planted on purpose, as in `bugs`: each must be caught within 50 seeds in which people act.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tocsin.core import acting as told
from tocsin.core import actions as core
from tocsin.store import actions as store
from tocsin.store import queue
from tocsin.usecases import acting, actions

Patch = pytest.MonkeyPatch
PLANTED: dict[str, Callable[[Patch], None]] = {}


def planted(name: str) -> Callable[[Callable[[Patch], None]], Callable[[Patch], None]]:
    def keep(plant: Callable[[Patch], None]) -> Callable[[Patch], None]:
        PLANTED[name] = plant
        return plant

    return keep


@planted("a run whose lease is over is begun again")
def _(patch: Patch) -> None:
    take = acting.take

    def wrong(tx: Any, setup: Any, row: Any) -> Any:
        run = store.get(tx, row.payload["run"])
        if run and run.state == "running":
            store.keep(tx, replace(run, state="approved"))
        return take(tx, setup, row)

    patch.setattr(acting, "take", wrong)


@planted("an approval is not used up")
def _(patch: Patch) -> None:
    check, start = core.check_approval, actions._start

    def wrong_check(run: Any, *rest: Any) -> bool:
        return check(replace(run, state="planned"), *rest)

    def wrong_start(tx: Any, setup: Any, run: Any, by: str, via: str) -> Any:
        made = start(tx, setup, replace(run, state="planned"), by, via)
        queue.settle(tx, queue.by_key(tx, f"action:{run.id}").id, "pending", due=tx.now)
        return made

    patch.setattr(core, "check_approval", wrong_check)
    patch.setattr(actions, "_start", wrong_start)


@planted("a run that is unknown pages nobody")
def _(patch: Patch) -> None:
    patch.setattr(told, "_page", lambda draft, event: None)


@planted("that a call begins is stored after it")
def _(patch: Patch) -> None:
    begin, settle = acting.begin, acting.settle

    def wrong(tx: Any, setup: Any, row_id: str, epoch: int, acted: Any) -> None:
        begin(tx, setup, row_id, epoch, "")
        settle(tx, setup, row_id, epoch, acted)

    patch.setattr(acting, "begin", lambda tx, setup, row_id, epoch, why_not: not why_not)
    patch.setattr(acting, "settle", wrong)


@planted("a lost answer counts as a refusal")
def _(patch: Patch) -> None:
    settle = acting.settle

    def wrong(tx: Any, setup: Any, row_id: str, epoch: int, acted: Any) -> None:
        settle(tx, setup, row_id, epoch, replace(acted, state="failed") if acted.state == "unknown" else acted)

    patch.setattr(acting, "settle", wrong)


@planted("a plan that has expired may be approved")
def _(patch: Patch) -> None:
    check = core.check_approval

    def wrong(run: Any, hash_: str, who: Any, state: Any, beside: Any, now: Any) -> bool:
        return check(run, hash_, who, state, beside, min(now, run.expires_at - timedelta(seconds=1)))

    patch.setattr(core, "check_approval", wrong)


@planted("whoever planned it may approve it")
def _(patch: Patch) -> None:
    patch.setattr(core, "why_not_person", lambda run, who, commander: "")


@planted("an approval is not held against the hash of the plan")
def _(patch: Patch) -> None:
    check = core.check_approval

    def wrong(run: Any, hash_: str, *rest: Any) -> bool:
        return check(run, run.hash, *rest)

    patch.setattr(core, "check_approval", wrong)


@planted("the incident may be over when an action is begun")
def _(patch: Patch) -> None:
    patch.setattr(core, "closed", lambda state: "")
