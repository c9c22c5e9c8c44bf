"""The API client of the commands, and how they print."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table
from rich.text import Text

console = Console(highlight=False)


class Failed(Exception):  # noqa: N818 - what the command has
    """A command that could not do it: one sentence, and the exit code."""

    def __init__(self, text: str, code: int = 1) -> None:
        super().__init__(text)
        self.code = code


class NoServer(Failed):
    """No server answers, or none is known."""


def call(method: str, path: str, body: Any = None, **query: Any) -> Any:
    """
    Call the API of the running server and return the decoded answer.

    Raises:
        Failed: the server is not there, or refuses; the text says what to do.
    """
    from tocsin import wiring  # noqa: PLC0415 - slow to load

    url, token = wiring.client_settings()
    if not token:
        raise NoServer(f"no token for {url}: start the server on this machine, or set TOCSIN_URL and TOCSIN_TOKEN")
    query = {name: value for name, value in query.items() if value is not None}
    try:
        answer = httpx.request(
            method, f"{url}/api/v1{path}", json=body, params=query, timeout=20, trust_env=False,
            headers={"Authorization": f"Bearer {token}"},
        )  # fmt: skip
    except httpx.HTTPError:
        raise NoServer(f"no Tocsin answers at {url}: start it with `tocsin serve`, or set TOCSIN_URL") from None
    if answer.status_code >= 400:
        raise Failed(_reason(answer))
    return answer.json() if answer.content else None


def _reason(answer: httpx.Response) -> str:
    try:
        problem = answer.json()
        errors = "; ".join(f"{e['key']}: {e['text']}" for e in problem.get("errors", ()))
        return f"{problem['detail']}{f' ({errors})' if errors else ''}"
    except (ValueError, KeyError, TypeError):
        return f"the server answered {answer.status_code}"


def put_json(value: Any) -> None:
    """Print JSON for programs: plain, whole, one document."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def put_table(columns: Sequence[str], rows: Sequence[Sequence[str]], empty: str) -> None:
    """Print a table that fits the terminal, or the sentence for an empty one."""
    if not rows:
        console.print(empty)
        return
    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)


def say(text: str) -> None:
    """Print a line as it is: no mark-up in it is read."""
    console.print(Text(text), soft_wrap=True)
