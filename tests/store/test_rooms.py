"""How a room is, and the one step that is taken to it at a time, on each database."""

from __future__ import annotations

from datetime import timedelta

from tocsin.core.events import Acknowledge, Declared, PostUpdate, RoomOpened, Say
from tocsin.core.room import Kept
from tocsin.sdk import Delivered
from tocsin.store import queue
from tocsin.store import rooms as store
from tocsin.usecases import deliver, respond, texts


def opened(house, setup):
    number = house.write_now(respond.declare, setup, Declared("down", "P0", "ops", service="proofi.ai"))
    house.write_now(respond.act, setup, number, RoomOpened("#incident-2026-11-23", "alerts", "77"))
    return number


def test_how_a_room_is_is_kept_for_that_room_alone(db):
    kept = Kept("77", "5", pinned=True, summary="how it stands", people=("ana",), given_up=("pin",))
    for state in (Kept("77"), kept):
        db.write_now(store.keep, 1, state)

    assert kept == db.read_now(store.kept, 1, "77")[0]
    assert (Kept("78"), None) == db.read_now(store.kept, 1, "78")
    assert (Kept("77"), None) == db.read_now(store.kept, 2, "77")


def test_many_changes_ask_for_one_step_and_one_is_taken_at_a_time(house, setup, time):
    """A second step waits for the one that is being taken: two would post the summary twice."""
    number = opened(house, setup)
    house.write_now(respond.act, setup, number, Acknowledge("martijn"))
    assert house.read_now(store.waits, number)
    steps = []
    for _ in range(40):
        time.now += timedelta(seconds=1)
        jobs = house.write_now(deliver.claim, setup, "one")
        [*taken] = [job for job in jobs if job.step]
        if taken:
            house.write_now(respond.act, setup, number, Say("martijn", "while it is sent"))
            again = [job for job in house.write_now(deliver.claim, setup, "two") if job.step]
            assert [] == again and house.read_now(store.at_work, number, "another")
        steps += [job.step.do for job in taken]
        for job in jobs:
            house.write_now(deliver.settle, setup, job, Delivered("5"))
    assert ["post", "pin", "invite"] == steps[:3] and 1 == steps.count("post")
    assert "5" == house.read_now(store.kept, number, "77")[0].message


def test_a_preview_reads_and_keeps_nothing(house, setup):
    number = opened(house, setup)
    before = house.read_now(queue.backlog)
    event = PostUpdate("martijn", "identified", "We look")
    found = house.read_now(texts.preview, setup, number, "status_update", event)

    assert ["team@proofi.ai", "#incident-2026-11-23"] == [copy.to for copy in found.copies]
    assert [False, True] == [copy.room for copy in found.copies]
    assert before == house.read_now(queue.backlog)
