"""
Probes: what a look at a target says, when that is a failure, and what the nodes together say.

A look is judged by itself (`judge`), a node's looks make its mark (`advance`), the marks of the nodes that look make
what is seen (`together`), and a change of that is told as an alert (`told`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import pairwise
from typing import Any, Final, Literal

import orjson

from tocsin.core.alert import AlertSeverity
from tocsin.core.calendar import utc_words, words
from tocsin.core.runbook_probes import CERTIFICATE, Expect, Probe, takes_status

# The worst first. Where nodes see different things and as many see each, the worse one counts.
CHECKS: Final = ("unreachable", "http_5xx", "heartbeat", "bad_answer", "slow", "certificate")
CRITICAL: Final = frozenset({"unreachable", "http_5xx"})
DOWN: Final = frozenset({"unreachable", "http_5xx", "heartbeat", "bad_answer"})  # slow is up, and so is an old paper
PERIODS: Final = 3  # a node that has not looked for so many is no longer one of those that look
SHOWN: Final = 80  # characters of an answer, in a sentence
_UNSET: Final = "<400"


@dataclass(frozen=True, slots=True)
class Seen:
    """
    What all nodes together say of a probe now.

    `check` is the word of what is wrong, empty when all is well; `at` is the last look, `since` when this state began,
    `milliseconds` how long the last answer took, None where there was none; `why` is a sentence.
    """

    ok: bool
    check: str
    at: datetime
    since: datetime
    milliseconds: int | None
    why: str


@dataclass(frozen=True, slots=True)
class Saw:
    """What came back: `status` 0 is no answer at all, and `error` says why. Of tcp and dns 200 is an answer."""

    status: int
    milliseconds: int
    body: bytes = b""
    error: str = ""
    whole: bool = True  # the answer was read to its end
    certificate_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """One look of one node, judged. `check` is empty when it was good."""

    at: datetime
    check: str = ""
    milliseconds: int | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """
    How a probe stands at one node.

    `run` counts the latest looks that were all good or all bad, the first of them at `began`; `same` those with one
    check. `why` is what the last bad look said.
    """

    ok: bool
    check: str
    since: datetime
    last: Look
    began: datetime
    run: int = 1
    same: int = 1
    why: str = ""


# --------------------------------------------------------------------------------------------- one look


def judge(probe: Probe, saw: Saw, now: datetime) -> Look:
    """
    Judge what came back at *now*.

    Of several things that are wrong the first counts: no answer, a status of 500 and up, another answer than is
    expected, a slow one, a certificate that ends soon.
    """
    if saw.status == 0:
        return Look(now, "unreachable", None, _printable(saw.error) or "no answer")
    check, why = _answer(probe, saw)
    if not check and saw.milliseconds > probe.within.total_seconds() * 1000:
        check, why = "slow", f"the answer took {saw.milliseconds / 1000:.1f} s, expected within {words(probe.within)}"
    if not check:
        check, why = _certificate(probe.expect, saw, now)
    return Look(now, check, saw.milliseconds, _printable(why))


def _printable(text: str) -> str:
    """What a target sent stands in titles, on terminals and in databases: nothing in it may act there."""
    return "".join(sign if sign.isprintable() else "·" for sign in text)


def _answer(probe: Probe, saw: Saw) -> tuple[str, str]:
    """What is wrong with an answer, as a check and a sentence; two empty texts when nothing is."""
    match probe.kind:
        case "http":
            return _http(probe.expect, saw)
        case "jsonrpc":
            return _jsonrpc(probe, saw)
        case "dns":
            return _dns(probe, saw)
        case _:
            return _holds(probe.expect, saw)


def _http(expect: Expect, saw: Saw) -> tuple[str, str]:
    wanted = _UNSET if expect.status is None else expect.status
    if not takes_status(wanted, saw.status):
        return "http_5xx" if saw.status >= 500 else "bad_answer", f"status {saw.status}, expected {wanted}"
    return _holds(expect, saw)


def _holds(expect: Expect, saw: Saw) -> tuple[str, str]:
    """Whether the answer holds the text and the JSON that are expected."""
    part = "" if saw.whole else f" in the first {len(saw.body) // 1024} KB"
    if expect.text is not None and expect.text not in saw.body.decode(errors="replace"):
        return "bad_answer", f"the answer does not hold {_short(expect.text)}{part}"
    if expect.json_ is not None:
        found = _json(saw.body)
        if found is _NONE:
            return "bad_answer", f"the answer is not JSON{part}: {_begins(saw.body)}"
        if differs := _differs(expect.json_, found):
            return "bad_answer", f"in the answer {differs}"
    return "", ""


def _jsonrpc(probe: Probe, saw: Saw) -> tuple[str, str]:
    if saw.status != 200:
        return "http_5xx" if saw.status >= 500 else "bad_answer", f"status {saw.status}, expected 200"
    why = _result(probe, _json(saw.body), saw.body)
    return ("bad_answer", why) if why else ("", "")


def _result(probe: Probe, answer: Any, body: bytes) -> str:
    """What is wrong with the result of a call."""
    if not isinstance(answer, dict):
        return f"the answer is no JSON-RPC: {_begins(body)}"
    if (error := answer.get("error")) is not None:
        said = error.get("message") if isinstance(error, dict) else error
        return f"{probe.method} answers with an error: {_short(said)}"
    if "result" not in answer:
        return f"{probe.method} answers without a result"
    if probe.method == "system_health":
        return _health(answer["result"])
    differs = _differs(probe.expect.json_, answer["result"]) if probe.expect.json_ is not None else ""
    return f"in the result {differs}" if differs else ""


def _health(result: Any) -> str:
    """Substrate's own word: it is healthy when it is not syncing, and has peers where it should have them."""
    if not isinstance(result, dict) or "isSyncing" not in result:
        return f"system_health answers {_short(result)}"
    if result["isSyncing"]:
        return "the node is syncing"
    peers = result.get("peers")
    lonely = result.get("shouldHavePeers", True) and not (isinstance(peers, int) and peers > 0)
    return "the node has no peers" if lonely else ""


