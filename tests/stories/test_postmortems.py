"""The week after a P0, from the all-clear to the review of its action items: each message, invitation and file."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from datetime import UTC, datetime, timedelta
from email import message_from_string, policy

import icalendar
import pytest

from tocsin.core import review
from tocsin.core.events import Acknowledge, Assign, PostUpdate, Reopen, Resolve, Say
from tocsin.core.types import Refused
from tocsin.integrations import email_in
from tocsin.sdk import Inbound
from tocsin.store import attendance
from tocsin.store import postmortems as documents
from tocsin.store import reviews as weeks
from tocsin.usecases import action_items, configure, ingest, looks, postmortems, publish, reviews

from ..calendars import answer
from .conftest import World, changed

MAILS = ("martijn@proofi.ai", "backup1@proofi.ai")
END = datetime(2026, 11, 23, 10, 2, tzinfo=UTC)


def told(book):
    """Everybody reads Telegram; mails are invitations then."""
    book["people"]["backup1"]["notify"]["low"] = [{"via": "telegram"}]
    book["channels"]["email"]["smtp"]["security"] = "none"


@pytest.fixture
def week(tmp_path):
    """A P0 of an hour, resolved on a Monday at 10:02."""
    world = World(tmp_path, changed(told))
    begin(world)
    return world


def begin(world):
    world.alert(service="api", check="http_5xx", title="api answers 503")
    world.act(1, Acknowledge("martijn"))
    world.act(1, Assign("martijn", "scribe", "backup1"))
    world.act(1, Say("backup1", "I look at the pool"))
    world.wait(minutes=60)
    world.act(1, PostUpdate("martijn", status="monitoring", summary="Rolled back"))
    world.act(1, Resolve("martijn", "A release without its environment", "Rolled back"))


def mails(world, who):
    return [message_from_string(text, policy=policy.default) for text in world.texts(who)]


def invitations(world, who=MAILS[0]):
    """(subject, method, sequence, start, uid) of each mail that a calendar can read."""
    found = []
    for mail in mails(world, who):
        parts = [part for part in mail.walk() if part.get_content_type() == "text/calendar"]
        for part in parts:
            calendar = icalendar.Calendar.from_ical(part.get_content())
            (event,) = calendar.walk("VEVENT")
            assert str(calendar["METHOD"]) == part.get_param("method")
            found.append((mail["Subject"], str(calendar["METHOD"]), int(event["SEQUENCE"]), event["DTSTART"].dt,
                          str(event["UID"])))  # fmt: skip
    return found


def words(world, who="martijn"):
    """When each word on the week came, and what it says."""
    return [
        (f"{at:%m-%d %H:%M}", text.partition("INC-1: ")[2].partition("\n")[0])
        for at, to, text in world.sent
        if to == who and text.startswith("[P0] INC-1: ") and ("Due 20" in text or "Late since" in text or "now yours" in text)
        and "/postmortem" in text
    ]  # fmt: skip


def until(world, *when):
    world.wait(seconds=(datetime(2026, *when, tzinfo=UTC) - world.now).total_seconds())


def use(world, usecase, *args, **more):
    made = world.db.write_now(usecase, world.setup, 1, *args, **more)
    world.work()
    return made


def document(world):
    return world.db.read_now(documents.get, 1)


def save(world, text, by="martijn", **more):
    return use(world, postmortems.edit, by, text, document(world).version, **more)


def test_the_week_of_a_p0_from_the_end_to_its_action_items(week):
    # D+0: the draft is there, with questions, and the review is in calendars
    (made,) = invitations(week)
    meeting = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
    assert ("Invitation: review of INC-1, Wed 2026-11-25 10:00 UTC", "REQUEST", 0, meeting) == made[:4]
    (mail,) = mails(week, MAILS[0])
    assert ["text/plain", "text/html", "text/calendar"] == [part.get_content_type() for part in mail.iter_parts()]
    assert "multipart/alternative" == mail.get_content_type()
    calendar = icalendar.Calendar.from_ical(list(mail.iter_parts())[2].get_content())
    (event,) = calendar.walk("VEVENT")
    assert "mailto:incidents@proofi.ai" == str(event["ORGANIZER"])
    assert [f"mailto:{address}" for address in MAILS] == [str(one) for one in event["ATTENDEE"]]
    assert {"FALSE"} == {one.params["RSVP"] for one in event["ATTENDEE"]}
    assert timedelta(hours=1) == event["DTEND"].dt - event["DTSTART"].dt
    assert "not read" in str(event["DESCRIPTION"])
    assert [made] == invitations(week, MAILS[1])
    text = document(week).text
    file = week.data / "docs/incidents/2026-11-23-api-answers-503.md"
    assert text == file.read_text(encoding="utf-8")
    assert "Who was affected, and how? Ask Martijn." in text

    # D+1: the evidence is collected by itself, and the timeline names its hash
    until(week, 11, 24, 10, 3)
    row = week.db.read_now(weeks.body, 1)
    assert hashlib.sha256(row.body).hexdigest() == row.sha256
    (note,) = [f.data["text"] for f in week.facts("note") if "Evidence collected" in f.data["text"]]
    assert row.sha256 in note
    archive = zipfile.ZipFile(io.BytesIO(row.body))
    manifest = json.loads(archive.read("manifest.json"))
    for part in manifest["files"]:
        assert hashlib.sha256(archive.read(part["name"])).hexdigest() == part["sha256"]
        assert len(json.loads(archive.read(part["name"]))) == part["items"]
    said = json.loads(archive.read("messages.json"))
    assert ["I look at the pool"] == [entry["data"]["text"] for entry in said]
    assert 1 == len(json.loads(archive.read("alerts.json"))) and json.loads(archive.read("timeline.json"))
    assert [] == words(week)

    # D+2: the review is held and ticked
    until(week, 11, 25, 8, 30)
    assert [("11-25 08:00", "Due 2026-11-25 16:00 UTC: Post-mortem meeting (1 hour)")] == words(week)
    with pytest.raises(Refused, match="move it first"):
        use(week, reviews.tick, "meeting", "martijn")
    until(week, 11, 25, 11, 0)
    use(week, reviews.tick, "meeting", "martijn")
    use(week, reviews.tick, "meeting", "backup1")  # again: nothing
    assert ["martijn"] == [f.actor for f in week.facts("checked") if f.data["duty"] == "postmortem meeting"]

    # D+3: written and published
    filled = text.replace("_to be named_", "Martijn")
    lines = [line for line in filled.splitlines() if "Not known to Tocsin" not in line and "to be agreed" not in line]
    save(week, "\n".join(lines))
    until(week, 11, 26, 9, 0)
    week.db.write_now(postmortems.set_state, 1, "martijn", "in_review")
    row = use(week, postmortems.publish, "martijn", document(week).version)
    assert ("published", "martijn", row.version) == (row.state, row.published_by, row.published_version)
    (fact,) = week.facts("postmortem_published")
    assert hashlib.sha256(row.text.encode()).hexdigest() == fact.data["sha256"]
    assert row.text == file.read_text(encoding="utf-8")
    assert "**Status:** Published 2026-11-26 by Martijn" in row.text
    assert row.version == use(week, postmortems.publish, "martijn", row.version).version  # again: nothing
    assert 1 == len(week.facts("postmortem_published"))

    # D+7: the action items are reviewed
    week.db.write_now(action_items.add, week.setup, 1, "martijn", title="Check the environment", owner="backup1",
                      due="2026-12-10")  # fmt: skip
    until(week, 11, 30, 9, 0)
    assert ("11-30 08:00", "Due 2026-11-30 16:00 UTC: Action items reviewed") == words(week)[-1]
    (last,) = [text for text in week.texts("martijn") if "Action items reviewed" in text]
    assert "- Check the environment: Backup One, due 2026-12-10" in last
    use(week, reviews.tick, "actions", "martijn")
    until(week, 12, 7, 9, 0)
    plan = week.db.read_now(weeks.get, 1)
    assert [] == [step.id for step in plan.steps if step.done_at is None]
    assert [] == [f for f in week.facts("duty_missed") if "postmortem" in f.data["duty"]]
    assert 1 == len(invitations(week)) and week.verified()


def test_what_is_late_is_told_to_its_owner_and_climbs_a_business_day_at_a_time(week):
    until(week, 11, 30, 7, 0)
    meeting = sorted(
        (at, text.partition(":")[0].removesuffix(" 2026-11-25 16")) for who in ("martijn", "backup1")
        for at, text in words(week, who) if "meeting" in text
    )  # fmt: skip
    assert [
        ("11-25 08:00", "Due"), ("11-25 16:00", "Late since"), ("11-25 16:00", "This is now yours (secondary)"),
        ("11-26 16:00", "This is now yours (team lead)"), ("11-27 16:00", "This is now yours (everyone)"),
    ] == meeting  # fmt: skip
    missed = [(f.data["duty"], f.data["people"]) for f in week.facts("duty_missed") if "postmortem" in f.data["duty"]]
    assert [("postmortem meeting", ["martijn"]), ("postmortem publish", ["martijn"])] == missed
    handed = [f.data["to"] for f in week.facts("handed_on") if f.data["duty"] == "postmortem meeting"]
    assert "secondary" == handed[0] and "everyone" == handed[-1]
    publish_words = [text for text in week.texts("martijn") if "Late since" in text and "Document published" in text]
    assert 1 == len(publish_words) and "open questions" in publish_words[0]
    assert week.verified()


def test_a_review_that_is_moved_is_sent_again_with_a_higher_number(week):
    at = datetime(2026, 11, 26, 13, 0, tzinfo=UTC)
    use(week, reviews.move, "backup1", at, "The database people come too")
    use(week, reviews.move, "backup1", at)  # again: nothing
    first, second = invitations(week)
    assert ("REQUEST", 1, at) == second[1:4]
    assert first[4] == second[4]
    assert "Moved: review of INC-1, Thu 2026-11-26 13:00 UTC" == second[0]
    scheduled = week.facts("review_scheduled")
    assert ["tocsin", "backup1"] == [f.actor for f in scheduled]
    assert at == week.state().review_at
    with pytest.raises(Refused, match="in the past"):
        use(week, reviews.move, "backup1", datetime(2026, 11, 20, 13, 0, tzinfo=UTC))
    until(week, 11, 26, 12, 0)
    assert [] == [f.data for f in week.facts("duty_missed") if "postmortem" in f.data["duty"]]


def test_a_review_that_is_called_off_leaves_calendars(week):
    with pytest.raises(Refused, match="why is no review held"):
        use(week, reviews.drop, "martijn", " ")
    use(week, reviews.drop, "martijn", "Everybody was in the room anyway")
    first, second = invitations(week)
    assert ("CANCEL", 1, first[3], first[4]) == second[1:]
    assert second[0].startswith("Called off: review of INC-1")
    assert any("Everybody was in the room" in f.data["text"] for f in week.facts("note"))


def test_an_incident_that_is_reopened_calls_it_off_and_its_next_end_invites_anew(week):
    week.wait(hours=2)
    week.act(1, Reopen("martijn", "It is back"))
    week.wait(minutes=1)
    week.act(1, Resolve("martijn", "A second cause", "Fixed again"))
    week.wait(minutes=1)
    found = invitations(week)
    assert [("REQUEST", 0), ("CANCEL", 1), ("REQUEST", 2)] == [(method, number) for _, method, number, _, _ in found]
    assert 1 == len({uid for *_, uid in found})
    assert week.state().resolved_at == week.db.read_now(weeks.get, 1).begun_at
    until(week, 11, 24, 10, 30)
    assert None is week.db.read_now(weeks.body, 1)  # of the second end, not of the first
    until(week, 11, 24, 13, 0)
    assert week.db.read_now(weeks.body, 1)


def test_a_guest_without_mail_or_a_house_without_it_is_told_by_message(tmp_path):
    def silent(book):
        told(book)
        del book["channels"]["email"]
        del book["channels"]["stakeholders"]
        book["people"]["backup1"]["notify"]["high"] = [{"via": "telegram"}]

    world = World(tmp_path, changed(silent))
    begin(world)
    world.wait(seconds=5)
    for who in ("martijn", "backup1"):
        (text,) = [text for text in world.texts(who) if text.startswith("Invitation: review of INC-1")]
        assert "When: Wed 2026-11-25 10:00 UTC, 1 hour" in text and "is not read" in text


def test_a_drill_invites_nobody_and_has_no_week(tmp_path):
    world = World(tmp_path, changed(told))
    number = world.declare("P0", "DRILL", service="api", drill=True)
    world.act(number, Resolve("martijn", "None", "None"))
    world.wait(days=10)
    assert [] == [mail for who in MAILS for mail in invitations(world, who)]
    assert None is world.db.read_now(weeks.get, number)
    assert ([], None) == (words(world), document(world))


def test_who_left_the_runbook_is_neither_invited_nor_waited_for(week):
    def left(book):
        told(book)
        del book["people"]["martijn"]
        for team in book["teams"].values():
            team.update(lead="backup1", members=["backup1"])
        for schedule in book["schedules"].values():
            schedule["rotation"]["people"] = ["backup1"]

    reading = week.db.write_now(configure.adopt, week.setup, changed(left))
    assert not reading.errors, [str(error) for error in reading.errors]
    use(week, reviews.move, "backup1", datetime(2026, 11, 26, 13, 0, tzinfo=UTC))
    assert 1 == len(invitations(week)) and 2 == len(invitations(week, MAILS[1]))
    until(week, 11, 26, 9, 0)
    assert [] == words(week) and words(week, "backup1")


def test_a_downtime_of_days_loses_no_step_and_says_each_once(week):
    week.sleep(days=5)
    week.wait(seconds=5)
    assert week.db.read_now(weeks.body, 1)
    for _ in range(3):
        week.db.write_now(looks.run, week.setup, week.db.read_now(looks.gather, week.setup))
        week.work()
    assert 2 == len([f for f in week.facts("duty_missed") if "postmortem" in f.data["duty"]])


def test_a_house_of_other_days_keeps_the_steps_that_an_incident_began_with(week):
    def other(book):
        told(book)
        book["postmortems"]["schedule"] = [{"day": "30", "do": "Document published"}]

    week.db.write_now(configure.adopt, week.setup, changed(other))
    until(week, 11, 26, 17, 0)
    assert [("postmortem meeting"), ("postmortem publish")] == [
        f.data["duty"] for f in week.facts("duty_missed") if "postmortem" in f.data["duty"]
    ]


# --------------------------------------------------------------------------------------------- what calendars answer


@pytest.fixture
def asking(tmp_path):
    """The same week in a house whose mail comes back in: calendars can answer."""

    def asked(book):
        told(book)
        book["postmortems"]["meeting"]["replies_to"] = "reviews@in.proofi.example"

    world = World(tmp_path, changed(asked))
    begin(world)
    world.wait(seconds=5)
    return world


def answers(world, said, who="backup1@proofi.ai", shape="google", **more):
    """A calendar's answer comes by mail."""
    uid = review.uid(world.state())
    raw = answer(shape, uid=uid, attendee=who, said=said, stamp=world.now, **more)
    signals = email_in.parse(Inbound(raw, None, world.now, "email"))
    world.db.write_now(ingest.ingest, world.setup, [signals])
    world.work()


