"""Where people act in the simulated world: clean, the same each time, and faults strike at each point of an action."""

from __future__ import annotations

import json
import os
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

import pytest
from typer.testing import CliRunner

from tocsin.cli import app
from tocsin.simulate.faults import ACTED, ALL_FAULTS, RATES, plan
from tocsin.simulate.run import simulate

from .acting_bugs import PLANTED

SEEDS = 14
DAYS = 0.5
CAUGHT_WITHIN = 50  # seeds; reliability.md section 4
ENDS = {"succeeded", "refused", "not begun", "unknown", "undone"}


def _run(seed):
    result = simulate(seed, DAYS, acting=True)
    return seed, [(v.rule, v.text) for v in result.violations], result.met, result.outcomes


def test_people_act_and_no_promise_is_broken():
    """Every seed is clean, each point of an action was passed while something went wrong, and every end was met."""
    met, outcomes = Counter(), Counter()
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for seed, violations, at_work, ends in pool.map(_run, range(SEEDS)):
            assert not violations, f"tocsin simulate --actions --seed {seed} --days {DAYS:g}: {violations[0]}"
            met += at_work
            outcomes += ends
    assert set() == {(kind, point) for kind in ("crash", "target") for point in ACTED if not met[kind, point]}
    assert set() == {point for point in ACTED if sum(met[kind, point] for kind in RATES) < SEEDS}
    assert set() == {end for end in ENDS if not outcomes[end]}


def test_the_same_seed_gives_the_same_trace():
    first, again = simulate(7, 0.2, acting=True), simulate(7, 0.2, acting=True)
    assert (first.trace_hash, first.outcomes) == (again.trace_hash, again.outcomes)
    assert first.outcomes
    assert {first.trace_hash} & {simulate(8, 0.2, acting=True).trace_hash, simulate(7, 0.2).trace_hash} == set()


def test_without_faults_only_what_the_target_refuses_is_not_done():
    result = simulate(3, 0.2, kinds=frozenset(), acting=True)
    assert ((), ()) == (result.violations, result.faults)
    assert result.outcomes["succeeded"] and not result.outcomes["unknown"]


def test_where_nobody_acts_the_plan_of_a_seed_is_what_it_was():
    """The faults that strike while an action runs come on top of the others."""
    asleep, acting = plan(3, 2.0, ALL_FAULTS), plan(3, 2.0, ALL_FAULTS, acting=True)
    assert set(asleep) < set(acting)
    assert {fault.kind for fault in asleep} <= set(RATES)
    assert {fault.how for fault in set(acting) - set(asleep) if fault.kind == "crash"} <= set(ACTED)


def test_the_command_says_what_became_of_the_actions():
    asked = ["simulate", "--actions", "--seed", "5", "--days", "0.1", "--faults", "none"]
    result = CliRunner().invoke(app, [*asked, "--json"])
    assert 0 == result.exit_code, result.output
    assert json.loads(result.stdout)["actions"]["succeeded"]
    assert "actions: " in CliRunner().invoke(app, asked).output


def _caught(name):
    for seed in range(CAUGHT_WITHIN):
        with pytest.MonkeyPatch.context() as patch:
            PLANTED[name](patch)
            if found := simulate(seed, DAYS, acting=True).violations:
                return name, found[0].rule
    return name, None


def test_every_planted_bug_in_actions_is_caught_within_fifty_seeds():
    """And by the promise about actions, not by some other that it happens to break."""
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        rules = dict(pool.map(_caught, PLANTED))
    assert {} == {name: rule for name, rule in rules.items() if not (rule or "").startswith("17 ")}
