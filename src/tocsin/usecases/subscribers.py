"""Subscriptions to the status page: asked for, confirmed by a press, told through the outbox, ended."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import structlog

from tocsin.core import statuspage, statuspage_json, subscription
from tocsin.core.planned import Plan
from tocsin.core.runbook import Runbook
from tocsin.core.statuspage import Maintenance, Site
from tocsin.core.types import Refused, uuid7
from tocsin.sdk import Delivered, Mailing, Message, Reject, Retry, Verdict
from tocsin.store import audit, publish, queue
from tocsin.store import subscribers as store
from tocsin.store.db import Tx
from tocsin.usecases.configure import (
    Setup,
    channel_config,
    check_subscriber,
    in_force,
    subscriber_link,
    subscriber_secret,
)
from tocsin.usecases.sealing import derived, seal, unseal

CONFIRM_WITHIN: Final = timedelta(hours=24)
ASKED_AGAIN: Final = timedelta(minutes=10)  # so often an address is asked at most whether it wants this
ASKED_MOST: Final = 3  # in CONFIRM_WITHIN
WAITING_MOST: Final = 5_000  # subscriptions that nobody has confirmed: the table stays bounded
FAILING_ENDS: Final = timedelta(days=3)  # a webhook that nothing reaches for so long
OPT_IN_TRIES: Final = 5  # a stranger's address is not asked more often
KEPT_ENDED: Final = timedelta(days=30)
AT_ONCE: Final = 64  # messages to subscribers that wait at a time: the outbox stays short, and pages near
PAUSE: Final = timedelta(seconds=1)  # before more of them are put
ADDRESS_LIMIT: Final = 254  # characters; RFC 5321 4.5.3.1.3
URL_LIMIT: Final = 2_000  # characters
TRANSPORTS: Final[Mapping[str, str]] = {"email": "smtp", "webhook": "webhook"}
MAIL: Final = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", re.ASCII)
OUR_FAULT: Final = re.compile(r"\b5\.7\.|relay|spam|policy|denied|authenticat", re.IGNORECASE)  # no box is told so
DOCUMENTATION: Final = "https://support.atlassian.com/statuspage/docs/enable-webhook-notifications"

log = structlog.get_logger("tocsin.subscribers")


@dataclass(frozen=True, slots=True)
class Subscription:
    """One subscription, as its own page shows it. `state`: asked, confirmed, ended."""

    id: str
    kind: str
    address: str
    components: tuple[str, ...]
    state: str


def offered(tx: Tx, setup: Setup) -> tuple[str, ...]:
    """By which ways the public may subscribe now: mail needs a mail server in the runbook."""
    _, book = in_force(tx, setup)
    return tuple(
        kind
        for kind in dict.fromkeys(book.status_page.subscribe)
        if TRANSPORTS[kind] in setup.plugins.transports and (kind != "email" or _mail_channel(book))
    )


def _mail_channel(book: Runbook) -> str | None:
    for name in book.channels:
        channel = book.channel(name)
        if channel and channel.kind == "smtp" and f"channels.{name}.smtp" not in book.left_out:
            return name
    return None


# --------------------------------------------------------------------------------------------- asked for and confirmed


def ask(tx: Tx, setup: Setup, kind: str, address: str, components: Sequence[str]) -> None:
    """
    Somebody wants to be told: ask the address whether it does.

    What happens is the same whether the address is known or not, so that nobody learns who has subscribed. An address
    is asked every ten minutes at most, and three times a day.

    Raises:
        Refused: 422 for what is no address or no component, 404 where this is not offered, 503 when too many ask.
    """
    if kind not in offered(tx, setup):
        raise Refused("this page takes no such subscriptions", 404)
    _, book = in_force(tx, setup)
    known = statuspage.names_of(book)
    chosen = tuple(name for name in known if name in components)
    if unknown := [name for name in components if name not in known]:
        raise Refused(f"there is no component {unknown[0][:100]!r}; choose among those of the page", 422)
    clear = _mail_address(address) if kind == "email" else _webhook_address(address, setup)
    mark = _mark(setup, kind, clear)
    before = store.asked(tx, mark)
    if len(before) >= ASKED_MOST or any(tx.now - at < ASKED_AGAIN for at in before):
        return
    if len(store.asked(tx)) >= WAITING_MOST:
        raise Refused("too many people subscribe just now; please try again in an hour", 503)
    id_ = uuid7(tx.now, "subscriber", mark, chosen)
    sealed = seal(setup, "subscribers", id_, clear.encode())
    store.add(tx, id_, kind=kind, mark=mark, sealed=sealed, components=list(chosen))
    _put(tx, f"opt_in:{id_}", "opt_in", id_, kind, {})
    _forget_later(tx, id_, tx.now + CONFIRM_WITHIN)


def _forget_later(tx: Tx, id_: str, at: datetime) -> None:
    queue.put(tx, f"forget:{id_}:{at.isoformat()}", at, kind="forget", via="", destination="", payload={})


def forget_old(tx: Tx, setup: Setup, row: Any) -> None:
    """Drop what nobody confirmed in time, and what ended long ago."""
    store.clean(tx, tx.now - CONFIRM_WITHIN, tx.now - KEPT_ENDED)
    queue.settle(tx, row.id, "done", done_at=tx.now)


def _mail_address(text: str) -> str:
    text = text.strip()
    name, _, domain = text.rpartition("@")
    clear = f"{name}@{domain.lower()}"
    if len(clear) > ADDRESS_LIMIT or not MAIL.fullmatch(clear):
        raise Refused("this is no e-mail address; one such as you@example.org is accepted", 422)
    return clear


def _webhook_address(text: str, setup: Setup) -> str:
    """What can be said without a look-up; the network judges the host itself each time, when it is called."""
    text = text.strip()
    try:
        parts = urlsplit(text)
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        parts, port, host = urlsplit(""), None, ""
    plain = text.isascii() and text.isprintable() and " " not in text and len(text) <= URL_LIMIT
    if not (
        plain and parts.scheme == "https" and "." in host and port in (None, 443, 8443) and "@" not in parts.netloc
    ):
        raise Refused("a webhook's address begins with https:// and names a public host, on port 443 or 8443", 422)
    if host == urlsplit(setup.public_url).hostname:
        raise Refused("this is our own address; give that of your server", 422)
    return text


def _mark(setup: Setup, kind: str, address: str) -> str:
    known = address.lower() if kind == "email" else address
    return hmac.new(derived(setup, "subscribers"), f"{kind}\n{known}".encode(), hashlib.sha256).hexdigest()


def look(tx: Tx, setup: Setup, verb: str, id_: str, mac: str) -> Subscription | None:
    """The subscription that a link is about; None for a link that is not good (any more)."""
    row = store.get(tx, id_) if check_subscriber(setup, verb, id_, mac) else None
    address = _address(setup, row) if row else None
    if row is None or address is None:
        return None
    if row.confirmed_at is None and tx.now - row.created_at >= CONFIRM_WITHIN:
        return None
    return _shown(row, address)


def _shown(row: Any, address: str) -> Subscription:
    state = "ended" if row.ended_at else "confirmed" if row.confirmed_at else "asked"
    return Subscription(row.id, row.kind, address, tuple(row.components), state)


def listing(tx: Tx, setup: Setup, before: str | None, limit: int) -> list[tuple[Subscription, Any]]:
    """Subscriptions with their rows, newest first; an address that another secret key sealed is empty."""
    return [(_shown(row, _address(setup, row) or ""), row) for row in store.listing(tx, before, limit)]


def remove(tx: Tx, id_: str, by: str) -> None:
    """
    An admin ends a subscription: nothing of it is kept, and it is told nothing more.

    Raises:
        Refused: 404, for an unknown one.
    """
    row = store.get(tx, id_)
    if row is None:
        raise Refused("there is no such subscription", 404)
    store.forget(tx, row.mark)
    audit.append(tx, by, "subscription_removed", {"id": id_, "kind": row.kind})


def _address(setup: Setup, row: Any) -> str | None:
    clear = unseal(setup, "subscribers", row.id, row.sealed)
    return clear.decode() if clear else None


def confirm(tx: Tx, setup: Setup, id_: str, mac: str) -> Subscription | None:
    """The button was pressed: from now on it is told. None as in `look`; pressing again changes nothing."""
    found = look(tx, setup, "subscribe", id_, mac)
    if found and found.state == "asked":
        store.confirm(tx, store.get(tx, id_))
    return found


def leave(tx: Tx, setup: Setup, id_: str, mac: str) -> bool:
    """End a subscription, and keep nothing of it; says whether the link was one of ours."""
    if not check_subscriber(setup, "unsubscribe", id_, mac):
        return False
    if row := store.get(tx, id_):
        store.forget(tx, row.mark)
    return True


# --------------------------------------------------------------------------------------------- told


def tell_update(tx: Tx, update_id: str) -> None:
    """An update of a public incident was said: subscribers hear of it, after what is more urgent."""
    _announce(tx, f"update:{update_id}", tx.now, {"update": update_id})


def tell_work(tx: Tx, plan: Plan) -> None:
    """Work was planned: subscribers hear of it now, and each time that it comes when it begins and when it is over."""
    start, until = plan.next_span(tx.now)
    _tell_time(tx, plan, "scheduled", tx.now, start, until)
    if start > tx.now:
        _tell_time(tx, plan, "in_progress", start, start, until)
    else:
        _tell_following(tx, plan, start)
    _tell_time(tx, plan, "completed", until, start, until)


def _tell_following(tx: Tx, plan: Plan, start: datetime) -> None:
    """A time of work begins: put what is said of the next one, so that one that never ends needs two rows."""
    if span := plan.following(start, tx.now):
        _tell_time(tx, plan, "in_progress", max(span[0], tx.now), *span)
        _tell_time(tx, plan, "completed", span[1], *span)


def _tell_time(tx: Tx, plan: Plan, phase: str, at: datetime, start: datetime, until: datetime) -> None:
    what = {"work": plan.id, "phase": phase, "start": start.isoformat(), "until": until.isoformat()}
    _announce(tx, f"work:{plan.on(start, until).id}:{phase}", at, what, planned=True)


def tell_cancelled(tx: Tx, plan: Plan) -> None:
    """Planned work was taken back, with all its times that were still to come."""
    start, until = plan.next_span(tx.now)
    what = {"work": plan.id, "phase": "cancelled", "start": start.isoformat(), "until": until.isoformat()}
    _announce(tx, f"work:{plan.id}:cancelled", tx.now, what)


def _announce(tx: Tx, key: str, at: datetime, what: Mapping[str, Any], *, planned: bool = False) -> None:
    if planned or store.any_live(tx):
        payload = {**what, "after": ""}
        queue.put(tx, f"announce:{key}", at, kind="announce", via="", destination="", payload=payload)


def fan_out(tx: Tx, setup: Setup, row: Any) -> None:
    """
    Put the next messages of an announcement into the outbox, a few at a time, until everybody has theirs.

    So thousands of subscribers never stand before a page, and what is put is sent as fast as the far sides take it.
    """
    what = {name: value for name, value in row.payload.items() if name != "after"}
    room = AT_ONCE - queue.fresh(tx, "update")
    about = _about(tx, what)
    if about is None:
        queue.settle(tx, row.id, "moot", why="it was taken back", done_at=tx.now)
        return
    if what.get("phase") == "in_progress":
        plan, time = _work(tx, what)
        _tell_following(tx, plan, time.start)
    found = store.live(tx, row.payload["after"], row.due if "work" in what else row.created_at, max(room, 0))
    for one in found:
        if subscription.concerns(one.components, about):
            _put(tx, f"{row.key}:{one.id}", "update", one.id, one.kind, what, due=row.due)  # what was said first, first
    if room > 0 and len(found) < room:
        queue.settle(tx, row.id, "done", done_at=tx.now)
        return
    after = found[-1].id if found else row.payload["after"]
    queue.settle(tx, row.id, "pending", due=tx.now + PAUSE, payload={**row.payload, "after": after})


def _about(tx: Tx, what: Mapping[str, Any]) -> tuple[str, ...] | None:
    """The components that an announcement is about; None when there is nothing to announce any more."""
    if "update" in what:
        told = publish.told(tx, what["update"])
        return None if told is None else tuple(name for name in (told[0].component,) if name)
    known = publish.work(tx, what["work"])
    if known is None or (known[1] and what["phase"] != "cancelled"):
        return None
    return known[0].components


def _work(tx: Tx, what: Mapping[str, Any]) -> tuple[Plan, Maintenance]:
    """The plan that a row is about, and the time of it; an older row names no time, and is about the first."""
    known = publish.work(tx, what["work"])
    assert known is not None
    start, until = (datetime.fromisoformat(what[name]) if name in what else None for name in ("start", "until"))
    return known[0], known[0].on(start or known[0].start, until or known[0].until)


def _put(
    tx: Tx, key: str, kind: str, id_: str, by: str, what: Mapping[str, Any], due: datetime | None = None
) -> None:  # fmt: skip
    """A row without the address: it is looked up when it is sent, and gone when the subscription is."""
    payload = {**what, "subscriber": id_, "kind": TRANSPORTS[by]}
    queue.put(tx, key, due or tx.now, kind=kind, via="", destination=f"subscriber:{id_}", payload=payload)


# --------------------------------------------------------------------------------------------- sent


def moot(tx: Tx, setup: Setup, row: Any) -> str:
    """Why a row is not needed any more; empty when it is."""
    known = store.get(tx, row.payload["subscriber"])
    if known is None or known.ended_at:
        return "the subscription has ended"
    if (row.kind == "opt_in") is (known.confirmed_at is not None):
        return "it is confirmed" if row.kind == "opt_in" else "it is not confirmed"
    if row.kind == "opt_in" and tx.now - known.created_at >= CONFIRM_WITHIN:
        return "nobody has confirmed it in time"
    if known.kind not in offered(tx, setup) or _address(setup, known) is None:
        return "it cannot be told: there is no way any more, or another secret key"
    return ""


def message(tx: Tx, setup: Setup, row: Any) -> tuple[Message, Mapping[str, Any]]:
    """What a row that is not moot says, and the settings of its transport."""
    known, (_, book) = store.get(tx, row.payload["subscriber"]), in_force(tx, setup)
    to = _address(setup, known) or ""
    if known.kind == "webhook":
        return (
            Message(key=row.key, to=to, title="", text="", document=_document(tx, setup, book, row, known)),
            {"secret": subscriber_secret(setup, known.id)},
        )
    page = book.status_page.title
    if row.kind == "opt_in":
        address, hours = _address_of_page(setup, book), int(CONFIRM_WITHIN.total_seconds()) // 3600
        title, text = subscription.opt_in_words(page, address, known.components, hours)
        link, mailing = subscriber_link(setup, "subscribe", known.id), Mailing(page, "Confirm the subscription")
    else:
        title, text, link = _words(tx, setup, book, row.payload)
        mailing = Mailing(page, "Open the status page", subscriber_link(setup, "unsubscribe", known.id))
    config = channel_config(setup, book, _mail_channel(book) or "")
    return Message(key=row.key, to=to, title=title, text=text, link=link, mailing=mailing), config


def _address_of_page(setup: Setup, book: Runbook) -> str:
    return book.status_page.url or f"{setup.public_url}/status"


def _words(tx: Tx, setup: Setup, book: Runbook, what: Mapping[str, Any]) -> tuple[str, str, str]:
    page, address = book.status_page.title, _address_of_page(setup, book)
    if "work" in what:
        plan, time = _work(tx, what)
        return *subscription.work_words(time, what["phase"], page, plan.repeat, plan.zone), address
    told = publish.told(tx, what["update"])
    assert told is not None
    base = book.status_page.url or setup.public_url
    return *subscription.update_words(*told, page), f"{base}/status/incidents/{told[0].id}.html"


def _document(tx: Tx, setup: Setup, book: Runbook, row: Any, known: Any) -> dict[str, Any]:
    if row.kind == "opt_in":
        return {
            "type": "subscription_confirmation", "page": {"name": book.status_page.title},
            "challenge": _challenge(setup, known.id), "confirm": subscriber_link(setup, "subscribe", known.id),
            "secret": subscriber_secret(setup, known.id), "components": known.components,
        }  # fmt: skip
    what = row.payload
    site = _site(tx, setup, book)
    told = publish.told(tx, what["update"]) if "update" in what else None
    said = statuspage_json.webhook(
        told[0] if told else _work(tx, what)[1],
        site,
        unsubscribe=subscriber_link(setup, "unsubscribe", known.id),
        documentation=DOCUMENTATION,
    )
    if what.get("phase") == "cancelled":
        said["incident"]["status"] = "cancelled"
    return {"id": row.key, **said}


def _site(tx: Tx, setup: Setup, book: Runbook) -> Site:
    """As much of the page as a webhook tells: the components as they are now, and what is unresolved."""
    page, zone = book.status_page, book.organization.timezone
    parts = tuple(
        statuspage.component(name, place, [(tx.now, publish.state_of(tx, name))], (), zone, tx.now)
        for place, name in enumerate(statuspage.names_of(book), 1)
    )
    return Site(page.title, page.url or setup.public_url, zone, page.accent, page.logo, tx.now, parts,
                publish.unresolved(tx), ())  # fmt: skip


def _challenge(setup: Setup, id_: str) -> str:
    return subscriber_link(setup, "subscribe", id_).rpartition("/")[2]


def settled(tx: Tx, setup: Setup, row: Any, verdict: Verdict) -> None:
    """What came back for a row: a webhook may confirm by its answer; what is dead ends."""
    known = store.get(tx, row.payload["subscriber"])
    if known is None:
        return
    match verdict:
        case Delivered():
            if row.kind == "opt_in":
                _echoed(tx, setup, known, verdict.receipt)
            elif known.failing_since:
                store.change(tx, known.id, failing_since=None)
        case Retry() | Reject() if row.kind == "update":
            _failed(tx, known, verdict)


def _echoed(tx: Tx, setup: Setup, known: Any, answer: str) -> None:
    if known.kind == "webhook" and known.confirmed_at is None and answer:
        confirm(tx, setup, known.id, answer)


def _failed(tx: Tx, known: Any, verdict: Retry | Reject) -> None:
    """
    A box that does not exist ends at once, and a webhook that nothing reaches for days.

    A mail server that is away, or refuses us as senders, says nothing of the box.
    """
    if isinstance(verdict, Reject) and verdict.broken and not (known.kind == "email" and OUR_FAULT.search(verdict.why)):
        _end(tx, known, "the address does not exist any more")
        return
    since = known.failing_since or tx.now
    if known.kind == "webhook" and tx.now - since >= FAILING_ENDS:
        _end(tx, known, f"nothing has reached it since {since:%Y-%m-%d}")
    elif known.failing_since is None:
        store.change(tx, known.id, failing_since=since)


def _end(tx: Tx, known: Any, why: str) -> None:
    store.change(tx, known.id, ended_at=tx.now, why=why)
    _forget_later(tx, known.id, tx.now + KEPT_ENDED)
    log.warning("subscription_ended", id=known.id, kind=known.kind, why=why)
