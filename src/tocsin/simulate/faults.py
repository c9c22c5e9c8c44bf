"""What goes wrong, and when: drawn from the seed before the run, so that a failing run is shrunk by dropping some."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING, Any, Final

from tocsin import points
from tocsin.simulate.target import MODES as TARGET_MODES

if TYPE_CHECKING:
    from tocsin.simulate.world import Node, World

HOUR: Final = 3600.0
STORM_SECONDS: Final = 900.0
SIMULATED: Final = tuple(name for name in points.POINTS if name[0] in "ITOA")
ACTED: Final = tuple(name for name in points.POINTS if name[0] == "X")  # passed where people act
MODES: Final = ("blackhole", "reset", "500", "429", "429", "not_ok", "html", "lost_answer", "slow")
LASTS: Final = {"provider": 600.0, "target": 1800.0}  # seconds on average; the others 120


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: what, when (seconds since the start), for how long, where, and how."""

    kind: str
    at: float
    seconds: float = 0.0
    node: str = ""
    how: str = ""
    count: int = 0
    point: str = ""  # it waits from `at` until some node passes this crash point

    def __str__(self) -> str:
        span = f" for {self.seconds:.0f} s" if self.seconds else ""
        when = f", as {self.point} is passed" if self.point else ""
        return f"{self.kind} {self.how}{' at ' + self.node if self.node else ''}{span}{when}".replace("  ", " ")


def plan(
    seed: int, days: float, kinds: frozenset[str], *, nodes: int = 2, acting: bool = False
) -> tuple[Fault, ...]:  # fmt: skip
    """
    Draw the faults of a run: of each kind in *kinds* some, in order of time.

    Where people act there are more of them, which strike while an action runs.
    """
    random = Random(f"faults {seed}")
    faults = []
    for kind, per_day in RATES.items():
        count = _count(random, per_day * days)
        drawn = [_draw(random, kind, days, nodes) for _ in range(count)]
        if kind in kinds:
            faults += drawn
    if acting:
        faults += [fault for fault in _while_acting(seed, days, nodes) if fault.kind in kinds]
    return tuple(sorted(faults, key=lambda fault: fault.at))


def _while_acting(seed: int, days: float, nodes: int) -> list[Fault]:
    """As many again, each at a point of an action; those of its target strike at any time as well."""
    random = Random(f"faults of acting {seed}")
    faults = []
    for kind, per_day in (RATES | TARGET_RATES).items():
        for _ in range(_count(random, max(per_day, OFTEN) * days)):
            fault, point = _draw(random, kind, days, nodes), random.choice(ACTED)
            if kind == "crash":
                fault = replace(fault, how=point, count=random.choice((1, 1, 2)))
            elif kind != "target" or random.random() < 0.5:
                fault = replace(fault, point=point)
            faults.append(fault)
    return faults


def _count(random: Random, mean: float) -> int:
    count, left = 0, random.expovariate(1)
    while left < mean:
        count, left = count + 1, left + random.expovariate(1)
    return count


def _draw(random: Random, kind: str, days: float, nodes: int) -> Fault:
    seconds = min(random.expovariate(1 / LASTS.get(kind, 120.0)), HOUR)
    return Fault(
        kind, round(random.uniform(0, days * 24 * HOUR), 3), round(seconds, 1),
        random.choice("ABC"[:nodes]), _how(random, kind), random.choice((1, 2, 7)), _point(random, kind),
    )  # fmt: skip


def _point(random: Random, kind: str) -> str:
    """Half of the faults strike in the midst of something: most of a simulated day nothing goes on."""
    drawn = random.choice(SIMULATED)
    return drawn if random.random() < 0.5 and kind != "crash" else ""


def _how(random: Random, kind: str) -> str:
    if kind == "crash":
        return random.choice(SIMULATED)
    if kind == "provider":
        return f"{random.choice(('telegram', 'mail', 'all'))} {random.choice(MODES)}"
    if kind == "clock":
        return random.choice(("3600", "-3600", "86400", "-600"))
    if kind == "target":
        return random.choice(TARGET_MODES)
    return ""


def _crash(world: World, fault: Fault) -> None:
    world.crash_at = (fault.node, fault.how, fault.count)


