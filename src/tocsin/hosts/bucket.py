"""A bucket that speaks S3."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from tocsin import s3
from tocsin.core.runbook import Bucket
from tocsin.hosts.host import LAST, Failed, File


class Bucketeer:
    """Puts what has changed into a bucket, and fetches the first page back."""

    def __init__(self, bucket: Bucket, data: Path) -> None:
        self.bucket, self.spare = bucket, data / ".statuspage.part"
        self.s3 = s3.S3(bucket.endpoint, bucket.region, bucket.access_key, bucket.secret_key)
        self._there: dict[str, bytes] = {}

    def put(self, files: Mapping[str, File], now: datetime) -> int:
        """Raises Failed."""
        written, bucket = 0, self.bucket.bucket
        try:
            for path in sorted(files, key=lambda name: name == LAST):
                if self._there.get(path) == files[path].body:
                    continue
                self.spare.write_bytes(files[path].body)
                s3.put(self.s3, bucket, self._key(path), self.spare, now, files[path].type)
                self._there[path] = files[path].body
                written += 1
            if written:
                s3.get(self.s3, bucket, self._key(LAST), self.spare, now)
                if self.spare.read_bytes() != files[LAST].body:
                    raise Failed(f"the bucket {bucket} shows another page than it was given")
        except (s3.S3Failed, OSError) as error:
            self._there.clear()
            raise Failed(str(error)) from None
        finally:
            self.spare.unlink(missing_ok=True)
        return written

    def _key(self, path: str) -> str:
        return "/".join(part for part in (self.bucket.prefix.strip("/"), quote(path)) if part)
