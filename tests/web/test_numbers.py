"""The numbers: each one computed a second time, naively, over what the API says of every incident."""

from __future__ import annotations

import csv
import io
import random
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tocsin.core.events import Declared
from tocsin.store import incidents as store
from tocsin.usecases import respond, tick

from .conftest import KEY, TOKENS

SEVERITIES = ("P0", "P1", "P2", "P3")


def instant(text):
    return datetime.fromisoformat(text) if text else None


def work(site):
    while site.db.write_now(tick.tick, site.setup):
        pass


def later(site, **span):
    """Time passes, and what falls due is done at its instant."""
    until = site.now + timedelta(**span)
    while True:
        row = site.db.read_now(lambda tx: tx.first(store.select(store.func.min(store.incidents.c.wake_at))))
        if row[0] is None or row[0] > until:
            break
        site.now = max(site.now, row[0])
        work(site)
    site.now = until


def history(site, seed, count=8):
    """Incidents of every sort: answered or not, changed, reopened, merged, drills, by hand and by alerts."""
    chance = random.Random(seed)
    names = []
    for n in range(count):
        later(site, minutes=chance.choice((7, 55, 130)))
        name = site.declare(chance.choice(SEVERITIES), f"Trouble {n}", service=chance.choice(("api", "ddc", None)))
        names.append(name)
        if chance.random() < 0.7:
            later(site, minutes=chance.choice((1, 14, 16, 45)))
            site.api("POST", f"/incidents/{name}/acknowledge", {"by": chance.choice(("martijn", "backup1"))})
        if chance.random() < 0.4:
            later(site, minutes=chance.choice((2, 30)))
            site.api("POST", f"/incidents/{name}/update", {"summary": "We look", "by": "martijn"})
        if chance.random() < 0.3:
            site.api("POST", f"/incidents/{name}/severity", {"severity": chance.choice(SEVERITIES), "reason": "seen"})
        if chance.random() < 0.7:
            later(site, minutes=chance.choice((5, 70, 300)))
            cause = chance.choice(("The disk was full.", "the  disk was full", "A bad deploy", None))
            site.api("POST", f"/incidents/{name}/resolve", {"root_cause": cause, "resolution": "Rolled back"})
            if chance.random() < 0.3:
                later(site, minutes=30)
                site.api("POST", f"/incidents/{name}/reopen", {"reason": "not over"})
                if chance.random() < 0.5:
                    later(site, minutes=90)
                    site.api("POST", f"/incidents/{name}/resolve", {})
    opened = [i["id"] for i in everything(site, "/incidents") if i["status"] != "resolved"]
    if len(opened) > 1:
        site.api("POST", f"/incidents/{opened[0]}/merge", {"into": opened[1]})
    number = site.db.write_now(respond.declare, site.setup, Declared("A drill", "P0", "martijn", drill=True))
    site.api("POST", f"/incidents/INC-{number}/acknowledge", {"by": "martijn"})
    site.api("POST", f"/incidents/INC-{number}/resolve", {})
    work(site)
    return names


def everything(site, path):
    items, follows = [], path
    while follows:
        answer = site.api("GET", follows.removeprefix("/api/v1")).json()
        items += answer["items"]
        follows = answer["next"]
    return items


def naive_rank(values, share):
    """The nearest rank, counted one by one."""
    for value in sorted(values):
        if sum(other <= value for other in values) >= share * len(values):
            return value
    return None


def naive_clock(incident, timeline, which):
    """Kept, breached or running: looking at every entry in order."""
    said = None
    clocks = {c["clock"]: c for c in incident["clocks"]}
    late = False
    for entry in timeline:
        data = entry["data"]
        if entry["kind"] == "severity_changed":
            late = False
        if entry["kind"] == "elapsed" and data.get("clock") == which and data.get("state") == "breached":
            late = True
    if which in clocks:
        said = clocks[which]["state"]
    if said is None:
        return None
    return "breached" if late or said == "breached" else "kept" if said == "kept" else "running"


