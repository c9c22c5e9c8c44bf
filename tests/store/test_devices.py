"""Devices at rest: one row for a browser, its address sealed, and gone when it ended."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from tests.fakes.push import Browser
from tocsin.core.types import Refused
from tocsin.store import devices as store
from tocsin.usecases import configure, devices
from tocsin.usecases.configure import Setup

from .conftest import EXAMPLE

WITH_PUSH = EXAMPLE.replace("channels:\n", "channels:\n  push: {webpush: {contact: ops@example.org}}\n", 1)


def browser(name: str) -> dict:
    return Browser(f"https://fcm.googleapis.com/fcm/send/{name}", "").subscription


@pytest.fixture
def ready(db, setup):
    assert not db.write_now(configure.adopt, setup, WITH_PUSH).errors
    return db


def mine(db, setup, person="martijn"):
    return [(d.name, d.readable) for d in db.read_now(devices.look, setup, person)[2]]


def test_a_device_is_registered_once_and_belongs_to_who_registered_it_last(ready, setup):
    said = browser("phone")
    ready.write_now(devices.register, setup, "martijn", " My\nphone ", said)
    ready.write_now(devices.register, setup, "martijn", "Phone", said)
    assert [("Phone", True)] == mine(ready, setup)

    ready.write_now(devices.register, setup, "backup1", "", said)
    assert ([], [("A browser", True)]) == (mine(ready, setup), mine(ready, setup, "backup1"))


def test_at_rest_neither_address_nor_keys_can_be_read(ready, setup):
    """Nor by a Tocsin with another secret key, which says so instead of failing."""
    said = browser("secret-of-the-endpoint")
    ready.write_now(devices.register, setup, "martijn", "Phone", said)
    row = ready.read_now(lambda tx: tx.first(text("SELECT * FROM devices")))
    for secret in ("secret-of-the-endpoint", said["keys"]["auth"], said["keys"]["p256dh"]):
        assert secret not in str(tuple(row))

    other = Setup(setup.plugins, {}, setup.public_url, b"another-key", setup.data)
    assert [("Phone", False)] == mine(ready, other)
    transport = setup.plugins.transports["webpush"]
    assert [] == ready.read_now(devices.settings_for, other, transport, "martijn")["devices"]


def test_a_transport_gets_the_devices_of_its_person_and_others_get_nothing(ready, setup):
    for name in ("a", "b"):
        ready.write_now(devices.register, setup, "martijn", name, browser(name))
    ready.write_now(devices.register, setup, "backup1", "c", browser("c"))
    given = ready.read_now(devices.settings_for, setup, setup.plugins.transports["webpush"], "martijn")

    assert ["a", "b"] == [one["endpoint"][-1] for one in given["devices"]]
    assert devices.device_key(setup) == given["device_key"] and 32 == len(given["device_key"])
    assert {} == ready.read_now(devices.settings_for, setup, setup.plugins.transports["smtp"], "martijn")


def test_what_ended_is_forgotten_and_only_ones_own_can_be_removed(ready, setup):
    for name in ("a", "b", "c"):
        ready.write_now(devices.register, setup, "martijn", name, browser(name))
    a, b, _ = [row.id for row in ready.read_now(store.of, "martijn")]
    ready.write_now(devices.remove, "backup1", a)
    assert 3 == len(mine(ready, setup))
    ready.write_now(devices.remove, "martijn", a)
    ready.write_now(devices.ended, (b, "unknown"))
    ready.write_now(devices.ended, ())

    assert [("c", True)] == mine(ready, setup)


def test_there_is_an_end_to_how_many(ready, setup):
    for i in range(devices.MOST):
        ready.write_now(devices.register, setup, "martijn", str(i), browser(str(i)))

    with pytest.raises(Refused, match="8 devices are registered already"):
        ready.write_now(devices.register, setup, "martijn", "one more", browser("more"))


def test_what_is_no_device_or_has_no_channel_is_refused(ready, setup):
    with pytest.raises(Refused, match="not a browser's push subscription") as refused:
        ready.write_now(devices.register, setup, "martijn", "x", {"endpoint": "http://127.0.0.1/"})
    assert 422 == refused.value.status

    assert not ready.write_now(configure.adopt, setup, EXAMPLE).errors
    for call in ((devices.register, setup, "martijn", "x", browser("x")), (devices.test, setup, "martijn")):
        with pytest.raises(Refused, match="no channel for devices"):
            ready.write_now(*call)
    assert (None, "", ()) == ready.read_now(devices.look, setup, "martijn")
