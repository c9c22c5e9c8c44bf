"""Postmortems: read, check for blame, write, publish; and the week that they belong to."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from tocsin.cli.client import Failed, NoServer, call, put_json, put_table, say
from tocsin.cli.incident import By, Json, Name, Reason

app = typer.Typer(no_args_is_help=True)

File = Annotated[Path, typer.Argument(metavar="FILE", help="Markdown; - reads standard input")]
Version = Annotated[int | None, typer.Option("--version", help="the one that you read; else the newest")]


@app.command("list")
def list_(
    state: Annotated[str | None, typer.Option("--state", help="draft, in_review or published")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=500)] = 50,
    as_json: Json = False,
) -> None:
    """List postmortems, those of the newest incidents first."""
    items = call("GET", "/postmortems", state=state, limit=limit)["items"]
    if as_json:
        put_json(items)
        return
    rows = [(i["incident"], i["severity"], i["state"], i["written_at"][:16], i["title"]) for i in items]
    put_table(("incident", "sev", "state", "written (UTC)", "title"), rows, "No postmortem.")


@app.command()
def show(incident: Name, as_json: Json = False) -> None:
    """Print the postmortem of an incident."""
    found = call("GET", f"/incidents/{incident}/postmortem")
    if as_json:
        put_json(found)
    else:
        say(found["text"])


@app.command()
def lint(file: File, as_json: Json = False) -> None:
    """Read a file for blame, single causes, and actions that nobody can check; works without a server."""
    from tocsin.core import lint as core  # noqa: PLC0415

    found = [one.json for one in core.lint(_read(file), _people())]
    if as_json:
        put_json(found)
    for one in [] if as_json else found:
        say(f"{file}:{one['line']}: {one['rule']}: {one['text']}\n    {one['better']}")
    if found:
        raise typer.Exit(1)
    if not as_json:
        say("Nothing found.")


def _people() -> list[str]:
    """The names of the people, where a server is there to tell them: a name beside a fault is blame."""
    try:
        return [one["name"] for one in call("GET", "/people")["items"]]
    except (NoServer, Failed, KeyError, TypeError):
        return []


def _read(file: Path) -> str:
    try:
        return sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Failed(f"cannot read {file}: {error}", 2) from None


@app.command()
def save(incident: Name, file: File, version: Version = None, by: By = None, as_json: Json = False) -> None:
    """Save a file as the next version of a postmortem, unless somebody else saved one meanwhile."""
    body = {"text": _read(file), "version": version or _newest(incident), "by": by}
    _say(call("PUT", f"/incidents/{incident}/postmortem", body), as_json)


@app.command()
def publish(
    incident: Name,
    version: Version = None,
    anyway: Annotated[bool, typer.Option("--anyway", help="with open questions")] = False,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Publish a postmortem."""
    body = {"version": version or _newest(incident), "anyway": anyway, "by": by}
    _say(call("POST", f"/incidents/{incident}/postmortem/publish", body), as_json)


def _newest(incident: str) -> int:
    return int(call("GET", f"/incidents/{incident}/postmortem")["version"])


def _say(found: Any, as_json: bool) -> None:
    if as_json:
        put_json(found)
        return
    say(f"{found['incident']}: version {found['version']}, {found['state'].replace('_', ' ')}, {found['path']}")
    for one in found["questions"]:
        say(f"  open, line {one['line']}: {one['text']}")


@app.command()
def week(incident: Name, as_json: Json = False) -> None:
    """Show the week after an incident: its review and its steps."""
    _week(call("GET", f"/incidents/{incident}/review"), as_json)


@app.command()
def move(
    incident: Name,
    to: Annotated[str, typer.Option("--to", help="2026-11-25T10:00 in the organization's zone, or with an offset")],
    reason: Reason = "",
    by: By = None,
    as_json: Json = False,
) -> None:
    """Put the review to another time; it is sent to calendars again."""
    _week(call("POST", f"/incidents/{incident}/review/move", {"at": to, "reason": reason, "by": by}), as_json)


@app.command()
def drop(incident: Name, reason: Reason, by: By = None, as_json: Json = False) -> None:
    """Hold no review, for a reason."""
    _week(call("POST", f"/incidents/{incident}/review/drop", {"reason": reason, "by": by}), as_json)


@app.command()
def tick(incident: Name, step: str, by: By = None, as_json: Json = False) -> None:
    """Tick a step of the week: meeting, actions, or one of your own."""
    _week(call("POST", f"/incidents/{incident}/review/steps/{step}/done", {"by": by}), as_json)


def _week(found: Any, as_json: bool) -> None:
    if as_json:
        put_json(found)
        return
    say(
        f"{found['incident']}: review {found['review_at'] or 'none'}" + (f" ({found['over']})" if found["over"] else "")
    )
    rows = [(s["state"], s["id"], s["holder"], s["due_at"][:16], s["title"]) for s in found["steps"]]
    put_table(("state", "step", "with", "due (UTC)", "title"), rows, "No steps.")
    if answers := found["answers"]:
        told = [(a["answer"] or "-", a["person"] or a["attendee"], "now" if a["counts"] else "the earlier time",
                 (a["proposed_at"] or "-")[:16], a["comment"]) for a in answers]  # fmt: skip
        put_table(("answer", "who", "about", "proposes (UTC)", "beside it"), told, "")
