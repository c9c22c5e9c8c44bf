"""What is counted of incidents, pages and alerts is what a count by hand gives, on both databases."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta

from sqlalchemy import insert

from tests.store.conftest import START
from tocsin.core import insights, load
from tocsin.core.insights import Figures
from tocsin.core.types import first_id
from tocsin.store import figures
from tocsin.store.figures import Noise, Which
from tocsin.store.schema import alerts, pages

CAUSES = ("Disk full", 'A "quoted" \\ cause', "Zeile\nzwei, ünïcödé 🚨", "tab\tand {json: [1]}", None)
SERVICES = ("api", "ddc", None)
COUNT = 200


def filled(tx, chance):
    """Incidents that are not in the order of their time, each with two pages and an alert."""
    made, fired, asked = [], [], []
    for n in range(1, COUNT + 1):
        at = START - timedelta(seconds=chance.randrange(90 * 86_400), microseconds=chance.randrange(1_000_000))
        span = lambda: chance.choice(
            (None, timedelta(microseconds=chance.randrange(10 ** chance.randrange(1, 14))).total_seconds())
        )
        one = Figures(
            n, at, chance.choice(("P0", "P1", "P2")), chance.choice(SERVICES), None, n % 11 == 0, n % 7 == 0, span(),
            span(), span(), chance.choice(("kept", "breached", "running", "")), chance.choice(("kept", "running")),
            chance.random() < 0.3, chance.choice(CAUSES),
        )  # fmt: skip
        figures.put(tx, one)
        made.append(one)
        for k in range(2):
            asked.append((f"p{n}-{k}", n, chance.choice(("ana", "bo")), at + timedelta(hours=k)))
        key = f"k{chance.randrange(25)}"
        fired.append(
            {"id": f"{first_id(at)[:24]}{n:012x}", "dedup": f"d{key}", "episode": n, "latest": False, "source": "s",
             "key": key, "title": f"T {n}", "text": "", "service": one.service, "check": None, "severity": "x",
             "labels": {}, "links": [], "state": "resolved", "count": chance.randrange(1, 5), "started_at": at,
             "first_at": at, "last_at": at, "incident": None if n % 13 == 0 else n,
             "disposition": "quarantined" if n % 17 == 0 else "incident", "rule": "r"}
        )  # fmt: skip
    tx.connection.execute(insert(alerts), fired)
    tx.connection.execute(
        insert(pages),
        [{"id": i, "incident": n, "person": who, "urgency": "high", "reason": "r", "state": "acknowledged",
          "requested_at": at, "runbook_version": "v"} for i, n, who, at in asked],
    )  # fmt: skip
    return made, fired, asked


WHICH = (
    Which(), Which(START - timedelta(days=40), START - timedelta(days=9)), Which(severity="P1"),
    Which(START - timedelta(days=60), None, "P0", "api"), Which(service="none"),
)  # fmt: skip


def within(which, at):
    return (which.start is None or at >= which.start) and (which.end is None or at < which.end)


def by_hand(fired, of, which):
    """Each key that fired, by what is asked for."""
    found = {}
    for a in fired:
        one = of.get(a["incident"])
        if a["disposition"] == "quarantined" or (one and one.drill) or not within(which, a["started_at"]):
            continue
        if (which.service and a["service"] != which.service) or (
            which.severity and (not one or one.severity != which.severity)
        ):
            continue
        found.setdefault(a["key"], []).append((a, one))
    return {
        key: Noise(
            key, "s", max(a["title"] for a, _ in all_), max((a["service"] for a, _ in all_ if a["service"]), default=None), "r",
            sum(a["count"] for a, _ in all_), len(all_), len({a["incident"] for a, _ in all_} - {None}),
            len({a["incident"] for a, one in all_ if one and one.worked}),
        )
        for key, all_ in found.items()
    }  # fmt: skip


def test_what_is_counted_is_what_a_count_by_hand_gives(db):
    made, fired, asked = db.write_now(filled, random.Random(1))
    for which in WHICH:
        same(db, made, fired, asked, which)


def same(db, made, fired, asked, which):
    of = {one.incident: one for one in made}
    real = [one for one in made if not one.drill]
    asked_for = [one for one in real if which.severity in (None, one.severity) and which.service in (None, one.service)]

    found = db.read_now(figures.columns, which)
    rows = [
        (insights.micros(one.declared_at), one.severity, one.service, one.cause, one.response, one.resolution,
         one.to_acknowledge, one.to_resolve, one.to_update)
        for one in asked_for if not one.merged and within(which, one.declared_at)
    ]  # fmt: skip
    assert Counter(rows) == Counter(zip(*found, strict=True)), "to the microsecond, and every sign of a text"

    span = load.quarter_of(START - timedelta(days=100)), load.quarter_of(START) + 9
    slots = {(who, slot): n for who, _, slot, n in db.read_now(figures.paged, which, [span])}
    chosen = {one.incident for one in asked_for}
    expected = Counter((who, load.quarter_of(at) % 672) for _, n, who, at in asked if n in chosen and within(which, at))
    assert expected == slots

    most, idle = db.read_now(figures.noise, which, 5)
    naive = by_hand(fired, of, which)
    loud = sorted(-one.times for one in naive.values())
    assert [naive[one.key] for one in most] == most and loud[:5] == [-one.times for one in most]
    still = sorted(-one.times for one in naive.values() if not one.worked and one.times >= 2)
    assert [naive[one.key] for one in idle] == idle and still[:5] == [-one.times for one in idle]
    assert sorted(most, key=lambda one: (-one.times, one.key)) == most


def test_of_nothing_everything_is_empty(db):
    assert insights.Columns(*[[]] * 9) == db.read_now(figures.columns, Which())
    assert ([], []) == db.read_now(figures.noise, Which())
    assert 0 == insights.summarize(db.read_now(figures.columns, Which()), ["P0"], []).all.incidents
