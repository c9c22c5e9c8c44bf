"""See and lead incidents, through the running server."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tocsin.cli.client import call, put_json, put_table, say

app = typer.Typer(no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="print JSON")]
Name = Annotated[str, typer.Argument(metavar="INCIDENT", help="INC-42 or 42")]
By = Annotated[str | None, typer.Option("--by", help="the person for whom you act")]
Reason = Annotated[str, typer.Option("--reason")]


def declare(
    severity: Annotated[str, typer.Option("--severity", help="P0 (worst) to P3")],
    title: Annotated[str, typer.Option("--title", help="what is broken")],
    service: Annotated[str | None, typer.Option("--service")] = None,
    impact: Annotated[str | None, typer.Option("--impact", help="who notices, and how")] = None,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Declare an incident: it pages, and its protocol starts."""
    body = {"severity": severity, "title": title, "service": service, "impact": impact, "by": by}
    show_one(call("POST", "/incidents", body), as_json)


@app.command("list")
def list_(
    status: Annotated[str | None, typer.Option("--status")] = None,
    severity: Annotated[str | None, typer.Option("--severity")] = None,
    service: Annotated[str | None, typer.Option("--service")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=500)] = 50,
    search: Annotated[str | None, typer.Option("--search", help="those that have each of these words")] = None,
    as_json: Json = False,
) -> None:
    """List incidents, newest first."""
    found = {"status": status, "severity": severity, "service": service, "limit": limit, "q": search}
    items = call("GET", "/incidents", **found)["items"]
    if as_json:
        put_json(items)
        return
    rows = [
        (i["id"], i["severity"], i["status"], i["service"] or "-", i["commander"] or "-", i["title"]) for i in items
    ]  # fmt: skip
    put_table(("id", "sev", "status", "service", "commander", "title"), rows, "No incident.")


@app.command()
def show(incident: Name, as_json: Json = False, timeline: Annotated[bool, typer.Option("--timeline")] = False) -> None:
    """Show one incident: its state, its duties, and with --timeline what happened."""
    found = call("GET", f"/incidents/{incident}")
    entries = call("GET", f"/incidents/{incident}/timeline")["items"] if timeline else []
    if as_json:
        put_json({**found, "timeline": entries} if timeline else found)
        return
    show_one(found, as_json=False)
    for entry in entries:
        detail = ", ".join(f"{k}={v}" for k, v in entry["data"].items() if isinstance(v, (str, int)))
        say(f"{entry['at'][11:16]}  {entry['kind']}  {entry['actor']}  {detail}")


@app.command("pages")
def pages(incident: Name, as_json: Json = False) -> None:
    """Show who was paged for an incident, what became of it, and why it was them."""
    from tocsin.core import because  # noqa: PLC0415

    items = call("GET", "/pages", incident=incident, limit=500)["items"]
    if as_json:
        put_json(items)
        return
    for i in reversed(items):
        say(f"{i['requested_at'][:16]}  {i['person']}  {i['state']}  {i['reason']}")
        for heading, text in because.lines(i["because"]) if i["because"] else ():
            say(f"    {heading}: {text}")
    if not items:
        say("Nobody was paged for this incident.")


def show_one(i: Any, as_json: bool) -> None:
    """Print one incident."""
    if as_json:
        put_json(i)
        return
    say(f"{i['id']}  {i['severity']}  {i['status']}  {i['title']}")
    say(f"service {i['service'] or '-'} · commander {i['commander'] or 'unassigned'} · declared {i['declared_at']}")
    say(i["link"])
    for c in i["clocks"]:
        say(f"{c['clock']}: {c['state'].replace('_', ' ')}, due {c['due_at'][:16]} UTC")
    if i["roles_missing"]:
        say(f"nobody is {', '.join(i['roles_missing'])}")
    if i["ticket"]:
        say(f"ticket {i['ticket']['id']} ({i['ticket']['tracker']}, {i['ticket']['state']})")
    rows = [(d["state"], d["id"], d["holder"], (d["due_at"] or "-")[:16], d["title"]) for d in i["duties"]]
    put_table(("state", "duty", "with", "due (UTC)", "title"), rows, "No duties.")


