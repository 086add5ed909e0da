"""Every window of every recording in a folder tree to one table: resumable, in several processes."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tpexplore.errors import UNREADABLE_JSON, InputError, sentence_of
from tpexplore.interrupts import end_with_parent
from tpexplore.locking import lock_folder
from tpexplore.model.plan import PRUNE_BLOCKS, check_blocks, check_keep_rates, check_method, check_score
from tpexplore.study.window_table import Row, check_table_name, rows_of, write_labels, write_table
from tpexplore.writing import append_line, check_place, write_json

_ENDINGS = (
    "wav wave rf64 w64 aif aiff aifc au snd caf flac ogg oga opus mp3 mp2 m4a m4b aac wma amr ac3 eac3 wv"
)
_MORE_ENDINGS = "tta mp4 webm mkv mka mov avi flv ts 3gp"
SUFFIXES = frozenset(f".{ending}" for ending in f"{_ENDINGS} {_MORE_ENDINGS}".split())
"""Endings of files that are taken for recordings, in small or capital letters."""

_WAIT_SECONDS = 0.5


@dataclass(frozen=True)
class Job:
    """What is done with every window.

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
        for rate in self.keep_rates:
            check_keep_rates(rate, check_blocks(self.blocks))
        check_method(self.method, check_score(self.score))


@dataclass(frozen=True)
class Outcome:
    """What became of one file: its rows, and the sentence on why it has none or ends early."""

    rows: list[Row]
    problem: str = ""


@dataclass(frozen=True)
class Summary:
    """What a whole batch came to.

    Attributes
    ----------
    files, windows : int
    problems : dict of file -> sentence
        Files that could not be read, or only in part.
    """

    files: int
    windows: int
    problems: dict[str, str]


def find_recordings(folder: Path) -> list[str]:
    """Audio files of a folder tree, relative to it, with slashes, in a fixed order; hidden ones are left out.

    Raises
    ------
    InputError
        If there are none, or the folder is none.
    """
    if not folder.is_dir():
        raise InputError(f"{str(folder)!r} is not a folder; expected one with audio files.")
    recordings = []
    for above, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        recordings += [
            (Path(above) / name).relative_to(folder).as_posix()
            for name in files
            if not name.startswith(".") and os.path.splitext(name)[1].lower() in SUFFIXES  # noqa: PTH122
        ]
    if not recordings:
        raise InputError(f"{str(folder)!r} holds no audio file, in folders below it neither.")
    return sorted(recordings)


def run_batch(
    folder: Path,
    out: Path,
    job: Job,
    *,
    workers: int = 1,
    labels: Path | None = None,
    quiet: bool = False,
) -> Summary | None:
    """Analyse every file and window of a folder tree.

    What is done is noted in the folder OUT.unfinished, file by file. After a crash the same command goes on
    there.
    Under torchrun, also on several machines with common disks, every process takes its share of the files;
    the first writes the table.

    Parameters
    ----------
    folder : Path
    out : Path
        Ending in .csv or .parquet; the columns are `window_table.COLUMNS`.
    job : Job
    workers : int
        Processes, each with a model of its own.
    labels : Path, optional
        Folder for one Audacity label track a file.
    quiet : bool
        Without a progress bar.

    Returns
    -------
    Summary or None
        None in processes other than the first.

    Raises
    ------
    InputError
        If there are no recordings, an argument is out of range, OUT.unfinished holds results of other
        settings or weights, or another process is at work on the same table.
    """
    from tqdm import tqdm

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
    lock = lock_folder(unfinished, "another name for the table") if rank == 0 else None
    journal = Journal(unfinished, rank, folder)
    try:
        model = _load(job)  # also for workers: here what is wrong with it ends in a sentence
        journal.begin(job, model.config.sha256)
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
    return Summary(len(files), windows, {file: o.problem for file, o in outcomes.items() if o.problem})


def _label_track(folder: Path, file: str) -> Path:
    return folder / f"{file}.txt"


def place_among_processes() -> tuple[int, int]:
    """This process's number and how many there are, from the variables that torchrun sets."""
    rank, world = os.environ.get("RANK", "0"), os.environ.get("WORLD_SIZE", "1")
    try:
        place = int(rank), int(world)
    except ValueError:
        place = (0, 0)
    if not 0 <= place[0] < place[1]:
        raise InputError(
            f"The environment has RANK {rank!r} and WORLD_SIZE {world!r}; expected torchrun's, or neither."
        )
    return place


