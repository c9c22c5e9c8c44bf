"""Reads, validates and explains the runbook's YAML: every error with its line, key, what was found and is accepted."""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import reduce
from typing import Any, Final, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from tocsin.core import contrast, runbook_check
from tocsin.core.runbook import REQUIRED_SECRETS, Runbook
from tocsin.core.types import Json

SIZE_LIMIT: Final = 1_000_000  # characters
NODE_LIMIT: Final = 100_000  # nodes, aliases counted each time they stand
DEPTH_LIMIT: Final = 32
FOUND_LIMIT: Final = 80  # characters of what was found, in an error

Path = tuple[str | int, ...]
M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: line (from 1) and key in the file, what stands there, what is accepted."""

    line: int
    key: str
    found: str
    accepted: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.key}: found {self.found}; accepted: {self.accepted}"


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of reading a file. `runbook` is None where there are errors; `version` is the SHA-256 of the text."""

    runbook: Runbook | None
    errors: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    version: str


class _Loader(yaml.CSafeLoader):
    """YAML in which only true and false are truth values: on, off, yes, no and NO stay text."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false|True|False)$"), list("tfTF"))

_NAME = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def version_of(text: str) -> str:
    """The version of a runbook: the SHA-256 of its text, 64 hex digits."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def read(
    text: str, environment: Mapping[str, str], *, was_in_force: bool = False, looks: runbook_check.Looks | None = None
) -> Reading:
    """
    Read a runbook. `${NAME}` is taken from *environment*; no value of it is ever shown in an error.

    Args:
        was_in_force: It passed the checks of its time: what is checked since then does not take it out of force.
        looks: What the installed integrations can look at (`plugins.looks`); without it `diagnose` is not checked.

    Raises:
        Nothing: whatever is wrong with the text is in the reading's errors.
    """
    version = version_of(text)
    try:
        node = _compose(text)
    except _Bad as error:
        return Reading(None, (error.problem,), (), version)
    lines: dict[Path, int] = {}
    problems: list[Problem] = []
    data = _plain(node, (), lines, problems)
    missing: dict[Path, tuple[str, ...]] = {}
    filled = _fill(data, (), environment, missing)
    left_out, warnings, unset = _sort_missing(data, missing, lines)
    problems += unset
    runbook, errors = _validate(filled, data, lines, Runbook)
    problems += errors
    if runbook and not problems:
        runbook = runbook.without(left_out)
        problems += [] if was_in_force else [_of_fault(f, data, lines) for f in runbook_check.faults(runbook, looks)]
        warnings += tuple(_faint(runbook, lines))
    return Reading(None if problems else runbook, tuple(sorted(problems, key=lambda p: p.line)), warnings, version)


def _faint(runbook: Runbook, lines: Mapping[Path, int]) -> Iterator[Problem]:
    """Own colours of the status page that do not read as links and buttons: the page shows them darker or lighter."""
    page = runbook.status_page
    for name, colour, theme in (("accent", page.accent, "light"), ("accent_dark", page.accent_dark, "dark")):
        path, grounds = ("status_page", name), contrast.GROUNDS[theme]
        if colour and path in lines and (best := contrast.least(colour, grounds)) < contrast.TEXT:
            shown = contrast.readable(colour, grounds)
            wanted = f"a colour of at least {contrast.TEXT}:1 on a {theme} page"
            found = f"{colour}, which has {best:.2f}:1; links show as {shown}"
            yield Problem(_line(path, lines), _dotted(path), found, wanted)


def check(
    text: str, environment: Mapping[str, str], now: datetime, looks: runbook_check.Looks | None = None
) -> dict[str, Json]:
    """Give `{"errors": […], "warnings": […], "findings": […]}` as DESIGN.md section 2 has it."""
    reading = read(text, environment, looks=looks)
    book = reading.runbook
    found = (*runbook_check.findings(book, now), *runbook_check.blind(book, looks or {})) if book else ()
    return {
        "errors": [asdict(problem) for problem in reading.errors],
        "warnings": [asdict(problem) for problem in reading.warnings],
        "findings": [asdict(finding) for finding in found],
    }


# --------------------------------------------------------------------------------------------- YAML to data


class _Bad(Exception):  # noqa: N818 - what the file is
    def __init__(self, line: int, key: str, found: str, accepted: str) -> None:
        super().__init__(key)
        self.problem = Problem(line, key, found, accepted)


