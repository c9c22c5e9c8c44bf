"""Vercel's deployments: which one is live and what failed, instant rollback and promote.
Source: vercel.com/docs/rest-api, /docs/instant-rollback"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
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
    Retry,
    Tested,
    at,
    clip,
    distance_words,
    instant_of,
    one_line,
    outcome,
    refusal,
    suspicion,
    text_of,
    time_words,
    utc_words,
)

API_BASE: Final = "https://api.vercel.com"
NAME_LIMIT: Final = 200  # characters
LISTED: Final = 20  # deployments; the vendor's own page
LIST_BYTES: Final = 1_000_000  # a deployment with all its aliases and git data is some kilobytes
# The newer path first; both are live, nobody says for how long, and one that is gone answers 404 and does nothing.
LISTS: Final = ("/v7/deployments", "/v6/deployments")
ROLLBACKS: Final[Sequence[tuple[str, Any]]] = (("/v1", None), ("/v9", {}))  # and the body
BUILDING: Final = ("QUEUED", "INITIALIZING", "BUILDING")
UNDER_WAY: Final = ("pending", "in-progress")


@dataclass(frozen=True, slots=True)
class _Deployment:
    id: str
    state: str
    created: datetime | None
    live: datetime | None  # when production was pointed at it, or it was built
    candidate: bool  # for a rollback, as the vendor says
    what: str  # "dpl_1 (main a8923d9 “fix: retry”)"
    link: str
    why: str  # it failed


@dataclass(frozen=True, slots=True)
class _Production:
    """What a project serves: its id and name, the live deployment, the newest first; `job` is a change under way."""

    id: str
    name: str
    now: _Deployment | None
    deployments: tuple[_Deployment, ...]
    job: str = ""
    rolled_back_at: datetime | None = None


def _request(config: Config, method: str, path: str, *, json: Any = None, **query: str) -> Request:
    team = str(config.get("team") or "")
    of_team = {"teamId" if team.startswith("team_") else "slug": team} if team else {}
    asked = urlencode({**query, **of_team})
    base = str(config.get("api_base") or API_BASE).rstrip("/")
    headers = {"Authorization": f"Bearer {config.get('token', '')}"}
    return Request(
        method, f"{base}{path}{'?' + asked if asked else ''}", headers, json=json, answer_limit=LIST_BYTES
    )  # fmt: skip


def _get(config: Config, path: str, **query: str) -> Conversation[dict[str, Any] | Reject | Retry]:
    response = yield _request(config, "GET", path, **query)
    said = response.json
    if response.status == 200 and isinstance(said, dict) and not _fault(said):
        return said
    return refusal("Vercel", response, _fault(said))


def _fault(said: object) -> str:
    """The vendor's own words for what went wrong; some answers have `err`."""
    error = at(said, "error") or at(said, "err")
    return text_of(at(error, "message") or at(error, "code") or error)


def _production(config: Config) -> Conversation[_Production | Reject | Retry]:
    project = yield from _get(config, f"/v9/projects/{quote(str(config.get('project') or ''), safe='')}")
    if not isinstance(project, dict):
        return project
    id_ = _text(project.get("id"))
    if not id_:
        return Retry("Vercel answered 200 with a project that has no id")
    found = yield from _listed(config, id_)
    if not isinstance(found, list):
        return found
    last = project.get("lastAliasRequest")
    job = _text(at(last, "jobStatus"))
    now = _live_id(project, found)
    live = next((each for each in found if each.id == now), None)
    if now and live is None:  # older than the newest twenty
        one = yield from _get(config, f"/v13/deployments/{quote(now, safe='')}")
        if not isinstance(one, dict):
            return one
        live = _deployment(one)
    rolled = at(last, "type") == "rollback" and job == "succeeded" and at(last, "toDeploymentId") == now
    return _Production(
        id_, _text(project.get("name")) or id_, live, tuple(found),
        f"{_text(at(last, 'type')) or 'a change'} to {_text(at(last, 'toDeploymentId'))}" if job in UNDER_WAY else "",
        instant_of(at(last, "requestedAt")) if rolled else None,
    )  # fmt: skip


def _listed(config: Config, project: str) -> Conversation[list[_Deployment] | Reject | Retry]:
    """The production deployments, the newest first."""
    for path in LISTS:
        response = yield _request(config, "GET", path, projectId=project, target="production", limit=str(LISTED))
        if response.status != 404:
            break
    listed = response.json
    if response.status != 200 or not isinstance(listed, dict) or _fault(listed):
        return refusal("Vercel", response, _fault(listed))
    if not isinstance(listed.get("deployments"), list):
        return Retry("Vercel answered 200 with no list of deployments")
    found = [each for one in listed["deployments"] if (each := _deployment(one)).id]
    return sorted(found, key=lambda each: each.created.timestamp() if each.created else 0.0, reverse=True)


