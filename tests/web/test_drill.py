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


def begin(site, csrf, **fields):
    form = {"csrf": csrf, "title": "Fire drill", "severity": "P0", "service": "api", **fields}
    return site.ask("POST", "/drills", data=form)


def test_a_drill_is_begun_on_its_page_only_by_somebody_who_means_it(site):
    csrf = site.sign_in()
    assert "No drill yet" in site.ask("GET", "/drills").text
    answer = begin(site, csrf, title="Fire <drill>")
    assert 422 == answer.status_code
    assert "This pages real people: say that you mean it" in answer.text
    assert "Fire &lt;drill&gt;" in answer.text  # what was typed is kept
    assert [] == site.api("GET", "/incidents").json()["items"]

    answer = begin(site, csrf, sure="yes")
    assert (303, "/incidents/INC-1") == (answer.status_code, answer.headers["location"])
    [made] = site.api("GET", "/incidents?drill=true").json()["items"]
    assert ("Fire drill", "P0", "api", "martijn") == tuple(
        made[key] for key in ("title", "severity", "service", "declared_by")
    )
    assert "not acknowledged" in site.ask("GET", "/drills").text


def test_a_drill_that_cannot_be_begun_says_why(site):
    csrf = site.sign_in()
    for fields, said in (
        ({"severity": "P9"}, "No severity &#39;P9&#39;"),
        ({"title": " "}, "An incident needs a title"),
    ):
        answer = begin(site, csrf, sure="yes", **fields)
        assert 422 == answer.status_code
        assert said in answer.text


def test_who_may_only_look_sees_the_drills_and_no_form(site):
    site.sign_in(role="viewer")
    page = site.ask("GET", "/drills").text
    assert "Drills so far" in page
    assert "Begin the drill" not in page
    assert 403 == begin(site, page.partition('name="csrf" value="')[2].partition('"')[0], sure="yes").status_code


def test_a_stranger_sees_no_drills(site):
    assert "/sign-in" in site.ask("GET", "/drills").headers["location"]