def _dns(probe: Probe, saw: Saw) -> tuple[str, str]:
    found = _json(saw.body)
    addresses = [str(one) for one in found] if isinstance(found, list) else []
    if not addresses:
        return "bad_answer", f"{probe.target}: {saw.error or 'no address'}"
    wanted = probe.expect.address
    if wanted and not set(wanted) & set(addresses):
        return "bad_answer", f"{probe.target} is {_short(', '.join(addresses))}, expected {' or '.join(wanted)}"
    return "", ""


def _certificate(expect: Expect, saw: Saw, now: datetime) -> tuple[str, str]:
    if saw.certificate_until is None or saw.certificate_until - now >= (expect.certificate or CERTIFICATE):
        return "", ""
    left = saw.certificate_until - now
    return "certificate", f"the certificate ends in {words(left)}, on {utc_words(saw.certificate_until)}"


_NONE: Final = object()


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except ValueError:
        return _NONE


def _differs(wanted: Any, found: Any, where: str = "") -> str:
    """Say where *found* does not hold *wanted*: of a mapping each key, of anything else the same value."""
    if isinstance(wanted, Mapping):
        if not isinstance(found, Mapping):
            return f"{where or 'it'} is {_short(found)}, expected a JSON object"
        for key, value in wanted.items():
            path = f"{where}.{key}" if where else str(key)
            if key not in found:
                return f"{path} is not there"
            if differs := _differs(value, found[key], path):
                return differs
        return ""
    same = type(wanted) is type(found) or (_is_number(wanted) and _is_number(found))
    return "" if same and wanted == found else f"{where or 'it'} is {_short(found)}, expected {_short(wanted)}"


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _begins(body: bytes) -> str:
    """How an answer begins, for a sentence; that it is empty, or a page."""
    text = " ".join(body[: 4 * SHOWN].decode(errors="replace").split())
    if not text:
        return "it is empty"
    return "it is an HTML page" if text[:15].lower().startswith(("<!doctype", "<html")) else _short(text)


# --------------------------------------------------------------------------------------------- one node


# What the system says where no name can be looked up: nothing of it tells a target that is gone from our own trouble.
_NAMELESS: Final = (
    "cannot be looked up", "Name or service not known", "Temporary failure in name resolution",
    "No address associated with hostname",
)  # fmt: skip


