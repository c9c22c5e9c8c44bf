"""Who is woken, by which way, until somebody answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tocsin.core import oncall
from tocsin.core.events import Acknowledge, Declared, Escalate, Resolve
from tocsin.sdk import Mail, Response
from tocsin.store import queue
from tocsin.usecases import deliver, respond
from tocsin.usecases.configure import acknowledge_link, check_acknowledge, in_force

from .conftest import START, World, _json, changed


def test_nobody_answers_so_the_policy_climbs_round_after_round(world):
    """Everyone at T+0, then secondary, team lead, everyone; three rounds; then the last step again and again."""
    world.alert()
    climbs = {0: world.paged()}
    for minute in range(1, 76):
        world.wait(minutes=1)
        if people := world.paged():
            climbs[minute] = people

    both = ["backup1", "martijn"]
    one_round = {0: ["martijn"], 5: ["backup1"], 10: ["backup1"], 15: both}
    expected = {20 * r + minute: people for r in range(3) for minute, people in one_round.items()}
    # T+30 is a round's step, and the missed root cause climbs by one more step: nobody is paged less for it
    assert {**expected, 0: both, 30: both, 60: both, 65: both, 70: both, 75: both} == climbs


def test_the_last_resort_is_said_once_in_the_alerts_channel(world):
    world.alert()
    world.wait(minutes=90)

    assert 1 == len([text for text in world.texts("alerts") if text.startswith("Nobody answers: INC-1")])


def test_an_acknowledgement_stops_every_page_at_once(world):
    """After the press no provider is called for a page any more, also not for the rules that wait."""
    world.alert()
    world.wait(seconds=30)
    world.act(1, Acknowledge("backup1"))
    world.paged()
    mark = len(world.requests)
    world.wait(minutes=25)

    assert [] == world.paged()
    later = [str(getattr(o, "json", getattr(o, "message", ""))) for _, o in world.requests[mark:]]
    assert [] == [text for text in later if "You are paged because" in text]
    states = {row.person: row.state for row in world.pages() if row.requested_at == START}
    assert {"backup1": "acknowledged", "martijn": "moot"} == states


def test_each_page_keeps_its_ledger(world):
    """Requested, attempted with receipt or reason, and what closed it."""
    world.alert()
    world.wait(seconds=70)
    world.act(1, Acknowledge("martijn"))

    page = next(row for row in world.pages() if row.person == "martijn")
    tries = world.db.read_now(queue.attempts, [page.id])
    verdicts = {(row.via, row.verdict) for row in tries}
    assert ("alerts", "delivered") in verdicts
    assert ("sms", "skipped") in verdicts
    assert {"no TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN"} == {row.why for row in tries if row.verdict == "skipped"}
    assert ("acknowledged", "acknowledged by martijn") == (page.state, page.why)
    assert all(row.receipt for row in tries if row.verdict == "delivered")


def test_personal_rules_wait_their_turn(world):
    """Telegram at once, mail a minute later, as backup1's own rules say."""
    world.alert()
    assert [] == world.texts("backup1@proofi.ai")
    world.wait(seconds=59)
    assert [] == world.texts("backup1@proofi.ai")
    world.wait(seconds=1)
    assert 1 == len(world.texts("backup1@proofi.ai"))


def test_two_failures_start_the_next_way(world):
    """A way that fails twice is tried on, and the next one does not wait for its turn."""
    world.network = lambda o: world.everything_works(o) if isinstance(o, Mail) else _json(500, {})
    world.alert()
    world.wait(seconds=5)

    assert 1 == len(world.texts("backup1@proofi.ai"))
    assert [] == world.texts("backup1")


def test_a_provider_that_comes_back_gets_the_page_still(world):
    """No attempt limit while nobody answered: an hour of failures ends with the page delivered."""
    world.network = lambda o: Response(0, error="connection refused")
    world.alert()
    world.wait(minutes=10)
    assert {"requested"} == {row.state for row in world.pages() if row.person == "backup1"}
    world.network = world.everything_works
    world.wait(seconds=61)

    assert {"sent"} <= {row.state for row in world.pages() if row.person == "backup1"}


def test_failures_back_off_and_stay_bounded(world):
    """Nothing is tried more than ten times a minute."""
    world.network = lambda o: Response(0, error="connection refused")
    world.alert()
    world.wait(minutes=20)
    page = world.pages()[0]
    tries = [row for row in world.db.read_now(queue.attempts, [page.id]) if row.via == "alerts"]
    minutes = [sum(1 for t in tries if 0 <= (t.at - START).total_seconds() - 60 * m < 60) for m in range(20)]

    assert max(minutes) <= 10
    assert min(minutes) >= 1


