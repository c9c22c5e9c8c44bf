"""Webhook: pages and texts as signed JSON to an address of your own.   Our own format: docs/integrations/webhook.md"""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from urllib.parse import quote

from tocsin.sdk import (
    Config,
    Conversation,
    Delivered,
    Field,
    Message,
    Reject,
    Request,
    Retry,
    Transport,
    Verdict,
    text_of,
    wait_of,
)

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
    headers = {"Tocsin-Id": quote(message.key, safe=" !#$&'()*+,/:;=?@[]^`{|}~")}  # ASCII stays, the rest is %XX
    response = yield Request("POST", message.to, headers=headers, json=body, sign_with=str(config.get("secret") or ""))
    status = response.status
    if 200 <= status < 300:
        answer = response.json
        return Delivered(receipt=text_of(answer.get("id"), 200) if isinstance(answer, dict) else "")
    why = response.error or f"status {status}"
    if 300 <= status < 400:
        return Reject(f"{why}: redirects are not followed")
    if 400 <= status < 500 and status not in AGAIN:
        return Reject(why, broken=status == 410)
    return Retry(why, after=_retry_after(response.headers))


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds that `Retry-After` asks for: a number, or an instant, counted from the answer's own `Date`."""
    said = headers.get("retry-after", "").strip()
    if said.isdecimal():
        return wait_of(said)
    try:
        wait = parsedate_to_datetime(said) - parsedate_to_datetime(headers.get("date", ""))
    except (ValueError, TypeError, IndexError, OverflowError):  # what the parser raises differs by version
        return None
    return wait_of(wait.total_seconds())


TRANSPORT = Transport(
    "webhook", "Webhook", send=send, address="webhook", channel_address="url",
    fields=(
        Field("url", "Address", required=False),
        Field("secret", "Signing secret", secret=True, required=False, help="without it the requests are not signed"),
    ),
)  # fmt: skip
