"""Drills on the pages: marked in the list, on the incident, among the tickets, and everywhere in a world of their own."""

from __future__ import annotations


def test_a_drill_is_marked_wherever_it_is_shown(site):
    name = site.declare("P2", drill=True)
    site.declare("P2", title="It is real")
    site.sign_in()
    for path in ("/incidents", f"/incidents/{name}", "/tickets"):
        assert 1 == site.ask("GET", path).text.count(">DRILL<"), path
    tickets = site.api("GET", "/tickets").json()["items"]
    assert [False, True] == [ticket["drill"] for ticket in tickets]


def test_the_api_tells_drills_apart(site):
    name = site.declare(drill=True)
    other = site.declare()
    found = {drill: site.api("GET", f"/incidents?drill={drill}").json()["items"] for drill in ("true", "false")}
    assert {"true": [name], "false": [other]} == {drill: [i["id"] for i in items] for drill, items in found.items()}
    assert site.api("GET", f"/incidents/{name}").json()["drill"] is True


def test_only_who_may_act_begins_a_drill(site):
    body = {"title": "A drill", "severity": "P0", "drill": True}
    assert 403 == site.api("POST", "/incidents", body, role="viewer").status_code
    assert [] == site.api("GET", "/incidents").json()["items"]


def test_every_page_of_a_world_made_for_drills_says_so(site):
    """And how fast its clock goes, so that what a page counts by itself is right."""
    site.sign_in()
    real = site.ask("GET", "/incidents").text
    assert "DRILL" not in real
    assert "data-pace" not in real
    site.setup.drills, site.setup.pace = True, 60.0
    page = site.ask("GET", "/oncall").text
    assert "a world of its own" in page
    assert f'data-now="{site.now.isoformat()}" data-pace="60.0"' in page
