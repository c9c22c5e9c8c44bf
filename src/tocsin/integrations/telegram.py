"""Telegram: pages and texts from a bot, and what people press and type.   Source: core.telegram.org/bots/api"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from tocsin.sdk import (
    Answer,
    Chat,
    Command,
    Config,
    ConnectionTest,
    Conversation,
    Delivered,
    Field,
    Heard,
    Inbound,
    Message,
    Moved,
    Polled,
    Press,
    Refusal,
    Reject,
    Reply,
    Request,
    Response,
    Retry,
    Rooms,
    RoomStep,
    Said,
    Tested,
    Transport,
    Verb,
    Verdict,
    clean,
    cut,
    one_line,
    one_of,
    read_json,
    text_of,
    utf16,
    wait_of,
    why_not,
)

API_BASE = "https://api.telegram.org"
TEXT_LIMIT = 4096  # UTF-16 code units, as Telegram counts
TITLE_LIMIT = 300  # our own: the links come after it
NAME_LIMIT = 128  # of a forum topic
DEAD = ("chat not found", "deactivated")  # besides every 403: blocked, kicked, never a member
LOST_THREAD = ("thread not found", "topic_deleted", "topic_closed")
BAD_BUTTON = ("button url", "button_url", "button_data")
DONE = ("message is not modified", "topic_not_modified", "chat_not_modified")
GONE = ("message to edit not found", "message can't be edited", "message_id_invalid")
ANSWER_LIMIT = 200  # characters of what is shown over a button; #answercallbackquery
POLL_SECONDS = 25  # how long Telegram keeps one look open when there is nothing; #getupdates
POLL_LIMIT = 20  # updates in one look
POLL_BYTES = 2_000_000  # 20 updates at their longest, every character written as an escape
UPDATES = ["message", "callback_query", "my_chat_member"]
CODES: Final[Mapping[str, Verb]] = {"ack": "acknowledge", "pass": "pass_on", "esc": "escalate"}
LABELS: Final = {"ack": "Acknowledge", "pass": "I can't take it", "esc": "Escalate"}
COMMAND = re.compile(r"/(\w{1,32})(?:@(\w{1,64}))?(?:\s+(.*))?", re.DOTALL)


def send(message: Message, config: Config) -> Conversation[Verdict]:
    """One message, as plain text. Returns Delivered with the message id, Retry or Reject; raises nothing."""
    buttons = _buttons(message)
    response = yield Request("POST", _method(config, "sendMessage"), json=_body(message, buttons))
    if buttons and response.status == 400 and any(word in _why(response).lower() for word in BAD_BUTTON):
        # A page is not lost over its buttons: the same again, with the addresses in the text.
        response = yield Request("POST", _method(config, "sendMessage"), json=_body(message, []))
    return _verdict(response, "message_id", to=message.to, thread=message.thread)


def edit(message: Message, receipt: str, config: Config) -> Conversation[Verdict]:
    """Another text in the place of one that was sent, without its buttons. What cannot be edited is a Reject."""
    if not receipt.isdecimal():
        return Reject("no message id")
    body = {**_body(message, []), "message_id": int(receipt)}  # without reply_markup the buttons go
    response = yield Request("POST", _method(config, "editMessageText"), json=body)
    if "message is not modified" in _why(response).lower():
        return Delivered()
    verdict = _verdict(response, "message_id", to=message.to)
    if isinstance(verdict, Retry) and verdict.settings:  # a supergroup has other messages than the group had
        return Reject(verdict.why)
    return Delivered() if isinstance(verdict, Delivered) else verdict


def open_room(name: str, config: Config) -> Conversation[Verdict]:
    """A forum topic in the group. Delivered carries the thread; a group without topics is a Reject."""
    to = str(config.get("chat_id") or "")
    if not to:
        return Reject("no chat_id: there is no group to open a topic in")
    body = {"chat_id": _chat(to), "name": cut(name, NAME_LIMIT, utf16)}
    response = yield Request("POST", _method(config, "createForumTopic"), json=body)
    return _verdict(response, "message_thread_id", to=to)


def keep_room(step: RoomStep, config: Config) -> Conversation[Verdict]:
    """Do one thing to a topic. What is so already, is done; a topic or message that is gone is a Reject."""
    place: dict[str, Any] = {"chat_id": _chat(step.to)}
    topic = {**place, "message_thread_id": int(step.thread) if step.thread.isdecimal() else 0}
    message = {**place, "message_id": int(step.receipt) if step.receipt.isdecimal() else 0}
    text = {"text": cut(step.text, TEXT_LIMIT, utf16), "link_preview_options": {"is_disabled": True}}
    calls: dict[str, tuple[str, dict[str, Any]]] = {
        "pin": ("pinChatMessage", {**message, "disable_notification": True}),
        "edit": ("editMessageText", {**message, **text}),
        "invite": ("sendMessage", {**topic, **_called(step.people, step.mark)}),
        "close": ("closeForumTopic", topic),
        "reopen": ("reopenForumTopic", topic),
    }
    method, body = calls[step.do]
    response = yield Request("POST", _method(config, method), json=body)
    if response.status == 400 and any(word in _why(response).lower() for word in DONE):
        return Delivered()
    if response.status == 200 and _answer(response).get("ok") is True:
        return Delivered()
    return _verdict(response, "message_id", to=step.to)


def _called(people: Sequence[tuple[str, str]], mark: str) -> dict[str, Any]:
    """A line that names people so that Telegram tells each of them: a bot cannot add anybody to a group."""
    text, entities = f"{mark}You are asked to come here: ", []
    for place, (account, name) in enumerate(people):
        text += ", " if place else ""
        if account.isdecimal():
            user = {"id": int(account), "is_bot": False, "first_name": name}
            entities.append({"type": "text_mention", "offset": utf16(text), "length": utf16(name), "user": user})
        text += name
    return {"text": text, "entities": entities}


def _method(config: Config, name: str) -> str:
    return f"{str(config.get('api_base') or API_BASE).rstrip('/')}/bot{config['bot_token']}/{name}"


def _chat(to: str) -> int | str:
    return int(to) if to.isascii() and to.removeprefix("-").isdecimal() else to


def _body(message: Message, rows: list[list[dict[str, str]]]) -> dict[str, Any]:
    body: dict[str, Any] = {
        "chat_id": _chat(message.to),
        "text": cut(clean(message.text if message.plain else _text(message, rows)), TEXT_LIMIT, utf16),
        "link_preview_options": {"is_disabled": True},
    }
    if message.thread.isdecimal():
        body["message_thread_id"] = int(message.thread)
    if rows:
        body["reply_markup"] = {"inline_keyboard": rows}
    return body


def _text(message: Message, rows: list[list[dict[str, str]]]) -> str:
    """Title, link, blank line, text: the links stand first and survive the cut."""
    head = [one_line(message.title, TITLE_LIMIT)]
    if message.acknowledge_link and not (rows and _takes(message.acknowledge_link)):
        head.append(f"Acknowledge: {message.acknowledge_link}")
    if message.link:
        head.append(message.link)
    return "\n".join(head) + f"\n\n{message.text}"


def _buttons(message: Message) -> list[list[dict[str, str]]]:
    """
    Rows of buttons: for a page those that answer it, and one that opens it.

    Buttons that open an address stand only where Telegram takes it: it refuses a host without a dot, and this machine.
    """
    if message.plain:
        return []
    opens = [{"text": "Open", "url": message.link}] if _takes(message.link) else []
    if message.page:
        answers = [{"text": text, "callback_data": f"{code}:{message.page}"} for code, text in LABELS.items()]
        return [answers[:2], [*answers[2:], *opens]]
    if not _takes(message.acknowledge_link):
        return []
    return [[{"text": "Acknowledge", "url": message.acknowledge_link}, *opens]]


def _takes(link: str) -> bool:
    try:
        host = urlsplit(link).hostname or ""
    except ValueError:
        return False
    return "." in host and not host.startswith("127.") and not host.endswith(".localhost")


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


# --------------------------------------------------------------------------------------------- what people answer


def verify(inbound: Inbound) -> bool:
    """Telegram repeats the secret that it was given, in a header. It gives no instant: an update is taken once."""
    return one_of(inbound.headers.get("x-telegram-bot-api-secret-token", ""), _secrets(inbound.config))


def _secrets(config: Config) -> list[str]:
    """The secrets that are good; two, with a comma between, while one takes the other's place."""
    return [secret.strip() for secret in str(config.get("webhook_secret") or "").split(",")]


