"""An invitation leaves by SMTP, its answer comes back over HTTP as a mail server posts it: a real server, real sockets."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import httpx
import icalendar
import pytest
import yaml

from .calendars import answer
from .fakes.smtp import FakeMail
from .served import INGEST, ROOT, Served, until

TO = "reviews@in.proofi.example"


@pytest.fixture(scope="module")
def mail():
    with FakeMail() as server:
        yield server


@pytest.fixture(scope="module")
def served(tmp_path_factory, mail):
    folder = tmp_path_factory.mktemp("served")
    book = yaml.load((ROOT / "examples/proofi/runbook.yaml").read_text(encoding="utf-8"), yaml.BaseLoader)
    book["version"] = 1
    book["channels"]["email"]["smtp"].update(host="127.0.0.1", port=str(mail.port), security="none")
    book["postmortems"]["meeting"]["replies_to"] = TO
    file = folder / "runbook.yaml"
    file.write_text(yaml.dump(book, allow_unicode=True), encoding="utf-8")
    with Served(folder, file) as server:
        yield server


def invited(mail):
    """The (Reply-To, event) of each invitation that Martijn got."""
    found = []
    for message in list(mail.messages):
        for part in message.walk():
            if part.get_content_type() == "text/calendar" and "martijn@proofi.ai" in message["To"]:
                (event,) = icalendar.Calendar.from_ical(part.get_content()).walk("VEVENT")
                found.append((message["Reply-To"], event, message))
    return found


def post(served, raw, key=INGEST):
    return httpx.post(f"{served.url}/in/email/{key}", content=raw, trust_env=False, timeout=30)


def test_an_invitation_is_answered_and_counter_proposed_over_the_wire(served, mail):
    name = served.api("POST", "/incidents", {"title": "Down", "severity": "P0", "service": "api"})["id"]
    served.api("POST", f"/incidents/{name}/acknowledge", {"by": "martijn"})
    served.api("POST", f"/incidents/{name}/resolve", {"root_cause": "A", "resolution": "B", "by": "martijn"})
    ((reply_to, event, message),) = until(lambda: invited(mail))
    assert TO == reply_to and f"mailto:{TO}" == str(event["ORGANIZER"])
    assert "TRUE" == event["ATTENDEE"].params["RSVP"]
    uid, stamp, meets = str(event["UID"]), event["DTSTAMP"].dt, event["DTSTART"].dt

    no = answer("outlook", uid=uid, attendee="martijn@proofi.ai", comment="Op reis", stamp=stamp)
    assert 401 == post(served, no, "not-a-key").status_code
    assert {"status": "ok", "taken": 1} == post(served, no).json()
    assert 200 == post(served, no).status_code  # the mail server sends it again
    week = served.api("GET", f"/incidents/{name}/review")
    (heard,) = week["answers"]
    assert ("martijn", "declined", "Op reis", True) == (
        heard["person"],
        heard["answer"],
        heard["comment"],
        heard["counts"],
    )

    later = meets.replace(minute=30)
    other = answer("apple", uid=uid, attendee="martijn@proofi.ai", said="TENTATIVE", method="COUNTER", start=later,
                   stamp=stamp.replace(year=stamp.year + 1))  # fmt: skip
    assert 200 == post(served, other).status_code
    (heard,) = served.api("GET", f"/incidents/{name}/review")["answers"]
    assert later.isoformat().replace("+00:00", "Z") == heard["proposed_at"]
    served.api("POST", f"/incidents/{name}/review/move", {"at": heard["proposed_at"], "by": "martijn"})
    _, again = until(lambda: len(found := invited(mail)) == 2 and found)
    assert (uid, 1, later) == (str(again[1]["UID"]), int(again[1]["SEQUENCE"]), again[1]["DTSTART"].dt)
    assert ["martijn"] == served.api("GET", f"/incidents/{name}/review")["unanswered"]

    human = f"From: martijn@proofi.ai\r\nSubject: Re: {message['Subject']}\r\nIn-Reply-To: {message['Message-ID']}\r\n" \
            f"References: {message['References']} {message['Message-ID']}\r\n\r\nI cannot, sorry\r\n"  # fmt: skip
    assert {"status": "ok", "taken": 0} == post(served, human.encode()).json()
    alert = b"From: cron@api.example\r\nSubject: Disk is full\r\n\r\n91%"
    assert {"status": "ok", "taken": 1} == post(served, alert).json()
    assert {"Down", "Disk is full"} == {one["title"] for one in served.api("GET", "/incidents")["items"]}


def test_a_file_edited_by_hand_is_noticed_though_nobody_opens_the_document(served):
    """The database is asked, since every request for the document would look at its file itself."""
    (item, *_) = served.api("GET", "/postmortems")["items"]
    (served.data / item["path"]).write_text("# By hand\n", encoding="utf-8")

    def found():
        with closing(sqlite3.connect(f"file:{served.data}/tocsin.db?mode=ro", uri=True)) as connection:
            return connection.execute("SELECT found, found_in FROM postmortems WHERE found IS NOT NULL").fetchall()

    assert [("# By hand\n", "file")] == until(found, 60)
