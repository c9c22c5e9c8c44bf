"""A small Vercel: one project, its deployments, and which of them production is (integrations.md section 8)."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from typing import Any

from .api import FakeApi
from .vendor import Answer, says

TOKEN = "vercel-token-of-the-tests"


class FakeVercel(FakeApi):
    """
    `deploy` builds and, as Vercel does, points production at what is ready, unless a rollback stopped that.

    `live` is the id that production is at, `bad` the ids whose code is broken: `ill()` says why the site does not work.
    A rollback takes `takes` looks at the project until it is done. `names_live`: the project says what is live.
    """

    def __init__(self, project: str = "wallet-ui", team: str = "") -> None:
        super().__init__()
        self.project, self.project_id, self.team, self.token = project, "prj_8sK2dQ", team, TOKEN
        self.deployments: dict[str, dict[str, Any]] = {}
        self.live = ""
        self.bad: set[str] = set()
        self.assigns = True  # new production builds to the domains; an instant rollback ends that
        self.hobby = False
        self.names_live = True
        self.old = False  # only the older paths are served
        self.takes = 1
        self.fails = False  # the job of the next change
        self.last: dict[str, Any] | None = None
        self._left = 0

    @property
    def config(self) -> dict[str, Any]:
        """The connection's settings for this Vercel."""
        return {"token": self.token, "project": self.project, "team": self.team, "api_base": self.url}

    def deploy(
        self, id_: str, *, at: datetime | None = None, state: str = "READY", target: str | None = "production",
        bad: bool = False, message: str = "fix: retry DDC writes", error: str = "",
    ) -> str:  # fmt: skip
        created = int((at or datetime.now(UTC)).timestamp() * 1000)
        ready = state == "READY"
        self.deployments[id_] = {
            "uid": id_, "name": self.project, "projectId": self.project_id, "url": f"{self.project}-{id_}.vercel.app",
            "created": created, "createdAt": created, "state": state, "readyState": state, "type": "LAMBDAS",
            "inspectorUrl": f"https://vercel.com/proofi/{self.project}/{id_}", "target": target, "aliasError": None,
            "meta": {"githubCommitRef": "main", "githubCommitSha": hashlib.sha1(id_.encode()).hexdigest(),
                     "githubCommitMessage": message},
            "aliasAssigned": None, "errorMessage": error or None, **({"ready": created} if ready else {}),
        }  # fmt: skip
        if bad:
            self.bad.add(id_)
        if ready and target == "production":
            self.deployments[id_]["readySubstate"] = "STAGED"
            if self.assigns:
                self._point(id_, created)
        return id_

    def delete(self, id_: str) -> None:
        del self.deployments[id_]

    def ill(self) -> str:
        """Why the site does not work; empty when it does."""
        return f"the deployment {self.live} is broken" if self.live in self.bad else ""

    def _point(self, id_: str, at: int) -> None:
        self.live = id_
        self.deployments[id_] |= {"readySubstate": "PROMOTED", "aliasAssigned": at}

    def _shown(self, one: dict[str, Any]) -> dict[str, Any]:
        was_live = one.get("readySubstate") == "PROMOTED"
        candidate = was_live and one["uid"] != self.live if one["state"] == "READY" else None
        return {**one, "isRollbackCandidate": candidate}

    # ------------------------------------------------------------------------------------- what is asked

    def take_call(
        self, method: str, path: str, query: dict[str, str], headers: dict[str, str], said: Any
    ) -> Answer:  # fmt: skip
        if headers.get("Authorization") != f"Bearer {self.token}":
            return self.refuse(403, "forbidden", "Not authorized")
        if self.team and query.get("teamId", query.get("slug")) != self.team:
            return self.refuse(404, "not_found", "Project not found")
        routes = (
            ("GET", r"/v9/projects/([^/]+)", self._project),
            ("GET", r"/v6/deployments" if self.old else r"/v[67]/deployments", self._list),
            ("GET", r"/v13/deployments/([^/]+)", self._one),
            ("POST", (r"/v9" if self.old else r"/v(?:1|9)") + r"/projects/([^/]+)/rollback/([^/]+)", self._rollback),
            ("POST", r"/v10/projects/([^/]+)/promote/([^/]+)", self._promote),
        )
        for verb, pattern, serve in routes:
            if verb == method and (found := re.fullmatch(pattern, path)):
                return serve(query, said, *found.groups())
        self.check(self.old, f"{method} {path}")
        return self.refuse(404, "not_found", "The page could not be found")

    def _project(self, query: dict[str, str], said: Any, name: str) -> Answer:
        if name not in (self.project, self.project_id):
            return self.refuse(404, "not_found", "Project not found")
        self._work()
        targets = {"production": self._shown(self.deployments[self.live])} if self.live in self.deployments else {}
        for one in targets.values():
            one["id"] = one.pop("uid")
        body = {"id": self.project_id, "name": self.project, "accountId": "team_9LmQk2", "lastAliasRequest": self.last}
        return says(200, body | ({"targets": targets} if self.names_live else {}))

    def _work(self) -> None:
        """One look passes: the job may be done."""
        if self.last is None or self.last["jobStatus"] not in ("pending", "in-progress"):
            return
        self._left -= 1
        if self._left > 0:
            self.last["jobStatus"] = "in-progress"
        elif self.fails:
            self.last["jobStatus"] = "failed"
        else:
            self.last["jobStatus"] = "succeeded"
            self._point(self.last["toDeploymentId"], self.last["requestedAt"])

    def _list(self, query: dict[str, str], said: Any) -> Answer:
        self.check(query.get("projectId") in (self.project, self.project_id), "a list without its project")
        states = query.get("state", "").split(",") if query.get("state") else None
        found = [
            self._shown(one) for one in sorted(self.deployments.values(), key=lambda one: -one["created"])
            if query.get("target") in (None, one["target"]) and (states is None or one["state"] in states)
        ][: int(query.get("limit", "20"))]  # fmt: skip
        return says(200, {"deployments": found, "pagination": {"count": len(found), "next": None, "prev": None}})

    def _one(self, query: dict[str, str], said: Any, id_: str) -> Answer:
        one = self.deployments.get(id_)
        if one is None:
            return self.refuse(404, "not_found", "Deployment not found")
        shown = self._shown(one)
        return says(200, {**{key: value for key, value in shown.items() if key != "uid"}, "id": id_})

    def _rollback(self, query: dict[str, str], said: Any, project: str, id_: str) -> Answer:
        if (refused := self._cannot(project, id_)) is not None:
            return refused
        before = [one["uid"] for one in sorted(self.deployments.values(), key=lambda one: -one["created"])
                  if self._shown(one)["isRollbackCandidate"]]  # fmt: skip
        if id_ not in before:
            return self.refuse(400, "bad_request", "The deployment is not a rollback candidate")
        if self.hobby and id_ != before[0]:
            return self.refuse(402, "payment_required", "To roll back further than the previous production deployment, upgrade to pro")  # fmt: skip
        self.assigns = False
        return self._begin("rollback", id_)

    def _promote(self, query: dict[str, str], said: Any, project: str, id_: str) -> Answer:
        self.check(said == {}, "promote takes an empty object")
        if (refused := self._cannot(project, id_)) is not None:
            return refused
        self.assigns = True
        return self._begin("promote", id_)

    def _cannot(self, project: str, id_: str) -> Answer | None:
        one = self.deployments.get(id_)
        if project != self.project_id or one is None:
            return self.refuse(404, "not_found", "Deployment not found")
        if one["state"] != "READY":
            return self.refuse(422, "unprocessable", f"The deployment is {one['state']}")
        if self.last and self.last["jobStatus"] in ("pending", "in-progress"):
            return self.refuse(409, "conflict", "Another request is in progress")
        return None

    def _begin(self, kind: str, id_: str) -> Answer:
        asked = int(datetime.now(UTC).timestamp() * 1000)
        self.last = {"fromDeploymentId": self.live, "toDeploymentId": id_, "jobStatus": "pending",
                     "requestedAt": asked, "type": kind}  # fmt: skip
        self._left = self.takes
        if self.takes == 0:
            self._left = 1
            self._work()
        return 201, {}, b""
