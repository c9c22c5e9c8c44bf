"""Runbook versions, and the setting in which every use case works."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import structlog
from sqlalchemy import bindparam, insert, select, update

from tocsin import runbook_file
from tocsin.core import oncall, statuspage
from tocsin.core.delivery import Ways
from tocsin.core.quiet import Prepared
from tocsin.core.runbook import Runbook
from tocsin.core.stand_ins import StandIns
from tocsin.core.types import incident_name
from tocsin.plugins import Plugins
from tocsin.store import looks, publish, quiet
from tocsin.store import oncall as store
from tocsin.store.db import Tx, insert_new
from tocsin.store.fixed import fixed
from tocsin.store.schema import meta, runbooks

IN_FORCE: Final = "runbook"
KEY_MARK: Final = "secret_key"  # what tells whether two nodes share their secret key

log = structlog.get_logger("tocsin.configure")


@dataclass(slots=True)
class Setup:
    """What a process is set up with. `data` is the directory that relative paths of the runbook start from."""

    plugins: Plugins = field(repr=False)  # large, and in every traceback that shows its locals
    environment: Mapping[str, str] = field(repr=False)  # it holds secrets
    public_url: str
    secret_key: bytes = field(repr=False)
    data: Path = Path("var")
    runbooks: dict[str, Runbook] = field(default_factory=dict, repr=False)  # by version, as read; they never change
    silences: tuple[str, tuple[Prepared, ...]] = field(default=("", ()), repr=False)  # as read last, by their revision
    is_public: bool = False  # the public address was given: it is not only the one that this machine listens on
    drills: bool = False  # a world of its own, made for a drill: whatever happens in it is one
    pace: float = 0.0  # of a clock that runs faster than real time, for pages that count themselves; 0: a real one

    @property
    def ways(self) -> Ways:
        """What the installed transports need of people and channels."""
        kinds = self.plugins.transports
        return Ways(
            {name: kind.address for name, kind in kinds.items()},
            {name: kind.channel_address for name, kind in kinds.items()},
            frozenset(
                name
                for name, kind in kinds.items()
                if any(field.secret and field.name == kind.channel_address for field in kind.fields)
            ),
        )


def channel_config(setup: Setup, runbook: Runbook, via: str) -> Mapping[str, Any]:
    """
    The settings of a channel as its integration gets them, with the channel's name and our address.

    What the channel leaves empty is taken from the connection of the same name: a signing secret may stand there.
    """
    channel = runbook.channel(via)
    if channel is None:
        return {}
    connection = getattr(runbook.connections, channel.kind, None)
    shared = {name: value for name, value in (connection.model_dump() if connection else {}).items() if value}
    own = channel.settings
    return {
        **own, **{name: value for name, value in shared.items() if not own.get(name)},
        "via": via, "public_url": setup.public_url, "is_public": setup.is_public,
    }  # fmt: skip


def source_config(setup: Setup, runbook: Runbook, source: str) -> Mapping[str, Any]:
    """
    The settings of a source as its integration gets them: the connection of the same name.

    A `certificate_file` is read here, into `certificate`; of one that cannot be read nothing holds.
    """
    connection = getattr(runbook.connections, source.replace("-", "_"), None)
    config: dict[str, Any] = connection.model_dump() if connection else {}
    if file := config.get("certificate_file"):
        try:
            config["certificate"] = (setup.data / file).read_bytes()
        except OSError as error:
            log.warning("certificate_not_read", file=str(file), why=str(error))
            config["certificate"] = b""
    return config


class NoRunbook(Exception):  # noqa: N818 - what is the matter
    """No version of the runbook is in force, or one that an incident needs is gone."""


def adopt(tx: Tx, setup: Setup, text: str) -> runbook_file.Reading:
    """
    Put a new text of the runbook in force, if it has no errors; else the good one stays in force.

    Returns:
        The reading, with its errors and warnings for whoever offered the text.
    """
    reading = runbook_file.read(text, setup.environment, looks=setup.plugins.looks)
    if reading.runbook is None:
        return reading
    setup.runbooks[reading.version] = reading.runbook
    insert_new(tx, runbooks, {"version": reading.version, "text": text, "loaded_at": tx.now})
    put_meta(tx, IN_FORCE, reading.version)
    publish.meet(tx, statuspage.names_of(reading.runbook))
    looks.put(tx, looks.PLAN, tx.now, {})
    quiet.look_at_inhibited(tx)
    tx.touched.add("runbook")
    return reading


def in_force(tx: Tx, setup: Setup) -> tuple[str, Runbook]:
    """
    Return the version and the runbook that new incidents open with.

    Raises:
        NoRunbook: none was adopted yet.
    """
    version = get_meta(tx, IN_FORCE)
    if version is None:
        raise NoRunbook("no runbook is in force: start with `tocsin serve --runbook FILE`")
    return version, runbook_of(tx, setup, version)


def runbook_of(tx: Tx, setup: Setup, version: str) -> Runbook:
    """Return the runbook of a version, as an incident pins it."""
    if version not in setup.runbooks:
        row = tx.first(select(runbooks.c.text).where(runbooks.c.version == version))
        reading = runbook_file.read(row.text, setup.environment, was_in_force=True) if row else None
        if reading is None or reading.runbook is None:
            raise NoRunbook(f"the runbook version {version[:12]} cannot be read any more")
        setup.runbooks[version] = reading.runbook
    return setup.runbooks[version]


def text_of(tx: Tx, version: str) -> str:
    """The text of a version as the file had it: every ${NAME} stands unreplaced."""
    row = tx.first(select(runbooks.c.text).where(runbooks.c.version == version))
    return str(row.text) if row else ""


def who(tx: Tx, runbook: Runbook, service: str | None, at: datetime) -> Callable[[str], frozenset[str]]:
    """Return the function that says who stands behind a page target at *at*, stand-ins included."""
    known, read = StandIns(), frozenset[str]()  # the stand-ins of the schedules that were asked for so far

    def resolve(target: str) -> frozenset[str]:
        nonlocal known, read
        for schedule in oncall.schedules_behind(runbook, target, service) - read:
            known, read = known.joined(store.stand_ins_at(tx, at, schedule)), read | {schedule}
        if target == "secondary":
            return oncall.secondary(runbook, service, at, known)
        return oncall.targets(runbook, target, at, service, known)

    return resolve


def notices(tx: Tx, setup: Setup) -> list[str]:
    """Say in plain sentences what the runbook in force names but this server cannot use."""
    _, runbook = in_force(tx, setup)
    known = setup.plugins.transports
    lines = []
    for where, names in runbook.left_out.items():
        part, *_, last = where.split(".")
        if part == "channels" and last in known:
            lines.append(f"{known[last].title}: no {', '.join(names)}; pages go to the console and the web page")
        elif part != "channels":
            lines.append(f"{where.replace('.', ' ')}: no {', '.join(names)}; left out")
    absent: dict[str, list[str]] = {}
    for name in runbook.channels:
        channel = runbook.channel(name)
        if channel and channel.kind not in known:
            absent.setdefault(channel.kind, []).append(name)
    for kind, names_ in absent.items():
        lines.append(f"{kind} ({', '.join(names_)}): not in this version; pages go by the other ways")
    lines += setup.plugins.problems
    return list(dict.fromkeys(lines))


def incident_link(setup: Setup, number: int) -> str:
    """The address of an incident's page."""
    return f"{setup.public_url}/incidents/{incident_name(number)}"


