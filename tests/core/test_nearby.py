"""What Tocsin's own records say about an incident, in sentences."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tocsin import runbook_file
from tocsin.core.changes import Change, beside
from tocsin.core.nearby import (
    Open,
    Past,
    kind_of,
    kind_of_words,
    of_alerts,
    of_changes,
    of_dependents,
    of_needs,
    of_past,
    of_probes,
)

BOOK = runbook_file.read(
    (Path(__file__).parents[2] / "examples/proofi/runbook.yaml").read_text(encoding="utf-8"), {}
).runbook
BEGAN = datetime(2026, 11, 23, 9, 2, tzinfo=UTC)
NEEDS = frozenset({"api", "ddc"})


def minutes(count: float) -> datetime:
    return BEGAN - timedelta(minutes=count)


def change(before: float, title="Production deployment of api: live", **labels) -> Change:
    links = (("Deployment", "https://vercel.example/d"),)
    return Change(minutes(before), "vercel", "api", title, "Fix the login\n\nmore", labels, links)


@pytest.mark.parametrize(("words", "kind"), [
    ("A bad deployment", "deployment"), ("Rolled back to 1.4", "deployment"), ("a failed migration", "deployment"),
    ("Postgres ran out of connections", "database"), ("a deadlock", "database"),
    ("Data storage", "storage"), ("the CDN was down", "storage"), ("a full disk", "storage"),
    ("a DDoS", "traffic"), ("a key expired", ""), ("", ""), ("redeploymentless", ""),
])  # fmt: skip
def test_the_kind_of_cause_that_words_speak_of(words, kind):
    assert kind == kind_of_words(words)


@pytest.mark.parametrize(("service", "kind"), [
    ("ddc", "storage"), ("api", "dependency"), ("payments", "dependency"), ("main-database", "database"),
    ("unknown", "dependency"),
])  # fmt: skip
def test_the_kind_of_cause_that_a_service_is_for_others(service, kind):
    assert kind == kind_of(BOOK, service)


def test_the_newest_changes_before_are_told_with_their_distance_and_what_came_after_is_not():
    changes = [
        change(4, deployment="dpl_1"),
        change(-3, deployment="dpl_2"),
        *(change(60 + n, deployment=f"o{n}") for n in range(5)),
    ]
    found = of_changes(beside(changes, BEGAN, NEEDS), BEGAN)

    assert ["dpl_1", "o0", "o1"] == [one.target for one in found]
    assert "Production deployment of api: live, 4 minutes before (Fix the login)" == found[0].text
    assert ("deployment", 1.0, minutes(4), "https://vercel.example/d", "api") == (
        found[0].suspect, found[0].weight, found[0].at, found[0].link, found[0].service)  # fmt: skip


@pytest.mark.parametrize(("labels", "weight"), [
    ({}, 1.0), ({"target": "production"}, 1.0), ({"environment": "Production"}, 1.0), ({"environment": "prod-eu"}, 1.0),
    ({"environment": "staging"}, 0.15), ({"target": "preview"}, 0.15),
])  # fmt: skip
def test_a_change_of_another_environment_speaks_softly(labels, weight):
    assert weight == of_changes(beside([change(4, **labels)], BEGAN, NEEDS), BEGAN)[0].weight


def test_no_change_is_said_too():
    other = Change(minutes(4), "vercel", "payments", "t", "", {}, ())
    [found] = of_changes(beside([other], BEGAN, NEEDS), BEGAN)
    assert ("No change of the service, or of what it depends on, in 24 hours before", "") == (found.text, found.suspect)


@pytest.mark.parametrize(("count", "titles", "text"), [
    (0, [], "No alert of this incident fires"),
    (1, ["5xx"], "1 alert firing: 5xx"),
    (4, ["a", "a", "b"], "4 alerts firing: a, b and 2 more"),
])  # fmt: skip
def test_what_fires(count, titles, text):
    found = of_alerts(count, titles)
    assert (text, not count, "") == (found.text, found.ok, found.suspect)


@dataclass(frozen=True)
class Saw:
    ok: bool
    check: str = ""
    why: str = ""
    at: datetime = BEGAN
    since: datetime | None = None
    milliseconds: int | None = None


PROBES = [
    # whose incident, what the probes saw; suspects and text of each finding
    ("api", {}, []),
    ("api", {"api": Saw(True), "ddc-cdn": Saw(True)}, [("", "All 2 probes of the service and of what it depends on see nothing wrong")]),
    ("ddc", {"ddc-cdn": Saw(True)}, [("", "The probe ddc-cdn of the service and of what it depends on sees nothing wrong")]),
    ("api", {"api": Saw(False, "http_5xx", "status 503")}, [("", "The probe api of api fails: status 503")]),
    ("api", {"ddc-cdn": Saw(False, "unreachable", since=minutes(3))}, [("storage", "The probe ddc-cdn of ddc fails since 08:59 UTC: unreachable")]),
    ("ddc", {"ddc-cdn": Saw(False, "bad_answer")}, [("storage", "The probe ddc-cdn of ddc fails: bad answer")]),
    ("proofi.ai", {"api": Saw(False, why="w"), "website": Saw(False, why="w")},
     [("", "The probe website of proofi.ai fails: w"), ("dependency", "The probe api of api fails: w")]),
]  # fmt: skip


@pytest.mark.parametrize(("service", "seen", "wanted"), PROBES)
def test_how_the_probes_stand(service, seen, wanted):
    needs = frozenset({service, *BOOK.depends_on(service)})
    found = of_probes(BOOK, service, needs, seen)

    assert wanted == [(one.suspect, one.text) for one in found]
    assert all(one.ok == all(saw.ok for saw in seen.values()) for one in found)


def test_an_open_incident_on_what_it_needs_is_a_cause_and_less_so_when_it_began_later():
    one = Open("INC-7", "P1", "ddc", "The cluster\nis down", minutes(12), "http://t/incidents/INC-7")
    early, late = (of_needs(BOOK, "api", [o], BEGAN)[0] for o in (one, Open("INC-8", "P1", "ddc", "x", minutes(-2))))

    assert "INC-7 [P1] is open on ddc, which api needs, since 12 minutes before: The cluster is down" == early.text
    assert ("storage", "ddc", False) == (early.suspect, early.target, early.ok)
    assert early.weight > late.weight > 0
    assert "dependency" == of_needs(BOOK, "proofi.ai", [Open("INC-7", "P1", "api", "x", BEGAN)], BEGAN)[0].suspect


def test_nothing_open_and_nothing_needed_are_said():
    assert (
        "No incident is open on what proofi.ai depends on: api, ddc" == of_needs(BOOK, "proofi.ai", [], BEGAN)[0].text
    )
    assert "Nothing is known that it depends on" == of_needs(BOOK, "payments", [], BEGAN)[0].text
    assert "Nothing is known that it depends on" == of_needs(BOOK, None, [], BEGAN)[0].text


def test_whom_it_hits():
    assert "Depends on ddc: api, proofi.ai" == of_dependents(BOOK, "ddc").text
    assert (
        "Nothing else is known to depend on it"
        == of_dependents(BOOK, "payments").text
        == of_dependents(BOOK, None).text
    )


PAST = [
    (Past("INC-3", BEGAN - timedelta(days=9), "A bad deployment", "Rolled back"), "deployment",
     "INC-3 was like it, 9 days ago: A bad deployment: Rolled back"),
    (Past("INC-3", BEGAN - timedelta(days=9), "", "Restarted"), "", "INC-3 was like it, 9 days ago: Restarted"),
    (Past("INC-3", BEGAN - timedelta(days=9)), "", "INC-3 was like it, 9 days ago: how it ended was not noted"),
]  # fmt: skip


@pytest.mark.parametrize(("past", "suspect", "text"), PAST)
def test_how_the_same_ended_before(past, suspect, text):
    [found] = of_past([past], BEGAN)
    assert (suspect, text) == (found.suspect, found.text)
    assert found.at is None or not suspect, "when it was says nothing about the deployment that it suspects"


def test_what_never_happened_before_is_said():
    assert "No incident like it in 90 days" == of_past([], BEGAN)[0].text
