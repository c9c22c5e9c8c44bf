"""The network client against real sockets: deadlines, caps, redaction, signatures, mail."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
import tracemalloc
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin import net
from tocsin.net import Network, redact, sign
from tocsin.sdk import ANSWER_LIMIT, Acted, Found, Line, Mail, Notice, Program, Reject, Request, Retry, Sql
from tocsin.sdk import Tested as Connection

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


# --------------------------------------------------------------------------------------------- a bad far side


@contextlib.asynccontextmanager
async def listening(serve, **changes):
    """A server of our own for as long as this lasts; gives its port."""

    async def whole(reader, writer):
        try:
            await serve(reader, writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort() if writer.transport.get_write_buffer_size() else writer.close()

    server = await asyncio.start_server(whole, "127.0.0.1", 0, **changes)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        for _ in range(5):  # turns of the loop, in which what was closed ends
            await asyncio.sleep(0)


def to(serve, outgoing, **changes):
    """Send what *outgoing(port)* makes to a server that does what *serve(reader, writer)* does."""

    async def run():
        async with listening(serve, **changes) as port:
            network = Network(lambda text: None, lambda: NOW)
            try:
                return await network.send(outgoing(port))
            finally:
                await network.close()

    return asyncio.run(run())


def raw(handle, timeout_seconds=2.0):
    """Send one request; *handle(writer)* answers it."""

    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        await handle(writer)
        await writer.drain()

    return to(serve, lambda port: Request("GET", f"http://127.0.0.1:{port}/", timeout_seconds=timeout_seconds))


def says(*chunks):
    async def handle(writer):
        for chunk in chunks:
            writer.write(chunk)

    return handle


async def drips(writer):
    """One byte now and then, for ever: every single read is quick."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        writer.write(b".")
        await writer.drain()
        await asyncio.sleep(0.02)


