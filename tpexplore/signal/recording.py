"""A long recording cut into windows, one after the other, in bounded memory."""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np

from tpexplore.errors import InputError
from tpexplore.signal.checks import check_seconds
from tpexplore.signal.decode import ANALYSIS_WINDOW, HOP, SAMPLE_RATE, read_clip

# Seconds decoded at once: reopening the file for every window would take longer than decoding.
_PIECE_SECONDS = 120.0


def read_windows(
    path: str | os.PathLike[str], seconds: float, hop: float | None = None
) -> Iterator[tuple[float, np.ndarray]]:
    """Windows of a file, from its beginning to its end.

    Parameters
    ----------
    path : str or os.PathLike
    seconds : float
        Length of a window.
    hop : float, optional
        Seconds from one window's beginning to the next one's; by default they lie side by side.

    Yields
    ------
    start : float
        Seconds from the beginning of the file.
    samples : (n,) float32
        Mono, 16 kHz; the last ones are shorter, but no less than 25 ms.

    Raises
    ------
    InputError
        If the file cannot be used, on the way too, or the window or the hop is less than 10 ms.

    Examples
    --------
    >>> import soundfile, tempfile
    >>> path = tempfile.mkdtemp() + "/long.wav"
    >>> soundfile.write(path, np.full(16_000 * 5, 0.1), 16_000)
    >>> [(start, len(samples)) for start, samples in read_windows(path, 2.0)]
    [(0.0, 32000), (2.0, 32000), (4.0, 16000)]
    """
    seconds = check_seconds(seconds, "The window")
    hop = seconds if hop is None else check_seconds(hop, "The hop")
    if hop < HOP / SAMPLE_RATE:
        raise InputError(f"The hop is {hop} s; expected at least {HOP / SAMPLE_RATE:g} s.")
    if seconds < HOP / SAMPLE_RATE:
        raise InputError(f"The window is {seconds} s; expected at least {HOP / SAMPLE_RATE:g} s.")
    length, in_piece = round(seconds * SAMPLE_RATE), max(1, int(_PIECE_SECONDS / hop))
    # With enough of what follows to know whether there is another window.
    piece_seconds = max((in_piece - 1) * hop + seconds, in_piece * hop + 2 * ANALYSIS_WINDOW / SAMPLE_RATE)
    index = 0
    while True:
        samples = read_clip(path, offset=index * hop, duration=piece_seconds).samples
        for place in range(in_piece):
            first = round(place * hop * SAMPLE_RATE)
            window = samples[first : first + length]
            if len(window) < ANALYSIS_WINDOW:
                return
            yield (index + place) * hop, window
        if len(samples) < round(in_piece * hop * SAMPLE_RATE) + ANALYSIS_WINDOW:
            return
        index += in_piece
