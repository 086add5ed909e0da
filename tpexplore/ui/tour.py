"""The tour of five steps: what it says, and the card that says it. tour.js moves it, tour.css draws it."""

from __future__ import annotations

import html
import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Step:
    """One step: its words, for someone who never read the paper, and selectors of what they speak of."""

    title: str
    text: str
    shows: tuple[str, ...]


STEPS = (
    Step(
        "Your sound",
        "The app has analysed this sound. Drop in your own file, record, or click an example: the controls"
        " stand beside the picture, or below it on a narrow screen.",
        ("#viewer .tp-clip", "#clip", "#examples"),
    ),
    Step(
        "What the model keeps",
        "The model reads the sound as patches of this picture. At three blocks it throws some away: warm"
        " patches are kept, cool ones are gone for good.",
        ("#viewer .tp-canvases",),
    ),
    Step(
        "Drag the keep-rate",
        "Drag this slider to the left, or press the left arrow key. More patches turn cool; the line below"
        " tells the answer and what you saved.",
        ("#viewer .tp-rate",),
    ),
    Step(
        "What it cost",
        "What did pruning do? Here are the answer before and after, the computing it saved (MACs are"
        " multiplications), and how often this model is still right.",
        (".tp-card-answer", ".tp-card-cost", ".tp-card-accuracy"),
    ),
    Step(
        "Listen, and go further",
        "Listen to only what was kept, or to what was removed. The tabs above show what attention follows,"
        " and let you remove patches yourself.",
        ("#viewer .tp-listen", "#page .tab-wrapper"),
    ),
)

BUTTON = '<button type="button" id="tour-start" class="head-button">Show me around</button>'

CARD = f"""
<section id="tour" role="dialog" aria-labelledby="tour-title" aria-describedby="tour-text" hidden
  data-corner="bottom right" data-steps="{html.escape(json.dumps([asdict(step) for step in STEPS]))}">
  <div aria-live="polite" aria-atomic="true">
    <p class="tour-count" data-tour="count"></p>
    <h2 id="tour-title" data-tour="title"></h2>
    <p id="tour-text" data-tour="text"></p>
  </div>
  <div class="tour-buttons">
    <button type="button" class="head-button" data-tour="next">Next</button>
    <button type="button" class="head-button" data-tour="back">Back</button>
    <button type="button" class="head-button" data-tour="skip">Skip the tour</button>
  </div>
</section>
"""
