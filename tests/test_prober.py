"""The prober against real sockets: each kind of target, what is slow, silent, broken or redirected, and when it looks."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tocsin import net_looks, plugins
from tocsin.core.runbook_probes import Probe
from tocsin.net import Network
from tocsin.prober import ANSWER_BYTES, Prober, look_at
from tocsin.store import migrate
from tocsin.store import probes as store
from tocsin.store.db import Busy, Database
from tocsin.usecases import configure
from tocsin.usecases.configure import Setup

from .fakes.web import FakeServer

BOOK = """
version: 1
people: {{ana: {{name: Ana}}}}
services: {{shop: {{}}}}
probes: {{{probes}}}
severities: {{P0: {{title: x, respond_within: 1h, resolve_within: 1d, protocol: p}}}}
protocols: {{p: {{duties: []}}}}
"""


def now():
    return datetime.now(UTC)


class Target(FakeServer):
    """Answers by its path, and remembers when it was asked for what."""

    def __init__(self):
        super().__init__()
        self.asked: list[tuple[str, float, dict[str, str], bytes]] = []

    def answer(self, path, headers, body):
        self.asked.append((path, time.monotonic(), headers, body))
        if path.startswith("/hang"):
            return self.hang()
        if path == "/slow":
            self.released.wait(1.2)
        if path == "/rpc":
            return 200, {}, json.dumps({"id": 1, "result": {"peers": 1, "isSyncing": False}}).encode()
        if path == "/echo":
            return 200, {}, f"you sent {headers['X-Key']}".encode()
        answers = {
            "/broken": (503, {}, b"oops"), "/moved": (302, {"Location": "/ok"}, b""), "/empty": (200, {}, b""),
            "/html": (200, {}, b"<html>maintenance"), "/json": (200, {}, b'{"status": "ok"}'), "/dropped": (0, {}, b""),
            "/big": (200, {}, b"x" * (4 * ANSWER_BYTES) + b"the end"), "/text": (200, {}, "Müller".encode()),
        }  # fmt: skip
        return answers.get(path, (200, {}, b"ok"))


@pytest.fixture
def target():
    with Target() as server:
        yield server


def look(data=Path(), **keys):
    probe = Probe.model_validate({"service": "x", "every": "30s", **keys})

    async def run():
        network = Network(lambda text: None, now)
        try:
            return await look_at(network, probe, data, now)
        finally:
            await network.close()

    return asyncio.run(run())


FAST = {"within": "1s"}


@pytest.mark.parametrize(
    ("path", "expect", "check", "why"),
    [
        ("/ok", {}, "", ""),
        ("/broken", {"status": "<500"}, "http_5xx", "status 503, expected <500"),
        ("/moved", {}, "", ""),  # it is not followed
        ("/moved", {"status": 200}, "bad_answer", "status 302, expected 200"),
        ("/slow", FAST, "slow", "the answer took 1."),
        ("/hang", FAST, "unreachable", "no answer within 2 s"),
        ("/dropped", {}, "unreachable", "the connection was closed before the answer was whole"),
        ("/json", {"json": {"status": "ok"}}, "", ""),
        ("/html", {"json": {"status": "ok"}}, "bad_answer", "the answer is not JSON: it is an HTML page"),
        ("/empty", {"json": {"status": "ok"}}, "bad_answer", "the answer is not JSON: it is empty"),
        ("/empty", {}, "", ""),
        ("/big", {}, "", ""),
        ("/big", {"text": "the end"}, "bad_answer", "the answer does not hold the end in the first 256 KB"),
        ("/text", {"text": "Müller"}, "", ""),
    ],
)
def test_what_an_http_target_answers(target, path, expect, check, why):
    seen = look(http=target.url + path, expect=expect)
    assert check == seen.check, seen
    assert seen.why.startswith(why) and bool(seen.why) == bool(why)
    assert (seen.milliseconds is None) == (check == "unreachable")
    assert [path] == [asked[0] for asked in target.asked][:1]


def test_headers_go_out_and_come_back_in_no_sentence(target):
    seen = look(http=target.url + "/ok", headers={"Authorization": "Bearer very-secret"})
    assert "Bearer very-secret" == target.asked[0][2]["Authorization"]
    assert "" == seen.why
    echoed = look(http=target.url + "/echo", headers={"X-Key": "very-secret"}, expect={"json": {"a": 1}})
    assert "the answer is not JSON: you sent ***" == echoed.why
    assert "very-secret" not in look(http="http://127.0.0.1:1/very-secret").why


def test_a_refused_connection_is_said_in_words():
    port = free_port()
    seen = look(http=f"http://127.0.0.1:{port}/x")
    assert ("unreachable", f"cannot connect to 127.0.0.1:{port}: connection refused") == (seen.check, seen.why)
    seen = look(tcp=f"127.0.0.1:{port}")
    assert ("unreachable", f"cannot connect to 127.0.0.1:{port}: connection refused") == (seen.check, seen.why)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def test_a_call_goes_out_as_json_rpc(target):
    assert "" == look(jsonrpc=target.url + "/rpc", method="system_health").check
    _, _, headers, body = target.asked[0]
    assert {"jsonrpc": "2.0", "id": 1, "method": "system_health", "params": []} == json.loads(body)
    assert "application/json" == headers["Content-Type"]
    assert "bad_answer" == look(jsonrpc=target.url + "/html", method="system_health").check


@contextmanager
def listening(send=b"", *, accepts=True):
    """A server that speaks first, or never does."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(8)
        kept = []

        def serve():
            try:
                while accepts:
                    one, _ = server.accept()
                    one.sendall(send)
                    kept.append(one)
            except OSError:
                pass

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]
        for one in kept:
            one.close()


