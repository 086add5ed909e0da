"""What the page says when something fails."""

from __future__ import annotations

import html
import logging

from tpexplore.errors import InputError

from .clips import clip_name

log = logging.getLogger(__name__)


def sentence_for(error: Exception, path: str | None) -> str:
    """The page's sentence about an error; an unexpected error is also logged in full."""
    if isinstance(error, InputError):
        return str(error)
    log.error("analysing %s failed", path, exc_info=error)
    return f"{clip_name(path) if path else 'This'} could not be analysed; the app's log says why."


def problem_html(sentence: str) -> str:
    """A sentence about a problem, announced by screen readers."""
    return f'<p class="message" role="alert">{html.escape(sentence)}</p>'
