"""The commands that people type in a chat, each answered in plain words."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from tocsin.core import oncall
from tocsin.core.actions import CODE, awaits, may_approve
from tocsin.core.calendar import parse_duration
from tocsin.core.events import (
    Acknowledge,
    Assign,
    Cause,
    Check,
    Declared,
    Escalate,
    LookAgain,
    Note,
    PostUpdate,
    Resolve,
    SendText,
    SetSeverity,
)
from tocsin.core.incident import PUBLIC_STATUSES, ROLES, Incident
from tocsin.core.protocol import is_open
from tocsin.core.runbook import Runbook
from tocsin.core.types import Refused, incident_name, incident_number
from tocsin.sdk import one_line
from tocsin.store import actions as plans
from tocsin.store import incidents
from tocsin.store import oncall as overrides
from tocsin.store import quiet as quiet_store
from tocsin.store.db import Tx
from tocsin.usecases import actions, joining, quiet, respond
from tocsin.usecases.access import Role, Viewer, role_of
from tocsin.usecases.configure import Setup, incident_link

SHOWN: Final = 20  # incidents in one list
TITLE_LIMIT: Final = 500  # characters, as in the API
LONG_LIMIT: Final = 10_000


@dataclass(frozen=True, slots=True)
class Asked:
    """One command of a person: what stood after it, and the incident whose war room it was given in."""

    tx: Tx
    setup: Setup
    runbook: Runbook
    person: str
    text: str
    room: int | None = None


def _help(asked: Asked) -> str:
    return help_text()


def help_text() -> str:
    """Every command with what it is for, one a line."""
    return "\n".join(f"{name} - {use}" for name, use in USES.items())


def _on_call(asked: Asked) -> str:
    runbook, stand_ins = asked.runbook, overrides.overrides(asked.tx)
    said = []
    for name, schedule in runbook.schedules.items():
        shift = oncall.on_call_at(runbook, name, asked.tx.now, stand_ins)
        zone = schedule.timezone or runbook.organization.timezone
        people = ", ".join(runbook.people[p].name if p in runbook.people else p for p in shift.people) or "nobody"
        until = f" until {shift.until.astimezone(ZoneInfo(zone)):%a %d %b %H:%M} ({zone})" if shift.people else ""
        said.append(f"{name}: {people}{until}" + (f", stands in: {shift.override}" if shift.override else ""))
    return "\n".join(said) or "The runbook has no schedule."


def _incidents(asked: Asked) -> str:
    if asked.text:
        return _status(asked)
    found = incidents.listing(asked.tx, open_only=True, limit=SHOWN + 1)
    if not found:
        return "No incident is open."
    lines = [_line(asked, stored.state) for stored in found[:SHOWN]]
    return "\n".join([*lines, "and more"] if len(found) > SHOWN else lines)


def _line(asked: Asked, state: Incident) -> str:
    leads = _name(asked, state.commander) if state.commander else "nobody leads"
    return f"{state.name} [{state.severity}] {state.status}: {one_line(state.title, 100)} ({leads})"


def _status(asked: Asked) -> str:
    number, _ = _which(asked, bare=True)
    state = incidents.load(asked.tx, number).state
    lines = [_line(asked, state), f"Since {state.declared_at:%Y-%m-%d %H:%M} UTC"]
    lines += [f"Summary: {state.summary}"] if state.summary else []
    return "\n".join([*lines, incident_link(asked.setup, number)])


def _declare(asked: Asked) -> str:
    said, _, title = asked.text.partition(" ")
    severity = next((name for name in asked.runbook.severities if name.lower() == said.lower()), said)
    if not severity or not title.strip():
        raise Refused(_how_bad(asked, asked.text), 422)
    if severity not in asked.runbook.severities:
        raise Refused(f"no severity {said[:40]!r}; {_how_bad(asked, asked.text)}", 422)
    event = Declared(one_line(title, TITLE_LIMIT), severity, asked.person)
    number = respond.declare(asked.tx, asked.setup, event)
    return f"{incident_name(number)} [{severity}] is declared: {event.title}\n{incident_link(asked.setup, number)}"


def _how_bad(asked: Asked, title: str) -> str:
    """What helps to choose a severity: each with its examples, and the form that asks about the impact."""
    lines = [
        f"{name} {one.title}" + (f": {'; '.join(one.examples[:2])}" if one.examples else "")
        for name, one in asked.runbook.severities.items()
    ]
    known = {name.lower() for name in asked.runbook.severities}
    query = f"?title={quote(one_line(title, 200))}" if title and title.lower() not in known else ""
    say = "say: declare SEVERITY TITLE, with in a few words what is broken"
    form = f"Not sure how bad it is? Answer the questions: {asked.setup.public_url}/declare{query}"
    return "\n".join([say, *lines, form])


def _merge(asked: Asked) -> str:
    number, rest = _which(asked)
    word = rest.removeprefix("into ").split(" ", 1)
    if not word[0]:
        raise Refused("into which incident? For example: merge INC-5 INC-3", 422)
    into, reason = incident_number(word[0]), word[1] if len(word) > 1 else ""
    state = joining.merge(asked.tx, asked.setup, number, into, asked.person, reason).state
    return f"{incident_name(number)} goes on in {state.name}: {state.title}\n{incident_link(asked.setup, into)}"


def _split(asked: Asked) -> str:
    number, reason = _which(asked)
    state = joining.split(asked.tx, asked.setup, number, asked.person, reason).state
    return f"{state.name} goes on by itself again: {state.title}"


def _silences(asked: Asked) -> str:
    holding = quiet_store.holding(asked.tx)
    living = [one for one in quiet_store.living(asked.tx) if one.state(asked.tx.now) != "ended"]
    lines = [quiet.line(one, asked.tx.now, holding.get(f"silence:{one.id}", 0)) for one in living[:SHOWN]]
    return "\n".join(lines) or "Nothing is silenced."


def _silence(asked: Asked) -> str:
    """`silence 2h service=api check=slow REASON`: the words with an operator are matchers, the rest is the reason."""
    span, _, rest = asked.text.partition(" ")
    words = rest.split()
    count = next((place for place, word in enumerate(words) if not re.search(r"\w(=|!~)", word)), len(words))
    if not span:
        return _silences(asked)
    try:
        until = asked.tx.now + parse_duration(span)
    except (ValueError, OverflowError):
        raise Refused("say: silence 2h service=api REASON. Without a word: what is silenced now", 422) from None
    reason = " ".join(words[count:])
    made = quiet.silence(
        asked.tx, asked.setup, texts=words[:count], until=until, reason=reason, by=asked.person
    )  # fmt: skip
    return f"Silenced: {quiet.line(made, asked.tx.now)}\n{asked.setup.public_url}/silences"


def _acknowledge(asked: Asked) -> str:
    number, _ = _which(asked, bare=True)
    state = respond.act(asked.tx, asked.setup, number, Acknowledge(asked.person)).state
    return f"You have {state.name}: {state.title}" if state.is_open else f"{state.name} is resolved."


def _diagnose(asked: Asked) -> str:
    number, _ = _which(asked, bare=True)
    before = incidents.load(asked.tx, number).state.diagnosis
    after = respond.act(asked.tx, asked.setup, number, LookAgain(asked.person)).state
    if before.running and before.run == after.diagnosis.run:
        return f"{after.name} is being looked at already: {len(before.waiting)} of {len(before.looking)} are awaited."
    tools = max(len(after.diagnosis.looking) - 1, 0)
    what = f"{tools} tool{'s' * (tools != 1)} and Tocsin's own records" if tools else "Tocsin's own records"
    return f"Looking at {what} for {after.name}: what is found is told within 30 seconds."


def _escalate(asked: Asked) -> str:
    number, reason = _which(asked)
    respond.act(asked.tx, asked.setup, number, Escalate(asked.person, reason[:LONG_LIMIT] or "asked for in chat"))
    return f"{incident_name(number)} is escalated: the next step is paged now."


def _update(asked: Asked) -> str:
    number, text = _which(asked)
    first, _, rest = text.partition(" ")
    status = first.lower().rstrip(":,")
    said = status if status in PUBLIC_STATUSES else None
    summary = (rest if said else text).strip()[:LONG_LIMIT]
    summary, promised = _promised(summary)
    event = PostUpdate(asked.person, said, summary or None, next_update=promised)
    state = respond.act(asked.tx, asked.setup, number, event).state
    following = f" The next one is promised for {state.promised_at:%H:%M} UTC." if state.promised_at else ""
    return f"The update of {state.name} is posted; it is {state.status}.{following}"


_PROMISE: Final = re.compile(r"[;,.]?\s*next (?:update )?in (\d+) ?(s|sec|m|min|minutes|h|hours?)\.?$", re.IGNORECASE)


def _promised(text: str) -> tuple[str, timedelta | None]:
    """Take `next update in 15m` off the end of an update: the rest, and the promise."""
    found = _PROMISE.search(text)
    if found is None or len(found[1]) > 5:
        return text, None
    return text[: found.start()].strip(), parse_duration(f"{found[1]}{found[2][0].lower()}")


def _cause(asked: Asked) -> str:
    number, text = _which(asked)
    first, _, rest = text.partition(" ")
    confirmed = first.lower().rstrip(":,") == "confirmed"
    said = (rest if confirmed else text).strip()[:LONG_LIMIT]
    state = respond.act(asked.tx, asked.setup, number, Cause(asked.person, said, confirmed)).state
    if confirmed:
        return f"The cause of {state.name} is confirmed, and may be published: {state.root_cause}"
    return f"Suspected for {state.name}, and not published before somebody says: cause {state.name} confirmed"


def _send(asked: Asked) -> str:
    number, text = _which(asked)
    name = text.strip().lower().replace(" ", "_").replace("-", "_")
    state = respond.act(asked.tx, asked.setup, number, SendText(asked.person, name)).state
    return f"The text {name} of {state.name} goes out again."


def _resolve(asked: Asked) -> str:
    number, text = _which(asked)
    if not incidents.load(asked.tx, number).state.is_open:
        return f"{incident_name(number)} is resolved already."
    cause, semicolon, what = text[:LONG_LIMIT].partition(";")
    root_cause, resolution = (cause, what) if semicolon else ("", text)
    event = Resolve(asked.person, root_cause.strip() or None, resolution.strip() or None)
    respond.act(asked.tx, asked.setup, number, event)
    return f"{incident_name(number)} is resolved. The all-clear goes out."


def _severity(asked: Asked) -> str:
    number, text = _which(asked)
    said, _, reason = text.partition(" ")
    severity = next((name for name in asked.runbook.severities if name.lower() == said.lower()), said)
    before = incidents.load(asked.tx, number).state.severity
    state = respond.act(asked.tx, asked.setup, number, SetSeverity(asked.person, severity, reason.strip())).state
    if before == state.severity:
        return f"{state.name} is {state.severity}: you confirmed it."
    return f"{state.name} is {state.severity} now, it was {before}. Duties, deadlines and pages follow."


def _assign(asked: Asked) -> str:
    number, text = _which(asked)
    role, _, whom = text.lower().partition(" ")
    if role not in ROLES:
        raise Refused(f"say: assign INC-{number} ROLE [PERSON], with one of {', '.join(ROLES)}", 422)
    person = _person(asked, whom.strip()) if whom.strip() else asked.person
    respond.act(asked.tx, asked.setup, number, Assign(asked.person, role, person))
    return f"{_name(asked, person)} is {role} of {incident_name(number)}." if person else f"Nobody is {role} now."


def _person(asked: Asked, said: str) -> str | None:
    """The person whom a text names: by id or by name; "nobody" for None."""
    if said == "nobody":
        return None
    return next((id_ for id_, p in asked.runbook.people.items() if said in (id_.lower(), p.name.lower())), said)


def _approve(asked: Asked) -> str:
    """The code is of the plan's hash, as its message and its page have it: what is approved is what was looked at."""
    number, code = _which(asked)
    waiting = [run for run in plans.listing(asked.tx, incident=number, limit=SHOWN) if awaits(run, asked.tx.now)]
    if not code:
        leads = incidents.load(asked.tx, number).state.commander
        lines = [f"approve {incident_name(number)} {run.hash[:CODE]} - {run.name}: {one_line(run.target, 100)}; "
                 f"{may_approve(run, leads)}" for run in waiting]  # fmt: skip
        return "\n".join(lines) or f"No plan waits for approval. {incident_link(asked.setup, number)}"
    run = next((run for run in waiting if len(code) >= CODE and run.hash.startswith(code.lower())), None)
    if run is None:
        see = f"approve {incident_name(number)}"
        raise Refused(f"no plan with the code {code[:40]!r} waits; to see which do, say: {see}", 404)
    who = Viewer(asked.person, asked.person, role_of(asked.runbook, asked.person))
    actions.approve(asked.tx, asked.setup, number, run.action, run.id, run.hash, who, asked.person)
    return f"{run.name[:1].upper()}{run.name[1:]} is approved, and is run now: {run.target}"


