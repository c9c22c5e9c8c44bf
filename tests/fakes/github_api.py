"""A small GitHub: commits, workflows and their runs of one repository (docs.github.com/rest/actions)."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from typing import Any

from .api import FakeApi
from .vendor import Answer, says

TOKEN = "ghp_" + "t" * 36


class FakeGitHubApi(FakeApi):
    """
    `push` brings a commit to the default branch, `ran` a run of a workflow; a dispatch runs it anew.

    `scopes` are a classic token's, None those of a fine-grained one, which does not say; `may` what its owner may.
    A dispatched run takes `takes` looks, and then ends with `ends`.
    """

    def __init__(self, repository: str = "proofi/proofi-wallet") -> None:
        super().__init__()
        self.token, self.repository, self.branch = TOKEN, repository, "main"
        self.scopes: str | None = "repo, workflow"
        self.may = {"admin": False, "push": True, "pull": True}
        self.about: dict[str, Any] = {"has_issues": True, "archived": False}
        self.commits: list[dict[str, Any]] = []
        self.runs: list[dict[str, Any]] = []
        self.workflows: dict[str, dict[str, Any]] = {
            "deploy.yml": {"id": 161335, "name": "Deploy to Vercel", "state": "active", "inputs": {"target", "dry"}},
            "ci.yml": {"id": 161336, "name": "CI", "state": "active", "inputs": None},
        }  # fmt: skip
        self.dispatched: list[dict[str, Any]] = []
        self.says_run = False  # a dispatch answers 200 with the run, as newer versions do
        self.takes, self.ends = 1, "success"
        self._left: dict[int, int] = {}

    @property
    def config(self) -> dict[str, Any]:
        """The connection's settings for this GitHub."""
        return {"token": self.token, "repository": self.repository, "api_base": self.url}

    def push(self, message: str, *, at: datetime, author: str = "ana") -> str:
        sha = hashlib.sha1(message.encode()).hexdigest()
        self.commits.insert(0, {
            "sha": sha, "html_url": f"https://github.com/{self.repository}/commit/{sha}", "author": {"login": author},
            "commit": {"message": message, "author": {"name": author}, "committer": {"date": _instant(at)}},
        })  # fmt: skip
        return sha

    def ran(
        self, workflow: str, conclusion: str | None, *, at: datetime, sha: str = "a8923d9c", event: str = "push"
    ) -> int:  # fmt: skip
        number = 30_433_642 + len(self.runs)
        self.runs.insert(0, {
            "id": number, "name": self.workflows[workflow]["name"], "workflow_id": self.workflows[workflow]["id"],
            "head_branch": self.branch, "head_sha": sha, "event": event, "conclusion": conclusion,
            "status": "completed" if conclusion else "in_progress", "run_started_at": _instant(at),
            "html_url": f"https://github.com/{self.repository}/actions/runs/{number}",
        })  # fmt: skip
        return number

    def refuse(self, status: int, code: str, message: str) -> Answer:
        return says(status, {"message": message, "documentation_url": "https://docs.github.com/rest"})

    def revoked(self) -> Answer:
        return self.refuse(401, "", "Bad credentials")

    def flood(self) -> Answer:
        return says(
            403, {"message": "You have exceeded a secondary rate limit"}, **{"Retry-After": str(self.retry_after)}
        )

    def take_call(
        self, method: str, path: str, query: dict[str, str], headers: dict[str, str], said: Any
    ) -> Answer:  # fmt: skip
        if headers.get("Authorization") != f"Bearer {self.token}":
            return self.revoked()
        self.check(headers.get("Accept") == "application/vnd.github+json", "another Accept")
        self.check(headers.get("X-GitHub-Api-Version") == "2022-11-28", "another version")
        self.check("User-Agent" in headers, "no User-Agent")
        base = f"/repos/{self.repository}"
        if method == "GET" and path == base:
            return self._repository()
        if method == "GET" and path == f"{base}/commits":
            self.check(query.get("sha") == self.branch, "not the default branch")
            return says(200, self.commits[: int(query["per_page"])])
        if method == "GET" and path == f"{base}/actions/runs":
            return self._runs([run for run in self.runs if run["head_branch"] == query.get("branch")], query)
        if method == "GET" and path == f"{base}/actions/workflows":
            return says(200, {"total_count": len(self.workflows), "workflows": []})
        found = re.fullmatch(re.escape(base) + r"/actions/workflows/([^/]+)(/runs|/dispatches)?", path)
        known = found and (found[1] if found[1] in self.workflows else self._named(found[1]))
        if not found or not known:
            return self.refuse(404, "", "Not Found")
        if method == "POST" and found[2] == "/dispatches":
            return self._dispatch(known, said)
        if found[2] == "/runs":
            id_ = self.workflows[known]["id"]
            runs = [
                run for run in self.runs if run["workflow_id"] == id_ and query.get("event") in (None, run["event"])
            ]
            return self._runs(runs, query)
        one = {key: value for key, value in self.workflows[known].items() if key != "inputs"}
        return says(200, {**one, "path": f".github/workflows/{known}"})

    def _named(self, id_: str) -> str:
        return next((name for name, one in self.workflows.items() if str(one["id"]) == id_), "")

    def _repository(self) -> Answer:
        scopes = {} if self.scopes is None else {"X-OAuth-Scopes": self.scopes}
        body = {"full_name": self.repository, "default_branch": self.branch, "permissions": self.may, **self.about}
        return says(200, body, **scopes)

    def _runs(self, runs: list[dict[str, Any]], query: dict[str, str]) -> Answer:
        for run in self.runs:
            if run["id"] in self._left:
                self._left[run["id"]] -= 1
                if self._left[run["id"]] < 0:
                    run |= {"status": "completed", "conclusion": self.ends}
                    del self._left[run["id"]]
        return says(200, {"total_count": len(runs), "workflow_runs": runs[: int(query["per_page"])]})

    def _dispatch(self, name: str, said: Any) -> Answer:
        one = self.workflows[name]
        if not self.may["push"]:
            return self.refuse(403, "", "Must have write rights to Repository.")
        if one["inputs"] is None:
            return self.refuse(422, "", "Workflow does not have 'workflow_dispatch' trigger")
        if one["state"] != "active":
            return self.refuse(422, "", "Cannot trigger a 'workflow_dispatch' on a disabled workflow")
        if said.get("ref") not in (self.branch, "v1"):
            return self.refuse(422, "", f"No ref found for: {said.get('ref')}")
        inputs = said.get("inputs") or {}
        if unknown := set(inputs) - one["inputs"]:
            return self.refuse(422, "", f"Unexpected inputs provided: {sorted(unknown)}")
        self.check(all(isinstance(value, str) for value in inputs.values()), "an input that is no text")
        self.dispatched.append(said)
        number = self.ran(name, None, at=datetime.now(UTC), event="workflow_dispatch")
        self._left[number] = self.takes
        return says(200, {"workflow_run_id": number}) if self.says_run else (204, {}, b"")


def _instant(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
