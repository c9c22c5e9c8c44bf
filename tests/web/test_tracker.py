"""Tickets of a tracker on the pages and in the API: opened and linked by people."""

from __future__ import annotations

import pytest

from tocsin.store import queue
from tocsin.usecases import configure

from .conftest import EXAMPLE


@pytest.fixture
def tracked(site):
    site.setup.environment = {"GITHUB_TOKEN": "github-token"}
    text = EXAMPLE + "\n# with a tracker\n"
    assert not site.db.write_now(configure.adopt, site.setup, text).errors
    return site


def ticket(site, name):
    return site.api("GET", f"/incidents/{name}").json()["ticket"]


def asked(site, name, tracker="github"):
    return site.db.read_now(queue.by_key, f"{name}:ticket:{tracker}")


def test_a_person_asks_for_a_ticket_of_a_p0(tracked):
    name = tracked.declare("P0")
    assert asked(tracked, name) is None
    for _ in range(2):
        assert 200 == tracked.api("POST", f"/incidents/{name}/ticket", {}).status_code

    assert "pending" == asked(tracked, name).state


def test_a_ticket_that_is_there_is_linked_once(tracked):
    name = tracked.declare("P0")
    answer = tracked.api("POST", f"/incidents/{name}/ticket", {"ticket": "#17", "by": "martijn"})
    assert ("#17", "github", "https://github.com/proofi/proofi-wallet/issues/17", "open") == tuple(
        answer.json()["ticket"][key] for key in ("id", "tracker", "link", "state")
    )
    assert 200 == tracked.api("POST", f"/incidents/{name}/ticket", {"ticket": "#17"}).status_code
    refused = tracked.api("POST", f"/incidents/{name}/ticket", {"ticket": "#18"})

    assert (409, True) == (refused.status_code, "has the ticket #17" in refused.json()["detail"])


@pytest.mark.parametrize(
    ("body", "status"), [({"ticket": "PROJ-1"}, 422), ({"ticket": 17}, 422), ({"ticket": "#0"}, 422)]
)
def test_what_is_no_ticket_is_refused(tracked, body, status):
    assert status == tracked.api("POST", f"/incidents/{tracked.declare()}/ticket", body).status_code


def test_without_a_tracker_the_ticket_is_ours_and_nothing_can_be_linked(site):
    name = site.declare("P0")
    assert "no tracker is connected" in site.api("POST", f"/incidents/{name}/ticket", {"ticket": "#1"}).json()["detail"]
    site.api("POST", f"/incidents/{name}/ticket")

    assert "local" == ticket(site, name)["tracker"]


def test_a_viewer_opens_none(tracked):
    assert 403 == tracked.api("POST", f"/incidents/{tracked.declare()}/ticket", {}, role="viewer").status_code


def test_the_page_offers_both_and_says_no_in_words(tracked):
    csrf = tracked.sign_in()
    name = tracked.declare("P0")
    page = tracked.ask("GET", f"/incidents/{name}").text
    assert ("Open a ticket" in page, "Link a ticket that is there" in page) == (True, True)
    refused = tracked.ask("POST", f"/tickets/{name}/open", data={"csrf": csrf, "ticket": "<b>"})
    assert (422, False) == (refused.status_code, "<b>'" in refused.text)
    assert 303 == tracked.ask("POST", f"/tickets/{name}/open", data={"csrf": csrf, "ticket": "17"}).status_code
    page = tracked.ask("GET", f"/incidents/{name}").text

    assert 'href="https://github.com/proofi/proofi-wallet/issues/17">#17</a>' in page
    assert "Link a ticket" not in page


def test_a_ticket_is_closed_and_opened_again_on_its_page(tracked):
    csrf, name = tracked.sign_in(), tracked.declare("P0")
    tracked.ask("POST", f"/tickets/{name}/open", data={"csrf": csrf, "ticket": "17"})
    tracked.ask("POST", f"/tickets/{name}/close", data={"csrf": csrf})
    assert "Open again" in tracked.ask("GET", "/tickets?state=closed").text
    tracked.ask("POST", f"/tickets/{name}/reopen", data={"csrf": csrf})

    assert "open" == ticket(tracked, name)["state"]
    tracked.api("POST", f"/tickets/{name}/close", {})
    assert "open" == tracked.api("POST", f"/tickets/{name}/reopen", {}).json()["ticket"]["state"]


def item(site, **more):
    body = {"incident": site.declare("P0"), "title": "Alarm", "owner": "martijn", "due": "2026-12-01", **more}
    return site.api("POST", "/action-items", body).json()["id"]


def test_an_action_item_is_opened_as_an_issue_on_the_page(tracked):
    csrf, id_ = tracked.sign_in(), item(tracked)
    assert "Open an issue" in tracked.ask("GET", "/action-items").text
    assert 303 == tracked.ask("POST", f"/action-items/{id_}/issue", data={"csrf": csrf}).status_code
    assert 200 == tracked.api("POST", f"/action-items/{id_}/issue", {}).status_code

    assert "issue" == tracked.db.read_now(queue.by_key, f"action:{id_}:open").kind


def test_without_a_tracker_no_issue_is_offered(site):
    site.sign_in()
    id_ = item(site)

    assert "Open an issue" not in site.ask("GET", "/action-items").text
    assert 422 == site.api("POST", f"/action-items/{id_}/issue", {}).status_code


def test_an_action_item_is_open_again_for_a_reason(site):
    csrf, id_ = site.sign_in(), item(site)
    site.api("POST", f"/action-items/{id_}/done", {})
    assert 422 == site.api("POST", f"/action-items/{id_}/reopen", {}).status_code
    assert "It is not done after all" in site.ask("GET", "/action-items").text
    assert (
        303
        == site.ask("POST", f"/action-items/{id_}/reopen", data={"csrf": csrf, "reason": "it rang again"}).status_code
    )

    assert "open" == site.api("GET", "/action-items").json()["items"][0]["state"]
