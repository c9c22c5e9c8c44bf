"""What people do by the links and pages that are about themselves."""

from __future__ import annotations

from tocsin.store import incidents, queue
from tocsin.usecases.configure import acknowledge_link

from .conftest import HOST


def test_the_link_of_a_page_has_a_second_button_that_passes_it_on(site):
    """Looking changes nothing; the press ends this page and pages the next; then the link says so."""
    site.declare("P0", service="proofi.ai")
    page = next(row for row in site.db.read_now(queue.pages) if row.person == "martijn")
    path = acknowledge_link(site.setup, page.id).removeprefix(HOST)
    assert "I can't take it" in site.ask("GET", path).text.replace("&#39;", "'")
    assert not site.db.read_now(incidents.load, 1).state.passed_on

    pressed = site.ask("POST", f"{path}/pass")

    assert (303, path) == (pressed.status_code, pressed.headers["location"])
    assert ("martijn",) == site.db.read_now(incidents.load, 1).state.passed_on
    assert "you passed this on" in site.ask("GET", path).text
    assert 404 == site.ask("POST", f"/ack/{page.id}/{'0' * 40}/pass").status_code
    assert 403 == site.ask("POST", f"{path}/pass", headers={"Origin": "http://evil.test"}).status_code


def test_a_token_of_nobody_passes_on_for_whom_it_names(site):
    name = site.declare("P0", service="proofi.ai")
    answer = site.api("POST", f"/incidents/{name}/pass", {"by": "martijn", "reason": "on a train"})

    assert 200 == answer.status_code
    kinds = [entry.kind for entry in site.db.read_now(incidents.timeline, 1)]
    assert "escalated" in kinds
