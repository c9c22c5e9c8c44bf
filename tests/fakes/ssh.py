"""SSH servers on loopback: one of asyncssh, always, and the real sshd where the machine has one."""

from __future__ import annotations

import asyncio
import getpass
import os
import shutil
import socket
import subprocess
import threading
import time
from pathlib import Path
from typing import Any, Self

import asyncssh

SSHD = os.environ.get("SSHD") or shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/sbin")


class FakeSsh:
    """SFTP below *root* for one key. `host_key` is what a client pins; `key` is the client's own, as text."""

    user = "status"

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        own, client = asyncssh.generate_private_key("ssh-ed25519"), asyncssh.generate_private_key("ssh-ed25519")
        self.host_key = own.export_public_key().decode().strip()
        self.key = client.export_private_key().decode()
        self._own, self._client = own, client
        self.port, self.connections = 0, 0

    async def _serve(self) -> None:
        outer = self

        class Server(asyncssh.SSHServer):
            def connection_made(self, conn: Any) -> None:
                outer.connections += 1

            def begin_auth(self, username: str) -> bool:
                return True

            def public_key_auth_supported(self) -> bool:
                return True

            def validate_public_key(self, username: str, key: Any) -> bool:
                return username == outer.user and key.public_data == outer._client.public_data

        self._server = await asyncssh.create_server(
            Server, "127.0.0.1", 0, server_host_keys=[self._own], sftp_factory=True,
        )  # fmt: skip
        self.port = self._server.sockets[0].getsockname()[1]

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._loop.run_until_complete(self._serve())
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        async def end() -> None:
            self._server.close()
            await self._server.wait_closed()
            rest = asyncio.all_tasks() - {asyncio.current_task()}
            await asyncio.wait(rest, timeout=2) if rest else None

        asyncio.run_coroutine_threadsafe(end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def at(self, directory: str) -> str:
        """A directory as a client names it."""
        return str(self.root / directory)

    def file(self, path: str) -> Path:
        return self.root / path


class RealSshd(FakeSsh):
    """The real sshd with keys of its own, for whoever runs the tests."""

    user = getpass.getuser()

    def __enter__(self) -> Self:
        work = self.root.parent / f"{self.root.name}.sshd"
        work.mkdir()
        for name, text in (
            ("host", self._own.export_private_key("openssh")),
            ("keys", self._client.export_public_key()),
        ):
            (work / name).write_bytes(text)
            (work / name).chmod(0o600)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        (work / "config").write_text(
            f"ListenAddress 127.0.0.1:{self.port}\nHostKey {work}/host\nAuthorizedKeysFile {work}/keys\nStrictModes no\nPidFile none\n"
            "UsePAM no\nPasswordAuthentication no\nPermitRootLogin prohibit-password\nSubsystem sftp internal-sftp\n"
        )
        with (work / "log").open("wb") as log:
            self._process = subprocess.Popen([SSHD, "-D", "-e", "-f", str(work / "config")], stderr=log)
        until = time.monotonic() + 10
        while time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                time.sleep(0.05)
        self._process.kill()
        self._process.wait(10)
        raise AssertionError((work / "log").read_text())

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(10)
