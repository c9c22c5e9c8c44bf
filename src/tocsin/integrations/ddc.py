"""Cere's DDC: whether the storage clusters that the runbook names are alive.
Source: reference of the SDK, which asks `GET {url}/info` of a node and counts any 2xx as alive"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from tocsin.sdk import (
    Config,
    ConnectionTest,
    Conversation,
    Diagnoser,
    Found,
    Look,
    Reject,
    Request,
    Response,
    Retry,
    Tested,
    one_line,
)

TIME_LIMIT: Final = 5.0  # seconds, for each cluster: what takes longer is too slow for those who wait for their data
READ_BYTES: Final = 4_096  # the body says nothing that counts


@dataclass(frozen=True, slots=True)
class _Cluster:
    name: str
    url: str
    up: bool
    words: str


def _look_at(config: Config) -> Conversation[list[_Cluster] | Reject]:
    """Every cluster, the active one first."""
    clusters, active = config.get("clusters"), str(config.get("active") or "")
    if not isinstance(clusters, Mapping) or active not in clusters:
        return Reject(f"the connection ddc names no cluster {active or '(active is empty)'}")
    found = []
    for name in sorted(clusters, key=lambda name: (name != active, name)):
        url = str(clusters[name]).rstrip("/")
        response = yield Request("GET", f"{url}/info", timeout_seconds=TIME_LIMIT, answer_limit=READ_BYTES)
        if 300 <= response.status < 500:  # a gateway that has no such path; what it serves is asked for
            response = yield Request("GET", url, timeout_seconds=TIME_LIMIT, answer_limit=READ_BYTES)
        found.append(_Cluster(one_line(str(name), 100), url, 200 <= response.status < 500, _words(response)))
    return found


def _words(response: Response) -> str:
    if response.status == 0:
        return f"gives no answer: {response.error}"
    return f"answers {response.status} in {response.seconds:.2f} s"


def look(look: Look, config: Config) -> Conversation[Sequence[Found] | Reject | Retry]:
    """Say how each cluster is. The active one down and another up points at storage."""
    clusters = yield from _look_at(config)
    if not isinstance(clusters, list):
        return clusters
    active, *others = clusters
    spare = next((other for other in others if other.up), None)
    found = []
    for each in clusters:
        text = f"The {'active ' if each is active else ''}DDC cluster {each.name} ({each.url}) {each.words}."
        if each is active and not each.up:
            way = f" {spare.name} is up: it can take over." if spare else " No other cluster is up."
            away = Found(text + way, ok=False, suspect="dependency", target=each.name, weight=0.6)
            # Without another one up it is the network itself, or our way to it: nobody is to be offered a switch.
            found.append(replace(away, suspect="storage", weight=0.9) if spare else away)
        else:
            found.append(Found(text, ok=each.up, target=each.name))
    return found


def test(config: Config) -> Conversation[Tested]:
    """Look at every cluster. There is no call that switches: that is an action of the application's own."""
    clusters = yield from _look_at(config)
    if not isinstance(clusters, list):
        return Tested(False, missing=(clusters.why,))
    missing = tuple(f"the cluster {each.name} ({each.url}) {each.words}" for each in clusters if not each.up)
    text = f"{len(clusters) - len(missing)} of {len(clusters)} clusters are up; {clusters[0].name} is the active one."
    return Tested(len(missing) < len(clusters), None, missing, text)


DIAGNOSERS = (Diagnoser("ddc.status", "DDC's clusters", look, ("active", "clusters")),)
CONNECTION_TEST = ConnectionTest("ddc", "Cere DDC", test)
