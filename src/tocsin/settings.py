"""The settings of a process: one frozen model, read once; the only reader of the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit


class WrongSetting(Exception):  # noqa: N818 - what the matter is
    """A setting has a wrong value. The text names it and says what is accepted."""


@dataclass(frozen=True)
class Settings:
    """Every setting, with its default. `environment` is what ${NAME} in the runbook is read from."""

    database: str = "sqlite:///var/tocsin.db"
    runbook: Path | None = None
    host: str = "127.0.0.1"
    port: int = 8080
    public_url: str = ""
    data: Path = Path("var")
    secret_key: str = field(default="", repr=False)
    admin_token: str = field(default="", repr=False)
    ingest_key: str = field(default="", repr=False)
    log_format: str = "console"
    dead_man_url: str = field(default="", repr=False)
    dead_man_fail_url: str = field(default="", repr=False)
    dead_man_every: int = 60  # seconds
    key_rate: int = 5_000  # requests a second of one ingest key; 0: no limit
    ingest_rate: int = 20_000  # requests a second of all of them; 0: no limit
    reserve_mb: int = 40  # kept back on the disk of a SQLite file; 0: nothing
    keep_days: int = 400  # of the rows of ended incidents; 0: for ever
    probes: str = "auto"  # on, off; auto: on, unless the runbook is the example that ships with Tocsin
    url: str = ""
    token: str = field(default="", repr=False)
    s3_endpoint: str = ""
    s3_region: str = "us-east-1"
    s3_access_key: str = ""
    s3_secret_key: str = field(default="", repr=False)
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)


def read(environment: Mapping[str, str] | None = None) -> Settings:
    """
    Read the settings; any of them may come from a file, by its name with `_FILE`.

    Raises:
        WrongSetting: names the variable, what it holds (never a secret) and what is accepted.
    """
    env = dict(os.environ if environment is None else environment)
    database = _text(env, "TOCSIN_DATABASE") or Settings.database
    if not database.startswith(("sqlite:", "postgresql:")):
        raise WrongSetting(f"TOCSIN_DATABASE: {database.split(':')[0]!r}; accepted: sqlite:///PATH or postgresql://…")
    runbook = _text(env, "TOCSIN_RUNBOOK")
    return Settings(
        database=database,
        runbook=Path(runbook) if runbook else None,
        host=_text(env, "TOCSIN_HOST") or Settings.host,
        port=_port(_text(env, "TOCSIN_PORT")),
        public_url=_url("TOCSIN_PUBLIC_URL", _text(env, "TOCSIN_PUBLIC_URL")),
        data=data_of(database, _text(env, "TOCSIN_DATA")),
        secret_key=_secret("TOCSIN_SECRET_KEY", _text(env, "TOCSIN_SECRET_KEY")),
        admin_token=_secret("TOCSIN_ADMIN_TOKEN", _text(env, "TOCSIN_ADMIN_TOKEN")),
        ingest_key=_secret("TOCSIN_INGEST_KEY", _text(env, "TOCSIN_INGEST_KEY")),
        log_format=_choice("TOCSIN_LOG_FORMAT", _text(env, "TOCSIN_LOG_FORMAT"), ("console", "json")),
        dead_man_url=_url("TOCSIN_DEAD_MAN_URL", _text(env, "TOCSIN_DEAD_MAN_URL")),
        dead_man_fail_url=_url("TOCSIN_DEAD_MAN_FAIL_URL", _text(env, "TOCSIN_DEAD_MAN_FAIL_URL")),
        dead_man_every=_count(env, "TOCSIN_DEAD_MAN_EVERY", Settings.dead_man_every, "seconds", 1, 86_400),
        key_rate=_count(env, "TOCSIN_KEY_RATE", Settings.key_rate, "requests a second", 0, 1_000_000),
        ingest_rate=_count(env, "TOCSIN_INGEST_RATE", Settings.ingest_rate, "requests a second", 0, 1_000_000),
        reserve_mb=_count(env, "TOCSIN_RESERVE_MB", Settings.reserve_mb, "megabytes", 0, 100_000),
        keep_days=_count(env, "TOCSIN_KEEP_DAYS", Settings.keep_days, "days", 0, 36_500),
        probes=_choice("TOCSIN_PROBES", _text(env, "TOCSIN_PROBES"), ("auto", "on", "off")),
        url=_url("TOCSIN_URL", _text(env, "TOCSIN_URL")),
        token=_secret("TOCSIN_TOKEN", _text(env, "TOCSIN_TOKEN")),
        s3_endpoint=_url("TOCSIN_S3_ENDPOINT", _text(env, "TOCSIN_S3_ENDPOINT")),
        s3_region=_text(env, "TOCSIN_S3_REGION") or Settings.s3_region,
        s3_access_key=_text(env, "TOCSIN_S3_ACCESS_KEY"),
        s3_secret_key=_text(env, "TOCSIN_S3_SECRET_KEY"),
        environment=env,
    )


def data_of(database: str, named: str = "") -> Path:
    """The data directory: the one that is named, else the folder of the SQLite file, else var/."""
    path = database.removeprefix("sqlite:///")
    if named:
        return Path(named)
    return Path(path).parent if database.startswith("sqlite:///") and path not in ("", ":memory:") else Settings.data


def _text(env: Mapping[str, str], name: str) -> str:
    file = env.get(f"{name}_FILE")
    if not file:
        return env.get(name, "")
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise WrongSetting(f"{name}_FILE: cannot read {file}: {error}") from None


def _port(text: str) -> int:
    if not text:
        return Settings.port
    if not text.isdigit() or not 0 <= int(text) <= 65535:
        raise WrongSetting(f"TOCSIN_PORT: {text!r}; accepted: a number from 0 to 65535 (0: any free port)")
    return int(text)


def _count(env: Mapping[str, str], name: str, default: int, unit: str, least: int, most: int) -> int:
    text = _text(env, name)
    if not text:
        return default
    if not text.isdigit() or not least <= int(text) <= most:
        raise WrongSetting(f"{name}: {text!r}; accepted: {unit}, {least} to {most}")
    return int(text)


def _url(name: str, text: str) -> str:
    parts = urlsplit(text)
    if text and (parts.scheme not in ("http", "https") or not parts.hostname):
        raise WrongSetting(f"{name}: {text!r}; accepted: an address such as https://tocsin.example.org")
    return text.rstrip("/")


def _secret(name: str, text: str) -> str:
    if text and not (16 <= len(text) <= 256 and text.isascii() and text.isprintable()):
        raise WrongSetting(f"{name}: {len(text)} characters; accepted: 16 to 256 printable ASCII characters")
    return text


def _choice(name: str, text: str, accepted: tuple[str, ...]) -> str:
    if text and text not in accepted:
        raise WrongSetting(f"{name}: {text!r}; accepted: {', '.join(accepted)}")
    return text or accepted[0]
