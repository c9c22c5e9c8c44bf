"""A decision being made: each fact is folded at once, so that what follows from it sees it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from tocsin.core import protocol
from tocsin.core.events import (
    Around,
)
from tocsin.core.incident import (
    ROLES,
    Incident,
    fold,
)
from tocsin.core.notify import announce
from tocsin.core.runbook import Runbook
from tocsin.core.types import (
    Effect,
    Fact,
    FactKind,
    Refused,
    incident_name,
    instant_text,
)

SELF_RESOLVING: Final = "backlog"  # the protocol whose incidents end with their last alert (the others ask a person)
EXTEND_AT_LEAST: Final = timedelta(minutes=1)
OPENS_ROOM: Final = "open_war_room"  # what a duty runs where there is a war room


@dataclass(slots=True)
class Draft:
    """A decision being made: each fact is folded at once, so that what follows from it sees it."""

    state: Incident
    runbook: Runbook
    now: datetime
    around: Around
    facts: list[Fact] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)

    def add(self, kind: FactKind, actor: str, **data: Any) -> None:
        """Record a fact, then the duties that it does."""
        fact = Fact(kind, self.now, actor, {k: v for k, v in data.items() if v is not None})
        self.facts.append(fact)
        before = self.state.duties
        self.state = fold(self.state, fact)
        for duty in before:
            if protocol.does(duty, kind, fact.data, self.now):
                evidence = {"kind": kind, "actor": actor, "at": instant_text(self.now)}
                self.add("duty_done", actor, duty=duty.id, evidence=evidence)

    def tell(self, template: str, *, only_room: bool = False) -> None:
        opens = self.around.room_channel and any(OPENS_ROOM in duty.run for duty in self.state.duties)
        texts = announce(
            template, self.state, self.runbook, self.now, self.around.link, only_room=only_room, room_opens=opens
        )
        self.effects.extend(texts)

    def people_of(self, role: str) -> frozenset[str]:
        """Who has *role* now; the on-call person stands in for a role that nobody has taken."""
        if role in ROLES:
            held = self.state.roles.get(role) or self.state.commander
            return frozenset({held}) if held in self.runbook.people else self.around.who("on_call")
        return frozenset() if role == "system" else self.around.who(role)


def refuse_closed(draft: Draft) -> None:
    """Raises Refused when the incident is resolved, or goes on in another; the text says where to act."""
    if draft.state.merged_into:
        name = incident_name(draft.state.merged_into)
        raise Refused(f"{draft.state.name} is merged into {name}: go on there, or split it off first")
    if not draft.state.is_open:
        raise Refused(f"{draft.state.name} is resolved; reopen it first")
