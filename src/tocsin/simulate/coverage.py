"""What a run met: how often each crash point was passed while each kind of fault was at work. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final

from tocsin.simulate.faults import RATES, SIMULATED

FLOOR: Final = 20  # of each fault at each point, in a night; docs/reliability.md
Met = Counter[tuple[str, str]]  # kind of fault and crash point to how often; of `crash`: how often a node died there


def thin(met: Met, floor: int = FLOOR) -> list[str]:
    """Name each fault at a crash point that was met less than *floor* times: `crash at O3: 7`."""
    pairs = ((kind, point) for kind in RATES for point in SIMULATED)
    return [f"{kind} at {point}: {met[kind, point]}" for kind, point in pairs if met[kind, point] < floor]


def table(met: Met) -> list[str]:
    """Write *met* as lines of one width: a row for each crash point, a column for each kind of fault."""
    widths = {kind: max(len(kind), *(len(f"{met[kind, point]:,}") for point in SIMULATED)) for kind in RATES}
    lines = ["    " + "  ".join(f"{kind:>{width}}" for kind, width in widths.items())]
    for point in SIMULATED:
        lines.append(f"{point}  " + "  ".join(f"{met[kind, point]:>{width},}" for kind, width in widths.items()))
    return lines


def nested(met: Met) -> Mapping[str, Mapping[str, int]]:
    """The same as `{kind: {point: count}}`, without what was not met."""
    return {kind: found for kind in RATES if (found := {p: met[kind, p] for p in SIMULATED if met[kind, p]})}