def _compose(text: str) -> yaml.Node:
    if len(text) > SIZE_LIMIT:
        raise _Bad(1, "(file)", f"{len(text)} characters", f"at most {SIZE_LIMIT}")
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        what = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise _Bad(mark.line + 1 if mark else 1, "(file)", str(what)[:FOUND_LIMIT], "well-formed YAML") from None
    except UnicodeEncodeError:
        raise _Bad(1, "(file)", "a character that is half of one", "text in UTF-8") from None
    except RecursionError:
        raise _Bad(1, "(file)", "nesting without end", f"at most {DEPTH_LIMIT} levels") from None
    if not isinstance(node, yaml.MappingNode):
        raise _Bad(1, "(file)", "no mapping" if node else "nothing", "a mapping with version, people, severities …")
    _measure(node)
    return node


def _measure(root: yaml.Node) -> None:
    """Refuse a file whose aliases unfold into more than anybody wrote."""
    count, level = 0, [root]
    for _ in range(DEPTH_LIMIT):
        below: list[yaml.Node] = []
        for node in level:
            if isinstance(node, yaml.MappingNode):
                below.extend(part for pair in node.value for part in pair)
            elif isinstance(node, yaml.SequenceNode):
                below.extend(node.value)
            if len(below) > NODE_LIMIT:
                break
        count += len(below)
        if count > NODE_LIMIT:
            raise _Bad(1, "(file)", "aliases that unfold without end", f"at most {NODE_LIMIT} values")
        if not below:
            return
        level = below
    raise _Bad(level[0].start_mark.line + 1, "(file)", "deep nesting", f"at most {DEPTH_LIMIT} levels")


def _plain(node: yaml.Node, path: Path, lines: dict[Path, int], problems: list[Problem]) -> Json:
    """Turn a node into plain data, noting the line of every key and value."""
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*path, i), lines, problems) for i, item in enumerate(node.value)]
    if not isinstance(node, yaml.MappingNode):
        return _scalar(node, path, problems)
    found: dict[str, Json] = {}
    for key_node, value_node in node.value:
        key, line = str(key_node.value), key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            problems.append(Problem(line, _dotted(path), "a key that is no text", "a plain key"))
            continue
        if key in found:
            problems.append(Problem(line, _dotted((*path, key)), "the key a second time", "each key once"))
        lines[(*path, key)] = line
        found[key] = _plain(value_node, (*path, key), lines, problems)
    return found


def _scalar(node: yaml.Node, path: Path, problems: list[Problem]) -> Json:
    loader = _Loader("")
    try:
        return loader.construct_object(node)
    except (yaml.YAMLError, ValueError, OverflowError):
        problems.append(
            Problem(node.start_mark.line + 1, _dotted(path), _shown(node.value), "a text, a number, true or false")
        )
        return str(node.value)
    finally:
        loader.dispose()


def _dotted(path: Path) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text or "(file)"


def _shown(value: Json) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    text = "nothing" if value is None else str(value).lower() if isinstance(value, bool) else repr(value)
    text = "".join(c if c.isprintable() else "?" for c in text)
    return text if len(text) <= FOUND_LIMIT else text[: FOUND_LIMIT - 1] + "…"


# --------------------------------------------------------------------------------------------- ${NAME}


def _fill(data: Json, path: Path, environment: Mapping[str, str], missing: dict[Path, tuple[str, ...]]) -> Json:
    if isinstance(data, dict):
        return {key: _fill(value, (*path, key), environment, missing) for key, value in data.items()}
    if isinstance(data, list):
        return [_fill(value, (*path, i), environment, missing) for i, value in enumerate(data)]
    if not isinstance(data, str) or "${" not in data:
        return data
    unset = tuple(name for name in _NAME.findall(data) if not environment.get(name))
    if unset:
        missing[path] = unset
    return _NAME.sub(lambda found: environment.get(found[1], ""), data)


def _sort_missing(
    data: Json, missing: Mapping[Path, tuple[str, ...]], lines: Mapping[Path, int]
) -> tuple[dict[str, tuple[str, ...]], tuple[Problem, ...], list[Problem]]:
    """What is unset leaves an integration or action out, with a warning; elsewhere it is an error."""
    left_out: dict[str, tuple[str, ...]] = {}
    warnings: list[Problem] = []
    errors: list[Problem] = []
    for path, names in missing.items():
        where = _left_out_with(path)
        names_text = ", ".join(names)
        problem = Problem(lines.get(path, 1), _dotted(path), " ".join(f"${{{n}}}" for n in names), f"{names_text} set")
        if where is None:
            errors.append(problem)
            continue
        if where:
            left_out[where] = tuple(dict.fromkeys((*left_out.get(where, ()), *names)))
        consequence = f"{where} is left out" if where else _empty(path)
        accepted = f"{names_text} set; without it {consequence}"
        warnings.append(Problem(problem.line, problem.key, problem.found, accepted))
    return left_out, tuple(warnings), errors


SIGNING: Final = ("webhook_secret", "client_secret", "signing_secret")