def notes(world):
    return [f.data["text"] for f in world.facts("note") if "review" in f.data["text"]]


def test_a_guest_declines_and_proposes_another_time_and_a_person_moves_the_review(asking):
    (made,) = invitations(asking)
    (mail,) = [mail for mail in mails(asking, MAILS[1]) if mail["Subject"].startswith("Invitation")]
    assert "reviews@in.proofi.example" == mail["Reply-To"]
    calendar = icalendar.Calendar.from_ical(list(mail.iter_parts())[2].get_content())
    (event,) = calendar.walk("VEVENT")
    assert "mailto:reviews@in.proofi.example" == str(event["ORGANIZER"])
    assert {"TRUE"} == {one.params["RSVP"] for one in event["ATTENDEE"]}
    assert "Answer in your calendar" in str(event["DESCRIPTION"])

    other = datetime(2026, 11, 26, 13, 0, tzinfo=UTC)
    asking.wait(hours=1)
    answers(asking, "DECLINED", comment="On leave that day")
    asking.wait(minutes=1)
    answers(asking, "TENTATIVE", shape="outlook", method="COUNTER", start=other)
    assert [
        "Backup One declines the review of 2026-11-25 10:00 UTC",
        "Backup One may come to the review of 2026-11-25 10:00 UTC, and proposes 2026-11-26 13:00 UTC",
    ] == notes(asking)
    assert made[3] == asking.state().review_at  # nothing moved by itself
    assert 1 == len(invitations(asking)) and [] == words(asking)

    use(asking, reviews.move, "martijn", other, "Backup One proposed it")
    assert ("REQUEST", 1, other) == invitations(asking, MAILS[1])[-1][1:4]
    (kept,) = asking.db.read_now(attendance.of, 1)
    plan = asking.db.read_now(weeks.get, 1)
    assert (False, False) == (kept.counts(plan), kept.proposes(plan))  # each is asked anew
    answers(asking, "ACCEPTED", sequence=0)  # a calendar that has not heard of the new time
    assert not asking.db.read_now(attendance.of, 1)[0].counts(plan)
    answers(asking, "ACCEPTED", sequence=1)
    assert "Backup One accepts the review of 2026-11-26 13:00 UTC" == notes(asking)[-1]
    assert asking.verified()


