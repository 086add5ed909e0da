"""Make the example clips of the app: words spoken by espeak-ng in some room noise, and synthesised sounds.

    python -m training.make_examples

Needs the espeak-ng program. The clips are this project's own; the models never trained on them.
"""

from __future__ import annotations

import io
import shutil
import subprocess

import numpy as np
import soundfile
import soxr

from tpexplore.checkpoints.bundled import EXAMPLES_FOLDER
from tpexplore.errors import InputError
from tpexplore.signal.decode import SAMPLE_RATE
from tpexplore.writing import write_json

from . import sounds
from .command import run_command

PEAK = 0.5
ROOM_DB = -55
"""Level of the room noise under the speech's peak; digital silence is nothing a microphone gives."""


def speak(text: str, voice: str, speed: int) -> np.ndarray:
    """Speech at 16 kHz, peak 0.5, leading and trailing silence removed."""
    call = ["espeak-ng", "-v", voice, "-s", str(speed), "--stdout", text]
    wav = subprocess.run(call, capture_output=True, check=True).stdout
    samples, rate = soundfile.read(io.BytesIO(wav), dtype="float32")
    samples = soxr.resample(samples, rate, SAMPLE_RATE)
    loud = np.flatnonzero(np.abs(samples) > 0.01 * np.abs(samples).max())
    samples = samples[loud[0] : loud[-1] + 1]
    return samples * (PEAK / np.abs(samples).max())


def in_room(parts: list[tuple[float, np.ndarray]], seconds: float, noise_db: float, seed: int) -> np.ndarray:
    """Parts placed at their start times over steady pink-ish noise."""
    rng = np.random.default_rng(seed)
    white = rng.standard_normal(round(seconds * SAMPLE_RATE))
    spectrum = np.fft.rfft(white) / np.sqrt(1 + np.arange(len(white) // 2 + 1))
    noise = np.fft.irfft(spectrum, len(white))
    out = noise * (PEAK * 10 ** (noise_db / 20) / np.abs(noise).max())
    for start, samples in parts:
        at = round(start * SAMPLE_RATE)
        out[at : at + len(samples)] += samples[: len(out) - at]
    return np.clip(out, -1, 1).astype(np.float32)


EXAMPLES = [
    ("happy", "happy", "en-us+f3", 140, ROOM_DB),
    ("zero", "zero", "en-us+m3", 140, ROOM_DB),
    ("left", "left", "en-gb+f2", 130, ROOM_DB),
    ("cat", "cat", "en-us+m7", 120, ROOM_DB),
    ("happy-noisy", "happy", "en-us+f3", 140, -14),
]


SOUNDS = [
    ("alarm-clock", sounds.alarm_clock, "clock alarm", "An alarm clock", "Beeps of an alarm clock"),
    ("sea-waves", sounds.sea_waves, "sea waves", "Sea waves", "Waves of noise, as of the sea"),
    ("crickets", sounds.crickets, "crickets", "Crickets", "Chirps as of crickets"),
]


def main() -> None:
    if not shutil.which("espeak-ng"):
        raise InputError("espeak-ng is not installed; it speaks the example clips.")
    EXAMPLES_FOLDER.mkdir(parents=True, exist_ok=True)
    listing = []

    def add(
        stem: str, task: str, label: str | None, title: str, description: str, samples: np.ndarray
    ) -> None:
        soundfile.write(EXAMPLES_FOLDER / f"{stem}.wav", samples, SAMPLE_RATE, subtype="PCM_16")
        entry = {"file": f"{stem}.wav", "task": task, "label": label}
        listing.append({**entry, "title": title, "description": description})

    for seed, (stem, word, voice, speed, noise_db) in enumerate(EXAMPLES):
        spoken = speak(word, voice, speed)
        start = max(0.05, (1 - len(spoken) / SAMPLE_RATE) / 2)
        noisy = " in loud noise" if noise_db > ROOM_DB else ""
        add(
            stem,
            "spc-12",
            word,
            f"“{word}”{noisy}",
            f"The word “{word}”{noisy}, spoken by espeak-ng ({voice}).",
            in_room([(start, spoken)], 1.0, noise_db, seed),
        )
    three = [speak(word, "en-us+m3", 130) for word in ("one", "five", "zero")]
    add(
        "one-five-zero",
        "spc-12",
        None,
        "“one … five … zero”",
        "Three words in 3.6 s, spoken by espeak-ng (en-us+m3): longer than the model's window.",
        in_room([(0.3 + 1.15 * i, word) for i, word in enumerate(three)], 3.6, ROOM_DB, 99),
    )
    for stem, make, label, title, description in SOUNDS:
        add(stem, "ESC-50", label, title, f"{description}, synthesised by this project.", make(seed=0))
    write_json(EXAMPLES_FOLDER / "examples.json", listing)


if __name__ == "__main__":
    run_command(main)
