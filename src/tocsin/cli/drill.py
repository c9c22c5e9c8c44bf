"""`tocsin drill`: practise an incident, in a world of its own or with the real people."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from tocsin.cli.client import Failed, NoServer, call, console, put_json, put_table
from tocsin.cli.incident import Json
from tocsin.cli.runbook import STARTER, read_text


def drill(
    severity: Annotated[str | None, typer.Argument(help="P0 to P3: the first scenario of that severity")] = None,
    speed: Annotated[float, typer.Option("--speed", help="how many times as fast as real", min=1, max=3600)] = 60.0,
    scenario: Annotated[str | None, typer.Option("--scenario", help="a name of --list, or a file")] = None,
    runbook: Annotated[
        Path | None, typer.Option("--runbook", help="practise this one; else the server's, else the example")
    ] = None,
    at: Annotated[
        datetime | None,
        typer.Option("--at", help="when it begins (UTC): who is on call then?", formats=["%Y-%m-%dT%H:%M"]),
    ] = None,
    real: Annotated[bool, typer.Option("--real", help="page the real people, through the running server")] = False,
    title: Annotated[str | None, typer.Option("--title", help="with --real: what the drill is about")] = None,
    service: Annotated[str | None, typer.Option("--service", help="with --real")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="with --real: do not ask before paging")] = False,
    plain: Annotated[bool, typer.Option("--plain", help="lines instead of a picture")] = False,
    web: Annotated[bool, typer.Option("--web/--no-web", help="say where the page can be watched")] = True,
    strict: Annotated[bool, typer.Option("--strict", help="exit 1 when a duty was missed")] = False,
    list_: Annotated[bool, typer.Option("--list", help="name the scenarios")] = False,
    as_json: Json = False,
) -> None:
    """Practise an incident: everything happens as it would, marked DRILL, and is scored at the end."""
    if list_:
        _list(as_json)
        return
    if real:
        from tocsin.cli import drill_real  # noqa: PLC0415

        result = drill_real.run(severity, scenario, title, service, yes=yes, plain=plain, as_json=as_json)
    else:
        result = _practise(severity, scenario, speed, runbook, at, plain=plain, web=web, as_json=as_json)
    if strict and result["duties_missed"]:
        raise typer.Exit(1)


def _list(as_json: bool) -> None:
    from tocsin.simulate.scenario import shipped  # noqa: PLC0415

    found = shipped().values()
    if as_json:
        put_json([s.model_dump(mode="json", include={"name", "severity", "title", "example", "lesson"}) for s in found])
        return
    rows = [(s.name, s.severity, s.title, " ".join(s.lesson.split())) for s in found]
    put_table(("name", "sev", "title", "what it teaches"), rows, "No scenario.")


def _practise(
    severity: str | None, wanted: str | None, speed: float, runbook: Path | None, at: datetime | None, *,
    plain: bool, web: bool, as_json: bool,
) -> Any:  # fmt: skip
    """Run a drill in a world of its own; returns its result as JSON."""
    from tocsin import wiring  # noqa: PLC0415 - slow to load
    from tocsin.simulate import drill as world  # noqa: PLC0415
    from tocsin.simulate import score  # noqa: PLC0415
    from tocsin.simulate.drill_view import View, report  # noqa: PLC0415
    from tocsin.simulate.scenario import find  # noqa: PLC0415

    try:
        found = find(wanted, severity)
    except ValueError as error:
        raise Failed(str(error)) from None
    if severity and wanted and found.severity != severity:
        found = found.model_copy(update={"severity": severity})
    text = _runbook(runbook)
    # With --json only the result stands on standard output; nothing else is said at all.
    view = View(Console(quiet=True) if as_json else console, plain=plain or as_json)

    def placed(place: world.Place) -> None:
        view.begins(found.title, place.sign_in if web else "")

    with view:
        watching = world.Watching(placed, view.looked, view.said)
        try:
            done = world.run(
                found, text, speed=speed, environment=wiring.read_settings().environment,
                at=at.replace(tzinfo=UTC) if at else None, watching=watching,
            )  # fmt: skip
        except world.NoDrill as error:
            raise Failed(str(error)) from None
    result = score.to_json(
        done.score, scenario=found.name, speed=speed, greatest_lag_seconds=round(done.lag, 3),
        interrupted=done.interrupted,
    )  # fmt: skip
    if as_json:
        put_json(result)
        return result
    if done.interrupted:
        console.print(Text("ended before its time; what had happened by then is scored", style="yellow"))
    for line in report(done.score):
        console.print(line, soft_wrap=not console.is_terminal)
    return result


def _runbook(file: Path | None) -> str:
    """The text of the runbook to practise: the file named, the one of the settings, the server's, the example's."""
    from tocsin import wiring  # noqa: PLC0415

    named = file or wiring.read_settings().runbook
    if named:
        return read_text(named)
    try:
        return str(call("GET", "/runbook")["text"])
    except NoServer:
        pass
    except Failed as error:
        raise Failed(f"{error}; name a runbook with --runbook") from None
    return read_text(wiring.EXAMPLE) if wiring.EXAMPLE.exists() else STARTER
