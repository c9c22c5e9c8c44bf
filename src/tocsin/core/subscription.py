"""What subscribers to the status page are told, and which of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from tocsin.core import recur
from tocsin.core.calendar import utc_words
from tocsin.core.statuspage import STATE_WORDS, Maintenance, PublicIncident, Update

WORK_WORDS = {
    "scheduled": "is planned", "in_progress": "has begun", "completed": "is done", "cancelled": "will not take place",
}  # fmt: skip


def concerns(chosen: Collection[str], about: Collection[str]) -> bool:
    """Say whether what is *about* these components is for somebody who chose those; none means all."""
    return not chosen or not about or not set(chosen).isdisjoint(about)


def chosen_words(components: Sequence[str]) -> str:
    """What a subscription is about, in words."""
    return ", ".join(components) or "all components"


def update_words(incident: PublicIncident, update: Update, page: str) -> tuple[str, str]:
    """Subject and text of an update of a public incident, for readers of *page*."""
    lines = [_plain(update.body), "", f"Status: {update.status.capitalize()}"]
    if incident.component:
        state = next((after for name, _, after in update.changes if name == incident.component), incident.state)
        lines.append(f"{incident.component}: {STATE_WORDS[state]}")
    return f"[{page}] {incident.title}: {update.status.capitalize()}", "\n".join(lines)


def work_words(
    work: Maintenance, phase: str, page: str, repeat: str | None = None, zone: str = "UTC"
) -> tuple[str, str]:
    """Subject and text of a time of planned work that is in a *phase*, a key of WORK_WORDS; *repeat* as in a Plan."""
    lines = [_plain(work.text), ""] if work.text else []
    lines += [f"From {utc_words(work.start)} to {utc_words(work.until)}", f"On: {chosen_words(work.components)}"]
    if repeat and phase in ("scheduled", "cancelled"):
        again = recur.words(repeat)
        lines.append(f"Again: {again}, in {zone} time" if phase == "scheduled" else f"Nor again: it was {again}")
    return f"[{page}] {work.title}: the maintenance {WORK_WORDS[phase]}", "\n".join(lines)


def opt_in_words(page: str, address: str, components: Sequence[str], hours: int) -> tuple[str, str]:
    """Subject and text of the question whether a subscription is wanted."""
    text = (
        f"Somebody, probably you, asked for a message whenever something happens on {page} ({address}).\n"
        f"About: {chosen_words(components)}.\n\n"
        f"To confirm it, open the page below within {hours} hours and press its button. "
        "If it was not you, do nothing: there will be no further message."
    )
    return f"Confirm your subscription to {page}", text


def _plain(body: str) -> str:
    return body.replace("**", "").strip()
