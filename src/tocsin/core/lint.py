"""Blameless reading of a postmortem: words that blame, causes that end too soon, actions that nobody can check."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tocsin.core.blame import BLAME, marked
from tocsin.core.endings import ENDINGS
from tocsin.core.postmortem import BLANK, HEADING, TO_AGREE

LINES: Final = 5_000  # of a text that are read
LINE_LENGTH: Final = 2_000  # characters of a line that are read: the patterns look ahead
SHOWN: Final = 80  # characters of what was found
RULES: Final = (*BLAME, *ENDINGS)


@dataclass(frozen=True, slots=True)
class Finding:
    """What could be said better: its line (from 1), the rule, why it matters, and what to write in its place."""

    line: int
    rule: str
    text: str
    better: str

    @property
    def json(self) -> Mapping[str, object]:
        """As `postmortem lint --json` and the API give it."""
        return {"line": self.line, "rule": self.rule, "text": self.text, "better": self.better}


def lint(text: str, names: Iterable[str] = ()) -> list[Finding]:
    """
    Read a postmortem and say what blames, what ends too soon, and which actions nobody can check.

    Args:
        text: Markdown. Code, quotations, links and what the draft still asks are left alone.
        names: People who may be named in it, by their first names too: a name beside a fault is blame.

    Returns:
        What was found, by line; at most one of a rule for each line. An honest text gives [].
    """
    lines = [line[:LINE_LENGTH] for line in text.splitlines()[:LINES]]
    known = tuple(names)
    found = [one for number, block in _blocks(lines) for one in _in_block(number, block, known)]
    found += [*_root_cause(lines), *_actions(lines)]
    first = {(one.line, one.rule): one for one in reversed(found)}
    return sorted(first.values(), key=lambda one: (one.line, NAMES.index(one.rule)))


def sentence(text: str, names: Iterable[str] = ()) -> frozenset[str]:
    """The rules that one sentence breaks."""
    return frozenset(one.rule for one in _in_block(1, text, tuple(names)))


def _in_block(number: int, block: str, names: tuple[str, ...]) -> Iterator[Finding]:
    """What is found in the sentences of a block of text that begins on line *number*."""
    text = _ELSEWHERE.sub(lambda found: "``" + "\n" * found[0].count("\n"), _SPACES.sub(" ", block))
    ready = marked(text, names)
    start = 0
    for end in [*(gap.end() for gap in _BETWEEN.finditer(text)), len(text)]:
        one = ready[start:end].rstrip()
        for rule in RULES:
            if match := rule.search(one):
                words = " ".join(text[start + match.start() : start + match.end()].strip(" .,;|").split())
                found = words if len(words) <= SHOWN else f"{words[: SHOWN - 1]}…"
                line = number + text.count("\n", 0, start + match.start())
                yield Finding(line, rule.name, rule.text.replace("{found}", found), rule.better)
        start = end


# What others wrote, and what is no sentence: code, quotations, links, comments.
_ELSEWHERE: Final = re.compile(
    r"(`+)(?!`)[^`]{1,400}?\1(?!`)|!?\[[^\]\n]{0,300}\]\([^)\s]{0,500}(?:\s[^)]{0,100})?\)|https?://\S+|<!--.{0,500}?-->|"
    r"\"[^\"]{1,300}\"|“[^”]{1,300}”|„[^“”]{1,300}[“”]|«[^»]{1,300}»|(?<![\w`])'[^'\n]{2,200}'(?!\w)",
    re.DOTALL,
)
# Where one sentence ends and the next begins; the cells of a table are sentences.
_BETWEEN: Final = re.compile(r"(?<=[.!?])[\s*_)]+(?=[A-Z(`@*_\d])|\s*\|\s*")
_SPACES: Final = re.compile(r"[^\S\n]+")
_FENCE: Final = re.compile(r"\s*(`{3,}|~{3,})")
_ITEM: Final = re.compile(r"\s*(?:[-*+]|\d{1,3}[.)])\s+(?:\[[ xX]\]\s+)?")
_LOG: Final = re.compile(
    r"\W*\d{4}-\d\d-\d\d[T ]\d\d:\d\d\S*\s.*\b(?:ERROR|WARN|WARNING|INFO|DEBUG|FATAL|TRACE|CRITICAL)\b|"
    r"[A-Z][a-z]{2}\s+\d+\s\d\d:\d\d:\d\d\s\S+\s\S+:"
)


def _blocks(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    """What somebody wrote in their own words: paragraphs, items, headings, rows, each with its first line."""
    block: list[str] = []
    for number, line, begins in _prose(lines):
        if begins and block:
            yield number - len(block), "\n".join(block)
            block = []
        if line:
            block.append(line)


def _prose(lines: Sequence[str]) -> Iterator[tuple[int, str, bool]]:
    """Each line that is prose, without its mark, and whether a block begins with it; empty for any other."""
    fence, listed, alone = "", False, False
    for number, line in enumerate(lines, 1):
        mark = _FENCE.match(line)
        if fence or mark:
            if mark and not fence:
                fence = mark[1]
            elif mark and mark[1].startswith(fence) and not line.strip(" `~"):
                fence = ""
            yield number, "", True
            continue
        item = _ITEM.match(line)
        indented = line.startswith(("    ", "\t"))
        listed = bool(item) or (listed and (indented or not line.strip()))
        if not line.strip() or (indented and not listed) or line.startswith(">") or BLANK in line or _LOG.match(line):
            yield number, "", True
            continue
        heading = HEADING.match(line)
        row = line.lstrip().startswith("|")
        bare = line[item.end() :] if item else heading[1] if heading else line
        yield number, bare.strip(), bool(item or heading or row or alone)
        alone = bool(heading or row)
    yield len(lines) + 1, "", True


# --------------------------------------------------------------------------------------------- of whole sections

_ALLOWED: Final = re.compile(
    r"allow|contribut|made\s+(?:it|this)\s+(?:possible|worse)|let\s+(?:it|this|the)|because|since\b|so\s+that|trigger|"
    r"condition|did\s+not\s+(?:stop|catch|prevent|detect)|nothing\s+(?:asks?|stops?|checks?|stopped|checked)|"
    r"no\s+(?:check|test|alert|guard|limit)|missing|without|not\s+known|unknown|open\s+question",
    re.IGNORECASE,
)
_DATE: Final = re.compile(r"\b\d{4}-\d{2}-\d{2}\b|\b\d{1,2}\s+(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)")
_OWNER: Final = re.compile(r"\bowner\b|@\w|:\s*[A-Z][\w-]+|\([A-Z][\w .-]+\)|\bassigned\s+to\b|,\s*[A-Z][a-z]+\b")
_VERIFY: Final = re.compile(
    r"verif|prove[dns]?\b|checked\s+by|done\s+when|test(?:ed)?\b|drill|measured|seen\s+(?:by|in|when)|until",
    re.IGNORECASE,
)
_SETTLED: Final = re.compile(r"\b(?:done|dropped)\b", re.IGNORECASE)


def _section(lines: Sequence[str], name: str) -> tuple[int, list[tuple[int, str]]]:
    """The line of a heading that begins with *name*, 0 without one, and the lines under it that are not empty."""
    start = 0
    body: list[tuple[int, str]] = []
    for number, line in enumerate(lines, 1):
        heading = HEADING.match(line)
        if heading and start:
            break
        if heading and heading[1].casefold().startswith(name):
            start = number
        elif start and line.strip():
            body.append((number, line.strip()))
    return start, body


def _root_cause(lines: Sequence[str]) -> Iterator[Finding]:
    start, body = _section(lines, "root cause")
    said = " ".join(line for _, line in body)
    if not start or BLANK in said or _ALLOWED.search(said):
        return
    text = "The root cause says what happened; it does not say what allowed it to happen." if said else (
        "The section on the root cause is empty."
    )  # fmt: skip
    better = "Add what made it possible and what did not stop it: a missing check, a limit, an alert that nobody gets."
    yield Finding(start, "what-allowed-this", text, better)


def _actions(lines: Sequence[str]) -> Iterator[Finding]:
    start, body = _section(lines, "action items")
    rows = [(number, _cells(line)) for number, line in body if line.startswith("|")]
    if rows:
        yield from _in_table(rows)
    items = [(number, line) for number, line in body if re.match(r"(?:[-*+]|\d+[.)])\s", line)]
    for number, line in items:
        for rule, is_there in (("action-owner", _OWNER), ("action-date", _DATE), ("action-verify", _VERIFY)):
            if not is_there.search(line):
                yield Finding(number, rule, *_SAYS[rule])
    if start and not items and len(rows) <= 2 and not any(TO_AGREE in line for _, line in body):
        yield Finding(start, "action-none", *_SAYS["action-none"])


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]


def _in_table(rows: Sequence[tuple[int, list[str]]]) -> Iterator[Finding]:
    head = [cell.casefold() for cell in rows[0][1]]
    for number, cells in rows[1:]:
        if all(set(cell) <= set("-: ") for cell in cells) or TO_AGREE in cells[0]:
            continue
        for rule, words in _COLUMNS:
            place = next((n for n, name in enumerate(head) if any(word in name for word in words)), None)
            cell = cells[place] if place is not None and place < len(cells) else ""
            if not _is_there(rule, cell):
                yield Finding(number, rule, *_SAYS[rule])


def _is_there(rule: str, cell: str) -> bool:
    if rule == "action-date":
        return bool(_DATE.search(cell) or _SETTLED.search(cell))
    return len(cell.strip("-–? .")) > 1 and cell.casefold() not in ("tbd", "todo", "none", "n/a", "someone", "everyone")


_COLUMNS: Final = (
    ("action-owner", ("owner", "who")), ("action-date", ("due", "date", "when", "until")),
    ("action-verify", ("verif", "proof", "check", "done when")),
)  # fmt: skip
_SAYS: Final[Mapping[str, tuple[str, str]]] = {
    "action-owner": ("This action has no owner, so it is nobody's.", "Name one person; a team cannot be reminded."),
    "action-date": ("This action has no date.", "Give it a day, such as 2026-12-04; its owner is reminded."),
    "action-verify": (
        "Nobody can say when this action is done.", "Say how you will see that it works: a test, a drill, a graph.",
    ),
    "action-none": (
        "No action item is written down.", "Add what will be different: each with an owner, a day, a way to verify it.",
    ),
}  # fmt: skip

NAMES: Final = tuple(dict.fromkeys([rule.name for rule in RULES] + ["what-allowed-this", *_SAYS]))