async def pours(writer):
    """An answer without an end."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
    while True:
        writer.write(b"x" * 65_536)
        await writer.drain()


async def heads_without_end(writer):
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-Filler: " + b"x" * 8000 + b"\r\n")
        await writer.drain()


async def resets(writer):
    writer.transport.abort()


def test_a_server_that_drips_costs_no_more_than_the_deadline():
    response = raw(drips, timeout_seconds=0.2)

    assert (0, "no answer within 0.2 s") == (response.status, response.error)


def test_an_answer_without_end_counts_with_what_was_read():
    response = raw(pours)

    assert (200, ANSWER_LIMIT) == (response.status, len(response.body))


@pytest.mark.parametrize(
    "handle",
    [
        heads_without_end, resets, says(), says(b"not HTTP at all\r\n\r\n"), says(b"HTTP/1.1 200 OK\r\nContent-Len"),
        says(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort"),
        says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
    ],
)  # fmt: skip
def test_what_is_no_http_is_no_answer(handle):
    response = raw(handle)

    assert 0 == response.status and response.error


def packed(body, encoding=b"gzip"):
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: " + encoding + b"\r\nContent-Length: %d\r\n\r\n" % len(body)
    return says(head + body)


@pytest.mark.parametrize(
    ("pack", "encoding"), [(gzip.compress, b"gzip"), (gzip.compress, b"X-GZIP"), (zlib.compress, b"deflate")]
)
def test_an_answer_that_is_packed_all_the_same_is_read(pack, encoding):
    assert {"ok": True} == raw(packed(pack(b'{"ok": true}'), encoding)).json


def test_a_bomb_is_unpacked_no_further_than_the_limit():
    """300 KB on the wire would be 300 MB in memory."""
    bomb = zlib.compressobj(9, wbits=31)
    body = b"".join(bomb.compress(b"\0" * 1_000_000) for _ in range(300)) + bomb.flush()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        response = raw(packed(body), timeout_seconds=10)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert (200, ANSWER_LIMIT) == (response.status, len(response.body))
    assert peak - before < 10_000_000


def test_what_only_claims_to_be_packed_keeps_its_status():
    response = raw(packed(b"plain text"))

    assert (200, b"") == (response.status, response.body)


def test_no_cookie_is_kept():
    """What one destination sets is never sent again, to it or to another."""

    seen = []

    class Cookies(FakeServer):
        def answer(self, path, headers, body):
            seen.append(headers.get("Cookie", ""))
            return 200, {"Set-Cookie": "a=b; Path=/"}, b""

    with Cookies() as server:
        send(*(Request("GET", server.url) for _ in range(2)))

    assert ["", ""] == seen


def test_no_proxy_is_taken_from_the_environment(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    with Endless() as server:
        [response] = send(Request("GET", server.url))

    assert 200 == response.status


def test_one_dead_destination_does_not_hold_up_another():
    """While one request waits out its deadline, the next one is through."""

    async def run(silent, server):
        network = Network(lambda text: None, lambda: NOW)
        try:
            slow = asyncio.create_task(network.send(Request("GET", silent, timeout_seconds=5)))
            quick = await network.send(Request("GET", server.url))
            was_waiting = not slow.done()
            slow.cancel()
            await asyncio.gather(slow, return_exceptions=True)
            return quick.status, was_waiting
        finally:
            await network.close()

    with socket.create_server(("127.0.0.1", 0)) as silent, Endless() as server:
        assert (200, True) == asyncio.run(run(f"http://127.0.0.1:{silent.getsockname()[1]}/", server))


@pytest.mark.parametrize(
    "request_",
    [
        Request("GET", ""), Request("GET", "no scheme"), Request("GET", "ftp://x.example/"), Request("GET", "http://"),
        Request("GET", "http://127.0.0.1:99999/"), Request("GET", "http://a..b/"), Request("GET", "http://\x00/"),
        Request("GET", "http://" + "a" * 300 + ".example/"), Request("GET", "http://127.0.0.1:1/", {"X": "ü"}),
        Request("GET", "http://127.0.0.1:1/", {"X": "a\r\nY: b"}), Request("G T", "http://127.0.0.1:1/"),
    ],
    ids=repr,
)  # fmt: skip
def test_an_address_that_is_none_is_no_answer(request_):
    [response] = send(request_)

    assert 0 == response.status and response.error


def test_a_certificate_that_nobody_vouches_for_is_refused(certificate):
    """TLS is checked: a stranger in between gets nothing."""

    async def serve(reader, writer):
        pass

    response = to(serve, lambda port: Request("GET", f"https://127.0.0.1:{port}/"), ssl=certificate.context)

    assert 0 == response.status
    assert "the certificate is not valid" in response.error


# --------------------------------------------------------------------------------------------- conversations, secrets


def test_a_conversation_of_several_steps_is_carried_to_its_end():
    def conversation():
        first = yield Request("POST", server.url, json={"n": 1})
        second = yield Request("POST", server.url, json={"n": first.json["n"] + 1})
        return second.json

    async def run():
        network = Network(lambda text: None, lambda: NOW)
        try:
            return await network.converse(conversation())
        finally:
            await network.close()

    with Endless() as server:
        assert {"n": 2} == asyncio.run(run())


def test_a_reason_that_repeats_a_secret_is_cleaned():
    """Some providers say what they were sent; it must not get into the store."""

    async def run(verdict):
        def conversation():
            yield Line("x")
            return verdict

        network = Network(lambda text: None, lambda: NOW)
        try:
            return await network.converse(conversation())
        finally:
            await network.close()

    token = "7012345678:AAH" + "x" * 32

    assert Retry("no such bot: ***", 5.0) == asyncio.run(run(Retry(f"no such bot: {token}", 5.0)))
    assert Reject("/bot***/x", broken=True) == asyncio.run(run(Reject("/bot1:a/x", broken=True)))


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("GET https://api.telegram.org/bot123:abc/sendMessage", "GET https://api.telegram.org/bot***/sendMessage"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
        ("{'Authorization': 'Basic dXNlcjpwYXNz'}", "{'Authorization': 'Basic ***'}"),
        ("sent Bearer abcdefgh12 to it", "sent Bearer *** to it"),
        ('{"password": "two words", "a": 1}', '{"password": ***, "a": 1}'),
        ("api_key=abc&x=1", "api_key=***&x=1"),
        ("postgresql://me:p@ss@db.example/x", "postgresql://me:***@db.example/x"),
        ("nothing secret at 10:30, https://x.example/a?b=c", "nothing secret at 10:30, https://x.example/a?b=c"),
    ],
)
def test_what_looks_like_a_secret_is_taken_out(text, cleaned):
    assert cleaned == redact(text)


def test_a_secret_that_is_known_is_taken_out_wherever_it_stands():
    assert "login of *** failed" == redact("login of hunter2 failed", "hunter2", "")


@given(st.text(max_size=200))
def test_redacting_twice_changes_nothing_more(text):
    assert redact(redact(text)) == redact(text)


def test_a_password_that_the_mail_server_repeats_is_taken_out():
    with FakeMail() as server:
        server.answer = "550 5.7.1 hunter2-of-the-box is wrong"
        [response] = send(mail(server.port, password="hunter2-of-the-box"))

    assert (550, "5.7.1 *** is wrong") == (response.status, response.error)


def test_a_request_shows_its_secrets_nowhere_in_its_repr():
    shown = repr(Request("GET", "http://x", sign_with="hunter2")) + repr(mail(25, password="hunter2"))

    assert "hunter2" not in shown


# --------------------------------------------------------------------------------------------- mail


def test_a_date_that_is_there_stays():
    message = b"Date: Mon, 23 Nov 2026 08:00:00 +0000\r\nSubject: s\r\n\r\nHello\r\n"
    with FakeMail() as server:
        send(mail(server.port, message=message))

    assert 8 == server.messages[0]["Date"].datetime.hour
    assert 1 == len(server.messages[0].get_all("Date"))


def test_a_mail_server_that_never_answers_costs_no_more_than_the_deadline():
    with FakeMail() as server:
        server.answer = "slow"
        [response] = send(mail(server.port, timeout_seconds=0.3))

    assert (0, "no answer within 0.3 s") == (response.status, response.error)


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\n\r\n", b"220"])
def test_a_mail_server_that_hangs_up_or_cannot_speak_is_no_answer(said):
    async def serve(reader, writer):
        writer.write(said)

    response = to(serve, lambda port: mail(port, timeout_seconds=1))

    assert 0 == response.status and response.error


@pytest.mark.parametrize("wrong", [{"host": "no-such-host.invalid"}, {"host": "a\x00b"}, {"port": 99_999}])
def test_a_mail_server_that_is_none_is_no_answer(wrong):
    [response] = send(mail(**{"port": 1, **wrong}))

    assert 0 == response.status and response.error


def test_starttls_with_a_certificate_that_nobody_vouches_for_sends_nothing(certificate):
    with FakeMail(certificate.context) as server:
        [response] = send(mail(server.port, security="starttls"))

    assert (0, []) == (response.status, server.messages)


def test_starttls_with_a_good_certificate_sends(certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.file))  # the machine's own list of who vouches
    with FakeMail(certificate.context) as server:
        [response] = send(mail(server.port, security="starttls"))

    assert (250, 1) == (response.status, len(server.messages))


@dataclass(frozen=True)
class Certificate:
    file: Path
    context: ssl.SSLContext


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate of this machine's own making, for 127.0.0.1 and hooks.example.org."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs the openssl command")
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1,DNS:hooks.example.org", "-keyout", "key.pem", "-out", "cert.pem"],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return Certificate(folder / "cert.pem", context)


def test_a_mail_that_was_taken_is_delivered_though_the_goodbye_hangs(monkeypatch):
    """Once the server has it, it would only be sent twice."""
    monkeypatch.setattr(net, "GOODBYE_SECONDS", 0.05)

    async def serve(reader, writer):
        writer.write(b"220 hi\r\n")
        for answer in (b"250 hi\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go on\r\n"):  # EHLO, MAIL, RCPT, DATA
            await reader.readline()
            writer.write(answer)
        await reader.readuntil(b"\r\n.\r\n")
        writer.write(b"250 2.0.0 taken\r\n")
        await reader.read()  # QUIT is not answered

    response = to(serve, lambda port: mail(port, timeout_seconds=2))

    assert (250, b"2.0.0 taken") == (response.status, response.body)


def test_headers_that_depend_on_the_instant_are_made_when_it_is_sent():
    class Echo(FakeServer):
        def answer(self, path, headers, body):
            return 200, {"X-Got": headers.get("X-At", "")}, b""

    with Echo() as server:
        [response] = send(Request("POST", server.url, headers_at=lambda at: {"X-At": at.isoformat()}))

    assert NOW.isoformat() == response.headers["x-got"]


def test_the_path_of_a_webhook_does_not_show_in_errors():
    """Whoever has the address of a chat's webhook may write there."""
    request = Request("POST", "http://127.0.0.1:1/hooks/secret-of-the-hook")

    assert "no route to /***" == net._words("no route to /hooks/secret-of-the-hook", request)
    assert "no route to ***" == net._words("no route to http://127.0.0.1:1/hooks/secret-of-the-hook", request)


