"""The recordings that examples were cut from are known, and no model is trained on them."""

import numpy as np
import pytest
import soundfile
from scipy.signal import fftconvolve

from tests.shared_audio import shared
from tpexplore.checkpoints.bundled import EXAMPLES_FOLDER
from tpexplore.signal.decode import load_audio
from training.data.datasets import load_dataset
from training.data.examples import HELD_OUT, RECORDINGS

RATE = 16_000


def test_their_sources_are_held_out_of_training_in_every_piece(tmp_path):
    silence = np.zeros(RATE // 10)
    for source in (*HELD_OUT, *(f"other/{source.split('/')[1]}" for source in HELD_OUT)):
        for piece in ("-01", "-02", "-17"):
            path = tmp_path / f"{source}{piece}.wav"
            path.parent.mkdir(exist_ok=True)
            soundfile.write(path, silence, RATE)
    splits: dict[str, set[str]] = {}
    for item in load_dataset("recordings", tmp_path, frames=16).items:
        splits.setdefault(item.source, set()).add(item.split)
    assert {recording.source for recording in RECORDINGS} < HELD_OUT < set(splits)
    assert all(splits[source] == {"test"} for source in HELD_OUT)
    # Recordings of the same name in another folder are others.
    assert {"train"} in [splits[source] for source in set(splits) - HELD_OUT]


def likeness(clip: np.ndarray, piece: np.ndarray) -> float:
    """Largest correlation of any second of the shorter one anywhere in the longer one.

    Every second is tried: a clip that was cut across the border of two pieces has seconds in neither.
    """
    short, long = sorted((clip, piece), key=len)
    loudness = np.sqrt(fftconvolve(long**2, np.ones(RATE), "valid").clip(1e-9))
    seconds = short[: len(short) // RATE * RATE].reshape(-1, RATE)
    scaled = [second / (np.linalg.norm(second) + 1e-9) for second in seconds]
    return max(float(np.abs(fftconvolve(long, second[::-1], "valid") / loudness).max()) for second in scaled)


@pytest.mark.shared_data
@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda recording: recording.file)
def test_each_was_cut_from_the_source_that_is_named(recording):
    pack = shared("sounds_cc")
    pieces = [*pack.glob(f"{recording.source}.opus"), *pack.glob(f"{recording.source}-??.opus")]
    clip = load_audio(EXAMPLES_FOLDER / f"{recording.file}.flac")
    assert max(likeness(clip, load_audio(path)) for path in pieces) > 0.7
