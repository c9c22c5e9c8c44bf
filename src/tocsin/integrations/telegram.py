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
    wait_of,
)

API_BASE = "https://api.telegram.org"
TEXT_LIMIT = 4096  # UTF-16 code units, as Telegram counts
NAME_LIMIT = 128  # of a forum topic
CLUSTER_LIMIT = 64  # code points in what is taken for one visible character
DEAD = ("chat not found", "deactivated")  # besides every 403: blocked, kicked, never a member
LOST_THREAD = ("thread not found", "topic_deleted", "topic_closed")
BAD_BUTTON = ("button url", "button_url")


def send(message: Message, config: Config) -> Conversation[Verdict]:
    """One message, as plain text. Returns Delivered with the message id, Retry or Reject; raises nothing."""
    buttons = _buttons(message)
    response = yield Request("POST", _method(config, "sendMessage"), json=_body(message, buttons))
    if buttons and response.status == 400 and any(word in _why(response).lower() for word in BAD_BUTTON):
        # A page is not lost over its buttons: the same again, with the addresses in the text.
        response = yield Request("POST", _method(config, "sendMessage"), json=_body(message, []))
    return _verdict(response, "message_id", to=message.to, thread=message.thread)


def open_room(name: str, config: Config) -> Conversation[Verdict]:
    """A forum topic in the group. Delivered carries the thread; a group without topics is a Reject."""
    to = str(config.get("chat_id") or "")
    if not to:
        return Reject("no chat_id: there is no group to open a topic in")
    body = {"chat_id": _chat(to), "name": cut(name, NAME_LIMIT)}
    response = yield Request("POST", _method(config, "createForumTopic"), json=body)
    return _verdict(response, "message_thread_id", to=to)


def _method(config: Config, name: str) -> str:
    return f"{str(config.get('api_base') or API_BASE).rstrip('/')}/bot{config['bot_token']}/{name}"


def _chat(to: str) -> int | str:
    return int(to) if to.isascii() and to.removeprefix("-").isdecimal() else to


def _body(message: Message, buttons: list[dict[str, str]]) -> dict[str, Any]:
    body: dict[str, Any] = {
        "chat_id": _chat(message.to),
        "text": cut(message.text if message.plain else _text(message, buttons), TEXT_LIMIT),
        "link_preview_options": {"is_disabled": True},
    }
    if message.thread.isdecimal():
        body["message_thread_id"] = int(message.thread)
    if buttons:
        body["reply_markup"] = {"inline_keyboard": [buttons]}
    return body


def _text(message: Message, buttons: list[dict[str, str]]) -> str:
    """Title, link, blank line, text: the links stand first and survive the cut."""
    head = [message.title]
    if message.acknowledge_link and not buttons:
        head.append(f"Acknowledge: {message.acknowledge_link}")
    if message.link:
        head.append(message.link)
    return "\n".join(head) + f"\n\n{message.text}"


def _buttons(message: Message) -> list[dict[str, str]]:
    """Buttons that open an address, where Telegram takes it: it refuses a host without a dot, and this machine."""
    if message.plain or not _takes(message.acknowledge_link):
        return []
    buttons = [{"text": "Acknowledge", "url": message.acknowledge_link}]
    if _takes(message.link):
        buttons.append({"text": "Open", "url": message.link})
    return buttons


def _takes(link: str) -> bool:
    try:
        host = urlsplit(link).hostname or ""
    except ValueError:
        return False
    return "." in host and not host.startswith("127.") and not host.endswith(".localhost")


def cut(text: str, limit: int) -> str:
    """Cut to *limit* UTF-16 code units, never inside a visible character; the end is then an ellipsis."""
    units = text.encode("utf-16-le")
    if len(units) // 2 <= limit:
        return text
    end = len(units[: (limit - 1) * 2].decode("utf-16-le", "ignore"))  # half a surrogate pair is dropped
    whole = next((i for i in range(end, max(end - CLUSTER_LIMIT, 0), -1) if not _joined(text, i)), end)
    return text[:whole] + "…"


def _joined(text: str, i: int) -> bool:
    """Say whether the code points before and after position *i* show as one character."""
    before, after = text[i - 1], text[i]
    if unicodedata.category(after).startswith("M") or after == "\u200d" or "\U0001f3fb" <= after <= "\U0001f3ff":
        return True
    if before == "\u200d":
        return True
    flags = 0  # two regional letters are one flag
    while flags < i and "\U0001f1e6" <= text[i - 1 - flags] <= "\U0001f1ff":
        flags += 1
    return flags % 2 == 1 and "\U0001f1e6" <= after <= "\U0001f1ff"


def _answer(response: Response) -> dict[str, Any]:
    answer = response.json
    return answer if isinstance(answer, dict) else {}


def _why(response: Response) -> str:
    return str(_answer(response).get("description") or response.error or f"status {response.status}")


def _verdict(response: Response, receipt: str, *, to: str, thread: str = "") -> Verdict:
    answer, why, status = _answer(response), _why(response), response.status
    result = answer.get("result")
    if status == 200 and answer.get("ok") is True and isinstance(result, dict) and receipt in result:
        return Delivered(receipt=str(result[receipt]))
    hint = answer.get("parameters")
    hint = hint if isinstance(hint, dict) else {}
    new, said = str(hint.get("migrate_to_chat_id") or ""), why.lower()
    if new and new != to:  # the group became a supergroup
        return Retry(why, settings={"chat_id": new})
    if thread and any(word in said for word in LOST_THREAD):  # the group itself still takes the text
        return Retry(why, settings={"thread": ""})
    if 400 <= status < 500 and status not in (408, 429):  # trying again will not help
        return Reject(why, broken=status == 403 or any(word in said for word in DEAD))
    return Retry(why, after=wait_of(hint.get("retry_after")))


TRANSPORT = Transport(
    "telegram", "Telegram", send=send, open_room=open_room, address="telegram", channel_address="chat_id",
    per_second=1, per_minute=20, total_per_second=30,  # core.telegram.org/bots/faq: one chat, one group, one bot
    fields=(
        Field("bot_token", "Bot token", secret=True, help="from @BotFather"),
        Field("chat_id", "Chat id", required=False, help="numeric; of the alerts group"),
        Field("api_base", "API address", required=False, help=f"{API_BASE} unless you run your own"),
        Field("webhook_secret", "Webhook secret", secret=True, required=False),
    ),
)  # fmt: skip
