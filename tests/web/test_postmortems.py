"""Postmortems by the API and by the pages: saved, joined, published; the week moved and ticked; mark-up that is safe."""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from datetime import UTC, datetime, timedelta
from html import unescape
from html.parser import HTMLParser

import pytest
import yaml
from sqlalchemy import select

from tocsin.core import review
from tocsin.core.probes import Look
from tocsin.store import incidents
from tocsin.store import postmortems as store
from tocsin.store.schema import alerts
from tocsin.usecases import configure, deliver, evidence, looks, probes, publish, tick
from tocsin.web.markdown import html

from ..calendars import answer
from .conftest import EXAMPLE, KEY

BAD = "<script>alert(1)</script>"


def work(site):
    for _ in range(10):
        site.db.write_now(tick.tick, site.setup)
        site.db.write_now(looks.run, site.setup, site.db.read_now(looks.gather, site.setup))
        for job in site.db.write_now(deliver.claim, site.setup, "test"):
            if job.draft:
                verdict = publish.save_file(site.setup.data, job.draft, publish.write_whole)
                site.db.write_now(deliver.settle, site.setup, job, verdict)


@pytest.fixture
def name(site):
    made = site.declare("P0", f"Uploads fail {BAD}", service="api", impact=f"Nobody can upload {BAD}")
    site.api("POST", f"/incidents/{made}/acknowledge", {"by": "martijn"})
    site.now += timedelta(hours=1)
    site.api(
        "POST", f"/incidents/{made}/resolve", {"root_cause": "A limit that nothing checks", "resolution": "Raised"}
    )
    work(site)
    return made


def document(site, name, role="viewer"):
    answer = site.api("GET", f"/incidents/{name}/postmortem", role=role)
    assert answer.status_code == 200, answer.text
    return answer.json()


def page(site, path, status=200):
    answer = site.ask("GET", path)
    assert answer.status_code == status, answer.text
    return answer.text


def post(site, path, csrf, **fields):
    return site.ask("POST", path, data={"csrf": csrf, **fields})


# --------------------------------------------------------------------------------------------- the API


def test_a_document_from_draft_to_published_by_the_api(site, name):
    made = document(site, name)
    assert ("draft", 1, None, None) == (made["state"], made["version"], made["published"], made["found"])
    assert "Who is the author?" in [one["text"] for one in made["questions"]]
    path = f"/incidents/{name}/postmortem"
    saved = site.api("PUT", path, {"text": "# Ours\n\nWritten.\n", "version": 1, "by": "martijn"}).json()
    assert (2, "martijn", []) == (saved["version"], saved["by"], saved["questions"])
    assert "in_review" == site.api("POST", f"{path}/state", {"state": "in_review"}).json()["state"]
    assert 422 == site.api("POST", f"{path}/state", {"state": "published"}).status_code
    published = site.api("POST", f"{path}/publish", {"version": 2, "by": "martijn"}).json()
    assert {"version": 2, "by": "martijn"}.items() <= published["published"].items()
    versions = site.api("GET", f"{path}/versions").json()["items"]
    assert [(2, "martijn", "edited"), (1, "tocsin", "drafted from the record")] == [
        (one["version"], one["by"], one["why"]) for one in versions
    ]
    assert hashlib.sha256(b"# Ours\n\nWritten.\n").hexdigest() == versions[0]["sha256"]
    (listed,) = site.api("GET", "/postmortems?state=published").json()["items"]
    assert (name, "published") == (listed["incident"], listed["state"])
    assert [] == site.api("GET", "/postmortems?state=draft").json()["items"]
    assert 422 == site.api("GET", "/postmortems?state=wrong").status_code


def test_a_stale_version_is_409_and_carries_the_other_text(site, name):
    path = f"/incidents/{name}/postmortem"
    assert 200 == site.api("PUT", path, {"text": "# Mine", "version": 1}).status_code
    answer = site.api("PUT", path, {"text": "# Theirs", "version": 1})
    assert (409, "application/problem+json") == (answer.status_code, answer.headers["content-type"])
    assert ("# Mine\n", 2) == (answer.json()["current"]["text"], answer.json()["current"]["version"])
    assert 409 == site.api("POST", f"{path}/publish", {"version": 1, "anyway": True}).status_code
    assert "# Mine\n" == document(site, name)["text"]


