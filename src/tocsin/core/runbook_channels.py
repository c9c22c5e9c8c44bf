"""
The runbook's channels: what each integration is told, one model for each.

A new kind of channel is one class here and one line in `Channel`: which kinds there are, and what none of them can do
without, is read off these classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, Discriminator, Field, Tag, model_validator

from tocsin.core.runbook_values import Part, Span, Text, Words


class TelegramChannel(Part):
    bot_token: str
    chat_id: int | None = None
    api_base: str = "https://api.telegram.org"
    webhook_secret: str = ""


class TwilioChannel(Part):
    account_sid: str
    auth_token: str
    from_: str = Field(alias="from")
    api_base: str = "https://api.twilio.com"
    secondary_auth_token: str = ""  # good for callbacks too, while one token takes the other's place
    voice: bool | None = None  # a call instead of a text message; unset: yes for the channel named `call`
    language: str = "en-US"  # in which the text is read out
    messaging_service_sid: str = ""
    machine_detection: Literal["", "Enable", "DetectMessageEnd"] = ""


class SlackChannel(Part):
    bot_token: str
    channel: str = ""  # its id, C…
    signing_secret: str = ""
    invite: Words = ()  # who is invited into every war room: user ids, U…
    api_base: str = "https://slack.com/api"


class SmtpChannel(Part):
    host: str
    port: Annotated[int, Field(ge=1, le=65535)] = 25
    username: str = ""
    password: str = ""
    from_: str = Field(alias="from")
    security: Literal["none", "starttls", "tls"] = "starttls"


class NtfyChannel(Part):
    server: str = "https://ntfy.sh"
    topic: str = ""  # of the channel as a group; a person has a topic of their own
    token: str = ""
    username: str = ""
    password: str = ""


class WebPushChannel(Part):
    contact: str  # a mail address or a page: whom a push service asks when our pushes trouble it
    services: Words = ()  # hosts of push services beside those of the browsers' makers


class DiscordChannel(Part):
    url: str


class TeamsChannel(Part):
    url: str


class MattermostChannel(Part):
    url: str
    channel: str = ""  # another channel than the one that the webhook was made for


class AppriseChannel(Part):
    url: str


class WebhookChannel(Part):
    url: str = ""
    secret: str = ""


class ConsoleChannel(Part):
    pass


class Channel(Part):
    """A named place where messages go, through exactly one integration."""

    name: str = ""
    backup: str | None = None  # the channel that takes over when this one fails, or gives no receipt in time
    receipt_within: Span = timedelta(minutes=2)
    telegram: TelegramChannel | None = None
    twilio: TwilioChannel | None = None
    smtp: SmtpChannel | None = None
    webhook: WebhookChannel | None = None
    console: ConsoleChannel | None = None
    slack: SlackChannel | None = None
    discord: DiscordChannel | None = None
    ntfy: NtfyChannel | None = None
    teams: TeamsChannel | None = None
    mattermost: MattermostChannel | None = None
    apprise: AppriseChannel | None = None
    webpush: WebPushChannel | None = None

    @model_validator(mode="after")
    def _one_integration(self) -> Channel:
        if sum(getattr(self, kind) is not None for kind in KINDS) != 1:
            raise ValueError(f"exactly one of {', '.join(KINDS)}")
        return self

    @property
    def kind(self) -> str:
        """The integration that carries this channel."""
        return next(kind for kind in KINDS if getattr(self, kind) is not None)

    @property
    def settings(self) -> dict[str, Any]:
        """The integration's settings, by the keys of the file."""
        settings: BaseModel = getattr(self, self.kind)
        return settings.model_dump(by_alias=True)


def _models() -> Mapping[str, type[BaseModel]]:
    """Each kind with the model of its settings."""
    parts = {name: getattr(field.annotation, "__args__", ()) for name, field in Channel.model_fields.items()}
    return {
        name: part
        for name, found in parts.items()
        for part in found
        if isinstance(part, type) and issubclass(part, BaseModel)
    }


MODELS: Final = _models()
KINDS: Final = tuple(MODELS)
# What an integration cannot do without: when the environment does not have it, the integration is left out.
REQUIRED_SECRETS: Final[Mapping[str, tuple[str, ...]]] = {
    kind: tuple(field.alias or name for name, field in model.model_fields.items() if field.is_required())
    for kind, model in MODELS.items()
}


class WarRoom(Part):
    in_: Text = Field(alias="in")
    name: str = "#incident-{date}"


class MailingList(Part):
    """Mail addresses that hear together. `texts`: which of the templates they get; unset: by the list's name."""

    email: Words
    texts: tuple[Literal["initial_alert", "acknowledged", "status_update", "all_clear"], ...] = ()


def _sort_of_channel(value: Any) -> str:
    """The war room says `in`, a mailing list `email` with addresses; every other channel names an integration."""
    keys = value if isinstance(value, Mapping) else {}
    if "in" in keys or isinstance(value, WarRoom):
        return "room"
    return "list" if "email" in keys or isinstance(value, MailingList) else "channel"


AnyChannel = Annotated[
    Annotated[Channel, Tag("channel")] | Annotated[WarRoom, Tag("room")] | Annotated[MailingList, Tag("list")],
    Discriminator(_sort_of_channel),
]
