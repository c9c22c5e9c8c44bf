"""Twilio: text messages and calls, answered by a code or a digit.   Source: twilio.com/docs, api v2010"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import quote, urlencode, urlsplit
from xml.sax.saxutils import escape, quoteattr

from tocsin.sdk import (
    Answer,
    BadPayload,
    Chat,
    Config,
    ConnectionTest,
    Conversation,
    Delivered,
    Field,
    Heard,
    Inbound,
    Message,
    Press,
    Receipt,
    Refusal,
    Reject,
    Reply,
    Request,
    Response,
    Retry,
    Tested,
    Transport,
    Verb,
    Verdict,
    beginning,
    clean,
    clip,
    one_line,
    one_of,
    read_form,
    text_of,
    wait_of,
    why_not,
)

API_BASE = "https://api.twilio.com"
VOICE, SMS, STATUS = "/in/twilio/voice", "/in/twilio/sms", "/in/twilio/status"
SEGMENTS = 3  # of one text message: what it is, where to look and how to answer
GSM_SEGMENT, UCS_SEGMENT = 153, 67  # characters of a segment of several; integrations.md section 20
GSM_SINGLE, UCS_SINGLE = 160, 70
VALID_MOST = 36_000  # seconds; what Twilio itself takes for a text that names no time
RING_SECONDS = 30
TWIML_LIMIT = 4000  # characters
SPOKEN_LIMIT = 500  # characters of the text, read twice
ASKED_AGAIN = 3  # times, for a digit that means nothing
# The address is dead: no number, unsubscribed, no mobile.   Source: twilio.com/docs/api/errors
DEAD: Final = frozenset({21211, 21214, 21217, 21401, 21610, 21614, 30004, 30005, 30006})
BAD_CALLBACK: Final = frozenset({21609, 21626})  # our public address is none for them: the page goes out without it
CODES: Final[Mapping[str, Verb]] = {
    "1": "acknowledge", "ack": "acknowledge", "a": "acknowledge", "2": "pass_on", "pass": "pass_on",
    "3": "escalate", "esc": "escalate", "escalate": "escalate",
}  # fmt: skip
DIGITS: Final[Mapping[str, Verb]] = {"1": "acknowledge", "2": "pass_on"}
STOP: Final = frozenset({"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "start", "unstop", "help", "info"})
CODE = re.compile(r"\s*([a-z]+|[123])(?:[:.]?\s+(?:inc-|#)?(\d{1,9}))?\s*[.!]?\s*", re.IGNORECASE)
GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_TWO = frozenset("^{}\\[~]|€")  # they count double
PLAINER: Final = str.maketrans({"…": "...", "–": "-", "—": "-", "‘": "'", "’": "'", "“": '"', "”": '"', "\t": " "})


# --------------------------------------------------------------------------------------------- what goes out


def send(message: Message, config: Config) -> Conversation[Verdict]:
    """One text message, or one call where the channel is for calls. The receipt is the `sid`."""
    path, form = ("Calls", _call(message, config)) if _by_voice(config) else ("Messages", _text(message, config))
    response = yield _post(config, path, form)
    if _code(response) in BAD_CALLBACK:
        bare = [(name, value) for name, value in form if not name.startswith("StatusCallback")]
        response = yield _post(config, path, bare)
    return _verdict(response)


def _by_voice(config: Config) -> bool:
    """What the channel says; one that says nothing calls when its name is `call`."""
    voice = config.get("voice")
    return bool(config.get("via") == "call" if voice is None else voice)


def _post(config: Config, path: str, form: Sequence[tuple[str, str]]) -> Request:
    headers = {**_login(config), "Content-Type": "application/x-www-form-urlencoded"}
    return Request("POST", f"{_account(config)}/{path}.json", headers, body=urlencode(form).encode())


def _account(config: Config) -> str:
    base = str(config.get("api_base") or API_BASE).rstrip("/")
    return f"{base}/2010-04-01/Accounts/{quote(str(config['account_sid']))}"


def _login(config: Config) -> dict[str, str]:
    both = f"{config['account_sid']}:{config['auth_token']}".encode()
    return {"Authorization": f"Basic {base64.b64encode(both).decode()}"}


def _text(message: Message, config: Config) -> list[tuple[str, str]]:
    sender = str(config.get("messaging_service_sid") or "")
    valid = VALID_MOST if message.valid_seconds is None else min(max(message.valid_seconds, 1), VALID_MOST)
    return [
        ("To", message.to), ("MessagingServiceSid", sender) if sender else ("From", str(config["from"])),
        ("Body", text_body(message)), ("ValidityPeriod", str(valid)),
        ("StatusCallback", f"{config.get('public_url', '')}{STATUS}"),
    ]  # fmt: skip


def text_body(message: Message) -> str:
    """What it is, how to answer it and where to look, in at most three segments; the title gives way first."""
    if message.plain or not message.page:
        text = clean(message.text).translate(PLAINER)
        if message.plain:
            return _fitted(text, "")
        head = _fitted(one_line(message.title, 400).translate(PLAINER), f"\n{message.link}")
        whole = _fitted(f"{head}\n{text}", "")
        return whole if whole.startswith(head) else head
    number = message.incident.removeprefix("INC-")
    how = f"\nReply ACK {number} (or 1) to acknowledge, PASS {number} (or 2) if you cannot. {message.link}"
    return _fitted(one_line(message.title, 400).translate(PLAINER), how)


def _fitted(text: str, tail: str) -> str:
    """Cut *text* so that with *tail* it takes no more than SEGMENTS."""
    if segments(text + tail) <= SEGMENTS:
        return text + tail
    low, high = 0, len(text)
    while low < high:  # the most that fits
        middle = (low + high + 1) // 2
        low, high = (middle, high) if segments(f"{text[:middle]}...{tail}") <= SEGMENTS else (low, middle - 1)
    return f"{beginning(text, low).rstrip()}...{tail}"


def segments(text: str) -> int:
    """How many segments a text takes: of 7-bit characters where it has no others, else of UTF-16 units."""
    if all(c in GSM or c in GSM_TWO for c in text):
        size, single, each = sum(2 if c in GSM_TWO else 1 for c in text), GSM_SINGLE, GSM_SEGMENT
    else:
        size, single, each = len(text.encode("utf-16-le")) // 2, UCS_SINGLE, UCS_SEGMENT
    return 1 if size <= single else -(-size // each)


def _call(message: Message, config: Config) -> list[tuple[str, str]]:
    public = str(config.get("public_url", ""))
    spoken = f"{message.title}. {message.text}" if not message.plain else message.text
    query = urlencode({"page": message.page, "via": config.get("via", "")})
    action = f"{public}{VOICE}?{query}" if message.page else ""
    form = [
        ("To", message.to), ("From", str(config["from"])), ("Twiml", twiml_asking(spoken, action, config)),
        ("Timeout", str(RING_SECONDS)), ("StatusCallback", f"{public}{STATUS}"),
        ("StatusCallbackEvent", "answered"), ("StatusCallbackEvent", "completed"),
    ]  # fmt: skip
    machine = str(config.get("machine_detection") or "")
    return [*form, ("MachineDetection", machine)] if machine else form


def twiml_asking(text: str, action: str, config: Config) -> str:
    """Read the text twice and wait for a digit; without an *action* there is nothing to press."""
    spoken = one_line(re.sub(r"https?://\S+", "", text).replace("\n", ". "), SPOKEN_LIMIT)
    while len(whole := _asking(spoken, action, config)) > TWIML_LIMIT:  # signs that XML writes with five
        spoken = beginning(spoken, len(spoken) * 2 // 3)
    return whole


def _asking(spoken: str, action: str, config: Config) -> str:
    if not action:
        return _twiml(_say(spoken, config) + '<Pause length="1"/>' + _say(spoken, config))
    once = _say(f"{spoken} Press 1 to acknowledge. Press 2 if you cannot take it.", config)
    gather = f'<Gather numDigits="1" timeout="8" method="POST" action={quoteattr(action)}>'
    nobody = _say("Nothing was pressed. The page goes on to the next person.", config)
    return _twiml(f'{gather}{once}<Pause length="1"/>{once}</Gather>{nobody}')


def _say(text: str, config: Config) -> str:
    return f"<Say language={quoteattr(str(config.get('language') or 'en-US'))}>{escape(text)}</Say>"


def _twiml(inner: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?><Response>{inner}</Response>'


def _code(response: Response) -> int:
    answer = response.json
    code = answer.get("code") if isinstance(answer, dict) else None
    return code if isinstance(code, int) else 0


def _verdict(response: Response) -> Verdict:
    answer = response.json if isinstance(response.json, dict) else {}
    sid, status, code = str(answer.get("sid") or ""), response.status, _code(response)
    if status in (200, 201) and sid:
        return Delivered(receipt=sid)
    why = f"{code}: {answer.get('message')}" if code else response.error or f"status {status}"
    if 400 <= status < 500 and status not in (408, 429):
        return Reject(why, broken=code in DEAD)
    return Retry(why, after=wait_of(response.headers.get("retry-after")))


# --------------------------------------------------------------------------------------------- what people answer


def verify(inbound: Inbound) -> bool:
    """HMAC-SHA1 with the auth token over the public address and the sorted fields of the form. No instant is given."""
    form = read_form(inbound.body)
    fields = "".join(name + form[name] for name in sorted(form))
    tokens = (str(inbound.config.get(name) or "") for name in ("auth_token", "secondary_auth_token"))
    good = [_signature(token, url + fields) for token in tokens if token for url in _spellings(inbound.url)]
    return one_of(inbound.headers.get("x-twilio-signature", ""), good)


def _signature(token: str, text: str) -> str:
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


def _spellings(url: str) -> list[str]:
    """The address as it is, and with its usual port: Twilio signs now the one, now the other."""
    parts = urlsplit(url)
    try:
        named = parts.port is not None
    except ValueError:
        return [url]
    port = {"https": 443, "http": 80}.get(parts.scheme)
    return [url] if named or port is None else [url, parts._replace(netloc=f"{parts.netloc}:{port}").geturl()]


def parse(inbound: Inbound) -> Sequence[Heard]:
    """A text message, a digit, or what became of a message or call."""
    form = read_form(inbound.body)
    how = {VOICE: _spoken, SMS: _written, STATUS: _status}[inbound.path]
    return [*how(form, inbound.query)]


def _spoken(form: Mapping[str, str], query: Mapping[str, str]) -> Iterator[Heard]:
    call, digits, tries = form.get("CallSid", ""), form.get("Digits", ""), query.get("try", "1")
    if not call:
        raise BadPayload("no CallSid")
    account = form.get("To" if form.get("Direction", "").startswith("outbound") else "From", "")
    verb = DIGITS.get(digits, "hear")
    yield Press(f"{call}:{tries}:{digits}", account, verb, query.get("page", ""), receipt=call)


def _written(form: Mapping[str, str], _query: Mapping[str, str]) -> Iterator[Heard]:
    """A code, by itself or with the incident's number; what stops or starts texts at the vendor is not ours."""
    text, id_ = form.get("Body", ""), form.get("MessageSid") or form.get("SmsSid", "")
    if not id_:
        raise BadPayload("no MessageSid")
    if form.get("OptOutType") or text.strip().lower() in STOP:
        return
    code = CODE.fullmatch(text[:200])
    verb = CODES.get(code[1].lower()) if code else None
    # What is none is asked about all the same: whoever writes is told what waits for them and how to answer.
    yield Press(id_, form.get("From", ""), verb or "hear", incident=(code[2] or "") if code and verb else "")


