"""Serving: the start, the tasks that run side by side, the signals, and the end."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import resource
import secrets
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TextIO, cast

import structlog
import uvicorn

from tocsin import settings
from tocsin.hosts import Host, find
from tocsin.net import Network
from tocsin.poller import Poller
from tocsin.prober import Prober
from tocsin.publisher import Publisher, kept_site
from tocsin.rota import Rota
from tocsin.settings import Settings
from tocsin.store import migrate
from tocsin.store.db import Busy
from tocsin.usecases import access, configure, people, restored
from tocsin.watchman import DeadMan, Watchman
from tocsin.web.app import create_app
from tocsin.web.edge import Edge, most_connections
from tocsin.web.limits import Limits
from tocsin.web.site import files as site_files
from tocsin.web.status import PublicSite
from tocsin.wiring import (
    EXAMPLE,
    INGEST_FILE,
    SERVER_FILE,
    Clock,
    House,
    NoStart,
    build,
    host_name,
    install_credentials,
    read_settings,
)
from tocsin.worker import Worker

HANDLES = 65_536  # files and sockets of this process, at most
QUEUE = 128  # connections that wait while the server starts
SIGN_IN_LIFE = timedelta(hours=24)
GC_THRESHOLDS = (20_000, 20, 50)  # alerts come and go by the thousand; the default looks at them every 700
SWITCH_SECONDS = 0.0005  # the writer must get the interpreter back soon while requests keep the other thread busy

log = structlog.get_logger("tocsin")


def serve(
    runbook: Path | None = None, database: str | None = None, host: str | None = None, port: int | None = None,
    role: str = "all", clock: Clock | None = None,
) -> int:  # fmt: skip
    """
    Start, say where and how, and serve until told to stop. Returns the exit code.

    A *clock* of another speed is for rehearsals, and can be given by a program alone.
    """
    try:
        given = read_settings(runbook=runbook, database=database, host=host, port=port)
        listener = _listen(given)
        given = replace(given, port=listener.getsockname()[1])
        configure_logs(given.log_format)
        house = build(given, clock)
    except (NoStart, settings.WrongSetting) as error:
        print(f"tocsin: {error}", file=sys.stderr)
        return 1
    with migrate.alone(house.db):
        ingest, token = install_credentials(house)
    link = f"sign_{secrets.token_urlsafe(24)}"
    house.db.write_now(access.make_sign_in, link, role="admin", expires_at=house.clock() + SIGN_IN_LIFE)
    _remember_server(given, house.setup.public_url, token)
    if role != "worker":
        listener.listen(QUEUE)  # whoever follows the greeting at once waits, and is not turned away
    _greet(house, ingest, link)
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.freeze()  # what a start has loaded stays
    gc.set_threshold(*GC_THRESHOLDS)
    try:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(run(house, listener, role))
    finally:
        (given.data / SERVER_FILE).unlink(missing_ok=True)
        house.db.close()
    return 0


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Make the fast event loop where there is one; None: the standard library's."""
    try:
        import uvloop  # noqa: PLC0415 - not on every platform
    except ImportError:
        return None
    return uvloop.new_event_loop


def _listen(given: Settings) -> socket.socket:
    """Take the address before anything else, so that a taken one is said at once."""
    family = socket.AF_INET6 if ":" in given.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((given.host, given.port))
    except OSError as error:
        raise NoStart(
            f"cannot listen on {given.host}:{given.port}: {error.strerror}; try another (--port, make run PORT=9000)"
        ) from None
    return listener


def _remember_server(given: Settings, url: str, token: str) -> None:
    """Tell the commands on this machine where the server is; only its owner can read the file."""
    path = given.data / SERVER_FILE
    local = f"http://{host_name(given.host)}:{given.port}"
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
        json.dump({"url": local, "public_url": url, "token": token, "pid": os.getpid()}, file)


