"""ntfy: pages as push messages, no vendor's cloud needed.   Source: docs.ntfy.sh/publish (as JSON), server/errors.go"""

from __future__ import annotations

from base64 import b64encode
from typing import Any
from urllib.parse import quote, urlsplit

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
    clean,
    cut,
    failed,
    one_line,
    utf8,
    why_not,
)

SERVER = "https://ntfy.sh"
TEXT_LIMIT = 4096  # bytes; a longer text would become an attachment
TITLE_LIMIT = 250  # characters; our own, the server has none
URGENT, USUAL = 5, 3  # priorities; 5 rings through "do not disturb" where the person allows it
DEAD = (401, 403)  # the token is revoked, or may not write to this topic
PACE_SECONDS, QUOTA_SECONDS = 5.0, 600.0  # one request comes back each 5 s; a day's quota: the next way is started
QUOTA = 42908  # code of a used-up daily quota


def send(message: Message, config: Config) -> Conversation[Verdict]:
    """One message. Returns Delivered with its id, Retry or Reject; raises nothing."""
    try:
        server, topic = _place(message.to, str(config.get("server") or SERVER))
    except ValueError:
        return Reject(f"not a topic of ntfy: {one_line(message.to, 100)}", broken=True)
    own = server == str(config.get("server") or SERVER).rstrip("/")
    response = yield Request(
        "POST", f"{server}/", headers=_login(config) if own else {}, json=_body(message, topic)
    )  # fmt: skip
    return _verdict(response, topic)


def _place(to: str, server: str) -> tuple[str, str]:
    """The server and the topic: of a topic's whole address, or of a name on the channel's server."""
    if "://" not in to:
        if not to or "/" in to:
            raise ValueError(to)
        return server.rstrip("/"), to
    parts = urlsplit(to)
    before, _, topic = parts.path.rstrip("/").rpartition("/")
    if parts.scheme not in ("http", "https") or not parts.hostname or not topic or parts.query:
        raise ValueError(to)
    return f"{parts.scheme}://{parts.netloc}{before}", topic


def _login(config: Config) -> dict[str, str]:
    """Token or name and password; they go to the channel's own server and to no other."""
    if config.get("token"):
        return {"Authorization": f"Bearer {config['token']}"}
    if config.get("username"):
        both = f"{config['username']}:{config.get('password') or ''}".encode()
        return {"Authorization": f"Basic {b64encode(both).decode()}"}
    return {}


def _body(message: Message, topic: str) -> dict[str, Any]:
    body: dict[str, Any] = {
        "topic": topic,
        "message": cut(clean(message.text) or clean(message.title), TEXT_LIMIT, utf8),
        "priority": URGENT if message.urgent else USUAL,
    }
    if not message.plain:
        body["title"] = one_line(message.title, TITLE_LIMIT)
    if message.urgent:
        body["tags"] = ["rotating_light"]
    if link := message.link or message.acknowledge_link:
        body["click"] = link
    if actions := _actions(message):
        body["actions"] = actions
    return body


def _actions(message: Message) -> list[dict[str, Any]]:
    """The phone itself posts to the page's link, which is the credential; no browser opens."""
    if not message.acknowledge_link:
        return []
    presses = (("Acknowledge", message.acknowledge_link), ("I can't take it", message.pass_link))
    look = {"action": "view", "label": "Open", "url": message.link or message.acknowledge_link}
    return [
        *(
            {"action": "http", "label": label, "url": url, "method": "POST", "clear": True}
            for label, url in presses
            if url
        ),
        look,
    ]


def _verdict(response: Response, topic: str) -> Verdict:
    said = response.json if isinstance(response.json, dict) else {}
    if response.status == 200 and said.get("event") == "message" and said.get("id") and said.get("topic") == topic:
        return Delivered(receipt=str(said["id"]))
    after = None
    if response.status == 429 and "retry-after" not in response.headers:  # ntfy itself never sends it
        after = QUOTA_SECONDS if said.get("code") == QUOTA else PACE_SECONDS
    why = one_line(str(said.get("error") or ""), 200) if response.status != 200 else "the answer is not ntfy's"
    return failed(response, why, dead=DEAD, after=after)


def test(config: Config) -> Conversation[Tested]:
    """Look whether the server is well, and whether it takes the login: by asking the topic for no old message."""
    server = str(config.get("server") or SERVER).rstrip("/")
    response = yield Request("GET", f"{server}/v1/health")
    said = response.json if isinstance(response.json, dict) else {}
    if response.status != 200 or said.get("healthy") is not True:
        return Tested(False, False, (why_not("ntfy", response, said.get("error")),))
    topic, login = str(config.get("topic") or ""), _login(config)
    if not topic or "/" in topic or not login:
        return Tested(
            True, None, (), f"{server} is well. Whether a topic takes our messages only a test message tells."
        )
    response = yield Request("GET", f"{server}/{quote(topic)}/json?poll=1&since=none", login)
    if response.status == 401:
        return Tested(
            True, False, ("ntfy: the token is refused (401), or the name and password",), f"{server} is well."
        )
    reads = "takes the login" if response.status == 200 else f"answers {response.status} to who would read {topic}"
    return Tested(True, None, (), f"{server} is well and {reads}. Whether it may write only a test message tells.")


TRANSPORT = Transport(
    "ntfy", "ntfy", send=send, address="ntfy", channel_address="topic",
    fields=(
        Field("server", "Server", required=False, help=f"{SERVER} unless you run your own"),
        Field("topic", "Topic", required=False, help="of the channel as a group"),
        Field("token", "Access token", secret=True, required=False),
        Field("username", "User name", required=False, help="where there is no token"),
        Field("password", "Password", secret=True, required=False),
    ),
)  # fmt: skip
CONNECTION_TEST = ConnectionTest("ntfy", TRANSPORT.title, test)
