"""How people are reached, and paging one by hand, through the running server."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tocsin.cli.client import call, put_json, put_table, say
from tocsin.cli.incident import By, Json

app = typer.Typer(no_args_is_help=True)
Person = Annotated[str, typer.Argument(metavar="PERSON", help="their id in the runbook")]
Via = Annotated[str, typer.Argument(metavar="VIA", help="the channel, or its kind")]


def page(
    person: Person,
    message: Annotated[str, typer.Argument(help="why you wake them")],
    urgency: Annotated[str, typer.Option("--urgency", help="high or low")] = "high",
    by: By = None,
    as_json: Json = False,
) -> None:
    """Page somebody by hand; unanswered, the default policy is walked after five minutes."""
    made = call("POST", "/pages", {"person": person, "message": message, "urgency": urgency, "by": by})
    if as_json:
        put_json(made)
    else:
        say(f"{made['incident']}  {person} is paged by hand by {made['asked_by']}: {message}")


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List everybody: whether a page would reach them at 03:00 tonight."""
    items = call("GET", "/people")["items"]
    if as_json:
        put_json(items)
        return
    rows = [(p["id"], p["name"], "yes" if p["reached"] else "NO", _ways(p), _test(p)) for p in items]
    put_table(("id", "name", "reached", "ways", "test page"), rows, "Nobody.")


@app.command()
def show(person: Person, as_json: Json = False) -> None:
    """Show one person: what they would hear at 03:00 tonight, and what proves it."""
    found = call("GET", f"/people/{person}")
    if as_json:
        put_json(found)
        return
    say(f"{found['name']}: {'reached' if found['reached'] else 'NOT REACHED'} at 03:00 tonight")
    put_table(("at (UTC)", "via", "state", ""), [
        (h["at"][11:16], h["via"], h["state"], h["text"]) for h in found["tonight"]
    ], "Nothing.")  # fmt: skip
    say(f"test page: {_test(found)}")


def _ways(person: Any) -> str:
    return ", ".join(f"{way['via']} {way['state']}" for way in person["ways"]) or "none"


def _test(person: Any) -> str:
    test = person["test"]
    if test["answered_at"]:
        return f"answered {test['answered_at'][:10]}"
    return f"sent {test['sent_at'][:10]}, not answered" if test["sent_at"] else "never sent"


@app.command()
def check(person: Person, via: Via, by: By = None) -> None:
    """Send a code through one way to a person; `tocsin people code` or its link proves it."""
    call("POST", f"/people/{person}/check", {"via": via, "by": by})
    say(f"A code is on its way to {person} by {via}. Then: tocsin people code {person} {via} CODE")


@app.command()
def code(person: Person, via: Via, code: Annotated[str, typer.Argument(help="six digits")]) -> None:
    """Prove a way with the code that came by it."""
    call("POST", f"/people/{person}/code", {"via": via, "code": code})
    say(f"Proved: {via} reaches {person}.")


@app.command("test")
def send_test(person: Person, by: By = None) -> None:
    """Send a test page by every way of the person's rules for high urgency."""
    sent = call("POST", f"/people/{person}/test", {"by": by})["sent"]
    say(f"A test page is on its way to {person} by {sent} way{'' if sent == 1 else 's'}.")