def parse(inbound: Inbound) -> Sequence[Heard]:
    """One update; raises BadPayload when it is not JSON."""
    return [*_heard(read_json(inbound.body))]


def _heard(update: Any) -> Iterator[Heard]:
    """What an update means to us: at most one thing. What has another shape than the API's is nothing."""
    if not isinstance(update, dict) or not isinstance(update.get("update_id"), int):
        return
    id_ = str(update["update_id"])
    if query := _part(update, "callback_query"):
        yield from _pressed(id_, query)
    elif message := _part(update, "message"):
        yield from _written(id_, message)


def _pressed(id_: str, query: Mapping[str, Any]) -> Iterator[Heard]:
    code, _, page = text_of(query.get("data"), 64).partition(":")
    message = _part(query, "message")  # missing, or a stub, when it is old
    back = {
        "query": text_of(query.get("id"), 64), "chat": _part(message, "chat").get("id"),
        "message": message.get("message_id"), "text": text_of(message.get("text"), TEXT_LIMIT),
    }  # fmt: skip
    if code in CODES and page:
        receipt = text_of(message.get("message_id"))
        yield Press(id_, text_of(_part(query, "from").get("id")), CODES[code], page, receipt, back=back)


def _written(id_: str, message: Mapping[str, Any]) -> Iterator[Heard]:
    chat, author = text_of(_part(message, "chat").get("id")), _part(message, "from")
    if moved := message.get("migrate_to_chat_id"):
        yield Moved(id_, chat, text_of(moved))
        return
    text, account = text_of(message.get("text"), TEXT_LIMIT), text_of(author.get("id"))
    if not text or not account or author.get("is_bot"):
        return
    thread = text_of(message.get("message_thread_id")) if message.get("is_topic_message") else ""
    if command := COMMAND.fullmatch(text.strip()):
        back = {"chat": chat, "thread": thread, "answers": message.get("message_id")}
        yield Command(id_, account, command[1].lower(), command[3] or "", chat, thread, back, command[2] or "")
    elif thread:
        name = " ".join(filter(None, (text_of(author.get(part), 64) for part in ("first_name", "last_name"))))
        yield Said(id_, account, name, text, chat, thread)


