"""The token buckets: a burst, then the rate; one key's limit is no other's."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tocsin.web.limits import BURST_SECONDS, Limits

from .conftest import KEY, TOKENS


def taken(limits, key, now, tries):
    return sum(limits.take(key, now) is None for _ in range(tries))


def test_a_full_bucket_is_a_burst_and_then_comes_the_rate():
    limits = Limits(key_rate=8, all_rate=0)
    assert 8 * BURST_SECONDS == taken(limits, "a", 100.0, 50)
    assert 1 == taken(limits, "a", 100.125, 50)
    assert 8 == taken(limits, "a", 101.125, 50)
    assert 8 * BURST_SECONDS == taken(limits, "a", 999.0, 50)


def test_the_wait_is_what_is_missing():
    limits = Limits(key_rate=1, all_rate=0)
    taken(limits, "a", 5.0, 9)
    assert ("rate", 1.0) == limits.take("a", 5.0)
    assert ("rate", 0.25) == limits.take("a", 5.75)
    assert limits.take("a", 6.0) is None


def test_one_key_takes_nothing_from_another():
    limits = Limits(key_rate=8, all_rate=0)
    assert 16 == taken(limits, "a", 0.0, 50)
    assert 16 == taken(limits, "b", 0.0, 50)


def test_the_whole_is_bounded_and_then_no_key_pays():
    limits = Limits(key_rate=8, all_rate=12)
    assert 16 == taken(limits, "a", 0.0, 50)
    assert 8 == taken(limits, "b", 0.0, 50)
    assert "overload" == limits.take("b", 0.0)[0]
    assert 8 == taken(limits, "b", 1.0, 8)  # what was refused for the whole took no token of the key


def test_zero_is_no_limit():
    assert 100_000 == taken(Limits(key_rate=0, all_rate=0), "a", 0.0, 100_000)


def test_only_live_keys_are_kept():
    limits = Limits()
    for n in range(1_000):
        limits.take(f"k{n}", 0.0)
    limits.forget({"k7"})
    assert {"", "k7"} == set(limits._full_at)


BODY = {"routing_key": KEY, "event_action": "trigger", "dedup_key": "k",
        "payload": {"summary": "down", "source": "s", "severity": "critical"}}  # fmt: skip
ALERT = {"version": "4", "alerts": [{"status": "firing", "labels": {"alertname": "x"}}]}


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [("/v2/enqueue", BODY, 429), ("/v2/change/enqueue", BODY, 429), (f"/in/generic/{KEY}", {"title": "x"}, 503),
     (f"/in/alertmanager/{KEY}", ALERT, 503)],
)  # fmt: skip
@pytest.mark.parametrize("own", [True, False])
def test_over_a_limit_the_sender_is_asked_to_come_back(site, path, body, status, own):
    """429 is only for a key's own limit, and only where its senders try again on it."""
    site.app.ingest.limits = Limits(key_rate=int(own), all_rate=int(not own))
    answers = []
    for _ in range(3):
        site.now += timedelta(milliseconds=1)
        answers.append(site.ask("POST", path, json=body))

    assert 2 == sum(answer.is_success for answer in answers)
    assert (status if own else 503) == answers[-1].status_code
    assert "1" == answers[-1].headers["retry-after"]
    metrics = site.ask("GET", "/metrics", TOKENS["viewer"]).text
    assert f'{{outcome="{"rate" if own else "overload"}",source="' in metrics


def test_unknown_keys_take_no_tokens(site):
    site.app.ingest.limits = Limits(key_rate=1, all_rate=1)
    for n in range(9):
        assert 401 == site.ask("POST", f"/in/generic/guess-number-{n}-of-many", json={"title": "x"}).status_code

    assert 202 == site.ask("POST", f"/in/generic/{KEY}", json={"title": "x"}).status_code
