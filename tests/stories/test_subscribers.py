"""Whoever subscribed to the status page is told, in time and by the way they chose, and nobody else is."""

from __future__ import annotations

import email
import email.policy
import json
import re
from datetime import timedelta

import pytest

from tocsin.core.calendar import utc_words
from tocsin.core.events import PostUpdate, Resolve
from tocsin.core.types import Refused
from tocsin.sdk import Mail, Response
from tocsin.store import queue
from tocsin.store import subscribers as store
from tocsin.store.schema import outbox
from tocsin.usecases import deliver, site, subscribers

from .conftest import World, changed

HOOK = "https://hooks.example.org/status?key=of-theirs"


def ask(world, address="reader@example.org", kind="email", components=()):
    world.db.write_now(subscribers.ask, world.setup, kind, address, components)
    world.work()


def mails(world, to="reader@example.org"):
    """What that address got: parsed mails, oldest first."""
    said = [text for _, who, text in world.sent if who == to]
    return [email.message_from_string(text, policy=email.policy.default) for text in said]


def link_in(mail, verb):
    return re.search(rf"http://tocsin\.example\.org/status/{verb}/(\S+)/(\S+)", mail.get_body(("plain",)).get_content())


def subscribed(world, address="reader@example.org", components=()):
    ask(world, address, components=components)
    found = link_in(mails(world, address)[-1], "subscribe")
    assert world.db.write_now(subscribers.confirm, world.setup, found[1], found[2])
    return found[1]


def subjects(world, to="reader@example.org"):
    return [mail["Subject"] for mail in mails(world, to)]


def test_nothing_but_the_question_is_sent_before_the_press(world):
    ask(world)
    number = world.declare(service="proofi.ai")
    world.act(number, Resolve("martijn"))
    assert ["Confirm your subscription to Proofi Status"] == subjects(world)
    (mail,) = mails(world)
    assert None is mail["List-Unsubscribe"]
    assert "Proofi Status" in mail["From"]
    assert "If it was not you, do nothing" in mail.get_body(("plain",)).get_content()


def test_an_incident_is_told_from_its_opening_to_its_end(world):
    subscribed(world)
    number = world.declare(title="db3: key 4711", service="proofi.ai")
    world.act(number, PostUpdate("martijn", "identified", "A bad <b>release</b>.", "Roll back", public=True))
    world.act(number, PostUpdate("martijn", "identified", "not for them"))
    world.act(number, Resolve("martijn"))
    assert [
        "[Proofi Status] Issues with Website: Investigating",
        "[Proofi Status] Issues with Website: Identified",
        "[Proofi Status] Issues with Website: Resolved",
    ] == subjects(world)[1:]
    opened, identified, _ = mails(world)[1:]
    assert "Website: Major outage" in opened.get_body(("plain",)).get_content()
    assert "A bad &lt;b&gt;release&lt;/b&gt;." in identified.get_body(("html",)).get_content()
    assert "4711" not in "".join(text for _, who, text in world.sent if who == "reader@example.org")
    link = link_in(opened, "unsubscribe")[0]
    assert (f"<{link}>", "List-Unsubscribe=One-Click") == (opened["List-Unsubscribe"], opened["List-Unsubscribe-Post"])


def test_who_chose_a_component_hears_of_it_and_of_what_concerns_all(world):
    subscribed(world, components=["Payments"])
    world.declare(service="proofi.ai")
    world.declare(service="payments", title="two")
    world.declare(service="nobody-knows", title="three")
    assert ["Payments", "Proofi"] == [
        s.removeprefix("[Proofi Status] Issues with ").partition(":")[0] for s in subjects(world)[1:]
    ]


def test_work_is_told_when_it_is_planned_begins_and_is_done(world):
    subscribed(world)
    start, until = world.now + timedelta(hours=2), world.now + timedelta(hours=3)
    plan = {"title": "Move <to> new disks", "text": "Read-only.", "components": ["Wallet API"], "by": "martijn"}
    world.db.write_now(site.plan, world.setup, start=start, until=until, **plan)
    world.wait(hours=4)
    ends = ["is planned", "has begun", "is done"]
    assert [f"[Proofi Status] Move <to> new disks: the maintenance {end}" for end in ends] == subjects(world)[1:]
    made = world.db.write_now(
        site.plan, world.setup, start=world.now + timedelta(hours=2), until=world.now + timedelta(hours=3), **plan
    )
    world.work()
    world.db.write_now(site.take_back, made.id, "martijn")
    world.wait(hours=4)
    assert ["is planned", "will not take place"] == [s.partition("the maintenance ")[2] for s in subjects(world)[4:]]


