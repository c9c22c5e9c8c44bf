"""A small Telegram: it keeps chats and topics, and refuses what the Bot API refuses (integrations.md section 17)."""

from __future__ import annotations

import json
import time
from typing import Any

from .web import FakeServer

TOKEN = "123456:fake-token-of-the-tests"


class FakeTelegram(FakeServer):
    """
    `mode`: ok, flood, down, html, lie (200 with ok:false), hang_up, hang, blocked, kicked. `forum`: it has topics.

    `retry_after` is what a flood asks for, in seconds; `migrated` maps a group's old id to its new one.
    `messages` are the bodies of sendMessage that were taken; `faults` tells where a request broke the API's rules.
    """

    def __init__(self) -> None:
        super().__init__()
        self.mode = "ok"
        self.forum = True
        self.retry_after = 2
        self.migrated: dict[int, int] = {}
        self.messages: list[dict[str, Any]] = []
        self.topics: dict[int, str] = {}
        self.calls: list[tuple[float, str]] = []

    def answer(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        token, _, method = path.removeprefix("/bot").partition("/")
        self.calls.append((time.monotonic(), method))
        if token != TOKEN:
            return self._no(401, "Unauthorized")
        scripted = self._scripted()
        if scripted:
            return scripted
        try:
            said = json.loads(body)
        except ValueError:
            self.faults.append("not JSON")
            return self._no(400, "Bad Request: not JSON")
        if new := self.migrated.get(said.get("chat_id")):
            why = "Bad Request: group chat was upgraded to a supergroup chat"
            return self._no(400, why, {"migrate_to_chat_id": new})
        if method == "createForumTopic":
            return self._topic(said)
        return self._message(said) if method == "sendMessage" else self._no(404, "Not Found")

    def _scripted(self) -> tuple[int, dict[str, str], bytes] | None:
        if self.mode == "flood":
            why = f"Too Many Requests: retry after {self.retry_after}"
            return self._no(429, why, {"retry_after": self.retry_after})
        if self.mode == "down":
            return 502, {}, b"<html>Bad gateway</html>"
        if self.mode == "html":
            return 200, {}, b"<html>captive portal</html>"
        if self.mode == "lie":
            return 200, {}, b'{"ok": false, "description": "internal"}'
        if self.mode == "hang_up":
            return 0, {}, b""
        if self.mode == "hang":
            return self.hang()
        if self.mode == "blocked":
            return self._no(403, "Forbidden: bot was blocked by the user")
        if self.mode == "kicked":
            return self._no(403, "Forbidden: bot was kicked from the supergroup chat")
        return None

    def _topic(self, said: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        if not self.forum:
            return self._no(400, "Bad Request: the chat is not a forum")
        if not 1 <= len(said.get("name", "")) <= 128:
            self.faults.append("name length")
            return self._no(400, "Bad Request: topic name is wrong")
        thread = 70 + len(self.topics)
        self.topics[thread] = said["name"]
        return self._yes({"message_thread_id": thread, "name": said["name"]})

    def _message(self, said: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        text = said.get("text", "")
        if not isinstance(said.get("chat_id"), int) or not 1 <= len(text.encode("utf-16-le")) // 2 <= 4096:
            self.faults.append("chat_id or text length")
            return self._no(400, "Bad Request: message is too long")
        if "parse_mode" in said:
            self.faults.append("texts go out as plain text")
        for button in [b for row in said.get("reply_markup", {}).get("inline_keyboard", []) for b in row]:
            if len(button.get("callback_data", "").encode()) > 64 or "." not in button.get("url", "."):
                self.faults.append("button")
                return self._no(400, "Bad Request: BUTTON_URL_INVALID")
        if said.get("message_thread_id") and said["message_thread_id"] not in self.topics:
            return self._no(400, "Bad Request: message thread not found")
        self.messages.append(said)
        return self._yes({"message_id": len(self.messages), "chat": {"id": said["chat_id"]}, "text": text})

    def _yes(self, result: Any) -> tuple[int, dict[str, str], bytes]:
        return 200, {"Content-Type": "application/json"}, json.dumps({"ok": True, "result": result}).encode()

    def _no(
        self, status: int, description: str, parameters: dict[str, int] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        body: dict[str, Any] = {"ok": False, "error_code": status, "description": description}
        if parameters:
            body["parameters"] = parameters
        return status, {"Content-Type": "application/json"}, json.dumps(body).encode()
