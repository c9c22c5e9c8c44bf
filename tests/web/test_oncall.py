"""Who is on call, on the page and in the API; stand-ins, absences, swaps; and the calendars behind secret links."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import icalendar
import pytest
import recurring_ical_events
from structlog.testing import capture_logs

from tocsin.core.oncall import shifts
from tocsin.store import audit
from tocsin.store.db import Busy
from tocsin.store.schema import credentials, outbox
from tocsin.usecases import configure, rota

from .conftest import EXAMPLE

BOOK = (
    EXAMPLE[: EXAMPLE.index("\nschedules:")]
    + """
schedules:
  primary:
    timezone: Europe/Amsterdam
    rotation: {people: [martijn, backup1], every: 1w, hand_off: "mon 09:00", starts: 2026-01-05}
  days:
    timezone: Europe/Amsterdam
    rotation: {people: [martijn], every: 1w, hand_off: "mon 09:00", starts: 2026-01-05}
    restrictions: [{days: mon-fri, from: "09:00", to: "17:00"}]
"""
    + EXAMPLE[EXAMPLE.index("\nescalation_policies:") :].replace("schedule:secondary", "schedule:days")
)
MONDAY = datetime(2026, 11, 23, 8, tzinfo=UTC)  # 09:00 in Amsterdam: a hand-over
WEEK = timedelta(days=7)


def z(at):
    return at.isoformat().replace("+00:00", "Z")


@pytest.fixture
def rota_site(site):
    reading = site.db.write_now(configure.adopt, site.setup, BOOK)
    assert not reading.errors, reading.errors
    return site


def test_the_api_says_who_and_lists_the_shifts(rota_site):
    (now,) = rota_site.api("GET", "/oncall?schedule=primary").json()["items"]
    listed = rota_site.api("GET", f"/oncall?schedule=primary&from={z(MONDAY)}&until={z(MONDAY + 3 * WEEK)}").json()

    assert ({"schedule", "people", "from", "until", "override", "instead", "tzdata"}) == set(now)
    assert [now["people"]] == [i["people"] for i in listed["items"]][:1]
    assert [z(MONDAY + n * WEEK) for n in range(3)] == [i["from"] for i in listed["items"]]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("at=2026-11-23T09:00", 422), ("at=9999-12-31T23:59:59Z", 422), ("at=0001-01-01T00:00:00Z", 422), ("at=x", 422),
        ("from=2026-11-23T09:00:00Z&until=2026-11-22T09:00:00Z", 422), ("schedule=none", 404),
        ("from=2026-11-23T09:00:00Z&until=2036-11-22T09:00:00Z", 422),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused(rota_site, query, status):
    assert status == rota_site.api("GET", f"/oncall?{query}").status_code


def test_an_absence_moves_the_turn_and_the_pager_knows(rota_site):
    who = rota_site.api("GET", "/oncall?schedule=primary").json()["items"][0]["people"][0]
    other = {"martijn": "backup1", "backup1": "martijn"}[who]
    body = {"person": who, "from": z(MONDAY), "until": z(MONDAY + WEEK), "reason": "holidays"}
    made = rota_site.api("POST", "/absences", body)
    (shift,) = rota_site.api("GET", "/oncall?schedule=primary").json()["items"]

    assert (201, [other]) == (made.status_code, shift["people"])
    assert [{"person": other, "of": who, "reason": "holidays"}] == shift["instead"]
    resolve = lambda tx: configure.who(tx, configure.in_force(tx, rota_site.setup)[1], None, tx.now)("schedule:primary")
    assert {other} == rota_site.db.read_now(resolve)
    assert [made.json()["id"]] == [a["id"] for a in rota_site.api("GET", "/absences").json()["items"]]
    assert 204 == rota_site.api("DELETE", f"/absences/{made.json()['id']}").status_code
    assert 404 == rota_site.api("DELETE", f"/absences/{made.json()['id']}").status_code
    assert {who} == rota_site.db.read_now(resolve)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"person": "zed"}, "no person"), ({"until": z(MONDAY - WEEK)}, "ends after it starts"),
        ({"until": z(MONDAY + 500 * timedelta(days=1))}, "at most 400 days"), ({"from": "2026-11-23T09:00:00"}, "time zone"),
    ],
)  # fmt: skip
def test_an_absence_that_cannot_be_is_refused(rota_site, change, why):
    body = {"person": "martijn", "from": z(MONDAY), "until": z(MONDAY + WEEK), **change}
    answer = rota_site.api("POST", "/absences", body)

    assert 422 == answer.status_code
    assert why in answer.text


def swap_body(rota_site):
    shifts = rota_site.api(
        "GET", f"/oncall?schedule=primary&from={z(MONDAY + WEEK)}&until={z(MONDAY + 5 * WEEK)}"
    ).json()["items"]
    mine = next(s for s in shifts if s["people"] == ["martijn"])
    theirs = next(s for s in shifts if s["people"] == ["backup1"])
    return {
        "schedule": "primary", "asker": "martijn", "other": "backup1", "from": mine["from"], "until": mine["until"],
        "back": {"from": theirs["from"], "until": theirs["until"]}, "reason": "a wedding",
    }  # fmt: skip


def test_a_swap_is_asked_for_told_accepted_and_recorded(rota_site):
    body = swap_body(rota_site)
    asked = rota_site.api("POST", "/swaps", body).json()
    assert "asked" == asked["state"]
    assert ["backup1"] == [r.person for r in rota_site.db.read_now(lambda tx: tx.all(outbox.select()))]
    assert 403 == rota_site.api("POST", f"/swaps/{asked['id']}/accept", {"by": "martijn"}).status_code
    accepted = rota_site.api("POST", f"/swaps/{asked['id']}/accept", {"by": "backup1"})
    shifts = rota_site.api("GET", f"/oncall?schedule=primary&from={body['from']}&until={body['until']}").json()["items"]

    assert ("accepted", [["backup1"]]) == (accepted.json()["state"], [s["people"] for s in shifts])
    assert "swapped: a wedding" == shifts[0]["override"]
    assert 2 == len(rota_site.api("GET", "/overrides").json()["items"])
    assert 409 == rota_site.api("POST", f"/swaps/{asked['id']}/decline", {"by": "backup1"}).status_code
    assert rota_site.db.read_now(audit.verify)["ok"]


def test_a_swap_whose_turns_changed_since_is_not_accepted_by_halves(rota_site):
    body = swap_body(rota_site)
    asked = rota_site.api("POST", "/swaps", body).json()
    rota_site.api("POST", "/absences", {"person": "backup1", **body["back"]})
    answer = rota_site.api("POST", f"/swaps/{asked['id']}/accept", {"by": "backup1"})

    assert (422, []) == (answer.status_code, rota_site.api("GET", "/overrides").json()["items"])
    assert "asked" == rota_site.api("GET", "/swaps").json()["items"][0]["state"]


def test_a_swap_nobody_answers_expires_and_a_late_answer_is_refused(rota_site):
    asked = rota_site.api("POST", "/swaps", swap_body(rota_site)).json()
    rota_site.now += 6 * WEEK
    assert 0 == rota_site.db.read_now(rota.due, rota_site.setup)
    assert 409 == rota_site.api("POST", f"/swaps/{asked['id']}/accept", {"by": "backup1"}).status_code
    rota_site.db.write_now(rota.begin, rota_site.setup, timedelta(minutes=1))

    assert "expired" == rota_site.api("GET", "/swaps").json()["items"][0]["state"]
    assert rota_site.db.read_now(rota.due, rota_site.setup) is None


# --------------------------------------------------------------------------------------------- calendars


def opened(rota_site, what):
    made = rota_site.api("POST", "/calendars", what).json()
    return made, made["url"].removeprefix("http://tocsin.test")


def test_a_calendar_link_opens_a_feed_that_other_parsers_read(rota_site):
    """Every shift, expanded, in UTC, with ids of its own; folded lines no longer than 75 octets, ended by CRLF."""
    rota_site.api(
        "POST",
        "/absences",
        {"person": "martijn", "from": z(MONDAY), "until": z(MONDAY + 8 * WEEK), "reason": "é" * 120},
    )
    made, path = opened(rota_site, {"schedule": "primary"})
    answer = rota_site.ask("GET", path)
    lines = answer.content.split(b"\r\n")
    calendar = icalendar.Calendar.from_ical(answer.content)
    events = recurring_ical_events.of(calendar).between(MONDAY, MONDAY + 4 * WEEK)

    assert 200 == answer.status_code
    assert "text/calendar; charset=utf-8" == answer.headers["content-type"]
    assert ("private, no-cache", "noindex, nofollow", "no-referrer") == tuple(
        answer.headers[n] for n in ("cache-control", "x-robots-tag", "referrer-policy")
    )
    assert max(map(len, lines)) <= 75
    assert {b"METHOD:PUBLISH", b"X-WR-TIMEZONE:Europe/Amsterdam", b"X-PUBLISHED-TTL:PT1H", b"VERSION:2.0"} <= set(lines)
    assert b"\n" not in answer.content.replace(b"\r\n", b"")
    uids = [str(e["UID"]) for e in calendar.walk("VEVENT")]
    assert len(uids) == len(set(uids)) > 8
    assert all(e["DTSTART"].dt.tzinfo == UTC or str(e["DTSTART"].dt.tzinfo) == "UTC" for e in calendar.walk("VEVENT"))
    said = rota_site.api("GET", f"/oncall?schedule=primary&from={z(MONDAY)}&until={z(MONDAY + 4 * WEEK)}").json()[
        "items"
    ]
    assert [(s["from"], s["people"]) for s in said][1:] != []
    assert {e["DTSTART"].dt for e in events} >= {
        datetime.fromisoformat(s["from"]) for s in said if s["from"] > z(MONDAY)
    }
    assert any("is away" in str(e["DESCRIPTION"]) and "stands in" in str(e["SUMMARY"]) for e in events)
    assert set(made) == {"id", "schedule", "by", "created_at", "url"}


def test_the_same_feed_is_not_sent_twice_and_its_ids_stay(rota_site):
    _, path = opened(rota_site, {"person": "backup1"})
    first = rota_site.ask("GET", path)
    again = rota_site.ask("GET", path, headers={"If-None-Match": first.headers["etag"]})
    ids = lambda a: [str(e["UID"]) for e in icalendar.Calendar.from_ical(a.content).walk("VEVENT")]
    rota_site.now += timedelta(days=3)
    later = rota_site.ask("GET", path, headers={"If-None-Match": first.headers["etag"]})

    assert (304, b"") == (again.status_code, again.content)
    assert 200 == later.status_code
    assert len(set(ids(first)) & set(ids(later))) >= len(ids(first)) - 2
    assert all("backup1" in str(e["SUMMARY"]).lower() or "Backup" in str(e["SUMMARY"])
               for e in icalendar.Calendar.from_ical(first.content).walk("VEVENT"))  # fmt: skip
    assert 200 == rota_site.ask("HEAD", path).status_code


def test_somebody_whom_only_an_override_names_has_it_in_their_feed_unless_a_later_one_takes_it(rota_site):
    _, path = opened(rota_site, {"person": "backup1"})
    before = len(icalendar.Calendar.from_ical(rota_site.ask("GET", path).content).walk("VEVENT"))
    span = {"schedule": "days", "from": z(MONDAY), "until": z(MONDAY + WEEK)}
    rota_site.api("POST", "/overrides", {**span, "person": "backup1", "reason": "a trade"})
    told = icalendar.Calendar.from_ical(rota_site.ask("GET", path).content).walk("VEVENT")
    rota_site.now += timedelta(minutes=1)
    rota_site.api("POST", "/overrides", {**span, "person": "martijn", "reason": "and back"})
    after = icalendar.Calendar.from_ical(rota_site.ask("GET", path).content).walk("VEVENT")

    assert (before + 1, before) == (len(told), len(after))
    assert ["Stands in: a trade"] == [
        str(e["DESCRIPTION"]).splitlines()[0] for e in told if "days" in str(e["SUMMARY"])
    ]


def test_a_link_is_a_secret_of_its_own_kind_revocable_and_in_no_log(rota_site):
    made, path = opened(rota_site, {"schedule": "primary"})
    secret = path.removeprefix("/calendar/").removesuffix(".ics")
    rows = rota_site.db.read_now(lambda tx: tx.all(credentials.select()))

    assert not any(secret in str(row) for row in rows)
    assert made["url"] not in rota_site.api("GET", "/calendars").text
    assert 401 == rota_site.ask("GET", "/api/v1/oncall", secret).status_code  # no token
    assert 404 == rota_site.ask("GET", "/calendar/token-of-the-admin-1.ics").status_code  # and a token no link
    with capture_logs() as logs:
        rota_site.db.read, kept = _busy, rota_site.db.read
        assert 503 == rota_site.ask("GET", path).status_code
        rota_site.db.read = kept
    assert logs and secret not in str(logs)
    assert 403 == rota_site.api("DELETE", f"/calendars/{made['id']}", role="viewer").status_code
    assert 204 == rota_site.api("DELETE", f"/calendars/{made['id']}").status_code
    assert 404 == rota_site.ask("GET", path).status_code
    assert 404 == rota_site.api("DELETE", f"/calendars/{made['id']}").status_code


async def _busy(*_args, **_more):
    raise Busy("locked")


def test_the_link_of_somebody_who_left_opens_nothing(rota_site):
    _, path = opened(rota_site, {"schedule": "days"})
    assert 200 == rota_site.ask("GET", path).status_code
    rota_site.db.write_now(configure.adopt, rota_site.setup, EXAMPLE)

    assert 404 == rota_site.ask("GET", path).status_code


@pytest.mark.parametrize(
    "body", [{}, {"schedule": "primary", "person": "martijn"}, {"schedule": "none"}, {"person": "none"}]
)
def test_a_link_to_nothing_is_refused(rota_site, body):
    assert 422 == rota_site.api("POST", "/calendars", body).status_code


def test_a_rotation_of_one_has_an_event_that_keeps_its_id(rota_site):
    """Its first shift has no beginning: what the window cuts off does not change who it is."""
    first = rota_site.db.read_now(lambda tx: _ids(tx, rota_site))
    rota_site.now += timedelta(days=1)

    assert set(first) & set(rota_site.db.read_now(lambda tx: _ids(tx, rota_site)))


def _ids(tx, site):
    from tocsin import calendar_out

    _, runbook = configure.in_force(tx, site.setup)
    return [calendar_out.uid(one) for one in shifts(runbook, "primary", tx.now, tx.now + WEEK, is_whole=True)]


# --------------------------------------------------------------------------------------------- the page


def test_the_page_says_who_what_comes_and_where_nobody_is(rota_site):
    rota_site.sign_in()
    text = rota_site.ask("GET", "/oncall").text

    assert re.search(r"tzdata 20[0-9]{2}[a-z]+ of 20[0-9-]{8}, [0-9]+ days old", text)
    assert re.search(r'class="loud">Nobody from', text)
    assert "<svg" in text


def test_everything_can_be_changed_by_forms_without_script(rota_site):
    csrf = rota_site.sign_in("martijn")
    rota_site.cookies.set("tz", "Europe/Amsterdam")
    form = {
        "csrf": csrf,
        "zone": "Europe/Amsterdam",
        "from": "2026-11-24T09:00",
        "until": "2026-11-25T09:00",
        "reason": "ill",
    }
    answers = [
        rota_site.ask("POST", "/oncall/overrides", data={**form, "schedule": "primary", "person": "backup1"}),
        rota_site.ask("POST", "/oncall/absences", data={**form, "person": "martijn"}),
    ]
    (override,) = rota_site.api("GET", "/overrides").json()["items"]
    page = rota_site.ask("GET", "/oncall").text
    mine = re.search(r'value="(primary\|martijn\|[^"]+)"', page)[1].replace("&#43;", "+")
    theirs = re.search(r'value="(primary\|backup1\|[^"]+)"', page)[1].replace("&#43;", "+")
    answers.append(rota_site.ask("POST", "/oncall/swaps", data={"csrf": csrf, "mine": mine, "theirs": theirs}))
    link = rota_site.ask("POST", "/oncall/links", data={"csrf": csrf, "of": "person:martijn"})
    (swap,) = rota_site.api("GET", "/swaps").json()["items"]
    (kept,) = rota_site.api("GET", "/calendars").json()["items"]
    (absence,) = rota_site.api("GET", "/absences").json()["items"]
    for path in (
        f"swaps/{swap['id']}/withdraw",
        f"overrides/{override['id']}/end",
        f"absences/{absence['id']}/end",
        f"links/{kept['id']}/revoke",
    ):
        answers.append(rota_site.ask("POST", f"/oncall/{path}", data={"csrf": csrf}))

    assert {303} == {a.status_code for a in answers}
    assert "2026-11-24T08:00:00Z" == override["from"]
    assert "/calendar/" in link.text
    assert [] == rota_site.api("GET", "/calendars").json()["items"]
    assert "withdrawn" == rota_site.api("GET", "/swaps").json()["items"][0]["state"]


@pytest.mark.parametrize(
    ("path", "fields", "status"),
    [
        ("overrides", {"from": "soon"}, 422), ("absences", {"from": "2026-11-24T09:00", "zone": "Mars/Olympus"}, 422),
        ("swaps", {"mine": "x", "theirs": ""}, 422), ("links", {"of": "planet:mars"}, 422), ("overrides/x/end", {}, 404),
        ("moon/x/end", {}, 404), ("swaps/x/eat", {}, 404),
    ],
)  # fmt: skip
def test_a_form_that_cannot_be_used_says_so(rota_site, path, fields, status):
    csrf = rota_site.sign_in()

    assert status == rota_site.ask("POST", f"/oncall/{path}", data={"csrf": csrf, **fields}).status_code
    assert 403 == rota_site.ask("POST", f"/oncall/{path}", data=fields).status_code


def test_a_viewer_sees_and_changes_nothing(rota_site):
    csrf = rota_site.sign_in("backup1", role="viewer")

    assert "Somebody stands in" not in rota_site.ask("GET", "/oncall").text
    assert 403 == rota_site.ask("POST", "/oncall/absences", data={"csrf": csrf}).status_code
