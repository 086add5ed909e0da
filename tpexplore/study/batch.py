"""Every window of every recording in a folder tree to one table: resumable, in several processes."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tpexplore.errors import InputError, sentence_of, shown
from tpexplore.interrupts import NO_PROCESSES, end_with_parent
from tpexplore.locking import lock_folder
from tpexplore.model.plan import (
    PRUNE_BLOCKS,
    check_blocks,
    check_keep_rates,
    check_list,
    check_method,
    check_score,
    check_whole,
    shortest_keep_rate,
)
from tpexplore.signal.checks import check_seconds
from tpexplore.study.audio_files import find_recordings
from tpexplore.study.batch_journal import FileOutcome, Journal
from tpexplore.study.window_table import WindowRow, check_table_name, rows_of, write_labels, write_table
from tpexplore.torchrun import place_among_processes
from tpexplore.writing import check_place, named


@dataclass(frozen=True)
class BatchJob:
    """The settings for every window.

    Attributes
    ----------
    model : str
        For `load_model`.
    frames : int or None
    keep_rates : tuple
        See `explore`.
    score, method, blocks, hop :
        See `explore_windows`.
    """

    model: str
    frames: int | None = None
    keep_rates: tuple[float | tuple[float, ...], ...] = (0.7,)
    score: str = "attention"
    method: str = "drop"
    blocks: tuple[int, ...] = PRUNE_BLOCKS
    hop: float | None = None

    def __post_init__(self):
        blocks = check_blocks(self.blocks)
        rates = [check_keep_rates(rate, blocks) for rate in check_list(self.keep_rates, "keep_rates")]
        if not rates:
            raise InputError("There is no keep-rate; expected at least one.")
        check_method(self.method, check_score(self.score))
        if self.hop is not None:
            check_seconds(self.hop, "The hop")
        # Plain values, which can be noted as JSON.
        object.__setattr__(self, "blocks", blocks)
        object.__setattr__(self, "keep_rates", tuple(map(shortest_keep_rate, rates)))


@dataclass(frozen=True)
class BatchSummary:
    """The result of a whole batch.

    Attributes
    ----------
    files, windows : int
    problems : dict of file -> sentence
        Files that could not be read, or only in part.
    """

    files: int
    windows: int
    problems: dict[str, str]


def run_batch(
    folder: str | Path,
    out: str | Path,
    job: BatchJob,
    *,
    workers: int = 1,
    labels: str | Path | None = None,
    quiet: bool = False,
) -> BatchSummary | None:
    """Analyse every file and window of a folder tree.

    Finished files are recorded in the folder OUT.unfinished. After a crash the same command continues from
    there. Under torchrun, also on several machines with common disks, every process takes its share of the
    files; the first writes the table.

    Parameters
    ----------
    folder : str or Path
    out : str or Path
        Ending in .csv or .parquet; the columns are `window_table.COLUMNS`.
    job : BatchJob
    workers : int
        Processes, each with a model of its own.
    labels : str or Path, optional
        Folder for the Audacity label tracks, one per file.
    quiet : bool
        Without a progress bar.

    Returns
    -------
    BatchSummary or None
        None in processes other than the first.

    Raises
    ------
    InputError
        If there are no recordings, an argument is out of range, OUT.unfinished holds results of other
        settings or weights, or another process is at work on the same table.
    """
    from tqdm import tqdm

    folder, out = _as_path(folder, "folder"), _as_path(out, "out")
    labels = None if labels is None else _as_path(labels, "labels")
    workers = check_whole(workers, "workers", 1)
    check_table_name(out)
    check_place(out)
    if labels is not None:
        labels.mkdir(parents=True, exist_ok=True)  # before anything is computed
    files = find_recordings(folder)
    for file in files if labels is not None else ():
        check_place(_label_track(labels, file))
    rank, world = place_among_processes()
    unfinished = out.with_name(out.name + ".unfinished")
    # Held until this returns. Of torchrun's processes, which work together, the first holds it for all.
    with named(out, unfinished):
        lock = lock_folder(unfinished, "another name for the table") if rank == 0 else None
    journal = Journal(unfinished, rank, folder)
    try:
        model = _load(job)  # workers load their own, but here a bad model ends in one sentence
        journal.begin({**asdict(job), "weights": model.config.sha256})
    except (InputError, OSError):  # a wrong model, a full disk
        if rank == 0 and not journal.done():
            journal.remove()
        raise
    # Keys change with their files. Computed before the work, they are the same in all processes.
    keys = {file: journal.key(file) for file in files}
    done = journal.done()
    todo = [file for file in files[rank::world] if keys[file] not in done]
    with tqdm(total=len(files[rank::world]), unit="file", disable=quiet or rank > 0, leave=False) as bar:
        bar.update(bar.total - len(todo))
        for file, outcome in _outcomes(folder, todo, job, model if workers == 1 else None, workers):
            journal.add(file, outcome)
            bar.update()
    if rank > 0:
        return None
    outcomes = journal.wait_for(files)
    rows = [row for outcome in outcomes.values() for row in outcome.rows]
    write_table(out, rows)
    if labels is not None:
        for file, outcome in outcomes.items():
            write_labels(_label_track(labels, file), outcome.rows)
    journal.remove()
    del lock
    windows = len({(row["file"], row["window"]) for row in rows})
    return BatchSummary(len(files), windows, {file: o.problem for file, o in outcomes.items() if o.problem})


def _as_path(value: object, name: str) -> Path:
    try:
        return Path(value)
    except TypeError:
        raise InputError(f"{name} = {shown(value)}; expected a path.") from None


def _label_track(folder: Path, file: str) -> Path:
    return folder / f"{file}.txt"


def _outcomes(
    folder: Path, files: list[str], job: BatchJob, model: Any, workers: int
) -> Iterator[tuple[str, FileOutcome]]:
    """What becomes of each file; ``model`` is needed where no workers load their own."""
    if not files:
        return
    if workers == 1:
        for file in files:
            yield file, analyse(model, folder, file, job)
        return
    try:
        # Not forked: threads of torch, and a GPU, do not survive that.
        pool = ProcessPoolExecutor(
            min(workers, len(files)),
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_start_worker,
            initargs=(job,),
        )
    except NO_PROCESSES:
        raise InputError(
            "This system cannot run several processes, perhaps because /dev/shm is missing; repeat the"
            " command with --workers 1."
        ) from None
    try:
        running = {pool.submit(_analyse_in_worker, folder, file, job): file for file in files}
        for future in as_completed(running):
            yield running[future], future.result()
    except BrokenProcessPool:
        raise InputError(
            "A worker ended unexpectedly, perhaps for lack of memory; repeat the command with fewer workers:"
            " it goes on where it stopped."
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def analyse(model: Any, folder: Path, file: str, job: BatchJob) -> FileOutcome:
    """All windows of one file; if reading fails midway, the windows before that count."""
    from tpexplore.study.windows import explore_windows

    rows: list[WindowRow] = []
    try:
        for window in explore_windows(
            model,
            folder / file,
            keep_rates=job.keep_rates,
            score=job.score,
            hop=job.hop,
            blocks=job.blocks,
            method=job.method,
        ):
            rows += rows_of(window, file)
    except InputError as error:
        return FileOutcome(rows, str(error))
    except OSError as error:
        return FileOutcome(rows, sentence_of(error))
    return FileOutcome(rows)


_worker_model: Any = None


def _start_worker(job: BatchJob) -> None:
    """Load a worker's model."""
    global _worker_model
    import torch

    end_with_parent()
    torch.set_num_threads(1)
    _worker_model = _load(job)


def _analyse_in_worker(folder: Path, file: str, job: BatchJob) -> FileOutcome:
    return analyse(_worker_model, folder, file, job)


def _load(job: BatchJob) -> Any:
    from tpexplore.checkpoints.load import load_model
    from tpexplore.model.packing import pack
    from tpexplore.model.vit import check_classifier

    model = load_model(job.model, frames=job.frames)
    check_classifier(model)
    check_blocks(job.blocks, model.config.depth)
    return pack(model)
