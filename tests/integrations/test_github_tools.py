"""GitHub: what was pushed, which workflows fail, and running one, over a real socket; and every answer that is none."""

from __future__ import annotations

import pytest

from tests.fakes.github_api import FakeGitHubApi
from tocsin import plugins
from tocsin.integrations import github_tools as github
from tocsin.sdk import Acted, Plan, Reject, Response, Retry

from .helpers import answer, over_socket
from .tools import LOOK, ago, no_answers, told

CONFIG = {"token": "t" * 20, "repository": "proofi/proofi-wallet", "api_base": "http://github.example"}
WISH = {"workflow": "deploy.yml", "ref": "main", "inputs": {"target": "production", "dry": False}}
PARAMETERS = {"workflow": "deploy.yml", "ref": "main", "inputs": {}, "last": ""}
ABOUT = answer(200, {"full_name": "proofi/proofi-wallet", "default_branch": "main"})


@pytest.fixture
def hub():
    with FakeGitHubApi() as fake:
        fake.push("feat: claims index", at=ago(days=2))
        fake.push("fix: retry DDC writes\n\nlong words", at=ago(minutes=25))
        fake.ran("ci.yml", "success", at=ago(minutes=24))
        fake.ran("deploy.yml", "success", at=ago(minutes=23))
        yield fake
        assert [] == fake.faults


def asked(conversation):
    return over_socket(conversation)


def planned(fake, wish=WISH):
    plan = asked(github.plan(wish, fake.config))
    assert isinstance(plan, Plan), plan
    return plan


# --------------------------------------------------------------------------------------------- look


def test_what_was_pushed_shortly_before_is_suspected_a_little(hub):
    pushed, runs = asked(github.look(LOOK, hub.config))

    assert ("deployment", 0.35, False) == (pushed.suspect, pushed.weight, pushed.ok)
    assert pushed.target.startswith(hub.commits[0]["sha"]) and pushed.link.endswith(pushed.target)
    assert "“fix: retry DDC writes” by ana, of 08:37 UTC, 25 minutes before the incident began." in pushed.text
    assert ("No workflow fails on main: 2 were seen.", True) == (runs.text, runs.ok)


def test_an_old_push_is_in_order(hub):
    hub.commits.pop(0)
    pushed, _ = asked(github.look(LOOK, hub.config))

    assert (True, "", 0.0) == (pushed.ok, pushed.suspect, pushed.weight)


def test_a_workflow_fails_by_its_newest_run_that_ended(hub):
    hub.ran("deploy.yml", "timed_out", at=ago(minutes=10), sha="feedbeef")
    hub.ran("deploy.yml", "cancelled", at=ago(minutes=9))
    hub.ran("deploy.yml", None, at=ago(minutes=8))
    hub.ran("ci.yml", "failure", at=ago(minutes=7))
    hub.ran("ci.yml", "success", at=ago(minutes=6))
    _, failing = asked(github.look(LOOK, hub.config))

    assert (
        "The workflow Deploy to Vercel fails on main since its run of 08:52 UTC, on feedbee: timed out." == failing.text
    )
    assert (False, True) == (
        failing.ok,
        failing.link.startswith("https://github.com/proofi/proofi-wallet/actions/runs/"),
    )


def test_an_empty_repository_says_so():
    with FakeGitHubApi() as fake:
        pushed, runs = asked(github.look(LOOK, fake.config))

    assert ("GitHub lists no commit on main.", "No workflow fails on main: 0 were seen.") == (pushed.text, runs.text)


