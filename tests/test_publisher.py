"""The publisher: what was said reaches the hosts, also after they failed, and outlives the process."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import yaml

from tocsin import hosts, publisher
from tocsin.core.events import Declared, Resolve
from tocsin.core.runbook import Bucket, PublishTo
from tocsin.hosts import Failed, Host
from tocsin.hosts.host import alone
from tocsin.publisher import Publisher
from tocsin.usecases import respond
from tocsin.web.site import files

from .fakes.github import FakeGitHub
from .fakes.s3 import Buckets
from .fakes.ssh import FakeSsh
from .fakes.web import FakeServer
from .served import ROOT, Served, until
from .stories.conftest import World

NOW = datetime(2026, 11, 23, 9, 2, tzinfo=UTC)


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def made(world, hosts=()):
    shown = []
    one = Publisher(world.db, world.setup, files, lambda rendered, at: shown.append((rendered, at)), lambda: hosts)
    return one, shown


def rounds(one, count=1):
    async def run():
        return [await one.round() for _ in range(count)]

    return asyncio.run(run())


def test_a_directory_has_the_whole_site_and_only_what_changed_is_written(world):
    (host,) = hosts.find(PublishTo(directory="public"), world.data)
    written = []

    def put(rendered, now):
        written.append(host.put(rendered, now))
        return written[-1]

    one, _ = made(world, [Host("d", put)])
    rounds(one)
    world.db.write_now(respond.declare, world.setup, Declared("t", "P0", "martijn", service="proofi.ai"))
    rounds(one)
    root = world.data / "public"
    assert "Issues with Website" in (root / "index.html").read_text(encoding="utf-8")
    status = json.loads((root / "api/v2/status.json").read_bytes())
    assert "critical" == status["status"]["indicator"]
    assert 13 == written[0]
    assert 0 < written[1] <= 14
    assert [] == list(root.rglob("*.part"))


def test_what_says_nothing_new_is_not_pushed_again(world):
    puts = []
    one, shown = made(world, [Host("h", lambda rendered, now: puts.append(now) or 1)])
    rounds(one, 3)
    assert 1 == len(puts)
    assert 3 == len(shown)


def test_a_host_that_fails_is_tried_again_and_holds_up_no_other(world):
    tries, good = [], []

    def bad(rendered, now):
        tries.append(now)
        if len(tries) < 3:
            raise Failed("no space")
        return 1

    one, shown = made(world, [Host("bad", bad), Host("good", lambda rendered, now: good.append(now) or 1)])
    assert [5.0, 15.0, 60.0] == rounds(one, 3)
    assert (3, 1, 3) == (len(tries), len(good), len(shown))


class Seen(FakeServer):
    """A web server that shows what it is told to show."""

    body = b"an old page"

    def answer(self, path, headers, body):
        return 200 if path == "/s/index.html" else 404, {}, self.body


def kept(world):
    return world.db.read_now(publisher.usecase.hosts)


def test_each_publish_is_fetched_back_from_where_the_public_sees_it(world):
    with Seen() as web:
        host = Host("h", lambda rendered, now: 1, url=f"{web.url}/s/")
        one, shown = made(world, [host])
        assert [publisher.LOOK_AGAIN_SECONDS] == rounds(one)
        assert (None, None) == (kept(world)[0].seen_at, kept(world)[0].failing_since)
        web.body = shown[0][0]["index.html"].body
        assert [publisher.ROUND_SECONDS] == rounds(one)
        assert kept(world)[0].seen_at == kept(world)[0].published_at == world.now


def test_a_host_that_is_slow_is_not_failing_while_it_goes_forward(world):
    """It shows each page when the next has come already: that is not the same as showing an old one for ever."""
    with Seen() as web:
        host = Host("h", lambda rendered, now: 1, url=f"{web.url}/s", patience=timedelta(seconds=0.5))
        one, shown = made(world, [host])

        async def run():
            for number in range(4):
                publisher.keep_notices(world.data, [(NOW, str(number))])
                await one.round()
                web.body = shown[-1][0]["index.html"].body
                await asyncio.sleep(0.3)
                assert kept(world)[0].failing_since is None
            publisher.keep_notices(world.data, ())
            await one.round()
            await asyncio.sleep(0.6)
            await one.round()

        asyncio.run(run())
        assert "shows another page" in kept(world)[0].why


@pytest.mark.parametrize(("path", "word"), [("/s", "shows another page than it was given"), ("/gone", "answers 404")])
def test_a_host_that_shows_another_page_than_it_was_given_is_failing(world, path, word):
    with Seen() as web:
        host = Host("h", lambda rendered, now: 1, url=web.url + path, patience=timedelta(0))
        one, _ = made(world, [host])
        assert [5.0, 15.0] == rounds(one, 2)
        assert word in kept(world)[0].why
        assert kept(world)[0].failing_since


def test_how_the_hosts_do_is_told_to_the_other_processes(world):
    def bad(rendered, now):
        raise Failed("https://user:secret-word@host/ is full")

    one, _ = made(world, [Host("bad", bad), Host("good", lambda rendered, now: 1)])
    rounds(one)
    bad_, good = kept(world)
    assert ("https://user:***@host/ is full", world.now, None) == (bad_.why, bad_.failing_since, bad_.published_at)
    assert ("", None, world.now) == (good.why, good.failing_since, good.published_at)
    commits = world.db.commits
    rounds(one)
    assert commits == world.db.commits


def test_two_publishes_on_one_machine_do_not_mix(tmp_path):
    inside, most = [], []

    def slow(rendered, now):
        inside.append(1)
        most.append(len(inside))
        time.sleep(0.05)
        inside.pop()
        return 1

    jobs = [threading.Thread(target=alone(tmp_path, slow), args=({}, NOW)) for _ in range(4)]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    assert [1] * 4 == most


def test_a_directory_that_cannot_be_written_is_named(world):
    (world.data / "taken").write_text("a file")
    (host,) = hosts.find(PublishTo(directory="taken"), world.data)
    with pytest.raises(Failed, match="taken"):
        host.put(files(world.db.read_now(publisher.usecase.snapshot, world.setup)), NOW)


def test_a_bucket_gets_what_changed_with_its_content_types(world):
    with Buckets() as buckets:
        to = Bucket(bucket="status", prefix="site", endpoint=buckets.url, access_key=buckets.access_key,
                    secret_key=buckets.secret_key)  # fmt: skip
        (host,) = hosts.find(PublishTo(s3=to), world.data)
        one, _ = made(world, [host])
        rounds(one)
        world.db.write_now(respond.declare, world.setup, Declared("t", "P0", "martijn", service="proofi.ai"))
        rounds(one)
        assert b"Issues with Website" in buckets.files["/status/site/index.html"]
        assert "text/html; charset=utf-8" == buckets.types["/status/site/index.html"]
        assert 1 == sum(path.endswith("page.css") for path in buckets.put)


def test_a_bucket_that_refuses_is_said_in_one_line(world):
    with Buckets() as buckets:
        to = Bucket(bucket="status", endpoint=buckets.url, access_key="wrong", secret_key="wrong-secret-key")
        (host,) = hosts.find(PublishTo(s3=to), world.data)
        rendered = files(world.db.read_now(publisher.usecase.snapshot, world.setup))
        with pytest.raises(Failed) as failed:
            host.put(rendered, NOW)
        assert "wrong-secret-key" not in str(failed.value)


def test_the_last_page_is_kept_for_when_the_database_is_gone(world):
    number = world.db.write_now(respond.declare, world.setup, Declared("t", "P1", "martijn", service="payments"))
    world.db.write_now(respond.act, world.setup, number, Resolve("martijn"))
    one, shown = made(world)
    rounds(one)
    kept = publisher.kept_site(world.data)
    assert shown[-1][0]["index.html"].body == files(kept)["index.html"].body


@pytest.mark.parametrize("text", ["", "{", '{"name": 1}'])
def test_a_kept_page_that_cannot_be_read_is_none(tmp_path, text):
    (tmp_path / publisher.SNAPSHOT).write_text(text)
    (tmp_path / publisher.NOTICES).write_text(text)
    assert None is publisher.kept_site(tmp_path)
    assert () == publisher.notices(tmp_path)


def test_a_notice_stands_on_the_page_until_it_is_taken_away(world):
    publisher.keep_notices(world.data, [(NOW, "Our own tools are down; <we> know.")])
    one, shown = made(world)
    rounds(one)
    assert b"Our own tools are down; &lt;we&gt; know." in shown[-1][0]["index.html"].body
    publisher.keep_notices(world.data, ())
    rounds(one)
    assert b"Notice" not in shown[-1][0]["index.html"].body


def test_the_page_outlives_a_killed_server_and_takes_a_notice_without_it(tmp_path):
    """kill -9, then `tocsin status publish --message`: the files of the host are whole, and say what was said last."""
    with Served(tmp_path, ROOT / "examples/proofi/runbook.yaml") as server:
        server.api("POST", "/incidents", {"severity": "P0", "title": "internal", "service": "api"})
        page = tmp_path / "status/index.html"
        until(lambda: page.exists() and "Issues with Wallet API" in page.read_text(encoding="utf-8"))
        until(lambda: "Issues with Wallet API" in httpx.get(f"{server.url}/status", trust_env=False).text)
        server.process.kill()
        server.process.wait()
        (tmp_path / "tocsin.db").unlink()
        book = ("--runbook", str(ROOT / "examples/proofi/runbook.yaml"))
        done = server.cli("status", "publish", "--message", "We know, and are on it.")
        assert (1, True) == (done.returncode, "name it with --runbook" in done.stderr)
        done = server.cli("status", "publish", "--message", "We know, and are on it.", *book)
        assert 0 == done.returncode, done.stderr
        assert "directory ./status" in done.stdout
        text = page.read_text(encoding="utf-8")
        assert "We know, and are on it." in text
        assert "Issues with Wallet API" in text
        assert 0 == server.cli("status", "publish", "--clear", *book).returncode
        assert "We know" not in page.read_text(encoding="utf-8")


def test_every_kind_of_host_keeps_the_page_of_a_killed_server_and_takes_a_notice_without_it(tmp_path):
    """kill -9 of the server, its database gone: bucket, SSH and GitHub Pages show the outage, then the notice."""
    with Buckets() as s3, FakeSsh(tmp_path / "far") as far, FakeGitHub() as github:
        github.refs["heads/gh-pages"] = github.refs["heads/main"]
        publish = {
            "directory": "./status",
            "s3": {"bucket": "b", "endpoint": s3.url, "access_key": s3.access_key, "secret_key": "${S3_SECRET}"},
            "ssh": {"host": "127.0.0.1", "port": far.port, "user": far.user, "directory": far.at("public"),
                    "host_key": far.host_key, "key": "${SSH_KEY}"},
            "github_pages": {"repository": "acme/status", "token": "${PAGES_TOKEN}", "api_base": github.url},
        }  # fmt: skip
        book = yaml.safe_load((ROOT / "examples/proofi/runbook.yaml").read_text(encoding="utf-8"))
        book["status_page"]["publish"] = publish
        path = tmp_path / "runbook.yaml"
        path.write_text(yaml.dump(book, sort_keys=False, allow_unicode=True), encoding="utf-8")
        secrets = {"S3_SECRET": s3.secret_key, "SSH_KEY": far.key, "PAGES_TOKEN": github.token}

        def shown():
            return [
                (tmp_path / "status/index.html").read_text(), s3.files["/b/index.html"].decode(),
                far.file("public/index.html").read_text(), github.branch()["index.html"].decode(),
            ]  # fmt: skip

        def everywhere(text):
            try:
                return all(text in page for page in shown())
            except (OSError, KeyError):
                return False

        with Served(tmp_path, path, **secrets) as server:
            server.api("POST", "/incidents", {"severity": "P0", "title": "internal", "service": "api"})
            until(lambda: everywhere("Issues with Wallet API"))
            server.process.kill()
            server.process.wait()
            (tmp_path / "tocsin.db").unlink()
            before = shown()
            done = server.cli("status", "publish", "--message", "We <know>.", "--runbook", str(path))
            assert 0 == done.returncode, done.stderr
            assert all("We &lt;know&gt;." in page for page in shown())
            assert all("Issues with Wallet API" in page for page in before)
            far.__exit__()
            done = server.cli("status", "publish", "--message", "More.", "--runbook", str(path))
            assert (1, True) == (done.returncode, "not published" in done.stderr)
            assert 3 == sum("More." in page for page in shown())
            assert "PRIVATE" not in done.stderr + server.said()
            far.__enter__()
        assert [] == github.faults


def test_without_a_page_or_a_host_it_says_what_to_do(tmp_path):
    server = Served(tmp_path, ROOT / "examples/proofi/runbook.yaml")
    done = server.cli("status", "publish", "--message", "x")
    assert 1 == done.returncode
    assert "no page was ever rendered" in done.stderr
