"""Action items: what is agreed after an incident, who does it until when, and who is told of it when."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from tocsin.core.calendar import local_to_utc
from tocsin.core.handoff import admins
from tocsin.core.runbook import Runbook
from tocsin.core.types import Refused, incident_name

State = Literal["open", "done", "dropped"]

TITLE_LIMIT: Final = 300  # characters
TEXT_LIMIT: Final = 2_000  # of a link, a reason, how it is verified
AHEAD: Final = timedelta(days=3_650)  # a due date later than this is a slip of the hand
DAY: Final = timedelta(days=1)
WEEK: Final = 7  # days between two words on what is late
_LINK: Final = re.compile(r"https?://[\w.\-\[\]:]+(?:[/?#][^\s\x00-\x1f]*)?")
NAMED: Final = 5  # late items that a hand-off names


@dataclass(frozen=True, slots=True)
class ActionItem:
    """One action item as stored. `told` is the last word on it (`key_of`), empty before the first."""

    id: str
    incident: int
    title: str
    owner: str
    due: date
    created_at: datetime
    created_by: str
    link: str = ""
    verify: str = ""
    state: State = "open"
    why: str = ""
    closed_at: datetime | None = None
    closed_by: str | None = None
    told: str = ""
    service: str | None = None  # of its incident

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to do it."""
        return self.state == "open"


# --------------------------------------------------------------------------------------------- what is accepted


def title_of(text: str) -> str:
    """The title in one line. Raises Refused (422): empty, or too long."""
    found = " ".join(text.split())
    if not found:
        raise Refused("what is to be done? The title is empty", 422)
    if len(found) > TITLE_LIMIT:
        raise Refused(f"the title has {len(found)} characters; at most {TITLE_LIMIT}", 422)
    return found


def owner_of(runbook: Runbook, owner: str) -> str:
    """The owner, a person of the runbook. Raises Refused (422)."""
    if owner not in runbook.people:
        raise Refused(f"no person {owner!r}; the runbook has {', '.join(runbook.people)}", 422)
    return owner


def due_of(runbook: Runbook, text: str, owner: str, now: datetime) -> date:
    """The due day, by its owner's calendar. Raises Refused (422): no date, in the past, or ten years away."""
    try:
        found = date.fromisoformat(text.strip())
    except ValueError:
        raise Refused(f"{text!r} is no date; write it as 2026-12-01", 422) from None
    today = today_of(runbook, owner, now)
    if found < today:
        raise Refused(f"{found} is in the past; today is {today}", 422)
    if found - today > AHEAD:
        raise Refused(f"{found} is more than ten years away", 422)
    return found


def link_of(text: str) -> str:
    """A link to an issue, or an empty text. Raises Refused (422)."""
    found = text.strip()
    if found and (not _LINK.fullmatch(found) or len(found) > TEXT_LIMIT):
        raise Refused("the link must be an address such as https://github.com/acme/app/issues/7", 422)
    return found


def words_of(text: str, what: str) -> str:
    """A text of people. Raises Refused (422) when it is too long."""
    found = text.strip()
    if len(found) > TEXT_LIMIT:
        raise Refused(f"{what} has {len(found)} characters; at most {TEXT_LIMIT}", 422)
    return found


def is_same(one: ActionItem, other: ActionItem) -> bool:
    """Whether both say the same and are open: the same work of the same person until the same day."""
    return one.is_open and other.is_open and _work(one) == _work(other)


def _work(item: ActionItem) -> tuple[int, str, str, date]:
    return item.incident, item.title, item.owner, item.due


# --------------------------------------------------------------------------------------------- when


def _zone(runbook: Runbook, owner: str) -> str:
    person = runbook.people.get(owner)
    return (person.timezone if person else None) or runbook.organization.business_hours.timezone


def today_of(runbook: Runbook, owner: str, now: datetime) -> date:
    """The day on the owner's calendar."""
    return now.astimezone(ZoneInfo(_zone(runbook, owner))).date()


def is_overdue(item: ActionItem, runbook: Runbook, now: datetime) -> bool:
    """Whether it is open after the end of its due day."""
    return item.is_open and today_of(runbook, item.owner, now) > item.due


def _days(item: ActionItem, now: date) -> tuple[date | None, date]:
    """The day of the last word until *now*, or None, and the day of the next one."""
    first = item.due - DAY
    if now < first:
        return None, first
    if now <= item.due:
        return now, now + DAY
    weeks = (now - item.due - DAY).days // WEEK
    last = item.due + DAY + timedelta(days=WEEK * weeks)
    return last, last + timedelta(days=WEEK)


def look(item: ActionItem, runbook: Runbook, now: datetime) -> tuple[date | None, datetime]:
    """
    Give the day whose word is the latest that has come by *now*, None before the first; and when the next comes.

    Words come the day before the due day, on it, the day after, and each week from then on, when the organization's
    business hours begin on the owner's clock. After a downtime only the latest counts.
    """
    zone, hour = _zone(runbook, item.owner), time.fromisoformat(runbook.organization.business_hours.from_)
    today = now.astimezone(ZoneInfo(zone)).date()
    begins = local_to_utc(today, hour, zone)
    if now < begins:
        last, following = _days(item, today - DAY)
        return last, local_to_utc(following, hour, zone)
    last, following = _days(item, today)
    return last, local_to_utc(following, hour, zone)


