"""PostgreSQL: a database of the team's that takes no writes any more, and takes them again.
Source: postgresql.org/docs (ALTER DATABASE, default_transaction_read_only, pg_db_role_setting)"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tocsin.sdk import (
    Acted,
    Actor,
    Config,
    ConnectionTest,
    Conversation,
    Plan,
    Reject,
    Response,
    Retry,
    Sql,
    Tested,
    at,
    items_of,
    one_line,
)

NAME_LIMIT: Final = 63  # bytes of a name, as PostgreSQL is built
SETTING: Final = "default_transaction_read_only"
LOOK: Final = """
SELECT current_database(), current_user, pg_has_role(d.datdba, 'USAGE'), pg_get_userbyid(d.datdba),
       pg_is_in_recovery(),
       EXISTS (SELECT FROM pg_db_role_setting s, unnest(s.setconfig) one
               WHERE s.setdatabase = d.oid AND s.setrole = 0 AND one = 'default_transaction_read_only=on'),
       (SELECT count(*) FROM pg_stat_activity a
        WHERE a.datid = d.oid AND a.backend_type = 'client backend' AND a.pid <> pg_backend_pid()),
       EXISTS (SELECT FROM pg_stat_activity a WHERE a.datid = d.oid AND a.application_name LIKE 'tocsin%')