def test_work_that_comes_again_is_told_each_time_until_it_is_taken_back(world):
    subscribed(world)
    start = world.now + timedelta(hours=2)
    plan = {"title": "Rotate the keys", "text": "", "components": ["Wallet API"], "by": "martijn"}
    made = world.db.write_now(
        site.plan, world.setup, start=start, until=start + timedelta(hours=1), repeat="FREQ=WEEKLY",
        zone="Europe/Amsterdam", **plan,
    )  # fmt: skip
    world.wait(days=15)
    heard = [subject.partition("the maintenance ")[2] for subject in subjects(world)[1:]]
    assert ["is planned", *["has begun", "is done"] * 3] == heard
    texts = [mail.get_body(("plain",)).get_content() for mail in mails(world)[1:]]
    assert "Again: every week, in Europe/Amsterdam time" in texts[0]
    assert [
        utc_words(start + timedelta(weeks=week)) in text for week, text in ((0, texts[1]), (1, texts[3]), (2, texts[5]))
    ] == [True] * 3

    world.db.write_now(site.take_back, made.id, "martijn")
    world.wait(days=15)
    assert "will not take place" == subjects(world)[-1].partition("the maintenance ")[2]
    assert len(heard) + 2 == len(subjects(world))


def test_work_with_an_end_of_its_rule_is_told_to_the_last_time(world):
    subscribed(world)
    start = world.now - timedelta(minutes=5)  # it runs already
    last = f"{start + timedelta(days=2):%Y%m%d}"
    plan = {"title": "Backup", "text": "", "components": [], "by": "martijn"}
    world.db.write_now(
        site.plan, world.setup, start=start, until=start + timedelta(hours=1), repeat=f"FREQ=DAILY;UNTIL={last}", **plan
    )
    world.wait(days=6)
    heard = [subject.partition("the maintenance ")[2] for subject in subjects(world)[1:]]
    assert ["is planned", "is done", *["has begun", "is done"] * 2] == heard


def test_a_plan_told_by_an_older_version_is_about_its_first_time(world):
    subscribed(world)
    start = world.now + timedelta(hours=2)
    plan = {"title": "Disks", "text": "", "components": [], "by": "martijn", "repeat": "FREQ=DAILY"}
    made = world.db.write_now(site.plan, world.setup, start=start, until=start + timedelta(hours=1), **plan)
    world.db.write_now(
        lambda tx: queue.put(
            tx, f"announce:work:{made.id}:in_progress", start, kind="announce", via="", destination="",
            payload={"work": made.id, "phase": "in_progress", "after": ""},
        )
    )  # fmt: skip
    world.wait(hours=2, minutes=1)
    (mail, _) = [mail for mail in mails(world) if "has begun" in mail["Subject"]]  # the older row's, and ours
    assert utc_words(start) in mail.get_body(("plain",)).get_content()


def test_an_address_is_not_bombed(world):
    for _ in range(5):
        ask(world)
        ask(world, "READER@EXAMPLE.ORG".replace("READER", "reader"))
    assert 1 == len(mails(world))
    for _ in range(6):
        world.wait(minutes=11)
        ask(world)
    assert 3 == len(mails(world))


def test_asked_again_by_a_subscriber_changes_nothing_until_the_press(world):
    subscribed(world, components=["Payments"])
    ask(world, components=["Website"])
    world.declare(service="payments")
    assert 3 == len(mails(world))
    found = link_in(mails(world)[1], "subscribe")
    world.db.write_now(subscribers.confirm, world.setup, found[1], found[2])
    assert {"email": 1} == world.db.read_now(store.counts)
    world.declare(service="proofi.ai", title="two")
    assert "Issues with Website" in subjects(world)[-1]


def test_what_nobody_confirms_is_forgotten(world):
    ask(world)
    found = link_in(mails(world)[0], "subscribe")
    world.wait(hours=24)
    assert None is world.db.write_now(subscribers.confirm, world.setup, found[1], found[2])
    assert None is world.db.read_now(store.get, found[1])


