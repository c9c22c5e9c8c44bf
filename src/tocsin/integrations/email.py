"""E-mail: pages and texts by SMTP.   Sources: RFC 5321, 5322, 3834, 8058"""

from __future__ import annotations

import hashlib
import html
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from tocsin.sdk import Config, Conversation, Delivered, Field, Mail, Message, Reject, Retry, Transport, Verdict, clip

SUBJECT_LIMIT = 200  # characters


def send(message: Message, config: Config) -> Conversation[Verdict]:
    """One mail. Returns Delivered with the server's words, Retry (4xx, no answer) or Reject (5xx); raises nothing."""
    sender = str(config["from"])
    try:
        whole = compose(message, sender)
    except ValueError as error:
        return Reject(f"not a mail address: {error}", broken=True)
    response = yield Mail(
        host=str(config["host"]), port=int(config["port"]), security=str(config.get("security", "starttls")),
        username=str(config.get("username", "")), password=str(config.get("password", "")), sender=sender,
        recipients=(message.to,), message=whole,
    )  # fmt: skip
    if response.status == 250:
        return Delivered(receipt=response.body.decode(errors="replace")[:200])
    why = response.error or f"status {response.status}"
    if response.status >= 500:
        return Reject(f"{response.status} {why}", broken=response.status in (550, 551, 553))
    return Retry(f"{response.status} {why}" if response.status else why)


def compose(message: Message, sender: str) -> bytes:
    """Write the whole mail: text and HTML, in the thread of its incident, marked as sent by a machine."""
    domain = sender.rpartition("@")[2] or "tocsin.invalid"
    mail = EmailMessage(policy=SMTP)
    mail["From"] = Address("Tocsin", addr_spec=sender)
    mail["To"] = Address(addr_spec=message.to)
    mail["Subject"] = clip(" ".join(message.title.split()), SUBJECT_LIMIT)
    mail["Message-ID"] = f"<{hashlib.sha256(message.key.encode()).hexdigest()[:32]}@{domain}>"
    if message.incident:
        mail["References"] = f"<{message.incident.lower()}.tocsin@{domain}>"  # mails of one incident stand together
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    if message.urgent:
        mail["Importance"] = "high"
    mail.set_content(message.text if message.plain else _text(message))
    mail.add_alternative(_html(message), subtype="html")
    return mail.as_bytes()


def _text(message: Message) -> str:
    parts = [message.title, ""]
    if message.acknowledge_link:
        parts += [f"Acknowledge: {message.acknowledge_link}", ""]
    parts += [message.text, ""]
    if message.link and message.link not in message.text:
        parts.append(message.link)
    return "\n".join(parts)


def _html(message: Message) -> str:
    title, text = html.escape(message.title), html.escape(message.text).replace("\n", "<br>\n")
    button = ""
    if message.acknowledge_link:
        link = html.escape(message.acknowledge_link, quote=True)
        style = "display:inline-block;padding:12px 20px;background:#b3261e;color:#fff;text-decoration:none"
        button = f'<p><a href="{link}" style="{style};border-radius:6px">Acknowledge</a></p>'
    opened = f'<p><a href="{html.escape(message.link, quote=True)}">Open in Tocsin</a></p>' if message.link else ""
    head = "" if message.plain else f"<h2>{title}</h2>"
    body = f"{head}{button}<p>{text}</p>{opened}"
    return f'<!doctype html><html><body style="font-family:sans-serif">{body}</body></html>'


TRANSPORT = Transport(
    "smtp", "E-mail", send=send, address="email",
    fields=(
        Field("host", "Server"), Field("port", "Port"), Field("from", "Sender's address"),
        Field("username", "User name", required=False), Field("password", "Password", secret=True, required=False),
        Field("security", "Security", required=False, help="none, starttls or tls"),
    ),
)  # fmt: skip
