"""Copies of the database: made while the server runs, put back while it does not."""

from __future__ import annotations

from typing import Annotated

import typer

from tocsin.cli.client import Failed, call, say
from tocsin.cli.server import Database


def backup(
    target: Annotated[str, typer.Argument(help="a folder, a file, or s3://BUCKET/PREFIX")],
    database: Database = None,
    keep: Annotated[int | None, typer.Option("--keep", min=1, help="remove all but the newest N of the folder")] = None,
    portable: Annotated[bool, typer.Option("--portable", help="the form that both databases read")] = False,
) -> None:
    """Copy the database, also while the server runs."""
    from tocsin import upkeep, wiring  # noqa: PLC0415 - slow to load

    try:
        where, removed = upkeep.write(target, database, keep=keep, portable=portable)
    except wiring.NoStart as error:
        raise Failed(str(error)) from None
    say(f"{where} is written and checked")
    for name in removed:
        say(f"{name} is removed")


def restore(
    file: Annotated[str | None, typer.Argument(help="what `tocsin backup` wrote: a file, or s3://BUCKET/KEY")] = None,
    database: Database = None,
    force: Annotated[bool, typer.Option("--force", help="replace a database that has incidents")] = False,
    new_key: Annotated[bool, typer.Option("--new-key", help="the secret key of old is lost")] = False,
    release: Annotated[bool, typer.Option("--release", help="let a restored Tocsin send again")] = False,
) -> None:
    """Put a backup in the place of the database, or release what was restored."""
    from tocsin import upkeep, wiring  # noqa: PLC0415 - slow to load

    if (file is None) != release:
        raise Failed("name the backup, or say --release", 2)
    try:
        if file is not None:
            kept = upkeep.put_back(file, database, force=force, new_key=new_key)
            say(f"{file} is in place; the next start sends nothing until it is released, for at most 10 minutes")
            if kept:
                say(f"what was there is kept as {kept}")
            return
        held = upkeep.release(database) if database else call("POST", "/restored/release")["released"]
    except wiring.NoStart as error:
        raise Failed(str(error)) from None
    say("released" if held else "nothing was held back")
