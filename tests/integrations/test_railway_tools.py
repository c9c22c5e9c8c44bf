"""Railway's deployments and logs, rollback and redeploy, over a real socket; and every answer that is none."""

from __future__ import annotations

import json

import pytest

from tests.fakes.app import FakeApp
from tests.fakes.railway_api import FakeRailway
from tocsin import plugins
from tocsin.integrations import railway_tools as railway
from tocsin.sdk import Acted, Plan, Reject, Retry

from .helpers import answer, feed, over_socket, payload
from .tools import LOOK, NOW, ago, health, no_answers, told

CONFIG = {"token": "t" * 20, "project": "p", "service_id": "s", "api_base": "http://railway.example/graphql/v2"}
PLANNED = {"do": "rollback", "deployment": "d-good", "newest": "d-bad", "commit": "c1"}


@pytest.fixture
def api():
    """A good deployment of yesterday, and a bad one twenty minutes before the incident."""
    with FakeRailway() as fake:
        fake.deploy("d-old", at=ago(days=3), commit="c0ffee0")
        fake.deploy("d-good", at=ago(days=1), commit="c0ffee1")
        fake.deploy("d-bad", at=ago(minutes=20), commit="badc0de", bad=True)
        yield fake
        assert [] == fake.faults


def asked(conversation):
    return over_socket(conversation)


def planned(fake, wish="rollback"):
    plan = asked(railway.plan(wish, fake.config))
    assert isinstance(plan, Plan), plan
    return plan


def listed(*nodes):
    return answer(200, {"data": {"deployments": {"edges": [{"node": node} for node in nodes]}}})


# --------------------------------------------------------------------------------------------- what serves


def test_what_was_deployed_shortly_before_is_suspected(api):
    live, back = asked(railway.look_at_deployments(LOOK, api.config))

    assert ("deployment", "d-bad", 0.7, False) == (live.suspect, live.target, live.weight, live.ok)
    assert "deployed at 08:42 UTC, 20 minutes before the incident began" in live.text
    assert "d-bad (main badc0de “feat: claims index”)" in live.text
    assert "https://railway.com/project/0f2a7c11-p/service/aa11bb22-s?environmentId=77e0-env" == live.link
    assert ("d-good", True) == (back.target, "of 2026-11-22 09:02 UTC" in back.text)


def test_what_crashed_is_suspected_however_old_it_is():
    with FakeRailway() as fake:
        fake.deploy("d-1", at=ago(days=9))
        fake.deploy("d-2", at=ago(days=8), status="CRASHED")
        live, _ = asked(railway.look_at_deployments(LOOK, fake.config))

    assert ("deployment", 0.9, True) == (
        live.suspect,
        live.weight,
        live.text.endswith("before the incident began: it CRASHED."),
    )


def test_a_deployment_that_failed_and_one_under_way_are_told(api):
    api.deploy("d-failed", at=ago(minutes=5), status="FAILED")
    api.deploy("d-new", at=ago(minutes=1), status="BUILDING")
    live, new, failed, _ = asked(railway.look_at_deployments(LOOK, api.config))

    assert ("d-bad", True) == (live.target, "d-new (main" in new.text and new.text.endswith("is building."))
    assert (False, True) == (failed.ok, "failed; what was live before it stays" in failed.text)


def test_a_service_without_deployments_says_so():
    with FakeRailway() as fake:
        [found] = asked(railway.look_at_deployments(LOOK, fake.config))
        [log] = asked(railway.look_at_logs(LOOK, fake.config))
        plan = asked(railway.plan("rollback", fake.config))

    assert ("Railway lists no deployment of the service.", False) == (found.text, found.ok)
    assert "and so no log" in log.text
    assert Reject("Railway lists no deployment of the service") == plan


def test_deployments_of_several_services_are_not_mixed(api):
    api.deploy("d-web", at=ago(minutes=2), service="another")
    config = {**api.config, "service_id": ""}

    refused = asked(railway.plan("rollback", config))
    assert Reject("Railway lists deployments of 2 services: set `service_id` of the connection railway") == refused


