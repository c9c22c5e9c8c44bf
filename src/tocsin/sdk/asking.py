"""Asking a vendor: what an answer that is none means, in words that a person can act on, and how close instants are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from tocsin.core.calendar import utc_words, words
from tocsin.sdk.reading import failed, one_line, text_of
from tocsin.sdk.tools import Acted
from tocsin.sdk.wire import Reject, Response, Retry

SAID_LIMIT: Final = 300  # characters of a vendor's own words
# How strongly a change is suspected of what began so soon after it. Ours: decision 0019.
_SUSPICION: Final = (
    (timedelta(minutes=15), 0.9), (timedelta(hours=1), 0.7), (timedelta(hours=6), 0.4), (timedelta(days=1), 0.2),
)  # fmt: skip
_MEANS: Final = {  # of a status: what stands before the vendor's own words, and after them
    401: (": the token is refused (401)", "; it was revoked, has expired, or is another account's"),
    403: (": the token may not do this (403)", ""),
    404: (" does not know it (404)", "; the name is wrong, or the token cannot see it"),
    429: (" asks to wait (429)", ""),
}
_CLOCKS: Final = timedelta(minutes=1)  # by which the vendor's clock and ours may differ


def why_not(vendor: str, response: Response, said: object = "") -> str:
    """Say why *vendor* gave nothing that can be used. *said* are its own words, of any type."""
    status, words_ = response.status, one_line(text_of(said), SAID_LIMIT)
    own = f": {words_}" if words_ else ""
    if status == 0:
        return f"{vendor} did not answer: {response.error or 'no reason is known'}"
    if 200 <= status < 300 and not own:
        return f"{vendor} answered {status} with what cannot be read ({len(response.body)} bytes)"
    before, after = _MEANS.get(status, (f" answered {status}", ""))
    return f"{vendor}{before}{own}{after}"


def refusal(vendor: str, response: Response, said: object = "") -> Reject | Retry:
    """As `failed`, with the words of `why_not`."""
    return failed(response, why_not(vendor, response, said))


def outcome(vendor: str, response: Response, said: object = "", *, receipt: str = "") -> Acted:
    """
    Say what became of the one call that changes something.

    A success is done. No answer, 408 and 5xx are unknown: it was begun, and nobody can say. All else is failed.
    """
    if 200 <= response.status < 300:
        return Acted("done", receipt=receipt)
    why = why_not(vendor, response, said)
    return Acted("unknown" if response.status in (0, 408) or response.status >= 500 else "failed", why)


def suspicion(changed_at: datetime, began: datetime) -> float:
    """How strongly a change is suspected of what *began* after it: 0.9 within a quarter of an hour, 0 after a day."""
    if changed_at > began + _CLOCKS:
        return 0.0
    return next((weight for span, weight in _SUSPICION if began - changed_at <= span), 0.0)


def time_words(at: datetime, beside: datetime) -> str:
    """`08:41 UTC` on the day of *beside*, else with its date."""
    same = at.astimezone(UTC).date() == beside.astimezone(UTC).date()
    return f"{at.astimezone(UTC):%H:%M} UTC" if same else utc_words(at)


def distance_words(at: datetime, began: datetime) -> str:
    """`1 hour 5 minutes before the incident began`, or after."""
    if at > began:
        return f"{words(at - began)} after the incident began"
    return f"{words(began - at)} before the incident began"


def instant_of(milliseconds: object) -> datetime | None:
    """Read milliseconds since 1970; None for what is none, or lies after the year 3000."""
    if not isinstance(milliseconds, (int, float)) or isinstance(milliseconds, bool):
        return None
    return datetime.fromtimestamp(milliseconds / 1000, UTC) if 0 < milliseconds < 32_503_680_000_000 else None
