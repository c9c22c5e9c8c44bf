"""What integrations read by: forms and secrets."""

from __future__ import annotations

import pytest

from tocsin.sdk import BadPayload, one_of, read_form


def test_a_form_is_read_with_its_empty_fields():
    assert {"a": "1 ü", "b": "", "c": "2"} == read_form(b"a=1+%C3%BC&b=&c=1&c=2")


@pytest.mark.parametrize("body", [b"\xff", b"a=%FF", b"&".join(b"a%d=1" % n for n in range(201))])
def test_what_is_no_form_is_refused(body):
    with pytest.raises(BadPayload):
        read_form(body)


@pytest.mark.parametrize(
    ("given", "good", "said"),
    [("a", ["a"], True), ("a", ["b", "a"], True), ("a", [b"a"], True), ("a", ["b"], False), ("", [""], False),
     ("", [], False), ("é", ["é"], True), ("\udcff", ["a"], False)],
)  # fmt: skip
def test_an_empty_secret_is_never_good(given, good, said):
    assert said is one_of(given, good)
