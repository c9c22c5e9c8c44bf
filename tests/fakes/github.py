"""GitHub's Git database of one repository: blobs, trees, commits and branches that only move forward."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

from .vendor import FakeVendor, says
from .web import FakeServer

BRANCHES_AT_START = {"main"}


class FakeGitHub(FakeVendor):
    """
    `branch(name)` gives the files that a branch holds; `commit(...)` is somebody else's. `before_move` is called once
    before a branch is moved: what others do meanwhile. Every write needs the token. Source: docs.github.com/rest/git
    """

    def __init__(self, repository: str = "acme/status") -> None:
        FakeServer.__init__(self)
        handler = self._server.RequestHandlerClass
        for verb in ("GET", "POST", "PATCH"):
            setattr(handler, f"do_{verb}", _as(verb, handler.do_POST))
        self.mode, self.calls, self.taken, self.repository, self.token = "ok", 0, [], repository, "ghp_" + "x" * 36
        self.blobs: dict[str, bytes] = {}
        self.trees: dict[str, dict[str, str]] = {}
        self.commits: dict[str, dict[str, Any]] = {}
        self.refs: dict[str, str] = {}
        self.before_move: Any = None
        self.empty = False
        self.refs["heads/main"] = self.commit({"README.md": b"hello"})

    # ------------------------------------------------------------------------------------- what is there

    def _name(self, kind: str, value: object) -> str:
        return hashlib.sha1(f"{kind}{value!r}".encode()).hexdigest()

    def blob(self, body: bytes) -> str:
        name = hashlib.sha1(b"blob %d\0%b" % (len(body), body)).hexdigest()
        self.blobs[name] = body
        return name

    def tree(self, entries: dict[str, str]) -> str:
        name = self._name("tree", sorted(entries.items()))
        self.trees[name] = dict(entries)
        return name

    def commit(self, files: dict[str, bytes], parents: tuple[str, ...] = ()) -> str:
        return self._committed(self.tree({path: self.blob(body) for path, body in files.items()}), parents, "a person")

    def _committed(self, tree: str, parents: tuple[str, ...], message: str) -> str:
        name = self._name("commit", (tree, parents, message, len(self.commits)))
        self.commits[name] = {"tree": tree, "parents": parents, "message": message}
        return name

    def branch(self, name: str = "gh-pages") -> dict[str, bytes]:
        return self._files(self.refs[f"heads/{name}"])

    def _files(self, commit: str) -> dict[str, bytes]:
        return {path: self.blobs[sha] for path, sha in self.trees[self.commits[commit]["tree"]].items()}

    def history(self, name: str = "gh-pages") -> list[str]:
        found, at = [], self.refs.get(f"heads/{name}")
        while at:
            found.append(self.commits[at]["message"])
            at = next(iter(self.commits[at]["parents"]), None)
        return found

    # ------------------------------------------------------------------------------------- what is asked

    def revoked(self):
        return says(401, {"message": "Bad credentials"})

    def flood(self):
        return says(403, {"message": "You have exceeded a secondary rate limit"}, **{"Retry-After": "60"})

    def answer(self, path, headers, body):
        given = {name.lower(): value for name, value in headers.items()}
        if self.mode != "ok":
            self.calls += 1
            return {"down": lambda: (502, {}, b"<html>"), "hang_up": lambda: (0, {}, b""), "flood": self.flood,
                    "revoked": self.revoked, "html": lambda: (200, {}, b"<html>")}[self.mode]()  # fmt: skip
        self.calls += 1
        self.check(bool(given.get("user-agent")), "no User-Agent")
        self.check("application/vnd.github" in given.get("accept", ""), "no Accept of GitHub's")
        if given.get("authorization") != f"Bearer {self.token}":
            return says(404, {"message": "Not Found"})
        parts = urlsplit(path)
        root = f"/repos/{self.repository}"
        if not parts.path.startswith(root):
            return says(404, {"message": "Not Found"})
        rest = parts.path.removeprefix(root)
        said = json.loads(body) if body else None
        return self._act(given["x-verb"], rest, said, parse_qs(parts.query), given)

    def _act(self, verb, rest, said, query, given):
        if self.empty and rest.startswith("/git/"):
            return says(409, {"message": "Git Repository is empty."})
        match verb, rest.strip("/").split("/"):
            case "GET", [""]:
                return says(200, {"full_name": self.repository})
            case "GET", ["git", "ref", *ref]:
                sha = self.refs.get("/".join(ref))
                return says(200, {"object": {"sha": sha}}) if sha else says(404, {"message": "Not Found"})
            case "GET", ["git", "commits", sha]:
                return says(200, {"sha": sha, "tree": {"sha": self.commits[sha]["tree"]}})
            case "GET", ["git", "trees", sha]:
                self.check(query.get("recursive") == ["1"], "not recursive")
                entries = [{"path": p, "type": "blob", "sha": s} for p, s in self.trees[sha].items()]
                return says(200, {"sha": sha, "tree": entries, "truncated": False})
            case "POST", ["git", "trees"]:
                return self._new_tree(said)
            case "POST", ["git", "commits"]:
                made = self._committed(said["tree"], tuple(said["parents"]), said["message"])
                return says(201, {"sha": made})
            case "POST", ["git", "refs"]:
                return self._new_ref(said)
            case "PATCH", ["git", "refs", *ref]:
                return self._move("/".join(ref), said)
            case "GET", ["contents", *path]:
                body = self._files(query["ref"][0]).get("/".join(path))
                self.check("raw" in given["accept"], "contents not asked raw")
                return (200, {}, body) if body is not None else says(404, {"message": "Not Found"})
        self.faults.append(f"no such call: {verb} {rest}")
        return says(404, {"message": "Not Found"})

    def _new_tree(self, said):
        entries = dict(self.trees[said["base_tree"]]) if "base_tree" in said else {}
        for entry in said["tree"]:
            self.check(entry["mode"] == "100644" and entry["type"] == "blob", "not a plain file")
            self.check(not entry["path"].startswith("/"), "a path that begins with a slash")
            entries[entry["path"]] = self.blob(entry["content"].encode())
        return says(201, {"sha": self.tree(entries)})

    def _meanwhile(self):
        others, self.before_move = self.before_move, None
        if others:
            others()

    def _new_ref(self, said):
        self._meanwhile()
        ref = said["ref"].removeprefix("refs/")
        self.check(said["ref"].startswith("refs/heads/"), "no full name of a branch")
        if ref in self.refs:
            return says(422, {"message": "Reference already exists"})
        self.refs[ref] = said["sha"]
        return says(201, {"object": {"sha": said["sha"]}})

    def _move(self, ref, said):
        self._meanwhile()
        if said.get("force") or self.refs.get(ref) not in self.commits[said["sha"]]["parents"]:
            return says(422, {"message": "Update is not a fast forward"})
        self.refs[ref] = said["sha"]
        return says(200, {"object": {"sha": said["sha"]}})


def _as(verb, serve):
    def do(handler):
        handler.headers["X-Verb"] = verb
        serve(handler)

    return do
