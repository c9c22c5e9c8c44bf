"""The runbook: start one, check it, ask it what an alert would do."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from tocsin.cli.client import Failed, NoServer, call, put_json, put_table, say
from tocsin.cli.incident import Json

triage = typer.Typer(no_args_is_help=True)
File = Annotated[Path, typer.Argument(metavar="FILE", help="the runbook")]

STARTER = """\
# A starter runbook. `tocsin check runbook.yaml` explains what is wrong; `tocsin serve --runbook runbook.yaml` obeys it.
version: 1

organization:
  name: Our organization
  timezone: UTC

people:
  me:
    name: Me
    email: me@example.org
    roles: [admin, responder]
    notify:
      high: [{via: email}]        # add telegram, sms or call with `after: 2m`
      low:  [{via: email}]

teams:
  core: {lead: me, members: [me]}

schedules:
  primary:
    rotation: {people: [me], every: 1w, hand_off: "mon 09:00", starts: 2026-01-05}

escalation_policies:
  default:
    steps:
      - {page: [schedule:primary]}
      - {page: [everyone], after: 10m}
    repeat: 3

services:
  website: {team: core, component: Website, tier: 1}

severities:
  P0: {title: Critical, respond_within: 15m, resolve_within: 1h, page: [everyone], urgency: high, protocol: critical, postmortem: required}
  P2: {title: Degraded, respond_within: 2h, resolve_within: 1d, page: [on_call], urgency: low, protocol: backlog}

triage:                            # first match wins; what nothing matches opens a P2
  - {match: {severity: critical}, severity: P0}

protocols:
  critical:
    duties:
      - {id: acknowledge,  at: 0m, within: 15m, owner: on_call,   title: Acknowledge,                     done_by: acknowledged}
      - {id: first_update, at: 0m, within: 15m, owner: commander, title: First status update posted,      done_by: update_posted}
      - {id: updates,      every: 15m,          owner: commander, title: Status update every 15 minutes,  done_by: update_posted}
      - {id: all_clear,    at: 0m, within: 2h,  owner: commander, title: All-clear OR extended incident,  done_by: [resolved, extended]}
  backlog:
    duties:
      - {id: prioritize, at: 0m, within: next business day, owner: on_call, title: Prioritize, done_by: checked}

channels:
  email: {smtp: {host: 127.0.0.1, port: 25, from: incidents@example.org, security: none}}

templates:
  status_update: |
    **{status}** {summary}
    Next: {next_steps} (ETA {eta})
