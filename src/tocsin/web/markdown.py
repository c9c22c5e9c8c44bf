"""Markdown as HTML that is safe to show: no HTML of its own, links to the web, mail and this site only, no pictures."""

from __future__ import annotations

import re
from typing import Final

from markdown_it import MarkdownIt
from markupsafe import Markup

_LINK: Final = re.compile(r"(?:https?://|mailto:|/(?!/)|#)[^\s]*", re.IGNORECASE)
_NESTING: Final = 20  # of lists and quotations: more is no document, and slow


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "linkify": False, "maxNesting": _NESTING})
    parser.enable("table").disable(["image", "html_block", "html_inline"])
    parser.validateLink = _is_safe  # type: ignore[method-assign]
    return parser


def _is_safe(url: str) -> bool:
    return bool(_LINK.fullmatch(url.strip()))


_PARSER: Final = _parser()


def html(text: str) -> Markup:
    """Write a text as HTML. What is no mark-up that is known stands there as it was typed."""
    made = _PARSER.render(text).replace("<table>", '<div class="scroll"><table>').replace("</table>", "</table></div>")
    return Markup(made)  # noqa: S704 - every text in it is escaped by the parser, which lets no HTML through
