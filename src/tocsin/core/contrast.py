"""How well a colour stands out.   Source: WCAG 2.2, success criterion 1.4.3 and its definition of contrast ratio"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

TEXT: Final = 4.5  # the least ratio of a text of normal size to its ground, level AA
STEPS: Final = 100  # from a colour to black or white
# What the page is drawn on, in each theme: the ground, and the cards on it.
GROUNDS: Final = {"light": ("#f6f7f9", "#ffffff"), "dark": ("#101216", "#191c22")}


def ratio(one: str, other: str) -> float:
    """The contrast of two colours (`#rrggbb`): 1 for the same, 21 for black and white."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def least(colour: str, grounds: Sequence[str]) -> float:
    """The worst contrast of a colour on any of these grounds."""
    return min(ratio(colour, ground) for ground in grounds)


def readable(colour: str, grounds: Sequence[str], wanted: float = TEXT) -> str:
    """The colour itself where it reads on all *grounds*, else the nearest one towards black or white that does."""
    end = "#000000" if least("#000000", grounds) > least("#ffffff", grounds) else "#ffffff"
    steps = (_mixed(colour, end, step / STEPS) for step in range(STEPS + 1))
    return next((mixed for mixed in steps if least(mixed, grounds) >= wanted), end)


def _mixed(one: str, other: str, share: float) -> str:
    pairs = zip(_parts(one), _parts(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def _parts(colour: str) -> tuple[int, int, int]:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return red, green, blue


def _luminance(colour: str) -> float:
    shares = [part / 255 for part in _parts(colour)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