def _empty(path: Path) -> str:
    """What it means that a value is left empty."""
    if path[0] == "connections" and path[-1] in SIGNING:
        return "it is left empty, and the ingest key in the address alone says who sends"
    return "it is left empty"


def _left_out_with(path: Path) -> str | None:
    """What goes without a value at *path*: a dotted name, '' when it can stay empty, None when nothing can."""
    if len(path) >= 4 and path[0] == "channels":
        kind = str(path[2])
        return f"channels.{path[1]}.{kind}" if path[3] in REQUIRED_SECRETS.get(kind, (path[3],)) else ""
    if len(path) >= 3 and path[0] == "connections":
        return f"connections.{path[1]}" if path[2] == "token" else ""
    if len(path) >= 3 and path[0] == "actions":
        return f"actions.{path[1]}"
    if len(path) >= 4 and path[:2] == ("status_page", "publish"):
        return f"status_page.publish.{path[2]}"
    return None


# --------------------------------------------------------------------------------------------- validation


def read_as(model: type[M], text: str) -> tuple[M | None, tuple[Problem, ...]]:
    """
    Read another file of ours, in the form of *model*, with the same rules and the same errors as the runbook.

    Returns:
        What it says and (); None and what is wrong with it, by line.
    """
    try:
        node = _compose(text)
    except _Bad as error:
        return None, (error.problem,)
    lines: dict[Path, int] = {}
    problems: list[Problem] = []
    data = _plain(node, (), lines, problems)
    made, errors = _validate(data, data, lines, model)
    problems += errors
    return None if problems else made, tuple(sorted(problems, key=lambda p: p.line))


def _validate(filled: Json, data: Json, lines: Mapping[Path, int], model: type[M]) -> tuple[M | None, list[Problem]]:
    try:
        return model.model_validate(filled), []
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False)
        return None, [_of_error(dict(e), data, lines, model) for e in errors]


def _of_error(error: Mapping[str, Any], data: Json, lines: Mapping[Path, int], model: type[BaseModel]) -> Problem:
    path = _real_path(error["loc"], data)
    kind, message = error["type"], str(error["msg"]).removeprefix("Value error, ")
    line = _line(path, lines)
    if kind == "extra_forbidden":
        return Problem(line, _dotted(path), "an unknown key", _near(str(path[-1]), path[:-1], model))
    if kind == "missing":
        return Problem(line, _dotted(path), "nothing", "a value: this key is needed")
    return Problem(line, _dotted(path), _shown(_at(data, path)), _accepted(message))


def _accepted(message: str) -> str:
    text = message.removeprefix("Input should be ").strip()
    return text[:1].lower() + text[1:] if text else message


def _real_path(loc: Sequence[str | int], data: Json) -> Path:
    """Take out of Pydantic's location what is not in the file: the tags of unions and the keys' own marker."""
    path: list[str | int] = []
    for part in loc:
        if part in ("channel", "room", "list", "[key]") and not _has(data, (*path, part)):
            continue
        path.append(part)
    return tuple(path)


def _has(data: Json, path: Path) -> bool:
    return _at(data, path) is not None


def _at(data: Json, path: Path) -> Json:
    for part in path:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def _line(path: Path, lines: Mapping[Path, int]) -> int:
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


def _near(key: str, parent: Path, model: type[BaseModel]) -> str:
    known = sorted(_known_keys(parent, model))
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    return (f"did you mean {near[0]!r}? " if near else "") + f"known here: {', '.join(known)}"


def _known_keys(path: Path, model: type[BaseModel]) -> Iterable[str]:
    """The keys that the model knows at *path*."""
    models: list[type[BaseModel]] = [model]
    inside_dict = False
    for part in path:
        if inside_dict or isinstance(part, int):
            inside_dict = False
            continue
        fields = [f for m in models for n, f in m.model_fields.items() if (f.alias or n) == part]
        annotation = fields[0].annotation if fields else None
        models = list(dict.fromkeys(_models_in(annotation)))
        inside_dict = getattr(annotation, "__origin__", None) is dict
    return {field.alias or name for model in models for name, field in model.model_fields.items()}


def _models_in(annotation: Any) -> Iterable[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)


def _of_fault(fault: runbook_check.Fault, data: Json, lines: Mapping[Path, int]) -> Problem:
    near = difflib.get_close_matches(fault.found, fault.known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}? " if near else ""
    accepted = f"{hint}{fault.accepted}" + (f": {', '.join(fault.known)}" if fault.known else "")
    found = fault.found or reduce(lambda part, key: part[key], fault.path, data)
    return Problem(_line(fault.path, lines), _dotted(fault.path), _shown(found), accepted)
