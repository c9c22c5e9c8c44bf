"""The command line against a real server, and without one."""

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


def test_an_incident_is_led_from_the_command_line(served):
    out = ran(served.cli("declare", "--severity", "P0", "--title", "Down [bold]", "--service", "api", "--json"))
    name = json.loads(out)["id"]
    for words in (
        ("ack", name, "--by", "martijn"), ("severity", name, "P0", "--by", "martijn"),
        ("assign", name, "scribe", "backup1"), ("update", name, "--summary", "We look", "--status", "identified"),
        ("note", name, "A note"), ("checked", name, "fix"), ("extend", name, "--for", "2h"), ("escalate", name),
        ("resolve", name, "--root-cause", "A disk", "--resolution", "Space"), ("reopen", name, "--reason", "again"),
    ):  # fmt: skip
        assert name in ran(served.cli("incident", *words))
    shown = json.loads(ran(served.cli("incident", "show", name, "--json", "--timeline")))
    assert ("investigating", "martijn", "backup1") == (shown["status"], shown["commander"], shown["roles"]["scribe"])
    assert {"declared", "acknowledged", "note", "resolved", "reopened"} <= {e["kind"] for e in shown["timeline"]}
    assert "Down [bold]" in ran(served.cli("incident", "list"))
    assert "Martijn" not in ran(served.cli("incident", "show", name, "--timeline"))  # ids, as commands take them


def test_severity_roles_write_up_and_tickets_from_the_command_line(served):
    p1 = json.loads(ran(served.cli("declare", "--severity", "P1", "--title", "Declined", "--service", "api", "--json")))
    name = p1["id"]
    assert f"tocsin: the severity of {name} is P1 by now" in ran(
        served.cli("incident", "severity", name, "P2", "--was", "P0"), 1
    )
    ran(served.cli("incident", "assign", name, "scribe", "backup1"))
    assert "nobody is commander, communications" in ran(
        served.cli("incident", "assign", name, "scribe", "nobody")
    ).replace("\n", " ")
    ran(served.cli("incident", "resolve", name, "--root-cause", "A key"))
    written = served.cli("incident", "write-up", name, "-", "--json", given="A key expired.\nWe watch them now.")
    assert "A key expired.\nWe watch them now." == json.loads(ran(written))["write_up"]

    p3 = json.loads(ran(served.cli("declare", "--severity", "P3", "--title", "A typo", "--json")))["id"]
    assert [p3] == [t["id"] for t in json.loads(ran(served.cli("ticket", "list", "--state", "open", "--json")))]
    assert f"ticket {p3} (local, open)" in ran(served.cli("incident", "show", p3))
    assert f"ticket {p3} (local, closed)" in ran(served.cli("ticket", "close", p3, "--reason", "Released"))
    assert "severity: P3" in ran(served.cli("ticket", "list"))


def test_actions_from_the_command_line(served):
    """What can be used and what cannot, the switch, and refusals in one sentence."""
    name = json.loads(ran(served.cli("declare", "--severity", "P3", "--title", "Slow", "--json")))["id"]
    assert "never run" in ran(served.cli("action", "list"))
    assert {"rollback", "switch_ddc_cluster"} <= {
        a["name"] for a in json.loads(ran(served.cli("action", "list", "--json")))
    }
    assert "Nothing was planned for it." in ran(served.cli("action", "list", "--incident", name))
    assert "VERCEL_TOKEN is not set" in ran(served.cli("action", "run", name, "rollback", "--by", "martijn"), 1)
    assert "no action 'eat'" in ran(served.cli("action", "run", name, "eat"), 1)
    assert "no plan 'x' of rollback" in ran(served.cli("action", "approve", name, "rollback", "x", "--hash", "y"), 1)
    assert "there is nothing to undo" in ran(served.cli("action", "undo", name, "rollback"), 1)
    assert "no plan 'x'" in ran(served.cli("action", "show", "x"), 1)
    assert "All actions are stopped by martijn" in ran(
        served.cli("action", "stop", "--reason", "a freeze", "--by", "martijn")
    )
    assert "stopped by martijn: a freeze" in ran(served.cli("action", "list"))
    assert "Actions may be run." in ran(served.cli("action", "allow"))


