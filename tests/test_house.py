"""The house keeps its order: tests mirror the source, everything outside stands in the docs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.main import get_command

from tocsin import plugins
from tocsin.cli import app

ROOT = Path(__file__).parents[1]
DOCS = "\n".join(path.read_text(encoding="utf-8") for path in [*ROOT.glob("docs/**/*.md"), ROOT / "README.md"])
# Only data, or driven whole by the stories of its neighbours: draft to clock by test_decide, values by test_runbook, words by test_blame.
NO_TEST_OF_ITS_OWN = {"__init__", "events", "draft", "paging", "people", "clock", "runbook_values", "blame_words"}


@pytest.mark.parametrize("folder", ["core", "integrations"])
def test_every_module_has_its_tests(folder):
    modules = {path.stem for path in (ROOT / "src/tocsin" / folder).glob("*.py")} - NO_TEST_OF_ITS_OWN
    tests = {path.stem.removeprefix("test_") for path in (ROOT / "tests" / folder).glob("test_*.py")}

    assert set() == modules - tests


def test_every_integration_is_in_the_docs():
    loaded = plugins.load()
    pages = {path.stem for path in (ROOT / "docs/integrations").glob("*.md")}

    looks = {name.partition(".")[0] for name in loaded.diagnosers}
    named = {*loaded.sources, *loaded.transports, *loaded.actors, *loaded.connection_tests, *looks}
    assert set() == (named - {"smtp"}) - pages
    assert set() == {name for name in loaded.diagnosers if f"`{name}`" not in DOCS}


def test_every_setting_is_in_the_docs():
    named = set(re.findall(r'"(TOCSIN_[A-Z_]+)"', (ROOT / "src/tocsin/settings.py").read_text(encoding="utf-8")))

    assert named
    assert set() == {name for name in named if name not in DOCS}


def test_every_command_is_in_the_docs():
    text = (ROOT / "docs/cli.md").read_text(encoding="utf-8")
    command = get_command(app)
    for name, sub in command.commands.items():
        assert name in text, name
        for inner in getattr(sub, "commands", {}):
            assert inner in text, f"{name} {inner}"


def test_every_api_route_is_in_the_docs():
    from tocsin.web import (
        api,
        api_action_items,
        api_actions,
        api_connections,
        api_maintenance,
        api_noise,
        api_numbers,
        api_oncall,
        api_people,
        api_postmortems,
        api_probes,
        api_subscribers,
        api_texts,
        api_tickets,
        changes,
        diagnosis,
    )

    text = (ROOT / "docs/api.md").read_text(encoding="utf-8")
    for path in {
        route.path.rpartition("/")[2]
        for part in (
            api,
            api_action_items,
            api_actions,
            api_connections,
            api_maintenance,
            api_noise,
            api_numbers,
            api_oncall,
            api_people,
            api_probes,
            api_postmortems,
            api_subscribers,
            api_texts,
            api_tickets,
            changes,
            diagnosis,
        )
        for route in part.router.routes
    }:
        assert path in text or path.startswith("{"), path


def test_the_example_is_the_runbook_that_the_docs_speak_of():
    from tocsin import runbook_file

    reading = runbook_file.read((ROOT / "examples/proofi/runbook.yaml").read_text(encoding="utf-8"), {})
    assert () == reading.errors


def test_links_in_the_docs_lead_somewhere():
    for page in [*ROOT.glob("docs/**/*.md"), ROOT / "README.md", ROOT / "CHANGELOG.md"]:
        for link in re.findall(r"\]\((?!http)([^)#\s]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_the_locks_name_hashes_and_no_registry():
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "--hash=sha256:" in text
        assert not re.search(r"https?://|--(extra-)?index-url|--find-links", text)
