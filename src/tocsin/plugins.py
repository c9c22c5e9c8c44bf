"""Loads the integrations by their entry points: ours, and those of other packages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

from tocsin.sdk import Actor, Chat, ConnectionTest, Diagnoser, Repository, Source, Tracker, Transport

GROUP: Final = "tocsin.integrations"
OURS: Final = "tocsin.integrations."


@dataclass(frozen=True, slots=True)
class Plugins:
    """The integrations that are installed, by kind and name; `problems` tells of packages that could not be used."""

    sources: dict[str, Source] = field(default_factory=dict)
    transports: dict[str, Transport] = field(default_factory=dict)
    chats: dict[str, Chat] = field(default_factory=dict)
    trackers: dict[str, Tracker] = field(default_factory=dict)
    repositories: dict[str, Repository] = field(default_factory=dict)
    diagnosers: dict[str, Diagnoser] = field(default_factory=dict)
    actors: dict[str, Actor] = field(default_factory=dict)
    connection_tests: dict[str, ConnectionTest] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    @property
    def looks(self) -> dict[str, tuple[str, ...]]:
        """What can be looked at: each name that a runbook's `diagnose` may say, with the settings that it needs."""
        return {name: one.needs for name, one in self.diagnosers.items()}


# What a module may export, each one or a tuple of them, and where it is kept.
EXPORTS: Final[Mapping[str, type]] = {
    "SOURCE": Source, "TRANSPORT": Transport, "CHAT": Chat, "TRACKER": Tracker,
    "REPOSITORY": Repository, "DIAGNOSERS": Diagnoser, "ACTOR": Actor, "CONNECTION_TEST": ConnectionTest,
}  # fmt: skip
KINDS: Final[Mapping[type, str]] = {
    Source: "sources", Transport: "transports", Chat: "chats", Tracker: "trackers",
    Repository: "repositories", Diagnoser: "diagnosers", Actor: "actors", ConnectionTest: "connection_tests",
}  # fmt: skip


def load(points: Iterable[EntryPoint] | None = None) -> Plugins:
    """
    Load every integration, ours first. A module exports some of EXPORTS; a CHAT beside its TRANSPORT.

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
            exports = _exports(point)
        except Exception as error:  # whatever another package does when it is imported
            if point.value.startswith(OURS):
                error.add_note(f"while the integration {point.name} ({point.value}) was loaded")
                raise
            problems.append(f"the integration {point.name} cannot be used: {type(error).__name__}: {error}")
            continue
        if taken := _taken(known, exports):
            problems.append(f"the integration {point.name} is left out: {taken} is taken")
            continue
        for kind, one in exports:
            getattr(known, KINDS[kind]).setdefault(one.name, one)
    return replace(known, problems=tuple(problems))


def _exports(point: EntryPoint) -> list[tuple[type, Any]]:
    """What a module exports, each with its kind."""
    module = point.load()
    found: list[tuple[type, Any]] = []
    for name, kind in EXPORTS.items():
        value = getattr(module, name, None)
        each = value if isinstance(value, tuple) else () if value is None else (value,)
        if not all(isinstance(one, kind) for one in each):
            raise TypeError(f"its {name} is not of the sdk's type")
        found += [(kind, one) for one in each]
    if not any(kind is not Chat for kind, _ in found):
        raise TypeError(f"it exports none of {', '.join(EXPORTS)}")
    ways_out = {one.name for kind, one in found if kind is Transport}
    if any(kind is Chat and one.name not in ways_out for kind, one in found):
        raise TypeError("its CHAT has no TRANSPORT of the same name beside it")
    return found


def _taken(known: Plugins, exports: list[tuple[type, Any]]) -> str:
    """What another integration has already; empty when nothing is."""
    for kind, one in exports:
        if one.name in getattr(known, KINDS[kind]):
            word = "name" if kind in (Transport, Source, Chat) else kind.__name__.lower()
            return f"the {word} {one.name}"
    others: tuple[Source | Chat, ...] = (*known.sources.values(), *known.chats.values())
    paths = {path for other in others for path in other.paths}
    clash = paths.intersection(path for kind, one in exports if kind in (Source, Chat) for path in one.paths)
    return f"the path {min(clash)}" if clash else ""
