"""Looking for the cause of an incident, through the running server."""

from __future__ import annotations

import time
from typing import Annotated, Any, Final

import typer

from tocsin.cli.client import call, put_json, say
from tocsin.cli.incident import By, Json, Name

AT_MOST_SECONDS: Final = 45  # to wait for the assessment, which comes within 30
POLL_SECONDS: Final = 0.5


def diagnose(
    incident: Name,
    wait: Annotated[bool, typer.Option(help="for what is found")] = True,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Look at all tools anew, and print the likely causes and what was found."""
    found = call("POST", f"/incidents/{incident}/diagnose", {"by": by})
    until = time.monotonic() + AT_MOST_SECONDS
    while wait and found["diagnosis"]["running"] and time.monotonic() < until:
        time.sleep(POLL_SECONDS)
        found = call("GET", f"/incidents/{incident}")
    if as_json:
        put_json({name: found[name] for name in ("causes", "findings", "diagnosis")})
    else:
        _print(found)


def _print(found: Any) -> None:
    from tocsin.core.diagnosis import LIKELY  # noqa: PLC0415 - slow to load

    if found["diagnosis"]["running"]:
        say(f"Looking: {len(found['diagnosis']['waiting'])} of {len(found['diagnosis']['looking'])} are awaited.")
    for cause in found["causes"]:
        say(f"{'Likely' if cause['score'] >= LIKELY else 'Possible'}: {cause['kind']}. {cause['reason']}.")
    if not found["causes"]:
        say("No likely cause was found.")
    for finding in found["findings"]:
        mark = "not seen" if finding["failed"] else "fine" if finding["ok"] and not finding["suspect"] else "look"
        say(f"  {mark:8}  {finding['source']}: {finding['text']}" + (f"  {finding['link']}" if finding["link"] else ""))
