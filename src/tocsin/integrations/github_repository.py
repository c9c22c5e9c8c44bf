"""GitHub, the writing side: issues as tickets, and documents as commits or pull requests.
Source: docs.github.com/rest/issues, /rest/repos/contents, /rest/pulls, /rest/using-the-rest-api/rate-limits"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import quote, urlencode

from tocsin.sdk import (
    Config,
    Conversation,
    Document,
    Looked,
    Opened,
    Proposed,
    Reject,
    Repository,
    Request,
    Response,
    Retry,
    Ticket,
    TicketChange,
    TicketSeen,
    Tracker,
    Verdict,
    at,
    calm,
    clip,
    failed,
    items_of,
    one_line,
    parse_instant,
    text_of,
    wait_asked,
    wait_of,
)

VERSION: Final = "2022-11-28"
TITLE_LIMIT, BODY_LIMIT = 256, 60_000  # characters; GitHub takes 65,536 in a body
PER_PAGE: Final = 100  # the newest issues among which one that was opened before is looked for
PAGES_AT_MOST: Final = 5  # of what changed since the last look
LIST_BYTES: Final = 16_000_000  # of a list whose issues have long bodies
MOVED: Final = (301, 302, 307, 308)
WAIT_SECONDS: Final = 60.0  # "at least one minute", where a limit names no time
NAMES_TRIED: Final = 9  # path.md, path-2.md ...
COLOURS: Final = ("b60205", "d93f0b", "fbca04", "0e8a16")  # of labels, the worst severity first
_NUMBER: Final = re.compile(r"#?([1-9]\d{0,9})")


class _No(Exception):  # noqa: N818 - a verdict on its way out of a conversation
    def __init__(self, verdict: Retry | Reject) -> None:
        super().__init__(verdict.why)
        self.verdict = verdict


# --------------------------------------------------------------------------------------------- asking, and what refuses


def _ask(config: Config, method: str, path: str, body: Any = None, *, limit: int = 0) -> Request:
    base = f"{str(config.get('api_base') or 'https://api.github.com').rstrip('/')}/repos/{config['repository']}"
    headers = {
        "Accept": "application/vnd.github+json", "Authorization": f"Bearer {config['token']}",
        "X-GitHub-Api-Version": VERSION,
    }  # fmt: skip
    more = {"answer_limit": limit} if limit else {}
    return Request(method, f"{base}{path}", headers, json=body, **more)  # type: ignore[arg-type]


def _read(response: Response, config: Config, needs: str, *good: int) -> Any:
    """The JSON of an answer with one of these statuses. Raises _No: with what is to be done, in words."""
    said = response.json
    if response.status in good and isinstance(said, (dict, list)):
        return said
    raise _No(refusal(response, config, needs))


def refusal(response: Response, config: Config, needs: str) -> Retry | Reject:
    """Say what an answer means that is not the wanted one. *needs* is the permission that the call takes."""
    status, where = response.status, config.get("repository") or "the repository"
    words = _words(response)
    if status == 0 or status >= 500 or 200 <= status < 300:
        return failed(response, f"GitHub {_odd(response)}")
    if status in (403, 429) and (limit := _limited(response, words)):
        return limit
    reasons = {
        401: "GitHub does not know the token: it is wrong, revoked or expired",
        403: f"the token may not do this in {where}: give it {needs} ({words or 'status 403'})",
        404: f"there is no {where}, or the token may not see it: it needs {needs}",
        410: f"issues are disabled in {where}, or this one was deleted",
        **dict.fromkeys(MOVED, f"{where} has moved: put its new name into connections.github.repository"),
    }  # fmt: skip
    if status == 403 and "archived" in words.lower():
        return Reject(f"{where} is archived: nothing can be written there")
    if status in reasons:
        return Reject(reasons[status])
    return failed(response, f"GitHub answered {status}: {words or 'nothing more'}")


def _odd(response: Response) -> str:
    if response.status == 0:
        return f"does not answer: {response.error or 'no reason given'}"
    body = response.body[:1000].lstrip().lower()
    what = "a web page" if body.startswith(b"<") else "nothing" if not body else "something else"
    return f"answered {response.status} with {what} where JSON was due"


def _limited(response: Response, words: str) -> Retry | None:
    """A rate limit, with the time that it names: `Retry-After`, or the reset counted from the answer's own date."""
    wait = wait_asked(response.headers)
    spent = response.headers.get("x-ratelimit-remaining") == "0"
    if wait is None and not spent and response.status != 429 and "rate limit" not in words.lower():
        return None
    if wait is None and spent:
        wait = _until_reset(response.headers)
    return Retry(f"GitHub's rate limit: {words or 'too many requests'}", after=wait or WAIT_SECONDS)


