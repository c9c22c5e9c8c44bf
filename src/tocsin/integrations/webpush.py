"""Web Push: pages to browsers that asked for them.   Sources: RFC 8030 (push), 8291 (encryption), 8292 (who sends)"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tocsin.sdk import (
    BadPayload,
    Config,
    Conversation,
    Delivered,
    Devices,
    Field,
    Message,
    Reject,
    Request,
    Retry,
    Transport,
    Verdict,
    clean,
    cut,
    failed,
    one_line,
    utf8,
)

# Push services of the browsers' makers; a name with a dot before it stands for all under it.
SERVICES = ("fcm.googleapis.com", ".push.services.mozilla.com", ".push.apple.com", ".notify.windows.com")
PLAIN_HOST = re.compile(r"[a-z0-9.-]+")  # no sign that two parsers could read in two ways
ADDRESS_LIMIT = 2048  # characters
TITLE_LIMIT = 120
TEXT_LIMIT = 1_600  # bytes in JSON: with title, links and encryption under 3,000, which the least of the services take
RECORD = 4096  # bytes; one record holds it all
TTL_SECONDS = 3600  # how long a service keeps it for a device that is off; a page is sent again each round
PROOF_LIVES = timedelta(hours=12)  # RFC 8292: at most 24
GONE, DEAD = (404, 410), (401, 403)  # the device's registration ended; it was made with another key of ours
ALL_SECONDS, LEAST_SECONDS = 10.0, 2.0  # for all devices together, and for each
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256; SEC 2, 2.4.2


def send(message: Message, config: Config) -> Conversation[Verdict]:
    """One push to each of a person's devices: Delivered when one service took it, with the ids of those that ended."""
    devices: Sequence[Mapping[str, str]] = config.get("devices") or ()
    if not devices:
        return Reject(f"{one_line(message.to, 100)} has no device registered")
    key, text = _private(config["device_key"]), _payload(message)
    took, gone, refusals = "", [], []
    for device in devices:
        response = yield Request(
            "POST", device["endpoint"], headers=_headers(message), body=encrypt(text, device["p256dh"], device["auth"]),
            headers_at=_proof(key, device["endpoint"], str(config["contact"])),
            timeout_seconds=max(ALL_SECONDS / len(devices), LEAST_SECONDS),
        )  # fmt: skip
        if 200 <= response.status < 300:
            took = response.headers.get("location", "") or f"status {response.status}"
        elif response.status in GONE:
            gone.append(device["id"])
        else:
            refusals.append(failed(response, dead=DEAD))
    if took:
        return Delivered(one_line(took, 200), gone=tuple(gone))
    return _refused(refusals, tuple(gone))


def _refused(refusals: Sequence[Retry | Reject], gone: tuple[str, ...]) -> Verdict:
    """No device got it: what may work later is tried again, as soon as the first service allows."""
    waits = [refusal for refusal in refusals if isinstance(refusal, Retry)]
    if waits:
        first = min(waits, key=lambda wait: wait.after or 0.0)
        return Retry(first.why, first.after, gone=gone)
    if refusals:
        return Reject(refusals[0].why, broken=all(isinstance(r, Reject) and r.broken for r in refusals), gone=gone)
    return Reject("every registered device has ended its registration", broken=True, gone=gone)


def _payload(message: Message) -> bytes:
    """What our own service worker reads (`worker.js`)."""
    said = {
        "title": one_line(message.title, TITLE_LIMIT),
        "body": cut(clean(message.text), TEXT_LIMIT, lambda text: utf8(json.dumps(text, ensure_ascii=False))),
        "tag": message.incident or _topic(message),
        "incident": message.incident,
        "link": message.link,
        "acknowledge": message.acknowledge_link,
        "pass": message.pass_link,
        "urgent": message.urgent,
    }
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()


def _topic(message: Message) -> str:
    """The same for every copy of a message: one that still waits at the service is replaced, not doubled."""
    return _text(hashlib.sha256(message.key.encode()).digest()[:24])


def _headers(message: Message) -> dict[str, str]:
    return {
        "TTL": str(TTL_SECONDS), "Urgency": "high" if message.urgent else "normal", "Topic": _topic(message),
        "Content-Encoding": "aes128gcm", "Content-Type": "application/octet-stream",
    }  # fmt: skip


# --------------------------------------------------------------------------------------------- keys, encryption, proof


