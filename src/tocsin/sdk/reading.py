"""Reading what others wrote: bodies, texts, times, and what an answer means."""

from __future__ import annotations

import hashlib
import hmac
import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any, Final
from urllib.parse import parse_qsl

import orjson

from tocsin.core.texts import cut
from tocsin.sdk.wire import (
    Reject,
    Response,
    Retry,
)


class BadPayload(Exception):  # noqa: N818 - it is what the payload is, and the word of the house
    """A body that cannot be used. *errors* says what is wrong, one sentence each, for the sender to read."""

    def __init__(self, *errors: str, status: int = 400) -> None:
        super().__init__("; ".join(errors))
        self.errors = errors
        self.status = status


class Untrusted(BadPayload):
    """A body that is not from whom it says, or from a project that the runbook does not name: none of it is kept."""

    def __init__(self, *errors: str, status: int = 401) -> None:
        super().__init__(*errors, status=status)


def one_of(given: str, good: Sequence[str | bytes]) -> bool:
    """Say whether *given* is one of *good*, comparing each in constant time; an empty one is never good."""
    found = False
    for each in good:
        wanted = each.encode() if isinstance(each, str) else each
        found |= bool(wanted) and hmac.compare_digest(wanted, given.encode(errors="replace"))
    return found


# --------------------------------------------------------------------------------------------- reading what comes in

DEPTH_LIMIT: Final = 32  # levels; reliability.md section 1
KEY_LIMIT: Final = 1_000  # keys in one object
LABEL_LIMIT: Final = 8_192  # bytes in one label value
TEXT_LIMIT: Final = 100_000  # characters kept of a long text


def read_json(body: bytes) -> Any:
    """
    Decode a JSON body in UTF-8.

    Raises:
        BadPayload: not JSON, not UTF-8, NaN or infinity, a lone surrogate, over 32 levels or 1,000 keys in an object.
        MemoryError: there is none left to read it with; the body may be good.
    """
    try:
        value = orjson.loads(body)
    except ValueError as error:
        if "memory" in getattr(error, "msg", "").lower():  # orjson says it in these words
            raise MemoryError from None
        raise BadPayload(f"the body is not JSON: {error}") from None
    level: list[Any] = [value]
    for _ in range(DEPTH_LIMIT):
        below: list[Any] = []
        for item in level:
            if type(item) is dict:
                if len(item) > KEY_LIMIT:
                    raise BadPayload(f"an object has over {KEY_LIMIT} keys")
                below.extend(item.values())
            elif type(item) is list:
                below.extend(item)
        level = [item for item in below if type(item) is dict or type(item) is list]
        if not level:
            return value
    raise BadPayload(f"the body is nested over {DEPTH_LIMIT} levels deep")