def test_retry_after_holds_back_that_chat_alone(world):
    """A vendor's wish to wait is kept to the second, for that chat only; the next way starts at once."""
    wishes = {700000001: 40}

    def network(outgoing):
        chat = getattr(outgoing, "json", None) and outgoing.json.get("chat_id")
        if chat in wishes and world.now < START + timedelta(seconds=40):
            return _json(429, {"ok": False, "description": "Too Many Requests", "parameters": {"retry_after": 40}})
        return world.everything_works(outgoing)

    world.network = network
    world.alert()
    assert 1 == len(world.texts("backup1"))
    world.wait(seconds=39)
    calls = [at for at, o in world.requests if getattr(o, "json", None) and o.json.get("chat_id") == 700000001]
    assert [START] == calls
    world.wait(seconds=2)
    assert 1 == len(world.texts("martijn"))


def test_a_blocked_bot_starts_the_next_way_now(world):
    world.network = lambda o: (
        world.everything_works(o) if isinstance(o, Mail)
        else _json(403, {"ok": False, "description": "Forbidden: bot was blocked by the user"})
    )  # fmt: skip
    world.alert()

    assert 1 == len([text for text in world.texts("backup1@proofi.ai") if "You are paged because" in text])


def test_a_group_that_became_a_supergroup_is_followed(world):
    def network(outgoing):
        if getattr(outgoing, "json", None) and outgoing.json.get("chat_id") == -1001234567890:
            hint = {"migrate_to_chat_id": -1009}
            return _json(400, {"ok": False, "description": "group chat was upgraded", "parameters": hint})
        return world.everything_works(outgoing)

    world.network = network
    world.alert()
    world.wait(seconds=5)

    assert 1 <= len(world.texts("-1009"))


def test_somebody_without_a_way_fails_and_the_next_step_is_taken_now(tmp_path):
    """A page that reaches nobody says so, and does not count as paged."""

    def only_telegram(data):
        for person in data["people"].values():
            person["notify"]["high"] = [{"via": "telegram"}]
        data["severities"]["P0"]["page"] = ["on_call"]

    world = World(tmp_path, changed(only_telegram))
    world.network = lambda o: _json(400, {"ok": False, "description": "Bad Request: chat not found"})
    world.alert()
    world.wait(seconds=10)

    assert ["martijn", "backup1"] == [fact.data["person"] for fact in world.facts("page_failed")][:2]
    assert "failed" in {row.state for row in world.pages()}


def test_a_person_without_any_token_is_paged_on_the_console(tmp_path):
    """Nothing is set up: the page stands on the server's console, and nobody is left without a way."""
    world = World(tmp_path, environment={})
    world.alert()

    pages = [text for text in world.texts("console") if text.startswith("--- PAGE for martijn")]
    assert 1 == len(pages)
    assert "Acknowledge: http://tocsin.example.org/ack/" in pages[0]


def test_a_worker_that_dies_while_sending_loses_nothing(world):
    """The lease runs out and the row is sent again, under the same key; the dead worker's result is too late."""
    world.network = lambda o: Response(0, error="not reached")
    world.alert()
    world.network = world.everything_works
    world.now += timedelta(seconds=2)
    lost = world.db.write_now(deliver.claim, world.setup, "dies")
    assert lost
    again = world.db.write_now(deliver.claim, world.setup, "lives")
    assert not {job.id for job in lost} & {job.id for job in again}

    world.now += timedelta(seconds=31)
    again = world.db.write_now(deliver.claim, world.setup, "lives", 500)
    assert {job.message.key for job in lost if job.message and job.kind == "page"} <= {
        job.message.key for job in again if job.message
    }  # fmt: skip
    before = [row.state for row in world.pages()]
    from tocsin.sdk import Delivered

    world.db.write_now(deliver.settle, world.setup, lost[0], Delivered("late"), 1)
    assert before == [row.state for row in world.pages()]


def test_the_link_of_a_page_acknowledges_as_its_person(world):
    world.alert()
    page = next(row for row in world.pages() if row.person == "backup1")
    link = acknowledge_link(world.setup, page.id)
    assert check_acknowledge(world.setup, page.id, link.rpartition("/")[2])
    assert not check_acknowledge(world.setup, page.id, "0" * 40)
    world.db.write_now(respond.acknowledge_page, world.setup, page.id)
    world.db.write_now(respond.acknowledge_page, world.setup, page.id)

    assert "backup1" == world.state().commander
    assert 1 == len(world.facts("acknowledged"))


@pytest.mark.parametrize(
    ("severity", "people", "urgency"),
    [
        ("P0", ["backup1", "martijn"], "high"),
        ("P1", ["backup1", "martijn"], "high"),
        ("P2", ["martijn"], "low"),
        ("P3", [], None),
    ],
)
def test_each_severity_pages_whom_the_runbook_names(world, severity, people, urgency):
    """P0 everyone; P1 on call and the lead of the service's team; P2 on call, quietly; P3 nobody."""
    world.declare(severity, "Something", service="proofi.ai")

    assert people == world.paged()
    assert ({urgency} if urgency else set()) == {row.urgency for row in world.pages()}


