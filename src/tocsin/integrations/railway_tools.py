"""Railway's deployments: what runs and what failed, the last error lines, rollback and redeploy.
Source: docs.railway.com/integrations/api; the signatures are those of the vendor's published schema"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tocsin.sdk import (
    Acted,
    Actor,
    CauseKind,
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
    clip,
    distance_words,
    items_of,
    one_line,
    outcome,
    parse_instant,
    refusal,
    suspicion,
    text_of,
    time_words,
    utc_words,
    without_secrets,
)

API_BASE: Final = "https://backboard.railway.com/graphql/v2"
NAME_LIMIT: Final = 200  # characters
LISTED: Final = 20  # deployments
ANSWER_BYTES: Final = 1_000_000
LOG_LINES, LINES_TOLD, LINE_LIMIT = 200, 5, 300  # asked for; said; characters of one
METRICS_FOR: Final = timedelta(hours=1)  # before the incident
NEAR: Final = 0.9  # of a limit
NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
# Of the schema's statuses: what serves or has served, what is on its way, what came to nothing.
SERVING: Final = ("SUCCESS", "SLEEPING", "CRASHED")
UNDER_WAY: Final = ("BUILDING", "DEPLOYING", "INITIALIZING", "QUEUED", "WAITING", "NEEDS_APPROVAL")
GOOD: Final = ("SUCCESS", "REMOVED", "SLEEPING")
BAD: Final = ("FAILED", "CRASHED")
ERRORS: Final = ("error", "err", "fatal", "critical", "panic", "alert", "emerg")

DEPLOYMENTS: Final = """query ($input: DeploymentListInput!, $first: Int) {
  deployments(input: $input, first: $first) {
    edges { node { id status createdAt canRollback canRedeploy serviceId environmentId projectId meta } }
  }
}"""
DEPLOYMENT: Final = "query ($id: String!) { deployment(id: $id) { id status createdAt canRollback canRedeploy meta } }"
LOGS: Final = """query ($id: String!, $limit: Int) {
  deploymentLogs(deploymentId: $id, limit: $limit) { timestamp message severity }
}"""
METRICS: Final = """query ($start: DateTime!, $projectId: String, $environmentId: String, $serviceId: String) {
  metrics(
    measurements: [CPU_USAGE, CPU_LIMIT, MEMORY_USAGE_GB, MEMORY_LIMIT_GB], startDate: $start,
    projectId: $projectId, environmentId: $environmentId, serviceId: $serviceId, sampleRateSeconds: 60
  ) { measurement values { ts value } }
}"""
ROLLBACK: Final = "mutation ($id: String!) { deploymentRollback(id: $id) }"
ROLLBACK_AS_TOLD: Final = "mutation ($id: String!) { deploymentRollback(id: $id) { id status } }"
REDEPLOY: Final = """mutation ($id: String!) {
  deploymentRedeploy(id: $id, usePreviousImageTag: true) { id status }
}"""


@dataclass(frozen=True, slots=True)
class _Deployment:
    id: str
    status: str
    created: datetime
    can_rollback: bool
    can_redeploy: bool
    commit: str
    what: str  # "2c9e0f5a (main 77aa90c “feat: claims index”)"
    service: str
    environment: str
    project: str


# --------------------------------------------------------------------------------------------- asking


def _ask(
    config: Config, query: str, **variables: Any
) -> Conversation[tuple[dict[str, Any] | Reject | Retry, Response]]:
    """
    Ask GraphQL; what is in `data`, with the answer that it came in.

    A project's token stands in a header of its own, and nothing tells it from an account's: the second header is tried
    when the first is refused, which changes nothing.
    """
    base, token = str(config.get("api_base") or API_BASE), str(config.get("token") or "")
    body = {"query": query, "variables": variables}
    first: tuple[dict[str, Any] | Reject | Retry, Response] | None = None
    for headers in ({"Authorization": f"Bearer {token}"}, {"Project-Access-Token": token}):
        response = yield Request("POST", base, headers, json=body, answer_limit=ANSWER_BYTES)
        said, fault = response.json, _fault(response)
        data = at(said, "data")
        if response.status == 200 and not fault and isinstance(data, dict):
            return data, response
        refused = refusal("Railway", response, fault)
        first = first or (refused, response)
        if not _is_refused(response, fault):
            return refused, response
    assert first is not None
    why = f"Railway: the token is refused: {_fault(first[1]) or first[1].status}"
    return Reject(f"{why}; it was revoked, or is not for this project"), first[1]


def _fault(response: Response) -> str:
    """The vendor's own words: `errors` also comes with status 200."""
    errors = items_of(at(response.json, "errors"))
    return "; ".join(text for error in errors[:3] if (text := text_of(at(error, "message"), NAME_LIMIT)))


