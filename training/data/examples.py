"""The app's example clips: published recordings, and words spoken by espeak-ng in some room noise."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
import soundfile
import soxr

from tpexplore.checkpoints.bundled import EXAMPLES_FOLDER
from tpexplore.errors import InputError
from tpexplore.signal.decode import SAMPLE_RATE
from tpexplore.writing import write_bytes
from training.data.programs import run_program

PEAK, LOUD = 0.5, 0.8
"""Highest sample of spoken and of recorded examples."""
ROOM_DB = -55
"""Level of the room noise relative to the speech's peak: no microphone gives digital silence."""


def speak(text: str, voice: str, speed: int) -> np.ndarray:
    """Speech at 16 kHz, peak 0.5, leading and trailing silence removed.

    Raises
    ------
    InputError
        If espeak-ng fails, or gives silence.
    """
    wav = run_program(["espeak-ng", "-v", voice, "-s", str(speed), "--stdout", text]).stdout
    samples, rate = _read(io.BytesIO(wav), f"what espeak-ng ({voice}) made of “{text}”")
    samples = soxr.resample(samples, rate, SAMPLE_RATE)
    loud = np.flatnonzero(np.abs(samples) > 0.01 * np.abs(samples).max())
    samples = samples[loud[0] : loud[-1] + 1]
    return samples * (PEAK / np.abs(samples).max())


def _read(file: Path | BinaryIO, name: str) -> tuple[np.ndarray, int]:
    """Samples and sample rate; InputError if the file is unreadable or silent."""
    try:
        samples, rate = soundfile.read(file, dtype="float32")
    except soundfile.LibsndfileError as error:
        raise InputError(f"{name} cannot be read: {error.error_string}") from error
    if not samples.any():
        raise InputError(f"{name} is silent.")
    return samples, rate