def _live_id(project: dict[str, Any], found: Sequence[_Deployment]) -> str:
    """
    Which deployment production is: as the project says it, else by its last change, else the newest that was promoted.

    An instant rollback points production at an older one: the newest is not always it.
    """
    if id_ := _text(at(project, "targets", "production", "id")):
        return id_
    ready = [each for each in found if each.state == "READY"]
    newest = next((each for each in ready if not each.candidate), next(iter(ready), None))  # the live one is none
    last = project.get("lastAliasRequest")
    asked = instant_of(at(last, "requestedAt"))
    if at(last, "jobStatus") == "succeeded" and (
        newest is None or newest.live is None or (asked is not None and asked >= newest.live)
    ):
        return _text(at(last, "toDeploymentId")) or (newest.id if newest else "")
    return newest.id if newest else ""


def _deployment(one: object) -> _Deployment:
    meta = at(one, "meta")
    id_ = _text(at(one, "uid") or at(one, "id"))
    sha, branch = _text(at(meta, "githubCommitSha"))[:7], _text(at(meta, "githubCommitRef"))
    message = one_line(text_of(at(meta, "githubCommitMessage")), 80)
    git = " ".join(part for part in (branch, sha, f"“{message}”" if message else "") if part)
    inspector = text_of(at(one, "inspectorUrl"))
    created = instant_of(at(one, "created") or at(one, "createdAt"))
    staged = at(one, "readySubstate") in ("STAGED", "ROLLING")
    return _Deployment(
        id_, "STAGED" if staged else _text(at(one, "readyState") or at(one, "state")), created,
        instant_of(at(one, "aliasAssigned")) or instant_of(at(one, "ready")) or created,
        at(one, "isRollbackCandidate") is True, f"{id_} ({git})" if git else id_,
        inspector if inspector.startswith("https://") else "",
        _text(at(one, "errorMessage") or at(one, "errorCode")),
    )  # fmt: skip


def _text(value: object) -> str:
    return one_line(text_of(value), NAME_LIMIT)


# --------------------------------------------------------------------------------------------- look, act, test


def look(look: Look, config: Config) -> Conversation[Sequence[Found] | Reject | Retry]:
    """Say which deployment is production, since when, what it can be rolled back to, and which builds failed."""
    production = yield from _production(config)
    if not isinstance(production, _Production):
        return production
    found = [_live(production, look)]
    if production.job:
        found.append(Found(f"Vercel is at work on {production.name}: {production.job}.", ok=False))
    newer = _newer(production)
    for one in newer:
        if one.state == "ERROR" and one.created:
            text = (
                f"The production build {one.what} of {time_words(one.created, look.now)} failed"
                f"{': ' + one.why if one.why else ''}. What was live before it stays."
            )
            found.append(Found(text, ok=False, link=one.link, at=one.created))
        elif one.state in BUILDING:
            found.append(Found(f"A production build is under way: {one.what}.", link=one.link, at=one.created))
    if target := _rollback_target(production):
        found.append(Found(f"It can be rolled back to {target.what}.", link=target.link, target=target.id))
    return found


def _live(production: _Production, look: Look) -> Found:
    now = production.now
    if now is None:
        return Found(f"Vercel lists no production deployment of {production.name} that is live.", ok=False)
    since = production.rolled_back_at or now.live
    if since is None:
        return Found(f"Production of {production.name} is {now.what}; Vercel does not say since when.", link=now.link)
    how = "was rolled back to at" if production.rolled_back_at else "went live at"
    text = (
        f"Production of {production.name} is {now.what}: it {how} {time_words(since, look.now)}, "
        f"{distance_words(since, look.began)}."
    )
    weight = 0.0 if production.rolled_back_at else suspicion(since, look.began)
    return Found(
        text, ok=weight == 0, link=now.link, at=since, suspect="deployment" if weight else "",
        target=now.id, weight=weight,
    )  # fmt: skip


def _newer(production: _Production) -> list[_Deployment]:
    """The deployments that came after the live one."""
    ids = [each.id for each in production.deployments]
    if production.now and production.now.id in ids:
        return list(production.deployments[: ids.index(production.now.id)])
    return list(production.deployments)


def _rollback_target(production: _Production) -> _Deployment | None:
    """The newest good one before the live one: after a rollback the newer one is the bad one."""
    now = production.now
    if now is None or now.created is None:
        return None
    good = [each for each in production.deployments if each.state == "READY" and each.candidate and each.id != now.id]
    return next((each for each in good if each.created and each.created < now.created), None)


def _promote_target(production: _Production) -> _Deployment | None:
    """The newest that is ready, live before or staged, when it is not the live one."""
    good = next((each for each in production.deployments if each.state in ("READY", "STAGED")), None)
    return None if good is None or (production.now and good.id == production.now.id) else good


