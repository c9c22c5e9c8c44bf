"""GitHub: workflows, deployments, issues with a severity's label, and changes, signed.
Source: docs.github.com/webhooks/webhook-events-and-payloads"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from tocsin.sdk import (
    Alert,
    AlertSeverity,
    BadPayload,
    Inbound,
    Signal,
    SignalAction,
    Source,
    at,
    check_signature,
    clip,
    items_of,
    key_of,
    links_of,
    of_projects,
    once_of,
    one_line,
    parse_instant,
    read_form,
    read_json,
    refused_plainly,
    secrets_in,
    taken_plainly,
    text_of,
)

BODY_LIMIT: Final = 25_000_000  # bytes; more GitHub does not send
NAME_LIMIT, TITLE_LIMIT, TEXT_LIMIT = 200, 1024, 10_000  # characters
RUNS: Final[Mapping[str, SignalAction]] = {
    "failure": "trigger", "timed_out": "trigger", "startup_failure": "trigger", "success": "resolve",
}  # fmt: skip
STATES: Final[Mapping[str, SignalAction]] = {"failure": "trigger", "error": "trigger", "success": "resolve"}
PRODUCTION: Final = ("production", "prod", "live")
ISSUES: Final[Mapping[str, SignalAction]] = {
    "opened": "trigger", "reopened": "trigger", "labeled": "trigger", "closed": "resolve", "deleted": "resolve",
}  # fmt: skip
RATED: Final[Mapping[str, AlertSeverity]] = {"P0": "critical", "P1": "error", "P2": "warning", "P3": "info"}
CLOSING: Final = {"closed": "closed", "deleted": "closed", "transferred": "closed", "reopened": "open"}
OURS: Final = "tocsin:"  # in the text of an issue that Tocsin opened itself: an incident of its own, not another alert


def verify(inbound: Inbound) -> None:
    """HMAC-SHA256 of the body, also of a form's, with the webhook's secret. Raises Untrusted."""
    secrets = secrets_in(inbound.config, "webhook_secret")
    check_signature(inbound, "x-hub-signature-256", secrets=secrets, prefix="sha256=")


def parse(inbound: Inbound) -> Sequence[Signal]:
    """
    Give what an event says of alerts and changes; [] for all other events, which GitHub is to see taken.

    Raises:
        BadPayload: no object, or one that lacks what its event has.
        Untrusted: 403, for a repository that the connection does not name.
    """
    body = _body(inbound)
    config = inbound.config
    own = [config.get("repository")] if secrets_in(config, "webhook_secret") else []
    repository = _text(at(body, "repository", "full_name"))
    if repository or at(body, "repository"):
        of_projects(config, own, [repository])
    read = READS.get(inbound.headers.get("x-github-event") or _guess(body))
    return read(inbound, body, repository) if read else []


def _body(inbound: Inbound) -> dict[str, Any]:
    body = inbound.json
    if body is None and inbound.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        body = read_json(read_form(inbound.body).get("payload", "").encode())
    if not isinstance(body, dict):
        raise BadPayload("the body is not a JSON object")
    return body


def _guess(body: dict[str, Any]) -> str:
    """The event by what is in the body, where the header was lost."""
    if "issue" in body:
        return "issue_comment" if "comment" in body else "issues"
    return next((name for name in ("workflow_run", "deployment_status", "release") if name in body), "")


def _run(inbound: Inbound, body: dict[str, Any], repository: str) -> list[Signal]:
    run = _object(body, "workflow_run")
    action = RUNS.get(text_of(run.get("conclusion"))) if body.get("action") == "completed" else None
    if action is None:
        return []
    name, branch = _text(run.get("name")) or "A workflow", _text(run.get("head_branch"))
    workflow = _text(run.get("workflow_id")) or name
    main = branch == at(body, "repository", "default_branch")
    title = f"{name} {_word(run['conclusion'])} on {branch} of {repository}"
    return [_signal(
        inbound, action, f"{repository}:{workflow}:{branch}", title, body, check="workflow",
        severity="warning" if main else "info", started=run.get("run_started_at"), text=run.get("display_title"),
        links=(("Run", run.get("html_url")),),
        labels={"workflow": name, "branch": branch, "commit": run.get("head_sha"), "event": run.get("event"),
                "author": at(run, "actor", "login")},
    )]  # fmt: skip


def _deployment(inbound: Inbound, body: dict[str, Any], repository: str) -> list[Signal]:
    status, deployment = _object(body, "deployment_status"), _object(body, "deployment")
    action = STATES.get(text_of(status.get("state")))
    if action is None:
        return []
    environment = _text(status.get("environment") or deployment.get("environment")) or "unknown"
    production = environment.lower() in PRODUCTION
    common: dict[str, Any] = {
        "check": "deployment", "started": status.get("created_at"), "text": status.get("description"),
        "links": (("Deployment", status.get("target_url")), ("Environment", status.get("environment_url")),
                  ("Repository", at(body, "repository", "html_url"))),
        "labels": {"environment": environment, "deployment": deployment.get("id"), "commit": deployment.get("sha"),
                   "branch": deployment.get("ref"), "author": at(deployment, "creator", "login")},
    }  # fmt: skip
    where = f"{environment.capitalize()} deployment of {repository}"
    signals = [_signal(
        inbound, action, f"{repository}:{environment}", f"{where} {_word(status['state'])}", body,
        severity="warning" if production else "info", **common,
    )]  # fmt: skip
    if production:
        word = "live" if action == "resolve" else "failed"
        signals.append(
            _signal(inbound, "change", text_of(deployment.get("id")) or where, f"{where}: {word}", body, **common)
        )
    return signals


def _issue(inbound: Inbound, body: dict[str, Any], repository: str) -> list[Signal]:
    """An issue with a severity's label is an alert; of any it is told that it is closed, or open again."""
    return [*_closing(inbound, body, repository), *_labelled(inbound, body, repository)]


