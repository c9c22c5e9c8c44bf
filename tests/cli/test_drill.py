"""`tocsin drill`: without a server, as JSON, ended by Ctrl-C, and with the real people through a server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading

import pytest

from ..served import ROOT, Served, until

EXAMPLE = ROOT / "examples/proofi/runbook.yaml"
SHORT = """\
name: short
severity: P1
title: Payments are down
service: payments
lesson: Two duties.
people: {everyone: {acknowledges: 2m}}
story:
  - {at: 0m, alert: {key: pay, title: Payments are down, service: payments, severity: critical}}
  - {at: 8m, by: commander, checked: investigate}
  - {at: 10m, by: commander, resolve: {root_cause: The bank}}
"""


@pytest.fixture
def short(tmp_path):
    file = tmp_path / "short.yaml"
    file.write_text(SHORT, encoding="utf-8")
    return file


def words(*more):
    return [sys.executable, "-m", "tocsin", "drill", "--runbook", str(EXAMPLE), *map(str, more)]


def environment(folder):
    own = {name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_")}
    return {**own, "TOCSIN_DATABASE": f"sqlite:///{folder}/none.db", "COLUMNS": "100"}


def drilled(folder, *more):
    return subprocess.run(
        words(*more), env=environment(folder), cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )


def test_a_drill_without_a_server_prints_its_result_as_json_and_leaves_nothing(tmp_path, short):
    result = drilled(tmp_path, "--scenario", short, "--speed", 300, "--json")
    assert (0, "") == (result.returncode, result.stderr)
    found = json.loads(result.stdout)
    assert "INC-1" == found["incident"]
    assert {"acknowledge", "investigate"} <= set(found["duties_kept"])
    assert isinstance(found["duties_missed"], list)
    assert 100 < found["acknowledged_after_seconds"] < 600
    assert all({"kind", "subject", "text", "key", "next"} == set(gap) for gap in found["findings"])
    assert ("short", 300, False) == (found["scenario"], found["speed"], found["interrupted"])
    assert ["short.yaml"] == [file.name for file in tmp_path.iterdir()]


def test_each_thing_is_a_line_where_nobody_can_see_a_picture(tmp_path, short):
    out = drilled(tmp_path, "--scenario", short, "--speed", 300, "--no-web").stdout
    assert "DRILL: Payments are down" in out
    assert "sign-in" not in out
    assert "DRILL T+00:00  P1 declared on payments by generic" in out
    assert "What this drill teaches: Two duties." in out


def test_ctrl_c_ends_a_drill_and_scores_it(tmp_path, short):
    with subprocess.Popen(
        words("--scenario", short, "--speed", 1, "--plain"), env=environment(tmp_path), cwd=tmp_path,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        said = []
        reader = threading.Thread(target=lambda: said.extend(process.stdout), daemon=True)
        reader.start()
        until(lambda: any("paged" in line for line in said), 60)
        process.send_signal(signal.SIGINT)
        errors = process.stderr.read()
        reader.join(30)
        assert 0 == process.wait(30), errors
    out = "".join(said)
    assert "ended before its time" in out
    assert "duties kept" in out
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        (["P9"], 1, "no scenario of severity P9"),
        (["--scenario", "nowhere"], 1, "tocsin drill --list"),
        (["P0", "--speed", "0"], 2, "--speed"),
        (["--scenario", "bad.yaml"], 1, "line 2: severty: found an unknown key; accepted: did you mean 'severity'?"),
        (["--scenario", "short.yaml", "--runbook", "bad.yaml"], 1, "has errors"),
    ],
)
def test_what_cannot_be_drilled_is_said_in_one_sentence(tmp_path, short, given, code, said):
    (tmp_path / "bad.yaml").write_text("name: bad\nseverty: P0\n", encoding="utf-8")
    result = drilled(tmp_path, *given)
    assert code == result.returncode
    assert said in " ".join(result.stderr.replace("│", " ").split())
    assert "Traceback" not in result.stderr


def test_strict_fails_when_a_duty_was_missed(tmp_path, short):
    short.write_text(SHORT.replace("{acknowledges: 2m}", "{silent: true}").replace("10m,", "40m,"), encoding="utf-8")
    assert 1 == drilled(tmp_path, "--scenario", short, "--speed", 600, "--strict", "--json").returncode


def test_the_scenarios_are_listed(tmp_path):
    found = json.loads(drilled(tmp_path, "--list", "--json").stdout)
    assert 16 == len(found)
    assert {"name", "severity", "title", "example", "lesson"} == set(found[0])
    assert "p0-outage" in drilled(tmp_path, "--list").stdout


def test_a_drill_with_real_people_runs_on_the_server_until_it_is_resolved(tmp_path):
    """It asks first; the incident is a drill, its pages are marked, and its end gives the score."""
    with Served(tmp_path, EXAMPLE) as server:
        refused = server.cli("drill", "P0", "--real", given="n\n")
        assert 1 == refused.returncode
        assert "nothing was begun" in refused.stderr
        assert [] == server.api("GET", "/incidents")["items"]

        def people():
            until(lambda: server.api("GET", "/incidents")["items"])
            until(lambda: "DRILL: [P0] INC-1: Fire drill" in server.said())
            server.api("POST", "/incidents/INC-1/acknowledge", {"by": "martijn"})
            server.api("POST", "/incidents/INC-1/resolve", {"by": "martijn", "root_cause": "A drill"})

        acting = threading.Thread(target=people)
        acting.start()
        result = server.cli("drill", "P0", "--real", "--yes", "--title", "Fire drill", "--json")
        acting.join(60)
        found = json.loads(result.stdout)
        assert ("INC-1", True, True) == (found["incident"], found["real"], found["resolved"])
        assert "acknowledge" in found["duties_kept"]
        assert "Martijn" == found["acknowledged_by"]
        [listed] = server.api("GET", "/incidents?drill=true")["items"]
        assert listed["drill"]
        assert [] == server.api("GET", "/incidents?drill=false")["items"]
