from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tocsin.core import subscription
from tocsin.core.statuspage import Maintenance, PublicIncident, Update

T0 = datetime(2026, 11, 23, 9, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("chosen", "about", "told"),
    [((), (), True), ((), ("A",), True), (("A",), (), True), (("A",), ("A", "B"), True), (("A",), ("B",), False)],
)
def test_who_chose_nothing_hears_all_and_what_names_nothing_concerns_all(chosen, about, told):
    assert told == subscription.concerns(chosen, about)


def test_an_update_tells_its_status_and_what_the_component_became():
    update = Update("u", T0, "resolved", "**Over.**", (("API", "major_outage", "degraded_performance"),))
    one = PublicIncident("i", "Issues with API", "resolved", "major", "API", "operational", T0, T0, None, T0, (update,))
    title, text = subscription.update_words(one, update, "Page")
    assert "[Page] Issues with API: Resolved" == title
    assert "Over.\n\nStatus: Resolved\nAPI: Degraded performance" == text


def test_work_that_comes_again_says_its_rule_once_and_takes_it_back_in_words():
    work = Maintenance("m", "Disks", "", (), T0, T0 + timedelta(hours=1), T0)
    said = {
        phase: subscription.work_words(work, phase, "Page", "FREQ=WEEKLY;BYDAY=SU", "UTC")[1]
        for phase in subscription.WORK_WORDS
    }
    assert "Again: every week on Sunday, in UTC time" in said["scheduled"]
    assert "Nor again: it was every week on Sunday" in said["cancelled"]
    assert "gain" not in said["in_progress"] + said["completed"]


@pytest.mark.parametrize("phase", ["scheduled", "in_progress", "completed", "cancelled"])
def test_planned_work_is_told_with_its_span(phase):
    work = Maintenance("m", "Disks", "Slow.", (), T0, T0 + timedelta(hours=1), T0)
    title, text = subscription.work_words(work, phase, "Page")
    assert title.startswith("[Page] Disks: the maintenance ")
    assert "Slow.\n\nFrom 2026-11-23 09:02 UTC to 2026-11-23 10:02 UTC\nOn: all components" == text


def test_the_question_names_the_page_and_the_choice():
    title, text = subscription.opt_in_words("Page", "https://s.example.org", ["A", "B"], 24)
    assert "Confirm your subscription to Page" == title
    assert "(https://s.example.org)" in text
    assert "About: A, B." in text
