"""Mattermost: pages and texts through an incoming webhook.   Source: developers.mattermost.com/integrate/webhooks"""

from __future__ import annotations

from typing import Any

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
    text_of,
    utf16,
    why_not,
)

TEXT_LIMIT = 7_000  # UTF-16 units; a post has 16,383 characters with all that is attached
TITLE_LIMIT = 300  # our own
DEAD = (401, 403, 404)  # the channel is gone, or the webhook may not write to it
GONE = ("web.incoming_webhook.invalid.app_error", "web.incoming_webhook.disabled.app_error")  # under 400 and 501


def send(message: Message, config: Config) -> Conversation[Verdict]:
    """One post. Returns Delivered, Retry or Reject; raises nothing."""
    url = str(config.get("url") or "")
    if not url.startswith(("http://", "https://")):
        return Reject("the channel has no webhook address of Mattermost", broken=True)
    body: dict[str, Any] = {"attachments": [_attachment(message)]}
    if config.get("channel"):
        body["channel"] = str(config["channel"])
    response = yield Request("POST", url, json=body)
    return _verdict(response)


def _attachment(message: Message) -> dict[str, str]:
    """A bar in the colour of the severity, the links first: they survive whatever is cut."""
    title = one_line(message.title, 1_000)
    parts = {"fallback": literal(cut(title, TITLE_LIMIT)), "color": colour_of(message.severity)}
    lines = []
    if message.acknowledge_link:
        links = [f"**[Acknowledge]({message.acknowledge_link})**", f"[Open]({message.link})" if message.link else ""]
        lines = [f"**For {literal(one_line(message.to, 100))}**", " · ".join(filter(None, links)), ""]
    if not message.plain:
        parts["title"] = literal(cut(title, TITLE_LIMIT, lambda part: utf16(literal(part))))
        if message.link:
            parts["title_link"] = message.link
    return {**parts, "text": "\n".join([*lines, shown(message, TEXT_LIMIT)])}


def _verdict(response: Response) -> Verdict:
    if response.status == 200 and response.body.strip() == b"ok":
        return Delivered()
    said = response.json if isinstance(response.json, dict) else {}
    why = one_line(text_of(said.get("message")), 200)
    if said.get("id") in GONE:
        return Reject(why or str(said["id"]), broken=True)
    return failed(response, why or ("the answer is not Mattermost's" if response.status == 200 else ""), dead=DEAD)


def test(config: Config) -> Conversation[Tested]:
    """Look whether the server is there. A webhook itself cannot be asked anything."""
    url = str(config.get("url") or "")
    server, found, _ = url.partition("/hooks/")
    if not found or not server.startswith(("http://", "https://")):
        return Tested(False, False, ("set `url`: the address of an incoming webhook, …/hooks/…",))
    response = yield Request("GET", f"{server}/api/v4/system/ping")
    said = response.json if isinstance(response.json, dict) else {}
    if response.status != 200 or said.get("status") != "OK":
        return Tested(False, None, (why_not("Mattermost", response, said.get("message")),))
    return Tested(True, None, (), "The server is well. Whether the webhook is good only a test message tells.")


TRANSPORT = Transport(
    "mattermost", "Mattermost", send=send, channel_address="url",
    per_second=10,  # the server's own default, RateLimitSettings.PerSec
    fields=(
        Field("url", "Webhook address", secret=True, help="Integrations, Incoming Webhooks"),
        Field("channel", "Channel", required=False, help="another one than the webhook's own"),
    ),
)  # fmt: skip
CONNECTION_TEST = ConnectionTest("mattermost", TRANSPORT.title, test)
