"""Leading an incident on its page and by the API: clocks, severity, roles, tickets, write-up; and two at once."""

from __future__ import annotations

import html
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from tocsin.core.incident import Incident
from tocsin.usecases import tick
from tocsin.web import incidents, leading

NOW = datetime(2026, 11, 23, 9, 2, tzinfo=UTC)


def page(site, path):
    answer = site.ask("GET", path)
    assert 200 == answer.status_code
    return html.unescape(answer.text)


def press(site, csrf, name, action, **form):
    return site.ask("POST", f"/incidents/{name}/{action}", data={"csrf": csrf, **form})


# --------------------------------------------------------------------------------------------- clocks


@pytest.mark.parametrize(("minutes", "state"), [(0, "On time"), (12, "At risk"), (15, "Breached")])
def test_the_page_and_the_list_show_how_the_response_stands(site, minutes, state):
    site.sign_in()
    name = site.declare()
    site.now += timedelta(minutes=minutes)

    assert f"Response: {state}" in page(site, f"/incidents/{name}")
    assert f">{state}</span>" in page(site, "/incidents")


def test_clocks_in_json(site):
    name = site.declare()
    site.now += timedelta(minutes=5)
    site.api("POST", f"/incidents/{name}/acknowledge", {"by": "martijn"})
    response, resolution = site.api("GET", f"/incidents/{name}").json()["clocks"]

    assert {
        "clock": "response", "state": "kept", "started_at": "2026-11-23T09:02:00Z",
        "at_risk_at": "2026-11-23T09:13:15Z", "due_at": "2026-11-23T09:17:00Z", "met_at": "2026-11-23T09:07:00Z",
    } == response  # fmt: skip
    assert ("resolution", "running", "2026-11-23T10:02:00Z") == tuple(
        resolution[key] for key in ("clock", "state", "due_at")
    )


def test_a_breach_stands_out_on_the_timeline(site):
    site.sign_in()
    name = site.declare()
    site.now += timedelta(minutes=15)
    site.db.write_now(tick.tick, site.setup)

    text = page(site, f"/incidents/{name}")
    assert "Response time breached: due 2026-11-23 09:17 UTC" in text


# --------------------------------------------------------------------------------------------- severity


def test_a_change_made_on_what_is_old_is_refused_in_words_and_keeps_what_was_typed(site):
    csrf = site.sign_in("backup1")
    name = site.declare("P1")
    site.api("POST", f"/incidents/{name}/severity", {"severity": "P0", "reason": "all of them", "by": "martijn"})
    refused = press(site, csrf, name, "severity", severity="P2", reason="one", was="P1")

    assert 409 == refused.status_code
    assert "is P0 by now (martijn, who set it), not P1 as you saw it" in html.unescape(refused.text)
    assert 303 == press(site, csrf, name, "severity", severity="P2", reason="one", was="P0").status_code
    assert "P2" == site.api("GET", f"/incidents/{name}").json()["severity"]


@pytest.mark.parametrize(
    ("action", "body", "status", "words"),
    [
        ("severity", {"severity": "P9"}, 422, "the runbook has P0, P1, P2, P3"),
        ("severity", {"severity": "P2", "was": "P1"}, 409, "is P0 by now"),
        ("severity", {}, 422, "cannot be used"),
        ("assign", {"role": "commander", "person": "stranger"}, 422, "no person 'stranger'"),
        ("assign", {"role": "king", "person": "martijn"}, 422, "there are commander, communications, scribe"),
        ("assign", {"role": "scribe", "person": "martijn", "was": "backup1"}, 409, "nobody is scribe"),
        ("write-up", {"text": "x"}, 409, "still open"),
    ],
)
def test_what_cannot_be_is_a_problem_that_says_why(site, action, body, status, words):
    name = site.declare()
    before = site.api("GET", f"/incidents/{name}/timeline").json()
    answer = site.api("POST", f"/incidents/{name}/{action}", body)

    assert (status, "application/problem+json") == (answer.status_code, answer.headers["content-type"])
    assert words in answer.json()["detail"]
    assert before == site.api("GET", f"/incidents/{name}/timeline").json()


@pytest.mark.parametrize(
    ("action", "body"), [("severity", {"severity": "P1"}), ("assign", {"role": "scribe", "person": "martijn"})]
)
def test_a_resolved_incident_takes_neither(site, action, body):
    name = site.declare()
    site.api("POST", f"/incidents/{name}/resolve")
    answer = site.api("POST", f"/incidents/{name}/{action}", body)

    assert (409, True) == (answer.status_code, "reopen it first" in answer.json()["detail"])


def test_duties_of_the_severity_before_stay_readable(site):
    site.sign_in()
    name = site.declare()
    site.api("POST", f"/incidents/{name}/severity", {"severity": "P0"})
    changed = site.api("POST", f"/incidents/{name}/severity", {"severity": "P1", "reason": "less"}).json()

    assert ["assess", "war_room"] == [duty["id"] for duty in changed["duties_set_aside"]]
    assert "Before the severity changed" in page(site, f"/incidents/{name}")


# --------------------------------------------------------------------------------------------- roles


def test_roles_are_taken_handed_over_and_given_up_on_the_page(site):
    csrf = site.sign_in("martijn")
    name = site.declare()
    assert "Nobody is commander, communications, scribe" in page(site, f"/incidents/{name}")
    press(site, csrf, name, "assign", role="scribe", person="martijn", was="")
    press(site, csrf, name, "assign", role="scribe", person="backup1", was="martijn")
    shown = site.api("GET", f"/incidents/{name}").json()
    assert ({"scribe": "backup1"}, ["commander", "communications"]) == (shown["roles"], shown["roles_missing"])

    late = press(site, csrf, name, "assign", role="scribe", person="martijn", was="martijn")
    assert (409, True) == (late.status_code, "Backup One is scribe of INC-1 by now" in html.unescape(late.text))
    press(site, csrf, name, "assign", role="scribe", person="-", was="backup1")
    assert {} == site.api("GET", f"/incidents/{name}").json()["roles"]
    assert 422 == press(site, csrf, name, "assign", role="scribe").status_code


