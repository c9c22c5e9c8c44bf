"""Subscribing over HTTP: no press, no change; nobody learns who has subscribed."""

from __future__ import annotations

import re

import pytest

from tocsin.store import subscribers as store
from tocsin.store.db import Busy
from tocsin.usecases import subscribers
from tocsin.usecases.configure import subscriber_link

READER = "reader@example.org"


def ask(site, address=READER, kind="email", **more):
    return site.ask("POST", "/status/subscribe", data={"kind": kind, "address": address, **more})


def waiting(site):
    """The id of the one subscription that nobody has confirmed."""
    rows = site.db.read_now(lambda tx: tx.all(store.table.select().where(store.table.c.confirmed_at.is_(None))))
    return rows[0].id


def path(site, verb, id_):
    return subscriber_link(site.setup, verb, id_).removeprefix("http://tocsin.test")


def subscribed(site):
    ask(site)
    id_ = waiting(site)
    assert 200 == site.ask("POST", path(site, "subscribe", id_)).status_code
    return id_


def counted(site):
    return site.db.read_now(store.counts)


def test_the_form_names_every_component_and_needs_neither_script_nor_cookie(site):
    answer = site.ask("GET", "/status/subscribe")
    assert 200 == answer.status_code
    assert "set-cookie" not in answer.headers
    policy = answer.headers["content-security-policy"]
    assert ("default-src 'none'" in policy, "form-action 'self'" in policy, "script" in policy) == (True, True, False)
    assert "form-action 'self'" in re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', answer.text)[1]
    assert "<script" not in answer.text
    assert 2 == answer.text.count('value="Wallet API"')
    assert answer.text == site.ask("GET", "/status/subscribe.html").text


def test_only_the_press_confirms_and_only_the_press_ends(site):
    ask(site)
    id_ = waiting(site)
    link = path(site, "subscribe", id_)
    for method in ("GET", "HEAD"):
        site.ask(method, link)
    assert {} == counted(site)
    assert "<button>Subscribe</button>" in site.ask("GET", link).text
    assert "You are subscribed" in site.ask("POST", link).text
    assert {"email": 1} == counted(site)
    assert 200 == site.ask("POST", link).status_code

    end = path(site, "unsubscribe", id_)
    assert "<button>Unsubscribe</button>" in site.ask("GET", end).text
    assert {"email": 1} == counted(site)
    answer = site.ask("POST", end, data={"List-Unsubscribe": "One-Click"})
    assert (200, {}) == (answer.status_code, counted(site))
    assert "location" not in answer.headers
    assert 200 == site.ask("POST", end).status_code
    assert 404 == site.ask("GET", link).status_code


def test_a_link_of_another_purpose_or_another_subscription_does_nothing(site):
    id_ = subscribed(site)
    mac = path(site, "subscribe", id_).rpartition("/")[2]
    assert 404 == site.ask("POST", f"/status/unsubscribe/{id_}/{mac}").status_code
    assert 404 == site.ask("POST", f"/status/subscribe/{id_[:-1]}0/{mac}").status_code
    assert 404 == site.ask("GET", "/status/subscribe/x/\u00e9").status_code
    assert {"email": 1} == counted(site)


def test_nobody_learns_who_has_subscribed(site):
    new = ask(site, "new@example.org")
    subscribed(site)
    known = ask(site)
    assert (200, new.text) == (known.status_code, known.text)
    assert new.headers.items() >= {"cache-control": "no-store", "referrer-policy": "no-referrer"}.items()


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"address": "<script>alert(1)</script>"}, "no e-mail address"),
        ({"kind": "webhook", "address": "http://x"}, "begins with https://"),
        ({"components": "Nothing"}, "no component"),
        ({"kind": "pigeon"}, "no such subscriptions"),
    ],
)
def test_a_wrong_form_comes_back_with_what_was_typed_and_why(site, fields, word):
    answer = ask(site, **{"address": READER, **fields})
    assert answer.status_code in (404, 422)
    assert word in answer.text
    assert "<script" not in answer.text
    assert 'role="alert"' in answer.text


def test_too_many_questions_are_put_off(site):
    codes = [ask(site, f"r{n}@example.org").status_code for n in range(31)]
    assert [200] * 30 + [429] == codes
    assert 30 == len(site.db.read_now(store.asked))


def test_what_waits_for_a_press_is_bounded(site, monkeypatch):
    monkeypatch.setattr(subscribers, "WAITING_MOST", 2)
    codes = [ask(site, f"r{n}@example.org").status_code for n in range(3)]
    assert [200, 200, 503] == codes


def test_a_page_that_offers_nothing_says_so(site):
    text = site.db.read_now(lambda tx: subscribers.in_force(tx, site.setup)[1])
    site.setup.runbooks = {
        version: text.model_copy(update={"status_page": text.status_page.model_copy(update={"subscribe": ()})})
        for version in site.setup.runbooks
    }
    assert 404 == site.ask("GET", "/status/subscribe").status_code
    assert 404 == ask(site).status_code
    assert "feed" in site.ask("GET", "/status/subscribe").text


def test_a_database_that_is_away_is_said_in_a_plain_line_and_nothing_changes(site, monkeypatch):
    id_ = subscribed(site)
    end = path(site, "unsubscribe", id_)

    async def away(*args):
        raise Busy("locked")

    with monkeypatch.context() as patched:
        patched.setattr(site.db, "write", away)
        patched.setattr(site.db, "read", away)
        for answer in (ask(site), site.ask("GET", "/status/subscribe"), site.ask("POST", end)):
            assert (503, "60") == (answer.status_code, answer.headers["retry-after"])
            assert "Nothing was changed" in answer.text
            assert "<" not in answer.text
    assert {"email": 1} == counted(site)


def test_addresses_beside_ours_are_pages_of_the_status_page_too(site):
    for odd in ("/status/subscribe/x", "/status/unsubscribe/a/b/c", "/status/unsubscribe/"):
        answer = site.ask("GET", odd)
        assert (404, False) == (answer.status_code, "<script" in answer.text)
        assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert site.ask("GET", "/status/subscribers").status_code in (404, 503)


def test_admins_list_and_remove_who_subscribed_and_nobody_else_sees_an_address(site):
    id_ = subscribed(site)
    ask(site, "waits@example.org")
    got = site.api("GET", "/subscribers").json()
    assert [("waits@example.org", "asked"), (READER, "confirmed")] == [(i["address"], i["state"]) for i in got["items"]]
    assert {"email": 1} == got["counts"]
    page = site.api("GET", "/subscribers?limit=1").json()
    assert [READER] == [i["address"] for i in site.api("GET", page["next"].removeprefix("/api/v1")).json()["items"]]
    for role in ("responder", "viewer"):
        for method, path_ in (("GET", "/subscribers"), ("DELETE", f"/subscribers/{id_}")):
            answer = site.api(method, path_, role=role)
            assert (403, False) == (answer.status_code, "example.org" in answer.text)
    assert 204 == site.api("DELETE", f"/subscribers/{id_}").status_code
    assert 404 == site.api("DELETE", f"/subscribers/{id_}").status_code
    assert {} == counted(site)
