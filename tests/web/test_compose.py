"""Composing a text on the web and by the API: seen before it is sent, asked again where two write at once."""

from __future__ import annotations

import re

import pytest

HOSTILE = '<img src=x onerror=alert(1)>"&{commander}{{7*7}}'


@pytest.fixture
def signed(site):
    site.name = site.declare(title=HOSTILE, service="proofi.ai")
    return site, site.sign_in()


def post(site, csrf, path, **fields):
    return site.ask("POST", f"/incidents/{site.name}{path}", data={"csrf": csrf, **fields},
                    headers={"Origin": "http://tocsin.test"})  # fmt: skip


def entries(site):
    return site.api("GET", f"/incidents/{site.name}/timeline").json()["items"]


def kinds(site):
    return [entry["kind"] for entry in entries(site)]


def seen(page):
    return int(re.search(r'name="seen" value="(\d+)"', page)[1])


def test_a_preview_shows_every_copy_and_sends_nothing(signed):
    """Room, stakeholders and status page, each with its text as it would be read; then the button to send."""
    site, csrf = signed
    before = entries(site)
    page = post(site, csrf, "/compose", text="status_update", do="preview", status="investigating",
                summary="We look at <b>it</b>", public="on", seen="0", next_update="10m").text  # fmt: skip

    assert before == entries(site)
    assert "team@proofi.ai" in page and "status page" in page and "Send 2 copies" in page
    assert "**Summary:** We look at &lt;b&gt;it&lt;/b&gt;" in page and "<b>it</b>" not in page
    assert "Next update by 2026-11-23 09:12 UTC." in page
    assert HOSTILE not in page and "&lt;img src=x" in page


def test_whoever_says_all_clear_sees_what_still_fires(site):
    """What goes on firing pages anew; the forms say so before, and the head of the incident how many do."""
    csrf = site.sign_in()
    for key in ("one", "two"):
        body = {"key": key, "title": "503", "severity": "critical", "service": "api", "check": "http_5xx"}
        site.ask("POST", "/in/generic/ingest-key-of-the-tests", json=body)
    site.name = "INC-1"
    still = "2 of its alerts still fire: if they go on after this, somebody is paged again."
    incident = site.ask("GET", "/incidents/INC-1").text
    assert still in incident and "2 alerts, 2 firing" in incident
    assert still in site.ask("GET", "/incidents/INC-1/compose?text=all_clear").text
    assert still not in site.ask("GET", "/incidents/INC-1/compose?text=status_update").text

    for key in ("one", "two"):
        site.ask("POST", "/in/generic/ingest-key-of-the-tests", json={"key": key, "status": "resolved", "title": "503"})
    incident = site.ask("GET", "/incidents/INC-1").text
    assert "still fire" not in incident and "2 alerts</dd>" in incident
    post(site, csrf, "/resolve", root_cause="x", resolution="y")
    assert "still fire" not in site.ask("GET", "/incidents/INC-1/compose?text=all_clear").text


def test_what_was_previewed_is_sent(signed):
    site, csrf = signed
    answer = post(site, csrf, "/compose", text="status_update", do="send", status="identified", summary="Found it",
                  seen="0", next_update="10m")  # fmt: skip
    assert 303 == answer.status_code
    shown = site.api("GET", f"/incidents/{site.name}").json()
    assert ("identified", "Found it", 1) == (shown["status"], shown["summary"], shown["said"])
    assert "2026-11-23T09:12:00Z" == shown["next_update_at"]


def test_who_writes_beside_another_sees_the_others_text_and_is_asked_again(signed):
    """The second is refused with the first's words, keeps what was typed, and may send then."""
    site, csrf = signed
    site.api("POST", f"/incidents/{site.name}/update", {"summary": "The first", "by": "backup1"})
    answer = post(site, csrf, "/compose", text="status_update", do="send", summary="The second", seen="0")
    assert 409 == answer.status_code
    assert "Backup One sent a text at 09:02 UTC, while you wrote: “The first”" in answer.text
    assert "The second" in answer.text and 1 == seen(answer.text)
    assert 1 == kinds(site).count("update_posted")
    form = {"text": "status_update", "do": "send", "summary": "The second", "seen": "1"}
    assert 303 == post(site, csrf, "/compose", **form).status_code
    assert 303 == post(site, csrf, "/compose", **form).status_code  # pressed twice: once
    assert 2 == kinds(site).count("update_posted")


def test_the_form_on_the_incidents_page_asks_again_too(signed):
    site, csrf = signed
    page = site.ask("GET", f"/incidents/{site.name}").text
    assert 0 == seen(page)
    site.api("POST", f"/incidents/{site.name}/update", {"summary": "The first", "by": "backup1"})
    answer = post(site, csrf, "/update", summary="The second", status="investigating", seen="0")
    assert 409 == answer.status_code and "The first" in answer.text and "The second" in answer.text


def test_two_resolving_at_once_send_one_all_clear(signed):
    site, csrf = signed
    site.api("POST", f"/incidents/{site.name}/update", {"summary": "Wait", "by": "backup1"})
    answer = post(site, csrf, "/compose", text="all_clear", do="send", root_cause="x", resolution="y", seen="0")
    assert 409 == answer.status_code and "Wait" in answer.text
    assert "resolved" not in kinds(site)


