"""What the types alone cannot say of a runbook: names that lead nowhere, and how ready it is for a bad night."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, get_args

from tocsin.core import matchers, oncall
from tocsin.core.diagnosis import OWN
from tocsin.core.incident import ROLES
from tocsin.core.runbook import DutyRule, EscalationPolicy, Runbook
from tocsin.core.runbook_channels import WarRoom
from tocsin.core.runbook_probes import faults as probe_faults
from tocsin.core.runbook_schedules import HandOff, Rotation, Schedule
from tocsin.core.stand_ins import Given
from tocsin.core.templates import BadTemplate, render, unknown_words
from tocsin.core.types import FactKind

AHEAD: Final = timedelta(days=14)  # how far gaps are looked for
FOREVER: Final = 9_000  # a year from which on a span has no end
PHONE: Final = re.compile(r"\+[1-9][0-9]{6,14}")  # E.164
OWNERS: Final = ("on_call", "system", "team_lead", "everyone", *ROLES)
GROUPS: Final = ("everyone", "on_call", "team_lead")
RUNS: Final = ("diagnose", "open_war_room", "notify_everyone", "create_ticket")
PERSONAL: Final = {"telegram": "telegram", "smtp": "email", "twilio": "phone", "webhook": "webhook", "ntfy": "ntfy",
                   "slack": "slack"}  # fmt: skip
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """
    A value that leads nowhere: where it stands, what it says, what is accepted and the names that are known.

    Without `found` it is shown as the file has it: what the environment filled in may be a secret.
    """

    path: Path
    found: str
    accepted: str
    known: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that will hurt one night: its kind, whom or what it is about, and a sentence."""

    kind: str
    subject: str
    text: str


# What an integration can look at: each name that `diagnose` may say, with the settings it cannot look without.
Looks = Mapping[str, tuple[str, ...]]


def faults(book: Runbook, looks: Looks | None = None) -> tuple[Fault, ...]:
    """
    Every name in the runbook that leads nowhere, and every pattern that cannot be read.

    Args:
        looks: What the installed integrations can look at; None or empty where that is not known.
    """
    checks = (_people_faults, _service_faults, _severity_faults, _triage_faults, _noise_faults, _duty_faults,
              _channel_faults, _hand_off_faults, _report_faults)  # fmt: skip
    found = [fault for check in checks for fault in check(book)]
    for i, name in enumerate(book.diagnose) if looks else ():
        found += _named(("diagnose", i), name, (*looks, *OWN), "what can be looked at")  # type: ignore[misc]
    return tuple(found)


def _named(path: Path, name: str | None, known: Iterable[str], what: str) -> Iterator[Fault]:
    if name is not None and name not in known:
        yield Fault(path, name, what, tuple(known))


def _people_faults(book: Runbook) -> Iterator[Fault]:
    for name, team in book.teams.items():
        yield from _named(("teams", name, "lead"), team.lead, book.people, "a person")
        for i, member in enumerate(team.members):
            yield from _named(("teams", name, "members", i), member, book.people, "a person")
    for name, schedule in book.schedules.items():
        yield from _schedule_faults(book, ("schedules", name), schedule)
    for name, policy in book.escalation_policies.items():
        for i, step in enumerate(policy.steps):
            for j, target in enumerate(step.page):
                yield from _target(book, ("escalation_policies", name, "steps", i, "page", j), target)
    kinds = {getattr(channel, "kind", "") for channel in book.channels.values()} - {""}
    for id_, person in book.people.items():
        if person.phone is not None and not PHONE.fullmatch(person.phone):
            accepted = "a number with its country, + and 7 to 15 digits, such as +31612345678"
            yield Fault(("people", id_, "phone"), "", accepted)
        for urgency in ("high", "low"):
            for i, rule in enumerate(getattr(person.notify, urgency)):
                where: Path = ("people", id_, "notify", urgency, i, "via")
                yield from _named(where, rule.via, {*book.channels, *kinds}, "a channel or its kind")


def _hand_off_faults(book: Runbook) -> Iterator[Fault]:
    said: list[tuple[Path, HandOff]] = [(("organization", "hand_off"), book.organization.hand_off)]
    said += [(("schedules", name, "hand_off"), s.hand_off) for name, s in book.schedules.items() if s.hand_off]
    for path, hand_off in said:
        for i, target in enumerate(hand_off.to):
            if target != "secondary":
                yield from _target(book, (*path, "to", i), target)


