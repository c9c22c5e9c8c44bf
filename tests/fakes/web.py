"""A small HTTP server in a thread, on which the fakes of vendors stand; and a receiver of signed webhooks."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

HANG_SECONDS = 30  # at most; leaving the fake ends it at once


class FakeServer:
    """
    Serves `answer(path, headers, body) -> (status, headers, body)` on a free port of loopback.

    A PATCH has its method before the path. Status 0 hangs up without an answer. `released` is set when the fake ends: who plays dead waits for it.
    """

    def __init__(self) -> None:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = 65_536  # head and body leave in one packet, or each answer costs a delayed acknowledgement

            def do_POST(self) -> None:
                size = int(self.headers.get("Content-Length") or 0)
                status, headers, body = outer.answer(self.path, dict(self.headers), self.rfile.read(size))
                if status == 0:  # hang up without an answer
                    self.close_connection = True
                    return
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST

            def do_PATCH(self) -> None:
                self.path = f"PATCH {self.path}"
                self.do_POST()

            def log_message(self, *args: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                pass  # the client went away: that is what many tests are about

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.faults: list[str] = []  # where a request broke the vendor's rules
        self.released = threading.Event()

    def answer(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        raise NotImplementedError

    def hang(self) -> tuple[int, dict[str, str], bytes]:
        """Say nothing until the fake ends, then hang up."""
        self.released.wait(HANG_SECONDS)
        return 0, {}, b""

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()


class FakeWebhook(FakeServer):
    """Takes signed webhooks, and checks the signature over the raw body. `status` is what it answers."""

    def __init__(self, secret: str = "") -> None:
        super().__init__()
        self.secret = secret
        self.status = 200
        self.received: list[dict[str, Any]] = []

    def answer(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        if self.secret and not self._signed(headers.get("Tocsin-Signature", ""), body):
            self.faults.append("the signature does not hold")
            return 401, {}, b"{}"
        if not self.secret and "Tocsin-Signature" in headers:
            self.faults.append("signed, with no secret agreed")
        if self.status == 200:
            said = json.loads(body)
            if said.get("id") != headers.get("Tocsin-Id"):
                self.faults.append("Tocsin-Id and the id in the body differ")
            self.received.append(said)
        extra = {"Retry-After": "7"} if self.status in (429, 503) else {}
        if self.status == 302:
            extra = {"Location": "http://127.0.0.1:1/elsewhere"}
        return self.status, extra, b'{"id": "r-1"}'

    def _signed(self, header: str, body: bytes) -> bool:
        parts = dict(part.split("=", 1) for part in header.split(",") if "=" in part)
        text = parts.get("t", "").encode() + b"." + body
        return hmac.compare_digest(
            parts.get("v1", ""), hmac.new(self.secret.encode(), text, hashlib.sha256).hexdigest()
        )
