"""Slack: messages with buttons, war-room channels, commands.   Source: docs.slack.dev, methods as named below"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from tocsin.sdk import (
    CALLBACK_WINDOW,
    Answer,
    BadPayload,
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
    clip,
    cut,
    one_line,
    one_of,
    read_form,
    read_json,
    text_of,
    utf16,
    wait_of,
    why_not,
)

API_BASE = "https://slack.com/api"
TEXT_LIMIT = 4000  # characters; integrations.md section 18
SECTION_LIMIT = 3000
TITLE_LIMIT = 300  # our own: the links come after it
NAME_LIMIT = 80
TOPIC_LIMIT = 250
NAMES_TRIED = 9  # -2 to -9, when a name is taken; an archived channel keeps its name
DEAD: Final = frozenset({
    "channel_not_found", "user_not_found", "is_archived", "account_inactive", "user_disabled", "not_in_channel",
})  # fmt: skip
LATER: Final = frozenset({
    "ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable", "request_timeout",
    "team_added_to_org",
})  # fmt: skip
DONE: Final = (
    "already_pinned", "already_in_channel", "cant_invite_self", "already_archived", "not_archived",
)  # fmt: skip
GONE: Final = ("message_not_found", "cant_update_message", "edit_window_closed")
LABELS: Final = {"acknowledge": "Acknowledge", "pass_on": "I can't take it", "escalate": "Escalate"}
ACTIONS: Final[Mapping[str, Verb]] = {
    "acknowledge": "acknowledge", "ack": "acknowledge", "pass_on": "pass_on", "escalate": "escalate",
}  # fmt: skip
MENTION = re.compile(r"<@[A-Z0-9]+(?:\|[^>]*)?>\s*")


# --------------------------------------------------------------------------------------------- what goes out


def send(message: Message, config: Config) -> Conversation[Verdict]:
    """One message by chat.postMessage. The receipt is its channel and `ts`, as `C…:1795….0002`."""
    body = _body(message)
    response = yield _call(config, "chat.postMessage", body)
    if "blocks" in body and _error(response) in ("invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long"):
        # A page is not lost over its buttons: the same again, with the addresses in the text.
        response = yield _call(config, "chat.postMessage", {n: v for n, v in body.items() if n != "blocks"})
    return _posted(response, message)


def edit(message: Message, receipt: str, config: Config) -> Conversation[Verdict]:
    """Another text in the place of one that was posted, by chat.update; the blocks with its buttons go."""
    channel, _, ts = receipt.partition(":")
    text = _cut(_text(message), TEXT_LIMIT)
    body = {"channel": channel, "ts": ts, "text": text, "blocks": [_section(text)]}
    response = yield _call(config, "chat.update", body)
    return _verdict(response)


def _body(message: Message) -> dict[str, Any]:
    text = _escaped(message.text) if message.plain else _text(message)
    body: dict[str, Any] = {
        "channel": message.thread or message.to, "text": _cut(text, TEXT_LIMIT), "unfurl_links": False,
        "unfurl_media": False,
    }  # fmt: skip
    if message.page and not message.plain:
        body["blocks"] = [_section(text), {"type": "actions", "block_id": "page", "elements": _buttons(message)}]
    return body


def _text(message: Message) -> str:
    """Title, links, blank line, text: the links stand first and survive the cut."""
    head = [f"*{_escaped(one_line(message.title, TITLE_LIMIT))}*"]
    if message.acknowledge_link:
        head.append(f"<{message.acknowledge_link}|Acknowledge on the web>")
    if message.link:
        head.append(f"<{message.link}|Open>")
    return "\n".join(head) + f"\n\n{_escaped(message.text)}"


def _escaped(text: str) -> str:
    """The three signs that Slack reads as markup; nothing in a text can then mention a channel or hide a link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _cut(text: str, limit: int) -> str:
    """Cut an escaped text, and not inside one of the signs that are written with several."""
    return re.sub(r"&[a-z]{0,3}…$", "…", cut(clean(text), limit, utf16))


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": _cut(text, SECTION_LIMIT)}}


def _buttons(message: Message) -> list[dict[str, Any]]:
    return [
        {
            "type": "button", "action_id": action, "value": message.page,
            "text": {"type": "plain_text", "text": label},
            **({"style": "primary"} if action == "acknowledge" else {}),
        }
        for action, label in LABELS.items()
    ]  # fmt: skip


