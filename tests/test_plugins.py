"""Loading integrations: ours loud, others' left out with a reason."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest
from tocsin import plugins


def point(name, value):
    return EntryPoint(name, value, plugins.GROUP)


def test_every_entry_point_of_ours_loads():
    loaded = plugins.load()

    assert {"alertmanager", "generic", "pagerduty"} <= set(loaded.sources)
    assert {"console", "smtp", "telegram", "webhook"} <= set(loaded.transports)
    assert () == loaded.problems


def test_another_package_that_is_broken_is_left_out_and_named():
    loaded = plugins.load([point("odd", "no.such.module"), point("console", "tocsin.integrations.console")])

    assert {"console"} == set(loaded.transports)
    assert "odd" in loaded.problems[0]


def test_a_broken_one_of_ours_stays_loud():
    with pytest.raises(ModuleNotFoundError):
        plugins.load([point("odd", "tocsin.integrations.no_such")])


def test_a_name_that_is_taken_is_refused():
    loaded = plugins.load([point("a", "tocsin.integrations.console"), point("b", "tocsin.integrations.console")])

    assert "the name console is taken" in loaded.problems[0]
