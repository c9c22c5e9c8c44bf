"""Blameless reading of a postmortem: words that blame, causes that end too soon, actions that nobody can check."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tocsin.core.postmortem import BLANK, HEADING, TO_AGREE

LINES: Final = 5_000  # of a text that are read
LINE_LENGTH: Final = 2_000  # characters of a line that are read: the patterns look ahead


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


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule for one sentence. `{found}` stands for what was found, in `text` and `better`."""

    name: str
    pattern: re.Pattern[str]
    text: str
    better: str


# Who somebody is when no name is known. `on-call` may stand before any of them.
ROLE: Final = (
    r"(?:(?:on-?call|junior|senior|new|database|release|network|site|duty|lead|remote)\s+)*"
    r"(?:engineers?|developers?|devs?|interns?|contractors?|operators?|admins?|administrators?|sysadmins?|dbas?|"
    r"reviewers?|commanders?|managers?|authors?|consultants?|freelancers?|colleagues?|employees?|architects?|"
    r"technicians?|on-?call(?:\s+person)?)"
)
TEAM: Final = (
    r"(?:(?:the|our|their|vendor's)\s+(?:[\w-]+\s+){0,3}?(?:teams?|group|department|squad|crew|people)|QA|SRE|DevOps|management"
    r"|(?:the\s+)?(?:operations|sales|frontend|backend|marketing|infrastructure|architects|vendor))"
)
# What is said of somebody to blame them: what they did wrong, or did not do.
WRONG: Final = (
    r"(?:broke|br(?:eak|oke)s?\s+the|deleted|wiped|ignored|missed|misconfigured|misread|misunderstood|neglected|wasted|"
    r"forgot|overlooked|crashed|destroyed|ruined|dropped\s+the\s+ball|took\s+(?:down|out)|brought\s+down|knocked\s+over|"
    r"introduced\s+(?:the|a)\s+(?:bug|fault|error|defect|regression)|caused|skipped|rushed|refused|disregarded|"
    r"chose\s+the\s+wrong|picked\s+the\s+wrong|ran\s+the\s+wrong|pushed\s+(?:a\s+)?(?:bad|broken|untested)|"
    r"never\s+(?:told|asked|tested|checked|cleaned|read|looked|answered|documented|reviewed)|"
    r"did(?:\s+not|n't)\s+(?:even\s+|bother\s+(?:to\s+)?)?(?:test|read|check|look|answer|ask|tell|follow|notice|"
    r"document|review|verify|bother|escalate|communicate|warn|understand)\w*)"
)
# What is done with a thing, said in the passive with whoever is blamed behind it.
PASSIVE: Final = (
    r"(?:was|were|is|are|(?:had|has|have)\s+been|being|got)\s+(?:simply\s+)?(?:\w+ly\s+)?"
    r"(?:ignored|missed|overlooked|caused|broken|introduced|forgotten|misconfigured|neglected|skipped|silenced|deleted|"
    r"(?:not|never)\s+\w+)"
)


def _rule(name: str, pattern: str, text: str, better: str, flags: int = re.IGNORECASE) -> Rule:
    return Rule(name, re.compile(pattern, flags), text, better)


