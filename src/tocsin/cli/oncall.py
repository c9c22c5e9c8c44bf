"""Who is on call, who stands in, who is away; swaps of turns and calendar links."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from tocsin.cli.client import Failed, NoServer, call, put_json, put_table, say
from tocsin.cli.incident import By, Json, Reason
from tocsin.core.types import Refused

overrides = typer.Typer(no_args_is_help=True)
absences = typer.Typer(no_args_is_help=True)
swaps = typer.Typer(no_args_is_help=True)
calendars = typer.Typer(no_args_is_help=True)

Id = Annotated[str, typer.Argument(metavar="ID")]
From = Annotated[str, typer.Option("--from", help="an instant such as 2026-12-24T09:00Z")]
Until = Annotated[str, typer.Option("--until", help="an instant")]
Schedule = Annotated[str, typer.Option("--schedule")]


def oncall(
    schedule: Annotated[str | None, typer.Argument(metavar="[SCHEDULE]")] = None,
    at: Annotated[str | None, typer.Option("--at", help="an instant such as 2026-12-24T09:00Z")] = None,
    from_: Annotated[str | None, typer.Option("--from", help="list the shifts from this instant on")] = None,
    until: Annotated[str | None, typer.Option("--until", help="list the shifts before this instant")] = None,
    runbook: Annotated[
        Path | None, typer.Option("--runbook", help="read this file instead of asking the server")
    ] = None,
    as_json: Json = False,
) -> None:
    """Say who is on call, now or at an instant, or list the shifts; without a server from its database or a file."""
    query = {"at": instant_of(at), "from": instant_of(from_), "until": instant_of(until), "schedule": schedule}
    if runbook is not None:
        items = _alone(runbook, query)
    else:
        try:
            items = call("GET", "/oncall", **{name: iso(value) for name, value in query.items()})["items"]
        except NoServer:
            items = _alone(None, query)
    if as_json:
        put_json(items)
        return
    rows = [
        (i["schedule"], ", ".join(i["people"]) or "nobody", (i["from"] or "-")[:16], (i["until"] or "-")[:16], _why(i))
        for i in items
    ]  # fmt: skip
    put_table(("schedule", "on call", "from (UTC)", "until (UTC)", "stands in"), rows, "The runbook has no schedules.")


def instant_of(text: str | None) -> datetime | None:
    """Read an instant with its zone. Raises Failed."""
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise Failed(f"not an instant: {text}; such as 2026-12-24T09:00Z", 2) from None
    if instant.tzinfo is None:
        raise Failed("an instant needs a zone: add Z for UTC", 2)
    return instant.astimezone(UTC)


def iso(value: Any) -> Any:
    """Write an instant for the API."""
    return value.isoformat() if isinstance(value, datetime) else value


def _why(shift: Any) -> str:
    away = [f"for {one['of']}, away: {one['reason']}" for one in shift["instead"]]
    return "; ".join([*([shift["override"]] if shift["override"] else []), *away])


def _alone(runbook: Path | None, query: dict[str, Any]) -> list[Any]:
    """Ask the resolver in this process, with the answers of the API."""
    from tocsin import wiring  # noqa: PLC0415 - slow to load
    from tocsin.web import api_oncall  # noqa: PLC0415

    try:
        found: list[Any] = wiring.ask_oncall(
            api_oncall.answer, query["at"], query["from"], query["until"], query["schedule"], runbook=runbook
        )
    except (wiring.NoStart, Refused) as error:
        raise Failed(str(error)) from None
    return found


def _put(items: Any, as_json: bool, columns: tuple[str, ...], empty: str) -> None:
    if as_json:
        put_json(items)
    else:
        put_table(columns, [tuple(str(i.get(c) or "-") for c in columns) for i in items], empty)


# --------------------------------------------------------------------------------------------- stand-ins


@overrides.command("list")
def list_overrides(as_json: Json = False) -> None:
    """List the stand-ins in force or to come."""
    columns = ("id", "schedule", "person", "replaces", "from", "until", "reason")
    _put(call("GET", "/overrides")["items"], as_json, columns, "Nobody stands in.")


@overrides.command("add")
def add_override(
    schedule: Schedule,
    person: Annotated[str, typer.Option("--person", help="who stands in")],
    from_: From,
    until: Until,
    replaces: Annotated[str | None, typer.Option("--replaces", help="in whose place; else in everybody's")] = None,
    reason: Reason = "", by: By = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Let somebody stand in for a span of a schedule."""
    body = {"schedule": schedule, "person": person, "replaces": replaces, "reason": reason, "by": by}
    _made(call("POST", "/overrides", {**body, **_span(from_, until)}), as_json, f"{person} stands in on {schedule}")


