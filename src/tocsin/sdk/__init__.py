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
from tocsin.core.calendar import utc_words
from tocsin.core.secrets import without_secrets
from tocsin.core.texts import beginning, calm, cut, literal, utf8, utf16
from tocsin.sdk.answers import CALLBACK_WINDOW, Chat, Command, Heard, Moved, Polled, Press, Receipt, Reply, Said, Verb
from tocsin.sdk.asking import distance_words, instant_of, outcome, refusal, suspicion, time_words, why_not
from tocsin.sdk.calendars import ANSWERS, QUIET, method_of, read_answer
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
from tocsin.sdk.outbound import (
    Devices,
    Document,
    Field,
    Looked,
    Opened,
    Proposed,
    Repository,
    Rooms,
    RoomStep,
    Ticket,
    TicketChange,
    TicketSeen,
    Tracker,
    Transport,
)
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
    "AGAIN", "ANSWERS", "ANSWER_LIMIT", "Acted", "Actor", "Alert", "AlertSeverity", "Answer", "BadPayload",
    "CALLBACK_WINDOW", "CHECK_LABELS", "COLOURS", "CauseKind", "Chat", "Command", "Config", "Connect", "ConnectionTest",
    "Conversation", "DEPTH_LIMIT", "Delivered", "Devices", "Diagnoser", "Document", "FIELD_LIMIT", "Field", "Found",
    "Heard", "Inbound", "KEY_LIMIT", "LABEL_LIMIT", "LINK_LIMIT", "Line", "Look", "Looked", "Lookup", "Mail",
    "Mailing", "Message", "Moved", "Notice", "Opened", "Outgoing", "Plan", "Polled", "Press", "Program", "Proposed",
    "QUIET", "Receipt", "Refusal", "Reject", "Reply", "Repository", "Request", "Response", "Retry", "RoomStep", "Rooms",
    "SERVICE_LABELS", "SIGNED_WITHIN", "Said", "Signal", "SignalAction", "Source", "Sql", "T", "TEXT_LIMIT",
    "Tested", "Ticket", "TicketChange", "TicketSeen", "Tracker", "Transport", "Untrusted", "Verb", "Verdict",
    "WAIT_LIMIT", "at", "beginning", "calm", "check_secret", "check_signature", "clean", "clip", "colour_of", "cut",
    "distance_words", "failed", "first_label", "instant_of", "items_of", "key_of", "links_of", "literal", "method_of",
    "of_projects", "once_of", "one_line", "one_of", "outcome", "parse_instant", "read_answer", "read_form", "read_json",
    "refusal", "refused_plainly", "secrets_in", "severity_of", "shown", "suspicion", "taken_plainly", "text_of",
    "time_words", "utc_words", "utf16", "utf8", "wait_asked", "wait_of", "why_not", "without_secrets",
]  # fmt: skip
