"""
A folder on another machine, over SFTP. Each publish is a folder of its own, and a link that is turned to it at once.

Source: asyncssh.readthedocs.io; OpenSSH's extensions posix-rename and hardlink (PROTOCOL, section 4).
"""

from __future__ import annotations

import asyncio
import posixpath
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tocsin.core.runbook import SshFolder
from tocsin.hosts.host import LAST, Failed, File

if TYPE_CHECKING:
    from asyncssh import SFTPClient

CONNECT_SECONDS: Final = 15
ALL_SECONDS: Final = 120.0
AT_ONCE: Final = 32  # files under way
KEPT: Final = timedelta(
    minutes=10
)  # a release that is older and not shown goes; another publish may still fill a newer one
STAMP: Final = "%Y%m%dT%H%M%S"


class Remote:
    """Puts a release beside the last one, sharing with it by hard links what has not changed."""

    def __init__(self, to: SshFolder, data: Path) -> None:
        self.to, self.data = to, data
        self._there: dict[str, bytes] = {}
        self._release = ""

    def put(self, files: Mapping[str, File], now: datetime) -> int:
        """Raises Failed."""
        import asyncssh  # noqa: PLC0415 - slow to load, and only for who uses it

        try:
            return asyncio.run(self._within(files, now))
        except TimeoutError:
            why = f"not done within {ALL_SECONDS:g} s"
        except (asyncssh.Error, OSError, ValueError) as error:
            why = getattr(error, "reason", "") or str(error) or type(error).__name__
        self._there.clear()
        raise Failed(f"ssh to {self.to.user}@{self.to.host}: {why}")

    async def _within(self, files: Mapping[str, File], now: datetime) -> int:
        async with asyncio.timeout(ALL_SECONDS):
            return await self._put(files, now)

    async def _put(self, files: Mapping[str, File], now: datetime) -> int:
        import asyncssh  # noqa: PLC0415

        async with (
            asyncssh.connect(self.to.host, self.to.port, **self._options()) as connection,
            connection.start_sftp_client() as sftp,
        ):
            return await self._publish(sftp, files, now)

    def _options(self) -> dict[str, Any]:
        """Nothing of this machine's own settings is read: the key and the host's key are those of the runbook."""
        import asyncssh  # noqa: PLC0415

        to = self.to
        host = to.host if to.port == 22 else f"[{to.host}]:{to.port}"
        key = to.key or (self.data / to.key_file).read_text(encoding="utf-8")
        return {
            "username": to.user, "client_keys": [asyncssh.import_private_key(key)], "agent_path": None, "config": None,
            "known_hosts": asyncssh.import_known_hosts(f"{host} {to.host_key.strip()}\n"),
            "preferred_auth": "publickey", "connect_timeout": CONNECT_SECONDS, "login_timeout": CONNECT_SECONDS,
        }  # fmt: skip

    async def _publish(self, sftp: SFTPClient, files: Mapping[str, File], now: datetime) -> int:
        target = self.to.directory.rstrip("/")
        before = await self._before(sftp, target)
        release = f"{target}.releases/{now:{STAMP}}-{secrets.token_hex(4)}"
        folders = {posixpath.dirname(f"{release}/{path}") for path in files}
        for folder in sorted(folders, key=len):
            await sftp.makedirs(folder, exist_ok=True)
        gate, known = asyncio.Semaphore(AT_ONCE), self._there if before == self._release else {}

        async def one(path: str) -> bool:
            async with gate:
                if known.get(path) == files[path].body and await _linked(sftp, f"{before}/{path}", f"{release}/{path}"):
                    return False
                async with sftp.open(f"{release}/{path}", "wb") as file:
                    await file.write(files[path].body)
                return True

        written = sum(await asyncio.gather(*(one(path) for path in files)))
        await self._switch(sftp, target, release)
        async with sftp.open(f"{target}/{LAST}", "rb") as file:
            got: object = await file.read()
        if got != files[LAST].body and await _turned_to(sftp, target) == release:
            raise Failed(f"{self.to.host} shows another page than it was given")
        self._there, self._release = {path: file.body for path, file in files.items()}, release
        await self._tidy(sftp, f"{target}.releases", {release, before}, now)
        return written

    async def _before(self, sftp: SFTPClient, target: str) -> str:
        """The release that the public sees now; nothing when there is none."""
        if await sftp.lexists(target) and not await sftp.islink(target):
            raise Failed(f"{target} on {self.to.host} is no link of ours: move it away, or name another directory")
        return await _turned_to(sftp, target)

    async def _switch(self, sftp: SFTPClient, target: str, release: str) -> None:
        """Turn the link in one step: a reader sees the whole old page or the whole new one."""
        beside = f"{target}.{secrets.token_hex(4)}"
        await sftp.symlink(posixpath.relpath(release, posixpath.dirname(target) or "."), beside)
        await sftp.posix_rename(beside, target)

    async def _tidy(self, sftp: SFTPClient, releases: str, keep: set[str], now: datetime) -> None:
        oldest = f"{now - KEPT:{STAMP}}"
        for name in await sftp.listdir(releases):
            if name[:1].isdigit() and str(name) < oldest and f"{releases}/{name}" not in keep:
                await sftp.rmtree(f"{releases}/{name}", ignore_errors=True)


async def _turned_to(sftp: SFTPClient, target: str) -> str:
    if not await sftp.islink(target):
        return ""
    to = str(await sftp.readlink(target))
    return posixpath.normpath(posixpath.join(posixpath.dirname(target), to))


async def _linked(sftp: SFTPClient, old: str, new: str) -> bool:
    """Share a file with the last release; not every server can."""
    import asyncssh  # noqa: PLC0415

    try:
        await sftp.link(old, new)
    except asyncssh.SFTPError:
        return False
    return True