@pytest.mark.parametrize(
    ("body", "status"),
    [({"text": "# x"}, 422), ({"text": "", "version": 1}, 422), ({"text": 7, "version": 1}, 422), ({"text": "x" * 200_001, "version": 1}, 422), ({"text": "a\x00b", "version": 1}, 422), ({"text": "# x", "version": "one"}, 422)],
)  # fmt: skip
def test_what_cannot_be_saved_is_refused_whole(site, name, body, status):
    before = document(site, name)
    assert status == site.api("PUT", f"/incidents/{name}/postmortem", body).status_code
    assert before == document(site, name)


def test_who_only_looks_changes_nothing_and_unknown_ones_are_404(site, name):
    for method, path, body in (
        ("PUT", "postmortem", {"text": "# x", "version": 1}), ("POST", "postmortem/publish", {"version": 1}),
        ("POST", "postmortem/state", {"state": "draft"}), ("POST", "review/move", {"at": "2026-12-01T10:00"}),
        ("POST", "review/drop", {"reason": "x"}), ("POST", "review/steps/actions/done", None),
    ):  # fmt: skip
        assert 403 == site.api(method, f"/incidents/{name}/{path}", body, role="viewer").status_code, path
        assert 404 == site.api(method, f"/incidents/INC-99/{path}", body).status_code, path
    for path in ("postmortem", "review", "evidence", "postmortem/lint"):
        assert 404 == site.api("GET", f"/incidents/INC-99/{path}").status_code, path
    assert 401 == site.ask("GET", f"/api/v1/incidents/{name}/evidence").status_code


def test_a_file_changed_by_hand_is_seen_when_somebody_looks(site, name):
    made = document(site, name)
    file = site.setup.data / made["path"]
    assert made["text"] == file.read_text(encoding="utf-8")
    file.write_text("# By hand\n", encoding="utf-8")
    found = document(site, name)["found"]
    assert ("# By hand\n", "file") == (found["text"], found["in"])
    path = f"/incidents/{name}/postmortem"
    assert 409 == site.api("PUT", path, {"text": "# Mine", "version": 1}).status_code
    joined = site.api("PUT", path, {"text": "# Both", "version": 1, "joins": found["sha256"]}).json()
    assert None is joined["found"]
    work(site)
    assert "# Both\n" == file.read_text(encoding="utf-8")
    assert "# By hand\n" in [
        site.db.read_now(store.version, 1, one["version"]).text
        for one in site.api("GET", f"{path}/versions").json()["items"]
    ]


def test_the_week_is_read_moved_ticked_and_its_evidence_downloaded(site, name):
    week = site.api("GET", f"/incidents/{name}/review", role="viewer").json()
    assert ["evidence", "meeting", "publish", "actions"] == [step["id"] for step in week["steps"]]
    assert "2026-11-25T10:00:00Z" == week["review_at"]
    moved = site.api("POST", f"/incidents/{name}/review/move", {"at": "2026-11-26T11:00", "by": "martijn"}).json()
    assert "2026-11-26T11:00:00Z" == moved["review_at"]
    offset = site.api("POST", f"/incidents/{name}/review/move", {"at": "2026-11-26T12:00+02:00"}).json()
    assert "2026-11-26T10:00:00Z" == offset["review_at"]
    for wrong in ("soon", "2026-11-01T10:00", "2036-11-01T10:00", ""):
        assert 422 == site.api("POST", f"/incidents/{name}/review/move", {"at": wrong}).status_code, wrong
    tick_ = f"/incidents/{name}/review/steps"
    assert [409, 409, 404] == [site.api("POST", f"{tick_}/{s}/done").status_code for s in ("evidence", "publish", "x")]
    assert "done" == site.api("POST", f"{tick_}/actions/done", {"by": "martijn"}).json()["steps"][-1]["state"]
    assert 404 == site.api("GET", f"/incidents/{name}/evidence").status_code
    site.now += timedelta(days=1)
    work(site)
    bundle = site.api("GET", f"/incidents/{name}/evidence", role="viewer")
    assert f'"{hashlib.sha256(bundle.content).hexdigest()}"' == bundle.headers["etag"]
    assert "INC-1-evidence.zip" in bundle.headers["content-disposition"]
    assert 422 == site.api("POST", f"/incidents/{name}/review/drop", {"reason": ""}).status_code
    assert (
        None is site.api("POST", f"/incidents/{name}/review/drop", {"reason": "Done in the room"}).json()["review_at"]
    )


