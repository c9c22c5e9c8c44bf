"""A folder on another machine: switched in one step, its key pinned, and never half a page."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import asyncssh
import pytest

from tests.fakes.ssh import SSHD, FakeSsh, RealSshd
from tocsin.core.runbook import SshFolder
from tocsin.hosts import Failed
from tocsin.hosts.ssh import Remote
from tocsin.web.site import File

NOW = datetime(2026, 11, 23, 9, 2, tzinfo=UTC)
REAL = pytest.param(RealSshd, marks=pytest.mark.skipif(not SSHD, reason="no sshd on this machine"))


def page(*words, **more):
    texts = {"index.html": words[0], "status/page.css": "css", "status/incidents/one.html": "one", **more}
    return {path: File("text/html", text.encode(), "") for path, text in texts.items()}


@pytest.fixture(params=[FakeSsh, REAL])
def far(request, tmp_path):
    with request.param(tmp_path / "far") as server:
        yield server


def to(far, **more):
    return SshFolder(**{"host": "127.0.0.1", "port": far.port, "user": far.user, "directory": far.at("public"),
                        "host_key": far.host_key, "key": far.key, **more})  # fmt: skip


def shown(far, path="index.html"):
    return far.file("public").joinpath(path).read_text()


def test_a_page_is_put_switched_to_and_shares_what_has_not_changed(far, tmp_path):
    remote = Remote(to(far), tmp_path)
    assert 3 == remote.put(page("first"), NOW)
    assert ("first", "one") == (shown(far), shown(far, "status/incidents/one.html"))
    assert 1 == remote.put(page("second"), NOW + timedelta(minutes=1))
    assert ("second", "one") == (shown(far), shown(far, "status/incidents/one.html"))
    assert far.file("public").is_symlink()
    assert 2 == far.file("public/status/page.css").stat().st_nlink
    assert 3 == Remote(to(far), tmp_path).put(page("third"), NOW + timedelta(minutes=2))
    assert ["public", "public.releases"] == sorted(path.name for path in far.root.iterdir())


def test_old_releases_go_and_the_last_stays(far, tmp_path):
    remote = Remote(to(far), tmp_path)
    for minute in range(0, 60, 20):
        remote.put(page(f"at {minute}"), NOW + timedelta(minutes=minute))
    assert 2 == len(list(far.file("public.releases").iterdir()))
    assert "at 40" == shown(far)


def test_a_reader_never_sees_half_a_page(far, tmp_path):
    """While pages are published, index and incident always come from one release."""
    remote, stop, torn = Remote(to(far), tmp_path), threading.Event(), []
    remote.put(page("0", **{"status/incidents/one.html": "0"}), NOW)

    def read():
        while not stop.is_set():
            release = far.file("public").resolve()
            both = (release / "index.html").read_text(), (release / "status/incidents/one.html").read_text()
            if both[0] != both[1]:
                torn.append(both)

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(1, 6):
        remote.put(page(str(number), **{"status/incidents/one.html": str(number)}), NOW + timedelta(seconds=number))
    stop.set()
    reader.join()
    assert ([], "5") == (torn, shown(far))


def test_two_at_once_leave_one_whole_page(far, tmp_path):
    texts = ["a", "b"]
    jobs = [threading.Thread(target=Remote(to(far), tmp_path).put,
                             args=(page(text, **{"status/incidents/one.html": text}), NOW)) for text in texts]  # fmt: skip
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    assert shown(far) == shown(far, "status/incidents/one.html")


def test_another_host_key_is_refused_before_anything_is_sent(far, tmp_path):
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()
    with pytest.raises(Failed, match=r"(?i)host key"):
        Remote(to(far, host_key=other), tmp_path).put(page("x"), NOW)
    assert [] == list(far.root.iterdir())


def test_a_wrong_key_and_a_closed_port_are_said_in_one_line(far, tmp_path):
    other = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()
    for wrong in ({"key": other}, {"port": 1}, {"key": "no key at all"}, {"key": "", "key_file": "nowhere"}):
        with pytest.raises(Failed) as failed:
            Remote(to(far, **wrong), tmp_path).put(page("x"), NOW)
        assert "\n" not in str(failed.value)
        assert "PRIVATE" not in str(failed.value)


def test_a_folder_that_is_no_link_of_ours_is_left_alone(far, tmp_path):
    far.file("public").mkdir()
    far.file("public/theirs.txt").write_text("keep")
    with pytest.raises(Failed, match="no link of ours"):
        Remote(to(far), tmp_path).put(page("x"), NOW)
    assert "keep" == far.file("public/theirs.txt").read_text()


def test_the_key_may_stand_in_a_file_of_the_data_directory(far, tmp_path):
    (tmp_path / "id").write_text(far.key)
    Remote(to(far, key="", key_file="id"), tmp_path).put(page("first"), NOW)
    assert "first" == shown(far)


def test_without_hard_links_everything_is_written(far, tmp_path, monkeypatch):
    async def no_link(self, old, new):
        raise asyncssh.SFTPOpUnsupported("no links here")

    monkeypatch.setattr(asyncssh.SFTPClient, "link", no_link)
    remote = Remote(to(far), tmp_path)
    remote.put(page("first"), NOW)
    assert 3 == remote.put(page("second"), NOW + timedelta(minutes=1))
