"""Actions: which states follow, who may approve what, when it is too late, what an approval is bound to."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin import runbook_file
from tocsin.core import actions
from tocsin.core.actions import LIFE, Approver, Beside, Run, Switch, check_approval
from tocsin.core.diagnosis import Cause
from tocsin.core.incident import Incident
from tocsin.core.protocol import Duty
from tocsin.core.runbook import Action
from tocsin.core.types import Refused

from ..stories.conftest import EXAMPLE

NOW = datetime(2026, 11, 23, 9, 2, tzinfo=UTC)
BOOK = runbook_file.read(EXAMPLE, {}).runbook
INCIDENT = Incident(1, "Down", "P0", NOW, "ana", "v1", protocol="critical", roles={"commander": "ana"})
RUN = Run(
    "plan-1", 1, "rollback", "vercel", "vercel", "proofi", ("Promote dpl_1",), "h" * 64, "ana", NOW,
    NOW + actions.HOLDS, "second_person", undoable=True,
)  # fmt: skip
BO = Approver("bo", True, "responder")


ALONE = Beside()


def check(run=RUN, hash_=RUN.hash, who=BO, state=INCIDENT, beside=ALONE, now=NOW):
    return check_approval(run, hash_, who, state, beside, now)


# --------------------------------------------------------------------------------------------- the life


def test_every_state_is_reached_and_each_way_leads_to_an_end():
    """Nothing is left hanging: from whatever was approved some event leads to an end, and undone is the last."""
    states = {state for state, _ in LIFE} | set(LIFE.values())
    assert states == {"planned", "approved", "running", "verifying", "succeeded", "failed", "unknown", "undone"}
    assert {"done", "taken", "lost"} == {event for state, event in LIFE if state == "undone"}  # a call that came later
    assert "running" not in {LIFE[key] for key in LIFE if key[0] not in ("approved", "running")}  # begun once
    for state, event in LIFE:
        assert LIFE[state, event] == actions.step(replace(RUN, state=state), event)


@pytest.mark.parametrize("event", ["begun", "done", "failed", "lost", "proved", "undone"])
def test_what_was_not_approved_is_not_begun(event):
    with pytest.raises(Refused, match="is planned"):
        actions.step(RUN, event)


# --------------------------------------------------------------------------------------------- who


@pytest.mark.parametrize(
    ("rule", "who", "commander", "says"),
    [
        ("second_person", Approver("bo", True, "responder"), "ana", ""),
        ("second_person", Approver("bo", True, "admin"), None, ""),
        ("second_person", Approver("ana", True, "admin"), "ana", "planned it: a second person approves"),
        ("second_person", Approver("ana", True, "responder", named=True), "ana", "a second person approves"),
        ("second_person", Approver("bo", True, "viewer"), "ana", "bo may only look"),
        ("second_person", Approver("admin", False, "admin"), "ana", "an approval is a person's"),
        ("commander", Approver("ana", True, "responder"), "ana", ""),
        ("commander", Approver("bo", True, "responder", named=True), "ana", ""),
        ("commander", Approver("bo", True, "responder", named=True), None, ""),
        ("commander", Approver("bo", True, "admin"), "ana", "the commander approve rollback: that is ana"),
        ("commander", Approver("bo", True, "responder"), None, "nobody is commander of INC-1"),
        ("commander", Approver("ana", True, "viewer"), "ana", "ana may only look"),
        ("commander", Approver("ana", True, "viewer", named=True), "ana", "ana may only look"),
        ("commander", Approver("admin", False, "admin"), "ana", "an approval is a person's"),
        ("none", Approver("bot", False, "responder"), None, ""),
    ],
)  # fmt: skip
def test_who_may_approve_what(rule, who, commander, says):
    why = actions.why_not_person(replace(RUN, approve=rule), who, commander)
    assert (says in why) if says else why == ""


def test_it_says_who_may():
    assert actions.may_approve(RUN, "bo") == "a second person: any responder but ana"
    assert actions.may_approve(replace(RUN, approve="commander"), "bo") == "the commander, bo"
    assert "as soon as there is one" in actions.may_approve(replace(RUN, approve="commander"), None)
    assert "no approval" in actions.may_approve(replace(RUN, approve="none"), None)


# --------------------------------------------------------------------------------------------- when


@pytest.mark.parametrize(("seconds", "held"), [(0, True), (599.999999, True), (600, False), (601, False)])
def test_a_plan_holds_ten_minutes_and_not_at_the_instant_of_its_end(seconds, held):
    now = NOW + timedelta(seconds=seconds)
    assert held is not actions.expired(RUN, now)
    if held:
        assert check(now=now)
    else:
        with pytest.raises(Refused, match="held until 2026-11-23 09:12 UTC: plan it again"):
            check(now=now)


@pytest.mark.parametrize(("seconds", "over"), [(599.999999, False), (600, True)])
def test_an_approval_holds_ten_minutes_too(seconds, over):
    run = replace(RUN, state="approved", approved_at=NOW)
    assert over is actions.approval_over(run, NOW + timedelta(seconds=seconds))
    assert not actions.approval_over(RUN, NOW + timedelta(days=1))
    assert not actions.expired(run, NOW + timedelta(days=1))


# --------------------------------------------------------------------------------------------- what


def binding(**changes):
    said = {"action": "rollback", "incident": 1, "target": "proofi", "parameters": {"to": "dpl_1", "from": "dpl_2"}}
    return actions.binding(b"key", **{**said, **changes})


@pytest.mark.parametrize(
    "changes",
    [{"action": "promote"}, {"incident": 2}, {"target": "other"}, {"parameters": {"to": "dpl_3", "from": "dpl_2"}},
     {"parameters": {}}, {"undoes": "plan-1"}],
)  # fmt: skip
def test_an_approval_binds_action_incident_target_and_parameters(changes):
    assert binding() != binding(**changes)
    assert 64 == len(binding())


def test_the_binding_is_of_the_values_not_of_their_order_and_needs_the_key():
    assert binding() == binding(parameters={"from": "dpl_2", "to": "dpl_1"})
    same = {"action": "rollback", "incident": 1, "target": "proofi", "parameters": {}}
    assert actions.binding(b"one", **same) != actions.binding(b"other", **same)


@given(st.dictionaries(st.text(), st.text()), st.dictionaries(st.text(), st.text()), st.text(), st.text())
def test_nothing_of_a_plan_can_be_moved_from_one_part_to_another(one, other, first, second):
    """Two bindings are the same only when every part is."""
    same = (one, first) == (other, second)
    assert same == (binding(parameters=one, target=first) == binding(parameters=other, target=second))


def test_a_foreign_hash_is_refused():
    with pytest.raises(Refused, match="the hash is not that of this plan"):
        check(hash_="0" * 64)
    with pytest.raises(Refused, match="the hash is not that of this plan"):
        check(hash_="")


# --------------------------------------------------------------------------------------------- once, and not now


def test_an_approval_starts_one_run():
    """Pressing twice changes nothing; somebody else is told who was first."""
    run = replace(RUN, state="running", approved_by="bo", approved_at=NOW)
    assert not check(run)
    with pytest.raises(Refused, match="approved by bo at 2026-11-23 09:02 UTC already and is running"):
        check(run, who=Approver("cy", True, "responder"))


def test_a_dry_run_cannot_be_approved():
    with pytest.raises(Refused, match="dry run"):
        check(replace(RUN, dry=True))


@pytest.mark.parametrize(
    ("state", "beside", "says"),
    [
        (replace(INCIDENT, status="resolved"), Beside(), "INC-1 is resolved: reopen it first"),
        (replace(INCIDENT, status="resolved", merged_into=7), Beside(), "INC-1 is merged into INC-7"),
        (INCIDENT, Beside(begun=replace(RUN, id="p2", incident=9, begun_at=NOW + timedelta(seconds=1))),
         r"rollback was run since this was planned \(INC-9\): plan it again"),
        (INCIDENT, Beside(under_way=replace(RUN, id="p2", state="running")), "rollback is running"),
        (INCIDENT, Beside(switch=Switch("cy", NOW, "a freeze")),
         "all actions are stopped, by cy since 2026-11-23 09:02 UTC: a freeze"),
    ],
)  # fmt: skip
def test_what_stands_in_the_way_is_said(state, beside, says):
    with pytest.raises(Refused, match=says):
        check(state=state, beside=beside)


def test_a_run_begun_before_the_plan_was_made_makes_nothing_stale():
    """At one and the same instant it does: which came first nobody can say."""
    assert check(beside=Beside(begun=replace(RUN, id="p2", begun_at=NOW - timedelta(microseconds=1))))
    with pytest.raises(Refused, match="plan it again"):
        check(beside=Beside(begun=replace(RUN, id="p2", begun_at=NOW)))


def test_an_undo_is_for_incidents_that_are_over_too_and_while_it_is_verified():
    undo = replace(RUN, id="p2", undoes="plan-1")
    assert check(undo, state=replace(INCIDENT, status="resolved"))
    assert check(undo, beside=Beside(under_way=replace(RUN, state="verifying")))
    with pytest.raises(Refused, match="rollback is running: wait"):
        check(undo, beside=Beside(under_way=replace(RUN, state="running")))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"state": "planned"}, "has changed nothing"),
        ({"state": "running", "ran": True}, "is running"),
        ({"state": "failed"}, "has changed nothing"),
        ({"state": "succeeded", "ran": True, "undoable": False}, "has no undo"),
        ({"state": "undone", "ran": True}, "undone already"),
        ({"state": "succeeded", "ran": True, "undoes": "p0"}, "an undo is not undone"),
    ],
)  # fmt: skip
def test_what_cannot_be_undone(changes, says):
    with pytest.raises(Refused, match=says):
        actions.check_undo(replace(RUN, **changes), None)


def test_it_is_undone_at_most_once():
    ran = replace(RUN, state="succeeded", ran=True)
    actions.check_undo(ran, None)
    with pytest.raises(Refused, match="the undo of rollback is running already: it is done at most once"):
        actions.check_undo(ran, replace(ran, id="p2", state="running", undoes=ran.id))


# --------------------------------------------------------------------------------------------- what the runbook says


@pytest.mark.parametrize(
    ("action", "kind", "wish"),
    [
        ({"vercel": "rollback"}, "vercel", "rollback"),
        ({"command": ["deploy", "--back"]}, "command", ["deploy", "--back"]),
        ({"github": {"workflow": "roll.yml"}}, "github", {"workflow": "roll.yml"}),
        ({"postgres": {"dsn": "postgresql://x"}}, "postgres",
         {"dsn": "postgresql://x", "read_only": True, "end_sessions": False}),
        ({"http": {"url": "http://x", "json": {"a": 1}}}, "http",
         {"call": {"method": "POST", "url": "http://x", "json": {"a": 1}, "headers": {}}, "undo": None}),
        ({}, "", None),
    ],
)  # fmt: skip
def test_the_key_names_the_actor_and_what_stands_there_is_the_wish(action, kind, wish):
    assert (kind, wish) == actions.kind_of(Action.model_validate(action))


def test_the_way_back_of_http_goes_with_its_wish():
    action = Action.model_validate({"http": {"url": "http://x"}, "undo": {"method": "DELETE", "url": "http://x"}})
    assert "DELETE" == actions.kind_of(action)[1]["undo"]["method"]


def test_actions_of_one_connection_touch_the_same_thing():
    assert actions.touches("rollback", "vercel") == actions.touches("promote", "vercel")
    assert actions.touches("a", "http") != actions.touches("b", "http")


# --------------------------------------------------------------------------------------------- proposals


def test_causes_propose_before_duties_the_strongest_first_each_action_once():
    causes = (
        Cause("traffic", "", "nothing mitigates it", 1.0),
        Cause("deployment", "dpl_2", "dpl_2 went out 3 minutes before", 0.9),
        Cause("storage", "primary", "the cluster does not answer", 0.4),
    )
    duty = Duty("fix", "Fix it", "commander", ("fix_deployed",), at=NOW, propose=("rollback", "rollback_api", "none"))
    state = SimpleNamespace(is_open=True, protocol="critical", duties=(duty,), causes=causes)

    found = actions.proposals(state, BOOK, NOW)

    assert ["rollback", "switch_ddc_cluster", "rollback_api"] == [one.action for one in found]
    assert ("dpl_2 went out 3 minutes before", "deployment") == (found[0].reason, found[0].cause)
    assert "the duty “Fix it” proposes it" == found[2].reason
    assert () == actions.proposals(SimpleNamespace(is_open=False), BOOK, NOW)


@pytest.mark.parametrize("change", [{"at": None}, {"at": NOW + timedelta(seconds=1)}, {"done_at": NOW}])
def test_a_duty_proposes_from_when_it_is_due_until_it_is_done(change):
    duty = replace(Duty("fix", "Fix it", "commander", ("fix_deployed",), at=NOW, propose=("rollback",)), **change)
    state = replace(INCIDENT, duties=(duty,))
    assert () == actions.proposals(state, BOOK, NOW)
