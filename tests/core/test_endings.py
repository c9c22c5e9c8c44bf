"""Where a search ends too soon, and what nobody can finish: said, and not said of what only sounds alike."""

from __future__ import annotations

import pytest

from tocsin.core import lint


@pytest.mark.parametrize(
    ("ends", "goes_on", "rule"),
    [
        ("The node was the only cause.", "There is no single cause.", "single-cause"),
        ("It was solely due to the old key.", "The old key was one of three conditions.", "single-cause"),
        ("Root cause: DNS.", "Root cause: DNS, and no alert on stale answers.", "single-cause"),
        ("Be careful with the valve.", "A careful start by region kept it small.", "vague-action"),
        ("Strengthen the resilience of the flow.", "Set the limit of the flow to 500.", "vague-action"),
        ("Pay more attention to the graphs.", "Alert when the queue is over 400 for five minutes.", "vague-action"),
    ],
)
def test_an_ending_is_found_and_its_neighbour_is_not(ends, goes_on, rule):
    assert rule in lint.sentence(ends)
    assert frozenset() == lint.sentence(goes_on)


def test_an_action_that_can_be_verified_is_not_vague():
    assert {"vague-action"} == lint.sentence("Improve the monitoring of the queue.")
    assert frozenset() == lint.sentence("Improve the monitoring of the queue: alert at 400, verified by a load test.")
