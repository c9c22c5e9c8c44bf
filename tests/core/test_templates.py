"""Templates: `{word}` and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core import templates


@pytest.mark.parametrize(
    ("template", "words", "text"),
    [
        ("{title}", {"title": "Down"}, "Down"),
        ("{title}\n", {"title": "Down"}, "Down"),
        ("{title}\n\n", {"title": "Down"}, "Down\n"),
        ("{title} {none}", {"title": None}, "unknown unknown"),
        ("{title}", {"title": ""}, "unknown"),
        ("{title}", {"title": "{summary} {0}"}, "{summary} {0}"),
        ("{title.__class__} {title!r} {title:>9} {0} {} {{title}}", {"title": "x"},
         "{title.__class__} {title!r} {title:>9} {0} {} {x}"),
        ("{TITLE} { title }", {"title": "x"}, "{TITLE} { title }"),
        ("**stars** $title %(title)s", {"title": "x"}, "**stars** $title %(title)s"),
    ],
)  # fmt: skip
def test_words_are_put_in_and_nothing_else_is_read(template, words, text):
    assert text == templates.render(template, words)


@given(st.text(max_size=200), st.dictionaries(st.sampled_from(["title", "summary"]), st.text(max_size=50)))
def test_any_template_gives_a_text_and_values_go_in_as_they_are(template, words):
    text = templates.render(template, words)

    for name, value in words.items():
        if "{" + name + "}" in template and value:
            assert value in text


def test_the_output_is_bounded():
    assert templates.OUTPUT_LIMIT == len(templates.render("{title}" * 1000, {"title": "x" * 1000}))


def test_words_that_nothing_fills_are_named():
    assert ("titel", "nope") == templates.unknown_words("{titel} {title} {nope} {titel}")
