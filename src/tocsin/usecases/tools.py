"""The team's tools that a runbook names, and with which settings each is looked at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tocsin.core.diagnosis import OWN, Tool
from tocsin.core.runbook import Runbook
from tocsin.usecases.configure import Setup

SECRET_AT_LEAST: Final = 6  # characters; shorter ones would take harmless words out of a text
_SECRET: Final = ("token", "secret", "password", "dsn", "key")


def named(setup: Setup, runbook: Runbook) -> tuple[Tool, ...]:
    """The tools that `diagnose` names, in its order, each once; with why where one cannot be looked at."""
    names = [name for name in dict.fromkeys(runbook.diagnose) if name not in OWN]
    return tuple(_tool(setup, runbook, name) for name in names)


def _tool(setup: Setup, runbook: Runbook, name: str) -> Tool:
    known = setup.plugins.diagnosers.get(name)
    if known is None:
        return Tool(name, name, "no integration that is installed looks at it")
    return Tool(name, known.title, why_not(runbook, name, known.needs))


def why_not(runbook: Runbook, name: str, needs: tuple[str, ...]) -> str:
    """What is missing for a look; empty when it can be tried."""
    connection = connection_of(name)
    unset = [n for place, names in runbook.left_out.items() if place == f"connections.{connection}" for n in names]
    if unset:
        return f"not set up, {', '.join(unset)} is not set"
    settings = config(runbook, name)
    if needs and not settings:
        return f"not set up, the runbook has no connections.{connection}"
    missing = [need for need in needs if not settings.get(need)]
    return f"not set up, connections.{connection} has no {' and no '.join(missing)}" if missing else ""


def connection_of(name: str) -> str:
    """The key under `connections` whose settings a look gets."""
    return name.partition(".")[0].replace("-", "_")


def config(runbook: Runbook, name: str) -> Mapping[str, Any]:
    """The settings of a look: of its connection; none where the runbook has no such connection."""
    settings = getattr(runbook.connections, connection_of(name), None)
    return settings.model_dump() if settings is not None else {}


def service_of(runbook: Runbook, name: str) -> str:
    """The service that a tool's findings are about, where the runbook says; one of the connection's name is."""
    said = config(runbook, name).get("service") or ""
    connection = connection_of(name)
    return str(said) or (connection if connection in runbook.services else "")


def secrets(settings: Mapping[str, Any]) -> list[str]:
    """What must not stand in a finding."""
    named_so = [str(value) for name, value in settings.items() if any(word in name for word in _SECRET) and value]
    return [value for value in named_so if len(value) >= SECRET_AT_LEAST]
