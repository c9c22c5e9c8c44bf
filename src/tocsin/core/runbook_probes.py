"""The runbook's probes as frozen types: what is looked at, how often, and what is expected of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field, model_validator

from tocsin.core.runbook_values import Part, Span, Text, Words

Kind = Literal["http", "tcp", "dns", "jsonrpc", "heartbeat"]
KINDS: Final[tuple[Kind, ...]] = ("http", "tcp", "dns", "jsonrpc", "heartbeat")
WITHIN: Final = timedelta(seconds=5)  # slower than this is a finding of its own
GIVE_UP: Final = 2  # an answer that takes this many times `within` is none
CERTIFICATE: Final = timedelta(days=14)  # a certificate with less time left is told of

_WEB: Final = re.compile(
    r"(?P<scheme>https?)://([^/?#@\s]*@)?(?P<host>\[[0-9A-Fa-f:.]+\]|[^/?#:@\[\]\s]+)(?P<port>:[0-9]{1,5})?(?=[/?#]|$)"
)
_STATUSES: Final = re.compile(r"<=?\s*[1-5]\d\d|[1-5]xx|[1-5]\d\d(-[1-5]\d\d)?")


def _status(value: int | str) -> int | str:
    """Check that the statuses can be read; they are kept as the file has them."""
    if not all(_STATUSES.fullmatch(part.strip()) for part in str(value).split(",")):
        raise ValueError('a status such as 200, "<500", "2xx", "200-299" or "200, 204"')
    return value


def takes_status(wanted: int | str, status: int) -> bool:
    """Say whether *status* is one of those that are *wanted*."""
    return any(_takes(part.strip(), status) for part in str(wanted).split(","))


def _takes(part: str, status: int) -> bool:
    if part.startswith("<"):
        most = int(part.lstrip("<= "))
        return status <= most if part.startswith("<=") else status < most
    if part.endswith("xx"):
        return status // 100 == int(part[0])
    first, _, last = part.partition("-")
    return int(first) <= status <= int(last or first)


class Expect(Part):
    """What a good answer is. Which key goes with which kind of probe: `faults` says."""

    status: Annotated[int | str, AfterValidator(_status)] | None = None  # http; without it, all below 400
    within: Span | None = None
    json_: dict[str, Any] | None = Field(None, alias="json")  # a part of the answer
    text: str | None = None  # stands in the answer; of tcp in what is sent first
    certificate: Span | None = None  # how much time is left to it at least
    address: Words = ()  # dns: one of them is answered


class Probe(Part):
    service: Text
    every: Span
    http: str | None = None
    tcp: str | None = None  # host:port, or a host beside `port`
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    dns: str | None = None
    record: Literal["A", "AAAA"] | None = None
    jsonrpc: str | None = None
    method: str | None = None
    params: tuple[Any, ...] = ()
    headers: dict[str, str] = {}
    ca_file: str = ""  # who signs the target's certificate, where the system does not know them
    heartbeat: bool = False
    grace: Span | None = None
    expect: Expect = Expect()
    fail_after: Annotated[int, Field(ge=1, le=100)] = 1
    recover_after: Annotated[int, Field(ge=1, le=100)] = 2

    @model_validator(mode="after")
    def _looks_at_one_thing(self) -> Probe:
        if sum(map(bool, (self.http, self.tcp, self.dns, self.jsonrpc, self.heartbeat))) != 1:
            raise ValueError("exactly one of http, tcp, dns, jsonrpc, heartbeat")
        return self

    @property
    def kind(self) -> Kind:
        return next(kind for kind in KINDS if getattr(self, kind))

    @property
    def within(self) -> timedelta:
        """Slower than this is too slow."""
        return self.expect.within or WITHIN

    @property
    def gives_up(self) -> timedelta:
        """Nothing is waited for longer than this."""
        return GIVE_UP * self.within

    @property
    def address(self) -> tuple[str, int]:
        """The host and port of a tcp probe; port 0 where none is named."""
        host, _, port = (self.tcp or "").rpartition(":") if self.port is None else (self.tcp or "", "", "")
        return (host or port).strip("[]"), self.port or (int(port) if host and port.isdigit() else 0)

    @property
    def target(self) -> str:
        """What is looked at, fit to be shown: of an address only its host, since a path may be a secret."""
        match self.kind:
            case "http" | "jsonrpc":
                found = _WEB.match(self.http or self.jsonrpc or "")
                return f"{found['scheme']}://{found['host']}{found['port'] or ''}" if found else "no address"
            case "tcp":
                return "{}:{}".format(*self.address)
            case "dns":
                return f"{self.dns} {self.record or 'A'}"
            case _:
                return "calls in"

    @property
    def named_host(self) -> str:
        """The host that must be looked up before anything can be seen; empty for a number, and for a dns probe."""
        if self.kind == "tcp":
            host = self.address[0]
        else:
            found = _WEB.match(self.http or self.jsonrpc or "")
            host = found["host"] if found else ""
        return "" if ":" in host or host == "localhost" or host.replace(".", "").isdigit() else host


Key = tuple[str, ...]
# Which of these keys goes with which kinds.
_ONLY: Final[dict[Key, tuple[Kind, ...]]] = {
    ("port",): ("tcp",),
    ("record",): ("dns",),
    ("method",): ("jsonrpc",),
    ("params",): ("jsonrpc",),
    ("headers",): ("http", "jsonrpc"),
    ("ca_file",): ("http", "jsonrpc"),
    ("grace",): ("heartbeat",),
    ("fail_after",): ("http", "tcp", "dns", "jsonrpc"),
    ("recover_after",): ("http", "tcp", "dns", "jsonrpc"),
    ("expect", "status"): ("http",),
    ("expect", "within"): ("http", "tcp", "dns", "jsonrpc"),
    ("expect", "json"): ("http", "jsonrpc"),
    ("expect", "text"): ("http", "tcp"),
    ("expect", "certificate"): ("http", "jsonrpc"),
    ("expect", "address"): ("dns",),
}


def faults(name: str, probe: Probe) -> Iterator[tuple[Key, str]]:
    """What the types alone cannot say of a probe: the key, and what is accepted there."""
    if "/" in name:
        yield (), "a name without /: it stands in addresses"
    said = probe.model_fields_set | {f"expect.{key.rstrip('_')}" for key in probe.expect.model_fields_set}
    for key, kinds in _ONLY.items():
        if ".".join(key) in said and probe.kind not in kinds:
            yield key, f"a key of {' and '.join(kinds)} probes; this one is {probe.kind}"
    yield from _target_faults(probe)


def _target_faults(probe: Probe) -> Iterator[tuple[Key, str]]:
    match probe.kind:
        case "http" | "jsonrpc" as kind:
            if not _WEB.match(probe.http or probe.jsonrpc or ""):
                yield (kind,), "an address such as https://example.org/health"
            if kind == "jsonrpc" and not probe.method:
                yield (kind,), "a jsonrpc probe beside a method, such as system_health"
        case "tcp":
            host, port = probe.address
            if not host or not 1 <= port <= 65535 or "/" in host:
                yield ("tcp",), "a host and port such as db.example.org:5432, or a host beside `port`"
        case "dns":
            if not re.fullmatch(r"[A-Za-z0-9_.-]+", probe.dns or ""):
                yield ("dns",), "a name such as www.example.org"
        case _:
            pass
