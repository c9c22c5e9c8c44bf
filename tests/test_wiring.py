"""The process clock: it never goes back and never stands, whatever the machine's clock does."""

from __future__ import annotations

import contextlib
import io
from dataclasses import fields
from datetime import UTC, datetime, timedelta

import pytest
from typer.main import get_command

from tocsin import serving, settings, wiring
from tocsin.cli import app
from tocsin.core.events import Declared
from tocsin.settings import Settings
from tocsin.store import incidents
from tocsin.usecases import respond, tick, watch
from tocsin.wiring import Clock

START = datetime(2026, 11, 23, 9, 2, tzinfo=UTC)
HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)


class Machine:
    """A machine whose two clocks are turned by hand: seconds pass on both, `set` moves only the one on the wall."""

    def __init__(self) -> None:
        self.wall, self.steady = START, 0.0
        self.clock = Clock(lambda: self.wall, lambda: self.steady)

    def passes(self, span: timedelta) -> None:
        self.wall += span
        self.steady += span.total_seconds()


def test_a_clock_that_is_right_is_followed():
    machine = Machine()
    machine.passes(MINUTE)

    assert START + MINUTE == machine.clock()
    assert (timedelta(0), timedelta(0)) == machine.clock.moved()


def test_a_faster_clock_is_for_programs_alone():
    """An hour in a minute, on both clocks; no setting and no option of `serve` can ask for it."""
    machine = Machine()
    fast = Clock(lambda: machine.wall, lambda: machine.steady, speed=60)
    machine.passes(MINUTE)

    assert START + HOUR == fast()
    assert (timedelta(0), timedelta(0)) == fast.moved()
    machine.wall -= MINUTE  # the machine's clock is set back: time goes on at the same speed
    machine.passes(SECOND)
    assert START + HOUR + MINUTE == fast()
    assert 1 == Clock().speed
    options = {option.name for option in get_command(app).commands["serve"].params}
    assert {"runbook", "database", "host", "port", "role"} == options
    assert "speed" not in {field.name for field in fields(Settings)}


def test_time_goes_on_while_the_machines_clock_is_an_hour_behind():
    """No refire and no delay: a second is a second, and the machine's clock is followed again once it is ahead."""
    machine = Machine()
    machine.clock()
    machine.wall -= HOUR
    for seconds in range(1, 5):
        machine.passes(SECOND)
        assert START + seconds * SECOND == machine.clock()
    assert HOUR == machine.clock.moved()[0]
    assert HOUR == machine.clock.moved()[0]  # it still is
    machine.wall += HOUR
    assert START + 4 * SECOND == machine.clock()
    machine.clock.moved()
    assert (timedelta(0), timedelta(0)) == machine.clock.moved()


def test_a_jump_forward_is_followed_and_told_once():
    machine = Machine()
    machine.clock()
    machine.wall += HOUR

    assert START + HOUR == machine.clock()
    assert HOUR == machine.clock.moved()[1]
    assert timedelta(0) == machine.clock.moved()[1]


def test_a_start_goes_on_from_the_mark():
    machine = Machine()
    machine.clock.resume(START + HOUR)
    machine.passes(MINUTE)

    assert START + HOUR + MINUTE == machine.clock()
    assert HOUR == machine.clock.moved()[0]
    machine.clock.resume(START)  # an old mark changes nothing
    assert START + HOUR + MINUTE == machine.clock()


def test_a_clock_set_back_between_two_starts_is_told_and_due_times_hold(tmp_path):
    """The mark of the first start is ahead of the machine: the second one goes on from it, and the timer is on time."""
    given = settings.read({"TOCSIN_DATABASE": f"sqlite:///{tmp_path}/t.db"})
    house = wiring.build(given)
    ahead = house.clock() + HOUR
    house.clock.resume(ahead)
    house.db.write_now(watch.keep_time, timedelta(0), timedelta(0))
    number = house.db.write_now(respond.declare, house.setup, Declared("down", "P1", "martijn"))
    due = house.db.read_now(incidents.bare, number).step_due
    house.db.close()

    house = wiring.build(given)
    assert ahead <= house.clock() < ahead + MINUTE
    left = house.db.read_now(tick.look).seconds
    assert left == 0 or left <= (due - ahead).total_seconds()
    assert house.db.write_now(watch.keep_time, *house.clock.moved()).startswith("clock moved back: ")
    assert house.db.read_now(watch.banners)[0].startswith("Clock moved back: this machine's clock is ")
    house.db.close()


def test_a_log_on_a_full_disk_stops_nothing(monkeypatch):
    with open("/dev/full", "w", buffering=1) as full:
        monkeypatch.setattr("sys.stderr", full)
        serving.configure_logs("json")
        import structlog

        structlog.get_logger("fresh").error("storage_full", why="x" * 10_000)
        monkeypatch.undo()
        structlog.reset_defaults()
        with contextlib.suppress(OSError):
            full.close()


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_traceback_in_the_log_shows_no_values(form, monkeypatch):
    """Tokens stand in variables: what raised and where is enough."""
    import structlog

    said = io.StringIO()
    monkeypatch.setattr("sys.stderr", said)
    serving.configure_logs(form)
    token = "-".join(("secret", "of", "a", "vendor"))
    try:
        structlog.get_logger("fresh").info("begun")
        try:
            raise ValueError("what the matter is")
        except ValueError:
            structlog.get_logger("fresh").exception("send_failed")
    finally:
        structlog.reset_defaults()
    assert token
    assert "what the matter is" in said.getvalue() and "Traceback" in said.getvalue()
    assert token not in said.getvalue()
