"""Probes: what the nodes saw is kept, together they say how a target stands, and a change of that is an alert."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import quote

import structlog

from tocsin.core import probes as core
from tocsin.core import statuspage
from tocsin.core.alert import Alert, Signal
from tocsin.core.probes import Look, Mark, Seen
from tocsin.core.runbook import Runbook
from tocsin.core.runbook_probes import Probe
from tocsin.core.types import Refused
from tocsin.store import alerts, incidents
from tocsin.store import probes as store
from tocsin.store.db import Busy, Tx, one_at_a_time
from tocsin.store.probes import Known
from tocsin.usecases import site
from tocsin.usecases.configure import Setup, in_force
from tocsin.usecases.ingest import ingest

log = structlog.get_logger("tocsin.probes")

SOURCE: Final = "probe"
CALL: Final = "call"  # stands for the node where a job called in


def plan(tx: Tx, setup: Setup) -> tuple[str, dict[str, Probe]]:
    """What is to be looked at, by name: all probes but those that call in; with the runbook's version."""
    version, runbook = in_force(tx, setup)
    return version, {name: probe for name, probe in runbook.probes.items() if not probe.heartbeat}


def one(tx: Tx, setup: Setup, name: str) -> tuple[Probe, Path]:
    """
    A probe that can be looked at from anywhere, and the directory that its files are in.

    Raises:
        Refused: 404, for one that the runbook in force does not have; 422, for one that calls in by itself.
    """
    _, runbook = in_force(tx, setup)
    probe = runbook.probes.get(name)
    if probe is None:
        raise Refused(f"no probe {name!r}; the runbook has {', '.join(runbook.probes) or 'none'}", 404)
    if probe.heartbeat:
        raise Refused(f"{name} is a heartbeat: its job calls in, there is nothing to look at", 422)
    return probe, setup.data


def follow(tx: Tx, setup: Setup) -> None:
    """
    Do as the runbook in force says: begin with new probes, and leave those that it has no more.

    What a probe that is gone had told ends: nobody would ever say that it is over.
    """
    _begin(tx)
    _, runbook = in_force(tx, setup)
    known = store.known(tx)
    gone = [k for k in known.values() if k.name not in runbook.probes or runbook.probes[k.name].kind != k.kind]
    for probe in gone:
        store.part(tx, probe.id)
    _tell(tx, setup, [[_signal(tx, setup, "resolve", k, k.seen)] for k in gone if k.seen and not k.seen.ok])
    left = {probe.name for probe in gone}
    for name, new in runbook.probes.items():
        if name not in known or name in left:
            store.meet(tx, name, new.kind, new.service)
    _measure(tx, setup, runbook, statuspage.names_of(runbook))


def _begin(tx: Tx) -> None:
    """Have other nodes that keep what they saw wait until the commit: together they say one thing."""
    one_at_a_time(tx, "probes")


# --------------------------------------------------------------------------------------------- looks


def keep(tx: Tx, setup: Setup, node: str, looks: Sequence[tuple[str, Look]], *, whole: bool = True) -> None:
    """
    Keep what a node saw, oldest first, and tell what follows. What it saw of a probe that is gone is void.

    Without *whole* the looks themselves are not kept: there is no room left.
    """
    _begin(tx)
    _, runbook = in_force(tx, setup)
    known = store.known(tx, {name for name, _ in looks})
    valid = [
        (known[name], look) for name, look in looks if name in known and _is_looked_at(runbook.probes.get(name))
    ]  # fmt: skip
    marks = store.marks(tx, {probe.id for probe, _ in valid})
    new: dict[int, Mark] = {}
    for probe, look in valid:
        before = new.get(probe.id) or marks.get(probe.id, {}).get(node)
        if before and look.at <= before.last.at:
            continue  # it was kept before, and that commit was not heard of
        new[probe.id] = core.advance(before, look, runbook.probes[probe.name], probe.seen)
    store.put_marks(tx, node, new)
    if whole:
        store.add_looks(tx, node, [(probe.id, look) for probe, look in valid])
    said = []
    for probe in {probe.id: probe for probe, _ in valid}.values():
        at_nodes = {**marks.get(probe.id, {}), **({node: new[probe.id]} if probe.id in new else {})}
        seen = core.together(probe.seen, at_nodes.values(), runbook.probes[probe.name], tx.now)
        if seen:
            said.append((probe, seen))
    bad = {probe.id for probe, look in valid if look.check}
    left = _left(tx, (probe.name for probe, seen in said if probe.id in bad and not seen.ok))
    # Not at once: what was mended meanwhile has been seen to be well by then.
    again = frozenset(name for name, at in left.items() if at + core.patience(runbook.probes[name]) <= tx.now)
    _say_or_later(tx, setup, runbook, said, again)


def _is_looked_at(probe: Probe | None) -> bool:
    return probe is not None and not probe.heartbeat


def _left(tx: Tx, failing: Iterable[str]) -> dict[str, datetime]:
    """Which of them fail on though people ended their incident, and when: nobody would be told of them any more."""
    names = {alerts.dedup_of(SOURCE, name): name for name in failing}
    latest = alerts.latest(tx, names) if names else {}
    fires = {names[dedup]: row.incident for dedup, row in latest.items() if row.state == "firing" and row.incident}
    ended = incidents.ended(tx, fires.values()) if fires else {}
    return {name: ended[number] for name, number in fires.items() if number in ended}


