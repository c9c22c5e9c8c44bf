"""Templates: `{word}` and nothing else."""

from __future__ import annotations

import time
import tracemalloc

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


@pytest.mark.parametrize("over", [0, 1])
@pytest.mark.parametrize(
    ("template", "value"),
    [("{title}", templates.OUTPUT_LIMIT), ("x" * 65_000 + "{title}", 536), ("{title}" + "x" * 65_000, 536),
     ("{title}" * 64, 1_024), ("{title}x" * 32_768, 1)],
)  # fmt: skip
def test_a_text_up_to_the_limit_is_made_and_no_longer_one(template, value, over):
    words = {"title": "y" * value}
    if over:
        with pytest.raises(templates.BadTemplate, match="65,536"):
            templates.render(template + "z", words)
    else:
        assert templates.OUTPUT_LIMIT == len(templates.render(template, words))


@pytest.mark.parametrize(
    "template", ["{title}" * 200_000, "x" * 5_000_000, "{" * 1_000_000, "{" + "a" * 1_000_000, "{nope}" * 200_000]
)
def test_what_would_be_endless_ends_at_once(template):
    """A template of a megabyte over words of ten kilobytes would be gigabytes: no more than the limit is put together."""
    tracemalloc.start()
    begun = time.perf_counter()
    with pytest.raises(templates.BadTemplate):
        templates.render(template, {"title": "y" * 10_000})
    assert time.perf_counter() - begun < 1
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()


def test_words_that_nothing_fills_are_named():
    assert ("titel", "nope") == templates.unknown_words("{titel} {title} {nope} {titel}")