@pytest.mark.filterwarnings("ignore:'imghdr':DeprecationWarning")  # one of apprise's services still asks for it
def test_a_notice_that_hangs_costs_no_more_than_the_deadline():
    """The library blocks in a thread of its own, which is left behind."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"json://127.0.0.1:{silent.getsockname()[1]}/secret-of-the-hook"
        known, unknown = send(Notice(url, "t", "b", timeout_seconds=0.3), Notice("nosuch://x", "t", "b"))

    assert (0, "no answer within 0.3 s") == (known.status, known.error)
    assert (400, "apprise does not know this kind of address") == (unknown.status, unknown.error)
    assert "secret-of-the-hook" not in repr(Notice(url, "t", "b"))


def test_starting_up_does_not_load_apprise():
    """It takes about a second, and only who uses it should wait for it."""
    code = "import sys, tocsin.wiring; from tocsin import plugins; plugins.load(); sys.exit('apprise' in sys.modules)"
    assert 0 == subprocess.run([sys.executable, "-c", code], check=False).returncode


# --------------------------------------------------------------------------------------------- addresses of strangers


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True), ("2a00:1450:4009::1", True), ("127.0.0.1", False), ("10.1.2.3", False), ("172.16.0.1", False),
        ("192.168.0.1", False), ("169.254.169.254", False), ("100.64.0.1", False), ("192.0.0.8", False), ("0.0.0.0", False),
        ("198.18.0.1", False), ("224.0.0.1", False), ("240.0.0.1", False), ("255.255.255.255", False), ("::1", False), ("::", False),
        ("fe80::1", False), ("fe80::1%eth0", False), ("fc00::1", False), ("ff02::1", False), ("::ffff:8.8.8.8", False),
        ("::8.8.8.8", False), ("64:ff9b::808:808", False), ("2002:808:808::1", False), ("2001:0:1::1", False), ("2001:db8::1", False),
    ],
)  # fmt: skip
def test_what_counts_as_an_address_of_the_open_internet(address, public):
    assert public == net.is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/", "https://127.1/", "https://0x7f.1/", "https://2130706433/", "https://localhost/", "https://[::1]/",
        "https://[::ffff:127.0.0.1]/", "https://169.254.169.254/latest/meta-data", "http://8.8.8.8/", "https://8.8.8.8:22/",
        "https://user:password@8.8.8.8/", "ftp://8.8.8.8/", "https://no-such-host.invalid/", "https:///", "x",
    ],
)  # fmt: skip
def test_a_stranger_leads_us_nowhere_that_is_not_public(url):
    (response,) = send(Request("POST", url, json={}, public=True))
    assert 0 == response.status
    assert response.error


def test_the_address_that_was_judged_is_the_one_connected_to():
    """The name is looked up once: a second answer, of a name server that changes its mind, is never asked for."""
    asked = []

    async def resolve(host, port):
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    with Endless() as server:
        port = int(server.url.rpartition(":")[2])
        seen = {}
        server.answer = lambda path, headers, body: (seen.update(headers), (302, {"Location": server.url}, b""))[1]
        outside = net.Outside(("http",), (port,), lambda address: address == "127.0.0.1", resolve)

        async def run():
            network = Network(lambda text: None, lambda: NOW, outside)
            try:
                one = Request("POST", f"http://hooks.example.org:{port}/x?y=1", json={}, public=True)
                return [await network.send(one), await network.send(one)]
            finally:
                await network.close()

        first, second = asyncio.run(run())

    assert (302, 0) == (first.status, second.status)  # no redirect is followed; the second look-up was refused
    assert f"hooks.example.org:{port}" == seen["Host"]
    assert "not public" in second.error


def test_of_a_host_with_several_addresses_all_must_be_public():
    async def resolve(host, port):
        return ["8.8.8.8", "10.0.0.1"]

    async def run():
        network = Network(lambda text: None, lambda: NOW, net.Outside(resolve=resolve))
        try:
            return await network.send(Request("GET", "https://two.example.org/", public=True))
        finally:
            await network.close()

    assert "not public" in asyncio.run(run()).error


@pytest.mark.parametrize(("host", "status"), [("hooks.example.org", 200), ("other.example.org", 0)])
def test_a_stranger_proves_its_name_by_tls_though_a_number_is_connected_to(certificate, host, status):
    """The certificate is good for the number too: it is the name of the address that must stand in it."""

    async def resolve(host, port):
        return ["127.0.0.1"]

    with Endless() as server:
        listener = server._server
        listener.socket = certificate.context.wrap_socket(listener.socket, server_side=True)
        port = listener.server_address[1]

        async def run():
            network = Network(
                lambda text: None, lambda: NOW, net.Outside(ports=(port,), allows=lambda _: True, resolve=resolve)
            )
            trusted = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=certificate.file))
            network._sessions[True] = aiohttp.ClientSession(connector=trusted, auto_decompress=False)
            try:
                return await network.send(Request("POST", f"https://{host}:{port}/x", json={"a": 1}, public=True))
            finally:
                await network.close()

        response = asyncio.run(run())
    assert status == response.status
    assert ("certificate" in response.error.lower()) == (status == 0)


def test_a_program_runs_without_a_shell_and_in_a_clean_environment(monkeypatch):
    """What it says comes back; a shell's signs mean nothing, and nothing of our environment is in its own."""
    monkeypatch.setenv("TOCSIN_SECRET_KEY", "hidden")
    said, listed = send(Program(("expr", "$(id)", ";", "3")), Program(("env",)))

    assert (400, "2") == (said.status, said.headers["exit"])
    assert listed.status == 200
    assert b"PATH=" in listed.body
    assert b"hidden" not in listed.body