def _act(incident: str, action: str, body: dict[str, Any], as_json: bool) -> None:
    show_one(call("POST", f"/incidents/{incident}/{action}", body), as_json)


@app.command()
def ack(incident: Name, by: By = None, as_json: Json = False) -> None:
    """Acknowledge: I have it, stop paging."""
    _act(incident, "acknowledge", {"by": by}, as_json)


@app.command("pass")
def pass_(incident: Name, reason: Reason = "", by: By = None, as_json: Json = False) -> None:
    """I can't take it: page the next step at once."""
    _act(incident, "pass", {"reason": reason, "by": by}, as_json)


@app.command()
def update(
    incident: Name,
    summary: Annotated[str | None, typer.Option("--summary")] = None,
    status: Annotated[str | None, typer.Option("--status", help="investigating, identified, monitoring")] = None,
    next_steps: Annotated[str | None, typer.Option("--next-steps")] = None,
    eta: Annotated[str | None, typer.Option("--eta")] = None,
    impact: Annotated[str | None, typer.Option("--impact")] = None,
    public: Annotated[bool, typer.Option("--public")] = False,
    next_update: Annotated[str | None, typer.Option("--next-update", help="the promise, such as 15m")] = None,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Post a status update."""
    body = {
        "summary": summary, "status": status, "next_steps": next_steps, "eta": eta, "impact": impact,
        "public": public, "next_update": next_update, "by": by,
    }  # fmt: skip
    _act(incident, "update", body, as_json)


Was = Annotated[str | None, typer.Option("--was", help="what you saw; where it is another by now, nothing is changed")]


@app.command()
def assign(incident: Name, role: str, person: str, was: Was = None, by: By = None, as_json: Json = False) -> None:
    """Give a role (commander, communications, scribe) to a person; "nobody" gives it up."""
    whom = None if person == "nobody" else person
    _act(incident, "assign", {"role": role, "person": whom, "was": was, "by": by}, as_json)


@app.command()
def severity(
    incident: Name, severity: str, reason: Reason = "", was: Was = None, by: By = None, as_json: Json = False
) -> None:
    """Change the severity; the same severity confirms it."""
    _act(incident, "severity", {"severity": severity, "reason": reason, "was": was, "by": by}, as_json)


@app.command("write-up")
def write_up(
    incident: Name,
    text: Annotated[str, typer.Argument(help="what happened, why, and what was done; - reads standard input")],
    by: By = None,
    as_json: Json = False,
) -> None:
    """Publish the quick write-up of a resolved incident."""
    said = typer.get_text_stream("stdin").read() if text == "-" else text
    _act(incident, "write-up", {"text": said, "by": by}, as_json)


@app.command()
def escalate(incident: Name, reason: Reason = "", by: By = None, as_json: Json = False) -> None:
    """Page the next step of the policy now."""
    _act(incident, "escalate", {"reason": reason, "by": by}, as_json)


@app.command()
def resolve(
    incident: Name,
    root_cause: Annotated[str | None, typer.Option("--root-cause")] = None,
    resolution: Annotated[str | None, typer.Option("--resolution")] = None,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Resolve: the all-clear goes out."""
    _act(incident, "resolve", {"root_cause": root_cause, "resolution": resolution, "by": by}, as_json)


@app.command()
def reopen(incident: Name, reason: Reason = "", by: By = None, as_json: Json = False) -> None:
    """Reopen: it is not over."""
    _act(incident, "reopen", {"reason": reason, "by": by}, as_json)


@app.command()
def extend(
    incident: Name,
    for_: Annotated[str | None, typer.Option("--for", help="such as 2h")] = None,
    reason: Reason = "",
    by: By = None,
    as_json: Json = False,
) -> None:
    """Declare an extended incident."""
    _act(incident, "extend", {"for": for_, "reason": reason, "by": by}, as_json)


@app.command()
def note(incident: Name, text: str, by: By = None, as_json: Json = False) -> None:
    """Put a note on the timeline."""
    _act(incident, "note", {"text": text, "by": by}, as_json)


@app.command()
def checked(incident: Name, duty: str, by: By = None, as_json: Json = False) -> None:
    """Tick a duty."""
    _act(incident, "checked", {"duty": duty, "by": by}, as_json)
