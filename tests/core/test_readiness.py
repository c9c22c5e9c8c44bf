"""What hurts one night, when it is looked at, and what is said of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tocsin import runbook_file
from tocsin.core import readiness
from tocsin.core.reach import Heard
from tocsin.core.readiness import Failing, Known
from tocsin.core.runbook_check import Finding, Gap, gaps
from tocsin.core.statuspage import HostHealth

TEXT = (Path(__file__).parents[2] / "examples/proofi/runbook.yaml").read_text(encoding="utf-8")
NOW = datetime(2026, 11, 23, 9, 2, tzinfo=UTC)
DAY = timedelta(days=1)
BOOK = runbook_file.read(TEXT, {}).runbook


def found(**known):
    return {f.kind: f for f in readiness.all_findings(BOOK, Known(**known), NOW, ()) if f.kind in KINDS}


KINDS = ("unreachable", "contact_broken", "contact_unproved", "test_unanswered", "integration_failing",
         "integration_left_out", "hand_off_unconfirmed", "tzdata_old")  # fmt: skip


def heard(state, why="", kind="telegram"):
    return Heard(NOW, "alerts", kind, state, why)


@pytest.mark.parametrize(
    ("known", "kind", "subject", "text"),
    [
        ({"reached": {"backup1": (heard("broken", "broken since 2026-11-20: blocked"),)}}, "contact_broken", "backup1",
         "alerts to Backup One is broken since 2026-11-20: blocked"),
        ({"reached": {"backup1": (heard("broken", "x"), heard("never proved", kind="console"))}}, "unreachable", "backup1",
         "no notification rule for high urgency reaches Backup One"),
        ({"reached": {"backup1": (heard("never proved"),)}}, "contact_unproved", "backup1",
         "alerts to Backup One was never proved"),
        ({"tests": {"backup1": (NOW - 2 * DAY, None)}}, "test_unanswered", "backup1",
         "Backup One did not answer the test page of 2026-11-21 09:02 UTC"),
        ({"tests": {"backup1": (NOW - 40 * DAY, NOW - 39 * DAY)}}, "test_unanswered", "backup1",
         "the last test page to Backup One is of 2026-10-14 09:02 UTC"),
        ({"failing": [Failing("alerts", "status 500")]}, "integration_failing", "alerts",
         "every try of the last day failed: status 500"),
        ({"left_out": ["Telegram: no TELEGRAM_BOT_TOKEN; pages go to the console"]}, "integration_left_out", "Telegram",
         "no TELEGRAM_BOT_TOKEN; pages go to the console"),
        ({"unconfirmed": [("gone", ("primary", "secondary"), NOW)]}, "hand_off_unconfirmed", "gone",
         "gone has not confirmed the pager for primary, secondary since 2026-11-23 09:02 UTC"),
        ({"zones": "old rules"}, "tzdata_old", "tzdata", "old rules"),
    ],
)  # fmt: skip
def test_what_only_the_database_knows_is_found(known, kind, subject, text):
    reached = {} if "reached" in known else {"reached": {}}
    told = readiness.all_findings(BOOK, Known(**known, **reached), NOW, ())

    assert Finding(kind, subject, text) in told


@pytest.mark.parametrize(("minutes", "found"), [(4, False), (5, True)])
def test_a_host_of_the_status_page_that_fails_for_five_minutes_is_found(minutes, found):
    failing = HostHealth("directory d", "", None, None, NOW - timedelta(minutes=minutes), "no space")
    said = [f.text for f in readiness.all_findings(BOOK, Known(hosts=[HostHealth("ok"), failing]), NOW, ())]
    assert found == ("never published: no space" in said)


def test_a_good_state_gives_none_of_them():
    good = Known(
        {"backup1": (heard("proved"),)}, {"backup1": (NOW - 2 * DAY, NOW - DAY), "gone": (NOW - 90 * DAY, None)}
    )
    kinds = {f.kind for f in readiness.all_findings(BOOK, good, NOW, ())}

    assert {"unreachable", "same_person", "no_verify"} == kinds  # of the file, without any token
    assert {"test_unanswered"}.isdisjoint(found(tests={"backup1": (NOW - timedelta(hours=1), None)}))


def test_the_worst_comes_first_and_every_kind_says_what_to_do_next():
    everything = Known(
        {"backup1": (heard("broken", "broken"), heard("never proved"))}, {}, [Failing("alerts", "x")], ["Telegram: no"],
        [("martijn", ("primary",), NOW)], "old",
    )  # fmt: skip
    kinds = [f.kind for f in readiness.all_findings(BOOK, everything, NOW, ())]

    assert sorted(kinds, key=readiness.rank) == kinds
    assert set(kinds) <= set(readiness.NEXT)
    assert len(readiness.NEXT) == readiness.rank("something else")


@pytest.mark.parametrize(
    ("now", "zone", "morning"),
    [
        ("2026-03-28T08:00:00Z", "Europe/Amsterdam", "2026-03-29T07:00:00Z"),  # exactly nine: the next one
        ("2026-10-24T20:00:00Z", "Europe/Amsterdam", "2026-10-25T08:00:00Z"),
        ("2026-11-23T08:59:59Z", "UTC", "2026-11-23T09:00:00Z"),
        ("2026-11-23T23:00:00Z", "Pacific/Auckland", "2026-11-24T20:00:00Z"),
    ],
)
def test_the_daily_look_is_at_nine_local(now, zone, morning):
    book = runbook_file.read(TEXT.replace("timezone: UTC  ", f"timezone: {zone}  ", 1), {}).runbook

    assert zone == book.organization.timezone
    assert datetime.fromisoformat(morning) == readiness.next_morning(book, datetime.fromisoformat(now))


def test_tonight_is_where_the_person_is():
    book = runbook_file.read(
        TEXT.replace("    name: Martijn\n", "    name: Martijn\n    timezone: Asia/Tokyo\n"), {}
    ).runbook

    assert datetime(2026, 11, 23, 18, 0, tzinfo=UTC) == readiness.tonight(book, "martijn", NOW)
    assert datetime(2026, 11, 24, 3, 0, tzinfo=UTC) == readiness.tonight(book, "backup1", NOW)


def gap_in(**span):
    start = NOW + timedelta(**span)
    return Gap("primary", start, start + DAY)


@pytest.mark.parametrize(
    ("span", "keys", "also", "following"),
    [
        ({"days": 8}, [], [], 1), ({"days": 7}, ["7d"], [()], 6), ({"days": 3}, ["7d"], [()], 2),
        ({"days": 1}, ["1d"], [("7d",)], None), ({"hours": 1}, ["1d"], [("7d",)], None), ({"hours": 0}, [], [], None),
    ],
)  # fmt: skip
def test_a_gap_is_announced_a_week_and_a_day_before(span, keys, also, following):
    gap = gap_in(**span)
    told = readiness.announcements([gap], NOW)

    assert keys == [key.rpartition(":")[2] for key, _, _ in told]
    assert also == [tuple(key.rpartition(":")[2] for key in keys_) for _, _, keys_ in told]
    assert (following and NOW + following * DAY) == readiness.next_announcement([gap], NOW)


def test_a_gap_is_told_in_the_schedules_own_time():
    gap = Gap("primary", NOW + 7 * DAY, NOW + 8 * DAY)

    assert (
        "Nobody is on call on primary from Mon 2026-11-30 10:02 until Tue 2026-12-01 10:02 (Europe/Amsterdam), in 7 days. "
        "Add an override for that span, or put somebody into the rotation."
    ) == readiness.gap_words(gap, BOOK, NOW)
    forever = Gap("gone", NOW + DAY, datetime.max.replace(tzinfo=UTC))
    assert "until" not in readiness.gap_words(forever, BOOK, NOW)


def test_a_gap_that_lasts_keeps_its_bounds_from_day_to_day():
    """Otherwise it would be new, and told, every morning."""
    text = TEXT.replace("starts: 2025-02-03}\n  secondary", "starts: 2026-12-14}\n  secondary")
    book = runbook_file.read(text, {}).runbook

    first, second = (list(gaps(book, NOW + n * DAY)) for n in (0, 5))
    assert first == second
    assert datetime(2026, 12, 14, 8, 0, tzinfo=UTC) == first[0].until


def test_the_message_names_what_is_new_and_counts_the_rest():
    new = [Finding("tzdata_old", "tzdata", "old rules"), Finding("other", "x", "y")]

    assert (
        "- tzdata: old rules. Install a newer tzdata, and start Tocsin again.\n- x: y.\n1 more is known already."
    ) == readiness.daily_words(new, 1)
    assert "2 more are known already." in readiness.daily_words(new, 2)
    assert "more" not in readiness.daily_words(new[1:], 0)