RULES: Final = (
    _rule(
        "human-error",
        r"\b(?:human(?:\s+factors?)?|operator|user|pilot|administrator|admin|engineer|manual|configuration)(?:'s|s')?"
        r"\s+(?:errors?|mistakes?|failure)\b(?!\s+(?:rate|message|budget|page|report))|"
        r"\bmade\s+an?\s+(?:\w+\s+)?mistake|\b(?:by|through)\s+mistake\b|\bmistake\s+(?:by|of|made\s+by)\b|"
        r"\b\w+(?:'s)\s+mistake\b|\b(?:typo|slip|error|oversight)\s+(?:made\s+)?by\s+(?:the|an?|our)\b|"
        r"\bdue\s+to\s+an\s+oversight|\bfat[- ]finger|\bPEBKAC\b|\baccident\s+on\s+the\s+part\s+of",
        "“{found}” ends the search where it begins: people err, and the next one will too.",
        "Say what made the step easy to get wrong and what let it pass: “the command takes its target from …”.",
    ),
    _rule(
        "should-have",
        r"\b(?:should|ought)(?:\s+(?:not|never|probably|really|at\s+least|all|also|simply))*(?:n't|n’t)?"
        r"(?:\s+to)?(?:\s+(?:not|never|probably|really))*(?:\s+|')(?:have|ve|'ve)\b|\bshould(?:n't|n’t)\s+have\b|\bshould've\b|"
        r"\b(?:was|were)\s+supposed\s+to\b|\bneeded\s+to\s+have\b|\bmust\s+have\s+known\b",
        "“{found}” judges by what is known now; nobody knew it then.",
        "Say what was seen at the time, and what was missing: “the page showed …; the … was not visible”.",
    ),
    _rule(
        "counterfactual",
        r"\bif\s+only\b|\b(?:could|might)\s+(?:easily\s+)?have\s+(?:been\s+(?:avoided|prevented|caught|noticed|found|stopped)|"
        r"(?:easily\s+)?(?:avoided|prevented|caught|noticed|found|restored|rolled|run|seen\s+it|stopped|checked|tested))|"
        r"\b(?:could|might)\s+easily\s+have\b|\bwould(?:\s+never|\s+not|n't)?\s+have\b|"
        r"(?:^|[.;,]\s+)had\s+(?:we|the\s+\w+|an?\s+\w+|somebody|someone|they|he|she|it)\s+\w+|"
        r"\bif\s+(?:the\s+\w+|we|they|he|she|somebody|someone|anybody)\s+had\b|"
        rf"\b(?:{ROLE}|{TEAM}|we|they|he|she|somebody|someone|support|nobody)\s+failed\s+to\b",
        "“{found}” tells of a past that was not; it explains nothing of the one that was.",
        "Tell what happened and why it made sense then; put the wish into an action item.",
    ),
    _rule(
        "person-blame",
        rf"\b(?:the|an?|our)\s+{ROLE}\s+(?:also\s+|simply\s+|then\s+|again\s+)?{WRONG}|"
        rf"\b(?:he|she)\s+(?:also\s+|simply\s+|then\s+)?{WRONG}|@\w[\w.-]*\s+(?:also\s+|simply\s+)?{WRONG}",
        "“{found}” names somebody beside what went wrong: the next reader hides what they know.",
        "Name the step and what it met: “the migration ran at 14:02 and found …”; the timeline keeps who did what.",
    ),
    _rule(
        "team-blame",
        rf"\b{PASSIVE}\s+by\s+{TEAM}|\bby\s+{TEAM}\s+without\b|\b(?:the|our|their)\s+(?:[\w'-]+\s+){{0,3}}?team\s+"
        rf"(?:also\s+|simply\s+)?{WRONG}|"
        rf"\b(?:QA|SRE|DevOps|management|operations|sales|frontend|backend|marketing|infrastructure|support)\s+"
        rf"(?:also\s+|simply\s+)?{WRONG}",
        "“{found}” puts a team in the place of a cause.",
        "Name the interface and what it let through: “the change of the contract reached production without …”.",
    ),
    _rule(
        "blame-word",
        r"\b(?:careless(?:ly|ness)?|negligen(?:t|tly|ce)|sloppy|sloppily|laz(?:y|ily|iness)|reckless(?:ly)?|incompeten\w+|"
        r"stupid(?:ly)?|dumb|clueless|inexcusabl\w+|irresponsibl\w+|forgot(?:ten)?(?:\s+to)?|to\s+blame|culprits?|guilty|"
        r"at\s+fault|fault\s+of\s+the\s+(?:person|team|one)|screwed\s+up|mess(?:ed)?\s+up|botch(?:ed)?|"
        r"(?:pay|paid|paying)\s+(?:no\s+)?attention\s+to\s+the|nobody\s+bothered|not\s+bother(?:ed)?|common\s+sense|"
        r"obvious(?:ly)?\s+(?:bug|mistake|error|wrong|should)|of\s+course\s+should|inattenti\w+|thoughtless\w*)\b",
        "“{found}” judges a person, and a judged person tells less the next time.",
        "Leave the judgement out and say what happened: “nothing reminded anybody of …”.",
    ),
    _rule(
        "single-cause",
        r"\b(?:the\s+)?(?:only|sole|single|one\s+and\s+only|just\s+one|exclusive)\s+(?:root\s+)?(?:cause|reason)\b|"
        r"\b(?:solely|entirely|purely|exclusively|wholly)\s+(?:due|caused|attributable|because|by|an?|the)\b|"
        r"\b(?:only|merely)\s+(?:due\s+to|caused\s+by|because)\b|"
        r"\bdue\s+only\s+to\b|\bsimply\s+because\b|\bnothing\s+(?:else|more\s+than)\b|\bcomes?\s+down\s+to\b|"
        r"\bcame\s+down\s+to\b|\balone\s+caused\b|\bno\s+other\s+(?:factor|cause|reason)\b|\bresult\s+of\s+a\s+single\b",
        "“{found}” ends with one cause; an outage needs several conditions at once.",
        "Name the trigger and what let it through: “… was the trigger; … did not stop it, and … made it last”.",
    ),
    _rule(
        "vague-action",
        r"\b(?:be|being)\s+(?:more\s+)?(?:careful|vigilant|attentive|aware)\b|\b(?:pay|paying)\s+(?:more|better|closer)\s+attention|"
        r"\btry\s+harder\b|\bremind\s+(?:everyone|everybody|people|the)|\bremember\s+to\b|\b(?:re)?train\s+(?:the|our|people)|"
        r"\bimprove\s+(?:communication|monitoring|awareness|quality)\b|\bnever\s+happens?\s+again|\braise\s+awareness|"
        r"\bfollow\s+the\s+(?:process|procedure|rules)\s+next\s+time|\blook\s+into\b|\bdouble-?check\s+(?:their|your|all)|"
        r"\btake\s+more\s+care|\bdo\s+better\b|\bneeds?\s+to\s+be\s+aware|\binvestigate\s+(?:whether|if|how)\b|"
        r"\bstay\s+alert\b|\bthink\s+about\s+(?:adding|whether|how)",
        "“{found}” cannot be finished, so nobody can say when it is.",
        "Write what will be different: a check, a guard, an alert; with an owner, a day and a way to verify it.",
    ),
)


