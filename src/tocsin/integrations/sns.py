"""Amazon SNS, and CloudWatch's alarms in it; signed by a certificate.   Source: docs.aws.amazon.com/sns/latest/dg"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, HashAlgorithm
from cryptography.x509.oid import NameOID

from tocsin.sdk import (
    Alert,
    BadPayload,
    Config,
    Conversation,
    Delivered,
    Inbound,
    Request,
    Signal,
    SignalAction,
    Source,
    Untrusted,
    Verdict,
    at,
    clip,
    failed,
    first_label,
    items_of,
    key_of,
    links_of,
    one_line,
    parse_instant,
    read_json,
    refused_plainly,
    taken_plainly,
    text_of,
)

TITLE_LIMIT, TEXT_LIMIT, NAME_LIMIT = 1024, 10_000, 200  # characters
HOST: Final = re.compile(r"sns\.[a-zA-Z0-9-]{3,}\.amazonaws\.com(\.cn)?")
NOTIFICATION, SUBSCRIBE, UNSUBSCRIBE = "Notification", "SubscriptionConfirmation", "UnsubscribeConfirmation"
SIGNED: Final[Mapping[str, tuple[str, ...]]] = {
    NOTIFICATION: ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    SUBSCRIBE: ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    UNSUBSCRIBE: ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}  # fmt: skip
HASHES: Final[Mapping[str, HashAlgorithm]] = {"1": SHA1(), "2": SHA256()}  # noqa: S303 - the vendor's own choice
STATES: Final[Mapping[str, SignalAction]] = {"ALARM": "trigger", "OK": "resolve"}


def needs(inbound: Inbound) -> Request | None:
    """
    The signing certificate, from a host of Amazon's own; None with a `certificate_file`.

    Raises:
        BadPayload: what is no message of SNS.
        Untrusted: for another topic or host, before anything is asked of it.
    """
    message = _message(inbound)
    _of_topics(inbound.config, message)
    address = _of_amazon(message.get("SigningCertURL"), "SigningCertURL")
    if not urlsplit(address).path.endswith(".pem"):
        raise Untrusted("SigningCertURL does not name a certificate")
    return None if inbound.config.get("certificate_file") else Request("GET", address, timeout_seconds=5.0)


def verify(inbound: Inbound) -> None:
    """The signature over the named fields, by the certificate fetched, or the runbook's. Raises Untrusted."""
    message = _message(inbound)
    kind, version = text_of(message.get("Type")), text_of(message.get("SignatureVersion"))
    if kind not in SIGNED or version not in HASHES:
        raise Untrusted(f"a message of type {clip(kind, 50)!r}, signed by version {clip(version, 20)!r}, is not known")
    key = _key(inbound)
    said = "".join(f"{name}\n{message[name]}\n" for name in SIGNED[kind] if message.get(name) is not None)
    try:
        signature = base64.b64decode(text_of(message.get("Signature")), validate=True)
        key.verify(signature, said.encode(), padding.PKCS1v15(), HASHES[version])
    except (InvalidSignature, ValueError):
        raise Untrusted("the signature does not hold for this message") from None


def _key(inbound: Inbound) -> rsa.RSAPublicKey:
    own = inbound.config.get("certificate_file")
    try:
        certificate = _certificate(bytes(inbound.config["certificate"]) if own else inbound.fetched)
    except ValueError:
        raise Untrusted("the signing certificate cannot be read") from None
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        raise Untrusted("the signing certificate has no RSA key")
    if not own:
        issuer = certificate.issuer.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
        if not any("Amazon" in str(name.value) for name in issuer):
            raise Untrusted("the signing certificate was not issued by Amazon")
        if not certificate.not_valid_before_utc <= inbound.received_at <= certificate.not_valid_after_utc:
            raise Untrusted("the signing certificate is not valid now")
    return key


@lru_cache(maxsize=16)
def _certificate(pem: bytes) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pem)


def _message(inbound: Inbound) -> dict[str, Any]:
    message = inbound.json if inbound.json is not None else read_json(inbound.body)
    if not isinstance(message, dict) or not text_of(message.get("Type")) or not text_of(message.get("MessageId")):
        raise BadPayload("the body is no message of SNS; turn raw message delivery off")
    odd = [name for name in SIGNED[SUBSCRIBE] if not isinstance(message.get(name, ""), (str, type(None)))]
    if odd or not isinstance(message.get("Subject", ""), (str, type(None))):
        raise BadPayload("a field of the message that is signed is no text")
    return message


def _of_topics(config: Config, message: Mapping[str, Any]) -> None:
    topic = text_of(message.get("TopicArn"))
    if topic not in (config.get("topics") or ()):
        raise Untrusted(f"{clip(topic, 300)} is not among the runbook's connections.sns.topics", status=403)


