"""The pages in a real browser: live, with keys, on a phone, in the dark, and without script."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tocsin.web import live

from ..served import ROOT, Served

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or "/usr/bin/chromium"
FLAGS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-component-update",
    "--disable-background-networking", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> Iterator[Served]:
    with Served(tmp_path_factory.mktemp("pages"), ROOT / "examples/proofi/runbook.yaml") as server:
        yield server


@pytest.fixture(scope="module")
def session(browser: Browser, served: Served):
    """The cookies of a person who signed in by the printed link, with its one button."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(served.sign_in_link())
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(re.compile("/incidents$"))
    state = context.storage_state()
    context.close()
    return state


def opened(browser: Browser, session, **options) -> tuple[BrowserContext, Page, list[str]]:
    context = browser.new_context(storage_state=session, **options)
    page = context.new_page()
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    return context, page, faults


def declared(served: Served, title: str = "proofi.ai is down") -> str:
    return served.api("POST", "/incidents", {"title": title, "severity": "P0", "service": "proofi.ai"})["id"]


def test_an_incident_is_led_in_the_browser_and_grows_live_for_others(browser, served, session):
    """List, incident, acknowledge, update; another window's timeline grows without a reload; nothing is blocked."""
    name = declared(served)
    context, page, faults = opened(browser, session)
    other = context.new_page()
    other.goto(f"{served.url}/incidents/{name}")
    expect(other.get_by_text("Nobody yet")).to_be_visible()

    page.goto(f"{served.url}/incidents")
    page.get_by_role("link", name=re.compile(name)).click()
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.get_by_role("button", name="Acknowledge")).to_have_count(0)
    expect(other.locator("#head").get_by_text("Martijn", exact=True)).to_be_visible()

    page.get_by_label("Summary").fill("We roll back")
    page.get_by_label("Status").select_option("identified")
    page.get_by_role("button", name="Post the update").click()
    expect(page.locator("#head").get_by_text("We roll back")).to_be_visible()
    expect(
        other.locator("#timeline").get_by_text("Martijn posted an update (identified): We roll back")
    ).to_be_visible()
    expect(other.locator(".duty-done", has_text="First status update posted")).to_be_visible()

    page.get_by_text("Resolve: all clear").click()
    page.get_by_label("Resolution").fill("Rolled back")
    page.get_by_role("button", name="Resolve", exact=True).click()
    expect(other.locator("#head").get_by_text("Resolved", exact=True)).to_be_visible()
    assert [] == faults
    context.close()


def test_what_is_being_typed_survives_a_live_change(browser, served, session):
    name = declared(served)
    context, page, _ = opened(browser, session)
    page.goto(f"{served.url}/incidents/{name}")
    page.get_by_label("Summary").fill("half a sen")
    served.api("POST", f"/incidents/{name}/note", {"text": "A note from elsewhere"})
    expect(page.locator("#timeline").get_by_text("A note from elsewhere")).to_be_visible()

    expect(page.get_by_label("Summary")).to_have_value("half a sen")
    context.close()


def test_the_clock_ticks_and_countdowns_run(browser, served, session):
    name = declared(served)
    context, page, _ = opened(browser, session)
    page.goto(f"{served.url}/incidents/{name}")
    clock = page.locator(".clock.big")
    before = clock.inner_text()
    expect(clock).not_to_have_text(before)
    expect(page.locator(".duty .count").first).to_have_text(re.compile(r"^14:\d\d$"))
    context.close()


def test_keys_lead_to_what_matters(browser, served, session):
    name = declared(served)
    context, page, _ = opened(browser, session)
    page.goto(f"{served.url}/incidents/{name}")
    page.keyboard.press("a")
    expect(page.get_by_role("button", name="Acknowledge")).to_be_focused()
    page.keyboard.press("u")
    expect(page.get_by_label("Summary")).to_be_focused()
    page.get_by_label("Summary").blur()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    context.close()


def test_everything_works_without_script(browser, served, session):
    name = declared(served)
    context, page, _ = opened(browser, session, java_script_enabled=False)
    page.goto(f"{served.url}/incidents/{name}")
    page.get_by_role("button", name="Acknowledge").click()
    assert "Martijn" in page.locator("#head").inner_text()
    page.get_by_label("Summary").fill("By forms alone")
    page.get_by_role("button", name="Post the update").click()
    assert "By forms alone" in page.locator("#timeline").inner_text()
    page.goto(f"{served.url}/incidents#declare")
    page.get_by_label("What is broken?").fill("Declared without script")
    page.get_by_label(re.compile("Minor Issue")).check()
    page.get_by_role("button", name="Declare and page").click()
    assert "Declared without script" in page.locator("h1").inner_text()
    context.close()