def key_of(item: ActionItem, day: date) -> str:
    """What tells one word from another: of an item that is moved away and back none comes twice."""
    return f"{item.due}:{(day - item.due).days}"


# --------------------------------------------------------------------------------------------- who


def leads(item: ActionItem, runbook: Runbook) -> frozenset[str]:
    """Who hears that it is late: the leads of the owner's teams, else of the incident's service, else the admins."""
    found = frozenset(team.lead for team in runbook.teams.values() if item.owner in (*team.members, team.lead))
    if item.owner not in runbook.people or not found:
        lead = runbook.lead_of(item.service)
        found = frozenset({lead} if lead else ())
    return frozenset(person for person in found if person in runbook.people) or admins(runbook)


def told(item: ActionItem, runbook: Runbook, day: date) -> frozenset[str]:
    """Who gets the word of *day*; nobody: the alerts channel gets it."""
    known = frozenset({item.owner} & runbook.people.keys())
    return known | leads(item, runbook) if day > item.due or not known else known


def of_team(runbook: Runbook, team: str) -> frozenset[str]:
    """The people of a team. Raises Refused (422) for one that the runbook does not have."""
    if team not in runbook.teams:
        raise Refused(f"no team {team!r}; the runbook has {', '.join(runbook.teams) or 'none'}", 422)
    return frozenset((*runbook.teams[team].members, runbook.teams[team].lead))


def of_schedules(runbook: Runbook, schedules: Iterable[str]) -> frozenset[str]:
    """The people of schedules, and of the teams whose services page them."""
    found: set[str] = set()
    for name in schedules:
        known = runbook.schedules.get(name)
        if known is None:
            continue
        found.update(person for layer in known.all_layers for person in layer.rotation.flat)
        found.update(known.ical.people.values() if known.ical else ())
        teams = {
            service.team
            for of, service in runbook.services.items()
            if any(f"schedule:{name}" in step.page for step in runbook.policy_for(of)[1].steps)
        }
        for team in teams & runbook.teams.keys():
            found |= of_team(runbook, team or "")
    return frozenset(found)


# --------------------------------------------------------------------------------------------- in words


def in_order(items: Iterable[ActionItem], runbook: Runbook, now: datetime) -> list[ActionItem]:
    """What is late first, then what is open, each by its due day; then what is over, the newest first."""
    found = list(items)
    open_ = sorted((one for one in found if one.is_open), key=lambda one: (one.due, one.id))
    open_.sort(key=lambda one: not is_overdue(one, runbook, now))
    over = (one for one in found if not one.is_open)
    return [*open_, *sorted(over, key=lambda one: (one.closed_at or one.created_at, one.id), reverse=True)]


def name(runbook: Runbook, person: str) -> str:
    """A person's name, and that they have left where the runbook does not know them."""
    return runbook.people[person].name if person in runbook.people else f"{person} (not in the runbook any more)"


def late_words(item: ActionItem, today: date) -> str:
    """How late it is."""
    days = (today - item.due).days
    return f"{days} day{'' if days == 1 else 's'} late"


def subject(item: ActionItem, day: date) -> str:
    """What stands above the word of *day*."""
    return f"Action item {'late' if day > item.due else f'due {item.due:%a %Y-%m-%d}'}: {item.title}"


def text(item: ActionItem, runbook: Runbook, today: date) -> str:
    """The item in a few lines, for a message."""
    late = f", {late_words(item, today)}" if today > item.due else ""
    lines = [f"{item.title}", f"Owner: {name(runbook, item.owner)}", f"Due: {item.due}{late}",
             f"From: {incident_name(item.incident)}"]  # fmt: skip
    lines += [f"Issue: {item.link}"] if item.link else []
    lines += [f"How it is verified: {item.verify}"] if item.verify else []
    return "\n".join([*lines, "Mark it as done, move its date, or drop it with a reason."])


def left_text(item: ActionItem, runbook: Runbook) -> str:
    """What is said once of an item whose owner has left the runbook."""
    return (
        f"{item.owner} is not in the runbook any more and owns this action item of {incident_name(item.incident)}: "
        f"{item.title} (due {item.due}). Move it to somebody else, or drop it with a reason."
    )


def overdue_lines(items: Sequence[ActionItem], runbook: Runbook, now: datetime, people: frozenset[str]) -> list[str]:
    """What is late of *people*, the latest first, five at most, with the count of the rest."""
    late = [one for one in items if one.owner in people and is_overdue(one, runbook, now)]
    late.sort(key=lambda one: (one.due, one.id))
    lines = [
        f"{one.title}: {name(runbook, one.owner)}, {late_words(one, today_of(runbook, one.owner, now))} "
        f"({incident_name(one.incident)})"
        for one in late[:NAMED]
    ]
    return [*lines, f"and {len(late) - NAMED} more"] if len(late) > NAMED else lines
