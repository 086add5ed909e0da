"""What the page says when something fails."""

from __future__ import annotations

import html
import logging

from tpexplore.errors import InputError

from .clips import clip_name

log = logging.getLogger(__name__)


def sentence_for(error: Exception, path: str | None) -> str:
    """The sentence about an error that the page shows; one that nobody foresaw goes to the log in full."""
    if isinstance(error, InputError):
        return str(error)
    log.error("analysing %s failed", path, exc_info=error)
    return f"{clip_name(path) if path else 'This'} could not be analysed; the app's log says why."


def problem_html(sentence: str) -> str:
    """A sentence about what is wrong, which screen readers read out."""
    return f'<p class="message" role="alert">{html.escape(sentence)}</p>'
