"""apprise: what goes to its library, and what its yes and no mean."""

from __future__ import annotations

import pytest

from tests.fakes.vendor import FakeService
from tocsin.integrations import apprise
from tocsin.sdk import Delivered, Reject, Response, Retry

from .helpers import feed, message, over_socket

CONFIG = {"url": "json://127.0.0.1/hook"}


def sent(**changes):
    [notice], _ = feed(apprise.send(message(to="ana", **changes), CONFIG), Response(200))
    return notice


def test_a_page_has_its_links_before_its_text():
    notice = sent(text="@everyone look")

    assert ("[P0] INC-1: down", True) == (notice.title, notice.urgent)
    assert [
        "For ana", "Acknowledge: http://tocsin.example.org/ack/1/2", "http://tocsin.example.org/incidents/INC-1", "",
        "@\u200beveryone look",
    ] == notice.body.split("\n")  # fmt: skip
    assert "hook" not in repr(notice), "the address is a secret"


def test_a_text_of_the_runbook_goes_out_alone():
    notice = sent(plain=True, text="**Stars** stay", acknowledge_link="")

    assert ("", "**Stars** stay") == (notice.title, notice.body)


@pytest.mark.parametrize(
    ("response", "verdict"),
    [
        (Response(200), Delivered()),
        (Response(400, error="unknown"), Reject("unknown", broken=True)),
        (Response(502, error="no"), Retry("no")),
        (Response(0, error="no answer within 10 s"), Retry("no answer within 10 s")),
    ],
)
def test_each_answer_has_its_verdict(response, verdict):
    assert verdict == feed(apprise.send(message(), CONFIG), response)[1]


def test_a_channel_without_an_address_is_rejected_at_once():
    with pytest.raises(StopIteration) as end:
        next(apprise.send(message(), {"url": ""}))

    assert end.value.value.broken


@pytest.mark.filterwarnings("ignore:'imghdr':DeprecationWarning")  # one of apprise's services still asks for it
def test_over_a_real_socket_through_the_library():
    with FakeService() as server:
        verdict = over_socket(apprise.send(message(to="ana"), {"url": server.address}))
        assert (Delivered(), "[P0] INC-1: down") == (verdict, server.taken[0]["title"])

        server.mode = "down"
        failed = over_socket(apprise.send(message(to="ana"), {"url": server.address}))

    assert isinstance(failed, Retry) and "token-of-the-service" not in failed.why
