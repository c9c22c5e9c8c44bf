"""A bucket that speaks S3."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from urllib.parse import quote

from tocsin import s3
from tocsin.core.runbook import Bucket
from tocsin.hosts.host import LAST, Failed, File

AT_ONCE: Final = 8  # files under way


class Bucketeer:
    """Puts what has changed into a bucket, and fetches the first page back."""

    def __init__(self, bucket: Bucket, data: Path) -> None:
        self.bucket, self.data = bucket, data
        self.s3 = s3.S3(bucket.endpoint, bucket.region, bucket.access_key, bucket.secret_key)
        self._there: dict[str, bytes] = {}

    def put(self, files: Mapping[str, File], now: datetime) -> int:
        """Raises Failed."""
        changed = [path for path, file in files.items() if self._there.get(path) != file.body]
        try:
            with (
                TemporaryDirectory(prefix=".statuspage-", dir=self.data) as folder,
                ThreadPoolExecutor(AT_ONCE) as pool,
            ):
                spares = (Path(folder) / str(number) for number, _ in enumerate(changed))
                jobs = [(path, spare) for path, spare in zip(changed, spares, strict=True) if path != LAST]
                for _ in pool.map(lambda job: self._one(job[0], files[job[0]], job[1], now), jobs):
                    pass
                if LAST in changed:
                    self._last(files[LAST], Path(folder) / "last", now)
        except (s3.S3Failed, OSError) as error:
            self._there.clear()
            raise Failed(str(error)) from None
        return len(changed)

    def _one(self, path: str, file: File, spare: Path, now: datetime) -> None:
        spare.write_bytes(file.body)
        s3.put(self.s3, self.bucket.bucket, self._key(path), spare, now, file.type)
        self._there[path] = file.body

    def _last(self, file: File, spare: Path, now: datetime) -> None:
        self._one(LAST, file, spare, now)
        s3.get(self.s3, self.bucket.bucket, self._key(LAST), spare, now)
        if spare.read_bytes() != file.body:
            self._there.clear()
            raise Failed(f"the bucket {self.bucket.bucket} shows another page than it was given")

    def _key(self, path: str) -> str:
        return "/".join(part for part in (self.bucket.prefix.strip("/"), quote(path)) if part)
