"""Unlabelled training sounds made by programs: instruments by fluidsynth, voices by espeak-ng."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import soundfile
from mido import Message, MetaMessage, MidiFile, MidiTrack, bpm2tempo

from tpexplore.checkpoints.labels import audioset_labels
from tpexplore.errors import InputError
from tpexplore.signal.decode import SAMPLE_RATE
from training.data.clip_files import levelled
from training.data.examples import in_room, speak
from training.data.programs import last_line, run_program

SOUNDFONT = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")
"""Path of Debian's fluid-soundfont-gm (MIT)."""
SECONDS = 10.0
TICKS = 480
"""Per beat."""
DRUMS = 9
"""General MIDI's percussion channel, where every key is a different instrument."""
DRUM_KEYS = (35, 38, 42, 46, 49, 51, 54, 56, 60, 63, 70, 75, 80)
SCALES = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10), (0, 2, 4, 7, 9))
"""Major, minor and pentatonic, in semitones."""
LOWEST_KEY, HIGHEST_KEY = 36, 84
LANGUAGES = ("en-us", "en-gb", "de", "fr", "es", "it", "pt", "pl", "sv", "tr")
VOICES = (*(f"m{number}" for number in range(1, 8)), *(f"f{number}" for number in range(1, 5)))


def draw_music(rng: np.random.Generator) -> MidiFile:
    """Ten seconds of up to three instruments with notes of one scale, some with drums, or drums alone."""
    score = MidiFile(ticks_per_beat=TICKS)
    beats_per_minute = rng.uniform(60, 180)
    beats = SECONDS * beats_per_minute / 60
    score.tracks.append(MidiTrack([MetaMessage("set_tempo", tempo=bpm2tempo(beats_per_minute))]))
    drums = rng.random() < 0.3
    instruments = rng.integers(0 if drums else 1, 4)
    scale, root = SCALES[rng.integers(len(SCALES))], int(rng.integers(12))
    keys = [key for key in range(LOWEST_KEY, HIGHEST_KEY) if (key - root) % 12 in scale]
    for channel in range(instruments):
        program = Message("program_change", channel=channel, program=int(rng.integers(128)))
        centre = int(rng.integers(7, len(keys) - 7))
        near = keys[centre - 7 : centre + 8]
        score.tracks.append(MidiTrack([program, *_notes(rng, channel, near, beats)]))
    if drums:
        score.tracks.append(MidiTrack(_notes(rng, DRUMS, DRUM_KEYS, beats)))
    return score


def _notes(rng: np.random.Generator, channel: int, keys: Sequence[int], beats: float) -> list[Message]:
    """Notes and chords one after another until the time is over, in delta times."""
    length = float(rng.choice((0.25, 0.5, 1, 2)))
    chord = 1 if rng.random() < 0.6 else int(rng.integers(2, 4))
    events, at = [], float(rng.uniform(0, 1))
    while at < beats:
        step = length * float(rng.choice((0.5, 1, 1, 2)))
        if rng.random() < 0.85:  # else a rest
            for key in rng.choice(keys, size=chord, replace=False):
                loud = int(rng.integers(50, 121))
                events.append((at, "note_on", int(key), loud))
                events.append((at + 0.9 * step, "note_off", int(key), 0))
        at += step
    messages, before = [], 0
    for when, kind, key, loud in sorted(events):
        tick = round(when * TICKS)
        messages.append(Message(kind, channel=channel, note=key, velocity=loud, time=tick - before))
        before = tick
    return messages


def render_music(rng: np.random.Generator, soundfont: Path) -> np.ndarray:
    """A clip of music as samples at 16 kHz.

    Raises
    ------
    InputError
        If fluidsynth fails, with its own message.
    """
    with TemporaryDirectory() as folder:
        score, wav = Path(folder) / "score.mid", Path(folder) / "sound.wav"
        draw_music(rng).save(score)
        call = ["fluidsynth", "-ni", "-q", "-r", str(SAMPLE_RATE), "-F", str(wav), str(soundfont), str(score)]
        done = run_program(call)
        # For a soundfont that it cannot read, it prints an error and uses another.
        if b"error" in done.stderr or not wav.exists():
            raise InputError(f"fluidsynth made no sound of {soundfont}: {last_line(done)}")
        samples = soundfile.read(wav, dtype="float32", always_2d=True)[0].mean(1)
    return levelled(rng, samples[: round(SECONDS * SAMPLE_RATE)])


def render_voice(rng: np.random.Generator) -> np.ndarray:
    """A clip of speech as samples at 16 kHz: names of AudioSet's tags, by one voice in some room noise."""
    voice = f"{rng.choice(LANGUAGES)}+{rng.choice(VOICES)}"
    parts, at = [], float(rng.uniform(0, 1))
    while at < SECONDS - 1:
        spoken = speak(str(rng.choice(audioset_labels())), voice, int(rng.integers(100, 221)))
        parts.append((at, spoken))
        at += len(spoken) / SAMPLE_RATE + float(rng.uniform(0.1, 1.5))
    return levelled(rng, in_room(parts, SECONDS, float(rng.uniform(-60, -20)), int(rng.integers(2**31))))
