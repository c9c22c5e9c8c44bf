"""
A whole P0 in real time, sixty times as fast: the production server in a process of its own, Telegram, mail and a static
host on real sockets, and every text byte for byte what the runbook says. About a minute.
"""

from __future__ import annotations

import functools
import json
import signal
import threading
import time
from datetime import datetime
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
import yaml

from .fakes.smtp import FakeMail
from .fakes.telegram import TOKEN, FakeTelegram
from .faster import SPEED
from .served import INGEST, ROOT, Served, until
from .test_end_to_end import FIRING

GROUP, MARTIJN, BACKUP = -1001234567890, 700000001, 700000002
TITLE = "proofi.ai answers 503 for everyone"


class Rehearsal(Served):
    program = ("tests.faster",)


class Host(ThreadingHTTPServer):
    """A static host: it serves the files of a directory, and knows nothing of Tocsin."""

    daemon_threads = True

    def __init__(self, directory):
        class Quiet(SimpleHTTPRequestHandler):
            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), functools.partial(Quiet, directory=directory))
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def get(self, path):
        answer = httpx.get(f"{self.url}{path}", trust_env=False)
        return answer.text if answer.status_code == 200 else ""


def runbook(folder, telegram, port):
    """The example, word for word, but for where Telegram and mail are."""
    data = yaml.load((ROOT / "examples/proofi/runbook.yaml").read_text(encoding="utf-8"), yaml.BaseLoader)
    data["version"] = 1
    data["channels"]["alerts"]["telegram"]["api_base"] = telegram
    data["channels"]["email"]["smtp"].update(port=str(port), security="none")
    file = folder / "runbook.yaml"
    file.write_text(yaml.dump(data, allow_unicode=True), encoding="utf-8")
    return file, data["templates"]


def utc(text):
    return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M} UTC"