def _status(form: Mapping[str, str], _query: Mapping[str, str]) -> Iterator[Heard]:
    """What became of it. A call that a person took has arrived; one that a machine took has not."""
    sid = form.get("MessageSid") or form.get("SmsSid") or form.get("CallSid", "")
    state = form.get("MessageStatus") or form.get("SmsStatus") or form.get("CallStatus", "")
    machine = form.get("AnsweredBy", "").startswith(("machine", "fax"))
    code = form.get("ErrorCode", "")
    why = f"{state}{f', error {code}' if code else ''}" if not machine else "a machine took the call"
    if not sid or not state:
        raise BadPayload("no sid, or no status")
    if machine or state in ("undelivered", "failed", "busy", "no-answer", "canceled"):
        yield Receipt(f"{sid}:{state}", sid, "failed", why, code.isdecimal() and int(code) in DEAD)
    elif state in ("delivered", "read", "completed"):
        yield Receipt(f"{sid}:{state}", sid, "delivered", why)


def answer(inbound: Inbound, replies: Sequence[tuple[Heard, Reply]]) -> Answer:
    """TwiML: said in the call, sent as a text message, or nothing at all."""
    heard, reply = replies[0] if replies else (None, Reply())
    if reply.again:
        return Answer(409, "this was taken already")
    if not isinstance(heard, Press):
        return _xml("") if inbound.path != STATUS else Answer(204)
    if inbound.path == SMS:
        how = " Reply 1 to acknowledge, 2 if you cannot." if heard.verb == "hear" and not reply.refused else ""
        told = reply.text + how
        return _xml(f"<Message>{escape(clip(told, 300))}</Message>" if told else "")
    if heard.verb != "hear" or reply.refused:
        return _xml(_say(reply.text, inbound.config) + "<Hangup/>")
    return _ask_again(inbound, heard, reply)