@pytest.mark.parametrize("project_token", [False, True])
def test_a_projects_token_stands_in_a_header_of_its_own(api, project_token):
    api.project_token = project_token

    assert "d-bad" == asked(railway.look_at_deployments(LOOK, api.config))[0].target
    assert (2 if project_token else 1) == api.calls


# --------------------------------------------------------------------------------------------- logs


def line(message, severity="error", at="2026-11-23T09:01:00.120943211Z"):
    return {"timestamp": at, "message": message, "severity": severity}


def test_the_last_error_lines_are_told_each_once_without_secrets(api):
    api.logs["d-bad"] = [
        line("Listening on :3847", "info"),
        line("DDC init failed: connect ETIMEDOUT", at="2026-11-23T09:00:00Z"),
        line("DDC init failed: connect ETIMEDOUT", at="2026-11-23T09:01:00Z"),
        line("cannot reach postgresql://app:hunter22@db/app", at="2026-11-23T08:59:00Z"),
        line("\x1b[31mTypeError\x1b[0m:\n  x is undefined " + "y" * 900, at="2026-11-23T08:58:00Z"),
    ]  # fmt: skip
    head, *lines = asked(railway.look_at_logs(LOOK, api.config))

    assert ("errors", False, True) == (
        head.suspect,
        head.ok,
        head.text.startswith("4 of the last 5 log lines of d-bad"),
    )
    assert "09:01 UTC: DDC init failed: connect ETIMEDOUT (2 times)" == lines[0].text
    assert (True, False) == ("postgresql://app:" in lines[1].text, "hunter22" in lines[1].text)
    assert ("\x1b" in lines[2].text, "\n" in lines[2].text, len(lines[2].text) <= 320) == (False, False, True)


def test_at_most_five_lines_are_told(api):
    api.logs["d-bad"] = [line(f"error number {number}") for number in range(300)]

    head, *lines = asked(railway.look_at_logs(LOOK, api.config))
    assert (5, True) == (len(lines), head.text.startswith("200 of the last 200 log lines"))


def test_a_log_without_errors_is_in_order(api):
    api.logs["d-bad"] = [line("Listening on :3847", "info"), line("", "error"), line("odd", [])]

    [found] = asked(railway.look_at_logs(LOOK, api.config))
    assert (True, True) == (found.ok, found.text.startswith("The last 3 log lines of d-bad"))


def test_the_vendors_own_samples_are_read():
    deployments = answer(200, payload("railway/graphql_deployments_response.json"))
    live, failed, back = told(railway.look_at_deployments(LOOK, CONFIG), deployments)
    assert (True, True, True) == ("2c9e0f5a" in live.text, "8107edff" in failed.text, "2c9e0f5a" in back.text)

    logs = answer(200, payload("railway/graphql_deployment_logs_response.json"))
    [head, error] = told(railway.look_at_logs(LOOK, CONFIG), deployments, logs)
    assert ("08:48 UTC: DDC init failed: connect ETIMEDOUT", True) == (error.text, "1 of the last 2" in head.text)

    plan = told(railway.plan("rollback", CONFIG), deployments)
    assert ("2c9e0f5a-6b77-4a61-9d0e-4f0c0a8b7d11", None) == (plan.parameters["deployment"], plan.undo)
    done = told(railway.run(plan.parameters, CONFIG), answer(200, payload("railway/graphql_rollback_response.json")))
    assert "done" == done.state


# --------------------------------------------------------------------------------------------- metrics


def test_what_is_near_its_limit_is_told(api):
    api.metrics = json.loads(payload("railway/graphql_metrics_response.json"))["data"]["metrics"]
    api.metrics += [{"measurement": "MEMORY_LIMIT_GB", "values": [{"ts": 1, "value": 1}]},
                    {"measurement": "CPU_LIMIT", "values": [{"ts": 1, "value": 8}]}]  # fmt: skip
    memory, cpu = asked(railway.look_at_metrics(LOOK, api.config))

    assert (
        "Memory is at 0.93 GB; it was 0.41 GB an hour before the incident, at most 0.93 GB of its limit of 1.00 GB (93 %)."
        == memory.text
    )
    assert ("CPU is at 1.70 vCPU" in cpu.text, [False, True]) == (True, [memory.ok, cpu.ok])

    api.metrics[3]["values"] = [{"ts": 1, "value": 1.8}]
    cpu = asked(railway.look_at_metrics(LOOK, api.config))[1]
    assert ("traffic", 0.3, False) == (cpu.suspect, cpu.weight, cpu.ok)


