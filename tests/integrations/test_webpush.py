"""Web Push: what a service may carry and only the browser can read, whom it goes to, and what the answers mean."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.fakes.push import FakePush, data, text
from tocsin.integrations import webpush
from tocsin.sdk import BadPayload, Delivered, Reject, Response, Retry

from .helpers import NOW, feed, message, over_socket

KEY = bytes(range(32))
# RFC 8291, section 5 and appendix A
POINT = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"
SENDER = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
SALT = "DGv6ra1nlYgDCS1FRnbzlw"
SEALED = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A"
    "_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def device(id_="d1", endpoint="https://fcm.googleapis.com/fcm/send/x"):
    return {"id": id_, "endpoint": endpoint, "p256dh": POINT, "auth": AUTH}


def config(*devices):
    return {"contact": "ops@example.org", "services": (), "device_key": KEY, "devices": list(devices)}


def sent(*devices, **changes):
    answers = [Response(201)] * len(devices)
    return feed(webpush.send(message(to="ana", **changes), config(*devices)), *answers)


def test_the_encryption_is_that_of_the_rfcs_example():
    own = ec.derive_private_key(int.from_bytes(data(SENDER)), ec.SECP256R1())

    assert SEALED == text(webpush.encrypt(b"When I grow up, I want to be a watermelon", POINT, AUTH, data(SALT), own))


def test_no_two_messages_are_sealed_alike():
    assert webpush.encrypt(b"x", POINT, AUTH) != webpush.encrypt(b"x", POINT, AUTH)


def test_the_proof_names_the_service_the_contact_and_an_end():
    [request], _ = sent(device())
    [scheme, token, key] = request.headers_at(datetime(2026, 11, 23, 9, 2, tzinfo=UTC))["Authorization"].split(" ")
    head, claims, _ = token.removeprefix("t=").removesuffix(",").split(".")

    assert ("vapid", f"k={webpush.public_key(KEY)}") == (scheme, key)
    assert {"typ": "JWT", "alg": "ES256"} == json.loads(data(head))
    assert {"aud": "https://fcm.googleapis.com", "exp": 1795467720, "sub": "mailto:ops@example.org"} == json.loads(
        data(claims)
    )


def test_every_node_has_the_same_key_pair():
    assert webpush.public_key(KEY) == webpush.public_key(bytes(range(32))) != webpush.public_key(bytes(32))
    assert 65 == len(data(webpush.public_key(b"\xff" * 32)))


def test_a_page_is_urgent_and_replaces_its_own_copy():
    [first], verdict = sent(device())
    [copy], _ = sent(device())
    [other], _ = sent(device(), key="page:2:0", urgent=False)

    assert Delivered("status 201") == verdict
    assert ("high", "3600", "aes128gcm") == tuple(
        first.headers[name] for name in ("Urgency", "TTL", "Content-Encoding")
    )
    assert first.headers["Topic"] == copy.headers["Topic"] != other.headers["Topic"]
    assert "normal" == other.headers["Urgency"]


def test_all_devices_share_the_time_of_one_call():
    requests, _ = sent(*(device(f"d{i}") for i in range(5)))

    assert 10.0 == sum(request.timeout_seconds for request in requests)


@pytest.mark.parametrize(
    ("answers", "verdict"),
    [
        ([Response(201, {"location": "https://x.example/m/1"})], Delivered("https://x.example/m/1")),
        ([Response(410)], Reject("every registered device has ended its registration", broken=True, gone=("d0",))),
        ([Response(410), Response(201)], Delivered("status 201", gone=("d0",))),
        ([Response(201), Response(404)], Delivered("status 201", gone=("d1",))),
        ([Response(503), Response(201)], Delivered("status 201")),
        ([Response(429, {"retry-after": "90"}), Response(503)], Retry("status 503")),
        ([Response(429, {"retry-after": "90"}), Response(410)], Retry("status 429", 90.0, gone=("d1",))),
        ([Response(403)], Reject("status 403", broken=True)),
        ([Response(413)], Reject("status 413")),
        ([Response(0, error="no answer within 10 s")], Retry("no answer within 10 s")),
    ],
)
def test_one_device_that_got_it_is_enough(answers, verdict):
    devices = [device(f"d{i}") for i in range(len(answers))]

    assert verdict == feed(webpush.send(message(), config(*devices)), *answers)[1]


def test_a_person_without_a_device_is_rejected_at_once():
    with pytest.raises(StopIteration) as end:
        next(webpush.send(message(to="ana"), config()))

    assert Reject("ana has no device registered") == end.value.value


GOOD = {"endpoint": "https://fcm.googleapis.com/fcm/send/x", "keys": {"p256dh": POINT, "auth": AUTH}}


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://fcm.googleapis.com/fcm/send/x", "https://updates.push.services.mozilla.com/wpush/v2/x",
        "https://web.push.apple.com/x", "https://wns2-par02p.notify.windows.com/w/?token=x",
        "https://push.example.org/x", "http://127.0.0.1:9000/x",
    ],
)  # fmt: skip
def test_a_known_push_service_is_taken(endpoint):
    settings = {"services": ("push.example.org", "http://127.0.0.1:9000")}

    assert {"endpoint": endpoint, "p256dh": POINT, "auth": AUTH} == webpush.read(
        {**GOOD, "endpoint": endpoint}, settings
    )


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://fcm.googleapis.com/x", "https://fcm.googleapis.com:8443/x", "https://fcm.googleapis.com.evil.example/x",
        "https://a@fcm.googleapis.com/x", "https://evil.example\\.push.apple.com/x", "https://evil.example%2f.push.apple.com/x", "https://evil.example/fcm.googleapis.com", "https://127.0.0.1/x",
        "https://169.254.169.254/latest", "https://push.apple.com.evil.example/", "https://[", "https://x:99999999/",
        "https://fcm.googleapis.com\u3002evil.example/", "https://fcm.googleapis.com/\r\nHost: evil", "",
        "x" * 3000, None, 7,
    ],
)  # fmt: skip
def test_any_other_address_is_refused(endpoint):
    """We post to the address that a browser names: it must not lead into our own network."""
    with pytest.raises(BadPayload):
        webpush.read({**GOOD, "endpoint": endpoint}, {})


@pytest.mark.parametrize(
    "said",
    [
        None, [], "x", {}, {**GOOD, "keys": None}, {**GOOD, "keys": {"p256dh": POINT}},
        {**GOOD, "keys": {"p256dh": "AAAA", "auth": AUTH}}, {**GOOD, "keys": {"p256dh": POINT, "auth": "AAAA"}},
        {**GOOD, "keys": {"p256dh": POINT[:-4] + "AAAA", "auth": AUTH}}, {**GOOD, "keys": {"p256dh": "é", "auth": AUTH}},
    ],
)  # fmt: skip
def test_what_is_no_subscription_is_refused(said):
    with pytest.raises(BadPayload):
        webpush.read(said, {})


@pytest.mark.parametrize("long", [False, True])
def test_over_a_real_socket_each_browser_reads_the_page(long):
    with FakePush(NOW.timestamp()) as service:
        browsers = [service.browser(webpush.public_key(KEY)) for _ in range(2)]
        given = config()
        given["services"] = (service.url,)
        given["devices"] = [{"id": "d", **webpush.read(b.subscription, given)} for b in browsers]
        changes = (
            {"text": 'é"\n' * 9000, "title": "👩\u200d🚒" * 500, "link": "https://e.example/" + "x" * 90}
            if long
            else {}
        )
        verdict = over_socket(webpush.send(message(to="ana", **changes), given))

    assert (Delivered, []) == (type(verdict), service.faults)
    for browser in browsers:
        [page] = browser.got
        assert ("INC-1", "http://tocsin.example.org/ack/1/2", True) == (
            page["incident"],
            page["acknowledge"],
            page["urgent"],
        )
        assert long or ("[P0] INC-1: down", "Service: proofi.ai") == (page["title"], page["body"])


def test_a_browser_that_registered_with_another_key_is_told_apart():
    with FakePush(NOW.timestamp()) as service:
        browser = service.browser(webpush.public_key(bytes(32)))
        given = {**config(), "devices": [{"id": "d", **browser.subscription, **browser.subscription["keys"]}]}
        verdict = over_socket(webpush.send(message(), given))

    assert Reject("status 403", broken=True) == verdict
