"""The status page's record: what the public is told, planned maintenance, and the whole page at one instant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from pydantic import TypeAdapter, ValidationError

from tocsin.core import quiet as core_quiet
from tocsin.core import statuspage
from tocsin.core.planned import Plan
from tocsin.core.statuspage import HostHealth, Site
from tocsin.core.types import Publish, Refused
from tocsin.store import publish as store
from tocsin.store.db import Tx
from tocsin.usecases import quiet, subscribers
from tocsin.usecases.configure import Setup, get_meta, in_force, put_meta

HOSTS: Final = "status_hosts"  # in meta
_HOSTS: Final = TypeAdapter(tuple[HostHealth, ...])
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
    if said := store.tell(tx, incident, told, changes):
        subscribers.tell_update(tx, said)


def measured(tx: Tx, setup: Setup, component: str, down: float) -> None:
    """
    Take what is measured of a component, for its uptime: whoever looks at services calls this after each look.

    It changes the days and the uptime, not the state that is shown: that is said by incidents alone. The same value
    again changes nothing.

    Args:
        down: The share that counts as down from now on, 0 (all is well) to 1.

    Raises:
        Refused: 422, for a component that the page does not have, or a share that is none.
    """
    _, runbook = in_force(tx, setup)
    known = statuspage.names_of(runbook)
    if component not in known or not 0 <= down <= 1:
        raise Refused(f"a share from 0 to 1 of one of {', '.join(known) or 'no component'}", 422)
    store.measure(tx, component, down)


def snapshot(tx: Tx, setup: Setup) -> Site:
    """Read all that the status page shows now."""
    _, runbook = in_force(tx, setup)
    zone = runbook.organization.timezone
    known, work = store.histories(tx), store.maintenance(tx)
    seen = store.measured(tx, tx.now - timedelta(days=statuspage.UPTIME_DAYS + 1))
    components = tuple(
        statuspage.component(
            name, place, known.get(name) or [(tx.now, "operational")], work, zone, tx.now, seen.get(name, ())
        )
        for place, name in enumerate(statuspage.names_of(runbook), 1)
    )
    return replace(frame(tx, setup), components=components, incidents=store.incidents(tx), maintenances=work)


def frame(tx: Tx, setup: Setup) -> Site:
    """The page with its name and look, and nothing on it."""
    _, runbook = in_force(tx, setup)
    page, offered = runbook.status_page, bool(subscribers.offered(tx, setup))
    return Site(
        page.title, page.url or setup.public_url, runbook.organization.timezone, page.accent, page.logo, tx.now,
        (), (), (), subscribe=offered, accent_dark=page.accent_dark or "",
        subscribe_at=f"{setup.public_url}/status/subscribe" if offered and setup.is_public else "",
    )  # fmt: skip


def note_hosts(tx: Tx, hosts: Sequence[HostHealth]) -> None:
    """Keep how the hosts of the page do, for every process to show."""
    put_meta(tx, HOSTS, _HOSTS.dump_json(tuple(hosts)).decode())


def hosts(tx: Tx) -> tuple[HostHealth, ...]:
    """How the hosts of the page do, as it was last told."""
    known = get_meta(tx, HOSTS)
    try:
        return _HOSTS.validate_json(known) if known else ()
    except ValidationError:  # another version told it
        return ()


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
    made = next(one for one in store.plans(tx) if one.id == id_)
    subscribers.tell_work(tx, made)
    return made


def take_back(tx: Tx, id_: str, by: str) -> None:
    """
    Take planned work back: the public sees it no more, who was told of it hears so, and what it held back and still
    fires is paged.

    Raises:
        Refused: 404, for an unknown one.
    """
    known = next((one for one in store.plans(tx) if one.id == id_), None)
    if known is None or not store.delete_maintenance(tx, id_):
        raise Refused("there is no such planned work", 404)
    if not known.over(tx.now):
        subscribers.tell_cancelled(tx, known)
    quiet.end_of_work(tx, id_, by)