def declines(world, who):
    return [text for text in world.texts(who) if "who has the review, declines it" in text]


def test_whoever_has_the_review_declines_and_the_next_one_hears_it_once(asking):
    answers(asking, "DECLINED", MAILS[0], comment="A family matter", sender="assistant@proofi.ai")
    (text,) = declines(asking, "martijn")
    assert "Beside it: A family matter" in text and "(a mail from assistant@proofi.ai)" in text
    assert 1 == len(declines(asking, "backup1"))  # the secondary: nobody else has it
    asking.wait(minutes=1)
    answers(asking, "ACCEPTED", MAILS[0])
    asking.wait(minutes=1)
    answers(asking, "DECLINED", MAILS[0])
    assert (1, 1) == (len(declines(asking, "martijn")), len(declines(asking, "backup1")))
    use(asking, reviews.move, "martijn", datetime(2026, 11, 26, 13, 0, tzinfo=UTC))
    answers(asking, "DECLINED", MAILS[0], sequence=1)
    assert 2 == len(declines(asking, "martijn"))


def nobody(world, who="martijn"):
    return [(f"{at:%m-%d %H:%M}", text) for at, to, text in world.sent if to == who and "Nobody has accepted" in text]


def test_that_nobody_has_accepted_is_told_once_to_whoever_has_the_review(asking):
    answers(asking, "DECLINED")
    until(asking, 11, 24, 13, 59)
    assert [] == nobody(asking)
    until(asking, 11, 25, 9, 59)
    ((at, text),) = nobody(asking)
    assert "11-24 14:00" == at
    assert "- Martijn: has not answered" in text and "- Backup One: declined" in text
    assert [] == nobody(asking, "backup1")
    assert "Nobody has accepted the review of 2026-11-25 10:00 UTC yet" == notes(asking)[-1]