def _greet(house: House, ingest: str, link: str) -> None:
    """Say where Tocsin is, how to sign in, what is left out, and the line that makes a first page."""
    url, data = house.setup.public_url, house.settings.data
    body = json.dumps(
        {
            "routing_key": ingest, "event_action": "trigger", "dedup_key": "first-page",
            "payload": {"summary": "proofi.ai answers 503 for everyone", "source": "curl", "severity": "critical",
                        "class": "http_5xx", "custom_details": {"service": "proofi.ai"}},
        }
    )  # fmt: skip
    lines = [
        "",
        f"Tocsin listens on {url}",
        f"  sign in (once, within 24 h): {url}/sign-in?token={link}",
        f"  ingest key (kept in {data / INGEST_FILE}): {ingest}",
        "  make a first page:",
        f"    curl -sS {url}/v2/enqueue -H 'Content-Type: application/json' -d '{body}'",
        "",
    ]
    lines += [f"  {notice}" for notice in house.db.read_now(configure.notices, house.setup)]
    lines += [f"  {line}" for line in house.db.read_now(restored.banner)]
    lines += ["", f"  data: {data} (secret key, admin token and database are there)", ""]
    print("\n".join(lines), flush=True)


async def run(
    house: House, listener: socket.socket, role: str = "all", *, network: Network | None = None,
    publishes: bool = True, beside: Callable[[], Awaitable[None]] | None = None,
) -> None:  # fmt: skip
    """
    Serve until told to stop.

    Args:
        network: In place of the one to the outside: a drill has a world of its own.
        publishes: Whether the status page is put on its hosts, too.
        beside: Runs beside the server from when it takes requests, and ends it with its own end.
    """
    house.db.hear_others()
    network = network or Network(console=_say, now=house.clock)
    owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
    worker = Worker(house.db, house.setup, network, owner, house.clock.speed)
    tasks = [asyncio.create_task(worker.run(), name="worker")] if role in ("all", "worker") else []
    given = house.settings
    dead_man = DeadMan(given.dead_man_url, given.dead_man_fail_url, given.dead_man_every)
    keep = timedelta(days=given.keep_days) if given.keep_days else None
    watchman = Watchman(house.db, house.setup, network, owner, dead_man, house.clock.moved, keep)
    rota, poller = Rota(house.db, house.setup, network), Poller(house.db, house.setup, network, owner)
    public = PublicSite(house.clock)
    publisher = _publisher(house, public, pushes=bool(tasks) and publishes)
    works = {"watchman": watchman.run, "rota": rota.run, "poller": poller.run} if tasks else {}
    if tasks and _looks(given):
        works["prober"] = Prober(house.db, house.setup, network, f"{socket.gethostname()}:{given.port}").run
    side_by_side = {"publisher": publisher.run, **works}
    watching = [asyncio.create_task(run(), name=name) for name, run in side_by_side.items()]

    @contextlib.asynccontextmanager
    async def life(_app: object) -> AsyncIterator[None]:
        yield

    app = create_app(
        house.db, house.setup, new_secret=lambda: secrets.token_urlsafe(24), lifespan=life, public=public,
        limits=Limits(given.key_rate, given.ingest_rate), network=network,
    )  # fmt: skip
    config = uvicorn.Config(
        app, log_config=None, access_log=False, proxy_headers=False, lifespan="on", server_header=False,
        timeout_keep_alive=30, h11_max_incomplete_event_size=16_384, timeout_graceful_shutdown=5, http=Edge,
    )  # fmt: skip
    Edge.most = most_connections(_raise_handles())
    server = _Server(config)
    _on_signals(server, house)
    aside = asyncio.create_task(_beside(server, beside)) if beside else None
    try:
        if role == "worker":
            await server.told.wait()
        else:
            await server.serve(sockets=[listener])
    finally:
        if aside:
            server.stop()
            await asyncio.wait((aside,), timeout=5)
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)
        worker.stop()
        for task in tasks:
            await task
        await network.close()
    if aside:
        await aside  # what went wrong in it is not lost