def test_who_left_gets_nothing_also_not_what_was_on_its_way(world):
    id_ = subscribed(world)
    world.network = lambda outgoing: (
        Response(0, error="no route") if isinstance(outgoing, Mail) else world.everything_works(outgoing)
    )
    world.declare(service="proofi.ai")
    mac = subscribers.subscriber_link(world.setup, "unsubscribe", id_).rpartition("/")[2]
    assert not world.db.write_now(subscribers.leave, world.setup, id_, "0" * 40)
    assert world.db.write_now(subscribers.leave, world.setup, id_, mac)
    world.network = world.everything_works
    world.wait(hours=1)
    assert 1 == len(mails(world))
    assert None is world.db.read_now(store.get, id_)


@pytest.mark.parametrize(
    ("answer", "ends"),
    [
        (Response(550, error="5.1.1 no such user here"), True),
        (Response(551, error="user not local"), True),
        (Response(550, error="5.7.1 relaying denied"), False),
        (Response(451, error="try later"), False),
        (Response(0, error="no answer"), False),
    ],
)
def test_a_box_that_is_gone_ends_the_subscription_and_a_server_that_is_away_does_not(world, answer, ends):
    id_ = subscribed(world)
    world.network = lambda outgoing: answer if isinstance(outgoing, Mail) else world.everything_works(outgoing)
    world.act(world.declare(service="proofi.ai"), Resolve("martijn"))
    world.wait(hours=1)
    assert ends == bool(world.db.read_now(store.get, id_).ended_at)
    assert ends == bool(world.db.read_now(store.ended))


def test_neither_the_address_nor_a_token_is_in_the_database(world):
    id_ = subscribed(world)
    world.declare(service="proofi.ai")
    found = [
        dict(row._mapping)
        for row in world.db.read_now(lambda tx: tx.all(outbox.select().where(outbox.c.kind.in_(["opt_in", "update"]))))
    ]
    text = json.dumps([found, dict(world.db.read_now(store.get, id_)._mapping)], default=str)
    assert 2 == len(found)
    assert "reader" not in text
    assert subscribers.subscriber_link(world.setup, "subscribe", id_).rpartition("/")[2] not in text


def test_many_subscribers_wait_behind_pages_and_all_are_told(world):
    def many(tx):
        for number in range(200):
            id_ = f"s{number:04d}"
            store.add(tx, id_, kind="email", mark=id_, components=[], confirmed_at=tx.now,
                      sealed=subscribers.seal(world.setup, "subscribers", id_, f"r{number}@example.org".encode()))  # fmt: skip

    world.db.write_now(many)
    number = world.db.write_now(deliver_declared, world)
    assert 0 == world.db.read_now(queue.fresh, "update")
    claimed = world.db.write_now(deliver.claim, world.setup, "story")
    assert "page" == claimed[0].kind
    assert world.db.read_now(queue.fresh, "update") <= subscribers.AT_ONCE
    for job in claimed:
        world.db.write_now(deliver.settle, world.setup, job, world._send(job), 1)
    world.wait(minutes=2)
    assert {f"r{n}@example.org" for n in range(200)} <= {who for _, who, _ in world.sent}
    assert 200 == sum(who.startswith("r") and who.endswith("@example.org") for _, who, _ in world.sent)
    assert number


def deliver_declared(tx, world):
    from tocsin.core.events import Declared
    from tocsin.usecases import respond

    return respond.declare(tx, world.setup, Declared("t", "P0", "martijn", service="proofi.ai"))


# --------------------------------------------------------------------------------------------- webhooks


def hook(world, status=200, echo=False):
    """Their server: keeps what it got; with *echo* it repeats the challenge."""
    got = []

    def network(outgoing):
        if getattr(outgoing, "url", "") != HOOK:
            return world.everything_works(outgoing)
        got.append(outgoing)
        said = {"challenge": outgoing.json.get("challenge")} if echo else {}
        return Response(status, body=json.dumps(said).encode())

    world.network = network
    return got


def hooked(world):
    got = hook(world, echo=True)
    ask(world, HOOK, "webhook")
    assert {"webhook": 1} == world.db.read_now(store.counts)
    return got


