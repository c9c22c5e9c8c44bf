"""GitHub: what was pushed and which workflows fail on the default branch; and running a workflow.
Source: docs.github.com/rest/actions, /rest/commits, /rest/repos"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote, urlencode

from tocsin.sdk import (
    Acted,
    Actor,
    Config,
    ConnectionTest,
    Conversation,
    Diagnoser,
    Found,
    Look,
    Plan,
    Reject,
    Request,
    Response,
    Retry,
    Tested,
    at,
    distance_words,
    items_of,
    links_of,
    one_line,
    outcome,
    parse_instant,
    refusal,
    suspicion,
    text_of,
    time_words,
    wait_asked,
)

API_BASE: Final = "https://api.github.com"
VERSION: Final = "2022-11-28"
ANSWER_BYTES: Final = 2_000_000
FULL_NAME: Final = re.compile(r"\w[\w.-]*/(?!\.\.?$)[\w.-]+", re.ASCII)
RUNS, COMMITS, TOLD = 30, 5, 3  # asked for; asked for; said
INPUTS: Final = 25  # of one dispatch; the vendor's own limit
FAILED: Final = ("failure", "timed_out", "startup_failure")
AT_LEAST: Final = 60.0  # seconds to wait at a limit that names none; the vendor's own advice
SCOPES: Final = ("repo", "public_repo")  # of a classic token, either of which lets it write
NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


def _request(config: Config, path: str = "", *, method: str = "GET", json: Any = None, **query: str) -> Request:
    base = str(config.get("api_base") or API_BASE).rstrip("/")
    headers = {
        "Accept": "application/vnd.github+json", "Authorization": f"Bearer {config.get('token', '')}",
        "X-GitHub-Api-Version": VERSION,
    }  # fmt: skip
    url = f"{base}/repos/{config['repository']}{path}{'?' + urlencode(query) if query else ''}"
    return Request(method, url, headers, json=json, answer_limit=ANSWER_BYTES)


def _get(config: Config, path: str = "", **query: str) -> Conversation[Any]:
    """What is decoded, a list or an object; Reject or Retry."""
    if not FULL_NAME.fullmatch(str(config.get("repository") or "")):
        return Reject("set `repository` of the connection github, as owner/name")
    response = yield _request(config, path, **query)
    if response.status == 200 and isinstance(response.json, (dict, list)):
        return response.json
    return _refusal(response)


def _refusal(response: Response) -> Reject | Retry:
    """As `refusal`; a limit comes as 403 too, and says when in a header of its own."""
    said = response.json
    words = text_of(at(said, "message"))
    for error in items_of(at(said, "errors"))[:3]:
        words += f"; {text_of(at(error, 'message') or at(error, 'code') or error)}"
    refused = refusal("GitHub", response, words)
    signs = ("retry-after" in response.headers, response.headers.get("x-ratelimit-remaining") == "0", "limit" in words)
    if response.status != 429 and not (response.status == 403 and any(signs)):
        return refused
    wait = wait_asked(response.headers)
    why = f"GitHub asks to wait ({response.status}): {words or 'the rate limit is reached'}"
    return Retry(why, AT_LEAST if wait is None else wait)


def _text(value: object, limit: int = 200) -> str:
    return one_line(text_of(value), limit)


def _link(value: object) -> str:
    return next((address for _, address in links_of(("GitHub", value))), "")


# --------------------------------------------------------------------------------------------- look


def look(look: Look, config: Config) -> Conversation[Sequence[Found] | Reject | Retry]:
    """Say what was pushed to the default branch last, and which workflows fail there."""
    repository = yield from _get(config)
    if isinstance(repository, (Reject, Retry)):
        return repository
    branch = _text(at(repository, "default_branch")) or "main"
    commits = yield from _get(config, "/commits", sha=branch, per_page=str(COMMITS))
    if isinstance(commits, (Reject, Retry)):
        return commits
    runs = yield from _get(config, "/actions/runs", branch=branch, per_page=str(RUNS))
    if isinstance(runs, (Reject, Retry)):
        return runs
    if not isinstance(commits, list) or not isinstance(at(runs, "workflow_runs"), list):
        return Retry("GitHub answered 200 with no list of commits, or none of runs")
    return [*_pushed(commits, branch, look), *_failing(runs["workflow_runs"], branch, look)]


def _pushed(commits: Sequence[object], branch: str, look: Look) -> list[Found]:
    found = [
        (_text(at(one, "sha")), parse_instant(at(one, "commit", "committer", "date"), NEVER), one) for one in commits
    ]
    known = [each for each in found if each[0] and each[1] > NEVER]
    if not known:
        return [Found(f"GitHub lists no commit on {branch}.")]
    sha, when, one = known[0]
    message = _text((text_of(at(one, "commit", "message")) or "no message").splitlines()[0], 100)
    author = _text(at(one, "author", "login") or at(one, "commit", "author", "name"))
    recent = [each for each in known if suspicion(each[1], look.began)]
    weight = round(suspicion(when, look.began) / 2, 2)  # pushed is not yet live
    more = f"; {len(recent)} commits in the day before" if len(recent) > 1 else ""
    text = (
        f"The last commit on {branch} is {sha[:7]} “{message}”{f' by {author}' if author else ''}, of "
        f"{time_words(when, look.now)}, {distance_words(when, look.began)}{more}."
    )
    link = _link(at(one, "html_url"))
    return [Found(text, not weight, link, when, "deployment" if weight else "", sha, weight)]


def _committed(one: object) -> datetime:
    return parse_instant(at(one, "commit", "committer", "date"), NEVER)


def _failing(runs: Sequence[object], branch: str, look: Look) -> list[Found]:
    """Of each workflow its newest run that ended; they come newest first."""
    last: dict[str, object] = {}
    for run in runs:
        if at(run, "status") == "completed" and at(run, "conclusion") not in ("skipped", "cancelled", "neutral"):
            last.setdefault(_text(at(run, "workflow_id")) or _text(at(run, "name")), run)
    failing = [run for run in last.values() if at(run, "conclusion") in FAILED]
    if not failing:
        return [Found(f"No workflow fails on {branch}: {len(last)} were seen.")]
    found = []
    for run in failing[:TOLD]:
        when = parse_instant(at(run, "run_started_at") or at(run, "created_at"), NEVER)
        word = _text(at(run, "conclusion")).replace("_", " ")
        name, sha = _text(at(run, "name")) or "(no name)", _text(at(run, "head_sha"))[:7] or "an unknown commit"
        since = f"run of {time_words(when, look.now)}" if when > NEVER else "last run"
        text = f"The workflow {name} fails on {branch} since its {since}, on {sha}: {word}."
        found.append(Found(text, False, _link(at(run, "html_url")), when if when > NEVER else None))
    left = len(failing) - TOLD
    return found + ([Found(f"{left} more workflows fail on {branch}.", ok=False)] if left > 0 else [])


# --------------------------------------------------------------------------------------------- act


def plan(wish: Any, config: Config) -> Conversation[Plan | Reject | Retry]:
    """*wish* is `{"workflow": "deploy.yml" or its number, "ref", "inputs"}`; without a ref the default branch."""
    name, inputs = text_of(at(wish, "workflow")).strip(), at(wish, "inputs") or {}
    if not name or not isinstance(inputs, dict) or len(inputs) > INPUTS:
        return Reject(f"`github` needs a `workflow`, and at most {INPUTS} `inputs`")
    workflow = yield from _get(config, f"/actions/workflows/{quote(name, safe='')}")
    if isinstance(workflow, (Reject, Retry)):
        return workflow
    if why := _not_active(workflow, name):
        return Reject(why)
    ref = text_of(at(wish, "ref")).strip()
    if not ref:
        repository = yield from _get(config)
        if isinstance(repository, (Reject, Retry)):
            return repository
        ref = _text(at(repository, "default_branch")) or "main"
    runs = yield from _get(config, f"/actions/workflows/{quote(name, safe='')}/runs", **DISPATCHED)
    if isinstance(runs, (Reject, Retry)):
        return runs
    said = {str(key): str(value).lower() if isinstance(value, bool) else str(value) for key, value in inputs.items()}
    parameters = {"workflow": name, "ref": ref, "inputs": said, "last": _newest(runs)[0]}
    given = f", with {', '.join(f'{key}={value}' for key, value in said.items())}" if said else ""
    title = _text(at(workflow, "name")) or name
    steps = (f"GitHub runs the workflow {title} ({name}) of {config['repository']} on {ref}{given}.",)
    warning = "There is no way back by itself: what the workflow does, another run must undo."
    return Plan(f"{title} on {ref}", steps, parameters, None, (warning,))


DISPATCHED: Final = {"event": "workflow_dispatch", "per_page": "1"}


def _not_active(workflow: object, name: str) -> str:
    state = _text(at(workflow, "state"))
    if not state:
        return f"GitHub does not say whether the workflow {name} is active"
    return "" if state == "active" else f"the workflow {name} is {state.replace('_', ' ')}, not active"


def _newest(runs: object) -> tuple[str, str, str]:
    """The newest run that was dispatched: id, status, conclusion."""
    run = next(iter(items_of(at(runs, "workflow_runs"))), None)
    return _text(at(run, "id")), _text(at(run, "status")), _text(at(run, "conclusion"))


def holds(parameters: Mapping[str, Any], config: Config) -> Conversation[str]:
    """The workflow must still be there and active."""
    name = str(parameters["workflow"])
    workflow = yield from _get(config, f"/actions/workflows/{quote(name, safe='')}")
    return workflow.why if isinstance(workflow, (Reject, Retry)) else _not_active(workflow, name)


def run(parameters: Mapping[str, Any], config: Config) -> Conversation[Acted]:
    """Dispatch it: 204, or 200 with the number of the run."""
    path = f"/actions/workflows/{quote(str(parameters['workflow']), safe='')}/dispatches"
    body = {"ref": parameters["ref"], **({"inputs": parameters["inputs"]} if parameters["inputs"] else {})}
    response = yield _request(config, path, method="POST", json=body)
    if response.status == 204 or (response.status == 200 and isinstance(response.json, dict)):
        number = _text(at(response.json, "workflow_run_id"))
        return Acted("done", receipt=number or str(parameters["workflow"]))
    if 200 <= response.status < 300:
        return Acted("unknown", f"GitHub answered {response.status} with what cannot be read")
    return Acted(outcome("GitHub", response).state, _refusal(response).why)


def stands(parameters: Mapping[str, Any], config: Config) -> Conversation[bool | None]:
    """Whether a run was dispatched since the plan and ended well; None while it runs."""
    path = f"/actions/workflows/{quote(str(parameters['workflow']), safe='')}/runs"
    runs = yield from _get(config, path, **DISPATCHED)
    if isinstance(runs, (Reject, Retry)):
        return None
    id_, status, conclusion = _newest(runs)
    if not id_ or id_ == parameters["last"]:
        return False
    return conclusion == "success" if status == "completed" else None


# --------------------------------------------------------------------------------------------- test


def test(config: Config) -> Conversation[Tested]:
    """Look at the repository, at what its owner may do there, and at its workflows."""
    if absent := [name for name in NEEDS if not config.get(name)]:
        return Tested(False, missing=tuple(f"set `{name}` of the connection github" for name in absent))
    if not FULL_NAME.fullmatch(str(config["repository"])):
        return Tested(False, missing=("set `repository` of the connection github, as owner/name",))
    response = yield _request(config)
    repository = response.json
    if response.status != 200 or not _text(at(repository, "full_name")):
        return Tested(False, False, (_refusal(response).why,))
    missing = _missing(repository, response.headers.get("x-oauth-scopes"))
    workflows = yield from _get(config, "/actions/workflows", per_page="1")
    if isinstance(workflows, (Reject, Retry)):
        missing.append(f"{workflows.why}: give the token Actions, read and write")
    told = at(repository, "permissions", "push") is True and "x-oauth-scopes" in response.headers
    name, branch = _text(at(repository, "full_name")), _text(at(repository, "default_branch"))
    until = _text(response.headers.get("github-authentication-token-expiration"))
    text = f"Repository {name}, default branch {branch}{f'; the token ends on {until}' if until else ''}."
    return Tested(True, False if missing else told or None, tuple(missing), text)


def _missing(repository: object, scopes: str | None) -> list[str]:
    """What stands in the way of writing. A fine-grained token does not say what it may."""
    missing = []
    if at(repository, "permissions", "push") is False:
        missing.append("the token's owner may not write to the repository: make them a collaborator with Write")
    if scopes is not None and not {scope.strip() for scope in scopes.split(",")} & set(SCOPES):
        missing.append(f"the token has the scopes {scopes or '(none)'}: give it repo")
    if at(repository, "has_issues") is False:
        missing.append("the repository has its issues switched off: tickets cannot be opened")
    if at(repository, "archived") is True:
        missing.append("the repository is archived: nothing can be written to it")
    return missing


NEEDS: Final = ("token", "repository")
DIAGNOSERS = (Diagnoser("github.deployments", "GitHub's pushes and workflows", look, NEEDS),)
ACTOR = Actor("github", "A workflow of GitHub's", plan, holds, run, stands, NEEDS)
CONNECTION_TEST = ConnectionTest("github", "GitHub", test)
