"""The command line: parse, call, print. Exit 0: done; 1: refused or found wanting; 2: wrong use."""

from __future__ import annotations

import sys

import typer

from tocsin.cli import (
    action,
    action_item,
    backup,
    diagnosis,
    drill,
    handoff,
    incident,
    keys,
    noise,
    numbers,
    oncall,
    people,
    postmortem,
    probe,
    runbook,
    server,
    status,
    texts,
    ticket,
)  # fmt: skip
from tocsin.cli.client import Failed
from tocsin.simulate.command import command as simulate

app = typer.Typer(
    name="tocsin", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    help="Runs your incident runbook, from the first signal to the published postmortem.",
)  # fmt: skip

app.command("serve")(server.serve)
app.command("init")(runbook.init)
app.command("check")(runbook.check)
app.command("oncall")(oncall.oncall)
app.command("declare")(incident.declare)
app.command("page")(people.page)
app.command("numbers")(numbers.numbers)
app.command("verify")(server.verify)
app.command("migrate")(server.migrate)
app.command("backup")(backup.backup)
app.command("restore")(backup.restore)
app.command("simulate")(simulate)
app.command("drill")(drill.drill)
incident.app.command("merge")(noise.merge)
incident.app.command("split")(noise.split)
incident.app.command("diagnose")(diagnosis.diagnose)
app.add_typer(texts.app, name="incident", help="See and lead incidents.")  # of both modules
app.add_typer(handoff.app, name="handoff", help="See shift changes, and confirm that you have the pager.")
app.add_typer(people.app, name="people", help="How people are reached, and what proves it.")
app.add_typer(ticket.app, name="ticket", help="See and close tickets.")
app.add_typer(action.app, name="action", help="Actions: what is done to the outside, and by whose approval.")
app.add_typer(action_item.app, name="action-item", help="Action items: what is agreed after incidents.")
app.add_typer(probe.app, name="probe", help="How targets stand, and one look at one.")
app.add_typer(postmortem.app, name="postmortem", help="Postmortems: read, check, write, publish; and their review.")
app.add_typer(status.app, name="status", help="The status page.")
app.add_typer(oncall.overrides, name="override", help="Who stands in.")
app.add_typer(oncall.absences, name="absence", help="Who is away.")
app.add_typer(oncall.swaps, name="swap", help="Swaps of turns.")
app.add_typer(oncall.calendars, name="calendar", help="Secret links to calendars.")
app.add_typer(runbook.triage, name="triage", help="Try the triage rules.")
app.add_typer(noise.silences, name="silence", help="Silences, and what they hold back.")
app.add_typer(noise.maintenance, name="maintenance", help="Planned work on the status page.")
app.add_typer(keys.key, name="key", help="Ingest keys, one for each source.")
app.add_typer(keys.token, name="token", help="API tokens.")
app.add_typer(keys.user, name="user", help="People who sign in with a password.")


def main() -> None:
    """Run the command line; every expected failure is one sentence on standard error."""
    try:
        app()
    except Failed as error:
        print(f"tocsin: {error}", file=sys.stderr)
        sys.exit(error.code)
