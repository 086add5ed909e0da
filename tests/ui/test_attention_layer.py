"""The attention that the picture shows: the one that ranks, head by head, and how it is sent to the page."""

from __future__ import annotations

import base64

import numpy as np
import pytest
import torch

from tests.example_clips import WORD_QUERY
from tests.ui.test_takeaway_button import pytestmark, request_of, seen  # noqa: F401
from tpexplore.errors import InputError
from tpexplore.study.attention import attention_by_head
from tpexplore.study.sweep import explore
from tpexplore.ui.attention_layer import STEPS, respond
from tpexplore.ui.choices import ModelChoice, cached_model
from tpexplore.ui.takeaway_button import seen_excerpt

pytest_plugins = ["tests.browser_support"]


def test_the_mean_over_heads_is_the_score_of_every_block(model, clip):
    with torch.inference_mode():
        scores = model(model.spectrogram(clip)[None], trace=True).scores[0].numpy()
    blocks = (1, 2, 7, 12)
    shares = attention_by_head(model, clip, blocks)
    assert tuple(shares) == blocks
    for block, values in shares.items():
        assert values.shape == (model.config.heads, model.config.patches)
        np.testing.assert_allclose(values.mean(0), scores[block - 1], rtol=1e-5)
        assert (values.sum(1) <= 1 + 1e-5).all()
    with pytest.raises(InputError, match="from 1 to 12"):
        attention_by_head(model, clip, (3, 13))


@pytest.mark.parametrize("blocks", ["4,7,10", "6", "1,3,5,7,9,11"])
def test_the_page_gets_what_ranks_at_the_first_block(seen, blocks):  # noqa: F811
    reply = respond(seen, request_of(blocks=blocks))
    named = [int(block) for block in blocks.split(",")]
    assert (reply["id"], reply["blocks"]) == (7, named)
    model = cached_model(seen.choice)
    highest = np.array(reply["highest"])
    shares = np.frombuffer(base64.b64decode(reply["shares"]), "<u2").reshape(*highest.shape, -1)
    assert shares.shape == (len(named), 1 + model.config.heads, model.config.patches)
    rows = shares / STEPS * highest[..., None]
    np.testing.assert_allclose(rows[:, 0], rows[:, 1:].mean(1), atol=highest.max() / STEPS)
    assert not np.allclose(rows[:, 1], rows[:, 2], atol=highest.max() / 100), "heads differ"
    samples = seen_excerpt(seen, request_of()).samples
    ranked = explore(model, samples, keep_rates=[0.5], scores=["attention"], blocks=named)
    first = ranked.points["attention"][0].scores[named[0]]
    np.testing.assert_allclose(rows[0, 0], first, atol=first.max() / STEPS)
    assert len(reply["shares"]) < 3 * len(named) * (1 + model.config.heads) * model.config.patches


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"clip": "another"}, "The clip or model has changed; please try again."),
        ({"blocks": "4,13"}, "expected ascending whole numbers from 1 to 12."),
        ({"blocks": 4}, "expected whole numbers with commas between them."),
    ],
)
def test_what_cannot_be_shown_ends_in_a_sentence(seen, changes, sentence):  # noqa: F811
    assert respond(seen, request_of(**changes))["problem"].endswith(sentence)
    assert respond(None, request_of())["problem"].startswith("The server has forgotten this clip")
    assert list(respond(None, "x")) == ["id", "problem"]


@pytest.mark.browser
def test_the_layer_is_computed_when_it_is_chosen_and_stays_in_the_address(visit):
    desk = visit(WORD_QUERY)
    page = desk.page
    assert not page.is_visible(".tp-heads")
    page.locator(".tp-colour label", has_text="Attention").click()
    page.wait_for_selector(".tp-heads", state="visible")
    heads = cached_model(ModelChoice("", "ast-spc12")).config.heads
    options = page.locator(".tp-heads option").all_inner_texts()
    assert options == ["Mean of heads", *(f"Head {number}" for number in range(1, heads + 1))]
    page.select_option(".tp-heads", "2")
    page.wait_for_function("new URLSearchParams(location.search).get('head') === '2'")
    page.focus(".tp-picture")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.querySelector('.tp').innerText.includes('Attention, head 2, block')")
    assert "times the mean" in page.inner_text(".tp")
    desk.reload()
    page.wait_for_selector(".tp-heads", state="visible", timeout=60_000)
    assert page.input_value(".tp-heads") == "2"
    assert page.is_checked(".tp-colour input[value=attention]")
    assert desk.errors == []
