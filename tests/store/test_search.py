"""The index of words, on both databases: what is found, what never breaks it, and what was there before it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from tocsin.core.events import Acknowledge, Declared, MergeInto, Note, PostUpdate, Resolve
from tocsin.store import figures, incidents, looks, postmortems, search
from tocsin.store.schema import figures as counted
from tocsin.store.schema import searched
from tocsin.usecases import numbers, respond
from tocsin.usecases.seen import seen_before


def declare(house, setup, title, **more):
    return house.write_now(respond.declare, setup, Declared(title, more.pop("severity", "P2"), "martijn", **more))


def act(house, setup, number, event):
    house.write_now(respond.act, setup, number, event)


def found(house, question, **more):
    return house.read_now(search.find, question, **more)


def seen(house, number):
    return house.read_now(lambda tx: seen_before(tx, incidents.load(tx, number).state))


def test_an_incident_is_found_by_all_that_its_page_says(house, setup):
    number = declare(house, setup, "Uploads crawl", service="ddc", check="slow", impact="Nobody can save")
    declare(house, setup, "Something else")
    act(house, setup, number, PostUpdate("martijn", summary="The gateway überlastet", next_steps="Add nodes"))
    act(house, setup, number, Note("martijn", "Ticket ABC-77 is about it"))
    act(house, setup, number, Resolve("martijn", "An exhausted pool", "Restarted pgbouncer"))
    house.write_now(
        postmortems.begin, number, "x.md", "# Lessons Learned\n\nWe never measured saturation\n- 09:00 - hush\n",
        "tocsin", "drafted",
    )  # fmt: skip
    for question in ("crawl", "CRAW", "ddc slow", "save", "uberlastet", "nodes", "abc 77", "ABC-77", "exhausted pool",
                     "pgbouncer restarted", "saturation", "the gateway"):  # fmt: skip
        assert [number] == found(house, question), question
    for question in ("lessons", "hush", "crawl zebra", "rawl", ""):
        assert [] == found(house, question), question


def test_the_list_is_narrowed_by_words_and_its_other_filters(house, setup):
    one = declare(house, setup, "Disk full", service="api")
    two = declare(house, setup, "Disk full", service="ddc")
    three = declare(house, setup, "Disk full", service="ddc", severity="P3")
    numbers_ = lambda **more: [s.state.number for s in house.read_now(incidents.listing, words="disk", **more)]
    assert [three, two, one] == numbers_()
    assert [three, two] == numbers_(service="ddc")
    assert [two] == numbers_(service="ddc", severity="P2")
    assert [two, one] == numbers_(before=three)
    assert [three] == numbers_(limit=1)
    assert [] == house.read_now(incidents.listing, words="?!")
    assert 3 == len(house.read_now(incidents.listing, words="   "))


HOSTILE = [
    '"', "'", '"disk', "disk' OR 1=1 --", "NOT disk", "disk AND", "OR", "NEAR(disk full, 2)", "words:disk", "disk*", "*",
    "^disk", "{disk}", "(disk", "disk)", "-disk", "+disk", "disk:*", "disk & full", "!disk", "disk <-> full", "disk\\",
    "\x00", "disk\x00full", "disk " * 2_000, "d" * 10_000, "💥", "disk 💥", "％ ＂disk＂", "\ud800disk", "'':*", "²½", "ß",
    "a.b@c.de", "http://x/y?z", "5xx 1e5 0x1f", "مرحبا", "数据库", "%", "_", ":said", ";drop table searched",
]  # fmt: skip


def test_no_question_breaks_the_language_of_an_index(house, setup):
    number = declare(house, setup, "The disk is full: 5xx 💥 数据库 مرحبا ² and more")
    for question in HOSTILE:
        assert found(house, question) in ([], [number]), question
        house.read_now(incidents.listing, words=question)
    for question in ('"disk', "NOT disk is", "disk' --", "(disk", "disk\x00full", "数据", "مرحبا", "disk 💥", "-disk"):
        assert [number] == found(house, question), question


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(question=st.text(max_size=60))
def test_any_text_is_a_question(house, question):
    assert [] == found(house, question)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(title=st.text(alphabet=st.characters(blacklist_categories=("Cs",), blacklist_characters="\x00"), max_size=60))
def test_whatever_a_title_says_finds_it(house, setup, title):
    number = declare(house, setup, f"x {title}")
    assert number in found(house, f"x {title}", limit=1_000)


# --------------------------------------------------------------------------------------------- seen before


def test_what_was_like_it_is_told_with_what_helped(house, setup, time):
    old = declare(house, setup, "API answers 503 for everyone", service="api", check="http_5xx")
    other = declare(house, setup, "Typo on the pricing view", service="proofi.ai")
    for number, cause in ((old, "The pool was exhausted"), (other, "A slip")):
        time.now += timedelta(minutes=3)
        act(house, setup, number, Acknowledge("martijn"))
        act(house, setup, number, Resolve("martijn", cause, "Raised the limit"))
    new = declare(house, setup, "API answers 503 again", service="api", check="http_5xx")
    (first,) = seen(house, new)
    assert (old, "The pool was exhausted", "Raised the limit") == (first.number, first.cause, first.resolution)
    assert first.why[:2] == ("the same service, api", "the same check, http_5xx")
    assert "503" in first.why[2]


def test_itself_open_ones_drills_and_merged_ones_are_not_seen_before(house, setup):
    same = {"title": "API answers 503", "service": "api", "check": "http_5xx"}
    drill = declare(house, setup, **same, drill=True)
    act(house, setup, drill, Resolve("martijn", "A drill", "Ended"))
    merged, into = declare(house, setup, **same), declare(house, setup, **same)
    act(house, setup, merged, MergeInto("martijn", into, "API answers 503", "http://x"))
    new = declare(house, setup, **same)
    assert [] == seen(house, new)
    act(house, setup, new, Resolve("martijn", "x", "y"))
    assert [] == seen(house, new)
    act(house, setup, into, Resolve("martijn", "x", "y"))
    assert [into] == [s.number for s in seen(house, new)]


def test_there_are_three_at_most_and_the_most_alike_comes_first(house, setup):
    for n in range(6):
        number = declare(house, setup, f"Database replica {n} lags", service="ddc", check="lag" if n == 2 else None)
        act(house, setup, number, Resolve("martijn", "Long query", "Killed it"))
    new = declare(house, setup, "Database replica lags", service="ddc", check="lag")
    likes = seen(house, new)
    assert 3 == len(likes)
    assert 3 == likes[0].number  # the one of the same check


def test_a_rare_word_is_heard_though_common_ones_are_newer(house, setup):
    rare = declare(house, setup, "Kerberos ticket expired on api gateway")
    act(house, setup, rare, Resolve("martijn", "The keytab was old", "Renewed it"))
    for n in range(40):
        number = declare(house, setup, f"api gateway trouble {n}")
        act(house, setup, number, Resolve("martijn", "x", "y"))
    new = declare(house, setup, "Kerberos ticket expired on the api gateway")
    assert rare == seen(house, new)[0].number


# --------------------------------------------------------------------------------------------- what was there before


def test_what_was_there_before_is_counted_and_found_after_the_look(house, setup, time):
    wanted = []
    for n in range(5):
        number = declare(house, setup, f"Zebra {n}", service="api")
        time.now += timedelta(minutes=1)
        act(house, setup, number, Acknowledge("martijn"))
        act(house, setup, number, PostUpdate("martijn", summary="We look"))
        if n % 2:
            act(house, setup, number, Resolve("martijn", "The same cause", "Done"))
        wanted.append(number)
    before = house.read_now(lambda tx: tx.all(select(counted).order_by(counted.c.incident)))
    house.write_now(lambda tx: (tx.run(delete(counted)), tx.run(delete(searched))))
    assert [] == found(house, "zebra")
    house.write_now(looks.put, numbers.RECOUNT, time.now, {})
    assert house.read_now(numbers._is_counting)
    for _ in range(3):
        house.write_now(numbers.run, setup, house.read_now(numbers.gather, setup))
    assert wanted[::-1] == found(house, "zebra")
    assert before == house.read_now(lambda tx: tx.all(select(counted).order_by(counted.c.incident)))
    assert not house.read_now(numbers._is_counting)
    assert [] == house.read_now(figures.uncounted, 0)


def test_a_row_that_an_older_version_left_behind_is_counted_anew(house, setup, time):
    number = declare(house, setup, "Old")
    time.now += timedelta(minutes=1)
    stale = house.read_now(lambda tx: tx.first(select(counted)))
    act(house, setup, number, Acknowledge("martijn"))
    act(house, setup, number, Resolve("martijn", "x", "y"))
    good = house.read_now(lambda tx: tx.first(select(counted)))
    house.write_now(lambda tx: figures.put(tx, figures.Figures(*stale)))
    assert [number] == house.read_now(figures.uncounted, 0)
    house.write_now(numbers.recount, number)
    assert good == house.read_now(lambda tx: tx.first(select(counted)))


@pytest.mark.parametrize("question", ["zebra"])
def test_words_go_with_their_row(house, setup, question):
    """The index follows whatever changes the table: a restore, too."""
    declare(house, setup, "Zebra")
    house.write_now(lambda tx: tx.run(delete(searched)))
    assert [] == found(house, question)
    house.write_now(search.add, 1, ["zebra"])
    assert [1] == found(house, question)
