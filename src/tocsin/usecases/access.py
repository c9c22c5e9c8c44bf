"""Who may do what: tokens, ingest keys, sign-in by link or password, sessions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Final, Literal

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from tocsin.core.runbook import Runbook
from tocsin.core.types import Refused
from tocsin.store import access as store
from tocsin.store import audit
from tocsin.store.db import Tx
from tocsin.usecases.configure import Setup, in_force

Role = Literal["viewer", "responder", "admin"]
ROLES: Final[tuple[Role, ...]] = ("viewer", "responder", "admin")  # each may do what those before it may
IDLE, ABSOLUTE = timedelta(hours=12), timedelta(days=7)  # of a session; reliability.md section 6
SEEN_EVERY: Final = timedelta(minutes=1)  # how exactly the last use of a session is kept
PASSWORD_LEAST: Final = 12  # characters
COMMAND: Final = "command line"  # who acted, on the audit log, where a command on the server's machine did
_hasher: Final = PasswordHasher()  # argon2id


@cache
def _nobody() -> str:
    """A hash that is checked for unknown names, which then cost the same time; made when it is first needed."""
    return _hasher.hash("nobody has this password")


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks: `person` is None for tokens and accounts that are nobody in the runbook; `csrf` only in a session."""

    name: str
    person: str | None
    role: Role
    csrf: str | None = None

    @property
    def acts_as(self) -> str:
        """The name that goes onto timelines."""
        return self.person or self.name


def may(role: str, wanted: Role) -> bool:
    """Say whether *role* includes *wanted*."""
    return role in ROLES and ROLES.index(role) >= ROLES.index(wanted)


def role_of(runbook: Runbook, person: str) -> Role:
    """The highest role that the runbook gives a person."""
    return max(runbook.people[person].roles, key=ROLES.index, default="viewer")


def install_fixed(
    tx: Tx, kind: str, secret: str, *, name: str, role: str | None = None, source: str | None = None
) -> None:
    """Make a credential of the server's own settings the only one of its name."""
    if store.credential(tx, secret, kind) is None:
        store.drop_named(tx, kind, name)
        store.put_credential(tx, secret, kind, name, role=role, source=source)


def make_token(tx: Tx, secret: str, name: str, role: str, expires_at: datetime | None = None) -> None:
    """Keep a new API token. It acts under its own name, or as the person of that name."""
    if role not in ROLES:
        raise Refused(f"no role {role!r}; there are {', '.join(ROLES)}", 422)
    store.put_credential(tx, secret, "token", name, role=role, expires_at=expires_at)
    audit.append(tx, COMMAND, "token_created", {"name": name, "role": role})


def make_ingest_key(tx: Tx, setup: Setup, secret: str, name: str, source: str) -> None:
    """Keep a new ingest key for one source; `*` is good for every source."""
    known = (*sorted([*setup.plugins.sources, "heartbeat"]), "*")
    if source not in known:
        raise Refused(f"no source {source!r}; there are {', '.join(known)}", 422)
    store.put_credential(tx, secret, "ingest", name, source=source)
    audit.append(tx, COMMAND, "ingest_key_created", {"name": name, "source": source})


def make_sign_in(tx: Tx, secret: str, role: str, expires_at: datetime) -> None:
    """Keep a link that signs in once."""
    store.put_credential(tx, secret, "sign_in", "link", role=role, expires_at=expires_at)


def link_role(tx: Tx, secret: str) -> str | None:
    """The role that an unused sign-in link gives, or None. Looking uses nothing up."""
    row = store.credential(tx, secret, "sign_in")
    return str(row.role) if row and row.used_at is None else None


def sign_in_by_link(tx: Tx, setup: Setup, secret: str, as_: str, cookie: str, csrf: str) -> None:
    """
    Use a sign-in link up and begin a session as a person of the runbook, or as `admin`.

    Raises:
        Refused: 403, for a link that is unknown, used or too old.
    """
    row = store.credential(tx, secret, "sign_in")
    if row is None or not store.use_up(tx, row.hash):
        raise Refused("this sign-in link was used already or is too old; start Tocsin again for a new one", 403)
    _, runbook = in_force(tx, setup)
    if as_ != "admin" and as_ not in runbook.people:
        raise Refused(f"no person {as_!r} in the runbook", 422)
    store.put_session(tx, cookie, as_, row.role, csrf)
    audit.append(tx, as_, "signed_in", {"by": "link", "role": row.role})


def sign_in_by_password(tx: Tx, setup: Setup, name: str, password: str, cookie: str, csrf: str) -> None:
    """
    Begin a session by name and password.

    Raises:
        Refused: 403, the same and after the same time for an unknown name and a wrong password.
    """
    row = store.account(tx, name)
    known = row is not None and row.password is not None and row.disabled_at is None
    try:
        _hasher.verify(row.password if known else _nobody(), password)
    except (Argon2Error, InvalidHashError):
        known = False
    if not known:
        raise Refused("name or password is wrong", 403)
    store.put_session(tx, cookie, name, row.role, csrf)
    audit.append(tx, name, "signed_in", {"by": "password", "role": row.role})


def add_user(tx: Tx, name: str, role: str, password: str) -> None:
    """Make an account, or give it a new password and role; its sessions end."""
    if role not in ROLES:
        raise Refused(f"no role {role!r}; there are {', '.join(ROLES)}", 422)
    if len(password) < PASSWORD_LEAST:
        raise Refused(f"a password has at least {PASSWORD_LEAST} characters", 422)
    store.put_account(tx, name, role, _hasher.hash(password))
    audit.append(tx, COMMAND, "user_added", {"name": name, "role": role})


def viewer_by_cookie(tx: Tx, setup: Setup, cookie: str) -> tuple[Viewer, bool] | None:
    """The viewer of a session that is alive, and whether its last use should be noted; None otherwise."""
    row = store.session(tx, cookie)
    if row is None or tx.now - row.seen_at > IDLE or tx.now - row.created_at > ABSOLUTE:
        return None
    person = _person(tx, setup, row.account)
    return Viewer(row.account, person, row.role, row.csrf), tx.now - row.seen_at > SEEN_EVERY


def viewer_by_token(tx: Tx, setup: Setup, token: str) -> Viewer | None:
    """The viewer of an API token that is alive, else None."""
    row = store.credential(tx, token, "token")
    return Viewer(row.name, _person(tx, setup, row.name), row.role) if row else None


def _person(tx: Tx, setup: Setup, name: str) -> str | None:
    _, runbook = in_force(tx, setup)
    return name if name in runbook.people else None


def note_seen(tx: Tx, cookie: str) -> None:
    """Keep the last use of a session."""
    store.see(tx, store.hash_of(cookie))


def sign_out(tx: Tx, cookie: str) -> None:
    """End a session."""
    store.end_session(tx, cookie)


def sign_in_choices(tx: Tx, setup: Setup) -> list[tuple[str, str]]:
    """Whom a sign-in link may sign in as: the people of the runbook, admins first, then `admin` itself."""
    _, runbook = in_force(tx, setup)
    people = sorted(runbook.people.items(), key=lambda item: "admin" not in item[1].roles)
    return [*((id_, person.name) for id_, person in people), ("admin", "admin (nobody in the runbook)")]
