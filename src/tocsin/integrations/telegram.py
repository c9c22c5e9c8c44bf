"""Telegram: pages and texts as messages from a bot.   Source: core.telegram.org/bots/api#sendmessage"""

from __future__ import annotations

import unicodedata
from typing import Any
from urllib.parse import urlsplit

from tocsin.sdk import (
    Config,
    Conversation,
    Delivered,
    Field,
    Message,
    Reject,
    Request,
    Response,
    Retry,
    Transport,
    Verdict,
)

TEXT_LIMIT = 4096  # UTF-16 code units, as Telegram counts
NAME_LIMIT = 128  # of a forum topic
DEAD = ("bot was blocked", "bot was kicked", "chat not found", "user is deactivated", "bot can't initiate")


def send(message: Message, config: Config) -> Conversation[Verdict]:
    """One message, as plain text. Returns Delivered with the message id, Retry or Reject; raises nothing."""
    buttons = _buttons(message)
    text = message.text if message.plain else _text(message, with_links=not buttons)
    body: dict[str, Any] = {
        "chat_id": _chat(message.to),
        "text": cut(text, TEXT_LIMIT),
        "link_preview_options": {"is_disabled": True},
    }
    if message.thread:
        body["message_thread_id"] = int(message.thread)
    if buttons:
        body["reply_markup"] = {"inline_keyboard": [buttons]}
    response = yield Request("POST", _method(config, "sendMessage"), json=body)
    return _verdict(response, "message_id")


def open_room(name: str, config: Config) -> Conversation[Verdict]:
    """A forum topic in the group. Delivered carries the thread; a group without topics is a Reject."""
    body = {"chat_id": _chat(str(config["chat_id"])), "name": name[:NAME_LIMIT]}
    response = yield Request("POST", _method(config, "createForumTopic"), json=body)
    return _verdict(response, "message_thread_id")


def _method(config: Config, name: str) -> str:
    return f"{str(config['api_base']).rstrip('/')}/bot{config['bot_token']}/{name}"


def _chat(to: str) -> int | str:
    return int(to) if to.lstrip("-").isdigit() else to


def _text(message: Message, *, with_links: bool) -> str:
    head = [message.title]
    if with_links:
        head += [f"Acknowledge: {message.acknowledge_link}"] if message.acknowledge_link else []
        head += [message.link] if message.link and message.link not in message.text else []
    return "\n".join(head) + f"\n\n{message.text}"  # the links survive the cut


def _buttons(message: Message) -> list[dict[str, str]]:
    """Buttons with addresses, where Telegram takes them: it refuses those of a host without a dot."""
    if message.plain or not message.acknowledge_link:
        return []
    host = urlsplit(message.acknowledge_link).hostname or ""
    if "." not in host or host.startswith("127."):
        return []
    return [{"text": "Acknowledge", "url": message.acknowledge_link}, {"text": "Open", "url": message.link}]


def cut(text: str, limit: int) -> str:
    """Cut to *limit* UTF-16 code units, never inside a character with its marks; the end is then an ellipsis."""
    if len(text.encode("utf-16-le")) // 2 <= limit:
        return text
    kept = text.encode("utf-16-le")[: (limit - 1) * 2].decode("utf-16-le", "ignore")
    while kept and (unicodedata.combining(text[len(kept)]) or text[len(kept)] in "\u200d\ufe0f"):
        kept = kept[:-1]
    return kept + "…"


def _verdict(response: Response, receipt: str) -> Verdict:
    answer = response.json if isinstance(response.json, dict) else {}
    if response.status == 200 and answer.get("ok") is True and isinstance(answer.get("result"), dict):
        return Delivered(receipt=str(answer["result"].get(receipt, "")))
    why = str(answer.get("description") or response.error or f"status {response.status}")
    hint: dict[str, Any] = answer["parameters"] if isinstance(answer.get("parameters"), dict) else {}
    if "migrate_to_chat_id" in hint:  # the group became a supergroup
        return Retry(why, settings={"chat_id": str(hint["migrate_to_chat_id"])})
    if "thread not found" in why.lower():  # the topic was deleted: the group itself still takes the text
        return Retry(why, settings={"thread": ""})
    if 400 <= response.status < 500 and response.status not in (408, 429):  # trying again will not help
        return Reject(why, broken=any(word in why.lower() for word in DEAD))
    after = hint.get("retry_after")
    return Retry(why, after=float(after) if isinstance(after, (int, float)) else None)


TRANSPORT = Transport(
    "telegram", "Telegram", send=send, open_room=open_room, address="telegram", channel_address="chat_id",
    per_second=1, per_minute=20,  # core.telegram.org/bots/faq: for one chat, for one group
    fields=(
        Field("bot_token", "Bot token", secret=True, help="from @BotFather"),
        Field("chat_id", "Chat id", required=False, help="numeric; of the alerts group"),
        Field("api_base", "API address", required=False),
        Field("webhook_secret", "Webhook secret", secret=True, required=False),
    ),
)  # fmt: skip