def naive(site):
    """All numbers from the raw JSON of incidents, timelines and pages."""
    real = [i for i in everything(site, "/incidents") if not i["drill"] and not i["merged_into"]]
    drills = {i["id"] for i in everything(site, "/incidents") if i["drill"]}
    found = {"incidents": dict.fromkeys(SEVERITIES, 0), "ack": [], "end": [], "update": [],
             "sla": {s: Counter() for s in SEVERITIES}, "services": Counter(), "causes": Counter()}  # fmt: skip
    for i in real:
        start = instant(i["declared_at"])
        timeline = everything(site, f"/incidents/{i['id']}/timeline")
        found["incidents"][i["severity"]] += 1
        found["services"][i["service"]] += 1
        if i["root_cause"]:
            found["causes"][" ".join(i["root_cause"].split()).rstrip(".").lower()] += 1
        for key, kind in (("ack", "acknowledged"), ("update", "update_posted")):
            first = next((instant(e["at"]) for e in timeline if e["kind"] == kind), None)
            if first:
                found[key].append((first - start).total_seconds())
        ends = [instant(e["at"]) for e in timeline if e["kind"] == "resolved"]
        if ends and i["status"] == "resolved":
            found["end"].append((ends[-1] - start).total_seconds())
        both = [v for v in (naive_clock(i, timeline, w) for w in ("response", "resolution")) if v]
        if both:
            verdict = "breached" if "breached" in both else "running" if "running" in both else "kept"
            found["sla"][i["severity"]][verdict] += 1
    pages = [p for p in everything(site, "/pages") if p["incident"] not in drills]
    found["pages"] = len(pages)
    hours, night = defaultdict(Counter), Counter()
    for page in pages:
        local = instant(page["requested_at"]).astimezone(ZoneInfo("UTC"))
        hours[page["person"]][local.hour] += 1
        night[page["person"]] += local.hour >= 22 or local.hour < 7
    found["hours"], found["night"] = hours, night
    return found


@pytest.mark.parametrize("seed", range(4))
def test_every_number_is_what_the_timelines_say(site, seed):
    history(site, seed)
    expected, answer = naive(site), site.api("GET", "/metrics/response").json()

    assert expected["incidents"] == answer["incidents"]
    for key, name in (("ack", "acknowledge"), ("end", "resolve"), ("update", "first_update")):
        times = answer[f"seconds_to_{name}"]
        assert len(expected[key]) == times["count"], name
        for word, share in (("p50", 0.5), ("p90", 0.9)):
            assert naive_rank(expected[key], share) == times[word], (name, word)
    for severity, counted in expected["sla"].items():
        told = answer["sla"][severity]
        assert (counted["kept"], counted["breached"]) == (told["kept"], told["breached"]), severity
    assert expected["pages"] == answer["pages"]
    assert expected["services"] == {row["service"]: row["incidents"] for row in answer["services"]}
    causes = {" ".join(row["root_cause"].split()).lower(): row["incidents"] for row in answer["root_causes"]}
    assert expected["causes"] == causes
    for person in answer["people"]:
        assert [expected["hours"][person["person"]][hour] for hour in range(24)] == person["hours"]
        assert expected["night"][person["person"]] == person["night"]
    parts = [part["incidents"] for part in answer["trend"]]
    assert expected["incidents"] == {s: sum(part[s] for part in parts) for s in SEVERITIES}


def test_the_page_shows_the_same_numbers(site):
    history(site, 3)
    site.sign_in("martijn")
    page, answer = site.ask("GET", "/numbers?span=all").text, site.api("GET", "/metrics/response").json()
    assert f"<dt>Incidents</dt><dd>{sum(answer['incidents'].values())}</dd>" in page
    assert f"<dt>Pages</dt><dd>{answer['pages']}</dd>" in page
    for severity, sla in answer["sla"].items():
        row = page.partition("Promises of each severity")[2].partition(f'">{severity}</span>')[2].partition("</tr>")[0]
        assert f'<td class="n">{sla["kept"]}</td><td class="n">{sla["breached"]}</td>' in row


def test_an_empty_history_has_a_page_and_numbers(site):
    site.sign_in("martijn")
    page = site.ask("GET", "/numbers")
    assert 200 == page.status_code
    assert "Quiet is good" in page.text
    answer = site.api("GET", "/metrics/response").json()
    assert dict.fromkeys(SEVERITIES, 0) == answer["incidents"]
    assert {"p50": None, "p90": None, "count": 0} == answer["seconds_to_acknowledge"]
    assert 0 == answer["pages"]
    assert {"kept": 0, "breached": 0} == {k: answer["sla"]["P0"][k] for k in ("kept", "breached")}


def test_a_span_is_half_open_and_filters_narrow_it(site):
    first = site.now
    site.declare("P0", "One", service="api")
    site.now += timedelta(hours=1)
    second = site.now
    site.declare("P1", "Two", service="ddc")

    def count(**query):
        answer = site.ask("GET", "/api/v1/metrics/response", TOKENS["viewer"], params=query).json()
        return sum(answer["incidents"].values()), answer["pages"]

    text = [at.isoformat() for at in (first, second)]
    assert (2, 3) == count()
    assert (1, 2) == count(**{"from": text[0], "until": text[1]})
    assert (1, 1) == count(**{"from": text[1]})
    assert (1, 1) == count(severity="P1")
    assert (1, 2) == count(service="api")
    assert (0, 0) == count(service="api", severity="P1")


