"""After a restore nothing is sent but one summary, until somebody releases it or ten minutes have passed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete, update

from tocsin.core.calendar import utc_words
from tocsin.core.incident import Incident
from tocsin.core.types import instant_text
from tocsin.store import audit, incidents, queue
from tocsin.store.backup import RESTORED
from tocsin.store.db import Tx
from tocsin.store.schema import meta, outbox
from tocsin.usecases import rescue
from tocsin.usecases.configure import Setup, get_meta, put_meta

MARK: Final = RESTORED
WAITS: Final = timedelta(minutes=10)
SINCE: Final = "restored_at"  # in `meta`, for good: when it was begun with
SUMMARY: Final = "restored"  # how the key of its one message begins
SHOWN: Final = 20  # incidents that the summary names


def begin(tx: Tx, setup: Setup) -> None:
    """At a start: if this database was restored and not started since, hold everything back and tell the operator."""
    if get_meta(tx, MARK) is None or held_until(tx) is not None:
        return
    until = tx.now + WAITS
    put_meta(tx, MARK, until.isoformat())
    put_meta(tx, SINCE, tx.now.isoformat())
    rescue.tell(
        tx, setup, f"{SUMMARY}:{until.isoformat()}", "Tocsin was restored from a backup", summary(_look(tx, until))
    )
    audit.append(tx, "tocsin", "restored", {"held_until": instant_text(until)})


def older(tx: Tx, at: datetime) -> bool:
    """Say whether what happened at *at* is out of a backup: what followed from it since then is not known here."""
    since = get_meta(tx, SINCE)
    return since is not None and at <= datetime.fromisoformat(since)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for the release, and until when: how many incidents are open, and those that would page somebody."""

    until: datetime
    open: int
    would_page: tuple[Incident, ...]


def look(tx: Tx) -> Waiting | None:
    """What waits for the release; None when nothing is held back."""
    until = held_until(tx)
    return _look(tx, until) if until and until > tx.now else None


def _look(tx: Tx, until: datetime) -> Waiting:
    found = incidents.listing(tx, open_only=True, limit=500)
    waiting = [stored.state for stored in found if not stored.state.answered and stored.state.urgency != "none"]
    return Waiting(until, len(found), tuple(waiting))


def summary(waits: Waiting) -> str:
    """What is open, and who would be paged: for whoever decides whether to release it. Pure."""
    lines = [
        f"{waits.open} incidents were open in the backup, {len(waits.would_page)} of them not acknowledged. "
        f"Nothing is sent before {utc_words(waits.until)}, or before somebody releases it: tocsin restore --release"
    ]  # fmt: skip
    for state in waits.would_page[:SHOWN]:
        lines.append(f"would page: {state.name} [{state.severity}] {state.title} ({whom(state)})")
    if len(waits.would_page) > SHOWN:
        lines.append(f"and {len(waits.would_page) - SHOWN} more")
    return "\n".join(lines)


def whom(state: Incident) -> str:
    """Whom an incident would page, in words."""
    return ", ".join(state.paging) or "the next step of its policy"


def held_until(tx: Tx) -> datetime | None:
    """Until when everything is held back; None when nothing is, or before the first start."""
    value = get_meta(tx, MARK)
    return datetime.fromisoformat(value) if value and value[0].isdigit() else None


def hold(tx: Tx) -> datetime | None:
    """Say until when nothing may be sent; the time being over, it is released here."""
    if get_meta(tx, MARK) is None:
        return None
    until = held_until(tx) or tx.now + WAITS  # no start has begun to count yet
    if until <= tx.now:
        release(tx, "tocsin")
        return None
    return until


def release(tx: Tx, by: str) -> bool:
    """Let everything go out that waits; says whether something was held."""
    until = held_until(tx)
    if get_meta(tx, MARK) is None:
        return False
    tx.run(delete(meta).where(meta.c.key == MARK))
    if until is not None:
        tx.run(update(outbox).where(outbox.c.state == "pending", outbox.c.due == until).values(due=tx.now))
    audit.append(tx, by, "restore_released", {"held_until": instant_text(until)})
    tx.touched |= {"outbox", "wake"}
    return True


def put_off(tx: Tx, row: Any, until: datetime) -> bool:
    """Put a row off until the release, unless it is the summary; says whether it was."""
    if row.key.startswith(f"alarm:{SUMMARY}:"):
        return False
    queue.settle(tx, row.id, "pending", due=until)
    return True


def banner(tx: Tx) -> list[str]:
    """The sentence on every page while it is held."""
    until = held_until(tx)
    if until is None or until <= tx.now:  # over, though nothing was due since that would have ended it
        return []
    return [
        f"Restored from a backup: nothing is sent before {utc_words(until)}, or before somebody presses Release on the "
        "list of incidents, or runs tocsin restore --release."
    ]
