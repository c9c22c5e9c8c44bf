"""Matchers as people write them; patterns that cost no more than the text is long."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core import matchers
from tocsin.core.alert import Alert

NOW = datetime(2026, 11, 23, 9, 2, tzinfo=UTC)


def alert(**changes):
    return Alert(**{"source": "s", "key": "k", "title": "Disk full", "started_at": NOW, **changes})


@pytest.mark.parametrize(
    ("text", "changes", "meant"),
    [
        ("service=api", {"service": "api"}, True),
        ("service=api", {"service": "api2"}, False),
        ("service=api", {}, False),
        ("service!=api", {}, True),
        ("service=", {}, True),
        ("service=~api|web", {"service": "WEB"}, True),
        ("service=~ap", {"service": "api"}, False),
        ("service!~ap.*", {"service": "web"}, True),
        (' labels.env = "a b" ', {"labels": {"env": "a b"}}, True),
        ("labels.env!=test", {"labels": {"env": "test"}}, False),
        ("title=Disk full", {}, True),
        ("title=~isk", {}, True),
        ("text=~full.*now", {"text": "now"}, True),
        ("severity=info", {}, True),
        ("labels.a=~x=y", {"labels": {"a": "x=y"}}, True),
    ],
)
def test_what_a_matcher_means(text, changes, meant):
    asked = matchers.predicate(matchers.parse(text))
    assert meant == asked(alert(**changes))


@pytest.mark.parametrize(
    "text",
    ["", "service", "=api", "host=a", "severity=P0", "text=~(", r"text=~(a)\1", "text=~(?=a)", "text=~" + "a" * 2000,
     "text=~(((a{1,100}){1,100}){1,100})"],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_in_words(text):
    with pytest.raises(ValueError, match=r"a matcher such as|a field of|a severity of|regular expression|patterns of"):
        matchers.parse(text)


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|a)*b", "(a*)*(a*)*(a*)*c", ".*.*.*.*.*x"])
def test_a_hostile_pattern_takes_no_longer_than_others(pattern):
    """These take a backtracking engine longer than the world has; reliability.md section 6 gives 50 ms."""
    asked = matchers.predicate(matchers.parse(f"text=~{pattern}"))
    text = alert(text="a" * 9_000)
    asked(text)
    began = time.process_time()
    asked(text)
    assert time.process_time() - began < 0.05


@pytest.mark.parametrize(
    ("texts", "everything"),
    [
        (["text=~.*"], True), (["service=~.+"], True), (["service!=x"], True), (["labels.x="], True), (["key=~"], False),
        (["severity=~critical|error|warning|info"], True), (["severity=critical"], False), (["service=api"], False),
        (["text=~.*", "service=api"], False),
    ],
)  # fmt: skip
def test_what_matches_everything_is_known(texts, everything):
    assert everything == matchers.matches_everything(map(matchers.parse, texts))


@given(st.text(max_size=40))
def test_whatever_is_typed_is_read_or_refused(text):
    try:
        found = matchers.parse(text)
    except ValueError:
        return
    assert str(found) == str(matchers.parse(str(found)))


def test_half_a_character_in_a_text_is_no_trouble():
    assert matchers.predicate(matchers.parse("text=~full"))(alert(text="\ud800"))


def test_a_mapping_of_the_runbook_takes_one_of_a_list_and_patterns_for_texts():
    asks = matchers.of_mapping({"service": ("a", "b"), "text": ("x", "ull")})
    assert all(ask(alert(service="b")) for ask in asks)
    assert not all(ask(alert(service="c")) for ask in asks)