def test_where_somebody_comes_or_calendars_cannot_answer_nobody_is_missed(asking, week):
    answers(asking, "ACCEPTED")
    for world in (asking, week):
        until(world, 11, 25, 11, 0)
        assert [] == nobody(world)


def test_an_answer_after_the_review_was_called_off_or_held_is_kept_and_says_nothing(asking):
    until(asking, 11, 25, 11, 0)
    use(asking, reviews.tick, "meeting", "martijn")
    answers(asking, "DECLINED", MAILS[0])
    (kept,) = asking.db.read_now(attendance.of, 1)
    assert "declined" == kept.answer
    assert [] == [text for text in notes(asking) if "declines" in text] and [] == declines(asking, "martijn")


# --------------------------------------------------------------------------------------------- the document


def test_two_who_write_at_once_lose_neither_text(week):
    version = document(week).version
    use(week, postmortems.edit, "martijn", "# Ours\n\nMine.", version)
    with pytest.raises(postmortems.Stale) as stale:
        use(week, postmortems.edit, "backup1", "# Ours\n\nTheirs.", version)
    assert "# Ours\n\nMine.\n" == stale.value.row.text
    again = use(week, postmortems.edit, "martijn", "# Ours\r\n\r\nMine.  ", version)  # sent twice
    assert version + 1 == again.version
    save(week, "# Ours\n\nMine.\nTheirs.", "backup1")
    history = week.db.read_now(documents.history, 1)
    assert [(3, "backup1"), (2, "martijn"), (1, "tocsin")] == [(row.version, row.by) for row in history]


