"""Signing in: links that work once, passwords, sessions that end."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tocsin.core.types import Refused
from tocsin.usecases import access
from tocsin.web.access import local


def link(site, secret="a-link-that-signs-in-once", hours=24):
    site.db.write_now(access.make_sign_in, secret, "admin", site.now + timedelta(hours=hours))
    return secret


def test_looking_at_the_link_uses_nothing_up(site):
    """A preview of the link, or a mail scanner, does not take the one sign-in away."""
    secret = link(site)
    for _ in range(3):
        page = site.ask("GET", f"/sign-in?token={secret}")
        assert page.status_code == 200 and "Sign in" in page.text
    answer = site.ask("POST", "/sign-in", data={"token": secret, "as": "martijn"})

    assert (303, "/") == (answer.status_code, answer.headers["location"])
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=lax" in cookie


def test_a_link_works_once(site):
    secret = link(site)
    site.ask("POST", "/sign-in", data={"token": secret, "as": "martijn"})

    assert 403 == site.ask("POST", "/sign-in", data={"token": secret, "as": "martijn"}).status_code


def test_a_link_that_is_too_old_does_not_work(site):
    secret = link(site, hours=1)
    site.now += timedelta(hours=1)

    assert 403 == site.ask("POST", "/sign-in", data={"token": secret}).status_code
    assert "too old" in site.ask("GET", f"/sign-in?token={secret}").text


def test_a_session_acts_as_its_person(site):
    csrf = site.sign_in("backup1")
    name = site.declare()
    site.ask("POST", f"/incidents/{name}/acknowledge", data={"csrf": csrf})

    assert "backup1" == site.api("GET", f"/incidents/{name}").json()["commander"]


@pytest.mark.parametrize("hours", [12.1, 24 * 7.1])
def test_a_session_ends_when_idle_and_for_good_after_a_week(site, hours):
    site.sign_in()
    steps = 1 if hours < 24 else int(hours // 11) + 1
    for _ in range(steps):
        site.now += timedelta(hours=hours / steps)
        answer = site.ask("GET", "/incidents")

    assert (303, "/sign-in?next=/incidents") == (answer.status_code, answer.headers["location"])


def test_a_session_ends_with_sign_out(site):
    csrf = site.sign_in()
    cookies = site.cookies
    assert 303 == site.ask("POST", "/sign-out", data={"csrf": csrf}).status_code
    site.cookies = cookies

    assert 303 == site.ask("GET", "/incidents").status_code


def test_passwords(site):
    site.db.write_now(access.add_user, "backup1", "responder", "correct horse battery")
    wrong = site.ask("POST", "/sign-in", data={"name": "backup1", "password": "wrong"})
    unknown = site.ask("POST", "/sign-in", data={"name": "nobody", "password": "wrong"})
    right = site.ask("POST", "/sign-in", data={"name": "backup1", "password": "correct horse battery"})

    assert (403, 403, 303) == (wrong.status_code, unknown.status_code, right.status_code)
    assert "name or password is wrong" in wrong.text and "name or password is wrong" in unknown.text


def test_a_new_password_ends_the_sessions(site):
    site.db.write_now(access.add_user, "backup1", "responder", "correct horse battery")
    site.ask("POST", "/sign-in", data={"name": "backup1", "password": "correct horse battery"})
    assert 200 == site.ask("GET", "/incidents").status_code
    site.db.write_now(access.add_user, "backup1", "responder", "another long password")

    assert 303 == site.ask("GET", "/incidents").status_code


def test_short_passwords_and_unknown_roles_are_refused(site):
    with pytest.raises(Refused, match="12 characters"):
        site.db.write_now(access.add_user, "x", "viewer", "short")
    with pytest.raises(Refused, match="viewer, responder, admin"):
        site.db.write_now(access.add_user, "x", "king", "correct horse battery")
    with pytest.raises(Refused, match="viewer, responder, admin"):
        site.db.write_now(access.make_token, "s", "x", "king")
    with pytest.raises(Refused, match="alertmanager"):
        site.db.write_now(access.make_ingest_key, site.setup, "s", "x", "unknown")


def test_guessing_is_slowed_down(site):
    answers = [site.ask("POST", "/sign-in", data={"name": "x", "password": "y"}) for _ in range(11)]

    assert ([403] * 10, 429, "60") == (
        [a.status_code for a in answers[:10]], answers[10].status_code, answers[10].headers["retry-after"]
    )  # fmt: skip
    site.now += timedelta(minutes=1, seconds=1)
    assert 403 == site.ask("POST", "/sign-in", data={"name": "x", "password": "y"}).status_code


@pytest.mark.parametrize(
    ("path", "there"),
    [("/incidents/INC-1", "/incidents/INC-1"), ("//evil.example", "/"), ("https://evil.example", "/"), ("/\\evil", "/"),
     ("", "/"), ("/a\nb", "/")],
)  # fmt: skip
def test_after_signing_in_one_stays_here(path, there):
    assert there == local(path)


def test_forms_of_strangers_are_refused(site):
    """No CSRF token, a wrong one, another origin: nothing is done."""
    csrf = site.sign_in()
    name = site.declare()
    tries = [
        {"data": {}}, {"data": {"csrf": "wrong"}},
        {"data": {"csrf": csrf}, "headers": {"Origin": "https://evil.example"}},
        {"data": {"csrf": csrf}, "headers": {"Origin": "null"}},
    ]  # fmt: skip
    for given in tries:
        assert 403 == site.ask("POST", f"/incidents/{name}/acknowledge", **given).status_code
    assert 403 == site.ask("POST", f"/api/v1/incidents/{name}/acknowledge", json={}).status_code
    good = site.ask("POST", f"/api/v1/incidents/{name}/acknowledge", json={}, headers={"X-CSRF-Token": csrf})
    assert (200, "martijn") == (good.status_code, good.json()["commander"])


def test_no_get_changes_anything(site):
    """Fetching every address with GET, links of pages included, leaves the database as it is."""
    csrf = site.sign_in()
    name = site.declare()
    from tocsin.store import queue
    from tocsin.usecases.configure import acknowledge_link

    page = site.db.read_now(queue.pages)[0]
    ack = acknowledge_link(site.setup, page.id).removeprefix("http://tocsin.test")
    before = site.api("GET", f"/incidents/{name}/timeline").json()
    for path in ("/", "/incidents", f"/incidents/{name}", ack, f"{ack}?csrf={csrf}", "/oncall", "/sign-in", "/sign-out",
                 f"/incidents/{name}/acknowledge", f"/incidents/{name}/resolve", f"/incidents/{name}/postmortem"):  # fmt: skip
        site.ask("GET", path)

    assert before == site.api("GET", f"/incidents/{name}/timeline").json()


def test_a_viewer_sees_but_does_not_act(site):
    csrf = site.sign_in("backup1", role="viewer")
    name = site.declare()

    assert "Acknowledge</button>" not in site.ask("GET", f"/incidents/{name}").text
    assert 403 == site.ask("POST", f"/incidents/{name}/acknowledge", data={"csrf": csrf}).status_code


def test_a_plain_page_of_an_incident_that_cannot_be_read_is_acknowledged_by_its_link(site):
    """The state of the incident is rubbish: the link of the page in plain words still asks, and still takes the answer."""
    from datetime import timedelta

    from sqlalchemy import select, update

    from tocsin.store.schema import incidents, outbox
    from tocsin.usecases import tick
    from tocsin.usecases.configure import acknowledge_link

    site.declare("P1", "down")
    site.db.write_now(lambda tx: tx.run(update(incidents).values(state="{rubbish")))
    site.now += timedelta(minutes=6)
    for _ in range(3):
        site.db.write_now(tick.tick, site.setup)
        site.now += timedelta(seconds=3)
    row = site.db.read_now(
        lambda tx: tx.first(select(outbox).where(outbox.c.kind == "alarm", outbox.c.page.isnot(None)))
    )
    path = acknowledge_link(site.setup, row.page).removeprefix("http://tocsin.test")
    asked = site.ask("GET", path)

    assert (200, True) == (asked.status_code, "Tocsin cannot work on this incident; its policy names you" in asked.text)
    assert 303 == site.ask("POST", path).status_code
    assert f"This page is acknowledged: {row.person} has it." in site.ask("GET", path).text
