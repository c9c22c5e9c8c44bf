"""The postmortem's draft: what the timeline knows, and honest blanks where only people know."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from tocsin.core.action_items import ActionItem
from tocsin.core.calendar import utc_words, words
from tocsin.core.incident import Incident
from tocsin.core.ledger import Entry
from tocsin.core.runbook import Runbook
from tocsin.core.sentences import name_of, sentence

SLUG_LIMIT: Final = 60  # characters
BLANK: Final = "_Not known to Tocsin: please fill in."
# What says nothing to a reader of the whole: the ledger of each page is on the incident's own page.
DRAFTED: Final = "Draft, written by Tocsin from the timeline"
TO_NAME, TO_AGREE = "_to be named_", "_to be agreed in the review_"
ACTION_HEAD: Final = "| What | Owner | Due | How it is verified |\n|---|---|---|---|\n"
HEADING: Final = re.compile(r"^#{1,6} +(.+?) *#*$")
QUIET: Final = frozenset({"page_moot", "duty_done", "checked", "review_scheduled", "message_seen"})


def slug(title: str, number: int) -> str:
    """Make the file's name part: ASCII, lower case, hyphens, 60 characters; `incident-42` when nothing is left."""
    flat = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    cut = re.sub(r"[^a-z0-9]+", "-", flat).strip("-")[:SLUG_LIMIT].strip("-")
    return cut or f"incident-{number}"


def file_name(state: Incident, taken: Iterable[str]) -> str:
    """Name the file `YYYY-MM-DD-slug.md` by the UTC date of declaration; `-2`, `-3` … when that is taken."""
    stem, used = f"{state.declared_at:%Y-%m-%d}-{slug(state.title, state.number)}", set(taken)
    names = (f"{stem}{'' if n == 1 else f'-{n}'}.md" for n in range(1, len(used) + 2))
    return next(name for name in names if name not in used)


@dataclass(frozen=True, slots=True)
class _Record:
    state: Incident
    entries: Sequence[Entry]
    runbook: Runbook
    names: Mapping[str, str]
    actions: Sequence[ActionItem]


def draft(
    state: Incident, entries: Sequence[Entry], runbook: Runbook, link: str, actions: Sequence[ActionItem] = ()
) -> str:
    """Write the Markdown of the draft: a head of what is known, then the runbook's sections as `##` headings."""
    names = {id_: person.name for id_, person in runbook.people.items()}
    record = _Record(state, entries, runbook, names, actions)
    sections = [f"## {heading}\n\n{_section(heading)(record)}" for heading in runbook.postmortems.sections]
    return "\n\n".join([_head(record, link), *sections]) + "\n"


def _head(r: _Record, link: str) -> str:
    s = r.state
    end = s.resolved_at or s.declared_at
    review = None
    if s.review_at:
        zone = ZoneInfo(r.runbook.organization.timezone)
        review = f"{s.review_at.astimezone(zone):%Y-%m-%d %H:%M} ({zone.key})"
    rows = [
        ("Incident", f"[{s.name}]({link})"),
        ("Date", f"{s.declared_at:%Y-%m-%d}"),
        ("Severity", f"{s.severity} - {r.runbook.severities[s.severity].title}"),
        ("Service", one_line(s.service or "unknown")),
        ("Duration", f"{words(end - s.declared_at)} ({utc_words(s.declared_at)} to {utc_words(end)})"),
        ("Incident commander", name_of(s.commander, r.names) if s.commander else "nobody took it"),
        ("Review", review or "not scheduled"),
        ("Author", TO_NAME),
        ("Status", DRAFTED),
    ]
    lines = "\n".join(f"- **{name}:** {value}" for name, value in rows)
    return f"# Postmortem: {one_line(s.title)}\n\n{lines}"


def one_line(text: str) -> str:
    """Make a text safe inside one Markdown line: no line breaks, and no mark-up that was not meant."""
    flat = " ".join(text.split())
    return re.sub(r"([\\`*\[\]<|]|(?<!\w)_|_(?!\w))", r"\\\1", flat)


def _section(heading: str) -> Callable[[_Record], str]:
    return next((write for start, write in _SECTIONS.items() if heading.lower().startswith(start)), _people_only)


def _people_only(r: _Record) -> str:
    return f"{BLANK}_"


def _ask(r: _Record, question: str) -> str:
    """A question in the place of what only people know, and who was there."""
    s = r.state
    asked = dict.fromkeys(p for p in (s.commander, *s.have_it, s.acknowledged_by) if p in r.runbook.people)
    whom = f" Ask {', '.join(one_line(name_of(person, r.names)) for person in asked)}." if asked else ""
    return f"{BLANK} {question}{whom}_"


def _summary(r: _Record) -> str:
    s = r.state
    seconds = (s.acknowledged_at - s.declared_at) if s.acknowledged_at else None
    answered = f"acknowledged after {words(seconds)}" if seconds is not None else "never acknowledged"
    end = f"resolved after {words(s.resolved_at - s.declared_at)}" if s.resolved_at else "not resolved"
    known = f"{one_line(s.title)} ({s.severity}, {s.service or 'no service named'}): {answered}, {end}."
    return f"{known}\n\n{one_line(s.summary) if s.summary else _ask(r, 'What happened, in two sentences?')}"


