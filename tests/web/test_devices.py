"""A person's devices, asked for as a browser would; and a page's link pressed without one."""

from __future__ import annotations

import email
import email.policy
import json
import re
from dataclasses import replace
from html import unescape

import pytest

from tests.fakes.push import Browser
from tests.integrations.helpers import feed
from tocsin.sdk import Response
from tocsin.store import queue
from tocsin.usecases import configure, deliver
from tocsin.usecases.configure import acknowledge_link

from .conftest import EXAMPLE, HOST

WITH_PUSH = EXAMPLE.replace("channels:\n", "channels:\n  push: {webpush: {contact: ops@example.org}}\n", 1)


def subscription(name="phone"):
    return Browser(f"https://fcm.googleapis.com/fcm/send/{name}", "").subscription


@pytest.fixture
def ready(site):
    assert not site.db.write_now(configure.adopt, site.setup, WITH_PUSH).errors
    return site


def post(site, path, csrf, **form):
    return site.ask("POST", path, data={"csrf": csrf, **form})


def test_a_device_is_registered_tested_and_removed(ready):
    """The test goes through the outbox to the device's own address; what is shown never holds that address."""
    csrf = ready.sign_in()
    assert "None yet" in ready.ask("GET", "/devices").text
    answer = post(ready, "/devices", csrf, name="Phone <b>", device=json.dumps(subscription()))
    assert (303, "/devices?done=registered") == (answer.status_code, answer.headers["location"])
    page = ready.ask("GET", "/devices?done=registered").text
    assert "Phone &lt;b&gt;" in page and "fcm/send" not in page

    assert 303 == post(ready, "/devices/test", csrf).status_code
    post(ready, "/devices/test", csrf)
    jobs = ready.db.write_now(deliver.claim, ready.setup, "test")
    assert [("alarm", "push")] == [(job.kind, job.via) for job in jobs], "a second press within ten seconds adds none"
    [request], verdict = feed(jobs[0].transport.send(jobs[0].message, jobs[0].config), Response(201))
    assert "https://fcm.googleapis.com/fcm/send/phone" == request.url
    ready.db.write_now(deliver.settle, ready.setup, jobs[0], verdict, 1)

    id_ = re.findall(r"/devices/([^/]+)/remove", page)[0]
    assert 303 == post(ready, f"/devices/{id_}/remove", csrf).status_code
    assert "None yet" in ready.ask("GET", "/devices").text


def test_a_device_that_ended_is_forgotten_when_its_service_says_so(ready):
    csrf = ready.sign_in()
    post(ready, "/devices", csrf, name="Phone", device=json.dumps(subscription()))
    post(ready, "/devices/test", csrf)
    [job] = ready.db.write_now(deliver.claim, ready.setup, "test")
    _, verdict = feed(job.transport.send(job.message, job.config), Response(410))
    ready.db.write_now(deliver.settle, ready.setup, job, verdict, 1)

    assert "None yet" in ready.ask("GET", "/devices").text


@pytest.mark.parametrize("device", ["", "{", "[]", json.dumps({"endpoint": "http://169.254.169.254/", "keys": {}})])
def test_what_is_no_device_is_refused_in_words(ready, device):
    answer = post(ready, "/devices", ready.sign_in(), device=device)

    assert 422 == answer.status_code and "not a browser" in unescape(answer.text)


def test_a_form_from_elsewhere_and_a_stranger_are_refused(ready):
    assert 303 == ready.ask("GET", "/devices").status_code, "to the sign-in"
    ready.sign_in()
    for path in ("/devices", "/devices/test", "/devices/x/remove"):
        assert 403 == post(ready, path, "forged").status_code


def test_who_is_nobody_in_the_runbook_registers_nothing(ready):
    csrf = ready.sign_in("admin")
    assert "nobody in the runbook" in ready.ask("GET", "/devices").text
    assert 409 == post(ready, "/devices/test", csrf).status_code
    assert 409 == post(ready, "/devices", csrf, device=json.dumps(subscription())).status_code


def test_without_a_channel_the_page_says_what_to_write(site):
    site.sign_in()

    assert "webpush" in site.ask("GET", "/devices").text


