"""The primary dies under load, its synchronous standby is promoted, and nothing that was answered is lost."""

from __future__ import annotations

import threading
import time

import httpx
from examples.cluster.postgres import Postgres, both

from ..served import INGEST, until


def sender(nodes, answered, stop):
    count = 0
    with httpx.Client(trust_env=False, timeout=10) as client:
        while not stop.is_set():
            key = f"alert-{threading.get_ident()}-{count}"
            body = {"key": key, "title": key, "severity": "critical", "service": "api", "check": f"c{count % 5}"}
            for node in nodes * 100:
                try:
                    if client.post(f"{node.url}/in/generic/{INGEST}", json=body).is_success:
                        answered.append(key)
                        break
                except httpx.HTTPError:
                    pass
                if stop.wait(0.05):
                    return
            count += 1


def test_failover_to_the_standby_loses_nothing_and_pages_flow_again(room, nodes, hook):
    """kill -9 of the primary in the middle of a load; the standby is promoted; both nodes go on with it."""
    primary = Postgres(room / "primary").start()
    standby = Postgres(room / "standby", primary).start()
    stop, senders = threading.Event(), []
    try:
        address = both(primary, standby)
        one, other = nodes.start("one", address), nodes.start("other", address)
        assert [] == httpx.get(f"{one.url}/-/ready", trust_env=False).json()["warnings"]
        answered: list[str] = []
        senders += [threading.Thread(target=sender, args=([one, other], answered, stop)) for _ in range(4)]
        for thread in senders:
            thread.start()
        until(lambda: len(answered) > 200, 60)

        primary.kill()
        standby.execute("ALTER SYSTEM RESET synchronous_standby_names")  # it has no standby of its own yet
        standby.promote()
        promoted = time.monotonic()
        at_promotion, before = len(answered), len(hook.received)
        until(lambda: len(answered) > at_promotion + 100, 30)
        until(lambda: len(hook.received) > before, 10)
        flowed = time.monotonic() - promoted
        stop.set()
        for thread in senders:
            thread.join(15)

        stored = {row[0] for row in standby.execute("SELECT key FROM alerts")}
        assert set() == set(answered) - stored, "every alert that was answered is in the standby"
        assert len(stored) >= len(answered)
        assert flowed < 5, "seconds from the promotion to pages and answers"
        print(f"pages and answers {flowed:.1f} s after the promotion; {len(answered)} answered, 0 lost")
    finally:
        stop.set()
        primary.kill()
        standby.stop()
