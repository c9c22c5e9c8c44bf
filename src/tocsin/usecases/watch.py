"""Watching the watchman: the auditor, whether anybody can be paged, the probe of the whole, the clock's own mark."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from tocsin.core import delivery
from tocsin.core import watch as core
from tocsin.core.alert import Alert, Signal
from tocsin.core.calendar import utc_words
from tocsin.core.events import WentSilent
from tocsin.core.types import incident_name, instant_text
from tocsin.core.watch import Blocked, Look
from tocsin.store import queue
from tocsin.store import watch as store
from tocsin.store.db import Busy, Tx
from tocsin.store.reserve import FULL
from tocsin.usecases import actions, rescue, restored
from tocsin.usecases.configure import Setup, in_force
from tocsin.usecases.ingest import ingest
from tocsin.usecases.respond import act

AT_ONCE: Final = 50  # silent incidents driven again in one run; the next minute takes the next
EVERY: Final = timedelta(minutes=1)  # the auditor runs
NOT_SEEN: Final = 3 * EVERY  # without a run the auditor itself is silent
CLOCK_SHOWN: Final = timedelta(hours=1)  # how long the banner tells of a clock that jumped
TELLS_BLOCKED: Final = "blocked:"  # how the keys of the texts begin that tell that nobody can be paged
LOG_ALARM_BYTES: Final = 256 * 1024 * 1024  # reliability.md F12
TELLS_FULL: Final = "full:"
ROW_SHOWN: Final = timedelta(days=1)  # how long a row that is set aside is named
PROBE_SOURCE: Final = "tocsin"
PROBE_LEFT: Final = timedelta(minutes=10)  # a probe whose process died is taken away after this

log = structlog.get_logger("tocsin.watch")


# --------------------------------------------------------------------------------------------- the auditor


@dataclass(frozen=True, slots=True)
class Audited:
    """One run of the auditor: which incidents had gone silent, each with its reason, and how many ever had."""

    found: tuple[tuple[int, str], ...]
    total: int


def audit(tx: Tx, setup: Setup) -> Audited:
    """Find every incident that went silent and drive it again; keeps when this was, and what came of it."""
    store.hold_mark(tx, store.AUDITOR)  # two nodes at once must not drive the same incident twice
    looks = ((look, core.silence(look, tx.now)) for look in store.silent(tx, AT_ONCE))
    silent = [(look, why) for look, why in looks if why]
    for look, why in silent:
        _drive(tx, setup, look, why)
    store.forget_rows(tx, tx.now - ROW_SHOWN)
    before = store.marks(tx).get(store.AUDITOR, {})
    total = int(before.get("redriven", 0)) + len(silent)
    found = tuple((look.number, why) for look, why in silent)
    verdict = "; ".join(f"{incident_name(number)}: {why}" for number, why in found[:5]) or "nothing is silent"
    store.put_mark(tx, store.AUDITOR, {"at": instant_text(tx.now), "verdict": verdict, "redriven": total})
    return Audited(found, total)


def _drive(tx: Tx, setup: Setup, look: Look, why: str) -> None:
    """Drive one silent incident again through the core; where that raises it is handled as any that does."""
    log.error("incident_silent", incident=look.number, why=why)
    store.drive_again(tx, look.number)
    if look.set_aside:
        store.wake(tx, look.number, tx.now)
        return
    lost = [queue.page(tx, page) for page in look.lost]
    for page in lost:
        queue.close_page(tx, page.id, "moot", "it was lost before it was sent; the person is paged again")
    try:
        with tx.apart():
            act(tx, setup, look.number, WentSilent(why, tuple(page.person for page in lost)))
    except Busy:
        raise
    except Exception as error:  # what the core cannot decide on is set aside, never forgotten
        log.exception("incident_raised", incident=look.number)
        rescue.incident_raised(tx, setup, look.number, error)


# --------------------------------------------------------------------------------------------- cannot page


def judge(tx: Tx, setup: Setup) -> Blocked | None:
    """Judge whether anybody can be paged, keep the judgement, and tell by every channel while the answer is no."""
    before = kept_blocked(store.marks(tx))
    now = core.blocked(store.recent_tries(tx), before, tx.now)
    if now != before:
        kept = {**asdict(now), "since": instant_text(now.since)} if now else None
        store.put_mark(tx, store.BLOCKED, kept)
        tx.touched.add("watch")
    if now:
        _tell_blocked(tx, setup, now)
    elif before:
        store.drop_alarms(tx, f"alarm:{TELLS_BLOCKED}", "somebody can be paged again")
    return now


def kept_blocked(marks: dict[str, Any]) -> Blocked | None:
    """The judgement that is kept, or None."""
    kept = marks.get(store.BLOCKED)
    return Blocked(datetime.fromisoformat(kept["since"]), tuple(kept["ways"]), kept["why"]) if kept else None


def _tell_blocked(tx: Tx, setup: Setup, now: Blocked) -> None:
    text = f"{now.text}. Whoever reads this: look at the incidents yourself, and at the channels that fail."
    _tell_everyway(tx, setup, TELLS_BLOCKED, now.since, "Tocsin cannot page", text)


def _tell_everyway(tx: Tx, setup: Setup, kind: str, since: datetime, title: str, text: str) -> None:
    """Once, and again every 15 minutes: the alerts channel, and each admin by every way there is to them."""
    count = (tx.now - since) // core.TELL_AGAIN
    key = f"{kind}{instant_text(since)}:{count}:"
    store.drop_alarms(tx, f"alarm:{kind}", "it is told anew", keep=f"alarm:{key}")
    rescue.tell(tx, setup, key, title, text)
    _, runbook = in_force(tx, setup)
    for person, known in runbook.people.items():
        if "admin" in known.roles:
            for place, route in enumerate(delivery.every_way(runbook, setup.ways, person)):
                way = f"{key}{person}:{place}"
                rescue.alarm(tx, way, route, title, text, link=f"{setup.public_url}/", person=person)


def tell_full(tx: Tx, setup: Setup, since: datetime) -> None:
    """Tell by every way that the storage is full, as long as there is a reserve to write that into."""
    text = f"{_full(since)} Make room on its disk: what senders cannot keep for themselves is lost to them."
    _tell_everyway(tx, setup, TELLS_FULL, since, "Storage full: Tocsin takes no alerts", text)


def _full(since: datetime) -> str:
    return (
        f"The storage is full since {utc_words(since)}: no alerts are taken; pages and acknowledgements go on, "
        "from a reserve."
    )


# --------------------------------------------------------------------------------------------- the probe


def probe(tx: Tx, key: str, setup: Setup) -> None:
    """Take a test alert in by the use case of every alert; a test page follows from it, and no incident."""
    alert = Alert(PROBE_SOURCE, key, "Tocsin tests itself", tx.now)
    ingest(tx, setup, [[Signal("probe", alert)]])


def probe_settled(tx: Tx, key: str) -> bool:
    """Say whether the test page was claimed by a worker, sent and settled."""
    return store.probe_state(tx, key) == "done"


def end_probe(tx: Tx, key: str, why: str = "") -> str:
    """
    Take away what a probe left, and keep how it went.

    Returns:
        Why it did not pass: *why*, or that nobody can be paged though the test page came through. Empty: it passed.
    """
    blocked = kept_blocked(store.marks(tx))
    why = why or (blocked.text if blocked else "")
    store.forget_probes(tx, key, tx.now - PROBE_LEFT)
    store.put_mark(tx, store.PROBE, {"at": instant_text(tx.now), "passed": not why, "why": why})
    return why


# --------------------------------------------------------------------------------------------- the clock


def high_mark(tx: Tx) -> datetime | None:
    """The latest instant that any process on this database has kept, or None."""
    kept = store.marks(tx).get(store.TIME)
    return datetime.fromisoformat(kept) if kept else None


def keep_time(tx: Tx, behind: timedelta, jumped: timedelta) -> str:
    """Keep the high-water mark of time, and what there is to say of this machine's clock; returns that sentence."""
    mark = high_mark(tx) or tx.now
    behind = max(behind, mark - tx.now)  # the database's own clock, where it judges
    store.put_mark(tx, store.TIME, instant_text(max(mark, tx.now)))
    notice = core.clock_notice(behind, jumped)
    if notice:
        store.put_mark(tx, store.CLOCK, {"at": instant_text(tx.now), "text": notice})
    return notice


