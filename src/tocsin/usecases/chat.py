"""What people press, type and say: each once, by somebody whom the runbook knows; and the reply in plain words."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

import structlog
from pydantic import ValidationError

from tocsin.core.events import Acknowledge, Escalate, MessageSeen
from tocsin.core.incident import Incident
from tocsin.core.room import over
from tocsin.core.runbook import Runbook
from tocsin.core.types import Refused, incident_name, incident_number
from tocsin.sdk import Chat, Command, Config, Heard, Moved, Press, Receipt, Reply, Said
from tocsin.store import chat as store
from tocsin.store import incidents, queue
from tocsin.store.db import Busy, Tx
from tocsin.usecases import commands, deliver, edits, respond
from tocsin.usecases.access import Role, may, role_of
from tocsin.usecases.configure import Setup, channel_config, in_force

POLL_LEASE: Final = timedelta(seconds=60)  # longer than one look at a vendor takes
FAULT: Final = "Something went wrong in Tocsin itself; it is in its log. Please use the web page."

log = structlog.get_logger("tocsin.chat")


@dataclass(frozen=True, slots=True)
class Line:
    """One account of a vendor: the integration, the channels of the runbook that share it, and their settings."""

    chat: Chat
    via: str  # the first of its channels
    config: Config
    name: str  # by which its polling is leased: no secret stands in it

    @property
    def calls_back(self) -> bool:
        """The vendor can be asked to call: it has somewhere to call, and what it is to sign with."""
        public = bool(self.config["public_url"]) and bool(self.config["is_public"])
        return self.chat.listen is not None and public and any(self.config.get(name) for name in self.chat.secrets)


def lines(tx: Tx, setup: Setup) -> list[Line]:
    """Every account that the runbook in force connects and that people can answer through."""
    _, runbook = in_force(tx, setup)
    found: dict[str, Line] = {}
    for via in runbook.channels:
        channel = runbook.channel(via)
        chat = setup.plugins.chats.get(channel.kind) if channel else None
        if channel is None or chat is None or f"channels.{via}.{channel.kind}" in runbook.left_out:
            continue
        config = channel_config(setup, runbook, via)
        shared = str(config.get(chat.account) or "") if chat.account else ""
        mark = hashlib.sha256(shared.encode()).hexdigest()[:16] if shared else via
        found.setdefault(f"{chat.name}:{mark}", Line(chat, via, config, f"{chat.name}:{mark}"))
    return list(found.values())


# --------------------------------------------------------------------------------------------- taking


def take(tx: Tx, setup: Setup, line: Line, heard: Sequence[Heard]) -> list[tuple[Heard, Reply]]:
    """
    Do what people asked for, each thing once, and put the replies that are said afterwards into the outbox.

    What is refused is a Reply that says why. What raises is undone alone, logged, and answered as a fault of ours.
    """
    _, runbook = in_force(tx, setup)
    ear = _Ear(tx, setup, runbook, line.chat.name, line.name)
    return [(item, _once(ear, line, item)) for item in heard]


def take_polled(
    tx: Tx, setup: Setup, line: Line, owner: str, heard: Sequence[Heard], offset: str
) -> list[tuple[Heard, Reply]]:  # fmt: skip
    """Take what a look at the vendor brought and keep how far it came, as one; without the lease nothing."""
    return take(tx, setup, line, heard) if store.advance(tx, line.name, owner, offset) else []


def begin_poll(tx: Tx, line: Line, owner: str) -> str | None:
    """Take the lease on an account; returns the offset to ask from, or None while another node asks."""
    return store.lease(tx, line.name, owner, tx.now + POLL_LEASE)


def keep_name(tx: Tx, line: Line, name: str) -> None:
    """Keep what the vendor calls us on an account, for every node."""
    queue.change_destination(tx, _own(line.name), {"name": name})


def _own(line: str) -> str:
    return f"bot:{line}"


def end_polls(tx: Tx, owner: str) -> None:
    """Give back every lease of this node, so that another goes on at once."""
    store.give_back(tx, owner)


def _once(ear: _Ear, line: Line, item: Heard) -> Reply:
    back: Mapping[str, Any] = getattr(item, "back", {})
    if not store.first_time(ear.tx, f"{line.chat.name}:{item.id}"):
        return Reply("This was taken already.", refused=True, again=True, back=back)
    try:
        with ear.tx.apart():
            reply = replace(_HANDLERS[type(item)](ear, item), back=back)
    except Busy:
        raise
    except Refused as why:
        reply = Reply(str(why), refused=True, back=back)
    except Exception:  # one that raises must not stand in the way of all that come after it
        log.exception("heard_raised", chat=line.chat.name, what=type(item).__name__)
        reply = Reply(FAULT, refused=True, back=back)
    if isinstance(item, Press) and reply.closed and item.receipt:
        edits.answered(ear.tx, line.chat.name, item.receipt, item.page.removesuffix(respond.ALL))
    if back and line.chat.reply and (reply.text or reply.closed):
        _say_later(ear, line, item, reply)
    return reply


def _say_later(ear: _Ear, line: Line, item: Heard, reply: Reply) -> None:
    account = getattr(item, "account", "")
    payload = {
        "kind": line.chat.name, "to": account, "text": reply.text, "closed": reply.closed, "refused": reply.refused,
        "back": dict(reply.back),
    }  # fmt: skip
    queue.put(
        ear.tx, f"reply:{line.chat.name}:{item.id}"[:300], ear.tx.now, kind="reply", via=line.via,
        destination=f"{line.chat.name}:reply:{account}", payload=payload, urgent=True,
    )  # fmt: skip


# --------------------------------------------------------------------------------------------- who


@dataclass(frozen=True, slots=True)
class _Ear:
    """In what something was heard: the transaction, the runbook in force, and the transport it came by."""

    tx: Tx
    setup: Setup
    runbook: Runbook
    kind: str
    line: str

    def is_me(self, name: str) -> bool:
        """Whether a name that a command is addressed to is ours; while ours is not known, any may be."""
        known = queue.destination(self.tx, _own(self.line))
        return known is None or str(known.settings.get("name", name)).lower() == name.lower()

    @property
    def field(self) -> str:
        """The key of a person that holds their account."""
        return self.setup.ways.person.get(self.kind, self.kind)

    def people(self, account: str) -> tuple[str, ...]:
        """Who has this account: usually one; two people may share a telephone."""
        wanted = _plain(account)
        return tuple(
            id_ for id_, person in self.runbook.people.items()
            if wanted and _plain(getattr(person, self.field, None)) == wanted
        )  # fmt: skip

    def known(self, account: str) -> tuple[str, ...]:
        """The same. Raises Refused, and says how to link the account, for a stranger."""
        if people := self.people(account):
            return people
        title = self.setup.plugins.transports[self.kind].title
        shown = account if self.field != "phone" and account.isdecimal() else f'"{account}"'
        raise Refused(
            f"Tocsin does not know this {title} account. To link it, an admin writes this under your name in the "
            f"runbook's people: {self.field}: {shown}", 403,
        )  # fmt: skip

    def name(self, person: str) -> str:
        known = self.runbook.people.get(person)
        return known.name if known else person

    def allow(self, person: str, wanted: Role) -> None:
        """Raises Refused when the person's role is not enough."""
        role = role_of(self.runbook, person)
        if not may(role, wanted):
            raise Refused(f"this needs the role {wanted}; yours is {role}", 403)


