"""Replies to a board's requests: the answer, or a sentence on why there is none."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from tpexplore.errors import InputError

log = logging.getLogger(__name__)

FORGOTTEN = "The server has forgotten this clip; please choose it again."


def reply_to(
    request: Any, answer: Callable[[dict[str, Any]], dict[str, Any]], failure: str
) -> dict[str, Any]:
    """The answer to a request, with the request's ``id``, so that the browser can match them.

    Parameters
    ----------
    request : object
        As the browser sends it, so perhaps no dict at all.
    answer : callable
        Of the request; an `InputError` becomes the reply's "problem".
    failure : str
        The "problem" for any other error, which goes to the log in full.
    """
    request = request if isinstance(request, dict) else {}
    head = {"id": request.get("id")}
    try:
        return {**head, **answer(request)}
    except InputError as error:
        return {**head, "problem": str(error)}
    except Exception:
        log.exception(failure)
        return {**head, "problem": failure}
