"""What providers took of a page is found again on both stores, when the page ends."""

from __future__ import annotations

import pytest

from tocsin.core.events import Acknowledge, Declared
from tocsin.sdk import Delivered
from tocsin.store import queue
from tocsin.store.schema import outbox
from tocsin.usecases import deliver, respond


@pytest.fixture
def sent(house, setup):
    """An incident of which every page is delivered, each with a receipt of its own."""
    number = house.write_now(respond.declare, setup, Declared("down", "P0", "martijn"))
    for _ in range(5):
        for job in house.write_now(deliver.claim, setup, "node"):
            house.write_now(deliver.settle, setup, job, Delivered(f"receipt-of-{job.id}"))
    return number


def edits_of(db):
    return db.read_now(lambda tx: tx.all(outbox.select().where(outbox.c.kind == "edit").order_by(outbox.c.id)))


def test_each_copy_is_found_by_its_receipt_and_edited_once(house, setup, sent):
    copies = house.read_now(lambda tx: queue.copies(tx, sent, only=None, keep=(), limit=50))
    assert {"telegram"} <= {copy.payload["kind"] for copy in copies}
    assert {copy.receipt for copy in copies} == {
        r for _, r in house.read_now(queue.still_open, [c.receipt for c in copies])
    }

    for _ in range(2):
        house.write_now(respond.act, setup, sent, Acknowledge("martijn"))
    wanted = sorted(copy.receipt for copy in copies if copy.payload["kind"] == "telegram")
    assert wanted == sorted(row.payload["receipt"] for row in edits_of(house))
    assert set() == house.read_now(queue.still_open, wanted)


def test_an_edit_is_claimed_sent_and_done_and_is_no_attempt_of_the_page(house, setup, sent):
    house.write_now(respond.act, setup, sent, Acknowledge("martijn"))
    before = len(house.read_now(queue.attempts, [p.id for p in house.read_now(queue.pages, incident=sent)]))
    jobs = [job for job in house.write_now(deliver.claim, setup, "node") if job.edit]
    for job in jobs:
        house.write_now(deliver.settle, setup, job, Delivered())

    assert jobs and {"done"} == {row.state for row in edits_of(house) if row.id in {job.id for job in jobs}}
    assert before == len(house.read_now(queue.attempts, [p.id for p in house.read_now(queue.pages, incident=sent)]))


@pytest.mark.parametrize(("only", "keep", "whose"), [("martijn", (), {"martijn"}), (None, ("martijn",), {"backup1"})])
def test_only_some_peoples_copies(house, sent, only, keep, whose):
    copies = house.read_now(lambda tx: queue.copies(tx, sent, only=only, keep=keep, limit=50))
    people = {p.id: p.person for p in house.read_now(queue.pages, incident=sent)}

    assert whose == {people[copy.page] for copy in copies}
    assert 1 == len(house.read_now(lambda tx: queue.copies(tx, sent, only=only, keep=keep, limit=1)))
