"""A ticket in GitHub: it follows its incident, and the incident follows it; action items and documents too."""

from __future__ import annotations

import json

import orjson
import pytest

from tests.fakes.github_issues import FakeGitHubRepository
from tests.integrations.helpers import over_socket
from tocsin.core import events as e
from tocsin.core.types import Refused
from tocsin.sdk import Inbound, Response
from tocsin.store import action_items as items_store
from tocsin.store import documents, tracking
from tocsin.store import postmortems as kept_postmortems
from tocsin.usecases import action_items, configure, ingest, joining, postmortems
from tocsin.usecases import tracking as usecase

from .conftest import SECRETS, START, World, changed


@pytest.fixture
def hub():
    with FakeGitHubRepository() as server:
        yield server
    assert [] == server.faults


def built(tmp_path, hub, **postmortems):
    """A world whose tracker is the fake, over a real socket, and whose clocks are one."""

    def change(data):
        data["connections"]["github"] |= {"api_base": hub.url, "token": hub.token}
        data["postmortems"] |= postmortems

    world = World(tmp_path, changed(change), {**SECRETS, "GITHUB_TOKEN": hub.token})
    others = world.network

    def network(outgoing):
        if getattr(outgoing, "url", "").startswith(hub.url):
            hub.now = f"{world.now:%Y-%m-%dT%H:%M:%SZ}"
            return over_socket(_one(outgoing))
        return others(outgoing)

    world.network = network
    return world


def _one(outgoing) -> Response:
    response = yield outgoing
    return response


@pytest.fixture
def world(tmp_path, hub):
    return built(tmp_path, hub)


def opened(world, severity="P2"):
    number = world.declare(severity, "Slow uploads", by="admin", service="api")
    world.wait(seconds=1)
    return number


def told(world, body):
    """GitHub's webhook arrives."""
    inbound = Inbound(json.dumps(body).encode(), orjson.loads(json.dumps(body)), world.now, "github",
                      headers={"x-github-event": "issues"},
                      config=world.db.read_now(lambda tx: configure.source_config(
                          world.setup, configure.in_force(tx, world.setup)[1], "github")))  # fmt: skip
    signals = world.setup.plugins.sources["github"].parse(inbound)
    if signals:
        world.db.write_now(ingest.ingest, world.setup, [signals])
    world.work()
    return signals


def waited(world, **span):
    world.wait(**(span or {"minutes": 2}))


# --------------------------------------------------------------------------------------------- opened


def test_a_backlog_incident_gets_an_issue_with_its_label(world, hub):
    opened(world)

    assert ("#17", "github", f"{hub.url}/proofi/proofi-wallet/issues/17") == (
        world.state().ticket, world.state().tracker, world.state().ticket_link,
    )  # fmt: skip
    assert ["severity: P2"] == hub.issues[17]["labels"]
    assert "http://tocsin.example.org/incidents/INC-1" in hub.issues[17]["body"]


def test_an_answer_that_is_lost_opens_no_second_issue(world, hub):
    hub.lost = ["POST /issues"]
    opened(world)
    waited(world)

    assert (["#17"], 1) == ([world.state().ticket], len(hub.issues))


def test_what_was_not_as_it_was_asked_stands_on_the_timeline(world, hub):
    hub.refuse = {"POST /labels"}
    opened(world)

    assert "the label 'severity: P2' was left out" in world.facts("ticket_created")[0].data["note"]


def test_a_severity_that_changes_while_the_tracker_is_away_gives_the_issue_its_label(world, hub):
    hub.mode = "down"
    opened(world)
    world.act(1, e.SetSeverity("martijn", "P3", "cosmetic"))
    hub.mode = "ok"
    waited(world, minutes=5)

    assert ["severity: P3"] == hub.issues[17]["labels"]


def test_a_drill_opens_no_issue(world, hub):
    world.declare("P2", "Rehearsed", by="admin", drill=True)
    waited(world)

    assert ({}, "local") == (hub.issues, world.state().tracker)


