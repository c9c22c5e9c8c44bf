"""Vendors' words for severity, and which label names a service."""

from __future__ import annotations

import pytest

from tocsin.core import alert


@pytest.mark.parametrize(
    ("word", "severity"),
    [
        ("critical", "critical"), ("FATAL", "critical"), ("P1", "critical"), (" Error ", "error"), ("P2", "error"),
        ("warning", "warning"), ("notice", "warning"), ("P3", "warning"), ("info", "info"), ("debug", "info"),
        ("", "info"), (None, "info"), (7, "info"),
    ],
)  # fmt: skip
def test_a_vendors_word_reads_as_one_of_ours(word, severity):
    assert severity == alert.severity_of(word)


@pytest.mark.parametrize(
    ("labels", "service"),
    [({"service": "a", "job": "b"}, "a"), ({"job": "b"}, "b"), ({"service": "", "component": "c"}, "c"), ({}, None)],
)
def test_the_first_label_that_says_something_names_the_service(labels, service):
    assert service == alert.first_label(labels, alert.SERVICE_LABELS)
