"""What is held back, by what and until when: silences and windows, inhibition, alerts that flap. Nothing is dropped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from tocsin.core import matchers, recur
from tocsin.core.alert import Alert
from tocsin.core.calendar import utc_words, words
from tocsin.core.matchers import Predicate
from tocsin.core.runbook_noise import Flapping, Inhibition
from tocsin.core.types import Refused

LONGEST: Final = timedelta(days=90)  # of a silence: more is a mistake in a date
SURE_OVER: Final = timedelta(days=7)  # longer than this is asked about
MATCHERS: Final = 20  # of one silence
IN_FORCE: Final = 1_000  # silences that have not ended, together
REASON: Final = 500  # characters


@dataclass(frozen=True, slots=True)
class Silence:
    """
    Alerts that match all of `matchers` page nobody from `start` to `until`; with `repeat` again and again.

    `repeat` is a rule of core.recur, counted in the local time of `zone`. `work` is the planned work it belongs to.
    """

    id: str
    matchers: tuple[str, ...]
    start: datetime
    until: datetime
    reason: str
    by: str
    created_at: datetime
    repeat: str | None = None
    zone: str = "UTC"
    work: str | None = None
    ended_at: datetime | None = None
    ended_by: str | None = None

    def span_at(self, now: datetime) -> tuple[datetime, datetime] | None:
        """The occurrence in which *now* lies, or None."""
        found = self.next_span(now)
        return found if found and found[0] <= now else None

    def next_span(self, now: datetime) -> tuple[datetime, datetime] | None:
        """The occurrence in which *now* lies, else the next one of the coming year, or None."""
        if self.ended_at is not None:
            return None
        if self.repeat is None:
            return (self.start, self.until) if now < self.until else None
        end = now + timedelta(days=recur.AHEAD)
        spans = recur.occurrences(recur.parse(self.repeat), self.start, self.until, self.zone, now, end)
        return next(iter(spans), None)

    def state(self, now: datetime) -> str:
        """`active`, `pending` or `ended`."""
        span = self.next_span(now)
        return "ended" if span is None else "active" if span[0] <= now else "pending"


@dataclass(frozen=True, slots=True)
class Hold:
    """Why an alert is held back: by what, the rule in words, and until when as far as that is known."""

    by: str
    rule: str
    until: datetime | None


@dataclass(slots=True)
class Prepared:
    """A silence that is ready to be asked, as often as there are alerts: nothing of it is worked out twice."""

    silence: Silence
    means: Predicate
    service: str | None  # the only one that it can mean, where it names one
    _span: tuple[datetime, datetime] | None = None
    _over: bool = False

    def until(self, now: datetime) -> datetime | None:
        """When the time ends in which *now* lies; None outside of one. *now* never goes back."""
        if not self._over and (self._span is None or self._span[1] <= now):
            self._span = self.silence.next_span(now)
            self._over = self._span is None
        return self._span[1] if self._span and self._span[0] <= now < self._span[1] else None


def prepare(silences: Iterable[Silence]) -> tuple[Prepared, ...]:
    """Compile silences."""
    found = []
    for one in silences:
        asked = [matchers.parse(text) for text in one.matchers]
        service = next((m.value for m in asked if (m.name, m.op) == ("service", "=")), None)
        found.append(Prepared(one, matchers.all_of(asked), service))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Active:
    """A silence that is in force, and until when."""

    silence: Silence
    until: datetime
    means: Predicate
    service: str | None


def active(prepared: Iterable[Prepared], now: datetime) -> tuple[Active, ...]:
    """Those that are in force at *now*, the one that ends last first: an alert is held once, by it."""
    found = [Active(p.silence, until, p.means, p.service) for p in prepared if (until := p.until(now))]
    return tuple(sorted(found, key=lambda a: (a.until, a.silence.id), reverse=True))


def for_service(in_force: Iterable[Active], service: str | None) -> tuple[Active, ...]:
    """Those of them that can mean an alert of that service at all."""
    return tuple(one for one in in_force if one.service is None or one.service == (service or ""))


def silenced(in_force: Sequence[Active], alert: Alert) -> Hold | None:
    """What the first silence that means the alert says."""
    for one in in_force:
        if one.means(alert):
            what = "maintenance" if one.silence.work or one.silence.repeat else "silence"
            by = f"{what} of {one.silence.by} until {utc_words(one.until)}: {one.silence.reason}"
            return Hold(f"silence:{one.silence.id}", by, one.until)
    return None


# --------------------------------------------------------------------------------------------- inhibition


@dataclass(frozen=True, slots=True)
class Inhibits:
    """A rule of the runbook's `inhibit`, ready to be asked."""

    name: str
    when: tuple[Predicate, ...]
    hold: tuple[Predicate, ...]
    equal: tuple[tuple[str, Callable[[Alert], str | None]], ...]

    def concerns(self, alert: Alert) -> bool:
        """Say whether the rule would hold this alert back."""
        return all(asks(alert) for asks in self.hold)

    def causes(self, alert: Alert) -> bool:
        """Say whether the rule holds others back while this alert fires."""
        return all(asks(alert) for asks in self.when)


