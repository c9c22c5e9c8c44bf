"""Drafts from the record, and what must hold before anything is published."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tocsin.core.communications import cause_locked, drafted, repeated
from tocsin.core.events import PostUpdate
from tocsin.core.incident import Incident
from tocsin.core.ledger import Entry
from tocsin.core.types import Refused

NOW = datetime(2026, 11, 23, 9, 2, tzinfo=UTC)
STATE = Incident(1, "x", "P0", NOW, "ana", "v", status="acknowledged")
SUSPECTING = Incident(1, "x", "P0", NOW, "ana", "v", status="investigating", suspected="A full disk on db-1")


def entry(seq, kind, **data):
    return Entry(seq, NOW, kind, "ana", data, "")


def test_a_draft_says_what_no_update_has_said_yet():
    entries = [
        entry(1, "note", text="before"), entry(2, "update_posted", summary="old"), entry(3, "note", text="one"),
        entry(4, "paged", person="bo", reason="r"), entry(5, "fix_deployed", summary="Rolled back"),
        entry(6, "note", text="again", template="initial_alert"),
    ]  # fmt: skip
    made = drafted(STATE, entries, {"ana": "Ana"})
    assert "one. Ana said that a fix is deployed: Rolled back." == made["summary"]
    assert ("investigating", "Rolled back", "") == (made["status"], made["resolution"], made["root_cause"])


@pytest.mark.parametrize(
    ("state", "update", "words"),
    [
        (SUSPECTING, PostUpdate("ana", summary="It is a full  disk on DB-1."), "suspected, not confirmed"),
        (SUSPECTING, PostUpdate("ana", summary="ok", next_steps="clean: a full disk on db-1"), "suspected"),
        (STATE, PostUpdate("ana", summary="This was caused by a bad release", public=True), "caused by"),
        (STATE, PostUpdate("ana", summary="Logins fail due to an outage of a vendor", public=True), "due to"),
    ],
)
def test_an_unconfirmed_cause_does_not_go_out(state, update, words):
    with pytest.raises(Refused, match=words):
        cause_locked(state, update, update.status)


@pytest.mark.parametrize(
    ("state", "update"),
    [
        (SUSPECTING, PostUpdate("ana", "identified", "A full disk on db-1")),  # to say identified is to confirm
        (STATE, PostUpdate("ana", summary="Perhaps due to the release")),  # among ourselves
        (STATE, PostUpdate("ana", summary="Wallets cannot be opened. We are working on it.", public=True)),
    ],
)
def test_what_may_be_said_is_not_held_back(state, update):
    assert cause_locked(state, update, update.status) is None  # it raises what it holds back


def test_the_same_press_twice_is_known():
    said = Incident(1, "x", "P0", NOW, "ana", "v", status="investigating", summary="a", said=1, said_by="ana")
    assert repeated(said, PostUpdate("ana", "investigating", "a", seen=0), "investigating")
    assert not repeated(said, PostUpdate("bo", "investigating", "a", seen=0), "investigating")
    assert not repeated(said, PostUpdate("ana", "investigating", "a"), "investigating")
