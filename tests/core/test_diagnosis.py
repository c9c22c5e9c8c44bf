"""What a diagnosis makes of what was found: tables of findings, and the causes that an engineer would name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core.diagnosis import (
    KINDS,
    LIKELY,
    OWN,
    Cause,
    Diagnosis,
    Finding,
    assessment,
    ended,
    finding_json,
    folded,
    headline,
    likely,
    named,
    strength,
    to_data,
)

BEGAN = datetime(2026, 11, 23, 9, 2, tzinfo=UTC)
NEEDS = frozenset({"api", "ddc"})


def minutes(count: float) -> datetime:
    return BEGAN - timedelta(minutes=count)


def found(suspect="", score=0.0, target="", *, source="vercel.deployments", text="", at=None, **more) -> Finding:
    return Finding(
        source, text or f"{suspect} {target}".strip(), suspect=suspect, target=target, score=score, at=at, **more
    )


def deployed(
    before: float, target="dpl_1", *, service="api", weight=1.0, source="vercel.deployments", text=""
) -> Finding:
    """A deployment so many minutes before the incident, judged for one of the service api."""
    one = found("deployment", target=target, at=minutes(before), service=service, weight=weight, source=source,
                text=text or f"Deployment {target} of {service}")  # fmt: skip
    return Finding(**{**{n: getattr(one, n) for n in one.__slots__}, "score": strength(one, "api", NEEDS, BEGAN)})


# --------------------------------------------------------------------------------------------- one finding

STRENGTHS = [
    # kind, minutes before, weight, of which service, at least, at most
    ("deployment", 0, 1.0, "api", 0.98, 0.98),
    ("deployment", 4, 1.0, "api", 0.93, 0.98),
    ("deployment", 10, 1.0, "api", 0.93, 0.93),
    ("deployment", 10, 0.5, "api", 0.93, 0.93),  # the vendor is sure enough: how near it was is for the clock
    ("deployment", 10, 0.25, "api", 0.46, 0.47),
    ("deployment", 4, 1.0, "ddc", 0.92, 0.95),  # what it needs
    ("deployment", 4, 1.0, "", 0.93, 0.98),  # nobody says of which
    ("deployment", 4, 1.0, "payments", 0.15, 0.2),  # another service's
    ("deployment", 60, 1.0, "api", 0.45, 0.45),
    ("deployment", 600, 1.0, "api", 0.1, 0.2),
    ("deployment", 1_441, 1.0, "api", 0.0, 0.0),
    ("deployment", -0.1, 1.0, "api", 0.0, 0.0),  # after the beginning it caused nothing
    ("deployment", -60, 1.0, "api", 0.0, 0.0),
    ("deployment", None, 1.0, "api", 0.5, 0.5),  # nobody says when
    ("deployment", 4, 0.0, "api", 0.7, 0.8),  # nor how sure it is
    ("storage", None, 1.0, "ddc", 0.85, 0.9),
    ("storage", 600, 0.9, "ddc", 0.85, 0.9),  # since when it is broken weakens nothing
    ("storage", None, 0.9, "payments", 0.15, 0.2),
    ("errors", None, 0.0, "", 0.4, 0.4),
    ("", 4, 1.0, "api", 0.0, 0.0),  # it suspects nothing
]


@pytest.mark.parametrize(("kind", "before", "weight", "service", "least", "most"), STRENGTHS)
def test_how_strongly_a_finding_speaks(kind, before, weight, service, least, most):
    at = None if before is None else minutes(before)
    one = found(kind, target="x", at=at, weight=weight, service=service)

    assert least <= strength(one, "api", NEEDS, BEGAN) <= most


def test_without_a_service_every_finding_is_about_the_incident():
    one = found("storage", weight=0.8, service="ddc")
    assert 0.8 == strength(one, None, frozenset(), BEGAN)


# --------------------------------------------------------------------------------------------- all of them together

down = found("storage", 0.9, "primary", source="ddc.status", text="The active cluster primary is down, backup answers")
probe = found("storage", 0.7, "ddc", source="probes", text="The probe ddc-cdn of ddc fails")
upstream = found("dependency", 0.75, "api", source="dependencies", text="INC-7 [P1] is open on api")
errors = found(
    "errors", 0.5, source="sentry.issues", text="New since release 1.4.2: TypeError in wallet.ts (812 times)"
)
before = found("deployment", 0.2, source="similar", text="INC-3 was like it, 9 days ago: a bad deployment")
weak = [
    found("database", 0.3, source=name, text=f"{name} is slow") for name in ("railway.logs", "sentry.issues", "x.y")
]

CASES = [
    # what was found; the causes by kind and target in their order
    ("nothing", [], []),
    ("nothing that points anywhere", [found(text="All well"), found(text="Bad", ok=False)], []),
    ("a deployment just before", [deployed(4)], [("deployment", "dpl_1")]),
    ("it beats everything else", [down, probe, upstream, errors, deployed(4)],
     [("deployment", "dpl_1"), ("storage", "primary"), ("dependency", "api"), ("storage", "ddc"), ("errors", "")]),
    ("also one of what it needs", [down, probe, deployed(9, service="ddc")],
     [("deployment", "dpl_1"), ("storage", "primary"), ("storage", "ddc")]),
    ("an old deployment does not", [down, deployed(60)], [("storage", "primary"), ("deployment", "dpl_1")]),
    ("of yesterday it is not named", [down, deployed(1_200)], [("storage", "primary")]),
    ("after the beginning neither", [deployed(-5)], []),
    ("another service's neither", [deployed(4, service="payments")], []),
    ("the later of two", [deployed(50, "dpl_1"), deployed(3, "dpl_2")],
     [("deployment", "dpl_2"), ("deployment", "dpl_1")]),
    ("the store's own probes", [probe], [("storage", "ddc")]),
    ("an incident on what it needs", [upstream], [("dependency", "api")]),
    ("new errors alone", [errors], [("errors", "")]),
    ("one weak sign is not named", [found("database", 0.2)], []),
    ("two are", [found("database", 0.2, source="a"), found("database", 0.2, source="b", text="b")], [("database", "")]),
    ("a weak sign without a target stands beside its kind", [probe, found("storage", 0.3, source="logs")],
     [("storage", "ddc")]),
    ("what was before makes no deployment", [before], []),
    ("an unknown kind says nothing", [found("sabotage", 0.9)], []),
]  # fmt: skip


@pytest.mark.parametrize(("what", "findings", "wanted"), CASES, ids=[case[0] for case in CASES])
def test_the_likely_causes_in_their_order(what, findings, wanted):
    assert wanted == [(cause.kind, cause.target) for cause in likely(findings, BEGAN)]


def test_several_weak_signs_add_up_to_a_likely_cause():
    one, three = likely(weak[:1], BEGAN), likely(weak, BEGAN)

    assert ("possible", "likely") == (one[0].word, three[0].word)
    assert "railway.logs is slow; also: sentry.issues is slow; x.y is slow" == three[0].reason


def test_two_tools_that_tell_of_one_deployment_are_one_sign():
    told = deployed(40), deployed(40, source="changes", text="Production deployment of api: live")
    assert likely(told[:1], BEGAN)[0].score == likely(told, BEGAN)[0].score
    assert "Production deployment of api: live, 40 minutes before" == likely(told, BEGAN)[0].reason


def test_new_errors_and_what_was_before_speak_for_the_deployment_too():
    alone, with_errors = likely([deployed(45)], BEGAN)[0], likely([deployed(45), errors], BEGAN)[0]
    all_three = likely([deployed(45), errors, before], BEGAN)[0]

    assert "possible" == alone.word
    assert alone.score < with_errors.score < all_three.score
    assert with_errors.score >= LIKELY
    assert all_three.reason.startswith("Deployment dpl_1 of api, 45 minutes before; also: New since release 1.4.2")


def test_the_reason_says_how_long_before_once():
    told = deployed(4, text="Production deployment of api: live, 4 minutes before")
    assert "Production deployment of api: live, 4 minutes before" == likely([told], BEGAN)[0].reason


def test_a_cause_leads_to_where_its_strongest_sign_can_be_looked_at():
    linked = (
        found("storage", 0.5, "a", link="https://one.example"),
        found("storage", 0.6, "a", link="https://two.example"),
    )
    bare = found("storage", 0.7, "a", text="the strongest")
    assert "https://two.example" == likely((*linked, bare), BEGAN)[0].link


def test_the_order_is_the_same_whatever_the_order_in_which_findings_came():
    findings = [down, probe, upstream, errors, deployed(4), deployed(90, "dpl_0")]
    orders = {likely(order, BEGAN) for order in permutations(findings)}

    assert 1 == len(orders)


signs = st.builds(
    found, st.sampled_from(("", *KINDS, "odd")), st.floats(0, 1), st.sampled_from(("", "a", "b")),
    source=st.sampled_from(("x", "y")), text=st.sampled_from(("one", "two", "three")),
    at=st.sampled_from((None, minutes(5), minutes(-5))),
)  # fmt: skip


@given(st.lists(signs, max_size=8))
def test_whatever_was_found_scores_are_shares_in_falling_order_and_no_cause_stands_twice(findings):
    causes = likely(findings, BEGAN)

    assert all(0 < cause.score <= 0.99 for cause in causes)
    assert [cause.score for cause in causes] == sorted((cause.score for cause in causes), reverse=True)
    assert len({(cause.kind, cause.target) for cause in causes}) == len(causes)
    assert {cause.kind for cause in causes} <= {finding.suspect for finding in findings}


# --------------------------------------------------------------------------------------------- in words


def begun(run=1, looking=("tocsin", "vercel.deployments"), **more) -> dict:
    return {"source": "diagnosis", "text": "Looking", "run": run, "looking": list(looking), "order": ["vercel.deployments"],
            "titles": {"vercel.deployments": "Vercel deployments"}, "until": "2026-11-23T09:02:30Z", **more}  # fmt: skip


def told(finding: Finding, tool="", **more) -> dict:
    return {**to_data(finding), "tool": tool or finding.source, **more}


def test_an_assessment_says_the_cause_first_then_what_was_found_then_what_was_not_seen():
    state = folded(Diagnosis(), begun(), BEGAN)
    failed = Finding(
        "sentry.issues", "Sentry could not be looked at: the token is refused (401)", ok=False, failed=True
    )
    findings = (
        Finding("alerts", "1 alert firing", ok=False),
        deployed(4),
        failed,
        Finding("similar", "None"),
        upstream,
    )
    state = Diagnosis(**{**{n: getattr(state, n) for n in state.__slots__}, "findings": findings})
    text = assessment("INC-1", state, likely(findings, BEGAN), {"deployment": ("rollback",)})

    assert text == (
        "INC-1: Likely cause: deployment. Deployment dpl_1 of api, 4 minutes before.\n"
        "The runbook offers: rollback\n"
        "Also possible: dependency (api). INC-7 [P1] is open on api.\n"
        "\n"
        "Found:\n"
        "- Vercel deployments: Deployment dpl_1 of api\n"
        "- Dependencies: INC-7 [P1] is open on api\n"
        "- Alerts: 1 alert firing\n"
        "- Earlier incidents: None\n"
        "\n"
        "Not seen:\n"
        "- Sentry could not be looked at: the token is refused (401)"
    )


def test_without_a_cause_it_says_so_and_how_much_was_not_seen():
    blind = Finding("a", "no", failed=True), Finding("a", "no", failed=True), Finding("b", "no", failed=True)

    assert "No likely cause was found." == headline((), Diagnosis())
    assert "No likely cause was found; one of the tools could not be looked at." == headline(
        (), Diagnosis(findings=blind[:2]))  # fmt: skip
    assert "No likely cause was found; 2 of the tools could not be looked at." == headline(
        (), Diagnosis(findings=blind)
    )


@pytest.mark.parametrize(("cause", "words"), [
    (Cause("deployment", "dpl_7Hd", "", 0.9), "deployment"),  # an id says nothing to a person
    (Cause("storage", "primary", "", 0.9), "storage (primary)"),
    (Cause("errors", "", "", 0.9), "errors"),
    (Cause("errors", "x" * 41, "", 0.9), "errors"),
])  # fmt: skip
def test_a_cause_in_a_few_words(cause, words):
    assert words == named(cause)


# --------------------------------------------------------------------------------------------- from the timeline


def test_a_run_waits_for_its_looks_and_each_takes_the_place_of_what_its_source_found_before():
    state = folded(Diagnosis(), begun(), BEGAN)
    assert (True, ("tocsin", "vercel.deployments")) == (state.running, state.waiting)

    state = folded(state, told(Finding("vercel.deployments", "one", run=1)), BEGAN)
    state = folded(state, told(Finding("vercel.deployments", "two", run=1), part=1), BEGAN)
    state = folded(state, told(Finding("alerts", "none", run=1), tool="tocsin"), BEGAN)
    assert ((), ["one", "two", "none"]) == (state.waiting, [f.text for f in state.findings])
    assert not state.running

    state = folded(state, {"source": "diagnosis", "text": "", "run": 1, "causes": []}, BEGAN)
    again = folded(state, begun(2), BEGAN + timedelta(minutes=3))
    assert (True, 3) == (again.running, len(again.findings)), "until it is looked at anew, what was found stands"
    again = folded(again, told(Finding("vercel.deployments", "three", run=2)), BEGAN)
    assert ["none", "three"] == [f.text for f in again.findings]
    again = folded(again, {"source": "diagnosis", "text": "", "run": 2, "causes": []}, BEGAN)
    assert (["three"], False) == ([f.text for f in again.findings], again.running)


def test_what_did_not_answer_in_time_may_come_late():
    state = folded(Diagnosis(), begun(), BEGAN)
    failed = Finding("vercel.deployments", "no answer", ok=False, failed=True, run=1)
    state = folded(state, told(failed, unanswered=True), BEGAN)
    assert (("vercel.deployments",), ("tocsin",)) == (state.unanswered, state.waiting)

    state = folded(state, told(Finding("vercel.deployments", "late", run=1)), BEGAN)
    assert ((), ["late"]) == (state.unanswered, [f.text for f in state.findings])


def test_the_end_of_the_incident_ends_what_is_being_looked_at_and_nothing_else():
    running = folded(Diagnosis(), begun(), BEGAN)
    assert (False, BEGAN) == (ended(running, BEGAN).running, ended(running, BEGAN).assessed_at)
    assert Diagnosis() == ended(Diagnosis(), BEGAN)


def test_a_finding_is_the_same_after_its_fact_and_says_only_what_it_has():
    whole = Finding("a.b", "text", ok=False, link="https://x.example", at=BEGAN, suspect="storage", target="t", weight=0.5,
                    score=0.4, service="api", failed=True, run=3)  # fmt: skip
    state = folded(Diagnosis(), told(whole), BEGAN)

    assert (whole,) == state.findings
    assert {"source": "a", "text": "t", "ok": True} == to_data(Finding("a", "t"))
    assert {"source", "text", "link", "at", "ok", "suspect", "target", "failed"} == set(finding_json(whole))
    assert "2026-11-23T09:02:00Z" == finding_json(whole)["at"]


def test_findings_are_listed_as_the_runbook_has_them_then_our_own_then_what_it_does_not_name():
    came = [Finding(name, "") for name in ("odd", "similar", "changes", "z.z", "a.a")]
    state = Diagnosis(order=("z.z", "a.a", "similar"), findings=tuple(came))

    assert ["z.z", "a.a", "similar", "changes", "odd"] == [f.source for f in state.listed()]


def test_every_source_has_a_title_that_people_read():
    state = Diagnosis(titles={"a.b": "Alpha"})
    assert ("Alpha", "C d e", "Probes") == (state.title_of("a.b"), state.title_of("c.d_e"), state.title_of("probes"))
    assert all(title[0].isupper() for title in OWN.values())
