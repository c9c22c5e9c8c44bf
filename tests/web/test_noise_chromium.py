"""Silences and the form of the severity in a real browser: by keys alone, on a phone, in the dark, without script."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from ..served import INGEST
from .test_pages_chromium import browser, opened, served, session  # noqa: F401 - fixtures

PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "is_mobile": True, "has_touch": True}
PAGES = ("/silences", "/maintenance", "/declare?q0=1", "/incidents/INC-1")
SHOTS = os.environ.get("PAGE_SHOTS")  # a folder for pictures of each page, to be looked at


@pytest.fixture(scope="module")
def noisy(served):  # noqa: F811
    """Something is silenced and held back, work is planned, two incidents are one."""
    for title in ("proofi.ai is down", "payments fail"):
        served.api("POST", "/incidents", {"title": title, "severity": "P1", "service": "payments"})
    body = {"matchers": ["service=ddc", "labels.env!=production"], "reason": "we move the rack", "for": "2h"}
    served.api("POST", "/silences", body)
    alert = {
        "key": "held",
        "title": "storage unreachable",
        "severity": "critical",
        "service": "ddc",
        "check": "unreachable",
    }
    assert served.send(f"/in/generic/{INGEST}", alert).status_code == 202
    served.api("POST", "/incidents/INC-2/merge", {"into": "INC-1"})
    return served


def test_a_severity_is_proposed_and_declared_by_keys_alone(browser, noisy, session):  # noqa: F811
    context, page, faults = opened(browser, session, java_script_enabled=False)
    page.goto(f"{noisy.url}/declare")
    page.get_by_label("What is broken?").focus()
    page.keyboard.type("Payments fail for most")
    for key in (
        "Tab",
        "Tab",
        "Tab",
        "Space",
        "ArrowDown",
        "Enter",
    ):  # service, impact, the first question; Enter proposes
        page.keyboard.press(key)
    expect(page.locator("#proposal")).to_contain_text("Most people: something central is broken")
    expect(page.locator('input[name="severity"][value="P1"]')).to_be_checked()
    page.get_by_role("button", name="Declare and page").press("Enter")
    expect(page).to_have_url(re.compile(r"/incidents/INC-\d+$"))
    expect(page.get_by_role("heading", name="Payments fail for most")).to_be_visible()
    assert [] == faults
    context.close()


def test_a_silence_is_made_on_a_phone_and_asks_when_it_means_everything(browser, noisy, session):  # noqa: F811
    context, page, faults = opened(browser, session, **PHONE)
    page.goto(f"{noisy.url}/silences?match=text%3D~.*#new")
    page.get_by_label("Why? Whoever reads it tonight must know").fill("a drill of ours")
    page.get_by_label("For", exact=True).fill("5m")
    page.get_by_role("button", name="Silence it").tap()
    expect(page.get_by_role("alert")).to_contain_text("every alert there is")
    page.get_by_label("Yes, I mean that").check()
    page.get_by_role("button", name="Silence it").tap()
    card = page.locator(".silence", has_text="a drill of ours")
    expect(card).to_be_visible()
    card.get_by_role("button", name="End now").tap()
    expect(page.locator(".silence", has_text="a drill of ours")).to_have_count(0)
    assert [] == [fault for fault in faults if "409" not in fault]
    context.close()


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("device", ["wide", "phone"])
def test_every_page_fits_and_is_blocked_nothing(browser, noisy, session, colours, device):  # noqa: F811
    options = PHONE if device == "phone" else {"viewport": {"width": 1280, "height": 900}}
    context, page, faults = opened(browser, session, color_scheme=colours, **options)
    for path in PAGES:
        page.goto(f"{noisy.url}{path}")
        wide, inner = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        assert wide <= inner, path
        small = page.evaluate(
            "[...document.querySelectorAll('main button, main input:not([type=hidden]):not([type=checkbox]):not([type=radio])')]"
            ".filter(e => e.offsetHeight && e.offsetHeight < 36).map(e => e.outerHTML)"
        )
        assert [] == small, path
        if SHOTS:
            name = path.strip("/").partition("?")[0].replace("/", "-")
            page.screenshot(path=Path(SHOTS) / f"{name}-{device}-{colours}.png", full_page=True)
    assert [] == faults
    context.close()