def is_nameless(look: Look) -> bool:
    """Say whether a look ended before it began: the target's name could not be looked up."""
    return look.check == "unreachable" and any(words_ in look.why for words_ in _NAMELESS)


def is_blind(named: Mapping[str, bool | None]) -> bool:
    """
    Say whether a node sees nothing: it can look up no name of several, so that the trouble is its own.

    Args:
        named: For each host that has a name whether its last look found no address; None before the first look.
    """
    known = [nameless for nameless in named.values() if nameless is not None]
    return len(named) > 1 and bool(known) and all(known)


def advance(mark: Mark | None, look: Look, probe: Probe, before: Seen | None = None) -> Mark:
    """
    Take a node's next look: it fails after `fail_after` bad ones in a row, and is well after `recover_after` good ones.

    While it fails another check takes its place after `fail_after` looks that say so.

    Args:
        mark: How it stood; None for a node that never looked.
        before: What all nodes said so far: a node that joins begins with that.
    """
    if mark is None:
        ok = before is None or before.ok
        began = Mark(ok, "" if ok or before is None else before.check, before.since if before else look.at, look,
                     look.at, why=before.why if before and not ok else look.why)  # fmt: skip
        return _turned(began, look, probe)
    goes_on = bool(look.check) == bool(mark.last.check)
    now = replace(
        mark, last=look, run=mark.run + 1 if goes_on else 1, began=mark.began if goes_on else look.at,
        same=mark.same + 1 if look.check == mark.last.check else 1,
    )  # fmt: skip
    return _turned(now, look, probe)


def _turned(mark: Mark, look: Look, probe: Probe) -> Mark:
    if not look.check:
        if not mark.ok and mark.run >= probe.recover_after:
            return replace(mark, ok=True, check="", since=mark.began, why="")
        return replace(mark, why="") if mark.ok else mark
    if mark.ok and mark.run >= probe.fail_after:
        return replace(mark, ok=False, check=look.check, since=mark.began, why=look.why)
    if not mark.ok and look.check != mark.check and mark.same >= probe.fail_after:
        return replace(mark, check=look.check, why=look.why)
    return replace(mark, why=look.why) if mark.ok or look.check == mark.check else mark


# --------------------------------------------------------------------------------------------- all nodes


def patience(probe: Probe) -> timedelta:
    """How long after its last look a node is still one of those that look."""
    return PERIODS * max(probe.every, probe.gives_up)


def together(before: Seen | None, marks: Iterable[Mark], probe: Probe, now: datetime) -> Seen | None:
    """
    Say what the nodes that look see together: it fails when more than half of them say so.

    One node alone decides alone. Of nodes none of which has looked for long, the one that looked last does.
    """
    known = sorted(marks, key=lambda mark: mark.last.at)
    if not known:
        return before
    looking = [mark for mark in known if now - mark.last.at < patience(probe)] or known[-1:]
    bad = [mark for mark in looking if not mark.ok]
    ok = 2 * len(bad) <= len(looking)
    check, why = ("", _some(bad, looking)) if ok else _worst(bad)
    return Seen(ok, check, known[-1].last.at, _since(before, ok, looking), known[-1].last.milliseconds, why)


def _since(before: Seen | None, ok: bool, looking: Sequence[Mark]) -> datetime:
    """When this state began: with the look that made it more than half."""
    if before and before.ok == ok:
        return before.since
    agree = sorted(mark.since for mark in looking if mark.ok == ok)
    needed = (len(looking) + 1) // 2 if ok else len(looking) // 2 + 1
    began = agree[min(needed, len(agree)) - 1]
    return max(began, before.since) if before else began


def _worst(bad: Sequence[Mark]) -> tuple[str, str]:
    counted = Counter(mark.check for mark in bad)
    check = max(counted, key=lambda word: (counted[word], -CHECKS.index(word)))
    return check, next(mark.why for mark in reversed(bad) if mark.check == check)


def _some(bad: Sequence[Mark], looking: Sequence[Mark]) -> str:
    return f"{len(bad)} of {len(looking)} nodes see: {bad[-1].why}" if bad else looking[-1].why


