"""The readiness page of a deliberately broken runbook names each planted fault, and so does `check --strict`."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from tocsin import runbook_file
from tocsin.core.delivery import mark
from tocsin.core.readiness import NEXT
from tocsin.core.statuspage import HostHealth
from tocsin.store import handoffs, people, queue
from tocsin.usecases import configure, looks
from tocsin.usecases import site as pages
from tocsin.web.readiness import COLOURS

from ..served import Served
from ..stories.conftest import EXAMPLE, changed

TOKENS = dict.fromkeys(("TELEGRAM_BOT_TOKEN", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"), "x" * 20)


def broken(book):
    """One fault of each kind that a file can have."""
    book["people"]["backup1"]["notify"] = {"high": [], "low": []}
    book["schedules"]["primary"]["rotation"]["starts"] = "2030-01-07"
    weekly = {"people": ["martijn"], "every": "1w", "hand_off": "mon 09:00", "starts": "2030-01-07"}
    book["schedules"]["later"] = {"rotation": weekly}
    steps = book["escalation_policies"]["default"]["steps"]
    steps[1]["after"] = "0m"  # with the first
    steps.append({"page": ["schedule:later"], "after": "20m"})
    book["escalation_policies"]["spare"] = {"steps": [{"page": ["martijn"]}, {"page": ["martijn"], "after": "5m"}]}
    book["templates"]["acknowledged"] = "Issue: {titel}"
    book["templates"]["all_clear"] = "x" * 70_000
    book["actions"]["restart"] = {"http": {"url": "http://x.example"}}


PLANTED = {
    ("unreachable", "backup1"): "no notification rule for high urgency reaches Backup One",
    ("schedule_gap", "primary"): "nobody is on call from now on to 2030-01-07 08:00 UTC",
    ("schedule_gap", "later"): "nobody is on call from now on to 2030-01-07 09:00 UTC",
    ("same_person", "spare"): "Martijn is on step 1 and step 2 at the same time",
    ("ends_with_nobody", "default"): "the last step (schedule:later) stands for nobody now",
    ("unknown_word", "acknowledged"): "nothing ever fills {titel}: it reads unknown",
    ("text_too_long", "all_clear"): "it makes a text of over 65,536 characters: plain words go out in its place",
    ("no_undo", "restart"): "the action has no undo",
    ("no_verify", "restart"): "the action has no verify: nobody will know whether it helped",
}
TWICE = {  # these two have one subject each for two things
    ("step_not_reached", "default"): "step 2 starts with step 1: it waits for nothing",
    ("step_not_reached", "spare"): "no service uses this policy: its steps are never taken",
}


@pytest.fixture
def bad(site):
    assert not site.db.write_now(configure.adopt, site.setup, changed(broken)).errors
    return site


def test_the_page_names_each_planted_fault_with_what_to_do_next(bad):
    bad.sign_in()
    page = bad.ask("GET", "/readiness").text.replace("&#39;", "'")

    for (_, subject), text in {**PLANTED, **TWICE}.items():
        assert f"<strong>{subject}</strong>" in page
        assert text[:1].upper() + text[1:] in page
    for words in ("Let the last step page", "Write an", "Take the word out", "Would not be reached", "can cost a page"):
        assert words in page
    assert page.index("No notification rule for high urgency reaches Backup One") < page.index("The action has no undo")


def test_check_strict_names_each_of_them_and_fails(tmp_path):
    file = tmp_path / "broken.yaml"
    file.write_text(changed(broken), encoding="utf-8")
    server = Served(tmp_path, file, **TOKENS)
    result = server.cli("check", str(file), "--strict", "--json")

    assert 1 == result.returncode
    found = {(f["kind"], f["subject"], f["text"]) for f in json.loads(result.stdout)["findings"]}
    assert set() == {(*key, text) for key, text in {**PLANTED, **TWICE}.items()} - found


def test_what_the_database_shows_stands_there_too(site):
    """A broken way, a test page without an answer, a channel that fails, a hand-off that nobody confirmed."""
    entry = {"schedule": "primary", "outgoing": [], "until": "2026-12-07T08:00:00Z", "override": None}

    def plant(tx):
        _, book = configure.in_force(tx, site.setup)
        config = book.channel("email").settings
        people.note_broken(tx, "backup1", "email", mark("smtp", "backup1@proofi.ai", config), "mailbox gone")
        people.ask(
            tx, kind="test", test="t", person="martijn", via="email", address_of="", code="", asked_by="x",
            expires_at=tx.now,
        )  # fmt: skip
        for n in range(3):
            queue.note_attempt(
                tx, f"o{n}", None, 0, tx.now, via="email", verdict="retry", receipt=None, why="refused", milliseconds=1
            )
        handoffs.add(tx, tx.now, person="backup1", schedules=[entry], state="unconfirmed", confirm_by=tx.now, told=[])

    site.db.write_now(plant)
    site.now += timedelta(hours=23)
    kinds = {item["kind"]: item for item in site.api("GET", "/readiness").json()["findings"]}
    assert ("backup1", "primary" in kinds["hand_off_unconfirmed"]["text"]) == (
        kinds["hand_off_unconfirmed"]["subject"],
        True,
    )
    assert "every try of the last day failed: refused" == kinds["integration_failing"]["text"]
    assert "mailbox gone" in kinds["contact_broken"]["text"]
    assert "test_unanswered" not in kinds
    site.now += timedelta(hours=2)
    kinds = {item["kind"]: item for item in site.api("GET", "/readiness").json()["findings"]}
    assert "martijn" == kinds["test_unanswered"]["subject"]
    assert all(item["next"] for item in kinds.values())


def test_every_kind_of_finding_is_planted_somewhere(site):
    """In the broken runbook, in the database, or in rules of zones that change (stories/test_zone_rules)."""
    in_the_file = {kind for kind, _ in {**PLANTED, **TWICE}}
    in_the_database = {
        "hand_off_unconfirmed", "integration_failing", "contact_broken", "test_unanswered", "status_page_not_published",
    }  # fmt: skip
    by_itself = {f["kind"] for f in site.api("GET", "/readiness").json()["findings"]}
    site.now += timedelta(days=400)
    later = {f["kind"] for f in site.api("GET", "/readiness").json()["findings"]}

    elsewhere = {"zone_rules_changed", "cannot_look"}  # stories/test_zone_rules, web/test_diagnosis
    assert set() == set(NEXT) - in_the_file - in_the_database - by_itself - later - elsewhere


def test_the_api_says_how_each_person_would_be_reached(site):
    answer = site.api("GET", "/readiness", role="viewer").json()
    backup = next(person for person in answer["people"] if person["person"] == "backup1")

    assert ("2026-11-24T03:00:00Z", True, ["secondary"]) == (backup["at"], backup["reachable"], backup["on_call"])
    assert [("alerts", 0, "cannot be used"), ("email", 60, "never proved")] == [
        (way["via"], way["after_seconds"], way["state"]) for way in backup["ways"][:2]
    ]
    assert (None, None) == (answer["looked_at"], answer["told_at"])
    assert 401 == site.ask("GET", "/api/v1/readiness").status_code
    assert 303 == site.ask("GET", "/readiness").status_code


READY = """
version: 1
people:
  me:
    {name: Me, email: me@example.org, roles: [admin], notify: {high: [{via: email}], low: [{via: email}]}}
