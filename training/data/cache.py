"""Features on disk: computed once, stored under a key of what they were made from."""

from __future__ import annotations

import io
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from tqdm import tqdm

from tpexplore.checkpoints.files import sha256_of
from tpexplore.errors import UNREADABLE_JSON, InputError, one_line
from tpexplore.interrupts import NO_PROCESSES, end_with_parent
from tpexplore.signal.spectrogram import MEL_BINS, fit_frames, log_mel
from tpexplore.writing import append_line, named, write_bytes, write_json
from training.data.datasets.base import Dataset, Item
from training.data.features import digest_of, short_hash
from training.data.front_ends import FRONT_END
from training.data.sound import read_sound
from training.system.lock import lock_folder

UNREADABLE = "unreadable"


def cache_features(dataset: Dataset, out: Path, workers: int | None = None) -> Path:
    """Compute a dataset's features unless they are there already.

    After a kill, the next call continues with the missing clips.

    Parameters
    ----------
    out : Path
        Folder of caches; the new cache's name ends in its `content_key`.
    workers : int, optional
        Decoding processes; by default, and at most, one per core.

    Returns
    -------
    Path
        The cache: mel.npy, index.json. Clips that cannot be read are left out and listed in
        index.json.

    Raises
    ------
    InputError
        If a class has no training clip that can be read, or another process is making the same cache.
    OSError
        If the disk is full; the next call continues from there.
    """
    key = content_key(dataset)
    folder = out / f"{dataset.name}-{key}"
    if (folder / "index.json").exists():
        with suppress(OSError):  # left over after a kill; the disk may be read-only by now
            (folder / "done.jsonl").unlink()
        return folder
    lock = lock_folder(folder)  # released when this returns
    if (folder / "index.json").exists():  # another process has finished just now
        return folder
    cores = os.cpu_count() or 1
    lengths, bad = _decode_all(dataset, folder, min(workers or cores, cores))
    try:
        _check_classes(dataset, bad)
    except InputError:
        shutil.rmtree(folder)
        raise
    good = [row for row in range(len(dataset.items)) if row not in bad]
    index = {
        "dataset": dataset.name,
        "task": dataset.task,
        "split": dataset.split,
        "class_names": list(dataset.labels),
        "multilabel": dataset.multilabel,
        "frames": dataset.frames,
        "front_end": FRONT_END,
        "attribution": dataset.attribution,
        "key": key,
        "lengths": lengths,
        "labels": [list(dataset.items[row].labels) for row in good],
        "splits": [dataset.items[row].split for row in good],
        "sources": [dataset.items[row].source for row in good],
        "files": [dataset.items[row].name for row in good],
        "skipped": list(bad.values()),
    }
    index["sha256"] = digest_of(np.load(folder / "mel.npy", mmap_mode="r"), index)
    write_json(folder / "index.json", index)  # last: marks the cache as complete
    (folder / "done.jsonl").unlink(missing_ok=True)
    del lock
    print(f"{len(good)} clips in {folder}; {len(bad)} could not be read, {dataset.missing} were not there")
    for sentence in bad.values():
        print(" ", one_line(sentence))
    return folder


def content_key(dataset: Dataset) -> str:
    """Twelve hexadecimal digits that change whenever the features would.

    They depend on the front end, the classes, and every clip's name, content, labels, split and source: new
    recordings under the same names, or two swapped classes, give another key.
    """
    paths = sorted({path for item in dataset.items for path in item.paths})
    with ThreadPoolExecutor() as pool:  # hashlib lets other threads run
        digests = dict(zip(paths, pool.map(_file_digest, paths), strict=True))
    clips = [
        (item.name, [digests[path] for path in item.paths], item.labels, item.split, item.source)
        for row, item in enumerate(dataset.items)
    ]
    about = (dataset.name, dataset.task, dataset.split, dataset.labels, dataset.frames, dataset.multilabel)
    return short_hash([FRONT_END, about, dataset.attribution, clips])


def _file_digest(path: Path) -> str:
    try:
        return sha256_of(path) if path.is_file() else UNREADABLE  # a pipe or device may never end
    except OSError:  # the decoder reports the reason
        return UNREADABLE


def _check_classes(dataset: Dataset, bad: dict[int, str]) -> None:
    """InputError if a class lost all of its training clips to decoding."""
    rows: dict[int, list[int]] = {}
    for row in dataset.indices("train"):
        for label in dataset.items[row].labels:
            rows.setdefault(label, []).append(row)
    for label, of_class in rows.items():
        if all(row in bad for row in of_class):
            first = of_class[0]
            raise InputError(
                f"No training clip of the class {dataset.labels[label]!r} can be read:"
                f" {dataset.items[first].name} ({bad[first].rstrip('.')})."
            )


