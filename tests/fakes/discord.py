"""A small Discord: one webhook with its limits and its refusals (integrations.md section 19)."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

from .vendor import Answer, FakeVendor, says

HOOK = "/api/webhooks/1171/token-of-the-tests"


class FakeDiscord(FakeVendor):
    """`buttons`: it takes components; without them they are a bad request."""

    buttons = True

    @property
    def hook(self) -> str:
        return self.url + HOOK

    def take(self, path: str, headers: dict[str, str], said: Any) -> Answer:
        if path.startswith("PATCH "):
            return self._edit(urlsplit(path.removeprefix("PATCH ")).path, said)
        parts = urlsplit(path)
        if parts.path != HOOK:
            return self.revoked()
        asked = parse_qs(parts.query)
        self.check(asked.get("wait") == ["true"], "without wait there is no receipt")
        if said.get("components") and not (self.buttons and asked.get("with_components") == ["true"]):
            return says(400, {"message": "Invalid Form Body", "code": 50035})
        [embed] = said["embeds"]
        self.check(
            len(embed.get("title", "")) <= 256 and 1 <= len(embed.get("description", "")) <= 4096, "embed length"
        )
        self.check(said.get("allowed_mentions") == {"parse": []}, "mentions are allowed")
        for button in [b for row in said.get("components", []) for b in row["components"]]:
            self.check(button["style"] == 5 and len(button["url"]) <= 512 and len(button["label"]) <= 80, "button")
        self.taken.append(said)
        return says(200, {"id": str(900 + len(self.taken)), "type": 0, "webhook_id": "1171"})

    def look(self, path: str, headers: dict[str, str]) -> Answer:
        return says(200, {"id": "1171", "name": "alerts", "channel_id": "9"}) if path == HOOK else self.revoked()

    def _edit(self, path: str, said: Any) -> Answer:
        hook, _, number = path.rpartition("/messages/")
        if hook != HOOK:
            return self.revoked()
        if not 1 <= int(number) - 900 <= len(self.taken):
            return says(404, {"message": "Unknown Message", "code": 10008})
        self.check(said.get("allowed_mentions") == {"parse": []}, "mentions are allowed")
        self.taken[int(number) - 901] = {**self.taken[int(number) - 901], **said}
        return says(200, {"id": number, "type": 0, "webhook_id": "1171"})

    def flood(self) -> Answer:
        return says(429, {"message": "You are being rate limited.", "retry_after": 40.57, "global": False})

    def lie(self) -> Answer:
        return says(200, {"message": "Unknown", "code": 0})

    def revoked(self) -> Answer:
        return says(404, {"message": "Unknown Webhook", "code": 10015})