channels: {email: {smtp: {host: 127.0.0.1, from: tocsin@example.org}}}
severities: {P2: {title: X, respond_within: 1h, resolve_within: 1d, page: [everyone], protocol: p}}
protocols: {p: {duties: []}}
"""


def test_all_clear_is_said_plainly_and_its_age_is_shown(site):
    assert not runbook_file.read(READY, {}).errors
    site.db.write_now(configure.adopt, site.setup, READY)
    site.db.write_now(people.note_proved, "me", "email", mark("smtp", "me@example.org"), "press")
    for hours in (0, 26):
        site.now += timedelta(hours=hours)
        site.db.write_now(looks.run, site.setup, site.db.read_now(looks.gather, site.setup))
        site.db.write_now(looks.run, site.setup, site.db.read_now(looks.gather, site.setup))
    site.now += timedelta(hours=3)
    site.sign_in("admin")
    page = site.ask("GET", "/readiness").text

    assert "All clear." in page
    assert "The daily look was 3 hours ago; it has had nothing new to tell." in page
    assert "Proved" in page
    assert set(COLOURS) == {"proved", "never proved", "broken", "cannot be used"}


def test_a_server_adds_what_it_knows_to_the_check_of_its_own_runbook(tmp_path):
    file = tmp_path / "book.yaml"
    file.write_text(EXAMPLE, encoding="utf-8")
    with Served(tmp_path, file) as served:
        with_server = json.loads(served.cli("check", str(file), "--json").stdout)["findings"]
        other = tmp_path / "other.yaml"
        other.write_text(f"{EXAMPLE}\n# another version\n", encoding="utf-8")
        without = json.loads(served.cli("check", str(other), "--json").stdout)["findings"]
        shown = json.loads(served.cli("handoff", "list", "--json").stdout)
        name = json.loads(served.cli("declare", "--severity", "P1", "--title", "x", "--json").stdout)["id"]
        pages = served.cli("incident", "pages", name).stdout

    added = {f["kind"] for f in with_server} - {f["kind"] for f in without}
    assert {"contact_unproved", "integration_left_out"} <= added
    assert [] == shown
    assert "On call: primary from" in pages


def test_the_hosts_of_the_status_page_are_shown_with_their_age_and_what_is_wrong(site):
    site.sign_in()
    assert "It is on no other host" in site.ask("GET", "/readiness").text
    well = HostHealth("bucket b", "https://s.example.org", site.now, site.now)
    bad = HostHealth("ssh far:/www", "", site.now, None, site.now, "<no> route")
    site.db.write_now(pages.note_hosts, (well, bad))
    site.now += timedelta(minutes=7)
    page = site.ask("GET", "/readiness").text
    assert "Published 7 minutes ago; seen at" in page
    assert "For 7 minutes: &lt;no&gt; route" in page
    assert "Status page not published" in page
    assert "the status page is not on ssh far:/www: <no> route" in site.ask("GET", "/-/ready").json()["warnings"]
