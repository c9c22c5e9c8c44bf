"""
Time zone rules of another version than the wheel's, to run both: `2025b`, the zones of reliability.md, section 5.

The files are those of the tzdata wheel 2025.2 (in the public domain). They do not know that Vancouver, Edmonton and Winnipeg stay on
summer time from 2026-11-01, nor the end of Ramadan time in Morocco in 2026.
"""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tocsin import zones
from tocsin.core import calendar

OLD = Path(__file__).parent / "2025b"


def use(folder: Path) -> None:
    """Let every zone come from a folder from now on, and nothing be remembered of what the zones were."""
    zoneinfo.reset_tzpath((str(folder),) if folder != WHEEL else ())
    zoneinfo.ZoneInfo.clear_cache()
    calendar._steady_offset.cache_clear()


WHEEL = Path()


def names(folder: Path) -> list[str]:
    """The zones of a folder."""
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())


@contextmanager
def old_rules() -> Iterator[None]:
    """The rules of 2025b for a while, and their version wherever it is shown."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(zones, "version", lambda: OLD.name)
        use(OLD)
        try:
            yield
        finally:
            use(WHEEL)