@overrides.command("end")
def end_override(id_: Id) -> None:
    """End an override."""
    call("DELETE", f"/overrides/{id_}")
    say("ended")


@absences.command("list")
def list_absences(as_json: Json = False) -> None:
    """List who is away, or will be."""
    _put(call("GET", "/absences")["items"], as_json, ("id", "person", "from", "until", "reason"), "Nobody is away.")


@absences.command("add")
def add_absence(
    person: Annotated[str, typer.Option("--person")], from_: From, until: Until, reason: Reason = "", by: By = None,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Say that somebody is away: their turns go to the next of the rotation."""
    body = {"person": person, "reason": reason, "by": by, **_span(from_, until)}
    _made(call("POST", "/absences", body), as_json, f"{person} is away")


@absences.command("end")
def end_absence(id_: Id) -> None:
    """End an absence."""
    call("DELETE", f"/absences/{id_}")
    say("ended")


def _span(from_: str, until: str) -> dict[str, str]:
    return {"from": iso(instant_of(from_)), "until": iso(instant_of(until))}


def _made(made: Any, as_json: bool, text: str) -> None:
    if as_json:
        put_json(made)
    else:
        say(f"{text}, {made['from']} to {made['until']} ({made['id']})")


# --------------------------------------------------------------------------------------------- swaps


@swaps.command("list")
def list_swaps(state: Annotated[str | None, typer.Option("--state")] = None, as_json: Json = False) -> None:
    """List swaps, the newest first."""
    columns = ("id", "schedule", "asker", "other", "state", "from", "until")
    _put(call("GET", "/swaps", state=state)["items"], as_json, columns, "No swap.")


@swaps.command("ask")
def ask_swap(
    schedule: Schedule,
    other: Annotated[str, typer.Option("--with", help="whose turn you want")],
    from_: From,
    until: Until,
    back_from: Annotated[str, typer.Option("--back-from", help="when their turn begins")],
    back_until: Annotated[str, typer.Option("--back-until", help="and when it ends")],
    reason: Reason = "", by: By = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Ask somebody to take your turn, and take theirs."""
    body = {"schedule": schedule, "other": other, "reason": reason, "by": by, "back": _span(back_from, back_until)}
    _made(call("POST", "/swaps", {**body, **_span(from_, until)}), as_json, f"{other} is asked")


def _answer(id_: str, verb: str, by: str | None) -> None:
    say(call("POST", f"/swaps/{id_}/{verb}", {"by": by})["state"])


@swaps.command()
def accept(id_: Id, by: By = None) -> None:
    """Take the turn that you were asked for."""
    _answer(id_, "accept", by)


@swaps.command()
def decline(id_: Id, by: By = None) -> None:
    """Keep your turn."""
    _answer(id_, "decline", by)


@swaps.command()
def withdraw(id_: Id, by: By = None) -> None:
    """Ask no longer."""
    _answer(id_, "withdraw", by)


# --------------------------------------------------------------------------------------------- calendar links


@calendars.command("list")
def list_calendars(as_json: Json = False) -> None:
    """List the links to calendars, without their secrets."""
    _put(call("GET", "/calendars")["items"], as_json, ("id", "schedule", "person", "by", "created_at"), "No link.")


@calendars.command("create")
def create_calendar(
    schedule: Annotated[str | None, typer.Option("--schedule")] = None,
    person: Annotated[str | None, typer.Option("--person")] = None,
    by: By = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Make a secret link to the calendar of a schedule or a person."""
    made = call("POST", "/calendars", {"schedule": schedule, "person": person, "by": by})
    if as_json:
        put_json(made)
    else:
        say(f"{made['url']}\nKeep it: it is shown only now. To revoke it: tocsin calendar revoke {made['id']}")


@calendars.command("revoke")
def revoke_calendar(id_: Id) -> None:
    """Revoke a link: it opens nothing any more."""
    call("DELETE", f"/calendars/{id_}")
    say("revoked")