def test_a_tcp_target_takes_a_connection_and_may_have_to_speak():
    with listening(b"SSH-2.0-OpenSSH\r\n") as port:
        assert "" == look(tcp=f"127.0.0.1:{port}").check
        assert "" == look(tcp="127.0.0.1", port=port, expect={"text": "SSH-2.0"}).check
        assert "bad_answer" == look(tcp=f"127.0.0.1:{port}", expect={"text": "220 ", **FAST}).check


def test_a_socket_that_is_open_and_silent_is_found():
    with listening(accepts=False) as port:  # the system takes the connection, nobody serves it
        assert "" == look(tcp=f"127.0.0.1:{port}").check
        assert "bad_answer" == look(tcp=f"127.0.0.1:{port}", expect={"text": "SSH", **FAST}).check
        seen = look(http=f"http://127.0.0.1:{port}", expect=FAST)
        assert ("unreachable", "no answer within 2 s") == (seen.check, seen.why)


def test_a_name_is_looked_up():
    assert "" == look(dns="localhost", expect={"address": ["127.0.0.1"]}).check
    seen = look(dns="localhost", expect={"address": ["192.0.2.1"]})
    assert ("bad_answer", "localhost A is 127.0.0.1, expected 192.0.2.1") == (seen.check, seen.why)


@pytest.mark.parametrize(
    ("error", "check", "why"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "bad_answer", "x.test A: there is no such name"),
        (socket.gaierror(socket.EAI_AGAIN, "Temporary failure"), "unreachable", "the name cannot be looked up"),
    ],
)  # fmt: skip
def test_a_name_that_is_not_there_is_another_thing_than_a_name_server_that_is_not(monkeypatch, error, check, why):
    def fails(*_):
        raise error

    monkeypatch.setattr(socket, "getaddrinfo", fails)
    seen = look(dns="x.test")
    assert check == seen.check and seen.why.startswith(why)
    seen = look(http="http://x.test/")
    assert "unreachable" == seen.check and seen.why.startswith("the name x.test cannot be looked up")


def test_a_name_server_that_hangs_holds_back_nobody_else(monkeypatch, target):
    """However many names hang, addresses that are numbers, and names that others look up, are reached."""
    released, real = threading.Event(), socket.getaddrinfo

    def hangs(host, *rest):
        if host == "hangs.test":
            released.wait(20)
        return real(host, *rest) if host != "hangs.test" else []

    monkeypatch.setattr(socket, "getaddrinfo", hangs)

    async def run():
        network = Network(lambda text: None, now)
        probe = Probe.model_validate({"service": "x", "every": "30s", "http": "http://hangs.test/", "expect": FAST})
        good = Probe.model_validate({"service": "x", "every": "30s", "http": target.url + "/ok"})
        hanging = [asyncio.create_task(look_at(network, probe, Path(), now)) for _ in range(net_looks.AT_ONCE)]
        await asyncio.sleep(0.1)
        seen = await look_at(network, good, Path(), now)
        assert not any(task.done() for task in hanging)
        found = await asyncio.get_running_loop().getaddrinfo("localhost", 80)
        late = await asyncio.gather(*hanging)
        released.set()
        await network.close()
        return seen, found, late

    seen, found, late = asyncio.run(run())
    assert "" == seen.check and found
    assert {"unreachable"} == {look.check for look in late}


