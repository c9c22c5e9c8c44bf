"""A token bucket: how often something may be asked of one person, so that nobody's phone is bombed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

CAPACITY: Final = 3.0  # at once
REFILL: Final = timedelta(minutes=5)  # until one more may be taken


def take(kept: tuple[float, datetime] | None, now: datetime) -> float | None:
    """
    Take one token from a bucket.

    Args:
        kept: What was left, and when; None for a bucket that was never used: it is full.
        now: Aware UTC instant.

    Returns:
        What is left now, 0 to 2 and its parts; None when there is no whole token.
    """
    left = level(kept, now)
    return left - 1 if left >= 1 else None


def level(kept: tuple[float, datetime] | None, now: datetime) -> float:
    """How many tokens are in the bucket now."""
    if kept is None:
        return CAPACITY
    had, at = kept
    return min(CAPACITY, had + max(now - at, timedelta(0)) / REFILL)


def wait(kept: tuple[float, datetime] | None, now: datetime) -> timedelta:
    """How long until one token can be taken; zero when it can be now."""
    return max(1 - level(kept, now), 0.0) * REFILL
