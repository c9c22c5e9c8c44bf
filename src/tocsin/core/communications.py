"""
What is said of an incident to others: the texts of the runbook sent by hand, drafts filled from the record, and what
must hold before anything is published.

A cause is published only once somebody confirmed it; numbers and times come from the record alone; whoever writes
beside another sees the other's text first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from tocsin.core import promise
from tocsin.core.draft import Draft, refuse_closed
from tocsin.core.events import Cause, PostUpdate, Resolve, SendText
from tocsin.core.incident import PUBLIC_STATUSES, Duty, Incident
from tocsin.core.ledger import Entry
from tocsin.core.sentences import Names, name_of, sentence
from tocsin.core.templates import unknown_words
from tocsin.core.types import SYSTEM, Refused

TEXTS: Final[Mapping[str, str]] = {  # the runbook's texts, and when each goes out
    "initial_alert": "when the incident is declared",
    "acknowledged": "at the first acknowledgement",
    "status_update": "with every update",
    "all_clear": "when it is resolved",
    "public_incident": "on the status page, when the incident becomes public",
    "public_resolution": "on the status page, when it is resolved",
}
PUBLIC: Final = ("public_incident", "public_resolution")
# How a sentence names a cause. Only what goes to the public is held against it: among themselves people may suspect.
_NAMES_A_CAUSE: Final = re.compile(
    r"\b(root cause (is|was)|(was|is|were|are) caused by|caused by|because of|due to|traced (it )?(back )?to)\b", re.I
)


# --------------------------------------------------------------------------------------------- what must hold


def seen(draft: Draft, count: int | None) -> None:
    """
    Ask again whoever wrote while somebody else sent a text. *count* is how many texts the writer had seen.

    Raises:
        Refused: 409, with the text that they have not seen.
    """
    state = draft.state
    if count is None or count >= state.said or state.said_at is None:
        return
    names = {id_: person.name for id_, person in draft.runbook.people.items()}
    said = f": “{state.summary}”" if state.summary else ""
    raise Refused(
        f"{name_of(state.said_by or SYSTEM, names)} sent a text at {state.said_at:%H:%M} UTC, while you wrote{said}. "
        "Nothing of yours was sent: read it, and send yours again if it still holds"
    )


def repeated(state: Incident, event: PostUpdate, status: str | None) -> bool:
    """Say whether the very same update was the last thing said, by the same person: a second press."""
    same = state.summary == event.summary and state.next_steps == event.next_steps and state.eta == event.eta
    unseen = event.seen is not None and event.seen < state.said
    return unseen and same and state.said_by == event.by and (status is None or status == state.status)


def cause_locked(state: Incident, event: PostUpdate, status: str | None) -> None:
    """
    Keep an unconfirmed cause from going out.

    Raises:
        Refused: 422, when the update tells the suspected cause, or tells the public of any.
    """
    if state.cause_known or status == "identified":
        return
    free = " ".join(filter(None, (event.summary, event.next_steps, event.eta, event.impact)))
    if state.suspected and _plain(state.suspected) in _plain(free):
        raise Refused(
            f"the cause is suspected, not confirmed: “{state.suspected}”. Confirm it first, or take it out of the text",
            422,
        )
    found = _NAMES_A_CAUSE.search(event.summary or "") if event.public else None
    if found:
        raise Refused(
            f"a text for the public names a cause (“{found[0]}”) before anybody confirmed one: confirm it first, "
            "or say what people notice instead", 422,
        )  # fmt: skip


def _plain(text: str) -> str:
    return " ".join(text.lower().split()).strip(".!")


# --------------------------------------------------------------------------------------------- what people do


def cause(draft: Draft, event: Cause) -> None:
    """Note what is suspected, or confirm what it was: then it may be published, and the duty to find it is done."""
    state, text = draft.state, event.text.strip() or (draft.state.suspected or "" if event.confirmed else "")
    if not text:
        raise Refused("say what the cause is, in one sentence", 422)
    if event.confirmed and (text != state.root_cause or not state.cause_known):
        draft.add("cause_identified", event.by, root_cause=text)
    elif not event.confirmed and text not in (state.suspected, state.root_cause):
        draft.add("finding_added", event.by, source="suspicion", text=text, suspect=True)


def send_text(draft: Draft, event: SendText) -> None:
    """Send a text of the runbook again, to the same places, filled from the record as it is now."""
    state, name = draft.state, event.text
    if state.merged_into:
        refuse_closed(draft)
    if name not in draft.runbook.templates:
        known = ", ".join(draft.runbook.templates) or "none"
        raise Refused(f"the runbook has no text {name!r}; it has {known}", 422)
    if name not in TEXTS:
        raise Refused(f"the text {name} goes nowhere by itself; those that do are {', '.join(TEXTS)}", 422)
    if name == "status_update":
        raise Refused("a status update has words of its own: post an update", 422)
    if name in ("all_clear", "public_resolution") and state.is_open:
        raise Refused(f"{state.name} is not over: resolve it, and this text goes out", 409)
    if name in ("initial_alert", "acknowledged", "public_incident") and not state.is_open:
        raise Refused(f"{state.name} is resolved; reopen it first")
    if name == "acknowledged" and state.acknowledged_at is None:
        raise Refused("nobody has acknowledged yet", 409)
    if name == "public_resolution" and not state.public:
        raise Refused(f"the public never heard of {state.name}", 409)
    if name in PUBLIC and state.drill:
        raise Refused("a drill is never told to the public", 409)
    seen(draft, event.seen)
    public = True if name in PUBLIC else None
    draft.add("note", event.by, text=f"sent the text {name.replace('_', ' ')} again", template=name, public=public)
    if name not in PUBLIC:
        draft.tell(name)


def written(
    name: str, by: str, form: Mapping[str, str | None], seen_: int | None, promised: timedelta | datetime | None
) -> PostUpdate | Resolve | SendText:
    """The event that sends the text *name* with what was written for it (keys as in PostUpdate and Resolve)."""
    if name == "status_update":
        said = {key: form.get(key) or None for key in ("status", "summary", "next_steps", "eta", "impact")}
        return PostUpdate(by, **said, public=bool(form.get("public")), next_update=promised, seen=seen_)
    if name == "all_clear":
        return Resolve(by, form.get("root_cause") or None, form.get("resolution") or None, seen_)
    return SendText(by, name, seen_)


def also_told(draft: Draft, duty: Duty) -> frozenset[str]:
    """Who hears of a duty to post an update beside its owner: whoever has the communications."""
    holder = draft.state.roles.get("communications")
    return frozenset({holder} if holder and promise.UPDATE in duty.done_by else ())


# --------------------------------------------------------------------------------------------- drafts

_WORTH_SAYING: Final = (
    "cause_identified", "fix_deployed", "action_succeeded", "action_failed", "severity_changed", "note", "escalated",
    "extended", "alert_resolved",
)  # fmt: skip
_SAID: Final = 3  # sentences in a draft


def drafted(state: Incident, entries: Sequence[Entry], names: Names) -> Mapping[str, str]:
    """
    What a person would otherwise type, from the record: `status`, `summary`, `next_steps`, `eta`, `impact`,
    `root_cause` (only a confirmed one), `resolution`. Empty where nothing is known.
    """
    fixed = next((e.data.get("summary") for e in reversed(entries) if e.kind == "fix_deployed"), None)
    return {
        "status": state.status if state.status in PUBLIC_STATUSES else "investigating",
        "summary": " ".join(_since_last_update(entries, names)) or state.summary or "",
        "next_steps": state.next_steps or "", "eta": state.eta or "", "impact": state.impact or "",
        "root_cause": state.root_cause or "", "resolution": state.resolution or fixed or "",
    }  # fmt: skip


def _since_last_update(entries: Sequence[Entry], names: Names) -> Iterable[str]:
    """The last things worth saying that no update has said yet, oldest first, one sentence each."""
    fresh: list[str] = []
    for entry in reversed(entries):
        if entry.kind == "update_posted" or len(fresh) == _SAID:
            break
        if entry.kind in _WORTH_SAYING and not entry.data.get("template"):
            said = entry.data["text"] if entry.kind == "note" else sentence(entry.kind, entry.actor, entry.data, names)
            fresh.append(said.strip().rstrip(".") + ".")
    return reversed(fresh)


def gaps(template: str) -> tuple[str, ...]:
    """The words of a template that nothing fills: they read unknown. For whoever looks before sending."""
    return unknown_words(template)
