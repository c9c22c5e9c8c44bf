"""
Microsoft Teams: pages and texts as cards, through a Workflows webhook.

Sources: learn.microsoft.com "Create incoming webhooks with Workflows", adaptivecards.io (TextRun reads no Markdown)
"""

from __future__ import annotations

import json
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
    calm,
    clean,
    cut,
    failed,
    one_line,
    text_of,
    utf8,
)

TEXT_LIMIT = 16_000  # bytes in JSON; the whole card has at most 28 KB, and each line adds its own frame
TITLE_LIMIT = 300  # characters; our own
LINES_KEPT = 60
STYLES = {"P0": "attention", "P1": "warning", "P2": "accent"}  # a card knows names of colours only
DEAD = (401, 403, 404, 410)  # the signature in the address does not hold, the workflow is gone
OFF = ("WorkflowTriggerIsNotEnabled", "WorkflowNotFound", "WorkflowDisabled")  # whatever the status says


def send(message: Message, config: Config) -> Conversation[Verdict]:
    """One card. Returns Delivered with the workflow's run, Retry or Reject; raises nothing."""
    url = str(config.get("url") or "")
    if not url.startswith(("http://", "https://")):
        return Reject("the channel has no webhook address of Teams", broken=True)
    response = yield Request("POST", url, json=_body(message))
    return _verdict(response)


def _body(message: Message) -> dict[str, Any]:
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4",
        "msteams": {"width": "Full"}, "body": _parts(message), "actions": _actions(message),
    }  # fmt: skip
    kind = "application/vnd.microsoft.card.adaptive"
    return {"type": "message", "attachments": [{"contentType": kind, "contentUrl": None, "content": card}]}


def _parts(message: Message) -> list[dict[str, Any]]:
    """The title on the colour of its severity, who is asked, and the text line by line."""
    style = STYLES.get(message.severity.upper(), "default")
    parts: list[dict[str, Any]] = []
    if not message.plain:
        title = _run(cut(one_line(message.title, 1_000), TITLE_LIMIT), size="large", weight="bolder")
        parts.append({"type": "Container", "style": style if style != "default" else "emphasis", "items": [title]})
    if message.acknowledge_link:
        parts.append(_run(f"For {one_line(message.to, 100)}", weight="bolder"))
    lines = cut(clean(message.text), TEXT_LIMIT, _in_json).splitlines()
    rest = ["\n".join(lines[LINES_KEPT - 1 :])] if len(lines) >= LINES_KEPT else []
    return parts + [_run(line) for line in [*lines[: LINES_KEPT - 1], *rest] if line.strip()]


def _in_json(text: str) -> int:
    return utf8(json.dumps(text, ensure_ascii=False))


def _run(text: str, **look: str) -> dict[str, Any]:
    """A line whose text is shown as it is: a TextRun knows no Markdown, so no link in it can lie."""
    return {"type": "RichTextBlock", "spacing": "small", "inlines": [{"type": "TextRun", "text": calm(text), **look}]}


def _actions(message: Message) -> list[dict[str, str]]:
    pairs = [("Acknowledge", message.acknowledge_link), ("Open", "" if message.plain else message.link)]
    return [{"type": "Action.OpenUrl", "title": title, "url": link} for title, link in pairs if link]


def _verdict(response: Response) -> Verdict:
    said = response.json
    fault = said.get("error") if isinstance(said, dict) else None
    code = text_of(fault.get("code"), 100) if isinstance(fault, dict) else ""
    words = one_line(response.body.decode(errors="replace"), 200)
    if response.status == 202 or (response.status == 200 and not fault and words in ("", "1")):
        return Delivered(receipt=response.headers.get("x-ms-workflow-run-id", ""))
    if code in OFF:
        return Reject(code, broken=True)
    why = code or (words if response.status == 200 else "")  # old webhooks say 200, and the fault in words
    return failed(response, why, dead=DEAD)


def test(config: Config) -> Conversation[Tested]:
    """A workflow cannot be asked anything: only a test message tells whether it is good."""
    yield from ()
    if not str(config.get("url") or "").startswith(("http://", "https://")):
        return Tested(False, False, ("set `url`: the address of the workflow that posts webhooks to a channel",))
    return Tested(False, None, (), "Teams has nothing that could be looked at: only a test message tells.")


TRANSPORT = Transport(
    "teams", "Microsoft Teams", send=send, channel_address="url",
    per_second=1,  # Teams itself takes 4 a second for one workflow
    fields=(Field("url", "Webhook address", secret=True, help="of the workflow that posts webhooks to a channel"),),
)  # fmt: skip
CONNECTION_TEST = ConnectionTest("teams", TRANSPORT.title, test)
