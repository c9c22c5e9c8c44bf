"""Who comes to a review: what people's calendars answer, which answer counts, and when nobody has said yes in time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, cast

from tocsin.core.calendar import in_business_hours, utc_words
from tocsin.core.protocol import HAND_ON
from tocsin.core.review import OWNER, Plan, meeting_step
from tocsin.core.runbook import Runbook
from tocsin.core.types import instant_text

Word = Literal["", "accepted", "declined", "tentative"]
WORDS: Final[Mapping[Word, str]] = {"accepted": "accepts", "declined": "declines", "tentative": "may come to"}
KEPT: Final = 100  # answers to one review: more people are in no room, and a stranger fills no table
BEFORE: Final = timedelta(hours=4)  # of people's work, in which a review that nobody comes to can still be moved
QUARTER: Final = timedelta(minutes=15)
LOOK_BACK: Final = 14 * 96  # quarters of an hour: two weeks have a business day
NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class CalendarAnswer:
    """
    What a calendar sent: the answer to an invitation, another time for it, or both.

    Addresses are in lower case. `stamp` is when it says that it was written; None where it does not say.
    """

    uid: str
    attendee: str
    answer: Word = ""
    comment: str = ""
    sequence: int = 0
    stamp: datetime | None = None
    proposed: datetime | None = None
    sender: str = ""  # whose mail it was; as trustworthy as mail

    @property
    def labels(self) -> Mapping[str, str]:
        """The same as texts, as a signal carries them."""
        texts = {
            "uid": self.uid, "attendee": self.attendee, "answer": self.answer, "comment": self.comment,
            "sequence": str(self.sequence), "stamp": instant_text(self.stamp), "proposed": instant_text(self.proposed),
            "sender": self.sender,
        }  # fmt: skip
        return {name: text for name, text in texts.items() if text}


def from_labels(labels: Mapping[str, str]) -> CalendarAnswer:
    """Read them again."""

    def instant(name: str) -> datetime | None:
        return datetime.fromisoformat(labels[name]) if name in labels else None

    return CalendarAnswer(
        labels["uid"], labels["attendee"], cast("Word", labels.get("answer", "")), labels.get("comment", ""),
        int(labels["sequence"]), instant("stamp"), instant("proposed"), labels.get("sender", ""),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Attendance:
    """
    What is kept of one address: its newest answer, and the newest other time that it proposed.

    `sequence` and `proposed_sequence` say of which invitation each is, -1 for none; the stamps order two of one.
    """

    attendee: str
    person: str | None
    answer: Word = ""
    comment: str = ""
    sequence: int = -1
    stamp: datetime = NEVER
    sender: str = ""
    heard_at: datetime = NEVER
    proposed: datetime | None = None
    proposed_sequence: int = -1
    proposed_stamp: datetime = NEVER

    def counts(self, plan: Plan) -> bool:
        """Whether its answer is about the time that the review has now."""
        return self.answer != "" and self.sequence == plan.sequence

    def proposes(self, plan: Plan) -> bool:
        """Whether it asks for another time than the one that the review has now."""
        return self.proposed not in (None, plan.meeting_at) and self.proposed_sequence == plan.sequence

    @property
    def is_for_another(self) -> bool:
        """Whether another address sent it than the one that it speaks for."""
        return self.sender not in ("", self.attendee)


def person_of(address: str, runbook: Runbook) -> str | None:
    """Whose address it is; None for nobody's."""
    found = (id_ for id_, person in runbook.people.items() if (person.email or "").strip().lower() == address)
    return next(found, None)


def take(known: Attendance | None, heard: CalendarAnswer, person: str | None, plan: Plan, now: datetime) -> Attendance:
    """
    Join an answer to what is kept; an older one, or the same again, changes nothing.

    An answer is newer by its SEQUENCE, then its DTSTAMP (RFC 5546, section 2.1.5). Neither can be later than what was
    sent and than *now*: a wrong clock would lock out every answer after it.
    """
    before = known or Attendance(heard.attendee, person)
    order = min(heard.sequence, plan.sequence), min(heard.stamp or now, now)
    after = before
    if heard.answer and order > (before.sequence, before.stamp):
        comment = heard.comment or (before.comment if heard.answer == before.answer else "")
        after = replace(before, person=person, answer=heard.answer, comment=comment, sequence=order[0],
                        stamp=order[1], sender=heard.sender, heard_at=now)  # fmt: skip
    withdrawn = before.answer == "accepted" and order < (before.sequence, before.stamp)  # by a yes that came later
    if heard.proposed and not withdrawn and order > (before.proposed_sequence, before.proposed_stamp):
        after = replace(after, person=person, comment=heard.comment or after.comment, sender=heard.sender,
                        proposed=heard.proposed, proposed_sequence=order[0], proposed_stamp=order[1],
                        heard_at=now)  # fmt: skip
    elif after.answer == "accepted" and after != before:
        after = replace(after, proposed=None)
    return after


