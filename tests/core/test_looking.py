"""The run of a diagnosis: begun once, waited for at most 30 seconds, assessed once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tocsin import runbook_file
from tocsin.core.decide import decide, declare
from tocsin.core.diagnosis import INSIDE, Finding, Tool
from tocsin.core.events import Around, Declared, LookAgain, Looked, Resolve, Tick
from tocsin.core.incident import replay
from tocsin.core.types import LookAt, Refused, Tell

BOOK = runbook_file.read(
    (Path(__file__).parents[2] / "examples/proofi/runbook.yaml").read_text(encoding="utf-8"), {}
).runbook
T0 = datetime(2026, 11, 23, 9, 2, tzinfo=UTC)
TOOLS = (Tool("vercel.deployments", "Vercel"), Tool("sentry.issues", "Sentry", "not set up, SENTRY_TOKEN is not set"))
AROUND = Around(who=lambda target: frozenset({"martijn"}), tools=TOOLS)


class Incident:
    """One incident as it is decided on; `effects` and `facts` are those of the last event."""

    def __init__(self, severity="P0", around=AROUND):
        self.around, self.now, self.all = around, T0, []
        self._take(declare(1, "v", Declared("down", severity, "admin", service="api"), BOOK, T0, around))

    def _take(self, decision):
        self.state, self.facts, self.effects, self.wake_at = (
            decision.state, decision.facts, decision.effects, decision.wake_at)  # fmt: skip
        self.all += decision.facts
        return self

    def at(self, seconds, event=None):
        self.now = T0 + timedelta(seconds=seconds)
        return self._take(decide(self.state, event or Tick(), BOOK, self.now, self.around))

    def texts(self):
        return [e.text for e in self.effects if isinstance(e, Tell) and e.key.startswith("assessment")]

    def looks(self):
        return [e for e in self.effects if isinstance(e, LookAt)]

    def found(self):
        return {f.source: f.text for f in self.state.diagnosis.findings}


def looked(source, text="seen", run=1, **more):
    return Looked(run, source, (Finding("changes" if source == INSIDE else source, text, **more),))


def test_a_duty_that_runs_it_begins_it_at_t0_with_all_that_can_be_looked_at():
    incident = Incident()

    assert [LookAt(1, (INSIDE, "vercel.deployments"), T0 + timedelta(seconds=30))] == incident.looks()
    assert (True, (INSIDE, "vercel.deployments")) == (
        incident.state.diagnosis.running,
        incident.state.diagnosis.waiting,
    )
    assert {"sentry.issues": "Sentry: not set up, SENTRY_TOKEN is not set"} == incident.found()
    assert incident.wake_at <= T0 + timedelta(seconds=30)
    assert [] == incident.at(1).looks(), "and only once"


def test_a_protocol_without_it_looks_at_nothing():
    incident = Incident("P2")
    assert ([], 0) == (incident.looks(), incident.state.diagnosis.run)


def test_when_all_is_in_it_is_assessed_once():
    incident = Incident().at(1, looked(INSIDE))
    assert [] == incident.texts()
    deployed = looked("vercel.deployments", "Deployment of api", suspect="deployment", target="d", weight=1.0,
                      at=T0 - timedelta(minutes=4))  # fmt: skip
    [text] = incident.at(2, deployed).texts()

    assert text.startswith(
        "INC-1: Likely cause: deployment. Deployment of api, 4 minutes before.\nThe runbook offers: rollback\n"
    )
    assert "- Sentry: not set up" in text
    assert (T0 + timedelta(seconds=2), False) == (
        incident.state.diagnosis.assessed_at,
        incident.state.diagnosis.running,
    )
    assert [] == incident.at(30).texts() == incident.at(600).texts()
    assessed = [f for f in incident.all if "causes" in f.data]
    assert [[("deployment", "d")]] == [[(c["kind"], c["target"]) for c in f.data["causes"]] for f in assessed]


def test_after_30_seconds_nobody_waits_and_what_did_not_answer_is_said():
    incident = Incident().at(1, looked(INSIDE)).at(29)
    assert [] == incident.texts()
    [text] = incident.at(30).texts()

    assert "No likely cause was found; 2 of the tools could not be looked at." in text
    assert "- Vercel could not be looked at: no answer within 30 seconds" in text


def test_what_comes_late_is_kept_without_a_second_text():
    incident = Incident().at(1, looked(INSIDE)).at(30).at(35, looked("vercel.deployments", "late"))

    assert ("late", []) == (incident.found()["vercel.deployments"], incident.texts())
    incident.at(36, looked("vercel.deployments", "twice"))
    assert "late" == incident.found()["vercel.deployments"], "the same look counts once"


@pytest.mark.parametrize("event", [
    looked("vercel.deployments", run=0), looked("vercel.deployments", run=2), looked("nobody.asked"), looked("sentry.issues"),
])  # fmt: skip
def test_what_was_not_asked_for_changes_nothing(event):
    incident = Incident()
    before = incident.state
    assert (before, ()) == (incident.at(1, event).state, incident.facts)


def test_a_press_while_it_runs_does_nothing_and_after_it_looks_anew():
    incident = Incident().at(5, LookAgain("martijn"))
    assert [] == incident.looks()
    incident.at(6, looked(INSIDE)).at(7, looked("vercel.deployments", "one"))
    incident.at(60, LookAgain("martijn"))

    assert [2] == [look.run for look in incident.looks()]
    assert ("martijn", "one") == (incident.facts[0].actor, incident.found()["vercel.deployments"])
    [text] = incident.at(61, looked(INSIDE, run=2)).at(62, looked("vercel.deployments", "two", run=2)).texts()
    assert "- Vercel: two" in text
    assert "Vercel: one" not in text


def test_a_finding_that_no_look_of_the_new_run_tells_of_is_gone_with_its_assessment():
    incident = Incident().at(1, Looked(1, INSIDE, (Finding("probes", "one fails", ok=False), Finding("changes", "x"))))
    incident.at(2, looked("vercel.deployments")).at(60, LookAgain("bo")).at(61, looked(INSIDE, run=2))
    assert "probes" in incident.found()
    assert "probes" not in incident.at(62, looked("vercel.deployments", run=2)).found()


def test_by_hand_it_looks_where_no_duty_asks_for_it_and_tells_whoever_leads():
    incident = Incident("P2").at(5, LookAgain("martijn"))
    assert [1] == [look.run for look in incident.looks()]
    incident.at(6, looked(INSIDE)).at(7, looked("vercel.deployments"))

    [tell] = [e for e in incident.effects if isinstance(e, Tell) and e.key.startswith("assessment")]
    assert ("martijn", None, False) == (tell.person, tell.channel, tell.urgent)


def test_a_resolved_incident_is_not_looked_at_and_its_end_ends_the_run():
    incident = Incident().at(5, Resolve("martijn", "x", "y"))
    assert not incident.state.diagnosis.running
    before = incident.state
    assert before == incident.at(6, looked("vercel.deployments")).state
    assert [] == incident.at(31).texts()
    with pytest.raises(Refused, match="reopen it first"):
        incident.at(40, LookAgain("martijn"))


def test_a_run_in_which_nobody_worked_is_begun_anew():
    """Tocsin was down: what nobody looked at is not called silent."""
    incident = Incident().at(300)

    assert [2] == [look.run for look in incident.looks()]
    assert ([], T0 + timedelta(seconds=330)) == (incident.texts(), incident.state.diagnosis.until)


def test_a_source_gives_five_findings_at_most():
    many = Looked(1, "vercel.deployments", tuple(Finding("vercel.deployments", f"n{i}") for i in range(20)))
    incident = Incident().at(1, many)

    assert ["n0", "n1", "n2", "n3", "n4"] == [f.text for f in incident.state.diagnosis.findings if f.source[0] == "v"]


def test_the_state_is_what_the_timeline_folds_into():
    incident = Incident().at(1, looked(INSIDE)).at(30).at(35, looked("vercel.deployments", "late"))
    incident.at(90, LookAgain("bo")).at(91, looked(INSIDE, run=2))

    assert incident.state == replay(1, "v", incident.all)