# --------------------------------------------------------------------------------------------- what people see


def banners(tx: Tx) -> list[str]:
    """The sentences that stand on every page while they hold."""
    marks = store.marks(tx)
    said = [*restored.banner(tx), *actions.banner(tx)]
    if blocked := kept_blocked(marks):
        said.append(f"{blocked.text}.")
    clock = marks.get(store.CLOCK)
    if clock and tx.now - datetime.fromisoformat(clock["at"]) < CLOCK_SHOWN:
        said.append(f"{clock['text'][0].upper()}{clock['text'][1:]}.")
    auditor = marks.get(store.AUDITOR)
    if auditor and tx.now - (at := datetime.fromisoformat(auditor["at"])) > NOT_SEEN:
        said.append(f"Nothing watches over the pages: the auditor has not run since {utc_words(at)}.")
    return said


def store_banner(trouble: tuple[str, datetime] | None, log_bytes: int = 0) -> list[str]:
    """The sentence for a store that took no write when it was asked last, or whose log grows: it cannot keep that."""
    if trouble is None and log_bytes > LOG_ALARM_BYTES:
        size = f"{log_bytes / 1024 / 1024:.0f} MB"
        return [f"The database's log is {size} long: something reads from it for very long, a backup or a query."]
    if trouble is None:
        return []
    why, since = trouble
    if why == FULL:
        return [f"{_full(since)} Senders are asked to come back. Make room on the disk."]
    full = FULL if "full" in why.lower() else why
    return [f"Tocsin cannot store anything: {full}, since {utc_words(since)}. Senders are asked to come back."]


def report(tx: Tx) -> dict[str, Any]:
    """
    What the watchman knows, for whoever operates Tocsin.

    Returns:
        `{"auditor": None | {"at", "verdict", "redriven"}, "probe": None | {"at", "passed", "why"},
        "cannot_page": None | sentence, "set_aside": [key]}`.
    """
    marks = store.marks(tx)
    blocked = kept_blocked(marks)
    return {
        "auditor": marks.get(store.AUDITOR), "probe": marks.get(store.PROBE),
        "cannot_page": blocked.text if blocked else None, "set_aside": [row.key for row in store.set_aside(tx)],
    }  # fmt: skip
