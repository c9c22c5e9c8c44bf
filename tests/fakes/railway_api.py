"""A small Railway: the deployments of one service behind GraphQL (integrations.md section 9.2)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from .api import FakeApi
from .vendor import Answer, says

TOKEN = "railway-token-of-the-tests"
LIVE = ("SUCCESS", "CRASHED", "SLEEPING")


class FakeRailway(FakeApi):
    """
    `deploy` brings a deployment; what served before it is REMOVED. A rollback makes a new one, whose id is not told.

    `bad` are the ids whose code is broken: `ill()` says why the API does not work. A new deployment takes `takes` looks
    until it serves. `project_token`: the token is a project's, in its own header. `as_told`: a rollback returns what
    the prose says, and not what the schema says.
    """

    def __init__(self) -> None:
        super().__init__()
        self.token, self.project_token, self.as_told = TOKEN, False, False
        self.project, self.environment, self.service = "0f2a7c11-p", "77e0-env", "aa11bb22-s"
        self.deployments: list[dict[str, Any]] = []  # the newest first
        self.logs: dict[str, list[dict[str, Any]]] = {}
        self.metrics: list[dict[str, Any]] = []
        self.bad: set[str] = set()
        self.takes = 1
        self.fails = False  # the next deployment
        self.mutations: list[tuple[str, str]] = []
        self._left: dict[str, int] = {}

    @property
    def config(self) -> dict[str, Any]:
        """The connection's settings for this Railway."""
        return {
            "token": self.token, "project": self.project, "environment": self.environment, "service_id": self.service,
            "api_base": f"{self.url}/graphql/v2",
        }  # fmt: skip

    @property
    def live(self) -> str:
        return next((one["id"] for one in self.deployments if one["status"] in LIVE), "")

    def deploy(
        self, id_: str, *, at: datetime | None = None, status: str = "SUCCESS", commit: str = "", bad: bool = False,
        can_rollback: bool | None = None, service: str = "", message: str = "feat: claims index",
    ) -> str:  # fmt: skip
        created = (at or datetime.now(UTC)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        if status in LIVE:
            self._retire()
        self.deployments.insert(0, {
            "id": id_, "status": status, "createdAt": created, "staticUrl": "proofi-api-production.up.railway.app",
            "canRollback": status in ("SUCCESS", "REMOVED") if can_rollback is None else can_rollback,
            "canRedeploy": True, "projectId": self.project, "environmentId": self.environment,
            "serviceId": service or self.service,
            "meta": {"commitHash": commit or f"c0ffee{id_}", "branch": "main", "commitMessage": message},
        })  # fmt: skip
        if bad:
            self.bad.add(id_)
        return id_

    def ill(self) -> str:
        """Why the API does not work; empty when it does."""
        one = next((one for one in self.deployments if one["id"] == self.live), None)
        broken = one is not None and (one["id"] in self.bad or one["status"] == "CRASHED")
        return f"the deployment {self.live} is broken" if broken else ""

    def _retire(self) -> None:
        for one in self.deployments:
            if one["status"] in LIVE:
                one["status"] = "REMOVED"

    # ------------------------------------------------------------------------------------- what is asked

    def refuse(self, status: int, code: str, message: str) -> Answer:
        return says(status, {"errors": [{"message": message, "path": [], "extensions": {"code": code}}], "data": None})

    def revoked(self) -> Answer:
        return self.refuse(200, "INTERNAL_SERVER_ERROR", "Not Authorized")

    def lie(self) -> Answer:
        return self.refuse(200, "INTERNAL_SERVER_ERROR", "Problem processing request")

    def take_call(
        self, method: str, path: str, query: dict[str, str], headers: dict[str, str], said: Any
    ) -> Answer:  # fmt: skip
        self.check(method == "POST" and path == "/graphql/v2", f"{method} {path}")
        name = "Project-Access-Token" if self.project_token else "Authorization"
        given = headers.get(name, "")
        if given != (self.token if self.project_token else f"Bearer {self.token}"):
            return self.revoked()
        text, variables = said["query"], said.get("variables") or {}
        for field in (
            "deploymentRollback",
            "deploymentRedeploy",
            "deploymentLogs",
            "deployments",
            "deployment",
            "metrics",
        ):
            if found := re.search(rf"\b{field}\(([^)]*)\)\s*(\{{)?", text):
                serve = getattr(self, "_" + re.sub("([A-Z])", r"_\1", field).lower())
                return serve(variables, bool(found[2]))
        return self.refuse(400, "GRAPHQL_VALIDATION_FAILED", 'Cannot query field "?" on type "Query".')

    def _work(self) -> None:
        """One look passes: what is on its way may serve."""
        for one in self.deployments:
            if one["id"] in self._left:
                self._left[one["id"]] -= 1
                if self._left[one["id"]] <= 0:
                    del self._left[one["id"]]
                    if not self.fails:
                        self._retire()
                    one["status"] = "FAILED" if self.fails else "SUCCESS"
                    one["canRollback"] = not self.fails

    def _deployments(self, variables: dict[str, Any], fields: bool) -> Answer:
        asked = variables.get("input")
        if not isinstance(asked, dict):
            return self.refuse(400, "BAD_USER_INPUT", 'Variable "$input" of required type was not provided.')
        self._work()
        found = [one for one in self.deployments
                 if all(asked.get(name) in (None, one[name]) for name in ("projectId", "environmentId", "serviceId"))]  # fmt: skip
        edges = [{"node": one} for one in found[: variables.get("first") or 100]]
        return says(200, {"data": {"deployments": {"edges": edges}}})

    def _one(self, id_: str) -> dict[str, Any] | None:
        return next((one for one in self.deployments if one["id"] == id_), None)

    def _deployment(self, variables: dict[str, Any], fields: bool) -> Answer:
        one = self._one(variables["id"])
        return (
            says(200, {"data": {"deployment": one}}) if one else self.refuse(200, "NOT_FOUND", "Deployment not found")
        )

    def _deployment_logs(self, variables: dict[str, Any], fields: bool) -> Answer:
        if self._one(variables["id"]) is None:
            return self.refuse(200, "NOT_FOUND", "Deployment not found")
        lines = self.logs.get(variables["id"], [])
        return says(200, {"data": {"deploymentLogs": lines[-variables["limit"] :]}})

    def _metrics(self, variables: dict[str, Any], fields: bool) -> Answer:
        self.check(str(variables.get("start")).endswith("Z"), "metrics need a start")
        return says(200, {"data": {"metrics": self.metrics}})

    def _deployment_rollback(self, variables: dict[str, Any], fields: bool) -> Answer:
        if self.as_told and not fields:
            return self.refuse(400, "GRAPHQL_VALIDATION_FAILED", 'Field "deploymentRollback" of type "Deployment!" must have a selection of subfields.')  # fmt: skip
        if fields and not self.as_told:
            self.faults.append("fields of a Boolean")
            return self.refuse(400, "GRAPHQL_VALIDATION_FAILED", 'Field "deploymentRollback" must not have a selection since type "Boolean!" has no subfields.')  # fmt: skip
        one = self._one(variables["id"])
        if one is None:
            return self.refuse(200, "NOT_FOUND", "Deployment not found")
        if not one["canRollback"]:
            return self.refuse(200, "BAD_REQUEST", "This deployment cannot be rolled back to")
        new = self._again("rollback", one)
        told = {"id": new["id"], "status": new["status"]} if self.as_told else True
        return says(200, {"data": {"deploymentRollback": told}})

    def _deployment_redeploy(self, variables: dict[str, Any], fields: bool) -> Answer:
        one = self._one(variables["id"])
        if one is None or not one["canRedeploy"]:
            return self.refuse(200, "NOT_FOUND", "Deployment not found")
        if not fields:
            return self.refuse(400, "GRAPHQL_VALIDATION_FAILED", 'Field "deploymentRedeploy" of type "Deployment!" must have a selection of subfields.')  # fmt: skip
        new = self._again("redeploy", one)
        return says(200, {"data": {"deploymentRedeploy": {"id": new["id"], "status": new["status"]}}})

    def _again(self, how: str, one: dict[str, Any]) -> dict[str, Any]:
        self.mutations.append((how, one["id"]))
        id_ = f"again-{len(self.mutations)}"
        self.deploy(id_, status="INITIALIZING", commit=one["meta"]["commitHash"], bad=one["id"] in self.bad)
        self._left[id_] = self.takes
        if self.takes == 0:
            self._work()
        return self.deployments[0]
