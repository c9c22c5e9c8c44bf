"""Accounts, sessions, tokens, ingest keys and sign-in links: of every secret only its SHA-256."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, or_, select, update

from tocsin.store.db import Tx
from tocsin.store.fixed import fixed
from tocsin.store.schema import accounts, credentials, sessions


def hash_of(secret: str) -> str:
    """The 64 hex digits that are stored. The secrets are long and random, so that no slow hash is needed."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def put_credential(
    tx: Tx, secret: str, kind: str, name: str, *, role: str | None = None, source: str | None = None,
    expires_at: datetime | None = None,
) -> None:  # fmt: skip
    """Keep a credential; the same secret again takes the place of what it was."""
    tx.run(delete(credentials).where(credentials.c.hash == hash_of(secret)))
    tx.run(
        insert(credentials).values(
            hash=hash_of(secret), kind=kind, name=name, role=role, source=source, created_at=tx.now,
            expires_at=expires_at,
        )
    )  # fmt: skip
    tx.touched.add("keys")


def drop_named(tx: Tx, kind: str, name: str) -> None:
    """Delete every credential of a kind and name."""
    tx.run(delete(credentials).where(credentials.c.kind == kind, credentials.c.name == name))
    tx.touched.add("keys")


def credential(tx: Tx, secret: str, kind: str) -> Any:
    """The live credential of a secret, or None when it is unknown, used up, deleted or too old."""
    live = or_(credentials.c.expires_at.is_(None), credentials.c.expires_at > tx.now)
    where = credentials.c.hash == hash_of(secret), credentials.c.kind == kind, credentials.c.deleted_at.is_(None), live
    return tx.first(select(credentials).where(*where))


def use_up(tx: Tx, hash_: str) -> bool:
    """Mark a credential as used once; says whether this call was the first."""
    where = credentials.c.hash == hash_, credentials.c.used_at.is_(None)
    return tx.run(update(credentials).where(*where).values(used_at=tx.now)) > 0


_INGEST_KEYS = fixed(
    select(credentials.c.hash, credentials.c.name, credentials.c.source)
    .where(credentials.c.kind == "ingest", credentials.c.deleted_at.is_(None))
)  # fmt: skip


def ingest_keys(tx: Tx) -> Sequence[Any]:
    """The live ingest keys: hash, name, source (`*` is good for all)."""
    return tx.all(_INGEST_KEYS)


def of_kind(tx: Tx, kind: str) -> Sequence[Any]:
    """The live credentials of a kind, the oldest first: hash, name, source, created_at."""
    columns = credentials.c.hash, credentials.c.name, credentials.c.source, credentials.c.created_at
    where = credentials.c.kind == kind, credentials.c.deleted_at.is_(None)
    return tx.all(select(*columns).where(*where).order_by(credentials.c.created_at, credentials.c.hash))


def drop_by_id(tx: Tx, kind: str, id_: str) -> bool:
    """Delete a credential by the beginning of its hash; says whether there was one."""
    where = credentials.c.kind == kind, credentials.c.hash.startswith(id_, autoescape=True)
    return tx.run(update(credentials).where(*where, credentials.c.deleted_at.is_(None)).values(deleted_at=tx.now)) > 0


def account(tx: Tx, name: str) -> Any:
    """An account, or None."""
    return tx.first(select(accounts).where(accounts.c.name == name))


def put_account(tx: Tx, name: str, role: str, password: str | None) -> None:
    """Make or change an account; its sessions end."""
    values = {"role": role, "password": password, "disabled_at": None}
    if tx.run(update(accounts).where(accounts.c.name == name).values(**values)) == 0:
        tx.run(insert(accounts).values(name=name, created_at=tx.now, **values))
    tx.run(delete(sessions).where(sessions.c.account == name))


def put_session(tx: Tx, cookie: str, account_name: str, role: str, csrf: str) -> None:
    """Begin a session."""
    tx.run(
        insert(sessions).values(
            hash=hash_of(cookie), account=account_name, role=role, csrf=csrf, created_at=tx.now, seen_at=tx.now
        )
    )


def session(tx: Tx, cookie: str) -> Any:
    """The session of a cookie, or None."""
    return tx.first(select(sessions).where(sessions.c.hash == hash_of(cookie)))


def see(tx: Tx, hash_: str) -> None:
    """Note that a session was used now."""
    tx.run(update(sessions).where(sessions.c.hash == hash_).values(seen_at=tx.now))


def end_session(tx: Tx, cookie: str) -> None:
    """End a session."""
    tx.run(delete(sessions).where(sessions.c.hash == hash_of(cookie)))
