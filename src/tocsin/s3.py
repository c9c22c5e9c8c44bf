"""
Files to and from an S3 bucket: one signed request each, the file streamed.

Source: docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html (AWS Signature Version 4).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit

import httpx

SCHEME: Final = "s3://"
TIMEOUT_SECONDS: Final = 60.0  # of one read or write, not of the whole file
CHUNK: Final = 1 << 20  # bytes
ERROR_LIMIT: Final = 300  # characters
EMPTY: Final = hashlib.sha256().hexdigest()


class S3Failed(Exception):  # noqa: N818 - what the request has
    """The bucket did not take or give the file. The text is one line, without secrets."""


@dataclass(frozen=True, slots=True)
class S3:
    """Where buckets are, and the key that opens them."""

    endpoint: str  # https://host[:port]; empty: Amazon's own of the region
    region: str
    access_key: str
    secret_key: str = field(repr=False)


def split(target: str) -> tuple[str, str]:
    """Split `s3://bucket/pre/fix` into bucket and key. Raises S3Failed."""
    bucket, _, key = target.removeprefix(SCHEME).partition("/")
    if not bucket:
        raise S3Failed(f"{target} names no bucket: s3://BUCKET/PREFIX is accepted")
    return bucket, key


def put(s3: S3, bucket: str, key: str, file: Path, now: datetime, kind: str = "application/octet-stream") -> None:
    """
    Store *file* under *key* with the content type *kind*: it is there whole or not at all. Its SHA-256 is signed.

    Raises:
        S3Failed: no answer, or another one than success.
    """
    digest = hashlib.sha256()
    for chunk in _chunks(file):
        digest.update(chunk)
    url, headers = _signed(s3, "PUT", bucket, key, digest.hexdigest(), now)
    headers |= {"content-length": str(file.stat().st_size), "content-type": kind}
    try:
        with _client() as client:
            answer = client.put(url, headers=headers, content=_chunks(file))
    except httpx.HTTPError as error:
        raise S3Failed(f"{url} cannot be reached: {error}") from None
    if answer.status_code != 200:
        raise S3Failed(f"{url} answered {answer.status_code}: {answer.text[:ERROR_LIMIT]}")


def get(s3: S3, bucket: str, key: str, file: Path, now: datetime) -> None:
    """Write what is stored under *key* to *file*. Raises S3Failed."""
    url, headers = _signed(s3, "GET", bucket, key, EMPTY, now)
    try:
        with _client() as client, client.stream("GET", url, headers=headers) as answer:
            if answer.status_code != 200:
                said = answer.read().decode(errors="replace")
                raise S3Failed(f"{url} answered {answer.status_code}: {said[:ERROR_LIMIT]}")
            with file.open("wb") as opened:
                for chunk in answer.iter_raw(CHUNK):
                    opened.write(chunk)
    except httpx.HTTPError as error:
        raise S3Failed(f"{url} cannot be reached: {error}") from None


def _client() -> httpx.Client:
    return httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False, follow_redirects=False)


def _chunks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as opened:
        while chunk := opened.read(CHUNK):
            yield chunk


def _signed(s3: S3, method: str, bucket: str, key: str, digest: str, now: datetime) -> tuple[str, dict[str, str]]:
    """The address of an object, in path style, and the headers that prove who asks."""
    endpoint = s3.endpoint or f"https://s3.{s3.region}.amazonaws.com"
    path = quote(f"/{bucket}/{key}")
    headers = {
        "host": urlsplit(endpoint).netloc,
        "x-amz-content-sha256": digest,
        "x-amz-date": f"{now:%Y%m%dT%H%M%SZ}",
    }
    headers["authorization"] = sign(s3, method, path, headers, now)
    return endpoint + path, headers


def sign(s3: S3, method: str, path: str, headers: dict[str, str], now: datetime) -> str:
    """
    Make the Authorization header of a request without a query.

    Args:
        path: As it stands in the request, quoted.
        headers: All that are signed, names in lower case; `x-amz-content-sha256` is the body's digest in hex.
    """
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name].strip()}\n" for name in sorted(headers))
    request = "\n".join([method, path, "", lines, names, headers["x-amz-content-sha256"]])
    scope = f"{now:%Y%m%d}/{s3.region}/s3/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", f"{now:%Y%m%dT%H%M%SZ}", scope, hashlib.sha256(request.encode()).hexdigest()])
    key = f"AWS4{s3.secret_key}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    return f"AWS4-HMAC-SHA256 Credential={s3.access_key}/{scope}, SignedHeaders={names}, Signature={signature}"