_FILLING: Final = re.compile(r"[\s().-]")  # what people put between the digits of a number


def _plain(account: object) -> str:
    return _FILLING.sub("", str(account)) if account is not None else ""


# --------------------------------------------------------------------------------------------- presses


def _press(ear: _Ear, press: Press) -> Reply:
    people = ear.known(press.account)
    if press.page.endswith(respond.ALL):
        return _press_all(ear, press, people)
    number, page = _what(ear, press, people)
    person = page.person if page is not None and page.person in people else people[0]
    ear.allow(person, "responder")
    state = _state(ear.tx, number)
    if press.verb == "hear":
        return Reply(_spoken(state))
    if state.merged_into:
        goes_on = f"{state.name} goes on in {incident_name(state.merged_into)}."
        return Reply(f"{goes_on} Take that one, if nobody has it.", closed=goes_on)
    if not state.is_open:
        return Reply(f"{state.name} is resolved; nobody needs to come.", closed=f"{state.name} is resolved.")
    return _VERBS[press.verb](ear, state, page, person)


def _press_all(ear: _Ear, press: Press, people: tuple[str, ...]) -> Reply:
    """A message that told several pages at once: acknowledging takes all of them; the rest is said of each."""
    lead = queue.page(ear.tx, press.page.removesuffix(respond.ALL))
    if lead is None:
        raise Refused("this page is not known any more", 404)
    if press.verb != "acknowledge":
        raise Refused("this message tells of several incidents: open each, or write its number", 422)
    if lead.person not in people:
        raise Refused("these pages were not for you; take an incident by its number", 403)
    ear.allow(lead.person, "responder")
    respond.acknowledge_fold(ear.tx, ear.setup, lead.id)
    name = ear.name(lead.person)
    return Reply(
        "You have all of them. Paging has stopped.", closed=f"{name} has all of them ({ear.tx.now:%H:%M} UTC)."
    )


def _what(ear: _Ear, press: Press, people: tuple[str, ...]) -> tuple[int, Any]:
    """
    Find what is answered: the incident's number and, where there is one, the page.

    Raises:
        Refused: there is no such page, or more than one incident waits for that person and none is named.
    """
    id_ = press.page or (store.page_of_receipt(ear.tx, press.receipt) if press.receipt else None)
    if id_:
        page = queue.page(ear.tx, id_)
        if page is None:
            raise Refused("this page is not known any more", 404)
        return page.incident, page
    if press.incident:
        number = incident_number(press.incident)
        return number, next(filter(None, (store.last_page_of(ear.tx, p, number) for p in people)), None)
    pages = [page for person in people for page in store.open_pages_of(ear.tx, person)]
    waiting = sorted({page.incident for page in pages})
    if not waiting:
        raise Refused("no page waits for your answer", 404)
    if len(waiting) > 1:
        names = ", ".join(map(incident_name, waiting[:10]))
        raise Refused(f"{len(waiting)} incidents wait for you: {names}. Say which, for example: ACK {waiting[-1]}")
    return waiting[0], pages[0]


