"""Composing in a real browser: preview, send, say; on a phone, in the dark, and without script."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from .test_pages_chromium import browser, declared, opened, served, session

__all__ = ["browser", "served", "session"]


@pytest.mark.parametrize("script", [True, False])
def test_a_text_is_previewed_and_sent(browser, served, session, script):
    name = declared(served)
    context, page, faults = opened(browser, session, java_script_enabled=script, viewport={"width": 390, "height": 844})
    page.goto(f"{served.url}/incidents/{name}")
    page.get_by_role("link", name="Write and preview a text").click()
    page.get_by_role("textbox", name="Summary").fill("We look at <b>it</b>")
    page.get_by_label("Next update").select_option("10m")
    page.get_by_label("Also for the public").check()
    page.get_by_role("button", name="Preview").click()
    preview = page.get_by_label("Preview", exact=True).and_(page.locator("section"))
    expect(preview).to_contain_text("team@proofi.ai")
    expect(preview).to_contain_text("**Summary:** We look at <b>it</b>")
    expect(preview).to_contain_text("Next update by")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390 if script else True
    page.get_by_role("button", name="Send 2 copies").click()
    expect(page).to_have_url(re.compile(f"/incidents/{name}$"))
    expect(page.locator("#head")).to_contain_text("We look at <b>it</b>")
    assert [] == faults
    context.close()


def test_what_is_said_appears_for_others_while_they_type(browser, served, session):
    """The room's messages are swapped live; the text that somebody is writing stays."""
    name = declared(served)
    context, page, faults = opened(browser, session, color_scheme="dark")
    page.goto(f"{served.url}/incidents/{name}")
    page.get_by_role("textbox", name="Say").fill("half a sentence")
    served.api("POST", f"/incidents/{name}/say", {"text": "<i>the disk is full</i>", "by": "backup1"})
    expect(page.locator("#room")).to_contain_text("<i>the disk is full</i>")
    expect(page.get_by_role("textbox", name="Say")).to_have_value("half a sentence")
    page.get_by_role("button", name="Say it").click()
    expect(page.locator("#room")).to_contain_text("half a sentence")
    assert [] == faults
    context.close()