def _report_faults(book: Runbook) -> Iterator[Fault]:
    """Who gets the numbers of the month is a channel that messages go through, a mailing list, or a mail address."""
    known = [name for name, channel in book.channels.items() if not isinstance(channel, WarRoom)]
    mail = any(getattr(channel, "kind", "") == "smtp" for channel in book.channels.values())
    for i, name in enumerate(book.numbers.report):
        if "@" not in name or name in book.channels:
            yield from _named(("numbers", "report", i), name, known, "a channel, or a mail address")
        elif not mail:
            yield Fault(("numbers", "report", i), name, "a channel: no channel here sends mail", tuple(known))


def _schedule_faults(book: Runbook, path: Path, schedule: Schedule) -> Iterator[Fault]:
    if schedule.rotation:
        yield from _rotation_faults(book, (*path, "rotation"), schedule.rotation)
    for i, layer in enumerate(schedule.layers):
        yield from _rotation_faults(book, (*path, "layers", i, "rotation"), layer.rotation)
    for called, person in schedule.ical.people.items() if schedule.ical else ():
        yield from _named((*path, "ical", "people", called), person, book.people, "a person")


def _rotation_faults(book: Runbook, path: Path, rotation: Rotation) -> Iterator[Fault]:
    for i, group in enumerate(rotation.people):
        for j, person in enumerate(group):
            where: Path = (*path, "people", i) if len(group) == 1 else (*path, "people", i, j)
            yield from _named(where, person, book.people, "a person")


def _target(book: Runbook, path: Path, target: str) -> Iterator[Fault]:
    kind, _, name = target.partition(":")
    if kind == "schedule" and name:
        yield from _named(path, name, book.schedules, "a schedule")
    elif kind == "team" and name:
        yield from _named(path, name, book.teams, "a team")
    elif target not in GROUPS:
        known = (*GROUPS, *book.people, *(f"schedule:{s}" for s in book.schedules), *(f"team:{t}" for t in book.teams))
        yield from _named(path, target, known, "whom to page")


def _service_faults(book: Runbook) -> Iterator[Fault]:
    for name, service in book.services.items():
        yield from _named(("services", name, "team"), service.team, book.teams, "a team")
        policy = service.escalation_policy
        yield from _named(("services", name, "escalation_policy"), policy, book.escalation_policies, "a policy")
        if book.status_page.components:
            known = book.status_page.components
            yield from _named(("services", name, "component"), service.component, known, "a component")
        for i, other in enumerate(service.depends_on):
            yield from _named(("services", name, "depends_on", i), other, book.services, "a service")
    for name, probe in book.probes.items():
        yield from _named(("probes", name, "service"), probe.service, book.services, "a service")
        yield from (Fault(("probes", name, *key), "", accepted) for key, accepted in probe_faults(name, probe))
    for name, action in book.actions.items():
        if action.verify:
            yield from _named(("actions", name, "verify", "probe"), action.verify.probe, book.probes, "a probe")


def _severity_faults(book: Runbook) -> Iterator[Fault]:
    for name, severity in book.severities.items():
        yield from _named(("severities", name, "protocol"), severity.protocol, book.protocols, "a protocol")
        for i, target in enumerate(severity.page):
            yield from _target(book, ("severities", name, "page", i), target)


def _triage_faults(book: Runbook) -> Iterator[Fault]:
    for i, rule in enumerate(book.triage):
        yield from _named(("triage", i, "severity"), rule.severity, book.severities, "a severity")
        yield from _named(("triage", i, "service"), rule.service, book.services, "a service")
        yield from _match_faults(("triage", i, "match"), rule.match)
        yield from _match_faults(("triage", i, "not"), rule.not_)


def _noise_faults(book: Runbook) -> Iterator[Fault]:
    for i, rule in enumerate(book.inhibit):
        yield from _match_faults(("inhibit", i, "when"), rule.when)
        yield from _match_faults(("inhibit", i, "hold"), rule.hold)
        for j, name in enumerate(rule.equal):
            if not name.startswith("labels."):
                yield from _named(("inhibit", i, "equal", j), name, (*matchers.FIELDS, "labels.NAME"), "a field")
    for i, question in enumerate(book.impact_questions):
        for j, answer in enumerate(question.answers):
            where = ("impact_questions", i, "answers", j, "severity")
            yield from _named(where, answer.severity, book.severities, "a severity")


def _match_faults(path: Path, match: Mapping[str, tuple[str, ...]]) -> Iterator[Fault]:
    for field, values in match.items():
        if not field.startswith("labels."):
            yield from _named((*path, field), field, (*matchers.FIELDS, "labels.NAME"), "a field of an alert")
        if field in matchers.SEARCHED:
            yield from (Fault((*path, field), value, why) for value in values if (why := _bad(value)))


