"""Probes: how they stand, by the running server; and one look, by this process."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from tocsin.cli.client import Failed, call, put_json, put_table, say
from tocsin.cli.incident import Json
from tocsin.core.types import Refused

app = typer.Typer(no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME")]


@app.command("list")
def list_(service: Annotated[str | None, typer.Option("--service")] = None, as_json: Json = False) -> None:
    """List the probes with how each stands."""
    items, path = [], "/probes"
    query: dict[str, Any] = {"service": service, "limit": 500}
    while path:
        answer = call("GET", path, **query)
        items += answer["items"]
        query["after"], path = (items[-1]["name"], path) if answer["next"] else ("", "")
    if as_json:
        put_json(items)
        return
    rows = [
        (i["name"], i["service"], i["check"] or i["state"], (i["since"] or "-")[:16], _took(i["milliseconds"]),
         _percent(i["uptime"]["24h"]), i["why"])
        for i in items
    ]  # fmt: skip
    put_table(
        ("probe", "service", "state", "since (UTC)", "took", "up 24 h", "why"), rows, "The runbook has no probes."
    )


@app.command()
def show(name: Name, as_json: Json = False) -> None:
    """Show one probe: how it stands at each node, what changed, what was seen last."""
    item = call("GET", f"/probes/{name}")
    if as_json:
        put_json(item)
        return
    say(f"{item['name']}: {item['check'] or item['state']}{', ' + item['why'] if item['why'] else ''}")
    say(f"{item['target']}, every {item['every_seconds']:g} s, for {item['service']}")
    shares = ", ".join(f"{_percent(share)} in {span}" for span, share in item["uptime"].items())
    say(f"since {(item['since'] or '-')[:16]}, last look {(item['at'] or '-')[:16]}; up {shares}")
    changes = [(c["at"][:16], c["check"] or c["state"], c["why"]) for c in item["changes"]]
    put_table(("changed (UTC)", "to", "why"), changes[:10], "No change yet.")
    looks = [
        (r["at"][:19], r["node"], r["check"] or "good", _took(r["milliseconds"]), r["why"]) for r in item["results"]
    ]
    put_table(("look (UTC)", "node", "saw", "took", "why"), looks[:10], "No look yet.")


@app.command()
def run(
    name: Name,
    runbook: Annotated[
        Path | None, typer.Option("--runbook", help="read this file instead of this machine's database")
    ] = None,
    as_json: Json = False,
) -> None:
    """Look once, from here, and say what was seen; nothing is kept or told. Exit 1 when it is not good."""
    from tocsin import wiring  # noqa: PLC0415 - slow to load
    from tocsin.net import Network  # noqa: PLC0415
    from tocsin.prober import look_at  # noqa: PLC0415
    from tocsin.usecases import probes  # noqa: PLC0415
    from tocsin.web.api_probes import look_json  # noqa: PLC0415

    try:
        probe, data = wiring.ask_oncall(probes.one, name, runbook=runbook)
    except (wiring.NoStart, Refused) as error:
        raise Failed(str(error)) from None
    clock = wiring.Clock()

    async def once() -> Any:
        network = Network(say, clock)
        try:
            return await look_at(network, probe, data, clock)
        finally:
            await network.close()

    look = asyncio.run(once())
    if as_json:
        put_json({"name": name, "target": probe.target, **look_json(look)})
    else:
        took = f", {_took(look.milliseconds)}" if look.milliseconds is not None else ""
        say(f"{name}: {look.check or 'good'}{took}{f': {look.why}' if look.why else ''}")
    if look.check:
        raise typer.Exit(1)


def _took(milliseconds: int | None) -> str:
    return "-" if milliseconds is None else f"{milliseconds} ms"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{int(share * 10_000) / 100:g} %"
