from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core import contrast
from tocsin.core.contrast import GROUNDS, TEXT, least, ratio, readable


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [("#000000", "#ffffff", 21.0), ("#777777", "#ffffff", 4.48), ("#1f4fd1", "#1f4fd1", 1.0), ("#ffff00", "#ffffff", 1.07)],
)  # fmt: skip
def test_the_ratio_is_that_of_the_standard(one, other, expected):
    assert expected == round(ratio(one, other), 2) == round(ratio(other, one), 2)


def test_what_reads_already_stays_as_it_is():
    assert "#1f4fd1" == readable("#1f4fd1", GROUNDS["light"])
    assert "#1f4fd1" != readable("#1f4fd1", GROUNDS["dark"])


@given(st.integers(0, 0xFFFFFF), st.sampled_from(sorted(GROUNDS)))
def test_every_colour_becomes_one_that_reads(number, theme):
    assert least(readable(f"#{number:06x}", GROUNDS[theme]), GROUNDS[theme]) >= TEXT


def test_where_nothing_reads_it_is_the_best_there_is():
    assert "#ffffff" == contrast.readable("#808080", ("#000000", "#888888"), 20)