@pytest.mark.parametrize(
    "metrics", [[], None, [7], [{"measurement": "CPU_USAGE", "values": [7, {"value": "x"}, {"value": True}]}], {}]
)
def test_metrics_that_are_none_say_so(metrics):
    [found] = told(railway.look_at_metrics(LOOK, CONFIG), answer(200, {"data": {"metrics": metrics}}))
    assert ("Railway tells no metrics of the service.", True) == (found.text, found.ok)


def test_metrics_without_a_limit_or_a_service_are_not_judged():
    used = [
        {"measurement": "CPU_USAGE", "values": [{"value": 1}]},
        {"measurement": "CPU_LIMIT", "values": [{"value": 0}]},
    ]
    [found] = told(railway.look_at_metrics(LOOK, CONFIG), answer(200, {"data": {"metrics": used}}))
    assert "CPU is at 1.00 vCPU; it was 1.00 vCPU an hour before the incident." == found.text
    with pytest.raises(StopIteration) as end:
        next(railway.look_at_metrics(LOOK, {**CONFIG, "service_id": ""}))
    assert "set `service_id`" in end.value.value.why
    assert isinstance(told(railway.look_at_metrics(LOOK, CONFIG), answer(502, b"")), Retry)


# --------------------------------------------------------------------------------------------- rollback


def test_a_rollback_makes_the_api_well_again_and_its_undo_takes_it_back(api):
    with FakeApp(api.ill) as app:
        assert (503, "the deployment d-bad is broken") == health(app)
        plan = planned(api)
        assert {"do": "rollback", "deployment": "d-good", "newest": "d-bad", "commit": "c0ffee1"} == plan.parameters
        assert {"do": "rollback", "deployment": "d-bad", "newest": "", "commit": "badc0de"} == plan.undo
        assert "The variables go back as well" in plan.warnings[-1]

        assert ("", False) == (
            asked(railway.holds(plan.parameters, api.config)),
            asked(railway.stands(plan.parameters, api.config)),
        )
        assert Acted("done", receipt="d-good") == asked(railway.run(plan.parameters, api.config))
        assert True is asked(railway.stands(plan.parameters, api.config))
        assert ("again-1", (200, "ok")) == (api.live, health(app))

        assert "" == asked(railway.holds(plan.undo, api.config))
        assert "done" == asked(railway.run(plan.undo, api.config)).state
        assert (True, "the deployment again-2 is broken") == (asked(railway.stands(plan.undo, api.config)), api.ill())
    assert [("rollback", "d-good"), ("rollback", "d-bad")] == api.mutations


def test_planning_changes_nothing(api):
    asked(railway.holds(planned(api).parameters, api.config))

    assert ([], "d-bad") == (api.mutations, api.live)


def test_until_the_new_deployment_serves_nothing_can_be_told(api):
    api.takes = 2
    plan = planned(api)
    asked(railway.run(plan.parameters, api.config))

    assert [None, True] == [asked(railway.stands(plan.parameters, api.config)) for _ in range(2)]


def test_a_new_deployment_that_failed_left_the_old_one(api):
    api.fails = True
    plan = planned(api)
    asked(railway.run(plan.parameters, api.config))

    assert (False, "d-bad") == (asked(railway.stands(plan.parameters, api.config)), api.live)


def test_a_newer_deployment_of_another_commit_is_not_the_rollback(api):
    plan = planned(api)
    api.deploy("d-hotfix", commit="f00d")

    assert False is asked(railway.stands(plan.parameters, api.config))
    assert (
        "the deployments changed since this was planned: d-hotfix (main f00d “feat: claims index”) is success"
        == asked(railway.holds(plan.parameters, api.config))
    )


