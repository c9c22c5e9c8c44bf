"""The outermost edge: how long a request may take to come in, how big its head may be. The server bounds neither."""

from __future__ import annotations

import asyncio
import sys
from typing import Any, ClassVar, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

URL_LIMIT: Final = 8_192  # bytes; this and the next two: reliability.md section 1
HEADERS_LIMIT: Final = 16_384  # bytes
HEAD_SECONDS: Final = 5.0
BODY_SECONDS: Final = 16.0  # one more than ingest allows, which says so in its sender's own shape
REST_SECONDS: Final = 5.0  # how long and how much of a body is still read after its answer: whoever is told 413 while
REST_BYTES: Final = 8_000_000  # it sends would not see that, were the connection closed at once
REASONS: Final = {
    408: "Request Timeout", 414: "URI Too Long", 431: "Request Header Fields Too Large", 503: "Service Unavailable",
}  # fmt: skip
KEPT_HANDLES: Final = 48  # of the process's files and sockets, for the database and for what sends pages
LEAST_CONNECTIONS: Final = 8


def most_connections(handles: int) -> int:
    """How many connections may come in, of a process that may open so many *handles*: the rest is for paging."""
    return max(handles - KEPT_HANDLES, LEAST_CONNECTIONS)


class TooMuch(Exception):  # noqa: N818 - what it is
    """The head of the request is over a limit; the answer is set."""


class Edge(HttpToolsProtocol):
    """
    uvicorn's protocol with a deadline and a size for each request's head; over them it answers and hangs up. A body has
    a deadline, too, and of what is left when its answer is out only a little is read.

    So it does with a connection over `most`, which takes no handle that a page needs.
    """

    most: ClassVar[int] = most_connections(1_024)  # of this process
    now: ClassVar[int] = 0

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._timer: asyncio.TimerHandle | None = None
        self._in_head, self._head_bytes, self._refusal = True, 0, 0
        self._in_body, self._answered, self._rest = False, False, 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        Edge.now += 1
        super().connection_made(transport)
        if Edge.now > self.most:
            self._refuse(503)
        else:
            self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        Edge.now -= 1
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        counted = self._in_head
        super().data_received(data)
        if counted and self._in_head and not self.transport.is_closing():
            self._head_bytes += len(data)
            if self._head_bytes > URL_LIMIT + HEADERS_LIMIT:
                self._refuse(431)
        elif self._in_body and self._timer is None:
            self._timer = self.loop.call_later(BODY_SECONDS, self._refuse, 408)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._expect_head()

    def on_headers_complete(self) -> None:
        self._stop_timer()
        self._in_head = False
        if len(self.url) > URL_LIMIT:
            self._refusal = 414
        elif sum(len(name) + len(value) + 4 for name, value in self.headers) > HEADERS_LIMIT:
            self._refusal = 431
        if self._refusal:
            raise TooMuch  # the parser passes it on as a request that cannot be read
        self._in_body, self._answered, self._rest = True, False, 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if not self._answered:
            super().on_body(body)
            return
        self._rest += len(body)
        if self._rest > REST_BYTES:
            self.transport.close()

    def on_message_complete(self) -> None:
        self._in_body = False
        self._stop_timer()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._in_body and self.cycle is not None and self.cycle.response_complete:
            self._answered = True
            self._stop_timer()
            self._timer = self.loop.call_later(REST_SECONDS, self.transport.close)

    def send_400_response(self, msg: str) -> None:
        parser_error = sys.exception()
        if self._refusal:
            self._refuse(self._refusal)
        elif parser_error and isinstance(parser_error.__context__, MemoryError):  # the request may be good
            self._refuse(503)
        else:
            super().send_400_response(msg)

    def _expect_head(self) -> None:
        self._in_head, self._head_bytes = True, 0
        if self._timer is None:
            self._timer = self.loop.call_later(HEAD_SECONDS, self._refuse, 408)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _refuse(self, status: int) -> None:
        self._stop_timer()
        if self.transport.is_closing():
            return
        text = REASONS[status].encode()
        again = b"retry-after: 5\r\n" if status == 503 else b""
        head = b"HTTP/1.1 %d %s\r\n%scontent-type: text/plain\r\ncontent-length: %d\r\nconnection: close\r\n\r\n"
        self.transport.write(head % (status, text, again, len(text)) + text)
        self.transport.close()
