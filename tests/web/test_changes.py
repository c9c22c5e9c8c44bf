"""The changes beside an incident, on its page and in the API."""

from __future__ import annotations

import json
from datetime import timedelta

from .test_sources import adopt, post, raw


def test_a_deployment_stands_beside_the_incident_that_followed(site):
    """On the page and in the API, with how long before; of one deployment its newest word alone."""
    for name in ("created", "succeeded"):
        body = json.loads(raw(f"vercel/deployment_{name}"))
        body["createdAt"] = int((site.now - timedelta(minutes=5 if name == "created" else 4)).timestamp() * 1000)
        assert 200 == post(site, f"vercel/deployment_{name}", json.dumps(body).encode()).status_code
    elsewhere = {"type": "Deployment.deployed", "resource": {"service": {"id": "x", "name": "billing"},
                 "environment": {"id": "y", "name": "production"}}, "timestamp": site.now.isoformat()}  # fmt: skip
    adopt(site, ("service: api}", "service: billing}"))
    post(site, "railway/deployment_deployed", json.dumps(elsewhere).encode())
    incident = site.declare(service="proofi.ai")
    items = site.api("GET", f"/incidents/{incident}/changes", role="viewer").json()["items"]

    assert [("less than a minute before", False), ("4 minutes before", True)] == [
        (c["when"], c["related"]) for c in items
    ]
    assert "Production deployment of wallet-ui: live" == items[1]["title"]
    assert ("vercel", "proofi.ai", "main") == (items[1]["source"], items[1]["service"], items[1]["labels"]["branch"])

    site.sign_in()
    page = site.ask("GET", f"/incidents/{incident}").text
    assert "4 minutes before</strong> Production deployment of wallet-ui: live" in page
    assert "1 of other services" in page
    assert 'data-part="changes"' in site.ask("GET", f"/incidents/{incident}/fragment/live").text
    assert 404 == site.api("GET", "/incidents/INC-99/changes").status_code


def test_an_incident_without_changes_says_so(site):
    incident = site.declare(service="payments")
    site.sign_in()

    assert "No change of this service, or of what it depends on" in site.ask("GET", f"/incidents/{incident}").text
