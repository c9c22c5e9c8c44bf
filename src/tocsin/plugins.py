"""Loads the integrations by their entry points: ours, and those of other packages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from typing import Final

from tocsin.sdk import Chat, Source, Tracker, Transport

GROUP: Final = "tocsin.integrations"
OURS: Final = "tocsin.integrations."


@dataclass(frozen=True, slots=True)
class Plugins:
    """The integrations that are installed, by kind and name; `problems` tells of packages that could not be used."""

    sources: dict[str, Source] = field(default_factory=dict)
    transports: dict[str, Transport] = field(default_factory=dict)
    chats: dict[str, Chat] = field(default_factory=dict)
    trackers: dict[str, Tracker] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def load(points: Iterable[EntryPoint] | None = None) -> Plugins:
    """
    Load every integration, ours first. A module exports some of SOURCE, TRANSPORT and TRACKER, CHAT beside a TRANSPORT.

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
            source, transport, chat, tracker = _exports(point)
        except Exception as error:  # whatever another package does when it is imported
            if point.value.startswith(OURS):
                error.add_note(f"while the integration {point.name} ({point.value}) was loaded")
                raise
            problems.append(f"the integration {point.name} cannot be used: {type(error).__name__}: {error}")
            continue
        if taken := _taken(known, source, transport, chat) or _held(known, tracker):
            problems.append(f"the integration {point.name} is left out: {taken} is taken")
            continue
        if source:
            known.sources[source.name] = source
        if transport:
            known.transports[transport.name] = transport
        if chat:
            known.chats[chat.name] = chat
        if tracker:
            known.trackers[tracker.name] = tracker
    return Plugins(known.sources, known.transports, known.chats, known.trackers, tuple(problems))


def _exports(point: EntryPoint) -> tuple[Source | None, Transport | None, Chat | None, Tracker | None]:
    module = point.load()
    source, transport, chat, tracker = (
        getattr(module, name, None) for name in ("SOURCE", "TRANSPORT", "CHAT", "TRACKER")
    )
    if source is None and transport is None and tracker is None:
        raise TypeError("it exports no SOURCE, TRANSPORT or TRACKER")
    if not isinstance(tracker, (Tracker, type(None))):
        raise TypeError("its TRACKER is not of the sdk's type")
    if not isinstance(source, (Source, type(None))) or not isinstance(transport, (Transport, type(None))):
        raise TypeError("its SOURCE or TRANSPORT is not of the sdk's type")
    if not isinstance(chat, (Chat, type(None))):
        raise TypeError("its CHAT is not of the sdk's type")
    if chat and (transport is None or transport.name != chat.name):
        raise TypeError("its CHAT has no TRANSPORT of the same name beside it")
    return source, transport, chat, tracker


def _held(known: Plugins, tracker: Tracker | None) -> str:
    return f"the tracker {tracker.name}" if tracker and tracker.name in known.trackers else ""


def _taken(known: Plugins, source: Source | None, transport: Transport | None, chat: Chat | None) -> str:
    """What another integration has already; empty when nothing is."""
    if transport and transport.name in known.transports:
        return f"the name {transport.name}"
    if source and source.name in known.sources:
        return f"the name {source.name}"
    others: tuple[Source | Chat, ...] = (*known.sources.values(), *known.chats.values())
    paths = {path for other in others for path in other.paths}
    clash = paths.intersection(path for one in (source, chat) if one for path in one.paths)
    return f"the path {min(clash)}" if clash else ""
