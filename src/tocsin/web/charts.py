"""
Charts as SVG, drawn on the server: no script, no style of their own, colours from the style sheet by class.

Each is an image with a text for who cannot see it, and stands beside the table of the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

WIDTH, HEIGHT = 640, 220  # units of the drawing; it is scaled to its place
LEFT, RIGHT, TOP, BOTTOM = 54, 6, 10, 26
LABELS: Final = 8  # under the axis at most: more would run into each other
STEPS: Final = (1, 2, 2.5, 5, 10)
SPANS: Final = (
    60,
    300,
    600,
    900,
    1800,
    3600,
    7200,
    14_400,
    21_600,
    43_200,
    86_400,
)  # seconds that read well on an axis


@dataclass(frozen=True, slots=True)
class Series:
    """One value for each place on the axis, None where there is none. `kind` is the class of its colour."""

    name: str
    kind: str
    values: Sequence[float | None]


def columns(title: str, labels: Sequence[str], series: Sequence[Series], word: Callable[[float], str]) -> Markup:
    """
    Columns over *labels*, several series on top of each other. *word* writes a value.

    Of 60 places every eighth or so is named; each column has all its numbers as a tooltip.
    """
    totals = [sum(one.values[i] or 0 for one in series) for i in range(len(labels))]
    ticks = ticks_of(max(totals, default=0), seconds=False)
    room, step = _places(labels)
    parts = [_axis(ticks, word)]
    for i, label in enumerate(labels):
        base = 0.0
        for one in series:
            value = one.values[i] or 0
            if value:
                top = _y(base + value, ticks[-1])
                said = f"{label}: {word(value)} {one.name}".strip()
                parts.append(
                    Markup('<rect class="c-{}" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>').format(
                        one.kind, _n(LEFT + i * step + (step - room) / 2), _n(top), _n(room),
                        _n(_y(base, ticks[-1]) - top), said,
                    )
                )  # fmt: skip
            base += value
    return _image(title, [*parts, _names(labels, step)])


def lines(title: str, labels: Sequence[str], series: Sequence[Series], word: Callable[[float], str]) -> Markup:
    """Times in seconds over *labels*: a point for each, joined where neighbours have a value both."""
    most = max((value for one in series for value in one.values if value is not None), default=0)
    ticks = ticks_of(most, seconds=True)
    _, step = _places(labels)
    parts = [_axis(ticks, word)]
    for one in series:
        points = [
            (LEFT + (i + 0.5) * step, _y(value, ticks[-1]), labels[i], value)
            for i, value in enumerate(one.values)
            if value is not None
        ]
        places = [i for i, value in enumerate(one.values) if value is not None]
        for (x1, y1, *_), (x2, y2, *_), a, b in zip(points, points[1:], places, places[1:], strict=False):
            if b == a + 1:
                parts.append(
                    Markup('<line class="l-{}" x1="{}" y1="{}" x2="{}" y2="{}"/>').format(
                        one.kind, _n(x1), _n(y1), _n(x2), _n(y2)
                    )
                )
        parts += [
            Markup('<circle class="c-{}" cx="{}" cy="{}" r="4"><title>{}</title></circle>').format(
                one.kind, _n(x), _n(y), f"{label}: {one.name} {word(value)}"
            )
            for x, y, label, value in points
        ]
    return _image(title, [*parts, _names(labels, step)])


def hours(title: str, counts: Sequence[int], night: Collection[int], most: int) -> Markup:
    """24 small columns, one for each hour, those of the night on a ground of their own; *most* is the full height."""
    width, height, step = 240, 40, 10
    parts = [
        Markup('<rect class="night" x="{}" y="0" width="{}" height="{}"/>').format(hour * step, step, height)
        for hour in range(24)
        if hour in night
    ]
    for hour, count in enumerate(counts):
        if count:
            tall = max(count / max(most, 1) * (height - 2), 1.5)
            kind = "night-page" if hour in night else "page"
            parts.append(
                Markup('<rect class="c-{}" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>').format(
                    kind, hour * step + 1, _n(height - tall), step - 2, _n(tall), f"{hour:02d}:00: {count}"
                )
            )
    return Markup(
        '<svg class="hours" viewBox="0 0 {} {}" role="img" preserveAspectRatio="none" aria-label="{}">{}</svg>'
    ).format(width, height, title, Markup("").join(parts))


def legend(series: Sequence[Series]) -> Markup:
    """The names of the series with their colours."""
    each = [
        Markup(
            '<span><svg class="key" viewBox="0 0 10 10" aria-hidden="true">'
            '<rect class="c-{}" width="10" height="10"/></svg> {}</span>'
        ).format(one.kind, one.name)
        for one in series
    ]
    return Markup('<p class="legend soft">{}</p>').format(Markup(" ").join(each))


# --------------------------------------------------------------------------------------------- parts


def ticks_of(most: float, *, seconds: bool) -> list[float]:
    """Where the axis has its lines, from 0 to at least *most*: two to seven of them at values that read well."""
    if most <= 0:
        return [0, 60 if seconds else 1]
    if seconds:
        step = next((float(span) for span in SPANS if most / span <= 5), 86_400.0)
        while most / step > 5:
            step *= 2
    else:
        power = 1.0
        while most / (power * 10) > 0.5:
            power *= 10
        step = next(power * one for one in STEPS if most / (power * one) <= 5 and (power * one).is_integer())
    count = max(-(-most // step), 1)
    return [step * i for i in range(int(count) + 1)]


def _axis(ticks: Sequence[float], word: Callable[[float], str]) -> Markup:
    parts = [
        Markup(
            '<line class="grid" x1="{}" y1="{}" x2="{}" y2="{}"/>'
            '<text class="tick" x="{}" y="{}" text-anchor="end">{}</text>'
        ).format(LEFT, y, WIDTH - RIGHT, y, LEFT - 6, _n(float(y) + 4), word(tick))
        for tick in ticks
        for y in [_n(_y(tick, ticks[-1]))]
    ]
    return Markup("").join(parts)


def _names(labels: Sequence[str], step: float) -> Markup:
    every = -(-len(labels) // LABELS) if labels else 1
    return Markup("").join(
        Markup('<text class="tick" x="{}" y="{}" text-anchor="middle">{}</text>').format(
            _n(LEFT + (i + 0.5) * step), HEIGHT - 8, label
        )
        for i, label in enumerate(labels)
        if i % every == 0
    )


def _places(labels: Sequence[str]) -> tuple[float, float]:
    step = (WIDTH - LEFT - RIGHT) / max(len(labels), 1)
    return min(step * 0.72, 44.0), step


def _y(value: float, most: float) -> float:
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / most)


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _image(title: str, parts: Sequence[Markup]) -> Markup:
    return Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        WIDTH, HEIGHT, title, Markup("").join(parts)
    )


def share(value: float, most: float) -> Markup:
    """A bar within a table's cell; the number stands beside it."""
    wide = _n(100 * value / most) if most else "0"
    return Markup(
        '<svg class="share" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="c-page" width="{}" height="10"/></svg>'
    ).format(wide)
