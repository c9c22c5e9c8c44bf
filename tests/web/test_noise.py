"""Silences, planned work, the form that proposes a severity, merging and splitting: by the API and by the pages."""

from __future__ import annotations

import json
from datetime import timedelta
from html import unescape

import pytest

from tocsin.usecases import release
from tocsin.usecases.configure import acknowledge_link

from .conftest import HOST, KEY

REASON = "we move the rack"


def fire(site, key="k", service="ddc", check="unreachable", severity="critical", state="firing"):
    labels = {"alertname": check, "check": check, "service": service, "severity": severity}
    alert = {"status": state, "labels": labels, "annotations": {"summary": f"{check} on {service}"}, "fingerprint": key,
             "startsAt": "2026-11-23T09:02:27Z"}  # fmt: skip
    answer = site.ask("POST", f"/in/alertmanager/{KEY}", json={"version": "4", "alerts": [alert]})
    assert answer.status_code == 200, answer.text


def alert(site, key="k"):
    return next(one for one in site.api("GET", "/alerts").json()["items"] if one["key"] == key)


def silence(site, *matchers, status=201, **more):
    answer = site.api("POST", "/silences", {"matchers": matchers, "reason": REASON, "for": "2h", **more})
    assert status == answer.status_code, answer.text
    return answer.json()


def post(site, path, csrf, **fields):
    return site.ask("POST", path, data={"csrf": csrf, **fields})


def page(site, path):
    answer = site.ask("GET", path)
    assert answer.status_code == 200, answer.text
    return unescape(answer.text)


# --------------------------------------------------------------------------------------------- the API


def test_a_silence_by_the_api_from_its_beginning_to_its_end(site):
    made = silence(site, "service=ddc")
    assert ("active", ["service=ddc"], "2026-11-23T11:02:00Z", "admin-bot", 0) == tuple(
        made[key] for key in ("state", "matchers", "until", "by", "holding")
    )
    fire(site)
    assert ("silenced", None) == (alert(site)["disposition"], alert(site)["incident"])
    assert [1] == [one["holding"] for one in site.api("GET", "/silences").json()["items"]]
    (held,) = site.api("GET", "/held?firing=true").json()["items"]
    assert (f"silence:{made['id']}", "2026-11-23T11:02:00Z", None) == (
        held["held_by"],
        held["held_until"],
        held["outcome"],
    )
    assert [held["id"]] == [a["id"] for a in site.api("GET", "/alerts?disposition=silenced").json()["items"]]

    longer = site.api("POST", f"/silences/{made['id']}/extend", {"for": "3h"}).json()
    assert "2026-11-23T12:02:00Z" == longer["until"]
    assert "ended" == site.api("POST", f"/silences/{made['id']}/end").json()["state"]
    assert "ended" == site.api("DELETE", f"/silences/{made['id']}").json()["state"]
    site.db.write_now(release.run, site.setup)
    assert "INC-1" == alert(site)["incident"]
    assert [] == site.api("GET", "/silences").json()["items"]
    assert ["admin-bot"] == [one["ended_by"] for one in site.api("GET", "/silences?ended=true").json()["items"]]
    assert 409 == site.api("POST", f"/silences/{made['id']}/extend", {"for": "1h"}).status_code


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"matchers": ["service=a"], "reason": "r"}, 422),
        ({"matchers": ["service=a"], "reason": "r", "for": "0s"}, 422),
        ({"matchers": ["service=a"], "reason": "r", "for": "5y"}, 422),
        ({"matchers": ["service=a"], "reason": "r", "for": 10**12}, 422),
        ({"matchers": ["service=a"], "reason": "r", "until": "2026-11-23T09:00:00Z"}, 422),
        ({"matchers": ["service=a"], "reason": "r", "until": "2026-11-24T09:00:00"}, 422),
        ({"matchers": ["service=a"], "reason": "r", "for": "8d"}, 409),
        ({"matchers": ["service=~.*"], "reason": "r", "for": "1h"}, 409),
        ({"matchers": ["text=~(x"], "reason": "r", "for": "1h"}, 422),
        ({"matchers": [], "reason": "r", "for": "1h"}, 422),
        ({"reason": "r", "for": "1h"}, 422),
    ],
)
def test_bad_silences_are_refused_with_nothing_stored(site, body, status):
    answer = site.api("POST", "/silences", body)
    assert status == answer.status_code, answer.text
    assert "application/problem+json" == answer.headers["content-type"]
    assert [] == site.api("GET", "/silences?ended=true").json()["items"]
    if status == 409:
        assert 201 == site.api("POST", "/silences", {**body, "confirm": True}).status_code


