"""Silences as people ask for them, what holds an alert back now, and what is paged when nothing does any more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import structlog

from tocsin.core import matchers
from tocsin.core import quiet as core
from tocsin.core.alert import Alert
from tocsin.core.calendar import utc_words
from tocsin.core.quiet import Active, Hold, Prepared, Silence
from tocsin.core.triage import Triage
from tocsin.core.types import Refused
from tocsin.store import alerts, incidents
from tocsin.store import quiet as store
from tocsin.store.db import Tx, one_at_a_time
from tocsin.usecases.configure import Setup

RECENT: Final = 1_000  # alerts that a silence is tried on before it is made

log = structlog.get_logger("tocsin.quiet")


# --------------------------------------------------------------------------------------------- what holds back


def in_force(tx: Tx, setup: Setup) -> tuple[Active, ...]:
    """The silences in force now. They are read only when one has changed since this process read them last."""
    revision = store.revision(tx)
    if revision is None:
        return ()
    known, prepared = setup.silences
    if known != revision:
        prepared = tuple(one for silence in store.living(tx) for one in _prepared(silence))
        setup.silences = (revision, prepared)
    if not prepared:
        return ()
    try:
        return core.active(prepared, tx.now)
    except Exception:  # every alert is asked for by it: the others still hold, and that one holds nothing back
        log.exception("silence_raised")
        return core.active([one for one in prepared if _works(one, tx.now)], tx.now)


def _prepared(silence: Silence) -> tuple[Prepared, ...]:
    """One silence, ready to be asked; nothing of one that cannot be read any more: alerts then page."""
    try:
        return core.prepare([silence])
    except Exception:
        log.exception("silence_raised", silence=silence.id)
        return ()


def _works(one: Prepared, now: datetime) -> bool:
    try:
        one.until(now)
    except Exception:  # noqa: BLE001 - said where it was asked first
        return False
    return True


@dataclass(slots=True)
class Holding:
    """What may hold alerts back in one transaction; what fires is read only when a rule asks for it."""

    tx: Tx
    silences: tuple[Active, ...]
    rules: Triage
    _firing: list[Alert] | None = None
    _for: dict[str | None, tuple[Active, ...]] = field(default_factory=dict)  # by service

    @property
    def may(self) -> bool:
        """Say whether there is anything that could hold an alert back."""
        return bool(self.silences or self.rules.inhibits or self.rules.flapping)

    def of(self, alert: Alert, beside: Sequence[Alert] = ()) -> Hold | None:
        """What a silence or an inhibition says of an alert; *beside* are others that fire, and are not stored yet."""
        if self.silences:
            if alert.service not in self._for:
                self._for[alert.service] = core.for_service(self.silences, alert.service)
            if hold := core.silenced(self._for[alert.service], alert):
                return hold
        if any(rule.concerns(alert) for rule in self.rules.inhibits):
            return core.inhibited(self.rules.inhibits, alert, [*beside, *self.firing()])
        return None

    def firing(self) -> list[Alert]:
        """The alerts of open incidents that fire now."""
        if self._firing is None:
            open_ = incidents.working(self.tx)
            self._firing = [alert_of(row) for row in alerts.firing_in(self.tx, open_)] if open_ else []
        return self._firing

    def flapped(self, alert: Alert, dedup: str) -> Hold | None:
        """Count that a key fires again; what a pause says of it."""
        rule = self.rules.flapping
        if rule is None:
            return None
        before = store.flaps_of(self.tx, dedup)
        now, held = core.fired_again(before, rule, self.tx.now)
        if now != before:
            store.keep_flaps(self.tx, dedup, now)
        return core.paused(now, rule) if held else None


def alert_of(row: Any) -> Alert:
    """An alert as it is stored, with the service that triage gave it."""
    return Alert(
        row.source, row.key, row.title, row.started_at, row.text, row.service, row.check, row.severity, row.labels
    )


# --------------------------------------------------------------------------------------------- asked for by people


def silence(
    tx: Tx, setup: Setup, *, texts: Sequence[str], until: datetime | None, reason: str, by: str,
    start: datetime | None = None, sure: bool = False, repeat: str | None = None, zone: str = "UTC",
    work: str | None = None,
) -> Silence:  # fmt: skip
    """
    Hold back what matches all of *texts* from *start* (now) to *until*, and with *repeat* again and again.

    Raises:
        Refused: 422 for what cannot be; 409 for what may be a mistake, unless *sure*.
    """
    one_at_a_time(tx, "ingest")
    begins = start or tx.now
    repeat = repeat.strip() or None if repeat else None
    written = core.checked(texts, begins, until, reason, tx.now, sure=sure, repeat=repeat, zone=zone)
    assert until
    if len(store.living(tx)) >= core.IN_FORCE:
        raise Refused(f"there are {core.IN_FORCE} silences already: end some, or match more with one", 409)
    return store.add(
        tx, matchers=list(written), start=begins, until=until, reason=reason.strip()[: core.REASON], by=by,
        repeat=repeat, zone=zone, work=work,
    )  # fmt: skip


def extend(tx: Tx, id_: str, until: datetime, by: str, *, sure: bool = False) -> Silence:
    """
    Give a silence another end, later or sooner.

    Raises:
        Refused: 404 for an unknown one; 409 for one that is over; as `silence` for the new end.
    """
    one_at_a_time(tx, "ingest")
    one = _found(tx, id_)
    if one.state(tx.now) == "ended":
        raise Refused("this silence is over: make a new one")
    if one.repeat:
        raise Refused("a window that comes again has no one end: end it, and make another", 422)
    core.checked(one.matchers, one.start, until, one.reason, tx.now, sure=sure)
    store.change(tx, id_, until=until)
    store.let_go(tx, f"silence:{id_}", until)
    return _found(tx, id_)


def end(tx: Tx, id_: str, by: str) -> Silence:
    """
    End a silence now: what it holds back and still fires is paged. Ending it again changes nothing.

    Raises:
        Refused: 404, for an unknown one.
    """
    one_at_a_time(tx, "ingest")
    one = _found(tx, id_)
    if one.ended_at is None and one.state(tx.now) != "ended":
        store.change(tx, id_, ended_at=tx.now, ended_by=by)
        store.let_go(tx, f"silence:{id_}", tx.now)
    return _found(tx, id_)


def end_of_work(tx: Tx, work: str, by: str) -> None:
    """End the silences of planned work that is taken back."""
    for id_ in store.of_work(tx, work):
        end(tx, id_, by)


def _found(tx: Tx, id_: str) -> Silence:
    found = store.get(tx, id_)
    if found is None:
        raise Refused("there is no such silence", 404)
    return found


def tried(tx: Tx, texts: Sequence[str]) -> tuple[int, int, int]:
    """
    Say what a silence would have meant lately.

    Returns:
        How many of the last 1,000 alerts it matches, how many those were, and how many of them fire now.

    Raises:
        Refused: 422, for a matcher that cannot be read.
    """
    try:
        means = matchers.all_of([matchers.parse(text) for text in texts if text.strip()])
    except ValueError as error:
        raise Refused(str(error), 422) from None
    rows = [row for row in alerts.listing(tx, limit=RECENT) if row.disposition != "quarantined"]
    meant = [row for row in rows if means(alert_of(row))]
    return len(meant), len(rows), sum(row.state == "firing" for row in meant)


def note(hold: Hold | str) -> str:
    """How a rule stands on an incident whose alert it held back before."""
    return f"held back until now by {hold if isinstance(hold, str) else hold.rule}"


def line(one: Silence, now: datetime, holding: int = 0) -> str:
    """A silence in one line: what it means, from and until when, why, by whom, and what it holds back now."""
    start, until = one.next_span(now) or (one.start, one.until)
    begins = f"from {utc_words(start)} " if start > now else ""
    again = f", again by {one.repeat} ({one.zone})" if one.repeat else ""
    holds = f"; holds back {holding} alert{'' if holding == 1 else 's'} now" if holding else ""
    return f"{', '.join(one.matchers)} {begins}until {utc_words(until)}{again}: {one.reason} ({one.by}){holds}"
