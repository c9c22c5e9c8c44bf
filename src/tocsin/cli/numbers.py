"""The numbers of a span, through the running server."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

import typer

from tocsin.cli.client import call, put_json, put_table, say
from tocsin.cli.incident import Json


def numbers(
    from_: Annotated[str | None, typer.Option("--from", help="an instant or a day, in UTC")] = None,
    until: Annotated[str | None, typer.Option("--until", help="the same; it is not part of the span")] = None,
    severity: Annotated[str | None, typer.Option("--severity")] = None,
    service: Annotated[str | None, typer.Option("--service")] = None,
    as_json: Json = False,
) -> None:
    """Show how fast incidents were answered, which promises were kept, and who was paged when."""
    span = {"from": from_, "until": until}
    found = call("GET", "/metrics/response", severity=severity, service=service, **span)
    if as_json:
        put_json(found)
        return
    rows = [_severity(name, count, found) for name, count in found["incidents"].items()]
    columns = ("severity", "incidents", "acknowledged p50 / p90", "resolved p50 / p90", "promises kept", "breached")
    put_table(columns, rows, "No severity.")
    say(f"{sum(found['incidents'].values())} incidents, {found['pages']} pages")
    people = [(p["person"], str(p["pages"]), str(p["night"]), str(p["weekend"])) for p in found["people"]]
    put_table(("person", "pages", "at night", "on weekends"), people, "Nobody was paged.")
    if found["still_counting"]:
        say("Older incidents are still being counted.")


def _severity(name: str, count: int, found: Any) -> tuple[str, ...]:
    group, sla = found["by_severity"][name], found["sla"][name]
    times = (_times(group[key]) for key in ("seconds_to_acknowledge", "seconds_to_resolve"))
    return (name, str(count), *times, str(sla["kept"]), str(sla["breached"]))


def _times(times: Any) -> str:
    if not times["count"]:
        return "-"
    return " / ".join(str(timedelta(seconds=round(times[key]))) for key in ("p50", "p90"))