def test_what_is_of_the_wrong_types_is_passed_over():
    commits = answer(
        200,
        [
            7,
            None,
            {"sha": 7},
            {"sha": "x", "commit": []},
            {"sha": "abc", "commit": {"message": [], "committer": {"date": "2026-11-23T09:00:00Z"}}},
        ],
    )
    runs = answer(200, {"workflow_runs": [7, {"status": "completed", "conclusion": "failure", "workflow_id": []}]})
    pushed, failing = told(github.look(LOOK, CONFIG), ABOUT, commits, runs)

    assert "The last commit on main is abc “no message”" in pushed.text
    assert "The workflow (no name) fails on main since its last run, on an unknown commit: failure." == failing.text
    for odd in ({}, {"workflow_runs": 7}, []):
        assert isinstance(told(github.look(LOOK, CONFIG), ABOUT, answer(200, []), answer(200, odd)), Retry)
    assert isinstance(
        told(github.look(LOOK, CONFIG), ABOUT, answer(200, {"a": 1}), answer(200, {"workflow_runs": []})), Retry
    )


# --------------------------------------------------------------------------------------------- act


def test_a_workflow_is_run_with_its_inputs(hub):
    plan = planned(hub)
    assert "Deploy to Vercel on main" == plan.target
    assert (
        "GitHub runs the workflow Deploy to Vercel (deploy.yml) of proofi/proofi-wallet on main, with target=production, dry=false.",
    ) == plan.steps
    assert ([], None) == (hub.changes(), plan.undo)

    assert ("", False) == (
        asked(github.holds(plan.parameters, hub.config)),
        asked(github.stands(plan.parameters, hub.config)),
    )
    assert Acted("done", receipt="deploy.yml") == asked(github.run(plan.parameters, hub.config))
    assert [{"ref": "main", "inputs": {"target": "production", "dry": "false"}}] == hub.dispatched
    assert [None, True] == [asked(github.stands(plan.parameters, hub.config)) for _ in range(2)]


def test_a_run_that_failed_is_not_in_effect(hub):
    hub.ends, hub.takes = "failure", 0
    plan = planned(hub)
    asked(github.run(plan.parameters, hub.config))

    assert False is asked(github.stands(plan.parameters, hub.config))


def test_a_newer_version_says_which_run_it_is(hub):
    hub.says_run = True
    assert str(hub.runs[0]["id"] + 1) == asked(github.run(planned(hub).parameters, hub.config)).receipt


def test_a_workflow_has_a_number_too_and_without_a_ref_the_default_branch_is_taken(hub):
    plan = planned(hub, {"workflow": 161335})
    assert ("main", {}) == (plan.parameters["ref"], plan.parameters["inputs"])
    assert "done" == asked(github.run(plan.parameters, hub.config)).state


@pytest.mark.parametrize(
    "wish", [None, {}, {"workflow": ""}, {"workflow": []}, {"workflow": "x.yml", "inputs": ["a"]}, "deploy.yml"]
)
def test_what_names_no_workflow_is_refused(wish):
    with pytest.raises(StopIteration) as end:
        next(github.plan(wish, CONFIG))
    assert isinstance(end.value.value, Reject)


def test_a_workflow_that_is_switched_off_or_gone_is_said(hub):
    plan = planned(hub)
    hub.workflows["deploy.yml"]["state"] = "disabled_manually"
    assert "the workflow deploy.yml is disabled manually, not active" == asked(
        github.holds(plan.parameters, hub.config)
    )
    assert "disabled manually" in asked(github.plan(WISH, hub.config)).why
    acted = asked(github.run(plan.parameters, hub.config))
    assert ("failed", True) == (acted.state, "disabled workflow" in acted.why)

    del hub.workflows["deploy.yml"]
    assert "GitHub does not know it (404): Not Found" in asked(github.holds(plan.parameters, hub.config))


@pytest.mark.parametrize(
    ("wish", "words"),
    [({"workflow": "ci.yml"}, "does not have 'workflow_dispatch' trigger"), ({**WISH, "ref": "gone"}, "No ref found for: gone"),
     ({**WISH, "inputs": {"x": 1}}, "Unexpected inputs")],
)  # fmt: skip
def test_what_github_refuses_changed_nothing_and_is_said(hub, wish, words):
    acted = asked(github.run(planned(hub, wish).parameters, hub.config))

    assert ("failed", True, []) == (acted.state, words in acted.why, hub.dispatched)


