"""A small mail server on a real socket; it keeps what it took, and can refuse as mail servers do."""

from __future__ import annotations

import asyncio
import email.policy
import ssl
from email import message_from_bytes
from email.message import EmailMessage
from typing import Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

HEADERS = ("Date", "Message-ID", "From", "To", "Subject", "Auto-Submitted")
LINE_LIMIT = 998  # bytes; RFC 5322 2.1.1


class _Server(Controller):
    """Takes a free port: the controller's own first call, which shows that it serves, must know which one it got."""

    def _trigger_server(self) -> None:
        self.port = int(self.server.sockets[0].getsockname()[1])  # type: ignore[union-attr]
        super()._trigger_server()


class FakeMail:
    """
    `answer` is what the server says to a message: "250 OK", "451 try later", "550 no such box"; "slow" never answers.

    With *tls* it offers STARTTLS. With *login*, a name and a password, it takes mail from nobody else.
    """

    def __init__(self, tls: ssl.SSLContext | None = None, login: tuple[str, str] | None = None) -> None:
        self.login = login
        self.answer = "250 2.0.0 queued as 42"
        self.messages: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.faults: list[str] = []
        more: dict[str, Any] = {"auth_require_tls": False} if login else {}
        if login:
            more["authenticator"] = lambda _server, _session, _envelope, _how, data: AuthResult(
                success=(data.login.decode(), data.password.decode()) == login, handled=False
            )
        self._controller = _Server(self, hostname="127.0.0.1", port=0, tls_context=tls, **more)

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if self.login and not session.authenticated:
            return "530 5.7.0 Authentication required"
        if self.answer.startswith("5"):
            return self.answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.answer == "slow":
            await asyncio.Event().wait()
        if self.answer.startswith("4"):
            return self.answer
        if any(len(line) > LINE_LIMIT for line in envelope.content.splitlines()):
            self.faults.append("a line over 998 bytes")
        message = message_from_bytes(envelope.content, policy=email.policy.default)
        self.faults += [f"no {name}" for name in HEADERS if not message[name]]
        self.messages.append(message)  # type: ignore[arg-type]
        self.recipients.append(envelope.rcpt_tos)
        return self.answer

    @property
    def port(self) -> int:
        return int(self._controller.port)

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()
