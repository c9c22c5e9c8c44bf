"""Readiness: looked at whenever somebody asks, and each morning by itself; gaps are announced before they come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from tocsin import zones
from tocsin.core import handoff, reach, zone_rules
from tocsin.core import readiness as core
from tocsin.core.oncall import on_call_at
from tocsin.core.reach import Heard
from tocsin.core.readiness import Failing, Known
from tocsin.core.runbook import Runbook
from tocsin.core.runbook_check import Finding, Gap, gaps
from tocsin.core.statuspage import HostHealth
from tocsin.store import handoffs, looks, oncall, people, queue, subscribers
from tocsin.store.db import Tx
from tocsin.usecases import rescue, site
from tocsin.usecases.configure import Setup, in_force, notices
from tocsin.usecases.handoff import tell

LOOKED: Final = "readiness"  # the daily look, among the looks
LATELY: Final = timedelta(days=1)  # how far tries are looked at
FAILING_FROM: Final = 3  # tries that failed, and none that arrived
OTHER_RULES: Final = timedelta(hours=1)  # after a look, until new rules are looked at before the next morning

log = structlog.get_logger("tocsin.readiness")


@dataclass(frozen=True, slots=True)
class Night:
    """How one person would be reached at 03:00 tonight, and by which schedules they are on call then."""

    person: str
    name: str
    at: datetime
    ways: tuple[Heard, ...]
    schedules: tuple[str, ...]
    tested: tuple[datetime, datetime | None] | None  # the last test page, and when it was answered

    @property
    def reachable(self) -> bool:
        """Whether anything but the server's own console would reach them."""
        return reach.reachable(self.ways)


@dataclass(frozen=True, slots=True)
class Report:
    """Readiness at an instant. `looked_at` is when the daily look was last taken, `told_at` when it told the admins."""

    at: datetime
    version: str
    findings: tuple[Finding, ...]
    nights: tuple[Night, ...]
    gaps: tuple[Gap, ...]
    looked_at: datetime | None
    told_at: datetime | None
    hosts: Sequence[HostHealth] = ()
    subscribers: Mapping[str, int] = field(default_factory=dict)  # kind to how many
    ended: Sequence[Any] = ()  # subscriptions that ended by themselves, newest first


def read(tx: Tx, setup: Setup) -> Report:
    """Look at everything now. Nothing is changed, and nobody is told."""
    version, book = in_force(tx, setup)
    given = oncall.stand_ins_around(tx, tx.now)
    health, tests = people.health(tx), people.last_tests(tx)
    nights = []
    for id_, person in book.people.items():
        at = core.tonight(book, id_, tx.now)
        mine = tuple(name for name in book.schedules if id_ in on_call_at(book, name, at, given).people)
        ways = reach.reach_at(book, setup.ways, id_, at, health)
        nights.append(Night(id_, person.name, at, ways, mine, tests.get(id_)))
    unconfirmed = [
        (row.person, tuple(entry["schedule"] for entry in row.schedules), row.at)
        for row in handoffs.unsettled(tx)
        if row.state == "unconfirmed"
    ]
    look = looks.get(tx, LOOKED)
    data = look.data if look else {}
    known = Known(
        {night.person: night.ways for night in nights}, tests, _failing(tx), notices(tx, setup), unconfirmed,
        zones.warning(tx.now), _moved(tx, book, data.get("zones")), site.hosts(tx), setup.plugins.looks,
    )  # fmt: skip
    return Report(
        tx.now, version, core.all_findings(book, known, tx.now, given), tuple(nights),
        tuple(gaps(book, tx.now, given)), look.at if look and data.get("looked") else None,
        datetime.fromisoformat(data["told_at"]) if data.get("told_at") else None, known.hosts,
        subscribers.counts(tx), subscribers.ended(tx),
    )  # fmt: skip


def _moved(tx: Tx, book: Runbook, kept: Any) -> tuple[Finding, ...]:
    """The hand-overs to come that are elsewhere than by the rules before these."""
    before = kept and (kept["before"] if kept["version"] == zones.version() else kept)
    if not before:
        return ()
    at = datetime.fromisoformat
    offsets = {
        zone: tuple((at(begins), timedelta(seconds=seconds)) for begins, seconds in known)
        for zone, known in before["zones"].items()
    }
    names = before["version"], zones.version()
    return zone_rules.changed(book, offsets, names, tx.now, oncall.overrides(tx), oncall.absences_to_come(tx))