def _kill(world: World, fault: Fault) -> None:
    _node(world, fault).die("kill -9")


def _pause(world: World, fault: Fault) -> None:
    node = _node(world, fault)
    node.paused_until = world.loop.at + fault.seconds
    world.fault_now(fault.seconds)


def _store(world: World, fault: Fault) -> None:
    seconds = min(fault.seconds, 60.0)
    for node in world.nodes if fault.count > 1 else [_node(world, fault)]:
        node.db.down_until = world.loop.at + seconds
    world.fault_now(seconds)


def _answer(world: World, fault: Fault) -> None:
    _node(world, fault).db.lose_answers += fault.count
    world.fault_now()


def _notify(world: World, fault: Fault) -> None:
    world.notify_lost_until = world.loop.at + fault.seconds


def _provider(world: World, fault: Fault) -> None:
    which, _, mode = fault.how.partition(" ")
    world.providers.break_(which, mode, fault.seconds)
    world.fault_now(fault.seconds)


def _target(world: World, fault: Fault) -> None:
    world.target.break_(fault.how, fault.seconds)


def _clock(world: World, fault: Fault) -> None:
    world.jump(float(fault.how))


def _runbook(world: World, fault: Fault) -> None:
    world.edit_runbook()


def _bad_runbook(world: World, fault: Fault) -> None:
    world.edit_runbook("version: 1\npeople: {ana: {nmae: Ana}}\n")


def _restore(world: World, fault: Fault) -> None:
    """A backup is taken; the last one is put back when the run is over."""
    if world.driver:
        world.backup = world.driver.serialize()


def _storm(world: World, fault: Fault) -> None:
    """Much breaks at once, and mostly the way to the providers with it."""
    if fault.count > 1:
        world.providers.break_("all", "reset", STORM_SECONDS)
        world.fault_now(STORM_SECONDS)
    world.storm()


APPLY: Final[dict[str, Callable[[Any, Fault], None]]] = {
    "crash": _crash, "kill": _kill, "pause": _pause, "store": _store, "answer": _answer, "notify": _notify,
    "provider": _provider, "clock": _clock, "runbook": _runbook, "bad_runbook": _bad_runbook, "storm": _storm,
    "restore": _restore, "target": _target,
}  # fmt: skip
RATES: Final = {  # a day
    "crash": 6, "kill": 1, "pause": 1.5, "store": 2, "answer": 2, "notify": 1, "provider": 4, "clock": 0.3,
    "runbook": 2, "bad_runbook": 0.4, "storm": 0.06, "restore": 1,
}  # fmt: skip


TARGET_RATES: Final = {"target": 12}  # of what actions change, where people act
OFTEN: Final = 1.0  # a day, at least, of each kind while an action runs
ALL_FAULTS: Final = frozenset(RATES | TARGET_RATES)
GROUPS: Final = {  # names that a person can ask for
    "all": ALL_FAULTS, "none": frozenset[str](), "deaths": frozenset({"crash", "kill", "pause"}),
    "storage": frozenset({"store", "answer", "notify", "restore"}),
    "outside": frozenset({"provider", "storm", "target"}),
    "time": frozenset({"clock"}), "edits": frozenset({"runbook", "bad_runbook"}),
}  # fmt: skip


def kinds_of(text: str) -> frozenset[str]:
    """
    Read a choice of faults: kinds and groups with commas between them; one with a `-` before it is left out.

    Raises:
        ValueError: a word is neither a kind nor a group.
    """
    words = [word.strip() for word in text.split(",")]
    known = GROUPS | {kind: frozenset({kind}) for kind in ALL_FAULTS}
    if unknown := sorted({word.removeprefix("-") for word in words} - set(known)):
        raise ValueError(f"no fault {', '.join(unknown)}; there are {', '.join(known)}")
    chosen = ALL_FAULTS if words[0].startswith("-") else frozenset[str]()
    for word in words:
        chosen = chosen - known[word[1:]] if word.startswith("-") else chosen | known[word]
    return chosen


def _node(world: World, fault: Fault) -> Node:
    return next((node for node in world.nodes if node.name == fault.node), world.nodes[0])