def test_action_items_from_the_command_line(served):
    name = json.loads(ran(served.cli("declare", "--severity", "P3", "--title", "A slip", "--json")))["id"]
    words = ("action-item", "add", name, "--title", "Rotate the key", "--owner", "backup1")
    assert "no person 'eve'" in ran(served.cli(*words[:-1], "eve", "--due", "2999-12-01"), 1)
    assert "is in the past" in ran(served.cli(*words, "--due", "2020-01-01"), 1)
    due = str(datetime.now(UTC).date() + timedelta(days=9))
    item = json.loads(ran(served.cli(*words, "--due", due, "--verify", "The old key is refused", "--json")))
    assert "Rotate the key" in ran(served.cli("action-item", "list", "--owner", "backup1", "--incident", name))
    moved = served.cli("action-item", "move", item["id"], "--owner", "martijn")
    assert f"Rotate the key: open, martijn, due {due} ({name}, {item['id']})" in ran(moved).replace("\n", " ")
    assert "why is it dropped?" in ran(served.cli("action-item", "drop", item["id"]), 1)
    assert "done, martijn" in ran(served.cli("action-item", "done", item["id"]))
    assert "No action item." in ran(served.cli("action-item", "list", "--state", "overdue"))


def test_refusals_are_one_sentence_and_exit_1(served):
    assert "tocsin: there is no incident INC-99\n" == ran(served.cli("incident", "show", "INC-99"), 1)
    assert "the runbook has P0, P1, P2, P3" in ran(served.cli("declare", "--severity", "P9", "--title", "x"), 1)
    assert 2 == served.cli("declare").returncode


def test_without_a_server_it_says_what_to_do(tmp_path):
    server = Served(tmp_path, EXAMPLE, TOCSIN_URL="http://127.0.0.1:1", TOCSIN_TOKEN="some-token-of-sixteen")

    assert "no Tocsin answers at http://127.0.0.1:1" in ran(server.cli("incident", "list"), 1)
    assert "TOCSIN_URL and TOCSIN_TOKEN" in ran(Served(tmp_path, EXAMPLE).cli("incident", "list"), 1)


def test_a_wrong_setting_names_itself(tmp_path):
    result = Served(tmp_path, EXAMPLE, TOCSIN_PORT="many").cli("serve")

    assert "TOCSIN_PORT: 'many'; accepted: a number from 0 to 65535" in ran(result, 1)


def test_on_call_with_and_without_a_server(served, tmp_path):
    asked = json.loads(ran(served.cli("oncall", "--at", "2026-11-23T12:00Z", "--json")))
    read = Served(tmp_path, EXAMPLE).cli("oncall", "--at", "2026-11-23T12:00Z", "--runbook", str(EXAMPLE), "--json")

    assert asked == json.loads(ran(read))
    assert [["martijn"], ["backup1"]] == [item["people"] for item in asked]
    assert "martijn" in ran(served.cli("oncall", "primary"))
    assert 2 == served.cli("oncall", "--at", "soon").returncode


def test_check(tmp_path):
    server = Served(tmp_path, EXAMPLE)
    report = json.loads(ran(server.cli("check", str(EXAMPLE), "--json")))
    assert ([], True, True) == (report["errors"], bool(report["warnings"]), bool(report["findings"]))
    assert 1 == server.cli("check", str(EXAMPLE), "--strict").returncode
    bad = tmp_path / "bad.yaml"
    bad.write_text(EXAMPLE.read_text().replace("urgency: low", "urgency: lo"))
    assert "bad.yaml:103: error: severities.P2.urgency: found 'lo'" in server.cli("check", str(bad)).stdout
    assert 1 == server.cli("check", str(bad)).returncode
    assert "cannot read" in ran(server.cli("check", "nowhere.yaml"), 1)


