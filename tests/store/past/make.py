"""
Write the databases of the past: `python -m tests.store.past.make`.

Versions 0001 and 0002 are written by the programs that had them, out of the history. 0003 to 0007 were given their numbers when
five branches met, so that no program ever stood at one of them: they are what the program of 0008 writes, in the tables and
columns that each of them has. A version newer than 0008 is added by the program that still has it: its number goes to HEADS.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from tocsin.store import migrate
from tocsin.store.db import Database

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
COMMITS = {"0001": "eb93c9b^", "0002": "096c54f^"}  # the last program of each
HEADS = ("0008",)  # written by the program as it stands
BETWEEN = ("0003", "0004", "0005", "0006", "0007")


def program(commit: str, folder: Path) -> Path:
    """The program of a commit, with the list of its integrations, which importlib finds beside it."""
    packed = subprocess.run(
        ["git", "archive", commit, "src", "pyproject.toml"], cwd=ROOT, capture_output=True, check=True
    )
    subprocess.run(["tar", "x", "-C", folder], input=packed.stdout, check=True)
    found = tomllib.loads((folder / "pyproject.toml").read_text())["project"]["entry-points"]
    about = folder / "src" / "tocsin-0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: tocsin\nVersion: 0\n")
    lines = [f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in each.items()) for group, each in found.items()]
    (about / "entry_points.txt").write_text("\n".join(lines))
    return folder / "src"


def write(source: Path, story: str, file: Path) -> None:
    """Have a program live through the story."""
    environment = {**os.environ, "PYTHONPATH": f"{source}:{ROOT}"}
    subprocess.run(
        [sys.executable, "-m", f"tests.store.past.{story}", str(file)], env=environment, cwd=file.parent, check=True
    )


def cut_down(whole: Path, version: str, file: Path) -> None:
    """The rows of *whole* in the tables and columns of an earlier version."""
    db = Database(f"sqlite:///{file}", lambda: None)
    with db.engine.connect() as connection:
        migrate._begin(connection, sqlite=True)
        migrate.step(connection, version)
        migrate._end(connection, "COMMIT", sqlite=True)
    db.close()
    with sqlite3.connect(file) as made:
        made.execute("ATTACH ? AS whole", (str(whole),))
        for (table,) in made.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'").fetchall():
            if table != "alembic_version":
                names = ", ".join(f'"{row[1]}"' for row in made.execute(f'PRAGMA main.table_info("{table}")'))
                made.execute(f'INSERT OR REPLACE INTO main."{table}" ({names}) SELECT {names} FROM whole."{table}"')


def dump(file: Path, version: str) -> None:
    with sqlite3.connect(file) as made:
        text = "\n".join(made.iterdump())
    (HERE / f"{version}.sql").write_text(text + "\n", encoding="utf-8")
    print(f"{version}: {len(text):,} characters")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for version, commit in COMMITS.items():
            (folder / version).mkdir()
            write(program(commit, folder / version), "story", folder / version / "t.db")
            dump(folder / version / "t.db", version)
        if migrate.HEAD in HEADS:
            write(ROOT / "src", "more", folder / "whole.db")
            dump(folder / "whole.db", migrate.HEAD)
            for version in BETWEEN:
                cut_down(folder / "whole.db", version, folder / f"{version}.db")
                dump(folder / f"{version}.db", version)


if __name__ == "__main__":
    main()
