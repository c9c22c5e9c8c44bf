"""What the auditor does to an incident, as its people see it."""

from __future__ import annotations

from sqlalchemy import delete, update

from tocsin.core.events import Acknowledge
from tocsin.store.schema import incidents, outbox
from tocsin.usecases import watch


def test_a_timer_that_was_lost_costs_a_minute_and_not_the_page(world):
    """The timer of an unanswered incident is gone: the auditor says so on the timeline, and the policy climbs on time."""
    number = world.declare("P1")
    world.paged()
    world.db.write_now(lambda tx: tx.run(update(incidents).values(wake_at=None)))
    world.wait(minutes=2)
    assert [] == world.paged()

    assert ((number, "it had no timer"),) == world.db.write_now(watch.audit, world.setup).found
    world.wait(minutes=3)
    assert ["backup1"] == world.paged()
    assert "The auditor found this incident silent: it had no timer. It was driven again." in [
        fact.data["text"] for fact in world.facts("note")
    ]
    assert world.verified()


def test_a_page_that_was_lost_is_sent_after_all(world):
    """The outbox row of a page that was never sent is gone: the person is paged anew, with the reason."""
    world.network = lambda outgoing: (_ for _ in ()).throw(AssertionError("nothing is sent yet"))
    from tocsin.core.events import Declared
    from tocsin.usecases import respond

    number = world.db.write_now(respond.declare, world.setup, Declared("down", "P1", "martijn"))
    lost = {row.person for row in world.pages(number)}
    world.db.write_now(lambda tx: tx.run(delete(outbox)))
    world.network = world.everything_works
    for _ in lost:
        world.db.write_now(watch.audit, world.setup)
    world.work()

    again = [row for row in world.pages(number) if row.state != "moot"]
    assert lost == {row.person for row in again}
    assert {"a page was lost before it was sent; it is asked for again"} == {row.reason for row in again}
    assert any("You are paged because: a page was lost" in text for text in world.texts("martijn"))
    world.act(number, Acknowledge("martijn"))
    assert () == world.db.write_now(watch.audit, world.setup).found


def test_six_hours_down_and_no_page_is_called_lost(world):
    """What was due meanwhile is done first; after that there is nothing for the auditor to find."""
    world.declare("P1")
    world.sleep(hours=6)
    world.work()

    assert () == world.db.write_now(watch.audit, world.setup).found
