"""Action items by the API and by the pages: added, done, dropped, moved, filtered; bad input, roles, escaping."""

from __future__ import annotations

from datetime import timedelta
from html import unescape

import pytest

from tocsin.store import action_items as store
from tocsin.usecases import configure

from .conftest import EXAMPLE

BAD = "<script>alert(1)</script>"


@pytest.fixture
def name(site):
    return site.declare("P2", "Uploads fail", service="api")


def add(site, name, status=201, **more):
    body = {"incident": name, "title": "Rotate the key", "owner": "backup1", "due": "2026-12-01", **more}
    answer = site.api("POST", "/action-items", body)
    assert status == answer.status_code, answer.text
    return answer.json()


def items(site, query=""):
    return site.api("GET", f"/action-items{query}").json()["items"]


def page(site, path):
    answer = site.ask("GET", path)
    assert answer.status_code == 200, answer.text
    return unescape(answer.text)


def post(site, path, csrf, **fields):
    return site.ask("POST", path, data={"csrf": csrf, **fields})


# --------------------------------------------------------------------------------------------- the API


def test_an_item_by_the_api_from_its_beginning_to_its_end(site, name):
    made = add(site, name, issue="https://example.org/7", verify="A test", by="martijn")
    assert {
        "incident": name, "owner": "backup1", "owner_left": False, "due": "2026-12-01", "state": "open",
        "overdue": False, "issue": "https://example.org/7", "verify": "A test", "reason": None,
        "created_by": "martijn", "closed_at": None,
    }.items() <= made.items()  # fmt: skip
    path = f"/action-items/{made['id']}"
    moved = site.api("POST", f"{path}/move", {"due": "2026-12-03", "owner": "martijn"}).json()
    assert ("2026-12-03", "martijn") == (moved["due"], moved["owner"])
    site.now += timedelta(days=12)
    assert [True] == [one["overdue"] for one in items(site, "?state=overdue")]
    assert ("done", False) == tuple(site.api("POST", f"{path}/done").json()[key] for key in ("state", "overdue"))
    assert 409 == site.api("POST", f"{path}/drop", {"reason": "x"}).status_code
    other = add(site, name, due="2026-12-20")
    dropped = site.api("POST", f"/action-items/{other['id']}/drop", {"reason": "It goes"}).json()
    assert ("dropped", "It goes", "admin-bot") == (dropped["state"], dropped["reason"], dropped["closed_by"])


def test_a_patch_changes_all_that_it_says_or_nothing(site, name):
    id_ = add(site, name)["id"]
    path = f"/action-items/{id_}"

    moved = site.api("PATCH", path, {"due": "2026-12-04", "owner": "martijn"}).json()
    assert ("2026-12-04", "martijn", "open") == tuple(moved[key] for key in ("due", "owner", "state"))
    assert 422 == site.api("PATCH", path, {"due": "2026-12-09", "owner": "nobody", "state": "done"}).status_code
    assert ("2026-12-04", "open") == tuple(items(site)[0][key] for key in ("due", "state"))
    assert "done" == site.api("PATCH", path, {"state": "done"}).json()["state"]
    assert "open" == site.api("PATCH", path, {"state": "open", "reason": "it rang again"}).json()["state"]
    assert "dropped" == site.api("PATCH", path, {"state": "dropped", "reason": "not worth it"}).json()["state"]
    assert (422, 404) == (site.api("PATCH", path, {"state": "odd"}).status_code,
                          site.api("PATCH", "/action-items/none", {"state": "done"}).status_code)  # fmt: skip
    assert 403 == site.api("PATCH", path, {"state": "open", "reason": "x"}, role="viewer").status_code


def test_the_list_has_its_filters_and_its_next_page(site, name):
    for title, owner in (("A", "martijn"), ("B", "backup1"), ("C", "martijn")):
        add(site, name, title=title, owner=owner)
    assert [3, 2, 1, 3, 3, 0] == [
        len(items(site, query))
        for query in ("", "?owner=martijn", "?owner=backup1", "?team=core", f"?incident={name}", "?state=done")
    ]
    first = site.api("GET", "/action-items?limit=2").json()
    rest = site.ask("GET", first["next"], "token-of-a-viewer-1").json()["items"]
    assert 3 == len({one["id"] for one in [*first["items"], *rest]})
    assert 422 == site.api("GET", "/action-items?team=none").status_code
    assert 422 == site.api("GET", "/action-items?state=none").status_code


@pytest.mark.parametrize(
    ("wrong", "status", "why"),
    [
        ({"title": " "}, 422, "title is empty"), ({"owner": "eve"}, 422, "no person 'eve'"),
        ({"due": "2026-11-01"}, 422, "in the past"), ({"due": "soon"}, 422, "no date"),
        ({"issue": "javascript:alert(1)"}, 422, "link must be"), ({"incident": "INC-99"}, 404, "INC-99"),
    ],
)  # fmt: skip
def test_bad_input_keeps_nothing(site, name, wrong, status, why):
    assert why in add(site, name, status, **wrong)["detail"]
    assert [] == items(site)


