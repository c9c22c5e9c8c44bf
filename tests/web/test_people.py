"""What people do by the links and pages that are about themselves."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from tocsin import runbook_file
from tocsin.store import incidents, queue
from tocsin.store import people as store
from tocsin.store.schema import outbox
from tocsin.usecases.configure import acknowledge_link
from tocsin.web.people import tonight

from .conftest import EXAMPLE, HOST

BOOK = runbook_file.read(EXAMPLE, {}).runbook


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


def test_a_person_page_says_how_they_are_reached_tonight(site):
    """Each way has its state as a word and a colour, the rules stand in words, and 03:00 is on their own clock."""
    site.sign_in()
    text = site.ask("GET", "/people/martijn").text

    assert "What they would hear at 03:00 tonight" in text
    assert "Cannot be used" in text and "no TELEGRAM_BOT_TOKEN" in text
    assert "never sent" in text.lower()
    assert 404 == site.ask("GET", "/people/nobody").status_code
    people_ = site.ask("GET", "/people").text
    assert "Martijn" in people_ and "Reached" in people_


def test_tonight_is_the_next_three_o_clock_of_the_person():
    book = BOOK.model_copy(
        update={"people": {"ana": BOOK.people["martijn"].model_copy(update={"timezone": "Asia/Tokyo"})}}
    )

    assert datetime(2026, 11, 23, 18, tzinfo=UTC) == tonight(book, "ana", datetime(2026, 11, 23, 9, tzinfo=UTC))
    assert datetime(2026, 11, 24, 18, tzinfo=UTC) == tonight(book, "ana", datetime(2026, 11, 23, 18, tzinfo=UTC))


def test_a_code_is_sent_and_typed_in_on_the_page(site):
    csrf = site.sign_in()
    sent = site.ask("POST", "/people/martijn/check", data={"csrf": csrf, "via": "email"})
    assert (303, "/people/martijn?done=code&via=email#ways") == (sent.status_code, sent.headers["location"])
    row = next(r for r in site.db.read_now(lambda tx: tx.all(outbox.select())) if r.kind == "check")
    code = re.findall(r"Your code is (\d{6})", row.payload["text"])[0]
    wrong = site.ask("POST", "/people/martijn/code", data={"csrf": csrf, "via": "email", "code": "1"})
    assert (409, True) == (wrong.status_code, "not the code that was sent" in wrong.text)
    good = site.ask("POST", "/people/martijn/code", data={"csrf": csrf, "via": "email", "code": code})

    assert 303 == good.status_code
    assert "proved 0 seconds ago" in site.ask("GET", "/people/martijn").text
    assert 403 == site.ask("POST", "/people/martijn/check", data={"csrf": "x", "via": "email"}).status_code


def test_the_link_of_a_test_page_takes_one_press(site):
    """Looking proves nothing; a forged link is refused."""
    csrf = site.sign_in()
    site.ask("POST", "/people/backup1/test", data={"csrf": csrf})
    row = next(r for r in site.db.read_now(lambda tx: tx.all(outbox.select())) if r.kind == "check")
    path = row.payload["link"].removeprefix(HOST)
    assert "This is a test page" in site.ask("GET", path).text
    assert {} == site.db.read_now(store.health)
    assert 303 == site.ask("POST", path).status_code
    assert "Thank you" in site.ask("GET", path).text

    assert site.db.read_now(store.last_tests)["backup1"][1] == site.now
    assert 404 == site.ask("POST", f"{path.rpartition('/')[0]}/{'0' * 40}").status_code
    assert 403 == site.ask("POST", path, headers={"Origin": "http://evil.test"}).status_code


def test_a_page_by_hand_from_the_form_and_from_the_api(site):
    csrf = site.sign_in("backup1")
    made = site.ask("POST", "/people/martijn/page", data={"csrf": csrf, "message": "call the shop", "urgency": "high"})
    assert (303, "/incidents/INC-1") == (made.status_code, made.headers["location"])
    answer = site.api("POST", "/pages", {"person": "martijn", "message": "and the bank", "by": "backup1"})

    assert 201 == answer.status_code
    body = answer.json()
    assert ("INC-2", "martijn", "backup1", "paged by hand by backup1", "high") == (
        body["incident"], body["person"], body["asked_by"], body["reason"], body["urgency"]
    )  # fmt: skip
    assert 404 == site.api("POST", "/pages", {"person": "nobody", "message": "x"}).status_code
    assert 403 == site.api("POST", "/pages", {"person": "martijn", "message": "x"}, role="viewer").status_code
    site.api("POST", "/pages", {"person": "martijn", "message": "x"})
    assert 429 == site.api("POST", "/pages", {"person": "martijn", "message": "x"}).status_code


def test_people_over_the_api(site):
    items = site.api("GET", "/people").json()["items"]
    assert ["martijn", "backup1"] == [p["id"] for p in items]
    assert 202 == site.api("POST", "/people/martijn/check", {"via": "email"}).status_code
    assert 409 == site.api("POST", "/people/martijn/code", {"via": "email", "code": "1"}).status_code
    assert 202 == site.api("POST", "/people/backup1/test").status_code
    shown = site.api("GET", "/people/backup1").json()
    assert {"email", "alerts"} >= {w["via"] for w in shown["ways"] if w["named"]}
    assert shown["test"]["sent_at"] and not shown["test"]["answered_at"]


def test_what_one_message_listed_is_acknowledged_by_one_press(site):
    """The page of a fold's link lists each incident; the press takes them all."""
    for title in ("one", "two"):
        site.declare("P0", title, service="proofi.ai")
    first, second = (
        next(row for row in site.db.read_now(queue.pages, incident=n) if row.person == "martijn") for n in (1, 2)
    )
    site.db.write_now(queue.note_fold, first.id, [second.id])
    path = f"{acknowledge_link(site.setup, first.id).removeprefix(HOST)}/all"
    assert "Acknowledge all 2" in site.ask("GET", path).text
    assert 303 == site.ask("POST", path).status_code
    assert "Nothing of this waits" in site.ask("GET", path).text

    assert [True, True] == [site.db.read_now(incidents.load, n).state.answered for n in (1, 2)]
