"""The status page from the command line: also when the server and its database are gone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from tocsin.cli.client import Failed, call, put_json, put_table, say

app = typer.Typer(no_args_is_help=True)


@app.callback()
def status() -> None:
    """The status page."""


@app.command()
def publish(
    message: Annotated[str, typer.Option("--message", "-m", help="a notice at the top of the page")] = "",
    clear: Annotated[bool, typer.Option("--clear", help="take earlier notices away")] = False,
    runbook: Annotated[Path | None, typer.Option("--runbook", help="names the hosts; TOCSIN_RUNBOOK")] = None,
) -> None:
    """Put the last rendered page on its hosts again, with a notice if you give one. No server is needed."""
    from tocsin import upkeep, wiring  # noqa: PLC0415 - slow to load

    try:
        for line in upkeep.publish_status(runbook, message, clear=clear):
            say(line)
    except (wiring.NoStart, OSError) as error:
        raise Failed(str(error)) from None


@app.command()
def subscribers(
    remove: Annotated[
        str | None, typer.Option("--remove", metavar="ID", help="end this one, delete its address")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=500)] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="as JSON")] = False,
) -> None:
    """List who subscribed to the status page, newest first, or remove one. For admins; needs the server."""
    if remove:
        call("DELETE", f"/subscribers/{quote(remove, safe='')}")
        say(f"{remove} is removed: its address is deleted, and it is told nothing more")
        return
    found = call("GET", "/subscribers", limit=limit)
    if as_json:
        put_json(found)
        return
    rows = [
        (
            i["state"],
            i["kind"],
            i["address"],
            ", ".join(i["components"]) or "all",
            (i["confirmed_at"] or "-")[:16],
            i["id"],
        )
        for i in found["items"]
    ]
    put_table(("state", "by", "address", "components", "since (UTC)", "id"), rows, "Nobody has subscribed.")
    if rows:
        say("Told: " + (", ".join(f"{count} by {kind}" for kind, count in found["counts"].items()) or "nobody yet"))