def test_the_pages_can_be_installed_and_the_policy_stays_strict(site):
    """Manifest, icons and service worker come from our own origin; nothing is allowed beyond it."""
    manifest = site.ask("GET", "/manifest.webmanifest")
    worker = site.ask("GET", "/worker.js")

    assert ("standalone", "/incidents") == (manifest.json()["display"], manifest.json()["start_url"])
    assert "application/manifest+json" == manifest.headers["content-type"]
    assert worker.headers["content-type"].startswith("text/javascript")
    assert "no-cache" == worker.headers["cache-control"]
    assert "script-src 'self'" in worker.headers["content-security-policy"]
    for icon in manifest.json()["icons"]:
        assert 200 == site.ask("GET", icon["src"]).status_code


# --------------------------------------------------------------------------------------------- a page's link


def paged(site):
    """The first page of a new incident, and the path of its link."""
    name = site.declare(service="proofi.ai")
    [page, *_] = site.db.read_now(queue.pages, incident=1)
    return name, acknowledge_link(site.setup, page.id).removeprefix(HOST)


def acknowledged_at(site, name):
    return site.api("GET", f"/incidents/{name}").json()["acknowledged_at"]


def test_a_phone_presses_without_a_browser(site):
    """What ntfy's app and a service worker send: a bare POST, no cookie, no form. Twice is once."""
    name, path = paged(site)
    first = site.ask("POST", path)
    assert (303, path) == (first.status_code, first.headers["location"])
    at = acknowledged_at(site, name)
    assert at and 303 == site.ask("POST", path).status_code and at == acknowledged_at(site, name)
    assert 200 == site.ask("GET", first.headers["location"]).status_code


def test_a_press_from_another_site_or_with_a_wrong_link_is_refused(site):
    name, path = paged(site)

    assert 403 == site.ask("POST", path, headers={"Origin": "https://evil.example"}).status_code
    assert 404 == site.ask("POST", f"{path[:-1]}{'0' if path[-1] != '0' else '1'}").status_code
    assert acknowledged_at(site, name) is None


def test_whatever_opens_every_link_of_every_message_changes_nothing(site):
    """Mail scanners and previews: each address in each page by each way, looked at twice; then still nobody has it."""
    name, path = paged(site)
    seen = set()
    for job in site.db.write_now(deliver.claim, site.setup, "test"):
        if job.message is None:
            continue
        for transport in site.setup.plugins.transports.values():
            seen |= links(transport, job)
    assert f"{HOST}{path}" in seen
    for link in sorted(seen) * 2:
        for method in ("GET", "HEAD"):
            assert site.ask(method, link.removeprefix(HOST)).status_code < 500

    assert acknowledged_at(site, name) is None
    pressed = {link.removesuffix("/pass") for link in seen if link.startswith(f"{HOST}/ack/")}
    assert 2 == len(pressed), f"one for each of the two who are paged: {sorted(pressed)}"


@pytest.mark.parametrize("kind", ["smtp", "ntfy", "webhook", "slack", "discord", "teams", "mattermost", "apprise"])
def test_what_each_way_carries_acknowledges_when_it_is_pressed_and_not_before(site, kind):
    """The link of the message as the vendor gets it: opening it asks, a press of its button (a POST) acknowledges."""
    name, path = paged(site)
    page = path.split("/")[2]
    jobs = site.db.write_now(deliver.claim, site.setup, "test")
    job = next(job for job in jobs if job.message and job.page == page)
    found = links(site.setup.plugins.transports[kind], job)
    assert f"{HOST}{path}" in found

    assert 200 == site.ask("GET", path).status_code
    assert acknowledged_at(site, name) is None
    assert 303 == site.ask("POST", path).status_code
    assert acknowledged_at(site, name) is not None


SETTINGS = {"from": "incidents@example.org", "host": "x", "bot_token": "1:x", "url": "https://x.example/hook"}


def links(transport, job):
    """Every address of ours in what a transport sends for a job."""
    message = replace(job.message, to="ana@example.org") if transport.name == "smtp" else job.message
    config = {**SETTINGS, "contact": "ops@example.org", "account_sid": "AC", "auth_token": "x"}
    try:
        sent = next(transport.send(message, config))
    except (StopIteration, KeyError):
        return set()
    parts = [getattr(sent, "json", None), getattr(sent, "text", ""), getattr(sent, "body", "")]
    if raw := getattr(sent, "message", b""):
        mail = email.message_from_bytes(raw, policy=email.policy.default)
        parts += [unescape(mail.get_body((kind,)).get_content()) for kind in ("plain", "html")]
    return {link.rstrip(").,") for link in re.findall(rf"{HOST}/[^\s\"'<>\\)\]|]+", str(parts))}
