"""A person's own labelled clips: taken out of uploads safely, and how often a pruned model gets them right.

Labels come from folders (one per class) or from file names. An archive is never believed: names in it are
never used as paths, sizes are counted while reading, and everything is bounded.
"""

from __future__ import annotations

import csv
import io
import re
import stat
import struct
import unicodedata
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from tpexplore.errors import InputError
from tpexplore.model.plan import KEEP_RATES, check_keep_rate, check_score
from tpexplore.model.vit import AudioViT, ModelConfig
from tpexplore.signal.decode import MAX_FILE_BYTES
from tpexplore.signal.excerpt import read_excerpt
from tpexplore.stats.intervals import wilson_interval
from tpexplore.study.sweep import explore

MAX_FILES = 200
MAX_TOTAL_BYTES = 200_000_000
"""Of all clips together, unpacked."""

_MAX_DIRECTORY_BYTES = 1_000_000  # of an archive's table of contents, which is read in one piece
_BLOCK = 1 << 16
_SUFFIX = re.compile(r"\.[a-z0-9]{1,5}")
_ESC50_NAME = re.compile(r"(\d)-(\d+)-([A-Z])-(\d{1,2})")  # FOLD-SRC-TAKE-TARGET
_JUNK = ("thumbs.db", "desktop.ini")
_UNNAMED = re.compile(r"class \d+")


# -- out of uploads


@dataclass(frozen=True)
class OwnFile:
    """One file of an upload: where it lies now, and what the person called it."""

    path: Path
    name: str
    """With the folders it had in an archive, separated by slashes."""


def take_uploads(
    uploads: Iterable[tuple[str, Path]],
    folder: Path,
    *,
    max_files: int = MAX_FILES,
    max_bytes: int = MAX_TOTAL_BYTES,
    max_file_bytes: int = MAX_FILE_BYTES,
) -> list[OwnFile]:
    """Copy uploaded clips and the contents of uploaded ZIP archives into a folder.

    Files are numbered there: no name that came from outside becomes a path. Hidden files and what macOS
    adds to archives are left out.

    Parameters
    ----------
    uploads : iterable of (name, path)
        What the person called each file, and where it lies.
    folder : Path
        An empty folder.
    max_files, max_bytes, max_file_bytes : int
        Most files, most bytes of them all, and most bytes of each, counted while reading.

    Returns
    -------
    list of OwnFile

    Raises
    ------
    InputError
        If a bound is passed, or an archive is damaged, encrypted, or holds anything but plain files inside
        of it. Then nothing is left in the folder.
    """
    taken = _Taken(folder, max_files, max_bytes, max_file_bytes)
    try:
        for name, path in uploads:
            if PurePosixPath(name).suffix.lower() == ".zip":
                _unpack(name, path, taken)
            else:
                with path.open("rb") as source:
                    taken.add(PurePosixPath(name).name, source)
    except BaseException:
        for file in folder.iterdir():
            file.unlink()
        raise
    return taken.files


class _Taken:
    """Files in the folder, counted while they are written."""

    def __init__(self, folder: Path, max_files: int, max_bytes: int, max_file_bytes: int):
        self.folder = folder
        self.max_files, self.max_bytes, self.max_file_bytes = max_files, max_bytes, max_file_bytes
        self.files: list[OwnFile] = []
        self.bytes = 0

    def add(self, name: str, source: io.BufferedIOBase | zipfile.ZipExtFile) -> None:
        if _is_junk(name):
            return
        if len(self.files) == self.max_files:
            raise InputError(f"There are more than {self.max_files} files; expected at most that many clips.")
        suffix = PurePosixPath(name).suffix.lower()
        # Decoders look at the content first; the suffix only helps them with formats that have no mark.
        path = self.folder / f"{len(self.files):04d}{suffix if _SUFFIX.fullmatch(suffix) else ''}"
        size = 0
        with path.open("xb") as target:
            while block := source.read(_BLOCK):
                size += len(block)
                self.bytes += len(block)
                if size > self.max_file_bytes:
                    limit = f"{self.max_file_bytes / 1e6:g} MB"
                    raise InputError(f"{_shown(name)} is larger than {limit}; expected a short clip.")
                if self.bytes > self.max_bytes:
                    raise InputError(
                        f"The clips are larger than {self.max_bytes / 1e6:g} MB together; expected fewer or"
                        " shorter ones."
                    )
                target.write(block)
        self.files.append(OwnFile(path, name))


