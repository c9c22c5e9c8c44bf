"""GitHub, the writing side, over a real socket: issues opened once, kept in step, and documents that overwrite nobody."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.fakes.github_issues import FakeGitHubRepository, git_name
from tocsin.integrations import github_repository as github
from tocsin.sdk import Document, Opened, Proposed, Reject, Retry, Ticket, TicketChange, TicketSeen

from .helpers import NOW, over_socket

LABELS = {"P0": "severity: P0", "P2": "severity: P2"}
LINK = "http://tocsin.example.org/incidents/INC-42"
TICKET = Ticket("INC-42 k3y", "Slow uploads", f"INC-42 (P2), service api\n\n{LINK}", "severity: P2", LINK)
DOCUMENT = Document("INC-42", "docs/incidents/2026-11-23-slow.md", "# Slow\n", "Postmortem of INC-42", LINK, "commit")
OTHERS = git_name(b"of somebody else")


@pytest.fixture
def hub():
    with FakeGitHubRepository() as server:
        yield server
    assert [] == server.faults


def config(hub, **changes):
    return {"token": hub.token, "repository": hub.repository, "api_base": hub.url, "labels": LABELS, **changes}


def opened(hub, ticket=TICKET, **changes):
    return over_socket(github.open_issue(ticket, config(hub, **changes)))


def changed(hub, **changes):
    change = TicketChange("#17", "INC-42 3", NOW, **changes)
    return over_socket(github.change_issue(change, config(hub)))


def proposed(hub, **changes):
    return over_socket(github.propose(replace(DOCUMENT, **changes), config(hub)))


# --------------------------------------------------------------------------------------------- opening


def test_an_issue_has_its_label_which_is_made_where_it_is_missing(hub):
    assert Opened("#17") == opened(hub)
    issue = hub.issues[17]
    assert ("Slow uploads", ["severity: P2"], "d93f0b") == (issue["title"], issue["labels"], hub.labels["severity: P2"])
    assert issue["body"].endswith("<!-- tocsin: INC-42 k3y -->")
    assert 1 == issue["body"].count(LINK)


def test_an_issue_that_was_opened_before_is_found_again_by_its_key(hub):
    """The answer was lost: the next try finds what the first one made."""
    hub.lost = ["POST /issues"]
    assert isinstance(opened(hub), Retry)
    hub.issue("another")

    assert (Opened("#17"), 2) == (opened(hub), len(hub.issues))


def test_an_issue_is_looked_for_among_the_newest_hundred(hub):
    opened(hub)
    for _ in range(99):
        hub.issue()
    assert "#17" == opened(hub).receipt
    hub.issue()

    assert "#118" == opened(hub).receipt


def test_a_label_that_may_not_be_made_is_left_out_and_said(hub):
    hub.refuse = {"POST /labels"}
    verdict = opened(hub)

    assert "the label 'severity: P2' was left out: the token may not do this in proofi/proofi-wallet" in verdict.note
    assert [] == hub.issues[17]["labels"]
    assert "was left out" in hub.issues[17]["body"]


def test_long_titles_are_cut_and_nobody_is_called_by_what_an_alert_says(hub):
    opened(hub, replace(TICKET, title="x" * 300, text="@everyone look " + "y" * 90_000))
    issue = hub.issues[17]

    assert 256 == len(issue["title"])
    assert "@everyone" not in issue["body"]
    assert issue["body"].endswith("<!-- tocsin: INC-42 k3y -->")


REFUSALS = [
    ("archived", Reject, "proofi/proofi-wallet is archived"), ("disabled", Reject, "issues are disabled"),
    ("no_access", Reject, "there is no proofi/proofi-wallet, or the token may not see it"),
    ("forbidden", Reject, "give it Issues: read and write"), ("revoked", Reject, "does not know the token"),
    ("moved", Reject, "has moved"), ("invalid", Reject, "GitHub answered 422: Validation Failed; title missing_field"),
    ("flood", Retry, "rate limit"), ("secondary", Retry, "rate limit"), ("primary", Retry, "rate limit"),
    ("down", Retry, "answered 502 with a web page"), ("html", Retry, "answered 200 with a web page"),
    ("empty", Retry, "answered 200 with nothing"), ("hang_up", Retry, "does not answer"),
]  # fmt: skip


@pytest.mark.parametrize(("mode", "kind", "words"), REFUSALS, ids=[one[0] for one in REFUSALS])
def test_what_github_refuses_is_said_in_words_and_tried_again_only_where_that_helps(hub, mode, kind, words):
    hub.mode = mode
    for verdict in (opened(hub), changed(hub, closed=True, comment="x"), proposed(hub)):
        assert isinstance(verdict, kind), verdict
        assert words.partition(":")[0].replace("give it Issues", "give it") in verdict.why or mode in (
            "no_access", "disabled", "moved",
        )  # fmt: skip
    assert words in opened(hub).why


@pytest.mark.parametrize(("mode", "seconds"), [("flood", 40), ("secondary", 60), ("primary", 300)])
def test_a_limit_says_how_long_to_wait(hub, mode, seconds):
    """By Retry-After; by the reset, counted from GitHub's own date; else a minute."""
    hub.mode = mode

    assert seconds == opened(hub).after


