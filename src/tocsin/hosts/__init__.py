"""Hosts that get the status page as static files, and outlive Tocsin: one module for each kind."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from tocsin.core.runbook import PublishTo
from tocsin.hosts import bucket, directory, github, ssh
from tocsin.hosts.host import Failed, File, Host, alone

__all__ = ["Failed", "File", "Host", "find"]

PAGES_EVERY_SECONDS = 3_600.0  # each publish is a commit, and at most ten builds an hour are promised
PAGES_PATIENCE = timedelta(minutes=10)  # of GitHub Pages, to build and to spread


def find(to: PublishTo, data: Path, left_out: Iterable[str] = ()) -> tuple[Host, ...]:
    """The hosts that the runbook names, a relative directory below *data*. On a machine they publish one at a time."""
    found = []
    if to.directory:
        folder = directory.Folder(data / to.directory)
        found.append(Host(f"directory {to.directory}", folder.put, url=to.directory_url))
    if to.s3:
        found.append(Host(f"bucket {to.s3.bucket}", bucket.Bucketeer(to.s3, data).put, "s3", to.s3.url))
    if to.ssh:
        name = f"ssh {to.ssh.host}:{to.ssh.directory}"
        found.append(Host(name, ssh.Remote(to.ssh, data).put, "ssh", to.ssh.url))
    if to.github_pages:
        pages = to.github_pages
        found.append(
            Host(f"GitHub Pages {pages.repository}", github.Pages(pages).put, "github_pages", pages.url,
                 PAGES_EVERY_SECONDS, PAGES_PATIENCE)
        )  # fmt: skip
    left = {where.removeprefix("status_page.publish.") for where in left_out}
    return tuple(replace(host, put=alone(data, host.put)) for host in found if host.key not in left)
