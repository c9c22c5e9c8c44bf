"""DDC's clusters: which are alive, and the switch that makes the application well again."""

from __future__ import annotations

import pytest

from tests.fakes.app import FakeApp
from tests.fakes.ddc import FakeDdc
from tocsin import plugins
from tocsin.integrations import ddc, http_call
from tocsin.sdk import Acted, Reject, Response

from .helpers import answer, feed, over_socket
from .tools import LOOK, health, told

CONFIG = {"active": "primary", "clusters": {"backup": "http://b.example/", "primary": "http://a.example"}}
UP, DOWN, GONE = answer(200, {}), answer(503, b""), Response(0, error="no answer within 5 s")


@pytest.fixture
def storage():
    with FakeDdc() as fake:
        yield fake
        assert [] == fake.faults


def test_both_up_points_at_nothing(storage):
    active, other = over_socket(ddc.look(LOOK, storage.config))

    assert active.text.startswith(f"The active DDC cluster primary ({storage.url}/primary) answers 200 in 0.")
    assert other.text.startswith(f"The DDC cluster backup ({storage.url}/backup) answers 200 in 0.")
    assert [(True, "", 0.0)] * 2 == [(found.ok, found.suspect, found.weight) for found in (active, other)]


@pytest.mark.parametrize("down", [False, "gone"])
def test_the_active_one_down_and_another_up_points_at_storage(storage, down):
    storage.clusters["primary"] = down
    active, other = over_socket(ddc.look(LOOK, storage.config))

    assert ("storage", "primary", 0.9, False) == (active.suspect, active.target, active.weight, active.ok)
    assert ("backup is up: it can take over." in active.text, True) == (True, other.ok)
    assert ("answers 503" if down is False else "gives no answer") in active.text


def test_all_down_says_that_there_is_nowhere_to_go(storage):
    storage.clusters = {"primary": False, "backup": False}
    active, other = over_socket(ddc.look(LOOK, storage.config))

    assert ("dependency", 0.6, True) == (active.suspect, active.weight, active.text.endswith("No other cluster is up."))
    assert (False, "") == (other.ok, other.suspect)


def test_a_backup_that_is_down_is_told_and_is_no_cause(storage):
    storage.clusters["backup"] = False
    active, other = over_socket(ddc.look(LOOK, storage.config))

    assert [(True, ""), (False, "")] == [(found.ok, found.suspect) for found in (active, other)]


def test_a_gateway_without_that_path_is_asked_for_what_it_serves(storage):
    storage.clusters["primary"] = "gateway"

    assert over_socket(ddc.look(LOOK, storage.config))[0].ok
    assert [("GET", "/primary/info"), ("GET", "/primary"), ("GET", "/backup/info")] == storage.made


def test_any_2xx_is_alive_whatever_its_body(storage):
    for body in (b"", b"<html>", b"x" * 4096, b"[7]"):
        assert [True, True] == [
            found.ok for found in told(ddc.look(LOOK, CONFIG), answer(204, body), answer(200, body))
        ]
    storage.mode = "huge"
    assert [True, True] == [found.ok for found in over_socket(ddc.look(LOOK, storage.config))]


@pytest.mark.parametrize(
    ("responses", "ok"),
    [((UP, UP), [True, True]), ((DOWN, UP), [False, True]), ((GONE, GONE), [False, False]),
     ((answer(301, b""), answer(404, b""), UP), [True, True]), ((answer(404, b""), DOWN, UP), [False, True]),
     ((answer(404, b""), GONE, UP), [False, True])],
)  # fmt: skip
def test_what_counts_as_alive(responses, ok):
    sent, found = feed(ddc.look(LOOK, CONFIG), *responses)

    assert ok == [each.ok for each in found]
    assert ("http://a.example/info", 5.0) == (sent[0].url, sent[0].timeout_seconds)


@pytest.mark.parametrize(
    "config", [{}, {"active": "x", "clusters": {"y": "http://y"}}, {"active": "x", "clusters": ["x"]}]
)
def test_without_an_active_cluster_nothing_can_be_seen(config):
    with pytest.raises(StopIteration) as end:
        next(ddc.look(LOOK, config))
    assert isinstance(end.value.value, Reject)


def test_the_switch_makes_the_application_well_again_and_back(storage):
    storage.clusters["primary"], storage.key = False, "key-of-the-switch"
    with FakeApp(storage.ill) as app:
        assert (503, "the cluster primary is down") == health(app)
        plan = over_socket(http_call.plan(storage.wish, {}))
        assert [] == storage.switched
        assert Acted("done", receipt='{"cluster": "backup"}') == over_socket(http_call.run(plan.parameters, {}))
        assert (200, "ok") == health(app)
        assert "done" == over_socket(http_call.run(plan.undo, {})).state
    assert ["backup", "primary"] == storage.switched


def test_the_connection_is_tested(storage):
    assert (True, ()) == (over_socket(ddc.test(storage.config)).reads, over_socket(ddc.test(storage.config)).missing)
    storage.clusters["backup"] = False
    tested = over_socket(ddc.test(storage.config))
    assert (True, None, 1) == (tested.reads, tested.acts, len(tested.missing))
    assert "the cluster backup" in tested.missing[0]
    assert "1 of 2 clusters are up; primary is the active one." == tested.text
    storage.clusters["primary"] = False
    assert not over_socket(ddc.test(storage.config)).reads


def test_it_is_loaded_under_its_name():
    loaded = plugins.load()
    assert ("ddc.status" in loaded.diagnosers, ddc.CONNECTION_TEST) == (True, loaded.connection_tests["ddc"])
