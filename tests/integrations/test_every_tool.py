"""Whatever a vendor answers, each of the team's tools ends, with a word of its own and never with an error."""

from __future__ import annotations

import copy
import json
import re
from functools import cache, partial

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes.ddc import FakeDdc
from tests.fakes.github_api import FakeGitHubApi
from tests.fakes.railway_api import FakeRailway
from tests.fakes.sentry_api import FakeSentry
from tests.fakes.vercel_api import FakeVercel
from tocsin import plugins, sdk
from tocsin.sdk import Acted, Found, Plan, Reject, Response, Retry

from .helpers import NOW, json_values, over_socket
from .tools import LOOK, ago

LOADED = plugins.load()
HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
WISHES = {"vercel": "rollback", "railway": "rollback", "github": {"workflow": "deploy.yml", "inputs": {"target": "x"}}}
ROW = ["app", "ana", True, "ana", False, False, 3, False]
PG = {"database": "app", "read_only": True, "end_sessions": True, "dsn": "postgresql://x/app"}


def recorded(conversation, responses):
    """The conversation, with what it received kept in *responses*."""
    try:
        outgoing = next(conversation)
        while True:
            response = yield outgoing
            responses.append(response)
            outgoing = conversation.send(response)
    except StopIteration as end:
        return end.value


def fakes():
    """One of each vendor, with something to see and to do."""
    vercel, railway, sentry, github, ddc = FakeVercel(), FakeRailway(), FakeSentry(), FakeGitHubApi(), FakeDdc()
    for number, age in enumerate((ago(days=2), ago(days=1), ago(minutes=9))):
        vercel.deploy(f"dpl_{number}", at=age)
        railway.deploy(f"d-{number}", at=age)
    vercel.deploy("dpl_err", at=ago(minutes=1), state="ERROR", error="boom")
    railway.logs["d-2"] = [{"timestamp": "2026-11-23T09:00:00Z", "message": "boom", "severity": "error"}]
    railway.metrics = [{"measurement": "CPU_USAGE", "values": [{"ts": 1, "value": 1.5}]}]
    sentry.raised("1", "TypeError", first=ago(minutes=5), hours=[90], release="w@1", released=ago(minutes=9))
    sentry.raised("2", "rises", first=ago(days=5), hours=[2] * 22 + [50, 3])
    github.push("fix: it", at=ago(minutes=30))
    github.ran("ci.yml", "failure", at=ago(minutes=29))
    return {"vercel": vercel, "railway": railway, "sentry": sentry, "github": github, "ddc": ddc}


@cache
def talks():
    """Of each tool that speaks HTTP: how it is begun, and what a vendor that is well answers it."""
    found = {}
    made = fakes()

    def take(name, begin):
        responses = []
        value = over_socket(recorded(begin(), responses))
        found[name] = (begin, responses)
        return value

    for fake in made.values():
        fake.__enter__()
    for name, diagnoser in LOADED.diagnosers.items():
        config = made[name.partition(".")[0]].config
        take(name, partial(diagnoser.look, LOOK, config))
    for name, wish in WISHES.items():
        actor, config = LOADED.actors[name], made[name].config
        plan = take(f"{name}: plan", partial(actor.plan, wish, config))
        for verb in ("holds", "run", "stands"):
            take(f"{name}: {verb}", partial(getattr(actor, verb), plan.parameters, config))
    for name, fake in made.items():
        take(f"{name}: test", partial(LOADED.connection_tests[name].test, fake.config))
    for fake in made.values():
        fake.__exit__()
    actor = LOADED.actors["postgres"]
    good = Response(200, body=orjson.dumps([ROW]))
    found["postgres: plan"] = (lambda: actor.plan({"dsn": PG["dsn"]}, {}), [good])
    found["postgres: holds"] = (lambda: actor.holds(PG, {}), [good])
    found["postgres: run"] = (lambda: actor.run(PG, {}), [Response(200, body=b"[[3, 0]]")])
    found["postgres: stands"] = (lambda: actor.stands(PG, {}), [good])
    found["postgres: test"] = (lambda: LOADED.connection_tests["postgres"].test(PG), [good])
    return found


