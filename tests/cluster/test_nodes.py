"""Two nodes on one PostgreSQL: any takes alerts, any delivers, and losing one costs at most a lease."""

from __future__ import annotations

import signal
import time
from collections import Counter

import httpx
import pytest

from ..crash.child import LEASE_SECONDS
from ..served import ADMIN, INGEST, Served, until


def alert(node, key, check=None):
    body = {"key": key, "title": key, "severity": "critical", "service": "api", "check": check or key}
    return node.send(f"/in/generic/{INGEST}", body).status_code


def pages(hook, key):
    return [m for m in hook.received if m["kind"] == "page" and key in m["title"]]


def number(node, key):
    return next(a["incident"] for a in node.api("GET", "/alerts")["items"] if a["key"] == key)


def test_any_node_takes_alerts_and_an_acknowledgement_on_one_stops_the_other(nodes, database, hook):
    """What one node was told, the other knows; nothing is sent twice."""
    one, other = nodes.start("one", database), nodes.start("other", database)
    assert 202 == alert(one, "first")
    assert 202 == alert(other, "second")
    until(lambda: pages(hook, "first") and pages(hook, "second"))

    name = number(other, "first")
    other.api("POST", f"/incidents/{name}/acknowledge", {"by": "ana"})
    answered = time.monotonic()
    assert "acknowledged" == one.api("GET", f"/incidents/{name}")["status"]
    until(lambda: time.monotonic() - answered > 2.5, 5)
    last = pages(hook, "first")
    assert "triggered" == one.api("GET", f"/incidents/{number(one, 'second')}")["status"]
    until(lambda: len(pages(hook, "second")) >= 4, 10)  # the other climbs on
    assert last == pages(hook, "first"), "nothing after the acknowledgement"
    assert {1} == set(Counter(m["id"] for m in hook.received).values()), "each message once"


def test_a_node_that_is_killed_while_it_sends_costs_one_lease(nodes, database, hook):
    """The page goes out again from the other node, under the same key."""
    one = nodes.start("one", database)
    hook.held = True
    alert(one, "down")
    until(lambda: pages(hook, "down"))
    one.stop(signal.SIGKILL)
    killed = time.monotonic()
    first = {m["id"] for m in pages(hook, "down")}
    hook.held = False

    nodes.start("other", database)
    until(lambda: first <= {i for i, count in Counter(m["id"] for m in pages(hook, "down")).items() if count == 2}, 15)
    assert time.monotonic() - killed < LEASE_SECONDS + 5


def test_a_node_that_was_stopped_and_goes_on_changes_nothing(nodes, database, hook):
    """Its late result is refused by the epoch: kept as an attempt, and the page stays as the other left it."""
    one, other = nodes.start("one", database), nodes.start("other", database)
    other.process.send_signal(signal.SIGSTOP)  # so that it is `one` who claims
    hook.held = True
    alert(one, "down")
    until(lambda: pages(hook, "down"))
    one.process.send_signal(signal.SIGSTOP)
    hook.held = False
    other.process.send_signal(signal.SIGCONT)
    name = number(other, "down")
    until(lambda: any(count == 2 for count in Counter(m["id"] for m in pages(hook, "down")).values()), 15)
    other.api("POST", f"/incidents/{name}/acknowledge", {"by": "ana"})
    before = [(p["id"], p["state"]) for p in other.api("GET", f"/pages?incident={name}")["items"]]

    hook.released.set()
    one.process.send_signal(signal.SIGCONT)
    until(lambda: httpx.get(f"{one.url}/-/ready", trust_env=False).status_code == 200)
    time.sleep(1.5)  # longer than a turn of its worker
    assert before == [(p["id"], p["state"]) for p in other.api("GET", f"/pages?incident={name}")["items"]]
    assert max(Counter(m["id"] for m in pages(hook, "down")).values()) == 2


def test_a_node_with_another_secret_key_is_refused(nodes, database):
    nodes.start("one", database)
    other = Served(nodes.folder, nodes.runbook, TOCSIN_DATABASE=database, TOCSIN_SECRET_KEY="x" * 32)
    with pytest.raises(AssertionError, match="TOCSIN_SECRET_KEY differs"):
        other.__enter__()


def test_a_database_without_a_synchronous_standby_is_said_to_be_at_risk(nodes, database):
    node = nodes.start("one", database)
    warnings = httpx.get(f"{node.url}/-/ready", trust_env=False).json()["warnings"]
    assert any(warning.startswith("RPO > 0") for warning in warnings)
    home = httpx.get(
        f"{node.url}/", headers={"Authorization": f"Bearer {ADMIN}"}, trust_env=False, follow_redirects=True
    )
    assert 200 == home.status_code
