"""A drill's scenario: what goes wrong and when, how people answer, which providers fail, and what is to be learned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field, model_validator

from tocsin.core.runbook_values import Offset, Part, Span, Text
from tocsin.runbook_file import Problem, read_as

Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
Line = Annotated[str, Field(min_length=1, max_length=500)]
How = Literal["down", "slow", "errors", "refuses", "limits"]
TAIL: Final = timedelta(minutes=2)  # after the last thing that happens, for what follows from it
LONGEST: Final = timedelta(days=2)
ANYBODY: Final = "everyone"
ENDING: Final = ".yaml"


class Alert(Part):
    """An alert that a monitoring system sends, in the words of the runbook's triage."""

    key: Line
    title: Line
    service: str | None = None
    check: str | None = None
    severity: Literal["critical", "error", "warning", "info"] = "critical"
    text: str = ""
    labels: Mapping[str, str] = Field(default_factory=dict)


class Post(Part):
    """A body as a source sends it: the vendor's own JSON."""

    source: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
    body: dict[str, Any] | list[Any]


class Update(Part):
    """A status update, as people post it."""

    status: Literal["investigating", "identified", "monitoring"] | None = None
    summary: Line
    next_steps: Line | None = None
    eta: Line | None = None
    impact: Line | None = None
    next_update: Line | None = None


class Assign(Part):
    """A role given to somebody: a person of the runbook, or who stands behind a word such as `secondary`."""

    role: Literal["commander", "communications", "scribe"]
    person: Line


class Resolve(Part):
    """The end."""

    root_cause: Line | None = None
    resolution: Line | None = None


class Event(Part):
    """One thing that happens at a time, counted from the beginning. Exactly one of the verbs says what."""

    at: Offset
    by: Line = "commander"
    reason: Line | None = None  # of a severity
    alert: Alert | None = None
    alert_ends: Line | None = None  # its key
    post: Post | None = None
    severity: Line | None = None
    assign: Assign | None = None
    update: Update | None = None
    note: Line | None = None
    suspects: Line | None = None
    cause: Line | None = None
    checked: Line | None = None
    escalate: Line | None = None
    extend: Span | None = None
    resolve: Resolve | None = None
    reopen: Line | None = None
    write_up: Line | None = None

    @property
    def verb(self) -> str:
        return next(iter(self._verbs()))

    def _verbs(self) -> Iterator[str]:
        for name in type(self).model_fields:
            if name not in ("at", "by", "reason") and getattr(self, name) is not None:
                yield name

    @model_validator(mode="after")
    def _does_one_thing(self) -> Event:
        verbs = list(self._verbs())
        known = [name for name in type(self).model_fields if name not in ("at", "by", "reason")]
        if len(verbs) != 1:
            said = " and ".join(verbs) or "none"
            raise ValueError(f"exactly one of {', '.join(known)}; here: {said}")
        if self.at < timedelta(0):
            raise ValueError("a time that is not before the beginning")
        return self


class Answer(Part):
    """How somebody answers a page that reached them: acknowledges, passes it on, or stays silent."""

    acknowledges: Offset | None = None  # after the page reached them
    passes: Offset | None = None
    reason: Line = "I cannot take it"
    silent: bool = False

    @model_validator(mode="after")
    def _does_one_thing(self) -> Answer:
        if [self.acknowledges is not None, self.passes is not None, self.silent].count(True) != 1:
            raise ValueError("one of acknowledges: 3m, passes: 3m, silent: true")
        return self


class Failure(Part):
    """A provider that fails for a while. It is named as the runbook's channel, or as the kind of it."""

    name: Line
    how: How = "down"
    at: Offset = timedelta(0)
    until: Span | None = None

    @model_validator(mode="after")
    def _ends_after_it_began(self) -> Failure:
        if self.until is not None and self.until <= self.at:
            raise ValueError(f"an end (until) after its beginning (at): {self.at}")
        return self


class Expected(Part):
    """What should come of it. What comes otherwise is a finding."""

    kept: tuple[Line, ...] = ()
    missed: tuple[Line, ...] = ()
    acknowledged_within: Span | None = None
    severity: Line | None = None  # at the end


class Scenario(Part):
    """A whole scenario, as the file has it."""

    name: Id
    severity: Line
    title: Line
    example: Line | None = None  # the line of the runbook's severity that it practises
    lesson: Text
    service: str | None = None
    impact: Line | None = None
    people: Mapping[str, Answer] = Field(default_factory=dict)
    providers: tuple[Failure, ...] = ()
    story: tuple[Event, ...] = ()
    expect: Expected = Expected()
    lasts: Span | None = None

    @model_validator(mode="after")
    def _holds_together(self) -> Scenario:
        known = {event.alert.key for event in self.story if event.alert}
        for event in self.story:
            if event.alert_ends is not None and event.alert_ends not in known:
                raise ValueError(f"alert_ends names an alert of the story ({', '.join(known) or 'it has none'})")
        if self.ends > LONGEST:
            raise ValueError(f"a story of at most {LONGEST.days} days")
        return self

    @property
    def ends(self) -> timedelta:
        """How long it takes, counted from the beginning."""
        last = max((event.at for event in self.story), default=timedelta(0))
        return max(self.lasts or timedelta(0), last + TAIL)

    @property
    def begins_by_hand(self) -> bool:
        """Whether a person declares it: no alert comes at the beginning."""
        return not any(event.at == timedelta(0) and (event.alert or event.post) for event in self.story)


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of reading a scenario: `scenario` is None where there are errors."""

    scenario: Scenario | None
    errors: tuple[Problem, ...]


def read(text: str) -> Reading:
    """Read a scenario. Raises nothing: whatever is wrong with the text is in the reading's errors, by line and key."""
    return Reading(*read_as(Scenario, text))


@cache
def shipped() -> Mapping[str, Scenario]:
    """The scenarios that come with Tocsin, by name, in order: by severity, the first of each the one to begin with."""
    found: list[tuple[str, Scenario]] = []
    for file in sorted((resources.files("tocsin.simulate") / "scenarios").iterdir(), key=lambda file: file.name):
        if file.name.endswith(ENDING):
            scenario = read(file.read_text(encoding="utf-8")).scenario
            assert scenario, f"{file.name} is not a scenario"  # a test reads each
            found.append((file.name, scenario))
    return {scenario.name: scenario for _, scenario in found}


def find(wanted: str | None, severity: str | None) -> Scenario:
    """
    Find the scenario that is asked for: by name, by file, or the first one of a severity.

    Raises:
        ValueError: there is none, or its file is wrong; the text says what to do.
    """
    if wanted is None:
        found = next((s for s in shipped().values() if severity is None or s.severity == severity), None)
        if found is None:
            known = ", ".join(dict.fromkeys(s.severity for s in shipped().values()))
            raise ValueError(f"no scenario of severity {severity} comes with Tocsin (there are {known}): "
                             "name a file with --scenario")  # fmt: skip
        return found
    if wanted in shipped():
        return shipped()[wanted]
    path = Path(wanted)
    if not path.exists():
        raise ValueError(f"no scenario {wanted}, and no file of that name; `tocsin drill --list` names them")
    try:
        reading = read(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"cannot read {path}: {error}") from None
    if reading.scenario is None:
        problems = "\n".join(f"  {problem}" for problem in reading.errors)
        raise ValueError(f"the scenario {path} has errors:\n{problems}")
    return reading.scenario