def plan(wish: Any, config: Config) -> Conversation[Plan | Reject | Retry]:
    """*wish* is `rollback`, to the production deployment before, or `promote`, to the newest one."""
    if wish not in ("rollback", "promote"):
        return Reject(f"Vercel can rollback and promote, and not {clip(str(wish), 100)}")
    production = yield from _production(config)
    if not isinstance(production, _Production):
        return production
    target = _rollback_target(production) if wish == "rollback" else _promote_target(production)
    now, name = production.now, production.name
    if now is None or target is None or production.job:
        return Reject(_nothing_to_do(wish, production))
    do = {"do": wish, "project": production.id, "deployment": target.id, "from": now.id}
    undo = {"do": "promote", "project": production.id, "deployment": now.id, "from": target.id}
    when = f", of {utc_words(target.created)}" if target.created else ""
    steps = (
        f"Vercel points the production domains of {name} at {target.what}, without a build.",
        f"{now.what} is production now; the way back promotes it again.",
    )
    return Plan(f"{name}: {target.what}{when}", steps, do, undo, tuple(_warnings(wish, production)))


def _nothing_to_do(wish: str, production: _Production) -> str:
    name = production.name
    if production.job:
        return f"Vercel is at work on {name} already: {production.job}"
    if production.now is None:
        return f"Vercel lists no production deployment of {name} that is live"
    if wish == "rollback":
        return (
            f"{name} has no earlier production deployment that Vercel can roll back to; live is {production.now.what}"
        )
    return f"the newest production deployment of {name} is live already: {production.now.what}"


def _warnings(wish: str, production: _Production) -> list[str]:
    said = ["A build keeps the environment variables that it was made with."]
    if wish == "rollback":
        said += [
            "Afterwards new production builds are not assigned to the domains until somebody promotes one.",
            "On the Hobby plan only the previous production deployment can be rolled back to.",
        ]
    building = next((each for each in _newer(production) if each.state in BUILDING), None)
    return said + ([f"A production build is under way: {building.what}."] if building else [])


def holds(parameters: Mapping[str, Any], config: Config) -> Conversation[str]:
    """Production must still be what it was when this was planned, and the target READY."""
    production = yield from _production(config)
    if not isinstance(production, _Production):
        return production.why
    now = production.now.id if production.now else "nothing"
    if production.job:
        return f"Vercel is at work on {production.name} already: {production.job}"
    if now == parameters["deployment"]:
        return f"production of {production.name} is {now} already"
    if now != parameters["from"]:
        return f"production of {production.name} changed since this was planned: it is {now}, not {parameters['from']}"
    one = yield from _get(config, f"/v13/deployments/{quote(str(parameters['deployment']), safe='')}")
    if not isinstance(one, dict):
        return one.why
    target = _deployment(one)
    good = ("READY",) if parameters["do"] == "rollback" else ("READY", "STAGED")
    return "" if target.state in good else f"{parameters['deployment']} is {target.state or 'in no state'}, not READY"


def run(parameters: Mapping[str, Any], config: Config) -> Conversation[Acted]:
    """Point production at the planned deployment: 201, or 202 when it waits behind a rolling release."""
    project, target = (quote(str(parameters[name]), safe="") for name in ("project", "deployment"))
    if parameters["do"] == "rollback":
        for version, body in ROLLBACKS:
            path = f"{version}/projects/{project}/rollback/{target}"
            response = yield _request(config, "POST", path, json=body)
            if response.status != 404:
                break
    else:
        response = yield _request(config, "POST", f"/v10/projects/{project}/promote/{target}", json={})
    said = response.json
    if fault := _fault(said):
        acted = outcome("Vercel", response, fault)
        return acted if acted.why else Acted("failed", f"Vercel answered {response.status}: {fault}")
    if 200 <= response.status < 300 and response.body.strip() and not isinstance(said, dict):
        return Acted("unknown", f"Vercel answered {response.status} with what cannot be read")
    receipt = "queued behind a rolling release" if response.status == 202 else str(parameters["deployment"])
    return outcome("Vercel", response, receipt=receipt)


def stands(parameters: Mapping[str, Any], config: Config) -> Conversation[bool | None]:
    """Whether production is the planned deployment; None while Vercel is at work on it, or cannot be asked."""
    production = yield from _production(config)
    if not isinstance(production, _Production) or production.job:
        return None
    return production.now is not None and production.now.id == parameters["deployment"]


def test(config: Config) -> Conversation[Tested]:
    """Look at the project and its deployments. Vercel does not say what a token may change."""
    if absent := [f"set `{name}` of the connection vercel" for name in ("token", "project") if not config.get(name)]:
        return Tested(False, missing=tuple(absent))
    production = yield from _production(config)
    if not isinstance(production, _Production):
        return Tested(False, False, (production.why,))
    now = production.now.what if production.now else "no deployment"
    return Tested(
        True, None, (), f"Project {production.name} ({production.id}); production is {now}. "
        "Only a rollback tells whether the token's owner may change production.",
    )  # fmt: skip


NEEDS: Final = ("token", "project")
DIAGNOSERS = (Diagnoser("vercel.deployments", "Vercel's deployments", look, NEEDS),)
ACTOR = Actor("vercel", "Vercel", plan, holds, run, stands, NEEDS)
CONNECTION_TEST = ConnectionTest("vercel", "Vercel", test)
