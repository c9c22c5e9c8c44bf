"""Ingest keys, API tokens and passwords: made on the server's own machine, shown once."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from tocsin.cli.client import Failed, put_json, say
from tocsin.cli.incident import Json
from tocsin.cli.server import Database
from tocsin.core.types import Refused

key = typer.Typer(no_args_is_help=True)
token = typer.Typer(no_args_is_help=True)
user = typer.Typer(no_args_is_help=True)


def _write(database: str | None, usecase: Any, *args: Any, **kwargs: Any) -> None:
    from tocsin import wiring  # noqa: PLC0415 - slow to load

    with wiring.opened(database) as db:
        try:
            db.write_now(usecase, *args, **kwargs)
        except Refused as error:
            raise Failed(str(error)) from None


def _give(secret: str, what: str, as_json: bool, **about: str) -> None:
    if as_json:
        put_json({what: secret, **about})
    else:
        say(f"{secret}\nKeep it: it is shown only now.")


@key.command("create")
def key_create(
    source: Annotated[str, typer.Option("--source", help="sentry, vercel, github, alertmanager …, or * for all")],
    name: Annotated[str | None, typer.Option("--name")] = None,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Make an ingest key."""
    from tocsin import plugins  # noqa: PLC0415
    from tocsin.usecases import access  # noqa: PLC0415
    from tocsin.usecases.configure import Setup  # noqa: PLC0415

    secret = f"ingest_{secrets.token_urlsafe(24)}"
    setup = Setup(plugins.load(), {}, "", b"", Path())
    _write(database, access.make_ingest_key, setup, secret, name or source, source)
    _give(secret, "key", as_json, source=source, name=name or source)


@token.command("create")
def token_create(
    name: Annotated[str, typer.Option("--name", help="who or what uses it; a person's id acts as that person")],
    role: Annotated[str, typer.Option("--role", help="viewer, responder or admin")] = "responder",
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Make an API token."""
    from tocsin.usecases import access  # noqa: PLC0415

    secret = f"tocsin_{secrets.token_urlsafe(24)}"
    _write(database, access.make_token, secret, name, role)
    _give(secret, "token", as_json, name=name, role=role)


@user.command("add")
def user_add(
    name: Annotated[str, typer.Argument(help="a person of the runbook, or another name")],
    role: Annotated[str, typer.Option("--role", help="viewer, responder or admin")] = "responder",
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="read it from standard input")] = False,
    database: Database = None,
) -> None:
    """Give somebody a password to sign in with; again gives a new one."""
    from tocsin.usecases import access  # noqa: PLC0415

    password = sys.stdin.readline().rstrip("\n") if password_stdin else typer.prompt(
        "Password (12 characters or more)", hide_input=True, confirmation_prompt=True
    )  # fmt: skip
    _write(database, access.add_user, name, role, password)
    say(f"{name} may sign in as {role}")
