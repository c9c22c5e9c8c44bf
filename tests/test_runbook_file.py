"""Reading the YAML: lines, near keys, the environment, and rubbish."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin import runbook_file

TEXT = (Path(__file__).parents[1] / "examples/proofi/runbook.yaml").read_text(encoding="utf-8")
NOW = datetime(2026, 11, 23, 9, 2, tzinfo=UTC)


def errors(text, environment=None):
    return [(e.line, e.key, e.found, e.accepted) for e in runbook_file.read(text, environment or {}).errors]


def test_the_example_has_no_errors_and_names_its_version():
    reading = runbook_file.read(TEXT, {})

    assert () == reading.errors
    assert hashlib.sha256(TEXT.encode()).hexdigest() == reading.version


def test_every_error_is_told_at_once_with_its_line():
    text = TEXT.replace("escalation_policies:", "escalation_polices:").replace("urgency: low", "urgency: lo", 1)
    found = errors(text)

    assert [47, 103] == [error[0] for error in found]
    assert ("escalation_polices", "an unknown key") == found[0][1:3]
    assert found[0][3].startswith("did you mean 'escalation_policies'? known here: actions, ")
    assert ("severities.P2.urgency", "'lo'", "'high', 'low' or 'none'") == found[1][1:]


@pytest.mark.parametrize(
    ("old", "new", "key", "accepted"),
    [
        (
            'every: 30s, expect: {status: "<500"',
            'evry: 30s, expect: {status: "<500"',
            "probes.website.evry",
            "did you mean 'every'?",
        ),
        (
            "    email: martijn@proofi.ai",
            "    emial: martijn@proofi.ai",
            "people.martijn.emial",
            "did you mean 'email'?",
        ),
        ("chat_id: -1001234567890", "chat_id: many", "channels.alerts.telegram.chat_id", "integer"),
        ("chat_id: -1001234567890", "chat: 1", "channels.alerts.telegram.chat", "did you mean 'chat_id'?"),
        ("security: starttls", "security: maybe", "channels.email.smtp.security", "'none', 'starttls' or 'tls'"),
        (
            "within: 15m, owner: on_call,   title: Ack",
            "within: soon, owner: on_call,   title: Ack",
            "protocols.critical.duties[0].within",
            "90s, 15m",
        ),
        (
            "done_by: acknowledged}",
            "done_bye: acknowledged}",
            "protocols.critical.duties[0].done_bye",
            "did you mean 'done_by'?",
        ),
        ("version: 1", "version: 2", "version", "1"),
        ("version: 1\n", "", "version", "this key is needed"),
        ("grouping: {by:", "grouping: {bye:", "grouping.bye", "did you mean 'by'?"),
        ("ddc:     {active: primary,", "ddc:     {activ: primary,", "connections.ddc.activ", "did you mean 'active'?"),
        (
            "{day: 0, do: Incident resolved}",
            "{day: zero, do: Incident resolved}",
            "postmortems.schedule[0].day",
            "integer",
        ),
    ],
)
def test_a_wrong_value_names_key_and_what_is_accepted(old, new, key, accepted):
    assert old in TEXT
    found = errors(TEXT.replace(old, new, 1))

    assert key in [error[1] for error in found]
    assert any(accepted in error[3] for error in found if error[1] == key)


def test_a_key_twice_is_an_error():
    assert (1, "version", "the key a second time", "each key once") in [
        (line - 1, *rest) for line, *rest in errors("version: 1\n" + "version: 1\n")
    ]


def test_yes_and_no_are_texts():
    text = TEXT.replace("holidays: NL", "holidays: NO")

    assert "NO" == runbook_file.read(text, {}).runbook.organization.business_hours.holidays


def test_the_environment_fills_in_and_keeps_its_type():
    text = TEXT.replace("chat_id: -1001234567890", 'chat_id: "${CHAT}"')
    book = runbook_file.read(text, {"TELEGRAM_BOT_TOKEN": "1:secret", "CHAT": "-42"}).runbook

    assert (-42, "1:secret") == (book.channel("alerts").telegram.chat_id, book.channel("alerts").telegram.bot_token)
    assert "channels.alerts.telegram" not in book.left_out


def test_what_is_unset_leaves_its_integration_out_with_a_warning():
    reading = runbook_file.read(TEXT, {})
    warned = {warning.key: warning.accepted for warning in reading.warnings}

    assert ("TELEGRAM_BOT_TOKEN",) == reading.runbook.left_out["channels.alerts.telegram"]
    assert "without it channels.alerts.telegram is left out" in warned["channels.alerts.telegram.bot_token"]
    assert "without it it is left empty" in warned["channels.alerts.telegram.webhook_secret"]
    assert "without it actions.database_read_only is left out" in warned["actions.database_read_only.postgres.dsn"]


def test_what_is_unset_elsewhere_is_an_error():
    assert ("organization.name", "${COMPANY}", "COMPANY set") in [
        e[1:] for e in errors(TEXT.replace("name: Proofi", 'name: "${COMPANY}"', 1))
    ]


def test_values_of_the_environment_never_show():
    text = TEXT.replace("chat_id: -1001234567890", 'chat_id: "${CHAT}"')
    [error] = errors(text, {"CHAT": "a-secret-value"})

    assert "a-secret-value" not in str(error)
    assert "'${CHAT}'" == error[2]


BOMB = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 10)}]\n" for i in range(8)
)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "text", "a: [", "\x00", "a: &a [*a]", "{" * 5000, "? [a]\n: b", "x: " + "y" * 1_100_000, BOMB, "a: !!python/object:x y",
     "starts: 2026-99-99", "- " * 200, "\ud800", "a: 1e999", "a: .nan", "<<: 1", "a: *b"],
    ids=range(18),
)  # fmt: skip
def test_rubbish_gives_errors_and_never_a_fault(text):
    reading = runbook_file.read(text, {})

    assert reading.runbook is None
    assert reading.errors
    assert all(error.line >= 1 and str(error) for error in reading.errors)


@given(st.text(max_size=300))
def test_any_text_is_read_to_an_end(text):
    assert runbook_file.read(text, {}).runbook is None


def test_check_gives_the_report():
    report = runbook_file.check(TEXT, {}, NOW)

    assert {"errors", "warnings", "findings"} == set(report)
    assert {"line", "key", "found", "accepted"} == set(report["warnings"][0])
    assert {"kind", "subject", "text"} == set(report["findings"][0])
    assert [] == runbook_file.check("x: 1", {}, NOW)["findings"]


@pytest.mark.parametrize(
    ("key", "colour", "said"),
    [
        ("accent", "#ffdd00", ("#ffdd00, which has 1.26:1; links show as #", "at least 4.5:1 on a light page")),
        ("accent_dark", "#000080", ("#000080, which has 1.07:1; links show as #", "at least 4.5:1 on a dark page")),
        ("accent", "#000080", None),
        ("accent_dark", "#ffdd00", None),
    ],
)
def test_a_colour_of_the_status_page_that_does_not_read_is_told_with_what_is_shown(key, colour, said):
    text = TEXT.replace("  title: Proofi Status\n", f'  title: Proofi Status\n  {key}: "{colour}"\n')
    told = [problem for problem in runbook_file.read(text, {}).warnings if problem.key == f"status_page.{key}"]
    assert len(told) == bool(said)
    for problem in told:
        assert problem.found.startswith(said[0])
        assert said[1] in problem.accepted


@pytest.mark.parametrize(
    ("lines", "word"),
    [
        ("    ssh: {host: h, user: u, directory: /d, host_key: 'SHA256:abc', key: k}", "host_key"),
        ("    ssh: {host: h, user: u, directory: /d, host_key: 'ssh-ed25519 AAAA'}", "key_file"),
        ("    github_pages: {repository: nothing, token: t}", "repository"),
    ],
)
def test_a_host_that_cannot_be_is_refused(lines, word):
    text = TEXT.replace("  publish: {directory: ./status}", f"  publish:\n    directory: ./status\n{lines}")
    assert any(word in f"{problem.key} {problem.accepted}" for problem in runbook_file.read(text, {}).errors)


def test_a_host_without_its_secret_is_left_out_and_the_others_stay():
    line = "    github_pages: {repository: a/b, token: '${PAGES_TOKEN}'}"
    text = TEXT.replace("  publish: {directory: ./status}", f"  publish:\n    directory: ./status\n{line}")
    book = runbook_file.read(text, {}).runbook
    assert ("PAGES_TOKEN",) == book.left_out["status_page.publish.github_pages"]
