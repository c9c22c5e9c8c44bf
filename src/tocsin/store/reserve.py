"""Room on the disk that is kept back, so that pages and acknowledgements are still recorded when the disk is full."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Final

SIZE_MB: Final = 40  # the log comes round at 32 MB (8,000 pages); the rest is for the file itself
LOOK_SECONDS: Final = 5.0  # between two looks whether there is room again
FULL: Final = "the storage is full"
NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT)


class Reserve:
    """
    A file beside the database that holds nothing but its place.

    When a write finds the disk full, the file is given up: its room is then for what cannot wait, and alerts are
    refused. When there is room for twice its size, it is made anew, and alerts are taken again.
    """

    def __init__(self, database: Path, size_mb: int = SIZE_MB) -> None:
        self.path = database.with_name(f"{database.name}-reserve")
        self.size = size_mb * 1024 * 1024
        self.spent = False
        self._looked_at = monotonic()

    def make(self) -> None:
        """Take the room, at a start; where there is none, the storage is full already."""
        self.spent = not self._take()

    def give(self, error: BaseException) -> bool:
        """Give the room up if *error* says that there is none left; says whether that was now."""
        with suppress(OSError):  # the writer asks: it goes on whatever the disk says
            if not self.spent and self._says_full(error):
                self.spent, self._looked_at = True, monotonic()
                self._release()
                return True
        return False

    def whole(self) -> bool:
        """Say whether the room is kept; looks every few seconds whether it can be taken again."""
        if self.spent and monotonic() - self._looked_at >= LOOK_SECONDS:
            self._looked_at = monotonic()
            with suppress(OSError):
                self.spent = not (self._free() >= 2 * self.size and self._take())
        return not self.spent

    def _take(self) -> bool:
        """Take the room; False when there is not so much. A file system that cannot keep room is told by OSError."""
        try:
            with self.path.open("ab") as file:
                os.posix_fallocate(file.fileno(), 0, self.size)
                file.truncate(self.size)  # one of an earlier setting may have been larger
                os.fsync(file.fileno())
        except OSError as error:
            self._release()
            if error.errno not in NO_ROOM:
                raise
            return False
        return True

    def _release(self) -> None:
        self.path.unlink(missing_ok=True)

    def _free(self) -> int:
        """Bytes that this process may still write."""
        there = os.statvfs(self.path.parent)
        return there.f_bavail * there.f_frsize

    def _says_full(self, error: BaseException | None) -> bool:
        """A full disk has two names: that of the log, and, while its index grows, a plain I/O error."""
        seen: list[BaseException] = []
        while error is not None and error not in seen:
            seen.append(error)
            words = str(error).lower()
            if "disk is full" in words or ("disk i/o" in words and self._free() < 1024 * 1024):
                return True
            error = error.__cause__ or error.__context__
        return False
