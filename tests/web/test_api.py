"""The JSON API: shapes, roles, refusals, and doing things twice."""

from __future__ import annotations

import pytest

from .conftest import PERSON, TOKENS

ACTS = {
    "acknowledge": {}, "severity": {"severity": "P0"}, "assign": {"role": "scribe", "person": "backup1"},
    "update": {"summary": "We look"}, "note": {"text": "A note"}, "escalate": {"reason": "help"},
    "extend": {"for": "2h"}, "checked": {"duty": "fix"}, "resolve": {"root_cause": "A disk"},
}  # fmt: skip
READS = ["/incidents", "/incidents/INC-1", "/incidents/INC-1/timeline", "/pages", "/alerts", "/oncall", "/overrides",
         "/runbook"]  # fmt: skip


def test_an_incident_has_the_keys_that_others_rely_on(site):
    site.declare(service="proofi.ai", impact="Everyone")
    incident = site.api("GET", "/incidents/INC-1").json()

    assert {"id", "title", "severity", "status", "service", "declared_at", "acknowledged_at", "resolved_at", "commander",
            "duties", "alerts", "runbook_version"} <= set(incident)  # fmt: skip
    assert ("INC-1", "triggered", "2026-11-23T09:02:00Z", None) == tuple(
        incident[key] for key in ("id", "status", "declared_at", "acknowledged_at")
    )
    duty = incident["duties"][0]
    assert ("acknowledge", "due", "2026-11-23T09:17:00Z", None) == tuple(
        duty[key] for key in ("id", "state", "due_at", "done_at")
    )
    assert incident == site.api("GET", "/incidents/1").json()


@pytest.mark.parametrize("action", list(ACTS))
def test_every_acting_call_answers_with_the_incident_and_may_be_repeated(site, action):
    site.declare()
    first = site.api("POST", f"/incidents/INC-1/{action}", {**ACTS[action], "unknown": 1})
    again = site.api("POST", f"/incidents/INC-1/{action}", ACTS[action])

    assert (200, 200) == (first.status_code, again.status_code)
    assert "INC-1" == first.json()["id"]


def test_a_p0_can_be_led_to_its_end_by_the_api(site):
    site.declare(service="proofi.ai")
    for action, body in ACTS.items():
        site.api("POST", f"/incidents/INC-1/{action}", body)
    ended = site.api("GET", "/incidents/INC-1").json()

    assert ("resolved", "A disk", "backup1") == (ended["status"], ended["root_cause"], ended["roles"]["scribe"])
    assert {"done"} == {duty["state"] for duty in ended["duties"]}
    reopened = site.api("POST", "/incidents/INC-1/reopen", {"reason": "It is back"}).json()
    assert ("investigating", None) == (reopened["status"], reopened["resolved_at"])


@pytest.mark.parametrize("role", ["none", "viewer", "responder", "admin"])
def test_roles(site, role):
    """A matrix of every route and role: strangers nothing, viewers read, responders act."""
    site.declare()
    token = TOKENS.get(role, "")
    for path in READS:
        assert (200 if token else 401) == site.ask("GET", f"/api/v1{path}", token).status_code, path
    acts = [("POST", f"/incidents/INC-1/{action}", body, 200) for action, body in ACTS.items()]
    override = {
        "schedule": "primary",
        "person": "backup1",
        "from": "2026-11-23T09:00:00Z",
        "until": "2026-11-24T09:00:00Z",
    }
    acts += [("POST", "/incidents", {"title": "x", "severity": "P3"}, 201), ("POST", "/overrides", override, 201)]
    for method, path, body, good in acts:
        expected = {"none": 401, "viewer": 403}.get(role, good)
        assert expected == site.ask(method, f"/api/v1{path}", token, json=body).status_code, path


def test_a_token_in_the_address_is_no_token(site):
    assert 401 == site.ask("GET", f"/api/v1/incidents?token={TOKENS['admin']}").status_code