def test_a_refusal_keeps_what_was_typed(browser, served, session):
    name = declared(served)
    context, page, _ = opened(browser, session)
    page.goto(f"{served.url}/incidents/{name}")
    page.get_by_text("Extend: it takes longer").click()
    page.get_by_label("For", exact=True).fill("soon")
    page.get_by_role("button", name="Declare an extended incident").click()

    expect(page.get_by_role("alert").first).to_contain_text("not a duration")
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 1280])
def test_nothing_runs_over_the_side_and_contrast_holds(browser, served, session, scheme, width):
    """No sideways scrolling, and every text has at least the contrast of WCAG AA, in light and dark."""
    name = declared(served, "A-title-without-any-space-" * 8 + "<b>markup</b>")
    context, page, faults = opened(browser, session, viewport={"width": width, "height": 800}, color_scheme=scheme)
    for path in ("/incidents", f"/incidents/{name}", "/oncall"):
        page.goto(served.url + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert [] == page.evaluate(CONTRAST), path
    assert [] == faults
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_that_nobody_can_be_paged_appears_on_an_open_page_and_goes(browser, served, session, scheme):
    """The banner comes without a reload, fits a phone, has contrast, and goes when somebody can be paged again."""
    name = declared(served)
    context, page, faults = opened(browser, session, viewport={"width": 390, "height": 800}, color_scheme=scheme)
    page.goto(f"{served.url}/incidents/{name}")
    expect(page.locator("#head").get_by_text("Nobody yet")).to_be_visible()
    banner = page.get_by_role("alert").filter(has_text="Tocsin cannot page: alerts: status 500")
    expect(banner).to_have_count(0)
    with closing(sqlite3.connect(served.data / "tocsin.db")) as db, db:
        kept = {"since": "2026-11-23T09:02:00+00:00", "ways": ["alerts"], "why": "alerts: status 500"}
        db.execute("INSERT INTO meta VALUES ('watch.blocked', ?)", [json.dumps(kept)])
    expect(banner).to_be_visible(timeout=20_000)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert [] == page.evaluate(CONTRAST.replace("main *, header *", "#banners *"))
    page.wait_for_timeout(2 * 1000 * live.POLL_SECONDS)  # what comes and goes between two looks is nobody's banner
    with closing(sqlite3.connect(served.data / "tocsin.db")) as db, db:
        db.execute("DELETE FROM meta WHERE key = 'watch.blocked'")
    expect(banner).to_have_count(0, timeout=20_000)
    assert [] == faults
    context.close()


def test_what_changed_before_the_stream_was_open_is_shown(browser, served, session):
    """A slow phone: the page is written, the incident is acknowledged, and only then the stream is asked for."""
    name = declared(served)
    context, page, faults = opened(browser, session)

    def late(route):
        served.api("POST", f"/incidents/{name}/acknowledge", {})
        route.continue_()

    page.route("**/events", late)
    page.goto(f"{served.url}/incidents/{name}")
    expect(page.locator("#head").get_by_text("Acknowledged").first).to_be_visible()
    assert [] == faults
    context.close()


CONTRAST = """() => {
  const rgb = (c) => c.match(/[\\d.]+/g).map(Number);
  const light = (c) => { const [r, g, b] = c.map((v) => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const behind = (e) => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c.slice(0, 3); } return [255, 255, 255]; };
  const bad = [];
  for (const e of document.querySelectorAll("main *, header *")) {
    if (![...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()) || !e.offsetParent) continue;
    const style = getComputedStyle(e), a = light(rgb(style.color).slice(0, 3)), b = light(behind(e));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && +style.fontWeight >= 700);
    if (ratio < (large ? 3 : 4.5)) bad.push(`${e.tagName} ${e.className} ${ratio.toFixed(2)} ${e.textContent.trim().slice(0, 30)}`);
  }
  return bad;
}"""


def test_the_link_of_a_page_asks_first(browser, served):
    """Opening it, as a preview would, acknowledges nothing; its one button does, without a sign-in."""
    from ..served import until

    name = declared(served)
    id_ = served.api("GET", f"/pages?incident={name}")["items"][0]["id"]
    link = until(lambda: re.findall(rf"Acknowledge: (http://\S+/ack/{id_}/\S+)", served.said()))[0]
    page = browser.new_page()
    page.goto(link)
    expect(page.get_by_role("heading")).to_have_text("proofi.ai is down")
    assert served.api("GET", f"/incidents/{name}")["acknowledged_at"] is None
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.get_by_text("has it")).to_be_visible()
    assert served.api("GET", f"/incidents/{name}")["commander"] in ("martijn", "backup1")
    page.goto(link[:-4] + "0000")
    expect(page.get_by_role("heading")).to_have_text("Not found")
    page.close()


def test_the_on_call_page_and_the_empty_list(browser, tmp_path):
    with Served(tmp_path, ROOT / "examples/proofi/runbook.yaml") as fresh:
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"{fresh.url}/")
        expect(page).to_have_url(re.compile(r"/sign-in\?next=/$"))
        page.goto(fresh.sign_in_link())
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_text("No open incident. Quiet is good.")).to_be_visible()
        page.get_by_role("link", name="On call").click()
        expect(page.get_by_role("heading", name="primary")).to_be_visible()
        context.close()


def test_the_menu_of_a_phone_is_one_line_and_what_matters_comes_first(browser, served, session):
    """At 390 px the bar is two lines, the rest of the entries under one; then head, duties, update, and the story last."""
    name = declared(served)
    context, page, _ = opened(browser, session, viewport={"width": 390, "height": 844})
    page.goto(f"{served.url}/incidents/{name}")
    assert page.locator(".bar").bounding_box()["height"] <= 100
    tops = {entry.bounding_box()["y"] for entry in page.locator(".bar nav > a, .more > summary").all()}
    assert 1 == len(tops)
    more = page.locator(".more")
    more.get_by_text("More").press("Enter")
    expect(more.get_by_role("link", name="Readiness")).to_be_in_viewport(ratio=1)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.keyboard.press("Escape")
    expect(more.get_by_role("link", name="Readiness")).to_be_hidden()
    order = [page.locator(f"#{part}").bounding_box()["y"] for part in
             ("head", "duties", "update", "act", "changes", "lead", "say", "pages", "timeline")]  # fmt: skip
    assert sorted(order) == order
    context.close()
