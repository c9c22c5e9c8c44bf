"""What people press and type, told as stories: on a virtual clock, through the production code."""

from __future__ import annotations

import itertools

import pytest

from tocsin.core.events import Acknowledge, Resolve
from tocsin.sdk import Command, Moved, Press, Receipt, Said
from tocsin.store import chat as store
from tocsin.store import queue
from tocsin.usecases import chat

from .conftest import GROUP, World, changed

MARTIJN, BACKUP = "700000001", "700000002"
TWILIO = {"TELEGRAM_BOT_TOKEN": "123:story-token", "TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "secret"}
ids = itertools.count()


def hears(world, *items, kind="telegram"):
    """Take what was heard, and do what follows; returns the replies."""
    line = next(line for line in world.db.read_now(chat.lines, world.setup) if line.chat.name == kind)
    replies = world.db.write_now(chat.take, world.setup, line, items)
    world.work()
    return [reply for _, reply in replies]


def press(world, account=MARTIJN, verb="acknowledge", **what):
    if not what:
        id_ = next(page.id for page in world.pages() if page.person == "martijn")
        tries = world.db.read_now(queue.attempts, [id_])
        what = {"page": id_, "receipt": next((t.receipt for t in tries if t.via == "alerts" and t.receipt), "")}
    back = {"query": "q", "chat": int(account), "message": 5, "text": "down"}
    return hears(world, Press(f"id-{next(ids)}", account, verb, **what, back=back))[0]


def types(world, text, account=MARTIJN, **where):
    name, _, rest = text.partition(" ")
    return hears(world, Command(f"id-{next(ids)}", account, name, rest, **where))[0]


def methods(world):
    return [outgoing.url.rpartition("/")[2] for _, outgoing in world.requests if hasattr(outgoing, "url")]


# --------------------------------------------------------------------------------------------- presses


def test_a_press_stops_paging_and_takes_the_buttons_off(world):
    world.alert()
    reply = press(world)

    assert reply.text.startswith("You have INC-1: proofi.ai answers 503")
    assert ("acknowledged", "martijn") == (world.state().status, world.state().commander)
    edit = next(o for _, o in world.requests if getattr(o, "url", "").endswith("/editMessageText"))
    assert "down\n\nAcknowledged by Martijn at 09:02 UTC." == edit.json["text"]
    assert ["answerCallbackQuery", "editMessageText", "editMessageText"] == [  # the last: of backup1's copy
        m for m in methods(world) if m in ("answerCallbackQuery", "editMessageText")
    ]


def test_who_presses_second_is_told_who_has_it(world):
    world.alert()
    press(world)
    reply = press(world, BACKUP, page=next(p.id for p in world.pages() if p.person == "backup1"))

    assert "Martijn has INC-1 already." == reply.text
    assert "Martijn has INC-1." == reply.closed


def test_somebody_else_may_take_a_page_and_nobody_else_may_pass_it_on(world):
    """An incident is taken by whoever presses, under their own name; saying that Martijn cannot is Martijn's."""
    world.alert()

    assert press(world, BACKUP, "pass_on", page=world.pages()[1].id).refused is (world.pages()[1].person != "backup1")
    of_martijn = next(p.id for p in world.pages() if p.person == "martijn")
    assert "this page was not for you" in press(world, BACKUP, "pass_on", page=of_martijn).text
    press(world, BACKUP, page=of_martijn)
    assert "backup1" == world.state().acknowledged_by


def test_passing_on_pages_whoever_is_next_at_once(world):
    world.alert()
    world.paged()
    reply = press(world, verb="pass_on")

    assert ("INC-1 is passed on: whoever is next is paged now.", False) == (reply.text, reply.refused)
    assert "martijn" not in world.state().paging
    assert world.paged()


def test_escalating_pages_the_next_step_and_leaves_the_buttons(world):
    world.alert()
    world.paged()
    reply = press(world, verb="escalate")

    assert ("", ["backup1"]) == (reply.closed, world.paged())
    assert "martijn" == world.facts("escalated")[0].actor


def test_a_press_on_what_is_over_changes_nothing(world):
    world.alert()
    world.act(1, Resolve("martijn"))
    before = len(world.timeline())

    for verb in ("acknowledge", "pass_on", "escalate"):
        assert "INC-1 is resolved; nobody needs to come." == press(world, verb=verb).text
    assert before == len(world.timeline())


def test_the_same_press_twice_is_one(world):
    world.alert()
    page = world.pages()[0].id
    once = Press("77", MARTIJN, "escalate", page)
    first = hears(world, once)[0]
    before = len(world.timeline())
    again = hears(world, once)[0]

    assert (False, True) == (first.again, again.again)
    assert before == len(world.timeline())


def test_an_id_is_known_for_a_day(world):
    assert [True, False] == [world.db.write_now(store.first_time, "telegram:1") for _ in range(2)]
    world.sleep(hours=23, minutes=59)
    assert not world.db.write_now(store.first_time, "telegram:1")
    world.sleep(hours=1)
    assert world.db.write_now(store.first_time, "telegram:1")


def test_a_code_without_a_number_means_the_one_that_waits(world):
    """With two incidents it is not guessed which one is meant."""
    world.alert()
    world.alert("ddc", service="ddc", check="unreachable")
    told = press(world, incident="")
    press(world, incident="2")

    assert told.text.startswith("2 incidents wait for you: INC-1, INC-2. Say which, for example: ACK 2")
    assert ("triggered", "acknowledged") == (world.state(1).status, world.state(2).status)
    assert "You have INC-1" in press(world, incident="").text
    assert "no page waits for your answer" == press(world, incident="").text


@pytest.mark.parametrize(
    "what", [{"page": "no-such-page"}, {"receipt": "SM-unknown", "incident": "99"}, {"incident": "x"}]
)
def test_what_is_not_there_is_said(world, what):
    world.alert()

    assert press(world, **what).refused
    assert "triggered" == world.state().status


def test_the_receipt_of_a_message_finds_its_page(world):
    """A call that is answered without an address of ours is known by its own id."""
    world.alert()
    receipt = next(a.receipt for a in world.db.read_now(queue.attempts, [p.id for p in world.pages()]) if a.receipt)

    assert "You have INC-1" in press(world, receipt=receipt).text


def test_a_stranger_changes_nothing(world):
    world.alert()
    before = len(world.timeline())
    page = world.pages()[0].id

    assert press(world, "5", page=page).text.endswith("people: telegram: 5")
    assert types(world, "resolve INC-1 done", "5").refused
    assert before == len(world.timeline())


def test_what_raises_stands_in_nobodys_way(world, monkeypatch):
    """A fault in one answer is told to whoever gave it; those that came with it are done."""
    world.alert()
    ids_ = [page.id for page in world.pages()]
    good, real = Press("2", BACKUP, "acknowledge", ids_[1]), chat.respond.acknowledge_page

    def broken(tx, setup, page):
        if page == ids_[0]:
            raise RuntimeError("a planted fault")
        return real(tx, setup, page)

    monkeypatch.setattr(chat.respond, "acknowledge_page", broken)
    who = {page.person: page.id for page in world.pages()}
    first = next(name for name, id_ in who.items() if id_ == ids_[0])
    accounts = {"martijn": MARTIJN, "backup1": BACKUP}
    second = next(name for name in who if name != first)
    good = Press("2", accounts[second], "acknowledge", who[second])
    replies = hears(world, Press("1", accounts[first], "acknowledge", ids_[0]), good)

    assert [chat.FAULT, False] == [replies[0].text, replies[1].refused]
    assert second == world.state().acknowledged_by


def test_a_press_on_a_message_of_several_pages_takes_them_all(world):
    """Only by whom it was for; what cannot be said of all at once is refused."""
    world.alert()
    world.alert("ddc", service="ddc", check="unreachable")
    lead, other = (next(p.id for p in world.pages(n) if p.person == "martijn") for n in (1, 2))
    world.db.write_now(queue.note_fold, lead, [other])

    assert press(world, BACKUP, page=f"{lead}/all").refused
    assert press(world, verb="escalate", page=f"{lead}/all").refused
    assert press(world, page="none/all").refused
    assert "You have all of them. Paging has stopped." == press(world, page=f"{lead}/all").text
    assert ["martijn", "martijn"] == [world.state(n).acknowledged_by for n in (1, 2)]


# --------------------------------------------------------------------------------------------- commands


def test_who_is_on_call(world):
    said = types(world, "oncall").text.splitlines()

    assert 2 == len(said)
    assert said[0].startswith("primary: ")
    assert said[0].endswith("Mon 30 Nov 09:00 (Europe/Amsterdam)")


def test_an_incident_is_led_from_the_chat(world):
    """Declared, listed, acknowledged, updated, noted, escalated and resolved, each answered in plain words."""
    assert "No incident is open." == types(world, "incidents").text
    assert types(world, "declare p1 wallets cannot be created").text.startswith(
        "INC-1 [P1] is declared: wallets cannot"
    )
    assert "INC-1 [P1] triggered: wallets cannot be created (nobody leads)" == types(world, "incidents").text
    assert "You have INC-1: wallets cannot be created" == types(world, "ack 1").text
    assert "The update of INC-1 is posted; it is identified." == types(world, "update INC-1 identified: the cache").text
    assert "Summary: the cache" in types(world, "status inc-1").text
    assert "Noted on the timeline of INC-1." == types(world, "note #1 restarted it").text
    assert "INC-1 is escalated: the next step is paged now." == types(world, "escalate INC-1 need a second pair").text
    assert types(world, "resolve INC-1 the cache was full; it is bigger now").text.startswith("INC-1 is resolved.")

    state = world.state()
    assert ("resolved", "the cache was full", "it is bigger now") == (state.status, state.root_cause, state.resolution)
    assert {"martijn"} == {e.actor for e in world.timeline() if e.kind in ("declared", "note", "escalated", "resolved")}
    assert "INC-1 is resolved already." == types(world, "resolve INC-1 again").text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("declare", "say: declare SEVERITY TITLE"),
        ("declare P9 down", "no severity 'P9'"),
        ("declare P1", "say: declare SEVERITY TITLE"),
        ("declare payments fail", "no severity 'payments'; say: declare SEVERITY TITLE"),
        ("merge INC-9 INC-1", "there is no incident INC-9"),
        ("silence soon service=api", "say: silence 2h service=api REASON"),
        ("silence 2h host=a because", "a field of an alert"),
        ("silence 2h service=api", "a silence needs a reason"),
        ("update all is well", "which incident? Name it first"),
        ("update INC-7 text", "there is no incident INC-7"),
        ("update INC-1", "an update needs a summary"),
        ("update INC-1 resolved", "an update cannot resolve"),
        ("note INC-1", "a note needs a text"),
        ("ack seven", "there is no incident 'seven'"),
        ("dance", "dance is no command."),
    ],
)
def test_refusals_say_what_to_do_instead(world, text, said):
    world.alert()
    before = len(world.timeline())
    reply = types(world, text)

    assert (True, said) == (reply.refused, reply.text[: len(said)])
    assert before == len(world.timeline())


