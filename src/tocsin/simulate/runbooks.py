"""Random runbooks: another organization for each seed, with the zones and rotations that break pagers."""

from __future__ import annotations

from random import Random

PEOPLE = ("ana", "bo", "cy", "dee", "eli")
ZONES = (
    "Europe/Madrid", "Australia/Lord_Howe", "Africa/Casablanca", "America/Santiago", "Antarctica/Troll",
    "Europe/Dublin", "America/New_York", "Asia/Kolkata", "Pacific/Apia", "UTC",
)  # fmt: skip
CHATS = {name: 7_000 + place for place, name in enumerate(PEOPLE)}
GROUP = -1_001

_SEVERITIES = """\
severities:
  P0: {title: Critical, respond_within: 15m, resolve_within: 1h, page: [everyone], urgency: high, protocol: critical, postmortem: required}
  P1: {title: High, respond_within: 30m, resolve_within: 4h, page: [on_call, team_lead], urgency: high, protocol: major}
  P2: {title: Degraded, respond_within: 2h, resolve_within: 1d, page: [on_call], urgency: low, protocol: backlog}
  P3: {title: Minor, respond_within: next business day, resolve_within: 1w, page: [], urgency: none, protocol: backlog}
triage:
  - {match: {check: http_5xx}, severity: P0}
  - {match: {severity: [critical, error]}, severity: P1}
  - {match: {severity: info}, severity: P3}
grouping: {by: [service, check], window: 10m}
protocols:
  critical:
    duties:
      - {id: acknowledge,  at: 0m, within: 15m, owner: on_call,   title: Acknowledge,           done_by: acknowledged}
      - {id: first_update, at: 0m, within: 15m, owner: commander, title: First update,          done_by: update_posted}
      - {id: updates,      every: 15m,          owner: commander, title: Update each 15 minutes, done_by: update_posted}
      - {id: all_clear,    at: 0m, within: 2h,  owner: commander, title: All-clear,             done_by: [resolved, extended], if_missed: escalate}
  major:
    duties:
      - {id: acknowledge, at: 0m, within: 30m, owner: on_call, title: Acknowledge, done_by: acknowledged}
      - {id: updates, every: 1h, owner: commander, title: Update each hour, done_by: update_posted}
  backlog:
    duties:
      - {id: prioritize, at: 0m, within: next business day, owner: on_call, title: Prioritize, done_by: checked}
templates:
  initial_alert: "{severity} {title}"
  acknowledged: "{commander} has {title}"
  status_update: "{status}: {summary}"
  all_clear: "over after {duration}: {title}"
"""  # noqa: E501 - the file's own lines

_INHIBIT = "inhibit: [{when: {check: http_5xx}, hold: {check: slow}, equal: [service]}]"


def runbook(random: Random, *, edition: int = 0, more: str = "") -> str:
    """Write one runbook. `edition` tells the versions of one organization apart; *more* are further parts of it."""
    policies, service_policy = _policies(random)
    return "\n".join([
        "version: 1",
        f"organization: {{name: Simulated {edition}, timezone: {random.choice(ZONES)}}}",
        "people:", *_people(random),
        "teams:",
        "  core: {lead: ana, members: [ana, bo, cy]}",
        "  edge: {lead: dee, members: [dee, eli]}",
        "schedules:", *_schedules(random),
        "escalation_policies:", *policies,
        "services:",
        f"  api: {{team: core, tier: 1{service_policy}}}",
        "  web: {team: edge, tier: 1, depends_on: [api]}",
        "  jobs: {team: core, tier: 2}",
        _channels(), _SEVERITIES, *([_INHIBIT] if random.random() < 0.5 else ()), *((more,) if more else ()),
    ])  # fmt: skip


def _people(random: Random) -> list[str]:
    lines = []
    for name in PEOPLE:
        second = random.choice(["1m", "2m", "5m"])
        high = f"[{{via: telegram}}, {{via: email, after: {second}}}]"
        if name == "eli":  # somebody without a working contact method but mail
            high = "[{via: sms}, {via: email}]"
        contact = f"telegram: {CHATS[name]}, " if name != "eli" else ""
        lines.append(
            f"  {name}: {{name: {name.title()}, {contact}email: {name}@example.org, roles: [responder], "
            f"notify: {{high: {high}, low: [{{via: {'telegram' if contact else 'email'}}}]}}}}"
        )
    return lines


def _schedules(random: Random) -> list[str]:
    lines = []
    for name, crew in (("primary", PEOPLE[:3]), ("secondary", PEOPLE[2:])):
        people = random.sample(crew, len(crew))
        every = random.choice(["1w", "1d", "12h", "2w", "8h"])
        at = random.choice(["09:00", "02:30", "00:00", "23:30"])
        hand_off = f"mon {at}" if every.endswith("w") else at
        starts = "2029-01-01" if name == "secondary" and random.random() < 0.1 else "2025-02-03"  # sometimes a gap
        lines += [f"  {name}:", f"    timezone: {random.choice(ZONES)}",
                  f"    rotation: {{people: [{', '.join(people)}], every: {every}, hand_off: \"{hand_off}\", "
                  f"starts: {starts}}}"]  # fmt: skip
    return lines


def _policies(random: Random) -> tuple[list[str], str]:
    steps = ["      - {page: [schedule:primary]}"]
    after = 0
    for target in random.sample(["schedule:secondary", "team_lead", "team:core", "everyone"], random.randint(1, 3)):
        after += random.choice([1, 3, 5, 10])
        steps.append(f"      - {{page: [{target}], after: {after}m}}")
    lines = ["  default:", "    steps:", *steps, f"    repeat: {random.randint(1, 3)}"]
    if random.random() < 0.5:
        return lines, ""
    lines += ["  patient:", "    steps:", "      - {page: [team_lead]}", "    repeat: 2"]
    return lines, ", escalation_policy: patient"


def _channels() -> str:
    return f"""\
channels:
  alerts: {{telegram: {{bot_token: "${{BOT_TOKEN}}", chat_id: {GROUP}}}}}
  sms: {{webhook: {{url: "${{SMS_GATEWAY}}"}}}}
  war_room: {{in: alerts, name: "#incident-{{date}}"}}
  email: {{smtp: {{host: mail.example.org, port: 25, from: incidents@example.org, security: none}}}}"""