def _private(key: bytes) -> ec.EllipticCurvePrivateKey:
    """Our key pair, made from the server's own secret: the same on every node, and nowhere stored."""
    return ec.derive_private_key(int.from_bytes(key) % (ORDER - 1) + 1, ec.SECP256R1())


def _point(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def public_key(key: bytes) -> str:
    """What a browser must be told before it registers: our public point, in base64url."""
    return _text(_point(_private(key)))


def encrypt(
    text: bytes, p256dh: str, auth: str, salt: bytes | None = None, own: ec.EllipticCurvePrivateKey | None = None
) -> bytes:
    """
    Encrypt for one device, as RFC 8291 says: only it can read what its push service carries.

    Args:
        p256dh, auth: The device's keys, in base64url.
        salt, own: 16 bytes and a key pair, fresh for each message unless a test gives them.
    """
    salt, own = salt or secrets.token_bytes(16), own or ec.generate_private_key(ec.SECP256R1())
    theirs, ours = _bytes(p256dh), _point(own)
    shared = own.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), theirs))
    secret = _derived(_bytes(auth), shared, b"WebPush: info\0" + theirs + ours, 32)
    key = _derived(salt, secret, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derived(salt, secret, b"Content-Encoding: nonce\0", 12)
    head = salt + RECORD.to_bytes(4) + len(ours).to_bytes(1) + ours
    return head + AESGCM(key).encrypt(nonce, text + b"\2", None)  # 2: the last record


def _derived(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)


def _proof(key: ec.EllipticCurvePrivateKey, endpoint: str, contact: str) -> Callable[[datetime], Mapping[str, str]]:
    """The header that says who pushes (RFC 8292), made when the instant of sending is known."""
    parts = urlsplit(endpoint)
    sub = contact if contact.startswith(("mailto:", "https://")) else f"mailto:{contact}"

    def headers(at: datetime) -> Mapping[str, str]:
        claims = {
            "aud": f"{parts.scheme}://{parts.netloc}", "exp": int((at + PROOF_LIVES).timestamp()), "sub": sub,
        }  # fmt: skip
        signed = ".".join(_text(json.dumps(part).encode()) for part in ({"typ": "JWT", "alg": "ES256"}, claims))
        r, s = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        token = f"{signed}.{_text(r.to_bytes(32) + s.to_bytes(32))}"
        return {"Authorization": f"vapid t={token}, k={_text(_point(key))}"}

    return headers


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


# --------------------------------------------------------------------------------------------- registering


def read(said: Any, settings: Config) -> Mapping[str, str]:
    """
    Check a browser's PushSubscription: we will post to the address that it names, so it must be a push service's.

    Raises:
        BadPayload: it is none, or leads to a host that is no known push service.
    """
    keys = said.get("keys") if isinstance(said, dict) else None
    if not isinstance(keys, dict):
        raise BadPayload("not a browser's push subscription")
    address = {"endpoint": said.get("endpoint"), "p256dh": keys.get("p256dh"), "auth": keys.get("auth")}
    if not all(isinstance(value, str) and 0 < len(value) <= ADDRESS_LIMIT for value in address.values()):
        raise BadPayload("not a browser's push subscription")
    if not _known(address["endpoint"], tuple(settings.get("services") or ())):
        raise BadPayload("the browser's push service is not a known one; an admin can name it under `services`")
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _bytes(address["p256dh"]))
        if len(_bytes(address["auth"])) != 16:
            raise ValueError
    except ValueError:
        raise BadPayload("the keys of the push subscription are none") from None
    return address


def _known(endpoint: str, more: Sequence[str]) -> bool:
    """*more*: hosts, or whole origins such as `http://127.0.0.1:9000`."""
    try:
        parts = urlsplit(endpoint)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if parts.username is not None or not PLAIN_HOST.fullmatch(host):
        return False
    if not endpoint.isascii() or not endpoint.isprintable():
        return False
    if f"{parts.scheme}://{parts.netloc}" in more:
        return True
    plain = parts.scheme == "https" and port in (None, 443)
    return plain and any(host == name or (name.startswith(".") and host.endswith(name)) for name in (*SERVICES, *more))


TRANSPORT = Transport(
    "webpush", "Web Push", send=send, devices=Devices(read, public_key),
    fields=(
        Field("contact", "Contact", help="a mail address or https page: whom a push service asks about our pushes"),
        Field("services", "Push services", required=False, help="hosts beside those of the browsers' makers"),
    ),
)  # fmt: skip
