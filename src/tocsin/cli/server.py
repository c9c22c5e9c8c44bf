"""The server itself, and what works on its database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.client import Failed, put_json, say
from tocsin.cli.incident import Json

Database = Annotated[str | None, typer.Option("--database", help="sqlite:///PATH or postgresql://…")]


def serve(
    runbook: Annotated[Path | None, typer.Option("--runbook", help="the runbook to obey")] = None,
    database: Database = None,
    host: Annotated[str | None, typer.Option("--host")] = None,
    port: Annotated[int | None, typer.Option("--port", min=0, max=65535)] = None,
    role: Annotated[str, typer.Option("--role", help="all, web or worker")] = "all",
) -> None:
    """Start Tocsin."""
    from tocsin import serving  # noqa: PLC0415 - slow to load

    if role not in ("all", "web", "worker"):
        raise Failed(f"no role {role}; there are all, web, worker", 2)
    raise typer.Exit(serving.serve(runbook, database, host, port, role))


def verify(database: Database = None, as_json: Json = False) -> None:
    """Recompute the hash chains of every timeline and of the audit log."""
    from tocsin import wiring  # noqa: PLC0415
    from tocsin.store import audit  # noqa: PLC0415

    with wiring.opened(database) as db:
        result = db.read_now(audit.verify)
    if as_json:
        put_json(result)
    else:
        log = result["audit"]
        if result["ok"]:
            say(f"{result['entries']} entries, every link holds; {log['entries']} in the audit log")
        if result["broken"]:
            say(f"broken: {result['broken']['incident']} at entry {result['broken']['seq']}")
        if log["broken"]:
            say(f"broken: the audit log at entry {log['broken']['seq']}")
    if not result["ok"]:
        raise typer.Exit(1)


def migrate(database: Database = None) -> None:
    """Bring the tables of the database up to date; makes a database that is not there."""
    from tocsin import wiring  # noqa: PLC0415
    from tocsin.store.migrate import HEAD  # noqa: PLC0415

    try:
        wiring.make_tables(database)
    except wiring.NoStart as error:
        raise Failed(str(error)) from None
    say(f"the database is at version {HEAD}")
