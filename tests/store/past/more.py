"""The same, and a row in every table that came after 0002: `python -m tests.store.past.more FILE`."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

from tocsin.core.stand_ins import Booking
from tocsin.core.swap import Swap
from tocsin.store import calendars, chat, devices, handoffs, oncall, publish
from tocsin.store import looks as store_looks
from tocsin.store import people as contacts
from tocsin.usecases import people, rota

from .story import House, live

DAY = timedelta(days=1)


def stand_ins(house: House) -> None:
    db, setup, now = house.db, house.setup, house.now
    span = {"reason": "dentist", "by": "ana"}
    db.write_now(
        rota.add_override, setup, schedule="primary", person="bo", start=now + DAY, until=now + 2 * DAY, **span
    )
    db.write_now(rota.add_absence, setup, person="ana", start=now + 30 * DAY, until=now + 31 * DAY, **span)
    turn, back = (now + 7 * DAY, now + 14 * DAY), (now + 14 * DAY, now + 21 * DAY)
    db.write_now(oncall.put_swap, Swap("swap-1", "primary", "ana", "bo", *turn, *back, "a wedding", "asked", now))
    db.write_now(calendars.know, "elsewhere", "https://calendar.example/x.ics")
    read = [Booking("elsewhere", now, now + DAY, ("ana",))]
    db.write_now(calendars.keep, "elsewhere", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", '"e1"', read, now + DAY)


def reach(house: House) -> None:
    db, setup = house.db, house.setup
    db.write_now(contacts.note_proved, "ana", "hook", "m1", "a press")
    db.write_now(contacts.note_broken, "bo", "alerts", "m2", "410 Gone")
    db.write_now(people.send_check, setup, "bo", "hook", "ana", "secret-of-a-check")
    db.write_now(contacts.took_turn, "default:1", "ana")
    db.write_now(contacts.keep_bucket, "by hand:ana", 0.5)
    db.write_now(chat.first_time, "telegram:17")
    db.write_now(chat.lease, "telegram:alerts", "node", house.now)
    db.write_now(devices.put, person="ana", kind="webpush", name="Phone", mark="d1", sealed="sealed-address")


def shown(house: House) -> None:
    now = house.now
    house.db.write_now(
        publish.add_maintenance, title="New disks", text="Slow for an hour", components=["Checkout"], start=now + DAY,
        until=now + DAY + timedelta(hours=1), by="ana",
    )  # fmt: skip
    house.db.write_now(store_looks.first_time, "gap:primary:2026-12-01")
    house.db.write_now(
        handoffs.add, now - DAY, person="bo", schedules=[{"schedule": "primary", "outgoing": ["ana"], "until": None}],
        state="confirmed", confirmed_at=now, confirmed_by="bo",
    )  # fmt: skip


if __name__ == "__main__":
    made = House(Path(sys.argv[1]))
    shown(made)
    stand_ins(made)
    reach(made)
    live(made)
    made.db.close()
