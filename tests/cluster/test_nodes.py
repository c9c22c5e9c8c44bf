"""Two nodes on one PostgreSQL: any takes alerts, any delivers, and losing one costs at most a lease."""

from __future__ import annotations

import html
import itertools
import json
import re
import signal
import statistics
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx
import psycopg
import pytest

from ..crash.child import LEASE_SECONDS
from ..served import INGEST, Served, until


def alert(node, key, check=None):
    body = {"key": key, "title": key, "severity": "critical", "service": "api", "check": check or key}
    return node.send(f"/in/generic/{INGEST}", body).status_code


def pages(hook, key):
    """The pages of an alert, also those that one message lists with others."""
    return [m for m in hook.received if m["kind"] == "page" and f": {key}" in f"{m['title']}\n{m['text']}"]


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
    first = {m["id"] for m in pages(hook, "down")}
    hook.held = False

    nodes.start("other", database)
    up = time.monotonic()
    until(lambda: first <= {i for i, count in Counter(m["id"] for m in pages(hook, "down")).items() if count == 2}, 15)
    assert time.monotonic() - up < LEASE_SECONDS + 5


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
    time.sleep(1.5)  # longer than it takes to give up a result
    assert before == [(p["id"], p["state"]) for p in other.api("GET", f"/pages?incident={name}")["items"]]
    assert max(Counter(m["id"] for m in pages(hook, "down")).values()) == 2


def test_a_node_with_another_secret_key_is_refused(nodes, database):
    nodes.start("one", database)
    other = Served(nodes.folder, nodes.runbook, TOCSIN_DATABASE=database, TOCSIN_SECRET_KEY="x" * 32)
    with pytest.raises(AssertionError, match="TOCSIN_SECRET_KEY differs"):
        other.__enter__()


def test_a_database_without_a_synchronous_standby_is_said_to_be_at_risk(nodes, database):
    node = nodes.start("one", database)
    assert any(warning.startswith("RPO > 0") for warning in warnings(node))
    assert "RPO &gt; 0: PostgreSQL has no synchronous standby" in list_of_incidents(node)


def warnings(node):
    return httpx.get(f"{node.url}/-/ready", trust_env=False).json()["warnings"]


def list_of_incidents(node):
    """The first page that an admin sees, signed in by the printed link."""
    link = httpx.URL(node.sign_in_link())
    with httpx.Client(trust_env=False, headers={"Origin": node.url}, follow_redirects=True) as browser:
        return browser.post(f"{node.url}/sign-in", data={"token": link.params["token"]}).text


SKEW = re.compile(r"clock skew: this node is (89|90)\d s off the database's clock")


def test_clocks_that_are_apart_change_nothing_and_are_shown(nodes, database, hook):
    """One node is 15 minutes ahead, the other 15 behind: the step that is due 1 s after the first two pages comes then."""
    for name, minutes in (("ahead", 15), ("behind", -15)):
        node = nodes.start(name, database, TEST_CLOCK_MINUTES=str(minutes))
        begun = time.monotonic()
        assert 202 == alert(node, name)
        answered = time.monotonic()
        until(lambda name=name: len(pages(hook, name)) >= 2)
        slow = time.monotonic() - answered  # what was due at once took this long
        until(lambda name=name: len(pages(hook, name)) >= 3)
        # Not 15 minutes early: it is due 1 s after a commit that came after `begun`, however late its answer was. Not
        # 15 minutes late: a machine that is busy was busy with the first two as well.
        assert 1 <= time.monotonic() - begun
        assert time.monotonic() - answered <= 6 + slow
        assert any(SKEW.match(warning) for warning in warnings(node)), warnings(node)
        shown = html.unescape(list_of_incidents(node))
        assert SKEW.search(shown), re.findall(r"role=.note.>(.*?)<|<h1>(.*?)<|alarm.*?>(.*?)<", shown)


LISTENERS = "FROM pg_stat_activity WHERE application_name = 'tocsin listener'"


def test_other_nodes_are_woken_and_without_that_polling_takes_two_seconds_at_most(nodes, database, alone, hook):
    """One node takes alerts, another sends. While the listener is cut again and again, a page takes <= 2 s."""
    web = nodes.start("web", database, "--role", "web")
    nodes.start("worker", database)
    until(lambda: len(alone.execute(f"SELECT pid {LISTENERS}")) >= 2)
    assert statistics.median(delay(web, hook, f"quick{n}") for n in range(9)) < 0.4, "polling alone: 0.5 s and more"

    cut = threading.Event()

    def keep_cutting():
        while not cut.wait(0.02):
            alone.execute(f"SELECT pg_terminate_backend(pid) {LISTENERS}")

    thread = threading.Thread(target=keep_cutting)
    thread.start()
    try:
        assert max(delay(web, hook, f"slow{n}") for n in range(5)) <= 2
    finally:
        cut.set()
        thread.join()
    until(lambda: alone.execute(f"SELECT pid {LISTENERS}"))  # it listens again


