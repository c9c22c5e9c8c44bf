"""
How well and how fast the blameless lint reads: `python -m tests.lint_corpus [--held-out] [--missed] [--speed]`.

The sentences of `lint_corpus.txt` are there to tune the rules with. Those of `lint_held_out.txt` were not used for it and
are only counted: a change of a rule that looks at them needs new ones, and they join the others. A rule's precision
counts what it finds in good sentences against it, its recall what it misses of its own bad ones. In total a sentence
counts once.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tocsin.core import lint

TUNED, HELD_OUT = (Path(__file__).with_name(name) for name in ("lint_corpus.txt", "lint_held_out.txt"))
NAMES = ("Martijn", "Ana", "Bo", "Priya", "Kenji", "Tom", "Lea")


@dataclass(frozen=True)
class Sentence:
    text: str
    rules: frozenset[str]


@dataclass(frozen=True)
class Score:
    found: int
    wrong: int
    missed: int

    @property
    def precision(self) -> float:
        return self.found / (self.found + self.wrong) if self.found + self.wrong else 1.0

    @property
    def recall(self) -> float:
        return self.found / (self.found + self.missed) if self.found + self.missed else 1.0


def read(*, held_out: bool) -> list[Sentence]:
    """The sentences of one part, in the order of the file."""
    chosen = []
    for line in (HELD_OUT if held_out else TUNED).read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        rules, bar, text = line.partition(" | ")
        chosen.append(Sentence(text if bar else line, frozenset(rules.split(",")) if bar else frozenset()))
    return chosen


def score(sentences: Sequence[Sentence], rule: str) -> Score:
    found = [(one, lint.sentence(one.text, NAMES)) for one in sentences]
    return Score(
        sum(rule in one.rules and rule in said for one, said in found),
        sum(not one.rules and rule in said for one, said in found),
        sum(rule in one.rules and rule not in said for one, said in found),
    )


def total(sentences: Sequence[Sentence]) -> Score:
    found = [(one, lint.sentence(one.text, NAMES)) for one in sentences]
    return Score(
        sum(bool(one.rules and said) for one, said in found),
        sum(bool(not one.rules and said) for one, said in found),
        sum(bool(one.rules and not said) for one, said in found),
    )


def took(characters: int = 50_000, times: int = 5) -> float:
    """Read a text of that length, made of both parts in paragraphs of seven; the best of some times, in ms."""
    texts = [one.text for held_out in (False, True) for one in read(held_out=held_out)]
    parts = [" ".join(texts[n : n + 7]) for n in range(0, len(texts), 7)]
    text = "\n\n".join(parts * (characters // len("\n\n".join(parts)) + 1))[:characters]
    best = float("inf")
    for _ in range(times):
        begun = time.process_time()
        lint.lint(text, NAMES)
        best = min(best, time.process_time() - begun)
    return best * 1000


def main(arguments: Sequence[str]) -> None:
    if "--speed" in arguments:
        print(f"50,000 characters: {took():.0f} ms")
        return
    held_out = "--held-out" in arguments
    sentences = read(held_out=held_out)
    bad = sum(bool(one.rules) for one in sentences)
    print(f"{'held out' if held_out else 'to tune'}: {bad} bad, {len(sentences) - bad} good")
    print(f"{'rule':16} precision  recall")
    for name in [rule.name for rule in lint.RULES]:
        one = score(sentences, name)
        print(f"{name:16} {one.precision:9.2f} {one.recall:7.2f}")
    all_ = total(sentences)
    print(f"{'all':16} {all_.precision:9.2f} {all_.recall:7.2f}")
    if "--missed" in arguments and not held_out:
        for one in sentences:
            said = lint.sentence(one.text, NAMES)
            if one.rules - said or (said and not one.rules):
                print(f"  {','.join(one.rules) or 'good'} -> {','.join(said) or '-'}: {one.text}")


if __name__ == "__main__":
    main(sys.argv[1:])
