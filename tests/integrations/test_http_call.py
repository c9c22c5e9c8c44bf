"""A call to a service of the team's: what is shown of it, what became of it, and that no secret is kept."""

from __future__ import annotations

import json

import pytest

from tests.fakes.ddc import FakeDdc
from tocsin import plugins
from tocsin.integrations import http_call as http
from tocsin.sdk import Acted, Plan, Reject, Response

from .helpers import answer, feed, over_socket
from .tools import told

CALL = {
    "method": "POST",
    "url": "https://config.example/ddc",
    "json": {"cluster": "backup"},
    "headers": {"X-Api-Key": "s3cret-key-1"},
}
WISH = {"call": CALL, "undo": {**CALL, "json": {"cluster": "primary"}}}


def planned(wish=WISH, config=None):
    with pytest.raises(StopIteration) as end:
        next(http.plan(wish, config or {}))
    return end.value.value


def held(parameters, config):
    with pytest.raises(StopIteration) as end:
        next(http.holds(parameters, config))
    return end.value.value


def test_a_plan_says_what_would_be_sent_but_no_header():
    plan = planned()

    assert "POST https://config.example/ddc" == plan.target
    assert ('POST https://config.example/ddc with {"cluster":"backup"}, and the headers X-Api-Key.',) == plan.steps
    assert ((), {"cluster": "primary"}) == (plan.warnings, plan.undo["json"])


def test_with_the_wish_in_the_settings_no_secret_is_kept_and_the_call_has_it_all_the_same():
    plan = planned(config=WISH)
    assert "s3cret" not in json.dumps([dict(plan.parameters), dict(plan.undo)])

    [request], acted = feed(http.run(plan.parameters, WISH), answer(200, {}))
    assert ("s3cret-key-1", "done") == (request.headers["X-Api-Key"], acted.state)
    [request], _ = feed(http.run(plan.undo, WISH), answer(200, {}))
    assert ("s3cret-key-1", {"cluster": "primary"}) == (request.headers["X-Api-Key"], request.json)


def test_a_call_that_the_runbook_no_longer_has_is_not_made():
    plan = planned(config=WISH)
    other = {**WISH, "call": {**CALL, "url": "https://elsewhere.example/"}}

    assert ("", "") == (held(plan.parameters, WISH), held(planned().parameters, {}))
    assert "another call now" in held(plan.parameters, other)
    assert "another call now" in held(plan.undo, {"call": CALL, "undo": None})


def test_without_an_undo_there_is_no_way_back():
    plan = planned({"call": {"url": "http://x.example/"}, "undo": None})

    assert (None, 1, "POST http://x.example/.") == (plan.undo, len(plan.warnings), plan.steps[0])
    assert None is http.ACTOR.stands


@pytest.mark.parametrize(
    "call", [None, {}, {"url": "ftp://x"}, {"url": 7}, {"url": "http://x", "method": "BREW"}, {"url": "config.example"}, "http://x"]
)  # fmt: skip
def test_what_is_no_call_is_refused(call):
    assert isinstance(planned({"call": call, "undo": None}), Reject)


def test_a_secret_in_the_address_or_the_body_is_not_shown():
    plan = planned(
        {"call": {"url": "http://a:hunter22@x.example/?token=abcdef123456", "json": {"password": "hunter23"}}}
    )

    shown = f"{plan.target} {plan.steps}"
    assert isinstance(plan, Plan) and not any(secret in shown for secret in ("hunter22", "abcdef123456", "hunter23"))


@pytest.mark.parametrize(
    ("response", "acted"),
    [(answer(204, b""), Acted("done")), (answer(200, {"ok": 1}), Acted("done", receipt='{"ok": 1}')),
     (answer(200, b"<html>all is well</html>"), Acted("done")),
     (answer(422, {"error": {"message": "no such cluster"}}), Acted("failed", "The service answered 422: no such cluster")),
     (answer(400, {"message": "bad"}), Acted("failed", "The service answered 400: bad")),
     (answer(409, b"busy"), Acted("failed", "The service answered 409: busy")),
     (answer(403, b"<html>"), Acted("failed", "The service: the token may not do this (403)")),
     (Response(302, {"location": "http://x"}), Acted("failed", "The service answered 302")),
     (answer(500, {"error": "boom"}), Acted("unknown", "The service answered 500: boom")),
     (Response(0, error="no answer within 10 s"), Acted("unknown", "The service did not answer: no answer within 10 s"))],
)  # fmt: skip
def test_what_became_of_a_call(response, acted):
    assert acted == told(http.run(planned().parameters, {}), response)


def test_over_a_socket_what_a_service_repeats_of_its_key_is_not_told():
    with FakeDdc() as service:
        service.key = "good-key-of-the-switch"
        plan = over_socket(http.plan(service.wish, {}))
        service.key = "another"
        acted = over_socket(http.run(plan.parameters, {}))
        service.mode = "hang_up"
        unknown = over_socket(http.run(plan.parameters, {}))
        service.mode = "huge"
        long = over_socket(http.run(plan.parameters, {}))

    assert ("failed", True, False) == (acted.state, "the key *** is not known" in acted.why, "good-key" in acted.why)
    assert "unknown" == unknown.state
    assert ("done", True) == (long.state, len(long.receipt) <= 200)


def test_it_is_loaded_under_its_name():
    assert http.ACTOR is plugins.load().actors["http"]
