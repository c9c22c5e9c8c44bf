"""A ticket that another tracker keeps: asked for once, fallen back from, and caught up with."""

from __future__ import annotations

import pytest

from tocsin.core.protocol import state_of
from tocsin.sdk import Delivered, Reject, Request, Response, Retry, Tracker
from tocsin.store import incidents

from .conftest import SECRETS, World


def open_issue(ticket, config):
    """A tracker as an integration would write it."""
    response = yield Request("POST", f"{config['api_base']}/repos/{config['repository']}/issues",
                             json={"title": ticket.title, "body": ticket.text, "labels": [ticket.label]})  # fmt: skip
    if response.status == 201:
        return Delivered(f"#{response.json['number']}")
    return Reject("the repository has no issues") if response.status == 410 else Retry(f"status {response.status}")


@pytest.fixture
def tracked(tmp_path):
    world = World(tmp_path, environment={**SECRETS, "GITHUB_TOKEN": "token"})
    link = lambda name, config: f"https://github.com/{config['repository']}/issues/{name[1:]}"
    world.setup.plugins.trackers["github"] = Tracker("github", "GitHub", open=open_issue, link=link)
    world.status, world.asked = 201, []
    others = world.network

    def network(outgoing):
        if getattr(outgoing, "url", "").endswith("/issues"):
            world.asked.append(outgoing.json)
            return Response(world.status, body=b'{"number": 17}')
        return others(outgoing)

    world.network = network
    return world


def state(world, duty="ticket"):
    return state_of(world.duty(duty), world.now)


def test_a_connected_tracker_gets_the_ticket_with_its_label(tracked):
    tracked.declare("P2", "Slow uploads", by="admin", service="api")

    assert [("Slow uploads", ["severity: P2"])] == [(one["title"], one["labels"]) for one in tracked.asked]
    s = tracked.state()
    assert ("#17", "github", "https://github.com/proofi/proofi-wallet/issues/17") == (
        s.ticket,
        s.tracker,
        s.ticket_link,
    )
    assert "done" == state(tracked)


def test_a_tracker_that_refuses_leaves_the_ticket_in_our_own_list(tracked):
    tracked.status = 410
    tracked.declare("P2", "Slow uploads", by="admin", service="api")

    assert ("INC-1", "local", "done") == (tracked.state().ticket, tracked.state().tracker, state(tracked))
    assert "github: the repository has no issues" == tracked.facts("ticket_created")[0].data["note"]
    assert 1 == len(tracked.db.read_now(incidents.tickets))


def test_a_tracker_that_is_away_is_asked_on_and_found_later(tracked):
    """Five minutes without an answer: the duty is missed and the ticket is ours; an hour later it has its name there."""
    tracked.status = 503
    tracked.declare("P2", "Slow uploads", by="admin", service="api")
    tracked.wait(minutes=4)
    assert ("due", None) == (state(tracked), tracked.state().ticket)
    tracked.wait(minutes=2)
    assert "local" == tracked.state().tracker
    assert ("done", True) == (state(tracked), tracked.duty("ticket").late)
    tracked.status = 201
    tracked.wait(hours=1)

    assert ("#17", "github") == (tracked.state().ticket, tracked.state().tracker)
    assert 2 == len(tracked.facts("ticket_created"))


def test_without_its_secret_no_tracker_is_asked(tmp_path):
    world = World(tmp_path)
    world.setup.plugins.trackers["github"] = Tracker("github", "GitHub", open=open_issue, link=lambda n, c: "")
    world.declare("P2", "Slow uploads", by="admin", service="api")

    assert "local" == world.state().tracker