def _of_amazon(address: object, name: str) -> str:
    """An https address on a host of SNS; nothing else is ever asked. Raises Untrusted."""
    text = address if isinstance(address, str) and len(address) <= 2048 and address.isascii() else ""
    try:
        parts = urlsplit(text)
        good = parts.scheme == "https" and HOST.fullmatch(parts.netloc) is not None
    except ValueError:
        good = False
    if not good or "\\" in text or any(sign.isspace() for sign in text):
        raise Untrusted(f"{name} is not an address of Amazon SNS")
    return text


def parse(inbound: Inbound) -> Sequence[Signal]:
    """
    Give the signal of an alarm or of a plain notification; of a new subscription, that it be confirmed.

    An alarm without data enough, and the end of a subscription, are no alerts. Raises BadPayload.
    """
    message = _message(inbound)
    kind, topic, once = text_of(message["Type"]), text_of(message.get("TopicArn")), text_of(message["MessageId"], 200)
    if kind == SUBSCRIBE:
        address = _of_amazon(message.get("SubscribeURL"), "SubscribeURL")
        alert = Alert(
            inbound.source,
            key_of(once),
            f"A subscription to {topic}",
            inbound.received_at,
            links=(("Confirm", address),),
        )
        return [Signal("confirm", alert, once)]
    if kind != NOTIFICATION:
        return []
    try:
        alarm = read_json(text_of(message.get("Message")).encode())
    except BadPayload:
        alarm = None
    if isinstance(alarm, dict) and "AlarmName" in alarm:
        return _alarm(inbound, alarm, topic, once)
    return [Signal("trigger", _plain(inbound, message, alarm, topic), once)]


def _alarm(inbound: Inbound, alarm: dict[str, Any], topic: str, once: str) -> list[Signal]:
    action = STATES.get(text_of(alarm.get("NewStateValue")))
    name = _text(alarm.get("AlarmName"))
    if action is None:
        return []
    account, region = _text(alarm.get("AWSAccountId")), _text(alarm.get("Region"))
    arn = text_of(alarm.get("AlarmArn"))
    place = arn.split(":")[3] if arn.count(":") > 5 else ""
    trigger = alarm.get("Trigger")
    dimensions = {_text(at(d, "name")): _text(at(d, "value")) for d in items_of(at(trigger, "Dimensions"))}
    metric = _text(at(trigger, "MetricName"))
    labels = {
        **dimensions, "alarm": name, "account": account, "region": place or region, "metric": metric,
        "namespace": _text(at(trigger, "Namespace")), "threshold": _text(at(trigger, "Threshold")), "topic": topic,
    }  # fmt: skip
    text = "\n".join(t for t in (text_of(alarm.get("AlarmDescription")), text_of(alarm.get("NewStateReason"))) if t)
    alert = Alert(
        inbound.source, key_of(arn) or key_of(f"{account}:{region}:{name}"), one_line(name, TITLE_LIMIT) or "An alarm",
        parse_instant(alarm.get("StateChangeTime"), inbound.received_at), clip(text, TEXT_LIMIT),
        first_label(dimensions, ("service", "Service", "ServiceName")) or inbound.config.get("service"),
        metric or "alarm", inbound.config.get("severity") or "error",
        {label: value for label, value in labels.items() if label and value},
        links_of(("CloudWatch", _page(place, name))),
    )  # fmt: skip
    return [Signal(action, alert, once)]


def _plain(inbound: Inbound, message: dict[str, Any], said: Any, topic: str) -> Alert:
    """Any other notification: its subject is the alert, and it never ends by itself."""
    text = text_of(message.get("Message"))
    title = _text(message.get("Subject")) or _text(at(said, "mail", "commonHeaders", "subject")) or one_line(text, 200)
    return Alert(
        inbound.source, key_of(f"{topic}:{title}"), title or "A notification",
        parse_instant(message.get("Timestamp"), inbound.received_at), clip(text, TEXT_LIMIT),
        inbound.config.get("service"),
        "notification", inbound.config.get("severity") or "error", {"topic": topic} if topic else {},
    )  # fmt: skip


def _page(region: str, name: str) -> str:
    if not region or not name or not name.isascii() or any(sign in name for sign in ' #?&%/<>"'):
        return ""
    return f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}#alarmsV2:alarm/{name}"


def _text(value: object) -> str:
    return one_line(text_of(value), NAME_LIMIT)


def confirm(address: str) -> Conversation[Verdict]:
    """Say yes to a subscription. Nothing is delivered before; the token in the address is good for three days."""
    response = yield Request("GET", address)
    return Delivered() if response.status == 200 else failed(response)


SOURCE = Source(
    "sns", "Amazon SNS and CloudWatch", parse=parse, accepted=taken_plainly, refused=refused_plainly, verify=verify,
    needs=needs, confirm=confirm,
)  # fmt: skip
