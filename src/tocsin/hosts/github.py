"""
GitHub Pages: each publish is one commit on the branch that Pages serves, made over the API without a checkout.

Source: docs.github.com/rest/git (refs, commits, trees), integrations reference, section 10.2.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import httpx

from tocsin.core.runbook import GithubPages
from tocsin.hosts.host import LAST, Failed, File

TIMEOUT_SECONDS: Final = 20.0
TRIES: Final = 4  # when somebody else commits meanwhile
FILES_AT_ONCE: Final = 200  # in one request for a tree
TOLD: Final = 200  # characters of GitHub's own words
NO_JEKYLL: Final = ".nojekyll"  # the files are served as they are


class Conflict(Exception):  # noqa: N818 - what it is
    """The branch was moved meanwhile."""


@dataclass(frozen=True, slots=True)
class _Plain:
    body: bytes
    type: str = "text/plain"


class Pages:
    """Commits what differs from what the branch holds, so also a new process writes only that."""

    def __init__(self, to: GithubPages) -> None:
        self.to = to

    def put(self, files: Mapping[str, File], now: datetime) -> int:
        """Raises Failed."""
        folder = self.to.folder.strip("/")
        wanted = {f"{folder}/{path}" if folder else path: file for path, file in files.items()}
        first = f"{folder}/{LAST}" if folder else LAST
        headers = {
            "Accept": "application/vnd.github+json", "Authorization": f"Bearer {self.to.token}",
            "X-GitHub-Api-Version": "2022-11-28", "User-Agent": "Tocsin",
        }  # fmt: skip
        base = f"{self.to.api_base.rstrip('/')}/repos/{self.to.repository}"
        try:
            with httpx.Client(
                base_url=base, headers=headers, timeout=TIMEOUT_SECONDS, trust_env=False, follow_redirects=False
            ) as client:  # fmt: skip
                for _ in range(TRIES):
                    try:
                        return self._commit(client, {**wanted, NO_JEKYLL: _Plain(b"")}, first, now)
                    except Conflict:
                        continue
        except httpx.HTTPError as error:
            raise Failed(f"GitHub cannot be reached: {type(error).__name__} {error}".rstrip()) from None
        raise Failed(f"somebody else keeps committing to {self.to.branch} of {self.to.repository}")

    def _commit(self, client: httpx.Client, files: Mapping[str, File], first: str, now: datetime) -> int:
        parent = self._head(client)
        tree, known = self._tree(client, parent)
        changed = {path: file for path, file in files.items() if known.get(path) != _blob(file.body)}
        if not changed:
            return 0
        entries = [
            {"path": path, "mode": "100644", "type": "blob", "content": file.body.decode()}
            for path, file in changed.items()
        ]
        for at in range(0, len(entries), FILES_AT_ONCE):
            more = {"base_tree": tree} if tree else {}
            tree = _said(client, "POST", "/git/trees", {"tree": entries[at : at + FILES_AT_ONCE], **more})["sha"]
        message = f"status: {now:%Y-%m-%d %H:%M} UTC"
        parents = [parent] if parent else []
        made = _said(client, "POST", "/git/commits", {"message": message, "tree": tree, "parents": parents})["sha"]
        self._move(client, parent, made)
        self._check(client, made, first, files[first].body)
        return len(changed)

    def _head(self, client: httpx.Client) -> str | None:
        answer = client.get(f"/git/ref/heads/{self.to.branch}")
        if answer.status_code == 404:
            self._must_exist(client)
            return None
        if answer.status_code == 409:  # there is not one commit, and nothing can be built on
            raise Failed(f"{self.to.repository} is empty: make a first commit there, such as a README")
        return str(_read(answer)["object"]["sha"])

    def _must_exist(self, client: httpx.Client) -> None:
        """A branch that is missing is made; a repository that is missing, or closed to the token, is said."""
        if client.get("").status_code == 404:
            raise Failed(f"there is no {self.to.repository}, or the token may not see it; it needs Contents: write")

    def _tree(self, client: httpx.Client, commit: str | None) -> tuple[str | None, dict[str, str]]:
        if commit is None:
            return None, {}
        tree = str(_said(client, "GET", f"/git/commits/{commit}")["tree"]["sha"])
        listed = _said(client, "GET", f"/git/trees/{tree}?recursive=1")
        return tree, {entry["path"]: entry["sha"] for entry in listed["tree"] if entry["type"] == "blob"}

    def _move(self, client: httpx.Client, parent: str | None, made: str) -> None:
        if parent is None:
            answer = client.post("/git/refs", json={"ref": f"refs/heads/{self.to.branch}", "sha": made})
        else:
            answer = client.patch(f"/git/refs/heads/{self.to.branch}", json={"sha": made, "force": False})
        if answer.status_code == 422:  # no fast forward, or the branch was made meanwhile
            raise Conflict
        _read(answer)

    def _check(self, client: httpx.Client, commit: str, path: str, body: bytes) -> None:
        raw = {"Accept": "application/vnd.github.raw+json"}
        answer = client.get(f"/contents/{path}", params={"ref": commit}, headers=raw)
        if answer.status_code != 200 or answer.content != body:
            raise Failed(f"{self.to.repository} does not give {path} back as it was written")


def _blob(body: bytes) -> str:
    """Git's own name for a file's content."""
    return hashlib.sha1(b"blob %d\0%b" % (len(body), body)).hexdigest()  # noqa: S324 - git's choice, no secret


def _said(client: httpx.Client, method: str, path: str, body: Any = None) -> Any:
    return _read(client.request(method, path, json=body) if body is not None else client.request(method, path))


def _read(answer: httpx.Response) -> Any:
    """The JSON of an answer that is good. Raises Failed with GitHub's own words, and how long it wants us to wait."""
    try:
        said = answer.json()
    except ValueError:
        said = None
    if not answer.is_success or not isinstance(said, dict):
        words = said.get("message", "") if isinstance(said, dict) else ""
        wait = answer.headers.get("retry-after", "")
        asked = f"; it asks to wait for {wait} s" if wait else ""
        raise Failed(f"GitHub answered {answer.status_code} {str(words)[:TOLD]}".rstrip() + asked)
    return said
