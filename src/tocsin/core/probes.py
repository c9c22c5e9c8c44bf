"""What a probe saw when it looked last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Seen:
    """
    The last look of a probe. `check` names what is wrong (`http_5xx`, `unreachable` ...), empty where `ok`.

    `at` is when it looked, `since` when it first saw what it sees now; `why` says it in words.
    """

    ok: bool
    check: str
    at: datetime
    since: datetime
    milliseconds: int | None
    why: str
