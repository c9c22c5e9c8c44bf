"""What is asked of a person outside incidents: a page by hand, a proof of a way to them, the monthly test page."""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta
from hmac import compare_digest
from typing import Any, Final, Literal

from tocsin.core import bucket, delivery, testpage
from tocsin.core.calendar import words
from tocsin.core.delivery import Route
from tocsin.core.events import Declared
from tocsin.core.runbook import Person, Runbook
from tocsin.core.types import Refused
from tocsin.store import people, queue
from tocsin.store.db import Tx
from tocsin.usecases.configure import Setup, in_force
from tocsin.usecases.respond import declare

CODE_LASTS: Final = timedelta(minutes=15)
CODE_TRIES: Final = 5  # wrong codes, then a new one must be sent
TITLE_LIMIT: Final = 500  # characters of a message by hand


def known(runbook: Runbook, person: str) -> Person:
    """The person of that id. Raises Refused: 404, when the runbook has none."""
    if person not in runbook.people:
        raise Refused(f"no person {person!r}; the runbook has {', '.join(runbook.people)}", 404)
    return runbook.people[person]


def _spare(tx: Tx, runbook: Runbook, person: str, what: str) -> None:
    """
    Take one token of what may be asked of the person's phone (of the person, where there is none).

    Raises:
        Refused: 429, when it was asked too often just now.
    """
    phone = known(runbook, person).phone
    name = f"{what}:{delivery.mark('phone', phone) if phone else person}"
    kept = people.bucket(tx, name)
    left = bucket.take(kept, tx.now)
    if left is None:
        pause = words(max(bucket.wait(kept, tx.now), timedelta(seconds=1)))
        text = f"{runbook.people[person].name} was asked {bucket.CAPACITY:.0f} times just now; what was sent goes on"
        raise Refused(f"{text} by itself. Once more in {pause}", 429)
    people.keep_bucket(tx, name, left)


# --------------------------------------------------------------------------------------------- a page by hand


def page_by_hand(
    tx: Tx, setup: Setup, person: str, message: str, by: str, urgency: Literal["high", "low"] = "high"
) -> int:
    """
    Page somebody by hand: an incident of the mildest severity, whose walk begins with them; returns its number.

    Nobody answers: after five minutes the default policy is walked, round after round, as for any incident.

    Raises:
        Refused: 404 for an unknown person, 422 without a message, 429 for more than three in a row.
    """
    _, runbook = in_force(tx, setup)
    known(runbook, person)
    if not message.strip():
        raise Refused("a page needs a message: why you wake them", 422)
    _spare(tx, runbook, person, "page")
    mildest = list(runbook.severities)[-1]
    title = " ".join(message.split())[:TITLE_LIMIT]
    event = Declared(title, mildest, by, rule=f"paged by hand by {by}", person=person, urgency=urgency)
    return declare(tx, setup, event)


# --------------------------------------------------------------------------------------------- contact checks


def send_check(tx: Tx, setup: Setup, person: str, via: str, by: str, secret: str) -> str:
    """
    Send a code through one way to a person; returns the check's id. The code is drawn from *secret*.

    Raises:
        Refused: 404, 409 for a way that cannot be used, 429.
    """
    _, runbook = in_force(tx, setup)
    name = known(runbook, person).name
    route = delivery.way(runbook, setup.ways, person, via)
    if route.why_not:
        raise Refused(f"{via} cannot be checked: {route.why_not}")
    _spare(tx, runbook, person, f"check:{route.via}")
    code = f"{int(hashlib.sha256(secret.encode()).hexdigest(), 16) % 1_000_000:06d}"
    id_ = _ask(tx, route, person, kind="code", test=secret, by=by, lasts=CODE_LASTS, code=_hidden(setup, code))
    text = (
        f"{name}, this checks that Tocsin reaches you here. Your code is {code}: type it in where it was asked for, or "
        f"open the link and press. It is good for {words(CODE_LASTS)}. Asked for by {by}; nothing is wrong."
    )
    _send(tx, setup, route, id_, person, "Tocsin checks this way to you", text)
    return id_


def type_code(tx: Tx, setup: Setup, person: str, via: str, code: str) -> str:
    """Take the code that a person typed in; returns why it does not prove the way, or the empty text: it does."""
    _, runbook = in_force(tx, setup)
    known(runbook, person)
    route = delivery.way(runbook, setup.ways, person, via)
    row = people.last_check(tx, person, route.via)
    if row is None or row.answered_at is not None:
        return "no code was sent there: send one first"
    if row.expires_at <= tx.now or row.tries >= CODE_TRIES:
        return "this code is not good any more: send a new one"
    if not compare_digest(row.code, _hidden(setup, code.strip().replace(" ", ""))):
        people.note_try(tx, row.id)
        return "this is not the code that was sent"
    if row.address_of != delivery.mark(route.kind, route.address):
        return "the address has changed since the code was sent: send a new one"
    _prove(tx, row, "code")
    return ""


