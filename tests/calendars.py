"""What calendars send as the answer to an invitation, in the shapes of Google, Outlook (Exchange) and Apple."""

from __future__ import annotations

import base64
import hashlib
import quopri
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

SHAPES = Path(__file__).parent / "payloads/calendar"
NAMES = ("google", "outlook", "apple")
STAMP = datetime(2026, 11, 24, 9, 12, 3, tzinfo=UTC)
START = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)


def answer(
    shape: str = "google", /, *, uid: str, attendee: str = "backup1@proofi.ai", said: str = "DECLINED",
    method: str = "REPLY", comment: str = "", sequence: int = 0, stamp: datetime = STAMP, start: datetime = START,
    sender: str | None = None, calendar: str | None = None,
) -> bytes:  # fmt: skip
    """The whole mail, as it is posted. *calendar* stands in the place of the iCalendar object where it is given."""
    local = start.astimezone(ZoneInfo("Europe/Amsterdam"))
    values = {
        "uid": uid, "attendee": attendee, "said": said, "method": method, "comment": comment, "sequence": sequence,
        "stamp": f"{stamp:%Y%m%dT%H%M%SZ}", "start": f"{start:%Y%m%dT%H%M%SZ}",
        "end": f"{start + timedelta(hours=1):%Y%m%dT%H%M%SZ}", "local_start": f"{local:%Y%m%dT%H%M%S}",
        "local_end": f"{local + timedelta(hours=1):%Y%m%dT%H%M%S}",
    }  # fmt: skip
    if calendar is None:
        calendar = fold(_read(f"{shape}.ics").format(**values))
    octets = calendar.encode()
    mail = _read(f"{shape}.eml").format(
        method=method, sender=sender or attendee, id=hashlib.sha256(octets).hexdigest()[:16], calendar=calendar,
        base64=base64.encodebytes(octets).decode().replace("\n", "\r\n"),
        quoted=quopri.encodestring(octets.replace(b"\r\n", b"\n")).decode().replace("\n", "\r\n"),
    )  # fmt: skip
    return mail.encode()


def _read(name: str) -> str:
    return (SHAPES / name).read_text(encoding="utf-8").replace("\n", "\r\n")


def fold(text: str) -> str:
    """Fold long lines as RFC 5545, section 3.1, has it: here by characters, as some programs do."""
    lines = (
        line[:70] + "".join(f"\r\n {line[i : i + 70]}" for i in range(70, len(line), 70)) for line in text.split("\r\n")
    )
    return "\r\n".join(lines)
