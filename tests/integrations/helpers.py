"""How transports and sources are driven in tests: fed with responses, or over a real socket."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import strategies as st

from tocsin.net import Network
from tocsin.sdk import Inbound, Message, Response, read_json

PAYLOADS = Path(__file__).parents[1] / "payloads"
NOW = datetime(2026, 11, 23, 9, 2, tzinfo=UTC)


def feed(conversation, *responses):
    """Drive a conversation with these responses; returns what it sent and what it returned."""
    sent = [next(conversation)]
    try:
        for response in responses:
            sent.append(conversation.send(response))
    except StopIteration as end:
        return sent, end.value
    raise AssertionError("the conversation asks for more")


def over_socket(conversation, lines=None):
    """Drive a conversation through the real network client."""

    async def run():
        network = Network((lines if lines is not None else []).append, lambda: NOW)
        try:
            return await network.converse(conversation)
        finally:
            await network.close()

    return asyncio.run(run())


def message(**changes):
    given = {
        "key": "page:1:0", "to": "700000001", "title": "[P0] INC-1: down", "text": "Service: proofi.ai",
        "link": "http://tocsin.example.org/incidents/INC-1", "incident": "INC-1", "severity": "P0", "urgent": True,
        "acknowledge_link": "http://tocsin.example.org/ack/1/2",
    }  # fmt: skip
    return Message(**{**given, **changes})


def answer(status, body):
    return Response(status, body=body if isinstance(body, bytes) else json.dumps(body).encode())


def payload(name):
    return (PAYLOADS / name).read_bytes()


def inbound(body, **changes):
    given = {"body": body, "json": read_json(body), "received_at": NOW, "source": "test"}
    return Inbound(**{**given, **changes})


# Any JSON at all, with the texts that make trouble: control characters, directions, long ones, numbers that are large.
_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(
    ["", " ", "\x00", "\u202e", "\x9b", "a\r\nb", "http://x.example/", "https://", "2026-11-23T09:00:00Z", "k" * 9000]
)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=8,
)


def texts_of(alert):
    """Every text that an alert carries."""
    yield from (alert.source, alert.key, alert.title, alert.text, alert.service or "", alert.check or "")
    for pair in (*alert.labels.items(), *alert.links):
        yield from pair