class Journal:
    """The folder with what is done: one line of JSON a file, one text file for every process.

    A line counts once it is whole; of a process that was killed, the last one may not be.
    """

    def __init__(self, place: Path, rank: int, folder: Path):
        self.place, self.folder = place, folder
        self.path = place / f"{rank}.jsonl"
        self.keys: dict[str, str] = {}

    def begin(self, job: Job, weights_sha256: str) -> None:
        """Go on with what is noted, or InputError where it is of other settings or weights."""
        folder = str(self.folder.resolve())
        settings = json.loads(json.dumps({"folder": folder, "weights": weights_sha256, **asdict(job)}))
        self.place.mkdir(parents=True, exist_ok=True)
        known = self.place / "settings.json"
        if known.exists():
            with suppress(*UNREADABLE_JSON):
                if json.loads(known.read_text(encoding="utf-8")) == settings:
                    self._end_last_line()
                    return
            if self.done():
                raise InputError(
                    f"{self.place} holds results that were begun with other settings or weights; repeat"
                    " those, remove the folder, or choose another name for the table."
                )
        write_json(known, settings)

    def key(self, file: str) -> str:
        """Stands for a file as it is now: one that has changed is analysed anew."""
        if file not in self.keys:
            name = file.encode("utf-8", "surrogateescape")
            try:
                state = (self.folder / file).stat()
                name += f"\0{state.st_size}\0{state.st_mtime_ns}".encode()
            except OSError:
                pass  # reading it will say what is wrong
            self.keys[file] = hashlib.sha256(name).hexdigest()
        return self.keys[file]

    def done(self) -> dict[str, Outcome]:
        """What all processes have noted, by key."""
        outcomes = {}
        for path in sorted(self.place.glob("*.jsonl")):
            with path.open(encoding="utf-8", errors="replace") as lines:
                for line in lines:
                    with suppress(*UNREADABLE_JSON, KeyError, TypeError):
                        entry = json.loads(line)
                        outcomes[entry["key"]] = Outcome(entry["rows"], entry["problem"])
        return outcomes

    def add(self, file: str, outcome: Outcome) -> None:
        append_line(self.path, json.dumps({"key": self.key(file), **asdict(outcome)}))

    def wait_for(self, files: list[str]) -> dict[str, Outcome]:
        """Outcomes of all files, once every process has noted its own; torchrun ends all if one dies."""
        while True:
            done = self.done()
            if all(self.key(file) in done for file in files):
                return {file: done[self.key(file)] for file in files}
            time.sleep(_WAIT_SECONDS)

    def remove(self) -> None:
        shutil.rmtree(self.place, ignore_errors=True)

    def _end_last_line(self) -> None:
        """Let what comes next stand on a line of its own."""
        if self.path.exists() and not self.path.read_bytes().endswith(b"\n"):
            append_line(self.path, "")


def _outcomes(
    folder: Path, files: list[str], job: Job, model: Any, workers: int
) -> Iterator[tuple[str, Outcome]]:
    """What becomes of each file; ``model`` is needed where no workers load their own."""
    if not files:
        return
    if workers == 1:
        for file in files:
            yield file, analyse(model, folder, file, job)
        return
    # Not forked: threads of torch, and a GPU, do not survive that.
    pool = ProcessPoolExecutor(
        min(workers, len(files)),
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_start_worker,
        initargs=(job,),
    )
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


def analyse(model: Any, folder: Path, file: str, job: Job) -> Outcome:
    """All windows of one file; where it cannot be read on, what was read before counts."""
    from tpexplore.study.windows import explore_windows

    rows: list[Row] = []
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
        return Outcome(rows, str(error))
    except OSError as error:
        return Outcome(rows, sentence_of(error))
    return Outcome(rows)


_worker_model: Any = None


def _start_worker(job: Job) -> None:
    """Load a worker's model."""
    global _worker_model
    import torch

    end_with_parent()
    torch.set_num_threads(1)
    _worker_model = _load(job)


def _analyse_in_worker(folder: Path, file: str, job: Job) -> Outcome:
    return analyse(_worker_model, folder, file, job)


def _load(job: Job) -> Any:
    from tpexplore.checkpoints.load import load_model
    from tpexplore.model.packing import pack
    from tpexplore.model.vit import check_classifier

    model = load_model(job.model, frames=job.frames)
    check_classifier(model)
    check_blocks(job.blocks, model.config.depth)
    return pack(model)