def test_a_webhook_confirms_by_its_echo_and_is_told_as_statuspage_tells(world):
    got = hooked(world)
    number = world.declare(service="proofi.ai")
    world.act(number, Resolve("martijn"))
    question, opened, resolved = got
    assert "subscription_confirmation" == question.json["type"]
    assert all(request.public and request.sign_with == question.json["secret"] for request in got)
    said = opened.json
    assert ("critical", "Major Service Outage") == (
        said["page"]["status_indicator"],
        said["page"]["status_description"],
    )
    assert {"Issues with Website", "investigating", "critical"} == {
        said["incident"][k] for k in ("name", "status", "impact")
    }
    assert "Website" == said["incident"]["components"][0]["name"]
    assert 2 == len(resolved.json["incident"]["incident_updates"])
    assert "resolved" == resolved.json["incident"]["status"]
    assert said["meta"]["unsubscribe"].startswith("http://tocsin.example.org/status/unsubscribe/")


def test_a_webhook_that_echoes_nothing_waits_for_a_press(world):
    got = hook(world)
    ask(world, HOOK, "webhook")
    world.declare(service="proofi.ai")
    assert 1 == len(got)
    id_, mac = got[0].json["confirm"].split("/")[-2:]
    world.db.write_now(subscribers.confirm, world.setup, id_, mac)
    world.declare(service="payments", title="two")
    assert ["incident"] == [key for key in got[-1].json if key == "incident"]


def test_a_webhook_hears_of_planned_work(world):
    got = hooked(world)
    world.db.write_now(site.plan, world.setup, title="Upgrade", text="", components=["Payments"], by="martijn",
                       start=world.now + timedelta(hours=1), until=world.now + timedelta(hours=2))  # fmt: skip
    world.wait(hours=3)
    assert ["scheduled", "in_progress", "completed"] == [one.json["incident"]["status"] for one in got[1:]]


def test_a_dead_question_is_not_asked_for_ever(world):
    got = hook(world, status=503)
    ask(world, HOOK, "webhook")
    world.wait(hours=3)
    assert subscribers.OPT_IN_TRIES == len(got)


def test_a_webhook_that_fails_for_days_ends_and_one_that_recovers_does_not(world):
    def told(title):
        world.act(world.declare(service="payments", title=title), Resolve("martijn"))
        world.wait(minutes=30)

    hooked(world)
    got = hook(world, status=500)
    told("one")
    assert len(got) > 3
    got = hook(world)
    world.wait(hours=3)
    assert 2 == len(got)
    hook(world, status=500)
    told("two")
    world.sleep(days=2)
    told("three")
    assert {"webhook": 1} == world.db.read_now(store.counts)
    world.sleep(days=1)
    told("four")
    (row,) = world.db.read_now(store.ended)
    assert row.why == "nothing has reached it since 2026-11-23"


def test_a_webhook_that_says_gone_ends_at_once(world):
    hooked(world)
    hook(world, status=410)
    world.declare(service="proofi.ai")
    assert ["webhook"] == [row.kind for row in world.db.read_now(store.ended)]


@pytest.mark.parametrize(
    ("kind", "address"),
    [
        ("email", "nobody"), ("email", "a@b"), ("email", "a@b.org\r\nBcc: c@d.org"), ("email", f"{'x' * 250}@b.org"),
        ("email", "<a@b.org>"), ("email", "a@b.org,c@d.org"), ("webhook", "http://hooks.example.org/"),
        ("webhook", "https://localhost/"), ("webhook", "https://user:pw@hooks.example.org/"),
        ("webhook", "https://hooks.example.org:22/"), ("webhook", "https://[::1/"), ("webhook", "https://tocsin.example.org/in/x"),
        ("webhook", "https://hooks.example.org/" + "x" * 2_000), ("webhook", "file:///etc/passwd"), ("webhook", "https://①②⑦.0.0.1/"),
        ("sms", "+31600000001"),
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused_with_words(world, kind, address):
    with pytest.raises(Refused) as refused:
        ask(world, address, kind)
    assert refused.value.status in (404, 422)
    assert [] == world.db.read_now(store.asked)


def test_an_unknown_component_is_refused(world):
    with pytest.raises(Refused, match="no component 'Nothing'"):
        ask(world, components=["Nothing"])


def test_without_a_mail_server_only_webhooks_are_offered(tmp_path):
    text = changed(lambda data: data["channels"]["email"]["smtp"].update(host="${MAIL_HOST}"))
    world = World(tmp_path, text)
    assert ("webhook",) == world.db.read_now(subscribers.offered, world.setup)
