"""The button that asks what each part says alone, from the server's side."""

import pytest

from tests.ui.test_takeaway_button import pytestmark, request_of, seen  # noqa: F401
from tpexplore.ui.faithfulness_button import DRAWS, respond


@pytest.mark.parametrize(
    ("method", "score"), [("drop", "intensity"), ("fuse", "random"), ("merge", "attention")]
)
def test_both_parts_are_named_with_their_probability(seen, method, score):  # noqa: F811
    reply = respond(seen, request_of(method=method, score=score))
    assert reply["id"] == 7 and "problem" not in reply
    for part in ("whole", "kept", "removed"):
        assert reply[part]["answer"] and 0 < reply[part]["probability"] <= 1
    assert reply["random"]["draws"] == DRAWS and 0 <= reply["random"]["same"] <= DRAWS


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"keep_rate": 1}, "At keep-rate 100 % nothing is removed."),
        ({"clip": "another"}, "The clip or model has changed; please try again."),
        ({"method": "melt"}, "Method 'melt' is unknown; expected one of drop, fuse, merge."),
        ({"method": "merge"}, "Leave the score at 'attention'."),
    ],
)
def test_what_cannot_be_heard_ends_in_a_sentence(seen, changes, sentence):  # noqa: F811
    assert respond(seen, request_of(**changes))["problem"].endswith(sentence)
    assert respond(None, request_of())["problem"].startswith("The server has forgotten this clip")
