"""Loads the integrations by their entry points: ours, and those of other packages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from typing import Final

from tocsin.sdk import Source, Transport

GROUP: Final = "tocsin.integrations"
OURS: Final = "tocsin.integrations."


class BadIntegration(Exception):  # noqa: N818 - it is what the integration is
    """An integration that cannot be used; its text names it and says why."""


@dataclass(frozen=True, slots=True)
class Plugins:
    """The sources and transports that are installed, by name; `problems` tells of packages that could not be used."""

    sources: dict[str, Source] = field(default_factory=dict)
    transports: dict[str, Transport] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def load(points: Iterable[EntryPoint] | None = None) -> Plugins:
    """
    Load every integration, ours first. A module exports SOURCE, TRANSPORT or both.

    Another package that cannot be loaded, or takes a name or path that is taken, is left out whole and named in
    `problems`.

    Raises:
        BadIntegration: the same fault in one of ours, which stays loud.
    """
    found = list(entry_points(group=GROUP) if points is None else points)
    known = Plugins()
    problems: list[str] = []
    for point in sorted(found, key=lambda point: (not point.value.startswith(OURS), point.name)):
        try:
            source, transport = _load(point)
            _check(known, point, source, transport)
        except BadIntegration as problem:
            if point.value.startswith(OURS):
                raise
            problems.append(str(problem))
            continue
        if source:
            known.sources[source.name] = source
        if transport:
            known.transports[transport.name] = transport
    return Plugins(known.sources, known.transports, tuple(problems))


def _load(point: EntryPoint) -> tuple[Source | None, Transport | None]:
    try:
        module = point.load()
    except Exception as error:  # whatever another package's module does when it is imported
        raise BadIntegration(f"{_named(point)} cannot be loaded: {type(error).__name__}: {error}") from error
    source, transport = getattr(module, "SOURCE", None), getattr(module, "TRANSPORT", None)
    if source is None and transport is None:
        raise BadIntegration(f"{_named(point)} exports neither SOURCE nor TRANSPORT")
    if not isinstance(source, (Source, type(None))) or not isinstance(transport, (Transport, type(None))):
        raise BadIntegration(f"{_named(point)} exports a SOURCE or TRANSPORT of another type than the sdk's")
    return source, transport


def _check(known: Plugins, point: EntryPoint, source: Source | None, transport: Transport | None) -> None:
    taken = ""
    if transport and transport.name in known.transports:
        taken = f"the transport name {transport.name}"
    if source and source.name in known.sources:
        taken = f"the source name {source.name}"
    elif source and (paths := {p for other in known.sources.values() for p in other.paths} & {*source.paths}):
        taken = f"the path {min(paths)}"
    if taken:
        raise BadIntegration(f"{_named(point)} is left out: {taken} is taken")


def _named(point: EntryPoint) -> str:
    return f"the integration {point.name} ({point.value})"
