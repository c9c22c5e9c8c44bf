"""E-mail: pages and texts by SMTP.   Sources: RFC 5321, 5322, 3834, 6047, 8058"""

from __future__ import annotations

import hashlib
import html
import re
from dataclasses import replace
from email.headerregistry import Address, HeaderRegistry
from email.message import EmailMessage
from email.policy import SMTP
from functools import lru_cache

from tocsin.sdk import (
    Config,
    ConnectionTest,
    Conversation,
    Delivered,
    Field,
    Mail,
    Mailing,
    Message,
    Reject,
    Retry,
    Tested,
    Transport,
    Verdict,
    clean,
    colour_of,
    one_line,
)

SUBJECT_LIMIT = 200  # characters
SECURITY = ("none", "starttls", "tls")
NO_BOX = (550, 551, 553)  # RFC 5321 4.2.3: no such box, not here, not a name for one
ADDRESS = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[\w.-]{1,255}", re.ASCII)  # no quoted ones, no comments
INVITES = re.compile(r"^METHOD:([A-Z]+)\r?$", re.MULTILINE)


class _Headers(HeaderRegistry):
    """The classes of headers, each made once: the registry makes a new one for every header of every mail."""

    def __init__(self) -> None:
        super().__init__()
        self._made: dict[str, type] = {}

    def __getitem__(self, name: str) -> type:
        if name not in self._made:
            self._made[name] = super().__getitem__(name)
        return self._made[name]


# every server takes 7 bits, and no line is over 998 bytes
SEVEN_BIT = SMTP.clone(cte_type="7bit", header_factory=_Headers())


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
    mail["From"] = _address(sender, one_line(message.mailing.name, 100) if message.mailing else "Tocsin")
    mail["To"] = _address(message.to)
    if message.reply_to:
        mail["Reply-To"] = _address(message.reply_to)
    mail["Subject"] = _subject(message)
    mail["Message-ID"] = _id(message, sender)
    thread = message.incident or (message.link if message.invitation else "")
    if thread:  # mails of one incident stand together, under a first mail that nobody needs to have
        first = f"<{_digest(thread)}.incident@{_domain(sender)}>"
        mail["In-Reply-To"] = mail["References"] = first
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    if message.mailing:
        _offer_the_end(mail, message.mailing, sender)
    elif message.urgent:
        mail["Importance"], mail["X-Priority"] = "high", "1"
    else:  # RFC 2919; a page goes without it: some boxes sort what has one out of sight
        mail["List-Id"] = f"Tocsin <tocsin.{_domain(sender)}>"
    message = replace(message, title=clean(message.title), text=clean(message.text))
    mail.set_content(message.text if message.plain else _text(message))
    mail.add_alternative(_html(message), subtype="html")
    if message.invitation:  # the last alternative, and it names its method: RFC 6047, section 2.4
        method = INVITES.search(message.invitation)
        named = {"method": method[1] if method else "PUBLISH", "name": "invite.ics"}
        mail.add_alternative(message.invitation, subtype="calendar", params=named)
    return mail.as_bytes()


def _offer_the_end(mail: EmailMessage, mailing: Mailing, sender: str) -> None:
    """How a mail program ends a subscription by itself: RFC 2369, RFC 8058."""
    mail["List-Id"] = f"<status.{_domain(sender)}>"
    if mailing.unsubscribe_link:
        mail["List-Unsubscribe"] = f"<{mailing.unsubscribe_link}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"


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
    return one_line(title if mark in title else f"{mark} {title}", SUBJECT_LIMIT)


def _text(message: Message) -> str:
    parts = [message.title, ""]
    if message.acknowledge_link:
        parts += [f"Acknowledge: {message.acknowledge_link}", ""]
    parts.append(message.text)
    if message.link:
        parts += ["", f"{message.mailing.press}: {message.link}" if message.mailing else message.link]
    if message.mailing and message.mailing.unsubscribe_link:
        parts += ["", f"Unsubscribe: {message.mailing.unsubscribe_link}"]
    return "\n".join(parts)


