"""Whether what the runbook connects works: everything it names is looked at at once, and nothing is changed."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

import orjson

from tocsin.core.runbook import Runbook
from tocsin.core.types import Json, instant_text
from tocsin.net import redact
from tocsin.sdk import Config, Conversation, Tested, clip, one_line
from tocsin.store.db import Tx
from tocsin.usecases.configure import Setup, channel_config, get_meta, in_force, put_meta

LAST: Final = "connections"  # the word of the database about the last test
DEADLINE_SECONDS: Final = 15.0  # for each, however many calls it makes
TEXT_LIMIT: Final = 300  # characters of one sentence
ACRONYM: Final = 3  # letters
SHORT: Final = 6  # characters; what is shorter is no secret, and would be taken out of every word
SECRET: Final = ("token", "secret", "password", "key", "dsn", "url", "sid")  # what names a setting that is not shown
State: TypeAlias = Literal["works", "fails", "left_out", "no_test", "not_yet"]


@dataclass(frozen=True, slots=True)
class Target:
    """One thing that the runbook connects. `left_out` are the names that the environment lacks for it."""

    where: str  # connections.vercel, channels.alerts
    kind: str
    title: str
    test: Callable[[Config], Conversation[Tested]] | None
    config: Config
    left_out: tuple[str, ...] = ()

    @property
    def is_tested(self) -> bool:
        """Whether there is something to run."""
        return self.test is not None and not self.left_out


@dataclass(frozen=True, slots=True)
class Result:
    """What a test said: whether it reads and acts (None: it never acts, or only acting would tell), what is missing."""

    where: str
    kind: str
    title: str
    state: State
    reads: bool | None = None
    acts: bool | None = None
    missing: tuple[str, ...] = ()
    text: str = ""

    @property
    def json(self) -> Json:
        """As the API and the command line show it."""
        return {**asdict(self), "missing": list(self.missing)}


def targets(setup: Setup, runbook: Runbook) -> list[Target]:
    """Everything that the runbook connects: connections, channels, and what its actions reach by themselves."""
    found = []
    for kind in type(runbook.connections).model_fields:
        settings = getattr(runbook.connections, kind)
        if settings is not None:
            own = {**settings.model_dump(), "public_url": setup.public_url}
            found.append(_target(setup, runbook, f"connections.{kind}", kind, own))
    for name in runbook.channels:
        channel = runbook.channel(name)
        if channel is not None:
            config = channel_config(setup, runbook, name)
            found.append(_target(setup, runbook, f"channels.{name}", channel.kind, config))
    for name, action in runbook.actions.items():
        for kind in setup.plugins.connection_tests:
            wish: Any = getattr(action, kind, None)
            if kind not in type(runbook.connections).model_fields and hasattr(wish, "model_dump"):
                found.append(_target(setup, runbook, f"actions.{name}", kind, wish.model_dump(by_alias=True)))
    return found


def _target(setup: Setup, runbook: Runbook, where: str, kind: str, config: Config) -> Target:
    known = setup.plugins.connection_tests.get(kind)
    places = [names for place, names in runbook.left_out.items() if place == where or place.startswith(f"{where}.")]
    plugins, plain = setup.plugins, kind.upper() if len(kind) <= ACRONYM else kind.replace("_", " ").capitalize()
    installed = known or plugins.transports.get(kind) or plugins.sources.get(kind.replace("_", "-"))
    title = installed.title if installed else plain
    left_out = tuple(dict.fromkeys(name for names in places for name in names))
    return Target(where, kind, title, known.test if known else None, config, left_out)


def in_use(tx: Tx, setup: Setup) -> list[Target]:
    """What the runbook in force connects."""
    return targets(setup, in_force(tx, setup)[1])


def begin(target: Target) -> Callable[[], Conversation[Tested]]:
    """The test of a target that is tested."""
    test = target.test
    assert test is not None
    return lambda: test(target.config)


def results(found: Sequence[Target], answers: Sequence[Tested | Exception]) -> list[Result]:
    """Put each answer to its target, in order; *answers* are those of the targets that were tested."""
    said = iter(answers)
    return [_result(target, next(said) if target.is_tested else None) for target in found]


def _result(target: Target, answer: Tested | Exception | None) -> Result:
    common = target.where, target.kind, target.title
    if target.left_out:
        names = ", ".join(target.left_out)
        return Result(*common, "left_out", missing=(f"{names} is not set: it is left out",))
    if answer is None and target.test is None:
        return Result(*common, "no_test", text="There is no test for this one")
    if answer is None:
        return Result(*common, "not_yet")
    if isinstance(answer, TimeoutError):
        return Result(*common, "fails", False, missing=(f"no answer within {DEADLINE_SECONDS:g} s",))
    if not isinstance(answer, Tested):
        return Result(*common, "fails", False, missing=(f"the test itself broke: {type(answer).__name__}",))
    secrets = _secrets(target.config)
    missing = tuple(_shown(text, secrets) for text in answer.missing)
    works = answer.reads and answer.acts is not False
    text = _shown(answer.text, secrets)
    return Result(*common, "works" if works else "fails", answer.reads, answer.acts, missing, text)


def _secrets(value: Any, name: str = "") -> list[str]:
    """What must not be shown: every setting with such a name, however deep it stands; the longest first."""
    if isinstance(value, Mapping):
        found = [secret for key, inner in value.items() for secret in _secrets(inner, str(key))]
    elif isinstance(value, (list, tuple)):
        found = [secret for inner in value for secret in _secrets(inner, name)]
    else:
        named = name != "public_url" and any(word in name.lower() for word in SECRET)
        found = [value] if isinstance(value, str) and len(value) >= SHORT and named else []
    return sorted(found, key=len, reverse=True)


def _shown(text: str, secrets: Sequence[str]) -> str:
    """Only what was written for a person: whole sentences, and no secret even where a vendor repeats it."""
    return one_line(clip(redact(text, *secrets), TEXT_LIMIT), TEXT_LIMIT)


# --------------------------------------------------------------------------------------------- the last one


def keep(tx: Tx, setup: Setup, by: str, found: Sequence[Target], said: Sequence[Result]) -> None:
    """Remember the last test: when, by whom, of which settings, and what it said."""
    items = [{**one.json, "mark": _mark(setup, target)} for target, one in zip(found, said, strict=True)]
    put_meta(tx, LAST, orjson.dumps({"at": instant_text(tx.now), "by": by, "items": items}).decode())


def _mark(setup: Setup, target: Target) -> str:
    """What tells whether settings are those that were tested; they cannot be read out of it."""
    told = orjson.dumps(dict(target.config), default=str, option=orjson.OPT_SORT_KEYS)
    return hmac.new(setup.secret_key, told, hashlib.sha256).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Known:
    """What the runbook connects now, each with what the last test said of it, if it was tested."""

    at: datetime | None
    by: str
    items: tuple[Result, ...]

    @property
    def json(self) -> Json:
        """As the API shows it."""
        return {"at": instant_text(self.at), "by": self.by or None, "items": [one.json for one in self.items]}


def last(tx: Tx, setup: Setup) -> Known:
    """Read it: what the runbook has no more is gone; what it has since then, or otherwise, is not tested yet."""
    kept: Mapping[str, Any] = orjson.loads(get_meta(tx, LAST) or "{}")
    known = {(one["where"], one["kind"], one.pop("mark")): one for one in kept.get("items", ())}
    items = []
    for target in in_use(tx, setup):
        one = known.get((target.where, target.kind, _mark(setup, target)))
        if one is None or not target.is_tested:
            items.append(_result(target, None))
        else:
            items.append(Result(**{**one, "missing": tuple(one["missing"])}))
    at = datetime.fromisoformat(kept["at"]) if kept else None
    return Known(at, kept.get("by", ""), tuple(items))
