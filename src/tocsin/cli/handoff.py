"""Hand-offs, through the running server: who took over, and "I have the pager"."""

from __future__ import annotations

from typing import Annotated

import typer

from tocsin.cli.client import call, put_json, put_table, say
from tocsin.cli.incident import By, Json

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_(
    state: Annotated[str | None, typer.Option("--state", help="waiting, confirmed, unconfirmed, …")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=500)] = 20,
    as_json: Json = False,
) -> None:
    """List shift changes, newest first."""
    items = call("GET", "/handoffs", state=state, limit=limit)["items"]
    if as_json:
        put_json(items)
        return
    rows = [
        (i["at"][:16], i["person"] or "nobody", ", ".join(s["schedule"] for s in i["schedules"]), i["state"], i["id"])
        for i in items
    ]
    put_table(("at (UTC)", "person", "takes", "state", "id"), rows, "No shift has changed hands yet.")


@app.command()
def confirm(
    id_: Annotated[str, typer.Argument(metavar="ID", help="as `handoff list` names it")],
    by: By = None,
    as_json: Json = False,
) -> None:
    """Say that you have the pager."""
    found = call("POST", f"/handoffs/{id_}/confirm", {"by": by})
    if as_json:
        put_json(found)
    else:
        say(f"{found['confirmed_by']} has the pager: {', '.join(s['schedule'] for s in found['schedules'])}")