def test_the_lint_of_the_document(site, name):
    body = {"text": "# P\n\nThe reviewer should have seen it.\nMartijn broke it.\n", "version": 1}
    site.api("PUT", f"/incidents/{name}/postmortem", body)
    found = site.api("GET", f"/incidents/{name}/postmortem/lint").json()
    assert [(3, "should-have"), (4, "person-blame")] == [(one["line"], one["rule"]) for one in found]
    assert all({"line", "rule", "text", "better"} == set(one) for one in found)


# --------------------------------------------------------------------------------------------- the pages


def test_the_editor_previews_saves_and_publishes(site, name):
    csrf = site.sign_in()
    path = f"/incidents/{name}/postmortem/edit"
    shown = unescape(page(site, path))
    assert "open questions" in shown, shown[shown.index("<main") :][:1500]
    assert "Ask Martijn" in shown
    text = f"# Ours\n\nThe reviewer should have seen it. {BAD}\n\n[x](javascript:alert(1)) [y](https://example.org)\n"
    preview = post(site, path, csrf, text=text, version="1", do="preview").text
    assert BAD not in preview and "&lt;script&gt;" in preview and "should-have" in preview
    assert 'href="javascript' not in preview and 'href="https://example.org"' in preview
    assert 1 == document(site, name)["version"]
    assert 303 == post(site, path, csrf, text=text, version="1", do="in_review").status_code
    assert ("in_review", 2) == tuple(document(site, name)[key] for key in ("state", "version"))
    assert 303 == post(site, path, csrf, text=text, version="2", do="publish").status_code
    read = page(site, f"/incidents/{name}/postmortem")
    assert "Published" in read and BAD not in read and "<h1>Ours</h1>" in read
    listed = page(site, "/postmortems?state=published")
    assert "Published" in listed and "by Martijn" in listed
    assert 404 == site.ask("GET", "/postmortems?state=x").status_code


def test_two_editors_see_both_texts_and_lose_none(site, name):
    csrf = site.sign_in()
    path = f"/incidents/{name}/postmortem/edit"
    assert 303 == post(site, path, csrf, text="# First", version="1").status_code
    answer = post(site, path, csrf, text="# Second", version="1")
    assert 409 == answer.status_code
    assert "# First" in answer.text and "# Second" in answer.text and 'name="version" value="2"' in answer.text
    assert 303 == post(site, path, csrf, text="# First and second", version="2").status_code
    assert "# First and second\n" == document(site, name)["text"]


def test_a_file_changed_by_hand_is_shown_beside_and_joined_by_a_person(site, name):
    csrf = site.sign_in()
    (site.setup.data / document(site, name)["path"]).write_text("# By hand\n", encoding="utf-8")
    path = f"/incidents/{name}/postmortem/edit"
    assert "Join the two texts" in page(site, f"/incidents/{name}/postmortem")
    shown = page(site, path)
    joins = shown.partition('name="joins" value="')[2].partition('"')[0]
    assert "# By hand" in shown and joins == hashlib.sha256(b"# By hand\n").hexdigest()
    assert 409 == post(site, path, csrf, text="# Mine", version="1").status_code
    assert 303 == post(site, path, csrf, text="# Both", version="1", joins=joins).status_code
    assert None is document(site, name)["found"]


