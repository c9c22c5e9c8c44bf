"""A real PostgreSQL that takes no writes any more, and takes them again."""

from __future__ import annotations

import contextlib
import json
from uuid import uuid4

import psycopg
import pytest
from psycopg import conninfo

from tests.fakes.app import FakeApp, FakeDatabase
from tocsin import plugins
from tocsin.integrations import postgres as pg
from tocsin.sdk import Acted, Plan, Reject, Response, Retry

from .helpers import answer, feed, over_socket
from .tools import health, told

PARAMETERS = {"database": "app", "read_only": True, "end_sessions": False, "dsn": "postgresql://x/app"}
ROW = ["app", "ana", True, "ana", False, False, 3, False]


@pytest.fixture(scope="module")
def database(postgres):
    """The address of a database of its own, with one table, and an odd name."""
    name = f'app "{uuid4().hex[:6]}" %s'
    with psycopg.connect(postgres, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {pg.quoted(name)}".encode())
    dsn = conninfo.make_conninfo(postgres, dbname=name)
    with psycopg.connect(dsn, autocommit=True) as own:
        own.execute("CREATE TABLE wallets (id int)")
    yield dsn
    with psycopg.connect(postgres, autocommit=True) as admin:
        admin.execute(f"DROP DATABASE {pg.quoted(name)} WITH (FORCE)".encode())


@pytest.fixture
def app(database, postgres):
    """The same, taking writes."""
    name = conninfo.conninfo_to_dict(database)["dbname"]
    yield database
    with psycopg.connect(postgres, autocommit=True) as admin:
        admin.execute(f"ALTER DATABASE {pg.quoted(name)} RESET ALL".encode())


def writes(dsn):
    """Try to write in a new session; the SQLSTATE of the refusal, or ok."""
    with psycopg.connect(dsn) as session:
        try:
            session.execute("INSERT INTO wallets VALUES (1)")
        except psycopg.Error as error:
            return error.sqlstate
    return "ok"


def planned(dsn, **wish):
    plan = over_socket(pg.plan({"dsn": dsn, "read_only": True, "end_sessions": False, **wish}, {}))
    assert isinstance(plan, Plan), plan
    return plan


def test_a_new_session_cannot_write_and_after_the_undo_it_can(app):
    plan = planned(app)
    assert ("ok", "", False) == (
        writes(app),
        over_socket(pg.holds(plan.parameters, {})),
        over_socket(pg.stands(plan.parameters, {})),
    )

    assert "done" == over_socket(pg.run(plan.parameters, {})).state
    assert ("25006", True) == (writes(app), over_socket(pg.stands(plan.parameters, {})))
    assert "refuses writes already" in over_socket(pg.holds(plan.parameters, {}))
    assert "refuses writes already" in over_socket(pg.plan({"dsn": app, "read_only": True}, {})).why

    assert ("", False) == (over_socket(pg.holds(plan.undo, {})), over_socket(pg.stands(plan.undo, {})))
    assert "done" == over_socket(pg.run(plan.undo, {})).state
    assert ("ok", True) == (writes(app), over_socket(pg.stands(plan.undo, {})))


def test_the_service_that_writes_says_so_over_its_socket(app):
    with FakeApp(FakeDatabase(app).ill) as service:
        plan = planned(app)
        assert (200, "ok") == health(service)
        over_socket(pg.run(plan.parameters, {}))
        assert (503, "the database refuses writes (25006)") == health(service)
        over_socket(pg.run(plan.undo, {}))
        assert (200, "ok") == health(service)


def test_open_sessions_go_on_unless_they_are_to_be_ended(app):
    with contextlib.closing(psycopg.connect(app, autocommit=True)) as open_one:
        plan = planned(app)
        assert "The sessions that are open (1) stay, and go on as they are." == plan.steps[1]
        over_socket(pg.run(plan.parameters, {}))
        open_one.execute("INSERT INTO wallets VALUES (2)")
        over_socket(pg.run(plan.undo, {}))

        plan = planned(app, end_sessions=True)
        assert Acted("done", receipt="sessions ended: 1, of other roles left: 0") == over_socket(
            pg.run(plan.parameters, {})
        )
        with pytest.raises(psycopg.OperationalError):
            open_one.execute("SELECT 1")
    assert "25006" == writes(app)
    over_socket(pg.run(plan.undo, {}))
    assert "ok" == writes(app)


def test_it_is_no_barrier_and_says_so(app):
    plan = planned(app)
    over_socket(pg.run(plan.parameters, {}))
    with psycopg.connect(app, autocommit=True) as session:
        session.execute("BEGIN READ WRITE")
        session.execute("INSERT INTO wallets VALUES (3)")
        session.execute("COMMIT")

    said = " ".join(plan.warnings)
    assert ("Only new sessions" in said, "BEGIN READ WRITE" in said, "superusers" in said) == (True, True, True)


def test_who_does_not_own_the_database_is_told_before(app, postgres):
    role = f"reader_{uuid4().hex[:6]}"
    with psycopg.connect(postgres, autocommit=True) as admin:
        admin.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'geheim-1234'".encode())
    dsn = conninfo.make_conninfo(app, user=role, password="geheim-1234")
    refused, tested = over_socket(pg.plan({"dsn": dsn, "read_only": True}, {})), over_socket(pg.test({"dsn": dsn}))
    database = conninfo.conninfo_to_dict(app)["dbname"]
    acted = over_socket(pg.run({"database": database, "read_only": True, "end_sessions": False, "dsn": dsn}, {}))
    with psycopg.connect(postgres, autocommit=True) as admin:
        admin.execute(f"DROP ROLE {role}".encode())

    assert isinstance(refused, Reject) and f"{role} does not own the database {database}" in refused.why
    assert (True, False, 1) == (tested.reads, tested.acts, len(tested.missing))
    assert ("failed", True, True) == (acted.state, "42501" in acted.why, "must be owner" in acted.why)
    assert "ok" == writes(app)


def test_the_address_of_another_database_does_not_hold(app, postgres):
    plan = planned(app)
    parameters = {**plan.parameters, "dsn": postgres}

    assert "and not to" in over_socket(pg.holds(parameters, {}))
    assert None is over_socket(pg.stands(parameters, {}))


def test_a_database_that_is_away_gives_a_reason_without_its_password():
    dsn = "postgresql://tocsin:geheim-99@127.0.0.1:1/app"
    parameters = {**PARAMETERS, "dsn": dsn}
    plan, holds, acted = (
        over_socket(pg.plan({"dsn": dsn}, {})), over_socket(pg.holds(parameters, {})), over_socket(pg.run(parameters, {}))
    )  # fmt: skip

    assert isinstance(plan, Retry)
    assert ("unknown", None) == (acted.state, over_socket(pg.stands(parameters, {})))
    for said in (plan.why, holds, acted.why, over_socket(pg.test({"dsn": dsn})).missing[0]):
        assert said.startswith("PostgreSQL did not answer: ") and "geheim-99" not in said


def test_with_the_wish_in_the_settings_the_address_is_not_kept():
    wish = {"dsn": "postgresql://ana:geheim-99@db/app", "read_only": True, "end_sessions": True}
    plan = told(pg.plan(wish, wish), answer(200, [ROW]))

    assert "geheim-99" not in json.dumps([dict(plan.parameters), dict(plan.undo)])
    [sql], _ = feed(pg.run(plan.parameters, wish), answer(200, [[3, 0]]))
    assert (wish["dsn"], 3) == (sql.dsn, len(sql.statements))


@pytest.mark.parametrize(
    ("row", "words"),
    [(["app", "ana", False, "bo", False, False, 0, False], "its owner bo, or a superuser, can do it"),
     (["app", "ana", True, "ana", True, False, 0, False], "is a standby: name its primary"),
     (["app", "ana", True, "ana", False, True, 0, False], "refuses writes already")],
)  # fmt: skip
def test_what_stands_in_the_way_is_said(row, words):
    refused = told(pg.plan({"dsn": "postgresql://x/app", "read_only": True}, {}), answer(200, [row]))

    assert isinstance(refused, Reject) and words in refused.why
    assert words in told(pg.holds(PARAMETERS, {}), answer(200, [row]))


@pytest.mark.parametrize(
    ("response", "kind"),
    [(answer(200, []), Retry), (answer(200, {}), Retry), (answer(200, [[1]]), Retry), (answer(200, [7]), Retry), (answer(200, b""), Retry),
     (Response(0, error="no answer within 10 s"), Retry), (Response(400, {"sqlstate": "42501"}, error="no"), Reject)],
)  # fmt: skip
def test_an_answer_that_is_none_is_said_in_words(response, kind):
    found = told(pg.plan({"dsn": "postgresql://x/app"}, {}), response)

    assert kind is type(found) and found.why.startswith("PostgreSQL")
    assert None is told(pg.stands(PARAMETERS, {}), response)
    assert not told(pg.test({"dsn": "postgresql://x/app"}), response).reads
    with pytest.raises(StopIteration) as end:
        next(pg.plan({"dsn": ""}, {}))
    assert "names no dsn" in end.value.value.why


def test_a_setting_that_was_made_is_done_though_the_sessions_stay():
    parameters = {**PARAMETERS, "end_sessions": True}
    late = Response(400, {"sqlstate": "42501", "statement": "2"}, error="permission denied to terminate process")
    early = Response(400, {"sqlstate": "42501", "statement": "1"}, error="must be owner of database app")

    acted = told(pg.run(parameters, {}), late)
    assert ("done", True) == (acted.state, "the open sessions were not ended" in acted.why)
    assert Acted("failed", "PostgreSQL refuses (42501): must be owner of database app") == told(
        pg.run(parameters, {}), early
    )
    assert "unknown" == told(pg.run(parameters, {}), Response(0, error="no answer within 30 s")).state


def test_tocsins_own_database_is_left_alone(app):
    with contextlib.closing(psycopg.connect(app, application_name="tocsin")):
        refused = over_socket(pg.plan({"dsn": app, "read_only": True}, {}))

    assert "Tocsin keeps its own data in" in refused.why and "page nobody" in refused.why


@pytest.mark.parametrize(
    ("name", "quoted"), [("app", '"app"'), ('a"; DROP ROLE x; --', '"a""; DROP ROLE x; --"'), ("a\x00b", '"ab"')]
)
def test_a_name_cannot_leave_its_quotes(name, quoted):
    assert quoted == pg.quoted(name)


def test_the_connection_is_tested_without_a_change(app):
    tested = over_socket(pg.test({"dsn": app}))

    assert (True, True, ()) == (tested.reads, tested.acts, tested.missing)
    assert "it takes writes." in tested.text


def test_it_is_loaded_under_its_name():
    loaded = plugins.load()
    assert (pg.ACTOR, pg.CONNECTION_TEST) == (loaded.actors["postgres"], loaded.connection_tests["postgres"])
