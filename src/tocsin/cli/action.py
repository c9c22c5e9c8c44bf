"""Actions, through the running server: what would change, who approves it, what became of it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tocsin.cli.client import call, put_json, put_table, say
from tocsin.cli.incident import By, Json, Name, Reason

app = typer.Typer(no_args_is_help=True)

Action = Annotated[str, typer.Argument(metavar="ACTION", help="its name in the runbook, as `action list` has it")]
Plan = Annotated[str, typer.Argument(metavar="PLAN", help="the id of the plan")]
Hash = Annotated[str, typer.Option("--hash", help="as the plan has it: nothing else is approved")]


@app.command("list")
def list_(
    incident: Annotated[str | None, typer.Option("--incident", help="what was planned and done for it")] = None,
    as_json: Json = False,
) -> None:
    """List the runbook's actions with their last outcomes, or the plans of an incident."""
    if incident is not None:
        _plans(call("GET", f"/incidents/{incident}/actions"), as_json)
        return
    found = call("GET", "/actions")
    if as_json:
        put_json(found["items"])
        return
    if found["stopped"]:
        say(f"All actions are stopped by {found['stopped']['by']}: {found['stopped']['reason'] or 'no reason given'}")
    rows = [
        (i["name"], i["title"], i["approve"].replace("_", " "), i["last"]["state"] if i["last"] else "never run",
         i["why_not"] or "")
        for i in found["items"]
    ]  # fmt: skip
    put_table(("action", "by", "approval", "last", "cannot be used"), rows, "The runbook has no actions.")


def _plans(found: Any, as_json: bool) -> None:
    if as_json:
        put_json(found["items"])
        return
    for one in found["proposed"]:
        say(f"proposed: {one['action']}: {one['reason']}")
    rows = [(i["state"], i["action"], i["target"], i["planned_by"], i["plan"]) for i in found["items"]]
    put_table(("state", "action", "target", "planned by", "plan"), rows, "Nothing was planned for it.")


@app.command()
def show(plan: Plan, as_json: Json = False) -> None:
    """Show one plan: exactly what would change, who may approve it, what became of it."""
    _show(call("GET", f"/actions/{plan}"), as_json)


def _show(p: Any, as_json: bool) -> None:
    if as_json:
        put_json(p)
        return
    say(
        f"{p['action']}{' (its undo)' if p['undoes'] else ''}  {p['incident']}  {p['state']}  {p['why'] or ''}".rstrip()
    )
    say(f"target: {p['target']}")
    for step in p["steps"]:
        say(f"  - {step}")
    for warning in p["warnings"]:
        say(f"  ! {warning}")
    proof = f"the probe {p['verify']['probe']}" if p["verify"] else "none"
    say(f"undo: {'yes' if p['undoable'] else 'no'} · proof: {proof} · {p['may_approve']}")
    if p["state"] == "planned" and not p["dry_run"]:
        say(f"holds until {p['expires_at']}{' (over: plan it again)' if p['expired'] else ''}")
        if p["approve"] != "none":
            say(f"approve: tocsin action approve {p['incident']} {p['action']} {p['plan']} --hash {p['hash']}")
    say(p["link"])


@app.command()
def run(
    incident: Name,
    action: Action,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say what it would do, and whether it could")] = False,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Plan an action, and run it where it needs no approval; else the plan says how to approve it."""
    needs = {i["name"]: i["approve"] for i in call("GET", "/actions")["items"]}
    verb = "run" if needs.get(action) == "none" and not dry_run else "plan"
    _show(call("POST", f"/incidents/{incident}/actions/{action}/{verb}", {"by": by, "dry_run": dry_run}), as_json)


@app.command()
def approve(incident: Name, action: Action, plan: Plan, hash_: Hash, by: By = None, as_json: Json = False) -> None:
    """Approve a plan, which starts it."""
    body = {"plan": plan, "hash": hash_, "by": by}
    _show(call("POST", f"/incidents/{incident}/actions/{action}/approve", body), as_json)


@app.command()
def undo(
    incident: Name,
    action: Action,
    plan: Annotated[str, typer.Argument(metavar="[PLAN]", help="of the run to take back; without it the newest")] = "",
    by: By = None,
    as_json: Json = False,
) -> None:
    """Plan the way back of a run; it is approved as the action itself is."""
    _show(call("POST", f"/incidents/{incident}/actions/{action}/undo", {"plan": plan, "by": by}), as_json)


@app.command()
def looked(
    incident: Name,
    action: Action,
    plan: Plan,
    done: Annotated[bool, typer.Option("--done/--not-done", help="what its target shows")],
    by: By = None,
    as_json: Json = False,
) -> None:
    """Say what a look at the target of an unknown run showed: whether it was done."""
    body = {"plan": plan, "done": done, "by": by}
    _show(call("POST", f"/incidents/{incident}/actions/{action}/looked", body), as_json)


@app.command()
def stop(reason: Reason = "", by: By = None, as_json: Json = False) -> None:
    """Stop all actions: nothing is begun any more, whatever was approved."""
    _switched(call("POST", "/actions/stop", {"reason": reason, "by": by}), as_json)


@app.command()
def allow(by: By = None, as_json: Json = False) -> None:
    """Let actions be run again."""
    _switched(call("POST", "/actions/allow", {"by": by}), as_json)


def _switched(found: Any, as_json: bool) -> None:
    if as_json:
        put_json(found)
    elif found["stopped"]:
        say(f"All actions are stopped by {found['stopped']['by']} since {found['stopped']['at']}.")
    else:
        say("Actions may be run.")
