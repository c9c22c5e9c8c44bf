"""A small Telegram: it keeps chats and topics, and refuses what the Bot API refuses (integrations.md section 17)."""

from __future__ import annotations

import json
import re
import threading
import time
from typing import Any

from .web import FakeServer

TOKEN, NAME = "123456:fake-token-of-the-tests", "TocsinOfTheTestsBot"


class FakeTelegram(FakeServer):
    """
    `mode`: ok, flood, down, html, lie (200 with ok:false), hang_up, hang, blocked, kicked. `forum`: it has topics.

    `retry_after` is what a flood asks for, in seconds; `migrated` maps a group's old id to its new one.
    `messages` are the bodies of sendMessage that were taken; `faults` tells where a request broke the API's rules.
    `say` and `press` make updates; `shown` is how each message looks now, `answers` what was said over a button.
    """

    def __init__(self) -> None:
        super().__init__()
        self.mode = "ok"
        self.forum = True
        self.retry_after = 2
        self.migrated: dict[int, int] = {}
        self.messages: list[dict[str, Any]] = []
        self.topics: dict[int, str] = {}
        self.closed: set[int] = set()
        self.pinned: list[int] = []
        self.calls: list[tuple[float, str]] = []
        self.shown: dict[int, dict[str, Any]] = {}
        self.answers: list[dict[str, Any]] = []
        self.updates: list[dict[str, Any]] = []
        self.webhook: dict[str, Any] | None = None
        self.groups = {-1001234567890: "Proofi alerts"}  # that can be looked at
        self.member: dict[str, Any] = {"status": "administrator", "can_manage_topics": True, "can_pin_messages": True}
        self.polling = 0  # looks that are open now
        self._news = threading.Condition()

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
        verb = {
            "getMe": self._me, "createForumTopic": self._topic, "sendMessage": self._message, "getUpdates": self._get_updates,
            "setWebhook": self._set_webhook, "deleteWebhook": self._delete_webhook, "editMessageText": self._edit,
            "editMessageReplyMarkup": self._edit, "answerCallbackQuery": self._answer_query,
            "getChat": self._chat, "getChatMember": self._member,
            "pinChatMessage": self._pin, "closeForumTopic": self._close_topic, "reopenForumTopic": self._reopen_topic,
        }.get(method)  # fmt: skip
        return verb(said) if verb else self._no(404, "Not Found")

    # ------------------------------------------------------------------------------------- what people do

    def say(self, person: int, text: str, chat: int | None = None, thread: int | None = None) -> int:
        """Somebody writes; returns the update's id."""
        message: dict[str, Any] = {
            "message_id": 9000 + len(self.updates), "date": 1795423412, "text": text,
            "from": {"id": person, "is_bot": False, "first_name": "Some", "last_name": "Body"},
            "chat": {"id": chat or person, "type": "supergroup" if chat else "private"},
        }  # fmt: skip
        if thread:
            message |= {"message_thread_id": thread, "is_topic_message": True}
        return self.push({"message": message})

    def press(self, person: int, number: int, label: str) -> int:
        """Somebody presses the button *label* of message *number*; returns the update's id."""
        shown = self.shown[number]
        rows = shown.get("reply_markup", {}).get("inline_keyboard", [])
        data = next(button["callback_data"] for row in rows for button in row if button["text"] == label)
        query = {
            "id": f"query-{len(self.updates)}", "data": data, "chat_instance": "1",
            "from": {"id": person, "is_bot": False, "first_name": "Some"},
            "message": {"message_id": number, "chat": {"id": shown["chat_id"]}, "text": shown["text"], "date": 1},
        }  # fmt: skip
        return self.push({"callback_query": query})

    def push(self, update: dict[str, Any]) -> int:
        with self._news:
            id_ = 870112233 + len(self.updates)
            self.updates.append({"update_id": id_, **update})
            self._news.notify_all()
        return id_

    def _me(self, said: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        return self._yes({"id": 123456, "is_bot": True, "first_name": "Tocsin", "username": NAME})

    def _chat(self, said: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        if said.get("chat_id") not in self.groups:
            return self._no(400, "Bad Request: chat not found")
        kind = {"type": "supergroup", **({"is_forum": True} if self.forum else {})}
        return self._yes({"id": said["chat_id"], "title": self.groups[said["chat_id"]], **kind})

    def _member(self, said: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        if said.get("user_id") != 123456:
            self.faults.append("not the bot's own number")
        return self._yes({"user": {"id": said.get("user_id")}, **self.member})

    def _get_updates(self, said: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        if self.webhook:
            return self._no(409, "Conflict: can't use getUpdates method while webhook is active")
        with self._news:
            if self.polling:
                return self._no(409, "Conflict: terminated by other getUpdates request")
            self.polling += 1
            try:
                until = time.monotonic() + min(float(said.get("timeout", 0)), 2.0)
                while not (new := [u for u in self.updates if u["update_id"] >= said.get("offset", 0)]):
                    self._news.wait(0.05)
                    if self.released.is_set() or time.monotonic() >= until:
                        break
            finally:
                self.polling -= 1
        return self._yes(new[: said.get("limit", 100)])

    def _set_webhook(self, said: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        if not said.get("url", "").startswith("https://"):
            return self._no(400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook")
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", said.get("secret_token", "")):
            self.faults.append("secret_token")
            return self._no(400, "Bad Request: secret token contains unallowed characters")
        self.webhook = said
        return self._yes(True)

    def _delete_webhook(self, said: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        self.webhook = None
        return self._yes(True)

    def _edit(self, said: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        shown = self.shown.get(said.get("message_id", 0))
        if shown is None or shown["chat_id"] != said.get("chat_id"):
            return self._no(400, "Bad Request: message to edit not found")
        if len(said.get("text", "x").encode("utf-16-le")) // 2 > 4096:
            self.faults.append("an edit that is too long")
        changed = {"text": shown["text"], **said, "reply_markup": said.get("reply_markup", {})}
        if (changed["text"], changed["reply_markup"]) == (shown["text"], shown.get("reply_markup", {})):
            return self._no(400, "Bad Request: message is not modified")
        self.shown[said["message_id"]] = {**shown, "text": changed["text"], "reply_markup": changed["reply_markup"]}
        return self._yes({"message_id": said["message_id"]})

    def _answer_query(self, said: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        if len(said.get("text", "")) > 200:
            self.faults.append("an answer over a button is too long")
        self.answers.append(said)
        return self._yes(True)

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

    def _pin(self, said: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        shown = self.shown.get(said.get("message_id", 0))
        if shown is None or shown["chat_id"] != said.get("chat_id"):
            return self._no(400, "Bad Request: message to pin not found")
        self.pinned.append(said["message_id"])
        return self._yes(True)

    def _close_topic(self, said: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        return self._change_topic(said, close=True)

    def _reopen_topic(self, said: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        return self._change_topic(said, close=False)

    def _change_topic(self, said: dict[str, Any], *, close: bool) -> tuple[int, dict[str, str], bytes]:
        thread = said.get("message_thread_id", 0)
        if thread not in self.topics:
            return self._no(400, "Bad Request: message thread not found")
        if (thread in self.closed) == close:
            return self._no(400, "Bad Request: TOPIC_NOT_MODIFIED")
        (self.closed.add if close else self.closed.discard)(thread)
        return self._yes(True)

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
        for entity in said.get("entities", []):
            length = len(text.encode("utf-16-le")) // 2
            known = entity["type"] == "text_mention" and isinstance(entity["user"]["id"], int)
            if not known or entity["offset"] + entity["length"] > length:
                self.faults.append("entity")
        self.messages.append(said)
        self.shown[len(self.messages)] = said
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
