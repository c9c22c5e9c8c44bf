"""Writing a postmortem in a real browser: by keys, on a phone, in the dark, without script."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from .test_pages_chromium import browser, declared, opened, served, session  # noqa: F401 - fixtures

PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "is_mobile": True, "has_touch": True}
SHOTS = os.environ.get("PAGE_SHOTS")  # a folder for pictures of each page, to be looked at


@pytest.fixture(scope="module")
def written(served):  # noqa: F811
    """A P0 that is over, with its draft written."""
    name = declared(served)
    served.api("POST", f"/incidents/{name}/acknowledge", {"by": "martijn"})
    served.api("POST", f"/incidents/{name}/resolve", {"root_cause": "The disk was full", "resolution": "Space freed"})
    for _ in range(100):
        try:
            served.api("GET", f"/incidents/{name}/postmortem")
            served.api("GET", f"/incidents/{name}/review")
            return name
        except Exception:  # noqa: BLE001 - not yet
            import time

            time.sleep(0.1)
    raise AssertionError("no draft was written")


@pytest.mark.parametrize("script", [True, False])
def test_it_is_written_previewed_and_saved_at_390_pixels(browser, served, session, written, script):  # noqa: F811
    context, page, faults = opened(browser, session, java_script_enabled=script, **PHONE)
    page.goto(f"{served.url}/incidents/{written}/postmortem")
    page.get_by_role("link", name="Edit", exact=True).click()
    expect(page.locator("#questions")).to_contain_text("open question")
    box = page.get_by_label("Text (Markdown)")
    text = box.input_value()
    box.fill(text.replace("_to be named_", "Martijn") + f"\nThe reviewer should have seen it: {script}.\n")
    page.get_by_role("button", name="Preview and read again").click()
    expect(page.locator("#preview")).to_contain_text("The reviewer should have seen it")
    expect(page.locator("#lint")).to_contain_text("should-have")
    if script:
        page.locator("#lint [data-line]", has_text="Line").last.click()
        chosen = page.evaluate("document.activeElement.value.slice(document.activeElement.selectionStart, document.activeElement.selectionEnd)")  # fmt: skip
        assert "should have seen it" in chosen or "disk was full" in chosen or chosen.startswith("##")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390 if script else True
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page).to_have_url(re.compile("saved=1"))
    expect(page.get_by_label("Text (Markdown)")).to_have_value(re.compile(f"should have seen it: {script}"))
    assert [] == faults
    context.close()


def test_two_windows_that_save_show_both_texts(browser, served, session, written):  # noqa: F811
    context, page, _ = opened(browser, session)
    other = context.new_page()
    for window in (page, other):
        window.goto(f"{served.url}/incidents/{written}/postmortem/edit")
    page.get_by_label("Text (Markdown)").fill("# Mine")
    page.get_by_role("button", name="Save", exact=True).click()
    other.get_by_label("Text (Markdown)").fill("# Theirs")
    other.get_by_role("button", name="Save", exact=True).click()
    expect(other.get_by_label("Your text")).to_have_value("# Theirs")
    expect(other.locator("#other")).to_have_value("# Mine\n")
    if SHOTS:
        other.screenshot(path=Path(SHOTS) / "conflict.png", full_page=True)
    other.get_by_label("Your text").fill("# Mine\n\nTheirs")
    other.get_by_role("button", name="Save both as one").click()
    expect(other).to_have_url(re.compile("saved=1"))
    context.close()


def test_the_review_is_moved_by_keys_alone_and_the_document_published(browser, served, session, written):  # noqa: F811
    context, page, faults = opened(browser, session)
    page.goto(f"{served.url}/incidents/{written}/postmortem")
    page.get_by_text("Move the review").press("Enter")
    page.get_by_label("Reason").first.fill("The vendor comes too")
    moved = page.get_by_label(re.compile("When"))
    moved.fill(moved.input_value().replace("T1", "T2").replace("T0", "T2"))
    page.get_by_role("button", name="Move it, and invite again").press("Enter")
    expect(page).to_have_url(re.compile("#week"))
    page.goto(f"{served.url}/incidents/{written}/postmortem/edit")
    if page.get_by_label("publish with open questions").count():
        page.get_by_label("publish with open questions").check()
    page.get_by_role("button", name="Save and publish").press("Enter")
    expect(page.locator(".doc-published").first).to_be_visible()
    page.goto(f"{served.url}/postmortems")
    expect(page.locator(".doc-published").first).to_have_text("Published")
    assert [] == faults
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("phone", [True, False])
def test_no_page_scrolls_sideways(browser, served, session, written, scheme, phone):  # noqa: F811
    context, page, faults = opened(browser, session, color_scheme=scheme, **(PHONE if phone else {}))
    there = f"/incidents/{written}/postmortem"
    for path in ("/postmortems", there, f"{there}/edit", f"{there}/history?from=1&to=2"):
        page.goto(f"{served.url}{path}")
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= page.viewport_size["width"], path
        if SHOTS:
            name = path.strip("/").replace("/", "-").partition("?")[0]
            page.screenshot(path=Path(SHOTS) / f"{name}-{scheme}-{'phone' if phone else 'wide'}.png", full_page=True)
    assert [] == faults
    context.close()