def inhibits(rules: Iterable[Inhibition]) -> tuple[Inhibits, ...]:
    """Compile the runbook's rules, and name each by its place and what it says."""
    return tuple(
        Inhibits(
            f"inhibit {place} (while {_said(rule.when)} fires)", matchers.of_mapping(rule.when),
            matchers.of_mapping(rule.hold), tuple((name, matchers.reader(name)) for name in rule.equal),
        )
        for place, rule in enumerate(rules, start=1)
    )  # fmt: skip


def _said(match: Mapping[str, Sequence[str]]) -> str:
    return ", ".join(f"{name}: {' or '.join(values)}" for name, values in match.items())


def inhibited(rules: Sequence[Inhibits], alert: Alert, firing: Iterable[Alert]) -> Hold | None:
    """
    What the first rule says that holds the alert back, because one of *firing* is what it names.

    An alert never holds itself back, and *firing* are only alerts that are not held back themselves.
    """
    asked = [rule for rule in rules if rule.concerns(alert)]
    if not asked:
        return None
    for cause in firing:
        if (cause.source, cause.key) == (alert.source, alert.key):
            continue
        for rule in asked:
            if rule.causes(cause) and all(read(cause) == read(alert) for _, read in rule.equal):
                return Hold(rule.name.split(" (")[0].replace(" ", ":"), f"{rule.name}: {cause.title[:200]}", None)
    return None


# --------------------------------------------------------------------------------------------- flapping


@dataclass(frozen=True, slots=True)
class Flaps:
    """When a key fired again lately, and until when it is paused for it."""

    again: tuple[datetime, ...] = ()
    paused_until: datetime | None = None


def fired_again(flaps: Flaps, rule: Flapping, now: datetime) -> tuple[Flaps, bool]:
    """
    Count that a key fired again; says whether it is paused at *now*.

    A pause has its end from its beginning; what fires again after it is counted anew.
    """
    if flaps.paused_until is not None and now < flaps.paused_until:
        return flaps, True
    again = (*(at for at in flaps.again if now - at < rule.within), now)
    if len(again) < rule.times:
        return Flaps(again), False
    return Flaps((), now + rule.pause), True


def paused(flaps: Flaps, rule: Flapping) -> Hold:
    """What a pause says of the alerts that it holds back."""
    until = flaps.paused_until
    assert until
    text = f"flapping: it fired again {rule.times} times within {words(rule.within)}; paused until {utc_words(until)}"
    return Hold("flapping", text, until)


# --------------------------------------------------------------------------------------------- asked for by people


def checked(
    texts: Sequence[str], start: datetime, until: datetime | None, reason: str, now: datetime, *, sure: bool,
    repeat: str | None = None, zone: str = "UTC",
) -> tuple[str, ...]:  # fmt: skip
    """
    Hold what somebody asks for against the rules; returns the matchers as they are written down.

    Raises:
        Refused: 422 for what cannot be; 409 for what may be a mistake, unless they are *sure*.
    """
    try:
        found = [matchers.parse(text) for text in texts if text.strip()]
    except ValueError as error:
        raise Refused(str(error), 422) from None
    if not found or len(found) > MATCHERS:
        raise Refused(f"which alerts? Give 1 to {MATCHERS} matchers, such as service=api", 422)
    if not reason.strip():
        raise Refused("a silence needs a reason: who reads it tonight must know why", 422)
    if until is None:
        raise Refused("a silence needs an end: a duration such as 2h, or an instant", 422)
    check_span(start, until, now, repeat, zone)
    if not sure:
        _ask(found, start, until)
    return tuple(map(str, found))


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise Refused(f"a time zone such as Europe/Amsterdam, not {name[:80]!r}", 422) from None


def check_span(start: datetime, until: datetime, now: datetime, repeat: str | None, zone: str) -> None:
    """Hold a span, and the rule it repeats by, against what is accepted. Raises Refused, 422."""
    if until <= start:
        raise Refused("a silence ends after it starts", 422)
    if repeat is None:
        if until <= now:
            raise Refused("this end is over already; a silence ends in the future", 422)
        if until - max(start, now) > LONGEST or start - now > LONGEST:
            raise Refused(f"a silence lasts at most {LONGEST.days} days, and begins within {LONGEST.days}", 422)
        return
    try:
        rule = recur.parse(repeat)
    except ValueError as error:
        raise Refused(str(error), 422) from None
    if until - start > recur.LONGEST:
        raise Refused(f"one window lasts at most {recur.LONGEST.days} days", 422)
    day = start.astimezone(_zone(zone)).date()
    if not recur.comes_on(rule, day, day):
        raise Refused("the first window starts on a day that the rule does not name", 422)
    spans = recur.occurrences(rule, start, until, zone, now, now + timedelta(days=recur.AHEAD))
    first = next(spans, None)
    if first is None:
        raise Refused("this window never comes: it is over, or more than a year ahead", 422)
    following = next(spans, None)
    if following and following[0] < first[1]:
        raise Refused("one window begins before the one before it has ended", 422)


def _ask(found: Sequence[matchers.Matcher], start: datetime, until: datetime) -> None:
    if matchers.matches_everything(found):
        raise Refused("this holds back every alert there is, whatever it says: confirm that you mean that", 409)
    if until - start > SURE_OVER:
        raise Refused(f"this is longer than {SURE_OVER.days} days: confirm that you mean that", 409)
