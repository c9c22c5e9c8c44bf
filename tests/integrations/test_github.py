"""GitHub's webhooks: workflows, deployments, issues with a severity's label, and what changed."""

from __future__ import annotations

import json

import pytest

from tocsin.integrations import github
from tocsin.sdk import BadPayload, Inbound, Untrusted

from .helpers import NOW, inbound, payload

LABELS = {"labels": {"P0": "severity: P0", "P1": "severity: P1", "P2": "severity: P2", "P3": "severity: P3"}}
REPOSITORY = {
    "full_name": "proofi/wallet",
    "name": "wallet",
    "default_branch": "main",
    "html_url": "https://github.com/proofi/wallet",
}


def parse(event, body, config=None):
    return github.parse(inbound(json.dumps(body).encode(), headers={"x-github-event": event}, config=config or {}))


def run(**changes):
    body = json.loads(payload("github/workflow_run_completed_failure.json"))
    body["workflow_run"] |= changes
    return parse("workflow_run", body)


def test_a_workflow_that_failed_is_read_whole():
    [signal] = run(head_branch="master")
    alert = signal.alert

    assert ("trigger", "example-org/proofi-wallet:2823525:master") == (signal.action, alert.key)
    assert ("Deploy to Vercel failed on master of example-org/proofi-wallet", "warning") == (
        alert.title,
        alert.severity,
    )
    assert ("proofi-wallet", "workflow") == (alert.service, alert.check)
    assert "ci(action): update actions/setup-node digest to 8c91899" == alert.text
    assert (("Run", "https://github.com/example-org/proofi-wallet/actions/runs/289782451"),) == alert.links
    assert "info" == run(head_branch="a-branch")[0].alert.severity


@pytest.mark.parametrize(
    ("conclusion", "action"),
    [("failure", "trigger"), ("timed_out", "trigger"), ("startup_failure", "trigger"), ("success", "resolve"),
     ("cancelled", None), ("skipped", None), ("neutral", None), ("action_required", None), ("stale", None), (None, None), ([], None)],
)  # fmt: skip
def test_what_the_conclusions_mean(conclusion, action):
    assert [action] * bool(action) == [signal.action for signal in run(conclusion=conclusion)]


@pytest.mark.parametrize(
    ("state", "actions"),
    [("failure", ["trigger", "change"]), ("error", ["trigger", "change"]), ("success", ["resolve", "change"]),
     ("pending", []), ("in_progress", []), ("inactive", [])],
)  # fmt: skip
def test_a_deployment_of_production_is_an_alert_and_a_change(state, actions):
    body = json.loads(payload("github/deployment_status_failure.json"))
    body["deployment_status"]["state"] = state
    found = parse("deployment_status", body)

    assert actions == [signal.action for signal in found]
    assert {"example-org/proofi-wallet:production", "145988746"} >= {signal.alert.key for signal in found}
    body["deployment_status"]["environment"] = "preview"
    assert [("info", "example-org/proofi-wallet:preview")] * bool(actions) == [
        (signal.alert.severity, signal.alert.key) for signal in parse("deployment_status", body)
    ]


def issue(action, labels=(), body="", **more):
    said = {"number": 7, "title": "Wallets cannot be made", "body": body, "html_url": "https://github.com/proofi/wallet/issues/7",
            "labels": [{"name": label} for label in labels], "user": {"login": "ana"}}  # fmt: skip
    return parse("issues", {"action": action, "issue": said, "repository": REPOSITORY, **more}, LABELS)


def test_an_issue_is_an_alert_when_it_bears_the_label_of_a_severity():
    [signal] = issue("opened", ["bug", "severity: P1"])

    assert ("trigger", "proofi/wallet#7", "error") == (signal.action, signal.alert.key, signal.alert.severity)
    assert ("Wallets cannot be made", "issue", "wallet") == (
        signal.alert.title,
        signal.alert.check,
        signal.alert.service,
    )
    assert "critical" == issue("labeled", ["severity: P2", "severity: P0"])[0].alert.severity
    assert [] == issue("opened", ["bug"])
    assert [] == issue("assigned", ["severity: P0"])


@pytest.mark.parametrize("action", ["closed", "deleted"])
def test_an_issue_that_is_over_ends_its_alert(action):
    assert ["resolve"] == [signal.action for signal in issue(action, ["severity: P0"])]
    assert ["resolve"] == [signal.action for signal in issue("unlabeled", ["bug"], label={"name": "severity: P1"})]
    assert [] == issue("unlabeled", ["severity: P0"], label={"name": "bug"})


def test_an_issue_of_tocsins_own_is_no_second_alert():
    assert [] == issue("opened", ["severity: P2"], "Slow.\n\n<!-- tocsin: INC-42 -->")


def test_pushes_to_the_default_branch_and_releases_are_changes():
    push = {"ref": "refs/heads/main", "after": "3484a3fb", "commits": [{}, {}], "pusher": {"name": "ana"}, "repository": REPOSITORY,
            "head_commit": {"timestamp": "2026-11-23T08:58:00Z", "message": "feat: claims"}, "compare": "https://github.com/c"}  # fmt: skip
    [signal] = parse("push", push)
    assert ("change", "2 commits on main of proofi/wallet", "feat: claims") == (
        signal.action,
        signal.alert.title,
        signal.alert.text,
    )
    assert [] == parse("push", push | {"ref": "refs/heads/other"})
    assert [] == parse("push", push | {"ref": "refs/tags/v1"})
    assert [] == parse("push", push | {"deleted": True})

    release = {"action": "published", "release": {"tag_name": "v2", "name": "Two"}, "repository": REPOSITORY}
    assert ["Release v2 of proofi/wallet"] == [signal.alert.title for signal in parse("release", release)]
    assert [] == parse("release", release | {"action": "created"})


def test_the_signatures_are_the_vendors_own_vectors():
    for vector in json.loads(payload("signatures.json"))["vectors"]:
        if vector["system"] != "github":
            continue
        headers = {name.lower(): value for name, value in vector["headers"].items()}
        config = {"webhook_secret": vector["secret"]}
        github.verify(Inbound(vector["body"].encode(), None, NOW, "github", headers=headers, config=config))
        with pytest.raises(Untrusted):
            github.verify(Inbound(b"x", None, NOW, "github", headers=headers, config=config))


@pytest.mark.parametrize("body", [b"[]", b"7", b'{"workflow_run": 1}'])
def test_what_is_no_event_is_refused(body):
    with pytest.raises(BadPayload):
        github.parse(inbound(body))
