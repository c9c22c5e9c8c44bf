"""E-mail: what a page looks like in a mail box, and what the server's answers mean."""

from __future__ import annotations

import email
import email.policy

import pytest
from tocsin.integrations import email as module
from tocsin.sdk import Delivered, Reject, Response, Retry

from ..fakes.smtp import FakeMail
from .helpers import feed, message, over_socket

CONFIG = {"host": "127.0.0.1", "port": 25, "from": "incidents@example.org", "security": "none"}


def composed(**changes):
    raw = module.compose(message(to="ana@example.org", **changes), "incidents@example.org")
    return email.message_from_bytes(raw, policy=email.policy.default)


def test_a_page_says_what_and_how_to_answer_in_text_and_html():
    mail = composed()

    assert "Acknowledge: http://tocsin.example.org/ack/1/2" in mail.get_body(("plain",)).get_content()
    assert 'href="http://tocsin.example.org/ack/1/2"' in mail.get_body(("html",)).get_content()
    assert ("[P0] INC-1: down", "auto-generated") == (mail["Subject"], mail["Auto-Submitted"])


def test_mails_of_one_incident_stand_in_one_thread_and_copies_share_an_id():
    first, copy, other = composed(), composed(), composed(key="page:2:0")

    assert first["References"] == other["References"]
    assert first["Message-ID"] == copy["Message-ID"] != other["Message-ID"]


def test_a_title_cannot_add_headers_or_mark_up():
    mail = composed(title="x\r\nBcc: all@example.org\r\n\r\n<b>", text="<script>")

    assert mail["Bcc"] is None
    assert "&lt;script&gt;" in mail.get_body(("html",)).get_content()


@pytest.mark.parametrize(
    ("response", "verdict"),
    [
        (Response(250, body=b"queued"), Delivered("queued")),
        (Response(451, error="later"), Retry("451 later")),
        (Response(0, error="refused"), Retry("refused")),
        (Response(550, error="no such box"), Reject("550 no such box", broken=True)),
        (Response(554, error="spam"), Reject("554 spam")),
    ],
)
def test_each_answer_has_its_verdict(response, verdict):
    assert verdict == feed(module.send(message(to="ana@example.org"), CONFIG), response)[1]


def test_an_address_that_is_none_is_rejected_at_once():
    conversation = module.send(message(to="not an address"), CONFIG)
    with pytest.raises(StopIteration) as end:
        next(conversation)

    assert isinstance(end.value.value, Reject) and end.value.value.broken


def test_over_a_real_socket():
    with FakeMail() as server:
        verdict = over_socket(
            module.send(message(to="ana@example.org", text="é" * 5000), {**CONFIG, "port": server.port})
        )

    assert (Delivered, []) == (type(verdict), server.faults)
    assert ["ana@example.org"] == [mail["To"] for mail in server.messages]
