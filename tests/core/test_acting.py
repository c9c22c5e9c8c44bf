"""What an incident hears of an action: its fact, who is told, and who is paged when nobody knows."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tocsin import runbook_file
from tocsin.core import acting
from tocsin.core.actions import Proposal
from tocsin.core.draft import Draft
from tocsin.core.events import ActionMoved, Around
from tocsin.core.incident import Incident
from tocsin.core.types import Page, Tell

from ..stories.conftest import EXAMPLE

NOW = datetime(2026, 11, 23, 9, 2, tzinfo=UTC)
BOOK = runbook_file.read(EXAMPLE, {"TELEGRAM_BOT_TOKEN": "1:x"}).runbook


def draft(commander="martijn", urgency="high", channel=True):
    roles = {"commander": commander} if commander else {}
    state = Incident(1, "Down", "P0", NOW, "admin", "v1", urgency=urgency, protocol="critical", roles=roles)
    who = {"on_call": frozenset({"martijn"}), "secondary": frozenset({"backup1"})}
    return Draft(
        state, BOOK, NOW, Around(lambda target: who.get(target, frozenset()), "http://t/1", room_channel=channel)
    )


def moved(kind, by="martijn", **more):
    event = ActionMoved(by, kind, "p1", "rollback", "proofi", "martijn", "http://t/p1", **more)
    made = draft(**{})
    acting.moved(made, event)
    return made


def told(made):
    return sorted(effect.person for effect in made.effects if isinstance(effect, Tell) and effect.person)


@pytest.mark.parametrize(
    ("kind", "by", "more", "people"),
    [
        ("action_planned", "martijn", {"approve": "second_person"}, ["backup1"]),
        ("action_planned", "backup1", {"approve": "second_person"}, ["martijn"]),
        ("action_planned", "martijn", {"approve": "commander"}, []),
        ("action_planned", "backup1", {"approve": "none"}, []),
        ("action_planned", "backup1", {"approve": "commander", "dry": True}, []),
        ("action_approved", "backup1", {"approved_by": "backup1"}, ["martijn"]),
        ("action_started", "tocsin", {"approved_by": "backup1"}, []),
        ("action_succeeded", "tocsin", {"approved_by": "backup1"}, ["backup1", "martijn"]),
        ("action_failed", "tocsin", {"approved_by": "eve"}, ["martijn"]),
        ("action_undone", "backup1", {"approved_by": "backup1"}, ["martijn"]),
    ],
)  # fmt: skip
def test_whom_it_concerns(kind, by, more, people):
    made = moved(kind, by, **more)
    assert ([kind], people) == ([fact.kind for fact in made.facts], told(made))


@pytest.mark.parametrize(("approved_by", "person"), [("backup1", "backup1"), ("admin", "martijn"), ("", "martijn")])
def test_what_nobody_knows_pages_who_approved_it_else_who_leads(approved_by, person):
    made = moved("action_unknown", "tocsin", approved_by=approved_by)
    assert [(person, "high")] == [(e.person, e.urgency) for e in made.effects if isinstance(e, Page)]
    assert ["action_unknown", "paged"] == [fact.kind for fact in made.facts]


def test_without_a_room_what_went_wrong_is_said_in_the_alerts_channel():
    assert ["alerts"] == [
        e.channel for e in moved("action_failed", "tocsin").effects if isinstance(e, Tell) and e.channel
    ]
    assert [] == [e for e in moved("action_approved", "tocsin").effects if isinstance(e, Tell) and e.channel]


def test_the_text_says_all_that_an_approver_needs():
    made = moved("action_planned", "backup1", approve="commander", may_approve="the commander, martijn",
                 steps=("Promote dpl_1",), why="", undoable=True)  # fmt: skip
    text = next(e.text for e in made.effects if isinstance(e, Tell))
    for words in ("rollback is planned", "Target: proofi", "- Promote dpl_1", "Planned by Backup One; the commander, martijn",
                  "ten minutes", "It can be undone.", "http://t/p1"):  # fmt: skip
        assert words in text


def test_a_cause_is_told_once_and_only_while_the_incident_is_open(monkeypatch):
    monkeypatch.setattr(
        acting, "by_cause", lambda state, runbook: (Proposal("rollback", "dpl_2 went out", "deployment"),)
    )
    made = draft()
    acting.propose(made)
    acting.propose(made)
    assert (["note"], ["martijn"]) == ([fact.kind for fact in made.facts], told(made))
    assert ("rollback",) == made.state.proposed
