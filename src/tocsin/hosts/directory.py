"""A directory, which any web server can serve."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Final

from tocsin.hosts.host import LAST, Failed, File
from tocsin.usecases.publish import write_whole

AT_ONCE: Final = 16  # files under way


class Folder:
    """Writes what has changed, each file whole or not at all, and reads it back."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def put(self, files: Mapping[str, File], _now: datetime) -> int:
        """Raises Failed."""
        rest = {name: file for name, file in files.items() if name != LAST}
        try:
            with ThreadPoolExecutor(AT_ONCE) as pool:  # the disk makes many files durable in the time of a few
                written = sum(pool.map(lambda pair: self._one(*pair), rest.items()))
            return written + self._one(LAST, files[LAST])
        except OSError as error:
            raise Failed(f"{error.filename or self.path}: {error.strerror}") from None

    def _one(self, name: str, file: File) -> bool:
        target = self.path / name
        if target.exists() and target.read_bytes() == file.body:
            return False
        write_whole(target, file.body)
        if target.read_bytes() != file.body:
            raise Failed(f"{target.name} does not read back as it was written")
        return True
