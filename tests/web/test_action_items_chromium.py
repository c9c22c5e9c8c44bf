"""Action items in a real browser: by keys alone and without script, on a phone, light and dark."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from .test_noise_chromium import PHONE
from .test_pages_chromium import browser, opened, served, session  # noqa: F401 - fixtures

SHOTS = os.environ.get("PAGE_SHOTS")  # a folder for pictures of each page, to be looked at
LONG = "Rotate the key of the storage provider and write down how it is done, so that everybody can do it at night"


def day(days):
    return str(datetime.now(UTC).date() + timedelta(days=days))


@pytest.fixture(scope="module")
def agreed(served):  # noqa: F811
    """An incident with an item that is open, and one that is done."""
    served.api("POST", "/incidents", {"title": "Uploads fail", "severity": "P2", "service": "api"})
    for title in (LONG, "Write a test"):
        body = {"incident": "INC-1", "title": title, "owner": "backup1", "due": day(9), "issue": "https://example.org/7",
                "verify": "The old key is refused"}  # fmt: skip
        made = served.api("POST", "/action-items", body)
    served.api("POST", f"/action-items/{made['id']}/done", {})
    return served


def test_one_is_added_and_done_by_keys_alone_and_without_script(browser, agreed, session):  # noqa: F811
    context, page, faults = opened(browser, session, java_script_enabled=False)
    page.goto(f"{agreed.url}/action-items")
    page.get_by_label("Incident").focus()
    page.keyboard.type("INC-1")
    page.get_by_label("What is to be done?").fill("Check the backups")
    page.locator("#new").get_by_label("Owner").select_option("martijn")
    page.locator("#new").get_by_label("Due").fill(day(3))
    page.get_by_role("button", name="Add the action item").press("Enter")
    done = page.get_by_role("button", name="Done: Check the backups")
    expect(done).to_be_visible()
    done.press("Enter")
    expect(done).to_have_count(0)
    page.get_by_text("Done or dropped").click()
    expect(page.get_by_text("Check the backups")).to_be_visible()
    assert [] == faults
    context.close()


@pytest.mark.parametrize("options", [{}, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_fit(browser, agreed, session, options, scheme):  # noqa: F811
    context, page, faults = opened(browser, session, color_scheme=scheme, **options)
    for path in ("/action-items", "/incidents/INC-1"):
        page.goto(f"{agreed.url}{path}")
        expect(page.get_by_text(LONG).first).to_be_visible()
        for summary in page.locator("#items summary, main .cards summary").all():
            if summary.is_visible():
                summary.click()
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), path
        if SHOTS:
            name = f"{path.strip('/').replace('/', '-')}-{'phone' if options else 'wide'}-{scheme}.png"
            page.screenshot(path=str(Path(SHOTS) / name), full_page=True)
    assert [] == faults
    context.close()