def test_a_program_that_does_not_end_is_ended_with_its_children(tmp_path):
    mark = tmp_path / "still-here"
    (answer,) = send(Program(("sh", "-c", f"(sleep 1; touch {mark}) & sleep 60"), timeout_seconds=0.3))
    time.sleep(1.2)

    assert (0, "no answer within 0.3 s") == (answer.status, answer.error)
    assert not mark.exists()


def test_a_program_that_is_not_there_says_so():
    (answer,) = send(Program(("no-such-program",)))

    assert answer.status == 0
    assert "no-such-program could not be started" in answer.error


def test_what_a_database_refuses_is_an_answer_and_its_password_is_not_told(postgres):
    rows, wrong, away = send(
        Sql(postgres, (("SELECT %s::int + 1, 'two'", (1,)),)),
        Sql(postgres, (("SELECT nothing FROM nowhere", ()),)),
        Sql("postgresql://tocsin:geheim-99@127.0.0.1:1/app", (("SELECT 1", ()),)),
    )

    assert [[2, "two"]] == rows.json
    assert (400, "42P01") == (wrong.status, wrong.headers["sqlstate"])
    assert away.status == 0
    assert "geheim-99" not in away.error


def test_a_program_that_writes_without_end_is_read_to_its_limit_and_runs_to_its_end(tmp_path):
    """A pipe that nobody empties would stop it; all of it in memory would stop us."""
    mark = tmp_path / "done"
    words = ("sh", "-c", f"head -c 30000000 /dev/zero | tr '\\0' x; touch {mark}; exit 3")
    (answer,) = send(Program(words))

    assert (400, "3") == (answer.status, answer.headers["exit"])
    assert b"x" * ANSWER_LIMIT == answer.body
    assert mark.exists()


