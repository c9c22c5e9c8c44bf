"""The network client against real sockets: deadlines, caps, redaction, signatures, mail."""

from __future__ import annotations

import asyncio
import socket
import threading
from datetime import UTC, datetime

import pytest
from tocsin.net import ANSWER_LIMIT, Network, redact, sign
from tocsin.sdk import Line, Mail, Request

from .fakes.smtp import FakeMail
from .fakes.web import FakeServer, FakeWebhook

NOW = datetime(2026, 11, 23, 9, 2, tzinfo=UTC)


def send(*outgoing, console=lambda text: None):
    async def run():
        network = Network(console, lambda: NOW)
        try:
            return [await network.send(one) for one in outgoing]
        finally:
            await network.close()

    return asyncio.run(run())


class Endless(FakeServer):
    def answer(self, path, headers, body):
        if path == "/big":
            return 200, {}, b"x" * (ANSWER_LIMIT * 4)
        if path == "/moved":
            return 302, {"Location": "/big"}, b""
        return 200, {"X-Got": headers.get("Accept-Encoding", "")}, body


def test_a_request_carries_its_json_and_gets_the_answer():
    with Endless() as server:
        [response] = send(Request("POST", f"{server.url}/", json={"a": "é"}))

    assert (200, {"a": "é"}, "identity") == (response.status, response.json, response.headers["x-got"])


def test_an_endless_answer_is_cut_and_a_redirect_is_not_followed():
    with Endless() as server:
        big, moved = send(Request("GET", f"{server.url}/big"), Request("GET", f"{server.url}/moved"))

    assert ANSWER_LIMIT == len(big.body)
    assert 302 == moved.status


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/", "http://no-such-host.invalid/", "http://[bad/", "https://127.0.0.1:1/"]
)
def test_no_answer_is_a_response_with_a_reason(url):
    [response] = send(Request("GET", url))

    assert 0 == response.status and response.error


def test_the_deadline_counts_in_total():
    """A server that takes the connection and says nothing costs no more than the request's own time."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        [response] = send(Request("GET", f"http://127.0.0.1:{silent.getsockname()[1]}/", timeout_seconds=0.2))

    assert (0, "no answer within 0.2 s") == (response.status, response.error)


def test_secrets_never_show_in_errors():
    assert "123:abc" not in redact("GET https://api.telegram.org/bot123:abc/sendMessage failed")
    assert "hunter2" not in redact("smtp://me:hunter2@mail.example.org refused")
    assert "tok" not in redact("Authorization: tok")


def test_a_signature_holds_and_is_over_the_instant_too():
    with FakeWebhook("secret-of-the-webhook") as hook:
        good, bad = send(
            Request("POST", hook.url, json={"a": 1}, sign_with="secret-of-the-webhook"),
            Request("POST", hook.url, json={"a": 1}, sign_with="another-secret-here"),
        )

    assert (200, 401) == (good.status, bad.status)
    assert sign("k", b"body", NOW).startswith("t=1795424520,v1=")


def mail(port, **changes):
    given = {
        "host": "127.0.0.1", "port": port, "security": "none", "username": "", "password": "",
        "sender": "a@example.org", "recipients": ("b@example.org",),
        "message": b"From: a@example.org\r\nTo: b@example.org\r\nSubject: s\r\nMessage-ID: <1@x>\r\n"
        b"Auto-Submitted: auto-generated\r\n\r\nHello\r\n",
    }  # fmt: skip
    return Mail(**{**given, **changes})


def test_mail_goes_out_with_a_date():
    with FakeMail() as server:
        [response] = send(mail(server.port))

    assert 250 == response.status
    assert ([], NOW) == (server.faults, server.messages[0]["Date"].datetime)


@pytest.mark.parametrize("answer", ["451 try later", "550 no such box"])
def test_a_refusal_of_the_mail_server_comes_back_with_its_code(answer):
    with FakeMail() as server:
        server.answer = answer
        [response] = send(mail(server.port))

    assert int(answer[:3]) == response.status


def test_no_mail_server_is_no_answer():
    [response] = send(mail(1))
    assert 0 == response.status


def test_starttls_that_the_server_does_not_know_is_not_sent_in_the_clear():
    with FakeMail() as server:
        [response] = send(mail(server.port, security="starttls"))

    assert (0, []) == (response.status, server.messages)


def test_a_line_goes_to_the_console():
    lines = []
    [response] = send(Line("hello"), console=lines.append)

    assert (200, ["hello"]) == (response.status, lines)


def test_a_bug_in_a_conversation_stays_loud():
    def broken():
        yield Line("x")
        raise ZeroDivisionError

    async def run():
        network = Network(lambda text: None, lambda: NOW)
        try:
            await network.converse(broken())
        finally:
            await network.close()

    with pytest.raises(ZeroDivisionError):
        asyncio.run(run())
    assert threading.current_thread() is threading.main_thread()