def test_who_may_silence(site):
    body = {"matchers": ["service=a"], "reason": "r", "for": "1h"}
    assert [403, 201] == [
        site.api("POST", "/silences", body, role=role).status_code for role in ("viewer", "responder")
    ]
    assert 200 == site.api("GET", "/held", role="viewer").status_code
    assert [404, 404] == [site.api("GET", "/silences/x").status_code, site.api("POST", "/silences/x/end").status_code]


def test_merge_and_split_by_the_api(site):
    fire(site, "a")
    fire(site, "b", service="payments")
    fire(site, "c", service="payments")
    merged = site.api("POST", "/incidents/INC-2/merge", {"into": "INC-1", "reason": "one cause"})
    assert (200, "INC-1", 3) == (merged.status_code, merged.json()["id"], merged.json()["alerts"])
    assert "INC-1" == site.api("GET", "/incidents/INC-2").json()["merged_into"]
    assert {"moot"} == {one["state"] for one in site.api("GET", "/pages?incident=INC-2").json()["items"]}
    assert "INC-2" == site.api("POST", "/incidents/INC-2/split").json()["id"]
    wanted = [alert(site, "c")["id"]]
    assert "INC-3" == site.api("POST", "/incidents/INC-2/split", {"alerts": wanted}).json()["id"]
    refused = [("INC-1/merge", {"into": "INC-1"}), ("INC-1/merge", {"into": "INC-9"}), ("INC-2/split", {}),
               ("INC-2/split", {"alerts": []})]  # fmt: skip
    assert [422, 404, 422, 422] == [site.api("POST", f"/incidents/{path}", body).status_code for path, body in refused]


def test_a_payload_is_tried_without_doing_anything(site):
    """The source is guessed; nothing is stored, and the same payload then does what was said."""
    body = json.dumps({"routing_key": "x", "event_action": "trigger", "dedup_key": "d", "payload": {
        "summary": "payments fail", "source": "host", "severity": "critical", "component": "payments"}})  # fmt: skip
    (told,) = site.api("POST", "/triage/test", {"body": body}).json()["items"]
    assert ("pagerduty", "P1", "payments", "incident", True, ["martijn"]) == tuple(
        told[key] for key in ("source", "severity", "service", "disposition", "new", "would_page")
    )
    assert [[], []] == [site.api("GET", path).json()["items"] for path in ("/alerts", "/incidents")]
    silence(site, "service=payments")
    (told,) = site.api("POST", "/triage/test", {"body": body, "source": "pagerduty"}).json()["items"]
    assert ("silenced", [], None) == (told["disposition"], told["would_page"], told["incident"])
    assert REASON in told["held_by"]
    assert 422 == site.api("POST", "/triage/test", {"body": "nothing"}).status_code
    assert 422 == site.api("POST", "/triage/test", {"body": body, "source": "nobody"}).status_code


def test_a_rehearsal_says_which_incident_is_joined_and_why(site):
    fire(site, "root")

    def told(body):
        return site.api("POST", "/triage/test", {"body": json.dumps(body), "source": "generic"}).json()["items"][0]

    joins = told({"key": "n", "title": "api 5xx", "severity": "critical", "service": "api", "check": "http_5xx"})
    assert ("INC-1", False, "api depends on ddc", []) == tuple(
        joins[k] for k in ("incident", "new", "because", "would_page")
    )
    fire(site, "root")
    assert 1 == len(site.api("GET", "/incidents").json()["items"])


