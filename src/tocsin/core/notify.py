"""Who hears what: the runbook's texts, filled from the incident, for the channels and people that they go to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from tocsin.core.calendar import utc_words, words
from tocsin.core.incident import Incident
from tocsin.core.runbook import MailingList, Runbook
from tocsin.core.templates import BadTemplate, render
from tocsin.core.types import Spoiled, Tell

PLAIN_LIMIT = 1_000  # characters of each thing that people wrote

# Where each text of the runbook goes: named channels, and the incident's war room.
AUDIENCE: Mapping[str, tuple[tuple[str, ...], bool]] = {
    "initial_alert": (("alerts",), True),
    "acknowledged": (("alerts",), True),
    "status_update": (("stakeholders",), True),
    "all_clear": (("alerts",), True),
}


def template_words(state: Incident, runbook: Runbook, now: datetime, link: str) -> dict[str, str | None]:
    """Give the value of every `{word}`; None where it is not known, which templates show as "unknown"."""
    person = runbook.people.get(state.commander or "")
    every = next((d.every for d in state.duties if d.every and "update_posted" in d.done_by), None)
    ended = state.resolved_at or now
    return {
        "incident": state.name,
        "title": " ".join(state.title.split()),  # a line end in it must not look like a line of ours
        "severity": state.severity,
        "status": state.status.capitalize(),
        "service": state.service,
        "feature": runbook.component_of(state.service) or state.service,
        "impact": state.impact,
        "commander": person.name if person else state.commander or "unassigned",
        "summary": state.summary,
        "next_steps": state.next_steps,
        "eta": state.eta,
        "root_cause": state.root_cause,
        "resolution": state.resolution,
        "started_utc": utc_words(state.declared_at),
        "now_utc": utc_words(now),
        "resolved_utc": utc_words(state.resolved_at) if state.resolved_at else None,
        "duration": words(ended - state.declared_at),
        "update_interval": words(every) if every else None,
        "postmortem": _postmortem(state, runbook),
        "date": local_date(state.declared_at, runbook),
        "next_update": utc_words(state.promised_at) if state.promised_at else None,
        "link": link,
    }


def _postmortem(state: Incident, runbook: Runbook) -> str:
    if state.review_at is None:
        rule = runbook.severities.get(state.severity)
        needed = rule is not None and rule.postmortem == "required" and not state.drill
        return "Required" if needed else "Not required"
    zone = ZoneInfo(runbook.organization.timezone)
    return f"Scheduled for {state.review_at.astimezone(zone):%Y-%m-%d}"


def local_date(at: datetime, runbook: Runbook) -> str:
    """Return the date of *at* in the organization's time zone, as rooms are named by it."""
    return f"{at.astimezone(ZoneInfo(runbook.organization.timezone)):%Y-%m-%d}"


def hears(template: str, runbook: Runbook) -> tuple[str, ...]:
    """The channels that a text goes to: those named for it, and the lists of mail addresses that ask for it."""
    asked = {name: channel.texts for name, channel in runbook.channels.items() if isinstance(channel, MailingList)}
    named = [name for name in AUDIENCE[template][0] if name in runbook.channels and not asked.get(name)]
    return (*named, *(name for name, texts in asked.items() if template in texts))


def written(
    template: str, runbook: Runbook, words: Callable[[], Mapping[str, str | None]]
) -> tuple[str | None, tuple[Spoiled, ...]]:
    """
    Fill a template of the runbook with *words*.

    Returns:
        The text and (); None and what to tell its owners when none could be made, whatever the reason. Nobody's page,
        and no alert, waits for a text.
    """
    try:
        return render(runbook.templates[template], words()), ()
    except Exception as error:  # noqa: BLE001 - an incident that could not be decided on would page nobody
        return None, (Spoiled(template, str(error) if isinstance(error, BadTemplate) else type(error).__name__),)


def plain_words(state: Incident, link: str) -> str:
    """What is sent in place of a text that could not be made: the incident, how it stands, what was said last."""
    said = [text[:PLAIN_LIMIT] for text in (state.impact, state.resolution or state.summary) if text]
    return "\n".join([f"[{state.severity}] {state.name}: {state.title}", f"{state.status.capitalize()}.", *said, link])


def announce(
    template: str, state: Incident, runbook: Runbook, now: datetime, link: str, *, only_room: bool = False,
    room_opens: bool = False,
) -> Iterable[Tell | Spoiled]:  # fmt: skip
    """
    Fill one of the runbook's texts and address it to its audience.

    A runbook without that template sends nothing; for one that gives no text plain words go out. The key holds the
    instant, so that each update is a text of its own. With *room_opens* an update for a room that the chat has not
    opened yet waits for it.
    """
    if template not in runbook.templates:
        return
    text, spoiled = written(template, runbook, lambda: template_words(state, runbook, now, link))
    yield from spoiled
    text = plain_words(state, link) if text is None else text
    room = AUDIENCE[template][1]
    key = f"{template}:{now.isoformat()}"
    subject = f"[{state.severity}] {state.title}"
    urgent = template != "status_update"
    if not only_room:
        for channel in hears(template, runbook):
            yield Tell(f"{key}:{channel}", subject, text, channel=channel, plain=True, urgent=urgent)
    known = state.room.channel if state.room else ""
    if room and known and state.room and (state.room.thread or template not in _ALSO_IN_ALERTS):
        yield Tell(f"{key}:room", subject, text, channel=known, room=True, plain=True, urgent=urgent)
    elif room and not known and room_opens and runbook.war_room and template not in _ALSO_IN_ALERTS:
        yield Tell(f"{key}:room", subject, text, channel=runbook.war_room.in_, room=True, plain=True, urgent=urgent)


# In a group without topics the room is the group itself: what the alerts channel got is not said there twice.
_ALSO_IN_ALERTS = frozenset(name for name, (channels, _) in AUDIENCE.items() if "alerts" in channels)
