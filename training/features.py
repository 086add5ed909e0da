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

from tpexplore.errors import InputError
from tpexplore.signal.decode import SAMPLE_RATE, load_audio
from tpexplore.signal.spectrogram import MEL_BINS, fit_frames, log_mel, samples_for

from .command import run_command
from .datasets import DATASETS, Dataset, load_dataset

FRONT_END = "kaldi log-mel 128, 25/10 ms Hann, 16 kHz, min-padded, float16; 2"
"""Part of the cache's key: change it when the front end changes."""


@dataclass(frozen=True)
class Features:
    """Log-mel pictures before normalisation, of one dataset or of several joined.

    Attributes
    ----------
    mel : (clips, frames, 128) float16
        Padded with each clip's minimum.
    lengths : (clips,) int
        Frames before padding.
    targets : (clips, classes) bool
    splits, sources, files : lists of str
    meta : dict
        "dataset", "task", "split", "class_names", "frames", "multilabel", "attribution", …
    """

    mel: np.ndarray
    lengths: np.ndarray
    targets: np.ndarray
    splits: list[str]
    sources: list[str]
    files: list[str]
    meta: dict

    @property
    def labels(self) -> np.ndarray:
        """Class of every clip, (clips,), of a dataset that is not multi-label."""
        return self.targets.argmax(1)

    def indices(self, split: str) -> np.ndarray:
        return np.flatnonzero(np.array(self.splits) == split)


def _one_clip(job: tuple[tuple[Path, ...], int]) -> tuple[np.ndarray, int] | str:
    paths, frames = job
    torch.set_num_threads(1)
    try:
        parts = [load_audio(path, duration=samples_for(frames) / SAMPLE_RATE) for path in paths]
        mel = log_mel(np.concatenate(parts)[: samples_for(frames)])
    except InputError as error:
        return str(error)
    return fit_frames(mel, frames).numpy().astype(np.float16), min(len(mel), frames)


def cache_features(dataset: Dataset, out: Path, workers: int | None = None) -> Path:
    """Compute a dataset's features unless they are there already.

    Killed at any moment, the next call goes on with the clips that are missing.

    Parameters
    ----------
    out : Path
        Folder of caches; this one's name carries a key of front end, file list and splits.
    workers : int, optional
        Decoding processes; all cores by default.

    Returns
    -------
    Path
        The cache: mel.npy, index.json. Clips that cannot be read are left out and listed in
        index.json.
    """
    names = ["+".join(f"{p.parent.name}/{p.name}" for p in i.paths) for i in dataset.items]
    keyed = [f"{name}:{item.split}" for name, item in zip(names, dataset.items, strict=True)]
    key = hashlib.sha256("\n".join([FRONT_END, str(dataset.frames), *keyed]).encode()).hexdigest()[:12]
    folder = out / f"{dataset.name}-{key}"
    if (folder / "index.json").exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    lengths, bad = _fill(dataset, folder, workers or os.cpu_count() or 1)
    good = [row for row in range(len(names)) if row not in bad]
    _close_gaps(folder / "mel.npy", good)
    index = {
        "dataset": dataset.name,
        "task": dataset.task,
        "split": dataset.split,
        "class_names": dataset.labels,
        "multilabel": dataset.multilabel,
        "frames": dataset.frames,
        "front_end": FRONT_END,
        "attribution": dataset.attribution,
        "lengths": [lengths[row] for row in good],
        "labels": [dataset.items[row].labels for row in good],
        "splits": [dataset.items[row].split for row in good],
        "sources": [dataset.items[row].source for row in good],
        "files": [names[row] for row in good],
        "skipped": list(bad.values()),
    }
    write_json(folder / "index.json", index)  # last: its presence says that the cache is whole
    (folder / "done.jsonl").unlink()
    print(f"{len(good)} clips in {folder}; {len(bad)} could not be read, {dataset.missing} were not there")
    for sentence in bad.values():
        print(" ", sentence)
    return folder


def _fill(dataset: Dataset, folder: Path, workers: int) -> tuple[dict[int, int], dict[int, str]]:
    """Write mel.npy row by row; returns lengths of good rows and sentences about bad ones."""
    path, log = folder / "mel.npy", folder / "done.jsonl"
    shape = (len(dataset.items), dataset.frames, MEL_BINS)
    if log.exists():
        mel = np.lib.format.open_memmap(path, mode="r+")
    else:
        mel = np.lib.format.open_memmap(path, mode="w+", dtype=np.float16, shape=shape)
        log.touch()
    lengths, bad = _read_log(log)
    rows = [row for row in range(len(dataset.items)) if row not in lengths and row not in bad]
    jobs = [(dataset.items[row].paths, dataset.frames) for row in rows]
    with ProcessPoolExecutor(workers) as pool, log.open("a") as done:
        results = pool.map(_one_clip, jobs, chunksize=16)
        finished = tqdm(zip(rows, results, strict=True), total=len(jobs), desc=dataset.name)
        for row, result in finished:
            if isinstance(result, str):
                bad[row] = outcome = result
            else:
                mel[row], lengths[row] = result
                outcome = lengths[row]
            # After the row itself: a row in the log is whole, whenever the process dies.
            done.write(json.dumps([row, outcome]) + "\n")
            done.flush()
    mel.flush()
    return lengths, bad


