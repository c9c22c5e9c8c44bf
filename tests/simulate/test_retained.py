"""Retention runs in the simulated world, takes rows of what ended long ago, and is watched."""

from __future__ import annotations

import pytest

from tocsin.simulate.run import simulate
from tocsin.store import retention

from .bugs import PLANTED


def test_old_rows_go_and_no_promise_is_broken():
    gone = []
    remove = retention.remove
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(retention, "remove", counting := lambda tx, *of: gone.append(found := remove(tx, *of)) or found)
        patch.setattr("tocsin.simulate.oracle.retention.remove", counting)
        assert () == simulate(0, 1.0).violations
    assert sum(gone) > 0


def test_a_removal_that_takes_from_an_open_incident_is_found():
    with pytest.MonkeyPatch.context() as patch:
        PLANTED["retention deletes an open incident"](patch)
        assert "9 retention" == simulate(0, 1.0).violations[0].rule
