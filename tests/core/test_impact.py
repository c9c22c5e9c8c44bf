"""Questions about the impact, and the severity that their answers propose."""

from __future__ import annotations

from pathlib import Path

import pytest

from tocsin import runbook_file
from tocsin.core import impact
from tocsin.core.runbook_noise import Question

BOOK = runbook_file.read(
    (Path(__file__).parents[2] / "examples/proofi/runbook.yaml").read_text(encoding="utf-8"), {}
).runbook


@pytest.mark.parametrize(
    ("chosen", "severity"),
    [({}, None), ({0: 0}, "P0"), ({0: 1}, "P1"), ({0: 3, 1: 1}, "P3"), ({0: 3, 1: 0}, "P0"), ({1: 2}, None),
     ({0: 99, 7: 0}, None)],
)  # fmt: skip
def test_the_worst_answer_proposes(chosen, severity):
    assert severity == impact.propose(BOOK, chosen).severity


def test_the_proposal_says_which_answer_made_it_so_bad():
    assert "Who is affected? Most people: something central is broken" == impact.propose(BOOK, {0: 1, 1: 1}).because


def test_a_runbook_asks_its_own_questions():
    own = Question(ask="Lost?", answers=({"text": "Yes", "severity": "P1"}, {"text": "No"}))
    book = BOOK.model_copy(update={"impact_questions": (own,)})
    assert ((own,), "P1", None) == (
        impact.questions(book), impact.propose(book, {0: 0}).severity, impact.propose(book, {0: 1}).severity,
    )  # fmt: skip


def test_few_severities_are_enough():
    book = BOOK.model_copy(update={"severities": {"P0": BOOK.severities["P0"]}})
    assert "P0" == impact.propose(book, {0: 3}).severity