def test_help_names_every_command(world):
    said = types(world, "start").text

    for name in ("oncall", "incidents", "declare", "ack", "update", "escalate", "note", "merge", "split", "silence"):
        assert f"\n{name} " in f"\n{said}"


# --------------------------------------------------------------------------------------------- the war room


def room(world, **changes):
    given = {"group": str(GROUP), "thread": "77", **changes}
    return hears(
        world, Said(f"id-{next(ids)}", given.pop("account", MARTIJN), "Some Body", given.pop("text", "hm"), **given)
    )


def test_what_is_said_in_the_war_room_stands_on_the_timeline(world):
    world.alert()
    world.wait(seconds=5)
    room(world, text="it is the cache")
    room(world, account="5", text="I agree")
    room(world, thread="78", text="elsewhere")
    room(world, group="-5", text="another group's topic of the same number")

    assert [("martijn", "it is the cache"), ("telegram:Some Body", "I agree")] == [
        (entry.actor, entry.data["text"]) for entry in world.facts("message_seen")
    ]
    assert world.verified()


def test_a_command_in_the_war_room_needs_no_number(world):
    world.alert()
    world.wait(seconds=5)
    types(world, "update investigating: we look", group=str(GROUP), thread="77")

    assert "we look" == world.state().summary


def test_a_room_that_talks_without_end_is_kept_in_part(world):
    """A thousand messages of two thousand characters; the last one says that no more are kept."""
    world.alert()
    world.wait(seconds=5)
    line = next(line for line in world.db.read_now(chat.lines, world.setup) if line.chat.name == "telegram")
    said = [Said(f"s{n}", MARTIJN, "M", "y" * 4000, str(GROUP), "77") for n in range(1005)]
    world.db.write_now(chat.take, world.setup, line, said)

    kept = world.facts("message_seen")
    assert (1000, 2000, True) == (len(kept), len(kept[0].data["text"]), kept[-1].data["last"])
    assert "last" not in kept[-2].data


