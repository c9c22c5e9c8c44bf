"""Vercel: deployments that failed, recovered, or changed production, signed.   Source: vercel.com/docs/webhooks"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tocsin.sdk import (
    Alert,
    AlertSeverity,
    BadPayload,
    Inbound,
    Signal,
    Source,
    at,
    check_signature,
    clip,
    instant_of,
    key_of,
    links_of,
    of_projects,
    once_of,
    one_line,
    refused_plainly,
    secrets_in,
    taken_plainly,
    text_of,
)

NAME_LIMIT, TEXT_LIMIT = 200, 10_000  # characters
FAILED: Final[Mapping[str, str]] = {
    "deployment.error": "failed", "deployment.checks.failed": "failed its checks", "deployment.blocked": "was blocked",
}  # fmt: skip
WELL: Final = ("deployment.succeeded", "deployment.ready", "deployment.promoted")
# What a change of production reads like; the newest word of one deployment counts.
CHANGES: Final[Mapping[str, str]] = {
    "deployment.created": "begun", "deployment.succeeded": "live", "deployment.ready": "live",
    "deployment.promoted": "promoted", "deployment.rollback": "rolled back to", "deployment.canceled": "canceled",
    **FAILED,
}  # fmt: skip
SEVERITIES: Final[Mapping[str, AlertSeverity]] = {"production": "warning", "staging": "info", "preview": "info"}
META: Final = ("CommitRef", "CommitSha", "CommitMessage", "CommitAuthorName", "CommitAuthorLogin")


def verify(inbound: Inbound) -> None:
    """HMAC-SHA1 of the body with the webhook's secret. Raises Untrusted."""
    check_signature(
        inbound, "x-vercel-signature", secrets=secrets_in(inbound.config, "webhook_secret"), digest="sha1"
    )  # fmt: skip


def parse(inbound: Inbound) -> Sequence[Signal]:
    """
    Give what a deployment event says: of the alert of its project and target, and of the change of production.

    Raises:
        BadPayload: no object, or a deployment event that names no project.
        Untrusted: 403, for a project that the connection does not name.
    """
    body = inbound.json
    if not isinstance(body, dict) or not isinstance(body.get("type"), str):
        raise BadPayload("the body is not a JSON object with a 'type'")
    kind = "deployment." + body["type"][11:] if body["type"].startswith("deployment-") else body["type"]
    payload = body.get("payload")
    if kind not in (*CHANGES, *WELL) or not isinstance(payload, dict):
        return []
    project = _texts(at(payload, "project", "id") or payload.get("projectId"))
    name = _texts(payload.get("name") or at(payload, "deployment", "name"))
    if not (project or name):
        raise BadPayload("the event names no project")
    config = inbound.config
    own = [config.get("project")] if secrets_in(config, "webhook_secret") else []
    of_projects(config, own, [project, name])
    return _signals(inbound, body, payload, kind, project or name, name or project)


def _signals(
    inbound: Inbound, body: dict[str, Any], payload: dict[str, Any], kind: str, project: str, name: str
) -> list[Signal]:
    said = payload.get("target") or at(payload, "deployment", "target")
    target = said if said in ("production", "staging") else "preview"
    once = once_of(inbound, body.get("id"))
    common: dict[str, Any] = {
        "source": inbound.source, "started_at": instant_of(body.get("createdAt")) or inbound.received_at,
        "text": clip(text_of(at(payload, "deployment", "meta", "githubCommitMessage")), TEXT_LIMIT),
        "service": inbound.config.get("service") or name, "check": "deployment",
        "labels": _labels(payload, project, name, target, kind), "links": _links(payload),
    }  # fmt: skip
    signals = []
    if kind in FAILED or kind in WELL:
        title = f"{target.capitalize()} deployment of {name} {FAILED.get(kind, 'is well again')}"
        alert = Alert(
            key=key_of(f"{project}:{target}"), title=title, severity=SEVERITIES[target] if kind in FAILED else "info",
            **common,
        )  # fmt: skip
        signals.append(Signal("trigger" if kind in FAILED else "resolve", alert, once))
    if target == "production" and kind in CHANGES:
        deployment = _texts(at(payload, "deployment", "id"))
        title = f"Production deployment of {name}: {CHANGES[kind]}"
        signals.append(Signal("change", Alert(key=key_of(deployment or project), title=title, **common), once))
    return signals


def _labels(payload: dict[str, Any], project: str, name: str, target: str, kind: str) -> dict[str, str]:
    meta = at(payload, "deployment", "meta")
    git = {part.removeprefix("Commit").lower(): _texts(at(meta, f"github{part}")) for part in META}
    labels = {
        "project": name, "project_id": project, "target": target, "event": kind,
        "deployment": _texts(at(payload, "deployment", "id")), "branch": git["ref"], "commit": git["sha"],
        "author": git["authorlogin"] or git["authorname"],
    }  # fmt: skip
    return {label: value for label, value in labels.items() if value}


def _links(payload: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    address = text_of(at(payload, "deployment", "url") or payload.get("url"))
    inspector = at(payload, "links", "deployment") or at(payload, "deployment", "inspectorUrl")
    return links_of(
        ("Deployment", inspector), ("Project", at(payload, "links", "project")),
        ("Address", f"https://{address}" if address and "/" not in address else ""),
    )  # fmt: skip


def _texts(value: object) -> str:
    return one_line(text_of(value), NAME_LIMIT)


SOURCE = Source("vercel", "Vercel", parse=parse, accepted=taken_plainly, refused=refused_plainly, verify=verify)
