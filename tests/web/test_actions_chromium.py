"""An action in a real browser: planned with one press, approved by a second person, run; on a phone, light and dark."""

from __future__ import annotations

import os
import re
from pathlib import Path

import httpx
import pytest
import yaml
from playwright.sync_api import expect

from ..fakes.target import FakeTarget
from ..served import ADMIN, ROOT, Served, until
from .test_noise_chromium import PHONE
from .test_pages_chromium import browser, opened  # noqa: F401 - fixtures

SHOTS = os.environ.get("PAGE_SHOTS")  # a folder for pictures of each page, to be looked at


@pytest.fixture(scope="module")
def target():
    with FakeTarget("dpl_9fK2mWq") as made:
        yield made


@pytest.fixture(scope="module")
def acted(tmp_path_factory, target):
    """A server whose runbook has something to do, with an incident that martijn leads."""
    folder = tmp_path_factory.mktemp("actions")
    data = yaml.load((ROOT / "examples/proofi/runbook.yaml").read_text(encoding="utf-8"), yaml.BaseLoader)
    data["version"] = 1
    call = {"method": "POST", "url": f"{target.url}/switch", "json": {"value": "dpl_7Gh1xPz"}}
    data["actions"]["switch_back"] = {"http": call, "approve": "second_person", "undo": call}
    data["protocols"]["critical"]["duties"][-2]["propose"] = ["switch_back"]
    runbook = folder / "runbook.yaml"
    runbook.write_text(yaml.dump(data, sort_keys=False), encoding="utf-8")
    server = Served(folder, runbook)
    server.program = ("tests.crash.child", "-", "0")
    with server:
        server.api("POST", "/incidents", {"title": "proofi.ai is down", "severity": "P0", "service": "proofi.ai"})
        server.api("POST", "/incidents/INC-1/acknowledge", {"by": "martijn"})
        yield server


@pytest.fixture(scope="module")
def sessions(browser, acted):  # noqa: F811
    """The cookies of two people."""
    made = {}
    for person in ("martijn", "backup1"):
        link = acted.sign_in_link() if not made else _link(acted)
        context = browser.new_context()
        page = context.new_page()
        page.goto(link)
        page.get_by_label(re.compile("as", re.IGNORECASE)).select_option(person)
        page.get_by_role("button", name="Sign in").click()
        expect(page).to_have_url(re.compile("/incidents$"))
        made[person] = context.storage_state()
        context.close()
    return made


def _link(acted):
    """Another link that signs in: made as `tocsin` does on the server's own machine."""
    from datetime import UTC, datetime, timedelta

    from tocsin.store.db import Database
    from tocsin.usecases import access

    db = Database(f"sqlite:///{acted.data}/tocsin.db", lambda: datetime.now(UTC))
    secret = "a-second-link-of-the-tests"
    db.write_now(access.make_sign_in, secret, "responder", datetime.now(UTC) + timedelta(hours=1))
    db.close()
    return f"{acted.url}/sign-in?token={secret}"


def shot(page, name):
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"), full_page=True)


def fits(page):
    return page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_one_press_plans_and_a_second_person_approves(browser, acted, sessions, target, scheme):  # noqa: F811
    """Without script, too: the page says all that changes before anybody agrees to it."""
    target.value = "dpl_9fK2mWq"
    target.calls.clear()
    context, page, faults = opened(
        browser, sessions["martijn"], color_scheme=scheme, java_script_enabled=scheme == "light", **PHONE
    )
    page.goto(f"{acted.url}/incidents/INC-1")
    assert fits(page)
    shot(page, f"incident-phone-{scheme}")
    if scheme == "dark":  # its duty is done by now: nothing proposes it any more, and it stands with the others
        page.locator("#do-other summary").click()
    page.get_by_role("button", name="Plan: switch back").click()
    expect(page.get_by_text("Set it from")).to_be_visible()
    expect(page.get_by_text("you planned it, and a second person approves it", exact=False)).to_be_visible()
    assert fits(page)
    shot(page, f"plan-phone-{scheme}")
    there = page.url
    assert [] == faults and [] == target.calls
    context.close()

    context, page, faults = opened(browser, sessions["backup1"], color_scheme=scheme, **PHONE)
    page.goto(there)
    shot(page, f"approve-phone-{scheme}")
    page.get_by_role("button", name="Approve, and run it now").press("Enter")
    expect(page.locator(".state").first).to_have_text("Succeeded", timeout=45_000)
    assert ["dpl_7Gh1xPz"] == target.calls
    assert fits(page)
    shot(page, f"succeeded-phone-{scheme}")
    page.goto(f"{acted.url}/actions")
    assert fits(page)
    shot(page, f"actions-phone-{scheme}")
    assert [] == faults
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_nobody_knows_and_the_switch_are_seen_at_once(browser, acted, sessions, target, scheme):  # noqa: F811
    target.mode = "cut"
    head = {"Authorization": f"Bearer {ADMIN}"}
    path = f"{acted.url}/api/v1/incidents/INC-1/actions/switch_back"
    plan = httpx.post(f"{path}/plan", json={"by": "martijn"}, headers=head, trust_env=False, timeout=30).json()
    acted.api("POST", "/incidents/INC-1/actions/switch_back/approve",
              {"plan": plan["plan"], "hash": plan["hash"], "by": "backup1"})  # fmt: skip
    until(lambda: acted.api("GET", f"/actions/{plan['plan']}")["state"] == "unknown")
    acted.api("POST", "/actions/stop", {"reason": "until somebody has looked", "by": "martijn"})
    context, page, faults = opened(browser, sessions["martijn"], color_scheme=scheme)
    page.goto(f"{acted.url}/actions/{plan['plan']}")
    expect(page.get_by_text("Look at the switch")).to_be_visible()
    expect(page.get_by_text("All actions are stopped").first).to_be_visible()
    shot(page, f"unknown-wide-{scheme}")
    page.goto(f"{acted.url}/incidents/INC-1")
    shot(page, f"incident-wide-{scheme}")
    page.goto(f"{acted.url}/actions")
    shot(page, f"actions-wide-{scheme}")
    page.get_by_role("button", name="Allow actions again").click()
    expect(page.get_by_role("button", name="Stop all actions")).to_be_visible()
    assert [] == faults
    target.mode = "ok"
    context.close()
