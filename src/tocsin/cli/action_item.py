"""Action items, through the running server: what is agreed after incidents, who does it until when."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tocsin.cli.client import call, put_json, put_table, say
from tocsin.cli.incident import By, Json, Name, Reason

app = typer.Typer(no_args_is_help=True)

Id = Annotated[str, typer.Argument(metavar="ID", help="as `action-item list` names it")]


@app.command("list")
def list_(
    state: Annotated[str | None, typer.Option("--state", help="open, overdue, done or dropped")] = None,
    owner: Annotated[str | None, typer.Option("--owner")] = None,
    team: Annotated[str | None, typer.Option("--team")] = None,
    incident: Annotated[str | None, typer.Option("--incident")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=500)] = 50,
    as_json: Json = False,
) -> None:
    """List action items, newest first."""
    items = call(
        "GET", "/action-items", state=state, owner=owner, team=team, incident=incident, limit=limit
    )["items"]  # fmt: skip
    if as_json:
        put_json(items)
        return
    rows = [
        (i["due"], "overdue" if i["overdue"] else i["state"], i["owner"], i["incident"], i["title"], i["id"])
        for i in items
    ]
    put_table(("due", "state", "owner", "incident", "title", "id"), rows, "No action item.")


@app.command()
def add(
    incident: Name,
    title: Annotated[str, typer.Option("--title", help="what is to be done")],
    owner: Annotated[str, typer.Option("--owner", help="a person of the runbook")],
    due: Annotated[str, typer.Option("--due", help="a day, as 2026-12-01")],
    issue: Annotated[str, typer.Option("--issue", help="a link to a tracker's issue")] = "",
    verify: Annotated[str, typer.Option("--verify", help="how it will be verified")] = "",
    by: By = None,
    as_json: Json = False,
) -> None:
    """Add an action item to an incident."""
    body = {"incident": incident, "title": title, "owner": owner, "due": due, "issue": issue, "verify": verify}
    _show(call("POST", "/action-items", {**body, "by": by}), as_json)


@app.command()
def done(id_: Id, by: By = None, as_json: Json = False) -> None:
    """Say that it is done."""
    _show(call("POST", f"/action-items/{id_}/done", {"by": by}), as_json)


@app.command()
def drop(id_: Id, reason: Reason = "", by: By = None, as_json: Json = False) -> None:
    """Drop it, for a reason."""
    _show(call("POST", f"/action-items/{id_}/drop", {"reason": reason, "by": by}), as_json)


@app.command()
def reopen(id_: Id, reason: Reason = "", by: By = None, as_json: Json = False) -> None:
    """Open it again: it is not done after all."""
    _show(call("POST", f"/action-items/{id_}/reopen", {"reason": reason, "by": by}), as_json)


@app.command()
def issue(id_: Id, by: By = None, as_json: Json = False) -> None:
    """Open an issue for it in the tracker; the two are closed together."""
    _show(call("POST", f"/action-items/{id_}/issue", {"by": by}), as_json)


@app.command()
def move(
    id_: Id,
    due: Annotated[str, typer.Option("--due", help="another day")] = "",
    owner: Annotated[str, typer.Option("--owner", help="another person")] = "",
    by: By = None,
    as_json: Json = False,
) -> None:
    """Give it another day, another owner, or both."""
    _show(call("POST", f"/action-items/{id_}/move", {"due": due, "owner": owner, "by": by}), as_json)


def _show(item: Any, as_json: bool) -> None:
    if as_json:
        put_json(item)
    else:
        say(f"{item['title']}: {item['state']}, {item['owner']}, due {item['due']} ({item['incident']}, {item['id']})")