def test_which_statement_a_database_refused_is_told(postgres):
    (answer,) = send(Sql(postgres, (("SELECT 1", ()), ("SELECT nothing FROM nowhere", ()), ("SELECT 2", ()))))

    assert ("42P01", "1") == (answer.headers["sqlstate"], answer.headers["statement"])


@pytest.mark.parametrize(
    "value",
    [
        Acted("failed", "you sent token-of-the-vendor-1"),
        Found("the log says token-of-the-vendor-1"),
        [Found("the log says token-of-the-vendor-1")],
        Connection(True, missing=("no token-of-the-vendor-1 here",), text="it is token-of-the-vendor-1"),
        Reject("Bearer token-of-the-vendor-1 is refused"),
    ],
)
def test_what_a_tool_says_does_not_repeat_what_it_was_sent(value):
    def conversation():
        yield Request("GET", "http://127.0.0.1:1/", {"X-Key": "token-of-the-vendor-1", "Accept": "application/json"})
        return value

    async def run():
        network = Network(print, lambda: datetime(2026, 11, 23, tzinfo=UTC))
        try:
            return await network.converse(conversation())
        finally:
            await network.close()

    said = repr(asyncio.run(run()))
    assert "token-of-the-vendor-1" not in said
    assert "***" in said


def test_many_conversations_go_side_by_side_and_none_holds_up_or_breaks_another():
    """One hangs, one raises, one returns: each has its own end, within the deadline of one."""

    class Odd(FakeServer):
        def answer(self, path, headers, body):
            return self.hang() if path == "/hang" else (200, {}, b"{}")

    def asks(path):
        answer = yield Request("GET", server.url + path)
        return answer.status

    def breaks():
        raise RuntimeError("a bug")
        yield

    async def run():
        network = Network(print, lambda: NOW)
        try:
            return await network.each([lambda: asks("/hang"), breaks, lambda: asks("/")], 0.5)
        finally:
            await network.close()

    with Odd() as server:
        hung, broke, fine = asyncio.run(run())

    assert (TimeoutError, RuntimeError, 200) == (type(hung), type(broke), fine)
