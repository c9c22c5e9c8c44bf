"""The main job, whole, in real time: a real server, real HTTP and SMTP, fakes of the vendors on real sockets."""

from __future__ import annotations

import json
import signal
import sqlite3
import time
from pathlib import Path

import httpx
import pytest
import yaml

from .fakes.smtp import FakeMail
from .fakes.telegram import TOKEN, FakeTelegram
from .served import INGEST, ROOT, Served, until

FIRING = {
    "version": "4", "groupKey": "{}", "status": "firing", "receiver": "tocsin", "externalURL": "http://am.example",
    "alerts": [{
        "status": "firing", "fingerprint": "3b2cae1af68b8b96", "startsAt": "2026-11-23T09:02:27Z",
        "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "http://prometheus.example/graph",
        "labels": {"alertname": "High5xx", "check": "http_5xx", "service": "proofi.ai", "severity": "critical"},
        "annotations": {"summary": "proofi.ai answers 503 for everyone"},
    }],
}  # fmt: skip


def runbook(folder: Path, telegram: str, port: int) -> Path:
    """The example, with its far sides on loopback and its policy and mail in seconds instead of minutes."""
    data = yaml.load((ROOT / "examples/proofi/runbook.yaml").read_text(encoding="utf-8"), yaml.BaseLoader)
    data["version"] = 1
    data["channels"]["alerts"]["telegram"]["api_base"] = telegram
    data["channels"]["email"]["smtp"].update(port=str(port), security="none")
    data["people"]["backup1"]["notify"]["high"][1]["after"] = "1s"
    for step, wait in zip(data["escalation_policies"]["default"]["steps"][1:], ("2s", "4s", "6s"), strict=True):
        step["after"] = wait
    file = folder / "runbook.yaml"
    file.write_text(yaml.dump(data, allow_unicode=True), encoding="utf-8")
    return file


@pytest.fixture
def far_side():
    with FakeTelegram() as telegram, FakeMail() as mail:
        yield telegram, mail


@pytest.fixture
def served(tmp_path, far_side):
    telegram, mail = far_side
    with Served(tmp_path, runbook(tmp_path, telegram.url, mail.port), TELEGRAM_BOT_TOKEN=TOKEN) as server:
        yield server


def pages(telegram):
    return [m for m in telegram.messages if "You are paged because" in m["text"]]


def test_an_alert_becomes_a_page_a_protocol_and_a_postmortem(served, far_side):
    """
    A critical 5xx opens a P0 and pages everyone; the unanswered page climbs; an acknowledgement stops it within two
    seconds; duties show their state; the all-clear goes out; the postmortem's file is there.
    """
    telegram, mail = far_side
    assert 200 == served.send(f"/in/alertmanager/{INGEST}", FIRING).status_code

    until(lambda: {700000001, 700000002} <= {m["chat_id"] for m in pages(telegram)})
    incident = served.api("GET", "/incidents/INC-1")
    assert ("P0", "proofi.ai", "triggered") == (incident["severity"], incident["service"], incident["status"])
    until(lambda: any("step 2 of default" in m["text"] for m in pages(telegram)))
    until(lambda: any("[P0] INC-1" in str(m["Subject"]) for m in mail.messages))

    served.api("POST", "/incidents/INC-1/acknowledge", {"by": "martijn"})
    time.sleep(2)
    quiet = len(pages(telegram))
    time.sleep(5)
    assert quiet == len(pages(telegram))
    assert {"acknowledged", "moot"} >= {page["state"] for page in served.api("GET", "/pages")["items"]}

    served.api("POST", "/incidents/INC-1/severity", {"severity": "P0", "by": "martijn"})
    update = {"status": "identified", "summary": "A bad deployment", "next_steps": "Roll back", "by": "martijn"}
    served.api("POST", "/incidents/INC-1/update", update)
    until(lambda: any("**Summary:** A bad deployment" in m["text"] for m in telegram.messages))
    until(lambda: any("team@proofi.ai" == m["To"] for m in mail.messages))
    states = {duty["id"]: duty["state"] for duty in served.api("GET", "/incidents/INC-1")["duties"]}
    assert {"acknowledge": "done", "assess": "done", "war_room": "done", "commander": "done", "first_update": "done",
            "updates": "due", "root_cause": "done", "fix": "due", "all_clear": "due"} == states  # fmt: skip

    served.api("POST", "/incidents/INC-1/resolve",
               {"root_cause": "A bad deployment", "resolution": "Rolled back", "by": "martijn"})  # fmt: skip
    until(lambda: any("INCIDENT RESOLVED" in m["text"] for m in telegram.messages), 15)
    [file] = until(lambda: list((served.data / "docs/incidents").glob("*-proofi-ai-answers-503-for-everyone.md")))
    assert "## Root Cause\n\nA bad deployment" in file.read_text(encoding="utf-8")
    assert ([], []) == (telegram.faults, mail.faults)
    assert {"#incident-" + incident["declared_at"][:10]} == set(telegram.topics.values())
    assert 0 == served.cli("verify").returncode
    assert TOKEN not in served.said()