# --------------------------------------------------------------------------------------------- linked by a person


def test_an_incident_that_began_with_an_issue_has_it_for_its_ticket(world, hub):
    """A person opened it, with the label of a severity: no second one is opened beside it."""
    number = hub.issue("Mobile layout broken", "by a person", ("severity: P2",))
    body = {**hub.set_state(number, "open", "martijn"), "action": "labeled"}
    body["repository"]["default_branch"] = "main"
    told(world, body)
    waited(world)
    assert (f"#{number}", 1, "P2") == (world.state().ticket, len(hub.issues), world.state().severity)
    assert ["severity: P2"] == hub.issues[number]["labels"]

    told(world, hub.set_state(number, "closed", "martijn"))
    waited(world)
    assert ("resolved", 1) == (world.state().status, len(world.facts("ticket_closed")))


def open_or_link(world, ticket="", number=1):
    world.db.write_now(usecase.open_or_link, world.setup, number, "martijn", ticket)
    world.work()


def test_a_p0_gets_an_issue_when_a_person_asks_for_one_and_only_one(world, hub):
    world.declare("P0")
    waited(world)
    assert {} == hub.issues
    for _ in range(2):
        open_or_link(world)

    assert ("#17", ["severity: P0"], 1) == (world.state().ticket, hub.issues[17]["labels"], len(hub.issues))


def test_an_issue_that_is_there_is_linked_by_its_number_or_address(world, hub):
    world.declare("P0")
    number = hub.issue("a person wrote this", labels=("bug",))
    for name in (f"#{number}", f"{hub.url}/proofi/proofi-wallet/issues/{number}"):
        open_or_link(world, name)
    waited(world)

    assert (f"#{number}", 1) == (world.state().ticket, len(world.facts("ticket_created")))
    assert ["bug"] == hub.issues[number]["labels"]  # a label of a severity would be an alert of its own
    [said] = hub.said(number)
    assert "Martijn linked the ticket #17 in github" in said
    assert "declared" not in said


@pytest.mark.parametrize("name", ["PROJ-1", "https://github.com/other/repository/issues/7", "#0", "seventeen"])
def test_what_is_no_ticket_there_is_refused(world, name):
    world.declare("P0")
    with pytest.raises(Refused, match="is no ticket of GitHub here"):
        open_or_link(world, name)


def test_a_second_ticket_is_refused(world, hub):
    opened(world)
    with pytest.raises(Refused, match="has the ticket #17 in github already"):
        open_or_link(world, "#3")


def test_a_linked_issue_that_is_not_there_is_said_once_and_left(world, hub):
    world.declare("P0")
    open_or_link(world, "#404")
    waited(world)
    world.act(1, e.PostUpdate("martijn", "identified", "Found it"))
    waited(world, minutes=5)

    notes = [f.data["text"] for f in world.facts("note") if "#404" in f.data["text"]]
    assert [
        "Ticket #404 is not kept in step any more: the issue #404 is not there any more: deleted, moved, or out of reach"
    ] == notes


# --------------------------------------------------------------------------------------------- told of what changes


def test_changes_are_comments_in_order_and_what_belongs_together_is_one(world, hub):
    opened(world)
    world.act(1, e.Acknowledge("martijn"))
    world.act(1, e.SetSeverity("martijn", "P3", "one user"))
    waited(world)
    world.act(1, e.PostUpdate("martijn", "identified", "It is the cache, password: hunter22"))
    world.act(1, e.Note("martijn", "a note is no news"))
    waited(world)

    first, second = hub.said(17)
    assert first.index("acknowledged") < first.index("P3")
    assert "one user" in first
    assert ("It is the cache" in second, "hunter22" in second, "a note" in second) == (True, False, False)
    assert ["severity: P3"] == hub.issues[17]["labels"]


