"""The month's numbers as a mail that reads well."""

from __future__ import annotations

from tocsin.core import insights, report
from tocsin.core.insights import OnTime
from tocsin.core.load import Load

INCIDENTS = insights.Columns(
    [0, 0, 0], ["P0", "P0", "P2"], ["api", "api", None], ["Disk full", None, None], ["kept", "kept", "running"],
    ["kept", "breached", "running"], [60.0, 240.0, None], [3_600.0, 7_200.0, None], [120.0, None, None],
)  # fmt: skip


def test_it_says_how_it_went():
    summary = insights.summarize(INCIDENTS, ["P0", "P1", "P2"], [])
    loads = [Load("ana", "UTC", 3, 2, 1, (0,) * 24), Load("gone", "UTC", 1, 0, 0, (0,) * 24)]
    said = report.text(summary, loads, {"ana": "Ana"}, [("Disk", "alertmanager", 9)], OnTime(1, 0, 1), OnTime())
    assert (
        """\
Incidents: 3 (2 P0, 1 P2)
Acknowledged after: 1 minute at the median, 4 minutes at the 90th percentile
First update after: 2 minutes at the median, 2 minutes at the 90th percentile
Resolved after: 1 hour at the median, 2 hours at the 90th percentile
Never acknowledged: 1
Still open: 1

Promises (time to respond and to resolve):
  P0: 1 kept, 1 breached

Pages, in each person's own time zone (night is 22:00 to 07:00):
  Ana: 3 pages, 2 at night, 1 on weekends by day
  gone: 1 page, 0 at night, 0 on weekends by day

Fired again and again, and nobody had to act:
  9 x Disk (alertmanager)

Postmortems: 1 on time, 0 late, 1 overdue"""
        == said
    )
    assert "Proofi: 3 incidents in November 2026" == report.title("Proofi", "November 2026", summary)


def test_a_quiet_month_says_so():
    summary = insights.summarize(insights.Columns(*[[]] * 9), ["P0"], [])
    said = report.text(summary, [], {}, [], OnTime(), OnTime())
    assert "No incident. Quiet is good.\n\nNobody was paged." == said
