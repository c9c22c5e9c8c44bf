"""The status page's record: what the public is told, planned maintenance, and the whole page at one instant."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from tocsin.core import quiet as core_quiet
from tocsin.core import statuspage
from tocsin.core.planned import Plan
from tocsin.core.statuspage import Site
from tocsin.core.types import Publish, Refused
from tocsin.store import publish as store
from tocsin.store.db import Tx
from tocsin.usecases import quiet
from tocsin.usecases.configure import Setup, in_force

LONGEST: Final = timedelta(days=30)  # of planned work: more is a mistake in a date


def tell(tx: Tx, incident: int, told: Publish) -> None:
    """Tell the public; the component's state is the worst that any of its open incidents asks for."""
    changes = []
    if told.component:
        before = store.state_of(tx, told.component)
        after = statuspage.worst([told.state, *store.open_states(tx, told.component, incident)])
        if before != after:
            store.set_state(tx, told.component, after)
        changes.append((told.component, before, after))
    store.tell(tx, incident, told, changes)


def snapshot(tx: Tx, setup: Setup) -> Site:
    """Read all that the status page shows now."""
    _, runbook = in_force(tx, setup)
    page, zone = runbook.status_page, runbook.organization.timezone
    known, work = store.histories(tx), store.maintenance(tx)
    return Site(
        page.title, page.url or setup.public_url, zone, page.accent, page.logo, tx.now,
        tuple(
            statuspage.component(name, place, known.get(name) or [(tx.now, "operational")], work, zone, tx.now)
            for place, name in enumerate(statuspage.names_of(runbook), 1)
        ),
        store.incidents(tx), work,
    )  # fmt: skip


def plan(
    tx: Tx, setup: Setup, *, title: str, text: str, components: Sequence[str], start: datetime | None,
    until: datetime | None, by: str, repeat: str | None = None, zone: str = "UTC", hold: Sequence[str] = (),
    sure: bool = False,
) -> Plan:  # fmt: skip
    """
    Announce planned work; with *hold* alerts that match it page nobody while it runs.

    Raises:
        Refused: 422, for a component that the page does not have, no title, or a span that cannot be; as
            `quiet.silence` for *hold* and *repeat*.
    """
    _, runbook = in_force(tx, setup)
    known = statuspage.names_of(runbook)
    if not title.strip():
        raise Refused("planned work needs a title: what will be done", 422)
    for name in components:
        if name not in known:
            raise Refused(f"no component {name!r}; the status page has {', '.join(known) or 'none'}", 422)
    repeat = repeat.strip() or None if repeat else None
    if start is None or until is None or not start < until or (until <= tx.now and not repeat):
        raise Refused("planned work ends after it starts, and not in the past", 422)
    if until - start > LONGEST:
        raise Refused(f"planned work lasts at most {LONGEST.days} days", 422)
    if repeat:
        core_quiet.check_span(start, until, tx.now, repeat, zone)
    id_ = store.add_maintenance(
        tx, title=title.strip(), text=text.strip(), components=list(dict.fromkeys(components)), start=start,
        until=until, by=by, repeat=repeat, zone=zone,
    )  # fmt: skip
    if any(one.strip() for one in hold):
        quiet.silence(
            tx, setup, texts=hold, start=start, until=until, reason=title, by=by, repeat=repeat, zone=zone, work=id_,
            sure=sure,
        )  # fmt: skip
    return next(one for one in store.plans(tx) if one.id == id_)


def take_back(tx: Tx, id_: str, by: str) -> None:
    """
    Take planned work back: the public sees it no more, and what it held back and still fires is paged.

    Raises:
        Refused: 404, for an unknown one.
    """
    if not store.delete_maintenance(tx, id_):
        raise Refused("there is no such planned work", 404)
    quiet.end_of_work(tx, id_, by)