def test_a_comment_whose_answer_was_lost_stands_there_once_though_more_happened_meanwhile(world, hub):
    opened(world)
    world.act(1, e.PostUpdate("martijn", "investigating", "first"))
    hub.lost = ["POST /issues/17/comments"]
    world.wait(seconds=6)
    world.act(1, e.PostUpdate("martijn", "identified", "second"))
    waited(world)

    said = hub.said(17)
    assert ["first", "second"] == [next(w for w in ("first", "second") if w in one) for one in said]
    assert 1 == "".join(said).count(": first")


def test_twenty_changes_a_minute_are_few_comments(world, hub):
    opened(world)
    for n in range(40):
        world.act(1, e.PostUpdate("martijn", "investigating", f"step {n}"))
        world.wait(seconds=3)
    waited(world)

    assert 3 <= len(hub.said(17)) <= 6
    assert "step 39" in hub.said(17)[-1]


# --------------------------------------------------------------------------------------------- its state, both ways


def test_an_incident_that_is_resolved_closes_its_issue_and_one_that_is_reopened_opens_it(world, hub):
    opened(world)
    world.act(1, e.Resolve("martijn", "A full disk", "More room"))
    waited(world)
    assert ("closed", "completed") == (hub.issues[17]["state"], hub.issues[17]["state_reason"])
    assert "More room" in hub.said(17)[-1]

    world.act(1, e.Reopen("martijn", "it is back"))
    waited(world)
    assert ("open", "it is back" in hub.said(17)[-1]) == (hub.issues[17]["state"], True)
    waited(world, minutes=30)
    assert (["ticket_closed", "ticket_reopened"], True) == (
        [kind for kind in world.kinds() if kind in ("ticket_closed", "ticket_reopened")], world.state().is_open,
    )  # fmt: skip


def test_a_ticket_that_is_closed_here_is_closed_there(world, hub):
    opened(world, "P2")
    world.act(1, e.CloseTicket("martijn", "not worth it"))
    waited(world)

    assert ("closed", True) == (hub.issues[17]["state"], "not worth it" in "".join(hub.said(17)))


def test_an_issue_that_a_person_closes_ends_a_backlog_incident_as_that_person(world, hub):
    opened(world)
    waited(world)
    told(world, hub.set_state(17, "closed", "Martijn"))

    assert ("martijn", "github") == (world.facts("ticket_closed")[0].actor, world.facts("ticket_closed")[0].data["via"])
    assert "resolved" == world.state().status
    waited(world)
    assert "closed" == hub.issues[17]["state"]


def test_an_issue_that_a_stranger_closes_is_closed_by_that_name(world, hub):
    world.declare("P0")
    open_or_link(world)
    waited(world)
    told(world, hub.set_state(17, "closed", "somebody-else"))

    assert ("github:somebody-else", True) == (world.facts("ticket_closed")[0].actor, world.state().is_open)


def test_an_issue_that_is_opened_again_opens_the_ticket_and_not_the_incident(world, hub):
    opened(world)
    waited(world)
    told(world, hub.set_state(17, "closed", "martijn"))
    waited(world)
    told(world, hub.set_state(17, "open", "martijn"))
    waited(world)

    assert (None, "resolved", "open") == (world.state().ticket_closed_at, world.state().status, hub.issues[17]["state"])


def test_without_a_webhook_the_slow_look_finds_it(world, hub):
    opened(world)
    waited(world)
    hub.now = f"{world.now:%Y-%m-%dT%H:%M:%SZ}"
    hub.set_state(17, "closed", "martijn")
    waited(world, minutes=4)

    assert ("martijn", "resolved") == (world.facts("ticket_closed")[0].actor, world.state().status)


def test_what_tocsin_did_itself_is_no_news(world, hub):
    """Its own closing comes back by the webhook, at once and late, and by every look: nothing follows."""
    opened(world)
    world.act(1, e.Resolve("martijn"))
    world.wait(seconds=6)
    echo = hub.set_state(17, "closed", hub.login)
    told(world, echo)
    waited(world, minutes=20)
    told(world, echo)
    before = len(world.timeline())
    waited(world, minutes=20)

    assert (before, 1) == (len(world.timeline()), len(world.facts("ticket_closed")))
    assert 1 == len(hub.said(17))


