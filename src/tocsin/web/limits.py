"""How many requests an ingest key, and all of them together, may send: token buckets, one number for each key."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

KEY_RATE: Final = 5_000  # requests a second; settings has the same two
ALL_RATE: Final = 20_000  # requests a second
BURST_SECONDS: Final = 2.0  # a full bucket: this long at the full rate, all at once
ALL: Final = ""  # no key's hash


class Limits:
    """
    The buckets of one process. A rate of 0 is no limit.

    Each bucket is the instant (seconds of the loop's clock) at which it will be full again. Taking one is a few
    operations of one thread, so no two requests share a token. Only live keys have a bucket, so that guessing fills no
    memory and takes no tokens.
    """

    def __init__(self, key_rate: int = KEY_RATE, all_rate: int = ALL_RATE) -> None:
        self._key_seconds = 1 / key_rate if key_rate else 0.0
        self._all_seconds = 1 / all_rate if all_rate else 0.0
        self._full_at: dict[str, float] = {}

    def take(self, key: str, now: float) -> tuple[str, float] | None:
        """
        Take a token of *key* and one of the whole, or neither.

        Returns:
            None when there were tokens; else which limit is reached, `rate` (the key's own) or `overload`, and the
            seconds until there is a token.
        """
        full_at, earliest = self._full_at, now + BURST_SECONDS
        own = max(full_at.get(key, now), now) + self._key_seconds
        if own > earliest:
            return "rate", own - earliest
        whole = max(full_at.get(ALL, now), now) + self._all_seconds
        if whole > earliest:
            return "overload", whole - earliest
        full_at[key], full_at[ALL] = own, whole
        return None

    def forget(self, live: Collection[str]) -> None:
        """Drop the buckets of keys that are gone."""
        for key in [key for key in self._full_at if key not in live and key != ALL]:
            del self._full_at[key]
