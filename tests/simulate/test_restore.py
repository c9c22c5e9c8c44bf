"""A backup that is put back at the end of a run sends its summary and nothing else, until it is released."""

from __future__ import annotations

import pytest

from tocsin.simulate.faults import Fault
from tocsin.simulate.run import simulate

from .bugs import PLANTED

BACKUP = (Fault("restore", 40_000.0),)


def test_a_backup_put_back_breaks_no_promise_and_leaves_the_trace_alone():
    restored, plain = simulate(0, 0.5, BACKUP), simulate(0, 0.5, (Fault("notify", 40_000.0),))
    assert () == restored.violations
    assert any(line == "a backup is put back" for _, line in restored.log)
    assert restored.timeline == plain.timeline


def test_a_page_before_the_release_is_found():
    with pytest.MonkeyPatch.context() as patch:
        PLANTED["a restore replays pages"](patch)
        found = {v.rule for seed in range(2) for v in simulate(seed, 1.0, (Fault("restore", 80_000.0),)).violations}
    assert {"19 restored"} == found
