"""A real server beside GitHub: tickets that are opened, closed and linked, in a browser and by signed webhooks."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from tests.fakes.github_issues import FakeGitHubRepository

from ..served import ADMIN, INGEST, ROOT, Served, until
from .test_noise_chromium import PHONE
from .test_pages_chromium import browser, opened, session  # noqa: F401 - fixtures

SHOTS = os.environ.get("PAGE_SHOTS")  # a folder for pictures of each page, to be looked at
SECRET = "webhook-secret-of-github"


class Hub(FakeGitHubRepository):
    """GitHub on the clock of this machine."""

    @property
    def now(self):
        return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    @now.setter
    def now(self, value):
        pass


@pytest.fixture(scope="module")
def hub():
    with Hub(token="github-token-of-the-tests") as server:
        yield server
    assert [] == server.faults


@pytest.fixture(scope="module")
def served(hub, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tracker")
    text = (ROOT / "examples/proofi/runbook.yaml").read_text(encoding="utf-8")
    text = text.replace("https://api.github.com", hub.url)
    text = text.replace("  directory: docs/incidents", "  repository: pull_request\n  directory: docs/incidents")
    (folder / "runbook.yaml").write_text(text, encoding="utf-8")
    with Served(folder, folder / "runbook.yaml", GITHUB_TOKEN=hub.token, GITHUB_WEBHOOK_SECRET=SECRET) as server:
        yield server


def declared(served, severity, title):
    return served.api("POST", "/incidents", {"title": title, "severity": severity, "service": "api"})["id"]


def ticket(served, name):
    return served.api("GET", f"/incidents/{name}")["ticket"]


def told(served, body):
    raw = json.dumps(body).encode()
    signed = "sha256=" + hmac.new(SECRET.encode(), raw, hashlib.sha256).hexdigest()
    headers = {"X-GitHub-Event": "issues", "X-Hub-Signature-256": signed, "Content-Type": "application/json"}
    return httpx.post(f"{served.url}/in/github/{INGEST}", content=raw, headers=headers, trust_env=False, timeout=30)


def test_an_incident_and_its_issue_go_together(served, hub):
    name = declared(served, "P2", "Slow uploads")
    until(lambda: (ticket(served, name) or {}).get("tracker") == "github")
    number = int(ticket(served, name)["id"].removeprefix("#"))
    assert ("Slow uploads", ["severity: P2"]) == (hub.issues[number]["title"], hub.issues[number]["labels"])

    assert 200 == told(served, hub.set_state(number, "closed", "martijn")).status_code
    until(lambda: served.api("GET", f"/incidents/{name}")["status"] == "resolved")
    assert "closed" == ticket(served, name)["state"]
    served.api("POST", f"/incidents/{name}/reopen", {"reason": "it is back"})
    until(lambda: hub.issues[number]["state"] == "open")
    assert any("it is back" in text for text in hub.said(number))


def test_a_word_without_a_signature_closes_nothing(served, hub):
    name = declared(served, "P3", "A typo")
    until(lambda: (ticket(served, name) or {}).get("tracker") == "github")
    number = int(ticket(served, name)["id"].removeprefix("#"))
    body = hub.set_state(number, "closed", "mallory")
    hub.set_state(number, "open", "mallory")

    assert 401 == served.send(f"/in/github/{INGEST}", body).status_code
    assert "open" == ticket(served, name)["state"]


def test_a_ticket_is_linked_by_keys_alone_and_without_script(browser, served, hub, session):  # noqa: F811
    name, number = declared(served, "P1", "Payments fail"), hub.issue("Payments: a report")
    context, page, faults = opened(browser, session, java_script_enabled=False)
    page.goto(f"{served.url}/incidents/{name}")
    page.get_by_text("Link a ticket that is there").press("Enter")
    page.get_by_label("Its number or address").fill(str(number))
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name=f"#{number}")).to_be_visible()
    until(lambda: hub.said(number))
    assert [] == faults
    context.close()


def _drafted(served, name):
    """The document of an incident, once its draft is there."""
    answer = httpx.get(f"{served.url}/api/v1/incidents/{name}/postmortem", headers={"Authorization": f"Bearer {ADMIN}"})
    return answer.json() if answer.status_code == 200 else None


def test_a_postmortem_is_proposed(served, hub):
    name = declared(served, "P0", "Everything is down")
    served.api("POST", f"/incidents/{name}/resolve", {"root_cause": "A disk", "resolution": "Space", "by": "martijn"})
    document = until(lambda: _drafted(served, name))
    published = {"version": document["version"], "anyway": True, "by": "martijn"}
    served.api("POST", f"/incidents/{name}/postmortem/publish", published)
    until(lambda: [pull for pull in hub.pulls if name in pull["title"]])

    assert any(path.endswith("everything-is-down.md") for path in hub.branches[f"tocsin/{name.lower()}"])


@pytest.mark.parametrize("options", [{}, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_fit(browser, served, session, options, scheme):  # noqa: F811
    context, page, faults = opened(browser, session, color_scheme=scheme, **options)
    name = declared(served, "P0", "Shown")
    day = datetime.now(UTC).date().replace(year=2031)
    served.api("POST", "/action-items", {"incident": name, "title": "Alarm", "owner": "martijn", "due": str(day)})
    page.goto(f"{served.url}/readiness")
    page.get_by_role("button", name="Test them now").click()
    expect(page.get_by_text(re.compile("Tested .* ago by martijn"))).to_be_visible()
    for path in ("/readiness", f"/incidents/{name}", "/tickets", "/action-items"):
        page.goto(f"{served.url}{path}")
        for summary in page.locator("#lead summary, #actions summary, main .cards summary").all():
            summary.click()
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), path
        if SHOTS:
            said = path.strip("/").replace("/", "-")
            shot = f"tracker-{said}-{'phone' if options else 'wide'}-{scheme}.png"
            page.screenshot(path=str(Path(SHOTS) / shot), full_page=True)
    assert [] == faults
    context.close()