def test_a_viewer_reads_and_does_not_change(site, name):
    item = add(site, name)
    assert 200 == site.api("GET", "/action-items", role="viewer").status_code
    for path in ("/action-items", *(f"/action-items/{item['id']}/{verb}" for verb in ("done", "drop", "move"))):
        assert 403 == site.api("POST", path, {"reason": "x"}, role="viewer").status_code
    assert 404 == site.api("POST", "/action-items/none/done", {}).status_code
    assert 401 == site.ask("GET", "/api/v1/action-items").status_code


# --------------------------------------------------------------------------------------------- the pages


def test_the_page_is_empty_then_has_what_is_late_first(site, name):
    csrf = site.sign_in()
    assert "No open action item" in page(site, "/action-items")
    fields = {"incident": name, "owner": "backup1", "due": "2026-11-25"}
    for title, due in (("Write a test", "2026-12-20"), ("Rotate the key", "2026-11-25")):
        assert 303 == post(site, "/action-items", csrf, **{**fields, "title": title, "due": due}).status_code
    site.now += timedelta(days=5)
    csrf = site.sign_in()
    text = page(site, "/action-items")
    assert "1 is late." in text and "3 days late" in text
    assert text.index("Rotate the key") < text.index("Write a test")
    assert "No open action item here" in page(site, "/action-items?of=martijn")
    assert "Rotate the key" in page(site, "/action-items?of=backup1&team=core")
    ids = [one.id for one in site.db.read_now(store.open_ones)]
    assert (
        "/action-items?of=backup1" == post(site, f"/action-items/{ids[0]}/done", csrf, of="backup1").headers["location"]
    )
    assert 303 == post(site, f"/action-items/{ids[1]}/move", csrf, due="2026-12-24", owner="martijn").status_code
    assert "Done or dropped (1)" in page(site, "/action-items") and "due 2026-12-24" in page(site, "/action-items")


def test_a_refusal_keeps_what_was_typed_and_says_why(site, name):
    csrf = site.sign_in()
    answer = post(site, "/action-items", csrf, incident=name, title="Rotate the key", owner="eve", due="2026-12-01")
    assert 422 == answer.status_code
    text = unescape(answer.text)
    assert "No person 'eve'" in text and 'value="Rotate the key"' in text
    item = add(site, name)
    answer = post(site, f"/action-items/{item['id']}/drop", csrf, reason=" ")
    assert (422, True) == (answer.status_code, "Why is it dropped?" in unescape(answer.text))
    assert 404 == post(site, f"/action-items/{item['id']}/eat", csrf).status_code
    assert 404 == post(site, "/action-items/none/done", csrf).status_code


def test_a_form_needs_its_token_and_its_role(site, name):
    item = add(site, name)
    site.sign_in()
    assert 403 == post(site, f"/action-items/{item['id']}/done", "wrong").status_code
    assert 403 == post(site, "/action-items", "wrong", title="x").status_code
    csrf = site.sign_in("martijn", "viewer")
    assert "Rotate the key" in page(site, "/action-items") and "Add an action item" not in page(site, "/action-items")
    assert 403 == post(site, f"/action-items/{item['id']}/done", csrf).status_code
    assert ["open"] == [one["state"] for one in items(site)]


def test_the_card_on_the_incidents_page(site, name):
    csrf = site.sign_in()
    assert "Nothing is agreed yet." in page(site, f"/incidents/{name}")
    answer = post(site, "/action-items", csrf, incident=name, title="Rotate the key", owner="backup1", due="2026-12-01",
                  back="incident")  # fmt: skip
    assert f"/incidents/{name}#items" == answer.headers["location"]
    assert "Rotate the key" in page(site, f"/incidents/{name}")
    [item] = items(site)
    answer = post(site, f"/action-items/{item['id']}/done", csrf, back="incident")
    assert f"/incidents/{name}#items" == answer.headers["location"]


def test_what_people_wrote_is_escaped_everywhere(site, name):
    add(site, name, title=BAD, verify=BAD, issue='https://example.org/"><script>')
    site.sign_in()
    for path in ("/action-items", f"/incidents/{name}"):
        text = site.ask("GET", path).text
        assert "<script>alert" not in text and '"><script>' not in text and "&lt;script&gt;" in text


def test_an_owner_who_left_is_shown(site, name):
    add(site, name)
    gone = EXAMPLE[: EXAMPLE.index("  backup1:\n")] + EXAMPLE[EXAMPLE.index("teams:\n") :]
    gone = gone.replace("martijn, backup1", "martijn").replace("backup1, martijn", "martijn").replace(
        "lead: backup1", "lead: martijn")  # fmt: skip
    reading = site.db.write_now(configure.adopt, site.setup, gone)
    assert not reading.errors, [str(error) for error in reading.errors]
    assert [True] == [one["owner_left"] for one in items(site)]
    csrf = site.sign_in()
    assert "backup1 is not in the runbook any more: move it to somebody else." in page(site, "/action-items")
    assert "Rotate the key" in page(site, "/action-items?of=backup1")
    [item] = items(site)
    assert 303 == post(site, f"/action-items/{item['id']}/move", csrf, owner="martijn", due="2026-12-01").status_code
    assert "not in the runbook" not in page(site, "/action-items")
