"""Loading integrations: ours loud, others' left out with a reason."""

from __future__ import annotations

import sys
from dataclasses import replace
from importlib.metadata import EntryPoint
from types import ModuleType

import pytest

from tocsin import plugins
from tocsin.sdk import Answer, Delivered, Line, Source, Tracker, Transport


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
    with pytest.raises(ModuleNotFoundError) as error:
        plugins.load([point("odd", "tocsin.integrations.no_such")])

    assert ["while the integration odd (tocsin.integrations.no_such) was loaded"] == error.value.__notes__


def test_a_name_that_is_taken_is_refused():
    loaded = plugins.load([point("a", "tocsin.integrations.console"), point("b", "tocsin.integrations.console")])

    assert "the name console is taken" in loaded.problems[0]


def send(message, config):
    yield Line(message.text)
    return Delivered()


def source(name, *paths):
    return Source(name, name, lambda i: [], lambda s: Answer(200), lambda r: Answer(400), paths=paths)


@pytest.fixture
def package(monkeypatch):
    """Makes a module of another package, with these exports."""

    def make(name, **exports):
        module = ModuleType(name)
        module.__dict__.update(exports)
        monkeypatch.setitem(sys.modules, name, module)
        return point(name, name)

    return make


def test_another_packages_integration_is_one_like_ours(package):
    loaded = plugins.load([package("pager_x", TRANSPORT=Transport("x", "X", send=send), SOURCE=source("x"))])

    assert ({"x"}, {"x"}, ()) == (set(loaded.transports), set(loaded.sources), loaded.problems)


@pytest.mark.parametrize(
    "exports",
    [{}, {"TRANSPORT": "x"}, {"SOURCE": Transport("x", "X", send=send)}, {"SOURCE": source("x"), "TRANSPORT": 5}],
)
def test_a_package_that_exports_something_else_is_left_out_whole(package, exports):
    loaded = plugins.load([package("odd", **exports)])

    assert ({}, {}) == (loaded.transports, loaded.sources)
    assert "odd" in loaded.problems[0]


def test_a_tracker_alone_is_an_integration_and_its_name_is_taken_once(package):
    tracker = Tracker("github", "GitHub", open=send, link=lambda name, config: "")
    loaded = plugins.load([package("a", TRACKER=tracker), package("b", TRACKER=tracker), package("c", TRACKER=5)])

    assert {"github"} == set(loaded.trackers)
    assert "the tracker github is taken" in loaded.problems[0]
    assert "c cannot be used" in loaded.problems[1]


def test_ours_goes_first_whatever_the_order(package):
    """A package cannot take the place of one of ours by its name, its source's name or its paths."""
    ours = [point(name, f"tocsin.integrations.{name}") for name in ("console", "pagerduty", "generic")]
    theirs = [
        package("a_console", TRANSPORT=Transport("console", "X", send=send), SOURCE=source("mine")),
        package("a_generic", SOURCE=source("generic")),
        package("a_path", SOURCE=source("other", "/v2/enqueue")),
    ]
    loaded = plugins.load([*theirs, *ours])

    assert "Console" == loaded.transports["console"].title
    assert {"generic", "pagerduty"} == set(loaded.sources)
    assert [
        "the integration a_console is left out: the name console is taken",
        "the integration a_generic is left out: the name generic is taken",
        "the integration a_path is left out: the path /v2/enqueue is taken",
    ] == list(loaded.problems)


def test_a_chat_needs_its_transport_beside_it(monkeypatch):
    """Whoever answers through a vendor was reached through it; a chat alone, or of another name, is left out."""
    telegram = plugins.load().chats["telegram"]
    for name, transport in (("alone", None), ("other", Transport("other", "Other", send))):
        module = ModuleType(name)
        module.CHAT = telegram
        module.SOURCE = plugins.load().sources["generic"]
        if transport:
            module.TRANSPORT = transport
        monkeypatch.setitem(sys.modules, name, module)
        loaded = plugins.load([point(name, name)])

        assert {} == loaded.chats
        assert "no TRANSPORT of the same name" in loaded.problems[0]


def test_a_path_that_a_chat_has_is_taken(monkeypatch):
    telegram = plugins.load().chats["telegram"]
    module = ModuleType("thief")
    module.TRANSPORT, module.CHAT = Transport("thief", "Thief", send), replace(telegram, name="thief")
    monkeypatch.setitem(sys.modules, "thief", module)
    loaded = plugins.load([point("telegram", "tocsin.integrations.telegram"), point("thief", "thief")])

    assert {"telegram"} == set(loaded.chats)
    assert "the path /in/telegram is taken" in loaded.problems[0]
