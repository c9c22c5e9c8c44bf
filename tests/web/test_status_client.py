"""A client of Statuspage that others wrote reads our JSON: the exporter of statuspage-prometheus-exporter."""

from __future__ import annotations

import json
import subprocess
import sys

import httpx

from ..served import ROOT, Served, until

ASK = """
import json, sys
from statuspage_prometheus_exporter.service_checker import SERVICES, check_service_status
print(json.dumps(check_service_status("tocsin", SERVICES["tocsin"])))
"""


def read(server, folder):
    """What that client makes of our summary."""
    services = {"tocsin": {"name": "Tocsin", "type": "status_page", "url": f"{server.url}/api/v2/summary.json"}}
    (folder / "services.json").write_text(json.dumps(services))
    environment = {**server.environment, "HOME": str(folder), "NO_PROXY": "127.0.0.1", "CACHE_DIR": str(folder)}
    done = subprocess.run(
        [sys.executable, "-c", ASK],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert 0 == done.returncode, done.stderr
    return json.loads(done.stdout)


def test_it_reads_a_quiet_page_an_outage_and_planned_work(tmp_path):
    (tmp_path / "client").mkdir()
    with Served(tmp_path, ROOT / "examples/proofi/runbook.yaml") as server:

        def shows(text):
            return until(lambda: text in httpx.get(f"{server.url}/api/v2/summary.json", trust_env=False).text)

        shows("All Systems Operational")
        quiet = read(server, tmp_path / "client")
        assert (1, True, "none", []) == (
            quiet["status"],
            quiet["success"],
            quiet["raw_status"],
            quiet["incident_metadata"],
        )
        assert ["Website", "Wallet API", "Data storage", "Payments", "Browser extension"] == [
            one["name"] for one in quiet["component_metadata"]
        ]
        server.api("POST", "/incidents", {"severity": "P0", "title": "internal", "service": "api"})
        work = {
            "title": "Upgrade",
            "components": ["Payments"],
            "from": "2099-01-01T00:00:00Z",
            "until": "2099-01-01T01:00:00Z",
        }
        server.api("POST", "/maintenance", work)
        shows("Upgrade")
        said = read(server, tmp_path / "client")
        assert (0, "critical", "Critical Outage") == (said["status"], said["raw_status"], said["status_text"])
        (incident,) = said["incident_metadata"]
        assert ("Issues with Wallet API", "investigating", ["Wallet API"]) == (
            incident["name"], incident["status"], incident["affected_components"],
        )  # fmt: skip
        assert "major_outage" in {one["status"] for one in said["component_metadata"]}
        assert ["Upgrade"] == [one["name"] for one in said["maintenance_metadata"]]
