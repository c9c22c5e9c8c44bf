"""Cutting to a vendor's limit, by whatever the vendor counts; and texts that must stay mere text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core.texts import calm, cut, literal, utf8, utf16


@pytest.mark.parametrize(
    ("text", "limit", "kept"),
    [
        ("abcdef", 6, "abcdef"),
        ("abcdefg", 6, "abcde…"),
        ("🚨🚨🚨", 6, "🚨🚨🚨"),  # two units each
        ("🚨🚨🚨x", 6, "🚨🚨…"),  # half a pair does not go out
        ("abce\u0301xyz", 5, "abc…"),  # e with its accent
        ("ab👩\u200d🚒xx", 6, "ab…"),  # a firefighter: three code points
        ("ab👍🏽xx", 6, "ab…"),  # with the tone of skin
        ("a🇳🇱🇪🇸x", 8, "a🇳🇱…"),  # a flag is two letters
        ("ab1\ufe0f\u20e3xx", 5, "ab…"),  # a keycap
    ],
)
def test_a_cut_keeps_visible_characters_whole(text, limit, kept):
    assert kept == cut(text, limit, utf16)


def test_a_character_without_end_is_cut_anyway():
    assert 100 == len(cut("e" + "\u0301" * 5000, 100, utf16))


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=300), st.integers(4, 200))
def test_a_cut_is_a_beginning_and_fits(text, limit):
    for size in (len, utf8, utf16):
        kept = cut(text, limit, size)
        assert size(kept) <= limit
        assert kept == text or text.startswith(kept.removesuffix("…"))


@pytest.mark.parametrize(("size", "kept"), [(len, "éééé…"), (utf8, "é…"), (utf16, "éééé…")])
def test_each_vendor_counts_in_its_own_way(size, kept):
    """The ellipsis alone takes three bytes."""
    assert kept == cut("é" * 9, 5, size)


@pytest.mark.parametrize(
    ("text", "calmed"),
    [
        ("@everyone", "@\u200beveryone"),
        ("(@here) @channel", "(@\u200bhere) @\u200bchannel"),
        ("<@123> <@&4> <#5> <!here>", "<\u200b@\u200b123> <\u200b@&4> <\u200b#5> <\u200b!here>"),
        ("ana@example.org 5 @ 3 <b>", "ana@example.org 5 @ 3 <b>"),
    ],
)
def test_nobody_is_called_by_what_an_alert_says(text, calmed):
    assert calmed == calm(text)


def test_markdown_is_shown_as_it_was_written():
    assert r"\[x\](https://e) \*\*b\*\* \_i\_ \`c\` \# \~ \| \<b\> \\" == literal(
        r"[x](https://e) **b** _i_ `c` # ~ | <b> \\"[:-1]
    )