def _is_refused(response: Response, fault: str) -> bool:
    words = fault.lower()
    return response.status in (401, 403) or "not authorized" in words or "unauthorized" in words


def _deployments(config: Config) -> Conversation[list[_Deployment] | Reject | Retry]:
    """The newest first, of one service in one environment."""
    data, _ = yield from _ask(config, DEPLOYMENTS, input=_where(config), first=LISTED)
    if not isinstance(data, dict):
        return data
    edges = at(data, "deployments", "edges")
    if not isinstance(edges, list):
        return Retry("Railway answered 200 with no list of deployments")
    found = [each for edge in edges if (each := _deployment(at(edge, "node"))).id]
    for kind, name in (("services", "service_id"), ("environments", "environment")):
        ids = {each.service if name == "service_id" else each.environment for each in found}
        if len(ids) > 1:
            return Reject(f"Railway lists deployments of {len(ids)} {kind}: set `{name}` of the connection railway")
    return sorted(found, key=lambda each: each.created, reverse=True)


def _where(config: Config) -> dict[str, str]:
    names = (("projectId", "project"), ("environmentId", "environment"), ("serviceId", "service_id"))
    return {field: str(config[name]) for field, name in names if config.get(name)}


def _deployment(node: object) -> _Deployment:
    meta = at(node, "meta")
    id_, commit, branch = _text(at(node, "id")), _text(at(meta, "commitHash")), _text(at(meta, "branch"))
    message = one_line(text_of(at(meta, "commitMessage")), 80)
    git = " ".join(part for part in (branch, commit[:7], f"“{message}”" if message else "") if part)
    return _Deployment(
        id_, _text(at(node, "status")), parse_instant(at(node, "createdAt"), NEVER),
        at(node, "canRollback") is True, at(node, "canRedeploy") is True, commit,
        f"{id_[:8]} ({git})" if git else id_,
        _text(at(node, "serviceId")), _text(at(node, "environmentId")), _text(at(node, "projectId")),
    )  # fmt: skip


def _text(value: object) -> str:
    return one_line(text_of(value), NAME_LIMIT)


def _serving(found: Sequence[_Deployment]) -> _Deployment | None:
    """The one that serves, or would if it had not crashed: a failed build leaves the one before it in place."""
    return next((each for each in found if each.status in SERVING), None)


def _page(one: _Deployment) -> str:
    if not (one.project and one.service):
        return ""
    where = f"?environmentId={one.environment}" if one.environment else ""
    return f"https://railway.com/project/{one.project}/service/{one.service}{where}"


# --------------------------------------------------------------------------------------------- look


def look_at_deployments(look: Look, config: Config) -> Conversation[Sequence[Found] | Reject | Retry]:
    """Say which deployment serves, since when, which came to nothing, and what it can be rolled back to."""
    found = yield from _deployments(config)
    if not isinstance(found, list):
        return found
    if not found:
        return [Found("Railway lists no deployment of the service.", ok=False)]
    now = _serving(found)
    said = [_live(now, look)] if now else [Found("No deployment serves on Railway.", ok=False, link=_page(found[0]))]
    for one in found[: found.index(now) if now else len(found)]:
        when = time_words(one.created, look.now)
        if one.status in BAD:
            text = f"The deployment {one.what} of {when} {one.status.lower()}; what was live before it stays."
            said.append(Found(text, ok=False, link=_page(one), at=one.created))
        elif one.status in UNDER_WAY:
            word = one.status.lower().replace("_", " ")
            said.append(Found(f"A deployment is under way since {when}: {one.what} is {word}.", at=one.created))
    if target := _rollback_target(found):
        text = f"It can be rolled back to {target.what} of {time_words(target.created, look.now)}."
        said.append(Found(text, link=_page(target), target=target.id))
    return said