# --------------------------------------------------------------------------------------------- TLS


def certificate(folder, until):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now() - timedelta(days=90)).not_valid_after(until)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )  # fmt: skip
    (folder / "ca.pem").write_bytes(made.public_bytes(Encoding.PEM))
    both = made.public_bytes(Encoding.PEM) + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "both.pem").write_bytes(both)


@contextmanager
def over_tls(folder, until):
    certificate(folder, until)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "both.pem")
    with Target() as server:
        server._server.socket = context.wrap_socket(server._server.socket, server_side=True)
        yield f"https://localhost:{server._server.server_address[1]}/ok"


def test_a_certificate_that_ends_soon_is_told_of(tmp_path):
    with over_tls(tmp_path, now() + timedelta(days=9, hours=12)) as url:
        seen = look(tmp_path, http=url, ca_file="ca.pem")
        assert "certificate" == seen.check
        assert seen.why.startswith("the certificate ends in 9 days 1")
        assert "" == look(tmp_path, http=url, ca_file="ca.pem", expect={"certificate": "3d"}).check
        stranger = look(tmp_path, http=url)
        assert "unreachable" == stranger.check
        assert stranger.why.startswith("the certificate is not valid: self")


def test_a_certificate_that_has_ended_lets_nobody_in(tmp_path):
    with over_tls(tmp_path, now() - timedelta(days=1)) as url:
        seen = look(tmp_path, http=url, ca_file="ca.pem")
        assert ("unreachable", "the certificate is not valid: certificate has expired") == (seen.check, seen.why)


def test_what_speaks_no_tls_is_said_in_words(target, tmp_path):
    seen = look(tmp_path, http=target.url.replace("http:", "https:"))
    assert "unreachable" == seen.check and seen.why.startswith("no TLS can be agreed on")
    seen = look(tmp_path, http="https://localhost:1", ca_file="not-there.pem")
    assert "unreachable" == seen.check and "no such file" in seen.why


# --------------------------------------------------------------------------------------------- the engine


@pytest.fixture
def house(tmp_path):
    db = Database(f"sqlite:///{tmp_path}/t.db", now)
    migrate.up_to_date(db)
    yield db, Setup(plugins.load(), {}, "http://t.example.org", b"key", tmp_path)
    db.close()


def adopt(house, **probes):
    db, setup = house
    lines = ", ".join(f"{name}: {{service: shop, {keys}}}" for name, keys in probes.items())
    assert () == db.write_now(configure.adopt, setup, BOOK.format(probes=lines)).errors


@contextmanager
def probing(house, node="here:1", before=lambda prober: None):
    """A prober at work in a loop of its own."""
    loop, ready = asyncio.new_event_loop(), threading.Event()
    found = {}

    async def work():
        network = Network(lambda text: None, now)
        found["prober"] = Prober(*house, network, node)
        before(found["prober"])
        found["task"] = asyncio.create_task(found["prober"].run())
        ready.set()
        try:
            await found["task"]
        except asyncio.CancelledError:
            await network.close()

    thread = threading.Thread(target=lambda: loop.run_until_complete(work()))
    thread.start()
    ready.wait(10)
    try:
        yield found["prober"]
    finally:
        loop.call_soon_threadsafe(found["task"].cancel)
        thread.join(30)
        loop.close()


def until(condition, seconds=30):
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.02)
    return value


def seen(house, name):
    return house[0].read_now(store.seen, name)


def test_it_looks_keeps_what_it_saw_and_follows_the_runbook(house, target):
    adopt(house, good=f'http: "{target.url}/ok", every: 1s', bad=f'http: "{target.url}/broken", every: 1s')
    with probing(house):
        until(lambda: seen(house, "good"))
        assert "http_5xx" == until(lambda: seen(house, "bad")).check

        adopt(house, good=f'http: "{target.url}/broken", every: 1s', late=f'tcp: "127.0.0.1:{free_port()}", every: 1s')
        until(lambda: not seen(house, "good").ok)
        assert "unreachable" == until(lambda: seen(house, "late")).check
        assert seen(house, "bad") is None
        asked = [asked for asked in target.asked if asked[0] == "/ok"]
    assert {} == house[0].read_now(store.marks, [1, 2, 3])  # it has no say any more
    assert len({headers["Host"] for _, _, headers, _ in asked}) == 1


