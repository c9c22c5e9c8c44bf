"""Connection tests: everything at once, what each can do and what is missing; on the page, by API, and without a server."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest
from typer.testing import CliRunner

from tests.fakes.web import FakeServer
from tocsin import plugins, sdk
from tocsin.cli import app as commands
from tocsin.cli.client import Failed
from tocsin.net import Network
from tocsin.sdk import ConnectionTest, Reject, Request
from tocsin.usecases import configure, connections
from tocsin.web.app import create_app

from .conftest import EXAMPLE, HOST, TOKENS

TOKEN = "vercel-token-0123456789"


class FakeVendor(FakeServer):
    """Says who asks. `mode`: ok, down, hang. Notes every method that it was asked with."""

    def __init__(self):
        super().__init__()
        self.mode, self.asked = "ok", []

    def answer(self, path, headers, body):
        self.asked.append((path, headers.get("Authorization")))
        if self.mode == "hang":
            return self.hang()
        if self.mode == "down":
            return 502, {}, b"<html>"
        return 200, {}, b'{"project": "proofi"}'


class OneTestEach(Network):
    """The real client, whose connections end with each test: every request of these tests has a loop of its own."""

    async def each(self, conversations, seconds):
        try:
            return await super().each(conversations, seconds)
        finally:
            await self.close()
            self._sessions.clear()


def look(config):
    """As an integration would write it."""
    answer = yield Request("GET", f"{config['api_base']}/me", {"Authorization": f"Bearer {config['token']}"})
    if answer.status != 200:
        return sdk.Tested(False, missing=(f"status {answer.status} for the token {config['token']}",))
    return sdk.Tested(True, False, ("the token may not roll back: give it the role Member",), answer.json["project"])


def breaks(config):
    raise RuntimeError(config["bot_token"])
    yield


@pytest.fixture
def vendor():
    with FakeVendor() as server:
        yield server


def environment():
    return {"VERCEL_TOKEN": TOKEN, "TELEGRAM_BOT_TOKEN": "1:secret-of-the-bot"}


def text_for(vendor):
    return EXAMPLE.replace("https://api.vercel.com", vendor.url)


@pytest.fixture
def tested(site, vendor):
    """A site whose Vercel and Telegram have tests of their own."""
    site.setup.environment = environment()
    tests = site.setup.plugins.connection_tests
    tests.clear()
    tests["vercel"] = ConnectionTest("vercel", "Vercel", look)
    tests["telegram"] = ConnectionTest("telegram", "Telegram", breaks)
    assert not site.db.write_now(configure.adopt, site.setup, text_for(vendor)).errors
    site.app = create_app(
        site.db, site.setup, new_secret=lambda: "s" * 40, network=OneTestEach(print, lambda: site.now)
    )  # fmt: skip
    return site


def items(site, answer=None):
    found = (answer or site.api("POST", "/connections/test", {})).json()["items"]
    return {one["where"]: one for one in found}


def test_everything_is_tested_and_says_what_it_can_do_and_what_is_missing(tested, vendor):
    found = items(tested)

    assert {
        "where": "connections.vercel", "kind": "vercel", "title": "Vercel", "state": "fails", "reads": True,
        "acts": False, "missing": ["the token may not roll back: give it the role Member"], "text": "proofi",
    } == found["connections.vercel"]  # fmt: skip
    assert [("/me", f"Bearer {TOKEN}")] == vendor.asked
    assert ("fails", ["the test itself broke: RuntimeError"]) == tuple(
        found["channels.alerts"][k] for k in ("state", "missing")
    )
    assert ("no_test", "There is no test for this one") == tuple(found["connections.ddc"][k] for k in ("state", "text"))
    assert ["GITHUB_TOKEN is not set: it is left out"] == found["connections.github"]["missing"]


def test_no_secret_is_shown_even_where_a_test_repeats_it(tested, vendor):
    vendor.mode = "down"
    answer = tested.api("POST", "/connections/test", {})
    tested.sign_in()

    assert ["status 502 for the token ***"] == items(tested, answer)["connections.vercel"]["missing"]
    for text in (answer.text, tested.ask("GET", "/readiness").text, tested.api("GET", "/connections").text):
        assert (False, False) == (TOKEN in text, "secret-of-the-bot" in text)


def test_what_hangs_is_given_up_and_holds_up_nobody(tested, vendor, monkeypatch):
    monkeypatch.setattr(connections, "DEADLINE_SECONDS", 0.3)
    vendor.mode = "hang"
    found = items(tested)

    assert ["no answer within 0.3 s"] == found["connections.vercel"]["missing"]
    assert "fails" == found["channels.alerts"]["state"]


def test_the_last_test_is_remembered_for_the_settings_that_it_was_made_with(tested, vendor):
    before = tested.api("GET", "/connections").json()
    assert (None, "not_yet") == (
        before["at"],
        items(tested, tested.api("GET", "/connections"))["connections.vercel"]["state"],
    )
    items(tested)
    known = tested.api("GET", "/connections", role="viewer").json()
    assert ("2026-11-23T09:02:00Z", "admin-bot") == (known["at"], known["by"])
    assert "fails" == items(tested, tested.api("GET", "/connections"))["connections.vercel"]["state"]
    changed = text_for(vendor).replace("project: proofi, team", "project: another, team")
    changed = "".join(line for line in changed.splitlines(True) if not line.startswith("  ddc:     {active"))
    assert not tested.db.write_now(configure.adopt, tested.setup, changed).errors
    found = items(tested, tested.api("GET", "/connections"))

    assert ("not_yet", False) == (found["connections.vercel"]["state"], "connections.ddc" in found)
    assert "fails" == found["channels.alerts"]["state"]


def test_a_viewer_tests_nothing(tested, vendor):
    assert 403 == tested.api("POST", "/connections/test", {}, role="viewer").status_code
    tested.sign_in(role="viewer")
    assert "Test them now" not in tested.ask("GET", "/readiness").text
    assert [] == vendor.asked


def test_a_second_test_waits_for_the_first(tested):
    async def run():
        transport = httpx.ASGITransport(tested.app, raise_app_exceptions=False)
        headers = {"Authorization": f"Bearer {TOKENS['admin']}"}
        async with httpx.AsyncClient(transport=transport, base_url=HOST, headers=headers) as client:
            return await asyncio.gather(*(client.post("/api/v1/connections/test", json={}) for _ in range(3)))

    assert [200, 409, 409] == sorted(answer.status_code for answer in asyncio.run(run()))


def test_without_a_way_out_it_says_so(site):
    assert (503, True) == (
        (answer := site.api("POST", "/connections/test", {})).status_code, "makes no calls" in answer.text,
    )  # fmt: skip


def test_the_page_has_a_button_and_shows_what_does_not_work_first(tested, vendor):
    csrf = tested.sign_in()
    page = tested.ask("GET", "/readiness").text
    assert ("Never tested" in page, "Not tested yet" in page) == (True, True)
    assert 403 == tested.ask("POST", "/readiness/connections", data={"csrf": "other"}).status_code
    answer = tested.ask("POST", "/readiness/connections", data={"csrf": csrf})
    assert (303, "/readiness#connections") == (answer.status_code, answer.headers["location"])
    section = tested.ask("GET", "/readiness").text.partition('id="connections"')[2]

    assert "by martijn" in section
    assert section.index("Does not work") < section.index("Left out") < section.index("No test")
    assert "Reads, cannot act: proofi" in section


# --------------------------------------------------------------------------------------------- without a server


@pytest.fixture
def alone(monkeypatch, tmp_path, vendor):
    """The command, with the tests of this module, in a directory where no server runs."""
    loaded = plugins.load()
    loaded.connection_tests.clear()
    loaded.connection_tests["vercel"] = ConnectionTest("vercel", "Vercel", alone_look)
    monkeypatch.setattr(plugins, "load", lambda: loaded)
    monkeypatch.setenv("TOCSIN_DATA", str(tmp_path))
    monkeypatch.setenv("TOCSIN_PORT", "1")
    monkeypatch.setenv("VERCEL_TOKEN", TOKEN)
    file = tmp_path / "runbook.yaml"
    file.write_text(text_for(vendor), encoding="utf-8")
    return file


def alone_look(config):
    answer = yield Request("GET", f"{config['api_base']}/me", {"Authorization": f"Bearer {config['token']}"})
    return sdk.Tested(answer.status == 200, True, text="proofi") if answer.status == 200 else sdk.Tested(False)


def run(*words):
    result = CliRunner().invoke(commands, list(words))
    if isinstance(result.exception, Failed):
        raise result.exception
    return result


def test_check_connect_needs_no_server(alone, vendor):
    result = run("check", str(alone), "--connect")

    assert 0 == result.exit_code, result.output
    assert [("/me", f"Bearer {TOKEN}")] == vendor.asked
    for words in ("connections.vercel", "works", "proofi", "left out", "GITHUB_TOKEN is not set", "no test"):
        assert words in " ".join(result.output.split())
    assert TOKEN not in result.output


def test_check_connect_fails_where_something_does_not_work(alone, vendor):
    vendor.mode = "down"
    result = run("check", str(alone), "--connect", "--json")
    report = json.loads(result.stdout)

    assert (1, []) == (result.exit_code, report["errors"])
    assert "fails" == {one["where"]: one for one in report["connections"]}["connections.vercel"]["state"]


def test_a_runbook_with_errors_is_not_connected(alone, vendor):
    alone.write_text("version: 2\n", encoding="utf-8")
    result = run("check", str(alone), "--connect", "--json")

    assert (1, [], []) == (result.exit_code, json.loads(result.stdout)["connections"], vendor.asked)


def test_without_connect_nobody_is_asked(alone, vendor):
    assert 0 == run("check", str(alone)).exit_code
    assert [] == vendor.asked


def test_a_verdict_in_the_place_of_a_result_is_a_test_that_broke(tested):
    def odd(config):
        return Reject("no")
        yield

    tested.setup.plugins.connection_tests["vercel"] = ConnectionTest("vercel", "Vercel", odd)

    assert ["the test itself broke: Reject"] == items(tested)["connections.vercel"]["missing"]
