"""Log-mel features, computed once and kept on disk.

python -m training.features speech_commands PATH --out runs/features
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from tpexplore.audio import load_audio
from tpexplore.errors import InputError
from tpexplore.spectrogram import MEL_BINS, fit_frames, log_mel, samples_for

from .command import run_command
from .datasets import Dataset, load_dataset

FRONT_END = "kaldi log-mel 128, 25/10 ms Hann, 16 kHz, min-padded, float16; 1"
"""Part of the cache's key: change it when the front end changes."""


@dataclass(frozen=True)
class Features:
    """A dataset's log-mel pictures before normalisation.

    Attributes
    ----------
    mel : (clips, frames, 128) float16
        Padded with each clip's minimum.
    lengths : (clips,) int
        Frames before padding.
    labels : (clips,) int
    splits, sources : lists of str
    """

    mel: np.ndarray
    lengths: np.ndarray
    labels: np.ndarray
    splits: list[str]
    sources: list[str]
    meta: dict

    def indices(self, split: str) -> np.ndarray:
        return np.flatnonzero(np.array(self.splits) == split)


def _one_clip(job: tuple[Path, int]) -> tuple[np.ndarray, int] | str:
    path, frames = job
    torch.set_num_threads(1)
    try:
        mel = log_mel(load_audio(path, duration=samples_for(frames) / 16_000))
    except InputError as error:
        return str(error)
    return fit_frames(mel, frames).numpy().astype(np.float16), min(len(mel), frames)


def cache_features(dataset: Dataset, out: Path, workers: int | None = None) -> Path:
    """Compute a dataset's features unless they are there already.

    Parameters
    ----------
    out : Path
        Folder of caches; this one's name carries a key of front end and file list.
    workers : int, optional
        Decoding processes; all cores by default.

    Returns
    -------
    Path
        The cache: mel.npy, index.json. Clips that cannot be read are left out and listed in
        index.json.
    """
    names = [f"{i.path.parent.name}/{i.path.name}:{i.split}" for i in dataset.items]
    key = hashlib.sha256("\n".join([FRONT_END, str(dataset.frames), *names]).encode()).hexdigest()[:12]
    folder = out / f"{dataset.name}-{key}"
    if (folder / "index.json").exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / "mel.part.npy"
    mel = np.lib.format.open_memmap(
        partial, mode="w+", dtype=np.float16, shape=(len(names), dataset.frames, MEL_BINS)
    )
    jobs = [(item.path, dataset.frames) for item in dataset.items]
    good, lengths, bad = [], [], []
    with ProcessPoolExecutor(workers or os.cpu_count()) as pool:
        results = pool.map(_one_clip, jobs, chunksize=16)
        finished = zip(dataset.items, results, strict=True)
        for item, result in tqdm(finished, total=len(jobs), desc=dataset.name):
            if isinstance(result, str):
                bad.append(result)
                continue
            mel[len(good)], length = result
            lengths.append(length)
            good.append(item)
    mel.flush()
    np.save(folder / "mel.npy", mel[: len(good)])
    partial.unlink()
    index = {
        "dataset": dataset.name,
        "task": dataset.task,
        "split": dataset.split,
        "class_names": dataset.labels,
        "frames": dataset.frames,
        "front_end": FRONT_END,
        "lengths": lengths,
        "labels": [i.label for i in good],
        "splits": [i.split for i in good],
        "sources": [i.source for i in good],
        "skipped": bad,
    }
    write_json(folder / "index.json", index)  # last: its presence says that the cache is whole
    print(f"{len(good)} clips in {folder}; {len(bad)} could not be read")
    for sentence in bad:
        print(" ", sentence)
    return folder


def read_features(folder: Path) -> Features:
    """Open a cache made by `cache_features`."""
    if not (folder / "index.json").exists():
        raise InputError(f"{folder} holds no finished features; run python -m training.features first.")
    meta = json.loads((folder / "index.json").read_text())
    columns = [meta.pop(k) for k in ("lengths", "labels", "splits", "sources")]
    mel = np.load(folder / "mel.npy", mmap_mode="r")
    return Features(mel, np.array(columns[0]), np.array(columns[1]), columns[2], columns[3], meta)


def write_json(path: Path, content: object) -> None:
    """Write JSON so that a reader sees the old file or the new one, never half of one."""
    temporary = path.with_suffix(".part")
    temporary.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    temporary.replace(path)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.features", description=__doc__)
    parser.add_argument("dataset", help="speech_commands or esc50")
    parser.add_argument("root", type=Path, help="folder of the dataset, in its official layout")
    parser.add_argument("--out", type=Path, default=Path("runs/features"))
    args = parser.parse_args()
    print(cache_features(load_dataset(args.dataset, args.root), args.out))


if __name__ == "__main__":
    run_command(main)
