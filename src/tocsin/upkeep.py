"""What an operator does beside the server: copy the database, put a copy back, publish the status page by hand."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from tocsin import publisher, runbook_file, s3, wiring
from tocsin.hosts import Failed, find
from tocsin.net import redact
from tocsin.store import backup, migrate
from tocsin.store.db import Database
from tocsin.usecases import restored
from tocsin.web.site import files


def write(target: str, database: str | None, *, keep: int | None, portable: bool) -> tuple[str, list[str]]:
    """
    Copy the database to a folder, a file or a bucket; returns where the copy is, and what was removed for it.

    Raises:
        NoStart: the database cannot be read, the copy is damaged, or the target does not take it.
    """
    given, now = wiring.read_or_refuse(database), wiring.Clock()()
    db = Database(given.database, lambda: now)
    name = _name(target, now, portable=portable or not db.sqlite)
    if keep and (target.endswith(name) or target.startswith(s3.SCHEME)):
        raise wiring.NoStart("--keep counts the copies of a folder; a bucket has rules of its own for what is old")
    try:
        if migrate.held_by(db) is None:
            raise wiring.NoStart(f"there is no database at {redact(given.database)}")
        if target.startswith(s3.SCHEME):
            return _to_bucket(wiring.bucket_access(given), db, target, name, now), []
        file = Path(target) if target.endswith(name) else Path(target) / name
        backup.write_copy(db, file.parent, name, backup.into_place(file))
        return str(file), backup.remove_old(file.parent, keep, now) if keep else []
    except (migrate.WrongDatabase, s3.S3Failed, OSError) as error:
        raise wiring.NoStart(str(error)) from None
    finally:
        db.close()


def _name(target: str, now: datetime, *, portable: bool) -> str:
    """The last part of the copy's name: the target's own when it names a file, else one made from the instant."""
    end = backup.PORTABLE_END if portable or target.endswith(backup.PORTABLE_END) else backup.DATABASE_END
    if not backup.ends_as_backup(target):
        return backup.name_at(now, end)
    if not target.endswith(end):
        raise wiring.NoStart(f"{target}: a copy in this form is named *{end}")
    return target.rpartition("/")[2]


def _to_bucket(store: s3.S3, db: Database, target: str, name: str, now: datetime) -> str:
    bucket, key = s3.split(target)
    key = key if key.endswith(name) else f"{key.rstrip('/')}/{name}".lstrip("/")
    with tempfile.TemporaryDirectory(prefix="tocsin-") as folder:
        backup.write_copy(db, Path(folder), name, lambda part: s3.put(store, bucket, key, part, now))
    return f"{s3.SCHEME}{bucket}/{key}"


def put_back(file: str, database: str | None, *, force: bool, new_key: bool) -> Path | None:
    """
    Put a copy in the place of the database, which is then in restored mode; returns where the old file is kept.

    Raises:
        NoStart: the copy cannot be used, the database is used or has incidents. Nothing was changed.
    """
    given, now = wiring.read_or_refuse(database), wiring.Clock()()
    db = Database(given.database, lambda: now)
    try:
        with tempfile.TemporaryDirectory(prefix="tocsin-") as folder:
            source = Path(file)
            if file.startswith(s3.SCHEME):
                bucket, key = s3.split(file)
                source = Path(folder) / (key.rpartition("/")[2] or "copy")
                s3.get(wiring.bucket_access(given), bucket, key, source, now)
            kept = backup.restore(source, db, now, force=force, new_key=new_key)
    except (migrate.WrongDatabase, s3.S3Failed, OSError) as error:
        raise wiring.NoStart(str(error)) from None
    finally:
        db.close()
    wiring.note_made(given)
    return kept


def release(database: str | None) -> bool:
    """Let a restored database send again, without its server; says whether it was held."""
    with wiring.opened(database) as db:
        return db.write_now(restored.release, "command line")


def publish_status(runbook: Path | None, message: str, *, clear: bool) -> list[str]:
    """
    Put the last page that was rendered here on its hosts, with a notice of ours; no server and no database is needed.

    Returns:
        One line for each host, on what it got.

    Raises:
        NoStart: there is no page, no runbook, no host, or a host did not take it; the text says what to do.
    """
    given = wiring.read_settings(runbook=runbook)
    site, now = publisher.kept_site(given.data), wiring.Clock()()
    if site is None:
        raise wiring.NoStart(f"no page was ever rendered in {given.data}; `tocsin serve` renders the first")
    said = () if clear else publisher.notices(given.data)
    if message.strip():
        said = ((now, message.strip()), *said)
    publisher.keep_notices(given.data, said)
    site = replace(site, notices=said)
    publisher.keep_site(given.data, site)
    path = given.runbook or wiring.EXAMPLE
    try:
        reading = runbook_file.read(path.read_text(encoding="utf-8"), given.environment)
    except (OSError, UnicodeDecodeError) as error:
        raise wiring.NoStart(f"cannot read the runbook {path}: {error}; name it with --runbook") from None
    if reading.runbook is None:
        raise wiring.NoStart(f"the runbook {path} has errors; `tocsin check {path}` names them")
    found = find(reading.runbook.status_page.publish, given.data, reading.runbook.left_out)
    if not found:
        raise wiring.NoStart(
            f"the runbook {path} names no host under status_page.publish: a directory, s3, ssh, github_pages"
        )
    rendered, lines, failed = files(site), [], []
    for host in found:  # one that fails holds up no other
        try:
            lines.append(f"{host.name}: {host.put(rendered, now)} files written")
        except Failed as error:
            failed.append(f"{host.name}: not published: {redact(str(error))}")
    if failed:
        raise wiring.NoStart("\n".join([*lines, *failed]))
    return lines
