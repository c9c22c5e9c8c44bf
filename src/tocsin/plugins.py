"""Loads the integrations by their entry points: ours, and those of other packages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from typing import Final

from tocsin.sdk import Source, Transport

GROUP: Final = "tocsin.integrations"
OURS: Final = "tocsin.integrations."


@dataclass(frozen=True, slots=True)
class Plugins:
    """The sources and transports that are installed, by name; `problems` tells of packages that could not be used."""

    sources: dict[str, Source] = field(default_factory=dict)
    transports: dict[str, Transport] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def load(points: Iterable[EntryPoint] | None = None) -> Plugins:
    """
    Load every integration, ours first. A module exports SOURCE, TRANSPORT or both.

    Another package that cannot be used, and whatever takes a name or path that is taken, is left out whole and named
    in `problems`.

    Raises:
        Exception: a module of ours cannot be used; a note on the error names it.
    """
    found = list(entry_points(group=GROUP) if points is None else points)
    known = Plugins()
    problems: list[str] = []
    for point in sorted(found, key=lambda point: (not point.value.startswith(OURS), point.name)):
        try:
            source, transport = _exports(point)
        except Exception as error:  # whatever another package does when it is imported
            if point.value.startswith(OURS):
                error.add_note(f"while the integration {point.name} ({point.value}) was loaded")
                raise
            problems.append(f"the integration {point.name} cannot be used: {type(error).__name__}: {error}")
            continue
        if taken := _taken(known, source, transport):
            problems.append(f"the integration {point.name} is left out: {taken} is taken")
            continue
        if source:
            known.sources[source.name] = source
        if transport:
            known.transports[transport.name] = transport
    return Plugins(known.sources, known.transports, tuple(problems))


def _exports(point: EntryPoint) -> tuple[Source | None, Transport | None]:
    module = point.load()
    source, transport = getattr(module, "SOURCE", None), getattr(module, "TRANSPORT", None)
    if source is None and transport is None:
        raise TypeError("it exports neither SOURCE nor TRANSPORT")
    if not isinstance(source, (Source, type(None))) or not isinstance(transport, (Transport, type(None))):
        raise TypeError("its SOURCE or TRANSPORT is not of the sdk's type")
    return source, transport


def _taken(known: Plugins, source: Source | None, transport: Transport | None) -> str:
    """What another integration has already; empty when nothing is."""
    if transport and transport.name in known.transports:
        return f"the name {transport.name}"
    if source and source.name in known.sources:
        return f"the name {source.name}"
    paths = {path for other in known.sources.values() for path in other.paths}
    clash = paths.intersection(source.paths) if source else ()
    return f"the path {min(clash)}" if clash else ""