def test_resolving_makes_open_pages_moot(world):
    world.alert()
    world.act(1, Resolve("admin", "A false alarm", "Nothing"))

    assert {"moot"} == {row.state for row in world.pages()}
    assert {"resolved by admin"} == {row.why for row in world.pages()}


def book(world):
    return world.db.read_now(in_force, world.setup)[1]


def test_a_page_that_waits_past_a_hand_over_goes_to_whoever_is_on_call_now(world):
    """Right before it is sent, the schedule is read again."""
    world.now = datetime(2026, 11, 23, 7, 59, 50, tzinfo=UTC)  # ten seconds before Monday 09:00 in Amsterdam
    before = world.db.read_now(lambda tx: oncall.on_call_at(book(world), "primary", tx.now)).people[0]
    world.db.write_now(respond.declare, world.setup, Declared("slow", "P2", "source:generic", service="api"))
    assert [before] == world.paged()

    world.now += timedelta(seconds=20)
    world.work()

    after = world.db.read_now(lambda tx: oncall.on_call_at(book(world), "primary", tx.now)).people[0]
    assert before != after
    assert [after] == world.paged()
    gone, kept = world.pages()
    assert ("moot", f"the shift of {before} ended before it was sent") == (gone.state, gone.why)
    assert "sent" == kept.state and f"in place of {before}" in kept.reason
    assert not world.sent or all(to != before for _, to, text in world.sent if "You are paged" in text)


def test_what_waited_for_ten_minutes_goes_out_as_one_page_to_each_person(world):
    """A provider that comes back does not get one message for each incident."""
    works, world.network = world.network, lambda o: Response(0, error="connection refused")
    for number in range(5):
        world.alert(f"check-{number}", service="api", check=f"check-{number}", severity="warning")
    world.wait(minutes=12)
    world.sent.clear()
    world.network = works
    world.wait(minutes=2)

    folded = [text for _, _, text in world.sent if "incidents wait for you" in text]
    assert folded and all(f"INC-{n}:" in folded[0] for n in range(1, 6)), "each alert is listed"
    assert 5 == folded[0].count("/ack/"), "each with its own link"
    assert {"sent"} == {row.state for n in range(1, 6) for row in world.pages(n)[:1]}
    for _, to, _text in world.sent:
        assert 1 >= len([1 for _, who, text in world.sent if who == to and "incidents wait" in text])


def test_a_call_that_comes_late_asks_first_whether_it_is_still_needed(world):
    """A worker that was stopped between its claim and its call does not page for what was acknowledged meanwhile."""
    number = world.db.write_now(respond.declare, world.setup, Declared("down", "P0", "source:generic"))
    pages = [job for job in world.db.write_now(deliver.claim, world.setup, "stopped") if job.page]
    assert pages and all(world.db.read_now(deliver.wanted, job) for job in pages)

    world.db.write_now(respond.act, world.setup, number, Acknowledge("martijn"))
    assert not any(world.db.read_now(deliver.wanted, job) for job in pages)


def test_a_call_for_which_the_lease_leaves_no_time_is_left_to_another(world):
    world.db.write_now(respond.declare, world.setup, Declared("down", "P0", "source:generic"))
    job = next(job for job in world.db.write_now(deliver.claim, world.setup, "slow") if job.page)
    world.now += timedelta(seconds=21)
    assert not world.db.read_now(deliver.wanted, job)


def test_after_somebody_escalates_the_next_step_keeps_its_distance(world):
    """An escalation by hand takes the next step now; nobody is left waiting for the gap it leaves."""
    world.alert()  # primary and everyone at T+0, secondary at 5 min, team lead at 10, everyone at 15
    world.paged()
    world.wait(minutes=1)
    world.act(1, Escalate("backup1", "not mine"))
    assert 1 == len(world.paged())

    world.wait(minutes=4, seconds=59)
    assert [] == world.paged()
    world.wait(seconds=1)
    assert 1 == len(world.paged()), "the team lead, five minutes after the secondary"


def test_a_way_that_fails_is_not_tried_faster_because_another_fails_too(world):
    """With every provider gone each row keeps to its own back-off."""
    world.network = lambda o: Response(0, error="connection refused")
    world.alert()
    world.wait(minutes=4)
    for page in world.pages():
        for via in ("alerts", "email"):
            tries = [row.at for row in world.db.read_now(queue.attempts, [page.id]) if row.via == via]
            for place in range(len(tries) - 10):
                assert tries[place + 10] - tries[place] >= timedelta(minutes=1), via
