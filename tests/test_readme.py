"""What the README says works from a fresh copy in an empty directory."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request

from .served import ROOT, until


def test_make_run_installs_starts_and_takes_the_printed_first_page(tmp_path):
    """`make run` on a copy without an environment: it installs from the lock, starts, and the curl line's event pages."""
    copy = tmp_path / "tocsin"
    shutil.copytree(
        ROOT,
        copy,
        ignore=shutil.ignore_patterns(".venv", ".git", "var", "*.egg-info", "__pycache__", ".*_cache", "build"),
    )
    own = {name: os.environ[name] for name in os.environ if name.startswith(("PATH", "HOME", "PIP_", "SSL_", "TMP"))}
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            ["make", "run", "PORT=0", f"PYTHON={sys.executable}"], cwd=copy, env=own, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip
    said = lambda: (tmp_path / "log").read_text(encoding="utf-8")
    try:
        begun = time.monotonic()
        while "data: var" not in said() and process.poll() is None and time.monotonic() - begun < 300:
            time.sleep(0.2)
        assert process.poll() is None, said()
        url = re.search(r"Tocsin listens on (\S+)", said())[1]
        body = re.search(r"-d '(.*)'$", said(), re.MULTILINE)[1]
        request = urllib.request.Request(f"{url}/v2/enqueue", body.encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert "first-page" == json.load(answer)["dedup_key"]
        until(lambda: "--- PAGE for martijn ---" in said())
        assert (copy / "var/tocsin.db").exists()
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)


def test_the_gate_runs_the_readmes_test_command():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    gate = (ROOT / ".ci/run").read_text(encoding="utf-8")

    assert "\n    make test\n" in readme
    assert gate.rstrip().endswith("make test")
