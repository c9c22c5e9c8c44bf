"""The status page in a real browser: WCAG AA by axe-core in both themes, on a narrow screen, by keyboard."""

from __future__ import annotations

import re

import pytest
import yaml
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from ..served import ROOT, Served, until
from .test_pages_chromium import CHROMIUM, FLAGS

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
COLOURS = ["#1f4fd1", "#ffdd00"]  # the default, and one that no reader of a white page could read
PATHS = ["/status", "/status/history", "incident", "/status/subscribe", "asked", "/status/unsubscribe/x/y"]


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture(scope="module", params=COLOURS)
def served(request, tmp_path_factory):
    """A page that shows everything it can: outages of each kind, planned work, what is over, a notice."""
    data = tmp_path_factory.mktemp("status")
    book = yaml.safe_load((ROOT / "examples/proofi/runbook.yaml").read_text(encoding="utf-8"))
    book["status_page"]["accent"] = request.param
    book["channels"]["email"]["smtp"].update(host="127.0.0.1", port=9, security="none")
    (data / "runbook.yaml").write_text(yaml.dump(book, sort_keys=False, allow_unicode=True), encoding="utf-8")
    with Served(data, data / "runbook.yaml") as server:
        for severity, service in (("P0", "proofi.ai"), ("P1", "api"), ("P2", "ddc"), ("P0", "extension")):
            server.api(
                "POST", "/incidents", {"severity": severity, "title": f"{severity} {service}", "service": service}
            )
        server.api("POST", "/incidents/INC-3/update", {"status": "identified", "summary": "x" * 300, "public": True})
        server.api("POST", "/incidents/INC-4/resolve", {})
        now = server.api("GET", "/incidents/INC-1")["declared_at"]
        work = {"title": "Move <b>disks</b>", "text": "Read-only.", "components": ["Payments"], "from": now}
        day = f"{now[:8]}28"
        until_ = (max(now[:10], day) + "T23:59:59Z") if now[:10] < day else re.sub(r"\d\d:\d\d.*", "23:59:59Z", now)
        server.api("POST", "/maintenance", {**work, "until": until_})
        assert (
            0
            == server.cli(
                "status", "publish", "--message", "We <b>know</b>.", "--runbook", str(data / "runbook.yaml")
            ).returncode
        )
        import httpx

        def shown():
            text = httpx.get(f"{server.url}/status", trust_env=False).text
            return all(word in text for word in ("Major outage", "Partial outage", "Degraded", "Under maintenance"))

        until(shown, 90)
        server.incident = httpx.get(f"{server.url}/api/v2/incidents.json", trust_env=False).json()["incidents"][0]["id"]
        yield server


def address(server, path):
    if path == "incident":
        return f"{server.url}/status/incidents/{server.incident}"
    return server.url + ("/status/subscribe" if path == "asked" else path)


def opened(browser, server, path, **options):
    context = browser.new_context(java_script_enabled=True, bypass_csp=True, **options)
    page = context.new_page()
    page.goto(address(server, path))
    if path == "asked":
        page.get_by_label("E-mail address").fill("reader@example.org")
        page.get_by_label("Wallet API").first.check()
        page.get_by_role("button", name="Send me a confirmation").click()
        page.get_by_role("heading", name="One more step").wait_for()
    return context, page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PATHS)
def test_axe_finds_nothing_wrong(browser, served, path, scheme):
    context, page = opened(browser, served, path, color_scheme=scheme)
    found = Axe().run(page, options=RULES).response["violations"]
    context.close()
    assert [] == [(one["id"], [node["html"][:120] for node in one["nodes"]][:3]) for one in found]


@pytest.mark.parametrize("path", PATHS)
def test_at_320_pixels_nothing_scrolls_sideways_and_nothing_is_cut(browser, served, path):
    context, page = opened(browser, served, path, viewport={"width": 320, "height": 700})
    wide = page.evaluate("document.documentElement.scrollWidth")
    small = page.evaluate(
        "[...document.querySelectorAll('button, input:not([type=checkbox]):not([type=hidden])')]"
        ".filter(e => e.getBoundingClientRect().height < 44).length"
    )
    context.close()
    assert (320, 0) == (wide, small)


def test_by_keyboard_one_comes_first_to_the_content_and_sees_where_one_is(browser, served):
    context, page = opened(browser, served, "/status")
    page.keyboard.press("Tab")
    assert "Skip to the content" == page.evaluate("document.activeElement.textContent")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    assert "content" == page.evaluate("document.activeElement.id")
    context.close()


def test_it_works_without_script_and_leaves_no_cookie(browser, served):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    faults = []
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.goto(f"{served.url}/status")
    assert "<b>disks</b>" in page.get_by_role("heading", name="Move").inner_text()
    page.get_by_role("link", name="Subscribe").click()
    page.get_by_label("E-mail address").fill("other@example.org")
    page.get_by_role("button", name="Send me a confirmation").click()
    page.get_by_role("heading", name="One more step").wait_for()
    assert [] == context.cookies()
    assert [] == faults
    context.close()