def test_action_items_are_brought_into_the_text(site, name):
    csrf = site.sign_in()
    item = {"incident": name, "title": "Check the limit", "owner": "backup1", "due": "2026-12-10"}
    site.api("POST", "/action-items", item)
    path = f"/incidents/{name}/postmortem/edit"
    assert "Bring them in" in page(site, path)
    filled = unescape(post(site, path, csrf, text=document(site, name)["text"], version="1", do="actions").text)
    assert "| Check the limit | Backup One | 2026-12-10 |" in filled


def test_versions_show_who_changed_what(site, name):
    site.sign_in()
    site.api("PUT", f"/incidents/{name}/postmortem", {"text": f"# Ours\n\n{BAD}", "version": 1, "by": "martijn"})
    path = f"/incidents/{name}/postmortem/history"
    assert "Version 2" in page(site, path)
    changes = page(site, f"{path}?from=1&to=2")
    assert 'class="added"' in changes and 'class="removed"' in changes and BAD not in changes
    page(site, f"{path}?from=0&to=1")
    assert 404 == site.ask("GET", f"{path}?from=1&to=9").status_code
    assert 200 == site.ask("GET", f"{path}?from=x&to=y").status_code


def test_the_week_is_moved_and_ticked_on_the_page(site, name):
    csrf = site.sign_in()
    there = f"/incidents/{name}/review"
    assert "Invited: Martijn." in page(site, f"/incidents/{name}/postmortem")
    assert 303 == post(site, f"{there}/move", csrf, at="2026-11-26T11:00").status_code
    refused = post(site, f"{there}/move", csrf, at="2026-11-01T11:00")
    assert 422 == refused.status_code and "in the past" in refused.text
    assert 303 == post(site, f"{there}/tick", csrf, step="actions").status_code
    assert 409 == post(site, f"{there}/tick", csrf, step="meeting").status_code
    assert 303 == post(site, f"{there}/drop", csrf, reason="Not needed").status_code
    assert 404 == post(site, f"{there}/dance", csrf).status_code
    assert 403 == post(site, f"{there}/tick", "wrong", step="actions").status_code
    site.now += timedelta(days=1)
    work(site)
    site.sign_in()
    assert 200 == site.ask("GET", f"/incidents/{name}/evidence.zip").status_code


# --------------------------------------------------------------------------------------------- what calendars answer


@pytest.fixture
def asked(site):
    """The same, where calendars can answer."""
    book = yaml.load(EXAMPLE, yaml.BaseLoader)
    book["version"] = 1
    book["postmortems"]["meeting"]["replies_to"] = "reviews@in.proofi.example"
    assert not site.db.write_now(configure.adopt, site.setup, yaml.dump(book, allow_unicode=True)).errors
    made = site.declare("P0", "Uploads fail", service="api")
    site.api("POST", f"/incidents/{made}/acknowledge", {"by": "martijn"})
    site.api("POST", f"/incidents/{made}/assign", {"role": "scribe", "person": "backup1", "by": "martijn"})
    site.now += timedelta(hours=1)
    site.api("POST", f"/incidents/{made}/resolve", {"root_cause": "A limit", "resolution": "Raised"})
    work(site)
    return made


def hears(site, shape="google", key=KEY, **more):
    uid = more.pop("uid", None) or review.uid(site.db.read_now(incidents.load, 1).state)
    raw = answer(shape, uid=uid, stamp=more.pop("stamp", site.now), **more)
    site.now += timedelta(minutes=1)
    return site.ask("POST", f"/in/email/{key}", content=raw)


def week_of(site, name):
    return site.api("GET", f"/incidents/{name}/review", role="viewer").json()


def comes(site, name):
    """What the page says of each guest: (name, word)."""
    shown = page(site, f"/incidents/{name}/postmortem")
    part = shown.partition('id="attending"')[2].partition("</ul>")[0]
    return re.findall(r"<strong>([^<]*)</strong> <span class=\"mark-\w+ doc\">([^<]*)</span>", part), part


