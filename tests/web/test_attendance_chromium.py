"""Who comes to a review, in a real browser: read on a phone and in the dark, and moved to a proposed time by keys."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import yaml
from playwright.sync_api import expect

from tocsin.core import review
from tocsin.core.incident import Incident

from ..calendars import answer
from ..served import INGEST, ROOT, Served, until
from .test_pages_chromium import browser, declared, opened, session  # noqa: F401 - fixtures
from .test_postmortems_chromium import PHONE

SHOTS = os.environ.get("PAGE_SHOTS")


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("asked")
    book = yaml.load((ROOT / "examples/proofi/runbook.yaml").read_text(encoding="utf-8"), yaml.BaseLoader)
    book["version"] = 1
    book["postmortems"]["meeting"]["replies_to"] = "reviews@in.proofi.example"
    file = folder / "runbook.yaml"
    file.write_text(yaml.dump(book, allow_unicode=True), encoding="utf-8")
    with Served(folder, file) as server:
        yield server


def week_of(served, name):
    answer_ = httpx.get(
        f"{served.url}/api/v1/incidents/{name}/review", headers={"Authorization": "Bearer admin-token-of-the-tests"},
        trust_env=False,
    )  # fmt: skip
    return answer_.json() if answer_.status_code == 200 else None


@pytest.fixture(scope="module")
def answered(served):
    """A review that one accepts, one declines with another time, and a stranger is not sure of."""
    name = declared(served)
    served.api("POST", f"/incidents/{name}/acknowledge", {"by": "martijn"})
    served.api("POST", f"/incidents/{name}/assign", {"role": "scribe", "person": "backup1", "by": "martijn"})
    served.api("POST", f"/incidents/{name}/resolve", {"root_cause": "The disk was full", "resolution": "Space freed"})
    week = until(lambda: (found := week_of(served, name)) and found["asked"] and found)
    made = served.api("GET", f"/incidents/{name}")
    state = Incident(int(name[4:]), "", "P0", datetime.fromisoformat(made["declared_at"]), "", "")
    uid, meets, now = review.uid(state), datetime.fromisoformat(week["review_at"]), datetime.now(UTC)
    long = "I am at the dentist until noon \u2013 could we take the afternoon, or Thursday? <b>Thanks</b>"
    for n, raw in enumerate((
        answer("apple", uid=uid, attendee="martijn@proofi.ai", said="ACCEPTED", stamp=now),
        answer("outlook", uid=uid, said="DECLINED", method="COUNTER", comment=long, stamp=now,
               start=meets + timedelta(hours=3), sender="assistant-of-backup-one@proofi.ai"),
        answer("google", uid=uid, attendee="zoe.of.a.very.long.name@subsidiary.example.org", said="TENTATIVE", stamp=now),
    )):  # fmt: skip
        sent = httpx.post(f"{served.url}/in/email/{INGEST}", content=raw, trust_env=False, timeout=30)
        assert (200, 1) == (sent.status_code, sent.json()["taken"]), n
    return name


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("phone", [True, False])
def test_who_comes_is_read_at_every_width_and_in_the_dark(browser, served, session, answered, scheme, phone):  # noqa: F811
    context, page, faults = opened(browser, session, color_scheme=scheme, **(PHONE if phone else {}))
    page.goto(f"{served.url}/incidents/{answered}/postmortem#attending")
    week = page.locator("#week")
    for words in ("comes", "declined", "perhaps", "the mail came from assistant-of-backup-one@proofi.ai",
                  "<b>Thanks</b>", "nobody in the runbook has this address"):  # fmt: skip
        expect(week).to_contain_text(words)
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    if SHOTS:
        name = f"attending-{scheme}-{'phone' if phone else 'wide'}.png"
        week.screenshot(path=Path(SHOTS) / name)
        if not phone:
            page.screenshot(path=Path(SHOTS) / f"whole-{name}", full_page=True)
    assert [] == faults
    context.close()


def test_the_review_is_moved_to_the_proposed_time_by_keys_alone(browser, served, session, answered):  # noqa: F811
    before = week_of(served, answered)
    context, page, faults = opened(browser, session, java_script_enabled=False, **PHONE)
    page.goto(f"{served.url}/incidents/{answered}/postmortem")
    page.get_by_role("button", name="Move to this time").press("Enter")
    expect(page).to_have_url(re.compile("#week"))
    expect(page.locator("#week")).to_contain_text("About the earlier time: declined")
    expect(page.get_by_role("button", name="Move to this time")).to_have_count(0)
    after = week_of(served, answered)
    assert (before["answers"][1]["proposed_at"], 1) == (after["review_at"], after["sequence"])
    assert {"martijn", "backup1"} == set(after["unanswered"])
    if SHOTS:
        page.locator("#week").screenshot(path=Path(SHOTS) / "attending-moved-phone.png")
    assert [] == faults
    context.close()
