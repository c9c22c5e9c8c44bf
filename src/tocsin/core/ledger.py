"""The hash chain of a timeline: each entry's hash covers the entry and the hash before it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from tocsin.core.types import Fact, Json

GENESIS = "0" * 64  # what the first entry's hash stands on
_write = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a timeline as stored: `seq` counts from 1 without holes; `hash` is 64 hex digits."""

    seq: int
    at: datetime
    kind: str
    actor: str
    data: Mapping[str, Json]
    hash: str


def link(previous: str, incident: int, seq: int, at: datetime, kind: str, actor: str, data: str) -> str:
    """
    Compute the hash of one entry: SHA-256 over the previous hash and the entry, joined by line feeds.

    *data* is the entry's JSON text as stored. A reader repeats it with any SHA-256: the parts are texts, the instant
    in RFC 3339 with microseconds.
    """
    text = f"{previous}\n{incident}\n{seq}\n{at.isoformat(timespec='microseconds')}\n{kind}\n{actor}\n{data}"
    return hashlib.sha256(text.encode()).hexdigest()


def dump(data: Mapping[str, Json]) -> str:
    """Write an entry's data as the one JSON text that is stored and hashed: sorted keys, no spaces, ASCII."""
    return _write(data)


def append(head: str, incident: int, seq: int, facts: Iterable[Fact]) -> list[tuple[int, Fact, str, str]]:
    """Number and chain *facts* after entry *seq* with hash *head*; returns (seq, fact, data text, hash) for each."""
    entries = []
    for fact in facts:
        seq += 1
        data = dump(fact.data)
        head = link(head, incident, seq, fact.at, fact.kind, fact.actor, data)
        entries.append((seq, fact, data, head))
    return entries


def first_broken(
    incident: int, rows: Iterable[tuple[int, datetime, str, str, str, str]]
) -> tuple[int | None, int, str]:
    """
    Recompute a whole timeline given as (seq, at, kind, actor, data text, hash) in order of seq.

    Returns:
        The seq of the first entry whose number or hash is wrong, or None; how many entries hold; the last good hash.
    """
    head, expected = GENESIS, 0
    for seq, at, kind, actor, data, stored in rows:
        expected += 1
        if seq != expected or link(head, incident, seq, at, kind, actor, data) != stored:
            return expected, expected - 1, head
        head = stored
    return None, expected, head
