"""Merging and splitting: two incidents that were one, one that was two. Nothing of either timeline is rewritten."""

from __future__ import annotations

from tocsin.core import sla
from tocsin.core.draft import Draft
from tocsin.core.events import AlertsHeld, GaveBack, MergeInto, SplitOff, TookOver
from tocsin.core.incident import Incident, clocks_to_json
from tocsin.core.paging import page_again
from tocsin.core.types import Refused, StopPaging, Tell, incident_name


def refuse_merge(state: Incident, into: Incident) -> None:
    """
    Say no where *state* cannot go on in *into*.

    Raises:
        Refused: 422 for itself, or a drill and a real one; 409 for one that is closed, or merged already.
    """
    if state.number == into.number:
        raise Refused(f"{state.name} cannot be merged into itself", 422)
    for one, other in ((state, into), (into, state)):
        if one.merged_into:
            name = incident_name(one.merged_into)
            raise Refused(f"{one.name} is merged into {name}: take {name} for it, or split it off first")
        if not one.is_open:
            raise Refused(f"{one.name} is resolved: reopen it first, or leave {other.name} as it is")
    if state.drill != into.drill:
        raise Refused("a drill and a real incident stay apart", 422)


def merge_into(draft: Draft, event: MergeInto) -> None:
    """Go on in another incident: pages end with that reason, duties close, nothing is said to be solved."""
    name = incident_name(event.into)
    why = f"merged into {name}, which goes on for it"
    draft.add("merged", event.by, into=name, number=event.into, title=event.title, reason=event.reason or None)
    draft.effects.append(StopPaging(why))
    _tell_room(draft, f"{draft.state.name} goes on in {name}: {event.title}\n{event.link}")


def took_over(draft: Draft, event: TookOver) -> None:
    """Another incident goes on in this one; who leads this one hears of it."""
    name = incident_name(event.number)
    public = True if event.public and not draft.state.public else None
    draft.add("merged", event.by, **{"from": name}, number=event.number, title=event.title, severity=event.severity,
              alerts=event.alerts, public=public, reason=event.reason or None)  # fmt: skip
    text = f"{name} ({event.severity}: {event.title}) is part of {draft.state.name} from now on.\n{draft.around.link}"
    for person in sorted(draft.people_of("commander") - {event.by}) if draft.state.commander else ():
        key = f"merged:{name}:{draft.now.isoformat()}"
        draft.effects.append(Tell(key, f"{name} is merged into {draft.state.name}", text, person=person, urgent=True))
    _tell_room(draft, text)


def split_off(draft: Draft, event: SplitOff) -> None:
    """Go on by itself again, as it was, with its time anew; where nobody had it, somebody is asked anew."""
    state = draft.state
    if state.merged_into is None:
        raise Refused(f"{state.name} is not merged into another incident: there is nothing to split", 422)
    name = incident_name(state.merged_into)
    anew = tuple(clock.which for clock in state.clocks if clock.met_at is None)
    clocks = sla.again(state.clocks, draft.runbook, state.severity, draft.now, *anew)
    draft.add("split", event.by, out_of=name, number=state.merged_into, alerts=event.alerts,
              reason=event.reason or None, clocks=clocks_to_json(clocks) or None)  # fmt: skip
    if not draft.state.answered:
        page_again(draft, f"it was split off from {name}, and nobody had it before")
    _tell_room(draft, f"{draft.state.name} goes on by itself again.\n{draft.around.link}")


def gave_back(draft: Draft, event: GaveBack) -> None:
    """Some of its alerts belong to another incident from now on."""
    name = incident_name(event.number)
    draft.add("split", event.by, off=name, number=event.number, title=event.title, alerts=event.alerts,
              reason=event.reason or None)  # fmt: skip
    _tell_room(draft, f"{name} is split off from {draft.state.name}: {event.title}\n{event.link}")


def alerts_held(draft: Draft, event: AlertsHeld) -> None:
    """Alerts that would have joined are held back; it is said here, and nothing follows from it."""
    draft.add("alert_held", f"source:{event.source}", keys=list(event.keys), count=event.count, rule=event.rule)


def _tell_room(draft: Draft, text: str) -> None:
    room = draft.state.room
    if room and room.channel:
        key = f"joined:{draft.now.isoformat()}:{len(draft.effects)}"
        draft.effects.append(Tell(key, draft.state.title, text, channel=room.channel, room=True))
