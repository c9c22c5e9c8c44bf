"""What is kept of probes, on each database."""

from __future__ import annotations

from datetime import timedelta

from tocsin.core.probes import Seen
from tocsin.store import probes

from .conftest import START


def test_what_is_seen_of_a_probe_is_nothing_before_the_first_look(db):
    assert db.read_now(probes.seen, "api") is None
    db.write_now(probes.meet, "api", "wallet")
    assert db.read_now(probes.seen, "api") is None


def test_what_all_nodes_say_is_kept_until_the_runbook_has_the_probe_no_more(db):
    saw = Seen(False, "slow", START, START - timedelta(minutes=1), 6100, "the answer took 6.1 s")
    db.write_now(probes.meet, "api", "wallet")
    known = db.read_now(probes.known)["api"]
    db.write_now(probes.put_seen, known, saw, "wallet")
    assert saw == db.read_now(probes.seen, "api")

    db.write_now(probes.part, known.id)
    assert db.read_now(probes.seen, "api") is None

    db.write_now(probes.meet, "api", "wallet")
    assert known.id == db.read_now(probes.known)["api"].id
    assert db.read_now(probes.seen, "api") is None