def _part(whole: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = whole.get(name)
    return part if isinstance(part, dict) else {}


def answer(_inbound: Inbound, _replies: Sequence[tuple[Heard, Reply]]) -> Answer:
    """Always 200: what is refused too is told in the chat, and anything else would be sent again."""
    return Answer(200, {"ok": True})


def refused(refusal: Refusal) -> Answer:
    """Say no in the shape of the Bot API."""
    again = {"Retry-After": str(refusal.retry_after_seconds)} if refusal.retry_after_seconds else {}
    return Answer(refusal.status, {"ok": False, "description": "; ".join(refusal.errors)}, again)


def reply(said: Reply, config: Config) -> Conversation[Verdict]:
    """Over the button that was pressed, and in its message; or as an answer to a command."""
    back = said.back
    if "query" not in back:
        body: dict[str, Any] = {"chat_id": _chat(str(back.get("chat", ""))), "text": cut(said.text, TEXT_LIMIT, utf16)}
        if str(back.get("thread", "")).isdecimal():
            body["message_thread_id"] = int(back["thread"])
        body["reply_parameters"] = {"message_id": back.get("answers"), "allow_sending_without_reply": True}
        response = yield Request("POST", _method(config, "sendMessage"), json=body)
        return _verdict(response, "message_id", to=str(back.get("chat", "")))
    shown = {
        "callback_query_id": back["query"],
        "text": cut(said.text, ANSWER_LIMIT, utf16),
        "show_alert": said.refused,
    }
    yield Request("POST", _method(config, "answerCallbackQuery"), json=shown)  # too late is no harm
    if not said.closed or not isinstance(back.get("message"), int):
        return Delivered()
    return (yield from _close(said, config))


def _close(said: Reply, config: Config) -> Conversation[Verdict]:
    """Take the buttons off the message, and write under it how it stands."""
    place: dict[str, Any] = {"chat_id": said.back.get("chat"), "message_id": said.back["message"]}
    method, text = "editMessageReplyMarkup", str(said.back.get("text") or "")
    if text:
        room = TEXT_LIMIT - utf16(said.closed) - 2
        method = "editMessageText"
        place |= {"text": f"{cut(text, room, utf16)}\n\n{said.closed}", "link_preview_options": {"is_disabled": True}}
    response = yield Request("POST", _method(config, method), json=place)
    why = _why(response).lower()
    if "message is not modified" in why:
        return Delivered()
    if any(word in why for word in GONE):  # it cannot be changed any more: say it below
        body = {"chat_id": said.back.get("chat"), "text": cut(said.closed, TEXT_LIMIT, utf16)}
        response = yield Request("POST", _method(config, "sendMessage"), json=body)
    return _verdict(response, "message_id", to=str(said.back.get("chat", "")))


def poll(config: Config, offset: str) -> Conversation[Polled]:
    """Ask for the updates from *offset*; a webhook that was set before is in the way, and removed."""
    body: dict[str, Any] = {"timeout": POLL_SECONDS, "limit": POLL_LIMIT, "allowed_updates": UPDATES}
    if offset:
        body["offset"] = int(offset)
    url, wait = _method(config, "getUpdates"), POLL_SECONDS + 10.0
    response = yield Request("POST", url, json=body, timeout_seconds=wait, answer_limit=POLL_BYTES)
    if response.status == 409 and "webhook" in _why(response).lower():
        yield Request("POST", _method(config, "deleteWebhook"), json={"drop_pending_updates": False})
        response = yield Request("POST", url, json=body, timeout_seconds=wait, answer_limit=POLL_BYTES)
    updates = _answer(response).get("result")
    if response.status != 200 or not isinstance(updates, list):
        after = wait_of(_part(_answer(response), "parameters").get("retry_after"))
        return Polled(offset=offset, why=_why(response), after=after)
    ids = [u["update_id"] for u in updates if isinstance(u, dict) and isinstance(u.get("update_id"), int)]
    return Polled(
        tuple(heard for update in updates for heard in _heard(update)), str(max(ids) + 1) if ids else offset
    )  # fmt: skip


def me(config: Config) -> Conversation[str]:
    """The bot's own name: in a group, commands may name another bot."""
    response = yield Request("POST", _method(config, "getMe"), json={})
    return text_of(_part(_answer(response), "result").get("username"), 64) if response.status == 200 else ""


def listen(config: Config, url: str) -> Conversation[str]:
    """Have Telegram call *url*, with the first of the secrets."""
    body = {"url": url, "secret_token": _secrets(config)[0], "allowed_updates": UPDATES, "max_connections": 10}
    response = yield Request("POST", _method(config, "setWebhook"), json=body)
    return "" if response.status == 200 and _answer(response).get("ok") is True else _why(response)


# --------------------------------------------------------------------------------------------- does it work

TOPIC_RIGHTS: Final = {"can_manage_topics": "Manage topics", "can_pin_messages": "Pin messages"}


def test(config: Config) -> Conversation[Tested]:
    """Look who the bot is, and what it may do in the group. Nothing is written anywhere."""
    if not config.get("bot_token"):
        return Tested(False, False, ("set `bot_token`: @BotFather tells it",))
    me, why = yield from _asked(config, "getMe", {})
    if why:
        return Tested(False, False, (why,))
    text, to = f"The bot is @{text_of(me.get('username'), 64)}", str(config.get("chat_id") or "")
    if not to:
        return Tested(True, None, (), f"{text}; no group is named, and whom it may write to shows only then.")
    chat, why = yield from _asked(config, "getChat", {"chat_id": _chat(to)})
    if why:
        return Tested(True, False, (f"the group {to}: {why}; add the bot to it, or mend `chat_id`",), f"{text}.")
    member, why = yield from _asked(config, "getChatMember", {"chat_id": _chat(to), "user_id": me.get("id")})
    if why:
        return Tested(True, None, (f"what the bot may do in the group {to} cannot be seen: {why}",), f"{text}.")
    missing = _rights(member, forum=chat.get("is_forum") is True)
    acts = text_of(member.get("status")) not in OUT and member.get("can_send_messages") is not False
    topics = "" if chat.get("is_forum") is True else ", which has no topics: war rooms are texts in it"
    return Tested(
        True, acts, tuple(missing), f"{text}; the group is {one_line(text_of(chat.get('title')), 100)}{topics}."
    )


OUT: Final = ("left", "kicked")


def _rights(member: Mapping[str, Any], *, forum: bool) -> list[str]:
    status = text_of(member.get("status"))
    if status in OUT:
        return ["the bot is not in the group: add it"]
    if member.get("can_send_messages") is False:
        return ["the bot may not write in the group: let it send messages"]
    if not forum:
        return []
    if status != "administrator":
        return ["the bot is no administrator of the group: war rooms need it, with Manage topics and Pin messages"]
    return [f"the bot lacks the right {title}" for name, title in TOPIC_RIGHTS.items() if member.get(name) is not True]


def _asked(config: Config, method: str, body: dict[str, Any]) -> Conversation[tuple[Mapping[str, Any], str]]:
    """What a method answers; and why there is none, else empty. A token of the wrong form is a 404 to Telegram."""
    response = yield Request("POST", _method(config, method), json=body)
    result = _answer(response).get("result")
    if response.status == 200 and _answer(response).get("ok") is True and isinstance(result, dict):
        return result, ""
    if new := _part(_answer(response), "parameters").get("migrate_to_chat_id"):
        return {}, f"it became a supergroup: set `chat_id` to {text_of(new)}"
    if method == "getMe" and response.status == 404:
        return {}, "Telegram: the token is refused (404): it is not of a bot"
    return {}, why_not("Telegram", response, _answer(response).get("description"))


TRANSPORT = Transport(
    "telegram", "Telegram", send=send, open_room=open_room, edit=edit, address="telegram", channel_address="chat_id",
    per_second=1, per_minute=20, total_per_second=30,  # core.telegram.org/bots/faq: one chat, one group, one bot
    rooms=Rooms(frozenset({"pin", "edit", "invite", "close", "reopen"}), keep_room),
    fields=(
        Field("bot_token", "Bot token", secret=True, help="from @BotFather"),
        Field("chat_id", "Chat id", required=False, help="numeric; of the alerts group"),
        Field("api_base", "API address", required=False, help=f"{API_BASE} unless you run your own"),
        Field("webhook_secret", "Webhook secret", secret=True, required=False, help="Telegram then calls back"),
    ),
)  # fmt: skip
CHAT = Chat(
    "telegram", paths=("/in/telegram",), verify=verify, parse=parse, answer=answer, refused=refused, reply=reply,
    poll=poll, listen=listen, me=me, secrets=("webhook_secret",), account="bot_token",
)  # fmt: skip
CONNECTION_TEST = ConnectionTest("telegram", TRANSPORT.title, test)