def told(before: Seen | None, after: Seen, *, moved: bool = False) -> tuple[Literal["trigger", "resolve"], ...]:
    """
    What is told of a change. Another check ends the alert and begins a new one, so that triage sorts it anew: what was
    slow and now answers nothing at all is worse. So does another service (*moved*).
    """
    was = before.check if before and not before.ok else ""
    now = after.check if not after.ok else ""
    if was == now and not (moved and now):
        return ()
    ends: tuple[Literal["trigger", "resolve"], ...] = ("resolve",) if was else ()
    return (*ends, "trigger") if now else ends


def severity(check: str) -> AlertSeverity:
    """How bad an alert with this check is, before triage says what that means for users."""
    return "critical" if check in CRITICAL else "warning"


def is_down(seen: Seen) -> bool:
    """Say whether users get nothing: a slow target, or one whose certificate ends soon, is up."""
    return not seen.ok and seen.check in DOWN


def phase(node: str, name: str) -> float:
    """Where in its period a node looks at a probe, 0 to 1: the same each time, and spread over probes and nodes."""
    return int.from_bytes(sha256(f"{node} {name}".encode()).digest()[:4], "big") / 2**32


# --------------------------------------------------------------------------------------------- heartbeats


def due(probe: Probe, last: datetime) -> datetime:
    """When a job that called at *last*, or is known since then, is late."""
    return last + probe.every + (probe.grace or timedelta(0))


def beat(before: Seen | None, failed: bool, said: str, now: datetime) -> Seen:
    """A job calls in, to say that it is well or that it failed."""
    why = f"the job says that it failed{f': {_printable(_short(said))}' if said else ''}" if failed else ""
    since = before.since if before and before.ok is not failed else now
    return Seen(not failed, "heartbeat" if failed else "", now, since, None, why)


def late(probe: Probe, before: Seen | None, called_at: datetime | None, known_at: datetime, now: datetime) -> Seen:
    """What is seen of a job that should have called and did not."""
    last = called_at or known_at
    since = due(probe, last)
    heard = f"no call since {utc_words(last)}" if called_at else f"no call yet, awaited since {utc_words(last)}"
    why = f"{heard}, expected every {words(probe.every)}"
    return Seen(False, "heartbeat", called_at or since, max(since, before.since) if before else since, None, why)


# --------------------------------------------------------------------------------------------- what was


@dataclass(frozen=True, slots=True)
class Point:
    """One point of the curve."""

    at: datetime
    ok: bool
    milliseconds: int | None


@dataclass(frozen=True, slots=True)
class Change:
    """From `at` on it stood so."""

    at: datetime
    ok: bool
    check: str
    why: str

    @property
    def down(self) -> bool:
        return not self.ok and self.check in DOWN


@dataclass(frozen=True, slots=True)
class Hour:
    """The looks of one hour in short; milliseconds are None where nothing answered."""

    start: datetime
    looks: int
    failed: int
    p50: int | None
    p95: int | None
    most: int | None


def hour(start: datetime, looks: Sequence[tuple[str, int | None]]) -> Hour:
    """Sum up an hour of looks, each its check and how long it took."""
    took = sorted(ms for _, ms in looks if ms is not None)
    failed = sum(1 for check, _ in looks if check)
    if not took:
        return Hour(start, len(looks), failed, None, None, None)
    middle, high = (took[min(int(share * len(took)), len(took) - 1)] for share in (0.5, 0.95))
    return Hour(start, len(looks), failed, middle, high, took[-1])


def uptime(changes: Sequence[Change], start: datetime, end: datetime) -> float | None:
    """
    The share of [start, end) in which it was not down, 0 to 1; None where nothing is known of that span.

    Args:
        changes: Oldest first, one from before *start* if there is one. What was before the first is not known.
    """
    last = Change(end, True, "", "")
    spans = [(max(a.at, start), min(b.at, end), a.down) for a, b in pairwise([*changes, last])]
    known = sum((b - a for a, b, _ in spans if b > a), timedelta(0))
    down = sum((b - a for a, b, is_down in spans if b > a and is_down), timedelta(0))
    return 1 - down / known if known else None