def _closing(inbound: Inbound, body: dict[str, Any], repository: str) -> list[Signal]:
    """What became of an issue of the connection's own repository: it may be the ticket of an incident."""
    number, state = at(body, "issue", "number"), CLOSING.get(text_of(body.get("action")))
    own = text_of(inbound.config.get("repository"))
    if state is None or not isinstance(number, int) or not own or own.casefold() != repository.casefold():
        return []
    title = one_line(text_of(at(body, "issue", "title")), TITLE_LIMIT) or f"#{number}"
    labels = {"state": state, "by": _text(at(body, "sender", "login"))}
    alert = Alert(inbound.source, f"#{number}", title, inbound.received_at, labels=labels)
    return [Signal("ticket", alert, once_of(inbound, inbound.headers.get("x-github-delivery")))]


def _labelled(inbound: Inbound, body: dict[str, Any], repository: str) -> list[Signal]:
    """An issue is an alert when it bears the label of a severity, as `connections.github.labels` names them."""
    issue, action = _object(body, "issue"), ISSUES.get(text_of(body.get("action")))
    named = {name: severity for severity, name in (inbound.config.get("labels") or {}).items()}
    labels = [_text(at(label, "name")) for label in items_of(issue.get("labels"))]
    severity = min((named[label] for label in labels if label in named), default="")
    text = text_of(issue.get("body"), TEXT_LIMIT)
    if body.get("action") == "unlabeled" and not severity and _text(at(body, "label", "name")) in named:
        action, severity = "resolve", named[_text(at(body, "label", "name"))]
    if action is None or not severity or OURS in text or issue.get("pull_request"):
        return []
    return [_signal(
        inbound, action, f"{repository}#{_text(issue.get('number'))}", _text(issue.get("title"), TITLE_LIMIT), body,
        check="issue", severity=RATED.get(severity, "info"), started=issue.get("created_at"), text=text,
        links=(("Issue", issue.get("html_url")),),
        labels={"labels": ", ".join(labels), "author": at(issue, "user", "login")},
    )]  # fmt: skip


def _push(inbound: Inbound, body: dict[str, Any], repository: str) -> list[Signal]:
    branch = _text(body.get("ref")).removeprefix("refs/heads/")
    if not branch or branch != at(body, "repository", "default_branch") or body.get("deleted"):
        return []
    head = body.get("head_commit")
    number = len(items_of(body.get("commits")))
    title = f"{number} commit{'s' if number != 1 else ''} on {branch} of {repository}"
    return [_signal(
        inbound, "change", text_of(body.get("after")) or title, title, body, check="push",
        started=at(head, "timestamp"),
        text=at(head, "message"), links=(("Compare", body.get("compare")),),
        labels={"branch": branch, "commit": body.get("after"), "author": at(body, "pusher", "name")},
    )]  # fmt: skip


def _release(inbound: Inbound, body: dict[str, Any], repository: str) -> list[Signal]:
    release = _object(body, "release")
    if body.get("action") != "published":
        return []
    tag = _text(release.get("tag_name"))
    return [_signal(
        inbound, "change", f"{repository}@{tag}", f"Release {tag} of {repository}", body, check="release",
        started=release.get("published_at"), text=release.get("name"), links=(("Release", release.get("html_url")),),
        labels={"release": tag, "author": at(release, "author", "login")},
    )]  # fmt: skip


def _signal(
    inbound: Inbound, action: SignalAction, key: str, title: str, body: dict[str, Any], *, check: str,
    severity: AlertSeverity = "info", started: object, text: object, links: tuple[tuple[str, object], ...],
    labels: Mapping[str, object],
) -> Signal:  # fmt: skip
    repository = _text(at(body, "repository", "full_name"))
    named = {name: said for name, value in labels.items() if (said := text_of(value, 1000))}
    alert = Alert(
        inbound.source, key_of(key), one_line(title, TITLE_LIMIT) or key_of(key),
        parse_instant(started, inbound.received_at), clip(text_of(text), TEXT_LIMIT),
        inbound.config.get("service") or _text(at(body, "repository", "name")) or None, check, severity,
        {"repository": repository, **named} if repository else named, links_of(*links),
    )  # fmt: skip
    return Signal(action, alert, once_of(inbound, inbound.headers.get("x-github-delivery")))


def _object(body: dict[str, Any], name: str) -> dict[str, Any]:
    value = body.get(name)
    if not isinstance(value, dict):
        raise BadPayload(f"'{name}' is missing or no object")
    return value


def _word(state: object) -> str:
    return {"failure": "failed", "error": "failed", "timed_out": "timed out", "startup_failure": "did not start"}.get(
        str(state), "is well again"
    )


def _text(value: object, limit: int = NAME_LIMIT) -> str:
    return one_line(text_of(value), limit)


READS: Final[Mapping[str, Callable[[Inbound, dict[str, Any], str], list[Signal]]]] = {
    "workflow_run": _run, "deployment_status": _deployment, "issues": _issue, "push": _push, "release": _release,
}  # fmt: skip
SOURCE = Source(
    "github", "GitHub", parse=parse, accepted=taken_plainly, refused=refused_plainly, verify=verify,
    body_limit=BODY_LIMIT,
)  # fmt: skip
