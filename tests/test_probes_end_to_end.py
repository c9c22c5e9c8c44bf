"""A service that breaks, as a real server sees it: looks, an alert, a P0, the way back, a job that is late, the commands."""

from __future__ import annotations

import json
import re
import signal

import httpx
import pytest
import yaml

from .fakes.web import FakeServer
from .served import INGEST, ROOT, Served, until


class Shop(FakeServer):
    status = 200

    def answer(self, path, headers, body):
        return self.status, {}, b'{"status": "ok"}'


@pytest.fixture
def shop():
    with Shop() as server:
        yield server


@pytest.fixture
def runbook(tmp_path, shop):
    book = yaml.safe_load((ROOT / "examples/proofi/runbook.yaml").read_text(encoding="utf-8"))
    http = {"service": "proofi.ai", "http": f"{shop.url}/health", "every": "1s", "fail_after": 2}
    book["probes"]["website"] = {**http, "expect": {"status": "<500"}}
    for name in ("api", "ddc-cdn", "cere-rpc"):
        book["probes"][name] = {**http, "service": "ddc", "every": "1h"}
    book["probes"]["nightly"] = {"service": "api", "heartbeat": True, "every": "2s"}
    path = tmp_path / "runbook.yaml"
    path.write_text(yaml.dump(book, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return path


def test_a_service_breaks_and_comes_back(tmp_path, shop, runbook):
    with Served(tmp_path, runbook, TOCSIN_PROBES="on") as server:
        until(lambda: server.api("GET", "/probes/website")["state"] == "up")
        assert 200 == httpx.get(f"{server.url}/in/heartbeat/{INGEST}/nightly", trust_env=False).status_code

        shop.status = 503
        alert = until(lambda: firing(server, "website"))
        assert ("probe", "firing", "incident") == (alert["source"], alert["state"], alert["disposition"])
        incident = server.api("GET", f"/incidents/{alert['incident']}")
        assert ("P0", "proofi.ai", "website: status 503, expected <500") == (
            incident["severity"], incident["service"], incident["title"],
        )  # fmt: skip
        assert "http_5xx" in server.cli("probe", "list").stdout
        told = json.loads(server.cli("probe", "show", "website", "--json").stdout)
        assert ("failing", "http_5xx") == (told["state"], told["check"])
        looked = server.cli("probe", "run", "website", "--runbook", str(runbook))
        assert (1, True) == (looked.returncode, "website: http_5xx" in looked.stdout), looked

        late = until(lambda: firing(server, "nightly"))
        assert "nightly: no call since" in server.api("GET", f"/incidents/{late['incident']}")["title"]

        server.stop(signal.SIGKILL)  # while it fails
        with Served(tmp_path, runbook, TOCSIN_PROBES="on") as again:
            until(lambda: again.api("GET", "/probes/website")["results"][0]["at"] > told["at"])
            assert 1 == len(alerts(again, "website"))

            shop.status = 200
            until(lambda: not firing(again, "website"))
            until(lambda: again.api("GET", f"/incidents/{alert['incident']}")["status"] == "monitoring")
            looked = again.cli("probe", "run", "website", "--json")
            assert (0, True) == (looked.returncode, json.loads(looked.stdout)["ok"]), looked

            text = runbook.read_text(encoding="utf-8")
            runbook.write_text(re.sub(r"  nightly:\n(    .*\n)+", "", text), encoding="utf-8")
            again.process.send_signal(signal.SIGHUP)
            until(lambda: not firing(again, "nightly"))
            assert 404 == httpx.get(f"{again.url}/in/heartbeat/{INGEST}/nightly", trust_env=False).status_code


def alerts(server, key):
    return [alert for alert in server.api("GET", "/alerts")["items"] if alert["key"] == key]


def firing(server, key):
    return next((alert for alert in alerts(server, key) if alert["state"] == "firing"), None)


def test_the_shipped_example_is_not_looked_at(tmp_path):
    """Its services are somebody else's: only who says so looks at them."""
    from tocsin.serving import _looks
    from tocsin.settings import Settings
    from tocsin.wiring import EXAMPLE

    other = tmp_path / "runbook.yaml"
    given = [(None, "auto"), (EXAMPLE, "auto"), (EXAMPLE, "on"), (other, "auto"), (other, "off")]
    assert [False, False, True, True, False] == [_looks(Settings(runbook=book, probes=said)) for book, said in given]
