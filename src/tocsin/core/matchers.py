"""Matchers: which alerts a rule or a silence means. Patterns take time in proportion to the text, whatever they say."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any, Final, get_args

import re2

from tocsin.core.alert import Alert, AlertSeverity

FIELDS: Final = ("source", "key", "title", "text", "service", "check", "severity")
SEARCHED: Final = ("title", "text")  # a pattern may stand anywhere in these; of the others it is the whole value
READ_LIMIT: Final = 10_000  # characters of a text that patterns look at
PATTERN_LIMIT: Final = 1_000  # characters of a pattern
MEMORY_LIMIT: Final = 1 << 20  # bytes that a compiled pattern may take: counted repeats grow it

Predicate = Callable[[Alert], bool]
_MATCHER: Final = re.compile(r"\s*([A-Za-z]+(?:\.[^\s=!~]{1,200})?)\s*(=~|!~|!=|=)\s*(.*?)\s*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition as people write it: `service=api`, `labels.env!=test`, `text=~disk.*full`."""

    name: str
    op: str
    value: str

    def __str__(self) -> str:
        return f"{self.name}{self.op}{self.value}"


def parse(text: str) -> Matcher:
    """
    Read one matcher: a field, `=`, `!=`, `=~` or `!~`, and a value, which may stand in quotes.

    Raises:
        ValueError: with a sentence on what is accepted.
    """
    found = _MATCHER.fullmatch(text)
    if found is None:
        raise ValueError(f"a matcher such as service=api, labels.env!=test or text=~disk.*full, not {text[:80]!r}")
    name, op, value = found.groups()
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        value = value[1:-1]
    if name not in FIELDS and not name.startswith("labels."):
        raise ValueError(f"a field of an alert ({', '.join(FIELDS)}) or labels.{name}, not {name!r}")
    if name == "severity" and op in ("=", "!=") and value not in get_args(AlertSeverity):
        raise ValueError(f"a severity of an alert ({', '.join(get_args(AlertSeverity))}), not {value!r}")
    matcher = Matcher(name, op, value)
    predicate(matcher)
    return matcher


def predicate(matcher: Matcher) -> Predicate:
    """Make the question that *matcher* asks of an alert. Raises ValueError for a pattern that cannot be used."""
    if matcher.op in ("=~", "!~"):
        asks = pattern(matcher.name, (matcher.value,))
    else:
        asks = among(matcher.name, (matcher.value,))
    return asks if matcher.op in ("=", "=~") else lambda alert: not asks(alert)


def all_of(matchers: Iterable[Matcher]) -> Predicate:
    """Ask all of them: the alert must be meant by each."""
    asked = tuple(map(predicate, matchers))
    return lambda alert: all(asks(alert) for asks in asked)


def reader(name: str) -> Callable[[Alert], str | None]:
    """How a field, or `labels.NAME`, of an alert is read. The text begins with the title."""
    if name.startswith("labels."):
        label = name.removeprefix("labels.")
        return lambda alert: alert.labels.get(label)
    if name == "text":
        return lambda alert: f"{alert.title}\n{alert.text}"
    return attrgetter(name)


def among(name: str, values: Iterable[str]) -> Predicate:
    """Say whether the field is one of *values*. An absent one is the empty text, as in Alertmanager."""
    accepted, read = frozenset(values), reader(name)
    return lambda alert: (read(alert) or "") in accepted


def pattern(name: str, values: Iterable[str]) -> Predicate:
    """Say whether the field matches one of the patterns. Raises ValueError for one that cannot be used."""
    asked, read = compiled(values), reader(name)
    ask = asked.search if name in SEARCHED else asked.fullmatch
    return lambda alert: ask((read(alert) or "")[:READ_LIMIT].encode("utf-8", "replace")) is not None


def compiled(values: Iterable[str]) -> Any:
    """
    Compile patterns in RE2's syntax, any of which may match; case does not count.

    Raises:
        ValueError: for one that RE2 cannot read (it has no back-references and nothing that looks around), or a
            large one.
    """
    options = re2.Options()
    options.case_sensitive, options.dot_nl, options.log_errors, options.never_capture = False, True, False, True
    options.max_mem = MEMORY_LIMIT
    joined = "|".join(f"(?:{value})" for value in values)
    if len(joined) > PATTERN_LIMIT:
        raise ValueError(f"patterns of at most {PATTERN_LIMIT} characters together")
    try:
        made = re2.compile(joined, options)
    except re2.error as error:
        why = error.args[0].decode("utf-8", "replace") if isinstance(error.args[0], bytes) else str(error)
        raise ValueError(f"a regular expression without back-references and look-around ({why[:120]})") from None
    return made


def of_mapping(match: Mapping[str, Iterable[str]]) -> tuple[Predicate, ...]:
    """The questions of a runbook's `match:`: patterns for title and text, values for the rest, one of a list each."""
    return tuple(pattern(name, values) if name in SEARCHED else among(name, values) for name, values in match.items())


_NEVER: Final = "\x00 nobody ever sent this"


def matches_everything(matchers: Iterable[Matcher]) -> bool:
    """Say whether the matchers mean alerts that have nothing in common with any: then they mean all of them."""
    asks = all_of(matchers)
    at = datetime(2000, 1, 1, tzinfo=UTC)
    return all(
        asks(Alert(_NEVER, _NEVER, _NEVER, at, _NEVER, _NEVER, _NEVER, severity))
        for severity in get_args(AlertSeverity)
    )