def test_a_group_that_moved_is_followed_both_ways(world):
    """Texts go to the new address, and what is said there is heard."""
    world.alert()
    world.wait(seconds=5)
    hears(world, Moved("m1", str(GROUP), "-100999"))
    room(world, group="-100999", text="here now")
    world.act(1, Resolve("martijn"))
    world.wait(seconds=5)

    assert "here now" == world.facts("message_seen")[0].data["text"]
    assert "-100999#77" in {to for _, to, _ in world.sent}


# --------------------------------------------------------------------------------------------- receipts


def called(tmp_path):
    """Everybody is only reached by text, then by mail."""

    def change(data):
        rules = [{"via": "sms"}, {"via": "email", "after": "10m"}]
        data["people"]["martijn"]["notify"]["high"] = data["people"]["backup1"]["notify"]["high"] = rules

    world = World(tmp_path, changed(change), TWILIO)
    everything = world.network

    def network(outgoing):
        if "/Messages.json" in getattr(outgoing, "url", ""):
            from tests.stories.conftest import _json

            return _json(201, {"sid": f"SM{len(world.requests)}"})
        return everything(outgoing)

    world.network = network
    return world


def test_a_text_that_did_not_arrive_starts_the_next_way_at_once(tmp_path):
    world = called(tmp_path)
    world.alert()
    tries = world.db.read_now(queue.attempts, [p.id for p in world.pages()])
    first, second = [t.receipt for t in tries if t.receipt]
    assert not world.texts("martijn@proofi.ai") + world.texts("backup1@proofi.ai")
    hears(world, Receipt("r1", first, "failed", "undelivered, error 30003"), kind="twilio")
    hears(world, Receipt("r2", second, "delivered"), kind="twilio")
    hears(world, Receipt("r3", "SM-of-somebody-else", "failed", "x"), kind="twilio")

    assert 1 == len(world.texts("martijn@proofi.ai") + world.texts("backup1@proofi.ai"))
    assert {"sent", "delivered"} == {page.state for page in world.pages()}


