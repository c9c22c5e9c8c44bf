"""A small mail server on a real socket; it keeps what it took, and can refuse as mail servers do."""

from __future__ import annotations

import email.policy
from email import message_from_bytes
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller


class FakeMail:
    """`answer` is what the server says to a message: "250 OK", "451 try later", "550 no such box"."""

    def __init__(self) -> None:
        self.answer = "250 2.0.0 queued as 42"
        self.messages: list[EmailMessage] = []
        self.faults: list[str] = []
        self._controller = Controller(self, hostname="127.0.0.1", port=0)

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if self.answer.startswith("5"):
            return self.answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.answer.startswith("4"):
            return self.answer
        if any(len(line) > 998 for line in envelope.content.splitlines()):
            self.faults.append("a line over 998 bytes")
        message = message_from_bytes(envelope.content, policy=email.policy.default)
        for name in ("Date", "Message-ID", "From", "To", "Subject", "Auto-Submitted"):
            if not message[name]:
                self.faults.append(f"no {name}")
        self.messages.append(message)  # type: ignore[arg-type]
        return self.answer

    @property
    def port(self) -> int:
        return int(self._controller.server.sockets[0].getsockname()[1])  # type: ignore[union-attr]

    def __enter__(self) -> FakeMail:
        self._controller._trigger_server = lambda: None  # type: ignore[method-assign]  # port 0: it cannot call itself
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()