def test_a_start_needs_nothing_and_a_second_one_finds_everything(tmp_path):
    """No environment, no account: the start says where it is and what is left out; the printed curl line pages."""
    example = ROOT / "examples/proofi/runbook.yaml"
    empty = {"TOCSIN_INGEST_KEY": "", "TOCSIN_ADMIN_TOKEN": ""}
    with Served(tmp_path, example, **empty) as server:
        said = server.said()
        assert "Telegram: no TELEGRAM_BOT_TOKEN; pages go to the console and the web page" in said
        curl = next(line for line in said.splitlines() if line.strip().startswith("curl"))
        body = json.loads(curl.partition("-d '")[2].rpartition("'")[0])
        assert 202 == server.send("/v2/enqueue", body).status_code
        until(lambda: "--- PAGE for martijn ---" in server.said())
        first = server.cli("incident", "list", "--json")
        assert ["INC-1"] == [incident["id"] for incident in json.loads(first.stdout)]
    keys = {name: (tmp_path / name).read_text() for name in ("ingest.key", "admin.token", "secret.key")}
    assert {0o600} == {(tmp_path / name).stat().st_mode & 0o777 for name in keys}
    with Served(tmp_path, example, **empty) as server:
        assert keys == {name: (tmp_path / name).read_text() for name in keys}
        assert first.stdout == server.cli("incident", "list", "--json").stdout.replace(server.url, _url(first.stdout))


def _url(listed):
    return json.loads(listed)[0]["link"].partition("/incidents")[0]


def test_what_was_answered_survives_kill_9(tmp_path):
    """Killed under load without warning: every alert that was answered 2xx is in the file, once."""
    answered = []
    with Served(tmp_path, ROOT / "examples/proofi/runbook.yaml") as server, httpx.Client(trust_env=False) as client:
        for n in range(300):
            event = {"routing_key": INGEST, "event_action": "trigger", "dedup_key": f"k{n}",
                     "payload": {"summary": f"alert {n}", "source": "s", "severity": "info"}}  # fmt: skip
            if n == 250:
                server.process.send_signal(signal.SIGKILL)
            try:
                if client.post(f"{server.url}/v2/enqueue", json=event).status_code == 202:
                    answered.append(f"k{n}")
            except httpx.HTTPError:
                break
        server.process.wait(5)
    with sqlite3.connect(tmp_path / "tocsin.db") as db:
        stored = [key for (key,) in db.execute("SELECT key FROM alerts")]
    assert len(answered) >= 250
    assert set(answered) <= set(stored)
    assert len(set(stored)) == len(stored)