def test_a_file_changed_by_hand_is_never_overwritten_and_joined_by_a_person(week):
    file = week.data / document(week).path
    save(week, "# One\n")
    file.write_text("# By hand\n", encoding="utf-8")
    save(week, "# Two\n")
    assert "# By hand\n" == file.read_text(encoding="utf-8")
    row = document(week)
    assert ("# By hand\n", "file", "# Two\n") == (row.found, row.found_in, row.text)
    for refused in (lambda: save(week, "# Three\n"), lambda: use(week, postmortems.publish, "x", row.version, anyway=True)):  # fmt: skip
        with pytest.raises(Refused, match="join both"):
            refused()
    file.write_text("# By hand again\n", encoding="utf-8")
    assert week.db.write_now(publish.noticed, 1, "# By hand again\n")
    with pytest.raises(Refused, match="changed again"):
        save(week, "# Two\n\nBy hand\n", joins=documents.sha256_of("# By hand\n"))
    save(week, "# Two\n\nBy hand\n", joins=documents.sha256_of("# By hand again\n"))
    assert "# Two\n\nBy hand\n" == file.read_text(encoding="utf-8")
    assert None is document(week).found
    texts = [week.db.read_now(documents.version, 1, row.version).text for row in week.db.read_now(documents.history, 1)]
    assert {"# One\n", "# Two\n", "# By hand again\n", "# Two\n\nBy hand\n"} <= set(texts)


