"""What happened, in words: one sentence for each kind of fact, for pages, mails and postmortems alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

from tocsin.core.calendar import words
from tocsin.core.types import SYSTEM

Names = Mapping[str, str]  # person to display name
Data = Mapping[str, Any]


def sentence(kind: str, actor: str, data: Data, names: Names) -> str:
    """Say what one timeline entry means. A kind without a sentence of its own is named, with its text if it has one."""
    who = name_of(actor, names)
    if kind in _SENTENCES:
        return _SENTENCES[kind](who, data, names)
    said = data.get("text") or data.get("reason") or data.get("summary") or ""
    return f"{kind.replace('_', ' ').capitalize()} by {who}{f': {said}' if said else ''}"


def name_of(actor: str, names: Names) -> str:
    """The name that people say: a person's own, the source of an alert, or Tocsin."""
    if actor == SYSTEM:
        return "Tocsin"
    return names.get(actor, actor.removeprefix("source:"))


def _people(ids: Any, names: Names) -> str:
    return ", ".join(name_of(person, names) for person in ids or ()) or "nobody"


def _because(data: Data, key: str = "reason") -> str:
    return f": {data[key]}" if data.get(key) else ""


def _declared(who: str, d: Data, names: Names) -> str:
    if d.get("person"):
        return f"{who} paged {name_of(d['person'], names)} by hand: {d['title']}"
    service = f" on {d['service']}" if d.get("service") else ""
    return f"{d['severity']} declared{service} by {who}: {d['title']} ({d.get('rule', 'no rule')})"


def _attached(who: str, d: Data, names: Names) -> str:
    return f"{_count(d, 'more alert')} from {who}: {_keys(d)}" + (f" ({d['because']})" if d.get("because") else "")


def _ended(who: str, d: Data, names: Names) -> str:
    left = d.get("firing", 0)
    return f"{_count(d, 'alert')} resolved by {who}: {_keys(d)}; {left or 'none'} still firing"


def _count(d: Data, what: str) -> str:
    return f"{d['count']} {what}{'' if d['count'] == 1 else 's'}"


def _keys(d: Data) -> str:
    keys = list(d.get("keys", ()))
    more = d.get("count", 0) - len(keys)
    return ", ".join(keys) + (f" and {more} more" if more > 0 else "")


def _moot(who: str, d: Data, names: Names) -> str:
    if d.get("passed_on"):
        return f"{who} can't take it: their page ended"
    whom = f" to {name_of(d['person'], names)}" if d.get("person") else ""
    return f"No page{whom} ({d.get('reason', '')}): {d.get('why', '')}"


def _acknowledged(who: str, d: Data, names: Names) -> str:
    holds = d.get("expires_after")
    return f"{who} acknowledged" + (f" (for {words(timedelta(seconds=holds))} with nothing following)" if holds else "")


def _update(who: str, d: Data, names: Names) -> str:
    parts = [d.get("summary"), f"next: {d['next_steps']}" if d.get("next_steps") else None]
    parts.append(f"ETA {d['eta']}" if d.get("eta") else None)
    text = "; ".join(part for part in parts if part)
    return f"{who} posted an update ({d.get('status', '')}){f': {text}' if text else ''}"


def _severity(who: str, d: Data, names: Names) -> str:
    anew = ", ".join(f"{one['title']} (by {one['due_at'][11:16]} UTC)" for one in d.get("anew", ()))
    more = f". Their time had passed, so it is counted from now: {anew}" if anew else ""
    return f"{who} changed the severity from {d['from']} to {d['severity']}{_because(d)}{more}"


def _role(who: str, d: Data, names: Names) -> str:
    role = "incident commander" if d.get("role", "commander") == "commander" else d["role"]
    if not d.get("person"):
        return f"{who}: {name_of(d['before'], names)} is not {role} any more"
    return f"{name_of(d['person'], names)} is {role}" + (
        f", after {name_of(d['before'], names)}" if d.get("before") else ""
    )


def _elapsed(who: str, d: Data, names: Names) -> str:
    if d.get("extended"):
        return "The extended time is over"
    if not d.get("clock"):
        return f"The watch is over: {d['duty'].replace('_', ' ')}"
    state = "at risk" if d["state"] == "at_risk" else "breached"
    return f"{d['clock'].capitalize()} time {state}: due {d['due'][:16].replace('T', ' ')} UTC"


def _ticket(who: str, d: Data, names: Names) -> str:
    where = "in Tocsin's own list" if d["tracker"] == "local" else f"in {d['tracker']}"
    said = f", {d['label']}" if d.get("label") else ""
    if d.get("linked"):
        return f"{who} linked the ticket {d['ticket']} {where}{said}"
    return f"Ticket {d['ticket']} created {where}{said}" + (f" ({d['note']})" if d.get("note") else "")


def _room(who: str, d: Data, names: Names) -> str:
    return f"War room {d['name']} opened" + (f" ({d['note']})" if d.get("note") else "")


def _held(who: str, d: Data, names: Names) -> str:
    return f"{_count(d, 'alert')} from {who} held back: {_keys(d)} ({d['rule']})"


def _merged(who: str, d: Data, names: Names) -> str:
    if "into" in d:
        return f"{who} merged this into {d['into']}: {d['title']}{_because(d)}"
    alerts = f", {_count({'count': d['alerts']}, 'alert')}" if d.get("alerts") else ""
    return f"{who} merged {d['from']} into this ({d['severity']}: {d['title']}{alerts}){_because(d)}"


