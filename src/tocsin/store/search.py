"""The full-text index over incidents, asked with words: FTS5 on SQLite, a GIN index over a tsvector on PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import cache
from typing import Any, Final

from sqlalchemy import Select, bindparam, column, false, func, insert, literal_column, or_, select, table, text, update

from tocsin.core import likeness
from tocsin.core.incident import Incident
from tocsin.core.likeness import Known
from tocsin.core.types import Fact
from tocsin.store.db import Tx
from tocsin.store.fixed import fixed
from tocsin.store.schema import WORDS_INDEX, figures
from tocsin.store.schema import searched as kept

OF_SERVICE: Final = 40  # incidents of the same service that are compared
OF_WORD: Final = 15  # and so many that have one of the words in common
WORDS_COMPARED: Final = 10

_OLD = fixed(select(kept.c.words).where(kept.c.incident == bindparam("of")))
_NEW = fixed(insert(kept))
_CHANGE = fixed(update(kept).where(kept.c.incident == bindparam("of")))


# --------------------------------------------------------------------------------------------- keeping


def follow(tx: Tx, number: int, facts: Sequence[Fact]) -> None:
    """Let an incident be found by what *facts* say of it."""
    if found := likeness.of_facts(facts):
        add(tx, number, found)


def add(tx: Tx, number: int, words: Iterable[str]) -> None:
    """Let an incident be found by these words, too."""
    row = tx.first(_OLD, {"of": number})
    if row is None:
        tx.run(_NEW, {"incident": number, "words": " ".join(words)})
        return
    old = row.words.split()
    all_ = list(dict.fromkeys([*old, *words]))[: likeness.WORDS_KEPT]
    if len(all_) > len(old):
        tx.run(_CHANGE, {"of": number, "words": " ".join(all_)})


# --------------------------------------------------------------------------------------------- asking


def matching(tx: Tx, question: str) -> Select[Any] | None:
    """
    A query for the numbers of incidents that have every word of *question*, each as the beginning of one of theirs.

    None for a question without a word. Nothing of what somebody typed gets into the language of either index: what is
    handed over are letters and digits.
    """
    words = likeness.asked(question)
    return _matching(tx.sqlite, words, " AND " if tx.sqlite else " & ") if words else None


def _matching(sqlite: bool, words: Sequence[str], join: str) -> Select[Any]:
    if sqlite:
        said = join.join(f'"{word}"*' for word in words)
        index = table(WORDS_INDEX, column("rowid"))
        return select(index.c.rowid).where(literal_column(WORDS_INDEX).op("MATCH")(said))
    said = join.join(f"'{word}':*" for word in words)
    return select(kept.c.incident).where(_VECTOR.op("@@")(text("CAST(:said AS tsquery)").bindparams(said=said)))


_VECTOR = func.array_to_tsvector(func.string_to_array(kept.c.words, literal_column("' '")))


def find(tx: Tx, question: str, *, before: int | None = None, limit: int = 100) -> list[int]:
    """The numbers of incidents that have every word of *question*, newest first."""
    query = matching(tx, question)
    if query is None:
        return []
    found = query.subquery()
    number = next(iter(found.c))
    statement = select(number).order_by(number.desc()).limit(limit)
    return [row[0] for row in tx.connection.execute(statement.where(number < before) if before else statement)]


@cache
def _comparable() -> Select[Any]:
    """Incidents that are over and really were."""
    c = figures.c
    return select(c.incident).where(c.to_resolve.isnot(None), c.drill.is_(False), c.merged.is_(False))


def similar(tx: Tx, state: Incident, most: int = 3) -> list[likeness.Like]:
    """Incidents that are over and were like this one, the most alike first; never itself, a drill or a merged one."""
    own = likeness.words(" ".join(filter(None, (state.title, state.service, state.check, state.root_cause))))
    numbers = _candidates(tx, state, own)
    one = Known(state.number, state.service, state.check, frozenset(own))
    return likeness.like(one, own, _known(tx, numbers), most)


def _candidates(tx: Tx, state: Incident, own: Sequence[str]) -> set[int]:
    c = figures.c
    found: set[int] = set()
    if state.service is not None:
        mine = _comparable().where(c.service == state.service, c.incident != state.number)
        found |= {row[0] for row in tx.connection.execute(mine.order_by(c.incident.desc()).limit(OF_SERVICE))}
    for word in [word for word in own if word not in likeness.COMMON and len(word) > 1][:WORDS_COMPARED]:
        found |= set(_newest_with(tx, word))
    return found - {state.number}


def _newest_with(tx: Tx, word: str) -> list[int]:
    """The newest that have this very word: each has its turn, so that a rare one is heard beside common ones."""
    if tx.sqlite:
        query = text(f"SELECT rowid FROM {WORDS_INDEX} WHERE {WORDS_INDEX} MATCH :said ORDER BY rowid DESC LIMIT :most")  # noqa: S608
        said = f'"{word}"'
    else:  # the index first, then the order: else the planner may read every incident from the newest on
        query = text(
            "WITH hits AS MATERIALIZED (SELECT incident FROM searched WHERE "
            "array_to_tsvector(string_to_array(words, ' ')) @@ CAST(:said AS tsquery)) "
            "SELECT incident FROM hits ORDER BY incident DESC LIMIT :most"
        )
        said = f"'{word}'"
    return [row[0] for row in tx.connection.execute(query, {"said": said, "most": OF_WORD})]


def _known(tx: Tx, numbers: Collection[int]) -> list[Known]:
    c = figures.c
    joined = kept.join(figures, c.incident == kept.c.incident)
    statement = select(c.incident, c.service, c.check, c.cause, kept.c.words).select_from(joined)
    where = or_(c.incident.in_(numbers), false()), c.to_resolve.isnot(None), c.drill.is_(False), c.merged.is_(False)
    return [
        Known(row.incident, row.service, row.check, frozenset(row.words.split()), solved=row.cause is not None)
        for row in tx.connection.execute(statement.where(*where).order_by(c.incident))
    ]
