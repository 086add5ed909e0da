"""The tour of five steps: its texts and its card. tour.js moves the card, tour.css styles it."""

from __future__ import annotations

import html
import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Step:
    """One step: its text, for someone who has not read the paper, and selectors of what it explains."""

    title: str
    text: str
    shows: tuple[str, ...]


STEPS = (
    Step(
        "Your sound",
        "This sound was analysed. Drop a file anywhere on the page, browse, record, or choose an example.",
        ("#sound", "#examples"),
    ),
    Step(
        "The answer",
        "What the model answers although it ignores most of the sound, and how much computing that saves."
        " Beside it: before and after.",
        ("#viewer .tp-head",),
    ),
    Step(
        "Drag the keep-rate",
        "Drag this slider to the left. The model then ignores more of the sound. A mark ▲ shows where the"
        " answer changes.",
        ("#viewer .tp-rate",),
    ),
    Step(
        "What the model keeps",
        "Time runs to the right, pitch upwards. Patches in colour are kept, grey ones are ignored for good."
        " Click one for details.",
        ("#viewer .tp-canvases",),
    ),
    Step(
        "Listen, and go further",
        "Listen to only what was kept, or to what was removed. The tabs above answer more: why these patches,"
        " and what happens without them.",
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
