"""The tables behind the blameless lint: how a text is made ready, what machines may do, and what only people are asked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core import blame, lint

NAMES = ("Ana Cruz", "Will", "", "X")


@given(st.text(max_size=200))
def test_making_ready_moves_no_character(text):
    assert len(blame.marked(text, NAMES)) == len(text)
    assert blame.marked(text, ()) == blame.marked(text, ("",))


def test_names_are_marked_by_their_case_and_handles_always():
    n = blame.NAME
    assert f"{n * 8} and {n * 3}, banana and {n * 4}" == blame.marked("Ana Cruz and Ana, banana and @bob", NAMES)
    assert f"{n * 4} will not; don't" == blame.marked("Will will not; don’t", NAMES)
    assert "a@b.c" == blame.marked("a@b.c", ())


@pytest.mark.parametrize("rule", lint.RULES, ids=lambda rule: rule.name)
def test_each_rule_says_what_it_found_why_it_matters_and_what_is_better(rule):
    assert "“{found}”" in rule.text and rule.text.endswith(".")
    assert len(rule.better) > 40 and rule.better.endswith(".")
    assert not rule.search("") and not rule.search("the disk was full, and no alert watched it.")


@pytest.mark.parametrize(
    ("person", "machine", "rule"),
    [
        ("The operator failed to start it.", "The deploy failed to start.", "counterfactual"),
        ("Ana Cruz ignored the header.", "The client ignored the header.", "person-blame"),
        ("Somebody forgot the key.", "The cache forgot the key after a minute.", "blame-word"),
        ("It was missed by the storage team.", "It was missed by the correlation engine.", "team-blame"),
        ("Frontend ignored the limit.", "The frontend ignored the limit.", "team-blame"),
        ("The platform group missed three calls.", "The consumer group missed three heartbeats.", "team-blame"),
        ("We should have set a limit.", "Retries should have a limit.", "should-have"),
        ("User error emptied the table.", "The user error page was shown.", "human-error"),
    ],
)
def test_what_blames_a_person_is_said_of_a_machine_freely(person, machine, rule):
    assert rule in lint.sentence(person, NAMES)
    assert frozenset() == lint.sentence(machine, NAMES)


def test_what_guards_against_mistakes_is_no_human_error():
    assert frozenset() == lint.sentence("Nothing guards against mistakes made in the console.")


def test_a_table_is_one_pattern_that_begins_where_a_word_or_the_sentence_does():
    table = blame.compiled(f"(?:an? |the )?cat\ndogs? and\n{' ' * 16} cats?\n^if\n")
    for text in ("the cat", "an a cat", "a dog and cats", "if so"):
        assert table.search(text), text
    for text in ("concat", "hotdog", "as if", "|", ""):
        assert not table.search(text), text


@pytest.mark.parametrize(
    ("blames", "is_fact", "rule"),
    [
        ("Tom's change to the router took down the site.", "Tom's change had passed review.", "person-blame"),
        ("This one is on Bo.", "It was on Bo's screen.", "person-blame"),
        ("Ana deleted the table.", "Ana deleted the stale lock.", "person-blame"),
        ("Ana didn't notice the alert.", "Ana didn't notice it, as the panel shows one at a time.", "person-blame"),
        ("The loss came at the hands of the vendor.", "The vendor's maintenance had been announced.", "team-blame"),
        ("The DBAs are at fault.", "The DBAs had no graph of the locks.", "team-blame"),
        ("Our provider refused to help.", "The identity provider refused the token.", "team-blame"),
        ("Thanks to the vendor we lost a day.", "Thanks to the vendor the data was back at noon.", "team-blame"),
    ],
)
def test_a_family_of_blame_has_a_neighbour_that_is_only_a_fact(blames, is_fact, rule):
    names = ("Ana", "Bo", "Tom")
    assert rule in lint.sentence(blames, names)
    assert frozenset() == lint.sentence(is_fact, names)
