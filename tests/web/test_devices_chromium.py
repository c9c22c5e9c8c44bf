"""A device in a real browser: registered by its page, a push shown by the service worker, and answered there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from ..fakes.push import Browser as Device
from ..served import Served, until
from .test_devices import WITH_PUSH
from .test_pages_chromium import CHROMIUM, CONTRAST, FLAGS

SUBSCRIPTION = Device("https://fcm.googleapis.com/fcm/send/a-browser", "").subscription
# Headless, there is no push service to ask: the browser's answer is given, all else is the page's own doing.
GIVEN = f"""PushManager.prototype.getSubscription = async () => null;
PushManager.prototype.subscribe = async (asked) => {{
  window.asked = asked;
  return {{ toJSON: () => ({json.dumps(SUBSCRIPTION)}) }};
}};"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> Iterator[Served]:
    data = tmp_path_factory.mktemp("devices")
    runbook = data / "runbook.yaml"
    runbook.write_text(WITH_PUSH, encoding="utf-8")
    with Served(data, runbook) as server:
        yield server


def signed_in(browser: Browser, served: Served, **options):
    context = browser.new_context(permissions=["notifications"], **options)
    page = context.new_page()
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    return context, page, faults


@pytest.fixture(scope="module")
def session(browser, served):
    context = browser.new_context()
    page = context.new_page()
    page.goto(served.sign_in_link())
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(re.compile("/incidents$"))
    state = context.storage_state()
    context.close()
    return state


def test_a_browser_is_registered_shows_a_page_and_acknowledges_it(browser, served, session):
    """No session is needed for the press: the worker posts the page's own link."""
    context, page, faults = signed_in(browser, served, storage_state=session)
    page.add_init_script(GIVEN)
    page.goto(f"{served.url}/devices")
    page.get_by_label("What you call it").fill("My laptop")
    page.get_by_role("button", name="Notify this device").click()
    expect(page.get_by_role("status").filter(has_text="This device is registered")).to_be_visible()
    expect(page.get_by_text("My laptop")).to_be_visible()

    name = served.api("POST", "/incidents", {"title": "proofi.ai is down", "severity": "P0", "service": "proofi.ai"})[
        "id"
    ]
    id_ = served.api("GET", f"/pages?incident={name}")["items"][0]["id"]
    link = until(lambda: re.findall(rf"Acknowledge: (http://\S+/ack/{id_}/\S+)", served.said()))[0]
    said = {
        "title": f"[P0] {name}: proofi.ai is down", "body": "Service: proofi.ai", "tag": name, "incident": name,
        "link": f"{served.url}/incidents/{name}", "acknowledge": link, "pass": f"{link}/pass", "urgent": True,
    }  # fmt: skip
    worker = deliver(context, page, served, json.dumps(said))
    shown = worker.evaluate(
        "(async () => (await self.registration.getNotifications()).map((n) => [n.title, n.body, n.actions.map((a) => a.title)]))()"
    )
    assert [
        [said["title"], "Service: proofi.ai", ["Acknowledge", "I can't take it"]]
    ] == shown  # no more than two are shown
    assert served.api("GET", f"/incidents/{name}")["acknowledged_at"] is None

    context.clear_cookies()
    worker.evaluate("(said) => clicked(said, 'acknowledge')", said)
    assert served.api("GET", f"/incidents/{name}")["acknowledged_at"]
    after = worker.evaluate("(async () => (await self.registration.getNotifications()).map((n) => n.title))()")
    assert [f"Acknowledged: {name}"] == after
    assert [] == faults
    context.close()


def deliver(context, page, served, data: str):
    """Give the worker a push as a push service would, and wait until it shows something; returns the worker."""
    worker = context.service_workers[0] if context.service_workers else context.wait_for_event("serviceworker")
    cdp = context.new_cdp_session(page)
    registrations: list[str] = []
    cdp.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: registrations.extend(r["registrationId"] for r in event["registrations"]),
    )
    cdp.send("ServiceWorker.enable")
    page.wait_for_function("navigator.serviceWorker.ready.then((r) => r.active.state === 'activated')")
    given = {"origin": served.url, "registrationId": registrations[0], "data": data}
    cdp.send("ServiceWorker.deliverPushMessage", given)
    count = "(async () => (await self.registration.getNotifications()).length)()"
    until(lambda: worker.evaluate(count))
    return worker


def test_a_push_that_cannot_be_read_shows_something_all_the_same(browser, served, session):
    """A browser that shows nothing for a push loses its registration."""
    context, page, _ = signed_in(browser, served, storage_state=session)
    page.goto(f"{served.url}/devices")
    page.evaluate(
        "navigator.serviceWorker.register('/worker.js').then(() => navigator.serviceWorker.ready).then(() => 1)"
    )
    worker = deliver(context, page, served, "not JSON")
    titles = worker.evaluate("(async () => (await self.registration.getNotifications()).map((n) => n.title))()")

    assert ["Tocsin"] == titles
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_fits_and_has_contrast(browser, served, session, scheme, width):
    context, page, faults = signed_in(
        browser, served, storage_state=session, viewport={"width": width, "height": 800}, color_scheme=scheme
    )
    page.goto(f"{served.url}/devices?done=registered")
    expect(page.get_by_role("button", name="Notify this device")).to_be_enabled()

    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert [] == page.evaluate(CONTRAST)
    assert [] == faults
    context.close()


def test_without_script_the_page_says_why_it_cannot(browser, served, session):
    context, page, _ = signed_in(browser, served, storage_state=session, java_script_enabled=False)
    page.goto(f"{served.url}/devices")

    expect(page.get_by_role("button", name="Notify this device")).to_be_disabled()
    expect(page.get_by_text("This needs script")).to_be_visible()
    context.close()