def _split(who: str, d: Data, names: Names) -> str:
    alerts = f" with {_count({'count': d['alerts']}, 'alert')}" if d.get("alerts") else ""
    if "out_of" in d:
        return f"{who} split this off from {d['out_of']}{alerts}{_because(d)}"
    return f"{who} split {d['off']} off from this{alerts}: {d['title']}{_because(d)}"


def _finding(who: str, d: Data, names: Names) -> str:
    if d["source"] == "suspicion":
        return f"{who} suspects: {d['text']}"
    if d["source"] == "diagnosis":
        return f"{d['text']} (asked for by {who})" if "looking" in d and who != "Tocsin" else d["text"]
    return f"{'Not seen' if d.get('failed') else 'Finding'} ({d['source'].replace('_', ' ')}): {d['text']}"


def _action(who: str, d: Data, names: Names, kind: str) -> str:
    """A step of an action: `kind` is what follows its name, with {who} in it where somebody did it."""
    what = f"the undo of {d['action']}" if d.get("undo") else str(d["action"])
    what = what[0].upper() + what[1:]
    mark = " (a dry run)" if d.get("dry") else " (a rehearsal)" if d.get("rehearsal") else ""
    said = kind.format(who=who, target=d.get("target", ""))
    return f"{what} {said}{mark}{_because(d, 'why')}"


_ACTIONS: Final[Mapping[str, str]] = {
    "action_planned": "planned by {who}, on {target}",
    "action_approved": "approved by {who}",
    "action_started": "begun, on {target}",
    "action_succeeded": "succeeded",
    "action_failed": "failed",
    "action_unknown": "may have been done or not: somebody must look at {target}",
    "action_undone": "is undone",
}


def _acted(kind: str) -> Callable[[str, Data, Names], str]:
    return lambda who, d, n: _action(who, d, n, _ACTIONS[kind])


_SENTENCES: Final[Mapping[str, Callable[[str, Data, Names], str]]] = {
    "declared": _declared,
    "alert_attached": _attached,
    "alert_resolved": _ended,
    "severity_changed": _severity,
    "alert_held": _held,
    "merged": _merged,
    "split": _split,
    "severity_confirmed": lambda w, d, n: f"{w} confirmed the severity {d['severity']}{_because(d)}",
    "paged": lambda w, d, n: f"{name_of(d['person'], n)} paged: {d['reason']}",
    "page_failed": lambda w, d, n: f"{name_of(d['person'], n)} could not be paged{_because(d, 'why')}",
    "page_moot": _moot,
    "acknowledged": _acknowledged,
    "unacknowledged": lambda w, d, n: f"Acknowledgement asked for anew{_because(d)}",
    "commander_assigned": _role,
    "role_assigned": _role,
    "war_room_opened": _room,
    "duty_done": lambda w, d, n: f"Duty done: {d['duty'].replace('_', ' ')} (by {w})",
    "duty_missed": lambda w, d, n: f"Duty missed: {d.get('title', d['duty'])} (was with {_people(d.get('people'), n)})",
    "handed_on": lambda w, d, n: (
        f"Duty {d['duty'].replace('_', ' ')} handed on to {d['to'].replace('_', ' ')}: {_people(d.get('people'), n)}"
    ),
    "checked": lambda w, d, n: f"{w} ticked the duty {d['duty'].replace('_', ' ')}",
    "update_posted": _update,
    "cause_identified": lambda w, d, n: (
        f"{w} identified the cause" + (_because(d, "root_cause") or _because(d, "summary"))
    ),
    "fix_deployed": lambda w, d, n: f"{w} said that a fix is deployed{_because(d, 'summary')}",
    "escalated": lambda w, d, n: f"{w} escalated{_because(d)}",
    "extended": lambda w, d, n: (
        f"{w} declared an extended incident{_because(d)}" + (f" (until {d['until']})" if d.get("until") else "")
    ),
    "elapsed": _elapsed,
    "finding_added": _finding,
    "ticket_created": _ticket,
    "ticket_closed": lambda w, d, n: f"{w} closed the ticket {d['ticket']}{_because(d)}",
    "ticket_reopened": lambda w, d, n: f"{w} opened the ticket {d['ticket']} again{_because(d)}",
    "write_up_published": lambda w, d, n: f"{w} published the write-up: {d['text']}",
    "action_item_added": lambda w, d, n: (
        f"{w} {'opened again' if d.get('again') else 'added'} an action item for {name_of(d['owner'], n)}, "
        f"due {d['due']}: {d['title']}"
    ),
    "action_item_done": lambda w, d, n: f"{w}: action item {d['state']}: {d['title']}{_because(d)}",
    **{kind: _acted(kind) for kind in _ACTIONS},
    "postmortem_published": lambda w, d, n: f"{w} published the postmortem (version {d['version']}): {d['path']}",
    "note": lambda w, d, n: f"{w} noted: {d['text']}",
    "message_seen": lambda w, d, n: (
        f"{w} in the war room: {d['text']}" + (" (what is said after this is not kept)" if d.get("last") else "")
    ),
    "status_changed": lambda w, d, n: f"Status is now {d['status']}{_because(d)}",
    "resolved": lambda w, d, n: f"{w} resolved the incident{_because(d, 'resolution')}",
    "reopened": lambda w, d, n: f"{w} reopened the incident{_because(d)}",
    "review_scheduled": lambda w, d, n: (
        f"Blameless review scheduled for {d['at'][:16].replace('T', ' ')} UTC{_because(d)}"
    ),
}