# --------------------------------------------------------------------------------------------- keeping it in step


def test_a_comment_a_label_and_the_end_go_out_in_order_and_once(hub):
    opened(hub)
    for _ in range(2):
        changed(hub, comment="It is a P0 now.", label="severity: P0", was_label="severity: P2", closed=True)
    issue = hub.issues[17]

    assert (["It is a P0 now."], ["severity: P0"]) == (hub.said(17), issue["labels"])
    assert ("closed", "completed") == (issue["state"], issue["state_reason"])


def test_a_comment_whose_answer_was_lost_is_not_written_twice(hub):
    opened(hub)
    hub.lost = ["POST /issues/17/comments"]

    assert isinstance(changed(hub, comment="once"), Retry)
    assert Opened("#17") == changed(hub, comment="once")
    assert ["once"] == hub.said(17)


def test_an_issue_that_is_gone_is_said_to_be_gone(hub):
    for change in ({"comment": "x"}, {"closed": True}):
        verdict = changed(hub, **change)
        assert (True, True) == (verdict.broken, "not there any more" in verdict.why)


def test_a_label_that_may_not_be_set_does_not_keep_the_issue_from_being_closed(hub):
    opened(hub)
    hub.refuse = {"POST /issues/17/labels"}

    assert "was left out" in changed(hub, label="severity: P0", closed=True).note
    assert "closed" == hub.issues[17]["state"]


def test_what_changed_is_seen_with_who_closed_it_and_no_pull_request(hub):
    for _ in range(3):
        hub.issue()
    hub.issues[18]["pull_request"] = {"url": "https://api.github.com/pulls/18"}
    hub.now = "2026-11-23T09:30:00Z"
    hub.set_state(17, "closed", "martijn")
    later = NOW + timedelta(minutes=28)

    assert (TicketSeen("#17", True, later, "martijn"), TicketSeen("#19", False, NOW)) == tuple(
        sorted(over_socket(github.look(NOW, config(hub))).seen, key=lambda one: one.name)
    )
    assert ["#17"] == [one.name for one in over_socket(github.look(later, config(hub))).seen]


def test_a_look_reads_at_most_five_pages(hub):
    for _ in range(501):
        hub.issue()

    assert (500, 5) == (len(over_socket(github.look(NOW, config(hub))).seen), hub.calls)


@pytest.mark.parametrize(
    ("text", "name"),
    [("#17", "#17"), ("17", "#17"), (" https://github.com/proofi/proofi-wallet/issues/17 ", "#17"),
     ("https://github.com/Proofi/proofi-wallet/issues/17#issuecomment-1", "#17"),
     ("https://github.com/other/one/issues/17", ""), ("PROJ-17", ""), ("", ""), ("#0", ""), ("-17", "")],
)  # fmt: skip
def test_a_ticket_is_named_by_number_or_address(text, name):
    assert name == github.name_of(text, {"repository": "proofi/proofi-wallet", "api_base": "https://api.github.com"})


def test_the_address_of_an_issue_is_beside_the_api_of_an_own_server():
    own = {"repository": "a/b", "api_base": "https://git.example.org/api/v3"}

    assert "https://git.example.org/a/b/issues/17" == github.link("#17", own)
    assert "https://github.com/a/b/issues/17" == github.link("#17", {"repository": "a/b", "api_base": ""})


# --------------------------------------------------------------------------------------------- documents


def test_a_document_is_committed_once(hub):
    hub.lost = ["PUT /contents"]
    assert isinstance(proposed(hub), Retry)
    verdict = proposed(hub)

    assert [("main", DOCUMENT.path, "Postmortem of INC-42")] == hub.commits
    assert (DOCUMENT.path, git_name(b"# Slow\n"), "") == (verdict.path, verdict.content, verdict.pull)
    assert f"{hub.url}/proofi/proofi-wallet/blob/main/{DOCUMENT.path}" == verdict.link