FROM pg_database d WHERE d.datname = current_database()
"""
# The other sessions that this role may end, by what pg_terminate_backend asks for; how many it ended, how many stay.
END_SESSIONS: Final = """
WITH others AS (
    SELECT a.pid, me.rolsuper OR (NOT coalesce(whose.rolsuper, true) AND
                                  (pg_has_role(whose.oid, 'USAGE') OR pg_has_role('pg_signal_backend', 'USAGE'))) may
    FROM pg_stat_activity a JOIN pg_roles me ON me.rolname = current_user LEFT JOIN pg_roles whose ON whose.oid = a.usesysid
    WHERE a.datname = current_database() AND a.backend_type = 'client backend' AND a.pid <> pg_backend_pid()
)
SELECT count(*) FILTER (WHERE may AND pg_terminate_backend(pid)), count(*) FILTER (WHERE NOT may) FROM others
"""  # noqa: E501
# A transaction of ours may write, whatever the database says.
MAY_WRITE: Final = (f"SET {SETTING} = off", ())


def plan(wish: Any, config: Config) -> Conversation[Plan | Reject | Retry]:
    """*wish* is `{"dsn", "read_only": true, "end_sessions": false}`. A dsn of *config* stays out of the plan."""
    dsn = str(config.get("dsn") or at(wish, "dsn") or "")
    read_only, end = at(wish, "read_only") is not False, at(wish, "end_sessions") is True
    seen = yield from _look(dsn)
    if not isinstance(seen, _Seen):
        return seen
    if why := _cannot(seen, read_only):
        return Reject(why)
    parameters = {"database": seen.database, "read_only": read_only, "end_sessions": end}
    parameters |= {} if config.get("dsn") else {"dsn": dsn}
    word = "refuse writes" if read_only else "take writes again"
    steps = [f"New transactions of sessions that begin from now on {word} in the database {seen.name}."]
    steps.append(
        f"The sessions that are open ({seen.sessions}) are ended, and their clients connect anew."
        if end else f"The sessions that are open ({seen.sessions}) stay, and go on as they are."
    )  # fmt: skip
    undo = {**parameters, "read_only": not read_only}
    return Plan(f"database {seen.name}", tuple(steps), parameters, undo, tuple(_warnings(read_only, end)))


def _warnings(read_only: bool, end: bool) -> list[str]:
    said = []
    if not end:
        said.append("Only new sessions heed it: open ones, poolers' included, go on until they connect anew.")
    if read_only:
        said.append(
            "It is no barrier: any role may still BEGIN READ WRITE or set the setting back, and superusers may do all."
        )
        said.append("Sequences, temporary tables and schema changes are refused as well.")
    return said


class _Seen:
    """What the server says of the database and of the role that asks. `database` is exact, the rest is to be read."""

    def __init__(self, row: list[Any]) -> None:
        self.database = str(row[0])
        self.name, self.role, self.owner = (one_line(str(name), NAME_LIMIT) for name in (row[0], row[1], row[3]))
        self.owns, self.standby, self.read_only = row[2] is True, row[4] is True, row[5] is True
        self.sessions = row[6] if isinstance(row[6], int) else 0
        self.ours = row[7] is True


def _look(dsn: str) -> Conversation[_Seen | Reject | Retry]:
    if not dsn:
        return Reject("the action names no dsn, or the environment does not fill it")
    response = yield Sql(dsn, ((LOOK, ()),))
    row = next(iter(items_of(response.json)), None)
    if response.status == 200 and isinstance(row, list) and len(row) == 8:
        return _Seen(row)
    if response.status == 400:
        return Reject(_why(response))
    return Retry(_why(response))


def _why(response: Response) -> str:
    if response.status == 0:
        return f"PostgreSQL did not answer: {response.error or 'no reason is known'}"
    if response.status == 400:
        return f"PostgreSQL refuses ({response.headers.get('sqlstate', 'no code')}): {one_line(response.error, 300)}"
    return "PostgreSQL answered with what cannot be read"


def _cannot(seen: _Seen, read_only: bool) -> str:
    if not seen.owns:
        return f"{seen.role} does not own the database {seen.name}: its owner {seen.owner}, or a superuser, can do it"
    if seen.standby:
        return f"the server of {seen.name} is a standby: name its primary in the dsn"
    if seen.ours and read_only:
        return f"Tocsin keeps its own data in {seen.name}: without writes it could page nobody"
    if seen.read_only == read_only:
        return f"the database {seen.name} {'refuses' if read_only else 'takes'} writes already"
    return ""


def holds(parameters: Mapping[str, Any], config: Config) -> Conversation[str]:
    """The address must still lead to the planned database, which is not yet so, and which this role may change."""
    seen = yield from _look(_dsn(parameters, config))
    if not isinstance(seen, _Seen):
        return seen.why
    if seen.database != parameters["database"]:
        return f"the dsn leads to the database {seen.name}, and not to {parameters['database']}"
    return _cannot(seen, bool(parameters["read_only"]))


def run(parameters: Mapping[str, Any], config: Config) -> Conversation[Acted]:
    """Set it for the database, then end the open sessions where the runbook says so."""
    name = quoted(str(parameters["database"]))
    how = f"SET {SETTING} = on" if parameters["read_only"] else f"RESET {SETTING}"
    statements: list[tuple[str, tuple[Any, ...]]] = [MAY_WRITE, (f"ALTER DATABASE {name} {how}", ())]
    if parameters["end_sessions"]:
        statements.append((END_SESSIONS, ()))
    response = yield Sql(_dsn(parameters, config), tuple(statements), timeout_seconds=30.0)
    if response.status == 200:
        return Acted("done", receipt=_ended(response) if parameters["end_sessions"] else name)
    if response.status != 400:
        return Acted("unknown", _why(response))
    if response.headers.get("statement") == "2":
        return Acted("done", f"the setting is made, but the open sessions were not ended: {_why(response)}", name)
    return Acted("failed", _why(response))


def _ended(response: Response) -> str:
    row = next(iter(items_of(response.json)), None)
    counts = row if isinstance(row, list) and len(row) == 2 else ()
    ended, left = (str(count) if isinstance(count, int) else "?" for count in counts or ("?", "?"))
    return f"sessions ended: {ended}, of other roles left: {left}"


def stands(parameters: Mapping[str, Any], config: Config) -> Conversation[bool | None]:
    """Whether the database's own setting is as planned; what open sessions do is not seen."""
    seen = yield from _look(_dsn(parameters, config))
    if not isinstance(seen, _Seen) or seen.database != parameters["database"]:
        return None
    return seen.read_only == bool(parameters["read_only"])


def quoted(name: str) -> str:
    """A name as an identifier of SQL: in double quotes, those inside it doubled."""
    return '"' + name.replace("\x00", "").replace('"', '""') + '"'


def _dsn(parameters: Mapping[str, Any], config: Config) -> str:
    return str(config.get("dsn") or parameters.get("dsn") or "")


def test(config: Config) -> Conversation[Tested]:
    """Connect with the action's `dsn`, and look whether its role owns the database."""
    seen = yield from _look(str(config.get("dsn") or ""))
    if not isinstance(seen, _Seen):
        return Tested(False, False, (seen.why,))
    text = f"Database {seen.name} as {seen.role}; it {'refuses' if seen.read_only else 'takes'} writes."
    why = _cannot(seen, not seen.read_only)
    return Tested(True, not why, (why,) if why else (), text)


ACTOR = Actor("postgres", "PostgreSQL", plan, holds, run, stands)
CONNECTION_TEST = ConnectionTest("postgres", "PostgreSQL", test)
