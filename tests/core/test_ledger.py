"""The hash chain: what it covers, and what breaks it."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from tocsin.core import ledger
from tocsin.core.types import Fact

NOW = datetime(2026, 11, 23, 9, 2, tzinfo=UTC)


def rows(count=5, incident=7):
    facts = [Fact("note", NOW, "ana", {"text": f"note {i}"}) for i in range(count)]
    return [(seq, f.at, f.kind, f.actor, data, hash_) for seq, f, data, hash_ in ledger.append(
        ledger.GENESIS, incident, 0, facts)]  # fmt: skip


def test_a_reader_can_repeat_the_hash_with_any_sha256():
    [(_, _, _, _, data, hash_)] = rows(1)
    text = f"{'0' * 64}\n7\n1\n2026-11-23T09:02:00.000000+00:00\nnote\nana\n{data}"

    assert hashlib.sha256(text.encode()).hexdigest() == hash_


def test_a_whole_chain_holds():
    assert (None, 5, rows()[-1][5]) == ledger.first_broken(7, rows())


@given(st.integers(0, 4), st.integers(1, 5))
def test_any_change_of_any_part_breaks_the_chain_there(row, part):
    changed = [list(r) for r in rows()]
    changed[row][part] = NOW.replace(year=2027) if part == 1 else f"{changed[row][part]}x"
    broken, good, _ = ledger.first_broken(7, [tuple(r) for r in changed])

    assert (row + 1, row) == (broken, good)


def test_a_hole_another_order_and_another_incident_break_it():
    assert 3 == ledger.first_broken(7, [*rows()[:2], *rows()[3:]])[0]
    assert 2 == ledger.first_broken(7, [rows()[0], rows()[2], rows()[1]])[0]
    assert 1 == ledger.first_broken(8, rows())[0]


def test_data_is_written_in_one_way():
    assert '{"a":"\\u00e9","b":1}' == ledger.dump({"b": 1, "a": "é"})
