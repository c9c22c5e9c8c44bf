"""The pages of probes in a real browser: on a phone, in the dark, without script."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

import pytest

from tocsin import plugins
from tocsin.core.probes import Look
from tocsin.store.db import Database
from tocsin.usecases import probes
from tocsin.usecases.configure import Setup

from .test_pages_chromium import browser, opened, served, session  # noqa: F401 - fixtures

SHOTS = os.environ.get("SHOTS")  # a folder for pictures


@pytest.fixture(scope="module")
def watched(served):  # noqa: F811
    """An hour of looks, written as another node over the same database would."""
    now = datetime.now(UTC)
    db = Database(f"sqlite:///{served.data}/tocsin.db", lambda: now)
    setup = Setup(plugins.load(), {}, served.url, b"key", served.data)
    db.write_now(probes.follow, setup)
    for minute in range(120):
        at = now - timedelta(minutes=120 - minute)
        bad = minute >= 110 or minute in (40, 41)
        down = Look(at, "http_5xx", 90, "status 503, expected <500")
        web = down if bad else Look(at, "", 80 + (minute * 37) % 60)
        slow = Look(at, "slow", 6200, "the answer took 6.2 s, expected within 5 seconds")
        cut = Look(at, "unreachable", None, "no answer within 10 s")
        api = slow if minute > 100 else Look(at, "", 240 + minute)
        looks = [("website", web), ("api", api), ("ddc-cdn", cut if 20 < minute < 30 else Look(at, "", 30))]
        db.write_now(probes.keep, setup, "a:1", looks)
    db.close()
    return served


WIDTHS = [(390, 844, "light"), (390, 844, "dark"), (1280, 900, "light"), (1280, 900, "dark")]


@pytest.mark.parametrize(("width", "height", "scheme"), WIDTHS)
def test_the_pages_fit_and_break_no_rule(browser, watched, session, width, height, scheme):  # noqa: F811
    options = {"viewport": {"width": width, "height": height}, "color_scheme": scheme}
    context, page, faults = opened(browser, session, **options)
    incident = watched.api("GET", "/incidents?service=proofi.ai")["items"][0]["id"]
    for name, path in (("list", "/probes"), ("one", "/probes/website"), ("incident", f"/incidents/{incident}")):
        page.goto(watched.url + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        if path.startswith("/probes"):
            current = page.locator("nav [aria-current=page]").bounding_box()
            assert current["x"] >= 0 and current["x"] + current["width"] <= width  # in sight, however long the menu is
        if SHOTS:
            page.screenshot(path=f"{SHOTS}/{name}-{width}-{scheme}.png", full_page=True)
    assert [] == faults
    context.close()


def test_a_curve_says_in_words_what_it_shows(browser, watched, session):  # noqa: F811
    context, page, _ = opened(browser, session, java_script_enabled=False)
    page.goto(f"{watched.url}/probes")
    assert "60 looks, 10 failed" in page.get_by_role("img").first.get_attribute("aria-label")
    page.get_by_role("link", name="website").click()
    assert "120 looks, 12 failed" in page.get_by_role("img").first.get_attribute("aria-label")
    context.close()
