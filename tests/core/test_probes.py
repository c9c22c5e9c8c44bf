"""Judging looks, the marks of nodes, what they see together, and what of that is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core import probes
from tocsin.core.probes import Change, Look, Mark, Saw, Seen, is_blind, is_nameless
from tocsin.core.runbook_probes import Probe

NOW = datetime(2026, 11, 23, 9, 2, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def probe(**keys):
    kind = {} if {"tcp", "dns", "jsonrpc", "heartbeat"} & keys.keys() else {"http": "https://x.org"}
    return Probe.model_validate({"service": "api", "every": "30s", **kind, **keys})


def saw(body=b"", status=200, milliseconds=20, **more):
    return Saw(status, milliseconds, body if isinstance(body, bytes) else orjson.dumps(body), **more)


JSON = {"expect": {"json": {"status": "ok", "db": {"up": True}}}}
RPC = {"jsonrpc": "https://rpc.x.org", "method": "system_health"}
OTHER = {**RPC, "method": "eth_syncing", "expect": {"json": {"done": True}}}
HEALTHY = {"peers": 3, "isSyncing": False, "shouldHavePeers": True}


@pytest.mark.parametrize(
    ("keys", "what", "check", "why"),
    [
        # http
        ({}, saw(), "", ""),
        ({}, saw(status=302), "", ""),  # a redirect is not followed: its status is what counts
        ({}, saw(status=404), "bad_answer", "status 404, expected <400"),
        ({}, saw(status=503), "http_5xx", "status 503, expected <400"),
        ({"expect": {"status": "<500"}}, saw(status=404), "", ""),
        ({"expect": {"status": 200}}, saw(status=301), "bad_answer", "status 301, expected 200"),
        ({"expect": {"status": 503}}, saw(status=503), "", ""),
        ({}, saw(status=0, error="cannot connect to x: connection refused"), "unreachable", "cannot connect to x: connection refused"),
        ({}, saw(status=0), "unreachable", "no answer"),
        ({}, saw(milliseconds=5000), "", ""),
        ({}, saw(milliseconds=5001), "slow", "the answer took 5.0 s, expected within 5 seconds"),
        ({"expect": {"within": "1s"}}, saw(milliseconds=1200), "slow", "the answer took 1.2 s, expected within 1 second"),
        ({}, saw(status=500, milliseconds=9000), "http_5xx", "status 500, expected <400"),
        ({"expect": {"text": "Wallet"}}, saw(b"<h1>Wallet</h1>"), "", ""),
        ({"expect": {"text": "Wallet"}}, saw(b""), "bad_answer", "the answer does not hold Wallet"),
        ({"expect": {"text": "W"}}, saw(b"x" * 4096, whole=False), "bad_answer", "the answer does not hold W in the first 4 KB"),
        (JSON, saw({"status": "ok", "db": {"up": True, "more": 1}, "x": []}), "", ""),
        (JSON, saw({"status": "bad", "db": {"up": True}}), "bad_answer", "in the answer status is bad, expected ok"),
        (JSON, saw({"status": "ok", "db": {"up": 1}}), "bad_answer", "in the answer db.up is 1, expected true"),
        (JSON, saw({"status": "ok", "db": None}), "bad_answer", "in the answer db is null, expected a JSON object"),
        (JSON, saw({"status": "ok"}), "bad_answer", "in the answer db is not there"),
        (JSON, saw([1]), "bad_answer", "in the answer it is [1], expected a JSON object"),
        (JSON, saw(b""), "bad_answer", "the answer is not JSON: it is empty"),
        (JSON, saw(b"<!DOCTYPE html><p>maintenance"), "bad_answer", "the answer is not JSON: it is an HTML page"),
        (JSON, saw(b"oops"), "bad_answer", "the answer is not JSON: oops"),
        ({"expect": {"json": {"n": 1.0}}}, saw({"n": 1}), "", ""),
        (JSON, saw(b"\x00\x1b[31mno"), "bad_answer", "the answer is not JSON: ··[31mno"),
        # certificates
        ({}, saw(certificate_until=NOW + timedelta(days=14)), "", ""),
        ({}, saw(certificate_until=NOW + timedelta(days=13, hours=2)), "certificate",
         "the certificate ends in 13 days 2 hours, on 2026-12-06 11:02 UTC"),
        ({"expect": {"certificate": "3d"}}, saw(certificate_until=NOW + timedelta(days=13)), "", ""),
        ({}, saw(milliseconds=6000, certificate_until=NOW + timedelta(days=1)), "slow",
         "the answer took 6.0 s, expected within 5 seconds"),
        # JSON-RPC
        (RPC, saw({"jsonrpc": "2.0", "id": 1, "result": HEALTHY}), "", ""),
        (RPC, saw({"result": {**HEALTHY, "isSyncing": True}}), "bad_answer", "the node is syncing"),
        (RPC, saw({"result": {**HEALTHY, "peers": 0}}), "bad_answer", "the node has no peers"),
        (RPC, saw({"result": {**HEALTHY, "peers": 0, "shouldHavePeers": False}}), "", ""),
        (RPC, saw({"result": {"peers": 3}}), "bad_answer", 'system_health answers {"peers":3}'),
        (RPC, saw({"error": {"code": -32601, "message": "Method not found"}}), "bad_answer",
         "system_health answers with an error: Method not found"),
        (RPC, saw({"error": "no"}), "bad_answer", "system_health answers with an error: no"),
        (RPC, saw({}), "bad_answer", "system_health answers without a result"),
        (RPC, saw([]), "bad_answer", "the answer is no JSON-RPC: []"),
        (RPC, saw(b"<html>"), "bad_answer", "the answer is no JSON-RPC: it is an HTML page"),
        (RPC, saw(status=502), "http_5xx", "status 502, expected 200"),
        (RPC, saw(status=401), "bad_answer", "status 401, expected 200"),
        (OTHER, saw({"error": None, "result": {"done": True}}), "", ""),
        (OTHER, saw({"result": {"done": False}}), "bad_answer", "in the result done is false, expected true"),
        # TCP and DNS
        ({"tcp": "db:5432"}, saw(), "", ""),
        ({"tcp": "db:22", "expect": {"text": "SSH-2.0"}}, saw(b"SSH-2.0-x"), "", ""),
        ({"tcp": "db:22", "expect": {"text": "SSH-2.0"}}, saw(b""), "bad_answer", "the answer does not hold SSH-2.0"),
        ({"dns": "x.org"}, saw(["1.2.3.4"]), "", ""),
        ({"dns": "x.org"}, saw([], error="there is no such name"), "bad_answer", "x.org A: there is no such name"),
        ({"dns": "x.org", "expect": {"address": ["1.2.3.4", "5.6.7.8"]}}, saw(["5.6.7.8", "9.9.9.9"]), "", ""),
        ({"dns": "x.org", "expect": {"address": "1.2.3.4"}}, saw(["9.9.9.9"]), "bad_answer",
         "x.org A is 9.9.9.9, expected 1.2.3.4"),
    ],
)  # fmt: skip
def test_what_comes_back_is_judged(keys, what, check, why):
    milliseconds = None if what.status == 0 else what.milliseconds
    assert Look(NOW, check, milliseconds, why) == probes.judge(probe(**keys), what, NOW)


@given(st.binary(max_size=300), st.sampled_from([JSON, RPC, OTHER, {"dns": "x.org"}, {"expect": {"text": "a"}}]))
def test_no_answer_is_so_strange_that_it_cannot_be_judged(body, keys):
    look = probes.judge(probe(**keys), saw(body), NOW)
    assert look.check in ("", "bad_answer")
    assert len(look.why) < 400
    assert look.why.isprintable()


def walk(looks, before=None, **keys):
    """The marks that looks make, one letter a second: . good, s slow, u unreachable."""
    checks = {".": "", "s": "slow", "u": "unreachable"}
    mark, at = None, NOW
    for letter in looks:
        mark = probes.advance(mark, Look(at, checks[letter], 20, checks[letter]), probe(**keys), before)
        yield mark
        at += SECOND


@pytest.mark.parametrize(
    ("keys", "looks", "states"),
    [
        ({"fail_after": 1}, ".u.u", ".uuu"),  # recovery takes two good ones
        ({"fail_after": 2}, "u.u.uu..", ".....uu."),
        ({"fail_after": 3}, "uuu", "..u"),
        ({"fail_after": 2}, "us", ".s"),  # any bad ones count together; the last of them gives the word
        ({"fail_after": 2}, "sssuuu", ".sssuu"),  # another check takes its place when it has shown itself as often
        ({"fail_after": 2}, "ssusuuu", ".ssssuu"),
        ({"fail_after": 1, "recover_after": 1}, "u.u.", "u.u."),
        ({"fail_after": 1, "recover_after": 3}, "u..u...", "uuuuuu."),
    ],
)
def test_it_fails_after_so_many_bad_looks_and_is_well_after_so_many_good_ones(keys, looks, states):
    letter = {"": ".", "slow": "s", "unreachable": "u"}
    assert states == "".join("." if mark.ok else letter[mark.check] for mark in walk(looks, **keys))


def test_a_state_began_with_the_first_look_that_made_it():
    marks = list(walk("..uuu..", fail_after=3))
    assert NOW + 2 * SECOND == marks[4].since and not marks[4].ok
    assert NOW + 5 * SECOND == marks[6].since and marks[6].ok


def test_a_node_that_joins_begins_with_what_the_others_say():
    before = Seen(False, "unreachable", NOW, NOW - SECOND, None, "refused")
    good, better = list(walk("..", before, recover_after=2))
    assert (False, "unreachable", "refused") == (good.ok, good.check, good.why)
    assert better.ok


def mark(check="", at=NOW, since=NOW - 60 * SECOND):
    return Mark(not check, check, since, Look(at, check, 20, check), since, why=check)


@pytest.mark.parametrize(
    ("checks", "ok", "check"),
    [
        ("u", False, "unreachable"),
        (".", True, ""),
        ("u.", True, ""),  # half is no majority
        ("uu", False, "unreachable"),
        ("u..", True, ""),
        ("uu.", False, "unreachable"),
        ("us.", False, "unreachable"),  # as many say each: the worse one
        ("uss", False, "slow"),
        ("uu..", True, ""),
        ("uuu..", False, "unreachable"),
    ],
)
def test_more_than_half_of_the_nodes_that_look_must_agree(checks, ok, check):
    words = {".": "", "s": "slow", "u": "unreachable"}
    seen = probes.together(None, [mark(words[c]) for c in checks], probe(), NOW)
    assert (ok, check) == (seen.ok, seen.check)


def test_a_node_that_has_not_looked_for_long_has_no_say():
    gone = mark("", NOW - 91 * SECOND)
    assert not probes.together(None, [mark("slow"), gone], probe(), NOW).ok
    assert probes.together(None, [mark("slow"), replace(gone, last=Look(NOW - 89 * SECOND))], probe(), NOW).ok


def test_when_no_node_looks_the_one_that_looked_last_is_believed():
    old = [mark("", NOW - 600 * SECOND), mark("slow", NOW - 500 * SECOND)]
    assert "slow" == probes.together(None, old, probe(), NOW).check
    assert probes.together(None, [], probe(), NOW) is None


def test_the_majority_began_with_the_node_that_made_it():
    marks = [mark("slow", since=NOW - n * SECOND) for n in (50, 40, 30)]
    before = Seen(True, "", NOW, NOW - 100 * SECOND, 20, "")
    assert NOW - 40 * SECOND == probes.together(before, marks, probe(), NOW).since
    assert (
        NOW - 60 * SECOND
        == probes.together(Seen(False, "slow", NOW, NOW - 60 * SECOND, 20, ""), marks, probe(), NOW).since
    )


def test_one_node_of_three_that_sees_it_fail_is_told_of_in_words():
    seen = probes.together(None, [mark(), mark(), mark("slow")], probe(), NOW)
    assert "1 of 3 nodes see: slow" == seen.why


def seen(check=""):
    return Seen(not check, check, NOW, NOW, 20, check)


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        (None, "", ()),
        (None, "slow", ("trigger",)),
        ("", "slow", ("trigger",)),
        ("slow", "slow", ()),
        ("slow", "", ("resolve",)),
        ("slow", "http_5xx", ("resolve", "trigger")),  # sorted anew: it is worse
    ],
)
def test_each_change_is_told_once(before, after, what):
    assert what == probes.told(None if before is None else seen(before), seen(after))


def test_a_failing_probe_of_another_service_is_told_anew():
    assert ("resolve", "trigger") == probes.told(seen("slow"), seen("slow"), moved=True)
    assert () == probes.told(seen(), seen(), moved=True)


def test_what_is_critical_and_what_is_down():
    assert ["critical", "critical", "warning", "warning", "warning", "warning"] == [
        probes.severity(check) for check in probes.CHECKS
    ]
    assert ["unreachable", "http_5xx", "heartbeat", "bad_answer"] == [
        check for check in probes.CHECKS if probes.is_down(seen(check))
    ]


def test_a_job_is_late_after_its_period_and_grace():
    nightly = probe(heartbeat=True, every="24h", grace="1h")
    assert NOW + timedelta(hours=25) == probes.due(nightly, NOW)

    late = probes.late(nightly, None, None, NOW, NOW + timedelta(hours=26))
    assert (False, "heartbeat", NOW + timedelta(hours=25)) == (late.ok, late.check, late.since)
    assert "no call yet, awaited since 2026-11-23 09:02 UTC, expected every 1 day" == late.why

    back = probes.beat(late, False, "", NOW + timedelta(hours=27))
    assert Seen(True, "", NOW + timedelta(hours=27), NOW + timedelta(hours=27), None, "") == back

    failed = probes.beat(back, True, "disk full", NOW + timedelta(hours=28))
    assert "the job says that it failed: disk full" == failed.why
    assert failed.since == probes.beat(failed, True, "", NOW + timedelta(hours=29)).since


def change(minutes, check=""):
    return Change(NOW + timedelta(minutes=minutes), not check, check, "")


@pytest.mark.parametrize(
    ("changes", "share"),
    [
        ([], None),
        ([change(120)], None),
        ([change(-60)], 1.0),
        ([change(-60, "unreachable")], 0.0),
        ([change(-60), change(15, "http_5xx"), change(30)], 0.75),
        ([change(-60), change(15, "slow"), change(30)], 1.0),  # slow is up
        ([change(30), change(45, "bad_answer")], 0.5),  # what was before the first is not known
    ],
)
def test_uptime_is_the_share_in_which_it_was_not_down(changes, share):
    assert share == probes.uptime(changes, NOW, NOW + timedelta(hours=1))


def test_an_hour_in_short():
    looks = [("", ms) for ms in range(1, 100)] + [("unreachable", None)]
    summed = probes.hour(NOW, looks)
    assert (100, 1, 50, 95, 99) == (summed.looks, summed.failed, summed.p50, summed.p95, summed.most)
    assert (1, None) == (probes.hour(NOW, looks[-1:]).failed, probes.hour(NOW, looks[-1:]).most)


def test_looks_are_spread_over_the_period_and_stay_where_they_are():
    places = [probes.phase("node", f"probe {n}") for n in range(1000)]
    assert places == [probes.phase("node", f"probe {n}") for n in range(1000)]
    filled = [sum(1 for place in places if int(place * 30) == second) for second in range(30)]
    assert max(filled) < 60  # of 33 on average
    assert probes.phase("a", "x") != probes.phase("b", "x")


@pytest.mark.parametrize(
    ("named", "blind"),
    [
        ({}, False), ({"a": True}, False), ({"a": None, "b": None}, False), ({"a": True, "b": None}, True),
        ({"a": True, "b": True}, True), ({"a": True, "b": False}, False),
    ],
)  # fmt: skip
def test_a_node_that_can_look_up_no_name_of_several_is_blind(named, blind):
    """One name that is gone may be the target's own trouble; all of them at once is the node's."""
    assert blind is is_blind(named)


def test_only_a_name_that_is_not_found_is_nameless():
    gone = Look(NOW, "unreachable", None, "the name proofi.ai cannot be looked up: Name or service not known")
    assert is_nameless(gone)
    assert not is_nameless(Look(NOW, "unreachable", None, "cannot connect to proofi.ai:443: connection refused"))
    assert not is_nameless(Look(NOW, "bad_answer", 5, "the answer does not hold cannot be looked up"))
