"""A program on Tocsin's own machine, from the runbook's closed list: its words as they are, without a shell."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any, Final

from tocsin.sdk import (
    Acted,
    Actor,
    Config,
    Conversation,
    Plan,
    Program,
    Reject,
    Response,
    Retry,
    items_of,
    one_line,
    without_secrets,
)

TIME_LIMIT: Final = 60.0  # seconds
SHOWN: Final = 300  # characters


def plan(wish: Any, config: Config) -> Conversation[Plan | Reject | Retry]:
    """*wish* is the list of words: the program, then its arguments."""
    yield from ()
    words = [str(word) for word in (wish if isinstance(wish, (list, tuple)) else ())]
    if not words or not words[0].strip() or any("\x00" in word for word in words):
        return Reject("`command` is a list of words: the program, then its arguments")
    line = without_secrets(shlex.join(words))
    warnings = ("There is no way back by itself.", f"It is ended after {TIME_LIMIT:g} seconds, with all it started.")
    steps = (f"Tocsin's machine runs {line}, without a shell and with a clean environment.",)
    return Plan(one_line(line, SHOWN), steps, {"words": words}, None, warnings)


def holds(parameters: Mapping[str, Any], config: Config) -> Conversation[str]:
    """Nothing is asked beforehand: whether the program is there shows when it is run."""
    yield from ()
    return ""


def run(parameters: Mapping[str, Any], config: Config) -> Conversation[Acted]:
    """Run it: 0 is done, another code failed, with its last words; at its time limit nobody knows how far it came."""
    words = tuple(str(word) for word in items_of(parameters["words"]))
    response = yield Program(words, timeout_seconds=TIME_LIMIT)
    if response.status == 200:
        return Acted("done", receipt=_last(response))
    if response.status == 0:
        began = response.headers.get("started") != "no"
        why = f"{words[0]} was ended: {response.error}" if began else response.error
        return Acted("unknown" if began else "failed", why)
    code, said = response.headers.get("exit", "?"), _last(response)
    return Acted("failed", f"{words[0]} ended with {code}{': ' + said if said else ''}")


def _last(response: Response) -> str:
    """The last line of what it wrote."""
    lines = response.body.decode(errors="replace").split("\n")
    return one_line(without_secrets(next((line for line in reversed(lines) if line.strip()), "")), SHOWN)


ACTOR = Actor("command", "A program on this machine", plan, holds, run)
