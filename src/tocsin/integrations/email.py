"""E-mail: pages and texts by SMTP.   Sources: RFC 5321, 5322, 3834"""

from __future__ import annotations

import hashlib
import html
import re
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from functools import lru_cache

from tocsin.sdk import (
    Config,
    Conversation,
    Delivered,
    Field,
    Mail,
    Message,
    Reject,
    Retry,
    Transport,
    Verdict,
    one_line,
)

SUBJECT_LIMIT = 200  # characters
SECURITY = ("none", "starttls", "tls")
NO_BOX = (550, 551, 553)  # RFC 5321 4.2.3: no such box, not here, not a name for one
ADDRESS = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[\w.-]{1,255}", re.ASCII)  # no quoted ones, no comments
SEVEN_BIT = SMTP.clone(cte_type="7bit")  # every server takes it, and no line is over 998 bytes


def send(message: Message, config: Config) -> Conversation[Verdict]:
    """One mail. Returns Delivered with the server's words, Retry (4xx, no answer) or Reject (5xx); raises nothing."""
    sender, security, port = str(config["from"]), str(config.get("security") or "starttls"), str(config.get("port", 25))
    if security not in SECURITY or not port.isdecimal():
        return Reject(f"security must be {', '.join(SECURITY)} and port a number: {security}, {port}")
    try:
        whole = compose(message, sender)
    except ValueError as error:
        return Reject(str(error), broken=True)
    response = yield Mail(
        host=str(config["host"]), port=int(port), security=security, username=str(config.get("username") or ""),
        password=str(config.get("password") or ""), sender=sender, recipients=(message.to,), message=whole,
    )  # fmt: skip
    if 200 <= response.status < 300:
        return Delivered(receipt=one_line(response.body.decode(errors="replace"), 200) or _id(message, sender))
    why = response.error or f"status {response.status}"
    if response.status >= 500:
        return Reject(f"{response.status} {why}", broken=response.status in NO_BOX)
    return Retry(f"{response.status} {why}" if response.status else why)


@lru_cache(maxsize=64)  # while a server is away the same mails are tried again and again
def compose(message: Message, sender: str) -> bytes:
    """
    Write the whole mail but its Date: text and HTML, in the thread of its incident, marked as sent by a machine.

    Raises:
        ValueError: the sender or the recipient is no single mail address in ASCII.
    """
    mail = EmailMessage(policy=SEVEN_BIT)
    mail["From"] = _address(sender, "Tocsin")
    mail["To"] = _address(message.to)
    mail["Subject"] = _subject(message)
    mail["Message-ID"] = _id(message, sender)
    if message.incident:  # mails of one incident stand together, under a first mail that nobody needs to have
        first = f"<{_digest(message.incident)}.incident@{_domain(sender)}>"
        mail["In-Reply-To"] = mail["References"] = first
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    if message.urgent:
        mail["Importance"] = "high"
    mail.set_content(message.text if message.plain else _text(message))
    mail.add_alternative(_html(message), subtype="html")
    return mail.as_bytes()


def _address(text: str, name: str = "") -> Address:
    if not ADDRESS.fullmatch(text):
        raise ValueError(f"not a mail address: {one_line(text, 100)}")
    user, _, domain = text.partition("@")
    return Address(name, user, domain)


def _domain(sender: str) -> str:
    return sender.rpartition("@")[2]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _id(message: Message, sender: str) -> str:
    """The same for every copy of a message, so that a mail program shows a repeat once."""
    return f"<{_digest(message.key)}@{_domain(sender)}>"


def _subject(message: Message) -> str:
    title = one_line(message.title, SUBJECT_LIMIT)
    mark = one_line(f"[{message.severity}]", 20) if message.severity else ""
    return one_line(title if title.startswith(mark) else f"{mark} {title}", SUBJECT_LIMIT)


def _text(message: Message) -> str:
    parts = [message.title, ""]
    if message.acknowledge_link:
        parts += [f"Acknowledge: {message.acknowledge_link}", ""]
    parts.append(message.text)
    if message.link:
        parts += ["", message.link]
    return "\n".join(parts)


def _html(message: Message) -> str:
    title, text = html.escape(message.title), html.escape(message.text).replace("\n", "<br>\n")
    button = ""
    if message.acknowledge_link:
        link = html.escape(message.acknowledge_link, quote=True)
        style = "display:inline-block;padding:12px 20px;background:#b3261e;color:#fff;text-decoration:none"
        button = f'<p><a href="{link}" style="{style};border-radius:6px">Acknowledge</a></p>'
    opened = f'<p><a href="{html.escape(message.link, quote=True)}">Open in Tocsin</a></p>' if message.link else ""
    if message.plain:
        title, opened = "", ""
    head = f"<h2>{title}</h2>" if title else ""
    body = f"{head}{button}<p>{text}</p>{opened}"
    return f'<!doctype html><html><body style="font-family:sans-serif">{body}</body></html>'


TRANSPORT = Transport(
    "smtp", "E-mail", send=send, address="email",
    fields=(
        Field("host", "Server"), Field("port", "Port", required=False, help="25, 465 with tls, 587 with starttls"),
        Field("from", "Sender's address"),
        Field("username", "User name", required=False), Field("password", "Password", secret=True, required=False),
        Field("security", "Security", required=False, help="none, starttls or tls"),
    ),
)  # fmt: skip
