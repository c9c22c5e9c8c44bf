"""All that an integration may see. A change here is a breaking change for every integration, ours and others'."""

from tocsin.core.alert import (
    CHECK_LABELS,
    SERVICE_LABELS,
    Alert,
    AlertSeverity,
    Signal,
    SignalAction,
    first_label,
    severity_of,
)
from tocsin.core.texts import beginning, calm, cut, literal, utf8, utf16
from tocsin.sdk.answers import CALLBACK_WINDOW, Chat, Command, Heard, Moved, Polled, Press, Receipt, Reply, Said, Verb
from tocsin.sdk.inbound import (
    SIGNED_WITHIN,
    Answer,
    Inbound,
    Refusal,
    Source,
    check_secret,
    check_signature,
    of_projects,
    once_of,
    refused_plainly,
    secrets_in,
    taken_plainly,
)
from tocsin.sdk.looks import COLOURS, colour_of, shown
from tocsin.sdk.outbound import Devices, Field, Rooms, RoomStep, Ticket, Tracker, Transport
from tocsin.sdk.reading import (
    AGAIN,
    DEPTH_LIMIT,
    FIELD_LIMIT,
    KEY_LIMIT,
    LABEL_LIMIT,
    LINK_LIMIT,
    TEXT_LIMIT,
    WAIT_LIMIT,
    BadPayload,
    Untrusted,
    at,
    clean,
    clip,
    failed,
    items_of,
    key_of,
    links_of,
    one_line,
    one_of,
    parse_instant,
    read_form,
    read_json,
    text_of,
    wait_asked,
    wait_of,
)
from tocsin.sdk.tools import Acted, Actor, CauseKind, ConnectionTest, Diagnoser, Found, Look, Plan, Tested
from tocsin.sdk.wire import (
    ANSWER_LIMIT,
    Config,
    Connect,
    Conversation,
    Delivered,
    Line,
    Lookup,
    Mail,
    Mailing,
    Message,
    Notice,
    Outgoing,
    Program,
    Reject,
    Request,
    Response,
    Retry,
    Sql,
    T,
    Verdict,
)

__all__ = [
    "AGAIN", "ANSWER_LIMIT", "Acted", "Actor", "Alert", "AlertSeverity", "Answer", "BadPayload", "CALLBACK_WINDOW",
    "CHECK_LABELS", "COLOURS", "CauseKind", "Chat", "Command", "Config", "Connect", "ConnectionTest", "Conversation",
    "DEPTH_LIMIT", "Delivered", "Devices", "Diagnoser", "FIELD_LIMIT", "Field", "Found", "Heard", "Inbound",
    "KEY_LIMIT", "LABEL_LIMIT", "LINK_LIMIT", "Line", "Look", "Lookup", "Mail", "Mailing", "Message", "Moved", "Notice",
    "Outgoing", "Plan", "Polled", "Press", "Program", "Receipt", "Refusal", "Reject", "Reply", "Request",
    "Response", "Retry", "RoomStep", "Rooms", "SERVICE_LABELS", "SIGNED_WITHIN", "Said", "Signal", "SignalAction",
    "Source", "Sql", "T", "TEXT_LIMIT", "Tested", "Ticket", "Tracker", "Transport", "Untrusted", "Verb", "Verdict",
    "WAIT_LIMIT", "at", "beginning", "calm", "check_secret", "check_signature", "clean", "clip", "colour_of", "cut",
    "failed", "first_label", "items_of", "key_of", "links_of", "literal", "of_projects", "once_of", "one_line",
    "one_of", "parse_instant", "read_form", "read_json", "refused_plainly", "secrets_in", "severity_of", "shown",
    "taken_plainly", "text_of", "utf16", "utf8", "wait_asked", "wait_of",
]  # fmt: skip
