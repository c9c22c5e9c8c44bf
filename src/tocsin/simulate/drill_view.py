"""What a drill looks like in a terminal: one picture that is drawn again, or plain lines where nobody can see one."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from tocsin.core.sentences import sentence
from tocsin.simulate.score import Gap, Score, Seen, instant

LAST: Final = 8  # events that are shown
QUIET: Final = frozenset({"duty_done", "page_moot", "finding_added", "message_seen", "paged"})
STATES: Final = {"requested": "waits", "moot": "not needed any more"}  # of a page, in words
COLOURS: Final[Mapping[str, str]] = {
    "kept": "green", "done": "green", "missed": "bold red", "due": "yellow", "waiting": "dim", "open": "dim",
    "acknowledged": "green", "failed": "bold red", "requested": "yellow", "sent": "yellow", "delivered": "yellow",
}  # fmt: skip


def clocked(span: timedelta) -> str:
    """T+mm:ss of an incident; minutes go on past 99."""
    seconds = max(int(span.total_seconds()), 0)
    return f"T+{seconds // 60:02d}:{seconds % 60:02d}"


class View:
    """The live picture. With `plain`, or where no terminal is, a line for each thing that happens."""

    def __init__(self, console: Console, *, plain: bool = False) -> None:
        self.console = console
        self.plain = plain or not console.is_terminal
        self.where = ""
        self._live: Live | None = None
        self._told = 0  # the last entry of the timeline that has its line
        self._said: deque[tuple[datetime, str]] = deque(maxlen=LAST)
        self._seen: tuple[Seen, datetime] | None = None

    def __enter__(self) -> View:
        if not self.plain:
            self._live = Live(console=self.console, auto_refresh=False, transient=True, vertical_overflow="crop")
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def begins(self, title: str, where: str = "") -> None:
        """Say what is practised, and where it can be watched."""
        self.where = where
        self.console.print(Text(f"DRILL: {title}", style="bold"), soft_wrap=True)
        if where:
            self.console.print(Text(f"watch it (signs in once): {where}"), soft_wrap=True)

    def looked(self, seen: Seen, now: datetime) -> None:
        """Show how it stands now."""
        self._seen = seen, now
        if self._live:
            self._live.update(picture(seen, now, self._said, self.console.width), refresh=True)
        else:
            self._tell(seen)

    def said(self, at: datetime, text: str) -> None:
        """Keep what somebody did."""
        if not self.plain:
            self._said.append((at, text))

    def _tell(self, seen: Seen) -> None:
        begun = instant(seen.incident["declared_at"])
        for entry in seen.timeline:
            at = instant(entry["at"])
            if entry["seq"] <= self._told or at is None or begun is None:
                continue
            self._told = entry["seq"]
            if entry["kind"] not in QUIET or entry["kind"] == "paged":
                self.console.print(Text(f"DRILL {clocked(at - begun)}  {said(entry, seen)}"), soft_wrap=True)


def said(entry: Mapping[str, Any], seen: Seen) -> str:
    """One entry of the timeline as a sentence."""
    return sentence(entry["kind"], entry["actor"], entry["data"], seen.names)


def picture(seen: Seen, now: datetime, acts: Iterable[tuple[datetime, str]], width: int) -> RenderableType:
    """The whole picture: head, who is paged, duties, and what happened last."""
    incident, begun = seen.incident, instant(seen.incident["declared_at"]) or now
    head = Text.assemble(
        (" DRILL ", "bold white on red"), " ", (f"{incident['severity']} ", "bold"), (incident["title"], "bold"), "\n",
        (clocked(now - begun), "bold cyan"), f"  {incident['id']}  {incident['status']}  ",
        f"led by {seen.name(incident['commander'])}" if incident["commander"] else "nobody leads",
    )  # fmt: skip
    wide = width >= 100
    tables = [_pages(seen, begun), _duties(seen, now)]
    middle: RenderableType = Group(tables[0], Text(), tables[1])
    if wide:
        side = Table.grid(padding=(0, 3), expand=True)
        side.add_column(ratio=1)
        side.add_column(ratio=1)
        side.add_row(*tables)
        middle = side
    return Panel(
        Group(head, Text(), middle, Text(), _last(seen, begun, acts)), title="tocsin drill", border_style="red"
    )


def _pages(seen: Seen, begun: datetime) -> Table:
    table = Table(box=None, pad_edge=False, title="Paged", title_justify="left", title_style="bold")
    for column in ("who", "by", "state"):
        table.add_column(column, header_style="dim", no_wrap=True)
    for page in seen.pages[-8:]:
        at = instant(page["requested_at"]) or begun
        ways = ", ".join(dict.fromkeys(
            f"{a['via']}{'' if a['verdict'] == 'delivered' else ' ✗'}" for a in page["attempts"]
        ))  # fmt: skip
        state = Text(STATES.get(page["state"], page["state"]), style=COLOURS.get(page["state"], "dim"))
        table.add_row(f"{clocked(at - begun)} {seen.name(page['person'])}", ways or "-", state)
    if not seen.pages:
        table.add_row("nobody", "", "")
    return table


def _duties(seen: Seen, now: datetime) -> Table:
    table = Table(box=None, pad_edge=False, title="Duties", title_justify="left", title_style="bold")
    table.add_column("duty", header_style="dim", overflow="ellipsis", no_wrap=True)
    table.add_column("state", header_style="dim", no_wrap=True)
    table.add_column("left", header_style="dim", justify="right", no_wrap=True)
    for duty in seen.incident["duties"]:
        due = instant(duty["due_at"])
        state, left = duty["state"], ""
        if duty["rounds_missed"]:
            state = f"{state}, {duty['rounds_missed']} missed"
        if due and duty["state"] == "due":
            left = _left(due - now)
        table.add_row(duty["title"], Text(state, style=COLOURS.get(state.split(",")[0], "")), left)
    return table


def _left(span: timedelta) -> str:
    seconds = int(abs(span.total_seconds()))
    days = f"{seconds // 86_400}d " if seconds >= 86_400 else ""
    return f"{'-' if span < timedelta(0) else ''}{days}{seconds // 60 % 1440}:{seconds % 60:02d}"


def _last(seen: Seen, begun: datetime, acts: Iterable[tuple[datetime, str]]) -> RenderableType:
    entries = [(instant(e["at"]) or begun, said(e, seen)) for e in seen.timeline if e["kind"] not in QUIET]
    alerts = [(at, text) for at, text in acts if text.startswith("an alert") or "did not happen" in text]
    lines = sorted([*entries, *alerts], key=lambda one: one[0])[-LAST:]
    text = Text("\n").join(
        Text.assemble((clocked(at - begun), "cyan"), f"  {' '.join(line.split())}", no_wrap=True, overflow="ellipsis")
        for at, line in lines
    )
    text.no_wrap, text.overflow = True, "ellipsis"
    return text


# --------------------------------------------------------------------------------------------- the score


def report(found: Score) -> Iterable[Text]:
    """The score, line by line, for somebody who sees one for the first time."""
    kept, missed = found.having("kept"), found.having("missed")
    yield Text(f"DRILL {found.incident} ({found.severity}) is over: {found.title}", style="bold")
    yield Text()
    counted = f"{len(kept)} of {len(kept) + len(missed)} duties kept"
    yield Text(counted, style="green" if not missed else "yellow")
    for duty in found.duties:
        sign = {"kept": "✓", "missed": "✗"}.get(duty.result, "·")
        style = COLOURS[duty.result]
        yield Text.assemble((f"  {sign} {duty.title}", style), (f"  {duty.text}", "dim"))
    yield Text()
    yield Text(f"acknowledged: {_answer(found)}")
    if found.first_update_after is not None:
        yield Text(f"first update: {clocked(timedelta(seconds=found.first_update_after))}")
    if found.gaps:
        yield Text()
        yield Text(f"{len(found.gaps)} {'gap' if len(found.gaps) == 1 else 'gaps'} found, and what to change next:")
        for gap in found.gaps:
            yield from _gap(gap)
    else:
        yield Text("no gap was found", style="green")
    if found.lesson:
        yield Text()
        yield Text(f"What this drill teaches: {' '.join(found.lesson.split())}")


def _answer(found: Score) -> str:
    if found.acknowledged_after is None:
        return "by nobody"
    at = clocked(timedelta(seconds=found.acknowledged_after))
    limit = (
        f", respond_within is {clocked(timedelta(seconds=found.respond_within))[2:]}" if found.respond_within else ""
    )
    return f"{at} by {found.acknowledged_by}{limit}"


def _gap(gap: Gap) -> Iterable[Text]:
    yield Text.assemble(("  ! ", "bold yellow"), gap.text)
    yield Text.assemble(("    → ", "cyan"), gap.next, (f"  ({gap.key})", "dim"))