def words(seconds):
    """How long, in its two largest units."""
    parts = [(seconds // 3600, "hour"), (seconds // 60 % 60, "minute"), (seconds % 60, "second")]
    while not parts[0][0]:
        parts.pop(0)
    said = parts[:2] if len(parts) > 1 and parts[1][0] else parts[:1]
    return " ".join(f"{n} {unit}{'' if n == 1 else 's'}" for n, unit in said)


@pytest.fixture
def far_side(tmp_path):
    (tmp_path / "status").mkdir()
    with FakeTelegram() as telegram, FakeMail() as mail, Host(str(tmp_path / "status")) as host:
        yield telegram, mail, host
        host.shutdown()


def test_a_p0_runs_at_sixty_times_and_every_text_is_the_runbooks(tmp_path, far_side):
    telegram, mail, host = far_side
    file, templates = runbook(tmp_path, telegram.url, mail.port)
    server = Rehearsal(tmp_path, file, TELEGRAM_BOT_TOKEN=TOKEN)

    def filled(name, **values):
        text = templates[name].removesuffix("\n")
        for word, value in values.items():
            text = text.replace(f"{{{word}}}", value)
        assert "{" not in text
        return text

    def to(chat, thread=None):
        """What stands in a chat or a topic; a text that went out twice (a lease ran out) counts once."""
        mine = [m for m in telegram.messages if m["chat_id"] == chat and m.get("message_thread_id") == thread]
        return list(dict.fromkeys(m["text"] for m in mine))

    def facts(kind):
        return [e for e in server.api("GET", "/incidents/INC-1/timeline")["items"] if e["kind"] == kind]

    with server:
        server.send(f"/in/alertmanager/{INGEST}", FIRING)
        begun = time.monotonic()

        def at(minute):
            """Let the incident's clock come to that minute."""
            time.sleep(max(begun + minute * 60 / SPEED - time.monotonic(), 0))

        def act(action, **body):
            return server.api("POST", f"/incidents/INC-1/{action}", {"by": "martijn", **body})

        until(lambda: telegram.topics, 15)
        [thread] = telegram.topics
        at(2)
        act("acknowledge")
        at(3)
        act("severity", severity="P0")
        act("assign", role="communications", person="backup1")
        telegram.say(MARTIJN, "It began with the release of 9:00", GROUP, thread)
        at(12)
        act("update", status="investigating", summary="Nobody can open a wallet", next_steps="We look at the release",
            eta="unknown", impact="All users", public=True, next_update="8m")  # fmt: skip
        at(16)
        assert "overdue" not in telegram.shown[telegram.pinned[0]]["text"]
        at(21.5)  # the promise was for 20, and nobody kept it: we know first
        assert server.api("GET", "/incidents/INC-1")["next_update_overdue_since"]
        overdue = until(lambda: [t for t in to(BACKUP) if "Status update every 15 minutes" in t], 15)
        assert any("Due in" in t for t in overdue) and any("This duty was missed" in t for t in overdue)
        until(lambda: "Next update: overdue since" in telegram.shown[telegram.pinned[0]]["text"], 15)
        assert "overdue" not in host.get("/index.html") + host.get("/api/v2/incidents.json")
        at(23)
        act("cause", text="A release without its environment", confirmed=True)
        act("update", status="identified", summary="A release lost its environment", next_steps="Roll back",
            eta="10 minutes", next_update="15m")  # fmt: skip
        at(36)
        act("update", status="monitoring", summary="Rolled back", next_steps="Watch", eta="now", public=True)
        at(45)
        act("resolve", root_cause="A release without its environment", resolution="Rolled back")
        until(lambda: thread in telegram.closed, 20)
        incident = server.api("GET", "/incidents/INC-1")
        posted = [utc(e["at"]) for e in facts("update_posted")]
        review = facts("review_scheduled")[0]["data"]["at"][:10]
        said = [e["data"]["text"] for e in facts("message_seen")]
        until(lambda: "resolved" in host.get("/api/v2/incidents.json"), 15)
        until(lambda: 3 <= len(mail.messages), 15)
        server.stop(signal.SIGKILL)

    lasted = datetime.fromisoformat(incident["resolved_at"]) - datetime.fromisoformat(incident["declared_at"])
    started = utc(incident["declared_at"])
    initial = filled(
        "initial_alert", severity="P0", title=TITLE, impact="unknown", started_utc=started, commander="unassigned",
        update_interval="15 minutes",
    )  # fmt: skip
    acknowledged = filled("acknowledged", severity="P0", title=TITLE, impact="unknown")
    updates = [
        filled("status_update", now_utc=at_, status=status, summary=summary, next_steps=steps, eta=eta)
        for at_, (status, summary, steps, eta) in zip(
            posted,
            [
                ("Investigating", "Nobody can open a wallet", "We look at the release", "unknown"),
                ("Identified", "A release lost its environment", "Roll back", "10 minutes"),
                ("Monitoring", "Rolled back", "Watch", "now"),
            ],
            strict=True,
        )
    ]
    all_clear = filled(
        "all_clear", title=TITLE, duration=words(int(lasted.total_seconds())), resolution="Rolled back",
        root_cause="A release without its environment", postmortem=f"Scheduled for {review}",
    )  # fmt: skip
    assert [initial, acknowledged, all_clear] == to(GROUP)
    besides = ("INC-1 ", "INC-1: ", "[P0] INC-1: ", "You are asked to come here: ")  # rooms, causes, what is proposed
    room = [t for t in to(GROUP, thread) if not t.startswith(besides)]
    assert [initial, acknowledged, *updates, all_clear] == room
    mails = {
        m.get_body(("plain",)).get_content().replace("\r\n", "\n").rstrip("\n")
        for m in mail.messages
        if m["To"] == "team@proofi.ai"
    }
    assert set(updates) == mails
    assert ["It began with the release of 9:00"] == said
    assert f"#incident-{incident['declared_at'][:10]}" == telegram.topics[thread]
    assert "Resolved: " in telegram.shown[telegram.pinned[0]]["text"]
    assert ([], []) == (telegram.faults, mail.faults)

    # Tocsin is dead; the static host is not, and has the two public texts.
    [public] = json.loads(host.get("/api/v2/incidents.json"))["incidents"]
    bodies = [update["body"] for update in reversed(public["incident_updates"])]
    opened = filled("public_incident", title="Issues with Website", feature="Website", started_utc=started,
                    now_utc=started)  # fmt: skip
    ended = filled("public_resolution", title="Issues with Website", feature="Website",
                   duration=words(int(lasted.total_seconds())), resolved_utc=utc(incident["resolved_at"]))  # fmt: skip
    assert (opened, ended) == (bodies[0], bodies[-1])
    assert "Nobody can open a wallet\n\nNext update by " in bodies[1]
    assert "Issues with Website" in host.get("/index.html") and TITLE not in host.get("/index.html")
