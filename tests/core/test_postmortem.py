"""The draft's file name and its Markdown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin import runbook_file
from tocsin.core import postmortem
from tocsin.core.incident import Incident
from tocsin.core.ledger import Entry

NOW = datetime(2026, 11, 23, 23, 50, tzinfo=UTC)
TEXT = (Path(__file__).parents[2] / "examples/proofi/runbook.yaml").read_text(encoding="utf-8")
BOOK = runbook_file.read(TEXT, {}).runbook


def incident(**changes):
    return Incident(**{"number": 42, "title": "Down", "severity": "P0", "declared_at": NOW, "declared_by": "ana",
                       "runbook_version": "v", "resolved_at": NOW + timedelta(minutes=65), **changes})  # fmt: skip


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("proofi.ai answers 503!", "proofi-ai-answers-503"), ("Überlast in Zürich", "uberlast-in-zurich"),
        ("支付失败", "incident-42"), ("../../etc/passwd", "etc-passwd"), ("a" * 90, "a" * 60), ("x " * 60, "x-" * 29 + "x"),
    ],
)  # fmt: skip
def test_the_slug_is_ascii_and_short(title, slug):
    assert slug == postmortem.slug(title, 42)


@given(st.text(max_size=300))
def test_any_title_makes_a_safe_name(title):
    slug = postmortem.slug(title, 42)

    assert slug.isascii() and 0 < len(slug) <= 60 and set(slug) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


def test_a_second_one_of_the_day_gets_a_number():
    taken = {"2026-11-23-down.md", "2026-11-23-down-2.md"}

    assert "2026-11-23-down-3.md" == postmortem.file_name(incident(), taken)


def test_what_is_known_stands_there_and_what_is_not_is_a_blank():
    entries = [
        Entry(1, NOW, "declared", "ana", {"severity": "P0", "title": "Down", "rule": "by hand"}, ""),
        Entry(2, NOW + timedelta(minutes=20), "note", "ana", {"text": "*bold* <b>[x](y)"}, ""),
    ]
    text = postmortem.draft(incident(root_cause="A disk"), entries, BOOK, "http://x/incidents/INC-42")

    assert [f"## {section}" for section in BOOK.postmortems.sections] == [
        line for line in text.splitlines() if line.startswith("## ")
    ]
    assert "- 23:50 - P0 declared by ana: Down (by hand)" in text
    assert "- 00:00 - 2026-11-24\n- 00:10 - ana noted: \\*bold\\* \\<b>\\[x\\](y)" in text
    assert "## Root Cause\n\nA disk" in text
    assert "**Duration:** 1 hour 5 minutes" in text
    assert "_Not known to Tocsin: please fill in. What ended it?_" in text