def test_planned_work_comes_again_and_holds_back_what_it_explains(site):
    body = {"title": "Backups", "components": ["Data storage"], "from": "2026-11-23T10:00:00Z",
            "until": "2026-11-23T11:00:00Z", "repeat": "FREQ=DAILY", "timezone": "Europe/Amsterdam",
            "hold": ["service=ddc"]}  # fmt: skip
    made = site.api("POST", "/maintenance", body).json()
    assert ("FREQ=DAILY", ["service=ddc"]) == (made["repeat"], made["hold"])
    site.now += timedelta(days=1, hours=1)
    fire(site)
    assert "maintenance of admin-bot until 2026-11-24 11:00 UTC: Backups" == alert(site)["rule"]
    (listed,) = site.api("GET", "/maintenance").json()["items"]
    assert ("in_progress", "2026-11-24T10:00:00Z", ["service=ddc"]) == (
        listed["status"],
        listed["from"],
        listed["hold"],
    )
    assert 204 == site.api("DELETE", f"/maintenance/{made['id']}").status_code
    site.db.write_now(release.run, site.setup)
    assert "INC-1" == alert(site)["incident"]
    assert 422 == site.api("POST", "/maintenance", {**body, "repeat": "FREQ=HOURLY"}).status_code
    assert 422 == site.api("POST", "/maintenance", {**body, "repeat": "FREQ=DAILY", "timezone": "Mars"}).status_code


# --------------------------------------------------------------------------------------------- the pages


def test_the_page_of_silences_makes_extends_and_ends_one(site):
    csrf = site.sign_in()
    assert "Nothing is silenced" in page(site, "/silences")
    tried = post(site, "/silences", csrf, do="try", matchers="service=ddc", reason="")
    assert "0 of the last 0 alerts match" in tried.text
    assert (
        303
        == post(
            site, "/silences", csrf, do="add", matchers="service=ddc\ncheck=unreachable", reason=REASON, **{"for": "2h"}
        ).status_code
    )
    fire(site)
    shown = page(site, "/silences")
    assert "<code>service=ddc</code> <code>check=unreachable</code>" in shown
    assert "Holds back 1 alert<" in shown and "silence of martijn until 2026-11-23 11:02 UTC" in shown

    (one,) = site.api("GET", "/silences").json()["items"]
    assert 303 == post(site, f"/silences/{one['id']}/extend", csrf, **{"for": "4h"}).status_code
    assert "2026-11-23T13:02:00Z" == site.api("GET", f"/silences/{one['id']}").json()["until"]
    assert 422 == post(site, f"/silences/{one['id']}/extend", csrf, **{"for": "soon"}).status_code
    sure = post(site, f"/silences/{one['id']}/extend", csrf, **{"for": "10d"})
    assert 409 == sure.status_code and "Yes, that long" in sure.text
    assert 303 == post(site, f"/silences/{one['id']}/end", csrf).status_code
    assert "ended by martijn" in page(site, "/silences")


def test_what_may_be_a_mistake_is_asked_about_and_keeps_what_was_typed(site):
    csrf = site.sign_in()
    fields = {"do": "add", "matchers": "text=~.*", "reason": "<b>all</b>", "for": "1h"}
    asked = post(site, "/silences", csrf, **fields)
    assert 409 == asked.status_code
    assert 'name="sure"' in asked.text and "text=~.*" in asked.text and "&lt;b&gt;all&lt;/b&gt;" in asked.text
    assert 303 == post(site, "/silences", csrf, **fields, sure="on").status_code
    bad = post(site, "/silences", csrf, **{**fields, "matchers": "host=a"})
    assert 422 == bad.status_code and "labels.host" in bad.text
    assert 403 == post(site, "/silences", "wrong", **fields).status_code


def test_a_window_by_the_page_keeps_the_wall_clock_of_its_zone(site):
    csrf = site.sign_in()
    fields = {"matchers": "service=ddc", "reason": REASON, "from": "2026-11-29T02:00", "until": "2026-11-29T04:00",
              "repeat": "FREQ=WEEKLY", "zone": "Europe/Amsterdam"}  # fmt: skip
    assert 303 == post(site, "/silences", csrf, do="add", **fields).status_code
    (one,) = site.api("GET", "/silences").json()["items"]
    assert ("2026-11-29T01:00:00Z", "pending", "Europe/Amsterdam") == (one["from"], one["state"], one["timezone"])
    assert "To come" in page(site, "/silences")


