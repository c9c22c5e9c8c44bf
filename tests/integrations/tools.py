"""How the team's tools are driven: against fakes over real sockets, and with every answer that a vendor should not give."""

from __future__ import annotations

import json
from datetime import timedelta
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from tocsin.sdk import Look, Reject, Response, Retry

from .helpers import NOW, answer, feed

LOOK = Look("proofi.ai", NOW, NOW)
# What is no answer: its name, the response, the verdict, and what stands in its reason.
NO_ANSWERS = [
    ("html", answer(200, b"<html>captive portal</html>"), Retry, "cannot be read (27 bytes)"),
    ("empty", answer(200, b""), Retry, "cannot be read (0 bytes)"),
    ("cut at the limit", answer(200, b'{"a": "' + b"x" * 65_529), Retry, "cannot be read (65536 bytes)"),
    ("wrong type", answer(200, [1, "two"]), Retry, "cannot be read"),
    ("a number", answer(200, 7), Retry, "cannot be read"),
    ("silence", Response(0, error="no answer within 10 s"), Retry, "did not answer: no answer within 10 s"),
    ("down", answer(502, b"<html>Bad gateway</html>"), Retry, "answered 502"),
    ("to wait", Response(429, {"retry-after": "40"}, b"{}"), Retry, "asks to wait (429)"),
    ("elsewhere", Response(302, {"location": "http://elsewhere.example"}), Reject, "redirects are not followed"),
    ("denied", answer(403, b"{}"), Reject, "the token may not do this (403)"),
    ("unknown", answer(404, b"{}"), Reject, "does not know it (404)"),
    ("revoked", answer(401, b"{}"), Reject, "the token is refused (401)"),
]


def no_answers(*without):
    """As cases of a test: the response, the verdict's type, what is in its reason."""
    return pytest.mark.parametrize(
        ("response", "verdict", "words"),
        [pytest.param(*case, id=name) for name, *case in NO_ANSWERS if name not in without],
    )


def told(conversation, *responses):
    """What a conversation returned, fed with these responses."""
    return feed(conversation, *responses)[1]


def health(app):
    """What the watched service says of itself, over its socket: the status and its words."""
    try:
        with urlopen(f"{app.url}/health", timeout=10) as said:
            return said.status, json.load(said)["status"]
    except HTTPError as error:
        with error:
            return error.code, json.load(error)["error"]


def ago(**span):
    return NOW - timedelta(**span)


__all__ = ["LOOK", "NO_ANSWERS", "NOW", "ago", "health", "no_answers", "told"]