def test_acting_for_somebody(site):
    """A token that is nobody's own may name a person; a person's own acts as that person alone."""
    site.declare()
    assert "backup1" == site.api("POST", "/incidents/1/acknowledge", {"by": "backup1"}).json()["commander"]
    site.declare()
    assert 403 == site.ask("POST", "/api/v1/incidents/2/acknowledge", PERSON, json={"by": "backup1"}).status_code
    assert "martijn" == site.ask("POST", "/api/v1/incidents/2/acknowledge", PERSON, json={}).json()["commander"]
    assert 422 == site.api("POST", "/incidents/2/note", {"text": "x", "by": "stranger"}).status_code
    site.declare()
    assert (None, "admin-bot") == tuple(
        site.api("POST", "/incidents/3/acknowledge").json()[key] for key in ("commander", "acknowledged_by")
    )


def test_declaring_twice_under_one_key_declares_once(site):
    headers = {"Idempotency-Key": "abc"}
    body = {"title": "Down", "severity": "P0"}
    first = site.api("POST", "/incidents", body, headers=headers)
    again = site.api("POST", "/incidents", body, headers=headers)
    other = site.api("POST", "/incidents", {**body, "title": "Other"}, headers=headers)

    assert (201, "INC-1", "INC-1", 422) == (
        first.status_code,
        first.json()["id"],
        again.json()["id"],
        other.status_code,
    )


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/incidents/INC-9", None, 404), ("GET", "/incidents/rubbish", None, 404),
        ("GET", "/incidents?limit=501", None, 422), ("GET", "/incidents?limit=x", None, 422),
        ("GET", "/oncall?at=yesterday", None, 422), ("GET", "/oncall?at=2026-11-23T09:00:00", None, 422),
        ("GET", "/oncall?schedule=none", None, 404), ("GET", "/nothing", None, 404),
        ("POST", "/incidents", {"title": "x"}, 422), ("POST", "/incidents", {"title": "x", "severity": "P9"}, 422),
        ("POST", "/incidents", {"title": "  ", "severity": "P0"}, 422), ("POST", "/incidents", [], 422),
        ("POST", "/incidents", {"title": {"a": 1}, "severity": "P0"}, 422),
        ("POST", "/incidents/INC-1/assign", {"role": "king", "person": "martijn"}, 422),
        ("POST", "/incidents/INC-1/assign", {"role": "commander", "person": "nobody"}, 422),
        ("POST", "/incidents/INC-1/update", {"status": "resolved", "summary": "x"}, 422),
        ("POST", "/incidents/INC-1/update", {"public": "perhaps"}, 422),
        ("POST", "/incidents/INC-1/extend", {"for": "soon"}, 422),
        ("POST", "/incidents/INC-1/extend", {"for": 10**30}, 422),
        ("POST", "/incidents/INC-1/checked", {"duty": "none"}, 422),
        ("POST", "/incidents/INC-1/note", {"text": ""}, 422),
        ("POST", "/overrides", {"schedule": "x", "person": "martijn", "from": "2026-11-23T09:00:00Z",
                                "until": "2026-11-24T09:00:00Z"}, 422),
        ("POST", "/overrides", {"schedule": "primary", "person": "martijn", "from": "2026-11-24T09:00:00Z",
                                "until": "2026-11-23T09:30:00Z"}, 422),
        ("DELETE", "/overrides/none", None, 404), ("PUT", "/incidents", {}, 405),
    ],
)  # fmt: skip
def test_what_cannot_be_is_a_problem_document(site, method, path, body, status):
    site.declare()
    answer = site.api(method, path, body)

    assert status == answer.status_code, answer.text
    assert "application/problem+json" == answer.headers["content-type"]
    assert {"type", "title", "status", "detail", "instance"} <= set(answer.json())


@pytest.mark.parametrize(
    "body", [b"{bad", b"NaN", b'{"title": "\\ud800", "severity": "P0"}', b"[" * 5000, b"\xff\xfe{}", b""]
)
def test_rubbish_is_refused_and_never_a_fault(site, body):
    answer = site.ask(
        "POST", "/api/v1/incidents", TOKENS["admin"], content=body, headers={"Content-Type": "application/json"}
    )

    assert 400 <= answer.status_code < 500, answer.text
    assert [] == site.api("GET", "/incidents").json()["items"]


