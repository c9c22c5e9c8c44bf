"""A directory, which any web server can serve."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from tocsin.hosts.host import LAST, Failed, File
from tocsin.usecases.publish import write_whole


class Folder:
    """Writes what has changed, each file whole or not at all, and reads it back."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def put(self, files: Mapping[str, File], _now: datetime) -> int:
        """Raises Failed."""
        written = 0
        try:
            for name in sorted(files, key=lambda name: name == LAST):
                target, body = self.path / name, files[name].body
                if target.exists() and target.read_bytes() == body:
                    continue
                write_whole(target, body)
                written += 1
                if target.read_bytes() != body:
                    raise Failed(f"{target.name} does not read back as it was written")
        except OSError as error:
            raise Failed(f"{error.filename or self.path}: {error.strerror}") from None
        return written