def _done(asked: Asked) -> str:
    number, duty = _which(asked)
    if not duty:
        open_ = [d.id for d in incidents.load(asked.tx, number).state.duties if is_open(d)]
        raise Refused(f"which duty? Open are: {', '.join(open_) or 'none'}", 422)
    respond.act(asked.tx, asked.setup, number, Check(asked.person, duty.lower().replace(" ", "_")))
    return f"The duty {duty} of {incident_name(number)} is done."


def _note(asked: Asked) -> str:
    number, text = _which(asked)
    respond.act(asked.tx, asked.setup, number, Note(asked.person, text[:LONG_LIMIT]))
    return f"Noted on the timeline of {incident_name(number)}."


_NAMED: Final = re.compile(r"(?:#|inc-)(\d{1,9})\b:?", re.IGNORECASE)


def _which(asked: Asked, *, bare: bool = False) -> tuple[int, str]:
    """
    Tell the incident and the rest of the text: it is named first, or it is that of the war room.

    *bare*: the text may also be the number alone.

    Raises:
        Refused: 422, when none is named; 404, when there is none of that number.
    """
    if named := _NAMED.match(asked.text):
        number, rest = int(named[1]), asked.text[named.end() :].strip()
    elif bare and asked.text:
        number, rest = incident_number(asked.text), ""
    elif asked.room is not None:
        number, rest = asked.room, asked.text
    else:
        raise Refused("which incident? Name it first, for example INC-42, or say it in its war room", 422)
    incidents.load(asked.tx, number)
    return number, rest