def test_text_that_claims_to_be_no_json_is_refused(site):
    answer = site.ask(
        "POST", "/api/v1/incidents", TOKENS["admin"], content=b"{}", headers={"Content-Type": "text/plain"}
    )

    assert 415 == answer.status_code


def test_a_body_that_is_too_large_is_refused(site):
    assert 413 == site.api("POST", "/incidents", {"title": "x" * 1_100_000, "severity": "P0"}).status_code


def test_control_characters_do_not_get_through(site):
    site.declare(title="a\u0000b\u202ec\nd")

    assert "abc\nd" == site.api("GET", "/incidents/1").json()["title"]


def test_lists_are_newest_first_and_lead_on(site):
    for n in range(5):
        site.declare("P3", f"number {n}")
    first = site.api("GET", "/incidents?limit=2&severity=P3").json()
    second = site.ask("GET", first["next"], TOKENS["admin"]).json()
    third = site.ask("GET", second["next"], TOKENS["admin"]).json()

    ids = [[item["id"] for item in page["items"]] for page in (first, second, third)]
    assert [["INC-5", "INC-4"], ["INC-3", "INC-2"], ["INC-1"]] == ids
    assert third["next"] is None


def test_timeline_pages_and_alerts_have_their_shapes(site):
    body = {"alerts": [{"status": "firing", "labels": {"alertname": "http_5xx", "check": "http_5xx",
                                                       "service": "proofi.ai", "severity": "critical"}}]}  # fmt: skip
    site.ask("POST", "/in/alertmanager/ingest-key-of-the-tests", json=body)
    entry = site.api("GET", "/incidents/1/timeline").json()["items"][0]
    page = site.api("GET", "/pages?incident=INC-1").json()["items"][0]
    alert = site.api("GET", "/alerts?incident=INC-1&state=firing").json()["items"][0]

    assert {"seq", "at", "kind", "actor", "data", "hash"} == set(entry)
    assert {"id", "incident", "person", "via", "reason", "state", "requested_at", "attempts"} <= set(page)
    assert {"skipped"} == {attempt["verdict"] for attempt in page["attempts"]}
    assert {
        "key",
        "source",
        "state",
        "episode",
        "count",
        "first_at",
        "last_at",
        "incident",
        "disposition",
        "rule",
    } <= set(alert)
    assert ("INC-1", "incident", 1) == (alert["incident"], alert["disposition"], alert["episode"])


def test_on_call_has_one_object_for_each_schedule(site):
    items = site.api("GET", "/oncall?at=2026-11-23T12:00:00Z").json()["items"]

    assert [("primary", ["martijn"]), ("secondary", ["backup1"])] == [(i["schedule"], i["people"]) for i in items]
    assert ("2026-11-23T08:00:00Z", "2026-11-30T08:00:00Z", None) == tuple(
        items[0][key] for key in ("from", "until", "override")
    )
    override = {"schedule": "primary", "person": "backup1", "from": "2026-11-23T11:00:00Z",
                "until": "2026-11-23T13:00:00Z", "reason": "a flight"}  # fmt: skip
    made = site.api("POST", "/overrides", override).json()
    assert (["backup1"], "a flight") == tuple(
        site.api("GET", "/oncall?at=2026-11-23T12:00:00Z&schedule=primary").json()["items"][0][key]
        for key in ("people", "override")
    )
    assert 204 == site.api("DELETE", f"/overrides/{made['id']}").status_code


def test_the_runbook_is_shown_without_its_secrets(site):
    shown = site.api("GET", "/runbook").json()

    assert "${TELEGRAM_BOT_TOKEN}" in shown["text"]
    assert any(notice.startswith("Telegram: no TELEGRAM_BOT_TOKEN") for notice in shown["notices"])


def test_the_schema_and_the_reference_are_served(site):
    schema = site.ask("GET", "/api/openapi.json").json()
    page = site.ask("GET", "/api/docs")

    assert "/api/v1/incidents/{id}/acknowledge" in schema["paths"]
    assert "/api/v1/incidents/{id}/resolve" in page.text
    assert "<script" not in page.text