def test_what_was_written_by_hand_can_be_taken_as_it_is(week):
    file = week.data / document(week).path
    file.write_text("# By hand\n", encoding="utf-8")
    assert week.db.write_now(publish.noticed, 1, "# By hand\n")
    row = save(week, "# By hand", joins=documents.sha256_of("# By hand\n"))
    assert ("# By hand\n", None) == (row.text, row.found)
    assert "# By hand\n" == file.read_text(encoding="utf-8")
    assert not week.db.write_now(publish.noticed, 1, "# By hand\n")
    save(week, "# After\n")
    assert "# After\n" == file.read_text(encoding="utf-8")


def test_an_older_version_on_disk_is_no_strange_text(week):
    """A node that was away, or a checkout of an older version: nobody wrote anything new there."""
    first = document(week).text
    save(week, "# New\n")
    (week.data / document(week).path).write_text(first, encoding="utf-8")
    assert not week.db.read_now(publish.is_strange, 1, first)
    save(week, "# Newer\n")
    assert "# Newer\n" == (week.data / document(week).path).read_text(encoding="utf-8")


def test_what_people_wrote_outlives_another_end_of_the_incident(week):
    save(week, "# Our words\n")
    week.wait(minutes=1)
    week.act(1, Reopen("martijn", "It is back"))
    week.act(1, Resolve("martijn", "More", "Again"))
    week.wait(seconds=5)
    row = document(week)
    assert ("# Our words\n", "record") == (row.text, row.found_in)
    assert "**Root" not in row.text and "## Resolution\n\nAgain" in row.found
    joined = save(week, "# Our words\n\nAgain\n", joins=documents.sha256_of(row.found))
    assert (None, "# Our words\n\nAgain\n") == (joined.found, (week.data / row.path).read_text(encoding="utf-8"))


def test_publishing_asks_first_and_later_changes_are_published_again(week):
    row = document(week)
    with pytest.raises(Refused, match="questions are still open"):
        use(week, postmortems.publish, "martijn", row.version)
    with pytest.raises(postmortems.Stale):
        use(week, postmortems.publish, "martijn", row.version + 1)
    row = use(week, postmortems.publish, "martijn", row.version, anyway=True)
    later = save(week, row.text + "\nOne more thing.\n")
    assert ("published", row.version) == (later.state, later.published_version)
    assert row.text == week.db.read_now(postmortems.published_text, later)
    with pytest.raises(Refused, match="it is published"):
        week.db.write_now(postmortems.set_state, 1, "martijn", "draft")
    use(week, postmortems.publish, "martijn", later.version, anyway=True)
    assert 2 == len(week.facts("postmortem_published"))
    assert later.text == week.db.read_now(postmortems.published_text, document(week))


@pytest.mark.parametrize("text", ["", " \n ", "x" * 200_001, "a\x00b"])
def test_a_text_that_cannot_be_used_is_refused(week, text):
    before = document(week)
    with pytest.raises(Refused) as refused:
        save(week, text)
    assert (422, before) == (refused.value.status, document(week))


def test_the_record_s_action_items_come_into_the_text_when_asked(week):
    item = {"title": "Check the | environment", "owner": "backup1", "due": "2026-12-10", "verify": "A test fails"}
    week.db.write_now(action_items.add, week.setup, 1, "martijn", **item)
    text = document(week).text
    assert ("Check the | environment",) == week.db.read_now(postmortems.missing_actions, 1, text)
    joined = week.db.read_now(postmortems.with_actions, week.setup, 1, text)
    assert "| Check the \\| environment | Backup One | 2026-12-10 | A test fails |" in joined
    assert "to be agreed" not in joined and "## Lessons Learned" in joined
    assert joined == week.db.read_now(postmortems.with_actions, week.setup, 1, joined)
    assert () == week.db.read_now(postmortems.missing_actions, 1, joined)