def open_room(name: str, config: Config) -> Conversation[Verdict]:
    """A channel of its own, with its topic and whom the runbook invites. Delivered carries the channel's id."""
    plain = channel_name(name)
    response = Response(0)
    for n in range(1, NAMES_TRIED + 1):
        tail = "" if n == 1 else f"-{n}"
        response = yield _call(config, "conversations.create", {"name": plain[: NAME_LIMIT - len(tail)] + tail})
        if _error(response) != "name_taken":
            break
    channel = text_of(_part(_answer(response), "channel").get("id"))
    if _error(response) or not channel:
        return _verdict(response)
    # What fails from here on does not take the room away again.
    topic = f"War room {name}. Opened by Tocsin; what is said here stands on the incident's timeline."
    yield _call(config, "conversations.setTopic", {"channel": channel, "topic": clip(topic, TOPIC_LIMIT)})
    if invited := ",".join(config.get("invite") or ()):
        yield _call(config, "conversations.invite", {"channel": channel, "users": invited})
    return Delivered(receipt=channel)


def keep_room(step: RoomStep, config: Config) -> Conversation[Verdict]:
    """Do one thing to a channel of its own. What is so already, is done; who cannot be invited holds nobody else up."""
    channel, _, ts = step.receipt.partition(":")
    calls: dict[str, tuple[str, dict[str, Any]]] = {
        "pin": ("pins.add", {"channel": channel, "timestamp": ts}),
        "edit": ("chat.update", {"channel": channel, "ts": ts, "text": _cut(_escaped(step.text), TEXT_LIMIT)}),
        "topic": ("conversations.setTopic", {"channel": step.thread, "topic": clip(step.text, TOPIC_LIMIT)}),
        "close": ("conversations.archive", {"channel": step.thread}),
        "reopen": ("conversations.unarchive", {"channel": step.thread}),
    }
    if step.do == "invite":
        return (yield from _invite(step, config))
    method, body = calls[step.do]
    response = yield _call(config, method, body)
    return Delivered() if _error(response) in DONE else _verdict(response)


def _invite(step: RoomStep, config: Config) -> Conversation[Verdict]:
    """All at once; where that is refused, each alone: one who left the company must not keep the others out."""
    users = [account for account, _ in step.people if account]
    response = yield _call(config, "conversations.invite", {"channel": step.thread, "users": ",".join(users)})
    if _error(response) in DONE:
        return Delivered()
    if not _error(response) or len(users) == 1 or isinstance(_verdict(response), Retry):
        return _verdict(response)
    for user in users:
        response = yield _call(config, "conversations.invite", {"channel": step.thread, "users": user})
        if isinstance(verdict := _verdict(response), Retry):
            return verdict
    return Delivered()


def channel_name(name: str) -> str:
    """Lower case letters, digits, `-` and `_`, at most 80: `#incident-2026-11-23` gives `incident-2026-11-23`."""
    return re.sub(r"[^a-z0-9_-]+", "-", name.lower().lstrip("#")).strip("-")[:NAME_LIMIT] or "incident"


def _call(config: Config, method: str, body: Mapping[str, Any]) -> Request:
    headers = {"Authorization": f"Bearer {config['bot_token']}", "Content-Type": "application/json; charset=utf-8"}
    base = str(config.get("api_base") or API_BASE).rstrip("/")
    return Request("POST", f"{base}/{method}", headers, json=dict(body))


def _answer(response: Response) -> Mapping[str, Any]:
    answer = response.json
    return answer if isinstance(answer, dict) else {}


