"""A small Twilio: it takes messages and calls, and refuses what the API refuses (integrations.md section 20)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from typing import Any
from urllib.parse import parse_qsl, urlencode
from xml.etree import ElementTree

from .web import FakeServer

SID, TOKEN = "AC" + "a" * 32, "auth-token-of-the-tests"
FROM = "+15550100000"
E164 = re.compile(r"\+[1-9]\d{6,14}")
MESSAGE_FIELDS = {"To", "From", "MessagingServiceSid", "Body", "StatusCallback", "ValidityPeriod"}
CALL_FIELDS = {
    "To", "From", "Twiml", "Url", "StatusCallback", "StatusCallbackEvent", "Timeout", "MachineDetection",
}  # fmt: skip


class FakeTwilio(FakeServer):
    """
    `mode`: ok, flood, down, html, lie, hang_up, hang, revoked, no_callback. `unsubscribed` are numbers that said STOP.

    `messages` and `calls` are the forms that were taken, each with its `sid`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.mode = "ok"
        self.account = {"sid": SID, "friendly_name": "Proofi", "status": "active", "type": "Full"}
        self.unsubscribed: set[str] = set()
        self.messages: list[dict[str, Any]] = []
        self.calls: list[dict[str, Any]] = []

    def answer(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        if scripted := self._scripted():
            return scripted
        login = base64.b64encode(f"{SID}:{TOKEN}".encode()).decode()
        if headers.get("Authorization") != f"Basic {login}" or self.mode == "revoked":
            return self._no(401, 20003, "Authenticate")
        if path == f"/2010-04-01/Accounts/{SID}.json":
            return 200, {"Content-Type": "application/json"}, json.dumps(self.account).encode()
        if headers.get("Content-Type") != "application/x-www-form-urlencoded":
            self.faults.append("not a form")
        form = dict(parse_qsl(body.decode(), keep_blank_values=True))
        if self.mode == "no_callback" and form.get("StatusCallback"):
            return self._no(400, 21609, "The StatusCallback URL is not a valid url")
        if not E164.fullmatch(form.get("To", "")):
            return self._no(400, 21211, f"Invalid 'To' Phone Number: {form.get('To')}")
        if form["To"] in self.unsubscribed:
            return self._no(400, 21610, "Attempt to send to unsubscribed recipient")
        if path == f"/2010-04-01/Accounts/{SID}/Messages.json":
            return self._message(form)
        return self._call(form) if path == f"/2010-04-01/Accounts/{SID}/Calls.json" else self._no(404, 20404, "none")

    def _scripted(self) -> tuple[int, dict[str, str], bytes] | None:
        if self.mode == "flood":
            status, headers, body = self._no(429, 20429, "Too Many Requests")
            return status, {**headers, "Retry-After": "14"}, body
        if self.mode == "down":
            return 503, {}, b"<html>"
        if self.mode == "html":
            return 200, {}, b"<html>captive portal</html>"
        if self.mode == "lie":
            return 201, {}, b"{}"
        if self.mode == "hang_up":
            return 0, {}, b""
        return self.hang() if self.mode == "hang" else None

    def _message(self, form: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        if not 1 <= len(form.get("Body", "")) <= 1600 or not 1 <= int(form.get("ValidityPeriod", "1")) <= 36_000:
            self.faults.append("body or validity")
            return self._no(400, 21617, "The message body is too long")
        self.faults += [f"the field {name}" for name in form.keys() - MESSAGE_FIELDS]
        sid = f"SM{len(self.messages):032d}"
        self.messages.append({**form, "sid": sid})
        return self._yes({"sid": sid, "status": "queued"})

    def _call(self, form: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        self.faults += [f"the field {name}" for name in form.keys() - CALL_FIELDS]
        if len(form.get("Twiml", "")) > 4000:
            self.faults.append("too much TwiML")
        ElementTree.fromstring(form["Twiml"])
        sid = f"CA{len(self.calls):032d}"
        self.calls.append({**form, "sid": sid})
        return self._yes({"sid": sid, "status": "queued"})

    def _yes(self, result: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        return 201, {"Content-Type": "application/json"}, json.dumps(result).encode()

    def _no(self, status: int, code: int, message: str) -> tuple[int, dict[str, str], bytes]:
        body = {"code": code, "message": message, "status": status}
        return status, {"Content-Type": "application/json"}, json.dumps(body).encode()


def action_of(call: dict[str, Any]) -> str:
    """The address that Twilio posts the pressed digit to."""
    gather = ElementTree.fromstring(call["Twiml"]).find("Gather")
    assert gather is not None
    assert "1" == gather.get("numDigits")
    return gather.attrib["action"]


def signed(url: str, form: dict[str, str], token: str = TOKEN) -> dict[str, str]:
    """The headers that Twilio sends with *form* to *url*."""
    text = url + "".join(name + form[name] for name in sorted(form))
    mark = base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()
    return {"X-Twilio-Signature": mark, "Content-Type": "application/x-www-form-urlencoded"}


def encoded(form: dict[str, str]) -> bytes:
    return urlencode(form).encode()