def at(value: Any, *path: str) -> Any:
    """What stands under these keys, one inside the other; None where an object or a key is missing."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def items_of(value: Any) -> list[Any]:
    """The items of a list; [] for anything else."""
    return value if isinstance(value, list) else []


LINK_LIMIT: Final = 2048  # characters


def links_of(*pairs: tuple[str, object]) -> tuple[tuple[str, str], ...]:
    """The pairs of text and address whose address can be followed: http and https alone, each once."""
    found: dict[str, str] = {}
    for text, link in pairs:
        if isinstance(link, str) and len(link) <= LINK_LIMIT and link.startswith(("http://", "https://")):
            found.setdefault(clean(link), one_line(text, 200) or "Link")
    return tuple((text, link) for link, text in found.items())


FIELD_LIMIT: Final = 200  # fields in one form


def read_form(body: bytes) -> dict[str, str]:
    """
    Decode a form body; of a name that stands twice the last value counts.

    Raises:
        BadPayload: not UTF-8, or over 200 fields.
    """
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=FIELD_LIMIT, errors="strict"))
    except ValueError as error:
        raise BadPayload(f"the body is not a form: {error}") from None


_ODD = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ud800-\udfff\ufeff]"
)  # of the control characters only the tab and the line feed stay


def clean(text: str) -> str:
    """Take out NUL, control and text-direction characters, which lie to the reader or break a store."""
    return text if text.isascii() and text.isprintable() else _ODD.sub("", text)


def clip(text: str, limit: int = TEXT_LIMIT) -> str:
    """Clean *text* and cut it to *limit* code points, never inside a visible character; it then ends in an ellipsis."""
    return cut(clean(text), limit)


def text_of(value: object, limit: int = TEXT_LIMIT) -> str:
    """Read a text or a number as a text; anything else, and a truth value, as the empty text."""
    if isinstance(value, str):
        return clip(value, limit)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    return ""


def one_line(text: str, limit: int) -> str:
    """Clean a title: line ends and runs of blanks become one blank each; cut to *limit* characters."""
    return clip(text if text.isprintable() else " ".join(text.split()), limit).strip()


def key_of(value: object, limit: int = 512) -> str:
    """
    Read a sender's dedup key, at most *limit* characters; the empty text when it is none.

    A longer one keeps its beginning and ends in 16 hex digits of its hash: two long keys stay two.
    """
    key = text_of(value, 1_000_000).strip()
    return key if len(key) <= limit else f"{key[: limit - 17]}-{hashlib.sha256(key.encode()).hexdigest()[:16]}"


WAIT_LIMIT: Final = 86_400.0  # seconds; whoever asks for more is asked again after a day


def wait_of(value: object) -> float | None:
    """Read the seconds that a provider asks to wait, a number or its text: 0 to a day; None for anything else."""
    if isinstance(value, str) and len(value) <= 20:
        value = int(value) if value.isascii() and value.isdecimal() else None
    if not isinstance(value, (int, float)) or isinstance(value, bool) or math.isnan(value):
        return None
    return float(min(max(value, 0), WAIT_LIMIT))


def wait_asked(headers: Mapping[str, str]) -> float | None:
    """The seconds that `Retry-After` asks for: a number, or an instant, counted from the answer's own `Date`."""
    said = headers.get("retry-after", "").strip()
    if said.isdecimal():
        return wait_of(said)
    try:
        wait = parsedate_to_datetime(said) - parsedate_to_datetime(headers.get("date", ""))
    except (ValueError, TypeError, IndexError, OverflowError):  # what the parser raises differs by version
        return None
    return wait_of(wait.total_seconds())


AGAIN: Final = (408, 425, 429)  # besides 5xx: the far side asks for another try


def failed(
    response: Response, why: str = "", *, dead: Sequence[int] = (), after: float | None = None
) -> Retry | Reject:
    """
    Say what an answer means that is no success.

    No answer, 408, 425, 429, 5xx and a success without its proof are tried again, not before *after* or `Retry-After`
    seconds; a redirect and any other 4xx are not. A status in *dead* says that the address itself is gone.
    """
    status = response.status
    why = why or response.error or f"status {status}"
    if status in dead:
        return Reject(why, broken=True)
    if 300 <= status < 400:
        return Reject(f"{why}: redirects are not followed")
    if 400 <= status < 500 and status not in AGAIN:
        return Reject(why)
    return Retry(why, after=wait_asked(response.headers) if after is None else after)


def parse_instant(value: object, otherwise: datetime) -> datetime:
    """
    Read an RFC 3339 text, also with nanoseconds and `+0000`.

    Returns:
        The instant in UTC; *otherwise* for what cannot be read, has no zone, or is Go's zero time.
    """
    return (_instant(value) or otherwise) if isinstance(value, str) and len(value) <= 64 else otherwise


@lru_cache(maxsize=4096)  # the alerts of a group often began together
def _instant(text: str) -> datetime | None:
    if text.startswith("0001-01-01"):
        return None
    try:
        instant = datetime.fromisoformat(_FRACTION.sub(r".\1", text))
        return instant.astimezone(UTC) if instant.tzinfo else None
    except (ValueError, OverflowError):
        return None


_FRACTION: Final = re.compile(r"\.(\d{6})\d+")