def _impact(r: _Record) -> str:
    said = one_line(r.state.impact) if r.state.impact else _ask(r, "Who was affected, and how?")
    hit = sorted(r.runbook.dependents(r.state.service)) if r.state.service else []
    return f"{said}\n\nServices that depend on {r.state.service}: {', '.join(hit)}." if hit else said


def _timeline(r: _Record) -> str:
    lines = []
    day = r.state.declared_at.date()
    for entry in r.entries:
        if entry.kind in QUIET:
            continue
        if entry.at.date() != day:
            day = entry.at.date()
            lines.append(f"- 00:00 - {day:%Y-%m-%d}")
        lines.append(f"- {entry.at:%H:%M} - {one_line(sentence(entry.kind, entry.actor, entry.data, r.names))}")
    return "\n".join(lines)


def _root_cause(r: _Record) -> str:
    return one_line(r.state.root_cause) if r.state.root_cause else _ask(r, "What allowed this to happen?")


def _resolution(r: _Record) -> str:
    return one_line(r.state.resolution) if r.state.resolution else _ask(r, "What ended it?")


def _went_well(r: _Record) -> str:
    kept = [d for d in r.state.duties if d.done_at and not d.late and not d.moot and not d.every]
    lines = [f"- On time: {one_line(d.title)}" for d in kept]
    lines += [
        f"- {one_line(d.title)}: done {_times(d.rounds_done)}" for d in r.state.duties if d.every and d.rounds_done
    ]
    return "\n".join([*lines, f"- {BLANK}_"])


def _went_wrong(r: _Record) -> str:
    lines = []
    for d in r.state.duties:
        if d.every and d.rounds_missed:
            lines.append(f"- {one_line(d.title)}: missed {_times(d.rounds_missed)}")
        elif d.missed_at and not d.every:
            after = words(d.missed_at - r.state.declared_at)
            lines.append(f"- Missed at {after}: {one_line(d.title)}" + (" (done later)" if d.done_at else ""))
    lines += [f"- {one_line(sentence(e.kind, e.actor, e.data, r.names))}" for e in r.entries if e.kind == "page_failed"]
    return "\n".join([*lines, f"- {BLANK}_"])


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _actions(r: _Record) -> str:
    return action_table(r.actions, r.names)


def action_table(items: Sequence[ActionItem], names: Mapping[str, str]) -> str:
    """The action items of the record, as the table of their section."""
    return ACTION_HEAD + ("\n".join(_action(item, names) for item in items) or f"| {TO_AGREE} | | | |")


def _action(item: ActionItem, names: Mapping[str, str]) -> str:
    title = one_line(item.title) + (f" ([issue](<{one_line(item.link)}>))" if item.link else "")
    due = f"{item.due}" if item.is_open else f"{item.due}, {item.state}"
    return f"| {title} | {one_line(name_of(item.owner, names))} | {due} | {one_line(item.verify)} |"


_SECTIONS: Final[Mapping[str, Callable[[_Record], str]]] = {
    "summary": _summary,
    "impact": _impact,
    "timeline": _timeline,
    "root cause": _root_cause,
    "resolution": _resolution,
    "what went well": _went_well,
    "what went wrong": _went_wrong,
    "action items": _actions,
}


# --------------------------------------------------------------------------------------------- reading it again


@dataclass(frozen=True, slots=True)
class Question:
    """What is still to be filled in: the line of the text (from 1), the heading it is under, the question."""

    line: int
    heading: str
    text: str


def questions(text: str) -> tuple[Question, ...]:
    """Find what the draft asked and nobody has answered yet."""
    found, heading = [], ""
    for number, line in enumerate(text.splitlines(), 1):
        if named := HEADING.match(line):
            heading = named[1]
        elif BLANK in line:
            asked = line.partition(BLANK)[2].strip().rstrip("_").strip()
            found.append(Question(number, heading, asked or f"What belongs under {heading}?"))
        elif TO_NAME in line:
            found.append(Question(number, heading, "Who is the author?"))
        elif TO_AGREE in line:
            found.append(Question(number, heading, "Which action items were agreed?"))
    return tuple(found)


def with_actions(text: str, table: str) -> str:
    """Put the record's action items in the place of the table under that heading, or of what is not there yet."""
    lines = text.splitlines()
    start = next((n for n, line in enumerate(lines) if _is_actions(line)), None)
    if start is None:
        return f"{text.rstrip()}\n\n## Action Items\n\n{table}\n"
    end = next((n for n in range(start + 1, len(lines)) if HEADING.match(lines[n])), len(lines))
    rows = [n for n in range(start + 1, end) if lines[n].lstrip().startswith("|")]
    first, last = (rows[0], rows[-1] + 1) if rows else (start + 1, start + 1)
    space = [] if rows else [""]
    return "\n".join([*lines[:first], *space, *table.splitlines(), *space, *lines[last:]]).rstrip() + "\n"


def _is_actions(line: str) -> bool:
    named = HEADING.match(line)
    return bool(named and named[1].casefold().startswith("action items"))


def as_published(text: str, by: str, on: str) -> str:
    """The same text, where its head says that it is a draft: published, by whom and on which day."""
    return text.replace(f"**Status:** {DRAFTED}", f"**Status:** Published {on} by {one_line(by)}", 1)