def test_who_comes_stands_in_the_api_and_on_the_page(site, asked):
    site.sign_in()
    week = week_of(site, asked)
    assert (["martijn", "backup1"], ["martijn", "backup1"], []) == (week["asked"], week["unanswered"], week["answers"])
    assert [("Martijn", "has not answered"), ("Backup One", "has not answered")] == comes(site, asked)[0]
    assert 200 == hears(site, said="DECLINED", comment=f"On leave {BAD}").status_code
    assert 200 == hears(site, "apple", attendee="martijn@proofi.ai", said="ACCEPTED").status_code
    assert 200 == hears(site, attendee="zoe@example.org", said="TENTATIVE", sender="pa@example.org").status_code
    week = week_of(site, asked)
    assert [] == week["unanswered"]
    assert [("backup1", "declined", True), ("martijn", "accepted", True), (None, "tentative", True)] == [
        (one["person"], one["answer"], one["counts"]) for one in week["answers"]
    ]
    assert f"On leave {BAD}" == week["answers"][0]["comment"]
    people, part = comes(site, asked)
    assert [("Martijn", "comes"), ("Backup One", "declined"), ("zoe@example.org", "perhaps")] == people
    assert BAD not in part and "On leave &lt;script&gt;" in part
    assert "the mail came from pa@example.org" in part and "nobody in the runbook has this address" in part
    assert 1 == len(site.api("GET", "/incidents").json()["items"])  # none of them is an alert
    timeline = site.api("GET", f"/incidents/{asked}/timeline").json()
    assert "Backup One declines the review of 2026-11-25 10:00 UTC" in json.dumps(timeline)
    assert "On leave" not in json.dumps(timeline) and "zoe" not in json.dumps(timeline)


def test_another_time_is_taken_with_one_button_and_everybody_is_asked_anew(site, asked):
    csrf = site.sign_in()
    other = datetime(2026, 11, 26, 13, 0, tzinfo=UTC)
    hears(site, "outlook", said="TENTATIVE", method="COUNTER", start=other)
    assert "2026-11-26T13:00:00Z" == week_of(site, asked)["answers"][0]["proposed_at"]
    assert "2026-11-25T10:00:00Z" == week_of(site, asked)["review_at"]
    _, part = comes(site, asked)
    form = part.partition("<form")[2].partition("</form>")[0]
    assert "Move to this time" in form
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))
    assert (
        303 == post(site, f"/incidents/{asked}/review/move", csrf, at=fields["at"], reason=fields["reason"]).status_code
    )
    week = week_of(site, asked)
    assert ("2026-11-26T13:00:00Z", ["martijn", "backup1"]) == (week["review_at"], week["unanswered"])
    people, part = comes(site, asked)
    assert ("Backup One", "has not answered") in people
    assert "About the earlier time: perhaps" in part and "Move to this time" not in part


def test_only_the_ingest_key_lets_an_answer_in(site, asked):
    assert 401 == hears(site, key="another-key").status_code
    assert [] == week_of(site, asked)["answers"]


def test_what_is_about_no_review_is_kept_in_words_and_pages_nobody(site, asked):
    assert 200 == hears(site, uid="0b9d@google.com", said="DECLINED").status_code
    assert 200 == hears(site, said="DELEGATED").status_code
    assert 200 == hears(site, calendar="BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\n" + "X" * 70_000).status_code
    kept = site.db.read_now(lambda tx: tx.all(select(alerts.c.text).where(alerts.c.disposition == "quarantined")))
    assert ["0b9d@google.com" in row.text or "DELEGATED" in row.text or "over 64000" in row.text for row in kept] == [
        True, True, True,
    ]  # fmt: skip
    assert 1 == len(site.api("GET", "/incidents").json()["items"]) and [] == week_of(site, asked)["answers"]


def test_without_an_address_the_page_says_how_calendars_can_answer(site, name):
    site.sign_in()
    shown = page(site, f"/incidents/{name}/postmortem")
    assert "postmortems.meeting.replies_to" in shown and 'id="attending"' not in shown
    book = yaml.load(EXAMPLE, yaml.BaseLoader)
    book["version"] = 1
    book["postmortems"]["meeting"]["replies_to"] = "reviews@in.proofi.example"
    assert not site.db.write_now(configure.adopt, site.setup, yaml.dump(book, allow_unicode=True)).errors
    assert "from the next invitation on" in page(site, f"/incidents/{name}/postmortem")
    hears(site, attendee="martijn@proofi.ai", said="DECLINED")  # some calendars answer though nobody asked them
    assert ("Martijn", "declined") in comes(site, name)[0]
    assert not site.db.write_now(configure.adopt, site.setup, EXAMPLE).errors
    assert "any more" in page(site, f"/incidents/{name}/postmortem")


