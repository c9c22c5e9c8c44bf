"""Every page can say why it came, in its text and afterwards."""

from __future__ import annotations

from tocsin import zones
from tocsin.usecases.configure import in_force


def test_each_page_keeps_the_alert_the_rule_the_step_and_the_shift(world):
    """Later steps and a later runbook change nothing of what an earlier page wrote down."""
    world.alert(labels={"env": "production"}, service="payments", check="errors")
    world.wait(minutes=6)

    version, _ = world.db.read_now(in_force, world.setup)
    first = next(row.because for row in world.pages() if row.person == "martijn")
    later = next(row.because for row in world.pages() if row.because["step"] == 2)
    assert {"source": "alertmanager", "key": "5xx", "title": "proofi.ai answers 503 for everyone",
            "labels": {"env": "production"}} == first["alert"] == later["alert"]  # fmt: skip
    assert ("rule 5 (severity: critical, service: payments) -> P1", "primary") == (
        first["rule"],
        first["schedule"]["name"],
    )
    assert (2, 1, "secondary") == (later["step"], later["round"], later["schedule"]["name"])
    assert (version, zones.version()) == (later["runbook_version"], later["tzdata"])


def test_the_message_itself_says_it_in_two_lines(world):
    world.alert(service="payments", check="errors")

    text = next(text for text in world.texts("martijn") if "You are paged because" in text)
    assert "Your shift: primary from Mon 2026-11-23 09:00 until Mon 2026-11-30 09:00 (Europe/Amsterdam)" in text
    assert (
        "Severity P1 by rule 5 (severity: critical, service: payments) -> P1; by your rule 1 for high urgency" in text
    )


def test_an_alert_that_raises_the_severity_is_named_by_its_rule(world):
    world.alert("slow", check="slow", severity="warning")
    world.alert("bad", check="slow", severity="critical")

    assert {
        "rule 7 (check: slow) -> P2", "a new alert says so: rule 6 (severity: critical or error) -> P1"
    } == {row.because["rule"] for row in world.pages()}  # fmt: skip
