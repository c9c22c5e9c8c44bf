"""Who is on call, worked out a second time and in another way: hand-overs counted one by one on the local clock."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from tocsin.core.runbook import Runbook
from tocsin.core.runbook_schedules import Rotation

DAY: Final = timedelta(days=1)


def behind(runbook: Runbook, service_name: str | None, target: str, at: datetime) -> set[str]:
    """Say who stands behind one page target at *at*."""
    kind, _, name = target.partition(":")
    service = runbook.services.get(service_name or "")
    team = runbook.teams.get(service.team) if service and service.team else None
    if target == "everyone":
        return set(runbook.people)
    if target == "team_lead":
        return {team.lead} if team and team.lead else set()
    if target == "on_call":
        policy = (service.escalation_policy if service else None) or "default"
        first = runbook.escalation_policies[policy].steps[0].page
        return set().union(*(behind(runbook, service_name, t, at) for t in first if t != "on_call"))
    if kind == "schedule":
        known = runbook.schedules[name]
        person = on_shift(known.rotation, known.timezone or runbook.organization.timezone, at)
        return {person} if person else set()
    return set(runbook.teams[name].members) if kind == "team" else {target}


def on_shift(rotation: Rotation | None, zone: str, at: datetime) -> str | None:
    """Count hand-overs from the first to *at*, each looked up on the local clock; of plain rotations."""
    if rotation is None or not isinstance(rotation.every, timedelta):
        return None
    day, _, clock = rotation.hand_off.rpartition(" ")
    names = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    date = rotation.starts
    while day and names[date.weekday()] != day:
        date += DAY
    first = datetime.combine(date, time.fromisoformat(clock))
    if at < instant_of(first, zone):
        return None
    local = at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    turn = max((local - first - 2 * DAY) // rotation.every, 0)
    for ahead in range(turn, (local - first + 2 * DAY) // rotation.every + 1):
        if instant_of(first + ahead * rotation.every, zone) <= at:
            turn = ahead
    return rotation.people[turn % len(rotation.people)][0]


@lru_cache(maxsize=4096)
def instant_of(wall: datetime, zone: str) -> datetime:
    """The first instant at which a clock on the wall of *zone* shows *wall*; in a gap, with the offset before it."""
    tz, utc = ZoneInfo(zone), ZoneInfo("UTC")
    guess = wall.replace(tzinfo=utc)
    offsets = {(guess + timedelta(hours=h)).astimezone(tz).utcoffset() or timedelta(0) for h in (-30, -12, 0, 12, 30)}
    shown = [guess - o for o in offsets if (guess - o).astimezone(tz).replace(tzinfo=None) == wall]
    before = (guess - timedelta(hours=30)).astimezone(tz).utcoffset() or timedelta(0)
    return min(shown) if shown else guess - before
