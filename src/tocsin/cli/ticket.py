"""Tickets, through the running server: the list that works without any other tracker."""

from __future__ import annotations

from typing import Annotated

import typer

from tocsin.cli.client import call, put_json, put_table
from tocsin.cli.incident import By, Json, Name, Reason, show_one

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_(
    state: Annotated[str | None, typer.Option("--state", help="open or closed")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=500)] = 50,
    as_json: Json = False,
) -> None:
    """List tickets, newest first."""
    items = call("GET", "/tickets", state=state, limit=limit)["items"]
    if as_json:
        put_json(items)
        return
    rows = [
        (i["id"], i["state"], i["label"], i["tracker"], i["incident"], i["incident_status"], i["title"]) for i in items
    ]  # fmt: skip
    put_table(("ticket", "state", "label", "tracker", "incident", "status", "title"), rows, "No ticket.")


@app.command()
def close(incident: Name, reason: Reason = "", by: By = None, as_json: Json = False) -> None:
    """Close the ticket of an incident; the incident ends with it when nothing fires any more."""
    show_one(call("POST", f"/tickets/{incident}/close", {"reason": reason, "by": by}), as_json)


@app.command("open")
def open_(incident: Name, by: By = None, as_json: Json = False) -> None:
    """Open a ticket for an incident whose protocol opens none."""
    show_one(call("POST", f"/incidents/{incident}/ticket", {"by": by}), as_json)


@app.command()
def link(
    incident: Name, ticket: Annotated[str, typer.Argument(metavar="TICKET", help="#17, or its address")],
    by: By = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Link an incident with a ticket that is there."""
    show_one(call("POST", f"/incidents/{incident}/ticket", {"ticket": ticket, "by": by}), as_json)


@app.command()
def reopen(incident: Name, reason: Reason = "", by: By = None, as_json: Json = False) -> None:
    """Open the ticket of an incident again; the incident itself stays as it is."""
    show_one(call("POST", f"/tickets/{incident}/reopen", {"reason": reason, "by": by}), as_json)
