"""Silences and planned work, and merging and splitting incidents, through the running server."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tocsin.cli.client import call, put_json, put_table, say
from tocsin.cli.incident import By, Json, Name, Reason, show_one
from tocsin.cli.oncall import From, Id, instant_of, iso

silences = typer.Typer(no_args_is_help=True)
maintenance = typer.Typer(no_args_is_help=True)

Matchers = Annotated[
    list[str], typer.Argument(metavar="MATCHER...", help="service=api, labels.env!=test, text=~disk.*")
]
For = Annotated[str | None, typer.Option("--for", help="how long, such as 2h")]
Until = Annotated[str | None, typer.Option("--until", help="an instant such as 2026-12-24T09:00Z")]
Start = Annotated[str | None, typer.Option("--from", help="an instant; else now")]
Repeat = Annotated[str | None, typer.Option("--repeat", help="such as FREQ=WEEKLY;BYDAY=SU")]
Zone = Annotated[str, typer.Option("--timezone", help="in whose local time it comes again")]
Yes = Annotated[bool, typer.Option("--yes", help="though it matches everything, or is longer than a week")]


@silences.command("list")
def list_(
    ended: Annotated[bool, typer.Option("--ended", help="those of the last 30 days that are over, too")] = False,
    as_json: Json = False,
) -> None:
    """List silences, with how many alerts each holds back now."""
    items = call("GET", "/silences", ended=ended or None)["items"]
    if as_json:
        put_json(items)
        return
    rows = [
        (i["state"], ", ".join(i["matchers"]), i["until"][:16], str(i["holding"]), i["by"], i["reason"], i["id"])
        for i in items
    ]
    put_table(("state", "matchers", "until (UTC)", "holds", "by", "reason", "id"), rows, "Nothing is silenced.")


@silences.command("add")
def add(
    matchers: Matchers, reason: Annotated[str, typer.Option("--reason", help="why, for whoever reads it tonight")],
    for_: For = None, until: Until = None, from_: Start = None, repeat: Repeat = None, timezone: Zone = "UTC",
    yes: Yes = False, by: By = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Hold back what matches all of the matchers: it is kept with its rule, and pages nobody until the end."""
    body = {
        "matchers": matchers, "reason": reason, "for": for_, "until": iso(instant_of(until)),
        "from": iso(instant_of(from_)), "repeat": repeat, "timezone": timezone, "confirm": yes, "by": by,
    }  # fmt: skip
    _told(call("POST", "/silences", body), as_json)


@silences.command("extend")
def extend(
    id_: Id, for_: For = None, until: Until = None, yes: Yes = False, by: By = None, as_json: Json = False
) -> None:
    """Give a silence another end, counted from now or as an instant."""
    body = {"for": for_, "until": iso(instant_of(until)), "confirm": yes, "by": by}
    _told(call("POST", f"/silences/{id_}/extend", body), as_json)


@silences.command("end")
def end(id_: Id, by: By = None, as_json: Json = False) -> None:
    """End a silence now: what it holds back and still fires is paged."""
    _told(call("POST", f"/silences/{id_}/end", {"by": by}), as_json)


@silences.command("held")
def held(
    firing: Annotated[bool, typer.Option("--firing", help="only what is held back now")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=500)] = 50, as_json: Json = False,
) -> None:  # fmt: skip
    """List the alerts that are or were held back, each with its rule."""
    items = call("GET", "/held", firing=firing or None, limit=limit)["items"]
    if as_json:
        put_json(items)
        return
    rows = [
        (i["held_since"][:16], i["outcome"] or "held", i["service"] or "-", i["title"], i["held_rule"]) for i in items
    ]  # fmt: skip
    put_table(("since (UTC)", "state", "service", "title", "rule"), rows, "Nothing was held back.")


def _told(one: Any, as_json: bool) -> None:
    if as_json:
        put_json(one)
        return
    again = f", again by {one['repeat']} ({one['timezone']})" if one["repeat"] else ""
    say(f"{one['state']}: {', '.join(one['matchers'])} until {one['until']}{again} ({one['id']})")


# --------------------------------------------------------------------------------------------- planned work


@maintenance.command("list")
def list_work(as_json: Json = False) -> None:
    """List planned work."""
    items = call("GET", "/maintenance")["items"]
    if as_json:
        put_json(items)
        return
    rows = [
        (i["status"], i["from"][:16], i["until"][:16], i["repeat"] or "-", ", ".join(i["hold"]) or "-", i["title"],
         i["id"])
        for i in items
    ]  # fmt: skip
    put_table(("state", "from (UTC)", "until (UTC)", "again", "holds back", "title", "id"), rows, "No work is planned.")


@maintenance.command("add")
def add_work(
    title: Annotated[str, typer.Argument(metavar="TITLE")], from_: From, until: Annotated[str, typer.Option("--until")],
    component: Annotated[list[str] | None, typer.Option("--component", help="may be repeated")] = None,
    hold: Annotated[list[str] | None, typer.Option("--hold", help="a matcher; may be repeated")] = None,
    text: Annotated[str, typer.Option("--text")] = "", repeat: Repeat = None, timezone: Zone = "UTC",
    yes: Yes = False, by: By = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Announce planned work on the status page; --hold keeps what it explains from paging meanwhile."""
    body = {
        "title": title, "text": text, "components": component or [], "from": iso(instant_of(from_)),
        "until": iso(instant_of(until)), "hold": hold or [], "repeat": repeat, "timezone": timezone, "confirm": yes,
        "by": by,
    }  # fmt: skip
    made = call("POST", "/maintenance", body)
    if as_json:
        put_json(made)
    else:
        say(f"{made['title']}: {made['from']} to {made['until']} ({made['id']})")


@maintenance.command("end")
def end_work(id_: Id) -> None:
    """Take planned work back; what it holds back and still fires is paged."""
    call("DELETE", f"/maintenance/{id_}")
    say("ended")


# --------------------------------------------------------------------------------------------- incidents


def merge(incident: Name, into: str, reason: Reason = "", by: By = None, as_json: Json = False) -> None:
    """Let an incident go on in another: tocsin incident merge INC-5 INC-3."""
    show_one(call("POST", f"/incidents/{incident}/merge", {"into": into, "reason": reason, "by": by}), as_json)


def split(
    incident: Name,
    alert: Annotated[list[str] | None, typer.Option("--alert", help="its id; may be repeated")] = None,
    reason: Reason = "", by: By = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Undo a merge; with --alert take alerts out of an incident into a new one."""
    body = {"alerts": alert or None, "reason": reason, "by": by}
    show_one(call("POST", f"/incidents/{incident}/split", body), as_json)
