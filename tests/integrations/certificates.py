"""Amazon's part in SNS: a key, certificates over it, and messages that it signs."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

FIELDS = ("Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")


@cache
def key():
    return rsa.generate_private_key(65537, 2048)


def certificate(organization="Amazon", until=2036):
    issuer = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization)])
    made = x509.CertificateBuilder().subject_name(
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    )
    made = made.issuer_name(issuer).public_key(key().public_key()).serial_number(1)
    made = made.not_valid_before(datetime(2020, 1, 1, tzinfo=UTC)).not_valid_after(datetime(until, 1, 1, tzinfo=UTC))
    return made.sign(key(), SHA256()).public_bytes(Encoding.PEM)


AMAZON, OTHER_ISSUER, EXPIRED = certificate(), certificate("Amason"), certificate(until=2021)


def write(path):
    path.write_bytes(AMAZON)


def signed(body, version="1", **changes):
    """Sign a message as SNS does; what is none comes back as it is."""
    try:
        message = json.loads(body)
    except ValueError:
        return body
    if not isinstance(message, dict):
        return body
    kind = message.get("Type")
    names = [name for name in FIELDS if name != "Subject"] if kind != "Notification" else FIELDS
    if kind == "Notification":
        names = [name for name in names if name not in ("SubscribeURL", "Token")]
    said = "".join(f"{name}\n{message[name]}\n" for name in names if message.get(name) is not None)
    mac = key().sign(said.encode(errors="replace"), padding.PKCS1v15(), SHA256() if version == "2" else SHA1())
    given = {"Signature": base64.b64encode(mac).decode(), "SignatureVersion": version, **changes}
    return json.dumps(message | given).encode()