# Light and dark, by the reader's own setting; what a mail program takes out of it still reads in its own colours.
_STYLE = """
:root { color-scheme: light dark; supported-color-schemes: light dark; }
body { margin: 0; padding: 16px; font: 16px/1.5 -apple-system, "Segoe UI", Roboto, sans-serif; color: #16181d;
  background: #fff; overflow-wrap: anywhere; }
.all { max-width: 600px; margin: 0 auto; }
h1 { font-size: 20px; line-height: 1.3; margin: 0 0 16px; padding-left: 12px; border-left: 6px solid; }
a { color: #1f4fd1; }
a.press { display: inline-block; padding: 14px 28px; border-radius: 8px; background: #b3261e; color: #fff;
  font-weight: 600; text-decoration: none; }
@media (prefers-color-scheme: dark) { body { background: #101216; color: #e9ebf0; } a { color: #8ab0ff; } }
"""


def _html(message: Message) -> str:
    """What reads on a phone at night: the title beside its colour, one large button, the text, the way to the rest."""
    head = press = opened = ""
    if not message.plain:
        colour = colour_of(message.severity)
        head = f'<h1 style="border-color:{colour}">{html.escape(message.title)}</h1>'
        opened = _link(message.link, message.mailing.press if message.mailing else "Open in Tocsin")
        if message.mailing:
            opened += _link(message.mailing.unsubscribe_link, "Unsubscribe")
    if message.acknowledge_link:
        look = "background:#b3261e;color:#fff;padding:14px 28px"  # also where a program drops the style above
        press = _link(message.acknowledge_link, "Acknowledge", f' class="press" style="{look}"')
    text = html.escape(message.text).replace("\n", "<br>\n")
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<meta name="color-scheme" content="light dark"><style>{_STYLE}</style></head>'
        f'<body><div class="all">{head}{press}<p>{text}</p>{opened}</div></body></html>'
    )


def _link(address: str, words: str, look: str = "") -> str:
    return f'<p><a href="{html.escape(address, quote=True)}"{look}>{html.escape(words)}</a></p>' if address else ""


def test(config: Config) -> Conversation[Tested]:
    """Connect, secure the line and sign in as for a mail, and say goodbye: no mail is sent."""
    host, security, port = (
        str(config.get("host") or ""),
        str(config.get("security") or "starttls"),
        str(config.get("port", 25)),
    )
    if not host or not config.get("from"):
        return Tested(False, False, ("set `host` and `from`",))
    if security not in SECURITY or not port.isdecimal():
        return Tested(False, False, (f"security must be {', '.join(SECURITY)} and port a number: {security}, {port}",))
    name = str(config.get("username") or "")
    response = yield Mail(
        host=host, port=int(port), security=security, username=name, password=str(config.get("password") or ""),
        sender=str(config["from"]), recipients=(), message=b"",
    )  # fmt: skip
    how = "without encryption" if security == "none" else f"with {security.upper()}"
    if 200 <= response.status < 300:
        signed = f", and takes the login of {name}" if name else ""
        return Tested(True, None, (), f"{host}:{port} answers {how}{signed}. Whether it takes a mail only one tells.")
    said = one_line(response.error, 200)
    if response.status in (530, 534, 535, 538):
        return Tested(False, False, (f"{host} refuses the login of {name or 'nobody'} ({response.status}): {said}",))
    code = f" ({response.status})" if response.status else ""
    return Tested(False, False, (f"{host}:{port} does not work {how}{code}: {said or 'no reason is known'}",))


TRANSPORT = Transport(
    "smtp", "E-mail", send=send, address="email",
    fields=(
        Field("host", "Server"), Field("port", "Port", required=False, help="25, 465 with tls, 587 with starttls"),
        Field("from", "Sender's address"),
        Field("username", "User name", required=False), Field("password", "Password", secret=True, required=False),
        Field("security", "Security", required=False, help="none, starttls or tls"),
    ),
)  # fmt: skip
CONNECTION_TEST = ConnectionTest("smtp", TRANSPORT.title, test)
