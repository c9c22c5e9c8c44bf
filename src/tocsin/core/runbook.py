"""The runbook as frozen types. Attribute names are the keys of the file; its meaning is told beside each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Final, Literal

from pydantic import Field, PrivateAttr, model_validator

from tocsin.core.calendar import DAYS, has_holidays
from tocsin.core.runbook_channels import (
    KINDS,
    REQUIRED_SECRETS,
    AnyChannel,
    Channel,
    ConsoleChannel,
    MailingList,
    SlackChannel,
    SmtpChannel,
    TelegramChannel,
    TwilioChannel,
    WarRoom,
    WebhookChannel,
)
from tocsin.core.runbook_noise import Flapping, Grouping, Inhibition, Question, TriageRule
from tocsin.core.runbook_probes import Expect, Probe
from tocsin.core.runbook_schedules import HandOff, Schedule
from tocsin.core.runbook_values import (
    ClockTime,
    MailAddress,
    Offset,
    Part,
    Phone,
    Span,
    Text,
    Urgency,
    Within,
    Words,
    Zone,
)

# Channels, probes and triage have modules of their own; whoever reads a runbook finds them here.
__all__ = [
    "KINDS", "REQUIRED_SECRETS", "AnyChannel", "Channel", "ConsoleChannel", "Expect", "Grouping", "MailingList",
    "Probe", "SlackChannel", "SmtpChannel", "TelegramChannel", "TriageRule", "TwilioChannel", "WarRoom",
    "WebhookChannel",
]  # fmt: skip

Role = Literal["admin", "responder", "viewer"]


class BusinessHours(Part):
    days: tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...] = DAYS[:5]
    from_: ClockTime = Field("09:00", alias="from")
    until: ClockTime = Field("17:00", alias="to")
    timezone: Zone = "UTC"
    holidays: str | None = None  # a country of the holidays library, NL or DE-BY

    @model_validator(mode="after")
    def _works_at_all(self) -> BusinessHours:
        if not self.days:
            raise ValueError("at least one business day")
        if self.holidays and not has_holidays(self.holidays):
            raise ValueError(f"a country that has public holidays, such as NL or DE-BY, not {self.holidays}")
        return self


class Organization(Part):
    name: Text = "Our organization"
    site: str = ""
    timezone: Zone = "UTC"
    business_hours: BusinessHours = BusinessHours()
    hand_off: HandOff = HandOff()


class NotifyRule(Part):
    via: Text
    after: Offset = timedelta(0)


class Notify(Part):
    high: tuple[NotifyRule, ...] = ()
    low: tuple[NotifyRule, ...] = ()


class QuietHours(Part):
    """When low urgency waits for the end of them: high urgency never does. `days` are those on which they begin."""

    from_: ClockTime = Field("22:00", alias="from")
    until: ClockTime = Field("07:00", alias="to")
    timezone: Zone | None = None
    days: tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...] = DAYS

    @model_validator(mode="after")
    def _ends(self) -> QuietHours:
        if self.from_ == self.until:
            raise ValueError("quiet hours that end at another time than they begin")
        return self


class Person(Part):
    name: Text
    email: str | None = None
    phone: Phone | None = None  # E.164: +31612345678
    telegram: int | None = None
    github: str | None = None
    slack: str | None = None
    ntfy: str | None = None
    webhook: str | None = None
    timezone: Zone | None = None
    roles: tuple[Role, ...] = ("responder",)
    notify: Notify = Notify()
    quiet_hours: QuietHours | None = None
    test_page: Literal["monthly", "never"] = "monthly"


class Team(Part):
    lead: Text
    members: Words = ()


class OnCall(Part):
    """What whoever is on call has to do, as they are told at each hand-off."""

    duties: Words = (
        "Watch the alerts channel",
        "Respond within the SLA",
        "Escalate if unable to respond",
        "Hand off to the next person on call",
    )


class Acknowledgement(Part):
    """How long an acknowledgement holds when nothing follows it."""

    expires_after: Span


class Step(Part):
    page: Words
    after: Offset = timedelta(0)
    assign: Literal["everyone", "round_robin"] = "everyone"
    round_robin: bool = False  # says the same as `assign: round_robin`
    all_must_acknowledge: bool = False

    @property
    def in_turn(self) -> bool:
        """Of the people whom the step names one is paged, in turn over incidents."""
        return self.round_robin or self.assign == "round_robin"

    @model_validator(mode="after")
    def _one_or_all(self) -> Step:
        if self.in_turn and self.all_must_acknowledge:
            raise ValueError("either one in turn (round_robin) or all_must_acknowledge")
        return self


class EscalationPolicy(Part):
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]
    repeat: Annotated[int, Field(ge=0, le=100)] = 1
    acknowledgement: Acknowledgement | None = None

    @model_validator(mode="after")
    def _in_order(self) -> EscalationPolicy:
        waits = [step.after for step in self.steps]
        if waits != sorted(waits):
            raise ValueError("steps in the order of `after`: it counts from the start of the walk")
        return self


class Service(Part):
    team: str | None = None
    component: str | None = None
    tier: int = 2
    depends_on: Words = ()
    escalation_policy: str | None = None


class Severity(Part):
    title: Text
    definition: str = ""
    examples: Words = ()
    respond_within: Within
    resolve_within: Within
    page: Words = ()
    urgency: Urgency = "high"
    protocol: Text
    postmortem: Literal["required", "if_recurring", "none"] = "none"
    recurring_within: Span | None = None
    acknowledgement: Acknowledgement | None = None


class DutyRule(Part):
    id: Text
    title: Text
    owner: Text
    done_by: Words
    at: Offset | None = None
    within: Within | None = None
    every: Span | None = None
    after: Literal["resolved"] | None = None
    for_: Span | None = Field(None, alias="for")
    run: Words = ()
    propose: Words = ()
    if_missed: Words = ()


class Mitigation(Part):
    do: Words


class Protocol(Part):
    duties: tuple[DutyRule, ...]
    mitigations: dict[str, Mitigation] = {}


# --------------------------------------------------------------------------------------------- status page, connections


class Bucket(Part):
    """A bucket that speaks S3, and the folder in it."""

    bucket: Text
    prefix: str = ""
    endpoint: str = ""  # https://host; empty: Amazon's of the region
    region: str = "us-east-1"
    access_key: str
    secret_key: str
    url: str = ""  # where the public sees it, as for every host: each publish is then fetched back from there


class SshFolder(Part):
    """A folder on another machine, which becomes a link to the newest release."""

    host: Text
    port: Annotated[int, Field(ge=1, le=65535)] = 22
    user: Text
    directory: Text
    host_key: Annotated[str, Field(pattern=r"^(ssh|ecdsa|sk)-\S+ \S+")]  # as ssh-keyscan prints it, without the name
    key: str = ""  # the private key itself
    key_file: str = ""  # or its file
    url: str = ""

    @model_validator(mode="after")
    def _has_a_key(self) -> SshFolder:
        if not (self.key or self.key_file) and "key" not in self.model_fields_set:
            raise ValueError("a key, or a key_file")
        return self


class GithubPages(Part):
    """A branch that GitHub Pages serves, and the folder in it."""

    repository: Annotated[str, Field(pattern=r"^[\w.-]+/[\w.-]+$")]
    branch: Text = "gh-pages"
    folder: str = ""
    token: str
    api_base: str = "https://api.github.com"
    url: str = ""


class PublishTo(Part):
    """Where the status page is put as static files: hosts that outlive this one."""

    directory: str = ""
    directory_url: str = ""
    s3: Bucket | None = None
    ssh: SshFolder | None = None
    github_pages: GithubPages | None = None


Colour = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]


class StatusPage(Part):
    title: Text = "Status"
    url: str = ""
    components: Words = ()
    logo: str = ""  # an address of a picture
    accent: Colour = "#1f4fd1"  # of the line on top, links and buttons
    accent_dark: Colour | None = None  # the same where the reader's screen is dark
    subscribe: tuple[Literal["email", "webhook"], ...] = ("email", "webhook")  # how the public may be told; [] is not
    publish: PublishTo = PublishTo()


AlertWord = Literal["critical", "error", "warning", "info"]


class Sender(Part):
    """What stands for a vendor whose alerts come in."""

    service: str | None = None  # the service that its alerts belong to, where they name none of their own
    webhook_secret: str = ""  # two with a comma between are both good


class Connection(Sender):
    api_base: str = ""
    token: str = ""
    projects: Words = ()  # whose webhooks are taken; none named: the connection's own, where it says which that is


class Vercel(Connection):
    project: str = ""
    team: str = ""


class Railway(Connection):
    project: str = ""
    environment: str = ""
    service_id: str = ""


class Sentry(Connection):
    organization: str = ""
    project: str = ""
    client_secret: str = ""


class GitHub(Connection):
    repository: str = ""
    labels: dict[str, str] = {}


class Ddc(Part):
    active: str
    clusters: dict[str, str]


class Sns(Part):
    topics: Words = ()
    certificate_file: str = ""
    service: str | None = None
    severity: AlertWord = "error"


class SigningOnly(Part):
    webhook_secret: str = ""
    signing_secret: str = ""


class Grafana(SigningOnly):
    timestamp_header: str = "X-Grafana-Alerting-Timestamp"


class Rated(Sender):
    severity: AlertWord = "error"


class GenericMapping(Part):
    """Where the free form of the generic source finds its words: dotted paths into the body."""

    fields: dict[Literal["key", "title", "text", "severity", "service", "check", "state", "link"], str] = {}
    resolved_values: Words = ("ok", "resolved", "close", "closed")


class Connections(Part):
    vercel: Vercel | None = None
    railway: Railway | None = None
    sentry: Sentry | None = None
    github: GitHub | None = None
    ddc: Ddc | None = None
    sns: Sns | None = None
    grafana: Grafana | None = None
    datadog: Sender | None = None
    uptime_kuma: Sender | None = None
    healthchecks: Rated | None = None
    email: Rated | None = None
    slack: SigningOnly | None = None
    generic: GenericMapping | None = None


class HttpCall(Part):
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "POST"
    url: Text
    json_: Any = Field(None, alias="json")
    headers: dict[str, str] = {}


class PostgresAction(Part):
    dsn: str
    read_only: bool = True
    end_sessions: bool = False


class Verify(Part):
    probe: Text
    within: Span = timedelta(minutes=5)


class Action(Part):
    vercel: Literal["rollback", "promote"] | None = None
    railway: Literal["rollback", "redeploy"] | None = None
    http: HttpCall | None = None
    postgres: PostgresAction | None = None
    github: dict[str, Any] | None = None
    command: Words = ()
    approve: Literal["commander", "second_person", "none"] = "second_person"
    undo: HttpCall | None = None
    verify: Verify | None = None
    idempotent: bool = False


class Meeting(Part):
    length: Span = timedelta(hours=1)
    at: ClockTime = "10:00"
    replies_to: MailAddress = None  # calendars answer there; its mail is posted to /in/email


class DayStep(Part):
    day: Annotated[int, Field(ge=0, le=365)]
    do: Text


SECTIONS: Final = (
    "Summary", "Impact", "Timeline (all times UTC)", "Root Cause", "Resolution", "What Went Well",
    "What Went Wrong", "Action Items", "Lessons Learned",
)  # fmt: skip


class Postmortems(Part):
    directory: str = "docs/incidents"
    repository: Literal["none", "commit", "pull_request"] = "none"  # how they come into connections.github.repository
    meeting: Meeting = Meeting()
    due_within: Span = timedelta(hours=48)
    schedule: tuple[DayStep, ...] = ()
    sections: Words = SECTIONS
    blameless: bool = True


class Numbers(Part):
    """Who gets the numbers of each month by mail, on the first of the next one: channels, or mail addresses."""

    report: Words = ()


# --------------------------------------------------------------------------------------------- the whole


class Runbook(Part):
    version: Literal[1]
    organization: Organization = Organization()
    people: Annotated[dict[str, Person], Field(min_length=1)]
    teams: dict[str, Team] = {}
    schedules: dict[str, Schedule] = {}
    on_call: OnCall = OnCall()
    escalation_policies: dict[str, EscalationPolicy] = {}
    services: dict[str, Service] = {}
    probes: dict[str, Probe] = {}
    severities: Annotated[dict[str, Severity], Field(min_length=1)]
    triage: tuple[TriageRule, ...] = ()
    grouping: Grouping = Grouping()
    inhibit: tuple[Inhibition, ...] = ()
    flapping: Flapping | None = None
    impact_questions: tuple[Question, ...] = ()
    protocols: Annotated[dict[str, Protocol], Field(min_length=1)]
    channels: dict[str, AnyChannel] = {}
    status_page: StatusPage = StatusPage()
    connections: Connections = Connections()
    actions: dict[str, Action] = {}
    diagnose: Words = ()
    templates: dict[str, str] = {}
    postmortems: Postmortems = Postmortems()
    numbers: Numbers = Numbers()
    _left_out: Mapping[str, tuple[str, ...]] = PrivateAttr(default_factory=dict)

    @property
    def left_out(self) -> Mapping[str, tuple[str, ...]]:
        """What the environment has no secret for: where it stands in the file, and the names that are missing."""
        return self._left_out

    def without(self, left_out: Mapping[str, tuple[str, ...]]) -> Runbook:
        """Return this runbook, knowing what is left out."""
        copy = self.model_copy()
        copy._left_out = dict(left_out)
        return copy

    def channel(self, name: str) -> Channel | None:
        """The channel of that name that messages go through; the war room and mailing lists are none."""
        found = self.channels.get(name)
        return found if isinstance(found, Channel) else None

    @property
    def war_room(self) -> WarRoom | None:
        room = self.channels.get("war_room")
        return room if isinstance(room, WarRoom) else None

    def policy_for(self, service: str | None) -> tuple[str, EscalationPolicy]:
        """The policy that a service's incidents walk: its own, `default`, or one step that pages everyone."""
        known = self.services.get(service or "")
        name = (known.escalation_policy if known else None) or "default"
        return name, self.escalation_policies.get(name) or EscalationPolicy(steps=(Step(page=("everyone",)),))

    def team_of(self, service: str | None) -> str | None:
        known = self.services.get(service or "")
        return known.team if known else None

    def lead_of(self, service: str | None) -> str | None:
        team = self.teams.get(self.team_of(service) or "")
        return team.lead if team else None

    def component_of(self, service: str | None) -> str | None:
        known = self.services.get(service or "")
        return known.component if known else None

    def depends_on(self, service: str) -> tuple[str, ...]:
        """Every service that *service* depends on, the nearest first, through others too."""
        found: dict[str, None] = {}
        edge = [service]
        while edge:
            known = (self.services[name] for name in edge if name in self.services)
            edge = [n for s in known for n in s.depends_on if n not in found and n != service]
            found.update(dict.fromkeys(edge))
        return tuple(found)

    def dependents(self, service: str) -> frozenset[str]:
        """Every service that depends on *service*, through others too."""
        hit: set[str] = set()
        edge = {service}
        while edge:
            edge = {name for name, s in self.services.items() if edge & set(s.depends_on)} - hit - {service}
            hit |= edge
        return frozenset(hit)