def _rules(tx: Tx, book: Runbook, kept: Any) -> dict[str, Any]:
    """What to write down of the zones, for when other rules come: their offsets now, and by the rules before."""
    until = tx.now + zone_rules.AHEAD
    known = {
        zone: [(at.isoformat(), offset.total_seconds()) for at, offset in zone_rules.offsets(zone, tx.now, until)]
        for zone in zone_rules.zones_of(book)
    }
    is_new = kept and kept["version"] != zones.version()
    before = {"version": kept["version"], "zones": kept["zones"]} if is_new else kept and kept["before"]
    return {"version": zones.version(), "zones": known, "before": before}


def _failing(tx: Tx) -> list[Failing]:
    """Channels of which every try of the last day failed, three at least."""
    return [
        Failing(row.via, row.why or "no answer")
        for row in queue.outcomes(tx, tx.now - LATELY)
        if not row.arrived and row.failed >= FAILING_FROM
    ]


# --------------------------------------------------------------------------------------------- the daily look


def gather(tx: Tx, setup: Setup) -> Report | None:
    """Look, when the daily look is due; read apart from `run`, so that nobody's write waits for it."""
    return read(tx, setup) if _is_due(tx, looks.get(tx, LOOKED)) else None


def _is_due(tx: Tx, look: Any) -> bool:
    """When its instant has come; and at once when other time zone rules are in use than at the last look."""
    if look is None or look.due <= tx.now:
        return True
    kept = look.data.get("zones")
    is_other = kept is not None and kept["version"] != zones.version()
    return is_other and tx.now - look.at >= OTHER_RULES  # nodes with different rules do not take turns at it


def run(tx: Tx, setup: Setup, report: Report | None) -> None:
    """
    Take the daily look, when it is due: announce gaps, and tell the admins what is new or has changed.

    They get one message a day at most, and none at the first look of a new database: nothing was known to change.
    """
    if report is None:
        return
    _, book = in_force(tx, setup)
    look = looks.get(tx, LOOKED)
    if not _is_due(tx, look):
        return  # another node took it since
    morning = core.next_morning(book, tx.now)
    data: dict[str, Any] = dict(look.data) if look else {"told": [], "told_at": None, "tell_from": morning.isoformat()}
    _announce(tx, setup, book, report.gaps)
    keys = ["|".join((finding.kind, finding.subject, finding.text)) for finding in report.findings]
    told = set(data["told"]) & set(keys)
    new = [f for f, key in zip(report.findings, keys, strict=True) if key not in told]
    if new and tx.now >= datetime.fromisoformat(data["tell_from"]):
        _tell_admins(tx, setup, book, new, len(report.findings) - len(new))
        told, data["told_at"], data["tell_from"] = set(keys), tx.now.isoformat(), morning.isoformat()
    elif new:
        log.warning("readiness_findings", new=len(new), all=len(keys))
    due = min(filter(None, (morning, core.next_announcement(report.gaps, tx.now))))
    seen = {"told": sorted(told), "looked": True, "zones": _rules(tx, book, data.get("zones"))}
    looks.put(tx, LOOKED, due, {**data, **seen})


def _tell_admins(tx: Tx, setup: Setup, book: Runbook, new: Sequence[Finding], known: int) -> None:
    title = f"Readiness: {len(new)} new finding{'' if len(new) == 1 else 's'}"
    text, link = core.daily_words(new, known), f"{setup.public_url}/readiness"
    admins = sorted(handoff.admins(book))
    for person in admins:
        tell(tx, setup, book, person, f"readiness:{tx.now.isoformat()}:{person}", title, text, link)
    if not admins:
        rescue.tell(tx, setup, f"readiness:{tx.now.isoformat()}", title, text)


def _announce(tx: Tx, setup: Setup, book: Runbook, found: Sequence[Gap]) -> None:
    """Announce each gap seven days and one day before it begins, each of the two once."""
    for key, gap, also in core.announcements(found, tx.now):
        if not looks.first_time(tx, key):
            continue
        for other in also:
            looks.first_time(tx, other)
        title, text = f"Nobody will be on call: {gap.schedule}", core.gap_words(gap, book, tx.now)
        whom = sorted(handoff.admins(book) | handoff.leads(book, gap.schedule))
        for person in whom:
            tell(tx, setup, book, person, f"{key}:{person}", title, text, f"{setup.public_url}/readiness",
                 urgent=key.endswith(":1d"))  # fmt: skip
        if not whom:
            rescue.tell(tx, setup, key, title, text)