def test_an_incident_without_one_says_so_and_the_list_is_not_empty_of_words(site):
    site.sign_in()
    assert "No postmortem yet" in page(site, "/postmortems")
    made = site.declare("P3", "A typo")
    for path in ("", "/edit", "/history"):
        assert "no postmortem is written" in page(site, f"/incidents/{made}/postmortem{path}", 404)


# --------------------------------------------------------------------------------------------- mark-up


@pytest.mark.parametrize(
    "text",
    [
        BAD, "<img src=x onerror=alert(1)>", "[a](javascript:alert(1))", "[a](JaVaScRiPt:alert(1))",
        "[a](data:text/html,<script>1</script>)", "[a](vbscript:x)", "<javascript:alert(1)>", "![a](https://e.org/x.png)",
        "[a](//evil.example)", "[a]: javascript:alert(1)\n\n[a]", '[a](https://e.org "\\" onclick=alert(1)")',
        "[a](&#106;avascript:alert(1))", "<a href='javascript:alert(1)'>x</a>", "`<b>`", "| <i> |\n|---|\n| <u> |",
    ],
)  # fmt: skip
def test_nothing_that_runs_comes_through(text):
    made = str(html(text)).lower()
    for never in ("<script", "<img", "<a href='", 'href="javascript', 'href="data:', 'href="vbscript', 'href="//', "<i>", "<b>", "<u>"):  # fmt: skip
        assert never not in made
    attributes: list[str] = []
    reader = HTMLParser()
    reader.handle_starttag = lambda tag, attrs: attributes.extend(key for key, _ in attrs)  # type: ignore[method-assign]
    reader.feed(made)
    assert [] == [key for key in attributes if key.startswith("on")]


def test_a_document_s_own_mark_up_is_shown():
    made = html("# A\n\n- **b**\n\n[c](/incidents/INC-1) <https://e.org>\n\n| d |\n|---|\n| e |\n")
    for part in ("<h1>A</h1>", "<strong>b</strong>", 'href="/incidents/INC-1"', 'href="https://e.org"', "<table>"):
        assert part in made


def test_what_is_nested_without_end_is_no_fault():
    assert html(">" * 5_000 + "x") and html("[" * 5_000) and html("- " * 3_000)


def test_the_document_shows_what_the_probes_saw_and_the_evidence_holds_it(site):
    """From half an hour before the incident, of its service and what that needs; a probe of another service is not there."""
    site.db.write_now(probes.follow, site.setup)
    for minute in range(20):
        bad = Look(site.now, "http_5xx", 30, "status 503, expected <500") if minute > 10 else Look(site.now, "", 20)
        site.db.write_now(probes.keep, site.setup, "a:1", [("website", bad)])
        site.now += timedelta(minutes=1)
    made = site.api("POST", "/incidents", {"title": "Down", "severity": "P0", "service": "proofi.ai"}).json()["id"]
    site.api("POST", f"/incidents/{made}/resolve", {"root_cause": "A", "resolution": "B", "by": "martijn"})
    work(site)
    site.sign_in()
    shown = site.ask("GET", f"/incidents/{made}/postmortem").text

    assert "What the probes saw" in shown
    assert 'role="img" aria-label="20 looks, 9 failed, 20 ms to 30 ms"' in shown
    assert "/probes/nightly" not in shown
    held = site.db.read_now(evidence.bundle, site.setup, int(made.removeprefix("INC-")))
    with zipfile.ZipFile(io.BytesIO(held.body)) as archive:
        kept = json.loads(archive.read("probes.json"))
    assert ["website"] == [one["probe"] for one in kept]
    assert {"at": "2026-11-23T09:02:00Z", "ok": True, "milliseconds": 20} == kept[0]["curve"][0]
