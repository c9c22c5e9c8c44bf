"""Vercel's deployments: what is live, rollback and promote, over a real socket; and every answer that is none."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.fakes.app import FakeApp
from tests.fakes.vercel_api import FakeVercel
from tocsin import plugins, sdk
from tocsin.integrations import vercel_tools as vercel
from tocsin.sdk import Acted, Found, Plan, Reject, Request, Retry

from .helpers import answer, feed, over_socket, payload
from .tools import LOOK, NOW, ago, health, no_answers, told

CONFIG = {"token": "t" * 20, "project": "wallet-ui", "api_base": "http://vercel.example"}
PROJECT = answer(200, {"id": "prj_8sK2dQ", "name": "wallet-ui"})


@pytest.fixture
def site():
    """Two good deployments, the second live for a day, and a bad one twenty minutes before the incident."""
    with FakeVercel() as fake:
        fake.deploy("dpl_old", at=ago(days=3))
        fake.deploy("dpl_good", at=ago(days=1))
        fake.deploy("dpl_bad", at=ago(minutes=10), bad=True)
        yield fake
        assert [] == fake.faults


def asked(conversation):
    return over_socket(conversation)


def planned(fake, wish="rollback"):
    plan = asked(vercel.plan(wish, fake.config))
    assert isinstance(plan, Plan), plan
    return plan


# --------------------------------------------------------------------------------------------- what is live


def test_what_went_live_shortly_before_is_suspected(site):
    live, back = asked(vercel.look(LOOK, site.config))

    assert ("deployment", "dpl_bad", 0.9, False) == (live.suspect, live.target, live.weight, live.ok)
    assert "it went live at 08:52 UTC, 10 minutes before the incident began" in live.text
    assert "dpl_bad (main " in live.text and "“fix: retry DDC writes”" in live.text
    assert ("https://vercel.com/proofi/wallet-ui/dpl_bad", ago(minutes=10)) == (live.link, live.at)
    assert ("dpl_good", True) == (back.target, back.text.startswith("It can be rolled back to dpl_good"))


@pytest.mark.parametrize(
    ("before", "weight"),
    [({"minutes": 15}, 0.9), ({"minutes": 16}, 0.7), ({"hours": 6}, 0.4), ({"hours": 24}, 0.2), ({"hours": 25}, 0.0),
     ({"seconds": -60}, 0.9), ({"seconds": -61}, 0.0)],
)  # fmt: skip
def test_the_closer_the_more_it_is_suspected(before, weight):
    with FakeVercel() as fake:
        fake.deploy("dpl_1", at=ago(**before))
        [live] = asked(vercel.look(LOOK, fake.config))

    assert (weight, "deployment" if weight else "", not weight) == (live.weight, live.suspect, live.ok)


def test_after_a_rollback_the_old_one_is_live_and_nothing_is_suspected(site):
    plan = planned(site)
    asked(vercel.run(plan.parameters, site.config))
    asked(vercel.stands(plan.parameters, site.config))
    live, *_ = asked(vercel.look(LOOK, site.config))

    assert "Production of wallet-ui is dpl_good" in live.text and "was rolled back to at" in live.text
    assert (True, "", 0.0) == (live.ok, live.suspect, live.weight)


def test_a_build_that_failed_and_one_under_way_are_told(site):
    site.deploy("dpl_err", at=ago(minutes=5), state="ERROR", error='Command "pnpm run build" exited with 1')
    site.deploy("dpl_new", at=ago(minutes=1), state="BUILDING")
    live, building, failed, _ = asked(vercel.look(LOOK, site.config))

    assert "dpl_bad" == live.target
    assert "under way: dpl_new" in building.text
    assert (False, True) == (failed.ok, 'failed: Command "pnpm run build" exited with 1' in failed.text)


def test_a_project_without_deployments_says_so():
    with FakeVercel() as fake:
        [found] = asked(vercel.look(LOOK, fake.config))
        plan = asked(vercel.plan("rollback", fake.config))

    assert Found("Vercel lists no production deployment of wallet-ui that is live.", ok=False) == found
    assert Reject("Vercel lists no production deployment of wallet-ui that is live") == plan


def test_where_the_project_does_not_say_what_is_live_the_last_change_does(site):
    site.names_live = False
    assert "dpl_bad" == asked(vercel.look(LOOK, site.config))[0].target
    plan = planned(site)
    asked(vercel.run(plan.parameters, site.config))

    assert True is asked(vercel.stands(plan.parameters, site.config))
    assert "dpl_good" == asked(vercel.look(LOOK, site.config))[0].target


def test_where_nothing_else_is_said_the_live_one_is_that_which_cannot_be_rolled_back_to(site):
    site.names_live = False
    site._point("dpl_good", 1)  # and Vercel forgot how

    assert "dpl_good" == asked(vercel.look(LOOK, site.config))[0].target


def test_what_is_live_may_be_older_than_the_list():
    with FakeVercel() as fake:
        fake.deploy("dpl_live", at=ago(days=9))
        for number in range(25):
            fake.deploy(f"dpl_{number}", at=ago(hours=number + 1), state="ERROR")
        live, *failed = asked(vercel.look(LOOK, fake.config))

    assert "Production of wallet-ui is dpl_live" in live.text
    assert 20 == len(failed)


def test_the_vendors_own_sample_is_read():
    listed = answer(200, payload("vercel/rest_list_deployments_response.json"))
    live, failed, back = told(vercel.look(LOOK, CONFIG), PROJECT, listed)

    assert ("dpl_9aFq1xN2", 0.4) == (live.target, live.weight)
    assert "(main a8923d9 “fix: retry DDC writes”)" in live.text
    assert 'Command "pnpm run build" exited with 1' in failed.text
    assert "dpl_7Zt4mP0c" == back.target


@pytest.mark.parametrize("team", ["team_9LmQk2", "proofi"])
def test_a_team_is_named_by_its_id_or_its_slug(team):
    with FakeVercel(team=team) as fake:
        fake.deploy("dpl_1", at=ago(days=2))
        assert "dpl_1" in asked(vercel.look(LOOK, fake.config))[0].text
        assert [] == fake.faults


# --------------------------------------------------------------------------------------------- rollback


def test_a_rollback_makes_the_site_well_again_and_its_undo_takes_it_back(site):
    with FakeApp(site.ill) as app:
        assert (503, "the deployment dpl_bad is broken") == health(app)
        plan = planned(site)
        assert plan.target.startswith("wallet-ui: dpl_good (main ")
        assert {
            "do": "rollback",
            "project": "prj_8sK2dQ",
            "deployment": "dpl_good",
            "from": "dpl_bad",
        } == plan.parameters
        assert {"do": "promote", "project": "prj_8sK2dQ", "deployment": "dpl_bad", "from": "dpl_good"} == plan.undo
        assert any("not assigned to the domains" in warning for warning in plan.warnings)

        assert ("", "the deployment dpl_bad is broken") == (
            asked(vercel.holds(plan.parameters, site.config)),
            site.ill(),
        )
        assert Acted("done", receipt="dpl_good") == asked(vercel.run(plan.parameters, site.config))
        assert True is asked(vercel.stands(plan.parameters, site.config))
        assert ("dpl_good", (200, "ok"), False) == (site.live, health(app), site.assigns)

        assert "" == asked(vercel.holds(plan.undo, site.config))
        assert "done" == asked(vercel.run(plan.undo, site.config)).state
        assert (True, False) == tuple(
            asked(vercel.stands(parameters, site.config)) for parameters in (plan.undo, plan.parameters)
        )
    assert ("dpl_bad", True) == (site.live, site.assigns)
    assert 2 == len(site.changes())


def test_the_older_paths_do_where_the_newer_are_not_there(site):
    site.old = True
    plan = planned(site)

    assert Acted("done", receipt="dpl_good") == asked(vercel.run(plan.parameters, site.config))
    assert [f"/{version}/projects/prj_8sK2dQ/rollback/dpl_good" for version in ("v1", "v9")] == [
        path for _, path in site.changes()
    ]
    assert True is asked(vercel.stands(plan.parameters, site.config))


def test_planning_changes_nothing(site):
    planned(site)
    asked(vercel.holds(planned(site).parameters, site.config))

    assert ([], "dpl_bad") == (site.changes(), site.live)


def test_after_a_rollback_the_next_one_does_not_go_back_to_the_bad_one(site):
    asked(vercel.run(planned(site).parameters, site.config))

    assert "at work on wallet-ui already: rollback to dpl_good" in asked_late(site).why
    assert "dpl_old" == planned(site).parameters["deployment"]
    assert "dpl_bad" == planned(site, "promote").parameters["deployment"]


def asked_late(fake):
    """A plan while Vercel is still at work."""
    fake._left = 5
    refused = asked(vercel.plan("rollback", fake.config))
    fake._left = 1
    return refused


def test_while_vercel_is_at_work_nothing_can_be_told(site):
    site.takes = 3
    plan = planned(site)
    asked(vercel.run(plan.parameters, site.config))

    assert [None, None, True] == [asked(vercel.stands(plan.parameters, site.config)) for _ in range(3)]


def test_a_job_that_failed_left_production_as_it_was(site):
    site.fails = True
    plan = planned(site)
    asked(vercel.run(plan.parameters, site.config))

    assert False is asked(vercel.stands(plan.parameters, site.config))
    assert "dpl_bad" == site.live


def test_it_no_longer_holds_when_production_changed_since(site):
    plan = planned(site)
    site.deploy("dpl_hotfix", at=NOW)

    assert "production of wallet-ui changed since this was planned: it is dpl_hotfix, not dpl_bad" == asked(
        vercel.holds(plan.parameters, site.config)
    )
    site._point("dpl_good", 1)
    assert "production of wallet-ui is dpl_good already" == asked(vercel.holds(plan.parameters, site.config))


def test_a_target_that_is_gone_is_the_vendors_reason_and_no_change(site):
    plan = planned(site)
    site.delete("dpl_good")

    gone = "Vercel does not know it (404): Deployment not found; the name is wrong, or the token cannot see it"
    assert gone == asked(vercel.holds(plan.parameters, site.config))
    assert Acted("failed", gone) == asked(vercel.run(plan.parameters, site.config))
    assert "dpl_bad" == site.live


def test_a_target_that_is_not_ready_does_not_hold(site):
    plan = planned(site)
    site.deployments["dpl_good"] |= {"state": "DELETED", "readyState": "DELETED"}

    assert "dpl_good is DELETED, not READY" == asked(vercel.holds(plan.parameters, site.config))
    assert "failed" == asked(vercel.run(plan.parameters, site.config)).state


def test_what_the_plan_of_vercel_does_not_allow_is_said(site):
    site.hobby = True
    parameters = {**planned(site).parameters, "deployment": "dpl_old"}

    acted = asked(vercel.run(parameters, site.config))
    assert ("failed", True) == (acted.state, "upgrade to pro" in acted.why)


def test_there_may_be_nothing_to_do():
    with FakeVercel() as fake:
        fake.deploy("dpl_only", at=ago(days=1))
        rollback, promote = (asked(vercel.plan(wish, fake.config)) for wish in ("rollback", "promote"))

    assert "no earlier production deployment that Vercel can roll back to; live is dpl_only" in rollback.why
    assert "the newest production deployment of wallet-ui is live already: dpl_only" in promote.why
    assert "not explode" in told_at_once(vercel.plan("explode", CONFIG)).why


def told_at_once(conversation):
    """What a conversation returns that asks nothing."""
    with pytest.raises(StopIteration) as end:
        next(conversation)
    return end.value.value


def test_a_build_that_was_staged_can_be_promoted(site):
    site.assigns = False
    site.deploy("dpl_staged", at=NOW - timedelta(minutes=1))
    plan = planned(site, "promote")

    assert ("dpl_staged", "") == (plan.parameters["deployment"], asked(vercel.holds(plan.parameters, site.config)))
    assert "done" == asked(vercel.run(plan.parameters, site.config)).state
    assert True is asked(vercel.stands(plan.parameters, site.config))


@pytest.mark.parametrize(
    ("response", "acted"),
    [(answer(201, b""), Acted("done", receipt="d")), (answer(200, {}), Acted("done", receipt="d")),
     (answer(202, b""), Acted("done", receipt="queued behind a rolling release")),
     (answer(200, {"error": {"code": "no"}}), Acted("failed", "Vercel answered 200: no")),
     (answer(200, b"<html>"), Acted("unknown", "Vercel answered 200 with what cannot be read")),
     (answer(409, {"error": {"message": "in progress"}}), Acted("failed", "Vercel answered 409: in progress")),
     (answer(429, b""), Acted("failed", "Vercel asks to wait (429)")),
     (answer(500, b"<html>"), Acted("unknown", "Vercel answered 500"))],
)  # fmt: skip
def test_what_became_of_a_call(response, acted):
    parameters = {"do": "rollback", "project": "p", "deployment": "d", "from": "e"}
    [request], found = feed(vercel.run(parameters, CONFIG), response)

    assert acted == found
    assert isinstance(request, Request) and ("POST", "http://vercel.example/v1/projects/p/rollback/d") == (
        request.method, request.url
    )  # fmt: skip


def test_a_call_without_an_answer_is_unknown(site):
    plan = planned(site)
    site.mode, site.only = "hang_up", "/rollback/"

    acted = asked(vercel.run(plan.parameters, site.config))
    assert ("unknown", True) == (acted.state, acted.why.startswith("Vercel did not answer: "))


# --------------------------------------------------------------------------------------------- answers that are none


@no_answers()
def test_an_answer_that_is_none_is_said_in_words(response, verdict, words):
    parameters = {"do": "rollback", "project": "p", "deployment": "d", "from": "e"}
    for conversation in (vercel.look(LOOK, CONFIG), vercel.plan("rollback", CONFIG)):
        found = told(conversation, response)
        assert verdict is type(found) and "Vercel" in found.why and words in found.why

    assert words in told(vercel.holds(parameters, CONFIG), response)
    assert None is told(vercel.stands(parameters, CONFIG), response)
    tested = told(vercel.test(CONFIG), response)
    assert (False, True) == (tested.reads, words in tested.missing[0])


@pytest.mark.parametrize(
    "listed",
    [answer(200, {}), answer(200, {"deployments": None}), answer(200, {"deployments": {"uid": "x"}}),
     answer(200, {"error": {"code": "internal", "message": "boom"}})],
)  # fmt: skip
def test_a_list_that_is_none_is_tried_again(listed):
    assert isinstance(told(vercel.look(LOOK, CONFIG), PROJECT, listed), Retry)


def test_deployments_of_the_wrong_types_are_passed_over():
    odd = [
        7,
        None,
        [],
        {"uid": None},
        {"uid": ["x"]},
        {"uid": "dpl_1", "created": "x", "meta": 7, "state": [], "ready": True},
    ]
    [found] = told(vercel.look(LOOK, CONFIG), PROJECT, answer(200, {"deployments": odd}))

    assert ("Vercel lists no production deployment of wallet-ui that is live.", False) == (found.text, found.ok)
    assert isinstance(
        told(vercel.look(LOOK, CONFIG), answer(200, {"id": 3.5, "name": []}), answer(200, {"deployments": []})), list
    )


@pytest.mark.parametrize(
    "mode", ["flood", "down", "html", "hang_up", "empty", "huge", "list", "lie", "denied", "missing", "revoked"]
)
def test_over_a_socket_a_vendor_that_is_not_well_is_a_reason_and_no_finding(site, mode):
    site.mode = mode
    found = asked(vercel.look(LOOK, site.config))

    assert isinstance(found, Reject if mode in ("denied", "missing", "revoked") else Retry), found
    assert found.why.startswith("Vercel") and len(found.why) < 400
    assert (40.0 if mode == "flood" else None) == getattr(found, "after", None)


# --------------------------------------------------------------------------------------------- the connection


def test_the_connection_is_tested_without_a_change(site):
    tested = asked(vercel.test(site.config))

    assert (True, None, ()) == (tested.reads, tested.acts, tested.missing)
    assert "Project wallet-ui (prj_8sK2dQ); production is dpl_bad" in tested.text
    assert [] == site.changes()


def test_a_revoked_token_and_a_missing_setting_are_named(site):
    site.mode = "revoked"
    tested = asked(vercel.test(site.config))

    assert (False, False) == (tested.reads, tested.acts)
    assert "the token is refused (401)" in tested.missing[0]
    assert sdk.Tested(
        False, missing=("set `token` of the connection vercel", "set `project` of the connection vercel")
    ) == told_at_once(vercel.test({"token": "", "project": ""}))


def test_they_are_loaded_under_their_names():
    loaded = plugins.load()

    assert vercel.ACTOR is loaded.actors["vercel"]
    assert vercel.CONNECTION_TEST is loaded.connection_tests["vercel"]
    assert "vercel.deployments" in loaded.diagnosers