def news(before: Attendance | None, after: Attendance, plan: Plan) -> bool:
    """Whether the timeline should say it: another answer than was known for this time, or another proposal."""
    was = before.answer if before and before.counts(plan) else ""
    answered = after.counts(plan) and after.answer != was
    return answered or (after.proposes(plan) and (before is None or before.proposed != after.proposed))


def sentence(after: Attendance, name: str, plan: Plan) -> str:
    """Say what came: `Bo declines the review of 2026-11-25 10:00 UTC, and proposes …`. Nothing that is quoted."""
    said = f"{WORDS[after.answer]} the review" if after.counts(plan) else "answers about the review"
    at = f" of {utc_words(plan.meeting_at)}" if plan.meeting_at else ""
    other = f", and proposes {utc_words(after.proposed)}" if after.proposed and after.proposes(plan) else ""
    by = f" (a mail from {after.sender})" if after.is_for_another else ""
    return f"{name} {said}{at}{other}{by}"


def is_awaited(plan: Plan) -> bool:
    """Whether people are still asked to come: it is planned, and was not held."""
    step = meeting_step(plan)
    return plan.meeting_at is not None and not plan.over and not (step and step.done_at)


def accepted(plan: Plan, heard: Iterable[Attendance]) -> tuple[str, ...]:
    """The addresses that come at the time that the review has now."""
    return tuple(one.attendee for one in heard if one.answer == "accepted" and one.counts(plan))


def doubt_at(plan: Plan, runbook: Runbook) -> datetime | None:
    """
    When it is said that nobody has accepted: four hours of people's work before the review.

    Where there is less than twice that since its invitation, half of it. None when nobody was asked to answer, when it
    was looked at already, and when no review is awaited.
    """
    if not plan.asked or plan.asked_at is None or not is_awaited(plan) or plan.doubted == plan.sequence:
        return None
    assert plan.meeting_at is not None
    working = [at for at in _back(plan.meeting_at, plan.asked_at) if _works(at, runbook)]
    if not working:
        return max(plan.meeting_at - BEFORE, plan.asked_at + (plan.meeting_at - plan.asked_at) / 2)
    return working[min(BEFORE // QUARTER, (len(working) + 1) // 2) - 1]


def _back(at: datetime, until: datetime) -> Iterator[datetime]:
    """The quarters of an hour before an instant, the nearest first."""
    for n in range(1, min((at - until) // QUARTER, LOOK_BACK) + 1):
        yield at - n * QUARTER


def _works(at: datetime, runbook: Runbook) -> bool:
    return in_business_hours(at, runbook.organization.business_hours)


def doubt(plan: Plan, runbook: Runbook, heard: Iterable[Attendance], now: datetime) -> tuple[Plan, bool]:
    """Look whether anybody comes, once for each time of the review. Returns the plan, and whether it must be said."""
    due = doubt_at(plan, runbook)
    if due is None or now < due:
        return plan, False
    assert plan.meeting_at is not None
    return replace(plan, doubted=plan.sequence), now < plan.meeting_at and not accepted(plan, heard)


def who_hears(
    decliner: str, holders: frozenset[str], people_of: Callable[[str], frozenset[str]]
) -> frozenset[str]:  # fmt: skip
    """
    Who is told that one of the review's holders declines: all of them, and where nobody else has it, who would be next.

    Args:
        people_of: A role to the people who have it.
    """
    if holders - {decliner}:
        return holders
    next_ones = (people_of(role) - holders for role in HAND_ON[HAND_ON.index(OWNER) + 1 : -1])
    return holders | next(filter(None, next_ones), frozenset())