@pytest.mark.parametrize(
    ("promised", "words"),
    [
        ("2026-11-23T09:00:00Z", "cannot be promised for the past"),
        ("2026-11-23T09:10:00", "needs a zone"),
        (-60, "for the past"),
        ("1h", "every 15 minutes"),
        ("soon", "not a duration"),
        (10**18, "not a duration"),
    ],
)
def test_a_promise_that_cannot_be_is_refused_and_nothing_is_sent(signed, promised, words):
    site, _ = signed
    before = entries(site)
    answer = site.api("POST", f"/incidents/{site.name}/update", {"summary": "x", "next_update": promised})
    assert 422 == answer.status_code and words in answer.json()["detail"], answer.text
    assert before == entries(site)


def test_a_cause_is_locked_until_it_is_confirmed(signed):
    """A suspicion shows on the page and never goes out; confirmed it does."""
    site, csrf = signed
    assert 303 == post(site, csrf, "/cause", cause="A full disk").status_code
    page = site.ask("GET", f"/incidents/{site.name}").text
    assert "suspected, not confirmed" in page
    assert "A full disk" == site.api("GET", f"/incidents/{site.name}").json()["suspected_cause"]
    refused = site.api("POST", f"/incidents/{site.name}/update", {"summary": "It is a full disk", "by": "martijn"})
    assert 422 == refused.status_code and "Confirm it first" in refused.json()["detail"]
    refused = site.api("POST", f"/incidents/{site.name}/preview", {"summary": "a full disk"})
    assert 422 == refused.status_code

    assert 303 == post(site, csrf, "/cause", cause="", confirmed="on").status_code
    assert "A full disk" == site.api("GET", f"/incidents/{site.name}").json()["root_cause"]
    answer = site.api("POST", f"/incidents/{site.name}/update", {"summary": "It is a full disk", "by": "martijn"})
    assert 200 == answer.status_code
    assert "A full disk" == site.api("GET", f"/incidents/{site.name}/draft").json()["root_cause"]


def test_every_text_can_be_chosen_and_says_what_comes_from_the_record(signed):
    site, _ = signed
    for text in ("initial_alert", "acknowledged", "status_update", "all_clear", "public_incident", "public_resolution"):
        page = site.ask("GET", f"/incidents/{site.name}/compose?text={text}").text
        assert "From the record" in page, text
    assert "there is nothing to write" in site.ask("GET", f"/incidents/{site.name}/compose?text=initial_alert").text
    assert 200 == site.ask("GET", f"/incidents/{site.name}/compose?text=none").status_code


def test_texts_are_sent_again_and_refused_where_they_make_no_sense(signed):
    site, _ = signed
    path = f"/incidents/{site.name}/send"
    for text, status, words in [
        ("nothing", 422, "the runbook has no text"),
        ("status_update", 422, "post an update"),
        ("all_clear", 409, "resolve it"),
        ("acknowledged", 409, "nobody has acknowledged"),
        ("public_resolution", 409, "resolve it"),
    ]:
        answer = site.api("POST", path, {"text": text})
        assert status == answer.status_code and words in answer.json()["detail"], answer.text
    assert 200 == site.api("POST", path, {"text": "initial_alert", "by": "martijn"}).status_code
    assert 409 == site.api("POST", path, {"text": "initial_alert", "seen": 0}).status_code
    assert "initial_alert" == entries(site)[-1]["data"]["template"]


def test_the_page_is_a_war_room(signed):
    """What is said stands on the page and the timeline, as text; an empty message is refused in words."""
    site, csrf = signed
    site.db.write_now(_room, site)
    assert 303 == post(site, csrf, "/say", said="<script>alert(1)</script> look").status_code
    page = site.ask("GET", f"/incidents/{site.name}").text
    assert "<script>alert(1)" not in page and "&lt;script&gt;alert(1)&lt;/script&gt; look" in page
    assert "#incident-2026-11-23" in page
    answer = post(site, csrf, "/say", said="  ")
    assert 422 == answer.status_code and "the message is empty" in answer.text
    fragment = site.ask("GET", f"/incidents/{site.name}/fragment/room").text
    assert "look" in fragment
    assert 200 == site.api("POST", f"/incidents/{site.name}/say", {"text": "by the API"}).status_code
    assert "by the API" == entries(site)[-1]["data"]["text"]


def _room(tx, site):
    from tocsin.usecases import tick

    tick.tick(tx, site.setup)


def test_who_may_not_act_sees_the_room_and_no_forms(signed):
    site, _ = signed
    site.db.write_now(_room, site)
    assert 403 == site.api("POST", f"/incidents/{site.name}/say", {"text": "x"}, role="viewer").status_code
    assert 403 == site.api("POST", f"/incidents/{site.name}/preview", {}, role="viewer").status_code
    assert 403 == site.api("POST", f"/incidents/{site.name}/send", {"text": "initial_alert"}, role="viewer").status_code
