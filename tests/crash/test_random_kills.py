"""kill -9 at random instants under load; the long run is `make soak`."""

from __future__ import annotations

from .random_kills import run


def test_what_was_answered_survives_kills_at_random_instants(tmp_path):
    assert [] == run(tmp_path / "life", 25, seed=1)
