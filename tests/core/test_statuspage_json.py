from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tocsin.core import statuspage
from tocsin.core.statuspage import Maintenance, PublicIncident, Site, Update
from tocsin.core.statuspage_json import documents, stamp, webhook

T0 = datetime(2026, 11, 23, 9, 2, 3, 456_789, tzinfo=UTC)
UPDATE = Update("u", T0, "investigating", "text", (("API", "operational", "major_outage"),))
ONE = PublicIncident("i", "Issues with API", "investigating", "critical", "API", "major_outage", T0, T0, None, None,
                     (UPDATE,))  # fmt: skip
WORK = Maintenance("m", "Disks", "", ("API",), T0 + timedelta(hours=1), T0 + timedelta(hours=2), T0)
API = statuspage.component("API", 1, [(T0, "major_outage")], (), "UTC", T0)
SITE = Site("Page", "https://s.example.org", "UTC", "#000000", "", T0, (API,), (ONE,), (WORK,))


def test_instants_have_milliseconds_and_a_z():
    assert "2026-11-23T09:02:03.456Z" == stamp(T0)


def test_a_webhook_says_the_page_and_the_incident_as_the_documents_do():
    said = webhook(ONE, SITE, unsubscribe="https://t/end", documentation="https://d")
    assert {"unsubscribe": "https://t/end", "documentation": "https://d", "generated_at": stamp(T0)} == said["meta"]
    assert ("critical", "Major Service Outage") == (
        said["page"]["status_indicator"],
        said["page"]["status_description"],
    )
    assert documents(SITE)["incidents/unresolved"]["incidents"] == [said["incident"]]


def test_planned_work_goes_out_in_the_same_shape():
    said = webhook(WORK, SITE, unsubscribe="", documentation="")["incident"]
    assert ("scheduled", stamp(WORK.start), stamp(WORK.until)) == (
        said["status"],
        said["scheduled_for"],
        said["scheduled_until"],
    )
