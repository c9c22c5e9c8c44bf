"""`make cluster`, as somebody who tries it would use it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys

import httpx
from examples.cluster.postgres import free_port

from ..served import ROOT, until


def test_the_cluster_starts_takes_an_alert_and_stops(room):
    """An alert given to one node shows on the other; Ctrl-C ends everything."""
    ports = [free_port(), free_port()]
    folder = room / "cluster"
    log = (room / "cluster.log").open("wb")
    environment = {**os.environ, "CLUSTER_DATA": str(folder), "CLUSTER_PORTS": ",".join(map(str, ports)),
                   "TOCSIN_INGEST_KEY": "ingest-key-of-the-cluster", "TOCSIN_ADMIN_TOKEN": "admin-token-of-the-cluster"}  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "examples.cluster"], cwd=ROOT, env=environment, stdout=log, stderr=log
    )
    log.close()

    def said():
        return (room / "cluster.log").read_text(errors="replace")

    try:
        until(lambda: 2 == len(re.findall(r"Tocsin listens on", said())) or process.poll() is not None, 60)
        for port in ports:
            until(lambda port=port: _ready(port), 20)
        body = {"key": "k", "title": "the api is down", "severity": "critical", "service": "api"}
        taken = httpx.post(
            f"http://127.0.0.1:{ports[0]}/in/generic/ingest-key-of-the-cluster", json=body, trust_env=False
        )
        assert 202 == taken.status_code, said()
        headers = {"Authorization": "Bearer admin-token-of-the-cluster"}
        seen = httpx.get(f"http://127.0.0.1:{ports[1]}/api/v1/incidents", headers=headers, trust_env=False).json()
        assert ["the api is down"] == [incident["title"] for incident in seen["items"]]
        ready = httpx.get(f"http://127.0.0.1:{ports[1]}/-/ready", trust_env=False).json()
        assert not [w for w in ready["warnings"] if "RPO" in w]
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)
    assert not (folder / "primary/postmaster.pid").exists()


def _ready(port):
    try:
        return httpx.get(f"http://127.0.0.1:{port}/-/ready", trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False
