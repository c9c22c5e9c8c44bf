"""The state: its lifecycle table, and that it survives being written down."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tocsin import runbook_file
from tocsin.core import decide
from tocsin.core.events import Around, Declared
from tocsin.core.incident import LIFE, fold, from_json, replay, to_json
from tocsin.core.types import Fact

NOW = datetime(2026, 11, 23, 9, 2, 0, 123456, tzinfo=UTC)
TEXT = (Path(__file__).parents[2] / "examples/proofi/runbook.yaml").read_text(encoding="utf-8")
BOOK = runbook_file.read(TEXT, {}).runbook


def declared(severity="P0"):
    event = Declared("Down", severity, "ana", service="proofi.ai")
    return decide.declare(1, "v", event, BOOK, NOW, Around(who=lambda target: frozenset({"martijn"})))


@pytest.mark.parametrize("severity", ["P0", "P1", "P2", "P3"])
def test_a_state_survives_being_written_and_its_timeline_gives_it_again(severity):
    decision = declared(severity)

    assert decision.state == from_json(to_json(decision.state))
    assert decision.state == replay(1, "v", list(decision.facts))


@pytest.mark.parametrize(("before", "kind"), sorted(LIFE))
def test_each_row_of_the_lifecycle_holds(before, kind):
    from dataclasses import replace

    state = replace(declared().state, status=before)
    after = fold(state, Fact(kind, NOW, "ana", {}))

    assert LIFE[(before, kind)] == after.status


def test_nothing_but_the_table_leaves_resolved():
    ends = {(before, kind) for before, kind in LIFE if before == "resolved"}

    assert {("resolved", "reopened"), ("resolved", "unacknowledged")} == ends