"""  # noqa: E501 - the file's own lines


def init(file: File = Path("runbook.yaml")) -> None:
    """Write a commented starter runbook."""
    if file.exists():
        raise Failed(f"{file} is there already; name another file")
    file.write_text(STARTER, encoding="utf-8")
    say(f"Wrote {file}. Next: tocsin check {file}")


def read_text(file: Path) -> str:
    """Read a file as text. Raises Failed."""
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Failed(f"cannot read {file}: {error}") from None


def check(
    file: File,
    strict: Annotated[bool, typer.Option("--strict", help="findings fail it too")] = False,
    connect: Annotated[
        bool,
        typer.Option("--connect", help="test what it connects, too; nothing is changed"),
    ] = False,
    as_json: Json = False,
) -> None:
    """Check a runbook: errors with line and key, then how ready it is."""
    from tocsin import plugins, runbook_file, wiring  # noqa: PLC0415

    environment, now = wiring.read_settings().environment, datetime.now(UTC)  # noqa: TID251
    report = runbook_file.check(read_text(file), environment, now, plugins.load().looks)
    report["findings"] = _with_servers(report, runbook_file.version_of(read_text(file)))
    tried = wiring.try_connections(read_text(file)) if connect and not report["errors"] else []
    if connect:
        report["connections"] = [one.json for one in tried]
    if as_json:
        put_json(report)
    else:
        _print_report(file, report)
    if connect and not as_json and not report["errors"]:
        _print_connections(report["connections"])
    broken = any(one.state == "fails" for one in tried)
    if report["errors"] or broken or (strict and report["findings"]):
        raise typer.Exit(1)


CAN: Final = {True: "yes", False: "no", None: "-"}
STATES: Final = {"works": "works", "fails": "does not work", "left_out": "left out", "no_test": "no test"}


def _print_connections(found: list[Any]) -> None:
    rows = [
        (one["where"], one["title"], STATES[one["state"]], CAN[one["reads"]], CAN[one["acts"]],
         "; ".join(filter(None, [one["text"], *one["missing"]])))
        for one in found
    ]  # fmt: skip
    put_table(("connection", "to", "state", "reads", "acts", "what was seen, what is missing"), rows,
              "It connects nothing.")  # fmt: skip


def _with_servers(report: Any, version: str) -> list[Any]:
    """Add what the running server knows beside the file, where one is there and obeys this very text."""
    found = list(report["findings"])
    try:
        known = call("GET", "/readiness")
    except Failed:
        return found
    if known["runbook_version"] == version:
        texts = {(finding["kind"], finding["subject"]) for finding in found}
        fresh = ({name: f[name] for name in ("kind", "subject", "text")} for f in known["findings"])
        found += [finding for finding in fresh if (finding["kind"], finding["subject"]) not in texts]
    return found


def _print_report(file: Path, report: Any) -> None:
    for title, problems in (("error", report["errors"]), ("warning", report["warnings"])):
        for p in problems:
            say(f"{file}:{p['line']}: {title}: {p['key']}: found {p['found']}; accepted: {p['accepted']}")
    for finding in report["findings"]:
        say(f"finding: {finding['kind']}: {finding['subject']}: {finding['text']}")
    counts = {name: len(report[name]) for name in ("errors", "warnings", "findings")}
    say(", ".join(f"{count} {name if count != 1 else name[:-1]}" for name, count in counts.items()))


@triage.command("test")
def triage_test(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="a payload")],
    source: Annotated[str | None, typer.Option("--source", help="whose shape it has; else it is guessed")] = None,
    runbook: Annotated[Path | None, typer.Option("--runbook", help="try this file's rules, with nothing open")] = None,
    as_json: Json = False,
) -> None:
    """Show what a payload would do now, without doing it: on the server, else in its database, else by a runbook."""
    from tocsin import wiring  # noqa: PLC0415

    text = read_text(file)
    try:
        results = _try_on_server(text, source) if runbook is None else None
        results = wiring.try_triage(text.encode(), source, runbook) if results is None else results
    except wiring.NoStart as error:
        raise Failed(str(error)) from None
    if as_json:
        put_json(results[0] if len(results) == 1 else results)
        return
    for place, r in enumerate(results, start=1):
        say(f"{place}. {r['action']} {r['key']}: {r['title']} ({r['source']})")
        for line in triage_lines(r):
            say(f"   {line}")
    if not results:
        say("No alert is in it.")


def _try_on_server(text: str, source: str | None) -> list[Any] | None:
    """What the running server says; None when there is none."""
    try:
        found: list[Any] = call("POST", "/triage/test", {"body": text, "source": source})["items"]
    except NoServer:
        return None
    return found


def triage_lines(r: Any) -> list[str]:
    """What would become of one alert, in lines."""
    lines = [f"{r['severity']} on {r['service'] or 'no service'} by {r['rule']}"]
    if r["action"] != "trigger":
        return [*lines, {"resolve": "ends its own episode, if it has one"}.get(r["action"], "pages nobody")]
    if r["disposition"] == "silenced":
        return [*lines, f"held back by {r['held_by']}"]
    if r["disposition"] == "duplicate":
        return [*lines, f"it fires already, in {r['incident'] or 'no incident'}: counted, nobody is paged"]
    joins = f"joins {r['incident']}" + (f": {r['because']}" if r["because"] else "")
    lines.append("opens a new incident" if r["new"] else joins)
    return [*lines, f"would page: {', '.join(r['would_page']) or 'nobody'}"]
