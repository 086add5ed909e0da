"""DSPSpeech-20: who speaks, recognised by words that were not in training."""

from __future__ import annotations

import random
from pathlib import Path

from tpexplore.errors import InputError
from training.data.datasets.base import Dataset, Item, audio_files

TEST_WORDS, VALID_WORDS = 4, 2
"""The words with the highest numbers are for testing, those before them for validation."""

JOINED = 3
"""Two-second takes joined into one utterance, which is cut to 512 frames (5.1 s)."""

TRAIN_PASSES = 4
"""How often each training take is used, joined with other takes every time."""


def dspspeech20(root: Path) -> Dataset:
    """Takes of one speaker joined into utterances of 5 s; test words are not in training.

    No take of a test or validation word is in two utterances, so utterances are independent.
    """
    speakers = sorted(p.name for p in root.iterdir() if p.is_dir() and not p.name.startswith("."))
    takes = {speaker: audio_files(root / speaker) for speaker in speakers}
    words = sorted({_word(path) for paths in takes.values() for path in paths})
    if len(words) <= TEST_WORDS + VALID_WORDS:
        raise InputError(
            f"{root} holds {len(words)} words; expected more than {TEST_WORDS} for testing and"
            f" {VALID_WORDS} for validation."
        )
    split_of = dict.fromkeys(words, "train")
    split_of |= dict.fromkeys(words[-TEST_WORDS - VALID_WORDS :], "valid")
    split_of |= dict.fromkeys(words[-TEST_WORDS:], "test")
    items = []
    for label, speaker in enumerate(speakers):
        shuffle = random.Random(speaker).shuffle
        for split, passes in (("train", TRAIN_PASSES), ("valid", 1), ("test", 1)):
            paths = [path for path in takes[speaker] if split_of[_word(path)] == split]
            for _ in range(passes):
                shuffle(paths)
                for at in range(0, len(paths) - JOINED + 1, JOINED):
                    items.append(Item(tuple(paths[at : at + JOINED]), (label,), split, f"{split} words"))
    return Dataset(
        name="speaker34",
        task=f"DSPSpeech-20, {len(speakers)} speakers",
        split=f"unseen words ({', '.join(words[-TEST_WORDS:])})",
        labels=tuple(speakers),
        frames=512,
        items=tuple(items),
        attribution="DSPSpeech-20, MIT licence; one recording set-up a speaker, so a model may partly"
        " tell the channel",
    )


def _word(path: Path) -> str:
    parts = path.stem.split("-")
    if len(parts) != 3:
        raise InputError(f"{path} is not named as in DSPSpeech-20; expected SPEAKER-WORD-TAKE.")
    return parts[1]
