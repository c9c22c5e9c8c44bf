"""A small Sentry: the issues of one project, their releases (docs.sentry.io/api/events)."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from .api import FakeApi
from .vendor import Answer, says

TOKEN = "sntrys-token-of-the-tests"


class FakeSentry(FakeApi):
    """
    `raised` brings an issue. `by_organization`: the newer list is served; without it only a project's, as before.

    `scopes` are the token's: event:read and project:read.
    """

    def __init__(self) -> None:
        super().__init__()
        self.token, self.organization, self.project = TOKEN, "proofi", "proofi-wallet"
        self.issues: dict[str, dict[str, Any]] = {}
        self.by_organization = True
        self.scopes = {"event:read", "project:read"}

    @property
    def config(self) -> dict[str, Any]:
        """The connection's settings for this Sentry."""
        return {
            "token": self.token, "organization": self.organization, "project": self.project, "api_base": f"{self.url}/api/0"
        }  # fmt: skip

    def raised(
        self, id_: str, title: str, *, first: datetime, hours: list[int] | None = None, release: str = "",
        released: datetime | None = None, level: str = "error", status: str = "unresolved",
    ) -> str:  # fmt: skip
        counts = [0] * (24 - len(hours or [])) + (hours or [])
        self.issues[id_] = {
            "id": id_, "shortId": f"WALLET-{id_}", "title": title, "level": level, "status": status,
            "count": str(sum(counts)), "userCount": 41, "firstSeen": _instant(first), "lastSeen": _instant(first),
            "permalink": f"https://{self.organization}.sentry.io/issues/{id_}/", "project": {"slug": self.project},
            "stats": {"24h": [[1_795_338_000 + 3600 * hour, count] for hour, count in enumerate(counts)]},
            "_release": {"version": release, "shortVersion": release[:12], "dateCreated": _instant(released or first),
                         "dateReleased": None} if release else None,
        }  # fmt: skip
        return id_

    def refuse(self, status: int, code: str, message: str) -> Answer:
        return says(status, {"detail": message})

    def take_call(
        self, method: str, path: str, query: dict[str, str], headers: dict[str, str], said: Any
    ) -> Answer:  # fmt: skip
        self.check(method == "GET", f"{method}: nothing is changed at Sentry")
        if headers.get("Authorization") != f"Bearer {self.token}":
            return self.refuse(401, "", "Invalid token")
        if not path.endswith("/"):
            self.faults.append(f"{path} has no slash at its end")
            return 301, {"Location": f"{path}/"}, b""
        of, project = (
            f"/api/0/organizations/{self.organization}/issues/",
            f"/api/0/projects/{self.organization}/{self.project}/",
        )
        if path == project:
            return self._allowed("project:read") or says(200, {"slug": self.project, "name": "Wallet"})
        if path == of and self.by_organization:
            self.check(query.get("sort") == "freq" and query.get("statsPeriod") == "24h", "no order, or no period")
            self.check(f"project:{self.project}" in query.get("query", ""), "no project")
            return self._allowed("event:read") or self._list(query)
        if path == f"{project}issues/" and not self.by_organization:
            return self._allowed("event:read") or self._list(query)
        if (found := re.fullmatch(re.escape(of) + r"([^/]+)/", path)) and found[1] in self.issues:
            one = self.issues[found[1]]
            return says(200, {**self._shown(one), "firstRelease": one["_release"]})
        return self.refuse(404, "", "The requested resource does not exist")

    def _allowed(self, scope: str) -> Answer | None:
        return (
            None if scope in self.scopes else self.refuse(403, "", "You do not have permission to perform this action.")
        )

    def _list(self, query: dict[str, str]) -> Answer:
        self.check("is:unresolved" in query.get("query", ""), "not only the unresolved ones")
        found = [self._shown(one) for one in self.issues.values() if one["status"] == "unresolved"]
        found.sort(key=lambda one: -int(one["count"]))
        return says(200, found[: int(query.get("limit", "100"))])

    def _shown(self, one: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in one.items() if not name.startswith("_")}


def _instant(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
