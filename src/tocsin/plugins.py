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
    Load every integration. A module exports SOURCE, TRANSPORT or both.

    Another package that cannot be loaded, or takes a name that is taken, is left out and named in `problems`; a
    fault in ours stays loud.
    """
    found = sorted(entry_points(group=GROUP) if points is None else points, key=lambda p: not p.value.startswith(OURS))
    sources: dict[str, Source] = {}
    transports: dict[str, Transport] = {}
    problems: list[str] = []
    for point in found:
        try:
            module = point.load()
        except Exception as error:
            if point.value.startswith(OURS):
                raise
            problems.append(f"the integration {point.name} cannot be loaded: {type(error).__name__}: {error}")
            continue
        source, transport = getattr(module, "SOURCE", None), getattr(module, "TRANSPORT", None)
        if isinstance(source, Source):
            _put(sources, source.name, source, point, problems)
        if isinstance(transport, Transport):
            _put(transports, transport.name, transport, point, problems)
    return Plugins(sources, transports, tuple(problems))


def _put(known: dict, name: str, value: object, point: EntryPoint, problems: list[str]) -> None:  # type: ignore[type-arg]
    if name in known:
        problems.append(f"the integration {point.name} is left out: the name {name} is taken")
    else:
        known[name] = value
