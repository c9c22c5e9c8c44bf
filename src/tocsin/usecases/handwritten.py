"""What people changed by hand in the files of postmortems on this node: a file is read when it looks changed."""

from __future__ import annotations

import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

from tocsin.store.postmortems import sha256_of
from tocsin.usecases.publish import read_file

Mark: TypeAlias = tuple[int, int, int]  # inode, nanoseconds of the last change, bytes


class Files:
    """
    Remembers how each file was when it was read last, so that only what has changed since is read.

    A file that has changed is read at two looks: one that is written to while it is read, or again within the same
    tick of the file system's clock, looks unchanged afterwards.
    """

    def __init__(self) -> None:
        self._seen: dict[str, tuple[Mark, bool]] = {}  # by path; and whether it was read twice
        self.reads = 0

    def look(self, data: Path, rows: Sequence[Any]) -> list[tuple[int, str]]:
        """
        Give the (incident, text) of files that say something else than was put there.

        Args:
            rows: Of incident, path and on_disk, the hash of what was written there or seen last.
        """
        found: list[tuple[int, str]] = []
        still: dict[str, tuple[Mark, bool]] = {}
        for row in rows:
            mark = _mark(data / row.path)
            if mark is None:
                continue
            before, twice = self._seen.get(row.path, (None, False))
            still[row.path] = mark, before == mark
            if before == mark and twice:
                continue
            self.reads += 1
            text = read_file(data, row.path)
            if text is not None and sha256_of(text) != row.on_disk:
                found.append((row.incident, text))
        self._seen = still
        return found


def _mark(path: Path) -> Mark | None:
    """None for what is no file, or cannot be looked at."""
    try:
        seen = path.stat()
    except (OSError, ValueError):
        return None
    return (seen.st_ino, seen.st_mtime_ns, seen.st_size) if stat.S_ISREG(seen.st_mode) else None
