"""What a channel of the runbook may say, kind by kind."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from tocsin import plugins
from tocsin.core.runbook_channels import KINDS, REQUIRED_SECRETS, Channel

TRANSPORTS = plugins.load().transports
LEAST = {
    "telegram": {"bot_token": "1:x"},
    "twilio": {"account_sid": "AC1", "auth_token": "x", "from": "+15550100000"},
    "smtp": {"host": "mail.example.org", "from": "incidents@example.org"},
    "slack": {"bot_token": "xoxb-x"},
    "discord": {"url": "https://discord.com/api/webhooks/1/x"},
    "teams": {"url": "https://example.org/workflow"},
    "mattermost": {"url": "https://chat.example.org/hooks/x"},
    "apprise": {"url": "json://example.org"},
    "webpush": {"contact": "ops@example.org"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_takes_what_it_needs_and_gives_it_to_its_integration(kind):
    channel = Channel.model_validate({kind: LEAST.get(kind, {})})

    assert kind == channel.kind
    assert LEAST.get(kind, {}).items() <= channel.settings.items()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if REQUIRED_SECRETS.get(kind)])
def test_a_kind_is_refused_without_what_it_cannot_do_without(kind):
    for name in REQUIRED_SECRETS[kind]:
        less = {key: value for key, value in LEAST[kind].items() if key != name}
        with pytest.raises(ValidationError) as error:
            Channel.model_validate({kind: less})
        assert [name] == [fault["loc"][-1] for fault in error.value.errors()]


@pytest.mark.parametrize("given", [{}, {"console": {}, "ntfy": {}}])
def test_a_channel_is_one_integration(given):
    with pytest.raises(ValidationError, match="exactly one of telegram, twilio"):
        Channel.model_validate(given)


@pytest.mark.parametrize("kind", sorted(set(TRANSPORTS) & set(REQUIRED_SECRETS)))
def test_model_and_transport_name_the_same_settings(kind):
    """A setting that only one of the two knows could be written and never read, or read and never written."""
    fields = {field.name for field in TRANSPORTS[kind].fields}
    needed = {field.name for field in TRANSPORTS[kind].fields if field.required}

    assert fields == Channel.model_validate({kind: LEAST.get(kind, {})}).settings.keys()
    assert needed == set(REQUIRED_SECRETS[kind])