def _bad(pattern: str) -> str:
    try:
        matchers.compiled((pattern,))
    except ValueError as error:
        return str(error)
    return ""


def _duty_faults(book: Runbook) -> Iterator[Fault]:
    for name, protocol in book.protocols.items():
        ids = [duty.id for duty in protocol.duties]
        for i, duty in enumerate(protocol.duties):
            path: Path = ("protocols", name, "duties", i)
            if ids.index(duty.id) != i:
                yield Fault((*path, "id"), duty.id, "an id that no other duty of the protocol has")
            yield from _one_duty(book, path, duty)
        for cause, mitigation in protocol.mitigations.items():
            where: Path = ("protocols", name, "mitigations", cause, "do")
            for j, action in enumerate(mitigation.do):
                yield from _named((*where, j), action, book.actions, "an action")


def _one_duty(book: Runbook, path: Path, duty: DutyRule) -> Iterator[Fault]:
    if duty.owner not in OWNERS:
        yield from _target(book, (*path, "owner"), duty.owner)
    for j, kind in enumerate(duty.done_by):
        yield from _named((*path, "done_by", j), kind, get_args(FactKind), "a kind of fact")
    for j, action in enumerate(duty.propose):
        yield from _named((*path, "propose", j), action, book.actions, "an action")
    for j, run in enumerate(duty.run):
        yield from _named((*path, "run", j), run, (*RUNS, *book.actions), "what runs by itself, or an action")
    for j, what in enumerate(duty.if_missed):
        yield from _named((*path, "if_missed", j), what, ("escalate",), "what happens then")


def _channel_faults(book: Runbook) -> Iterator[Fault]:
    room = book.war_room
    if room:
        yield from _named(("channels", "war_room", "in"), room.in_, book.channels, "a channel")
    for name in book.channels:
        if (channel := book.channel(name)) and channel.backup:
            others = [other for other in book.channels if other != name and book.channel(other)]
            yield from _named(("channels", name, "backup"), channel.backup, others, "another channel")


# --------------------------------------------------------------------------------------------- readiness


def findings(book: Runbook, now: datetime, given: Given | None = None) -> tuple[Finding, ...]:
    """
    How ready the runbook is: every weakness that shows itself without an incident, in the 14 days from *now* on.

    Args:
        given: Overrides and what else stands in, as the resolver takes them; None where there is no database: what a
            schedule's calendar says is not known then.
    """
    checks = (_gap_findings, _unreachable, _same_person, _steps)
    found = [finding for check in checks for finding in check(book, now, given)]
    return tuple(dict.fromkeys([*found, *_texts(book), *_actions(book)]))


def blind(book: Runbook, looks: Looks) -> Iterator[Finding]:
    """The looks that `diagnose` asks for and that a missing setting forbids, but for those that are left out."""
    for name in dict.fromkeys(book.diagnose):
        connection = name.partition(".")[0].replace("-", "_")
        if name not in looks or f"connections.{connection}" in book.left_out:
            continue
        settings = getattr(book.connections, connection, None)
        missing = [need for need in looks[name] if not getattr(settings, need, None)]
        if missing and settings is None:
            yield Finding("cannot_look", name, f"the runbook has no connections.{connection}")
        elif missing:
            yield Finding("cannot_look", name, f"connections.{connection} has no {' and no '.join(missing)}")


@dataclass(frozen=True, slots=True)
class Gap:
    """A span in which nobody is on call by a schedule; its bounds are its own, also where they lie outside the look."""

    schedule: str
    start: datetime
    until: datetime


def gaps(book: Runbook, now: datetime, given: Given | None = None) -> Iterator[Gap]:
    """The gaps that touch the 14 days from *now* on."""
    for name, schedule in book.schedules.items():
        if schedule.ical and given is None:
            continue  # what its calendar says is known to the database, not to the file
        for shift in oncall.shifts(book, name, now, now + AHEAD, given or ()):
            if not shift.people:
                first, last = (
                    oncall.on_call_at(book, name, at, given or ()) for at in (shift.start, _last(shift.until))
                )
                yield Gap(name, first.start, last.until)


def _last(until: datetime) -> datetime:
    return until - timedelta(microseconds=1)