def test_init_writes_a_runbook_that_checks(tmp_path):
    server = Served(tmp_path, EXAMPLE)
    ran(server.cli("init", "mine.yaml"))

    assert [] == json.loads(ran(server.cli("check", "mine.yaml", "--json")))["errors"]
    assert "is there already" in ran(server.cli("init", "mine.yaml"), 1)


def test_triage_shows_what_a_payload_would_do(tmp_path):
    file = ROOT / "tests/payloads/pagerduty/enqueue_trigger_full.json"
    words = ("triage", "test", str(file), "--source", "pagerduty", "--runbook", str(EXAMPLE), "--json")
    result = json.loads(ran(Served(tmp_path, EXAMPLE).cli(*words)))

    assert {"severity", "service", "rule", "would_page", "disposition"} <= set(result)
    assert ("P1", "incident") == (result["severity"], result["disposition"])


def test_keys_and_tokens_are_made_and_work_at_once(served):
    key = json.loads(ran(served.cli("key", "create", "--source", "generic", "--json")))["key"]
    token = json.loads(ran(served.cli("token", "create", "--name", "ci", "--role", "viewer", "--json")))["token"]

    def taken():
        return served.send(f"/in/generic/{key}", {"title": "from a new key", "severity": "info"}).status_code == 202

    from ..served import until

    until(taken)
    listed = httpx.get(f"{served.url}/api/v1/incidents", headers={"Authorization": f"Bearer {token}"}, trust_env=False)
    assert 200 == listed.status_code
    assert "no source 'nothing'" in ran(served.cli("key", "create", "--source", "nothing"), 1)


def test_a_user_gets_a_password(served):
    assert "may sign in" in ran(
        served.cli("user", "add", "backup1", "--password-stdin", given="correct horse battery\n")
    )
    answer = httpx.post(
        f"{served.url}/sign-in", data={"name": "backup1", "password": "correct horse battery"}, trust_env=False
    )
    assert 303 == answer.status_code


def test_verify_and_migrate(served):
    assert "every link holds" in ran(served.cli("verify"))
    found = json.loads(ran(served.cli("verify", "--json")))
    assert {"ok": True, "broken": None}.items() <= found.items()
    assert {"ok": True, "broken": None}.items() <= found["audit"].items()
    assert "at version" in ran(served.cli("migrate"))


def test_texts_are_previewed_and_the_cause_is_held(served):
    """A preview shows each copy and sends nothing; a suspected cause is refused until it is confirmed."""
    name = json.loads(ran(served.cli("declare", "--severity", "P1", "--title", "Slow", "--json")))["id"]
    shown = ran(served.cli("incident", "preview", name, "--summary", "We look", "--public", "--next-update", "30m"))
    assert "--- team@proofi.ai (smtp)" in shown and "**Summary:** We look" in shown and "Next update by" in shown
    copies = json.loads(ran(served.cli("incident", "preview", name, "--summary", "x", "--json")))["copies"]
    assert ["team@proofi.ai"] == [copy["to"] for copy in copies]
    ran(served.cli("incident", "cause", name, "A full disk"))
    assert "suspected, not confirmed" in ran(served.cli("incident", "update", name, "--summary", "A full disk"), 1)
    ran(served.cli("incident", "cause", name, "--confirmed"))
    told = json.loads(
        ran(served.cli("incident", "update", name, "--summary", "A full disk", "--next-update", "1h", "--json"))
    )
    assert ("A full disk", 1) == (told["root_cause"], told["said"]) and told["next_update_at"]
    assert "for the past" in ran(
        served.cli("incident", "update", name, "--summary", "x", "--next-update", "2020-01-01T00:00:00Z"), 1
    )
    ran(served.cli("incident", "send", name, "initial_alert"))
    ran(served.cli("incident", "say", name, "password: hunter2"))
    assert "hunter2" not in ran(served.cli("incident", "show", name, "--timeline"))