async def _beside(server: _Server, work: Callable[[], Awaitable[None]]) -> None:
    """Do *work* from when the server takes requests until it is told to stop; then the server stops, too."""
    try:
        while not server.started:
            await asyncio.sleep(0.01)
        both = [asyncio.ensure_future(work()), asyncio.create_task(server.told.wait())]
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        for task in both:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await both[0]
    finally:
        if not server.told.is_set():
            server.stop()


def _looks(given: Settings) -> bool:
    """Say whether this process looks at targets: those of the example that ships with Tocsin are somebody else's."""
    if given.probes != "auto":
        return given.probes == "on"
    return given.runbook is not None and given.runbook.resolve() != EXAMPLE.resolve()


def _publisher(house: House, public: PublicSite, *, pushes: bool) -> Publisher:
    """Join the publisher; the last page of an earlier run is shown until it has rendered its first."""
    data = house.setup.data
    if kept := kept_site(data):
        public.show(site_files(kept), kept.at)

    known: dict[str, tuple[Host, ...]] = {}  # by version of the runbook: a host remembers what it has

    def find_hosts() -> tuple[Host, ...]:
        version, runbook = house.db.read_now(configure.in_force, house.setup)
        if version not in known:
            known.clear()
            known[version] = find(runbook.status_page.publish, data, runbook.left_out)
        return known[version]

    return Publisher(house.db, house.setup, site_files, public.show, find_hosts, pushes=pushes)


def _raise_handles() -> int:
    """Take as many files and sockets as the system allows this process, up to 65,536; returns how many that are."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = HANDLES if hard == resource.RLIM_INFINITY else min(hard, HANDLES)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return min(soft, HANDLES) if soft != resource.RLIM_INFINITY else HANDLES
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        return wanted
    return soft


class _Server(uvicorn.Server):
    """A server that returns when it is told to stop: uvicorn's own raises the signal again, before all is tidied up."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.told = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def stop(self) -> None:
        """Take no more requests and end; told twice, end at once."""
        self.force_exit = self.should_exit
        self.should_exit = True
        self.told.set()


def _on_signals(server: _Server, house: House) -> None:
    """Stop when told; on SIGHUP read the runbook's file again."""
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, server.stop)
    again: set[asyncio.Task[None]] = set()

    def reread() -> None:
        task = loop.create_task(_read_again(house))
        again.add(task)
        task.add_done_callback(again.discard)

    loop.add_signal_handler(signal.SIGHUP, reread)


async def _read_again(house: House) -> None:
    """Put the file's new text in force for new incidents, or say what is wrong with it and keep the good one."""
    path = house.settings.runbook or EXAMPLE
    try:
        text = path.read_text(encoding="utf-8")
        reading = await house.db.write(configure.adopt, house.setup, text)
        await house.db.write(people.plan_tests, house.setup)
    except (OSError, UnicodeDecodeError, Busy) as error:
        log.error("runbook_not_read", file=str(path), why=str(error))
        return
    if reading.runbook is None:
        log.error("runbook_refused", file=str(path), errors=[str(problem) for problem in reading.errors])
    else:
        log.info("runbook_in_force", file=str(path), version=reading.version[:12])


def _say(text: str) -> None:
    print(text, flush=True)


class _Lenient:
    """A log that cannot be written, on a disk that is full, is no reason to stop paging."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError):
            return self._file.write(text)
        return 0

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            self._file.flush()


def configure_logs(form: str) -> None:
    """Logs are events with keys, to standard error; JSON where machines read them."""
    # Plain tracebacks: the other kind shows the values of variables, tokens among them, and takes seconds to draw.
    render = structlog.processors.JSONRenderer() if form == "json" else structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )  # fmt: skip
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info if form == "json" else _as_it_is,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(20),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, _Lenient(sys.stderr))),
        cache_logger_on_first_use=True,
    )


def _as_it_is(_logger: object, _name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    return event
