"""VoxCeleb1 [Nagrani 2017], identification: which of 1,251 people speaks."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from tpexplore.errors import InputError
from training.data.datasets.base import Dataset, Item, all_audio_files, need
from training.system.text import read_lines, same_name

SPLIT_FILE = "iden_split.txt"
SPLIT_OF = {"1": "train", "2": "valid", "3": "test"}


def voxceleb(root: Path) -> Dataset:
    """The official identification split; every speaker is in all three parts of it.

    iden_split.txt lies in ``root``. The audio may lie anywhere under it (wav/, dev/wav/ and test/wav/,
    or nothing in between), as SPEAKER/VIDEO/UTTERANCE in any format.
    """
    listed = _read_split(need(root / SPLIT_FILE))
    files = {path.with_suffix("").parts[-3:]: path for path in reversed(all_audio_files(root))}
    if absent := [utterance for utterance, _ in listed if utterance not in files]:
        raise InputError(
            f"{len(absent)} of the {len(listed)} utterances of {SPLIT_FILE} are not under {root},"
            f" e.g. {'/'.join(absent[0])}."
        )
    speakers = sorted({speaker for (speaker, _, _), _ in listed})
    label = {speaker: i for i, speaker in enumerate(speakers)}
    trained = {utterance[:2] for utterance, split in listed if split == "train"}
    items = []
    for utterance, split in listed:
        # The authors reserve one video of every speaker for the test, so a test video anywhere else is a
        # leak. They do not promise this for validation: if its video is also used for training, only the
        # file itself must not be. The speaker is part of the source, since two may talk in one video.
        carved_out = split == "valid" and utterance[:2] in trained
        source = "/".join(utterance if carved_out else utterance[:2])
        items.append(Item((files[utterance],), (label[utterance[0]],), split, source))
    return Dataset(
        name="voxceleb1",
        task=f"VoxCeleb1, {len(speakers):,} speakers",
        split="test part of iden_split.txt",
        labels=tuple(speakers),
        frames=1024,
        items=tuple(items),
        attribution="VoxCeleb1, A. Nagrani, J. S. Chung, A. Zisserman 2017, CC BY 4.0;"
        " sound of YouTube videos",
    )


def _read_split(path: Path) -> list[tuple[tuple[str, str, str], str]]:
    """(speaker, video, utterance) and split of every line."""
    listed = []
    for number, line in read_lines(path):
        part, name = (*re.split(r"[\s,;]+", line, maxsplit=1), "")[:2]
        utterance = PurePosixPath(same_name(name)).with_suffix("").parts if name else ()
        split = SPLIT_OF.get(part.removesuffix(".0"))
        if split is None or len(utterance) != 3:
            raise InputError(
                f"Line {number} of {path} is {line!r}; expected 1, 2 or 3 and SPEAKER/VIDEO/UTTERANCE.wav."
            )
        listed.append((utterance, split))
    if not listed:
        raise InputError(f"{path} is empty; expected lines of 1, 2 or 3 and SPEAKER/VIDEO/UTTERANCE.wav.")
    return listed
