"""The planted bugs themselves: each takes the place of what is there, and does not fail for want of an argument."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from . import acting_bugs, bugs

PLANTED = bugs.PLANTED | acting_bugs.PLANTED


class Looking:
    """Takes note of what a bug would put in the place of what."""

    def __init__(self) -> None:
        self.pairs: list[tuple[str, Any, Any]] = []

    def setattr(self, there: Any, name: str, new: Any) -> None:
        self.pairs.append((name, getattr(there, name), new))


@pytest.mark.parametrize("bug", PLANTED)
def test_a_planted_bug_can_be_called_as_what_it_replaces(bug):
    """A bug that raises at each call would be caught for that, and show nothing."""
    looking = Looking()
    PLANTED[bug](looking)
    assert looking.pairs
    for name, old, new in looking.pairs:
        if not callable(old):
            continue
        wanted = inspect.signature(old).parameters.values()
        by_place = [None for p in wanted if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
        by_name = {p.name: None for p in wanted if p.kind is p.KEYWORD_ONLY}
        inspect.signature(new).bind(*by_place, **by_name), name