def _part(whole: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = whole.get(name)
    return part if isinstance(part, dict) else {}


def _error(response: Response) -> str:
    """What went wrong in Slack's own word; empty when it says that all went well."""
    answer = _answer(response)
    if response.status == 200 and answer.get("ok") is True:
        return ""
    return text_of(answer.get("error"), 200) or response.error or f"status {response.status}"


def _posted(response: Response, message: Message) -> Verdict:
    answer = _answer(response)
    channel, ts = text_of(answer.get("channel"), 100), text_of(answer.get("ts"), 100)
    if not _error(response):
        return Delivered(receipt=f"{channel}:{ts}") if ts else Retry("an answer without a message id")
    if message.thread and _error(response) in DEAD:  # the group itself still takes the text
        return Retry(_error(response), settings={"thread": ""})
    return _verdict(response)


def _verdict(response: Response) -> Verdict:
    """What an answer means: 200 with `ok: false` is a fault like any other."""
    error, status = _error(response), response.status
    if not error:
        return Delivered()
    after = wait_of(response.headers.get("retry-after"))
    known = bool(text_of(_answer(response).get("error")))
    if status == 429 or error in LATER or (not known and (status < 400 or status >= 500 or status == 408)):
        return Retry(error, after=after)
    return Reject(error, broken=error in DEAD)


# --------------------------------------------------------------------------------------------- what people answer


def verify(inbound: Inbound) -> bool:
    """HMAC-SHA256 over `v0:INSTANT:BODY`, the raw body; the instant is at most five minutes off."""
    stamp = inbound.headers.get("x-slack-request-timestamp", "")
    if not (stamp.isascii() and stamp.isdecimal() and len(stamp) <= 12):
        return False
    if abs(inbound.received_at.timestamp() - int(stamp)) > CALLBACK_WINDOW.total_seconds():
        return False
    base = b"v0:" + stamp.encode() + b":" + inbound.body
    good = [f"v0={hmac.new(key.encode(), base, hashlib.sha256).hexdigest()}" for key in _secrets(inbound.config)]
    return one_of(inbound.headers.get("x-slack-signature", ""), good)


def _secrets(config: Config) -> list[str]:
    """The secrets that are good; two, with a comma between, while one takes the other's place."""
    named = (secret.strip() for secret in str(config.get("signing_secret") or "").split(","))
    return [secret for secret in named if secret]


def parse(inbound: Inbound) -> Sequence[Heard]:
    """A press, a slash command or an event. Raises BadPayload when the body is none of them."""
    if inbound.headers.get("content-type", "").startswith("application/json"):
        return [*_event(read_json(inbound.body))]
    form = read_form(inbound.body)
    id_ = hashlib.sha256(inbound.headers["x-slack-signature"].encode()).hexdigest()  # of this very request
    if "payload" in form:
        return [*_pressed(id_, read_json(form["payload"].encode()))]
    if not form.get("command") or not form.get("user_id"):
        raise BadPayload("neither a command nor an interaction")
    name, _, text = form.get("text", "").strip().partition(" ")
    return [Command(id_, form["user_id"], name.lower(), text, thread=form.get("channel_id", ""))]


def _pressed(id_: str, said: Any) -> Iterator[Heard]:
    if not isinstance(said, dict) or said.get("type") != "block_actions":
        return
    user = text_of(_part(said, "user").get("id"), 100)
    message, channel = _part(said, "message"), text_of(_part(said, "channel").get("id"), 100)
    actions = said.get("actions")
    action = actions[0] if isinstance(actions, list) and actions and isinstance(actions[0], dict) else {}
    verb = ACTIONS.get(text_of(action.get("action_id"), 100))
    back = {
        "channel": channel, "ts": text_of(message.get("ts"), 100), "text": text_of(message.get("text"), TEXT_LIMIT),
        "response_url": text_of(said.get("response_url"), 500),
    }  # fmt: skip
    if verb and user:
        receipt = f"{channel}:{back['ts']}"
        yield Press(id_, user, verb, page=text_of(action.get("value"), 100), receipt=receipt, back=back)


def _event(said: Any) -> Iterator[Heard]:
    """What is said in a channel that the bot is in, and what is said to the bot."""
    event = _part(said, "event") if isinstance(said, dict) else {}
    user, text = text_of(event.get("user"), 100), text_of(event.get("text"), TEXT_LIMIT)
    if not user or event.get("bot_id") or event.get("subtype"):  # bots, joins, edits
        return
    id_, channel = text_of(said.get("event_id"), 100), text_of(event.get("channel"), 100)
    if event.get("type") == "app_mention":
        name, _, rest = MENTION.sub("", text, count=1).strip().partition(" ")
        yield Command(id_, user, name.lower(), rest, thread=channel, back={"channel": channel, "said": True})
    elif event.get("type") == "message" and text:
        yield Said(id_, user, user, text, "", channel)


def answer(inbound: Inbound, replies: Sequence[tuple[Heard, Reply]]) -> Answer:
    """A command is answered at once, to whoever gave it; a press with nothing: what is to be said comes after it."""
    if inbound.headers.get("content-type", "").startswith("application/json"):
        said = read_json(inbound.body)
        challenge = said.get("challenge") if isinstance(said, dict) else None
        return Answer(200, {"challenge": challenge} if isinstance(challenge, str) else b"")
    for heard, reply in replies:
        if reply.again:  # the same request, word for word: nobody of Slack sends that
            return Answer(409, {"ok": False, "error": "taken_already"})
        if isinstance(heard, Command):
            return Answer(200, {"response_type": "ephemeral", "text": _escaped(clip(reply.text, TEXT_LIMIT))})
    return Answer(200, b"")


def refused(refusal: Refusal) -> Answer:
    """Say no in the shape of the Web API."""
    again = {"Retry-After": str(refusal.retry_after_seconds)} if refusal.retry_after_seconds else {}
    return Answer(refusal.status, {"ok": False, "error": "; ".join(refusal.errors)}, again)


def reply(said: Reply, config: Config) -> Conversation[Verdict]:
    """Take the buttons off the message that was pressed and say who has it; tell the presser alone what was refused."""
    back, text = said.back, _escaped(clip(said.text, SECTION_LIMIT))
    if back.get("said"):
        response = yield _call(config, "chat.postMessage", {"channel": back["channel"], "text": text})
        return _verdict(response)
    if said.closed and back.get("ts"):
        verdict = yield from _close(said, config)
        if not isinstance(verdict, Delivered):
            return verdict
    if _is_slacks(str(back.get("response_url", "")), config):
        only = {"response_type": "ephemeral", "replace_original": False, "text": text}
        yield Request("POST", str(back["response_url"]), json=only)  # it is only a courtesy: its fate is not looked at
    return Delivered()


def _close(said: Reply, config: Config) -> Conversation[Verdict]:
    was, closed = str(said.back.get("text") or ""), _escaped(said.closed)
    blocks = [_section(was)] if was else []
    blocks.append({"type": "context", "elements": [{"type": "mrkdwn", "text": closed}]})
    place = {"channel": said.back["channel"], "ts": said.back["ts"]}
    text = f"{clip(was, TEXT_LIMIT - len(closed) - 2)}\n\n{closed}"
    response = yield _call(config, "chat.update", {**place, "text": text, "blocks": blocks})
    if _error(response) in GONE:  # it cannot be changed any more: say it below
        response = yield _call(config, "chat.postMessage", {"channel": place["channel"], "text": closed})
    return _verdict(response)


def _is_slacks(url: str, config: Config) -> bool:
    """An address that came with a callback is used only when it is Slack's own, or that of the runbook's `api_base`."""
    try:
        parts, own = urlsplit(url), urlsplit(str(config.get("api_base") or API_BASE))
    except ValueError:
        return False
    host = parts.hostname or ""
    slacks = parts.scheme == "https" and (host == "slack.com" or host.endswith(".slack.com"))
    return slacks or (bool(host) and (parts.scheme, parts.netloc) == (own.scheme, own.netloc))


# --------------------------------------------------------------------------------------------- does it work

SCOPES: Final = {  # of a bot, and what is not possible without each
    "chat:write": "nothing can be sent", "channels:manage": "no war room can be opened",
    "channels:history": "what is said in war rooms is not heard", "pins:write": "the summary is not pinned",
    "commands": "no command is heard", "app_mentions:read": "no mention is heard",
}  # fmt: skip


def test(config: Config) -> Conversation[Tested]:
    """Look who the bot is, and which scopes its token has. Nothing is written anywhere."""
    if not config.get("bot_token"):
        return Tested(False, False, ("set `bot_token`: xoxb-…, of the app's OAuth & Permissions",))
    response = yield _call(config, "auth.test", {})
    error = _error(response)
    if error in REVOKED:
        return Tested(False, False, (f"Slack: the token is refused: {error}; install the app anew",))
    if error:
        said = _answer(response).get("error")
        return Tested(False, False, (why_not("Slack", response, said),))
    text = f"{text_of(_answer(response).get('user'), 100)} in {text_of(_answer(response).get('team'), 100)}."
    told = response.headers.get("x-oauth-scopes")
    if told is None:
        return Tested(True, None, (), f"{text} Slack does not tell the token's scopes.")
    scopes = {scope.strip() for scope in told.split(",")}
    missing = [f"the scope {scope} is missing: {without}" for scope, without in SCOPES.items() if scope not in scopes]
    if not config.get("signing_secret"):
        missing.append("no `signing_secret` here: without one, there or under connections.slack, no press is taken")
    return Tested(True, "chat:write" in scopes, tuple(missing), text)


REVOKED: Final = ("invalid_auth", "token_revoked", "token_expired", "account_inactive", "not_authed")


TRANSPORT = Transport(
    "slack", "Slack", send=send, open_room=open_room, edit=edit, address="slack", channel_address="channel",
    rooms=Rooms(frozenset({"pin", "edit", "topic", "invite", "close", "reopen"}), keep_room),
    per_second=1,  # docs.slack.dev, rate limits: about one message a second and channel
    fields=(
        Field("bot_token", "Bot token", secret=True, help="xoxb-…"),
        Field("channel", "Channel id", required=False, help="C…; of the alerts channel"),
        Field("signing_secret", "Signing secret", secret=True, required=False, help="for buttons and commands"),
        Field("invite", "Invited", required=False, help="user ids, into every war room"),
        Field("api_base", "API address", required=False, help=API_BASE),
    ),
)  # fmt: skip
CHAT = Chat(
    "slack", paths=("/in/slack",), verify=verify, parse=parse, answer=answer, refused=refused, reply=reply,
    secrets=("signing_secret",),
)  # fmt: skip
CONNECTION_TEST = ConnectionTest("slack", TRANSPORT.title, test)
