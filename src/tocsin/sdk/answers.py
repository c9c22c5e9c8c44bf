"""The way back: what people press, type and say in the vendors' chats."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, Literal, TypeAlias

from tocsin.sdk.inbound import (
    Answer,
    Inbound,
    Refusal,
)
from tocsin.sdk.wire import (
    Config,
    Conversation,
    Verdict,
)

# --------------------------------------------------------------------------------------------- what people answer

CALLBACK_WINDOW: Final = timedelta(minutes=5)  # how far a callback's own instant may be off; reliability.md section 6
Verb = Literal["acknowledge", "pass_on", "escalate", "hear"]


@dataclass(frozen=True, slots=True)
class Press:
    """
    Somebody answered a page: by a button, a digit or a code. `hear` asks to be told what the page says.

    `id` is the vendor's own for what happened: it is taken once. `account` is who, as the person's field of the
    transport has it. Which page: its id, else the receipt of the message that is answered, else the incident's name;
    without any the one page that is open for that person. `back` is what replying needs: JSON that only its own file
    reads; empty where `Chat.answer` says all.
    """

    id: str
    account: str
    verb: Verb
    page: str = ""
    receipt: str = ""
    incident: str = ""
    back: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Command:
    """Somebody gave a command: `name` in lower case without a slash, `text` is what stood after it."""

    id: str
    account: str
    name: str
    text: str = ""
    group: str = ""  # the address of the group that it was given in, where threads are names within a group
    thread: str = ""  # the room, as `open_room` returned it
    back: Mapping[str, Any] = field(default_factory=dict)
    whom: str = ""  # the bot that it names, where several may hear it; empty: whoever hears it


@dataclass(frozen=True, slots=True)
class Said:
    """Somebody said something in a room. `name` is what the vendor calls them."""

    id: str
    account: str
    name: str
    text: str
    group: str
    thread: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a message that was taken: `receipt` as it was delivered with; *broken* as in Reject."""

    id: str
    receipt: str
    state: Literal["delivered", "failed"]
    why: str = ""
    broken: bool = False


@dataclass(frozen=True, slots=True)
class Moved:
    """A group has a new address."""

    id: str
    address: str
    to: str


Heard: TypeAlias = Press | Command | Said | Receipt | Moved


@dataclass(frozen=True, slots=True)
class Reply:
    """
    What Tocsin says to what it heard.

    `text` is for whoever did it. With `closed`, how it now stands, the message that was pressed needs no buttons any
    more. `again`: it was taken before, and nothing was done. `back` as it came.
    """

    text: str = ""
    closed: str = ""
    refused: bool = False
    again: bool = False
    back: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Polled:
    """What a look at the vendor brought, and the offset of the next. *why* it failed, and the least seconds to wait."""

    heard: tuple[Heard, ...] = ()
    offset: str = ""
    why: str = ""
    after: float | None = None


@dataclass(frozen=True, slots=True)
class Chat:
    """
    The way back: what people press, type and say, beside the transport of the same `name`.

    The vendor posts to `paths`. `verify` says whether it was the vendor: over the raw body, in constant time, within
    CALLBACK_WINDOW where the vendor gives an instant, and never without a secret. `parse` tells what was heard ([] for
    what is nothing to us) and raises BadPayload. `answer` says the replies at once in the vendor's shape; `reply` says
    one afterwards, for what came with a `back`. `refused` as in Source. `secrets` are the settings that `verify` needs.

    `poll(config, offset)` asks the vendor instead; `listen(config, url)` has it call *url* from now on, and returns why
    it does not ("" when it does); `me(config)` asks what the vendor calls us ("": it does not say). Channels that share
    the setting `account` are polled as one. An address of ours that was given out may carry `?via=`, the channel's
    name: its settings then come with the callback.
    """

    name: str
    paths: tuple[str, ...]
    verify: Callable[[Inbound], bool]
    parse: Callable[[Inbound], Sequence[Heard]]
    answer: Callable[[Inbound, Sequence[tuple[Heard, Reply]]], Answer]
    refused: Callable[[Refusal], Answer]
    secrets: tuple[str, ...]
    reply: Callable[[Reply, Config], Conversation[Verdict]] | None = None
    poll: Callable[[Config, str], Conversation[Polled]] | None = None
    listen: Callable[[Config, str], Conversation[str]] | None = None
    me: Callable[[Config], Conversation[str]] | None = None
    account: str = ""
    body_limit: int = 256_000