def _mac(setup: Setup, id_: str, purpose: str = "acknowledge") -> str:
    return hmac.new(setup.secret_key, f"{purpose}\n{id_}".encode(), hashlib.sha256).hexdigest()[:40]


def acknowledge_link(setup: Setup, page: str) -> str:
    """The address of the confirm page of one page. It acknowledges nothing until its button is pressed."""
    return f"{setup.public_url}/ack/{page}/{_mac(setup, page)}"


def ticket_key(setup: Setup, name: str) -> str:
    """What tells a ticket of ours from any other: nobody can guess it before it is there."""
    return f"{name} {_mac(setup, name, 'ticket')[:16]}"


def handoff_link(setup: Setup, id_: str, person: str) -> str:
    """The address where *person* confirms a hand-off. It confirms nothing until its button is pressed."""
    return f"{setup.public_url}/handoff/{id_}/{person}/{_mac(setup, id_, f'hand-off {person}')}"


def check_handoff(setup: Setup, id_: str, person: str, mac: str) -> bool:
    """Say whether *mac* is the one that *person* was given for that hand-off; in constant time."""
    return hmac.compare_digest(_mac(setup, id_, f"hand-off {person}").encode(), mac.encode(errors="replace"))


def check_acknowledge(setup: Setup, page: str, mac: str) -> bool:
    """Say whether *mac* is the one that Tocsin gave out for *page*; in constant time."""
    return hmac.compare_digest(_mac(setup, page).encode(), mac.encode(errors="replace"))


def subscriber_link(setup: Setup, verb: str, id_: str) -> str:
    """The address where a subscription is confirmed (`subscribe`) or ended (`unsubscribe`), by a press."""
    return f"{setup.public_url}/status/{verb}/{id_}/{_mac(setup, id_, verb)}"


def check_subscriber(setup: Setup, verb: str, id_: str, mac: str) -> bool:
    """Say whether *mac* is the one that the subscriber was given for *verb*; in constant time."""
    return hmac.compare_digest(_mac(setup, id_, verb).encode(), mac.encode(errors="replace"))


def subscriber_secret(setup: Setup, id_: str) -> str:
    """What signs the webhooks of a subscription; only its own address is told."""
    return _mac(setup, id_, "subscriber's secret")


def claim_key(tx: Tx, setup: Setup) -> bool:
    """Say whether this node's secret key is the one that the database knows; the first node's is kept as the mark."""
    mark = hmac.new(setup.secret_key, b"mark", hashlib.sha256).hexdigest()
    known = get_meta(tx, KEY_MARK)
    if known is None:
        put_meta(tx, KEY_MARK, mark)
    return known in (None, mark)


_META: Final = fixed(select(meta.c.value).where(meta.c.key == bindparam("name")))


def get_meta(tx: Tx, key: str) -> str | None:
    """Read one word of the database about itself."""
    row = tx.first(_META, {"name": key})
    return str(row.value) if row else None


def put_meta(tx: Tx, key: str, value: str) -> None:
    """Keep one word of the database about itself."""
    if tx.run(update(meta).where(meta.c.key == key).values(value=value)) == 0:
        tx.run(insert(meta).values(key=key, value=value))