def test_a_postmortem_is_printed(served):
    name = json.loads(ran(served.cli("declare", "--severity", "P0", "--title", "Ends", "--json")))["id"]
    ran(served.cli("incident", "resolve", name, "--root-cause", "A disk"))

    from ..served import until

    until(lambda: served.cli("postmortem", "show", name).returncode == 0)
    assert "# Postmortem: Ends" in ran(served.cli("postmortem", "show", name))


def test_silences_work_and_merges_from_the_command_line(served):
    """Made, listed, extended and ended; a mistake is asked about; two incidents become one and two again."""
    made = json.loads(
        ran(served.cli("silence", "add", "service=ddc", "check!=slow", "--reason", "rack", "--for", "2h", "--json"))
    )
    assert (["service=ddc", "check!=slow"], "active") == (made["matchers"], made["state"])
    assert "rack" in ran(served.cli("silence", "list"))
    assert "active: service=ddc" in ran(served.cli("silence", "extend", made["id"], "--for", "3h"))
    assert "Nothing was held back." in ran(served.cli("silence", "held"))
    assert "confirm that you mean that" in ran(
        served.cli("silence", "add", "text=~.*", "--reason", "x", "--for", "1h"), 1
    )
    assert "ended" in ran(served.cli("silence", "end", made["id"]))

    day = f"{datetime.now(UTC) + timedelta(days=2):%Y-%m-%d}"
    words = ("--from", f"{day}T02:00Z", "--until", f"{day}T04:00Z", "--repeat", "FREQ=WEEKLY", "--json")
    work = json.loads(
        ran(served.cli("maintenance", "add", "Backups", "--component", "Website", "--hold", "service=api", *words))
    )
    assert ["service=api"] == json.loads(ran(served.cli("maintenance", "list", "--json")))[0]["hold"]
    ran(served.cli("maintenance", "end", work["id"]))

    one, two = (json.loads(ran(served.cli("declare", "--severity", "P3", "--title", t, "--json")))["id"] for t in "ab")
    assert one == json.loads(ran(served.cli("incident", "merge", two, one, "--json")))["id"]
    assert two == json.loads(ran(served.cli("incident", "split", two, "--json")))["id"]
    assert "nothing to split" in ran(served.cli("incident", "split", two), 1)


def test_the_running_server_says_what_a_payload_would_do(served, tmp_path):
    """The source is guessed, and what is silenced there counts."""
    file = tmp_path / "payload.json"
    file.write_text(json.dumps({"key": "k", "title": "payments fail", "severity": "critical", "service": "payments"}))
    said = ran(served.cli("triage", "test", str(file)))
    assert "1. trigger k: payments fail (generic)" in said and "would page: martijn" in said
    ran(served.cli("silence", "add", "service=payments", "--reason", "rack", "--for", "1h"))
    assert "held back by silence of admin until" in ran(served.cli("triage", "test", str(file)))


def test_who_subscribed_is_listed_and_removed(served):
    assert "Nobody has subscribed" in ran(served.cli("status", "subscribers"))
    form = {"kind": "email", "address": "reader@example.org"}
    assert httpx.post(f"{served.url}/status/subscribe", data=form, trust_env=False, timeout=30).status_code < 400
    assert "Told: nobody yet" in ran(served.cli("status", "subscribers"))
    (one,) = json.loads(ran(served.cli("status", "subscribers", "--json")))["items"]
    assert ("asked", "reader@example.org") == (one["state"], one["address"])
    ran(served.cli("status", "subscribers", "--remove", one["id"]))
    assert "no such subscription" in ran(served.cli("status", "subscribers", "--remove", one["id"]), code=1)
