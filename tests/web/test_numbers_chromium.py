"""The numbers in a real browser: drawn without script, on a phone, light and dark; found words, and what was seen before."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

from .test_noise_chromium import PHONE
from .test_pages_chromium import browser, opened, served, session  # noqa: F401 - fixtures

SHOTS = os.environ.get("PAGE_SHOTS")  # a folder for pictures of each page, to be looked at
TITLE = "Uploads fail at the storage gateway for everybody who signs in through the browser extension"


@pytest.fixture(scope="module")
def known(served):  # noqa: F811
    """An incident that is over, with what helped, and one like it that is open."""
    for _ in range(2):
        name = served.api("POST", "/incidents", {"title": TITLE, "severity": "P0", "service": "ddc"})["id"]
        if name == "INC-1":
            served.api("POST", f"/incidents/{name}/acknowledge", {"by": "martijn"})
            served.api("POST", f"/incidents/{name}/update", {"summary": "We look", "by": "martijn"})
            served.api(
                "POST",
                f"/incidents/{name}/resolve",
                {"root_cause": "The pool was exhausted", "resolution": "Raised the limit"},
            )
    return served


def test_the_numbers_are_drawn_and_filtered_without_script(browser, known, session):  # noqa: F811
    context, page, faults = opened(browser, session, java_script_enabled=False)
    page.goto(f"{known.url}/incidents")
    page.locator(".more > summary").click()
    page.get_by_role("link", name="Numbers", exact=True).click()
    assert 2 == page.locator("svg.chart").count()
    for picture in page.locator("svg.chart").all():
        assert picture.bounding_box()["height"] > 80
    page.get_by_label("Severity").first.select_option("P3")
    page.get_by_role("button", name="Show").press("Enter")
    expect(page.get_by_text("No incident in this span")).to_be_visible()
    assert [] == faults
    context.close()


def test_words_find_an_incident_and_the_next_one_says_what_helped(browser, known, session):  # noqa: F811
    context, page, faults = opened(browser, session)
    page.goto(f"{known.url}/incidents")
    page.get_by_label("Words").fill("exhausted gateway")
    page.get_by_label("Words").press("Enter")
    expect(page.get_by_role("link", name="INC-1")).to_be_visible()
    expect(page.get_by_text("No open incident matches this filter")).to_be_visible()
    page.goto(f"{known.url}/incidents/INC-2")
    expect(page.locator("#seen").get_by_text("Raised the limit")).to_be_visible()
    expect(page.locator("#seen").get_by_text("the same service, ddc")).to_be_visible()
    assert [] == faults
    context.close()


@pytest.mark.parametrize("options", [{}, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_fit(browser, known, session, options, scheme):  # noqa: F811
    context, page, faults = opened(browser, session, color_scheme=scheme, **options)
    for path in ("/numbers", "/incidents?q=pool", "/incidents/INC-2"):
        page.goto(f"{known.url}{path}")
        expect(page.locator("main h1").first).to_be_visible()
        for summary in page.locator("main details#trend summary").all():
            summary.click()
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), path
        if SHOTS:
            name = (
                f"{path.strip('/').replace('/', '-').replace('?', '-')}-{'phone' if options else 'wide'}-{scheme}.png"
            )
            page.screenshot(path=str(Path(SHOTS) / name), full_page=True)
    assert [] == faults
    context.close()
