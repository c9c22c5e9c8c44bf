"""Payloads that break others: every one by every inbound path gets the same answer and leaves the same on both stores."""

from __future__ import annotations

import asyncio
import json

import httpx

from tocsin.usecases import access
from tocsin.web.app import create_app

from ..served import INGEST

PATHS = (f"/in/generic/{INGEST}", f"/in/alertmanager/{INGEST}", "/v2/enqueue", "/v2/change/enqueue")
ODD = {
    "NaN": "NaN", "1e999": "1e999", "2^63": str(2**63), "-2^63-1": str(-(2**63) - 1), "5,000 digits": "9" * 5_000,
    "NUL": '"a\\u0000b"', "lone surrogate": '"a\\ud800b"', "emoji": '"a\\ud83d\\ude00b"', "bidi": '"a\\u202eb\\u2066c"',
    "zero width": '"\\u200b\\u200d\\ufeff"', "empty": '""', "null": "null", "object": '{"a": {"b": [1]}}',
    "list": "[[], {}]", "100 KB word": '"' + "w" * 100_000 + '"', "deep": "[" * 40 + "]" * 40, "true": "true",
    "year 0": '"0000-00-00T99:99:99Z"',
}  # fmt: skip


def bodies():
    """Each odd value in each place that somebody reads, and whole bodies that are none."""
    for name, value in ODD.items():
        for field in ("title", "key", "severity", "starts_at", "labels"):
            yield f"generic {field} {name}", f'{{"title": "t", "{field}": {value}}}'.encode()
        for field in ("labels", "annotations", "startsAt", "status", "fingerprint"):
            alert = f'{{"status": "firing", "labels": {{"alertname": "a"}}, "{field}": {value}}}'
            yield f"alertmanager {field} {name}", f'{{"alerts": [{alert}]}}'.encode()
        yield f"alertmanager label {name}", f'{{"alerts": [{{"labels": {{"a": {value}}}}}]}}'.encode()
        for field in ("summary", "source", "severity", "timestamp", "custom_details", "class"):
            said = f'{{"summary": "s", "source": "s", "severity": "error", "{field}": {value}}}'
            head = f'"routing_key": "{INGEST}", "event_action": "trigger", "dedup_key": "k"'
            yield f"pagerduty {field} {name}", f'{{{head}, "payload": {said}}}'.encode()
        yield f"alone {name}", value.encode()
    text = json.dumps({"title": "t", "routing_key": INGEST})
    yield "twice", b'{"title": "a", "title": "b", "alerts": [], "alerts": 7}'
    yield from ((encoding, text.encode(encoding)) for encoding in ("utf-16", "utf-32", "utf-8-sig"))
    yield "bytes", bytes(range(256))


CORPUS = dict(bodies())
WHOLE = ("twice", "utf-16", "utf-32", "utf-8-sig", "bytes")
OWN = dict(zip(PATHS, (("generic",), ("alertmanager",), ("pagerduty",), ()), strict=True))


async def sent(db, setup, path, corpus):
    app = create_app(db, setup, new_secret=lambda: "secret-of-the-tests")
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://tocsin.test") as client:
        headers = {"Content-Type": "application/json"}
        return {name: (await client.post(path, content=body, headers=headers)).status_code
                for name, body in corpus.items()}  # fmt: skip


def everything(tx):
    rows = tx.connection.exec_driver_sql(
        "SELECT source, key, title, text, severity, labels, state, disposition FROM alerts ORDER BY id"
    )
    return sorted(tuple(row) for row in rows)


SEEN: dict[str, object] = {}


def test_every_payload_is_taken_or_refused_and_leaves_the_same_on_both_stores(house, setup, url):
    """Runs on one store, then on the other, and compares the two."""
    house.write_now(access.install_fixed, "ingest", INGEST, name="first", source="*")
    found = {}
    for path in PATHS:
        own = {name: body for name, body in CORPUS.items() if name.split()[0] in (*OWN[path], "alone", *WHOLE)}
        found[path] = asyncio.run(sent(house, setup, path, own))
    assert [] == [(path, name) for path, codes in found.items() for name, code in codes.items() if code >= 500]
    assert 100 < sum(code // 100 == 2 for codes in found.values() for code in codes.values())

    kept = house.read_now(everything)
    for row in kept:
        json.dumps(row).encode("utf-8")
    SEEN[url.partition(":")[0]] = found, kept
    if len(SEEN) == 2:
        assert SEEN["sqlite"] == SEEN["postgresql"]
