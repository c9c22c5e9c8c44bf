"""Names that lead nowhere, and how ready a runbook is."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tocsin import runbook_file
from tocsin.core import runbook_check

NOW = datetime(2026, 11, 23, 9, 2, tzinfo=UTC)
TEXT = (Path(__file__).parents[2] / "examples/proofi/runbook.yaml").read_text(encoding="utf-8")
ALL_SET = dict.fromkeys(("TELEGRAM_BOT_TOKEN", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"), "x" * 20)


@pytest.mark.parametrize(
    ("old", "new", "key", "near"),
    [
        ("{lead: martijn,", "{lead: martin,", "teams.core.lead", "martijn"),
        (
            "members: [martijn, backup1]}\n  frontend",
            "members: [martijn, backup2]}\n  frontend",
            "teams.core.members[1]",
            "backup1",
        ),
        (
            "people: [martijn, backup1], every",
            "people: [martijn, backup2], every",
            "schedules.primary.rotation.people[1]",
            "backup1",
        ),
        ("schedule:primary", "schedule:primry", "escalation_policies.default.steps[0].page[0]", "primary"),
        ("[team_lead], after", "[team_led], after", "escalation_policies.default.steps[2].page[0]", "team_lead"),
        ("{via: sms,", "{via: smss,", "people.martijn.notify.high[1].via", "sms"),
        (
            "team: frontend, component: Website",
            "team: fronted, component: Website",
            "services.proofi.ai.team",
            "frontend",
        ),
        ("component: Payments", "component: Payment", "services.payments.component", "Payments"),
        ("depends_on: [ddc]", "depends_on: [dcd]", "services.api.depends_on[0]", "ddc"),
        ("api:       {service: api,", "api:       {service: app,", "probes.api.service", "api"),
        ("verify: {probe: website,", "verify: {probe: web,", "actions.rollback.verify.probe", None),
        ("protocol: critical", "protocol: critcal", "severities.P0.protocol", "critical"),
        ("page: [on_call, team_lead]", "page: [on_call, team:none]", "severities.P1.page[1]", None),
        (
            "severity: P3}",
            "severity: P7}",
            "triage[8].severity",
            None,
        ),
        ("match: {check: slow}", "match: {chek: slow}", "triage[6].match.chek", "check"),
        ('"private key.*(exposed', '"private key.*((exposed', "triage[1].match.text", None),
        ("owner: system", "owner: sistem", "protocols.backlog.duties[0].owner", None),
        ("done_by: ticket_created", "done_by: ticket_made", "protocols.backlog.duties[0].done_by[0]", None),
        (
            "propose: [rollback]}\n      - {id: all_clear",
            "propose: [rolback]}\n      - {id: all_clear",
            "protocols.critical.duties[7].propose[0]",
            "rollback",
        ),
        ("run: [create_ticket]", "run: [create_tiket]", "protocols.backlog.duties[0].run[0]", "create_ticket"),
        ("if_missed: [escalate]", "if_missed: [panic]", "protocols.critical.duties[6].if_missed[0]", None),
        (
            "storage:    {do: [switch_ddc_cluster]}",
            "storage:    {do: [switch_ddc]}",
            "protocols.critical.mitigations.storage.do[0]",
            None,
        ),
        (
            "{id: fix,             at: 0m,  within: 60m",
            "{id: updates,         at: 0m,  within: 60m",
            "protocols.critical.duties[7].id",
            None,
        ),
        ("{in: alerts,", "{in: alert,", "channels.war_room.in", "alerts"),
    ],
)
def test_a_name_that_leads_nowhere_is_found_with_its_line(old, new, key, near):
    assert old in TEXT
    changed = TEXT.replace(old, new, 1)
    [error] = runbook_file.read(changed, {}).errors

    assert key == error.key
    assert near is None or f"did you mean {near!r}" in error.accepted
    line = changed.splitlines()[error.line - 1]
    assert error.found.strip("'") in line or "private key" in line or "updates" in line


def kinds(text, environment=ALL_SET):
    reading = runbook_file.read(text, environment)
    assert reading.runbook, [str(error) for error in reading.errors]
    return {(f.kind, f.subject) for f in runbook_check.findings(reading.runbook, NOW)}


def test_the_example_with_two_people_has_real_findings():
    assert {("same_person", "default"), ("no_verify", "database_read_only")} == kinds(TEXT)


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ("starts: 2025-02-03}\n  secondary", "starts: 2026-12-01}\n  secondary", ("schedule_gap", "primary")),
        (
            "high: [{via: telegram}, {via: sms, after: 2m}, {via: call, after: 5m}]",
            "high: []",
            ("unreachable", "martijn"),
        ),
        ("{page: [schedule:secondary], after: 5m}", "{page: [schedule:secondary]}", ("step_not_reached", "default")),
        (
            "escalation_policies:\n",
            "escalation_policies:\n  spare: {steps: [{page: [martijn]}]}\n",
            ("step_not_reached", "spare"),
        ),
        ("Issue: {title}", "Issue: {titel}", ("unknown_word", "acknowledged")),
        ("Issue: {title}", "Issue: {title}" + "x" * 65_600, ("text_too_long", "acknowledged")),
        ("undo: {method: POST", "x: {method: POST", None),
    ],
)
def test_each_weakness_is_found(old, new, finding):
    assert old in TEXT
    if finding is None:
        assert runbook_file.read(TEXT.replace(old, new, 1), ALL_SET).errors
        return
    assert finding in kinds(TEXT.replace(old, new, 1))


def test_a_policy_that_ends_with_nobody_is_found():
    text = TEXT.replace("{page: [everyone], after: 15m}", "{page: [schedule:later], after: 15m}").replace(
        "schedules:\n",
        'schedules:\n  later: {rotation: {people: [martijn], every: 1w, hand_off: "mon 09:00", starts: 2030-01-07}}\n',
    )
    assert ("ends_with_nobody", "default") in kinds(text)


def test_an_action_without_an_undo_is_found():
    text = TEXT.replace("actions:\n", "actions:\n  restart: {http: {url: http://x}, verify: {probe: api}}\n")

    assert ("no_undo", "restart") in kinds(text)


def test_without_tokens_the_unreachable_are_named():
    assert ("unreachable", "martijn") in kinds(TEXT, {})
    assert ("unreachable", "backup1") not in kinds(TEXT, {})


@pytest.mark.parametrize(
    "phone", ["0612345678", "+0612345678", "31612345678", "+316", "+3161234567890123", "call me", "+31 six", "", "+31612345678;911"]
)  # fmt: skip
def test_a_telephone_number_that_is_none_is_refused_with_what_is_accepted(phone):
    text = TEXT.replace('phone: "+31600000001"', f'phone: "{phone}"', 1)
    (error,) = runbook_file.read(text, ALL_SET).errors

    assert ("people.martijn.phone", repr(phone)) == (error.key, error.found)
    assert "such as +31612345678" in error.accepted
    assert 18 == error.line


@pytest.mark.parametrize("phone", ["+31600000001", "+31 6 0000 0001", "+31 (6) 0000-0001", "+31.6/00000001"])
def test_what_people_put_between_the_digits_does_not_count(phone):
    book = runbook_file.read(TEXT.replace("+31600000001", phone, 1), ALL_SET).runbook

    assert book is not None
    assert "+31600000001" == book.people["martijn"].phone


def test_a_number_of_the_environment_is_not_shown_when_it_is_wrong():
    text = TEXT.replace('phone: "+31600000001"', "phone: ${MY_PHONE}", 1)
    (error,) = runbook_file.read(text, {**ALL_SET, "MY_PHONE": "secret-0612"}).errors

    assert ("'${MY_PHONE}'", False) == (error.found, "secret" in str(error))


def test_a_version_that_was_in_force_is_not_taken_out_of_it_by_a_later_check():
    text = TEXT.replace('phone: "+31600000001"', 'phone: "0612345678"', 1)

    assert runbook_file.read(text, ALL_SET).runbook is None
    assert runbook_file.read(text, ALL_SET, was_in_force=True).runbook is not None