def test_planned_work_has_a_page(site):
    csrf = site.sign_in()
    assert "No work is planned" in page(site, "/maintenance")
    fields = {"title": "Move <b>racks</b>", "component:Data storage": "on", "from": "2026-11-24T02:00",
              "until": "2026-11-24T04:00", "hold": "service=ddc", "zone": "UTC"}  # fmt: skip
    assert 303 == post(site, "/maintenance", csrf, **fields).status_code
    shown = site.ask("GET", "/maintenance").text
    assert "Move &lt;b&gt;racks&lt;/b&gt;" in shown and "<code>service=ddc</code>" in shown and "Data storage" in shown
    assert 422 == post(site, "/maintenance", csrf, **{**fields, "until": "2026-11-24T01:00"}).status_code
    (one,) = site.api("GET", "/maintenance").json()["items"]
    assert 303 == post(site, f"/maintenance/{one['id']}/end", csrf).status_code
    assert [] == site.api("GET", "/maintenance").json()["items"]
    assert [] == site.api("GET", "/silences").json()["items"]


def test_the_form_proposes_a_severity_with_the_examples_beside_it(site):
    csrf = site.sign_in()
    blank = page(site, "/declare")
    assert "Who is affected?" in blank and "For example: proofi.ai returns 5xx for all users" in blank
    proposed = post(site, "/declare", csrf, do="propose", title="Payments fail", q0="1", q1="1")
    assert 200 == proposed.status_code
    assert 'value="P1" checked' in proposed.text and "Most people: something central is broken" in proposed.text
    assert "Answer at least one question" in post(site, "/declare", csrf, do="propose", title="x").text
    assert 422 == post(site, "/declare", csrf, do="do", title="x").status_code
    done = post(site, "/declare", csrf, do="do", title="Payments fail", severity="P1", q0="1", service="payments")
    assert (303, "/incidents/INC-1") == (done.status_code, done.headers["location"])
    assert "P1" == site.api("GET", "/incidents/INC-1").json()["severity"]


def test_the_same_form_sets_the_severity_of_an_open_incident(site):
    csrf = site.sign_in()
    site.declare("P2")
    assert "How bad is it now?" in page(site, "/declare?incident=INC-1")
    assert 303 == post(site, "/declare", csrf, do="do", incident="INC-1", severity="P0", q1="0").status_code
    entries = site.api("GET", "/incidents/INC-1/timeline").json()["items"]
    changed = next(entry for entry in entries if entry["kind"] == "severity_changed")
    assert "Are private keys, money or people's data exposed or lost? Yes" == changed["data"]["reason"]
    assert 404 == site.ask("GET", "/declare?incident=INC-9").status_code


def test_the_incident_page_merges_and_splits(site):
    csrf = site.sign_in()
    fire(site, "a")
    fire(site, "b", service="payments")
    fire(site, "c", service="payments")
    assert 'value="INC-1"' in page(site, "/incidents/INC-2")
    assert "/incidents/INC-1" == post(site, "/incidents/INC-2/merge", csrf, into="INC-1").headers["location"]
    assert "This goes on in" in page(site, "/incidents/INC-2") and "merged INC-2 into this" in page(
        site, "/incidents/INC-1"
    )
    assert "goes on here" in page(site, "/incidents/INC-1")
    assert 303 == post(site, "/incidents/INC-2/split", csrf).status_code
    split = post(site, "/incidents/INC-2/split-alerts", csrf, **{f"alert:{alert(site, 'c')['id']}": "on"})
    assert "/incidents/INC-3" == split.headers["location"]
    assert [422, 422, 409] == [
        post(site, "/incidents/INC-2/split-alerts", csrf).status_code,
        post(site, "/incidents/INC-2/merge", csrf).status_code,
        merged_twice(site, csrf),
    ]


def test_the_link_of_a_page_says_where_its_incident_goes_on(site):
    fire(site, "a")
    fire(site, "b", service="payments")
    page_id = site.api("GET", "/pages?incident=INC-2").json()["items"][0]["id"]
    link = acknowledge_link(site.setup, page_id).removeprefix(HOST)
    site.api("POST", "/incidents/INC-2/merge", {"into": "INC-1"})
    shown = page(site, link)
    assert "This goes on in" in shown and "INC-1" in shown and "huge" not in shown


def merged_twice(site, csrf):
    post(site, "/incidents/INC-3/merge", csrf, into="INC-1")
    return post(site, "/incidents/INC-3/merge", csrf, into="INC-2").status_code


def test_viewers_see_and_have_no_forms(site):
    site.sign_in("backup1", "viewer")
    assert 'id="new"' not in page(site, "/silences") + page(site, "/maintenance")
    assert 403 == site.ask("GET", "/declare").status_code