def _say_or_later(
    tx: Tx, setup: Setup, runbook: Runbook, said: Sequence[tuple[Known, Seen]], again: frozenset[str] = frozenset()
) -> None:  # fmt: skip
    """
    Say all of it; where that raises, each by itself, and the one that raises is said with its next look.

    What nodes counted is kept all the same: an incident that cannot be decided on holds back no other probe.
    """
    try:
        with tx.apart():
            _say(tx, setup, runbook, said, again)
    except Busy:
        raise
    except Exception:
        log.exception("probes_raised", probes=len(said))
        for one in said if len(said) > 1 else ():
            _say_or_later(tx, setup, runbook, [one], again)


def _say(
    tx: Tx, setup: Setup, runbook: Runbook, said: Iterable[tuple[Known, Seen]], again: frozenset[str] = frozenset()
) -> None:  # fmt: skip
    """
    Keep how probes stand now, and tell each change: as an alert, and to the component of its service.

    Those of *again* are told though nothing has changed.
    """
    requests, components = [], set()
    for probe, seen in said:
        service = runbook.probes[probe.name].service
        told = core.told(probe.seen, seen, moved=service != probe.service)
        told = told or (("trigger",) if probe.name in again else ())
        if told:
            requests.append([_signal(tx, setup, what, probe, seen, service) for what in told])
        if probe.seen is None or core.is_down(probe.seen) != core.is_down(seen):
            components.add(runbook.component_of(service) or "")
        store.put_seen(tx, probe, seen, service)
    _tell(tx, setup, requests)
    _measure(tx, setup, runbook, components)


def _signal(tx: Tx, setup: Setup, what: str, probe: Known, seen: Seen, service: str = "") -> Signal:
    link = f"{setup.public_url}/probes/{quote(probe.name, safe='')}"
    alert = Alert(
        SOURCE, probe.name, f"{probe.name}: {seen.why}", seen.since, service=service or probe.service,
        check=seen.check or None, severity=core.severity(seen.check), labels={"probe": probe.name},
        links=(("Probe", link),),
    )  # fmt: skip
    return Signal("trigger" if what == "trigger" else "resolve", alert)


def _tell(tx: Tx, setup: Setup, requests: Sequence[Sequence[Signal]]) -> None:
    if requests:
        ingest(tx, setup, requests)


def _measure(tx: Tx, setup: Setup, runbook: Runbook, components: Iterable[str]) -> None:
    """Tell the status page which share of a component's probes is down."""
    names = set(components) & set(statuspage.names_of(runbook))
    known = store.known(tx) if names else {}
    for component in sorted(names):
        seen = [
            k.seen
            for k in known.values()
            if k.seen and k.name in runbook.probes and runbook.component_of(runbook.probes[k.name].service) == component
        ]
        down = sum(core.is_down(one) for one in seen) / len(seen) if seen else 0.0
        site.measured(tx, setup, component, down)


def leave(tx: Tx, node: str) -> None:
    """A node looks no more; what the others say counts from their next look on."""
    _begin(tx)
    store.leave(tx, node)


# --------------------------------------------------------------------------------------------- jobs that call in


def call_in(tx: Tx, setup: Setup, name: str, failed: bool, said: str) -> None:
    """
    A job calls in: it did its work, or it *failed* and may say why.

    Raises:
        Refused: 404, for a name that is no heartbeat of the runbook in force.
    """
    _begin(tx)
    _, runbook = in_force(tx, setup)
    probe = runbook.probes.get(name)
    if probe is None or not probe.heartbeat:
        raise Refused(f"the runbook has no heartbeat {name[:80]!r}", 404)
    if name not in store.known(tx, [name]):
        store.meet(tx, name, probe.kind, probe.service)
    known = store.known(tx, [name])[name]
    seen = core.beat(known.seen, failed, said, tx.now)
    store.called(tx, known.id)
    store.add_looks(tx, CALL, [(known.id, Look(tx.now, seen.check, None, seen.why))])
    _say(tx, setup, runbook, [(known, seen)], frozenset(_left(tx, [name]) if failed else ()))


def care(tx: Tx, setup: Setup) -> tuple[str, list[str]]:
    """The version in force, and the jobs that should have called in by now and are not said to be late yet."""
    version, _ = in_force(tx, setup)
    return version, overdue(tx, setup)


def overdue(tx: Tx, setup: Setup) -> list[str]:
    """The jobs that should have called in by now, and of which that is not said, or has been put away by people."""
    _, runbook = in_force(tx, setup)
    beats = [name for name, probe in runbook.probes.items() if probe.heartbeat]
    known = store.known(tx, beats) if beats else {}
    late = {k.name: k for k in known.values() if _is_late(k, runbook.probes[k.name], tx)}
    said = [name for name, k in late.items() if k.seen and not k.seen.ok]
    left = _left(tx, said)
    return [
        name for name in late
        if name not in said or (name in left and core.due(runbook.probes[name], left[name]) <= tx.now)
    ]  # fmt: skip


def _is_late(known: Known, probe: Probe, tx: Tx) -> bool:
    return core.due(probe, known.called_at or known.known_at) <= tx.now


def tell_late(tx: Tx, setup: Setup) -> None:
    """Tell of the jobs that should have called in by now."""
    _begin(tx)
    _, runbook = in_force(tx, setup)
    known = store.known(tx, overdue(tx, setup))
    again = frozenset(k.name for k in known.values() if k.seen and not k.seen.ok)
    said = [
        (k, core.late(runbook.probes[k.name], k.seen, k.called_at, k.known_at, tx.now)) for k in known.values()
    ]  # fmt: skip
    _say_or_later(tx, setup, runbook, said, again)


def roll(tx: Tx) -> bool:
    """Sum up a part of the next hour that is over; says whether there was one."""
    _begin(tx)
    return store.roll(tx)