def _until_reset(headers: Mapping[str, str]) -> float | None:
    try:
        begun = parsedate_to_datetime(headers.get("date", "")).timestamp()
        return wait_of(float(headers.get("x-ratelimit-reset", "")) - begun)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _words(response: Response) -> str:
    """GitHub's own words: its message, and of each error what it is about."""
    said = response.json
    errors = [
        text_of(at(error, "message")) or " ".join(filter(None, (text_of(at(error, n)) for n in ("field", "code"))))
        for error in items_of(at(said, "errors"))
    ]
    return one_line("; ".join(filter(None, [text_of(at(said, "message")), *errors])), 300)


def _has_code(response: Response, code: str) -> bool:
    return any(at(error, "code") == code for error in items_of(at(response.json, "errors")))


# --------------------------------------------------------------------------------------------- issues


def marker(key: str) -> str:
    """What stands hidden in a text of ours, so that it is found again and not written twice."""
    return f"<!-- tocsin: {key} -->"


def open_issue(ticket: Ticket, config: Config) -> Conversation[Verdict]:
    """
    Open an issue, unless one of the newest 100 issues and pull requests bears its key already.

    Returns Opened with its number; Retry or Reject.
    """
    try:
        query = urlencode({"state": "all", "sort": "created", "direction": "desc", "per_page": PER_PAGE})
        listed = yield _ask(config, "GET", f"/issues?{query}", limit=LIST_BYTES)
        cut_off = listed.status == 200 and len(listed.body) >= LIST_BYTES  # bodies without end: nothing is found there
        for issue in [] if cut_off else _read(listed, config, "Issues: read and write", 200):
            if marker(ticket.key) in text_of(at(issue, "body"), BODY_LIMIT * 2) and not at(issue, "pull_request"):
                return Opened(receipt=_name(issue))
        note = yield from _make_label(ticket.label, config)
        labels = [] if note else [ticket.label]
        body = {"title": _title(ticket.title), "body": _body(ticket, note), "labels": labels}
        issue = _read((yield _ask(config, "POST", "/issues", body)), config, "Issues: read and write", 201)
        if not note and labels and ticket.label.lower() not in _labels(issue):
            note = f"the label {ticket.label!r} was left out: the token may not set labels"
        return Opened(receipt=_name(issue), note=note)
    except _No as no:
        return no.verdict


def _name(issue: Any) -> str:
    number = at(issue, "number")
    if not isinstance(number, int):
        raise _No(Retry("GitHub's answer names no issue"))
    return f"#{number}"


def _title(text: str) -> str:
    return one_line(text, TITLE_LIMIT) or "An incident"


def _body(ticket: Ticket, note: str) -> str:
    """The text as it is, but for calls to people: what an alert says must not wake half of GitHub."""
    link = [] if ticket.link in ticket.text else [ticket.link]
    text = "\n\n".join([ticket.text, *link, *([f"_{note}_"] if note else [])])
    return f"{calm(clip(text, BODY_LIMIT))}\n\n{marker(ticket.key)}"


def _labels(issue: Any) -> set[str]:
    return {text_of(at(label, "name")).lower() for label in items_of(at(issue, "labels"))}