def test_two_people_with_one_telephone_answer_for_themselves(tmp_path):
    """The page says who is meant; without one it is whoever has it first in the runbook."""
    world = World(
        tmp_path, changed(lambda data: data["people"]["backup1"].update(phone="+31 600 000 001")), TWILIO
    )  # fmt: skip
    world.alert()
    page = next(p for p in world.pages() if p.person == "backup1")
    hears(world, Press("p1", "+31600000001", "acknowledge", page.id), kind="twilio")

    assert "backup1" == world.state().acknowledged_by


def test_an_acknowledgement_elsewhere_is_told_to_a_late_press(world):
    world.alert()
    world.act(1, Acknowledge("backup1"))

    assert "Backup One has INC-1 already." == press(world).text


# --------------------------------------------------------------------------------------------- whom a command is for


@pytest.mark.parametrize(
    ("whom", "is_obeyed"), [("", True), ("TocsinBot", True), ("tocsinbot", True), ("OtherBot", False)]
)
def test_a_command_for_another_bot_of_the_group_is_nothing_to_us(world, whom, is_obeyed):
    line = next(line for line in world.db.read_now(chat.lines, world.setup) if line.chat.name == "telegram")
    world.db.write_now(chat.keep_name, line, "TocsinBot")
    world.alert()
    (reply,) = hears(world, Command(f"id-{next(ids)}", MARTIJN, "ack", "1", str(GROUP), whom=whom))

    assert is_obeyed == ("acknowledged" == world.state().status)
    assert is_obeyed == bool(reply.text)


def test_a_stranger_who_talks_to_another_bot_is_not_answered(world):
    line = next(line for line in world.db.read_now(chat.lines, world.setup) if line.chat.name == "telegram")
    world.db.write_now(chat.keep_name, line, "TocsinBot")

    assert "" == hears(world, Command("id-x", "123", "start", "", str(GROUP), whom="OtherBot"))[0].text
    assert "does not know" in hears(world, Command("id-y", "123", "start", "", str(GROUP), whom="TocsinBot"))[0].text


