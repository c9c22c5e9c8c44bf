"""Webhook: pages and texts as signed JSON to an address of your own.   Our own format: docs/integrations/webhook.md"""

from __future__ import annotations

from tocsin.sdk import Config, Conversation, Delivered, Field, Message, Reject, Request, Retry, Transport, Verdict

AGAIN = (408, 425, 429)  # besides 5xx: the far side asks for another try


def send(message: Message, config: Config) -> Conversation[Verdict]:
    """One POST. Any 2xx is Delivered; 410 says that the address is gone; raises nothing."""
    body = {
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
    secret = str(config.get("secret", ""))
    response = yield Request("POST", message.to, headers={"Tocsin-Id": message.key}, json=body, sign_with=secret)
    status = response.status
    if 200 <= status < 300:
        answer = response.json
        return Delivered(receipt=str(answer.get("id", "")) if isinstance(answer, dict) else "")
    why = response.error or f"status {status}"
    if 300 <= status < 400:
        return Reject(f"{why}: redirects are not followed")
    if 400 <= status < 500 and status not in AGAIN:
        return Reject(why, broken=status == 410)
    wait = response.headers.get("retry-after", "")
    return Retry(why, after=float(wait) if wait.isdigit() else None)


TRANSPORT = Transport(
    "webhook", "Webhook", send=send, address="webhook", channel_address="url",
    fields=(
        Field("url", "Address", required=False),
        Field("secret", "Signing secret", secret=True, required=False),
    ),
)  # fmt: skip
