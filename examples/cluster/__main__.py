"""`make cluster`: a PostgreSQL with a synchronous standby and two Tocsin nodes, all on loopback, until Ctrl-C."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
from pathlib import Path

from examples.cluster.postgres import Postgres, both

ROOT = Path(__file__).parents[2]
HERE = Path(os.environ.get("CLUSTER_DATA", ROOT / "var/cluster"))
PORTS = [int(port) for port in os.environ.get("CLUSTER_PORTS", "8080,8081").split(",")]
RUNBOOK = os.environ.get("RUNBOOK", str(ROOT / "examples/proofi/runbook.yaml"))


def _secret() -> str:
    """The key that all nodes share; made at the first start."""
    file = HERE / "secret.key"
    if not file.exists():
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
            opened.write(secrets.token_urlsafe(32))
    return file.read_text(encoding="utf-8")


def _node(port: int, database: str) -> subprocess.Popen[bytes]:
    data = HERE / f"node-{port}"
    data.mkdir(parents=True, exist_ok=True)
    environment = {
        **os.environ, "TOCSIN_DATABASE": database, "TOCSIN_DATA": str(data),
        "TOCSIN_SECRET_KEY_FILE": str(HERE / "secret.key"),
    }  # fmt: skip
    command = [sys.executable, "-m", "tocsin", "serve", "--runbook", RUNBOOK, "--port", str(port)]
    return subprocess.Popen(command, env=environment, cwd=ROOT, start_new_session=True)


def main() -> None:
    """Start everything, wait for Ctrl-C, stop everything in order."""
    HERE.mkdir(parents=True, exist_ok=True)
    _secret()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell has it ignored in what it starts beside itself
    servers: list[Postgres] = []
    nodes: list[subprocess.Popen[bytes]] = []
    try:
        print(f"Two PostgreSQL servers and {len(PORTS)} nodes start; their data is in {HERE}", flush=True)
        servers.append(Postgres(HERE / "primary").start())
        servers.append(Postgres(HERE / "standby", servers[0]).start())
        nodes += [_node(port, both(*servers)) for port in PORTS]
        ports = [str(server.port) for server in servers]
        print(f"PostgreSQL listens on port {ports[0]}, its standby on {ports[1]}. Ctrl-C stops all.", flush=True)
        for node in nodes:
            node.wait()
    except KeyboardInterrupt:
        pass
    finally:
        for node in nodes:
            node.terminate()
        for node in nodes:
            node.wait(20)
        for server in reversed(servers):
            server.stop()


if __name__ == "__main__":
    main()
