"""The colours of data are seen on both pages."""

from __future__ import annotations

import numpy as np

from tpexplore.figures import style

# Machado, Oliveira and Fernandes (2009), complete; of linear sRGB.
BLINDNESS = {
    "none": np.eye(3),
    "red": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "green": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "blue": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
SEEN_APART = 0.06
"""In OKLab; 0.02 is just noticeable side by side."""
CARDS = ("#f8fafc", "#1e293b")


def linear(colour: str) -> np.ndarray:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return np.array([p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts])


def luminance(colour: str) -> float:
    return float(linear(colour) @ (0.2126, 0.7152, 0.0722))


def contrast(a: str, b: str) -> float:
    """WCAG contrast ratio of two #rrggbb colours."""
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def oklab(rgb: np.ndarray) -> np.ndarray:
    cones = [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
    mixed = [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
    return np.array(mixed) @ np.cbrt(np.array(cones) @ rgb)


def test_data_colours_are_seen_on_white_and_on_the_dark_page():
    named_colours = (style.CLIP, style.DATASET, style.PAPER, style.SOUND, style.PADDING)
    for colour in (*named_colours, *style.CLUSTER_COLOURS):
        assert contrast(colour, "#ffffff") >= 3, colour
        assert contrast(colour, "#0b0f19") >= 3, colour


def test_clusters_are_seen_on_cards_and_keep_their_order_for_every_eye():
    for colour in style.CLUSTER_COLOURS:
        assert all(contrast(colour, card) >= 3 for card in CARDS), colour
    for pair in zip(style.CLUSTER_COLOURS, style.CLUSTER_INKS, strict=True):
        assert contrast(*pair) >= 4.5, pair
    lights = [luminance(colour) for colour in style.CLUSTER_COLOURS]
    assert lights == sorted(lights)
    for kind, matrix in BLINDNESS.items():
        seen = [oklab(np.clip(np.array(matrix) @ linear(colour), 0, 1)) for colour in style.CLUSTER_COLOURS]
        apart = np.linalg.norm(np.diff(seen, axis=0), axis=1)
        assert apart.min() >= SEEN_APART, (kind, apart)
        if kind != "blue":  # for whom blue to yellow is no scale; lightness is
            assert (np.diff(seen, axis=0)[:, 2] > 0).all(), kind
