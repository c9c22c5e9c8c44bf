"""
See, find, mend: a bad deployment, a lost cluster and a full database, each on a real server over fakes that keep state
as the vendors do. The probe sees it, the assessment names it, the commander approves, the probe proves it.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from .fakes.app import FakeApp, FakeDatabase
from .fakes.ddc import FakeDdc
from .fakes.railway_api import FakeRailway
from .fakes.telegram import TOKEN, FakeTelegram
from .fakes.vercel_api import FakeVercel
from .served import ROOT, Served, until

PROBE = {"every": "1s", "fail_after": 2, "recover_after": 2}


def runbook(folder: Path, telegram: str, app: str, **parts: Any) -> Path:
    """The example with its probes on *app*, and whose parts (`connections`, `actions`, `protocols`) are as given."""
    data = yaml.load((ROOT / "examples/proofi/runbook.yaml").read_text(encoding="utf-8"), yaml.BaseLoader)
    data["version"] = 1
    data["channels"]["alerts"]["telegram"]["api_base"] = telegram
    data["probes"] = {
        "website": {"service": "proofi.ai", "http": f"{app}/", "expect": {"status": "<500", "within": "5s"}, **PROBE},
        "api": {
            "service": "api",
            "http": f"{app}/health",
            "expect": {"status": 200, "json": {"status": "ok"}},
            **PROBE,
        },
        "ddc-cdn": {"service": "ddc", "http": f"{app}/health", "expect": {"status": "<500"}, **PROBE},
    }
    data["probes"] = {name: data["probes"][name] for name in parts.pop("watch")}
    data["connections"] = parts.pop("connections", {})
    data["diagnose"] = parts.pop("diagnose")
    data["actions"] = parts.pop("actions")
    for protocol in data["protocols"].values():
        for duty in protocol["duties"]:
            duty.pop("propose", None)
        protocol.pop("mitigations", None)
    data["protocols"]["critical"]["mitigations"] = parts.pop("mitigations")
    file = folder / "runbook.yaml"
    file.write_text(yaml.dump(data, allow_unicode=True), encoding="utf-8")
    return file


class Case:
    """One story: who is up, what breaks it, and what is expected of the assessment and of the mending."""

    def __init__(self, server: Served) -> None:
        self.server = server

    def well(self) -> None:
        until(lambda: all(p["state"] == "up" for p in self.server.api("GET", "/probes")["items"]), 60)

    def broken(self) -> dict[str, Any]:
        """Wait until the probe has seen it and an incident is open."""
        return until(lambda: next(iter(self.server.api("GET", "/incidents")["items"]), None), 60)

    def lead(self, name: str) -> None:
        self.server.api("POST", f"/incidents/{name}/acknowledge", {"by": "martijn"})

    def assessed(self, name: str) -> dict[str, Any]:
        until(lambda: self.server.api("GET", f"/incidents/{name}")["diagnosis"]["assessed_at"], 60)
        return self.server.api("GET", f"/incidents/{name}")

    def mend(self, name: str, action: str) -> dict[str, Any]:
        """Plan as the backup, approve as the commander, and wait until the probe has proved it."""
        plan = self.server.api("POST", f"/incidents/{name}/actions/{action}/plan", {"by": "backup1"})
        bound = {"plan": plan["plan"], "hash": plan["hash"], "by": "martijn"}
        self.server.api("POST", f"/incidents/{name}/actions/{action}/approve", bound)
        ended = ("succeeded", "failed", "unknown")
        until(lambda: self.server.api("GET", f"/actions/{plan['plan']}")["state"] in ended, 90)
        return self.server.api("GET", f"/actions/{plan['plan']}")

    def all_clear(self, name: str) -> dict[str, Any]:
        until(lambda: self.server.api("GET", f"/incidents/{name}")["status"] == "monitoring", 60)
        done = {"root_cause": "as the assessment says", "resolution": "taken back", "by": "martijn"}
        return self.server.api("POST", f"/incidents/{name}/resolve", done)

    def kinds(self, name: str) -> list[str]:
        return [entry["kind"] for entry in self.server.api("GET", f"/incidents/{name}/timeline?limit=500")["items"]]


def told(telegram: FakeTelegram) -> str:
    return "\n".join(message["text"] for message in telegram.messages)


@pytest.fixture
def telegram():
    with FakeTelegram() as fake:
        yield fake


def served(tmp_path: Path, file: Path, **own: str) -> Served:
    return Served(tmp_path, file, TOCSIN_PROBES="on", TELEGRAM_BOT_TOKEN=TOKEN, **own)


def test_a_bad_production_deployment_is_rolled_back_and_the_probe_proves_it(tmp_path, telegram):
    """5xx on the site, P0, the deployment is named as the cause, rollback approved, verified, all-clear; then its undo."""
    before = datetime.now(UTC) - timedelta(hours=3)
    with FakeVercel() as vercel:
        vercel.deploy("dpl_good", at=before)
        vercel.takes = 0  # the vendor works by itself, whether anybody looks or not
        with FakeApp(vercel.ill) as app:
            file = runbook(
                tmp_path, telegram.url, app.url, watch=["website"], diagnose=["vercel.deployments", "blast_radius"],
                connections={"vercel": {**vercel.config, "service": "proofi.ai"}},
                actions={"rollback": {"vercel": "rollback", "approve": "commander",
                                      "verify": {"probe": "website", "within": "1m"}}},
                mitigations={"deployment": {"do": ["rollback"]}},
            )  # fmt: skip
            with served(tmp_path, file) as server:
                case = Case(server)
                case.well()
                vercel.deploy("dpl_bad", bad=True)
                name = case.broken()["id"]
                assert ("P0", "proofi.ai") == tuple(case.broken()[key] for key in ("severity", "service"))
                case.lead(name)
                incident = case.assessed(name)
                cause = incident["causes"][0]
                proposed = server.api("GET", f"/incidents/{name}/actions")["proposed"]
                run = case.mend(name, "rollback")
                assert ("succeeded", f"the probe {run['verify']['probe']} is ok") == (run["state"], run["why"])
                ended = case.all_clear(name)
                kinds = case.kinds(name)
                assert "dpl_good" == vercel.live

                undo = server.api(
                    "POST", f"/incidents/{name}/actions/rollback/undo", {"plan": run["plan"], "by": "backup1"}
                )
                assert "dpl_bad" in str(undo)

    assert ("deployment", "dpl_bad") == (cause["kind"], cause["target"])
    assert ["rollback"] == [one["action"] for one in proposed]
    assert ("succeeded", "resolved") == (run["state"], ended["status"])
    assert [k for k in kinds if k.startswith("action_")] == [
        "action_planned", "action_approved", "action_started", "action_succeeded",
    ]  # fmt: skip
    assert {"fix"} <= {d["id"] for d in ended["duties"] if d["state"] == "done"}
    assert re.search(r"INC-1: Likely cause: deployment", told(telegram))


def test_a_bad_deployment_of_the_api_is_rolled_back_on_railway(tmp_path, telegram):
    before = datetime.now(UTC) - timedelta(hours=3)
    with FakeRailway() as railway:
        railway.deploy("dep_good", at=before)
        railway.takes = 0
        with FakeApp(railway.ill) as app:
            file = runbook(
                tmp_path, telegram.url, app.url, watch=["api"], diagnose=["railway.deployments", "railway.logs"],
                connections={"railway": {**railway.config, "service": "api"}},
                actions={"rollback_api": {"railway": "rollback", "approve": "commander",
                                          "verify": {"probe": "api", "within": "1m"}}},
                mitigations={"deployment": {"do": ["rollback_api"]}},
            )  # fmt: skip
            with served(tmp_path, file) as server:
                case = Case(server)
                case.well()
                railway.deploy("dep_bad", bad=True)
                name = case.broken()["id"]
                case.lead(name)
                cause = case.assessed(name)["causes"][0]
                run = case.mend(name, "rollback_api")
                assert ("succeeded", f"the probe {run['verify']['probe']} is ok") == (run["state"], run["why"])
                ended = case.all_clear(name)

    assert ("deployment", "dep_bad") == (cause["kind"], cause["target"])
    assert ("succeeded", "resolved", "") == (run["state"], ended["status"], railway.ill())


def test_when_the_storage_is_away_the_application_is_switched_to_the_other_cluster(tmp_path, telegram):
    with FakeDdc() as ddc, FakeApp(ddc.ill) as app:
        wish = ddc.wish
        file = runbook(
            tmp_path, telegram.url, app.url, watch=["ddc-cdn"], diagnose=["ddc.status", "blast_radius"], connections={"ddc": ddc.config},
            actions={"switch_ddc_cluster": {"http": wish["call"], "undo": wish["undo"], "approve": "commander",
                                            "verify": {"probe": "ddc-cdn", "within": "1m"}}},
            mitigations={"storage": {"do": ["switch_ddc_cluster"]}},
        )  # fmt: skip
        with served(tmp_path, file) as server:
            case = Case(server)
            case.well()
            ddc.clusters["primary"] = False
            name = case.broken()["id"]
            case.lead(name)
            cause = case.assessed(name)["causes"][0]
            run = case.mend(name, "switch_ddc_cluster")
            ended = case.all_clear(name)

    assert "storage" == cause["kind"]
    assert ("succeeded", "resolved", "backup") == (run["state"], ended["status"], ddc.active)


def test_a_database_is_made_read_only_and_writable_again(tmp_path, telegram, postgres):
    """Nothing writes into it any more, with the limits said beforehand; the way back is approved as well."""
    with psycopg.connect(postgres, autocommit=True) as session:
        session.execute("DROP DATABASE IF EXISTS watched")
        session.execute("CREATE DATABASE watched")
    dsn = re.sub(r"/postgres\?", "/watched?", postgres)
    database = FakeDatabase(dsn)
    broken: list[str] = []
    with FakeApp(lambda: broken[0] if broken else "") as app:
        file = runbook(
            tmp_path, telegram.url, app.url, watch=["api"], diagnose=["blast_radius"],
            actions={"database_read_only": {"postgres": {"dsn": "${PROOFI_DATABASE_URL}", "read_only": True},
                                            "approve": "commander"}},
            mitigations={"database": {"do": ["database_read_only"]}},
        )  # fmt: skip
        with served(tmp_path, file, PROOFI_DATABASE_URL=dsn) as server:
            case = Case(server)
            case.well()
            broken.append("two writers corrupt the rows")
            name = case.broken()["id"]
            case.lead(name)
            plan = server.api("POST", f"/incidents/{name}/actions/database_read_only/plan", {"by": "backup1"})
            run = case.mend(name, "database_read_only")
            assert "25006" in database.ill()
            broken.clear()
            path = f"/incidents/{name}/actions/database_read_only"
            undo = server.api("POST", f"{path}/undo", {"plan": run["plan"], "by": "backup1"})
            bound = {"plan": undo["plan"], "hash": undo["hash"], "by": "martijn"}
            server.api("POST", f"{path}/approve", bound)
            until(lambda: server.api("GET", f"/actions/{run['plan']}")["state"] == "undone", 60)
            ended = case.all_clear(name)
            said = server.said()

    assert plan["warnings"]
    assert ("succeeded", "resolved", "") == (run["state"], ended["status"], database.ill())
    assert dsn not in said