def _ask_again(inbound: Inbound, heard: Press, reply: Reply) -> Answer:
    """A call that begins here, or a digit that means nothing: read it (again), a few times."""
    tries = inbound.query.get("try", "1")
    count = int(tries) + 1 if tries.isdecimal() and len(tries) < 3 else ASKED_AGAIN + 1
    if count > ASKED_AGAIN + 1:
        return _xml(_say("Nothing was understood. The page goes on to the next person.", inbound.config) + "<Hangup/>")
    query = urlencode({"page": heard.page, "via": inbound.config.get("via", ""), "try": count})
    action = f"{inbound.config.get('public_url', '')}{VOICE}?{query}"
    return Answer(200, twiml_asking(reply.text, action, inbound.config), {"Content-Type": "text/xml; charset=utf-8"})


def _xml(inner: str) -> Answer:
    return Answer(200, _twiml(inner), {"Content-Type": "text/xml; charset=utf-8"})


def refused(refusal: Refusal) -> Answer:
    """Say no in plain words: Twilio keeps them in its debugger."""
    again = {"Retry-After": str(refusal.retry_after_seconds)} if refusal.retry_after_seconds else {}
    return Answer(refusal.status, "; ".join(refusal.errors), again)


# --------------------------------------------------------------------------------------------- does it work