def _make_label(label: str, config: Config) -> Conversation[str]:
    """See to it that the label is there; returns why it is left out, empty when it is there."""
    found = yield _ask(config, "GET", f"/labels/{quote(label, safe='')}")
    if found.status == 200:
        return ""
    if found.status != 404:
        raise _No(refusal(found, config, "Issues: read and write"))
    named = list((config.get("labels") or {}).values())
    colour = COLOURS[min(named.index(label), len(COLOURS) - 1)] if label in named else "ededed"
    made = yield _ask(config, "POST", "/labels", {"name": label, "color": colour, "description": "Set by Tocsin"})
    if made.status == 201 or (made.status == 422 and _has_code(made, "already_exists")):
        return ""
    no = refusal(made, config, "Issues: read and write")
    if isinstance(no, Retry) or made.status == 401:
        raise _No(no)
    return f"the label {label!r} was left out: {no.why}"


def change_issue(change: TicketChange, config: Config) -> Conversation[Verdict]:
    """Do what is asked to an issue, each part once though it is asked again. A Reject that is `broken`: it is gone."""
    path, notes = f"/issues/{change.name.removeprefix('#')}", []
    try:
        if change.comment:
            yield from _comment(path, change, config)
        if change.label:
            notes.append((yield from _relabel(path, change, config)))
        if change.closed is not None:
            how = {"state": "closed", "state_reason": "completed"} if change.closed else {
                "state": "open", "state_reason": "reopened"
            }  # fmt: skip
            _read(_there((yield _ask(config, "PATCH", path, how)), change), config, "Issues: read and write", 200)
    except _No as no:
        return no.verdict
    return Opened(receipt=change.name, note="; ".join(filter(None, notes)))


def _there(response: Response, change: TicketChange) -> Response:
    """The answer about an issue that is there. Raises _No: it was deleted, or moved to another repository."""
    gone = response.status == 410 or (response.status == 404 and b"Not Found" in response.body)
    if gone or response.status in MOVED:
        raise _No(
            Reject(f"the issue {change.name} is not there any more: deleted, moved, or out of reach", broken=True)
        )
    return response