NAMES = sorted(
    [*LOADED.diagnosers, *(f"{name}: {verb}" for name in (*WISHES, "postgres") for verb in ("plan", "holds", "run", "stands")),
     *(f"{name}: test" for name in ("vercel", "railway", "sentry", "github", "ddc", "postgres"))]
)  # fmt: skip


def places(value, path=()):
    """Every place inside a decoded body."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield from places(one, (*path, key))


def put(value, path, other):
    if not path:
        return other
    whole = copy.deepcopy(value)
    at = whole
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = other
    return whole


STATUSES = [204, 301, 400, 401, 403, 404, 408, 409, 422, 429, 500, 503]
BODIES = [b"", b"<html>", b"7", b"null", b"[]", b"{}", b'{"error": {"message": "no"}}', b'"text"']
SPOILS = st.one_of(
    st.tuples(st.just("place"), st.integers(0, 9), st.integers(0, 999), json_values),
    st.tuples(st.just("place"), st.integers(0, 9), st.integers(0, 999), json_values),
    st.tuples(
        st.sampled_from(["status", "body", "silence", "gone"]), st.integers(0, 9), st.integers(0, 999), st.none()
    ),
)


def spoilt(responses, spoil):
    """What a vendor that is well answers, with one thing in one answer that is not as it should be."""
    kind, number, place, value = spoil
    number %= len(responses)
    response, other = responses[number], Response(0, error="no answer within 10 s")
    if kind == "gone":
        return responses[:number]
    if kind == "place" and response.json is not None:
        path = list(places(response.json))
        body = orjson.dumps(put(response.json, path[place % len(path)], value))
        other = Response(response.status, response.headers, body)
    elif kind == "status":
        other = Response(STATUSES[place % len(STATUSES)], {}, response.body)
    elif kind == "body":
        other = Response(response.status, {}, BODIES[place % len(BODIES)])
    return [*responses[:number], other, *responses[number + 1 :]]


def ended(conversation, responses):
    """What the conversation returns; where it asks for more than was answered, there is no answer."""
    left = iter(responses)
    try:
        next(conversation)
        for _ in range(50):
            conversation.send(next(left, Response(0, error="no answer within 10 s")))
    except StopIteration as end:
        return end.value
    raise AssertionError("it asks without end")


def texts_of(value):
    match value:
        case list() | tuple():
            for each in value:
                yield from texts_of(each)
        case Found():
            yield from (value.text, value.link, value.target)
        case Plan():
            yield from (value.target, *value.steps, *value.warnings)
        case Acted():
            yield from (value.why, value.receipt)
        case Reject() | Retry():
            yield value.why
        case sdk.Tested():
            yield from (*value.missing, value.text)
        case str():
            yield value


def allowed(name):
    if name.endswith(": plan"):
        return (Plan, Reject, Retry)
    if name.endswith(": holds"):
        return (str,)
    if name.endswith(": run"):
        return (Acted,)
    if name.endswith(": stands"):
        return (bool, type(None))
    return (sdk.Tested,) if name.endswith(": test") else (list, Reject, Retry)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(spoil=SPOILS)
def test_each_ends_with_a_word_whatever_a_vendor_answers(name, spoil):
    begin, responses = talks()[name]
    value = ended(begin(), spoilt(responses, spoil))

    assert isinstance(value, allowed(name)), value
    for text in texts_of(value):
        assert len(text) <= 3_000 and not HIDDEN.search(text), text
    if isinstance(value, list):
        assert value and all(isinstance(each, Found) and each.text and 0 <= each.weight <= 1 for each in value)
        assert all(each.link == "" or each.link.startswith(("http://", "https://")) for each in value)
        assert all(each.suspect == "" or not each.ok for each in value)
    if isinstance(value, (Reject, Retry)) or (isinstance(value, Acted) and value.state != "done"):
        assert value.why
    if isinstance(value, Plan):
        json.dumps([dict(value.parameters), dict(value.undo or {})])  # they are kept


def test_every_tool_is_among_them():
    assert set(NAMES) == set(talks())
    assert NOW == LOOK.now