def test_a_page_outlives_a_killed_server(tmp_path, far_side):
    """The provider is down, the server is killed and started again: the page arrives."""
    telegram, mail = far_side
    telegram.mode = "down"
    mail.answer = "451 later"
    book = runbook(tmp_path, telegram.url, mail.port)
    with Served(tmp_path, book, TELEGRAM_BOT_TOKEN=TOKEN) as server:
        server.send(f"/in/alertmanager/{INGEST}", FIRING)
        until(lambda: [method for _, method in telegram.calls if method == "sendMessage"])
        server.stop(signal.SIGKILL)
    telegram.mode = "ok"
    with Served(tmp_path, book, TELEGRAM_BOT_TOKEN=TOKEN) as server:
        until(lambda: {700000001, 700000002} <= {m["chat_id"] for m in pages(telegram)}, 40)
        assert server.api("GET", "/incidents/INC-1")["status"] == "triggered"


def test_a_locked_database_answers_503_and_loses_nothing(tmp_path):
    """Another process holds the write lock: senders are told to come back, and then their alert is taken."""
    event = {"routing_key": INGEST, "event_action": "trigger", "dedup_key": "k",
             "payload": {"summary": "x", "source": "s", "severity": "info"}}  # fmt: skip
    with Served(tmp_path, ROOT / "examples/proofi/runbook.yaml") as server:
        lock = sqlite3.connect(tmp_path / "tocsin.db", isolation_level=None)
        lock.execute("BEGIN IMMEDIATE")
        answer = server.send("/v2/enqueue", event)
        assert (503, "5") == (answer.status_code, answer.headers["retry-after"])
        assert 200 == httpx.get(f"{server.url}/-/healthy", trust_env=False).status_code
        lock.execute("ROLLBACK")
        lock.close()
        assert 202 == server.send("/v2/enqueue", event).status_code
        assert ["k"] == [alert["key"] for alert in server.api("GET", "/alerts")["items"]]


def test_a_bad_runbook_does_not_start_and_names_its_line(tmp_path):
    bad = tmp_path / "bad.yaml"
    bad.write_text("version: 1\npeple: {}\n")
    server = Served(tmp_path, bad)
    result = server.cli("serve", "--runbook", str(bad), "--port", "0")

    assert 1 == result.returncode
    assert "line 2: peple: found an unknown key; accepted: did you mean 'people'?" in result.stderr


def test_a_taken_port_is_said_in_one_line(served):
    port = served.url.rpartition(":")[2]
    result = served.cli("serve", "--runbook", str(served.runbook), "--port", port)

    assert 1 == result.returncode
    assert f"cannot listen on 127.0.0.1:{port}" in result.stderr


def test_a_runbook_is_read_again_on_sighup_and_a_bad_one_is_refused(tmp_path):
    """New incidents open with the new version; an error leaves the good one in force and is told in the log."""
    file = tmp_path / "runbook.yaml"
    text = (ROOT / "examples/proofi/runbook.yaml").read_text(encoding="utf-8")
    file.write_text(text, encoding="utf-8")
    with Served(tmp_path, file) as server:
        first = server.api("GET", "/runbook")["version"]
        file.write_text(text.replace("repeat: 3", "repeet: 3"), encoding="utf-8")
        server.process.send_signal(signal.SIGHUP)
        until(lambda: "did you mean 'repeat'?" in server.said())
        assert first == server.api("GET", "/runbook")["version"]
        file.write_text(text.replace("repeat: 3", "repeat: 2"), encoding="utf-8")
        server.process.send_signal(signal.SIGHUP)
        second = until(
            lambda: server.api("GET", "/runbook")["version"] != first and server.api("GET", "/runbook")["version"]
        )
        assert second == server.api("POST", "/incidents", {"title": "x", "severity": "P3"})["runbook_version"]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_being_told_to_stop_ends_tidily(tmp_path, how):
    """Exit 0 within seconds; the log of the database is folded in, and no address of a dead server is left."""
    with Served(tmp_path, ROOT / "examples/proofi/runbook.yaml") as server:
        assert (tmp_path / "server.json").exists()
        server.stop(how)
        assert 0 == server.process.returncode
    assert {"tocsin.db", "tocsin.db-reserve"} == {path.name for path in tmp_path.glob("tocsin.db*")}
    assert not (tmp_path / "server.json").exists()