def delay(web, hook, key):
    """Seconds from an alert that was answered to its page."""
    time.sleep(0.3)  # the worker sleeps again
    assert 202 == alert(web, key)
    begun = time.monotonic()
    until(lambda: pages(hook, key))
    return time.monotonic() - begun


def test_one_commit_tells_at_most_once(nodes, database):
    node = nodes.start("web", database, "--role", "web")
    with psycopg.connect(database, autocommit=True) as ear:
        ear.execute("LISTEN tocsin")
        before = commits(node)
        with ThreadPoolExecutor(20) as pool:
            list(pool.map(lambda n: alert(node, f"k{n}"), range(100)))
        told = list(ear.notifies(timeout=1))
        assert 0 < len(told) <= commits(node) - before


def commits(node):
    text = httpx.get(f"{node.url}/metrics", trust_env=False).text
    return float(text.partition("\ntocsin_commits ")[2].split()[0])


def test_a_node_that_stands_still_in_a_transaction_does_not_hold_up_the_others(nodes, database, alone, hook):
    """SIGSTOP under load: the other node's alerts are stored, after 5 s at most, and paged."""
    one, other = nodes.start("one", database), nodes.start("other", database)
    stop = threading.Event()

    def load():
        with httpx.Client(trust_env=False, timeout=60) as client:
            for n in itertools.takewhile(lambda _: not stop.is_set(), itertools.count()):
                body = {"key": f"load{n}", "title": "load", "severity": "critical", "service": "api", "check": "load"}
                client.post(f"{one.url}/in/generic/{INGEST}", json=body)

    thread = threading.Thread(target=load)
    thread.start()
    until(lambda: alone.execute("SELECT count(*) FROM alerts")[0][0] > 20)
    one.process.send_signal(signal.SIGSTOP)
    try:
        begun = time.monotonic()
        until(lambda: alert(other, "down") == 202, 12)
        until(lambda: pages(hook, "down"))
        assert time.monotonic() - begun < 12
    finally:
        stop.set()
        one.process.send_signal(signal.SIGCONT)
        thread.join()


def test_a_runbook_read_on_one_node_and_a_key_made_there_are_in_force_on_the_other(nodes, database, alone):
    one, other = nodes.start("one", database), nodes.start("other", database)
    first = other.api("GET", "/runbook")["version"]
    nodes.runbook.write_text(nodes.runbook.read_text().replace("respond_within: 15m", "respond_within: 10m"))
    one.process.send_signal(signal.SIGHUP)
    until(lambda: other.api("GET", "/runbook")["version"] != first, 2)

    made = json.loads(one.cli("key", "create", "--source", "generic", "--name", "new", "--json").stdout)
    key = next(value for value in made.values() if str(value).startswith("ingest_"))
    body = {"key": "k", "title": "k", "severity": "info"}
    taken = lambda: other.send(f"/in/generic/{key}", body).status_code == 202
    until(taken, 2)
    alone.execute("DELETE FROM credentials WHERE name = 'new'")  # nobody is told: the slowest way
    until(lambda: not taken(), 2)


def test_everybody_acknowledges_at_once_and_one_does(nodes, database, hook):
    """Eight people on two nodes press at once, incident after incident: one line on each timeline, by one of them."""
    one, other = nodes.start("one", database), nodes.start("other", database)
    for n in range(20):
        assert 202 == alert((one, other)[n % 2], f"k{n}")
    names = [incident["id"] for incident in one.api("GET", "/incidents")["items"]]
    assert 20 == len(names)

    with ThreadPoolExecutor(8) as pool:
        for name in names:
            press = lambda n, name=name: (one, other)[n % 2].api(
                "POST", f"/incidents/{name}/acknowledge", {"by": "ana"}
            )
            assert {"acknowledged"} == {answer["status"] for answer in pool.map(press, range(8))}
    for name in names:
        kinds = Counter(entry["kind"] for entry in other.api("GET", f"/incidents/{name}/timeline")["items"])
        assert 1 == kinds["acknowledged"], name
    assert {1} == set(Counter(m["id"] for m in hook.received).values()), "each message once"
    one.process.send_signal(signal.SIGTERM)
    verified = other.cli("verify")
    assert 0 == verified.returncode, verified.stdout + verified.stderr
