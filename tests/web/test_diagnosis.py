"""The section of the likely cause, the call that looks anew, and who may."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.tools import DIAGNOSERS
from tocsin.core.diagnosis import Finding
from tocsin.core.events import Looked
from tocsin.usecases import configure, deliver, respond

from .conftest import EXAMPLE, HOST


@pytest.fixture
def tools(site):
    """The site with a runbook that names two tools, one of them not set up."""
    for one in DIAGNOSERS:
        site.setup.plugins.diagnosers[one.name] = one
    names = "[vercel.deployments, railway.logs, ddc.status, sentry.issues, blast_radius]"
    text = EXAMPLE.replace(f"diagnose: {names}", "diagnose: [vercel.seen, sentry.seen, blast_radius]")
    site.setup.environment = {"VERCEL_TOKEN": "token-of-vercel"}
    assert not site.db.write_now(configure.adopt, site.setup, text).errors
    return site


def come_back(site, source, *findings, run=1):
    site.db.write_now(respond.act, site.setup, 1, Looked(run, source, findings))


def deployment(site, **more):
    at = site.now - timedelta(minutes=4)
    return Finding("vercel.seen", "Production deployment dpl_9 <b>of ana</b>", suspect="deployment", target="dpl_9",
                   weight=0.9, at=at, link="https://vercel.example/dpl_9", **more)  # fmt: skip


def section(site, name="INC-1"):
    page = site.ask("GET", f"/incidents/{name}").text
    return page.partition('<section id="diagnosis">')[2].partition("</section>")[0]


def test_while_it_looks_the_page_says_how_far_it_is_and_then_what_it_was(tools):
    tools.declare(service="proofi.ai")
    tools.sign_in()
    begun = section(tools)
    assert "Looking: 0 of 2 have answered." in begun
    assert "Waiting for Tocsin&#39;s own records, Vercel deployments" in begun
    assert "Sentry issues: not set up, SENTRY_TOKEN is not set" in begun
    assert "Look again" not in begun, "while it looks there is nothing to press"

    come_back(tools, "vercel.seen", deployment(tools))
    come_back(tools, "tocsin", Finding("changes", "No change"))
    done = section(tools)
    assert "Looking" not in done
    assert "Likely</span> <strong>Deployment</strong>" in done
    assert "Production deployment dpl_9 &lt;b&gt;of ana&lt;/b&gt;, 4 minutes before." in done
    assert 'href="https://vercel.example/dpl_9">Look at it</a>' in done
    assert "The runbook offers: <strong>rollback</strong>" in done
    assert "Look again" in done


def test_nothing_found_is_said_and_what_was_not_seen_too(tools):
    tools.declare(service="proofi.ai")
    tools.sign_in()
    come_back(tools, "vercel.seen", Finding("vercel.seen", "Vercel: no answer", ok=False, failed=True))
    come_back(tools, "tocsin", Finding("changes", "No change"))

    said = section(tools)
    assert "No likely cause was found, and not everything could be looked at." in said
    assert "<li>Vercel: no answer</li>" in said
    assert '<details id="findings" open>' in said


def test_a_severity_that_does_not_ask_for_it_offers_a_button_that_looks(tools):
    name = tools.declare("P2", service="payments")
    token = tools.sign_in()
    assert "Look for the cause" in section(tools, name)
    answer = tools.ask("POST", f"/incidents/{name}/diagnose", data={"csrf": token}, headers={"Origin": HOST})
    assert (303, True) == (answer.status_code, "Looking: 0 of 2" in section(tools, name))


def test_a_viewer_sees_it_and_cannot_press(tools):
    tools.declare(service="proofi.ai")
    come_back(tools, "vercel.seen", deployment(tools))
    come_back(tools, "tocsin", Finding("changes", "No change"))
    csrf = tools.sign_in(role="viewer")
    seen = section(tools)
    assert "Deployment</strong>" in seen
    assert "Look again" not in seen
    assert 403 == tools.api("POST", "/incidents/INC-1/diagnose", {}, role="viewer").status_code
    form = {"data": {"csrf": csrf}, "headers": {"Origin": HOST}}
    assert 403 == tools.ask("POST", "/incidents/INC-1/diagnose", **form).status_code


def test_the_call_looks_anew_and_a_second_one_changes_nothing(tools):
    tools.declare("P2", service="payments")
    assert None is tools.api("GET", "/incidents/INC-1").json()["diagnosis"]
    first, second = (tools.api("POST", "/incidents/INC-1/diagnose", {"by": "martijn"}) for _ in range(2))

    assert (200, 200) == (first.status_code, second.status_code)
    assert first.json() == second.json()
    assert (1, True, ["tocsin", "vercel.seen"]) == tuple(
        first.json()["diagnosis"][name] for name in ("run", "running", "waiting"))  # fmt: skip
    assert ["martijn"] == [
        e["actor"] for e in tools.api("GET", "/incidents/INC-1/timeline").json()["items"] if "looking" in e["data"]]  # fmt: skip
    assert 200 == tools.api("POST", "/incidents/INC-1/diagnose").status_code, "a body is not needed"
    assert 404 == tools.api("POST", "/incidents/INC-9/diagnose", {}).status_code
    tools.api("POST", "/incidents/INC-1/resolve", {"by": "martijn"})
    refused = tools.api("POST", "/incidents/INC-1/diagnose", {})
    assert (409, True) == (refused.status_code, "reopen it first" in refused.json()["detail"])


def test_the_fragment_is_fetched_alone_and_with_the_live_parts(tools):
    tools.declare(service="proofi.ai")
    tools.sign_in()
    assert "Looking: 0 of 2" in tools.ask("GET", "/incidents/INC-1/fragment/diagnosis").text
    assert '<template data-part="diagnosis">' in tools.ask("GET", "/incidents/INC-1/fragment/live").text


def test_a_readiness_finding_names_what_a_look_misses(tools):
    text = EXAMPLE.replace(
        "[vercel.deployments, railway.logs, ddc.status, sentry.issues, blast_radius]", "[vercel.seen]"
    )
    text = text.replace('token: "${VERCEL_TOKEN}", project: proofi', 'token: "${VERCEL_TOKEN}", project: ""')
    assert not tools.db.write_now(configure.adopt, tools.setup, text).errors
    found = [f for f in tools.api("GET", "/readiness").json()["findings"] if f["kind"] == "cannot_look"]

    assert [("vercel.seen", "connections.vercel has no project")] == [(f["subject"], f["text"]) for f in found]
    assert found[0]["next"].startswith("Fill in what is missing")


def test_a_runbook_that_names_what_nothing_looks_at_is_refused(tools):
    text = EXAMPLE.replace(
        "[vercel.deployments, railway.logs, ddc.status, sentry.issues, blast_radius]", "[vercel.sen, blast]"
    )
    errors = tools.db.write_now(configure.adopt, tools.setup, text).errors

    assert [("diagnose[0]", "'vercel.sen'"), ("diagnose[1]", "'blast'")] == [(e.key, e.found) for e in errors]
    assert errors[0].accepted.startswith("did you mean 'vercel.seen'? what can be looked at: ")
    assert "blast_radius" in errors[1].accepted


def test_the_claim_of_a_look_gets_the_settings_of_its_connection(tools):
    tools.declare(service="proofi.ai")
    [job] = [job for job in tools.db.write_now(deliver.claim, tools.setup, "node") if job.look]

    assert ("token-of-vercel", "proofi", "proofi.ai") == (job.config["token"], job.config["project"], job.look.service)
    assert ("proofi.ai", tools.now, tools.now) == (job.look.look.service, job.look.look.began, job.look.look.now)
    assert "token-of-vercel" not in repr(job)
