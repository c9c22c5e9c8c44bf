"""Actions over HTTP: plan, approve, run, undo by the API and the pages; roles, bad input, the switch."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from html import unescape

import pytest
import yaml

from tocsin.core import delivery
from tocsin.net import Network
from tocsin.store import audit
from tocsin.usecases import acting, configure
from tocsin.worker import Worker

from ..fakes.target import ACTOR, FakeTarget
from .conftest import EXAMPLE, PERSON, Site


@pytest.fixture
def target():
    with FakeTarget() as made:
        yield made


def book(target):
    """The example with three actions: one for each rule of approval."""
    data = yaml.load(EXAMPLE, yaml.BaseLoader)
    data["version"] = 1
    call = {"method": "POST", "url": f"{target.url}/switch", "json": {"value": "v1"}}
    for name, approve in (("back", "second_person"), ("led", "commander"), ("free", "none")):
        data["actions"][name] = {"http": call, "approve": approve, "undo": call}
    data["protocols"]["critical"]["duties"][-2]["propose"] = ["back"]
    return yaml.dump(data, sort_keys=False)


class Fresh(Network):
    """A network for a site whose every request has an event loop of its own."""

    async def converse(self, conversation):
        try:
            return await super().converse(conversation)
        finally:
            await self.close()
            self._sessions.clear()


@pytest.fixture
def site(tmp_path, target):
    made = Site(tmp_path)
    made.setup.plugins.actors["http"] = ACTOR
    made.app.app.state.network = Fresh(console=lambda line: None, now=made.db.clock)
    assert not made.db.write_now(configure.adopt, made.setup, book(target)).errors
    made.declare()
    made.api("POST", "/incidents/INC-1/acknowledge", {"by": "martijn"})
    yield made
    made.db.close()


def work(site, until):
    """Let a worker do what is due until *until* says so."""

    async def turns():
        network = Network(console=lambda line: None, now=site.db.clock)
        worker = Worker(site.db, site.setup, network, "test")
        for _ in range(5):
            await worker.turn()
            if worker._sending:
                await asyncio.wait(worker._sending)
        await network.close()

    for _ in range(20):
        asyncio.run(turns())
        if until():
            return
    raise AssertionError("it never came to that")


def path(verb, name="back", incident="INC-1"):
    return f"/incidents/{incident}/actions/{name}/{verb}"


def planned(site, name="back", **body):
    answer = site.api("POST", path("plan", name), {"by": "martijn", **body})
    assert 200 == answer.status_code, answer.text
    return answer.json()


def approve(site, plan, by="backup1", name="back", **more):
    return site.api("POST", path("approve", name), {"plan": plan["plan"], "hash": plan["hash"], "by": by, **more})


def state(site, plan):
    return site.api("GET", f"/actions/{plan['plan']}").json()["state"]


def test_a_plan_says_exactly_what_would_change_and_changes_nothing(site, target):
    plan = planned(site)
    assert {"plan", "hash", "action", "target", "steps", "expires_at"} <= set(plan)
    assert ("back", ["Set it from v2 to v1"], "2026-11-23T09:12:00Z", "planned") == (
        plan["action"], plan["steps"], plan["expires_at"], plan["state"]
    )  # fmt: skip
    assert [
        "Who is signed in is signed out.",
        "Nothing proves it afterwards: the runbook names no probe for it.",
    ] == plan["warnings"]
    assert [] == target.calls
    assert "action_planned" in [e["kind"] for e in site.api("GET", "/incidents/INC-1/timeline").json()["items"]]


def test_approving_starts_the_run_once_and_it_is_undone_the_same_way(site, target):
    plan = planned(site)
    assert "approved" == approve(site, plan).json()["state"]
    assert 200 == approve(site, plan).status_code
    work(site, lambda: state(site, plan) == "succeeded")
    assert 200 == approve(site, plan).status_code and ["v1"] == target.calls

    back = site.api("POST", path("undo"), {"plan": plan["plan"], "by": "martijn"}).json()
    assert (plan["plan"], "planned", True) == (back["undoes"], back["state"], back["hash"] != plan["hash"])
    assert 403 == approve(site, back, "martijn").status_code
    assert 200 == approve(site, back).status_code
    work(site, lambda: state(site, plan) == "undone")
    assert ["v1", "v2"] == target.calls
    listed = {one["name"]: one for one in site.api("GET", "/actions").json()["items"]}
    assert ("undone", None) == (listed["back"]["last"]["state"], listed["led"]["last"])
    assert 409 == site.api("POST", path("undo"), {"by": "martijn"}).status_code


def test_the_commander_may_approve_their_own_where_the_runbook_says_so(site, target):
    """By their own token, or an admin's that names them; nobody else's session does."""
    plan = site.ask("POST", f"/api/v1{path('plan', 'led')}", PERSON, json={}).json()
    body = {"plan": plan["plan"], "hash": plan["hash"]}
    assert 403 == site.api("POST", path("approve", "led"), body, "responder").status_code
    assert "martijn" == site.ask("POST", f"/api/v1{path('approve', 'led')}", PERSON, json=body).json()["approved_by"]
    again = planned(site, "led")
    assert 409 == approve(site, again, "martijn", "led").status_code  # the other is under way
    work(site, lambda: state(site, plan) == "succeeded")
    site.now += timedelta(seconds=1)
    assert 200 == approve(site, planned(site, "led"), "martijn", "led").status_code


def test_without_approval_it_is_run_and_otherwise_not(site, target):
    refused = site.api("POST", path("run"), {"by": "martijn"})
    assert (409, "back needs approval: plan it, and have that plan approved") == (
        refused.status_code, refused.json()["detail"]
    )  # fmt: skip
    ran = site.api("POST", path("run", "free"), {"by": "martijn"}).json()
    assert "approved" == ran["state"]
    work(site, lambda: state(site, ran) == "succeeded")
    assert "approved" == site.api("POST", path("undo", "free"), {"by": "martijn"}).json()["state"]
    work(site, lambda: state(site, ran) == "undone")
    assert ["v1", "v2"] == target.calls


def test_bad_input_is_refused_in_words_and_nothing_is_stored(site, target):
    plan = planned(site)
    site.declare(title="another")
    said = [
        site.api(
            "POST", path("approve", incident="INC-2"), {"plan": plan["plan"], "hash": plan["hash"], "by": "backup1"}
        ),
        site.api("POST", path("approve", "led"), {"plan": plan["plan"], "hash": plan["hash"], "by": "backup1"}),
        site.api("POST", path("approve"), {"plan": "none", "hash": plan["hash"], "by": "backup1"}),
        site.api("POST", path("approve"), {"plan": plan["plan"], "hash": "0" * 64, "by": "backup1"}),
        site.api("POST", path("approve"), {"plan": plan["plan"]}),
        site.api("POST", path("approve"), {"plan": plan["plan"], "hash": plan["hash"], "by": "eve"}),
        site.api("POST", path("approve"), {"plan": plan["plan"], "hash": plan["hash"]}),
        site.api("POST", path("plan", "none"), {}),
        site.api("POST", path("plan", incident="INC-9"), {}),
        site.api("POST", path("eat"), {}),
        site.api("POST", path("undo"), {"by": "martijn"}),
        site.api("GET", "/actions/none"),
        site.api("POST", path("plan", "rollback"), {"by": "martijn"}),
    ]
    assert [404, 404, 404, 409, 422, 422, 403, 404, 404, 404, 404, 404, 409] == [one.status_code for one in said]
    assert "no action 'none'; this incident's runbook has rollback" in said[7].json()["detail"]
    assert "VERCEL_TOKEN is not set" in said[12].json()["detail"]
    assert ("planned", []) == (state(site, plan), target.calls)
    assert 1 == len(site.api("GET", "/incidents/INC-1/actions").json()["items"])


def test_the_vendors_reason_reaches_who_planned(site, target):
    target.gone = True
    answer = site.api("POST", path("plan"), {"by": "martijn"})
    assert (409, "The switch: the deployment no longer exists") == (answer.status_code, answer.json()["detail"])
    assert [] == site.api("GET", "/incidents/INC-1/actions").json()["items"]


def test_a_plan_that_is_too_old_or_whose_incident_is_over_is_refused(site):
    plan = planned(site)
    site.now += timedelta(minutes=10)
    assert "plan it again" in approve(site, plan).json()["detail"]
    assert site.api("GET", f"/actions/{plan['plan']}").json()["expired"]
    plan = planned(site)
    site.api("POST", "/incidents/INC-1/resolve", {"by": "martijn"})
    assert "INC-1 is resolved" in approve(site, plan).json()["detail"]
    assert "INC-1 is resolved" in site.api("POST", path("plan"), {}).json()["detail"]


def test_a_dry_run_says_whether_it_could_be_done(site, target):
    target.frozen = "a deploy is under way"
    plan = planned(site, dry_run=True)
    assert (True, "it could not be done now: a deploy is under way") == (plan["dry_run"], plan["why"])
    assert "dry run" in approve(site, plan).json()["detail"]


@pytest.mark.parametrize("verb", ["plan", "approve", "run", "undo"])
def test_who_may_only_look_does_nothing(site, verb):
    plan = planned(site)
    body = {"plan": plan["plan"], "hash": plan["hash"]}
    assert 403 == site.api("POST", path(verb), body, "viewer").status_code
    assert 401 == site.ask("POST", f"/api/v1{path(verb)}", json=body).status_code
    assert 200 == site.api("GET", f"/actions/{plan['plan']}", role="viewer").status_code


def test_the_switch_is_an_admins_and_audited(site):
    plan = planned(site)
    assert [403, 403] == [
        site.api("POST", f"/actions/{verb}", {}, "responder").status_code for verb in ("stop", "allow")
    ]
    stopped = site.api("POST", "/actions/stop", {"reason": "a freeze", "by": "martijn"}).json()["stopped"]
    assert ("martijn", "a freeze") == (stopped["by"], stopped["reason"])
    assert stopped == site.api("GET", "/actions").json()["stopped"]
    assert "all actions are stopped, by martijn" in approve(site, plan).json()["detail"]
    assert 200 == site.api("POST", path("plan"), {"by": "martijn"}).status_code
    csrf = site.sign_in()
    assert "All actions are stopped, by martijn" in site.ask("GET", "/incidents").text
    assert 303 == site.ask("POST", "/actions/allow", data={"csrf": csrf}).status_code
    assert site.api("GET", "/actions").json()["stopped"] is None
    assert 303 == site.ask("POST", "/actions/stop", data={"csrf": csrf, "reason": "again"}).status_code
    assert "again" in site.ask("GET", "/actions").text
    assert 403 == site.ask("POST", "/actions/allow", data={"csrf": "wrong"}).status_code
    assert site.db.read_now(audit.verify)["audit"]["ok"]


def test_what_is_proposed_stands_with_its_reason(site):
    proposed = site.api("GET", "/incidents/INC-1/actions").json()["proposed"]
    assert {
        "action": "back",
        "reason": "the duty “Fix deployed OR rollback completed” proposes it",
        "cause": None,
    } in proposed


# --------------------------------------------------------------------------------------------- the worker


def raising(*_):
    raise KeyError("x")
    yield


@pytest.mark.parametrize(
    ("verb", "state_", "says"),
    [("holds", "failed", "KeyError in Tocsin or the integration; the log has the whole fault; nothing was changed"),
     ("run", "unknown", "KeyError in Tocsin or the integration; the log has the whole fault")],
)  # fmt: skip
def test_an_integration_that_raises_changed_nothing_or_nobody_knows(site, target, verb, state_, says):
    plan = planned(site)
    approve(site, plan)
    site.setup.plugins.actors["http"] = replace(ACTOR, **{verb: raising})
    work(site, lambda: state(site, plan) == state_)
    assert says == site.api("GET", f"/actions/{plan['plan']}").json()["why"]
    assert [] == target.calls


def test_a_far_side_that_hangs_is_not_waited_for_for_ever_and_its_lease_is_kept_meanwhile(site, target, monkeypatch):
    renewed = []
    keep = acting.renew
    monkeypatch.setattr(acting, "renew", lambda tx, row, epoch: renewed.append(keep(tx, row, epoch)))
    monkeypatch.setattr(acting, "RUN_SECONDS", 1.0)
    monkeypatch.setattr(delivery, "LEASE", timedelta(seconds=0.6))
    target.mode = "hang"
    plan = planned(site)
    approve(site, plan)
    work(site, lambda: state(site, plan) == "unknown")
    assert "no end within 1 s" == site.api("GET", f"/actions/{plan['plan']}").json()["why"]
    assert renewed and ["v1"] == target.calls


# --------------------------------------------------------------------------------------------- the pages


def test_one_press_plans_and_the_next_page_shows_it_exactly(site, target):
    csrf = site.sign_in()
    page = unescape(site.ask("GET", "/incidents/INC-1").text)
    assert "What can be done" in page and "Plan: back" in page
    there = site.ask("POST", path("plan"), data={"csrf": csrf})
    assert 303 == there.status_code
    page = unescape(site.ask("GET", there.headers["location"]).text)
    for words in ("Set it from v2 to v1", "Who is signed in is signed out.", "any responder but Martijn", "Holds",
                  "You cannot approve it: you planned it, and a second person approves it", "it can be taken back"):  # fmt: skip
        assert words in page, words
    assert "Approve, and run it now" not in page

    csrf = site.sign_in("backup1", "responder")
    page = unescape(site.ask("GET", there.headers["location"]).text)
    assert "Approve, and run it now" in page
    plan = there.headers["location"].rpartition("/")[2]
    form = {"csrf": csrf, "plan": plan, "hash": page.partition('name="hash" value="')[2][:64]}
    wrong = site.ask("POST", path("approve"), data={**form, "hash": "0" * 64})
    assert (409, True) == (wrong.status_code, "The hash is not that of this plan" in wrong.text)
    assert 403 == site.ask("POST", path("approve"), data={**form, "csrf": "wrong"}).status_code
    assert 404 == site.ask("POST", path("eat"), data=form).status_code
    assert 303 == site.ask("POST", path("approve"), data=form).status_code
    assert "3" == site.ask("GET", f"/actions/{plan}").headers["refresh"]
    work(site, lambda: state(site, {"plan": plan}) == "succeeded")
    page = site.ask("GET", f"/actions/{plan}")
    assert "Plan the undo" in page.text and "refresh" not in page.headers
    undo = site.ask("POST", path("undo"), data={"csrf": csrf, "plan": plan}).headers["location"]
    assert "Take back: Set it from v2 to v1" in site.ask("GET", undo).text
    assert "Last run" in site.ask("GET", "/actions").text


def test_what_cannot_be_planned_says_why_with_a_way_back(site, target):
    csrf = site.sign_in()
    target.gone = True
    answer = site.ask("POST", path("plan"), data={"csrf": csrf})
    assert 409 == answer.status_code
    assert "The switch: the deployment no longer exists." in answer.text and "Back to INC-1" in answer.text


def test_what_the_far_side_says_is_escaped(site, target):
    target.value = "<script>alert(1)</script>"
    plan = planned(site)
    site.sign_in()
    text = site.ask("GET", f"/actions/{plan['plan']}").text
    assert "<script>alert" not in text and "&lt;script&gt;alert" in text


def test_a_viewer_sees_the_pages_without_buttons(site):
    plan = planned(site)
    site.sign_in("backup1", "viewer")
    text = site.ask("GET", f"/actions/{plan['plan']}").text
    assert "Set it from v2 to v1" in text and "Approve, and run" not in text
    assert "Plan: back" not in site.ask("GET", "/incidents/INC-1").text
    assert "Stop all actions" not in site.ask("GET", "/actions").text
    assert 404 == site.ask("GET", "/actions/none").status_code


def test_who_looked_says_so_on_the_page_of_what_is_unknown_and_by_the_api(site, target):
    target.mode = "cut"
    plan = planned(site)
    approve(site, plan)
    work(site, lambda: state(site, plan) == "unknown")
    there, looked = f"/actions/{plan['plan']}", path("looked")
    csrf = site.sign_in("backup1", "responder")
    assert "I looked: it was done" in site.ask("GET", there).text
    assert 422 == site.api("POST", looked, {"plan": plan["plan"]}).status_code
    assert 403 == site.api("POST", looked, {"plan": plan["plan"], "done": True}, role="viewer").status_code

    site.ask("POST", looked, data={"csrf": csrf, "plan": plan["plan"], "done": "no"})
    page = unescape(site.ask("GET", there).text)
    assert "Backup One looked: it was not done" in page and "I looked: it was done" not in page
    again = site.api("POST", looked, {"plan": plan["plan"], "done": True})
    assert (409, True) == (again.status_code, "what became of back is known: it is failed" in again.text)
