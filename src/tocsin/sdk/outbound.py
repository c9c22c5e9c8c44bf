"""Ways out: transports, rooms, devices, trackers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from tocsin.sdk.wire import (
    Config,
    Conversation,
    Delivered,
    Message,
    Reject,
    Retry,
    Verdict,
)


@dataclass(frozen=True, slots=True)
class Field:
    """One setting of an integration; forms, checks and the docs table are built from it."""

    name: str
    title: str
    secret: bool = False
    required: bool = True
    help: str = ""


@dataclass(frozen=True, slots=True)
class Transport:
    """
    A way to take messages out.

    `name` is the key under a channel of the runbook (`telegram`, `smtp`). `address` is the field of a person that
    holds their address (`telegram`, `email`, `phone`, `webhook`); empty when the transport needs none.
    `open_room(name, config)` opens a room inside a channel; its Delivered.receipt is the thread for `Message.thread`.
    `edit(message, receipt, config)` puts a message, which asks for nothing any more, in the place of the one that was
    delivered with that receipt; its Delivered has none.
    `per_second` and `per_minute` are the vendor's limits for one destination, `total_per_second` for all of them
    through one channel. `receipts`: the vendor tells later whether a message arrived (`usecases.deliver.receipt`).
    `expires`: it gives up a message after `Message.valid_seconds`.
    A channel address whose field is secret stays in the settings: `Message.to` is then the channel's name.
    With `devices` a person's addresses are what their browsers registered: `Message.to` is the person.
    """

    name: str
    title: str
    send: Callable[[Message, Config], Conversation[Verdict]]
    fields: tuple[Field, ...] = ()
    address: str = ""
    channel_address: str = ""  # the setting of a channel that is its address as a group (`chat_id`, `url`)
    open_room: Callable[[str, Config], Conversation[Verdict]] | None = None
    edit: Callable[[Message, str, Config], Conversation[Verdict]] | None = None
    per_second: float | None = None
    per_minute: int | None = None
    total_per_second: float | None = None
    receipts: bool = False
    expires: bool = False
    devices: Devices | None = None
    rooms: Rooms | None = None


@dataclass(frozen=True, slots=True)
class RoomStep:
    """
    One thing to be done to a room that `open_room` opened.

    `do` is pin, edit, topic, invite, close or reopen. `to` and `thread` say where, as in Message; `receipt` is that of
    the message to pin or edit; `text` what it, or the topic, says now; `people` are (address, name) to invite.
    `mark` goes before whatever else is said there: it is a drill.
    """

    do: str
    to: str
    thread: str
    receipt: str = ""
    text: str = ""
    people: tuple[tuple[str, str], ...] = ()
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Rooms:
    """What a vendor lets be done to its rooms: `keep(step, config)` does one of the `steps`, which are RoomStep.do."""

    steps: frozenset[str]
    keep: Callable[[RoomStep, Config], Conversation[Verdict]]


@dataclass(frozen=True, slots=True)
class Devices:
    """
    How people register devices with a transport.

    `read(said, settings)` checks what a browser said of itself (decoded JSON) and returns the address to keep, or
    raises BadPayload. `public_key(key)` is what the browser must know before it can register.
    `send` then finds in its config `devices`, a list of addresses each with its `id`, and `device_key`, 32 secret
    bytes that are the same on every node and after a restart.
    """

    read: Callable[[Any, Config], Mapping[str, str]]
    public_key: Callable[[bytes], str]


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket to open. *key* is the same when it is asked for again: whoever finds it there opens no second one."""

    key: str
    title: str
    text: str
    label: str  # of the severity
    link: str  # the incident's own page


@dataclass(frozen=True, slots=True)
class Opened(Delivered):
    """A ticket is there: `receipt` is its name. *note*: what could not be done as it was asked."""

    note: str = ""


@dataclass(frozen=True, slots=True)
class TicketChange:
    """
    What is to be done to the ticket *name*, in this order: a comment, another label, its state.

    `key` is the same when it is asked for again, and *since* the aware instant at which it was decided: a comment that
    bears the key already is not written twice. An empty label, and `closed` None, leave that as it is.
    """

    name: str
    key: str
    since: datetime
    comment: str = ""
    label: str = ""
    was_label: str = ""
    closed: bool | None = None


@dataclass(frozen=True, slots=True)
class TicketSeen:
    """How a ticket stands in its tracker. `by`: who closed it, as the tracker calls them, where it says so."""

    name: str
    closed: bool
    at: datetime
    by: str = ""


@dataclass(frozen=True, slots=True)
class Looked(Delivered):
    """What was looked at in a tracker: every ticket that changed since."""

    seen: tuple[TicketSeen, ...] = ()


@dataclass(frozen=True, slots=True)
class Tracker:
    """
    Where tickets are kept.

    `name` is the key under the runbook's connections, whose settings `open(ticket, config)` gets; its
    Delivered.receipt is the ticket's name there (`#17`). `link(name, config)` is its address, empty for none.
    `change(change, config)` does what is asked to a ticket; a Reject that is `broken` says that the ticket is gone.
    `look(since, config)` tells which tickets changed since that instant. `name_of(text, config)` reads what a person
    wrote for a ticket, its name or its address, empty where it is none of this tracker. `needs` are the settings
    without which nothing can be opened.
    """

    name: str
    title: str
    open: Callable[[Ticket, Config], Conversation[Verdict]]
    link: Callable[[str, Config], str]
    change: Callable[[TicketChange, Config], Conversation[Verdict]] | None = None
    look: Callable[[datetime, Config], Conversation[Looked | Retry | Reject]] | None = None
    name_of: Callable[[str, Config], str] | None = None
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """
    A text for a file of a repository.

    `key` is the same when it is asked for again. `path` is the file's, from the root; `known` names the content that
    was brought there last (`Proposed.content`), empty before the first: a file with any other content was written by
    somebody else, and is never overwritten. `how`: a commit of its own, or a pull request with *title* and *body*.
    """

    key: str
    path: str
    text: str
    title: str
    body: str
    how: Literal["commit", "pull_request"]
    known: str = ""


@dataclass(frozen=True, slots=True)
class Proposed(Delivered):
    """
    The document is there: at *path*, with *content* as the repository names it, to be seen at *link*.

    `pull`: it waits in a pull request, whose name this is. *note* says what could not be done as it was asked.
    """

    path: str = ""
    content: str = ""
    link: str = ""
    pull: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Repository:
    """Where documents are kept. `name` is the key under the runbook's connections, as of a Tracker."""

    name: str
    title: str
    propose: Callable[[Document, Config], Conversation[Proposed | Retry | Reject]]
    needs: tuple[str, ...] = ()
