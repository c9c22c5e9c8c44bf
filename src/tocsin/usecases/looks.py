"""What is looked at when its instant comes: hand-offs, readiness, action items, the month's numbers, reviews."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from tocsin.core.handoff import Section
from tocsin.store.db import Tx
from tocsin.usecases import action_items, handoff, numbers, readiness, reviews
from tocsin.usecases.configure import Setup
from tocsin.usecases.readiness import Report
from tocsin.usecases.reviews import Bundles

Gathered: TypeAlias = tuple[Sequence[Section], Report | None, numbers.Gathered, Bundles]


def gather(tx: Tx, setup: Setup) -> Gathered:
    """Read what the looks that are due need: apart from `run`, so that nobody's write waits for it."""
    return handoff.gather(tx, setup), readiness.gather(tx, setup), numbers.gather(tx, setup), reviews.gather(tx, setup)


def run(tx: Tx, setup: Setup, gathered: Gathered) -> None:
    """Take every look that is due."""
    sections, report, counted, bundles = gathered
    handoff.run(tx, setup, sections)
    readiness.run(tx, setup, report)
    action_items.run(tx, setup)
    numbers.run(tx, setup, counted)
    reviews.run(tx, setup, bundles)