def _read_log(log: Path) -> tuple[dict[int, int], dict[int, str]]:
    lengths, bad = {}, {}
    for line in log.read_text().splitlines():
        try:
            row, outcome = json.loads(line)
        except ValueError:  # the last line, cut short by a kill
            continue
        (bad if isinstance(outcome, str) else lengths)[row] = outcome
    return lengths, bad


def _close_gaps(path: Path, good: list[int]) -> None:
    """Move the good rows to the front of the file, in place: a copy may not fit on the disk."""
    mel = np.lib.format.open_memmap(path, mode="r+")
    for to, row in enumerate(good):
        if to != row:
            mel[to] = mel[row]
    mel.flush()


def read_features(folder: Path) -> Features:
    """Open a cache made by `cache_features`."""
    if not (folder / "index.json").exists():
        raise InputError(f"{folder} holds no finished features; run python -m training.features first.")
    meta = json.loads((folder / "index.json").read_text())
    lengths, labels, splits, sources, files = (
        meta.pop(k) for k in ("lengths", "labels", "splits", "sources", "files")
    )
    mel = np.load(folder / "mel.npy", mmap_mode="r")[: len(labels)]
    targets = np.zeros((len(labels), len(meta["class_names"])), dtype=bool)
    for row, classes in enumerate(labels):
        targets[row, classes] = True
    return Features(mel, np.array(lengths), targets, splits, sources, files, meta)


def join_features(several: list[Features]) -> Features:
    """The training splits of several datasets as one, for pre-training; classes stand side by side."""
    if len(several) == 1:
        return several[0]
    if len(sizes := {f.meta["frames"] for f in several}) > 1:
        raise InputError(f"The features have {sorted(sizes)} frames; expected all the same.")
    rows = [f.indices("train") for f in several]
    width = sum(f.targets.shape[1] for f in several)
    targets, offset = [], 0
    for f, train in zip(several, rows, strict=True):
        wide = np.zeros((len(train), width), dtype=bool)
        wide[:, offset : offset + f.targets.shape[1]] = f.targets[train]
        targets.append(wide)
        offset += f.targets.shape[1]
    chosen = list(zip(several, rows, strict=True))
    meta = {
        "dataset": " + ".join(f.meta["dataset"] for f in several),
        "class_names": [name for f in several for name in f.meta["class_names"]],
        "frames": several[0].meta["frames"],
        "attribution": "; ".join(f.meta["attribution"] for f in several),
    }
    return Features(
        np.concatenate([f.mel[train] for f, train in chosen]),
        np.concatenate([f.lengths[train] for f, train in chosen]),
        np.concatenate(targets),
        ["train"] * sum(map(len, rows)),
        [f.sources[row] for f, train in chosen for row in train],
        [f.files[row] for f, train in chosen for row in train],
        meta,
    )


def write_json(path: Path, content: object) -> None:
    """Write JSON so that a reader sees the old file or the new one, never half of one."""
    temporary = path.with_suffix(".part")
    temporary.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    temporary.replace(path)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.features", description=__doc__)
    parser.add_argument("dataset", help=", ".join(DATASETS))
    parser.add_argument("root", type=Path, help="folder of the dataset, in its official layout")
    parser.add_argument("--out", type=Path, default=Path("runs/features"))
    parser.add_argument("--workers", type=int, help="decoding processes; all cores by default")
    parser.add_argument("--fold", type=int, help="ESC-50, UrbanSound8K: the fold that tests")
    parser.add_argument("--words", nargs="+", help="Speech Commands: these words only")
    parser.add_argument("--without-esc50", type=Path, help="UrbanSound8K: leave out what this ESC-50 shares")
    parser.add_argument("--train-list", type=Path, help="AudioSet: csv or JSON of the training clips")
    parser.add_argument("--eval-list", type=Path, help="AudioSet: csv or JSON of the evaluation clips")
    parser.add_argument("--audio", type=Path, help="AudioSet: where the clips lie, if elsewhere")
    parser.add_argument("--frames", type=int, help="folders: frames of a clip, 10 ms each; 512 by default")
    parser.add_argument("--source", help="folders: regular expression; its group must not be in two splits")
    args = vars(parser.parse_args())
    name, root, out, workers = (args.pop(k) for k in ("dataset", "root", "out", "workers"))
    options = {k: v for k, v in args.items() if v is not None}
    print(cache_features(load_dataset(name, root, **options), out, workers))


if __name__ == "__main__":
    run_command(main)