def _gap_findings(book: Runbook, now: datetime, given: Given | None) -> Iterator[Finding]:
    for gap in gaps(book, now, given):
        start = f"from {gap.start:%Y-%m-%d %H:%M}" if gap.start.year > 1 else "from now on"
        end = f" to {gap.until:%Y-%m-%d %H:%M} UTC" if gap.until.year < FOREVER else ", for good"
        yield Finding("schedule_gap", gap.schedule, f"nobody is on call {start}{end}")


def _unreachable(book: Runbook, now: datetime, given: Given | None) -> Iterator[Finding]:
    pages_low = any(severity.page and severity.urgency == "low" for severity in book.severities.values())
    for id_, person in book.people.items():
        for urgency in ("high", "low") if pages_low else ("high",):
            if not any(reaches(book, id_, rule.via) for rule in getattr(person.notify, urgency)):
                text = f"no notification rule for {urgency} urgency reaches {person.name}"
                yield Finding("unreachable", id_, text)


def reaches(book: Runbook, person: str, via: str) -> bool:
    """Say whether a notification rule leads to a channel that works and an address that the person has."""
    for name, channel in book.channels.items():
        kind = getattr(channel, "kind", "")
        if via in (name, kind) and kind and f"channels.{name}.{kind}" not in book.left_out:
            field = PERSONAL.get(kind)
            return field is None or bool(getattr(book.people[person], field, None))
    return False


def _instants(book: Runbook, policy: EscalationPolicy, now: datetime, given: Given | None) -> list[datetime]:
    """Now, and each start of a shift behind the policy's steps in the 14 days, the first 100 of them."""
    names = {
        target.partition(":")[2] for step in policy.steps for target in step.page if target.startswith("schedule:")
    }
    spans = (oncall.shifts(book, name, now, now + AHEAD, given or ()) for name in names)
    return sorted({now, *(shift.start for span in spans for shift in span)})[:100]


def _same_person(book: Runbook, now: datetime, given: Given | None) -> Iterator[Finding]:
    for name, policy in book.escalation_policies.items():
        for at in _instants(book, policy, now, given):
            before: dict[str, int] = {}
            for i, step in enumerate(policy.steps):
                named = [target for target in step.page if target not in ("everyone", "on_call")]
                for person in sorted({p for t in named for p in _behind(book, name, t, at, given)}):
                    if person in before:
                        who = book.people[person].name
                        text = f"{who} is on step {before[person]} and step {i + 1} at the same time"
                        yield Finding("same_person", name, text)
                    before.setdefault(person, i + 1)


def _behind(book: Runbook, policy: str, target: str, at: datetime, given: Given | None) -> frozenset[str]:
    """Who a step's target stands for; a team lead of any service that walks the policy."""
    if target == "team_lead":
        return frozenset(
            lead
            for service in book.services
            if book.policy_for(service)[0] == policy and (lead := book.lead_of(service))
        )
    return oncall.targets(book, target, at, None, given or ())


def _steps(book: Runbook, now: datetime, given: Given | None) -> Iterator[Finding]:
    for name, policy in book.escalation_policies.items():
        last = policy.steps[-1]
        for at in _instants(book, policy, now, given):
            if not any(_behind(book, name, target, at, given) for target in last.page):
                when = "now" if at == now else f"on {at:%Y-%m-%d %H:%M} UTC"
                yield Finding(
                    "ends_with_nobody", name, f"the last step ({', '.join(last.page)}) stands for nobody {when}"
                )
                break
        for i, step in enumerate(policy.steps[:-1]):
            if step.after == policy.steps[i + 1].after:
                yield Finding("step_not_reached", name, f"step {i + 2} starts with step {i + 1}: it waits for nothing")
    used = {service.escalation_policy for service in book.services.values()} | {"default"}
    for name in sorted(set(book.escalation_policies) - used):
        yield Finding("step_not_reached", name, "no service uses this policy: its steps are never taken")


def _texts(book: Runbook) -> Iterator[Finding]:
    for name, template in book.templates.items():
        for word in unknown_words(template):
            yield Finding("unknown_word", name, f"nothing ever fills {{{word}}}: it reads unknown")
        try:
            render(template, {})
        except BadTemplate as error:
            yield Finding("text_too_long", name, f"{error}: plain words go out in its place")


def _actions(book: Runbook) -> Iterator[Finding]:
    for name, action in book.actions.items():
        undoes = action.undo or action.vercel or action.railway or action.postgres
        if not undoes:
            yield Finding("no_undo", name, "the action has no undo")
        if not action.verify:
            yield Finding("no_verify", name, "the action has no verify: nobody will know whether it helped")
