"""Sentry's issues: what is new and what rises.   Source: docs.sentry.io/api/events"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote, urlencode

from tocsin.sdk import (
    Config,
    ConnectionTest,
    Conversation,
    Diagnoser,
    Found,
    Look,
    Reject,
    Request,
    Response,
    Retry,
    Tested,
    at,
    clip,
    distance_words,
    items_of,
    links_of,
    one_line,
    parse_instant,
    refusal,
    suspicion,
    text_of,
    time_words,
    without_secrets,
)

API_BASE: Final = "https://sentry.io/api/0"
ANSWER_BYTES: Final = 2_000_000
ISSUES: Final = 50  # asked for, by how often they came in the last day
TOLD: Final = 3  # of each kind
NEW_WITHIN: Final = timedelta(hours=6)  # before the incident
RISES: Final = 3  # times what it was in the hours before
LEAST: Final = 10  # times in the last hour: fewer is chance
NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Issue:
    id: str
    name: str  # "WALLET-1A “TypeError: x” (error)"
    link: str
    first: datetime
    count: int
    users: int
    hour: int  # in the last hour that is whole, or the one that runs
    before: float  # an hour, in the hours before


def _request(config: Config, path: str, query: Sequence[tuple[str, str]] = ()) -> Request:
    base = str(config.get("api_base") or API_BASE).rstrip("/")
    url = f"{base}/{path}{'?' + urlencode(query) if query else ''}"
    return Request("GET", url, {"Authorization": f"Bearer {config.get('token', '')}"}, answer_limit=ANSWER_BYTES)


def _path(config: Config, *parts: str) -> str:
    """An address with its parts quoted; each ends in a slash, or Sentry redirects."""
    named = (str(config.get(part.strip("{}")) or "") if part.startswith("{") else part for part in parts)
    return "".join(f"{quote(part, safe='')}/" for part in named)


def _issues(config: Config) -> Conversation[list[_Issue] | Reject | Retry]:
    project = str(config.get("project") or "")
    asked = f"is:unresolved project:{project}" if project else "is:unresolved"
    query = [("query", asked), ("sort", "freq"), ("statsPeriod", "24h"), ("limit", str(ISSUES))]
    response = yield _request(config, _path(config, "organizations", "{organization}", "issues"), query)
    if response.status in (404, 410) and project:  # an older server lists them by project
        path = _path(config, "projects", "{organization}", "{project}", "issues")
        older = yield _request(config, path, [("query", "is:unresolved"), ("statsPeriod", "24h")])
        response = older if older.status == 200 else response
    if response.status != 200 or not isinstance(response.json, list):
        return refusal("Sentry", response, _fault(response))
    return [issue for each in response.json if (issue := _issue(each)).id]


def _fault(response: Response) -> str:
    said = response.json
    return text_of(at(said, "detail", "message") or at(said, "detail") or at(said, "error"))


def _issue(each: Any) -> _Issue:
    title = one_line(without_secrets(text_of(at(each, "title"), 2_000)), 150)
    short, level = _text(at(each, "shortId")), _text(at(each, "level"))
    name = f"{short or _text(at(each, 'id'))} “{title}”{f' ({level})' if level else ''}"
    hours = [
        _count(point[1]) for point in items_of(at(each, "stats", "24h")) if isinstance(point, list) and len(point) == 2
    ]
    now, past = hours[-2:], hours[:-2]  # the hour that runs may have only begun
    link = next((address for _, address in links_of(("Sentry", at(each, "permalink")))), "")
    return _Issue(
        _text(at(each, "id")), name, link, parse_instant(at(each, "firstSeen"), NEVER), _count(at(each, "count")),
        _count(at(each, "userCount")), max(now, default=0), sum(past) / len(past) if past else 0.0,
    )  # fmt: skip


def _count(value: object) -> int:
    """A count; Sentry writes some as texts."""
    text = text_of(value, 20)
    return int(text) if text.isascii() and text.isdecimal() else 0


def _text(value: object) -> str:
    return one_line(text_of(value), 200)


def look(look: Look, config: Config) -> Conversation[Sequence[Found] | Reject | Retry]:
    """Say which unresolved issues are new and which rise; the release that the first of them came with."""
    issues = yield from _issues(config)
    if not isinstance(issues, list):
        return issues
    new = [each for each in issues if each.first > look.began - NEW_WITHIN]
    new.sort(key=lambda each: (-suspicion(each.first, look.began), -each.count))
    rising = [each for each in issues if each not in new and each.hour >= max(LEAST, RISES * each.before)]
    rising.sort(key=lambda each: -each.hour)
    if not new and not rising:
        text = f"None of Sentry's {len(issues)} unresolved issues of the last day is new or rises."
        return [Found(text)]
    found = [_new(each, look) for each in new[:TOLD]]
    if new and (release := (yield from _release(config, new[0], look))):
        found.insert(0, release)
    for each in rising[:TOLD]:
        text = f"Rising: {each.name}, {each.hour} times in an hour, {each.before:.0f} an hour before that."
        found.append(Found(text, ok=False, link=each.link, suspect="errors", target=each.id, weight=0.4))
    if left := max(len(new) - TOLD, 0) + max(len(rising) - TOLD, 0):
        found.append(Found(f"{left} more unresolved issues are new or rise.", ok=False))
    return found


def _new(issue: _Issue, look: Look) -> Found:
    text = (
        f"New: {issue.name}, first seen at {time_words(issue.first, look.now)}, "
        f"{distance_words(issue.first, look.began)}; {issue.count} times, {issue.users} users."
    )
    after = issue.first > look.began  # it came with the incident: a sign of it, if not its cause
    weight = 0.5 if after else round(0.7 * suspicion(issue.first, look.began), 2)
    return Found(text, False, issue.link, issue.first, "errors", issue.id, weight)


def _release(config: Config, issue: _Issue, look: Look) -> Conversation[Found | None]:
    """The release that the issue was first seen with, where that came out just before."""
    response = yield _request(config, _path(config, "organizations", "{organization}", "issues", issue.id))
    release = at(response.json, "firstRelease") if response.status == 200 else None
    made = parse_instant(at(release, "dateReleased") or at(release, "dateCreated"), NEVER)
    version = _text(at(release, "version"))
    weight = suspicion(made, look.began)
    if not version or not weight or made > issue.first + timedelta(minutes=5):
        return None
    short = _text(at(release, "shortVersion")) or clip(version, 40)
    text = (
        f"Release {short} of {time_words(made, look.now)}, {distance_words(made, look.began)}, "
        f"is the first in which {issue.name} was seen."
    )
    return Found(text, False, issue.link, made, "deployment", version, weight)


def test(config: Config) -> Conversation[Tested]:
    """Look at the project and at its issues; nothing is ever changed at Sentry."""
    needed = [name for name in NEEDS if not config.get(name)]
    if needed:
        return Tested(False, missing=tuple(f"set `{name}` of the connection sentry" for name in needed))
    text = f"Organization {config['organization']}"
    missing = []
    if config.get("project"):
        response = yield _request(config, _path(config, "projects", "{organization}", "{project}"))
        name = _text(at(response.json, "name") or at(response.json, "slug"))
        if response.status == 200 and name:
            text += f", project {name}"
        else:
            missing.append(f"{refusal('Sentry', response, _fault(response)).why} (the scope project:read is needed)")
    issues = yield from _issues(config)
    if not isinstance(issues, list):
        return Tested(False, None, (*missing, f"{issues.why} (the scope event:read is needed)"))
    return Tested(True, None, tuple(missing), f"{text}; {len(issues)} unresolved issues are seen.")


NEEDS: Final = ("token", "organization")
DIAGNOSERS = (Diagnoser("sentry.issues", "Sentry's issues", look, NEEDS),)
CONNECTION_TEST = ConnectionTest("sentry", "Sentry", test)