def _live(now: _Deployment, look: Look) -> Found:
    crashed = now.status == "CRASHED"
    weight = 0.9 if crashed else suspicion(now.created, look.began)
    when = f"{time_words(now.created, look.now)}, {distance_words(now.created, look.began)}"
    return Found(
        f"Railway {'ran' if crashed else 'serves'} {now.what}, deployed at {when}{': it CRASHED' if crashed else ''}.",
        ok=not weight, link=_page(now), at=now.created, suspect="deployment" if weight else "",
        target=now.id, weight=weight,
    )  # fmt: skip


def look_at_logs(look: Look, config: Config) -> Conversation[Sequence[Found] | Reject | Retry]:
    """Say the last error lines of what runs; alike ones once, cut, and without what looks like a secret."""
    found = yield from _deployments(config)
    if not isinstance(found, list):
        return found
    now = _serving(found) or next(iter(found), None)
    if now is None:
        return [Found("Railway lists no deployment of the service, and so no log.", ok=False)]
    data, _ = yield from _ask(config, LOGS, id=now.id, limit=LOG_LINES)
    if not isinstance(data, dict):
        return data
    lines = data.get("deploymentLogs")
    if not isinstance(lines, list):
        return Retry("Railway answered 200 with no log")
    errors = [line for line in lines if _is_error(line)]
    if not errors:
        return [Found(f"The last {len(lines)} log lines of {now.what} tell of no error.", link=_page(now))]
    return [
        Found(f"{len(errors)} of the last {len(lines)} log lines of {now.what} are errors.", ok=False, link=_page(now),
              suspect="errors", weight=0.3),
        *_last(errors, look, _page(now)),
    ]  # fmt: skip


def _is_error(line: object) -> bool:
    """By its severity; what a program writes to its error output has that one too."""
    return _text(at(line, "severity")).lower() in ERRORS and bool(text_of(at(line, "message")).strip())


def _last(errors: Sequence[object], look: Look, link: str) -> Iterator[Found]:
    """The newest lines, each text once, with how often it came."""
    newest = sorted(errors, key=lambda line: parse_instant(at(line, "timestamp"), NEVER), reverse=True)
    texts: dict[str, list[datetime]] = {}
    for line in newest:
        text = one_line(without_secrets(text_of(at(line, "message"), 10 * LINE_LIMIT)), LINE_LIMIT)
        texts.setdefault(text, []).append(parse_instant(at(line, "timestamp"), NEVER))
    for text, times in list(texts.items())[:LINES_TOLD]:
        when = f"{time_words(times[0], look.now)}: " if times[0] > NEVER else ""
        often = f" ({len(times)} times)" if len(times) > 1 else ""
        yield Found(f"{when}{text}{often}", ok=False, link=link, at=times[0] if times[0] > NEVER else None)


def look_at_metrics(look: Look, config: Config) -> Conversation[Sequence[Found] | Reject | Retry]:
    """Say how near its limits the service is, and what it took an hour before the incident."""
    if not config.get("service_id"):
        return Reject("set `service_id` of the connection railway: metrics of all services together tell nothing")
    start = (look.began - METRICS_FOR).astimezone(UTC).isoformat().replace("+00:00", "Z")
    data, _ = yield from _ask(config, METRICS, start=start, **_where(config))
    if not isinstance(data, dict):
        return data
    series = {_text(at(each, "measurement")): _values(each) for each in items_of(data.get("metrics"))}
    found = [
        _used("Memory", " GB", series.get("MEMORY_USAGE_GB"), series.get("MEMORY_LIMIT_GB")),
        _used("CPU", " vCPU", series.get("CPU_USAGE"), series.get("CPU_LIMIT")),
    ]
    return [each for each in found if each] or [Found("Railway tells no metrics of the service.")]


