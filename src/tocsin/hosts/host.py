"""What every host has: a name, a way to put files there, and an address at which the public sees them."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Protocol, TypeAlias

import httpx

LAST: Final = "index.html"  # written last: it links to the others
LOCK: Final = "publishing.lock"  # in the data directory
LOCK_TRIES: Final = 240
LOCK_PAUSE_SECONDS: Final = 0.25
FETCH_SECONDS: Final = 10.0
PAGE_LIMIT: Final = 5_000_000  # bytes of a page that is fetched back


class File(Protocol):
    """A rendered file."""

    @property
    def type(self) -> str: ...
    @property
    def body(self) -> bytes: ...


Put: TypeAlias = Callable[[Mapping[str, File], datetime], int]  # files and the instant, to how many were written


class Failed(Exception):  # noqa: N818 - what publishing to a host has
    """A host did not take the page, or does not show it. The text is one line, without secrets."""


@dataclass(frozen=True, slots=True)
class Host:
    """
    One place that gets the page. `put` raises Failed.

    `key` is its kind in the runbook. At `url` the public sees it, where that is known: within `patience` of a publish.
    It gets the page every `every_seconds` though nothing was said: its days and ages go on.
    """

    name: str
    put: Put
    key: str = "directory"
    url: str = ""
    every_seconds: float = 600.0
    patience: timedelta = timedelta(minutes=2)


def alone(data: Path, put: Put) -> Put:
    """The same *put*, one at a time on this machine: the command and the server may publish at the same moment."""

    def locked(files: Mapping[str, File], now: datetime) -> int:
        with (data / LOCK).open("wb") as lock:
            for _ in range(LOCK_TRIES):
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    time.sleep(LOCK_PAUSE_SECONDS)
            else:
                raise Failed("another publish has been running for a minute; try again")
            return put(files, now)

    return locked


def fetch(url: str) -> bytes:
    """
    Fetch the first page as the public does.

    Raises:
        Failed: there is none.
    """
    address = f"{url.rstrip('/')}/{LAST}"
    headers = {"Cache-Control": "no-cache", "User-Agent": "Tocsin"}
    got = bytearray()
    try:
        with (
            httpx.Client(timeout=FETCH_SECONDS, trust_env=False, follow_redirects=False) as client,
            client.stream("GET", address, headers=headers) as answer,
        ):
            if answer.status_code != 200:
                raise Failed(f"{address} answers {answer.status_code}")
            for chunk in answer.iter_bytes():
                got += chunk
                if len(got) > PAGE_LIMIT:
                    break
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise Failed(f"{address} cannot be fetched: {type(error).__name__} {error}".rstrip()) from None
    return bytes(got)
