"""Webhook: pages and texts as signed JSON to an address of your own.   Our own format: docs/integrations/webhook.md"""

from __future__ import annotations

from urllib.parse import quote

from tocsin.sdk import (
    Config,
    Conversation,
    Delivered,
    Field,
    Message,
    Request,
    Transport,
    Verdict,
    failed,
    text_of,
)


def send(message: Message, config: Config) -> Conversation[Verdict]:
    """
    One POST. Any 2xx is Delivered; 410 says that the address is gone; raises nothing.

    A subscriber's message is its document, to an address that must be public. A 2xx may echo its `challenge`.
    """
    body = message.document or {
        "id": message.key,
        "kind": "page" if message.acknowledge_link else "message",
        "incident": message.incident,
        "severity": message.severity,
        "title": message.title,
        "text": message.text,
        "link": message.link,
        "acknowledge_link": message.acknowledge_link,
        "urgent": message.urgent,
    }
    headers = {"Tocsin-Id": quote(message.key, safe=" !#$&'()*+,/:;=?@[]^`{|}~")}  # ASCII stays, the rest is %XX
    response = yield Request(
        "POST", message.to, headers=headers, json=body, sign_with=str(config.get("secret") or ""),
        public=message.document is not None,
    )  # fmt: skip
    status = response.status
    if 200 <= status < 300:
        answer, said = response.json, "challenge" if message.document else "id"
        return Delivered(receipt=text_of(answer.get(said), 200) if isinstance(answer, dict) else "")
    return failed(response, dead=(410,))


TRANSPORT = Transport(
    "webhook", "Webhook", send=send, address="webhook", channel_address="url",
    fields=(
        Field("url", "Address", required=False),
        Field("secret", "Signing secret", secret=True, required=False, help="without it the requests are not signed"),
    ),
)  # fmt: skip
