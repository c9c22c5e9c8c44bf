"""GitHub's issues, labels, comments, contents, branches and pull requests of one repository, with its headers."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from .vendor import FakeVendor, says
from .web import FakeServer

DATE = "Mon, 23 Nov 2026 09:02:00 GMT"
NOT_FOUND = {"message": "Not Found", "documentation_url": "https://docs.github.com/rest"}


def git_name(body: bytes) -> str:
    return hashlib.sha1(b"blob %d\0%b" % (len(body), body)).hexdigest()


class FakeGitHubRepository(FakeVendor):
    """
    `mode` beside those of every vendor: archived, disabled (issues), no_access, secondary, primary, moved.

    `refuse` are calls ("POST /labels") that the token may not make; `lost` calls whose answer never comes, each once,
    though they are done. `now` is the instant that everything is stamped with. Source: docs.github.com/rest
    """

    def __init__(self, repository: str = "proofi/proofi-wallet", token: str = "github-token") -> None:
        FakeServer.__init__(self)
        handler = self._server.RequestHandlerClass
        for verb in ("GET", "POST", "PATCH", "PUT", "DELETE"):
            setattr(handler, f"do_{verb}", _as(verb, handler.do_POST))
        self.mode, self.calls, self.taken, self.repository, self.token = "ok", 0, [], repository, token
        self.asked: list[str] = []
        self.refuse: set[str] = set()
        self.lost: list[str] = []
        self.login = "tocsin-bot"
        self.now = "2026-11-23T09:02:00Z"
        self.labels: dict[str, str] = {"bug": "d73a4a"}
        self.issues: dict[int, dict[str, Any]] = {}
        self.comments: dict[int, list[dict[str, Any]]] = {}
        self.branches: dict[str, dict[str, bytes]] = {"main": {"README.md": b"hello"}}
        self.pulls: list[dict[str, Any]] = []
        self.commits: list[tuple[str, str, str]] = []  # branch, path, message
        self.numbers = 16

    # ------------------------------------------------------------------------------------- what people do there

    def issue(self, title: str = "by hand", body: str = "", labels: tuple[str, ...] = ()) -> int:
        self.numbers += 1
        self.issues[self.numbers] = {
            "number": self.numbers, "title": title, "body": body, "state": "open", "state_reason": None,
            "labels": list(labels), "updated_at": self.now, "closed_by": None,
        }  # fmt: skip
        self.comments[self.numbers] = []
        return self.numbers

    def set_state(self, number: int, state: str, by: str) -> dict[str, Any]:
        """Somebody closes or reopens an issue; returns the webhook's body."""
        issue = self.issues[number]
        issue |= {"state": state, "updated_at": self.now, "closed_by": {"login": by} if state == "closed" else None}
        action = "closed" if state == "closed" else "reopened"
        return {"action": action, "issue": self._shown(issue), "sender": {"login": by},
                "repository": {"full_name": self.repository, "name": self.repository.split("/")[1]}}  # fmt: skip

    def said(self, number: int) -> list[str]:
        """The comments without their hidden markers."""
        return [re.sub(r"\s*<!--.*?-->", "", one["body"]) for one in self.comments[number]]

    # ------------------------------------------------------------------------------------- what is asked

    def answer(self, path, headers, body):
        self.calls += 1
        given = {name.lower(): value for name, value in headers.items()}
        verb, parts = given["x-verb"], urlsplit(path)
        self.check(given.get("accept") == "application/vnd.github+json", "no Accept of GitHub's")
        self.check(given.get("x-github-api-version") == "2022-11-28", "no X-GitHub-Api-Version")
        self.check(bool(given.get("user-agent")), "no User-Agent")
        if self.mode != "ok":
            return self._trouble()
        if given.get("authorization") != f"Bearer {self.token}":
            return says(401, {"message": "Bad credentials"})
        root = f"/repos/{self.repository}"
        if not parts.path.startswith(root):
            return says(404, NOT_FOUND)
        rest = unquote(parts.path.removeprefix(root))
        call = f"{verb} {rest}"
        self.asked.append(call)
        if any(call.startswith(one) for one in self.refuse):
            return says(403, {"message": "Resource not accessible by personal access token"})
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        answer = self._act(verb, rest, json.loads(body) if body else None, query)
        for one in self.lost:
            if call.startswith(one):
                self.lost.remove(one)
                return 0, {}, b""
        return answer

    def _trouble(self):
        limit = {"message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}
        return {
            "down": lambda: (502, {}, b"<html>Unicorn!</html>"), "hang_up": lambda: (0, {}, b""), "hang": self.hang,
            "html": lambda: (200, {"Content-Type": "text/html"}, b"<html>captive portal</html>"),
            "lie": lambda: says(200, {"message": "an error"}), "empty": lambda: (200, {}, b""),
            "revoked": lambda: says(401, {"message": "Bad credentials"}),
            "flood": lambda: says(429, limit, **{"Retry-After": "40"}),
            "secondary": lambda: says(403, limit),
            "primary": lambda: says(403, {"message": "API rate limit exceeded for user ID 1."},
                                    **{"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1795424820", "Date": DATE}),
            "archived": lambda: says(403, {"message": "Repository was archived so is read-only."}),
            "disabled": lambda: says(410, {"message": "Issues has been disabled in this repository."}),
            "no_access": lambda: says(404, NOT_FOUND),
            "forbidden": lambda: says(403, {"message": "Resource not accessible by personal access token"}),
            "moved": lambda: says(301, {"message": "Moved Permanently"}, Location=f"{self.url}/repositories/1/issues"),
            "invalid": lambda: says(422, {"message": "Validation Failed", "errors": [
                {"resource": "Issue", "code": "missing_field", "field": "title"}]}),
        }[self.mode]()  # fmt: skip

    def _shown(self, issue):
        labels = [{"name": name, "color": self.labels.get(name, "ededed")} for name in issue["labels"]]
        return {**issue, "labels": labels, "user": {"login": self.login}}

    def _act(self, verb, rest, said, query):
        match verb, rest.strip("/").split("/"):
            case "GET", [""]:
                return says(200, {"full_name": self.repository, "default_branch": "main"})
            case "GET", ["issues"]:
                return self._list(query)
            case "POST", ["issues"]:
                return self._open(said)
            case "PATCH", ["issues", number]:
                return self._change(int(number), said)
            case "GET", ["issues", number, "comments"]:
                known = self.comments.get(int(number))
                self.check("since" in query, "comments without since")
                return says(200, [c for c in known if c["created_at"] >= query["since"]]) if known is not None else (
                    says(404, NOT_FOUND)
                )  # fmt: skip
            case "POST", ["issues", number, "comments"]:
                return self._say(int(number), said)
            case "POST", ["issues", number, "labels"]:
                issue = self.issues[int(number)]
                issue["labels"] += [name for name in said["labels"] if name not in issue["labels"]]
                return says(200, self._shown(issue)["labels"])
            case "DELETE", ["issues", number, "labels", name]:
                return self._take_off(self.issues[int(number)], name)
            case "GET", ["actions", "workflows"]:
                return says(200, {"total_count": 0, "workflows": []})
            case _, ["labels", *name]:
                return self._label(verb, name, said)
            case _, ["contents", *path]:
                return self._content(verb, "/".join(path), said, query)
            case _, ["git", *_] | ["pulls"]:
                return self._propose(verb, rest.strip("/").split("/"), said, query)
        self.faults.append(f"no such call: {verb} {rest}")
        return says(404, NOT_FOUND)

    def _list(self, query):
        self.check(query.get("state") == "all" and query.get("per_page") == "100", "not all, or not 100 at once")
        found = [i for i in self.issues.values() if i["updated_at"] >= query.get("since", "")]
        found.sort(key=lambda i: (i["updated_at"] if query["sort"] == "updated" else "", i["number"]))
        if query["direction"] == "desc":
            found.reverse()
        page = int(query.get("page", 1)) - 1
        return says(200, [self._shown(i) for i in found[page * 100 : page * 100 + 100]])

    def _open(self, said):
        if not said.get("title") or len(said["title"]) > 256 or len(said["body"]) > 65_536:
            return says(422, {"message": "Validation Failed", "errors": [{"code": "invalid", "field": "title"}]})
        number = self.issue(said["title"], said["body"], tuple(said["labels"]))
        return says(201, self._shown(self.issues[number]))

    def _change(self, number, said):
        if number not in self.issues:
            return says(404, NOT_FOUND)
        issue = self.issues[number]
        self.check(set(said) <= {"state", "state_reason"}, f"what is {said}?")
        self.check(said["state_reason"] == {"closed": "completed", "open": "reopened"}[said["state"]], "no reason")
        issue |= {"state": said["state"], "state_reason": said["state_reason"], "updated_at": self.now}
        issue["closed_by"] = {"login": self.login} if said["state"] == "closed" else None
        return says(200, self._shown(issue))

    def _say(self, number, said):
        if number not in self.issues:
            return says(404, NOT_FOUND)
        self.comments[number].append({"body": said["body"], "created_at": self.now, "user": {"login": self.login}})
        self.issues[number]["updated_at"] = self.now
        return says(201, self.comments[number][-1])

    def _take_off(self, issue, name):
        if name not in issue["labels"]:
            return says(404, {"message": "Label does not exist"})
        issue["labels"].remove(name)
        return says(200, self._shown(issue)["labels"])

    def _label(self, verb, name, said):
        if verb == "GET":
            known = "/".join(name) in self.labels
            return says(200, {"name": name[0]}) if known else says(404, NOT_FOUND)
        self.check(bool(re.fullmatch(r"[0-9a-f]{6}", said["color"])), "no colour")
        if said["name"] in self.labels:
            return says(422, {"message": "Validation Failed", "errors": [{"code": "already_exists", "field": "name"}]})
        self.labels[said["name"]] = said["color"]
        return says(201, said)

    # ------------------------------------------------------------------------------------- files and pull requests

    def _content(self, verb, path, said, query):
        branch = query.get("ref") if verb == "GET" else said["branch"]
        if branch not in self.branches:
            return says(404, NOT_FOUND)
        files = self.branches[branch]
        there = files.get(path)
        if verb == "GET":
            if there is None:
                return says(404, NOT_FOUND)
            content = base64.b64encode(there).decode()
            return says(200, {"type": "file", "path": path, "sha": git_name(there), "content": content})
        if there is not None and "sha" not in said:
            return says(422, {"message": 'Invalid request.\n\n"sha" wasn\'t supplied.'})
        if there is not None and said["sha"] != git_name(there):
            return says(409, {"message": f"{path} does not match {said['sha']}"})
        files[path] = base64.b64decode(said["content"], validate=True)
        self.commits.append((branch, path, said["message"]))
        return says(201 if there is None else 200, {"content": {"path": path, "sha": git_name(files[path])}})

    def _propose(self, verb, parts, said, query):
        match verb, parts:
            case "GET", ["git", "ref", "heads", *name]:
                known = "/".join(name) in self.branches
                return says(200, {"object": {"sha": f"head of {'/'.join(name)}"}}) if known else says(404, NOT_FOUND)
            case "POST", ["git", "refs"]:
                name = said["ref"].removeprefix("refs/heads/")
                self.check(said["ref"].startswith("refs/heads/"), "no full name of a branch")
                if name in self.branches:
                    return says(422, {"message": "Reference already exists"})
                self.branches[name] = dict(self.branches[said["sha"].removeprefix("head of ")])
                return says(201, {"object": {"sha": said["sha"]}})
            case "GET", ["pulls"]:
                head = query["head"].partition(":")[2]
                return says(200, [pull for pull in self.pulls if pull["head"] == head])
            case "POST", ["pulls"]:
                self.numbers += 1
                link = f"https://github.com/{self.repository}/pull/{self.numbers}"
                self.pulls.append({**said, "number": self.numbers, "state": "open", "html_url": link})
                return says(201, self.pulls[-1])
        self.faults.append(f"no such call: {verb} {parts}")
        return says(404, NOT_FOUND)


def _as(verb, serve):
    def do(handler):
        handler.headers["X-Verb"] = verb
        serve(handler)

    return do