def test_a_later_version_takes_the_place_of_what_was_brought_there_last(hub):
    known = proposed(hub).content
    proposed(hub, text="# Slow, again\n", known=known)

    assert b"# Slow, again\n" == hub.branches["main"][DOCUMENT.path]


def test_a_name_that_is_taken_gets_a_number(hub):
    hub.branches["main"][DOCUMENT.path] = b"of somebody else"
    verdict = proposed(hub)

    assert "docs/incidents/2026-11-23-slow-2.md" == verdict.path
    assert b"of somebody else" == hub.branches["main"][DOCUMENT.path]


@pytest.mark.parametrize("how", ["commit", "pull_request"])
def test_a_file_that_people_edited_is_left_as_it_is_and_the_rest_is_proposed(hub, how):
    known = proposed(hub).content
    hub.branches["main"][DOCUMENT.path] = b"# Slow, as we know now\n"
    verdict = proposed(hub, text="# Slow, again\n", known=known, how=how)

    assert b"# Slow, as we know now\n" == hub.branches["main"][DOCUMENT.path]
    assert b"# Slow, again\n" == hub.branches["tocsin/inc-42"][DOCUMENT.path]
    assert f"{DOCUMENT.path} was edited in the repository and is left as it is" == verdict.note
    assert verdict.note in hub.pulls[0]["body"]


def test_a_pull_request_is_opened_once_and_brought_up_to_date(hub):
    hub.lost = ["POST /pulls", "POST /git/refs", "PUT /contents"]
    for _ in range(3):
        assert isinstance(proposed(hub, how="pull_request"), Retry)
    first = proposed(hub, how="pull_request")
    second = proposed(hub, how="pull_request", text="# Better\n", known=first.content)

    assert (1, first.pull, ["main", "tocsin/inc-42"]) == (len(hub.pulls), second.pull, sorted(hub.branches))
    assert b"# Better\n" == hub.branches["tocsin/inc-42"][DOCUMENT.path]
    assert DOCUMENT.path not in hub.branches["main"]
    assert ("main", "Postmortem of INC-42") == (hub.pulls[0]["base"], hub.pulls[0]["title"])
    assert hub.pulls[0]["body"].endswith("<!-- tocsin: INC-42 -->")


def test_what_people_wrote_on_the_branch_is_left_and_another_branch_is_made(hub):
    first = proposed(hub, how="pull_request")
    hub.branches["tocsin/inc-42"][DOCUMENT.path] = b"# By hand\n"
    second = proposed(hub, how="pull_request", text="# Better\n", known=first.content)

    assert (b"# By hand\n", b"# Better\n") == (
        hub.branches["tocsin/inc-42"][DOCUMENT.path],
        hub.branches["tocsin/inc-42-2"][DOCUMENT.path],
    )
    assert "was edited on tocsin/inc-42" in second.note


def test_after_a_pull_request_was_merged_the_next_version_gets_another(hub):
    first = proposed(hub, how="pull_request")
    hub.pulls[0]["state"] = "closed"
    hub.branches["main"] |= hub.branches["tocsin/inc-42"]
    assert first.content == proposed(hub, how="pull_request", known=first.content).content
    assert 1 == len(hub.pulls)

    second = proposed(hub, how="pull_request", text="# Better\n", known=first.content)
    assert ("tocsin/inc-42-2", "") == (hub.pulls[1]["head"], second.note)


def test_what_somebody_writes_in_between_is_not_overwritten(hub):
    """The file changes between the look and the write: it is looked at again, and then proposed."""
    known = proposed(hub).content
    answer = hub._content

    def meanwhile(verb, path, said, query):
        if verb == "PUT" and said["branch"] == "main":
            hub.branches["main"][path] = b"# By hand\n"
        return answer(verb, path, said, query)

    hub._content = meanwhile
    assert Retry(f"{DOCUMENT.path} changed meanwhile; it is looked at again") == proposed(
        hub, text="# Better\n", known=known
    )
    verdict = proposed(hub, text="# Better\n", known=known)

    assert isinstance(verdict, Proposed)
    assert (b"# By hand\n", True) == (hub.branches["main"][DOCUMENT.path], bool(verdict.pull))


def test_permissions_that_are_missing_are_named(hub):
    hub.refuse = {"PUT /contents"}
    assert "give it Contents: read and write" in proposed(hub).why
    hub.refuse = {"POST /pulls"}
    assert "give it Pull requests: read and write" in proposed(hub, how="pull_request").why
