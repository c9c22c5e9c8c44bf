"""Contacts, checks, turns, folds and buckets: the same on both stores."""

from __future__ import annotations

from datetime import timedelta

from tocsin.store import people, queue

MINUTE = timedelta(minutes=1)


def test_a_broken_way_is_news_once_and_a_proof_mends_it(db, time):
    assert db.write_now(people.note_broken, "ana", "sms", "mark", "unknown number")
    assert not db.write_now(people.note_broken, "ana", "sms", "mark", "unknown number")
    assert db.write_now(people.note_broken, "ana", "sms", "another", "opted out")
    found = db.read_now(people.health)
    assert ("another", time.now, "opted out") == (
        found["ana", "sms"].broken_of, found["ana", "sms"].broken_at, found["ana", "sms"].broken_why
    )  # fmt: skip
    db.write_now(people.note_proved, "ana", "sms", "address", "code")

    proved = db.read_now(people.health, "ana")["ana", "sms"]
    assert ("address", time.now, None) == (proved.proved_of, proved.proved_at, proved.broken_of)
    assert {} == db.read_now(people.health, "bo")


def ask(db, time, person="ana", via="sms", kind="test", test="one"):
    columns = {"kind": kind, "test": test, "person": person, "via": via, "address_of": "m", "code": "", "asked_by": "x"}
    return db.write_now(lambda tx: people.ask(tx, expires_at=time.now + MINUTE, **columns))


def test_the_newest_test_page_counts_and_any_of_its_ways_answers_it(db, time):
    old = ask(db, time)
    db.write_now(people.answered, old)
    time.now += MINUTE
    sent = time.now
    ask(db, time, test="two")
    mail = ask(db, time, via="mail", test="two")
    assert (sent, None) == db.read_now(people.last_tests)["ana"]
    time.now += MINUTE
    db.write_now(people.answered, mail)
    time.now += MINUTE
    db.write_now(people.answered, mail)

    assert (sent, sent + MINUTE) == db.read_now(people.last_tests)["ana"]
    assert 3 == len(db.read_now(people.checks_of, "ana"))
    assert db.read_now(people.last_check, "ana", "sms") is None
    code = ask(db, time, kind="code", test="three")
    db.write_now(people.note_try, code)
    assert (code, 1) == (db.read_now(people.last_check, "ana", "sms").id, db.read_now(people.check, code).tries)


def test_turns_and_buckets_keep_the_latest(db, time):
    for person in ("ana", "bo", "ana"):
        db.write_now(people.took_turn, "default/1", person)
        time.now += MINUTE
    for level in (2.0, 1.5):
        db.write_now(people.keep_bucket, "phone", level)

    assert {"default/1": {"ana": time.now - MINUTE, "bo": time.now - 2 * MINUTE}, "x/1": {}} == db.read_now(
        people.turns_of, ["default/1", "x/1"]
    )
    assert (1.5, time.now) == db.read_now(people.bucket, "phone")
    assert db.read_now(people.bucket, "another") is None


def test_a_fold_lists_its_pages_once_the_lead_first(db):
    def three(tx):
        for n in (3, 1, 2):
            queue.ask(tx, f"page-{n}", incident=n, person="ana", urgency="low", reason="r", runbook_version="v")
        queue.note_fold(tx, "page-2", ["page-1", "page-3"])
        queue.note_fold(tx, "page-2", ["page-1"])

    db.write_now(three)
    assert ["page-2", "page-1", "page-3"] == [row.id for row in db.read_now(queue.folded, "page-2")]
    assert ["page-1"] == [row.id for row in db.read_now(queue.folded, "page-1")]
    assert [] == list(db.read_now(queue.folded, "unknown"))


def test_low_urgency_gathers_from_the_first_page_of_the_minute(db, time):
    columns = {"person": "ana", "urgency": "low", "reason": "r", "runbook_version": "v"}
    first = time.now
    from tocsin.core.types import uuid7

    db.write_now(lambda tx: queue.ask(tx, uuid7(tx.now, "a"), incident=1, **columns))
    time.now += timedelta(seconds=30)

    assert first + MINUTE == db.read_now(queue.gathers_until, "ana", 2, MINUTE)
    assert db.read_now(queue.gathers_until, "ana", 1, MINUTE) is None  # of the same incident: it never waits
    assert db.read_now(queue.gathers_until, "bo", 2, MINUTE) is None
    time.now += MINUTE
    assert db.read_now(queue.gathers_until, "ana", 2, MINUTE) is None


def test_a_receipt_leads_to_the_rows_that_the_vendor_took(db, time):
    def send(tx):
        for n in (1, 2):
            row = queue.put(tx, f"row-{n}", tx.now, kind="alarm", via="sms", destination="d", payload={}, urgent=True)
            queue.note_attempt(
                tx, row, None, 1, tx.now, via="sms", verdict="delivered", receipt="SM1", why=None, milliseconds=1
            )
            queue.settle(tx, row, "done", done_at=tx.now)

    db.write_now(send)
    assert {"row-1", "row-2"} == {row.key for row in db.read_now(queue.receipted, "SM1")}
    assert [] == list(db.read_now(queue.receipted, "SM2"))
    assert "row-1" == db.read_now(queue.by_key, "row-1").key
