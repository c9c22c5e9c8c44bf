"""A diagnosis whole, in real time: a real server, tools on real sockets that answer, hang, refuse and talk rubbish."""

from __future__ import annotations

import json
import re
import signal
import sys
import time
from datetime import datetime
from pathlib import Path

import pytest
import yaml

from .fakes.telegram import TOKEN, FakeTelegram
from .served import ROOT, Served, until
from .tools import NAMES, FakeTools, package

DEPLOYED = {"text": "Production deployment dpl_9 by ana", "suspect": "deployment", "target": "dpl_9", "weight": 0.9,
            "before": 4, "link": "https://vercel.example/dpl_9"}  # fmt: skip
SECRET = "secret-of-the-tools-1234"


def runbook(folder: Path, telegram: str, vendor: str) -> Path:
    data = yaml.load((ROOT / "examples/proofi/runbook.yaml").read_text(encoding="utf-8"), yaml.BaseLoader)
    data["version"] = 1
    data["channels"]["alerts"]["telegram"]["api_base"] = telegram
    data["diagnose"] = [*NAMES, "blast_radius"]
    for name in ("vercel", "sentry", "railway", "github"):
        data["connections"][name].update(token=SECRET, api_base=vendor)
    file = folder / "runbook.yaml"
    file.write_text(yaml.dump(data, allow_unicode=True), encoding="utf-8")
    return file


@pytest.fixture
def far_side():
    with FakeTelegram() as telegram, FakeTools() as vendor:
        yield telegram, vendor


@pytest.fixture
def server(tmp_path, far_side):
    telegram, vendor = far_side
    own = {"TELEGRAM_BOT_TOKEN": TOKEN, "PYTHONPATH": package(tmp_path / "site")}
    return Served(tmp_path, runbook(tmp_path, telegram.url, vendor.url), **own)


def assessments(telegram):
    return [m for m in telegram.messages if re.match(r"INC-\d+: (Likely|Possible|No likely) cause", m["text"])]


def between(incident):
    at = datetime.fromisoformat
    return (at(incident["diagnosis"]["assessed_at"]) - at(incident["diagnosis"]["started_at"])).total_seconds()


def test_one_tool_answers_one_hangs_one_refuses_and_one_talks_rubbish(server, far_side):
    """The assessment is in the war room within 30 seconds of the declaration, the cause first, the failures plainly."""
    telegram, vendor = far_side
    vendor.says = {"deployments": [DEPLOYED], "issues": "refused", "logs": "hang", "github": "html"}
    with server:
        server.api("POST", "/incidents", {"title": "proofi.ai is down", "severity": "P0", "service": "proofi.ai"})
        until(lambda: {"deployments", "issues", "logs", "github"} <= set(vendor.asked), 20)
        running = server.api("GET", "/incidents/INC-1")["diagnosis"]
        assert (True, ["railway.seen"]) == (running["running"], [n for n in running["waiting"] if n == "railway.seen"])
        [text] = until(lambda: assessments(telegram))
        incident = server.api("GET", "/incidents/INC-1")
        again = json.loads(server.cli("incident", "diagnose", "INC-1", "--no-wait", "--json").stdout)
        page = _page(server)
        said = server.said()

    assert text["message_thread_id"]
    assert text["text"].startswith(
        "INC-1: Likely cause: deployment. Production deployment dpl_9 by ana, 4 minutes before."
    )
    failures = {f["source"]: f["text"] for f in incident["findings"] if f["failed"]}
    assert {
        "sentry.seen": "Sentry issues could not be looked at: the token is refused (401)",
        "railway.seen": "Railway logs could not be looked at: no answer within 10 s",
        "github.seen": "GitHub deployments could not be looked at: its answer could not be read (TypeError)",
    } == failures  # fmt: skip
    assert between(incident) <= 30
    assert ("deployment", "dpl_9") == (incident["causes"][0]["kind"], incident["causes"][0]["target"])
    assert (2, True) == (again["diagnosis"]["run"], again["diagnosis"]["running"])
    assert "Looking: " in page
    assert "Production deployment dpl_9 by ana" in page
    assert {f"Bearer {SECRET}"} == vendor.tokens
    assert SECRET not in said + page + json.dumps(incident) + text["text"]
    assert ([], []) == (telegram.faults, vendor.faults)


def _page(server):
    import httpx

    with httpx.Client(base_url=server.url, trust_env=False, follow_redirects=True, timeout=30) as client:
        link = server.sign_in_link()
        token = link.partition("token=")[2]
        client.post("/sign-in", data={"token": token}, headers={"Origin": server.url})
        return client.get("/incidents/INC-1").text


def test_killed_while_looking_the_next_start_looks_again(server, far_side):
    """kill -9 in the midst of the looks: after the start the claims run out, and it is all looked at and assessed."""
    telegram, vendor = far_side
    vendor.says = {"deployments": "hang"}
    with server:
        server.api("POST", "/incidents", {"title": "proofi.ai is down", "severity": "P0", "service": "proofi.ai"})
        until(lambda: "deployments" in vendor.asked, 20)
        server.process.send_signal(signal.SIGKILL)
        server.process.wait(60)
    assert [] == assessments(telegram)
    vendor.says = {"deployments": [DEPLOYED]}
    with server:
        until(lambda: assessments(telegram), 60)
        incident = server.api("GET", "/incidents/INC-1")
        assert "deployment" == incident["causes"][0]["kind"]
        assert 0 == server.cli("verify").returncode
        time.sleep(1)
        assert 1 == len(assessments(telegram)), "once, however often it was begun"


def test_a_name_that_nothing_can_look_at_is_an_error_with_the_nearest(server, tmp_path):
    """`check` knows the integrations that are installed, ours and those of other packages."""
    file = server.runbook
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("- vercel.seen", "- vercel.sene"), encoding="utf-8")
    [error] = json.loads(server.cli("check", str(file), "--json").stdout)["errors"]
    file.write_text(re.sub(r"project: proofi\n", "project: ''\n", text), encoding="utf-8")
    report = json.loads(server.cli("check", str(file), "--json").stdout)

    assert ("diagnose[0]", "'vercel.sene'") == (error["key"], error["found"])
    assert error["accepted"].startswith("did you mean 'vercel.seen'? ")
    assert [] == report["errors"]
    told = [f for f in report["findings"] if f["kind"] == "cannot_look" and f["subject"] == "vercel.seen"]
    assert ["connections.vercel has no project"] == [f["text"] for f in told]
    assert sys.executable
