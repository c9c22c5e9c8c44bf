"""Every kind of fact that the core makes has a sentence of its own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tocsin.core import sentences

NAMES = {"martijn": "Martijn", "backup1": "Backup One"}
CORE = Path(sentences.__file__).parent


def test_every_kind_that_is_decided_has_its_sentence():
    text = "".join(
        (CORE / f"{name}.py").read_text(encoding="utf-8")
        for name in ("decide", "people", "paging", "clock", "severity", "roles", "tickets")
    )
    made = set(re.findall(r'draft\.add\(\s*"(\w+)"|Fact\("(\w+)"', text))
    kinds = {one or other for one, other in made} | {"declared", "duty_done", "alert_attached"}

    assert set() == kinds - set(sentences._SENTENCES)


@pytest.mark.parametrize(
    ("kind", "actor", "data", "text"),
    [
        ("acknowledged", "martijn", {}, "Martijn acknowledged"),
        ("declared", "source:generic", {"severity": "P0", "service": "api", "title": "Down", "rule": "rule 3"},
         "P0 declared on api by generic: Down (rule 3)"),
        ("alert_attached", "source:x", {"keys": ["a"], "count": 3}, "3 more alerts from x: a and 2 more"),
        ("alert_resolved", "source:x", {"keys": ["a"], "count": 1, "firing": 0},
         "1 alert resolved by x: a; none still firing"),
        ("handed_on", "tocsin", {"duty": "first_update", "to": "team_lead", "people": ["backup1"]},
         "Duty first update handed on to team lead: Backup One"),
        ("update_posted", "martijn", {"status": "identified", "summary": "S", "next_steps": "N", "eta": "E"},
         "Martijn posted an update (identified): S; next: N; ETA E"),
        ("cause_identified", "martijn", {"summary": "A disk"}, "Martijn identified the cause: A disk"),
        ("extended", "ci", {"reason": "R", "until": "2026"}, "ci declared an extended incident: R (until 2026)"),
        ("page_moot", "tocsin", {"person": "martijn", "reason": "r", "why": "w"}, "No page to Martijn (r): w"),
        ("review_scheduled", "tocsin", {"at": "2026-11-25T10:00:00Z"},
         "Blameless review scheduled for 2026-11-25 10:00 UTC"),
        ("postmortem_published", "martijn", {"version": 2, "path": "docs/incidents/a.md"},
         "Martijn published the postmortem (version 2): docs/incidents/a.md"),
        ("action_planned", "martijn", {"action": "rollback", "target": "proofi"}, "Rollback planned by Martijn, on proofi"),
        ("action_approved", "martijn", {"action": "rollback"}, "Rollback approved by Martijn"),
        ("action_started", "tocsin", {"action": "rollback", "target": "proofi", "undo": True},
         "The undo of rollback begun, on proofi"),
        ("action_failed", "tocsin", {"action": "rollback", "why": "it {was} locked"}, "Rollback failed: it {was} locked"),
        ("action_succeeded", "tocsin", {"action": "rollback", "rehearsal": True}, "Rollback succeeded (a rehearsal)"),
        ("action_unknown", "tocsin", {"action": "rollback", "target": "proofi"},
         "Rollback may have been done or not: somebody must look at proofi"),
    ],
)  # fmt: skip
def test_a_fact_in_words(kind, actor, data, text):
    assert text == sentences.sentence(kind, actor, data, NAMES)