@pytest.mark.parametrize(
    ("response", "state"),
    [(answer(204, b""), "done"), (answer(200, b"<html>"), "unknown"), (answer(201, b""), "unknown"), (answer(500, b""), "unknown"),
     (Response(0, error="no answer"), "unknown"), (answer(403, {"message": "no"}), "failed"), (answer(404, {}), "failed")],
)  # fmt: skip
def test_what_became_of_a_call(response, state):
    acted = told(github.run(PARAMETERS, CONFIG), response)
    assert (state, state != "done") == (acted.state, bool(acted.why))


# --------------------------------------------------------------------------------------------- answers that are none


@no_answers("wrong type", "to wait")
def test_an_answer_that_is_none_is_said_in_words(response, verdict, words):
    for conversation in (github.look(LOOK, CONFIG), github.plan(WISH, CONFIG)):
        found = told(conversation, response)
        assert verdict is type(found) and found.why.startswith("GitHub") and words in found.why

    assert words in told(github.holds(PARAMETERS, CONFIG), response)
    assert None is told(github.stands(PARAMETERS, CONFIG), response)
    assert words in told(github.test(CONFIG), response).missing[0]


@pytest.mark.parametrize(
    ("response", "after"),
    [(Response(403, {"retry-after": "40"}, b'{"message": "secondary"}'), 40.0), (Response(429, {}, b"{}"), 60.0),
     (Response(403, {"x-ratelimit-remaining": "0"}, b"{}"), 60.0), (Response(403, {}, b'{"message": "API rate limit exceeded"}'), 60.0)],
)  # fmt: skip
def test_a_limit_is_waited_for(response, after):
    found = told(github.look(LOOK, CONFIG), response)
    assert (True, after) == ("asks to wait" in found.why, found.after)


@pytest.mark.parametrize(
    "mode", ["flood", "down", "html", "hang_up", "empty", "huge", "list", "denied", "missing", "revoked"]
)
def test_over_a_socket_a_vendor_that_is_not_well_is_a_reason_and_no_finding(hub, mode):
    hub.mode = mode
    found = asked(github.look(LOOK, hub.config))

    assert isinstance(found, Reject if mode in ("denied", "missing", "revoked") else Retry), found
    assert found.why.startswith("GitHub") and len(found.why) < 400


@pytest.mark.parametrize("repository", ["", "no-slash", "a/b/c", "a/b?x=y", "../x", "a/.."])
def test_a_repository_that_is_none_is_not_asked_for(repository):
    with pytest.raises(StopIteration) as end:
        next(github.look(LOOK, {**CONFIG, "repository": repository}))
    assert "as owner/name" in end.value.value.why


# --------------------------------------------------------------------------------------------- the connection


def test_the_connection_is_tested_without_a_change(hub):
    tested = asked(github.test(hub.config))
    assert (True, True, ()) == (tested.reads, tested.acts, tested.missing)
    assert "Repository proofi/proofi-wallet, default branch main." == tested.text

    hub.scopes = None
    assert (None, ()) == (asked(github.test(hub.config)).acts, asked(github.test(hub.config)).missing)
    assert [] == hub.changes()


def test_what_a_token_lacks_is_named(hub):
    hub.may, hub.scopes, hub.about = {"push": False}, "read:user", {"has_issues": False, "archived": True}
    tested = asked(github.test(hub.config))
    assert (True, False, 4) == (tested.reads, tested.acts, len(tested.missing))
    assert "the token has the scopes read:user: give it repo" in tested.missing

    hub.mode, hub.only = "denied", "/actions/workflows"
    assert "give the token Actions, read and write" in asked(github.test(hub.config)).missing[-1]
    hub.mode, hub.only = "revoked", ""
    assert "the token is refused (401): Bad credentials" in asked(github.test(hub.config)).missing[0]
    with pytest.raises(StopIteration) as end:
        next(github.test({}))
    assert 2 == len(end.value.value.missing)


def test_they_are_loaded_under_their_names():
    loaded = plugins.load()
    assert (github.ACTOR, github.CONNECTION_TEST) == (loaded.actors["github"], loaded.connection_tests["github"])
    assert "github.deployments" in loaded.diagnosers
