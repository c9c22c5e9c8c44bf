"""
Power cuts below the file system: what SQLite writes and syncs is recorded, and disks are built as a cut may leave them.

SQLite's own layer to the system (its VFS) is tapped in this process: every write, truncation and sync of the database
and its log is noted before it is passed on, between the notes of who was answered. A disk after a cut holds all that
was synced and, of the rest, nothing, everything, or any part in any order.
"""

from __future__ import annotations

import _sqlite3
import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

SQLITE_OK, IOERR_WRITE = 0, 778
POINTER, INT, LONG = ctypes.c_void_p, ctypes.c_int, ctypes.c_longlong
OPEN = ctypes.CFUNCTYPE(INT, POINTER, ctypes.c_char_p, POINTER, INT, POINTER)
WRITE = ctypes.CFUNCTYPE(INT, POINTER, POINTER, INT, LONG)
TRUNCATE = ctypes.CFUNCTYPE(INT, POINTER, LONG)
SYNC = ctypes.CFUNCTYPE(INT, POINTER, INT)


class Methods(ctypes.Structure):
    """sqlite3_io_methods, version 3.   Source: sqlite.org/c3ref/io_methods.html"""

    _fields_ = (
        ("version", INT), ("close", POINTER), ("read", POINTER), ("write", POINTER), ("truncate", POINTER),
        ("sync", POINTER), ("rest", POINTER * 13),
    )  # fmt: skip


class Vfs(ctypes.Structure):
    """The beginning of sqlite3_vfs.   Source: sqlite.org/c3ref/vfs.html"""

    _fields_ = (
        ("version", INT), ("file_size", INT), ("path_limit", INT), ("next", POINTER), ("name", ctypes.c_char_p),
        ("data", POINTER), ("open", POINTER),
    )  # fmt: skip


@dataclass
class Tap:
    """What was done to the files of one folder, in order: (what, file or key, offset or size, bytes)."""

    folder: Path
    events: list[tuple[str, str, int, bytes]] = field(default_factory=list)
    failing: bool = False  # every write is answered as a disk that is broken does
    names: dict[int, str] = field(default_factory=dict)
    kept: list[object] = field(default_factory=list)  # what C points to

    def note(self, what: str, name: str, place: int = 0, data: bytes = b"") -> None:
        self.events.append((what, name, place, data))


@contextmanager
def tapped(folder: Path) -> Iterator[Tap]:
    """Record every file of a database that is opened in *folder*."""
    library = ctypes.CDLL(_sqlite3.__file__)
    library.sqlite3_vfs_find.restype = ctypes.POINTER(Vfs)
    vfs = library.sqlite3_vfs_find(None).contents
    tap, original = Tap(folder), vfs.open
    open_ = OPEN(original)
    tables: dict[int, Methods] = {}

    def opened(vfs_: int, name: bytes | None, file: int, flags: int, out: int) -> int:
        answer = open_(vfs_, name, file, flags, out)
        path = Path(name.decode()) if name else Path()
        if answer == SQLITE_OK and path.parent == folder and path.name.endswith((".db", "-wal")):
            tap.names[file] = path.name
            methods = ctypes.cast(file, ctypes.POINTER(POINTER))
            if methods[0] not in tables:
                tables[methods[0]] = _table(tap, Methods.from_address(methods[0]))
            methods[0] = ctypes.addressof(tables[methods[0]])
        return answer

    tap.kept += [tables, callback := OPEN(opened)]
    vfs.open = ctypes.cast(callback, POINTER).value
    try:
        yield tap
    finally:
        vfs.open = original


def _table(tap: Tap, original: Methods) -> Methods:
    write_, truncate_, sync_ = WRITE(original.write), TRUNCATE(original.truncate), SYNC(original.sync)

    def write(file: int, data: int, size: int, offset: int) -> int:
        if tap.failing:
            return IOERR_WRITE
        tap.note("write", tap.names[file], offset, ctypes.string_at(data, size))
        return write_(file, data, size, offset)

    def truncate(file: int, size: int) -> int:
        tap.note("truncate", tap.names[file], size)
        return truncate_(file, size)

    def sync(file: int, flags: int) -> int:
        answer = sync_(file, flags)
        tap.note("sync", tap.names[file])  # only when it has returned
        return answer

    made = Methods()
    ctypes.pointer(made)[0] = original
    calls = WRITE(write), TRUNCATE(truncate), SYNC(sync)
    made.write, made.truncate, made.sync = (ctypes.cast(call, POINTER).value for call in calls)
    tap.kept += [made, *calls]
    return made


# --------------------------------------------------------------------------------------------- disks after a cut


class Disk:
    """The files as they are for certain, and what was done to them since."""

    def __init__(self) -> None:
        self.synced: dict[str, bytearray] = {}
        self.since: list[tuple[str, str, int, bytes]] = []

    def take(self, event: tuple[str, str, int, bytes]) -> None:
        what, name, _, _ = event
        if what == "sync":
            for one in (one for one in self.since if one[1] == name):
                _apply(self.synced, one)
            self.synced.setdefault(name, bytearray())
            self.since = [one for one in self.since if one[1] != name]
        elif what in ("write", "truncate"):
            self.since.append(event)

    def images(self, random: Random) -> Iterator[tuple[str, dict[str, bytearray]]]:
        """What may be found after a cut now."""
        yield "synced only", self._with([])
        yield "everything", self._with(self.since)
        if self.since:
            what, name, place, data = self.since[-1]
            yield "torn", self._with([*self.since[:-1], (what, name, place, data[: len(data) // 2])])
            some = [one for one in self.since if random.random() < 0.5]
            random.shuffle(some)
            yield "some, in any order", self._with(some)

    def _with(self, more: list[tuple[str, str, int, bytes]]) -> dict[str, bytearray]:
        files = {name: bytearray(data) for name, data in self.synced.items()}
        for one in more:
            _apply(files, one)
        return files


def _apply(files: dict[str, bytearray], event: tuple[str, str, int, bytes]) -> None:
    what, name, place, data = event
    file = files.setdefault(name, bytearray())
    if what == "truncate":
        del file[place:]
        return
    file.extend(bytes(max(place + len(data) - len(file), 0)))
    file[place : place + len(data)] = data