def press(tx: Tx, setup: Setup, id_: str) -> Any:
    """
    Take the press on the link of a check or a test page: it proves the way. Returns the check; twice is harmless.

    Raises:
        Refused: 404 for an unknown one; 409 when its time is over, or the address has changed since.
    """
    row = people.check(tx, id_)
    if row is None:
        raise Refused("this link is not known: open the newest that you got", 404)
    if row.answered_at is None:
        _, runbook = in_force(tx, setup)
        route = delivery.way(runbook, setup.ways, row.person, row.via)
        if row.expires_at <= tx.now or row.address_of != delivery.mark(route.kind, route.address):
            raise Refused("this link is not good any more: ask for a new one")
        _prove(tx, row, "press" if row.kind == "code" else "test")
    return row


def _prove(tx: Tx, row: Any, how: str) -> None:
    people.answered(tx, row.id)
    people.note_proved(tx, row.person, row.via, row.address_of, how)


def _ask(tx: Tx, route: Route, person: str, *, kind: str, test: str, by: str, lasts: timedelta, code: str = "") -> str:
    test = hashlib.sha256(test.encode()).hexdigest()[:32]
    return people.ask(
        tx, kind=kind, test=test, person=person, via=route.via, code=code, asked_by=by, expires_at=tx.now + lasts,
        address_of=delivery.mark(route.kind, route.address),
    )  # fmt: skip


def _send(tx: Tx, setup: Setup, route: Route, id_: str, person: str, title: str, text: str) -> None:
    queue.put(
        tx, f"check:{id_}", tx.now, kind="check", via=route.via, person=person,
        destination=route.destination, urgent=False,
        payload={"title": title, "text": text, "link": check_link(setup, id_), "kind": route.kind, "to": route.address},
    )  # fmt: skip


def _hidden(setup: Setup, code: str) -> str:
    """A code as it is kept: a keyed hash, so that the store does not know it."""
    return hmac.new(setup.secret_key, f"code\n{code}".encode(), hashlib.sha256).hexdigest()


def _mac(setup: Setup, id_: str) -> str:
    return hmac.new(setup.secret_key, f"check\n{id_}".encode(), hashlib.sha256).hexdigest()[:40]


def check_link(setup: Setup, id_: str) -> str:
    """The address of a check's page. It proves nothing until its button is pressed."""
    return f"{setup.public_url}/check/{id_}/{_mac(setup, id_)}"


def is_check_link(setup: Setup, id_: str, mac: str) -> bool:
    """Say whether *mac* is the one that Tocsin gave out for a check; in constant time."""
    return compare_digest(_mac(setup, id_).encode(), mac.encode(errors="replace"))


# --------------------------------------------------------------------------------------------- test pages


def send_test(tx: Tx, setup: Setup, person: str, by: str) -> int:
    """
    Send a test page by every way of the person's rules for high urgency; returns by how many. One press answers it.

    Raises:
        Refused: 404, 409 where no way can be used, 429.
    """
    _, runbook = in_force(tx, setup)
    known(runbook, person)
    _spare(tx, runbook, person, "test")
    sent = _send_test(tx, setup, runbook, person, by)
    if not sent:
        raise Refused(f"no way to {person} can be used: look at their notification rules")
    return sent


def _send_test(tx: Tx, setup: Setup, runbook: Runbook, person: str, by: str) -> int:
    routes = delivery.to_person(runbook, setup.ways, person, "high", health=people.health(tx, person))
    ways = {route.via: route for route in reversed(routes) if not route.why_not and route.kind != delivery.CONSOLE}
    asked = "as every month" if by == "tocsin" else f"asked for by {by}"
    text = (
        f"THIS IS A TEST, {asked}: nothing is wrong and nothing is paged. {runbook.people[person].name}, please open "
        "the link and press once: then it is known that a real page would reach you here."
    )
    for route in ways.values():
        test = f"{person}:{tx.now.isoformat()}"
        id_ = _ask(tx, route, person, kind="test", test=test, by=by, lasts=testpage.ANSWER_WITHIN)
        _send(tx, setup, route, id_, person, "TEST page from Tocsin: one press, please", text)
    return len(ways)


def plan_tests(tx: Tx, setup: Setup) -> None:
    """Have a row of the outbox wait for each person's next test page; who has one keeps it."""
    _, runbook = in_force(tx, setup)
    for person in runbook.people:
        if not queue.waits_for_test(tx, person):
            _plan(tx, runbook, person, settle=testpage.SETTLE)


def _plan(tx: Tx, runbook: Runbook, person: str, settle: timedelta) -> None:
    at = testpage.next_test(runbook, person, tx.now + settle)
    if at is not None:
        queue.put(tx, f"test:{person}:{at:%Y-%m-%d}", at, kind="test", via="", person=person, destination="",
                  payload={}, urgent=False)  # fmt: skip


def test_due(tx: Tx, setup: Setup, row: Any) -> None:
    """The time of a person's test page has come: send it, and plan the next. Late, it waits for their working hours."""
    _, runbook = in_force(tx, setup)
    person = runbook.people.get(row.person)
    wanted = person is not None and person.test_page != "never"
    if wanted and not testpage.in_working_hours(runbook, row.person, tx.now):
        queue.settle(tx, row.id, "pending", due=tx.now + timedelta(hours=1))
        return
    queue.settle(tx, row.id, "done" if wanted else "moot", done_at=tx.now)
    if wanted:
        _send_test(tx, setup, runbook, row.person, "tocsin")
        _plan(tx, runbook, row.person, settle=testpage.SETTLE)
