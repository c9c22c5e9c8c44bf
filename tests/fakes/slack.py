"""A small Slack: channels, messages, updates; it refuses what the Web API refuses (integrations.md section 18)."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from typing import Any
from urllib.parse import urlencode

from .web import FakeServer

TOKEN = "xoxb-fake-token-of-the-tests"
SECRET = "signing-secret-of-the-tests"
NAME = re.compile(r"[a-z0-9_-]{1,80}")


class FakeSlack(FakeServer):
    """
    `mode`: ok, flood, down, html, lie, hang_up, hang, revoked. `url` is its `api_base`.

    `messages` by ts are what is shown now, `posted` what was posted in order; `whispers` went to a response_url.
    """

    def __init__(self) -> None:
        super().__init__()
        self.mode = "ok"
        self.channels: dict[str, str] = {"C0ALERTS": "alerts"}
        self.people = {"U0ANA": "ana", "U0BO": "bo"}
        self.topics: dict[str, str] = {}
        self.pinned: list[tuple[str, str]] = []
        self.archived: set[str] = set()
        self.scopes = "chat:write,channels:manage,channels:history,pins:write,commands,app_mentions:read"
        self.refuses_bots = True  # to unarchive: Slack lets people alone do that
        self.invited: list[tuple[str, str]] = []
        self.messages: dict[str, dict[str, Any]] = {}
        self.posted: list[dict[str, Any]] = []
        self.whispers: list[dict[str, Any]] = []

    def answer(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        said = json.loads(body)
        if path.startswith("/actions/"):
            self.whispers.append(said)
            return 200, {}, b"ok"
        if scripted := self._scripted():
            return scripted
        if headers.get("Authorization") != f"Bearer {TOKEN}":
            return self._no("invalid_auth")
        if headers.get("Content-Type") != "application/json; charset=utf-8":
            self.faults.append("the charset is missing")
        verb = getattr(self, "_" + path.strip("/").replace(".", "_").lower(), None)
        return verb(said) if verb else self._no("unknown_method")

    def _scripted(self) -> tuple[int, dict[str, str], bytes] | None:
        if self.mode == "flood":
            return 429, {"Retry-After": "14"}, b'{"ok": false, "error": "ratelimited"}'
        if self.mode == "down":
            return 503, {}, b"upstream"
        if self.mode == "html":
            return 200, {}, b"<html>captive portal</html>"
        if self.mode == "lie":
            return 200, {}, b'{"ok": true}'
        if self.mode == "hang_up":
            return 0, {}, b""
        if self.mode == "hang":
            return self.hang()
        return self._no("token_revoked") if self.mode == "revoked" else None

    def _auth_test(self, said: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        status, headers, body = self._yes({"team": "Proofi", "user": "tocsin", "bot_id": "B0"})
        return status, headers | ({"x-oauth-scopes": self.scopes} if self.scopes else {}), body

    def _chat_postmessage(self, said: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        to = said.get("channel", "")
        if to not in self.channels and to not in self.people:
            return self._no("channel_not_found")
        if to in self.archived:
            return self._no("is_archived")
        if problem := self._problem(said):
            return self._no(problem)
        ts = f"1795423380.{len(self.posted):06d}"
        channel = to if to in self.channels else f"D{to[1:]}"
        self.messages[ts] = {**said, "channel": channel}
        self.posted.append({**said, "ts": ts, "to": to})
        return self._yes({"channel": channel, "ts": ts})

    def _chat_update(self, said: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        if said.get("ts") not in self.messages or self.messages[said["ts"]]["channel"] != said.get("channel"):
            return self._no("message_not_found")
        if problem := self._problem(said):
            return self._no(problem)
        self.messages[said["ts"]] = said
        return self._yes({"channel": said["channel"], "ts": said["ts"]})

    def _problem(self, said: dict[str, Any]) -> str:
        if not said.get("text"):
            return "no_text"
        if len(said["text"]) > 40_000:
            return "msg_too_long"
        for block in said.get("blocks", []):
            if block["type"] == "section" and not 1 <= len(block["text"]["text"]) <= 3000:
                return "invalid_blocks"
            for element in block.get("elements", []):
                long = len(element.get("value", "")) > 2000 or len(element.get("action_id", "")) > 255
                if long or (element["type"] == "button" and len(element["text"]["text"]) > 75):
                    return "invalid_blocks"
        return ""

    def _conversations_create(self, said: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        name = said.get("name", "")
        if not NAME.fullmatch(name):
            self.faults.append(f"the name {name!r}")
            return self._no("invalid_name_specials")
        if name in self.channels.values():
            return self._no("name_taken")
        id_ = f"C0ROOM{len(self.channels)}"
        self.channels[id_] = name
        return self._yes({"channel": {"id": id_, "name": name}})

    def _conversations_settopic(self, said: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        if len(said.get("topic", "")) > 250:
            return self._no("too_long")
        self.topics[said["channel"]] = said["topic"]
        return self._yes({})

    def _conversations_invite(self, said: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        users = said["users"].split(",")
        if any(user not in self.people for user in users):
            return self._no("user_not_found")
        if all((said["channel"], user) in self.invited for user in users):
            return self._no("already_in_channel")
        self.invited += [(said["channel"], user) for user in users]
        return self._yes({})

    def _pins_add(self, said: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        if self.messages.get(said.get("timestamp"), {}).get("channel") != said.get("channel"):
            return self._no("message_not_found")
        if (said["channel"], said["timestamp"]) in self.pinned:
            return self._no("already_pinned")
        self.pinned.append((said["channel"], said["timestamp"]))
        return self._yes({})

    def _conversations_archive(self, said: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        if said["channel"] in self.archived:
            return self._no("already_archived")
        self.archived.add(said["channel"])
        return self._yes({})

    def _conversations_unarchive(self, said: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        if self.refuses_bots:
            return self._no("not_in_channel")
        self.archived.discard(said["channel"])
        return self._yes({})

    def press(self, ts: str, user: str, action: str) -> dict[str, Any]:
        """What Slack posts when *user* presses that button of the message *ts*."""
        shown = self.messages[ts]
        button = next(
            element for block in shown.get("blocks", []) for element in block.get("elements", [])
            if element.get("action_id") == action
        )  # fmt: skip
        return {
            "type": "block_actions", "user": {"id": user, "name": "somebody"}, "response_url": f"{self.url}/actions/1",
            "channel": {"id": shown["channel"]}, "message": {"ts": ts, "text": shown["text"]},
            "actions": [{"action_id": action, "type": "button", "value": button["value"]}],
        }  # fmt: skip

    def _yes(self, result: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        return 200, {"Content-Type": "application/json"}, json.dumps({"ok": True, **result}).encode()

    def _no(self, error: str) -> tuple[int, dict[str, str], bytes]:
        return 200, {"Content-Type": "application/json"}, json.dumps({"ok": False, "error": error}).encode()


def signed(
    body: bytes, at: float, secret: str = SECRET, kind: str = "application/x-www-form-urlencoded"
) -> dict[str, str]:
    """The headers that Slack sends with *body* at that instant, in seconds."""
    base = f"v0:{int(at)}:".encode() + body
    mark = "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": str(int(at)), "X-Slack-Signature": mark, "Content-Type": kind}


def interaction(payload: dict[str, Any]) -> bytes:
    return urlencode({"payload": json.dumps(payload)}).encode()
