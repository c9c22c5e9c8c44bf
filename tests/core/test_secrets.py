"""What must not stay of what people paste, and what may."""

from __future__ import annotations

import pytest

from tocsin.core.secrets import without_secrets


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("password: hunter2 works", "password: [secret removed] works"),
        ("PASSWORD=hunter2", "PASSWORD=[secret removed]"),
        ("the api_key is 'a b c'", "the api_key is [secret removed]"),
        ("postgres://app:s3cr3t@db.example/app", "postgres://app:[secret removed]@db.example/app"),
        ("Authorization: Bearer abcdef123456", "Authorization: Bearer [secret removed]"),
        ("see eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-_", "see [secret removed]"),
        ("ghp_0123456789abcdefghijABCDEF", "[secret removed]"),
        ("xoxb-123456-abcdef", "[secret removed]"),
        ("AKIAIOSFODNN7EXAMPLE", "[secret removed]"),
        ("123456:ABC-DEF1234ghIkl-zyx57W2v1u123ew11", "[secret removed]"),
        ("-----BEGIN EC PRIVATE KEY-----\nMHc\n-----END EC PRIVATE KEY-----\nok", "[secret removed]\nok"),
        ("private key: 0xdeadbeef", "private key: [secret removed]"),
    ],
)
def test_what_looks_like_a_secret_is_taken_out(said, kept):
    assert kept == without_secrets(said)
    assert kept == without_secrets(kept)


@pytest.mark.parametrize(
    "said",
    [
        "is the token expired?", "the password is wrong", "tx 0x" + "ab" * 32, "commit 0123456789abcdef",
        "https://proofi.ai:8443/health", "at 09:02:27 the pool was full", "INC-42: the secret leaked",
    ],
)  # fmt: skip
def test_what_people_say_otherwise_stays(said):
    assert said == without_secrets(said)
