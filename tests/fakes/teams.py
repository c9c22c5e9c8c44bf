"""A small Workflows webhook of Microsoft Teams: it takes a card and says 202."""

from __future__ import annotations

import json
from typing import Any

from .vendor import Answer, FakeVendor, says

HOOK = "/workflows/4711/triggers/manual/paths/invoke?api-version=1&sig=signature-of-the-tests"


class FakeTeams(FakeVendor):
    """`old`: it answers as connectors did, with 200 and `1`."""

    old = False

    @property
    def hook(self) -> str:
        return self.url + HOOK

    def take(self, path: str, headers: dict[str, str], said: Any) -> Answer:
        if path != HOOK:
            return says(401, {"error": {"code": "DirectApiAuthorizationRequired", "message": "no signature"}})
        self.check(said.get("type") == "message" and len(said["attachments"]) == 1, "one card in a message")
        [attachment] = said["attachments"]
        card = attachment["content"]
        self.check(attachment["contentType"] == "application/vnd.microsoft.card.adaptive", "content type")
        self.check(card["type"] == "AdaptiveCard" and card["version"] == "1.4", "card version")
        self.check(len(json.dumps(said, ensure_ascii=False).encode()) <= 28_000, "over 28 KB")
        self.check(all(a["type"] == "Action.OpenUrl" and a["url"] for a in card["actions"]), "actions")
        self.taken.append(card)
        return (200, {}, b"1") if self.old else (202, {"x-ms-workflow-run-id": f"run-{len(self.taken)}"}, b"")

    def lie(self) -> Answer:
        return 200, {}, b"Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429"

    def revoked(self) -> Answer:
        return says(400, {"error": {"code": "WorkflowTriggerIsNotEnabled", "message": "the flow is turned off"}})