def lint(text: str, names: Iterable[str] = ()) -> list[Finding]:
    """
    Read a postmortem and say what blames, what ends too soon, and which actions nobody can check.

    Args:
        text: Markdown. Code, quotations and what the draft still asks are left alone.
        names: People who may be named in it, by their first names too: a name beside a fault is blame.

    Returns:
        What was found, by line; at most one of a rule for each line. An honest text gives [].
    """
    lines = [line[:LINE_LENGTH] for line in text.splitlines()[:LINES]]
    rules = (*RULES, *_about(names))
    found = [one for number, line in _prose(lines) for one in _in_line(number, line, rules)]
    found += [*_root_cause(lines), *_actions(lines)]
    return sorted(found, key=lambda one: one.line)


def sentence(text: str, names: Iterable[str] = ()) -> frozenset[str]:
    """The rules that one sentence breaks."""
    return frozenset(one.rule for one in _in_line(1, text, (*RULES, *_about(names))))


def _about(names: Iterable[str]) -> tuple[Rule, ...]:
    """The rule for people by name: of `Ana Cruz` also `Ana`."""
    parts = {part for name in names for part in (name, name.split()[0] if name.split() else "") if len(part) > 1}
    if not parts:
        return ()
    any_of = "|".join(re.escape(part) for part in sorted(parts, key=len, reverse=True))
    own = next(rule for rule in RULES if rule.name == "person-blame")
    # The case of a name matters: "mark" and "will" are words.
    beside = rf"(?:{WRONG}|careless\w*|mistake)"
    pattern = rf"\b(?:{any_of})(?:'s)?\s+(?:also\s+|simply\s+|then\s+)?{beside}|\bby\s+(?:{any_of})'s\s+mistake"
    return (Rule("person-blame", re.compile(pattern), own.text, own.better),)


def _in_line(number: int, line: str, rules: Sequence[Rule]) -> Iterator[Finding]:
    seen: set[str] = set()
    for rule in rules:
        if rule.name not in seen and (match := rule.pattern.search(line)):
            seen.add(rule.name)
            found = " ".join(match[0].strip(" .,;").split())
            yield Finding(number, rule.name, rule.text.replace("{found}", found), rule.better)


def _prose(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    """The lines that somebody wrote in their own words."""
    fenced = False
    for number, line in enumerate(lines, 1):
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
        elif not fenced and not line.startswith(("    ", "\t", ">")) and BLANK not in line:
            yield number, re.sub(r"`[^`]*`", "``", line)


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
