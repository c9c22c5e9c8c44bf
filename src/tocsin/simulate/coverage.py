"""What a run met: how often each crash point was passed while each kind of fault was at work. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final

from tocsin.simulate.faults import ACTED, RATES, SIMULATED, TARGET_RATES

FLOOR: Final = 20  # of each fault at each point, in a night; docs/reliability.md
Met = Counter[tuple[str, str]]  # kind of fault and crash point to how often; of `crash`: how often a node died there


def _kinds(*, acting: bool) -> tuple[str, ...]:
    return (*RATES, *TARGET_RATES) if acting else tuple(RATES)


def _points(*, acting: bool) -> tuple[str, ...]:
    return (*SIMULATED, *ACTED) if acting else SIMULATED


def thin(met: Met, floor: int = FLOOR, *, acting: bool = False) -> list[str]:
    """
    Name each fault at a crash point that was met less than *floor* times: `crash at O3: 7`.

    *acting*: the points of actions are asked for, and their target's faults; those at the points of actions alone.
    """
    pairs = [(kind, point) for kind in RATES for point in _points(acting=acting)]
    pairs += [(kind, point) for kind in TARGET_RATES for point in ACTED if acting]
    return [f"{kind} at {point}: {met[kind, point]}" for kind, point in pairs if met[kind, point] < floor]


def table(met: Met, *, acting: bool = False) -> list[str]:
    """Write *met* as lines of one width: a row for each crash point, a column for each kind of fault."""
    points, kinds = _points(acting=acting), _kinds(acting=acting)
    widths = {kind: max(len(kind), *(len(f"{met[kind, point]:,}") for point in points)) for kind in kinds}
    lines = ["    " + "  ".join(f"{kind:>{width}}" for kind, width in widths.items())]
    for point in points:
        lines.append(f"{point}  " + "  ".join(f"{met[kind, point]:>{width},}" for kind, width in widths.items()))
    return lines


def nested(met: Met) -> Mapping[str, Mapping[str, int]]:
    """The same as `{kind: {point: count}}`, without what was not met."""
    kinds, points = _kinds(acting=True), _points(acting=True)
    return {kind: found for kind in kinds if (found := {p: met[kind, p] for p in points if met[kind, p]})}
