"""Microsoft Teams: a card that reads as it is, and answers that are believed only with their proof."""

from __future__ import annotations

import pytest

from tests.fakes.teams import FakeTeams
from tocsin.integrations import teams
from tocsin.sdk import Delivered, Reject, Response, Retry

from .helpers import answer, feed, message, over_socket

CONFIG = {"url": "https://example.org/workflows/1"}


def card(**changes):
    [request], _ = feed(teams.send(message(to="ana", **changes), CONFIG), Response(202))
    return request.json["attachments"][0]["content"]


def texts(part):
    return [run["text"] for block in part for run in block.get("inlines", [])]


def test_a_page_is_a_card_on_its_colour_with_its_two_buttons():
    made = card()
    head, *rest = made["body"]

    assert ("attention", ["[P0] INC-1: down"]) == (head["style"], texts(head["items"]))
    assert ["For ana", "Service: proofi.ai"] == texts(rest)
    assert [
        ("Acknowledge", "http://tocsin.example.org/ack/1/2"), ("Open", "http://tocsin.example.org/incidents/INC-1")
    ] == [(a["title"], a["url"]) for a in made["actions"]]  # fmt: skip


def test_a_text_of_the_runbook_goes_out_alone_and_line_by_line():
    made = card(plain=True, text="**Title**\n\n- one [x](https://evil.example)", acknowledge_link="")

    assert (["**Title**", "- one [x](https://evil.example)"], []) == (texts(made["body"]), made["actions"])
    assert {"RichTextBlock"} == {part["type"] for part in made["body"]}, "a TextRun reads no Markdown: nothing can lie"


def test_very_many_lines_end_in_one():
    assert 60 == len(card(plain=True, text="\n".join("line" for _ in range(500)), acknowledge_link="")["body"])


@pytest.mark.parametrize(
    ("response", "verdict"),
    [
        (Response(202, {"x-ms-workflow-run-id": "r1"}), Delivered("r1")),
        (Response(200, body=b"1"), Delivered()),
        (Response(200), Delivered()),
        (Response(200, body=b"Webhook message delivery failed"), Retry("Webhook message delivery failed")),
        (answer(200, {"error": {"code": "Busy"}}), Retry("Busy")),
        (answer(400, {"error": {"code": "TriggerInputSchemaMismatch"}}), Reject("TriggerInputSchemaMismatch")),
        (answer(400, {"error": {"code": "WorkflowTriggerIsNotEnabled"}}),
         Reject("WorkflowTriggerIsNotEnabled", broken=True)),
        (answer(401, {"error": {"code": "AuthorizationFailed"}}), Reject("AuthorizationFailed", broken=True)),
        (Response(404), Reject("status 404", broken=True)),
        (Response(429, {"retry-after": "17"}), Retry("status 429", 17.0)),
        (Response(504), Retry("status 504")),
        (Response(0, error="refused"), Retry("refused")),
    ],
)  # fmt: skip
def test_each_answer_has_its_verdict(response, verdict):
    assert verdict == feed(teams.send(message(), CONFIG), response)[1]


def test_what_is_no_address_is_rejected_at_once():
    with pytest.raises(StopIteration) as end:
        next(teams.send(message(), {"url": ""}))

    assert end.value.value.broken


@pytest.mark.parametrize("old", [True, False])
def test_over_a_real_socket_a_card_fits(old):
    with FakeTeams() as server:
        server.old = old
        verdict = over_socket(teams.send(message(text='é"' * 20_000, title="x" * 2000), {"url": server.hook}))

    assert (Delivered("" if old else "run-1"), []) == (verdict, server.faults)