def test_the_prose_of_the_vendor_is_tried_where_the_schema_does_not_hold(api):
    api.as_told = True
    plan = planned(api)

    assert Acted("done", receipt="again-1") == asked(railway.run(plan.parameters, api.config))
    assert [("rollback", "d-good")] == api.mutations


def test_a_failed_build_is_not_what_is_rolled_back_from(api):
    api.deploy("d-failed", at=ago(minutes=1), status="FAILED")

    assert "d-good" == planned(api).parameters["deployment"]


def test_what_was_only_attempted_is_passed_over():
    with FakeRailway() as fake:
        fake.deploy("d-1", at=ago(days=4))
        fake.deploy("d-2", at=ago(days=3), status="FAILED", can_rollback=True)
        fake.deploy("d-3", at=ago(days=2), status="SKIPPED")
        fake.deploy("d-4", at=ago(days=1), can_rollback=False)
        fake.deploy("d-5", at=ago(hours=1), can_rollback=False)
        plan = planned(fake)

    assert "d-1" == plan.parameters["deployment"]
    assert {"do": "redeploy", "deployment": "d-5", "newest": "", "commit": "c0ffeed-5"} == plan.undo


def test_a_target_that_is_gone_or_too_old_is_a_reason_and_no_change(api):
    plan = planned(api)
    api.deployments[1]["canRollback"] = False
    assert "Railway cannot rollback d-good" in asked(railway.holds(plan.parameters, api.config))
    assert Acted("failed", "Railway answered 200: This deployment cannot be rolled back to") == asked(
        railway.run(plan.parameters, api.config)
    )
    del api.deployments[1]
    assert "Railway answered 200: Deployment not found" == asked(railway.holds(plan.parameters, api.config))
    assert Acted("failed", "Railway answered 200: Deployment not found") == asked(
        railway.run(plan.parameters, api.config)
    )
    assert ("d-bad", []) == (api.live, api.mutations)


def test_a_target_older_than_the_list_is_looked_up(api):
    parameters = {"do": "rollback", "deployment": "d-old", "newest": "", "commit": ""}
    for number in range(25):
        api.deploy(f"f-{number}", status="FAILED", at=NOW)

    assert "" == asked(railway.holds(parameters, api.config))


def test_a_redeploy_starts_the_same_image_again(api):
    plan = planned(api, "redeploy")

    assert ("d-bad", None) == (plan.parameters["deployment"], plan.undo)
    assert "" == asked(railway.holds(plan.parameters, api.config))
    assert Acted("done", receipt="again-1") == asked(railway.run(plan.parameters, api.config))
    assert True is asked(railway.stands(plan.parameters, api.config))
    assert [("redeploy", "d-bad")] == api.mutations


def test_there_may_be_nothing_to_do():
    with FakeRailway() as fake:
        fake.deploy("d-1", at=ago(days=1))
        plan = asked(railway.plan("rollback", fake.config))
        fake.deployments[0]["canRedeploy"] = False
        again = asked(railway.plan("redeploy", fake.config))

    assert "no earlier good deployment of the service that it can roll back to; d-1 " in plan.why
    assert again.why.startswith("Railway cannot redeploy d-1")
    with pytest.raises(StopIteration) as end:
        next(railway.plan("explode", CONFIG))
    assert Reject("Railway can rollback and redeploy, and not explode") == end.value.value


DATA = {"data": {"deploymentRollback": False}}


@pytest.mark.parametrize(
    ("response", "acted"),
    [(answer(200, {"data": {"deploymentRollback": True}}), Acted("done", receipt="d-good")),
     (answer(200, DATA), Acted("failed", "Railway answered False")),
     (answer(200, {"data": {"deploymentRollback": None}}), Acted("unknown", "Railway answered None")),
     (answer(200, {"errors": [{"message": "Problem processing request"}], "data": None}),
      Acted("unknown", "Railway answered 200: Problem processing request")),
     (answer(200, {"errors": [{"message": "Deployment not found"}], "data": None}),
      Acted("failed", "Railway answered 200: Deployment not found")),
     (answer(200, b"<html>"), Acted("unknown", "Railway answered 200 with what cannot be read (6 bytes)")),
     (answer(429, b""), Acted("failed", "Railway asks to wait (429)")),
     (answer(503, b""), Acted("unknown", "Railway answered 503"))],
)  # fmt: skip
def test_what_became_of_a_call(response, acted):
    sent, found = feed(railway.run(PLANNED, CONFIG), response)

    assert (acted, 1) == (found, len(sent))


