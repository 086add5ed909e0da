"""The colours of data are seen on both pages."""

from __future__ import annotations

import numpy as np

from tpexplore.figures import style


def contrast(a: str, b: str) -> float:
    """WCAG contrast ratio of two #rrggbb colours."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))

    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def test_data_colours_are_seen_on_white_and_on_the_dark_page():
    named_colours = (style.CLIP, style.DATASET, style.PAPER, style.SOUND, style.PADDING)
    for colour in (*named_colours, *style.CLUSTER_COLOURS):
        assert contrast(colour, "#ffffff") >= 3, colour
        assert contrast(colour, "#0b0f19") >= 3, colour
