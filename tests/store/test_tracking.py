"""How tickets and documents stand outside: kept in step by rows of which one at a time is done, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tocsin.core.events import Declared, PostUpdate, TicketOpened
from tocsin.core.runbook import Connections, GitHub
from tocsin.sdk import Looked, Opened, Proposed, Reject, Retry, TicketSeen
from tocsin.store import action_items, documents, incidents, queue, retention, tracking
from tocsin.usecases import action_items as items
from tocsin.usecases import configure, deliver, repository, respond
from tocsin.usecases import tracking as usecase

from .conftest import EXAMPLE

DAY = timedelta(days=1)


@pytest.fixture
def house(db, setup):
    """A database whose runbook connects a tracker, and puts postmortems into the repository."""
    setup.environment = {"TELEGRAM_BOT_TOKEN": "1:x", "GITHUB_TOKEN": "github-token"}
    text = EXAMPLE.replace("  directory: docs/incidents", "  repository: commit\n  directory: docs/incidents")
    assert not db.write_now(configure.adopt, setup, text).errors
    return db


def linked(house, setup, name="#17"):
    number = house.write_now(respond.declare, setup, Declared("Down", "P0", "admin", service="api"))
    house.write_now(respond.act, setup, number, TicketOpened(name, "github", by="admin"))
    return number


def calls(house, setup, *kinds):
    return [job for job in house.write_now(deliver.claim, setup, "node", 500) if job.kind in kinds]


def asked(job):
    return next(job.call.ask())


def rows(house, kind):
    return [row.key for row in house.read_now(lambda tx: tx.all(tracking.outbox.select())) if row.kind == kind]


def known(house, number=1):
    return house.read_now(tracking.get, f"incident:{number}")


def test_many_changes_wait_as_one_row(house, setup, time):
    number = linked(house, setup)
    for n in range(5):
        time.now += timedelta(milliseconds=1)
        house.write_now(respond.act, setup, number, PostUpdate("martijn", "investigating", f"step {n}"))

    assert 1 == len(rows(house, "track"))


def test_a_change_that_a_dead_worker_held_is_asked_again_in_the_same_words(house, setup, time):
    """Its lease ran out: the mark and the words are those of the first try, and what came since is the next comment."""
    number = linked(house, setup)
    house.write_now(respond.act, setup, number, PostUpdate("martijn", "investigating", "first"))
    time.now += timedelta(seconds=6)
    [first] = calls(house, setup, "track")
    sent = asked(first).url, first.call
    house.write_now(respond.act, setup, number, PostUpdate("martijn", "identified", "second"))
    time.now += timedelta(seconds=31)
    [again] = calls(house, setup, "track")

    assert first.id == again.id
    assert sent[0] == asked(again).url
    house.write_now(deliver.settle, setup, first, Opened("#17"))  # too late: it is another's
    assert 0 == known(house).comments
    house.write_now(deliver.settle, setup, again, Opened("#17"))
    assert (1, "", None) == (known(house).comments, known(house).label, known(house).why or None)
    time.now += timedelta(seconds=60)
    [following] = calls(house, setup, "track")
    assert following.id != again.id
    house.write_now(deliver.settle, setup, following, Opened("#17"))
    assert 2 == known(house).comments


def test_one_change_at_a_time(house, setup, time):
    number = linked(house, setup)
    time.now += timedelta(seconds=6)
    [first] = calls(house, setup, "track")
    time.now += timedelta(seconds=6)
    house.write_now(respond.act, setup, number, PostUpdate("martijn", "investigating", "more"))
    time.now += timedelta(seconds=6)
    assert [] == calls(house, setup, "track")
    house.write_now(deliver.settle, setup, first, Opened("#17"))
    time.now += timedelta(seconds=60)

    assert 1 == len(calls(house, setup, "track"))


def test_another_ticket_in_the_place_of_the_first_begins_anew(house, setup, time):
    number = linked(house, setup)
    house.write_now(tracking.change, "incident:1", comments=7, closed=True, why="x")
    house.write_now(respond.act, setup, number, TicketOpened("#18", "github", by="admin"))

    assert ("#18", 0, False, "") == (known(house).name, known(house).comments, known(house).closed, known(house).why)


def test_the_look_is_one_row_that_comes_again(house, setup, time):
    linked(house, setup)
    linked(house, setup, "#18")
    assert ["tickets:github"] == rows(house, "tickets")
    for minutes in (0, 3, 3):
        time.now += timedelta(minutes=minutes, seconds=6)
        [job] = calls(house, setup, "tickets")
        house.write_now(deliver.settle, setup, job, Looked())
    assert ["tickets:github"] == rows(house, "tickets")
    time.now += timedelta(minutes=4)
    [job] = calls(house, setup, "tickets")
    house.write_now(deliver.settle, setup, job, Reject("the token may not"))
    assert [] == calls(house, setup, "tickets")
    time.now += timedelta(minutes=16)

    assert 1 == len(calls(house, setup, "tickets"))


def test_a_look_begins_before_the_newest_that_it_saw(house, setup, time):
    linked(house, setup)
    time.now += timedelta(minutes=3)
    [job] = calls(house, setup, "tickets")
    house.write_now(deliver.settle, setup, job, Looked(seen=(TicketSeen("#90", True, time.now),)))
    payload = house.read_now(queue.by_key, "tickets:github").payload

    assert {"since": (time.now - usecase.OVERLAP).isoformat()} == payload


def test_the_look_ends_when_no_ticket_is_open_and_begins_with_the_next(house, setup, time):
    linked(house, setup)
    house.write_now(tracking.change, "incident:1", closed=True, changed_at=time.now)
    time.now += 31 * DAY
    assert [] == calls(house, setup, "tickets")
    assert "moot" == house.read_now(queue.by_key, "tickets:github").state
    linked(house, setup, "#18")
    time.now += timedelta(seconds=6)

    assert 1 == len(calls(house, setup, "tickets"))


def test_a_limit_of_one_call_holds_all_of_them_back(house, setup, time):
    number = linked(house, setup)
    time.now += timedelta(seconds=6)
    jobs = calls(house, setup, "track", "tickets")
    track = next(job for job in jobs if job.kind == "track")
    house.write_now(deliver.settle, setup, track, Retry("slow down", after=600))
    house.write_now(respond.act, setup, number, PostUpdate("martijn", "investigating", "more"))
    time.now += timedelta(minutes=9)
    assert [] == calls(house, setup, "track", "tickets")
    time.now += timedelta(minutes=2)

    assert "track" in [job.kind for job in calls(house, setup, "track", "tickets")]


def test_what_is_heard_on_two_nodes_at_once_is_done_once(house, setup, time):
    number = linked(house, setup)
    time.now += timedelta(minutes=3)
    [job] = calls(house, setup, "track")
    house.write_now(deliver.settle, setup, job, Opened("#17"))
    time.now += timedelta(minutes=3)
    for _ in range(2):
        house.write_now(usecase.hear, setup, "github", (TicketSeen("#17", True, time.now, "martijn"),))

    kinds = [entry.kind for entry in house.read_now(incidents.timeline, number)]
    assert 1 == kinds.count("ticket_closed")


def test_the_ticket_of_an_action_item_goes_with_it(house, setup, time):
    number = linked(house, setup)
    item = house.write_now(items.add, setup, number, "martijn", title="Alarm", owner="backup1", due="2026-12-01",
                           link="https://github.com/proofi/proofi-wallet/issues/30")  # fmt: skip
    of = f"action:{item.id}"
    assert "#30" == house.read_now(tracking.get, of).name
    assert 0 < house.write_now(lambda tx: tx.run(action_items.table.delete()))
    house.write_now(retention.remove, 90 * DAY, [])

    assert (None, "#17") == (house.read_now(tracking.get, of), known(house).name)


def test_a_document_is_asked_for_once_for_each_text(house, setup, time):
    number = linked(house, setup)
    for text in ("# One", "# One", "# Two"):
        assert house.write_now(repository.propose_document, setup, number, "docs/a.md", text)
    time.now += timedelta(seconds=3)
    [job] = calls(house, setup, "document")
    done = Proposed("docs/a-2.md", path="docs/a-2.md", content="c2", link="https://x/a-2.md")
    house.write_now(deliver.settle, setup, job, done)
    kept = house.read_now(documents.get, number)

    assert ("docs/a-2.md", "# Two", "c2") == (kept.path, kept.text, kept.content)
    time.now += timedelta(minutes=1)
    assert [] == calls(house, setup, "document")


def test_a_version_that_comes_while_the_one_before_is_sent_is_sent_too(house, setup, time):
    number = linked(house, setup)
    house.write_now(repository.propose_document, setup, number, "docs/a.md", "# One")
    time.now += timedelta(seconds=3)
    [job] = calls(house, setup, "document")
    time.now += timedelta(seconds=1)
    house.write_now(repository.propose_document, setup, number, "docs/a.md", "# Two")
    house.write_now(deliver.settle, setup, job, Proposed("a", path="docs/a.md", content="c1", link="https://x"))
    time.now += timedelta(seconds=3)

    assert 1 == len(calls(house, setup, "document"))


def test_documents_go_one_after_the_other(house, setup, time):
    """Two commits at once to one branch: one of them would be refused."""
    for name in ("#17", "#18"):
        house.write_now(repository.propose_document, setup, linked(house, setup, name), "docs/a.md", name)
    time.now += timedelta(seconds=3)
    [job] = calls(house, setup, "document")
    house.write_now(deliver.settle, setup, job, Proposed("a", path="docs/a.md", content="c1", link="https://x"))
    time.now += timedelta(seconds=3)

    assert 1 == len(calls(house, setup, "document"))


def test_without_the_runbooks_word_no_document_is_kept(house, setup):
    assert not house.write_now(configure.adopt, setup, EXAMPLE).errors
    number = linked(house, setup)

    assert not house.write_now(repository.propose_document, setup, number, "docs/a.md", "# One")
    assert house.read_now(documents.get, number) is None


@pytest.mark.parametrize("github", [GitHub(token="t"), GitHub(repository="a/b"), None])
def test_a_connection_that_only_listens_opens_no_tickets(house, setup, github):
    """A webhook's secret alone makes no tracker: it needs a token and a repository."""
    _, runbook = house.read_now(configure.in_force, setup)
    only = runbook.model_copy(update={"connections": Connections(github=github)})

    assert "" == usecase.tracker_of(setup, only)
