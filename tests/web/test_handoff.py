"""I have the pager: by the link, on the on-call page, and by the API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tocsin.store import handoffs
from tocsin.usecases import configure, handoff

from .conftest import HOST

MONDAY = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)


def work(site):
    site.db.write_now(handoff.run, site.setup, site.db.read_now(handoff.gather, site.setup))


@pytest.fixture
def monday(site):
    """The shift has just changed: backup1 takes primary."""
    work(site)
    site.now = MONDAY
    work(site)
    return site


def row_of(site, person="backup1"):
    return next(row for row in site.db.read_now(handoffs.listing) if row.person == person)


def link(site, person="backup1", as_=None):
    url = configure.handoff_link(site.setup, row_of(site, person).id, as_ or person)
    return url.removeprefix(HOST)


def test_the_link_asks_first_and_its_button_confirms(monday):
    page = monday.ask("GET", link(monday))
    assert (200, "noindex") == (page.status_code, page.headers["x-robots-tag"])
    assert "Backup One takes primary" in page.text
    assert "Watch the alerts channel" in page.text
    assert "waiting" == row_of(monday).state

    assert 303 == monday.ask("POST", link(monday)).status_code
    assert ("confirmed", "backup1") == (row_of(monday).state, row_of(monday).confirmed_by)
    assert "Backup One has the pager" in monday.ask("GET", link(monday)).text
    assert 303 == monday.ask("POST", link(monday)).status_code


def test_a_link_of_another_person_a_wrong_one_and_a_foreign_press_are_refused(monday):
    for wrong in (link(monday)[:-1] + "x", link(monday).replace("/backup1/", "/martijn/")):
        assert 404 == monday.ask("GET", wrong).status_code
        assert 404 == monday.ask("POST", wrong).status_code
    assert 403 == monday.ask("POST", link(monday), headers={"Origin": "https://evil.example"}).status_code
    assert "waiting" == row_of(monday).state


def test_a_lead_who_was_told_says_so_in_their_own_name(monday):
    monday.now = MONDAY + timedelta(minutes=30)
    for _ in range(3):
        work(monday)
    page = monday.ask("GET", link(monday, as_="martijn")).text
    assert "pages still go to Backup One" in page
    assert 303 == monday.ask("POST", link(monday, as_="martijn")).status_code
    assert "martijn" == row_of(monday).confirmed_by


def test_a_hand_off_that_is_over_says_so(monday):
    old = link(monday)
    monday.now = MONDAY + timedelta(days=7)
    work(monday)
    assert "has changed hands since" in monday.ask("GET", old).text
    assert 409 == monday.ask("POST", old).status_code


def test_the_on_call_page_shows_it_and_has_the_button_and_my_duties(monday):
    csrf = monday.sign_in("backup1")
    page = monday.ask("GET", "/oncall").text
    for words in ("Not confirmed yet", "Backup One takes primary", "Others are told in 30 minutes",
                  "Your duties on call", "Escalate if unable to respond"):  # fmt: skip
        assert words in page
    id_ = row_of(monday).id
    assert 403 == monday.ask("POST", f"/oncall/handoffs/{id_}/confirm").status_code
    assert 303 == monday.ask("POST", f"/oncall/handoffs/{id_}/confirm", data={"csrf": csrf}).status_code
    assert "said so 2026-11-30 08:00 UTC" in monday.ask("GET", "/oncall").text


def test_who_is_not_on_call_has_no_duties(site):
    site.sign_in("admin")

    assert "Your duties on call" not in site.ask("GET", "/oncall").text


def test_a_gap_and_one_that_nobody_confirmed_stand_on_the_page(site):
    site.db.write_now(
        lambda tx: handoffs.add(tx, tx.now, person=None, schedules=[entry()], state="nobody", told=["martijn"])
    )
    site.db.write_now(
        lambda tx: handoffs.add(
            tx, tx.now, person="backup1", schedules=[entry()], state="unconfirmed", confirm_by=tx.now, told=["martijn"]
        )
    )
    site.sign_in("martijn")
    page = site.ask("GET", "/oncall").text
    assert "Nobody takes primary" in page
    assert "Nobody confirmed by 2026-11-23 09:02 UTC; Martijn was told." in page


def entry():
    return {"schedule": "primary", "outgoing": ["martijn"], "until": "2026-12-07T08:00:00Z", "override": None}


def test_the_api_lists_and_confirms(monday):
    items = monday.api("GET", "/handoffs").json()["items"]
    mine = next(item for item in items if item["person"] == "backup1")
    assert ("waiting", "2026-11-30T08:00:00Z", "2026-11-30T08:30:00Z") == (
        mine["state"],
        mine["at"],
        mine["confirm_by"],
    )
    assert [("primary", ["martijn"])] == [(s["schedule"], s["outgoing"]) for s in mine["schedules"]]
    assert 403 == monday.api("POST", f"/handoffs/{mine['id']}/confirm", {}, role="viewer").status_code
    done = monday.api("POST", f"/handoffs/{mine['id']}/confirm", {"by": "backup1"}, role="responder")
    assert ("confirmed", "backup1") == (done.json()["state"], done.json()["confirmed_by"])
    assert 1 == len(monday.api("GET", "/handoffs?state=waiting").json()["items"])
    assert monday.api("GET", "/handoffs?limit=1").json()["next"]
    before = items[0]["id"]
    assert [items[1]["id"]] == [i["id"] for i in monday.api("GET", f"/handoffs?before={before}").json()["items"]]
    assert 404 == monday.api("POST", "/handoffs/nothing/confirm", {}).status_code
    assert 401 == monday.ask("GET", "/api/v1/handoffs").status_code


def test_why_a_page_came_stands_on_its_link_on_the_incident_and_in_the_api(site):
    name = site.declare("P1", service="payments")
    page = site.api("GET", f"/pages?incident={name}").json()["items"]
    mine = next(item for item in page if item["person"] == "martijn")
    assert ("primary", "P1") == (mine["because"]["schedule"]["name"], mine["because"]["severity"])
    confirm = site.ask("GET", configure.acknowledge_link(site.setup, mine["id"]).removeprefix(HOST)).text
    assert "Why was I paged?" in confirm
    assert "primary from Mon 2026-11-23 09:00 until Mon 2026-11-30 09:00 (Europe/Amsterdam)" in confirm
    site.sign_in()
    assert "Why Martijn?" in site.ask("GET", f"/incidents/{name}").text
