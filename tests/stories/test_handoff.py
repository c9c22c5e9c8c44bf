"""Who gives the pager to whom, what each is told, and what follows until somebody says that they have it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from tocsin.core.events import Acknowledge, Resolve
from tocsin.core.types import Refused
from tocsin.store import handoffs, oncall
from tocsin.store.schema import incidents
from tocsin.usecases import configure, handoff

from .conftest import START, World, changed

MONDAY = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)  # 09:00 in Amsterdam


def rows(world):
    return list(reversed(world.db.read_now(handoffs.listing)))


def notes(world, who):
    return [text for text in world.texts(who) if text.startswith("Hand-off: you")]


def to_monday(world, **more):
    world.wait(seconds=(MONDAY - world.now).total_seconds())
    world.wait(**more)


def stand_in(world, person, hours, schedule="primary", reason="dentist"):
    override = world.db.write_now(
        lambda tx: oncall.add_override(
            tx, schedule=schedule, person=person, start=world.now, until=world.now + timedelta(hours=hours),
            reason=reason, by="admin",
        )
    )  # fmt: skip
    world.work()
    return override


def daily(**more):
    def change(book):
        rotation = {"people": ["martijn", "backup1"], "every": "1d", "hand_off": "09:00", "starts": "2026-01-05"}
        book["schedules"] = {"primary": {"timezone": "Europe/Amsterdam", "rotation": rotation, **more}}
        book["escalation_policies"] = {"default": {"steps": [{"page": ["schedule:primary"]}]}}

    return changed(change)


@pytest.mark.parametrize(
    ("start", "instants"),
    [
        ("2026-03-27T12:00Z", ["2026-03-28T08:00Z", "2026-03-29T07:00Z", "2026-03-30T07:00Z"]),
        ("2026-10-23T12:00Z", ["2026-10-24T07:00Z", "2026-10-25T08:00Z", "2026-10-26T08:00Z"]),
    ],
)
def test_the_hand_off_is_at_nine_local_across_both_clock_changes(tmp_path, start, instants):
    """Each of the three days at 09:00 in Amsterdam, to the second, to the one who takes it and the one who gives it."""
    world = World(tmp_path, daily(), now=datetime.fromisoformat(start))
    world.wait(days=3)

    takes, gives = (
        [(at, who.partition("@")[0]) for at, who, text in world.sent if f"Hand-off: you {verb}" in text]
        for verb in ("take", "give")
    )
    order = [who for _, who in takes]
    assert [datetime.fromisoformat(at) for at in instants] == [at for at, _ in takes] == [at for at, _ in gives]
    assert order in (["martijn", "backup1", "martijn"], ["backup1", "martijn", "backup1"])
    assert [{"martijn": "backup1", "backup1": "martijn"}[who] for who in order] == [who for _, who in gives]
    assert [datetime.fromisoformat(at) for at in instants] == [row.at for row in rows(world)]


def test_a_weekly_hand_over_swaps_both_schedules_in_one_message_each(world):
    """Who takes primary gives secondary at the same instant: one message for each of the two, and one to confirm."""
    to_monday(world)

    assert [("backup1", ["primary"]), ("martijn", ["secondary"])] == sorted(
        (row.person, [entry["schedule"] for entry in row.schedules]) for row in rows(world)
    )
    (text,) = notes(world, "martijn")
    assert "You take secondary from Backup One until Mon 2026-12-07 09:00 (Europe/Amsterdam)." in text
    assert "You give primary to Backup One until Mon 2026-12-07 09:00 (Europe/Amsterdam)." in text


def test_the_note_says_what_is_going_on_and_the_duties(world):
    """Open incidents with severity, age and who has them, what is watched, the noisiest alerts, the duties, the link."""
    world.wait(seconds=(MONDAY - timedelta(hours=1) - world.now).total_seconds())
    ended = world.declare("P1", "Payments were down")
    world.act(ended, Acknowledge("martijn"))
    world.wait(minutes=30)
    world.act(ended, Resolve("martijn"))
    for _ in range(3):
        world.alert("slow", service="api", check="slow", severity="warning", title="api is slow")
    to_monday(world, minutes=1)

    (text,) = notes(world, "martijn")
    assert (
        "P2 INC-2 api is slow: triggered for 30 minutes, nobody has it yet, 1 alert firing. http://tocsin.example.org/incidents/INC-2"
        in text
    )
    assert "Being watched\n- INC-1 Payments were down: resolved, watched until 08:30 UTC." in text
    assert "The week's noisiest alerts\n- 3 times: api is slow (api, alertmanager)" in text
    assert (
        "Your duties on call\n- Watch the alerts channel\n- Respond within the SLA\n- Escalate if unable to respond"
        in text
    )
    assert (
        f"http://tocsin.example.org/handoff/{rows(world)[1].id}/martijn/" in text
        or f"/handoff/{rows(world)[0].id}/martijn/" in text
    )


def test_the_note_lists_what_is_silenced_and_what_it_holds_back(world):
    """Whoever takes the pager knows what will not page them, until when, why, and by whom."""
    from tocsin.usecases import quiet

    def silence(tx, texts, **more):
        return quiet.silence(tx, world.setup, texts=texts, reason="we move the rack", by="martijn", **more)

    start = world.now + timedelta(days=1)
    world.db.write_now(lambda tx: silence(tx, ["service=ddc"], until=world.now + timedelta(hours=2)))
    ends = start + timedelta(hours=1)
    world.db.write_now(lambda tx: silence(tx, ["check=slow"], start=start, until=ends, repeat="FREQ=DAILY"))
    world.alert("held", service="ddc", check="unreachable")
    sections = dict(world.db.read_now(handoff.gather, world.setup))
    assert (
        "service=ddc until 2026-11-23 11:02 UTC: we move the rack (martijn); holds back 1 alert now",
        "check=slow from 2026-11-24 09:02 UTC until 2026-11-24 10:02 UTC, again by FREQ=DAILY (UTC): we move the rack (martijn)",
    ) == sections["Silenced now"]


def test_when_nothing_is_open_that_is_said(world):
    to_monday(world)

    assert "No incident is open." in notes(world, "martijn")[0]


def test_one_press_confirms_and_nothing_more_is_asked(world):
    """Reminders at 10 and 20 minutes do not come, nobody else is told; a second press changes nothing."""
    to_monday(world, minutes=3)
    for row in rows(world):
        assert "confirmed" == world.db.write_now(handoff.confirm, world.setup, row.id, row.person).state
    before = len(world.sent)
    world.wait(hours=2)
    again = world.db.write_now(handoff.confirm, world.setup, rows(world)[0].id, "admin")

    assert before == len(world.sent)
    assert (MONDAY + timedelta(minutes=3), again.person) == (again.confirmed_at, again.confirmed_by)


def test_unconfirmed_it_is_asked_twice_and_goes_to_the_secondary_and_the_lead(world):
    """At 10 and 20 minutes a reminder, at 30 the others hear of it; a late press is told to them."""
    to_monday(world)
    row = next(row for row in rows(world) if row.person == "backup1")
    other = next(row for row in rows(world) if row.person == "martijn")
    world.db.write_now(handoff.confirm, world.setup, other.id, "martijn")
    world.wait(minutes=50)

    asked = [at - MONDAY for at, _, text in world.sent if "Have you got the pager?" in text]
    assert [timedelta(minutes=10), timedelta(minutes=20)] == asked
    told = [
        (at - MONDAY, who)
        for at, who, text in world.sent
        if text.startswith("Hand-off not confirmed: Backup One, primary")
    ]
    assert (timedelta(minutes=30), "martijn") == told[0]
    row = next(r for r in rows(world) if r.person == "backup1")
    assert ("unconfirmed", ["martijn"], None) == (row.state, row.told, row.due)

    world.db.write_now(handoff.confirm, world.setup, row.id, "backup1")
    world.work()
    assert any(text.startswith("Backup One has the pager") for text in world.texts("martijn"))
    assert "confirmed" == next(r for r in rows(world) if r.person == "backup1").state


def test_an_override_inside_a_shift_is_a_hand_off_at_both_its_ends(world):
    """Who stands in is asked at the start; whose shift goes on is asked at the end, at the very second."""
    world.wait(minutes=5)
    stand_in(world, "backup1", hours=4)
    world.wait(hours=5)

    begins = world.now - timedelta(hours=5)
    assert [(begins, "backup1"), (begins + timedelta(hours=4), "martijn")] == [(r.at, r.person) for r in rows(world)]
    assert any("You stand in: dentist." in text for _, _, text in world.sent)


def test_an_override_that_is_taken_away_hands_back_at_once(world):
    world.work()
    override = stand_in(world, "backup1", hours=4)
    world.wait(minutes=20)
    world.db.write_now(oncall.delete_override, override.id)
    world.work()

    assert ["superseded", "waiting"] == [row.state for row in rows(world)]
    assert (START + timedelta(minutes=20), "martijn") == (rows(world)[1].at, rows(world)[1].person)


def test_a_stand_in_for_oneself_hands_nothing_over(world):
    stand_in(world, "martijn", hours=4)
    world.wait(hours=5)

    assert [] == rows(world)


def test_after_three_weeks_down_only_the_latest_change_is_told_and_the_others_are_counted(world):
    """The shift that began last is handed over once, late, and the note says how many passed."""
    world.wait(minutes=1)
    world.sleep(days=22)
    world.work()
    world.work()

    assert 2 == len(rows(world))
    assert {MONDAY + timedelta(days=14)} == {row.at for row in rows(world)}
    assert "2 earlier shift changes passed while Tocsin was down; this is the latest." in notes(world, "martijn")[0]
    assert {world.now + timedelta(minutes=30)} == {row.confirm_by for row in rows(world)}


def test_a_gap_is_told_to_the_outgoing_the_lead_and_the_admins(tmp_path):
    """The rotation is replaced by one that starts next year: nobody has it, and those who can help hear it at once."""
    world = World(tmp_path)
    world.work()

    def later(book):
        book["schedules"]["primary"]["rotation"]["starts"] = "2027-01-04"

    world.db.write_now(configure.adopt, world.setup, changed(later))
    world.work()

    (row,) = rows(world)
    assert (None, "nobody", ["backup1", "martijn"]) == (row.person, row.state, row.told)
    assert any("Nobody is on call on primary until Mon 2027-01-04 09:00" in text for text in world.texts("martijn"))
    with pytest.raises(Refused, match="add an override"):
        world.db.write_now(handoff.confirm, world.setup, row.id, "martijn")


def test_the_runbook_says_how_long_whom_and_whether(tmp_path):
    """confirm_within, to and notify; a schedule of its own wins over the organization."""
    world = World(tmp_path, daily(hand_off={"confirm_within": "9m", "to": ["martijn"], "notify": ["incoming"]}))
    world.wait(days=1)
    world.wait(hours=1)

    (row,) = rows(world)
    assert ("backup1", ["martijn"], row.at + timedelta(minutes=9)) == (row.person, row.told, row.confirm_by)
    assert [] == notes(world, "martijn")


def test_who_is_not_to_be_told_is_not_asked_either(tmp_path):
    world = World(tmp_path, daily(hand_off={"notify": ["outgoing"]}))
    world.wait(days=1)

    assert [] == rows(world)
    assert 1 == len(notes(world, "martijn"))


def test_a_schedule_that_is_gone_is_looked_at_no_more(tmp_path):
    world = World(tmp_path)
    world.work()
    world.db.write_now(configure.adopt, world.setup, daily())
    world.wait(days=8)

    assert {"primary"} == {entry["schedule"] for row in rows(world) for entry in row.schedules}


def test_each_link_is_one_persons_and_one_hand_offs(world):
    to_monday(world)
    link = configure.handoff_link(world.setup, "id", "martijn")
    mac = link.rpartition("/")[2]

    assert configure.check_handoff(world.setup, "id", "martijn", mac)
    assert not configure.check_handoff(world.setup, "id", "backup1", mac)
    assert not configure.check_handoff(world.setup, "other", "martijn", mac)
    assert not configure.check_acknowledge(world.setup, "id", mac)
    assert re.search(r"http://tocsin.example.org/handoff/\S+/martijn/[0-9a-f]{40}\n", notes(world, "martijn")[0])


def test_an_incident_that_cannot_be_read_is_named_all_the_same(world):
    """Whoever takes the pager hears of it, and the hand-off is not lost over it."""
    world.declare("P3", "a rotten one")
    world.wait(seconds=(MONDAY - timedelta(minutes=1) - world.now).total_seconds())
    world.db.write_now(lambda tx: tx.run(update(incidents).values(state="{rubbish", wake_at=None)))
    world.wait(minutes=2)

    assert "P3 INC-1 a rotten one" in notes(world, "martijn")[0]
