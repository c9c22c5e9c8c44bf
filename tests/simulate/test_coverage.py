"""What was met is counted for each fault at each crash point, and what was met too seldom is named."""

from __future__ import annotations

from collections import Counter

from tocsin.simulate.coverage import nested, table, thin
from tocsin.simulate.faults import RATES, SIMULATED

EVERYTHING = Counter({(kind, point): 20 for kind in RATES for point in SIMULATED})


def test_what_was_met_too_seldom_is_named():
    assert [] == thin(EVERYTHING)
    assert ["crash at O3: 19"] == thin(EVERYTHING - Counter({("crash", "O3"): 1}))
    assert len(RATES) * len(SIMULATED) == len(thin(Counter()))


def test_the_table_has_a_line_for_each_point_and_a_column_for_each_fault():
    head, *lines = table(EVERYTHING + Counter({("kill", "A4"): 1_000_000}))
    assert list(RATES) == head.split()
    assert [*SIMULATED] == [line.split()[0] for line in lines]
    assert {len(head)} == {len(line) for line in lines}
    assert "1,000,020" in lines[-1]


def test_json_leaves_out_what_was_not_met():
    assert {"kill": {"O3": 2}} == nested(Counter({("kill", "O3"): 2}))
