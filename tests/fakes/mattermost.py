"""A small Mattermost: one incoming webhook, which answers `ok` in plain text."""

from __future__ import annotations

import re
from typing import Any

from .vendor import Answer, FakeVendor, says

HOOK = "/hooks/xen8d7b1kbfazbbzgnqj8kscxe"


class FakeMattermost(FakeVendor):
    """Posts of at most 16,383 characters, with attachments."""

    @property
    def hook(self) -> str:
        return self.url + HOOK

    def take(self, path: str, headers: dict[str, str], said: Any) -> Answer:
        if path != HOOK:
            return self.revoked()
        [part] = said["attachments"]
        self.check(bool(re.fullmatch("#[0-9a-f]{6}", part["color"])), "colour")
        self.check(bool(part["fallback"]) and len(part["text"]) + len(part.get("title", "")) <= 16_383, "length")
        self.taken.append(said)
        return 200, {"Content-Type": "text/plain"}, b"ok"

    def look(self, path: str, headers: dict[str, str]) -> Answer:
        return says(200, {"status": "OK"}) if path == "/api/v4/system/ping" else says(404, {"message": "no page"})

    def lie(self) -> Answer:
        return says(
            200, {"id": "api.context.invalid_body_param.app_error", "message": "Invalid body", "status_code": 400}
        )

    def revoked(self) -> Answer:
        body = {"id": "web.incoming_webhook.invalid.app_error", "message": "Invalid webhook.", "status_code": 400}
        return says(400, body)
