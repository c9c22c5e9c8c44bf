"""A small push service with its browsers: it checks who pushes, and each browser decrypts what it got."""

from __future__ import annotations

import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from .vendor import Answer, FakeVendor


def text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def data(said: str) -> bytes:
    return urlsafe_b64decode(said + "=" * (-len(said) % 4))


@dataclass
class Browser:
    """One browser that registered: `status` is what its service answers, `got` what it could read."""

    endpoint: str
    server_key: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    auth: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    status: int = 201
    got: list[dict[str, Any]] = field(default_factory=list)

    @property
    def point(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    @property
    def subscription(self) -> dict[str, Any]:
        """What `PushSubscription.toJSON` gives."""
        keys = {"p256dh": text(self.point), "auth": text(self.auth)}
        return {"endpoint": self.endpoint, "expirationTime": None, "keys": keys}

    def read(self, body: bytes) -> Any:
        """Decrypt as RFC 8291 says, from the reader's side."""
        salt, length = body[:16], body[20]
        theirs, sealed = body[21 : 21 + length], body[21 + length :]
        shared = self.key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), theirs))
        secret = HKDF(hashes.SHA256(), 32, self.auth, b"WebPush: info\0" + self.point + theirs).derive(shared)
        key = HKDF(hashes.SHA256(), 16, salt, b"Content-Encoding: aes128gcm\0").derive(secret)
        nonce = HKDF(hashes.SHA256(), 12, salt, b"Content-Encoding: nonce\0").derive(secret)
        plain = AESGCM(key).decrypt(nonce, sealed, None)
        assert plain.endswith(b"\2"), "the mark of the last record"
        return json.loads(plain[:-1])


class FakePush(FakeVendor):
    """`browsers` by path. `now` is what it holds a proof's end against, in seconds since 1970."""

    def __init__(self, now: float) -> None:
        super().__init__()
        self.now = now
        self.browsers: dict[str, Browser] = {}

    def browser(self, server_key: str) -> Browser:
        """Register one more browser for who pushes with that key."""
        path = f"/push/{len(self.browsers)}-{secrets.token_hex(8)}"
        self.browsers[path] = Browser(self.url + path, server_key)
        return self.browsers[path]

    def answer(self, path: str, headers: dict[str, str], body: bytes) -> Answer:
        if self.mode != "ok":
            return super().answer(path, {**headers, "Content-Type": "application/json"}, body)
        self.calls += 1
        browser = self.browsers[path]
        if browser.status != 201:
            return browser.status, {}, b""
        self.check(headers.get("Content-Encoding") == "aes128gcm", "content encoding")
        self.check(headers.get("TTL", "").isdecimal(), "no TTL")
        self.check(headers.get("Urgency") in ("very-low", "low", "normal", "high"), "urgency")
        topic = headers.get("Topic", "")
        self.check(0 < len(topic) <= 32 and len(data(topic)) > 0, "topic")
        self.check(len(body) <= 3000, "too long for the least of the services")
        if not self._proven(headers.get("Authorization", ""), browser):
            return 403, {}, b"the proof does not hold"
        browser.got.append(browser.read(body))
        return 201, {"Location": f"{self.url}/message/{self.calls}"}, b""

    def _proven(self, header: str, browser: Browser) -> bool:
        """Check the proof of RFC 8292 against the key that the browser registered with."""
        scheme, _, rest = header.partition(" ")
        parts = dict(part.strip().split("=", 1) for part in rest.split(","))
        head, claims, signature = parts["t"].split(".")
        said, raw = json.loads(data(claims)), data(signature)
        self.check(scheme == "vapid" and json.loads(data(head)) == {"typ": "JWT", "alg": "ES256"}, "scheme")
        self.check(said["aud"] == self.url and 0 < said["exp"] - self.now <= 86_400, "claims")
        self.check(said["sub"].startswith(("mailto:", "https://")), "no contact")
        if parts["k"] != browser.server_key:
            return False
        known = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), data(parts["k"]))
        pair = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
        try:
            known.verify(pair, f"{head}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            return False
        return True

    def revoked(self) -> Answer:
        return 410, {}, b"push subscription has unsubscribed or expired"

    def lie(self) -> Answer:
        return 403, {}, b"invalid JWT provided"
