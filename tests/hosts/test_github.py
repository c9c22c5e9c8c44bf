"""GitHub Pages: one commit for what changed, beside what others commit."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.fakes.github import FakeGitHub
from tocsin.core.runbook import GithubPages
from tocsin.hosts import Failed
from tocsin.hosts.github import FILES_AT_ONCE, Pages
from tocsin.web.site import File

NOW = datetime(2026, 11, 23, 9, 2, tzinfo=UTC)


def page(text, **more):
    texts = {"index.html": text, "status/page.css": "css", **more}
    return {path: File("text/html", body.encode(), "") for path, body in texts.items()}


@pytest.fixture
def github():
    with FakeGitHub() as server:
        yield server
        assert [] == server.faults


def to(github, **more):
    return GithubPages(**{"repository": "acme/status", "token": github.token, "api_base": github.url, **more})


def test_the_branch_is_made_and_then_gets_what_changed(github):
    pages = Pages(to(github))
    assert 3 == pages.put(page("première"), NOW)
    assert {"index.html": "première".encode(), "status/page.css": b"css", ".nojekyll": b""} == github.branch()
    assert 1 == Pages(to(github)).put(page("second"), NOW)
    assert 0 == pages.put(page("second"), NOW)
    assert ["status: 2026-11-23 09:02 UTC"] * 2 == github.history()


def test_a_folder_of_a_branch_that_holds_other_things(github):
    pages = Pages(to(github, branch="main", folder="/docs/"))
    pages.put(page("first"), NOW)
    assert (b"hello", b"first") == (github.branch("main")["README.md"], github.branch("main")["docs/index.html"])


@pytest.mark.parametrize("first", [True, False])
def test_what_somebody_else_commits_meanwhile_stays(github, first):
    pages = Pages(to(github))
    if not first:
        pages.put(page("first"), NOW)

    def others():
        before = github.refs.get("heads/gh-pages")
        kept = github.branch() if before else {}
        github.refs["heads/gh-pages"] = github.commit(
            {**kept, "CNAME": b"status.example.org"}, (before,) if before else ()
        )

    github.before_move = others
    pages.put(page("second"), NOW)
    assert (b"status.example.org", b"second") == (github.branch()["CNAME"], github.branch()["index.html"])


def test_somebody_who_never_stops_is_said(github):
    pages = Pages(to(github))
    pages.put(page("first"), NOW)

    def others():
        github.refs["heads/gh-pages"] = github.commit({}, (github.refs["heads/gh-pages"],))
        github.before_move = others

    github.before_move = others
    with pytest.raises(Failed, match="somebody else keeps committing"):
        pages.put(page("second"), NOW)
    github.before_move = None


def test_many_files_go_in_parts_and_in_one_commit(github):
    many = {f"status/incidents/{n}.html": str(n) for n in range(FILES_AT_ONCE + 5)}
    assert FILES_AT_ONCE + 8 == Pages(to(github)).put(page("x", **many), NOW)
    assert 1 == len(github.history())
    assert b"204" == github.branch()["status/incidents/204.html"]


@pytest.mark.parametrize(
    ("mode", "word"),
    [("down", "502"), ("hang_up", "cannot be reached"), ("flood", "wait for 60 s"), ("revoked", "Bad credentials"), ("html", "200")],
)  # fmt: skip
def test_what_github_answers_is_said_in_one_line(github, mode, word):
    github.mode = mode
    with pytest.raises(Failed, match=word) as failed:
        Pages(to(github)).put(page("x"), NOW)
    assert github.token not in str(failed.value)


def test_a_wrong_token_and_an_empty_repository_say_what_to_do(github):
    with pytest.raises(Failed, match="Contents: write"):
        Pages(to(github, token="wrong")).put(page("x"), NOW)
    github.empty = True
    with pytest.raises(Failed, match="make a first commit"):
        Pages(to(github)).put(page("x"), NOW)