def test_what_the_webhook_says_late_of_a_change_of_ours_is_looked_at_again(world, hub):
    """Resolved, reopened within a minute: the echo of the closing comes after the opening, and is not believed."""
    opened(world)
    world.act(1, e.Resolve("martijn"))
    world.wait(seconds=6)
    echo = hub.set_state(17, "closed", hub.login)
    world.act(1, e.Reopen("martijn"))
    world.wait(seconds=40)
    assert "open" == hub.issues[17]["state"]
    told(world, echo)
    waited(world, minutes=10)

    assert (True, "open") == (world.state().is_open, hub.issues[17]["state"])


@pytest.mark.parametrize("change", [{"repository": {"full_name": "other/one"}}, {"issue": {"number": 99}}])
def test_other_issues_are_nothing_to_an_incident(world, hub, change):
    opened(world)
    waited(world)
    body = hub.set_state(17, "closed", "martijn")
    told(world, {**body, **{name: {**body[name], **value} for name, value in change.items()}})

    assert [] == world.facts("ticket_closed")


def test_an_issue_that_only_bears_the_marker_closes_nothing(world, hub):
    """Anybody may copy it: the number counts."""
    opened(world)
    waited(world)
    copy = hub.issue("a copy", hub.issues[17]["body"])
    told(world, hub.set_state(copy, "closed", "mallory"))

    assert [] == world.facts("ticket_closed")


def test_a_merged_incident_closes_its_issue_with_a_word_on_the_other(world, hub):
    opened(world)
    opened(world)
    world.db.write_now(joining.merge, world.setup, 1, 2, "martijn")
    waited(world)
    assert ("closed", "open") == (hub.issues[17]["state"], hub.issues[18]["state"])
    assert "INC-2" in hub.said(17)[-1]

    world.db.write_now(joining.split, world.setup, 1, "martijn")
    waited(world)
    assert "open" == hub.issues[17]["state"]


def test_a_change_that_is_refused_is_said_once_and_made_up_for_later(world, hub):
    opened(world)
    hub.refuse = {"POST /issues/17/comments", "PATCH /issues/17"}
    world.act(1, e.Acknowledge("martijn"))
    waited(world)
    world.act(1, e.Resolve("martijn"))
    waited(world)
    notes = [f.data["text"] for f in world.facts("note") if "could not be brought up to date" in f.data["text"]]
    assert (1, "open") == (len(notes), hub.issues[17]["state"])

    hub.refuse = set()
    world.act(1, e.WriteUp("martijn", "All is well"))
    waited(world)
    assert "closed" == hub.issues[17]["state"]


def test_a_limit_holds_everything_back_until_its_end(world, hub):
    opened(world)
    hub.mode = "flood"
    world.act(1, e.Acknowledge("martijn"))
    world.wait(seconds=10)
    calls, hub.mode = hub.calls, "ok"
    world.wait(seconds=30)
    assert (calls, []) == (hub.calls, hub.said(17))
    waited(world)

    assert 1 == len(hub.said(17))


# --------------------------------------------------------------------------------------------- action items


def item(world, link=""):
    return world.db.write_now(
        action_items.add, world.setup, 1, "martijn", title="Alarm on disk", owner="backup1", due="2026-12-01", link=link
    )


def read(world, one):
    return world.db.read_now(items_store.get, one.id)


def test_an_action_item_is_opened_as_an_issue_and_closes_with_it(world, hub):
    world.declare("P0")
    one = item(world)
    for _ in range(2):
        world.db.write_now(usecase.open_item, world.setup, one.id)
    waited(world)
    assert (1, f"{hub.url}/proofi/proofi-wallet/issues/17") == (len(hub.issues), read(world, one).link)
    assert ["action item"] == hub.issues[17]["labels"]

    told(world, hub.set_state(17, "closed", "martijn"))
    assert ("done", "martijn") == (read(world, one).state, read(world, one).closed_by)
    waited(world)
    told(world, hub.set_state(17, "open", "martijn"))
    assert ("open", None) == (read(world, one).state, read(world, one).closed_at)
    assert [None, True] == [f.data.get("again") for f in world.facts("action_item_added")]