def _unpack(archive: str, path: Path, taken: _Taken) -> None:
    shown = _shown(archive)
    try:
        _check_directory(path, shown)
        with zipfile.ZipFile(path) as opened:
            for entry in opened.infolist():
                _check_entry(entry, shown)
            for entry in opened.infolist():
                if not entry.is_dir() and not _is_junk(entry.filename):
                    with opened.open(entry) as source:
                        taken.add(entry.filename, source)
    except InputError:
        raise
    except Exception as error:  # zipfile raises many kinds on damaged archives
        raise InputError(f"{shown} cannot be read; expected a complete ZIP archive.") from error


def _check_directory(path: Path, shown: str) -> None:
    """Refuse an archive whose table of contents, which `zipfile` reads as a whole, is huge."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - (1 << 16) - 64))
        tail = file.read()
    end = tail.rfind(b"PK\x05\x06")
    if end < 0:
        raise InputError(f"{shown} is no complete ZIP archive; expected one.")
    (size,) = struct.unpack_from("<L", tail, end + 12)
    # ZIP64, for more than 65535 files or 4 GB, tells its size elsewhere.
    if size > _MAX_DIRECTORY_BYTES or tail[max(0, end - 20) : end].startswith(b"PK\x06\x07"):
        raise InputError(f"{shown} is too large a ZIP archive; expected at most {MAX_FILES} clips.")


def _check_entry(entry: zipfile.ZipInfo, shown: str) -> None:
    """Refuse what no honest archive of clips holds."""
    name = _shown(entry.filename)
    parts = PurePosixPath(entry.filename).parts
    kind = stat.S_IFMT(entry.external_attr >> 16)
    # zipfile cuts names at a null character; what was there before is kept in orig_filename.
    if (
        not parts
        or parts[0] == "/"
        or ".." in parts
        or any(character in entry.orig_filename for character in "\\\0:")
    ):
        raise InputError(f"{shown} holds {name}; expected names of files inside of the archive.")
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise InputError(f"{shown} holds {name}, which is a link or device; expected plain files.")
    if entry.flag_bits & 1:
        raise InputError(f"{shown} is encrypted; expected an archive without a password.")
    # The others can unpack megabytes from one block, before anything is counted.
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise InputError(f"{shown} is packed in an unusual way; expected an ordinary ZIP archive.")


def _is_junk(name: str) -> bool:
    path = PurePosixPath(name)
    hidden = not path.name or path.name.startswith(".") or path.name.lower() in _JUNK
    return hidden or "__MACOSX" in path.parts


def _shown(name: str, most: int = 60) -> str:
    """A name that came from outside, fit to stand in a sentence."""
    name = "".join(character if character.isprintable() else "�" for character in name)
    return repr(name if len(name) <= most else f"{name[:most]}…")


# -- labels


@dataclass(frozen=True)
class LabelledClip:
    """A file and the class it is said to hold.

    Attributes
    ----------
    path : Path
    name : str
        What the person called it.
    told : str
        The label as the person gave it; empty if none was found.
    target : int or None
        Index of that class of the model; None if the model has no such class.
    """

    path: Path
    name: str
    told: str
    target: int | None


def label_clips(files: Iterable[OwnFile], config: ModelConfig) -> list[LabelledClip]:
    """Find the class of each file among those that a model knows.

    The folder a file lies in counts first. Else its name: FOLD-SRC-TAKE-TARGET as in ESC-50, for a model
    of ESC-50, or a label with anything after it ("dog.wav", "dog_2.wav", "dog bark 03.wav" for "dog bark";
    the longest label that fits). Case, and whether words are joined by spaces, _ or -, do not matter.

    Parameters
    ----------
    files : iterable of OwnFile
    config : ModelConfig

    Returns
    -------
    list of LabelledClip
        One for each file, in the same order; ``target`` is None where the model knows no such label.
    """
    known = {_plain(label): i for i, label in enumerate(config.labels)}
    return [LabelledClip(file.path, file.name, *_label(file.name, known, config)) for file in files]


def knows_esc50(config: ModelConfig) -> bool:
    """Whether a model's classes are ESC-50's, in its order: told by its task, or 50 classes without names."""
    unnamed = all(_UNNAMED.fullmatch(label) for label in config.labels)
    return config.classes == 50 and (unnamed or config.task.startswith("ESC-50"))


def _label(name: str, known: dict[str, int], config: ModelConfig) -> tuple[str, int | None]:
    path = PurePosixPath(name)
    folder = path.parent.name
    if folder and _plain(folder) in known:
        return folder, known[_plain(folder)]
    if (esc50 := _ESC50_NAME.fullmatch(path.stem)) and int(esc50[4]) < 50:
        if knows_esc50(config):
            return config.labels[int(esc50[4])], int(esc50[4])
        return folder or f"ESC-50 target {esc50[4]}", None
    words = _plain(path.stem)
    fits = [x for x in known if words.startswith(x) and not words[len(x) : len(x) + 1].isalpha()]
    if fits:
        best = max(fits, key=len)
        return config.labels[known[best]], known[best]
    return folder, None


def _plain(label: str) -> str:
    """A label without what does not matter."""
    return " ".join(re.split(r"[\s_\-]+", unicodedata.normalize("NFC", label).casefold().strip()))


# -- accuracy


@dataclass(frozen=True)
class Row:
    """Accuracy at one keep-rate.

    Attributes
    ----------
    score : str
    keep_rate : float
    right, n : int
        Clips answered right, of how many.
    macs : int
        Multiply-accumulates of one clip.
    """

    score: str
    keep_rate: float
    right: int
    n: int
    macs: int

    @property
    def accuracy(self) -> float:
        return self.right / self.n

    @property
    def interval(self) -> tuple[float, float]:
        """95 % Wilson interval of the accuracy."""
        return wilson_interval(self.right, self.n)


@dataclass
class AccuracyCurve:
    """Answers of a model to labelled clips, clip by clip. Made by `accuracy_curve`.

    A clip is right if its class is the most probable one, also where a model judges classes one by one.

    Attributes
    ----------
    config : ModelConfig
    scores : tuple of str
    keep_rates : tuple of float, ascending
    answers : list of (LabelledClip, {(score, keep-rate): index of the class answered})
        Clips done so far.
    unknown : list of LabelledClip
        Clips whose label the model does not know; they are not run.
    problems : list of str
        A sentence about each clip that could not be read.
    """

    config: ModelConfig
    scores: tuple[str, ...]
    keep_rates: tuple[float, ...]
    answers: list[tuple[LabelledClip, dict[tuple[str, float], int]]] = field(default_factory=list)
    unknown: list[LabelledClip] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @classmethod
    def checked(cls, model: AudioViT, scores: Sequence[str], keep_rates: Sequence[float]) -> AccuracyCurve:
        """An empty one; raises InputError if an argument is out of range."""
        if not scores or not keep_rates:
            raise InputError(
                f"Got {len(scores)} scores and {len(keep_rates)} keep-rates; expected some of each."
            )
        if not model.config.classes:
            raise InputError(f"{model.config.name} is pre-trained only: it has no classes to predict.")
        rates = sorted({check_keep_rate(rate) for rate in keep_rates})
        return cls(model.config, tuple(check_score(score) for score in scores), tuple(rates))

    @property
    def passes(self) -> int:
        """Forward passes of one clip."""
        return 1 + len(self.scores) * sum(rate < 1 for rate in self.keep_rates)

    def add(self, model: AudioViT, clip: LabelledClip, progress: Callable[[int, int], None]) -> None:
        """Run one clip at every keep-rate. If ``progress`` raises, that passes on and nothing is counted."""
        if clip.target is None:
            self.unknown.append(clip)
            return
        try:
            samples = read_excerpt(clip.path, self.config.seconds).samples
        except InputError as error:
            # The file has a number for a name by now.
            self.problems.append(str(error).replace(repr(clip.path.name), _shown(clip.name)))
            return
        found = explore(model, samples, keep_rates=self.keep_rates, scores=self.scores, progress=progress)
        points = {(score, point.keep_rate): point for score in self.scores for point in found.points[score]}
        self.answers.append((clip, {key: point.answer for key, point in points.items()}))

    def rows(self) -> list[Row]:
        """One row for each score and keep-rate, over the clips done so far; none before the first."""
        if not self.answers:
            return []
        return [
            Row(
                score,
                rate,
                right=sum(answers[score, rate] == clip.target for clip, answers in self.answers),
                n=len(self.answers),
                macs=self.config.macs(rate),
            )
            for score in self.scores
            for rate in self.keep_rates
        ]


class _CancelledError(Exception):
    """Leaves a sweep between two of its passes."""


def accuracy_curve(
    model: AudioViT,
    clips: Sequence[LabelledClip],
    scores: Sequence[str] = ("attention",),
    keep_rates: Sequence[float] = KEEP_RATES,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> AccuracyCurve:
    """How often a pruned model is right about labelled clips, at every keep-rate.

    Of a clip longer than the model's window, the loudest part is used, as in the app.

    Parameters
    ----------
    model : AudioViT
    clips : sequence of LabelledClip
    scores : sequence of {"attention", "intensity", "variation"}
    keep_rates : sequence of float
        Each above 0 and up to 1.
    progress : callable, optional
        Called with (passes done, passes in all).
    cancelled : callable, optional
        Asked after each pass; when it says True, the curve is that of the clips done until then.

    Returns
    -------
    AccuracyCurve

    Raises
    ------
    InputError
        If a score or keep-rate is out of range, or the model has no classifier.

    Examples
    --------
    >>> file = OwnFile(Path("assets/examples/happy.wav"), "happy.wav")
    >>> model = load_model("ast-spc12")
    >>> curve = accuracy_curve(model, label_clips([file], model.config), keep_rates=[0.5, 1.0])
    >>> [(row.keep_rate, row.n) for row in curve.rows()]
    [(0.5, 1), (1.0, 1)]
    """
    curve = AccuracyCurve.checked(model, scores, keep_rates)
    before = 0

    def report(done: int, _total: int) -> None:
        if cancelled and cancelled():
            raise _CancelledError
        if progress:
            progress(before + done, curve.passes * len(clips))

    try:
        for clip in clips:
            report(0, 0)
            curve.add(model, clip, report)
            before += curve.passes
        report(0, 0)
    except _CancelledError:
        pass
    return curve


def accuracy_csv(curve: AccuracyCurve) -> str:
    """The rows of a curve as CSV, with the model and its weights on each."""
    head = [
        "model",
        "weights_sha256",
        "score",
        "keep_rate",
        "right",
        "n",
        "accuracy",
        "low95",
        "high95",
        "macs",
    ]
    about = [curve.config.name, curve.config.sha256]
    return _csv(
        head,
        (
            [*about, row.score, f"{row.keep_rate:.2f}", row.right, row.n]
            + [f"{value:.4f}" for value in (row.accuracy, *row.interval)]
            + [row.macs]
            for row in curve.rows()
        ),
    )


def answers_csv(curve: AccuracyCurve) -> str:
    """Every clip's answers as CSV: one line a clip, one column for each score and keep-rate."""
    labels = curve.config.labels
    keys = [(score, rate) for score in curve.scores for rate in curve.keep_rates]
    head = ["clip", "label", *(f"{score} {rate:.2f}" for score, rate in keys)]
    done = (
        [clip.name, labels[clip.target], *(labels[answers[key]] for key in keys)]
        for clip, answers in curve.answers
    )
    return _csv(head, done)


def _csv(head: Sequence[str], lines: Iterable[Sequence[object]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(head)
    writer.writerows([_harmless(value) for value in line] for line in lines)
    return out.getvalue()


def _harmless(value: object) -> object:
    """Text that a spreadsheet would run as a formula, marked as text."""
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@")) else value
