"""`tocsin postmortem lint`: without a server, as lines and as JSON; exit 1 when something is found."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from tocsin.cli import app
from tocsin.cli.client import Failed


@pytest.fixture(autouse=True)
def alone(monkeypatch, tmp_path):
    """No server on this machine."""
    monkeypatch.setenv("TOCSIN_DATA", str(tmp_path))
    monkeypatch.setenv("TOCSIN_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("TOCSIN_TOKEN", "a-token-of-the-tests")


def run(*arguments, **more):
    return CliRunner().invoke(app, ["postmortem", "lint", *arguments], **more)


def test_what_blames_is_found_with_its_line_and_a_better_wording(tmp_path):
    file = tmp_path / "p.md"
    file.write_text("# P\n\nThe reviewer should have seen it.\n", encoding="utf-8")
    found = run(str(file), "--json")
    assert 1 == found.exit_code
    (one,) = json.loads(found.stdout)
    assert (3, "should-have") == (one["line"], one["rule"]) and {"line", "rule", "text", "better"} == set(one)
    assert ":3: should-have:" in run(str(file)).stdout.replace("\n", "")


def test_an_honest_text_exits_0_also_from_standard_input():
    found = run("-", input="The disk was full, and no alert watched it.\n")
    assert (0, "Nothing found.") == (found.exit_code, found.stdout.strip())
    assert "[]" == run("-", "--json", input="Fine.\n").stdout.strip()


def test_a_file_that_cannot_be_read_is_wrong_use(tmp_path):
    found = run(str(tmp_path / "none.md"))
    assert isinstance(found.exception, Failed) and 2 == found.exception.code
