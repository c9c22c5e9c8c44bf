"""Dedup and grouping held against a model that a reader checks at a glance."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tocsin.core.alert import Alert, Signal
from tocsin.store import alerts, incidents
from tocsin.usecases import ingest

from .conftest import World

KEYS = st.sampled_from(["a", "b", "c"])
SIGNAL = st.tuples(KEYS, st.sampled_from(["trigger", "trigger", "resolve"]))
BATCHES = st.lists(st.tuples(st.lists(SIGNAL, min_size=1, max_size=6), st.integers(0, 15)), max_size=10)


@dataclass
class Model:
    """One dictionary: every key's episodes as [count, firing, incident]; groups by the key's own check."""

    episodes: dict[str, list[list]] = field(default_factory=dict)
    last: dict[str, tuple[int, int]] = field(default_factory=dict)  # group to (incident, minute of its last alert)
    opened: int = 0

    def take(self, key: str, action: str, minute: int) -> None:
        mine = self.episodes.setdefault(key, [])
        firing = bool(mine) and mine[-1][1]
        if action == "resolve":
            if firing:
                mine[-1][1] = False
        elif firing:
            mine[-1][0] += 1
        else:
            mine.append([1, True, self.incident(key, minute, mine)])

    def incident(self, key: str, minute: int, mine: list[list]) -> int:
        group = "x" if key in "ab" else "y"
        known = self.last.get(group)
        if mine:  # a key that fires again rejoins its own incident, which nothing here ever resolves
            number = mine[-1][2]
        elif known and minute - known[1] <= 10:
            number = known[0]
        else:
            self.opened += 1
            number = self.opened
        if known is None or number >= known[0]:
            self.last[group] = (number, minute)
        return number


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(BATCHES)
def test_whatever_comes_in_whatever_batches_the_store_says_what_the_model_says(tmp_path, batches):
    """Episodes, counts, states and incidents are the same, whether signals come in one commit or one by one."""
    world, model, minute = World(tmp_path), Model(), 0
    for signals, minutes in batches:
        made = [
            Signal(
                action, Alert("s", key, f"alert {key}", world.now, "", "api", "x" if key in "ab" else "y", "critical")
            )
            for key, action in signals
        ]
        half = len(made) // 2
        world.db.write_now(ingest.ingest, world.setup, [part for part in (made[:half], made[half:]) if part])
        for key, action in signals:
            model.take(key, action, minute)
        minute += minutes
        world.now += timedelta(minutes=minutes)
    rows = sorted(world.db.read_now(alerts.listing, limit=500), key=lambda row: (row.key, row.episode))
    stored: dict[str, list[list]] = {}
    for row in rows:
        stored.setdefault(row.key, []).append([row.count, row.state == "firing", row.incident])
    assert {key: found for key, found in model.episodes.items() if found} == stored
    assert model.opened == len(world.db.read_now(incidents.listing))
    assert world.verified()
