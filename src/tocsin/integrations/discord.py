"""Discord: pages and texts through a webhook.   Sources: docs.discord.com resources/webhook, topics/rate-limits"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from tocsin.sdk import (
    Config,
    ConnectionTest,
    Conversation,
    Delivered,
    Field,
    Message,
    Reject,
    Request,
    Response,
    Tested,
    Transport,
    Verdict,
    colour_of,
    cut,
    failed,
    literal,
    one_line,
    shown,
    utf16,
    wait_of,
    why_not,
)

TITLE_LIMIT, TEXT_LIMIT = 256, 4096  # of an embed
LINK_LIMIT = 512  # of a button
DEAD = (401, 403, 404)  # a wrong token; 404 (code 10015): the webhook was deleted
ROW, BUTTON, LINK_STYLE = 1, 2, 5  # kinds of components


def send(message: Message, config: Config) -> Conversation[Verdict]:
    """One embed with two buttons. Returns Delivered with the message id, Retry or Reject; raises nothing."""
    url, buttons = _address(str(config.get("url") or "")), _buttons(message)
    if not url:
        return Reject("the channel has no webhook address of Discord", broken=True)
    response = yield Request("POST", url, json=_body(message, buttons))
    if buttons and response.status == 400:  # a page is not lost over its buttons: again, with the links in the text
        response = yield Request("POST", url, json=_body(message, []))
    return _verdict(response)


def edit(message: Message, receipt: str, config: Config) -> Conversation[Verdict]:
    """Another embed in the place of one that was sent, without its buttons: PATCH on the webhook's own message."""
    url = _address(str(config.get("url") or ""))
    if not url or not receipt.isdecimal():
        return Reject("there is no message to edit")
    parts = urlsplit(url)
    address = parts._replace(path=f"{parts.path.rstrip('/')}/messages/{receipt}").geturl()
    response = yield Request("PATCH", address, json={**_body(message, []), "components": []})
    verdict = _verdict(response)
    return Delivered() if isinstance(verdict, Delivered) else verdict


def _address(url: str) -> str:
    """The webhook's address, asked for a receipt and to take buttons that are links."""
    try:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            return ""
    except ValueError:
        return ""
    asked = {**dict(parse_qsl(parts.query)), "wait": "true", "with_components": "true"}
    return parts._replace(query=urlencode(asked), fragment="").geturl()


def _body(message: Message, buttons: list[dict[str, Any]]) -> dict[str, Any]:
    embed: dict[str, Any] = {"color": int(colour_of(message.severity)[1:], 16)}
    lines = []
    if message.acknowledge_link:
        lines.append(f"**For {literal(one_line(message.to, 100))}**")
        if not buttons:
            lines.append(f"**[Acknowledge]({message.acknowledge_link})**")
    head = "\n".join(lines)
    embed["description"] = f"{head}\n{shown(message, TEXT_LIMIT - utf16(head) - 1)}".strip() or "-"
    if not message.plain:
        title = one_line(message.title, 1_000)
        embed["title"] = literal(cut(title, TITLE_LIMIT, lambda part: utf16(literal(part))))
        if message.link:
            embed["url"] = message.link
    body: dict[str, Any] = {"embeds": [embed], "allowed_mentions": {"parse": []}}
    if buttons:
        body["components"] = [{"type": ROW, "components": buttons}]
    return body


def _buttons(message: Message) -> list[dict[str, Any]]:
    if message.plain or not message.acknowledge_link:
        return []
    pairs = [("Acknowledge", message.acknowledge_link), ("Open", message.link)]
    return [
        {"type": BUTTON, "style": LINK_STYLE, "label": label, "url": link}
        for label, link in pairs
        if 0 < len(link) <= LINK_LIMIT
    ]


def _verdict(response: Response) -> Verdict:
    said = response.json if isinstance(response.json, dict) else {}
    if response.status == 200 and isinstance(said.get("id"), str):
        return Delivered(receipt=said["id"])
    after = wait_of(said.get("retry_after")) if response.status == 429 else None
    why = one_line(str(said.get("message") or ""), 200) if response.status != 200 else "the answer is not Discord's"
    return failed(response, why, dead=DEAD, after=after)


def test(config: Config) -> Conversation[Tested]:
    """Look at the webhook itself, which its address is enough for. Nothing is written."""
    url = str(config.get("url") or "")
    if not _address(url):
        return Tested(False, False, ("set `url`: the address of a webhook of the channel",))
    response = yield Request("GET", urlsplit(url)._replace(query="").geturl())
    said = response.json if isinstance(response.json, dict) else {}
    name = one_line(str(said.get("name") or ""), 100)
    if response.status == 200 and isinstance(said.get("id"), str):
        return Tested(True, True, (), f"The webhook is {name or said['id']}.")
    if response.status in DEAD:
        return Tested(False, False, (f"Discord: the webhook is gone ({response.status}): make a new one",))
    return Tested(False, False, (why_not("Discord", response, said.get("message")),))


TRANSPORT = Transport(
    "discord", "Discord", send=send, edit=edit, channel_address="url",
    per_second=1, per_minute=30,  # what a webhook is known to take; the answers say the rest
    fields=(Field("url", "Webhook address", secret=True, help="channel settings, Integrations, Webhooks"),),
)  # fmt: skip
CONNECTION_TEST = ConnectionTest("discord", TRANSPORT.title, test)
