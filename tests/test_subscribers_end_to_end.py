"""A subscriber's whole way, over real HTTP and real SMTP: the form, the mail, the press, the incident, the end."""

from __future__ import annotations

import re

import httpx
import yaml

from .fakes.smtp import FakeMail
from .served import ROOT, Served, until


def test_from_the_form_to_the_end_by_one_press(tmp_path):
    with FakeMail() as mail:
        book = yaml.safe_load((ROOT / "examples/proofi/runbook.yaml").read_text(encoding="utf-8"))
        book["channels"]["email"]["smtp"].update(host="127.0.0.1", port=mail.port, security="none")
        (tmp_path / "runbook.yaml").write_text(yaml.dump(book, sort_keys=False, allow_unicode=True), encoding="utf-8")

        def to_reader():
            pairs = zip(mail.recipients, mail.messages, strict=True)
            return [message for whom, message in pairs if whom == ["reader@example.org"]]

        def link(verb):
            text = to_reader()[-1].get_body(("plain",)).get_content()
            return re.search(rf"\S+/status/{verb}/\S+", text)[0]

        with Served(tmp_path, tmp_path / "runbook.yaml") as server, httpx.Client(trust_env=False) as browser:
            assert "status/subscribe.html" in until(lambda: "Subscribe" in browser.get(f"{server.url}/status").text and
                                                    browser.get(f"{server.url}/status").text)  # fmt: skip
            form = {"kind": "email", "address": "reader@example.org"}
            assert 200 == browser.post(f"{server.url}/status/subscribe", data=form).status_code
            until(lambda: len(to_reader()) == 1)
            assert "Confirm your subscription" in browser.get(link("subscribe")).text
            assert "You are subscribed" in browser.post(link("subscribe")).text

            server.api("POST", "/incidents", {"severity": "P0", "title": "internal", "service": "api"})
            until(lambda: len(to_reader()) == 2)
            told = to_reader()[-1]
            assert "[Proofi Status] Issues with Wallet API: Investigating" == told["Subject"]
            end = told["List-Unsubscribe"].strip("<>")
            answer = browser.post(end, content="List-Unsubscribe=One-Click",
                                  headers={"Content-Type": "application/x-www-form-urlencoded"})  # fmt: skip
            assert (200, 0) == (answer.status_code, len(browser.cookies))
            server.api("POST", "/incidents/INC-1/resolve", {})
            until(lambda: "All Systems Operational" in browser.get(f"{server.url}/status").text)
        assert 2 == len(to_reader())
        assert [] == mail.faults
