"""The likely cause in a real browser: it grows live while tools are looked at, and fits a phone in the dark."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

from ..fakes.telegram import TOKEN, FakeTelegram
from ..served import Served
from ..test_diagnosis_end_to_end import DEPLOYED, runbook
from ..tools import FakeTools, package
from .test_noise_chromium import PHONE
from .test_pages_chromium import browser, opened, session  # noqa: F401 - fixtures

SHOTS = os.environ.get("PAGE_SHOTS")  # a folder for pictures of each page, to be looked at
LONG = {"text": "New since 1.4.2: TypeError: cannot read properties of undefined (reading 'wallet') in wallet.ts, 812 times",
        "ok": False, "suspect": "errors", "weight": 0.5, "link": "https://sentry.example/1"}  # fmt: skip


@pytest.fixture(scope="module")
def vendor():
    with FakeTools() as fake:
        fake.says = {"deployments": [DEPLOYED], "issues": [LONG], "logs": "hang", "github": "refused"}
        yield fake


@pytest.fixture(scope="module")
def served(tmp_path_factory, vendor):
    folder = tmp_path_factory.mktemp("looks")
    with FakeTelegram() as telegram:
        file = runbook(folder, telegram.url, vendor.url)
        own = {"TELEGRAM_BOT_TOKEN": TOKEN, "PYTHONPATH": package(folder / "site")}
        with Served(folder, file, **own) as server:
            yield server


def test_it_grows_live_until_every_tool_has_answered_and_a_press_looks_again(browser, served, session):  # noqa: F811
    context, page, faults = opened(browser, session)
    name = served.api("POST", "/incidents", {"title": "down", "severity": "P0", "service": "proofi.ai"})["id"]
    page.goto(f"{served.url}/incidents/{name}")
    card = page.locator("#diagnosis")
    expect(card.get_by_role("status")).to_contain_text("Waiting for Railway logs", timeout=20_000)
    expect(card.get_by_text("Deployment", exact=True)).to_be_visible()
    expect(card.get_by_text("Railway logs could not be looked at: no answer within 10 s")).to_be_visible(timeout=40_000)
    expect(card.get_by_role("status")).to_have_count(0)

    card.get_by_text("What was found").click()
    expect(card.get_by_text(LONG["text"]).last).to_be_visible()
    card.get_by_role("button", name="Look again").press("Enter")
    expect(page.locator("#diagnosis").get_by_role("status")).to_contain_text("Looking: ")
    expect(page.locator("#diagnosis").get_by_role("button", name="Look again")).to_have_count(0)
    assert [] == faults
    context.close()


@pytest.mark.parametrize("options", [{}, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits(browser, served, session, options, scheme):  # noqa: F811
    context, page, faults = opened(browser, session, color_scheme=scheme, **options)
    page.goto(f"{served.url}/incidents/INC-1")
    for summary in page.locator("#diagnosis summary").all():
        summary.click()
    expect(page.locator("#diagnosis .findings li").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    if SHOTS:
        page.locator("#diagnosis").screenshot(
            path=str(Path(SHOTS) / f"diagnosis-{'phone' if options else 'wide'}-{scheme}.png")
        )
    assert [] == faults
    context.close()
