"""
Who is on call, a second time: minute by minute, with zone arithmetic of its own, and nothing of `core.oncall`.

Everything is a count of minutes since 1970. A zone is the list of its changes of offset, found by asking only what the
offset is at an instant; a local time is turned into an instant here. A rotation is walked hand-over by hand-over from
its first; hours are asked of the minute itself. Holds every zone around every change of 2024 to 2030 against the
resolver, with random rotations, layers, hours, overrides, swaps, absences and calendars:

    python -m tests.core.oncall_oracle [ANSWERS] [--old]      # 1,000,000 unless said otherwise

`--old` asks by the rules of `tests/zones/2025b`, for the zones that are there.
"""

from __future__ import annotations

import sys
import time
import zoneinfo
from bisect import bisect_right
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from tocsin import zones
from tocsin.core import oncall
from tocsin.core.runbook import Runbook

from .. import zones as other_zones

EPOCH = datetime(1970, 1, 1)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
FIRST, LAST = date(2024, 1, 1), date(2031, 1, 1)
AROUND = 180  # minutes before and after a change of the clock
PEOPLE = ("ana", "bo", "cy", "di", "eli")
CALLED = {"On call: Ana": "ana", "bo@example.org": "bo", "Cy": "cy"}


def minute(at: datetime) -> int:
    """Minutes since 1970 of a time without a zone."""
    return int((at - EPOCH).total_seconds() // 60)


# --------------------------------------------------------------------------------------------- zones


class Zone:
    """The offsets of a zone, in seconds, each from the second on at which it begins."""

    def __init__(self, name: str, first: date = date(2021, 1, 1), last: date = LAST) -> None:
        there = zoneinfo.ZoneInfo(name)

        def offset(second: int) -> int:
            found = datetime.fromtimestamp(second, UTC).astimezone(there).utcoffset()
            assert found is not None
            return int(found.total_seconds())

        self.known: dict[int, int] = {}
        step, at = 6 * 3600, int((datetime(first.year, first.month, first.day) - EPOCH).total_seconds())
        end = int((datetime(last.year, last.month, last.day) - EPOCH).total_seconds())
        self.begins, self.offsets = [-(10**12)], [offset(at)]
        while at < end:
            if offset(at + step) != self.offsets[-1]:
                low, high = at, at + step
                while high - low > 1:
                    middle = (low + high) // 2
                    low, high = (middle, high) if offset(middle) == self.offsets[-1] else (low, middle)
                self.begins.append(high)
                self.offsets.append(offset(high))
                at = high
            else:
                at += step

    def local(self, at: int) -> int:
        """What a clock on the wall shows, in minutes, at an instant in minutes."""
        return at + self.offsets[bisect_right(self.begins, at * 60) - 1] // 60

    def instant(self, wall: int) -> int:
        """As `_instant`, which is asked once for each local time."""
        if wall not in self.known:
            self.known[wall] = self._instant(wall)
        return self.known[wall]

    def _instant(self, wall: int) -> int:
        """The first instant at which the clock shows *wall*; one that it never shows is meant with the offset before."""
        around = range(
            bisect_right(self.begins, wall * 60 - 30 * 3600) - 1, bisect_right(self.begins, wall * 60 + 30 * 3600)
        )
        shown = []
        for place in around:
            at = wall * 60 - self.offsets[place]
            ends = self.begins[place + 1] if place + 1 < len(self.begins) else 10**12
            if self.begins[place] <= at < ends:
                shown.append(at)
        if shown:
            return min(shown) // 60
        for place in around:  # the change that leaves it out: between what its two offsets make of it
            if (
                place
                and self.begins[place] + self.offsets[place - 1] <= wall * 60 < self.begins[place] + self.offsets[place]
            ):
                return (wall * 60 - self.offsets[place - 1]) // 60
        raise AssertionError("a local time that is neither shown nor left out")


# --------------------------------------------------------------------------------------------- rules


@dataclass
class Rota:
    """One layer in plain words: groups of people, a period, the first local minute, hours of the week."""

    groups: list[list[str]]
    unit: str  # hours or months
    count: int
    day: date
    clock: int  # minutes after midnight
    hours: list[tuple[set[int], int, int]]
    zone: Zone
    per_shift: int = 1
    turns: list[int] = field(default_factory=list)
    near: range = range(0)

    def wall(self, turn: int) -> int:
        if self.unit == "hours":
            return minute(datetime(self.day.year, self.day.month, self.day.day)) + self.clock + turn * self.count * 60
        months = self.day.month - 1 + turn * self.count
        year, month = self.day.year + months // 12, months % 12 + 1
        day = min(self.day.day, monthrange(year, month)[1])
        return minute(datetime(year, month, day)) + self.clock

    def prepare(self, start: int, until: int) -> None:
        """Walk from hand-over to hand-over, two days further than is asked for; keep which of them may matter."""
        turn = 0
        while not self.turns or self.wall(turn) < until + 2880:
            self.turns.append(self.zone.instant(self.wall(turn)))
            turn += 1
        self.near = range(max(sum(instant < start - 5 * 1440 for instant in self.turns) - 2, 0), len(self.turns))

    def group(self, at: int, away: dict[str, str]) -> list[tuple[str, str | None]]:
        """Who has the turn at a minute, and whose it was."""
        begun = [turn for turn in self.near if self.turns[turn] <= at]
        if not begun or (self.hours and not self.open(at)):
            return []
        turn = begun[-1]
        everyone = [person for group in self.groups for person in group]
        if self.per_shift == 1:
            mine = self.groups[turn % len(self.groups)]
        else:
            mine = []
            for n in range(self.per_shift):
                person = everyone[(turn * self.per_shift + n) % len(everyone)]
                mine += [person] if person not in mine else []
        found: list[tuple[str, str | None]] = []
        for person in mine:
            if person not in away:
                found.append((person, None))
                continue
            at_place = everyone.index(person)
            for other in everyone[at_place + 1 :] + everyone[:at_place]:
                if other not in away and other not in mine and other not in [name for name, _ in found]:
                    found.append((other, person))
                    break
        return found

    def open(self, at: int) -> bool:
        """Whether one of the spans of hours, each looked up by its own day, holds at a minute."""
        today = self.zone.local(at) // 1440
        for day in range(today - 3, today + 3):
            for days, begins, ends in self.hours:
                length = ends if ends > begins else ends + 1440
                begun, over = day * 1440 + begins, day * 1440 + length
                if (day + 3) % 7 in days and self.zone.instant(begun) <= at < self.zone.instant(over):
                    return True  # 1970-01-01 was a Thursday: day 0 is weekday 3
        return False


@dataclass
class Case:
    """Random rules of one schedule around one window, for both evaluators."""

    book: Runbook
    rotas: list[Rota]
    overrides: list[tuple[int, int, str, str | None]]
    absences: list[tuple[int, int, str]]
    events: list[tuple[int, int, list[str]]]
    stand_ins: oncall.StandIns

    def people(self, at: int) -> tuple[str, ...]:
        """Who is on call at a minute."""
        away = {person: "away" for start, end, person in self.absences if start <= at < end}
        found: list[str] = []
        for start, end, names in self.events:
            if start <= at < end:
                for name in names:
                    person = CALLED.get(name)
                    if person and person not in away and person not in found:
                        found.append(person)
        if not found:
            for rota in reversed(self.rotas):
                found = [person for person, _ in rota.group(at, away)]
                if found:
                    break
        for start, end, person, replaces in self.overrides:
            if start <= at < end:
                if replaces is None:
                    found = [person]
                elif replaces in found:
                    swapped = [person if one == replaces else one for one in found]
                    found = [one for n, one in enumerate(swapped) if one not in swapped[:n]]
        return tuple(found)


SEVERITY = {"title": "x", "respond_within": "1h", "resolve_within": "1d", "page": ["everyone"], "protocol": "p"}


def make(random: Random, name: str, zone: Zone, start: int, end: int, zones_by_name: dict[str, Zone]) -> Case:
    """Draw the rules of one window."""
    layers: list[dict[str, Any]] = []
    rotas: list[Rota] = []
    for _ in range(random.choice((1, 1, 2, 3))):
        there, its = name, zone
        if layers and random.random() < 0.3:
            there = random.choice(sorted(zones_by_name))
            its = zones_by_name[there]
        layer, rota = _layer(random, its, start)
        rota.prepare(start, end)
        layers.append({**layer, "timezone": there})
        rotas.append(rota)
    first = layers.pop(0)
    schedule: dict[str, Any] = {
        "timezone": name,
        "rotation": first["rotation"],
        "restrictions": first["restrictions"],
        "layers": layers,
    }
    events: list[tuple[int, int, list[str]]] = []
    if random.random() < 0.25:
        schedule["ical"] = {"file": "x.ics", "people": CALLED}
        for _ in range(random.randint(0, 3)):
            begins, ends = _span(random, start, end)
            events.append((begins, ends, random.sample([*CALLED, "nobody knows"], random.randint(1, 2))))
    overrides = []
    for _ in range(random.choice((0, 0, 1, 2, 4))):
        begins, ends = _span(random, start, end)
        overrides.append((begins, ends, random.choice(PEOPLE), random.choice((None, None, random.choice(PEOPLE)))))
    if random.random() < 0.3:  # a swap: a pair
        one, other = random.sample(PEOPLE, 2)
        for a, b in ((one, other), (other, one)):
            begins, ends = _span(random, start, end)
            overrides.append((begins, ends, a, b))
    absences = []
    for _ in range(random.choice((0, 0, 1, 3))):
        begins, ends = _span(random, start, end)
        absences.append((begins, ends, random.choice(PEOPLE)))
    book = Runbook.model_validate({
        "version": 1, "people": {p: {"name": p} for p in PEOPLE}, "schedules": {"s": schedule}, "severities": {"P0": SEVERITY},
        "protocols": {"p": {"duties": []}},
    })  # fmt: skip
    stand_ins = oncall.gather(
        [oncall.Override(str(n), "s", who, at(b), at(e), "x", other) for n, (b, e, who, other) in enumerate(overrides)],
        [oncall.Absence(str(n), who, at(b), at(e), "y") for n, (b, e, who) in enumerate(absences)],
        [oncall.Booking("s", at(b), at(e), tuple(names)) for b, e, names in events],
    )
    return Case(book, rotas, overrides, absences, events, stand_ins)


def _span(random: Random, start: int, end: int) -> tuple[int, int]:
    begins = random.randint(start - 120, end)
    return begins, begins + random.choice((30, 60, 61, 200, 600))


def _layer(random: Random, zone: Zone, start: int) -> tuple[dict[str, Any], Rota]:
    unit, count, text = random.choice((
        ("hours", 1, "1h"), ("hours", 5, "5h"), ("hours", 8, "8h"), ("hours", 12, "12h"), ("hours", 24, "1d"), ("hours", 36, "36h"),
        ("hours", 48, "2d"), ("hours", 168, "1w"), ("hours", 336, "14d"), ("months", 1, "1mo"), ("months", 3, "3 months"),
    ))  # fmt: skip
    local = zone.local(start + AROUND)  # hand-over near the change, most of the time
    clock = (local + random.choice((-60, -30, -15, 0, 0, 15, 30, 60, random.randint(0, 1439)))) % 1440
    day = (EPOCH + timedelta(minutes=local)).date() - timedelta(days=random.randint(0, 40))
    if unit == "months":
        day = date(day.year, day.month, random.choice((1, 28, monthrange(day.year, day.month)[1])))
    weekday = random.choice(WEEKDAYS) if text == "1w" else ""
    first = day
    while weekday and WEEKDAYS[first.weekday()] != weekday:
        first += timedelta(days=1)
    people = random.sample(PEOPLE, random.randint(1, 4))
    per_shift = random.choice((1, 1, 1, 2)) if len(people) > 1 else 1
    groups = [[person] for person in people]
    written: list[Any] = list(people)
    if per_shift == 1 and random.random() < 0.2:
        groups = [random.sample(PEOPLE, random.randint(1, 3)) for _ in range(random.randint(1, 3))]
        written = groups
    hours: list[tuple[set[int], int, int]] = []
    restrictions = []
    for _ in range(random.choice((0, 0, 1, 2))):
        days = random.sample(range(7), random.randint(1, 7))
        begins = (local + random.choice((-60, -30, 0, 30, random.randint(0, 1439)))) % 1440
        ends = random.choice((begins, (begins + random.randint(1, 1439)) % 1440, 0, (local + 30) % 1440))
        hours.append((set(days), begins, ends))
        restrictions.append({"days": [WEEKDAYS[d] for d in days], "from": _clock(begins), "to": _clock(ends)})
    rotation = {
        "people": written, "every": text, "starts": day.isoformat(), "people_per_shift": per_shift,
        "hand_off": f"{weekday} {_clock(clock)}".strip(),
    }  # fmt: skip
    return {"rotation": rotation, "restrictions": restrictions}, Rota(
        groups, unit, count, first, clock, hours, zone, per_shift
    )


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def at(minutes: int) -> datetime:
    """The instant of a count of minutes."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)


# --------------------------------------------------------------------------------------------- holding them together


def windows(by_name: dict[str, Zone]) -> list[tuple[str, int]]:
    """Every zone at every change of its clock from 2024 to 2030; a zone without any in the middle of some night."""
    low, high = (int((datetime(d.year, d.month, d.day) - EPOCH).total_seconds()) for d in (FIRST, LAST))
    found = []
    for name, zone in by_name.items():
        changes = [begin // 60 for begin in zone.begins if low <= begin < high]
        found += [(name, change) for change in changes or [low // 60 + 997 * 1440]]
    return found


def hold(seed: int, answers: int, share: int = 1, names: Sequence[str] = ()) -> tuple[int, int, list[str]]:
    """
    Ask both, minute by minute: every *share*-th window, again and again until *answers* were given.

    Args:
        names: The zones to ask for; all that there are when none is named.

    Returns:
        Answers, windows, and what differs, in words.
    """
    names = names or sorted(zoneinfo.available_timezones() - {"Factory", "localtime"})
    by_name = {name: Zone(name) for name in (names if share == 1 else names[::share])}
    spots = windows(by_name)
    asked = looked = 0
    different: list[str] = []
    while asked < answers or (answers >= 1_000_000 and looked < len(spots)):
        name, change = spots[looked % len(spots)]
        random = Random(f"{seed}:{looked}")
        looked += 1
        start, end = change - AROUND, change + AROUND
        case = make(random, name, by_name[name], start, end, by_name)
        covered = {}
        whole = oncall.shifts(case.book, "s", at(start), at(end), case.stand_ins)
        for person in PEOPLE:  # a feed of their own is not another answer
            theirs = oncall.shifts(case.book, "s", at(start), at(end), case.stand_ins, only=person)
            if theirs != tuple(shift for shift in whole if person in shift.people):
                different.append(f"window {looked - 1} {name} {at(start)}: the shifts of {person} are {theirs}")
        for shift in whole:
            for n in range(
                int((shift.start - at(start)).total_seconds() // 60),
                int((shift.until - at(start)).total_seconds() // 60),
            ):
                if n in covered:
                    different.append(f"{name} {at(start + n)}: covered twice")
                covered[n] = shift.people
        for n in range(end - start):
            asked += 1
            expected = case.people(start + n)
            said = oncall.on_call_at(case.book, "s", at(start + n), case.stand_ins).people
            if not expected == said == covered.get(n):
                different.append(
                    f"window {looked - 1} {name} {at(start + n)}: {expected}, not {said}, nor {covered.get(n)}"
                )
    return asked, looked, different


def main() -> None:
    """Ask as often as is said, and print what came of it."""
    zones.use_wheel()
    numbers = [word for word in sys.argv[1:] if word != "--old"]
    answers = int(numbers[0]) if numbers else 1_000_000
    begun, rules = time.perf_counter(), zones.version()
    names: Sequence[str] = ()
    if "--old" in sys.argv:
        other_zones.use(other_zones.OLD)
        names, rules = other_zones.names(other_zones.OLD), other_zones.OLD.name
    asked, looked, different = hold(1, answers, names=names)
    for line in different[:20]:
        print(line)
    print(f"{asked:,} answers in {looked:,} windows over {len(names) or 'all'} zones of tzdata {rules}: {len(different)} differences, "
          f"{time.perf_counter() - begun:.0f} s")  # fmt: skip
    sys.exit(1 if different else 0)


if __name__ == "__main__":
    main()
