"""Actions on both databases: plans come back as they were, one approval wins, a call is begun once for each claim."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from tocsin.core.events import Declared
from tocsin.core.types import Refused
from tocsin.sdk import Acted, Plan
from tocsin.store import actions as store
from tocsin.store import queue
from tocsin.store.db import Database
from tocsin.usecases import acting, actions, configure, deliver, respond
from tocsin.usecases.access import Viewer

from ..fakes.target import ACTOR
from ..stories.conftest import changed

PEOPLE = [Viewer("martijn", "martijn", "responder"), Viewer("backup1", "backup1", "responder")]


def with_actions(book):
    call = {"method": "POST", "url": "http://127.0.0.1:9/switch", "json": {"value": "v1"}}
    book["actions"]["back"] = {"http": call, "approve": "second_person", "undo": call}


@pytest.fixture
def acts(house, setup):
    """A house with an incident and an action that somebody else has planned."""
    setup.plugins.actors["http"] = ACTOR
    assert not house.write_now(configure.adopt, setup, changed(with_actions)).errors
    house.write_now(respond.declare, setup, Declared("Down", "P0", "admin", service="api"))
    return house


def planned(house, setup, by="admin"):
    ready = house.read_now(actions.ready, setup, 1, "back")
    plan = Plan("the switch", ("Set it",), {"url": "x", "value": 1}, {"url": "x", "value": 2}, ("Mind.",))
    return house.write_now(actions.keep_plan, setup, ready, plan, by)


def approve(house, setup, run, viewer=PEOPLE[1]):
    return house.write_now(actions.approve, setup, 1, "back", run.id, run.hash, viewer, viewer.acts_as)


def test_a_plan_comes_back_as_it_was_and_its_parameters_are_sealed(acts, setup):
    run = planned(acts, setup)
    assert run == acts.read_now(store.get, run.id)
    sealed = acts.read_now(store.sealed, run.id)
    assert "value" not in sealed
    assert ({"url": "x", "value": 1}, {"url": "x", "value": 2}) == acts.read_now(actions.opened, setup, run)

    assert acts.read_now(actions.opened, setup, replace(run, target="another")) is None
    other = replace(setup, secret_key=b"another key")
    assert acts.read_now(actions.opened, other, run) is None


def test_of_two_who_approve_at_one_instant_one_starts_it(acts, setup, url, time):
    """Two people, two nodes: one run, and the other is told who was first."""
    run = planned(acts, setup)
    nodes = [Database(url, time) for _ in PEOPLE]
    said: list[object] = []
    start = threading.Barrier(len(PEOPLE))

    def press(node, viewer):
        start.wait()
        try:
            said.append(approve(node, setup, run, viewer).approved_by)
        except Refused as refused:
            said.append(str(refused))

    threads = [threading.Thread(target=press, args=pair) for pair in zip(nodes, PEOPLE, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for node in nodes:
        node.close()

    winner = acts.read_now(store.get, run.id).approved_by
    assert {winner, "told"} == {one if one == winner else "told" for one in said}
    assert any(f"was approved by {winner}" in str(one) for one in said)
    assert acts.read_now(queue.by_key, f"action:{run.id}") is not None


def test_a_call_is_begun_once_for_each_claim_and_not_by_who_lost_it(acts, setup, time):
    run = approve(acts, setup, planned(acts, setup))
    [job] = [job for job in acts.write_now(deliver.claim, setup, "one") if job.acts]
    time.now += timedelta(seconds=31)
    [again] = [job for job in acts.write_now(deliver.claim, setup, "two") if job.acts]

    assert not acts.write_now(acting.begin, setup, job.id, job.epoch, "")
    assert acts.write_now(acting.begin, setup, again.id, again.epoch, "")
    assert acts.write_now(acting.begin, setup, again.id, again.epoch, "")
    assert 1 == acts.read_now(store.get, run.id).tries
    acts.write_now(acting.settle, setup, job.id, job.epoch, Acted("failed", "not mine"))
    assert "running" == acts.read_now(store.get, run.id).state

    time.now += timedelta(seconds=29)
    acts.write_now(acting.renew, again.id, again.epoch)
    time.now += timedelta(seconds=29)
    assert not [job for job in acts.write_now(deliver.claim, setup, "three") if job.acts]
    assert "running" == acts.read_now(store.get, run.id).state
    acts.write_now(acting.settle, setup, again.id, again.epoch, Acted("done", receipt="op-1"))
    assert ("succeeded", "op-1") == (acts.read_now(store.get, run.id).state, acts.read_now(store.get, run.id).receipt)


def test_what_raised_is_not_begun_or_is_unknown(acts, setup, time):
    """A bug in an integration changes nothing before the call, and nobody knows after it."""
    first = approve(acts, setup, planned(acts, setup))
    [job] = [job for job in acts.write_now(deliver.claim, setup, "one") if job.acts]
    acts.write_now(acting.gave_up, setup, job.id, job.epoch, KeyError("x"))
    assert "failed" == acts.read_now(store.get, first.id).state
    assert "nothing was changed" in acts.read_now(store.get, first.id).why

    time.now += timedelta(seconds=1)
    second = approve(acts, setup, planned(acts, setup))
    [job] = [job for job in acts.write_now(deliver.claim, setup, "one") if job.acts]
    assert acts.write_now(acting.begin, setup, job.id, job.epoch, "")
    acts.write_now(acting.gave_up, setup, job.id, job.epoch, KeyError("x"))
    acts.write_now(acting.gave_up, setup, job.id, job.epoch, KeyError("x"))
    assert "unknown" == acts.read_now(store.get, second.id).state


def test_plans_are_listed_newest_first_and_by_incident_and_action(acts, setup, time):
    made = []
    for _ in range(3):
        time.now += timedelta(seconds=1)
        made.append(planned(acts, setup).id)
    ids = [run.id for run in acts.read_now(store.listing, incident=1)]
    assert list(reversed(made)) == ids
    assert made[:1] == [run.id for run in acts.read_now(store.listing, action="back", before=made[1])]
    assert [] == acts.read_now(store.listing, incident=2)
    assert acts.read_now(store.get, "none") is None and acts.read_now(store.last, "back") is None