def test_what_helps_to_choose_a_severity_stands_beside_it(world):
    said = types(world, "declare payments fail").text
    assert "P1 High (Major Feature Broken): Wallet creation failing; Data uploads broken" in said
    assert said.endswith("http://tocsin.example.org/declare?title=payments%20fail")


def test_incidents_are_merged_and_split_and_alerts_silenced_from_a_chat(world):
    world.declare(title="one")
    world.declare(title="two")
    assert types(world, "merge INC-2 into INC-1 one cause").text.startswith("INC-2 goes on in INC-1: one")
    assert "one cause" == world.facts("merged", 2)[0].data["reason"]
    assert "into which incident?" in types(world, "merge INC-1").text
    assert "INC-2 goes on by itself again: two" == types(world, "split INC-2").text

    made = types(world, "silence 2h service=ddc text=~disk.*full we move the rack").text
    assert made.startswith(
        "Silenced: service=ddc, text=~disk.*full until 2026-11-23 11:02 UTC: we move the rack (martijn)"
    )
    assert "service=ddc, text=~disk.*full until" in types(world, "silence").text


def test_a_press_for_what_was_merged_says_where_it_goes_on(world):
    world.declare("P1", "one")
    world.declare("P1", "two")
    page = world.pages(2)[0]
    types(world, "merge INC-2 INC-1")
    assert "INC-2 goes on in INC-1. Take that one, if nobody has it." == press(world, page=page.id).text


# --------------------------------------------------------------------------------------------- texts


@pytest.mark.parametrize(
    ("said", "summary", "promised"),
    [
        ("identified: we roll back; next update in 10 minutes", "we roll back", 10),
        ("we look next in 15m", "we look", 15),
        ("we look. Next update in 5 min.", "we look", 5),
        ("what is next in 2026", "what is next in 2026", None),
    ],
)
def test_an_update_in_chat_may_promise_the_next_one(world, said, summary, promised):
    """`next update in 15m` at its end is the promise, and the clock keeps it."""
    world.alert()
    reply = types(world, f"update INC-1 {said}")
    state = world.state()

    assert summary == state.summary
    left = (state.promised_at - world.now).total_seconds() / 60 if state.promised_at else None
    assert promised == left and ("promised for" in reply.text) == (promised is not None)


def test_a_promise_that_cannot_be_is_refused_in_words(world):
    world.alert()
    reply = types(world, "update INC-1 we look, next update in 2 hours")
    assert reply.refused and "every 15 minutes" in reply.text
    assert [] == world.facts("update_posted")


def test_a_cause_is_suspected_then_confirmed_in_chat(world):
    world.alert()
    assert "not published" in types(world, "cause INC-1 A full disk").text
    assert "A full disk" == world.state().suspected
    assert "is confirmed" in types(world, "cause INC-1 confirmed").text
    assert "A full disk" == world.state().root_cause
    assert types(world, "cause INC-1").refused


def test_a_text_is_sent_again_by_chat(world):
    world.alert()
    world.wait(minutes=1)
    assert "goes out again" in types(world, "send INC-1 initial alert").text
    world.wait(seconds=5)
    assert 2 == len([t for t in world.texts("alerts") if "[P0] INCIDENT:" in t])
    assert "it has acknowledged, initial_alert" in types(world, "send INC-1 nonsense").text


def test_what_is_said_in_the_hour_of_watching_is_kept(world):
    text = changed(lambda d: d["protocols"]["major"]["duties"][0].update(run=["open_war_room"]))
    world = World(world.data, text)
    world.alert(check="broken", service="payments")
    world.wait(minutes=1)
    world.act(1, Resolve("martijn", "x", "y"))
    world.wait(minutes=30)
    hears(world, Said("said-1", MARTIJN, "M", "still calm", str(GROUP), "77"))
    assert "still calm" == world.facts("message_seen")[-1].data["text"]
    world.wait(minutes=60)
    hears(world, Said("said-2", MARTIJN, "M", "too late", str(GROUP), "77"))
    assert 1 == len(world.facts("message_seen"))
