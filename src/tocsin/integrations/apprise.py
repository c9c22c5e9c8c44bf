"""apprise: the hundred other services, through its library.   Source: github.com/caronc/apprise, its wiki"""

from __future__ import annotations

from tocsin.sdk import (
    Config,
    Conversation,
    Delivered,
    Field,
    Message,
    Notice,
    Reject,
    Retry,
    Transport,
    Verdict,
    calm,
    clean,
    cut,
    one_line,
)

TEXT_LIMIT = 20_000  # characters; the library cuts or splits further, to what each service takes
TITLE_LIMIT = 250


def send(message: Message, config: Config) -> Conversation[Verdict]:
    """One notice. Returns Delivered without a receipt, Retry or Reject; raises nothing."""
    url = str(config.get("url") or "")
    if not url:
        return Reject("the channel has no address for apprise", broken=True)
    response = yield Notice(url, _title(message), _text(message), message.urgent)
    why = response.error or f"status {response.status}"
    if response.status == 200:
        return Delivered()
    return Reject(why, broken=True) if response.status == 400 else Retry(why)


def _title(message: Message) -> str:
    return "" if message.plain else cut(one_line(message.title, 1_000), TITLE_LIMIT)


def _text(message: Message) -> str:
    """The links stand first: many services cut, and most know no buttons."""
    text = calm(clean(cut(message.text, TEXT_LIMIT)))
    if message.plain:
        return text
    head = [f"For {one_line(message.to, 100)}"] if message.acknowledge_link else []
    if message.acknowledge_link:
        head.append(f"Acknowledge: {message.acknowledge_link}")
    if message.link:
        head.append(message.link)
    return "\n".join([*head, "", text])


TRANSPORT = Transport(
    "apprise", "apprise", send=send, channel_address="url",
    fields=(Field("url", "Address", secret=True, help="as apprise writes it: signal://…, matrixs://…, pover://…"),),
)  # fmt: skip
