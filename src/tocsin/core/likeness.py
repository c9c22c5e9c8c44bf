"""Words by which incidents are found, and how alike two of them are."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tocsin.core.types import Fact

TEXT_READ: Final = 20_000  # characters of one text
WORDS_KEPT: Final = 1_500  # of one incident
WORD_LENGTH: Final = 40  # characters; a longer one is found by its beginning
WORDS_ASKED: Final = 12  # of one question
# Words that every sentence has; in English, as Tocsin's own texts are.
COMMON: Final = frozenset({
    "a", "an", "and", "are", "as", "at", "be", "by", "for", "from", "has", "have", "in", "is", "it", "its", "no", "not",
    "of", "on", "or", "that", "the", "this", "to", "was", "we", "were", "will", "with",
})  # fmt: skip
# Of each kind of fact what the incident's page shows of it, and somebody may look for.
TEXTS: Final = {
    "declared": ("title", "service", "check", "impact"),
    "update_posted": ("summary", "next_steps", "impact"),
    "note": ("text",),
    "cause_identified": ("root_cause",),
    "resolved": ("root_cause", "resolution"),
    "write_up_published": ("text",),
}


def words(text: str, most: int = WORDS_KEPT) -> list[str]:
    """
    The different words of a text in their order: folded, without accents, letters and digits alone.

    Whatever a stranger writes, each has no space, no quote and no sign that a database could read as an operator.
    """
    plain = unicodedata.normalize("NFKD", text[:TEXT_READ].encode("utf-8", "ignore").decode()).casefold()
    kept = "".join(c if c.isalnum() else "" if unicodedata.combining(c) else " " for c in plain)
    return list(dict.fromkeys(word[:WORD_LENGTH] for word in kept.split()))[:most]


def asked(text: str) -> list[str]:
    """The words of a question; common ones only when there are no others."""
    found = words(text, 10 * WORDS_ASKED)
    return ([word for word in found if word not in COMMON] or found)[:WORDS_ASKED]


def of_facts(facts: Iterable[Fact]) -> list[str]:
    """The words that *facts* say where the incident's page shows them."""
    texts = [str(fact.data[name]) for fact in facts for name in TEXTS.get(fact.kind, ()) if fact.data.get(name)]
    return words("\n".join(texts))


_FORM = re.compile(r"^\s*(#|_|\||- \*\*|- \d\d:\d\d - )")


def of_postmortem(text: str) -> list[str]:
    """The words that people wrote into a postmortem: headings, its form and the timeline are left out."""
    return words("\n".join(line for line in text.splitlines() if not _FORM.match(line)))


# --------------------------------------------------------------------------------------------- likeness


@dataclass(frozen=True, slots=True)
class Known:
    """What is compared of an incident: its number, what it was about, and its words."""

    number: int
    service: str | None
    check: str | None
    words: frozenset[str]
    solved: bool = False  # somebody wrote what it was


@dataclass(frozen=True, slots=True)
class Like:
    """An incident that is like another, and why: in words, the strongest first."""

    number: int
    score: float
    why: tuple[str, ...]


ENOUGH: Final = 1.0
SERVICE, CHECK, SOLVED = 0.5, 0.5, 0.15  # what each adds to the share of the words, 0 to 1
SHOWN: Final = 4  # words that are named


def like(one: Known, own_words: Sequence[str], others: Collection[Known], most: int = 3) -> list[Like]:
    """
    Those of *others* that are like *one*, the most alike first, newer ones first among equals.

    *own_words* are what it is called and about. A word counts the less the more of the others have it too. The same
    service with the same check is enough, the words alone when nearly all are there; else they must come together.
    """
    mine = [word for word in own_words if word not in COMMON and len(word) > 1]
    common = Counter(word for other in others for word in other.words.intersection(mine))
    weights = {word: math.log(1 + (len(others) + 1) / (1 + common[word])) for word in mine}
    total = sum(weights.values()) or 1.0
    found = [_compared(one, other, mine, weights, total) for other in others if other.number != one.number]
    return sorted((each for each in found if each.score >= ENOUGH), key=lambda x: (-x.score, -x.number))[:most]


def _compared(one: Known, other: Known, mine: Sequence[str], weights: Any, total: float) -> Like:
    shared = [word for word in mine if word in other.words]
    score = sum(weights[word] for word in shared) / total
    service = one.service is not None and one.service == other.service
    check = one.check is not None and one.check == other.check
    if score < 0.8 and not (service or check):
        return Like(other.number, 0.0, ())
    score += SERVICE * service + CHECK * check
    score += 0.2 if not (service or check) else 0.0  # nearly every word of it is there
    why = [f"the same service, {one.service}"] if service else []
    why += [f"the same check, {one.check}"] if check else []
    best = sorted(shared, key=lambda word: -weights[word])[:SHOWN]
    why += [f"the words {', '.join(best)}"] if best else []
    return Like(other.number, round(score + SOLVED * other.solved if score >= ENOUGH else score, 6), tuple(why))