def test(config: Config) -> Conversation[Tested]:
    """Look at the account. Nobody is called or written to."""
    if absent := [name for name in ("account_sid", "auth_token") if not config.get(name)]:
        return Tested(False, False, tuple(f"set `{name}`: the console's first page has it" for name in absent))
    response = yield Request("GET", f"{_account(config)}.json", _login(config))
    said = response.json if isinstance(response.json, dict) else {}
    status = text_of(said.get("status"), 50)
    if response.status != 200 or not status:
        return Tested(False, False, (why_not("Twilio", response, said.get("message")),))
    missing = [] if status == "active" else [f"the account is {status}: Twilio's console says why"]
    if said.get("type") == "Trial":
        missing.append("it is a trial account: only numbers that Twilio has verified are reached")
    if not (config.get("from") or config.get("messaging_service_sid")):
        missing.append("set `from`, a number of the account")
    name = one_line(text_of(said.get("friendly_name")), 100)
    return Tested(True, False if status != "active" else None, tuple(missing), f"The account {name} is {status}.")


TRANSPORT = Transport(
    "twilio", "Twilio", send=send, address="phone",
    fields=(
        Field("account_sid", "Account SID", help="AC…"),
        Field("auth_token", "Auth token", secret=True),
        Field("from", "From", help="a number of the account, as +31…"),
        Field("voice", "Calls", required=False, help="true: call; else a text message, save for the channel `call`"),
        Field("language", "Language", required=False, help="in which it is read out; en-US"),
        Field("messaging_service_sid", "Messaging service", required=False, help="MG…, in the place of `from`"),
        Field("machine_detection", "Machine detection", required=False, help="Enable or DetectMessageEnd"),
        Field("secondary_auth_token", "Secondary auth token", secret=True, required=False, help="good for callbacks"),
        Field("api_base", "API address", required=False, help=API_BASE),
    ),
    per_second=1,  # to one number; what one number may send a second is queued by Twilio itself
    receipts=True, expires=True,
)  # fmt: skip
CHAT = Chat(
    "twilio", paths=(VOICE, SMS, STATUS), verify=verify, parse=parse, answer=answer, refused=refused,
    secrets=("auth_token",), body_limit=64_000,
)  # fmt: skip
CONNECTION_TEST = ConnectionTest("twilio", TRANSPORT.title, test)
