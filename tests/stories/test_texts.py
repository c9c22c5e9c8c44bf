"""The runbook's texts, byte for byte, where it sends them."""

from __future__ import annotations

import email
import email.policy

from tocsin.core.events import Acknowledge, PostUpdate, Resolve

INITIAL = """\
🚨 **[P0] INCIDENT: proofi.ai answers 503 for everyone**

**Status:** Investigating
**Impact:** unknown
**Started:** 2026-11-23 09:02 UTC
**Incident Commander:** unassigned

Updates every 15 minutes."""

ACKNOWLEDGED = """\
@channel 🚨 P0 INCIDENT ACKNOWLEDGED
Issue: proofi.ai answers 503 for everyone
Impact: unknown
Investigating now."""

UPDATE = """\
📋 **INCIDENT UPDATE** - 2026-11-23 09:17 UTC

**Status:** Identified
**Summary:** A deployment lost its environment
**Next Steps:** Roll back
**ETA:** 10 minutes"""

ALL_CLEAR = """\
✅ **INCIDENT RESOLVED** - proofi.ai answers 503 for everyone

**Duration:** 1 hour 5 minutes
**Root Cause:** A deployment without its environment
**Resolution:** Rolled back
**Post-Mortem:** Scheduled for 2026-11-25

Thanks to everyone who helped! 🙏"""


def test_every_text_of_a_p0_goes_out_word_for_word(world):
    """Initial alert, acknowledged and all-clear to the alerts channel and the room; updates to room and stakeholders."""
    world.alert()
    world.wait(minutes=3)
    world.act(1, Acknowledge("martijn"))
    world.wait(minutes=12)
    world.act(
        1, PostUpdate("martijn", "identified", "A deployment lost its environment", "Roll back", "10 minutes")
    )  # fmt: skip
    world.wait(minutes=50)
    world.act(1, Resolve("martijn", "A deployment without its environment", "Rolled back"))
    world.wait(minutes=1)

    assert [INITIAL, ACKNOWLEDGED, ALL_CLEAR] == world.texts("alerts")
    assert [INITIAL, ACKNOWLEDGED, UPDATE, ALL_CLEAR] == world.room_texts()
    mails = [
        email.message_from_bytes(text.encode(), policy=email.policy.default) for text in world.texts("team@proofi.ai")
    ]
    assert [UPDATE] == [mail.get_body(("plain",)).get_content().replace("\r\n", "\n").rstrip("\n") for mail in mails]


def test_hostile_titles_go_out_as_plain_text(world):
    """Nothing in a title is read as a template, a header or mark-up."""
    title = "{commander} <img onerror=x> {{7*7}} *bold* @everyone"
    world.alert(title=title)
    world.act(1, PostUpdate("martijn", summary="Bcc: all@example.org {title}"))
    world.wait(seconds=5)

    assert f"INCIDENT: {title}**" in world.texts("alerts")[0]
    mail = email.message_from_bytes(world.texts("team@proofi.ai")[0].encode(), policy=email.policy.default)
    assert ["team@proofi.ai"] == mail.get_all("To") and mail["Bcc"] is None
    assert "**Summary:** Bcc: all@example.org {title}" in mail.get_body(("plain",)).get_content()