def _values(series: object) -> list[float]:
    values = (at(point, "value") for point in items_of(at(series, "values")))
    return [float(value) for value in values if isinstance(value, (int, float)) and not isinstance(value, bool)]


def _used(name: str, unit: str, used: list[float] | None, limit: list[float] | None) -> Found | None:
    if not used:
        return None
    text, most = f"{name} is at {used[-1]:.2f}{unit}; it was {used[0]:.2f}{unit} an hour before the incident", max(used)
    if not limit or limit[-1] <= 0:
        return Found(f"{text}.")
    full = most >= NEAR * limit[-1]
    suspect: CauseKind = "traffic" if full and name == "CPU" else ""
    text += f", at most {most:.2f}{unit} of its limit of {limit[-1]:.2f}{unit} ({100 * most / limit[-1]:.0f} %)."
    return Found(text, ok=not full, suspect=suspect, weight=0.3 if suspect else 0.0)


# --------------------------------------------------------------------------------------------- act


def _rollback_target(found: Sequence[_Deployment]) -> _Deployment | None:
    """
    The newest good one before the one that serves.

    Where there is none, and the newest deployment came to nothing: the one that served last, which is deployed again.
    """
    now = _serving(found)
    if now is None:
        return next((each for each in found if each.status in GOOD and each.can_rollback), None)
    older = found[found.index(now) + 1 :]
    if before := next((each for each in older if each.status in GOOD and each.can_rollback), None):
        return before
    return now if found[0].status == "FAILED" and now.status in GOOD and now.can_rollback else None


def plan(wish: Any, config: Config) -> Conversation[Plan | Reject | Retry]:
    """*wish* is `rollback`, to the deployment before, or `redeploy`, of the one that serves, with its own image."""
    if wish not in ("rollback", "redeploy"):
        return Reject(f"Railway can rollback and redeploy, and not {clip(str(wish), 100)}")
    found = yield from _deployments(config)
    if not isinstance(found, list):
        return found
    if not found:
        return Reject("Railway lists no deployment of the service")
    now = _serving(found)
    warnings = [f"A deployment is under way and may come after it: {one.what}, {one.status.lower()}."
                for one in found if one.status in UNDER_WAY][:1]  # fmt: skip
    if wish == "redeploy":
        return _redeploy(now, found, warnings)
    target = _rollback_target(found)
    if target is None:
        live = f"; {now.what} serves" if now else ""
        return Reject(f"Railway has no earlier good deployment of the service that it can roll back to{live}")
    do = {"do": "rollback", "deployment": target.id, "newest": found[0].id, "commit": target.commit}
    steps = (
        f"Railway deploys the image and the variables of {target.what} again, as a new deployment.",
        f"{now.what} serves now." if now else "No deployment serves now.",
    )
    warnings.append("The variables go back as well: what was changed in them since is not in effect afterwards.")
    target_words = f"{target.what}, of {utc_words(target.created)}"
    return Plan(target_words, steps, do, _way_back(now, target), tuple(warnings))


def _way_back(now: _Deployment | None, target: _Deployment) -> dict[str, str] | None:
    """To what serves now: a rollback to it, where Railway will not refuse that, else its image once more."""
    if now is None or now.id == target.id or not (now.can_rollback or now.can_redeploy):
        return None
    how = "rollback" if now.can_rollback else "redeploy"
    return {"do": how, "deployment": now.id, "newest": "", "commit": now.commit}


def _redeploy(now: _Deployment | None, found: Sequence[_Deployment], warnings: list[str]) -> Plan | Reject:
    if now is None or not now.can_redeploy:
        return Reject(f"Railway cannot redeploy {now.what if now else found[0].what}")
    do = {"do": "redeploy", "deployment": now.id, "newest": found[0].id, "commit": now.commit}
    steps = (f"Railway starts {now.what} once more, from the same image, as a new deployment.",)
    return Plan(now.what, steps, do, None, tuple(warnings))


