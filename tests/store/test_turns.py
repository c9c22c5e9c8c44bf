"""Round robin, fair whoever decides: two nodes at once never give one turn twice, and leave nobody out."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Condition

import pytest
import yaml
from sqlalchemy import select

from tocsin.core.events import Declared, Escalate
from tocsin.store import migrate, people
from tocsin.store.db import Database
from tocsin.store.schema import pages, turns
from tocsin.usecases import configure, respond

from .conftest import EXAMPLE, START, empty

PEOPLE = ("ana", "bo", "cy")
MANY = 4  # incidents, half of them by each node: were turns given twice, one of three people would have none


def in_turn():
    """The second step pages one of three people, in turn; nobody is paged before."""
    data = yaml.load(EXAMPLE, yaml.BaseLoader)
    data["version"] = 1
    for person in PEOPLE:
        data["people"][person] = {"name": person.title(), "email": f"{person}@example.org"}
    data["escalation_policies"]["default"]["steps"] = [
        {"page": ["martijn"]}, {"page": list(PEOPLE), "after": "5m", "assign": "round_robin"},
    ]  # fmt: skip
    return yaml.dump(data, sort_keys=False)


def declared(db, setup, count):
    book = in_turn()
    assert not db.write_now(configure.adopt, setup, book).errors
    return [db.write_now(respond.declare, setup, Declared(f"number {n}", "P1", "martijn")) for n in range(count)]


def taken(db):
    """Who was paged by the round-robin step."""
    query = select(pages.c.person).where(pages.c.person.in_(PEOPLE))
    return [row.person for row in db.read_now(lambda tx: tx.all(query))]


class Together:
    """Holds whoever has read the turns until the other node has read them too, or cannot within half a second."""

    def __init__(self, right):
        self.right, self.read, self.both = right, 0, Condition()

    def __call__(self, tx, steps):
        found = self.right(tx, steps)
        with self.both:
            self.read += 1
            self.both.notify_all()
            self.both.wait_for(lambda: self.read % 2 == 0, timeout=0.5)
        return found


def test_two_nodes_at_once_share_the_turns_as_one_would(postgres, setup, monkeypatch):
    """Each node has connections of its own; each would read the turns before the other has written any, if it could."""
    empty(postgres)
    one, other = nodes = [Database(postgres, lambda: START) for _ in range(2)]
    migrate.up_to_date(one)
    numbers = declared(one, setup, MANY)
    monkeypatch.setattr(people, "turns_of", Together(people.turns_of))

    def escalate(place):
        for number in numbers[place::2]:
            nodes[place].write_now(respond.act, setup, number, Escalate("martijn", "more hands"))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(escalate, range(2)))
    had = sorted(Counter(taken(one)).values())
    for node in (one, other):
        node.close()

    assert [1, 1, 2] == had


def test_turns_of_one_instant_stand_in_their_order(house, setup, time):
    """Twelve incidents that one commit escalates: the clock does not move, and everybody has four."""
    numbers = declared(house, setup, 12)

    def all_at_once(tx):
        for number in numbers:
            respond.act(tx, setup, number, Escalate("martijn", "more hands"))

    house.write_now(all_at_once)

    assert dict.fromkeys(PEOPLE, 4) == Counter(taken(house))


def test_a_turn_is_kept_after_every_other_though_the_clock_goes_back(db, time):
    db.write_now(people.took_turn, "default/2", "ana")
    time.now -= timedelta(minutes=5)
    db.write_now(people.took_turn, "default/2", "bo")
    db.write_now(people.took_turn, "other/1", "cy")
    rows = db.read_now(lambda tx: tx.all(select(turns).order_by(turns.c.step, turns.c.at)))

    assert ["ana", "bo", "cy"] == [row.person for row in rows]
    assert rows[0].at < rows[1].at


@pytest.mark.parametrize("count", [1, 3])
def test_the_turns_of_a_step_are_read_by_person(db, count):
    for person in PEOPLE[:count]:
        db.write_now(people.took_turn, "default/2", person)

    assert {"default/2": set(PEOPLE[:count]), "default/3": set()} == {
        step: set(found) for step, found in db.read_now(people.turns_of, ["default/2", "default/3"]).items()
    }
