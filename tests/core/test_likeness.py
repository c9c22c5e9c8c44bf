"""Words, and how alike two incidents are."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from tocsin.core import likeness
from tocsin.core.likeness import Known
from tocsin.core.types import Fact

AT = datetime(2026, 11, 23, tzinfo=UTC)


@given(st.text())
def test_a_word_has_nothing_that_a_database_could_read(text):
    for word in likeness.words(text):
        assert word.isalnum()
        assert 0 < len(word) <= likeness.WORD_LENGTH
    assert len(likeness.asked(text)) <= likeness.WORDS_ASKED


@given(st.text())
def test_the_words_of_words_are_the_same(text):
    once = likeness.words(text)
    assert set(likeness.words(" ".join(once))) == set(once)


def test_words_are_folded_and_each_is_there_once():
    assert ["uber", "5xx", "api", "gate", "way"] == likeness.words("Über 5xx: API-gate_way\x00 uber API")
    assert likeness.WORDS_KEPT == len(likeness.words(" ".join(str(n) for n in range(9_000))))


def test_a_question_of_common_words_alone_is_still_one():
    assert ["disk"] == likeness.asked("the disk is")
    assert ["the", "is"] == likeness.asked("the is")
    assert [] == likeness.asked('"&|!*')


def test_facts_give_what_the_page_shows_of_them():
    facts = [
        Fact("declared", AT, "x", {"title": "Down", "service": "api", "check": None, "rule": "secret rule"}),
        Fact("update_posted", AT, "x", {"summary": "We look", "next_steps": "Roll back"}),
        Fact("paged", AT, "x", {"person": "martijn"}),
    ]
    assert ["down", "api", "we", "look", "roll", "back"] == likeness.of_facts(facts)


def test_a_postmortems_form_is_no_word():
    text = "# Postmortem: X\n\n- **Author:** _to be named_\n- 09:02 - Paged\n_people write here_\nWe lacked alarms\n"
    assert ["we", "lacked", "alarms"] == likeness.of_postmortem(text)


def known(number, service=None, check=None, text="", **more):
    return Known(number, service, check, frozenset(likeness.words(text)), **more)


ONE = known(9, "api", "http_5xx")
WORDS = ["api", "answers", "503", "http"]


def like(others, one=ONE, words=WORDS):
    return [each.number for each in likeness.like(one, words, others)]


def test_the_same_service_and_check_is_enough_and_a_service_alone_is_not():
    assert [1] == like([known(1, "api", "http_5xx")])
    assert [] == like([known(1, "api")])
    assert [] == like([known(1, "api", "slow", "another story")])


def test_the_words_alone_must_nearly_all_be_there():
    others = [known(1, None, None, "the api answers 503 by http"), known(2, None, None, "503")]
    assert [1] == like(others)


def test_what_is_more_alike_comes_first_then_what_was_solved_then_the_newer():
    same = {"service": "api", "check": "http_5xx"}
    others = [known(1, **same, text="503", solved=True), known(2, **same, text="503 answers"), known(3, **same),
              known(4, **same, text="503", solved=False)]  # fmt: skip
    assert [2, 1, 4] == like(others)
    assert [6, 5] == like([known(5, **same), known(6, **same)])


def test_it_is_never_like_itself_and_of_nothing_nothing_is_alike():
    assert [] == like([known(9, "api", "http_5xx", "api answers 503 http")])
    assert [] == like([])
    assert [] == like([known(1, "ddc", None, "words")], words=[])
