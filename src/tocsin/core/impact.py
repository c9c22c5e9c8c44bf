"""How bad is it: the runbook's questions about the impact, and the severity that the answers propose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tocsin.core.runbook import Runbook
from tocsin.core.runbook_noise import Answer, Question

# Asked where the runbook asks nothing of its own. An answer is as bad as its place among the severities, worst first.
REACH: Final = ("Everybody: nothing works", "Most people: something central is broken",
                "Some people, or it is only slow", "Nobody really: it looks wrong")  # fmt: skip
HARM: Final = "Are private keys, money or people's data exposed or lost?"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A severity with the question and answer that made it so bad; None as long as no answer says anything."""

    severity: str | None
    because: str = ""


def questions(runbook: Runbook) -> tuple[Question, ...]:
    """The runbook's own questions, else two that fit every organization."""
    if runbook.impact_questions:
        return runbook.impact_questions
    names = list(runbook.severities)
    reach = tuple(Answer(text=text, severity=names[min(i, len(names) - 1)]) for i, text in enumerate(REACH))
    harm = (Answer(text="Yes", severity=names[0]), Answer(text="No"), Answer(text="Not known yet"))
    return (Question(ask="Who is affected?", answers=reach), Question(ask=HARM, answers=harm))


def propose(runbook: Runbook, chosen: Mapping[int, int]) -> Proposal:
    """
    The worst severity that an answer names.

    Args:
        chosen: The place of a question, from 0, to the place of its answer. Places that do not exist say nothing.
    """
    order, asked = list(runbook.severities), questions(runbook)
    said = [
        (order.index(answer.severity), f"{question.ask} {answer.text}")
        for place, question in enumerate(asked)
        if (answer := _chosen(question, chosen.get(place))) and answer.severity in order
    ]
    if not said:
        return Proposal(None)
    worst, because = min(said)
    return Proposal(order[worst], because)


def _chosen(question: Question, place: int | None) -> Answer | None:
    return question.answers[place] if place is not None and 0 <= place < len(question.answers) else None