def holds(parameters: Mapping[str, Any], config: Config) -> Conversation[str]:
    """No other deployment may have come since this was planned, and the target must still be there to roll back to."""
    found = yield from _deployments(config)
    if not isinstance(found, list):
        return found.why
    newest, id_ = found[0] if found else None, str(parameters["deployment"])
    if parameters["newest"] and (newest is None or newest.id != parameters["newest"]):
        what = f"{newest.what} is {newest.status.lower()}" if newest else "Railway lists none"
        return f"the deployments changed since this was planned: {what}"
    target = next((each for each in found if each.id == id_), None)
    if target is None:
        data, _ = yield from _ask(config, DEPLOYMENT, id=id_)
        if not isinstance(data, dict):
            return data.why
        target = _deployment(data.get("deployment"))
    can = target.can_rollback if parameters["do"] == "rollback" else target.can_redeploy
    if target.id != id_:
        return f"Railway no longer has the deployment {id_}"
    return "" if can else f"Railway cannot {parameters['do']} {target.what} any more: it is {target.status.lower()}"


def run(parameters: Mapping[str, Any], config: Config) -> Conversation[Acted]:
    """Roll back or redeploy. Schema and prose disagree on what a rollback returns; a query that is refused runs not."""
    id_, rollback = str(parameters["deployment"]), parameters["do"] == "rollback"
    data, response = yield from _ask(config, ROLLBACK if rollback else REDEPLOY, id=id_)
    if rollback and not isinstance(data, dict) and _wants_fields(response):
        data, response = yield from _ask(config, ROLLBACK_AS_TOLD, id=id_)
    if isinstance(data, dict):
        took = data.get("deploymentRollback" if rollback else "deploymentRedeploy")
        if took is True or isinstance(took, dict):
            return Acted("done", receipt=_text(at(took, "id")) or id_)
        return Acted("failed" if took is False else "unknown", f"Railway answered {clip(str(took), 100)}")
    fault = _fault(response)
    if response.status == 200:
        sure = fault and not any(word in fault.lower() for word in ("problem processing", "internal", "timeout"))
        return Acted("failed" if sure else "unknown", data.why)
    acted = outcome("Railway", response, fault)
    return Acted(acted.state, data.why) if isinstance(data, Reject) else acted


def _wants_fields(response: Response) -> bool:
    words = _fault(response).lower()
    return "selection of subfields" in words or "must have a selection" in words


def stands(parameters: Mapping[str, Any], config: Config) -> Conversation[bool | None]:
    """Whether a newer deployment than at the plan serves, of the target's commit; None while it is on its way."""
    found = yield from _deployments(config)
    if not isinstance(found, list) or not found:
        return None
    newest = found[0]
    if newest.id == parameters["newest"]:
        return False
    if newest.status in UNDER_WAY:
        return None
    other = newest.commit and parameters["commit"] and newest.commit != parameters["commit"]
    return newest.status in ("SUCCESS", "SLEEPING") and not other


# --------------------------------------------------------------------------------------------- test


def test(config: Config) -> Conversation[Tested]:
    """Look at the service's deployments. Railway does not say what a token may change."""
    if not config.get("token"):
        return Tested(False, missing=("set `token` of the connection railway",))
    found = yield from _deployments(config)
    if not isinstance(found, list):
        return Tested(False, False, (found.why,))
    if not found:
        return Tested(True, False, ("Railway lists no deployment: check `project`, `environment` and `service_id`",))
    now = _serving(found)
    text = f"{len(found)} deployments are seen; {now.what + ' serves' if now else 'none serves'}."
    if target := _rollback_target(found):
        return Tested(True, None, (), f"{text} It could be rolled back to {target.what}.")
    return Tested(True, None, (), f"{text} There is none to roll back to.")


NEEDS: Final = ("token",)
DIAGNOSERS = (
    Diagnoser("railway.deployments", "Railway's deployments", look_at_deployments, NEEDS),
    Diagnoser("railway.logs", "Railway's logs", look_at_logs, NEEDS),
    Diagnoser("railway.metrics", "Railway's metrics", look_at_metrics, NEEDS),
)
ACTOR = Actor("railway", "Railway", plan, holds, run, stands, NEEDS)
CONNECTION_TEST = ConnectionTest("railway", "Railway", test)
