"""A restored Tocsin wakes nobody for what is long over."""

from __future__ import annotations

from tocsin.usecases import restored
from tocsin.usecases.configure import put_meta


def restore(world):
    """What `tocsin restore` leaves, and the start after it."""
    world.db.write_now(put_meta, "restored", "waits for a start")
    world.db.write_now(restored.begin, world.setup)


def test_after_a_restore_one_summary_goes_out_and_nothing_else(world):
    """It says what is open and whom it would page; pages wait for the release."""
    world.db.write_now(put_meta, "restored", "waits for a start")
    world.alert()
    assert [] == world.sent, "nothing before the first start has looked"

    world.db.write_now(restored.begin, world.setup)
    world.wait(minutes=9)
    assert 1 == len(world.sent)
    text = world.sent[0][2]
    assert "1 incidents were open in the backup, 1 of them not acknowledged" in text
    assert "would page: INC-1 [P0] proofi.ai answers 503 for everyone (backup1, martijn)" in text
    assert [line for line in world.db.read_now(restored.banner) if "restore --release" in line]


def test_a_release_lets_everything_go_out(world):
    restore(world)
    world.alert()
    world.sent.clear()
    assert world.db.write_now(restored.release, "admin")
    world.work()
    assert {"martijn", "backup1"} <= {to for _, to, text in world.sent if "You are paged" in text}
    assert [] == world.db.read_now(restored.banner)
    assert not world.db.write_now(restored.release, "admin"), "a second time nothing is held"
    assert world.verified()


def test_after_ten_minutes_it_releases_itself(world):
    restore(world)
    world.alert()
    world.wait(minutes=9, seconds=59)
    assert not [text for _, _, text in world.sent if "INC-1" in text and "would page" not in text]
    world.wait(seconds=5)
    assert [text for _, _, text in world.sent if "You are paged" in text or "incidents wait" in text]
