"""The whole of a P0, minute by minute."""

from __future__ import annotations

from datetime import timedelta

from tocsin.core.events import Acknowledge, PostUpdate, Resolve, SetSeverity


def test_nobody_answers_so_the_policy_climbs(world):
    """A P0 pages everyone at once, then climbs step by step, and says so when its end is reached."""
    world.alert()
    assert ["backup1", "martijn"] == sorted(world.paged())

    world.wait(minutes=4, seconds=59)
    assert [] == world.paged()
    world.wait(seconds=1)
    assert ["backup1"] == world.paged()  # schedule:secondary
    world.wait(minutes=5)
    assert ["backup1"] == world.paged()  # team_lead of frontend
    world.wait(minutes=5)
    assert ["backup1", "martijn"] == sorted(world.paged())  # everyone


def test_a_whole_p0(world):
    world.alert()
    world.wait(minutes=2)
    world.act(1, Acknowledge("martijn"))
    world.paged()
    print(world.kinds())
    world.wait(minutes=3)
    world.act(1, SetSeverity("martijn", "P0"))
    world.wait(minutes=5)
    world.act(1, PostUpdate("martijn", status="identified", summary="bad deploy", next_steps="roll back", eta="10 minutes"))
    world.wait(minutes=50)
    world.act(1, Resolve("martijn", root_cause="A deployment without its environment", resolution="Rolled back"))
    for at, who, text in world.sent: print(at.time(), who, '|', text[:300].replace('\n', ' / '))
    for e in world.timeline(): print(e.seq, e.at.time(), e.kind, e.actor, str(dict(e.data))[:150])
    print((world.data/'docs/incidents').glob('*'))
    for f in (world.data/'docs/incidents').glob('*'): print(f, f.read_text())
    assert world.verified()
    assert [] == world.paged()
