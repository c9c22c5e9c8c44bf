"""Actions as stories: planned, approved, run once, proved, undone; and what happens when something dies in between."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from types import SimpleNamespace

import httpx
import pytest

from tocsin.core.events import Acknowledge, Declared, Reopen, Resolve
from tocsin.core.probes import Seen
from tocsin.core.types import Refused
from tocsin.sdk import Plan, Response
from tocsin.store import actions as store
from tocsin.store import audit, queue
from tocsin.usecases import acting, actions, respond, restored, watch
from tocsin.usecases.access import Viewer

from ..fakes.target import ACTOR, FakeTarget
from .conftest import World, changed
from .test_chat import BACKUP, types
from .test_restored import restore

ANA, BO = Viewer("martijn", "martijn", "responder"), Viewer("backup1", "backup1", "responder")


class Acts(World):
    """A world with something to act on."""

    def __init__(self, data, target, **rule):
        call = {"method": "POST", "url": f"{target.url}/switch", "json": {"value": "v1"}}
        action = {"http": call, "approve": "second_person", "undo": call, "verify": {"probe": "api", "within": "5m"}}
        action = {name: value for name, value in {**action, **rule}.items() if value is not None}

        def change(book):
            book["actions"]["back"] = action
            book["protocols"]["critical"]["mitigations"]["deployment"] = {"do": ["back"]}

        super().__init__(data, changed(change))
        self.setup.plugins.actors["http"] = ACTOR
        self.target = target
        self.network = self.also_the_target
        self.seen = None

    def also_the_target(self, outgoing):
        if not getattr(outgoing, "url", "").startswith(self.target.url):
            return self.everything_works(outgoing)
        try:
            answer = httpx.request(outgoing.method, outgoing.url, json=outgoing.json, timeout=5, trust_env=False)
        except httpx.HTTPError as error:
            return Response(0, error=str(error))
        return Response(answer.status_code, body=answer.content)

    def plan(self, by="martijn", number=1, **more):
        ready = self.db.read_now(actions.ready, self.setup, number, "back")
        found = self.converse(ready.actor.plan(ready.wish, ready.config))
        assert isinstance(found, Plan), found
        run = self.db.write_now(actions.keep_plan, self.setup, ready, found, by, **more)
        self.work()
        return run

    def approve(self, run, viewer=BO, hash_="", number=1):
        made = self.db.write_now(
            actions.approve, self.setup, number, "back", run.id, hash_ or run.hash, viewer, viewer.acts_as
        )
        self.work()
        return made

    def undo(self, run=None, by="martijn"):
        made = self.db.write_now(actions.plan_undo, self.setup, 1, "back", run.id if run else "", by)
        self.work()
        return made

    def run(self, run):
        return self.db.read_now(store.get, run.id)

    def acts(self):
        return [kind.removeprefix("action_") for kind in self.kinds() if kind.startswith("action_")]

    def looks(self, monkeypatch, ok=True, check=""):
        """Have the probe look every five seconds from now on."""
        monkeypatch.setattr(acting.probes, "seen", lambda tx, name: Seen(ok, check, tx.now, tx.now, 12, ""))


@pytest.fixture
def target():
    with FakeTarget() as made:
        yield made


@pytest.fixture
def led(tmp_path, target):
    """An incident that martijn leads."""
    world = Acts(tmp_path, target)
    world.declare()
    world.act(1, Acknowledge("martijn"))
    return world


def test_planned_approved_run_once_and_proved_by_the_probe(led, target, monkeypatch):
    """The plan says exactly what changes, a second person approves just that, the probe proves it; all is told."""
    led.looks(monkeypatch)
    run = led.plan()
    assert ("Set it from v2 to v1",) == run.steps and [] == target.calls
    led.wait(seconds=30)  # the group's limits
    assert any("back is planned" in text and "any responder but martijn" in text for text in led.room_texts())

    led.approve(run)
    assert (["v1"], "verifying") == (target.calls, led.run(run).state)
    led.wait(seconds=5)

    done = led.run(run)
    assert ("succeeded", "the probe api is ok", "op-1") == (done.state, done.why, done.receipt)
    assert ["planned", "approved", "started", "succeeded"] == led.acts()
    assert led.duty("fix").done_at is not None
    assert any("back succeeded" in text and "It can be undone" in text for text in led.texts("martijn"))
    led.wait(hours=1)
    assert ["v1"] == target.calls and led.verified()


def test_a_look_from_before_it_was_done_proves_nothing(led, target, monkeypatch):
    at = led.now
    monkeypatch.setattr(acting.probes, "seen", lambda tx, name: Seen(True, "", at, at, 12, ""))
    run = led.plan()
    assert any("is ok already" in warning for warning in run.warnings)
    led.approve(run)
    led.wait(minutes=4, seconds=59)
    assert "verifying" == led.run(run).state

    led.wait(seconds=1)
    assert ("failed", "done, but the probe api has not looked since after 5 minutes") == (
        led.run(run).state, led.run(run).why
    )  # fmt: skip


def test_done_but_not_proved_is_told_loudly_with_the_way_back(led, target, monkeypatch):
    run = led.plan()
    led.approve(run)
    led.looks(monkeypatch, ok=False, check="http_5xx")
    led.wait(minutes=5, seconds=2)

    assert ("failed", "done, but the probe api is still http_5xx after 5 minutes") == (
        led.run(run).state,
        led.run(run).why,
    )
    told = [text for text in led.texts("martijn") if "back failed" in text]
    assert 1 == len(told) and "It can be undone" in told[0]
    assert led.duty("fix").done_at is None


def test_without_a_probe_it_says_that_nothing_proved_it(tmp_path, target):
    world = Acts(tmp_path, target, verify=None)
    world.declare()
    run = world.plan()
    world.approve(run)
    assert ("succeeded", "done, and nothing proved it") == (world.run(run).state, world.run(run).why)
    assert any("no probe" in warning for warning in run.warnings)


# --------------------------------------------------------------------------------------------- what dies in between


@pytest.mark.parametrize(("point", "calls"), [("X3", []), ("X4", ["v1"])])
def test_a_crash_after_the_call_began_is_unknown_and_pages_who_approved(led, target, point, calls):
    """Whether the call was made or not: nobody can say, it is never made again, and a person is woken to look."""
    run = led.plan()
    led.paged()
    led.dies = point
    led.approve(run)
    assert ("running", calls) == (led.run(run).state, target.calls)

    led.dies = ""
    led.wait(seconds=29)
    assert "running" == led.run(run).state
    led.wait(seconds=1)

    assert ("unknown", calls) == (led.run(run).state, target.calls)
    assert ["backup1"] == led.paged()
    assert "unknown, look at the switch" in led.pages()[-1].reason
    assert ["planned", "approved", "started", "unknown"] == led.acts()
    led.wait(hours=2)
    assert calls == target.calls


def test_a_crash_before_the_call_began_costs_a_lease_and_nothing_else(led, target, monkeypatch):
    led.looks(monkeypatch)
    run = led.plan()
    led.dies = "X2"
    led.approve(run)
    led.dies = ""
    led.wait(seconds=40)
    assert ("succeeded", ["v1"]) == (led.run(run).state, target.calls)


def test_a_late_answer_still_says_what_became_of_the_one_call(led, target, monkeypatch):
    """The worker was stopped between its call and the record: when it goes on, unknown becomes known."""
    led.looks(monkeypatch)
    run = led.plan()
    led.dies = "X4"
    led.approve(run)
    led.dies = ""
    led.wait(seconds=31)
    row = led.db.read_now(queue.by_key, f"action:{run.id}")
    begun = led.run(run)
    assert "unknown" == begun.state

    led.db.write_now(acting.settle, led.setup, row.id, begun.epoch, acting.Acted("done", receipt="op-1"))
    led.wait(seconds=6)
    assert ("succeeded", ["v1"]) == (led.run(run).state, target.calls)
    led.db.write_now(acting.settle, led.setup, row.id, begun.epoch, acting.Acted("failed"))
    led.db.write_now(acting.settle, led.setup, row.id, begun.epoch - 1, acting.Acted("failed"))
    assert "succeeded" == led.run(run).state


def left_unknown(world, target, run=None):
    """A run that the target did, and hung up without an answer."""
    run = run or world.plan()
    target.mode = "cut"
    world.approve(run)
    target.mode = "ok"
    assert "unknown" == world.run(run).state
    return run


def test_who_looked_and_saw_it_done_has_it_proved(led, target, monkeypatch):
    """The word of who looked goes on as an answer would: to the probe, and to the timeline under their name."""
    run = left_unknown(led, target)
    led.looks(monkeypatch)
    seen = led.db.write_now(acting.looked, led.setup, 1, "back", run.id, "backup1", done=True)
    assert ("verifying", "Backup One looked: it was done") == (seen.state, seen.why)
    note = next(e for e in led.timeline() if e.kind == "note" and "looked" in e.data["text"])
    assert ("backup1", "back at the switch at") == (note.actor, note.data["text"][:21])
    led.wait(seconds=10)
    assert ("succeeded", "succeeded") == (led.run(run).state, led.acts()[-1])
    with pytest.raises(Refused, match="is known: it is succeeded"):
        led.db.write_now(acting.looked, led.setup, 1, "back", run.id, "backup1", done=False)


def test_who_looked_and_saw_nothing_done_can_plan_it_again(led, target):
    run = left_unknown(led, target)
    led.db.write_now(acting.looked, led.setup, 1, "back", run.id, "backup1", done=False)
    led.work()
    known = led.run(run)
    assert ("failed", False, "Backup One looked: it was not done") == (known.state, known.ran, known.why)
    assert ["planned", "approved", "started", "unknown", "failed"] == led.acts()
    with pytest.raises(Refused, match="nothing"):
        led.undo()
    assert "planned" == led.plan().state
    with pytest.raises(Refused, match="no plan"):
        led.db.write_now(acting.looked, led.setup, 1, "back", "nonsense", "backup1", done=True)


@pytest.mark.parametrize(("answer", "state"), [("done", "succeeded"), ("unknown", "unknown")])
def test_a_call_that_is_made_after_somebody_looked_is_told_all_the_same(led, target, monkeypatch, answer, state):
    """The worker was stopped right before its call, and goes on after somebody saw that nothing was done."""
    led.looks(monkeypatch)
    run = led.plan()
    led.dies = "X3"
    led.approve(run)
    led.dies = ""
    led.wait(seconds=31)
    led.db.write_now(acting.looked, led.setup, 1, "back", run.id, "martijn", done=False)
    led.work()
    led.paged()
    row, begun = led.db.read_now(queue.by_key, f"action:{run.id}"), led.run(run)
    assert ("failed", False) == (begun.state, begun.ran)

    for said in ("failed", answer, answer):  # that it failed is what is known; repeating an answer changes nothing
        led.db.write_now(acting.settle, led.setup, row.id, begun.epoch, acting.Acted(said, receipt="op-1"))
    led.wait(seconds=6)
    known = led.run(run)
    assert (state, True) == (known.state, known.ran)
    assert "after somebody looked" in known.why or "done" == answer
    assert (["backup1"] if answer == "unknown" else []) == led.paged()
    assert ["unknown", "failed", state] == led.acts()[-3:]


@pytest.mark.parametrize(("answer", "state"), [("done", "succeeded"), ("unknown", "unknown")])
def test_a_call_that_is_made_after_the_undo_is_told_all_the_same(led, target, monkeypatch, answer, state):
    """What was unknown was taken back unseen; then the worker that stood still goes on, and makes its call."""
    led.looks(monkeypatch)
    run = led.plan()
    led.dies = "X3"
    led.approve(run)
    led.dies = ""
    led.wait(seconds=31)
    led.approve(led.undo(run))
    row, begun = led.db.read_now(queue.by_key, f"action:{run.id}"), led.run(run)
    assert "undone" == begun.state

    for said in ("failed", answer, answer):
        led.db.write_now(acting.settle, led.setup, row.id, begun.epoch, acting.Acted(said, receipt="op-1"))
    led.wait(seconds=6)
    assert state == led.run(run).state == led.acts()[-1]
    with pytest.raises(Refused, match="at most once"):
        led.undo(run)


def test_an_undo_that_somebody_saw_done_takes_the_run_back(tmp_path, target):
    world = Acts(tmp_path, target, verify=None)
    world.declare()
    world.act(1, Acknowledge("martijn"))
    run = world.plan()
    world.approve(run)
    back = left_unknown(world, target, world.undo())
    world.act(1, Resolve("martijn"))  # what is over can be looked at all the same
    world.db.write_now(acting.looked, world.setup, 1, "back", back.id, "martijn", done=True)
    assert ("succeeded", "undone") == (world.run(back).state, world.run(run).state)


def test_what_is_idempotent_is_run_again_three_times_at_most(tmp_path, target):
    world = Acts(tmp_path, target, idempotent=True, verify=None)
    world.declare()
    run = world.plan()
    world.dies = "X4"
    world.approve(run)
    world.wait(seconds=30)
    world.dies = ""
    world.wait(seconds=30)
    assert ("succeeded", ["v1", "v1", "v1"], 3) == (world.run(run).state, target.calls, world.run(run).tries)

    world.wait(seconds=1)
    target.calls.clear()
    target.mode = "broken"
    second = world.plan()
    world.approve(second)
    world.wait(minutes=5)
    assert ("unknown", 3) == (world.run(second).state, len(target.calls))


@pytest.mark.parametrize(
    ("mode", "state", "says"),
    [("refused", "failed", "locked by another deploy"), ("broken", "unknown", "500"), ("cut", "unknown", "disconnected"),
     ("html", "unknown", "200")],
)  # fmt: skip
def test_what_the_far_side_says_is_told_in_its_words(led, target, mode, state, says):
    target.mode = mode
    run = led.plan()
    led.approve(run)
    led.wait(hours=1)
    assert (state, ["v1"]) == (led.run(run).state, target.calls)
    assert says in led.run(run).why
    assert any(says in text for text in led.texts("martijn"))


def test_what_can_no_longer_be_done_is_not_begun(led, target):
    run = led.plan()
    target.frozen = "a deploy is under way"
    led.approve(run)
    assert ("failed", "a deploy is under way; nothing was changed") == (led.run(run).state, led.run(run).why)
    assert [] == target.calls and "action_started" not in led.kinds()
    with pytest.raises(Refused, match="has changed nothing"):
        led.undo(run)


# --------------------------------------------------------------------------------------------- approval


def test_who_planned_it_does_not_approve_it(led, target):
    run = led.plan()
    with pytest.raises(Refused, match="a second person") as caught:
        led.approve(run, ANA)
    assert 403 == caught.value.status and [] == target.calls


def test_a_plan_is_approved_in_a_chat_by_the_code_of_its_message(tmp_path, target):
    """By the same rules as on its page: just this plan, by whom the runbook says, once, and while it holds."""
    world = Acts(tmp_path, target)
    world.declare()
    world.act(1, Acknowledge("martijn"))
    assert types(world, "approve INC-1").text.startswith("No plan waits for approval.")
    run = world.plan()
    code = run.hash[:8]
    world.wait(seconds=30)  # the group's limits
    assert any(f"approve INC-1 {code}" in text for text in world.room_texts())
    assert f"approve INC-1 {code} - back: the switch" in types(world, "approve INC-1", BACKUP).text

    assert "second person" in types(world, f"approve INC-1 {code}").text  # martijn planned it
    assert "no plan with the code" in types(world, "approve INC-1 0badc0de", BACKUP).text
    assert "no plan with the code" in types(world, f"approve INC-1 {code[:4]}", BACKUP).text
    assert [] == target.calls
    said = types(world, f"approve INC-1 {code.upper()}", BACKUP)
    assert ("Back is approved, and is run now: " in said.text, ["v1"]) == (True, target.calls)
    assert "backup1" == world.run(run).approved_by
    assert types(world, f"approve INC-1 {code}", BACKUP).refused

    late = world.plan()
    world.wait(minutes=10)
    assert "no plan with the code" in types(world, f"approve INC-1 {late.hash[:8]}", BACKUP).text
    assert ["v1"] == target.calls


def test_an_approval_is_used_once_and_only_for_its_own_incident_and_hash(led, target):
    led.declare(title="another")
    run = led.plan()
    with pytest.raises(Refused, match="no plan") as caught:
        led.approve(run, number=2)
    assert 404 == caught.value.status
    with pytest.raises(Refused, match="the hash"):
        led.approve(run, hash_=led.plan(by="backup1").hash[::-1])
    led.approve(run)
    led.approve(run)
    assert ["v1"] == target.calls


def test_a_plan_is_stale_once_another_was_run(led, target, monkeypatch):
    led.looks(monkeypatch)
    first, second = led.plan(), led.plan()
    led.approve(first)
    led.wait(seconds=10)
    with pytest.raises(Refused, match="was run since this was planned"):
        led.approve(second)
    assert ["v1"] == target.calls


def test_nothing_is_run_for_an_incident_that_is_over(led, target):
    run = led.plan()
    led.act(1, Resolve("martijn", "x", "y"))
    with pytest.raises(Refused, match="INC-1 is resolved: reopen it first"):
        led.approve(run)
    with pytest.raises(Refused, match="INC-1 is resolved"):
        led.plan()
    led.act(1, Reopen("martijn"))
    led.approve(run)
    assert ["v1"] == target.calls


def test_an_approval_that_nothing_acted_on_in_time_is_void(led, target):
    """Tocsin was down for an hour after somebody pressed: nothing surprises anybody then."""
    run = led.plan()
    led.db.write_now(actions.approve, led.setup, 1, "back", run.id, run.hash, BO, "backup1")
    led.sleep(minutes=10)
    led.work()
    assert ("failed", []) == (led.run(run).state, target.calls)
    assert "it was not begun within 10 minutes of its approval; nothing was changed" == led.run(run).why


def test_an_approval_that_is_void_stands_in_nobodys_way(led, target):
    """Its row was lost or set aside: after ten minutes it is as if it had not been given."""
    run = led.plan()
    led.db.write_now(actions.approve, led.setup, 1, "back", run.id, run.hash, BO, "backup1")
    row = led.db.read_now(queue.by_key, f"action:{run.id}")
    led.db.write_now(queue.settle, row.id, "failed")
    with pytest.raises(Refused, match="back is approved"):
        led.approve(led.plan())
    led.sleep(minutes=10)
    led.approve(led.plan())
    assert ["v1"] == target.calls


def test_on_a_quiet_incident_what_is_unknown_still_wakes_who_approved(tmp_path, target):
    world = Acts(tmp_path, target)
    world.declare("P3")
    run = world.plan()
    target.mode = "cut"
    world.approve(run)
    assert ["high"] == [row.urgency for row in world.pages() if row.person == "backup1"]


def test_the_switch_stops_what_is_approved_and_plans_may_be_made(led, target):
    run = led.plan()
    led.db.write_now(actions.approve, led.setup, 1, "back", run.id, run.hash, BO, "backup1")
    led.db.write_now(actions.stop, "martijn", "a freeze")
    led.db.write_now(actions.stop, "backup1", "another word")
    led.work()
    assert ("failed", []) == (led.run(run).state, target.calls)
    assert "all actions are stopped, by martijn" in led.run(run).why
    with pytest.raises(Refused, match="a freeze"):
        led.approve(led.plan())
    assert any("actions are stopped" in text for text in led.db.read_now(watch.banners))

    assert led.db.write_now(actions.allow, "martijn") and not led.db.write_now(actions.allow, "martijn")
    led.approve(led.plan())
    assert ["v1"] == target.calls
    assert led.db.read_now(audit.verify)["ok"]


# --------------------------------------------------------------------------------------------- undo


def test_it_is_undone_by_a_plan_of_its_own_once(led, target, monkeypatch):
    led.looks(monkeypatch)
    run = led.plan()
    led.approve(run)
    led.wait(seconds=6)
    back = led.undo()
    assert (("Take back: Set it from v2 to v1",), back) == (back.steps, led.undo(run))
    with pytest.raises(Refused, match="a second person"):
        led.approve(back, ANA)
    led.approve(back)

    assert (["v1", "v2"], "v2") == (target.calls, target.value)
    assert ("undone", "succeeded") == (led.run(run).state, led.run(back).state)
    assert "undone" == led.acts()[-1] and 1 == led.acts().count("succeeded")
    with pytest.raises(Refused, match="undone already"):
        led.undo(run)


def test_an_undo_that_died_is_unknown_and_is_not_done_again(led, target, monkeypatch):
    led.looks(monkeypatch)
    run = led.plan()
    led.approve(run)
    led.wait(seconds=6)
    back = led.undo()
    led.dies = "X4"
    led.approve(back)
    led.dies = ""
    led.wait(minutes=1)
    assert ("unknown", "succeeded", ["v1", "v2"]) == (led.run(back).state, led.run(run).state, target.calls)
    with pytest.raises(Refused, match="at most once"):
        led.undo(run)


def test_it_is_undone_while_it_is_still_verified(led, target):
    run = led.plan()
    led.approve(run)
    led.approve(led.undo(run))
    led.wait(minutes=10)
    assert ("undone", ["v1", "v2"]) == (led.run(run).state, target.calls)


# --------------------------------------------------------------------------------------------- drills, proposals


def test_a_drill_rehearses_it_and_changes_nothing(tmp_path, target):
    world = Acts(tmp_path, target)
    world.db.write_now(respond.declare, world.setup, Declared("Drill", "P0", "martijn", drill=True))
    world.act(1, Acknowledge("martijn"))
    run = world.plan()
    world.approve(run)
    assert ("succeeded", "a rehearsal: nothing was changed", []) == (
        world.run(run).state,
        world.run(run).why,
        target.calls,
    )
    assert world.duty("fix").done_at is not None
    assert world.db.read_now(store.last, "back") is None


def test_a_dry_run_stands_on_the_timeline_and_can_never_be_run(led, target):
    run = led.plan(dry=True, why_not="it could not be done now: frozen")
    with pytest.raises(Refused, match="dry run"):
        led.approve(run)
    assert (["planned"], []) == (led.acts(), target.calls)
    assert True is led.facts("action_planned")[0].data["dry"]
    assert not any("back is planned" in text for text in led.room_texts())


def test_what_a_cause_speaks_for_is_proposed_once_to_who_leads(led, monkeypatch):
    from tocsin.core import acting as told
    from tocsin.core.actions import Proposal

    offered = (Proposal("back", "dpl_2 went out 3 minutes before", "deployment"),)
    monkeypatch.setattr(told, "by_cause", lambda state, runbook: offered)
    led.wait(minutes=2)
    led.act(1, Acknowledge("backup1"))
    led.wait(minutes=2)

    notes = [entry.data["text"] for entry in led.facts("note") if entry.data.get("proposed")]
    assert ["back is proposed: dpl_2 went out 3 minutes before"] == notes
    assert 1 == sum("back is proposed" in text for text in led.texts("martijn"))
    assert 1 == sum("back is proposed" in text for text in led.room_texts())
    assert ("back",) == led.state().proposed


def test_a_restored_tocsin_runs_nothing_before_its_release(led, target, monkeypatch):
    monkeypatch.setattr(actions.restored, "held_until", lambda tx: tx.now + timedelta(minutes=9))
    with pytest.raises(Refused, match="restored from a backup"):
        led.approve(led.plan())
    assert [] == target.calls


def test_an_outcome_is_kept_and_told_though_its_incident_cannot_be_worked_on(led, target, monkeypatch):
    run = led.plan()
    led.dies = "X4"
    led.approve(run)
    led.dies = ""
    real = acting.moved
    monkeypatch.setattr(acting, "moved", lambda *args, **more: (real(*args, **more), 1 / 0))
    led.wait(seconds=31)
    assert "unknown" == led.run(run).state
    assert any("back is unknown" in text for text in led.texts("alerts"))


def test_a_secret_of_the_connection_stands_nowhere(led):
    assert "***" in actions.safe(
        "the token tk-12345 was refused", SimpleNamespace(items=lambda: [("token", "tk-12345")])
    )


@pytest.mark.parametrize("minutes", [2, 11])
def test_what_was_approved_in_a_backup_is_not_run_again_after_the_restore(led, target, minutes):
    """It may have been run since the backup was taken: nobody knows, and whoever approved it is paged to look."""
    run = led.plan()
    led.paged()
    led.db.write_now(actions.approve, led.setup, 1, "back", run.id, run.hash, BO, BO.acts_as)
    driver = led.db.engine.raw_connection().driver_connection
    image = driver.serialize()
    led.work()
    assert ["v1"] == target.calls
    with closing(sqlite3.connect(":memory:")) as backup:
        backup.deserialize(image)
        backup.backup(driver)

    restore(led)
    assert "approved" == led.run(run).state
    led.wait(minutes=minutes)
    led.db.write_now(restored.release, "admin")
    led.work()
    known = led.run(run)
    assert (["v1"], "unknown", True) == (target.calls, known.state, known.ran)
    assert "restored from a backup" in known.why
    assert "backup1" in led.paged()
    second = led.plan()
    led.approve(second)
    assert ["v1", "v1"] == target.calls, "what is approved since is run"