def _comment(path: str, change: TicketChange, config: Config) -> Conversation[None]:
    """Write the comment unless it is there: GitHub's clock and ours may be an hour apart."""
    since = (change.since - timedelta(hours=1)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    query = urlencode({"since": since, "per_page": PER_PAGE})
    listed = yield _ask(config, "GET", f"{path}/comments?{query}", limit=LIST_BYTES)
    known = _read(_there(listed, change), config, "Issues: read and write", 200)
    if any(marker(change.key) in text_of(at(one, "body"), BODY_LIMIT * 2) for one in known):
        return
    body = f"{calm(clip(change.comment, BODY_LIMIT))}\n\n{marker(change.key)}"
    made = yield _ask(config, "POST", f"{path}/comments", {"body": body})
    _read(_there(made, change), config, "Issues: read and write", 201)


def _relabel(path: str, change: TicketChange, config: Config) -> Conversation[str]:
    """Put the new label on and take the old one off; returns what was left out."""
    if note := (yield from _make_label(change.label, config)):
        return note
    added = yield _ask(config, "POST", f"{path}/labels", {"labels": [change.label]})
    if added.status == 403 and isinstance(no := refusal(added, config, "Issues: read and write"), Reject):
        return f"the label {change.label!r} was left out: {no.why}"
    _read(_there(added, change), config, "Issues: read and write", 200)
    if change.was_label and change.was_label != change.label:
        off = yield _ask(config, "DELETE", f"{path}/labels/{quote(change.was_label, safe='')}")
        if off.status != 404:  # else somebody took it off already
            _read(off, config, "Issues: read and write", 200)
    return ""


def look(since: datetime, config: Config) -> Conversation[Looked | Retry | Reject]:
    """Every issue that changed since, at most 500, the one that changed first being the first."""
    found: list[TicketSeen] = []
    try:
        for page in range(1, PAGES_AT_MOST + 1):
            words = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            query = urlencode({
                "state": "all", "sort": "updated", "direction": "asc", "since": words, "per_page": PER_PAGE,
                "page": page,
            })  # fmt: skip
            listed = yield _ask(config, "GET", f"/issues?{query}", limit=LIST_BYTES)
            if listed.status == 200 and len(listed.body) >= LIST_BYTES:
                break
            issues = _read(listed, config, "Issues: read", 200)
            found += [_seen(issue, since) for issue in issues if not at(issue, "pull_request")]
            if len(issues) < PER_PAGE:
                break
    except _No as no:
        return no.verdict
    return Looked(seen=tuple(found))


def _seen(issue: Any, since: datetime) -> TicketSeen:
    by = text_of(at(issue, "closed_by", "login"), 100)
    return TicketSeen(_name(issue), at(issue, "state") == "closed", parse_instant(at(issue, "updated_at"), since), by)


def _web(config: Config) -> str:
    """Where people see the repository: beside the API of an own GitHub server, else github.com."""
    base = str(config.get("api_base") or "")
    host = "https://github.com" if not base or "api.github.com" in base else base.partition("/api/")[0].rstrip("/")
    return f"{host}/{config.get('repository', '')}"


def link(name: str, config: Config) -> str:
    """The address of an issue."""
    return f"{_web(config)}/issues/{name.removeprefix('#')}"


def name_of(text: str, config: Config) -> str:
    """Read `#17`, `17`, or the address of an issue of this repository; empty for anything else."""
    found = text.strip().split("#issuecomment")[0].rstrip("/")
    base = f"{_web(config)}/issues/"
    if found.lower().startswith(base.lower()):
        found = found[len(base) :]
    match = _NUMBER.fullmatch(found)
    return f"#{match[1]}" if match else ""


# --------------------------------------------------------------------------------------------- documents


def propose(document: Document, config: Config) -> Conversation[Proposed | Retry | Reject]:
    """
    Put a document into the repository, once though it is asked again; what somebody else wrote is never overwritten.

    A file that people have edited is left as it is, and what Tocsin has to say goes into a pull request.
    """
    try:
        about = _read((yield _ask(config, "GET", "")), config, "Contents: read and write", 200)
        base = text_of(at(about, "default_branch")) or "main"
        path, there = yield from _place(document, base, config)
        mine = blob(document.text)
        if there == mine:
            return Proposed(
                receipt=path, proven=True, path=path, content=mine, link=f"{_web(config)}/blob/{base}/{path}"
            )
        edited = bool(there) and there != document.known
        note = f"{path} was edited in the repository and is left as it is" if edited else ""
        if document.how == "commit" and not edited:
            yield from _put(document, path, there, base, config)
            return _committed(path, mine, base, config)
        return (yield from _pull(replace(document, path=path), there, base, note, config))
    except _No as no:
        return no.verdict


def _committed(path: str, content: str, branch: str, config: Config) -> Proposed:
    return Proposed(receipt=path, path=path, content=content, link=f"{_web(config)}/blob/{branch}/{path}")


def blob(text: str) -> str:
    """Git's own name for a file's content."""
    body = text.encode()
    return hashlib.sha1(b"blob %d\0%b" % (len(body), body)).hexdigest()  # noqa: S324 - git's choice, no secret


def _place(document: Document, base: str, config: Config) -> Conversation[tuple[str, str]]:
    """The path for a document and what is there now: its own file, else the first name that nobody else's has."""
    stem, dot, end = document.path.rpartition(".")
    for n in range(1, NAMES_TRIED + 1):
        path = document.path if n == 1 else f"{stem}-{n}{dot}{end}"
        there = yield from _content(path, base, config)
        if not there or there == blob(document.text) or document.known:
            return path, there
    raise _No(Reject(f"{document.path} and {NAMES_TRIED - 1} names after it are taken in {config['repository']}"))


def _content(path: str, ref: str, config: Config) -> Conversation[str]:
    """Git's name for what a file has on a branch; empty where there is none."""
    answer = yield _ask(config, "GET", f"/contents/{quote(path)}?{urlencode({'ref': ref})}", limit=4_000_000)
    if answer.status == 404:
        return ""
    said = _read(answer, config, "Contents: read and write", 200)
    if isinstance(said, list) or not text_of(at(said, "sha")):
        raise _No(Reject(f"{path} is a folder in {config['repository']}"))
    return text_of(at(said, "sha"))


def _put(document: Document, path: str, there: str, branch: str, config: Config) -> Conversation[None]:
    body: dict[str, Any] = {
        "message": one_line(document.title, 100), "content": base64.b64encode(document.text.encode()).decode(),
        "branch": branch,
    }  # fmt: skip
    if there:
        body["sha"] = there
    answer = yield _ask(config, "PUT", f"/contents/{quote(path)}", body)
    if answer.status == 409 or (answer.status == 422 and b"sha" in answer.body):
        raise _No(Retry(f"{path} changed meanwhile; it is looked at again"))
    _read(answer, config, "Contents: read and write", 200, 201)


def _pull(document: Document, there: str, base: str, note: str, config: Config) -> Conversation[Proposed]:
    """Propose a document on a branch of its own: the one whose pull request is open, else a new one."""
    for n in range(1, NAMES_TRIED + 1):
        branch = f"tocsin/{document.key.lower()}" + (f"-{n}" if n > 1 else "")
        pull, ended = yield from _pull_of(branch, config)
        if ended:
            continue
        known = yield from _branch(branch, base, config)
        on_it = (yield from _content(document.path, branch, config)) if known else there
        if on_it not in ("", there, document.known, blob(document.text)):
            note = f"{document.path} was edited on {branch} and is left as it is there"
            continue
        if on_it != blob(document.text):
            yield from _put(document, document.path, on_it, branch, config)
        if pull is None:
            pull = yield from _open_pull(document, branch, base, note, config)
        return Proposed(
            receipt=f"#{at(pull, 'number')}", path=document.path, content=blob(document.text),
            link=text_of(at(pull, "html_url"), 2_000), pull=f"#{at(pull, 'number')}", note=note,
        )  # fmt: skip
    raise _No(Reject(f"{NAMES_TRIED} branches for {document.key} are taken in {config['repository']}"))


def _pull_of(branch: str, config: Config) -> Conversation[tuple[Any, bool]]:
    """The open pull request of a branch, or None; and whether all that it had were merged or closed."""
    owner = config["repository"].partition("/")[0]
    query = urlencode({"head": f"{owner}:{branch}", "state": "all", "per_page": PER_PAGE})
    listed = yield _ask(config, "GET", f"/pulls?{query}", limit=LIST_BYTES)
    pulls = _read(listed, config, "Pull requests: read and write", 200)
    open_ = next((pull for pull in pulls if at(pull, "state") == "open"), None)
    return open_, bool(pulls) and open_ is None


def _branch(branch: str, base: str, config: Config) -> Conversation[bool]:
    """Make a branch unless it is there; says whether it was."""
    found = yield _ask(config, "GET", f"/git/ref/heads/{quote(branch)}")
    if found.status == 200:
        return True
    if found.status != 404:
        raise _No(refusal(found, config, "Contents: read and write"))
    head = yield _ask(config, "GET", f"/git/ref/heads/{quote(base)}")
    if head.status == 409:
        raise _No(Reject(f"{config['repository']} is empty: make a first commit there, such as a README"))
    sha = at(_read(head, config, "Contents: read and write", 200), "object", "sha")
    made = yield _ask(config, "POST", "/git/refs", {"ref": f"refs/heads/{branch}", "sha": sha})
    if made.status == 422:
        raise _No(Retry(f"the branch {branch} came to be meanwhile; it is looked at again", after=1))
    _read(made, config, "Contents: read and write", 201)
    return False


def _open_pull(document: Document, branch: str, base: str, note: str, config: Config) -> Conversation[Any]:
    text = "\n\n".join(filter(None, [document.body, f"_{note}_" if note else ""]))
    text = f"{calm(clip(text, BODY_LIMIT))}\n\n{marker(document.key)}"
    body = {"title": _title(document.title), "head": branch, "base": base, "body": text}
    answer = yield _ask(config, "POST", "/pulls", body)
    pull = _read(answer, config, "Pull requests: read and write", 201)
    if not isinstance(at(pull, "number"), int):
        raise _No(Retry("GitHub's answer names no pull request"))
    return pull


NEEDS: Final = ("token", "repository")
TRACKER = Tracker(
    "github", "GitHub", open=open_issue, link=link, change=change_issue, look=look, name_of=name_of, needs=NEEDS
)  # fmt: skip
REPOSITORY = Repository("github", "GitHub", propose=propose, needs=NEEDS)