def test_null_gives_a_role_up(site):
    name = site.declare()
    site.api("POST", f"/incidents/{name}/assign", {"role": "scribe", "person": "backup1"})

    assert {} == site.api("POST", f"/incidents/{name}/assign", {"role": "scribe", "person": None}).json()["roles"]


# --------------------------------------------------------------------------------------------- write-up


def test_the_write_up_is_offered_with_what_the_record_knows(site):
    csrf = site.sign_in()
    name = site.declare("P1", "Payments declined", impact="One bank")
    site.now += timedelta(minutes=65)
    site.api("POST", f"/incidents/{name}/resolve", {"root_cause": "A key", "resolution": "A new key"})
    text = page(site, f"/incidents/{name}")
    assert "Publish a quick write-up" in text and "Impact: One bank\nCause: A key\nWhat was done: A new key" in text

    assert 303 == press(site, csrf, name, "write-up", text="A <b>key</b> expired").status_code
    assert "A &lt;b&gt;key&lt;/b&gt; expired" in site.ask("GET", f"/incidents/{name}").text
    shown = site.api("GET", f"/incidents/{name}").json()
    assert "A <b>key</b> expired" == shown["write_up"]
    assert "done" == next(duty["state"] for duty in shown["duties"] if duty["id"] == "write_up")


def test_a_draft_of_what_is_not_known_says_so():
    draft = leading.write_up_draft(Incident(1, "Down", "P1", NOW, "ana", "v"))

    assert draft.startswith("What happened: Down (P1, no service named), since 2026-11-23 09:02 UTC.\n")
    assert "Cause: unknown" in draft


# --------------------------------------------------------------------------------------------- tickets


def test_tickets_are_listed_and_closed_by_the_api(site):
    name = site.declare("P2", "Slow", service="api")
    site.declare("P0")
    [ticket] = site.api("GET", "/tickets").json()["items"]
    assert {"id": name, "tracker": "local", "state": "open", "label": "severity: P2", "incident": name,
            "incident_status": "triggered", "title": "Slow", "service": "api"}.items() <= ticket.items()  # fmt: skip
    closed = site.api("POST", f"/tickets/{name}/close", {"reason": "Released"}).json()

    assert ("resolved", "closed", "Released") == (closed["status"], closed["ticket"]["state"], closed["resolution"])
    assert 200 == site.api("POST", f"/tickets/{name}/close").status_code
    assert ([], [name]) == tuple(
        [t["id"] for t in site.api("GET", f"/tickets?state={state}").json()["items"]] for state in ("open", "closed")
    )


def test_tickets_lead_on(site):
    for _ in range(3):
        site.declare("P3")
    first = site.api("GET", "/tickets?limit=2").json()
    rest = site.ask("GET", first["next"], "token-of-a-viewer-1").json()

    assert (["INC-3", "INC-2"], ["INC-1"], None) == (
        [t["id"] for t in first["items"]], [t["id"] for t in rest["items"]], rest["next"]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("path", "status"), [("/tickets/INC-9/close", 404), ("/tickets/INC-1/close", 404), ("/tickets/x/close", 404)]
)
def test_what_has_no_ticket_cannot_be_closed(site, path, status):
    site.declare("P0")

    assert status == site.api("POST", path).status_code
    assert 422 == site.api("GET", "/tickets?state=odd").status_code


def test_who_may_only_look_closes_nothing(site):
    name = site.declare("P2")
    assert 403 == site.api("POST", f"/tickets/{name}/close", role="viewer").status_code
    site.sign_in("backup1", role="viewer")

    assert "Close</button>" not in page(site, "/tickets")


def test_the_list_of_tickets_is_a_page(site):
    csrf = site.sign_in()
    assert "No open ticket" in page(site, "/tickets")
    name = site.declare("P2", "Slow <uploads>")
    assert "Slow &lt;uploads&gt;" in site.ask("GET", "/tickets").text
    assert "severity: P2" in page(site, f"/incidents/{name}")

    assert 303 == site.ask("POST", f"/tickets/{name}/close", data={"csrf": csrf}).status_code
    assert name in page(site, "/tickets?state=closed")
    assert 403 == site.ask("POST", f"/tickets/{name}/close", data={}).status_code


def test_a_ticket_can_be_closed_on_the_incidents_own_page(site):
    csrf = site.sign_in()
    name = site.declare("P2")
    press(site, csrf, name, "close-ticket")

    assert "closed" == site.api("GET", f"/incidents/{name}").json()["ticket"]["state"]


def test_what_cannot_be_sent_is_one_line_for_each_way_and_reason():
    """At night ten messages that wait for one mail server are one trouble."""

    def row(**more):
        return SimpleNamespace(**{"via": "email", "person": "ana", "why": "refused", "state": "pending",
                                  "failures": 1, "due": NOW + timedelta(seconds=9), **more})  # fmt: skip

    rows = [row(), row(failures=4, due=NOW + timedelta(seconds=3)), row(state="failed", failures=2),
            row(via="sms", person=None, why=None)]  # fmt: skip
    assert (
        "2 messages by email to Ana failed up to 4 times (refused); next try in 0:03",
        "email to Ana failed 2 times (refused); given up",
        "sms failed once (no answer); next try in 0:09",
    ) == incidents.troubles(rows, {"ana": "Ana"}, NOW)