@pytest.mark.parametrize(
    "query", ["from=yesterday", "from=2026-11-24&until=2026-11-23", "until=0001-01-01", "from=2026-11-23T25:00:00Z"]
)
def test_a_span_that_is_none_is_refused_in_words(site, query):
    answer = site.ask("GET", f"/api/v1/metrics/response?{query}", TOKENS["viewer"])
    assert 422 == answer.status_code
    assert answer.json()["detail"]


def test_the_page_says_what_is_wrong_with_a_span_and_shows_the_usual_one(site):
    site.sign_in("martijn")
    for query in (
        "span=nonsense",
        "from=2026-02-30",
        "from=2026-11-24&until=2026-11-23",
        "span=2026-Q7",
        "from=0001-01-01",
    ):
        page = site.ask("GET", f"/numbers?{query}")
        assert 422 == page.status_code
        assert "This span cannot be used" in page.text


def test_numbers_are_for_those_who_may_read(site):
    assert 401 == site.ask("GET", "/api/v1/metrics/response").status_code
    assert 401 == site.ask("GET", "/api/v1/metrics/incidents.csv").status_code
    assert 303 == site.ask("GET", "/numbers").status_code


def test_the_export_has_every_incident_and_no_formula(site):
    evil = ['=HYPERLINK("http://evil")', "+1", "-1", "@SUM(A1)", "\t=1", "  =1", "＝1", 'a "quoted", one', "plain"]
    for title in evil:
        site.declare("P2", title)
    site.db.write_now(respond.declare, site.setup, Declared("A drill", "P0", "martijn", drill=True))
    answer = site.ask("GET", "/api/v1/metrics/incidents.csv", TOKENS["viewer"])
    assert answer.headers["content-type"].startswith("text/csv")
    assert "attachment" in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(evil) == len(rows)
    for row in rows:
        for cell in row.values():
            assert not cell.lstrip().startswith(("=", "+", "-", "@", "＝"))
    assert {title.strip() for title in evil} == {row["title"].removeprefix("'").strip() for row in rows}

    told = site.ask("GET", "/api/v1/metrics/incidents.json", TOKENS["viewer"]).json()
    assert len(evil) == len(told)
    assert set(rows[0]) == set(told[0])
    assert [row["id"] for row in rows] == [row["id"] for row in told]
    assert [] == site.ask("GET", "/api/v1/metrics/incidents.json?service=none", TOKENS["viewer"]).json()


def test_the_export_goes_on_over_its_parts(site, monkeypatch):
    from tocsin.web import api_numbers

    monkeypatch.setattr(api_numbers, "ROWS_AT_ONCE", 2)
    names = [site.declare("P3", f"T{n}") for n in range(5)]
    rows = site.ask("GET", "/api/v1/metrics/incidents.json", TOKENS["viewer"]).json()
    assert names == [row["id"] for row in rows]


def alert(site, name, status="firing", severity="warning"):
    alert_ = {"status": status, "labels": {"alertname": name, "service": "api", "severity": severity},
              "fingerprint": name, "startsAt": site.now.isoformat()}  # fmt: skip
    answer = site.ask("POST", f"/in/alertmanager/{KEY}", json={"version": "4", "alerts": [alert_]})
    assert 200 <= answer.status_code < 300, answer.text


def test_an_alert_that_nobody_acts_on_is_named_and_one_that_was_worked_on_is_not(site):
    for _ in range(3):
        for name in ("flaky", "real"):
            alert(site, name)
            site.now += timedelta(minutes=20)
            alert(site, name, "resolved")
        later(site, minutes=30)
    worked = next(i for i in everything(site, "/incidents") if "real" in i["title"])
    site.api("POST", f"/incidents/{worked['id']}/note", {"text": "It was the disk", "by": "martijn"})
    answer = site.api("GET", "/metrics/response").json()
    idle = {a["title"]: a for a in answer["alerts_never_acted_on"]}
    assert ["flaky"] == [title.split()[0] for title in idle]
    noisy = {a["title"].split()[0]: a for a in answer["noisiest_alerts"]}
    assert 3 == noisy["flaky"]["episodes"] == noisy["real"]["episodes"]
    assert noisy["real"]["acted_on"] >= 1


def test_nights_and_weekends_are_in_the_persons_own_zone(site):
    site.now = datetime(2026, 11, 27, 23, 30, tzinfo=UTC)  # Friday night in UTC
    site.declare("P0", "At night")
    site.now = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)  # Saturday noon
    site.declare("P0", "On Saturday")
    people = site.api("GET", "/metrics/response").json()["people"]
    assert {(p["night"], p["weekend"], p["hours"][23], p["hours"][12]) for p in people} == {(1, 1, 1, 1)}