def test_a_token_that_is_refused_in_both_headers_did_nothing(api):
    api.mode = "revoked"
    acted = asked(railway.run(PLANNED, api.config))

    assert ("failed", True) == (acted.state, "the token is refused: Not Authorized" in acted.why)


def test_a_call_without_an_answer_is_unknown(api):
    plan = planned(api)
    api.mode = "hang_up"

    assert "unknown" == asked(railway.run(plan.parameters, api.config)).state


# --------------------------------------------------------------------------------------------- answers that are none


@no_answers("denied", "revoked")
def test_an_answer_that_is_none_is_said_in_words(response, verdict, words):
    for conversation in (
        railway.look_at_deployments(LOOK, CONFIG), railway.look_at_logs(LOOK, CONFIG), railway.plan("rollback", CONFIG)
    ):  # fmt: skip
        found = told(conversation, response)
        assert verdict is type(found) and "Railway" in found.why and words in found.why

    assert words in told(railway.holds(PLANNED, CONFIG), response)
    assert None is told(railway.stands(PLANNED, CONFIG), response)
    assert words in told(railway.test(CONFIG), response).missing[0]


@pytest.mark.parametrize(
    "body", [{"data": {}}, {"data": {"deployments": None}}, {"data": None}, {"data": {"deployments": []}}, {}]
)
def test_a_list_that_is_none_is_tried_again(body):
    assert isinstance(told(railway.look_at_deployments(LOOK, CONFIG), answer(200, body)), Retry)


def test_deployments_of_the_wrong_types_are_passed_over():
    odd = listed(
        7, None, {"id": None}, {"id": ["x"]}, {"id": "d", "status": 7, "createdAt": 9, "meta": [], "canRollback": "yes"}
    )

    assert "No deployment serves on Railway." == told(railway.look_at_deployments(LOOK, CONFIG), odd)[0].text
    assert isinstance(told(railway.plan("rollback", CONFIG), odd), Reject)
    assert isinstance(
        told(railway.look_at_logs(LOOK, CONFIG), odd, answer(200, {"data": {"deploymentLogs": {"a": 1}}})), Retry
    )


@pytest.mark.parametrize(
    "mode", ["flood", "down", "html", "hang_up", "empty", "huge", "list", "lie", "denied", "missing", "revoked"]
)
def test_over_a_socket_a_vendor_that_is_not_well_is_a_reason_and_no_finding(api, mode):
    api.mode = mode
    found = asked(railway.look_at_logs(LOOK, api.config))

    assert isinstance(found, Reject if mode in ("denied", "missing", "revoked") else Retry), found
    assert found.why.startswith("Railway") and len(found.why) < 400


# --------------------------------------------------------------------------------------------- the connection


def test_the_connection_is_tested_without_a_change(api):
    tested = asked(railway.test(api.config))

    assert (True, None, ()) == (tested.reads, tested.acts, tested.missing)
    assert tested.text.startswith("3 deployments are seen; d-bad")
    assert "could be rolled back to d-good" in tested.text
    assert [] == api.mutations


def test_a_revoked_token_a_wrong_project_and_a_missing_setting_are_named(api):
    api.mode = "revoked"
    assert "the token is refused: Not Authorized" in asked(railway.test(api.config)).missing[0]
    api.mode = "ok"
    assert "check `project`" in asked(railway.test({**api.config, "project": "another"})).missing[0]
    with pytest.raises(StopIteration) as end:
        next(railway.test({"token": ""}))
    assert ("set `token` of the connection railway",) == end.value.value.missing


def test_they_are_loaded_under_their_names():
    loaded = plugins.load()

    assert railway.ACTOR is loaded.actors["railway"]
    assert railway.CONNECTION_TEST is loaded.connection_tests["railway"]
    assert {"railway.deployments", "railway.logs"} <= set(loaded.diagnosers)
