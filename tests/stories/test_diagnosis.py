"""Stories of a diagnosis: what the tools say, what the war room reads, and what happens when they say nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import insert, select

from tests import tools
from tests.stories.conftest import START, World, changed
from tocsin.core.diagnosis import likely
from tocsin.core.events import Acknowledge, Declared, LookAgain, Resolve
from tocsin.core.incident import replay
from tocsin.core.sentences import sentence
from tocsin.core.types import Refused
from tocsin.sdk import Diagnoser, Found, Reject, Request, Response, Retry
from tocsin.store import incidents, queue
from tocsin.store.schema import changes, outbox
from tocsin.usecases import configure, deliver, diagnose, respond
from tocsin.usecases import tools as named
from tocsin.web.shapes import incident_json


def with_tools(data) -> None:
    data["diagnose"] = [*tools.NAMES[:3], "blast_radius"]
    for name in ("vercel", "sentry", "railway"):
        data["connections"][name].update(token=f"token-of-{name}", api_base=f"https://{name}.example")


@pytest.fixture
def looked(tmp_path):
    """A world whose runbook names three tools, each of which says what `says` has for it."""
    made = World(tmp_path)
    for one in tools.DIAGNOSERS:
        made.setup.plugins.diagnosers[one.name] = one
    assert not made.db.write_now(configure.adopt, made.setup, changed(with_tools)).errors
    made.says, made.asked, works = {}, [], made.network

    def network(outgoing):
        if not isinstance(outgoing, Request) or ".example/" not in outgoing.url or "api.telegram" in outgoing.url:
            return works(outgoing)
        made.asked.append(outgoing.url)
        said = made.says.get(outgoing.url.rpartition("/")[2], [])
        return said if isinstance(said, Response) else Response(200, body=json.dumps({"found": said}).encode())

    made.network = network
    return made


DEPLOYED = {"text": "Production deployment dpl_9 (Fix the login) by ana", "suspect": "deployment", "target": "dpl_9",
            "weight": 0.9, "before": 4, "link": "https://vercel.example/dpl_9"}  # fmt: skip
NEW_ERROR = {
    "text": "New since 1.4.2: TypeError in wallet.ts (812 times)",
    "ok": False,
    "suspect": "errors",
    "weight": 0.5,
}


def assessments(world):
    return [text for text in world.texts("alerts#77") if " cause" in text.partition("\n")[0]]


def declared(world):
    """An incident that no worker has seen yet."""
    world.db.write_now(respond.declare, world.setup, Declared("down", "P0", "admin", service="proofi.ai"))


def found(world, source, number=1):
    return [f for f in world.state(number).diagnosis.findings if f.source == source]


def test_within_30_seconds_the_war_room_reads_the_likely_cause_first(looked):
    """A bad deployment four minutes before: all tools are looked at, and one text says it."""
    looked.says = {"deployments": [DEPLOYED], "issues": [NEW_ERROR]}
    looked.alert()
    looked.wait(seconds=30)

    assert 3 == len(looked.asked)
    [text] = assessments(looked)
    assert text.startswith(
        "INC-1: Likely cause: deployment. Production deployment dpl_9 (Fix the login) by ana, 4 minutes before; "
        "also: New since 1.4.2: TypeError in wallet.ts (812 times).\nThe runbook offers: rollback\n"
    )
    assert "- Railway logs: Nothing worth telling was found" in text
    assert text.endswith("http://tocsin.example.org/incidents/INC-1")
    assert "Likely cause: deployment." in looked.facts("finding_added")[-1].data["text"]


def test_the_incident_in_json_has_findings_and_causes(looked):
    looked.says = {"deployments": [DEPLOYED]}
    looked.alert()
    looked.wait(seconds=5)
    stored = looked.db.read_now(incidents.load, 1)
    shown = incident_json(stored, "", looked.now)

    assert {"kind": "deployment", "target": "dpl_9", "score": shown["causes"][0]["score"],
            "reason": f"{DEPLOYED['text']}, 4 minutes before"} == shown["causes"][0]  # fmt: skip
    assert {
        "source": "vercel.seen", "text": DEPLOYED["text"], "link": "https://vercel.example/dpl_9", "ok": True,
        "at": "2026-11-23T08:58:00Z", "suspect": "deployment", "target": "dpl_9", "failed": False,
    } == shown["findings"][0]  # fmt: skip
    assert (False, [], 1) == (shown["diagnosis"]["running"], shown["diagnosis"]["waiting"], shown["diagnosis"]["run"])


FAILURES = [
    (Response(401), "Sentry issues could not be looked at: the token is refused (401)", 1),
    (Response(0, error="no answer within 10 s"), "Sentry issues could not be looked at: no answer within 10 s", 3),
    (Response(502, body=b"<html>"), "Sentry issues could not be looked at: status 502", 3),
    (Response(302), "Sentry issues could not be looked at: status 302: redirects are not followed", 1),
]


@pytest.mark.parametrize(("answer", "text", "times"), FAILURES)
def test_a_tool_that_cannot_be_looked_at_is_a_finding_that_says_why(looked, answer, text, times):
    """What may pass is tried three times, never after the 30 seconds; the others are not held up."""
    looked.says = {"issues": answer}
    looked.alert()
    looked.wait(seconds=30)

    [failure] = found(looked, "sentry.seen")
    assert (text, False, True) == (failure.text, failure.ok, failure.failed)
    assert times == len([url for url in looked.asked if url.endswith("/issues")])
    assert f"- {text}" in assessments(looked)[0]
    assert looked.facts("finding_added")[-1].at <= START + timedelta(seconds=30)
    late = len(looked.asked)
    looked.wait(minutes=10)
    assert (late, 1) == (len(looked.asked), len(assessments(looked)))


def test_a_vendor_that_asks_to_wait_longer_than_there_is_time_is_not_asked_again(looked):
    looked.says = {"issues": Response(429, {"retry-after": "60"})}
    looked.alert()
    looked.wait(seconds=40)

    assert 1 == len([url for url in looked.asked if url.endswith("/issues")])
    assert "status 429" in found(looked, "sentry.seen")[0].text


def test_what_is_not_set_up_is_said_and_not_tried(tmp_path):
    world = World(tmp_path)
    for one in tools.DIAGNOSERS:
        world.setup.plugins.diagnosers[one.name] = one

    def without(data):
        with_tools(data)
        data["connections"]["sentry"].update(token="${SENTRY_TOKEN}")
        data["connections"]["vercel"].update(project="")
        del data["connections"]["railway"]

    assert not world.db.write_now(configure.adopt, world.setup, changed(without)).errors
    world.alert()
    world.wait(seconds=30)

    assert [
        "Vercel deployments: not set up, connections.vercel has no project",
        "Sentry issues: not set up, SENTRY_TOKEN is not set",
        "Railway logs: not set up, the runbook has no connections.railway",
    ] == [f.text for f in world.state().diagnosis.findings if f.failed]
    assert not [row for row in rows(world) if row.kind == "look"]
    assert 1 == len(assessments(world))


def rows(world):
    return world.db.read_now(lambda tx: tx.all(select(outbox).order_by(outbox.c.id)))


ODD = [
    ("nothing at all", None), ("a text", "found"), ("no findings", [5]), ("half of them", [Found("one"), "two"]),
    ("a finding without words", [Found("  \x00 ")]), ("words that are none", [Found(5)]),  # type: ignore[arg-type]
    ("a weight that is none", [Found("x", weight="heavy")]),  # type: ignore[arg-type]
]  # fmt: skip


@pytest.mark.parametrize(("what", "said"), ODD, ids=[case[0] for case in ODD])
def test_rubbish_is_a_failure_in_words(looked, what, said):
    def look(asked, config):
        yield Request("GET", f"{config['api_base']}/x")
        return said

    looked.setup.plugins.diagnosers["vercel.seen"] = Diagnoser("vercel.seen", "Vercel deployments", look)
    looked.alert()
    looked.wait(seconds=1)

    [failure] = found(looked, "vercel.seen")
    assert ("Vercel deployments could not be looked at: its answer could not be read", True) == (
        failure.text,
        failure.failed,
    )


def test_what_a_tool_says_is_cleaned_cut_and_without_secrets(looked):
    looked.says = {"deployments": [
        {"text": "a\nline\u202e with token-of-vercel and password=hunter2 " + "x" * 500, "link": "javascript:alert(1)",
         "suspect": "sabotage", "target": "t" * 900, "weight": 1e308, "at": "yesterday"},
        {"text": "two", "weight": -5, "suspect": "storage", "link": "https://x.example/?key=token-of-vercel"},
        *({"text": f"n{n}"} for n in range(50)),
    ]}  # fmt: skip
    looked.alert()
    looked.wait(seconds=1)
    first, second, *rest = found(looked, "vercel.seen")

    assert first.text.startswith("a line with *** and password=")
    assert "hunter2" not in first.text
    assert (300, "", "", 200, None) == (len(first.text), first.link, first.suspect, len(first.target), first.at)
    assert (0.0, "https://x.example/?key=***") == (second.weight, second.link)
    assert 3 == len(rest)
    assert "token-of-vercel" not in json.dumps([entry.data for entry in looked.timeline()])


def test_our_own_records_are_looked_at_in_the_same_moment(looked):
    """A change by webhook, an open incident on what it needs, and how the same ended before."""
    looked.declare("P1", "api failed before", service="api")
    looked.act(1, Resolve("martijn", "A bad deployment", "Rolled back"))
    looked.wait(hours=30)
    looked.declare("P1", "The cluster is down", service="ddc")
    row = {"id": "c1", "source": "vercel", "at": looked.now - timedelta(minutes=6), "service": "api", "links": [],
           "title": "Production deployment of api: live", "text": "", "labels": {"deployment": "dpl_1"}}  # fmt: skip
    looked.db.write_now(lambda tx: tx.run(insert(changes).values(**row)))
    number = looked.declare("P0", "api is down", service="api")
    looked.wait(seconds=5)
    told = {f.source: f.text for f in looked.state(number).diagnosis.findings}

    assert "Production deployment of api: live, 6 minutes before" == told["changes"]
    assert (
        "INC-2 [P1] is open on ddc, which api needs, since less than a minute before: The cluster is down"
        == told["dependencies"]
    )
    assert "Depends on api: proofi.ai" == told["blast_radius"]
    assert told["similar"].startswith("INC-1 was like it, 1 day 6 hours ago: A bad deployment: Rolled back")
    causes = likely(looked.state(number).diagnosis.findings, looked.state(number).declared_at)
    assert [("deployment", "dpl_1"), ("storage", "ddc")] == [(cause.kind, cause.target) for cause in causes]


def test_a_press_looks_again_and_one_while_it_runs_does_nothing(looked):
    looked.says = {"deployments": [DEPLOYED]}
    looked.alert()
    looked.wait(minutes=1)
    looked.says = {"deployments": [{"text": "Nothing since yesterday"}]}
    looked.db.write_now(lambda tx: [diagnose.act(tx, looked.setup, 1, LookAgain(by)) for by in ("martijn", "backup1")])
    assert 1 == len([f for f in looked.facts("finding_added") if "looking" in f.data and f.actor != "tocsin"])
    looked.wait(seconds=30)

    assert ["Nothing since yesterday"] == [f.text for f in found(looked, "vercel.seen")]
    assert (6, 2) == (len(looked.asked), len(assessments(looked)))
    told = [f.data["text"] for f in looked.facts("finding_added") if f.data["source"] == "vercel.seen"]
    assert [DEPLOYED["text"], "Nothing since yesterday"] == told, "the timeline keeps both"


def test_a_worker_that_dies_while_looking_leaves_time_for_another(looked):
    """Its claim runs out after 15 seconds: another looks, and the assessment is there in time."""
    looked.says = {"deployments": [DEPLOYED]}
    declared(looked)
    jobs = looked.db.write_now(deliver.claim, looked.setup, "dies")
    dead = [job for job in jobs if job.look]
    assert 3 == len(dead)
    looked.wait(seconds=14)
    assert ([], []) == (looked.asked, assessments(looked))
    looked.wait(seconds=2)

    assert 3 == len(looked.asked)
    assert START + timedelta(seconds=15) == looked.state().diagnosis.assessed_at
    said = Reject("the dead one answers after all")
    for job in dead:
        looked.db.write_now(diagnose.settle, looked.setup, job.id, job.epoch, 1, job.look, said)
    assert not [f for f in looked.state().diagnosis.findings if f.failed]


def test_nobody_works_for_an_hour_and_then_it_is_looked_at(looked):
    looked.says = {"deployments": [DEPLOYED]}
    declared(looked)
    looked.sleep(hours=1)
    looked.wait(seconds=30)

    assert (2, 1) == (looked.state().diagnosis.run, len(assessments(looked)))
    assert {"done", "moot"} == {row.state for row in rows(looked) if row.kind.startswith("look")}


def test_looks_are_no_pages_and_no_trouble_of_the_incident(looked):
    looked.says = {"issues": Response(503)}
    looked.alert()
    looked.work()

    assert {"martijn", "backup1"} == {page.person for page in looked.pages()}
    assert [] == list(looked.db.read_now(queue.troubles, 1))
    looked.wait(seconds=30)
    assert [] == list(looked.db.read_now(queue.troubles, 1))
    kinds = {row.kind: row.state for row in rows(looked) if row.kind.startswith("look")}
    assert {"look": "done", "look_inside": "done"} == kinds


def test_a_p1_without_a_war_room_tells_whoever_leads(looked):
    looked.says = {"deployments": [DEPLOYED]}
    looked.declare("P1", service="proofi.ai")
    looked.act(1, Acknowledge("backup1"))
    looked.act(1, LookAgain("backup1"))
    looked.wait(seconds=30)

    assert any("Likely cause: deployment" in text for text in looked.texts("backup1"))


def test_the_end_of_the_incident_stops_the_looks(looked):
    declared(looked)
    looked.act(1, Resolve("martijn", "x", "y"))
    looked.wait(seconds=40)

    assert [] == looked.asked
    assert {"moot"} == {row.state for row in rows(looked) if row.kind.startswith("look")}
    with pytest.raises(Refused, match="reopen it first"):
        looked.act(1, LookAgain("martijn"))


def test_an_integration_that_is_gone_by_the_time_of_the_look_is_said(looked):
    declared(looked)
    del looked.setup.plugins.diagnosers["vercel.seen"]
    looked.wait(seconds=5)

    assert "vercel.seen could not be looked at: no integration that is installed on this machine looks at it" == found(
        looked, "vercel.seen")[0].text  # fmt: skip


def test_the_timeline_says_it_in_sentences_and_keeps_its_chain(looked):
    looked.says = {"deployments": [DEPLOYED], "issues": Response(401)}
    looked.alert()
    looked.wait(seconds=5)
    looked.act(1, LookAgain("martijn"))
    said = [sentence(e.kind, e.actor, e.data, {"martijn": "Martijn"}) for e in looked.facts("finding_added")]

    assert "Looking at Tocsin's own records, Vercel deployments, Sentry issues, Railway logs" == said[0]
    assert f"Finding (vercel.seen): {DEPLOYED['text']}" in said
    assert "Not seen (sentry.seen): Sentry issues could not be looked at: the token is refused (401)" in said
    assert any(text.endswith("Railway logs (asked for by Martijn)") for text in said)
    assert looked.verified()
    state = looked.state()
    assert replace(state, walk=None) == replace(
        incidents_replayed(looked), walk=None), "the timeline folds into the state"  # fmt: skip


def incidents_replayed(world):
    return replay(1, world.state().runbook_version, world.db.read_now(incidents.facts_of, 1))


def test_the_service_that_a_tool_speaks_of_comes_from_its_connection(looked):
    book = looked.db.read_now(configure.in_force, looked.setup)[1]
    assert ("proofi.ai", "", "ddc") == tuple(
        named.service_of(book, name) for name in ("vercel.seen", "sentry.seen", "ddc.status"))  # fmt: skip


def test_whose_answer_may_come_later_is_asked_again_after_the_pause_it_names(looked):
    times = []

    def look(asked, config):
        times.append(looked.now)
        yield Request("GET", f"{config['api_base']}/x")
        return Retry("busy", after=7) if len(times) == 1 else [Found("well")]

    looked.setup.plugins.diagnosers["vercel.seen"] = Diagnoser("vercel.seen", "Vercel", look)
    looked.alert()
    looked.wait(seconds=30)

    assert [START, START + timedelta(seconds=7)] == times
    assert ["well"] == [f.text for f in found(looked, "vercel.seen")]