def in_room(parts: list[tuple[float, np.ndarray]], seconds: float, noise_db: float, seed: int) -> np.ndarray:
    """Parts placed at their start times over steady, roughly pink noise."""
    rng = np.random.default_rng(seed)
    white = rng.standard_normal(round(seconds * SAMPLE_RATE))
    spectrum = np.fft.rfft(white) / np.sqrt(1 + np.arange(len(white) // 2 + 1))
    noise = np.fft.irfft(spectrum, len(white))
    out = noise * (PEAK * 10 ** (noise_db / 20) / np.abs(noise).max())
    for start, samples in parts:
        at = round(start * SAMPLE_RATE)
        out[at : at + len(samples)] += samples[: len(out) - at]
    return np.clip(out, -1, 1).astype(np.float32)


WORDS = [
    ("happy", "happy", "en-us+f3", 140, ROOM_DB),
    ("zero", "zero", "en-us+m3", 140, ROOM_DB),
    ("left", "left", "en-gb+f2", 130, ROOM_DB),
    ("cat", "cat", "en-us+m7", 120, ROOM_DB),
    ("happy-noisy", "happy", "en-us+f3", 140, -14),
]
"""File, word, voice, speed and noise of the spoken examples."""

BERKLEE = "OLPC Sound Library, recorded at Berklee College of Music, CC BY 3.0"
LUFTRUM = "Luftrum, Freesound 48412, as edited for the Blanket app, CC BY"


class RecordedExample(NamedTuple):
    """A recorded example.

    Attributes
    ----------
    labels : dict of task -> right answers
        Best first.
    authors : str
        With licence.
    source : str
        What it was cut from, as `training.features recordings` names recordings: "folder/name".
    """

    file: str
    title: str
    labels: dict[str, tuple[str, ...]]
    authors: str
    source: str


RECORDINGS = [
    RecordedExample(
        "thunder",
        "Thunder",
        {"AudioSet": ("Thunder", "Thunderstorm"), "ESC-50": ("thunderstorm",)},
        BERKLEE,
        "berklee/thunder2",
    ),
    RecordedExample(
        "birds-in-a-park",
        "Birds in a park",
        {"AudioSet": ("Bird", "Chirp, tweet")},
        BERKLEE,
        "berklee/birds_in_a_park",
    ),
    RecordedExample(
        "waves",
        "Waves",
        {"AudioSet": ("Waves, surf", "Ocean"), "ESC-50": ("sea waves",)},
        LUFTRUM,
        "blanket/waves",
    ),
    RecordedExample(
        "applause", "Applause", {"AudioSet": ("Applause", "Clapping")}, BERKLEE, "berklee/crowd2"
    ),
    RecordedExample(
        "train-passing",
        "A train passing",
        {"AudioSet": ("Train", "Rail transport", "Vehicle")},
        BERKLEE,
        "berklee/train_passing_2",
    ),
    RecordedExample(
        "sitar", "A sitar", {"AudioSet": ("Sitar", "Musical instrument", "Music")}, BERKLEE, "berklee/sitar3"
    ),
    RecordedExample(
        "guitar-chord",
        "A guitar chord",
        {"AudioSet": ("Guitar", "Musical instrument", "Music")},
        BERKLEE,
        "berklee/guitar_chord4",
    ),
    RecordedExample("footsteps", "Footsteps", {"ESC-50": ("footsteps",)}, BERKLEE, "berklee/walking_1"),
    RecordedExample("sawing", "Sawing", {"ESC-50": ("hand saw",)}, BERKLEE, "berklee/sawing1"),
]
"""The recorded examples.

The AudioSet models lack the classes of the last two; for those, the page uses an ESC-50 model.
"""

SPARE_SOURCES = ("berklee/old_phone1", "berklee/water_in_sink1")
"""Sources of further recordings that may be shipped."""
HELD_OUT = frozenset((*(recording.source for recording in RECORDINGS), *SPARE_SOURCES))
"""Recordings that no model may be trained on, so that examples are new to it."""


class Listing:
    """The example clips, written one by one, and their list."""

    def __init__(self):
        self.entries: list[dict] = []

    def add(
        self, file: str, labels: dict[str, Sequence[str]], title: str, description: str, samples: np.ndarray
    ) -> None:
        encoded = io.BytesIO()
        soundfile.write(encoded, samples, SAMPLE_RATE, subtype="PCM_16", format=Path(file).suffix[1:])
        write_bytes(EXAMPLES_FOLDER / file, encoded.getvalue())
        named = {task: list(right) for task, right in labels.items()}
        self.entries.append({"file": file, "labels": named, "title": title, "description": description})


def add_recordings(listing: Listing, folder: Path) -> None:
    """Convert the recordings to 16 kHz and adjust their level, nothing else."""
    for recording in RECORDINGS:
        path = folder / f"{recording.file}.flac"
        if not path.is_file():
            raise InputError(
                f"{path} is missing; expected the recordings named in training/data/examples.py."
            )
        samples, rate = _read(path, str(path))
        samples = soxr.resample(samples - samples.mean(), rate, SAMPLE_RATE)
        listing.add(
            path.name,
            recording.labels,
            recording.title,
            f"{recording.authors}.",
            samples * (LOUD / np.abs(samples).max()),
        )


def add_words(listing: Listing) -> None:
    for seed, (stem, word, voice, speed, noise_db) in enumerate(WORDS):
        spoken = speak(word, voice, speed)
        start = max(0.05, (1 - len(spoken) / SAMPLE_RATE) / 2)
        noisy = " in loud noise" if noise_db > ROOM_DB else ""
        listing.add(
            f"{stem}.wav",
            {"spc-12": [word]},
            f"“{word}”{noisy}",
            f"The word “{word}”{noisy}, spoken by espeak-ng ({voice}).",
            in_room([(start, spoken)], 1.0, noise_db, seed),
        )
    three = [speak(word, "en-us+m3", 130) for word in ("one", "five", "zero")]
    listing.add(
        "one-five-zero.wav",
        {"spc-12": []},
        "“one … five … zero”",
        "Three words in 3.6 s, spoken by espeak-ng (en-us+m3): longer than the model's window.",
        in_room([(0.3 + 1.15 * i, word) for i, word in enumerate(three)], 3.6, ROOM_DB, 99),
    )