def _one_clip(job: tuple[Item, int]) -> tuple[np.ndarray, int] | str:
    item, frames = job
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        mel = log_mel(read_sound(item.paths, item.start, frames))
    except InputError as error:
        return str(error)
    finally:
        torch.set_num_threads(threads)
    return fit_frames(mel, frames).numpy().astype("<f2"), min(len(mel), frames)


def _decode_all(dataset: Dataset, folder: Path, workers: int) -> tuple[list[int], dict[int, str]]:
    """Write mel.npy with the readable clips; returns their lengths, and the others' errors by row.

    done.jsonl has a line for every clip, in order: its frames, or why it cannot be read.
    """
    path, log = folder / "mel.npy", folder / "done.jsonl"
    header = _header(dataset.frames, 0)
    outcomes = _go_on(path, log, header, dataset.frames)
    rows = range(len(outcomes), len(dataset.items))
    jobs = [(dataset.items[row], dataset.frames) for row in rows]
    # Rows are written, not assigned to mapped memory: a full disk is then an error, not a crash.
    with named(path), path.open("r+b") as file, _decoded(jobs, workers) as results:
        file.seek(0, os.SEEK_END)
        for result in tqdm(results, total=len(jobs), desc=dataset.name):
            if isinstance(result, str):
                outcomes.append(result)
            else:
                picture, length = result
                _write(file, picture.tobytes())
                outcomes.append(length)
            # After the row itself, so that a logged row is complete whenever the process dies.
            append_line(log, _log_line(outcomes[-1]))
        lengths = [outcome for outcome in outcomes if isinstance(outcome, int)]
        file.seek(0)
        _write(file, _header(dataset.frames, len(lengths)))
        os.fsync(file.fileno())
    return lengths, {row: text for row, text in enumerate(outcomes) if isinstance(text, str)}


def _go_on(path: Path, log: Path, header: bytes, frames: int) -> list[int | str]:
    """Outcomes of the clips that an earlier call finished; cuts both files back to those."""
    outcomes = _read_log(log)
    row_bytes = frames * MEL_BINS * 2
    if path.exists():
        whole = max(0, path.stat().st_size - len(header)) // row_bytes
        while sum(isinstance(outcome, int) for outcome in outcomes) > whole:  # after a power failure
            outcomes.pop()
    else:
        outcomes = []
    write_bytes(log, "".join(_log_line(outcome) + "\n" for outcome in outcomes).encode())
    good = sum(isinstance(outcome, int) for outcome in outcomes)
    with named(path), path.open("r+b" if path.exists() else "w+b") as file:
        _write(file, header)
        file.truncate(len(header) + good * row_bytes)
    return outcomes


def _log_line(outcome: int | str) -> str:
    return json.dumps([outcome])  # in brackets, so that a line cut short by a kill is recognised


def _read_log(log: Path) -> list[int | str]:
    outcomes = []
    for line in log.read_bytes().splitlines() if log.exists() else ():
        try:
            (outcome,) = json.loads(line)
            outcomes.append(outcome)
        except (*UNREADABLE_JSON, TypeError):  # the last line, cut short by a kill
            break
    return outcomes


def _header(frames: int, clips: int) -> bytes:
    """First bytes of mel.npy; equally long for any number of clips, since NumPy leaves room to grow."""
    file = io.BytesIO()
    about = {"descr": "<f2", "fortran_order": False, "shape": (clips, frames, MEL_BINS)}
    np.lib.format.write_array_header_1_0(file, about)
    return file.getvalue()


def _write(file: BinaryIO, content: bytes) -> None:
    file.write(content)
    file.flush()


@contextmanager
def _decoded(jobs: list[tuple[Item, int]], workers: int) -> Iterator[Iterable[tuple[np.ndarray, int] | str]]:
    """Results of `_one_clip` for each job, in order; never leaves a process behind."""
    try:
        pool = ProcessPoolExecutor(max(1, min(workers, len(jobs))), initializer=end_with_parent)
    except NO_PROCESSES:
        yield map(_one_clip, jobs)
        return
    try:
        yield pool.map(_one_clip, jobs, chunksize=max(1, min(16, len(jobs) // (4 * workers))))
    except BrokenProcessPool:
        raise InputError(
            "A decoding process was killed, perhaps because memory ran out; run the command again"
            " with --workers 1."
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)
