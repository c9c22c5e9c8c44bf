"""A person chooses faults by kind and by group."""

from __future__ import annotations

import pytest

from tocsin.simulate.faults import ALL_FAULTS, GROUPS, kinds_of


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("all", ALL_FAULTS), ("none", set()), ("kill", {"kill"}), ("deaths, provider", GROUPS["deaths"] | {"provider"}),
        ("all,-storm", ALL_FAULTS - {"storm"}), ("-edits", ALL_FAULTS - GROUPS["edits"]), ("deaths,-kill", {"crash", "pause"}),
    ],
)  # fmt: skip
def test_kinds_and_groups_are_added_and_left_out(text, kinds):
    assert kinds == kinds_of(text)


@pytest.mark.parametrize("text", ["meteor", "all,-meteor", "", "kill,,pause"])
def test_what_is_no_fault_is_refused(text):
    with pytest.raises(ValueError, match="no fault"):
        kinds_of(text)


def test_every_kind_but_none_is_in_a_group_of_its_own():
    groups = [kinds for name, kinds in GROUPS.items() if name not in ("all", "none")]
    assert ALL_FAULTS == frozenset().union(*groups)
    assert len(ALL_FAULTS) == sum(map(len, groups))
