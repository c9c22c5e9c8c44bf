"""The devices that people register to be notified on. Their addresses are secrets, and sealed at rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
import structlog

from tocsin.core.delivery import Route
from tocsin.core.runbook import Runbook
from tocsin.core.types import Refused
from tocsin.sdk import BadPayload, Transport, one_line
from tocsin.store import access, audit
from tocsin.store import devices as store
from tocsin.store.db import Tx
from tocsin.usecases import rescue
from tocsin.usecases.configure import Setup, in_force
from tocsin.usecases.sealing import derived, seal, unseal

MOST: Final = 8  # of one person: each costs a call for each page
NAME_LIMIT: Final = 60  # characters
TEST_EVERY_SECONDS: Final = 10  # a second press within them sends nothing more

log = structlog.get_logger("tocsin.devices")


@dataclass(frozen=True, slots=True)
class Way:
    """The runbook's channel that takes devices, with its transport and settings."""

    channel: str
    transport: Transport
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Device:
    """One registered device, without its address. `readable` is false when it was sealed under another key."""

    id: str
    name: str
    since: datetime
    readable: bool


def way(setup: Setup, runbook: Runbook) -> Way | None:
    """The first channel whose transport takes devices, or None."""
    for name in runbook.channels:
        channel = runbook.channel(name)
        transport = setup.plugins.transports.get(channel.kind) if channel else None
        if channel and transport and transport.devices and f"channels.{name}.{channel.kind}" not in runbook.left_out:
            return Way(name, transport, channel.settings)
    return None


def device_key(setup: Setup) -> bytes:
    """32 bytes that only this Tocsin has, on every node, and that stay while its secret key does."""
    return derived(setup, "devices")


def look(tx: Tx, setup: Setup, person: str) -> tuple[Way | None, str, tuple[Device, ...]]:
    """What a person's page shows: the way, the public key that a browser needs, and the devices."""
    _, runbook = in_force(tx, setup)
    found = way(setup, runbook)
    devices = tuple(
        Device(row.id, row.name, row.created_at, _opened(setup, row) is not None) for row in store.of(tx, person)
    )
    public = found.transport.devices.public_key(device_key(setup)) if found and found.transport.devices else ""
    return found, public, devices


def register(tx: Tx, setup: Setup, person: str, name: str, said: object) -> None:
    """
    Keep a device of a person; the same one again replaces itself.

    Raises:
        Refused: 409 without a channel for devices or with too many of them, 422 for what is no device.
    """
    _, runbook = in_force(tx, setup)
    found = way(setup, runbook)
    if found is None or found.transport.devices is None:
        raise Refused("the runbook has no channel for devices", 409)
    try:
        address = found.transport.devices.read(said, found.settings)
    except BadPayload as error:
        raise Refused(str(error), 422) from None
    mark = access.hash_of(orjson.dumps(dict(address), option=orjson.OPT_SORT_KEYS).decode())
    if len([row for row in store.of(tx, person) if row.mark != mark]) >= MOST:
        raise Refused(f"{MOST} devices are registered already: remove one first", 409)
    label = one_line(name, NAME_LIMIT) or "A browser"
    sealed = seal(setup, "devices", mark, orjson.dumps(dict(address)))
    store.put(tx, person=person, kind=found.transport.name, name=label, mark=mark, sealed=sealed)
    audit.append(tx, person, "device_registered", {"name": label, "kind": found.transport.name})


def remove(tx: Tx, person: str, id_: str) -> None:
    """Forget one of a person's own devices."""
    if store.drop(tx, [id_], person):
        audit.append(tx, person, "device_removed", {"id": id_})


def test(tx: Tx, setup: Setup, person: str) -> None:
    """Send a text to all of a person's devices, through the outbox as everything else."""
    _, runbook = in_force(tx, setup)
    if (found := way(setup, runbook)) is None:
        raise Refused("the runbook has no channel for devices", 409)
    turn = int(tx.now.timestamp()) // TEST_EVERY_SECONDS
    route = Route(found.channel, found.transport.name, person)
    text = "This is how a page from Tocsin arrives on this device. Nothing is wrong."
    rescue.alarm(
        tx, f"device-test:{person}:{turn}", route, "A test from Tocsin", text, link=f"{setup.public_url}/devices",
        person=person,
    )  # fmt: skip


def settings_for(tx: Tx, setup: Setup, transport: Transport | None, person: str) -> dict[str, Any]:
    """What a transport that takes devices needs beside its settings; nothing for any other."""
    if transport is None or transport.devices is None:
        return {}
    rows = [row for row in store.of(tx, person) if row.kind == transport.name]
    opened = [(row.id, _opened(setup, row)) for row in rows]
    return {
        "devices": [{**address, "id": id_} for id_, address in opened if address is not None],
        "device_key": device_key(setup),
    }


def ended(tx: Tx, ids: tuple[str, ...]) -> None:
    """Forget devices whose registration ended at the far side."""
    if ids and (count := store.drop(tx, ids)):
        log.info("devices_ended", count=count)


def _opened(setup: Setup, row: Any) -> dict[str, str] | None:
    """The address of a row; None when it was sealed under another secret key."""
    text = unseal(setup, "devices", row.mark, row.sealed)
    address: dict[str, str] | None = orjson.loads(text) if text else None
    return address
