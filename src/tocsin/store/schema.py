"""The tables, in SQLAlchemy Core. Instants are kept as whole microseconds since 1970 UTC, JSON as text: the same bytes
on SQLite and PostgreSQL. Migrations make the tables; a test holds them against this module."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson
from sqlalchemy import (
    DDL,
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    event,
    false,
    literal_column,
    text,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def to_micros(at: datetime) -> int:
    """Microseconds since 1970 UTC of an aware instant."""
    return (at - EPOCH) // MICROSECOND


def from_micros(value: int) -> datetime:
    """The aware UTC instant of that many microseconds since 1970."""
    return EPOCH + timedelta(microseconds=value)


class Instant(TypeDecorator[datetime]):
    """An aware UTC instant as a 64-bit count of microseconds."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> int | None:
        return to_micros(value) if isinstance(value, datetime) else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else from_micros(value)


class JsonText(TypeDecorator[Any]):
    """JSON data as the text that was written; a text given to it is taken as JSON already."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return value if value is None or isinstance(value, str) else orjson.dumps(value).decode()

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return None if value is None else orjson.loads(value)


metadata = MetaData()


def _bool(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False, server_default=false())


meta = Table("meta", metadata, Column("key", Text, primary_key=True), Column("value", Text, nullable=False))

runbooks = Table(
    "runbooks",
    metadata,
    Column("version", Text, primary_key=True),  # SHA-256 of the text, 64 hex digits
    Column("text", Text, nullable=False),  # as the file has it: ${NAME} stands unreplaced
    Column("loaded_at", Instant, nullable=False),
)

incidents = Table(
    "incidents",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("title", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("service", Text),
    Column("check", Text),
    _bool("drill"),
    Column("declared_at", Instant, nullable=False),
    Column("acknowledged_at", Instant),
    Column("resolved_at", Instant),
    Column("commander", Text),
    Column("runbook_version", Text, nullable=False),
    Column("group_key", Text),  # what grouping made of its first alert; null when a person declared it
    Column("last_alert_at", Instant),
    Column("alerts", Integer, nullable=False, server_default=text("0")),
    Column("room_name", Text),
    Column("room_date", Text),  # the local date in the room's name
    Column("merged_into", Integer),  # the incident that goes on for it
    Column("wake_at", Instant),  # the next instant at which something of it is due
    Column("step_due", Instant),  # when its policy takes the next step; null when it pages nobody (any more)
    Column("seq", Integer, nullable=False, server_default=text("0")),  # the last entry of its timeline
    Column("head", Text, nullable=False),  # and that entry's hash
    Column("state", Text, nullable=False),  # core.incident.to_json
    Column("ticket", Text),  # its name in the tracker
    Column("ticket_state", Text),  # open, closed
)
Index("incidents_ticket", incidents.c.ticket_state, incidents.c.number,
      sqlite_where=incidents.c.ticket_state.isnot(None),
      postgresql_where=incidents.c.ticket_state.isnot(None))  # fmt: skip
Index("incidents_wake", incidents.c.wake_at, sqlite_where=incidents.c.wake_at.isnot(None),
      postgresql_where=incidents.c.wake_at.isnot(None))  # fmt: skip
Index("incidents_paging", incidents.c.number, sqlite_where=incidents.c.step_due.isnot(None),
      postgresql_where=incidents.c.step_due.isnot(None))  # fmt: skip
Index("incidents_group", incidents.c.group_key)
Index("incidents_merged", incidents.c.merged_into, sqlite_where=incidents.c.merged_into.isnot(None),
      postgresql_where=incidents.c.merged_into.isnot(None))  # fmt: skip
Index("incidents_status", incidents.c.status)
Index("incidents_room", incidents.c.room_date)

timeline = Table(
    "timeline",
    metadata,
    Column("incident", Integer, primary_key=True, autoincrement=False),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("kind", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("data", Text, nullable=False),  # the JSON text that the hash covers
    Column("hash", Text, nullable=False),
    sqlite_with_rowid=False,
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", Text, primary_key=True),  # UUIDv7
    Column("dedup", Text, nullable=False),  # hash of source and key, 32 hex digits
    Column("episode", Integer, nullable=False),
    _bool("latest"),  # the newest episode of its key
    Column("source", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("service", Text),
    Column("check", Text),
    Column("severity", Text, nullable=False),
    Column("labels", JsonText, nullable=False),
    Column("links", JsonText, nullable=False),
    Column("state", Text, nullable=False),  # firing, resolved
    Column("count", Integer, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("first_at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False),
    Column("resolved_at", Instant),
    Column("incident", Integer),
    Column("home", Integer),  # the incident it was of before that one was merged into another
    Column("disposition", Text, nullable=False),  # incident, silenced, quarantined
    Column("rule", Text, nullable=False),
    Column("raw", LargeBinary),  # the bytes of what could not be read
)
# The condition is written as SQLite's queries write it: otherwise the partial index is not used.
Index(
    "alerts_latest", alerts.c.dedup, unique=True, sqlite_where=text("latest = 1"), postgresql_where=text("latest")
)  # fmt: skip
Index("alerts_incident", alerts.c.incident, alerts.c.state)

silences = Table(
    "silences",
    metadata,
    Column("id", Text, primary_key=True),
    Column("matchers", JsonText, nullable=False),  # ["service=api"]
    Column("start", Instant, nullable=False),  # of the first occurrence
    Column("until", Instant, nullable=False),
    Column("repeat", Text),  # core.recur; null: it comes once
    Column("zone", Text, nullable=False),  # in whose local time it repeats
    Column("reason", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("work", Text),  # the planned work that it belongs to
    Column("created_at", Instant, nullable=False),
    Column("ended_at", Instant),  # by hand, before its time
    Column("ended_by", Text),
)

held = Table(
    "held",
    metadata,
    Column("alert", Text, primary_key=True),  # one episode that was held back
    Column("by", Text, nullable=False),  # silence:ID, inhibit:N, flapping
    Column("rule", Text, nullable=False),  # in words
    Column("was", Integer),  # the incident of the episode before
    Column("since", Instant, nullable=False),
    Column("until", Instant),  # when it is looked at again; null: when what inhibits it ends
    Column("over_at", Instant),  # null while it is held back
    Column("outcome", Text),  # resolved, paged
)
Index("held_until", held.c.until, sqlite_where=held.c.over_at.is_(None), postgresql_where=held.c.over_at.is_(None))
Index("held_by", held.c.by, sqlite_where=held.c.over_at.is_(None), postgresql_where=held.c.over_at.is_(None))

flaps = Table(
    "flaps",
    metadata,
    Column("dedup", Text, primary_key=True),
    Column("again", JsonText, nullable=False),  # when it fired again lately
    Column("paused_until", Instant),
    Column("at", Instant, nullable=False),
)

changes = Table(
    "changes",
    metadata,
    Column("id", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("service", Text),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("labels", JsonText, nullable=False),
    Column("links", JsonText, nullable=False),
)

pages = Table(
    "pages",
    metadata,
    Column("id", Text, primary_key=True),
    Column("incident", Integer, nullable=False),
    Column("person", Text, nullable=False),
    Column("urgency", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("state", Text, nullable=False),  # requested, sent, delivered, acknowledged, failed, moot
    Column("why", Text),  # why it is moot or failed
    Column("via", Text),  # the channel that took it
    Column("requested_at", Instant, nullable=False),
    Column("closed_at", Instant),
    Column("runbook_version", Text, nullable=False),
    Column("because", JsonText),  # core.because.explain, as it was known then; null for a page in plain words
)
Index("pages_incident", pages.c.incident, pages.c.state)
Index("pages_at", pages.c.requested_at, pages.c.person, pages.c.incident)  # all that is counted of them

attempts = Table(
    "attempts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("outbox", Text, nullable=False),
    Column("page", Text),
    Column("at", Instant, nullable=False),
    Column("via", Text, nullable=False),
    Column("verdict", Text, nullable=False),  # delivered, retry, reject, skipped; failed, no_receipt: told later
    Column("receipt", Text),
    Column("why", Text),
    Column("milliseconds", Integer),
)
Index("attempts_page", attempts.c.page)
Index("attempts_outbox", attempts.c.outbox)
Index("attempts_receipt", attempts.c.receipt, sqlite_where=attempts.c.receipt.isnot(None),
      postgresql_where=attempts.c.receipt.isnot(None))  # fmt: skip

outbox = Table(
    "outbox",
    metadata,
    Column("id", Text, primary_key=True),
    Column("key", Text, nullable=False, unique=True),  # deciding twice inserts once
    Column("incident", Integer),
    # page, message, room, keep: something to be done to a room, draft; receipt: the time for one is over;
    # alarm, check, test, probe: they need no incident; reply: what is said to somebody who pressed or wrote;
    # edit: another text in the place of a page that was sent; of the status page: announce puts an update for each
    # subscriber, opt_in asks one, forget drops what is old; look: at a tool, for a diagnosis; look_inside: at our own
    Column("kind", Text, nullable=False),
    Column("page", Text),
    Column("rule", Integer),  # the place in the person's notification rules
    Column("duty", Text),
    Column("via", Text, nullable=False),  # the runbook's channel it goes through; empty for a draft
    Column("person", Text),
    Column("destination", Text, nullable=False),  # transport and address: what a vendor's limits count by
    Column("payload", JsonText, nullable=False),
    _bool("urgent"),
    Column("due", Instant, nullable=False),
    Column("state", Text, nullable=False),  # pending, leased, done, failed, moot
    Column("owner", Text),
    Column("lease_until", Instant),
    Column("epoch", Integer, nullable=False, server_default=text("0")),
    Column("failures", Integer, nullable=False, server_default=text("0")),
    Column("first_failed_at", Instant),
    Column("created_at", Instant, nullable=False),
    Column("done_at", Instant),
    Column("why", Text),
)
# Written out, not bound, also in queries: SQLite plans a statement anew on every run when it bound a value that decides
# whether a partial index can be used.
PENDING, LEASED = (outbox.c.state == literal_column(f"'{word}'") for word in ("pending", "leased"))
Index("outbox_due", outbox.c.due, sqlite_where=PENDING, postgresql_where=PENDING)
Index("outbox_leased", outbox.c.lease_until, sqlite_where=LEASED, postgresql_where=LEASED)
Index("outbox_incident", outbox.c.incident, outbox.c.state)
Index("outbox_page", outbox.c.page)

faults = Table(
    "faults",
    metadata,
    Column("key", Text, primary_key=True),  # incident:42, outbox:ID: what made a worker raise
    Column("count", Integer, nullable=False),
    Column("first_at", Instant, nullable=False),
    Column("why", Text, nullable=False),
    Column("set_aside_at", Instant),
    Column("steps", Integer, nullable=False, server_default=text("0")),  # of the policy, paged in plain words
    Column("answered_by", Text),  # who acknowledged such a page
)

destinations = Table(
    "destinations",
    metadata,
    Column("name", Text, primary_key=True),
    Column("free_at", Instant, nullable=False),  # nothing is sent there before
    Column("recent", JsonText, nullable=False),  # instants of the last minute's sends, in microseconds
    Column("settings", JsonText, nullable=False),  # what the vendor changed: a chat id, a dead thread
)

rooms = Table(
    "rooms",
    metadata,
    Column("incident", Integer, primary_key=True, autoincrement=False),
    Column("kept", JsonText, nullable=False),  # core.room.Kept
    Column("at", Instant, nullable=False),  # when it was changed last
)

heard = Table(
    "heard",
    metadata,
    Column("key", Text, primary_key=True),  # transport and the vendor's id of what somebody pressed, typed or said
    Column("at", Instant, nullable=False),
)
Index("heard_at", heard.c.at)

polls = Table(
    "polls",
    metadata,
    Column("name", Text, primary_key=True),  # transport and a hash of the account: it is asked by one node at a time
    Column("offset", Text, nullable=False),  # where the next look begins, in the vendor's own terms
    Column("owner", Text, nullable=False),
    Column("lease_until", Instant, nullable=False),
)

contacts = Table(
    "contacts",
    metadata,
    Column("person", Text, primary_key=True),
    Column("via", Text, primary_key=True),  # the runbook's channel
    Column("proved_of", Text),  # core.delivery.mark of the address that was proved
    Column("proved_at", Instant),
    Column("proved_how", Text),  # code, press, test
    Column("broken_of", Text),  # the same of the address and the channel's settings that failed for good
    Column("broken_at", Instant),
    Column("broken_why", Text),
)

checks = Table(
    "checks",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),  # code: a contact check; test: a test page
    Column("test", Text, nullable=False),  # what was sent together: one press answers it
    Column("person", Text, nullable=False),
    Column("via", Text, nullable=False),
    Column("address_of", Text, nullable=False),  # core.delivery.mark
    Column("code", Text, nullable=False),  # keyed hash of the six digits; empty for a test page
    Column("asked_by", Text, nullable=False),
    Column("sent_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    Column("answered_at", Instant),
)
Index("checks_person", checks.c.person, checks.c.sent_at)

turns = Table(
    "turns",
    metadata,
    Column("step", Text, primary_key=True),  # policy and number of a round-robin step
    Column("person", Text, primary_key=True),
    Column("at", Instant, nullable=False),  # when it was their turn last
)

folds = Table(
    "folds",
    metadata,
    Column("lead", Text, primary_key=True),  # the page whose link stands for all
    Column("page", Text, primary_key=True),  # a page that the same message listed
)

buckets = Table(
    "buckets",
    metadata,
    Column("name", Text, primary_key=True),  # whom it protects
    Column("level", Float, nullable=False),  # tokens left at `at`
    Column("at", Instant, nullable=False),
)

overrides = Table(
    "overrides",
    metadata,
    Column("id", Text, primary_key=True),
    Column("schedule", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("start", Instant, nullable=False),
    Column("until", Instant, nullable=False),
    Column("reason", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("deleted_at", Instant),
    Column("replaces", Text),  # whose place it takes; null: everybody's
)
Index("overrides_until", overrides.c.until, overrides.c.start)
Index("overrides_schedule", overrides.c.schedule, overrides.c.until)

absences = Table(
    "absences",
    metadata,
    Column("id", Text, primary_key=True),
    Column("person", Text, nullable=False),
    Column("start", Instant, nullable=False),
    Column("until", Instant, nullable=False),
    Column("reason", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("deleted_at", Instant),
)
Index("absences_until", absences.c.until, absences.c.start)

swaps = Table(
    "swaps",
    metadata,
    Column("id", Text, primary_key=True),
    Column("schedule", Text, nullable=False),
    Column("asker", Text, nullable=False),
    Column("other", Text, nullable=False),
    Column("start", Instant, nullable=False),  # the asker's turn, which the other takes
    Column("until", Instant, nullable=False),
    Column("back_start", Instant, nullable=False),  # the other's turn, which the asker takes
    Column("back_until", Instant, nullable=False),
    Column("reason", Text, nullable=False),
    Column("state", Text, nullable=False),  # asked, accepted, declined, withdrawn, expired
    Column("asked_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("closed_at", Instant),
)
Index("swaps_state", swaps.c.state, swaps.c.expires_at)

calendars = Table(
    "calendars",
    metadata,
    Column("schedule", Text, primary_key=True),
    Column("place", Text, nullable=False),  # hash of the address: another one is read at once
    Column("body", LargeBinary),  # what was read last and could be used
    Column("etag", Text),
    Column("read_at", Instant),  # when that was
    Column("failing_since", Instant),  # null while it can be read
    Column("why", Text),
    Column("next_at", Instant, nullable=False),
)

bookings = Table(
    "bookings",
    metadata,
    Column("schedule", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("start", Instant, nullable=False),
    Column("until", Instant, nullable=False),
    Column("names", JsonText, nullable=False),
)
Index("bookings_until", bookings.c.until, bookings.c.start)

looks = Table(
    "looks",
    metadata,
    Column("name", Text, primary_key=True),  # schedule:X: its next shift change; readiness: the daily look
    Column("due", Instant, nullable=False),
    Column("at", Instant, nullable=False),  # when it was looked at last
    Column("data", JsonText, nullable=False),  # a schedule: {"people"}; readiness: {"findings", "told", "told_at"}
)
Index("looks_due", looks.c.due)

handoffs = Table(
    "handoffs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("at", Instant, nullable=False),  # the shift change
    Column("person", Text),  # who comes on and confirms; null where nobody does
    Column("schedules", JsonText, nullable=False),  # [{"schedule", "outgoing": [people], "until"}]
    Column("state", Text, nullable=False),  # waiting, confirmed, unconfirmed, superseded, nobody
    Column("due", Instant),  # the next reminder, or when it goes to others; null when nothing more follows
    Column("confirm_by", Instant),
    Column("reminders", Integer, nullable=False, server_default=text("0")),
    Column("missed", Integer, nullable=False, server_default=text("0")),  # earlier changes that nobody was told of
    Column("told", JsonText, nullable=False),  # [people] who heard that nobody confirmed, or that nobody is on
    Column("confirmed_at", Instant),
    Column("confirmed_by", Text),
)
Index("handoffs_due", handoffs.c.due, sqlite_where=handoffs.c.due.isnot(None),
      postgresql_where=handoffs.c.due.isnot(None))  # fmt: skip
Index("handoffs_at", handoffs.c.at)

announced = Table(
    "announced",
    metadata,
    Column("key", Text, primary_key=True),  # what was told, and is told once: gap:SCHEDULE:START:7d
    Column("at", Instant, nullable=False),
)

postmortems = Table(
    "postmortems",
    metadata,
    Column("incident", Integer, primary_key=True, autoincrement=False),
    Column("path", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("written_at", Instant, nullable=False),
    Column("version", Integer, nullable=False, server_default=text("1")),
    Column("state", Text, nullable=False, server_default="draft"),  # draft, in_review, published
    Column("changed_by", Text, nullable=False, server_default="tocsin"),
    Column("on_disk", Text, nullable=False, server_default=""),  # SHA-256 of the file as it was written or seen last
    Column("published_version", Integer),
    Column("published_at", Instant),
    Column("published_by", Text),
    Column("found", Text),  # another text of it that a person has to join: in the file, or drafted anew
    Column("found_at", Instant),
    Column("found_in", Text),  # file, draft
)

postmortem_versions = Table(
    "postmortem_versions",
    metadata,
    Column("incident", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("text", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("by", Text, nullable=False),
    Column("why", Text, nullable=False),
)

reviews = Table(
    "reviews",
    metadata,
    Column("incident", Integer, primary_key=True, autoincrement=False),
    Column("due", Instant),  # the next instant at which something of its week is due
    Column("plan", Text, nullable=False),  # core.review.to_json; empty until it is planned
    Index("reviews_due", "due"),
)

attendance = Table(
    "attendance",
    metadata,
    Column("incident", Integer, primary_key=True, autoincrement=False),
    Column("attendee", Text, primary_key=True),  # a mail address in lower case
    Column("person", Text),  # whose it was when it answered
    Column("answer", Text, nullable=False),  # accepted, declined, tentative; empty for another time alone
    Column("comment", Text, nullable=False),
    Column("sequence", Integer, nullable=False),  # of the invitation that it answers, -1 for none
    Column("stamp", Instant, nullable=False),
    Column("sender", Text, nullable=False),
    Column("heard_at", Instant, nullable=False),
    Column("proposed", Instant),
    Column("proposed_sequence", Integer, nullable=False),
    Column("proposed_stamp", Instant, nullable=False),
)

evidence = Table(
    "evidence",
    metadata,
    Column("incident", Integer, primary_key=True, autoincrement=False),
    Column("made_at", Instant, nullable=False),
    Column("sha256", Text, nullable=False),  # of the body
    Column("parts", JsonText, nullable=False),  # [{"name", "items", "left_out", "sha256"}]
    Column("body", LargeBinary, nullable=False),  # a zip archive
)

action_items = Table(
    "action_items",
    metadata,
    Column("id", Text, primary_key=True),
    Column("incident", Integer, nullable=False),
    Column("title", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("due", Text, nullable=False),  # a day, as 2026-12-01
    Column("created_at", Instant, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("link", Text, nullable=False),
    Column("verify", Text, nullable=False),
    Column("state", Text, nullable=False),  # open, done, dropped
    Column("why", Text, nullable=False),  # it was dropped
    Column("closed_at", Instant),
    Column("closed_by", Text),
    Column("told", Text, nullable=False),  # the last word on it: due day and how many days after it
    Index("action_items_of", "incident"),
    Index("action_items_state", "state", "due"),
)

tracked = Table(
    "tracked",
    metadata,
    Column("of", Text, primary_key=True),  # incident:42, action:ID: whose ticket it is
    Column("tracker", Text, nullable=False),
    Column("name", Text, nullable=False),  # of the ticket, in its tracker
    Column("label", Text, nullable=False),  # of the severity, as it stands there
    _bool("closed"),  # there, as far as it is known
    Column("seq", Integer, nullable=False, server_default=text("0")),  # the last entry of the timeline that it heard of
    Column("comments", Integer, nullable=False, server_default=text("0")),
    Column("changed_at", Instant),  # by us
    Column("why", Text, nullable=False),  # it is not kept in step
    _bool("gone"),  # for good: it is not there any more
    Index("tracked_name", "tracker", "name"),
)

documents = Table(
    "documents",
    metadata,
    Column("incident", Integer, primary_key=True, autoincrement=False),
    Column("path", Text, nullable=False),  # in the repository
    Column("text", Text, nullable=False),  # that is to be there
    Column("asked_at", Instant, nullable=False),
    Column("content", Text, nullable=False),  # what is there, as the repository names it; empty before the first
    Column("link", Text, nullable=False),
    Column("pull", Text, nullable=False),  # the pull request it waits in
    Column("done_at", Instant),
    Column("why", Text, nullable=False),  # it is not there, or not as it was asked
)

# What is counted of each incident (core.insights.Figures): narrow, so that years of it are read at once.
figures = Table(
    "figures",
    metadata,
    Column("incident", Integer, primary_key=True, autoincrement=False),
    Column("declared_at", Instant, nullable=False),
    Column("severity", Text, nullable=False),
    Column("service", Text),
    Column("check", Text),
    _bool("drill"),
    _bool("merged"),
    Column("to_acknowledge", Float),  # seconds since it was declared
    Column("to_resolve", Float),
    Column("to_update", Float),
    Column("response", Text, nullable=False),  # running, kept, breached; empty: there is no such clock
    Column("resolution", Text, nullable=False),
    _bool("worked"),
    Column("cause", Text),
    Column("review_at", Instant),
    Column("published_at", Instant),
    Index("figures_at", "declared_at"),
    Index("figures_service", "service", "incident"),
)

searched = Table(
    "searched",
    metadata,
    Column("incident", Integer, primary_key=True, autoincrement=False),
    Column("words", Text, nullable=False),  # core.likeness.words of all that can be found, with spaces between
)
# The full-text index over them: alembic knows neither kind. The migration has the same statements.
WORDS_INDEX: Final = "searched_words"  # and the names of SQLite's own tables behind it begin with it
WORDS_INDEX_SQLITE: Final = (
    "CREATE VIRTUAL TABLE searched_words USING fts5(words, content='searched', content_rowid='incident', "
    "tokenize='ascii', detail='none', columnsize=0)",
    "CREATE TRIGGER searched_words_new AFTER INSERT ON searched BEGIN "
    "INSERT INTO searched_words (rowid, words) VALUES (new.incident, new.words); END",
    "CREATE TRIGGER searched_words_gone AFTER DELETE ON searched BEGIN "
    "INSERT INTO searched_words (searched_words, rowid, words) VALUES ('delete', old.incident, old.words); END",
    "CREATE TRIGGER searched_words_changed AFTER UPDATE ON searched BEGIN "
    "INSERT INTO searched_words (searched_words, rowid, words) VALUES ('delete', old.incident, old.words); "
    "INSERT INTO searched_words (rowid, words) VALUES (new.incident, new.words); END",
)
WORDS_INDEX_POSTGRESQL: Final = (
    "CREATE INDEX searched_words ON searched USING gin (array_to_tsvector(string_to_array(words, ' ')))",
)
for _dialect, _statements in (("sqlite", WORDS_INDEX_SQLITE), ("postgresql", WORDS_INDEX_POSTGRESQL)):
    for _statement in _statements:
        event.listen(searched, "after_create", DDL(_statement).execute_if(dialect=_dialect))  # type: ignore[no-untyped-call]
_GONE: Final = DDL("DROP TABLE IF EXISTS searched_words")  # type: ignore[no-untyped-call]
event.listen(searched, "before_drop", _GONE.execute_if(dialect="sqlite"))

actions = Table(
    "actions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("incident", Integer, nullable=False),
    Column("action", Text, nullable=False),  # its name in the runbook
    Column("kind", Text, nullable=False),  # the actor: vercel, railway ...
    Column("touches", Text, nullable=False),  # what it changes: two that touch the same are never under way together
    Column("target", Text, nullable=False),
    Column("steps", JsonText, nullable=False),
    Column("warnings", JsonText, nullable=False),
    Column("sealed", Text, nullable=False),  # parameters and undo, encrypted with a key that is not in the database
    Column("hash", Text, nullable=False),  # what an approval is bound to
    Column("approve", Text, nullable=False),
    Column("probe", Text),  # that proves it
    Column("within", Integer, nullable=False),  # seconds for that
    Column("undoes", Text),  # the row that this one takes back
    _bool("undoable"),
    _bool("idempotent"),
    _bool("rehearsal"),
    _bool("dry"),
    _bool("ran"),  # the call was begun and not refused: something may have changed
    Column("state", Text, nullable=False),  # core.actions.LIFE
    Column("planned_by", Text, nullable=False),
    Column("planned_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("approved_by", Text),
    Column("approved_at", Instant),
    Column("tries", Integer, nullable=False),
    Column("epoch", Integer, nullable=False),  # of the claim under which the call was begun
    Column("begun_at", Instant),
    Column("acted_at", Instant),
    Column("verify_until", Instant),
    Column("settled_at", Instant),
    Column("why", Text, nullable=False),
    Column("receipt", Text, nullable=False),
    Index("actions_of", "incident"),
    Index("actions_named", "action", "id"),
    Index("actions_touching", "touches", "begun_at"),
)

public_incidents = Table(
    "public_incidents",
    metadata,
    Column("incident", Integer, primary_key=True, autoincrement=False),
    Column("id", Text, nullable=False),  # what the public calls it by
    Column("title", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("impact", Text, nullable=False),
    Column("component", Text),
    Column("state", Text, nullable=False),  # of the component while this is open
    Column("started_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("monitoring_at", Instant),
    Column("resolved_at", Instant),
)

public_updates = Table(
    "public_updates",
    metadata,
    Column("id", Text, primary_key=True),
    Column("incident", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    Column("status", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("changes", JsonText, nullable=False),  # component, state before, state after
)
Index("public_updates_incident", public_updates.c.incident, public_updates.c.at)

component_states = Table(
    "component_states",
    metadata,
    Column("component", Text, primary_key=True),
    Column("at", Instant, primary_key=True),
    Column("state", Text, nullable=False),  # from this instant on
)

maintenances = Table(
    "maintenances",
    metadata,
    Column("id", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("components", JsonText, nullable=False),
    Column("start", Instant, nullable=False),
    Column("until", Instant, nullable=False),
    Column("by", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("deleted_at", Instant),
    Column("repeat", Text),  # core.recur; null: it comes once
    Column("zone", Text),  # in whose local time it repeats
)

measurements = Table(
    "measurements",
    metadata,
    Column("component", Text, primary_key=True),
    Column("at", Instant, primary_key=True),
    Column("down", Float, nullable=False),  # the share, 0 to 1, that counts as down from this instant on
)

subscribers = Table(
    "subscribers",
    metadata,
    Column("id", Text, primary_key=True),  # UUIDv7: its links are made from it
    Column("kind", Text, nullable=False),  # email, webhook
    Column("mark", Text, nullable=False),  # keyed hash of the address: finds it, and does not tell it
    Column("sealed", Text, nullable=False),  # the address, encrypted with a key that is not in the database
    Column("components", JsonText, nullable=False),  # names; none: all of them
    Column("created_at", Instant, nullable=False),
    Column("confirmed_at", Instant),
    Column("failing_since", Instant),  # nothing has arrived since
    Column("ended_at", Instant),
    Column("why", Text),  # it ended
    Index("subscribers_mark", "mark"),
)

accounts = Table(
    "accounts",
    metadata,
    Column("name", Text, primary_key=True),  # a person of the runbook, or a name of its own
    Column("role", Text, nullable=False),  # admin, responder, viewer
    Column("password", Text),  # argon2id
    Column("created_at", Instant, nullable=False),
    Column("disabled_at", Instant),
)

sessions = Table(
    "sessions",
    metadata,
    Column("hash", Text, primary_key=True),  # SHA-256 of the cookie
    Column("account", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("csrf", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
)

credentials = Table(
    "credentials",
    metadata,
    Column("hash", Text, primary_key=True),  # SHA-256 of the secret, which is shown once
    Column("kind", Text, nullable=False),  # token, ingest, sign_in, calendar
    Column("name", Text, nullable=False),
    Column("role", Text),  # of a token or a sign-in link
    Column("source", Text),  # of an ingest key; "*" is good for every source. Of a calendar link: what it shows
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("used_at", Instant),
    Column("deleted_at", Instant),
)

probes = Table(
    "probes",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("service", Text, nullable=False),  # as it was told with the alert that fires, else as the runbook has it
    Column("known_at", Instant, nullable=False),
    Column("gone_at", Instant),  # the runbook has it no more
    Column("called_at", Instant),  # a job last called in, of a heartbeat
    # What all nodes together say; nothing before the first look.
    Column("ok", Boolean),
    Column("check", Text, nullable=False),
    Column("at", Instant),
    Column("since", Instant),
    Column("milliseconds", Integer),
    Column("why", Text, nullable=False),
)

probe_marks = Table(
    "probe_marks",
    metadata,
    Column("probe", Integer, primary_key=True, autoincrement=False),
    Column("node", Text, primary_key=True),
    Column("mark", JsonText, nullable=False),  # how the probe stands at the node, as core.probes has it
)

# A week of what each look saw. The key is the table itself: a probe's looks lie side by side, in order.
probe_looks = Table(
    "probe_looks",
    metadata,
    Column("probe", Integer, primary_key=True, autoincrement=False),
    Column("at", Instant, primary_key=True, autoincrement=False),
    Column("node", Text, primary_key=True),
    Column("check", Text, nullable=False),
    Column("milliseconds", Integer),
    Column("why", Text, nullable=False),
    sqlite_with_rowid=False,
)

probe_hours = Table(
    "probe_hours",
    metadata,
    Column("probe", Integer, primary_key=True, autoincrement=False),
    Column("start", Instant, primary_key=True, autoincrement=False),
    Column("looks", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("p50", Integer),  # milliseconds, as the next two
    Column("p95", Integer),
    Column("most", Integer),
    sqlite_with_rowid=False,
)

probe_changes = Table(
    "probe_changes",
    metadata,
    Column("probe", Integer, primary_key=True, autoincrement=False),
    Column("at", Instant, primary_key=True, autoincrement=False),
    Column("ok", Boolean, nullable=False),
    Column("check", Text, nullable=False),
    Column("why", Text, nullable=False),
    sqlite_with_rowid=False,
)

devices = Table(
    "devices",
    metadata,
    Column("id", Text, primary_key=True),
    Column("person", Text, nullable=False),
    Column("kind", Text, nullable=False),  # the transport that reaches it
    Column("name", Text, nullable=False),  # what its owner calls it
    Column("mark", Text, nullable=False, unique=True),  # SHA-256 of its address: a browser is registered once
    Column("sealed", Text, nullable=False),  # the address, encrypted with a key that is not in the database
    Column("created_at", Instant, nullable=False),
    Index("devices_of", "person"),
)

answered = Table(
    "answered",
    metadata,
    Column("key", Text, primary_key=True),  # hash of the token and its Idempotency-Key
    Column("request", Text, nullable=False),  # hash of path and body: another request under one key is refused
    Column("incident", Integer),
    Column("at", Instant, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("actor", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("data", Text, nullable=False),
    Column("hash", Text, nullable=False),
)
