"""Stand-ins, absences, swaps and calendar links on the command line, and who is on call without a server."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from ..served import ROOT, Served

EXAMPLE = ROOT / "examples/proofi/runbook.yaml"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with Served(tmp_path_factory.mktemp("cli"), EXAMPLE) as server:
        yield server


def ran(result, code=0):
    assert code == result.returncode, result.stdout + result.stderr
    return result.stdout if code == 0 else result.stderr


def test_the_rota_is_changed_from_the_command_line(served):
    now = datetime.now(UTC).replace(microsecond=0)
    span = ("--from", now.isoformat(), "--until", (now + timedelta(hours=2)).isoformat())
    (shift,) = json.loads(ran(served.cli("oncall", "primary", "--json")))
    (who,), other = shift["people"], {"martijn": "backup1", "backup1": "martijn"}[shift["people"][0]]
    away = json.loads(ran(served.cli("absence", "add", "--person", who, *span, "--reason", "ill", "--json")))
    assert f"for {who}, away: ill" in " ".join(ran(served.cli("oncall", "primary")).split())
    assert who in ran(served.cli("absence", "list"))
    assert "ended" in ran(served.cli("absence", "end", away["id"]))
    words = ("--schedule", "primary", "--person", other, *span, "--by", "martijn", "--json")
    kept = json.loads(ran(served.cli("override", "add", *words)))
    assert kept["id"] in ran(served.cli("override", "list", "--json"))
    assert "there is no such override" in ran(served.cli("override", "end", "none"), 1)
    assert "ended" in ran(served.cli("override", "end", kept["id"]))

    until = (now + timedelta(days=40)).isoformat()
    shifts = json.loads(ran(served.cli("oncall", "primary", "--from", now.isoformat(), "--until", until, "--json")))
    assert len(shifts) >= 5
    mine, theirs = (next(s for s in shifts[1:-1] if s["people"] == [p]) for p in ("martijn", "backup1"))
    ask = ("--schedule", "primary", "--with", "backup1", "--from", mine["from"], "--until", mine["until"])
    ask += ("--back-from", theirs["from"], "--back-until", theirs["until"], "--by", "martijn", "--json")
    first, second, third = (
        json.loads(ran(served.cli("swap", "ask", *ask, "--reason", r)))["id"] for r in ("a", "b", "c")
    )
    assert "withdrawn" in ran(served.cli("swap", "withdraw", first, "--by", "martijn"))
    assert "declined" in ran(served.cli("swap", "decline", second, "--by", "backup1"))
    assert "accepted" in ran(served.cli("swap", "accept", third, "--by", "backup1"))
    assert ["accepted"] == [
        s["state"] for s in json.loads(ran(served.cli("swap", "list", "--state", "accepted", "--json")))
    ]


def test_calendar_links_are_made_listed_and_revoked(served):
    made = json.loads(ran(served.cli("calendar", "create", "--schedule", "primary", "--json")))
    assert 200 == httpx.get(made["url"], trust_env=False).status_code
    assert made["id"] in ran(served.cli("calendar", "list"))
    assert "revoked" in ran(served.cli("calendar", "revoke", made["id"]))
    assert 404 == httpx.get(made["url"], trust_env=False).status_code
    assert "exactly one of schedule and person" in ran(served.cli("calendar", "create"), 1)
    assert made["url"].rpartition("/")[2].removesuffix(".ics") not in served.said()


def test_without_a_server_the_database_or_a_file_answers(tmp_path):
    with Served(tmp_path, EXAMPLE) as server:
        asked = json.loads(ran(server.cli("oncall", "--at", "2027-11-23T12:00Z", "--json")))
    assert asked == json.loads(ran(server.cli("oncall", "--at", "2027-11-23T12:00Z", "--json")))
    assert asked == json.loads(
        ran(server.cli("oncall", "--at", "2027-11-23T12:00Z", "--runbook", str(EXAMPLE), "--json"))
    )
    alone = Served(tmp_path / "none", EXAMPLE)
    alone.data.mkdir()
    assert "name a runbook with --runbook" in ran(alone.cli("oncall"), 1)
    assert "no schedule 'none'" in ran(alone.cli("oncall", "none", "--runbook", str(EXAMPLE)), 1)
    assert "needs a zone" in ran(alone.cli("oncall", "--from", "2026-11-23T09:00"), 2)