def _name(asked: Asked, person: str) -> str:
    known = asked.runbook.people.get(person)
    return known.name if known else person


COMMANDS: Final[Mapping[str, tuple[Role, Callable[[Asked], str]]]] = {
    "oncall": ("viewer", _on_call),
    "incidents": ("viewer", _incidents),
    "declare": ("responder", _declare),
    "ack": ("responder", _acknowledge),
    "update": ("responder", _update),
    "severity": ("responder", _severity),
    "assign": ("responder", _assign),
    "done": ("responder", _done),
    "approve": ("responder", _approve),
    "escalate": ("responder", _escalate),
    "diagnose": ("responder", _diagnose),
    "cause": ("responder", _cause),
    "send": ("responder", _send),
    "note": ("responder", _note),
    "merge": ("responder", _merge),
    "split": ("responder", _split),
    "silence": ("responder", _silence),
    "resolve": ("responder", _resolve),
    "help": ("viewer", _help),
}
ALIASES: Final = {"status": "incidents", "acknowledge": "ack", "start": "help", "": "help"}
USES: Final = {
    "oncall": "who is on call, and until when",
    "incidents": "what is open; with a number how that one stands",
    "declare SEVERITY TITLE": "open an incident and page",
    "ack INC-42": "you have it: paging stops",
    "update INC-42 [investigating|identified|monitoring] TEXT [next update in 15m]": "post a status update",
    "severity INC-42 SEVERITY [REASON]": "change the severity, or confirm it by saying the same",
    "assign INC-42 ROLE [PERSON]": "take or hand over commander, communications or scribe",
    "done INC-42 DUTY": "tick a duty",
    "approve INC-42 [CODE]": "approve a planned action, and run it; alone: what waits for it",
    "cause INC-42 [confirmed] [TEXT]": "what it was; published only once confirmed",
    "send INC-42 initial alert": "send a text of the runbook again, filled as it is now",
    "escalate INC-42 [REASON]": "page the next step now",
    "diagnose INC-42": "look at all tools for the cause, anew",
    "note INC-42 TEXT": "put a note on the timeline",
    "merge INC-42 INC-40 [REASON]": "let it go on in another incident",
    "split INC-42": "undo that",
    "silence [2h service=api REASON]": "hold alerts back; alone: what is silenced",
    "resolve INC-42 [ROOT CAUSE;] RESOLUTION": "it is over: the all-clear goes out",
    "help": "this list. In an incident's war room its number may be left out",
}
