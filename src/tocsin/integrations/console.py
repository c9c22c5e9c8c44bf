"""The server's own console: where pages go while no way to people is set up."""

from __future__ import annotations

from tocsin.sdk import Config, Conversation, Delivered, Line, Message, Transport, Verdict


def send(message: Message, config: Config) -> Conversation[Verdict]:
    """A block of lines. It always arrives; whether somebody reads it is another question."""
    head = f"for {message.to}" if message.acknowledge_link else f"to {message.to}"
    lines = [f"--- {'PAGE' if message.acknowledge_link else 'message'} {head} ---"]
    lines += [] if message.plain else [message.title]
    lines += [message.text]
    if message.acknowledge_link:
        lines.append(f"Acknowledge: {message.acknowledge_link}")
    elif message.link and message.link not in message.text:
        lines.append(message.link)
    yield Line("\n".join([*lines, "---"]))
    return Delivered(receipt="console", proven=True)


TRANSPORT = Transport("console", "Console", send=send)