def _state(tx: Tx, number: int) -> Incident:
    """The incident; of one whose state cannot be read what its plain columns tell."""
    try:
        return incidents.load(tx, number).state
    except ValidationError:
        return incidents.plainly(tx, number, None).state


def _spoken(state: Incident) -> str:
    where = f" Service {state.service}." if state.service else ""
    return f"Severity {state.severity}. Incident {state.number}. {state.title}.{where}"


def _acknowledge(ear: _Ear, state: Incident, page: Any, person: str) -> Reply:
    held = state.answered_by if state.answered else None
    if page is not None and page.person == person:
        respond.acknowledge_page(ear.tx, ear.setup, page.id)
    else:
        respond.act(ear.tx, ear.setup, state.number, Acknowledge(person))
    if held and held != person:
        return Reply(f"{ear.name(held)} has {state.name} already.", closed=f"{ear.name(held)} has {state.name}.")
    at = f"{ear.tx.now:%H:%M} UTC"
    text = f"You have {state.name}: {state.title}. Paging has stopped."
    return Reply(text, closed=f"Acknowledged by {ear.name(person)} at {at}.")


def _pass_on(ear: _Ear, state: Incident, page: Any, person: str) -> Reply:
    if page is None or page.person != person:
        raise Refused("this page was not for you; only whom it asked can pass it on", 403)
    respond.pass_on_page(ear.tx, ear.setup, page.id)
    text = f"{state.name} is passed on: whoever is next is paged now."
    return Reply(text, closed=f"{ear.name(person)} cannot take it ({ear.tx.now:%H:%M} UTC); whoever is next is paged.")


def _escalate(ear: _Ear, state: Incident, page: Any, person: str) -> Reply:
    respond.act(ear.tx, ear.setup, state.number, Escalate(person, "asked for in chat"))
    return Reply(f"{state.name} is escalated: the next step is paged now. Do you have it? Then acknowledge, too.")


_VERBS: Final[Mapping[str, Callable[[_Ear, Incident, Any, str], Reply]]] = {
    "acknowledge": _acknowledge,
    "pass_on": _pass_on,
    "escalate": _escalate,
}


# --------------------------------------------------------------------------------------------- the rest


def _command(ear: _Ear, command: Command) -> Reply:
    if command.whom and not ear.is_me(command.whom):
        return Reply()  # it is for another bot of the group
    wanted = commands.ALIASES.get(command.name, command.name)
    person = ear.known(command.account)[0]
    if wanted not in commands.COMMANDS:
        raise Refused(f"{command.name or 'nothing'} is no command.\n{commands.help_text()}", 422)
    role, do = commands.COMMANDS[wanted]
    ear.allow(person, role)
    asked = commands.Asked(ear.tx, ear.setup, ear.runbook, person, command.text.strip(), _room_of(ear, command))
    return Reply(do(asked))


def _said(ear: _Ear, said: Said) -> Reply:
    """What is said in a war room stands on the incident's timeline; elsewhere it is nothing to us."""
    if (number := _room_of(ear, said)) is not None:
        people = ear.people(said.account)
        by = people[0] if people else f"{ear.kind}:{said.name or said.account}"
        respond.act(ear.tx, ear.setup, number, MessageSeen(by, said.text, ear.kind))
    return Reply()


def _room_of(ear: _Ear, item: Command | Said) -> int | None:
    """The incident whose war room something was said in, until the room is over."""
    if not item.thread:
        return None
    for stored in store.in_room(ear.tx, item.thread):
        if over(stored.state):
            continue
        room = stored.state.room
        channel = ear.runbook.channel(room.channel) if room else None
        if channel and channel.kind == ear.kind and (not item.group or item.group == _group(ear, channel)):
            return stored.state.number
    return None


def _group(ear: _Ear, channel: Any) -> str:
    """The address of a channel as a group, where the vendor has moved it to by now."""
    key = ear.setup.ways.channel[ear.kind]
    address = str(channel.settings.get(key) or "")
    known = queue.destination(ear.tx, f"{ear.kind}:{address}")
    return str(known.settings.get(key, address)) if known else address


def _receipt(ear: _Ear, receipt: Receipt) -> Reply:
    deliver.receipt(ear.tx, ear.setup, ear.kind, receipt.receipt, receipt.state, receipt.why, broken=receipt.broken)
    return Reply()


def _moved(ear: _Ear, moved: Moved) -> Reply:
    key = ear.setup.ways.channel[ear.kind]
    queue.change_destination(ear.tx, f"{ear.kind}:{moved.address}", {key: moved.to})
    return Reply()


_HANDLERS: Final[Mapping[type, Callable[[_Ear, Any], Reply]]] = {
    Press: _press,
    Command: _command,
    Said: _said,
    Receipt: _receipt,
    Moved: _moved,
}

__all__ = ["Line", "begin_poll", "end_polls", "lines", "take", "take_polled"]