def test_an_action_item_that_is_linked_closes_its_issue_when_it_is_done_here(world, hub):
    world.declare("P0")
    number = hub.issue("by hand")
    one = item(world, f"{hub.url}/proofi/proofi-wallet/issues/{number}")
    world.db.write_now(action_items.done, world.setup, one.id, "backup1")
    waited(world)
    assert (["Done, says Backup One"], "closed") == (hub.said(number), hub.issues[number]["state"])

    world.db.write_now(action_items.again, world.setup, one.id, "backup1", "not yet")
    waited(world, minutes=10)
    assert ("open", "open") == (hub.issues[number]["state"], read(world, one).state)


def test_a_link_elsewhere_is_only_a_link(world, hub):
    world.declare("P0")
    one = item(world, "https://example.org/issues/7")
    world.db.write_now(action_items.done, world.setup, one.id, "backup1")
    waited(world)

    assert (None, 0) == (world.db.read_now(tracking.get, f"action:{one.id}"), hub.calls)


def test_an_action_item_that_gets_no_issue_says_why_and_can_be_asked_again(world, hub):
    world.declare("P0")
    one = item(world)
    hub.mode = "disabled"
    world.db.write_now(usecase.open_item, world.setup, one.id)
    waited(world)
    assert any("issues are disabled" in f.data["text"] for f in world.facts("note"))
    hub.mode = "ok"
    world.db.write_now(usecase.open_item, world.setup, one.id)
    waited(world)

    assert read(world, one).link


# --------------------------------------------------------------------------------------------- documents


def publish(world):
    row = world.db.read_now(kept_postmortems.get, 1)
    world.db.write_now(postmortems.publish, world.setup, 1, "martijn", row.version, anyway=True)
    waited(world)


@pytest.mark.parametrize("how", ["commit", "pull_request"])
def test_a_postmortem_goes_into_the_repository_when_the_runbook_says_so(tmp_path, hub, how):
    world = built(tmp_path, hub, repository=how)
    world.declare("P0", "proofi.ai is down")
    world.act(1, e.Resolve("martijn", "A disk", "Space"))
    waited(world)
    assert {"README.md": b"hello"} == hub.branches["main"]
    publish(world)

    branch = "main" if how == "commit" else "tocsin/inc-1"
    path = "docs/incidents/2026-11-23-proofi-ai-is-down.md"
    assert hub.branches[branch][path].startswith(b"#")
    where = "in the repository" if how == "commit" else "in the pull request #17"
    assert [1] == [sum(f"The postmortem is {where}: http" in f.data["text"] for f in world.facts("note"))]


def test_a_postmortem_stays_here_when_the_runbook_says_nothing(world, hub):
    world.declare("P0")
    world.act(1, e.Resolve("martijn"))
    waited(world)
    publish(world)

    assert ({"README.md": b"hello"}, None) == (hub.branches["main"], world.db.read_now(documents.get, 1))


def test_a_postmortem_that_is_refused_is_said_and_the_next_version_is_tried(tmp_path, hub):
    world = built(tmp_path, hub, repository="commit")
    hub.refuse = {"PUT /contents"}
    world.declare("P0")
    world.act(1, e.Resolve("martijn"))
    waited(world)
    publish(world)
    assert any("was not put into the repository" in f.data["text"] for f in world.facts("note"))

    hub.refuse = set()
    row = world.db.read_now(kept_postmortems.get, 1)
    world.db.write_now(postmortems.edit, world.setup, 1, "martijn", row.text + "\nA disk.\n", row.version)
    publish(world)
    assert 2 == len(hub.branches["main"])
    assert START < world.db.read_now(documents.get, 1).done_at
