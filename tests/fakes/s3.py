"""A bucket that speaks S3: it keeps files, and checks each signature by its own reading of the rules."""

from __future__ import annotations

import hashlib
import hmac
import re

from .web import FakeServer


class Buckets(FakeServer):
    """`files` and `types` by path; `put` lists what was stored, in order. Source: AWS Signature Version 4."""

    def __init__(self) -> None:
        super().__init__()
        handler = self._server.RequestHandlerClass
        handler.do_PUT = handler.do_POST
        self.access_key, self.secret_key, self.region = "AKIATEST", "the-secret-key-of-the-bucket", "us-east-1"
        self.files: dict[str, bytes] = {}
        self.types: dict[str, str] = {}
        self.put: list[str] = []

    def answer(self, path, headers, body):
        given = {name.lower(): value for name, value in headers.items()}
        method = "PUT" if "content-length" in given else "GET"
        if not self._signed(method, path, given, body):
            return 403, {}, b"<Error><Code>SignatureDoesNotMatch</Code></Error>"
        if method == "GET":
            return (
                (200, {}, self.files[path])
                if path in self.files
                else (404, {}, b"<Error><Code>NoSuchKey</Code></Error>")
            )
        self.files[path], self.types[path] = body, given.get("content-type", "")
        self.put.append(path)
        return 200, {}, b""

    def _signed(self, method, path, given, body):
        found = re.fullmatch(
            r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8}/[^/]+/s3/aws4_request), ?SignedHeaders=([^,]+), ?Signature=(\w+)",
            given.get("authorization", ""),
        )
        if not found or hashlib.sha256(body).hexdigest() != given.get("x-amz-content-sha256"):
            return False
        who, scope, names, signature = found.groups()
        canonical = [method, path, "", *(f"{name}:{given[name].strip()}" for name in names.split(";")), "", names,
                     given["x-amz-content-sha256"]]  # fmt: skip
        digest = hashlib.sha256("\n".join(canonical).encode()).hexdigest()
        text = f"AWS4-HMAC-SHA256\n{given['x-amz-date']}\n{scope}\n{digest}"
        key = ("AWS4" + self.secret_key).encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        return who == self.access_key and hmac.compare_digest(
            hmac.new(key, text.encode(), "sha256").hexdigest(), signature
        )
