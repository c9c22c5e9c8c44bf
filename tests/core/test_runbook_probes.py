"""What the runbook may say of a probe, and what it is told when it says something else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import ValidationError

from tocsin.core.runbook_probes import Expect, Probe, faults, takes_status


def probe(**keys):
    return Probe.model_validate({"service": "api", "every": "30s", **keys})


@pytest.mark.parametrize(
    ("wanted", "taken", "refused"),
    [
        (200, [200], [201, 404, 500]),
        ("<500", [200, 301, 404, 499], [500, 503]),
        ("<=404", [404], [405]),
        ("2xx", [200, 299], [199, 300]),
        ("200-204", [200, 204], [199, 205]),
        ("200, 301,4xx", [200, 301, 418], [201, 302, 500]),
    ],
)
def test_a_status_is_one_of_those_that_are_wanted(wanted, taken, refused):
    assert wanted == Expect(status=wanted).status
    assert all(takes_status(wanted, status) for status in taken)
    assert not any(takes_status(wanted, status) for status in refused)


@pytest.mark.parametrize("status", [0, 600, "", "<", "ok", "20x", "200-", ">=200", True])
def test_a_status_that_cannot_be_read_is_refused(status):
    with pytest.raises(ValidationError):
        Expect(status=status)


@pytest.mark.parametrize(
    ("keys", "path", "accepted"),
    [
        ({"http": "example.org"}, ("http",), "an address"),
        ({"http": "ftp://example.org"}, ("http",), "an address"),
        ({"http": "https://"}, ("http",), "an address"),
        ({"jsonrpc": "wss://rpc.example.org/ws", "method": "m"}, ("jsonrpc",), "an address"),
        ({"jsonrpc": "https://rpc.example.org"}, ("jsonrpc",), "beside a method"),
        ({"tcp": "db.example.org"}, ("tcp",), "a host and port"),
        ({"tcp": "db.example.org:0"}, ("tcp",), "a host and port"),
        ({"tcp": ":5432"}, ("tcp",), "a host and port"),
        ({"dns": "https://example.org"}, ("dns",), "a name"),
        ({"http": "https://x.org", "port": 80}, ("port",), "a key of tcp probes; this one is http"),
        ({"http": "https://x.org", "grace": "1h"}, ("grace",), "a key of heartbeat probes"),
        ({"http": "https://x.org", "method": "m"}, ("method",), "a key of jsonrpc probes"),
        ({"heartbeat": True, "fail_after": 2}, ("fail_after",), "this one is heartbeat"),
        ({"heartbeat": True, "expect": {"within": "5s"}}, ("expect", "within"), "this one is heartbeat"),
        ({"tcp": "x:1", "expect": {"json": {"a": 1}}}, ("expect", "json"), "a key of http and jsonrpc probes"),
        ({"dns": "x.org", "expect": {"status": 200}}, ("expect", "status"), "a key of http probes"),
        ({"http": "https://x.org", "expect": {"address": "1.2.3.4"}}, ("expect", "address"), "a key of dns probes"),
    ],
)
def test_what_does_not_fit_its_kind_is_named_with_what_is_accepted(keys, path, accepted):
    found = list(faults("p", probe(**keys)))
    assert [path] == [key for key, _ in found]
    assert accepted in found[0][1]


@pytest.mark.parametrize(
    "keys",
    [
        {"http": "https://u:p@example.org:8443/health?x=1"},
        {"http": "http://[::1]:8080"},
        {"tcp": "[::1]:5432"},
        {"tcp": "db.example.org", "port": 5432, "expect": {"text": "SSH-2.0"}},
        {"dns": "_dmarc.example.org", "record": "AAAA", "expect": {"address": ["::1"]}},
        {"jsonrpc": "https://rpc.example.org", "method": "eth_blockNumber", "params": [], "headers": {"X": "y"}},
        {"heartbeat": True, "grace": "1h"},
    ],
)
def test_what_fits_is_taken(keys):
    assert [] == list(faults("p", probe(**keys)))


def test_a_name_stands_in_addresses():
    assert [()] == [key for key, _ in faults("a/b", probe(http="https://x.org"))]


@pytest.mark.parametrize(
    ("keys", "target"),
    [
        ({"http": "https://user:secret@example.org:8443/secret?key=secret#x"}, "https://example.org:8443"),
        ({"jsonrpc": "https://rpc.example.org/v2/SECRET", "method": "m"}, "https://rpc.example.org"),
        ({"tcp": "db:5432"}, "db:5432"),
        ({"dns": "example.org"}, "example.org A"),
        ({"heartbeat": True}, "calls in"),
        ({"http": "nonsense"}, "no address"),
    ],
)
def test_what_is_shown_of_a_target_holds_no_secret(keys, target):
    assert target == probe(**keys).target


def test_an_answer_is_waited_for_twice_as_long_as_it_may_take():
    assert timedelta(seconds=5) == probe(http="https://x.org").within
    assert timedelta(seconds=10) == probe(http="https://x.org").gives_up
    assert timedelta(seconds=4) == probe(http="https://x.org", expect={"within": "2s"}).gives_up
