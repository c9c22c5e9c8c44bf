"""Two storage clusters, and the switch of the application that uses one of them (integrations.md section 24)."""

from __future__ import annotations

from typing import Any

from .api import FakeApi
from .vendor import Answer, says

KEY = "config-key-of-the-tests"


class FakeDdc(FakeApi):
    """
    `clusters` says of each whether it is up: True, False (503), "gone" (hangs up), "gateway" (up, without /info).

    `POST /ddc {"cluster": …}` switches the application: `active`, and `ill()` says why its data are out of reach.
    """

    def __init__(self) -> None:
        super().__init__()
        self.clusters: dict[str, Any] = {"primary": True, "backup": True}
        self.active = "primary"
        self.key = ""  # that the switch asks for in X-Api-Key
        self.switched: list[str] = []

    @property
    def config(self) -> dict[str, Any]:
        """The connection's settings."""
        return {"active": "primary", "clusters": {name: f"{self.url}/{name}" for name in self.clusters}}

    @property
    def wish(self) -> dict[str, Any]:
        """The action that switches to the backup, and its way back, as an `http` actor gets it."""
        call = {"method": "POST", "url": f"{self.url}/ddc", "json": {"cluster": "backup"}, "headers": self._headers()}
        return {"call": call, "undo": {**call, "json": {"cluster": "primary"}}}

    def _headers(self) -> dict[str, str]:
        return {"X-Api-Key": self.key} if self.key else {}

    def ill(self) -> str:
        """Why the application does not reach its data; empty when it does."""
        return "" if self.clusters[self.active] in (True, "gateway") else f"the cluster {self.active} is down"

    def take_call(
        self, method: str, path: str, query: dict[str, str], headers: dict[str, str], said: Any
    ) -> Answer:  # fmt: skip
        if path == "/ddc":
            return self._switch(method, headers, said)
        name, _, rest = path.strip("/").partition("/")
        if name not in self.clusters:
            return says(404, {"error": "no such cluster"})
        self.check(method == "GET" and rest in ("", "info"), f"{method} {path}")
        match self.clusters[name]:
            case "gone":
                return 0, {}, b""
            case False:
                return says(503, {"error": "no healthy upstream"})
            case "gateway" if rest == "info":
                return says(404, {"error": "not found"})
        return says(200, {"mode": "full"})

    def _switch(self, method: str, headers: dict[str, str], said: Any) -> Answer:
        if self.key and headers.get("X-Api-Key") != self.key:
            return says(401, {"error": f"the key {headers.get('X-Api-Key')} is not known"})
        if method == "GET":
            return says(200, {"cluster": self.active})
        cluster = said.get("cluster") if isinstance(said, dict) else None
        if cluster not in self.clusters:
            return says(422, {"error": {"message": f"there is no cluster {cluster}"}})
        self.active = cluster
        self.switched.append(cluster)
        return says(200, {"cluster": cluster})
