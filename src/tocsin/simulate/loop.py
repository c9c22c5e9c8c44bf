"""An event loop that never waits: its time jumps to the next timer as soon as nothing is left to do."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable
from typing import Any


class Deadlock(Exception):  # noqa: N818 - what it is
    """Nothing is left to do, and nothing ever will be."""


class _Skipping(selectors.DefaultSelector):
    """Watches nothing: instead of waiting for sockets it moves the loop's time."""

    loop: VirtualLoop

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise Deadlock("every task waits for another")
        self.loop.at += max(timeout, 0.0)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """`at` is its time in seconds since its start. Work for a thread is done at once, in this one."""

    def __init__(self) -> None:
        selector = _Skipping()
        self.at = 0.0
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self.at

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> Any:  # type: ignore[override]
        done = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - handed to who awaits it, as a thread would
            done.set_exception(error)
        return done
