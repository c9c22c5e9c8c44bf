"""What happens when a way to a person fails: its backup, receipts, and ways that are broken for good."""

from __future__ import annotations

import pytest

from tocsin.sdk import Mail, Response
from tocsin.store import people, queue
from tocsin.usecases import deliver

from .conftest import World, _json, changed

GONE = _json(403, {"ok": False, "error_code": 403, "description": "Forbidden: bot was blocked by the user"})
DOWN = Response(502)


def with_backup(data):
    """martijn is paged by Telegram, whose backup is a webhook; e-mail follows after ten minutes."""
    data["channels"]["alerts"]["backup"] = "hook"
    data["channels"]["hook"] = {"webhook": {"secret": "s" * 16}}
    data["people"]["martijn"]["webhook"] = "http://hook.example.org/martijn"
    data["people"]["martijn"]["notify"]["high"] = [{"via": "alerts"}, {"via": "email", "after": "10m"}]


@pytest.fixture
def spare(tmp_path):
    return World(tmp_path, changed(with_backup))


def promises_receipts(world):
    """Have Telegram promise receipts, as the vendors of text messages do."""
    from dataclasses import replace

    kinds = world.setup.plugins.transports
    world.setup.plugins = replace(
        world.setup.plugins, transports={**kinds, "telegram": replace(kinds["telegram"], receipts=True)}
    )


def answering(world, telegram):
    """Telegram answers *telegram* to martijn's own chat; everything else works."""

    def network(outgoing):
        if getattr(outgoing, "json", None) and outgoing.json.get("chat_id") == 700000001:
            return telegram
        if not isinstance(outgoing, Mail) and getattr(outgoing, "url", "").startswith("http://hook"):
            world.sent.append((world.now, "hook", outgoing.url))
            return Response(200)
        return world.everything_works(outgoing)

    world.network = network


def reached(world, who):
    return [str((at - world.sent[0][0]).seconds) for at, to, _ in world.sent if to == who]


def test_the_backup_takes_over_after_two_failures_and_the_next_rule_keeps_its_time(spare):
    answering(spare, DOWN)
    spare.declare("P1", service="proofi.ai")
    spare.wait(minutes=11)

    sent = [o.json for _, o in spare.requests if getattr(o, "url", "").startswith("http://hook")]
    pages = [body for body in sent if body["kind"] == "page"]
    assert 1 == len(pages)
    assert int(reached(spare, "hook")[0]) <= 30
    assert 1 == len([text for text in spare.texts("martijn@proofi.ai") if "You are paged" in text])


def test_the_backup_takes_over_at_once_from_what_is_refused(spare):
    answering(spare, _json(400, {"ok": False, "description": "Bad Request: message is too odd"}))
    spare.declare("P1", service="proofi.ai")

    assert ["0"] == reached(spare, "hook")


def test_a_way_that_goes_on_failing_does_not_end_the_wait_for_anothers_receipt(tmp_path):
    """E-mail fails on and on; Telegram took the page and has two minutes to say that it arrived."""

    def order(data):
        with_backup(data)
        del data["channels"]["alerts"]["backup"]
        data["people"]["martijn"]["notify"]["high"] = [
            {"via": "email"}, {"via": "alerts", "after": "1m"}, {"via": "hook", "after": "30m"}
        ]  # fmt: skip

    world = World(tmp_path, changed(order))
    promises_receipts(world)
    answering(world, _json(200, {"ok": True, "result": {"message_id": 5}}))
    works = world.network
    world.network = lambda outgoing: Response(451) if isinstance(outgoing, Mail) else works(outgoing)
    world.declare("P1", service="proofi.ai")
    [page] = [page for page in world.pages() if page.person == "martijn"]
    world.wait(minutes=4)

    tries = world.db.read_now(queue.attempts, [page.id])
    took = next(t.at for t in tries if t.via == "alerts" and t.verdict == "delivered")
    gave_up = next(t.at for t in tries if t.verdict == "no_receipt")
    assert 2 < len([t for t in tries if t.via == "email" and t.at < gave_up])
    assert 120 == (gave_up - took).total_seconds()


def test_no_receipt_in_time_starts_the_next_way_and_a_receipt_in_time_does_not(spare):
    """Accepted is not arrived: after two minutes without a receipt the backup is used."""
    promises_receipts(spare)
    answering(spare, _json(200, {"ok": True, "result": {"message_id": 31}}))
    spare.declare("P1", service="proofi.ai")
    spare.wait(seconds=119)
    assert [] == spare.texts("hook")
    spare.wait(seconds=2)
    assert 1 == len(spare.texts("hook"))

    spare.declare("P1", "another one", service="proofi.ai")
    answering(spare, _json(200, {"ok": True, "result": {"message_id": 32}}))
    spare.wait(seconds=10)
    assert spare.db.write_now(deliver.receipt, spare.setup, "telegram", "31", "delivered")


def test_a_receipt_makes_the_page_delivered_and_told_twice_changes_nothing(spare):
    promises_receipts(spare)
    answering(spare, _json(200, {"ok": True, "result": {"message_id": 41}}))
    spare.declare("P1", service="proofi.ai")
    for _ in range(2):
        assert spare.db.write_now(deliver.receipt, spare.setup, "telegram", "41", "delivered")
    assert spare.db.write_now(deliver.receipt, spare.setup, "telegram", "41", "failed", "late and wrong")
    spare.wait(minutes=3)

    page = next(row for row in spare.pages() if row.person == "martijn")
    assert ("delivered", []) == (page.state, spare.texts("hook"))
    assert not spare.db.write_now(deliver.receipt, spare.setup, "telegram", "unknown", "delivered")
    assert not spare.db.write_now(deliver.receipt, spare.setup, "smtp", "41", "delivered")


def test_a_receipt_that_says_failed_goes_on_to_the_next_way_at_once(spare):
    promises_receipts(spare)
    answering(spare, _json(200, {"ok": True, "result": {"message_id": 51}}))
    spare.declare("P1", service="proofi.ai")
    for _ in range(2):
        spare.db.write_now(
            deliver.receipt, spare.setup, "telegram", "51", "failed", "30005 unknown number", broken=True
        )
        spare.work()

    assert 1 == len(spare.texts("hook"))
    attempts = spare.db.read_now(queue.attempts, [row.id for row in spare.pages()])
    assert ["30005 unknown number"] == [a.why for a in attempts if a.verdict == "failed"]
    assert "30005 unknown number" == spare.db.read_now(people.health)["martijn", "alerts"].broken_why


def test_a_way_that_fails_for_good_is_skipped_and_told_once(spare):
    """The next way starts now, the person hears of it by another way, the admins too; later pages skip it."""
    answering(spare, GONE)
    spare.declare("P1", service="proofi.ai")
    spare.wait(seconds=5)
    assert ["0"] == reached(spare, "hook")[:1]
    told = [text for who in ("martijn@proofi.ai", "backup1", "hook") for text in spare.texts(who)]
    assert [text for text in told if "is not reached by alerts" in text]
    count = len([text for _, _, text in spare.sent if "is not reached by" in text])

    spare.declare("P1", "a second one", service="proofi.ai")
    spare.wait(seconds=5)
    page = next(row for row in spare.pages(2) if row.person == "martijn")
    skipped = [a for a in spare.db.read_now(queue.attempts, [page.id]) if a.verdict == "skipped"]
    assert ["broken since 2026-11-23: Forbidden: bot was blocked by the user"] == [a.why for a in skipped]
    assert count == len([text for _, _, text in spare.sent if "is not reached by" in text])