def test_targets_that_hang_do_not_hold_back_the_others(house, target, monkeypatch):
    """More targets hang than may be looked at at once: the others have each of their turns."""
    monkeypatch.setattr("tocsin.prober.AT_ONCE", 8)
    monkeypatch.setattr("tocsin.prober.SLOW_AT_ONCE", 4)
    hanging = {f"h{n}": f'http: "{target.url}/hang{n}", every: 1s, expect: {{within: 2s}}' for n in range(12)}
    adopt(house, good=f'http: "{target.url}/good", every: 1s', **hanging)
    with probing(house):
        until(lambda: all(seen(house, name) for name in hanging), 60)
        begun = time.monotonic()
        until(lambda: len([1 for path, at, *_ in target.asked if path == "/good" and at > begun]) >= 5, 15)
    assert seen(house, "good").ok


def test_what_a_busy_store_does_not_take_is_handed_on_later(house, target):
    adopt(house, good=f'http: "{target.url}/ok", every: 1s')
    db, refused = house[0], []
    real = db.write

    async def write(usecase, *args, **more):
        if usecase.__name__ == "keep" and len(refused) < 1:
            refused.append(args)
            raise Busy("not now")
        return await real(usecase, *args, **more)

    db.write = write
    with probing(house):
        until(lambda: seen(house, "good"))
    kept = db.read_now(store.latest, 1, 100)
    assert refused[0][2][0][1] in [look for _, look in kept]


def test_looks_keep_their_place_in_the_period(house, target):
    """Each target has its own instant in the period, and keeps it: nothing drifts, nothing comes in bursts."""
    adopt(house, **{f"p{n}": f'http: "{target.url}/{n}", every: 2s' for n in range(20)})
    with probing(house):
        until(lambda: all(len([1 for path, *_ in target.asked if path == f"/{n}"]) >= 3 for n in range(20)))
    for n in range(20):
        times = [at for path, at, *_ in target.asked if path == f"/{n}"]
        rounds = round(times[-1] - times[0]) / 2
        assert len(times) - 1 >= rounds - 1  # a loaded machine may be late, and skips a turn rather than hurry
    first = sorted(min(at for path, at, *_ in target.asked if path == f"/{n}") for n in range(20))
    assert first[-1] - first[0] > 1


def test_a_runbook_that_another_process_put_in_force_is_noticed(house, target, monkeypatch):
    monkeypatch.setattr("tocsin.prober.CARE_SECONDS", 0.1)
    adopt(house, good=f'http: "{target.url}/ok", every: 1s')
    db, setup = house
    with probing(house):
        until(lambda: seen(house, "good"))
        other = Database(str(db.url), now)
        adopt((other, setup), late=f'http: "{target.url}/broken", every: 1s')
        other.close()
        assert "http_5xx" == until(lambda: seen(house, "late")).check


def test_a_node_whose_name_server_is_gone_raises_no_alarm(house, target, monkeypatch):
    """Nothing that has a name is found: what it would say of that is left out until a name is found again."""
    found = socket.getaddrinfo

    def fails(host, *more):
        if str(host).endswith(".test"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return found(host, *more)

    monkeypatch.setattr(socket, "getaddrinfo", fails)
    quick = "every: 1s, fail_after: 1"
    port = target.url.rpartition(":")[2]
    adopt(house, one=f'http: "http://one.test:{port}/ok", {quick}', two=f'http: "http://two.test:{port}/ok", {quick}',
          here=f'http: "{target.url}/broken", {quick}')  # fmt: skip
    with probing(house):
        assert "http_5xx" == until(lambda: seen(house, "here")).check
        time.sleep(2.5)
        assert (None, None) == (seen(house, "one"), seen(house, "two"))

        def finds(host, *more):
            return (
                fails(host, *more) if host == "two.test" else found("127.0.0.1" if host == "one.test" else host, *more)
            )

        monkeypatch.setattr(socket, "getaddrinfo", finds)
        assert until(lambda: seen(house, "one")).ok
        assert "unreachable" == until(lambda: seen(house, "two")).check
