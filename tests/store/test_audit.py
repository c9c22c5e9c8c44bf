"""The audit log is chained as timelines are: an edit, a cut and a swap are found and named, on each database."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, select, update

from tocsin.store import audit
from tocsin.store.schema import audit as table
from tocsin.usecases import access

GOOD = {"ok": True, "entries": 0, "broken": None}


def written(db, entries=5):
    for n in range(entries):
        db.write_now(audit.append, "martijn", "token_created", {"name": f"é{n}\n", "role": "viewer"})


def test_an_empty_log_holds(db):
    assert {**GOOD, "audit": GOOD} == db.read_now(audit.verify)


def test_what_is_written_holds(db):
    written(db)

    assert {**GOOD, "audit": {"ok": True, "entries": 5, "broken": None}} == db.read_now(audit.verify)


@pytest.mark.parametrize(
    ("fault", "seq"),
    [("edit", 3), ("actor", 3), ("delete", 3), ("delete_last", 5), ("delete_all", 1), ("swap", 2), ("rehash", 4)],
)
def test_a_broken_link_is_found_and_named(db, fault, seq):
    written(db)

    def tamper(tx):
        at = lambda n: table.c.seq == n
        if fault in ("edit", "actor", "rehash"):
            change = {"edit": {"data": "{}"}, "actor": {"actor": "me"}, "rehash": {"hash": "0" * 64}}[fault]
            tx.run(update(table).where(at(4 if fault == "rehash" else 3)).values(**change))
        elif fault == "swap":
            a, b = (tx.first(select(table.c.data).where(at(n))).data for n in (2, 3))
            tx.run(update(table).where(at(2)).values(data=b))
            tx.run(update(table).where(at(3)).values(data=a))
        else:
            tx.run(
                delete(table).where(
                    {"delete": at(3), "delete_last": at(5), "delete_all": at(1) | (table.c.seq > 1)}[fault]
                )
            )

    db.write_now(tamper)
    result = db.read_now(audit.verify)

    assert {"incident": None, "seq": seq} == result["audit"]["broken"]
    assert (False, None, False) == (result["ok"], result["broken"], result["audit"]["ok"])


def test_access_is_on_the_log_without_its_secrets(db):
    db.write_now(access.make_token, "a-very-secret-secret", "ci", "viewer")
    db.write_now(access.add_user, "ana", "admin", "a-long-enough-password")
    rows = db.read_now(lambda tx: tx.all(select(table).order_by(table.c.seq)))

    assert ["token_created", "user_added"] == [row.what for row in rows]
    assert "secret" not in str(rows) and "password" not in str(rows)
    assert db.read_now(audit.verify)["ok"]
