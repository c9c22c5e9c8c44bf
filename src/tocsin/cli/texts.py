"""What is said of an incident: previews, texts sent again, the cause, and its war room; through the running server."""

from __future__ import annotations

from typing import Annotated

import typer

from tocsin.cli.client import call, put_json, say
from tocsin.cli.incident import By, Json, Name, app, show_one

__all__ = ["app"]

Text = Annotated[str, typer.Argument(metavar="TEXT", help="status_update, all_clear, initial_alert, …")]
Word = Annotated[str | None, typer.Option()]


@app.command("say")
def say_(incident: Name, text: str, by: By = None, as_json: Json = False) -> None:
    """Say something in the war room: on the incident's page, its timeline, and in the chat."""
    show_one(call("POST", f"/incidents/{incident}/say", {"text": text, "by": by}), as_json)


@app.command()
def cause(
    incident: Name,
    text: Annotated[str, typer.Argument(help="in one sentence; empty with --confirmed: the suspected one")] = "",
    confirmed: Annotated[bool, typer.Option("--confirmed", help="it may be published")] = False,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Note a suspected cause, or confirm it: an unconfirmed one is never published."""
    body = {"text": text, "confirmed": confirmed, "by": by}
    show_one(call("POST", f"/incidents/{incident}/cause", body), as_json)


@app.command()
def send(incident: Name, text: Text, by: By = None, as_json: Json = False) -> None:
    """Send one of the runbook's texts again, filled from the record as it is now."""
    show_one(call("POST", f"/incidents/{incident}/send", {"text": text, "by": by}), as_json)


@app.command()
def preview(
    incident: Name,
    text: Text = "status_update",
    summary: Word = None,
    status: Word = None,
    next_steps: Word = None,
    eta: Word = None,
    impact: Word = None,
    root_cause: Word = None,
    resolution: Word = None,
    next_update: Word = None,
    public: Annotated[bool, typer.Option("--public")] = False,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Show what a text would say and where it would go; nothing is sent. What is not given comes from the record."""
    drafted = call("GET", f"/incidents/{incident}/draft")
    given = {
        "summary": summary, "status": status, "next_steps": next_steps, "eta": eta, "impact": impact,
        "root_cause": root_cause, "resolution": resolution,
    }  # fmt: skip
    body = {**drafted, **{name: value for name, value in given.items() if value is not None}}
    body |= {"text": text, "next_update": next_update, "public": public, "by": by}
    found = call("POST", f"/incidents/{incident}/preview", body)
    if as_json:
        put_json(found)
        return
    for copy in found["copies"]:
        say(f"--- {copy['to']} ({copy['via']}{', war room' if copy['war_room'] else ''})")
        if copy["title"]:
            say(f"{'Subject' if copy['via'] == 'smtp' else 'Title'}: {copy['title']}")
        say(copy["text"])
        if copy["note"]:
            say(f"({copy['note']})")
    for word in found["unknown_words"]:
        say(f"The runbook's text names {{{word}}}, which nothing fills: it reads unknown.")
    if not found["copies"]:
        say("No channel of the runbook gets this text.")
