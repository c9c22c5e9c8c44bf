"""Each person's monthly test page: in their working hours, never in their first week, never all on one day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from tocsin import runbook_file
from tocsin.core import testpage

NOW = datetime(2026, 11, 23, 9, 2, tzinfo=UTC)
BOOK = runbook_file.read((Path(__file__).parents[2] / "examples/proofi/runbook.yaml").read_text("utf-8"), {}).runbook
ANA = BOOK.people["martijn"].model_copy(update={"timezone": "America/New_York"})


def book(**people):
    return BOOK.model_copy(update={"people": {**BOOK.people, **people}})


def test_a_year_of_tests_is_one_a_month_in_working_hours():
    runbook, at, months = book(ana=ANA), NOW, []
    for _ in range(12):
        at = testpage.next_test(runbook, "ana", at + testpage.SETTLE)
        assert testpage.in_working_hours(runbook, "ana", at), at
        months.append((at.year, at.month))

    assert 12 == len(set(months))
    assert sorted(months) == months


def test_people_are_spread_over_the_month():
    runbook = book(**{f"p{i}": ANA for i in range(40)})

    assert 8 < len({testpage.next_test(runbook, f"p{i}", NOW).day for i in range(40)})


def test_who_wants_none_and_who_is_gone_get_none():
    assert testpage.next_test(book(ana=ANA.model_copy(update={"test_page": "never"})), "ana", NOW) is None
    assert testpage.next_test(BOOK, "gone", NOW) is None
    assert not testpage.in_working_hours(BOOK, "gone", datetime(2026, 11, 22, 12, tzinfo=UTC))  # a Sunday
    assert not testpage.in_working_hours(BOOK, "martijn", NOW - timedelta(hours=6))
