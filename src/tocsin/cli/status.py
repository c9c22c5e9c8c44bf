"""The status page from the command line: also when the server and its database are gone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.client import Failed, say

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
