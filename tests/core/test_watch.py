"""What counts as silent, when nobody can be paged, and what a clock may do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tocsin.core.watch import Blocked, Look, Tries, blocked, clock_notice, silence, skew_notice

NOW = datetime(2026, 11, 23, 9, 2, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({}, ""),
        ({"wake_at": NOW - MINUTE}, ""),
        ({"wake_at": NOW - MINUTE - SECOND}, "its timer was overdue by 1 minute 1 second"),
        ({"wake_at": None}, "it had no timer"),
        ({"wake_at": NOW + 6 * MINUTE}, ""),
        ({"wake_at": NOW + 6 * MINUTE + SECOND}, "its timer was 1 minute 1 second later than its next step"),
        ({"wake_at": NOW + 9 * MINUTE, "set_aside": True}, ""),
        ({"row_due": NOW - MINUTE}, ""),
        ({"row_due": NOW - 2 * MINUTE}, "a page waited in the outbox for 2 minutes"),
        ({"lease_until": NOW - MINUTE}, ""),
        ({"lease_until": NOW - 2 * MINUTE}, "the claim of a page had ended 2 minutes before"),
        ({"lost": ("p",)}, "a page was asked for and was not in the outbox"),
    ],
)
def test_what_counts_as_silent(changes, why):
    look = {"number": 1, "step_due": NOW + 5 * MINUTE, "wake_at": NOW + MINUTE, **changes}

    assert why == silence(Look(**look), NOW)


def tries(via="telegram", delivered=False, page=True, ago=90, last=0, why="status 500"):
    return Tries(via, delivered, page, NOW - ago * SECOND, NOW - last * SECOND, why)


SINCE = Blocked(NOW - 5 * MINUTE, ("telegram",), "telegram: status 500")


@pytest.mark.parametrize(
    ("given", "before", "expected"),
    [
        ([], None, None),
        ([tries(ago=59)], None, None),
        ([tries()], None, Blocked(NOW - 90 * SECOND, ("telegram",), "telegram: status 500")),
        ([tries(page=False)], None, None),
        ([tries(), tries("email", delivered=True)], None, None),
        ([tries(), tries("email", delivered=True, page=False)], None,
         Blocked(NOW - 90 * SECOND, ("telegram",), "telegram: status 500")),
        ([tries(), tries("email", why="451 later", last=-1)], None,
         Blocked(NOW - 90 * SECOND, ("email", "telegram"), "email: 451 later")),
        ([], SINCE, SINCE),  # nothing was tried: it is still so
        ([tries(ago=10)], SINCE, SINCE),
        ([tries("email", delivered=True)], SINCE, None),
        ([tries(delivered=True, page=False)], SINCE, None),  # a text by the way that had failed
        ([tries("email", delivered=True, page=False)], SINCE, SINCE),
        ([tries("email", delivered=True, last=301)], SINCE, SINCE),  # that was before
    ],
)  # fmt: skip
def test_whether_anybody_can_be_paged(given, before, expected):
    assert expected == blocked(given, before, NOW)


def test_the_banner_says_why_and_since_when():
    assert "Tocsin cannot page: telegram: status 500, since 2026-11-23 08:57 UTC" == SINCE.text
    nothing_said = blocked([tries(why="")], None, NOW)
    assert nothing_said
    assert "telegram fails" == nothing_said.why


@pytest.mark.parametrize(
    ("behind", "jumped", "begins"),
    [(0, 0, ""), (2, 300, ""), (3, 0, "clock moved back: "), (0, 301, "clock moved: it jumped 5 minutes 1 second")],
)
def test_what_is_said_of_a_clock(behind, jumped, begins):
    said = clock_notice(timedelta(seconds=behind), timedelta(seconds=jumped))

    assert said.startswith(begins)
    assert bool(begins) == bool(said)


def test_a_node_off_the_database_is_named_either_way():
    assert "" == skew_notice(NOW, NOW + 2 * SECOND)
    assert "clock skew: this node is 900 s off the database's clock" == skew_notice(NOW, NOW - 15 * MINUTE)
    assert skew_notice(NOW, NOW + 3 * SECOND)
