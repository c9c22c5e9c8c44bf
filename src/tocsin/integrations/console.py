"""The server's own console: where pages go while no way to people is set up."""

from __future__ import annotations

from tocsin.sdk import Config, Conversation, Delivered, Line, Message, Transport, Verdict, clean


def send(message: Message, config: Config) -> Conversation[Verdict]:
    """A block of lines. It always arrives; whether somebody reads it is another question."""
    kind, joint = ("PAGE", "for") if message.acknowledge_link else ("message", "to")
    lines = [f"--- {kind} {joint} {message.to} ---" if message.to else f"--- {kind} ---"]
    lines += [message.text] if message.plain else [message.title, message.text]
    if message.acknowledge_link:
        lines.append(f"Acknowledge: {message.acknowledge_link}")
    elif message.link and not message.plain:
        lines.append(message.link)
    yield Line(clean("\n".join([*lines, "---"])))  # a text must not steer the terminal
    return Delivered(receipt="console", proven=True)


TRANSPORT = Transport("console", "Console", send=send)
