"""kill -9 at every named point, at its first, second and seventh pass: what was answered is there, once."""

from __future__ import annotations

import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tocsin.points import POINTS

from .harness import die_and_compare

SOURCE = Path(__file__).parents[2] / "src/tocsin"
PASSES = (1, 2, 7)
ELSEWHERE = {"B", "M", "V"}  # the first letters of points whose kills are tested beside what they belong to
HERE = [point for point in POINTS if point[0] not in {*ELSEWHERE, "X"}]
ACTING = [point for point in POINTS if point[0] == "X"]
AT_ONCE = 4


def test_every_point_in_the_code_is_listed_and_every_listed_one_is_in_the_code():
    """A point that nobody lists, or that is listed and never passed, fails the build."""
    found = {
        name
        for path in SOURCE.rglob("*.py")
        if "simulate" not in path.parts
        for name in re.findall(r'passing\("(\w+)"\)|": "(O\d)",', path.read_text(encoding="utf-8"))
        for name in name
        if name
    }
    assert set(POINTS) == found - {"name"}


def test_kill_at_every_point_on_its_first_second_and_seventh_pass(tmp_path):
    """Answered alerts and acknowledgements are there once, every page goes out, one copy more at most for each in flight."""
    begun = time.monotonic()
    cases = [(point, nth) for point in HERE for nth in PASSES]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        results = list(pool.map(lambda c: die_and_compare(tmp_path / f"{c[0]}-{c[1]}", *c), cases))
    wrong = {f"{point} pass {nth}": found for (point, nth), found in zip(cases, results, strict=True) if found}
    assert {} == wrong
    assert len(cases) == len(HERE) * len(PASSES), f"{time.monotonic() - begun:.0f} s"


def test_kill_while_acting_at_every_point_on_its_first_second_and_seventh_pass(tmp_path):
    """No call is made twice; what began and has no outcome is unknown, and whoever approved it is paged to look."""
    cases = [(point, nth) for point in ACTING for nth in PASSES]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        results = list(pool.map(lambda c: die_and_compare(tmp_path / f"{c[0]}-{c[1]}", *c), cases))
    assert {} == {f"{point} pass {nth}": found for (point, nth), found in zip(cases, results, strict=True) if found}
    assert 5 * len(PASSES) == len(cases)
