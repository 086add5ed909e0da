"""How stable the choice of patches is when the clip is slightly shifted, louder, quieter or noisier.

A patch that survives pruning only in the exact recording says little about the sound. Here the clip is
changed in ways that nobody would hear as another sound and pruned again each time. The result counts how
often each patch survives.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import torch

from tpexplore.errors import InputError, shown
from tpexplore.model.config import ModelConfig
from tpexplore.model.forward import Entered, probabilities, to_numpy
from tpexplore.model.plan import PRUNE_BLOCKS, check_keep_rate, check_list, check_score, check_whole
from tpexplore.model.vit import AudioViT, check_classifier
from tpexplore.signal.decode import HOP
from tpexplore.signal.grid import PATCH
from tpexplore.signal.spectrogram import samples_for
from tpexplore.signal.waveform import as_waveform
from tpexplore.stats.kendall import kendall_tau

BATCH = 3
"""Versions of the clip that run together; a run can be cancelled between batches."""

KINDS = ("shift", "gain", "noise")

MOST_DECIBELS = 200
"""Far more than between the faintest and the loudest sound that float32 samples are used for."""


@dataclass(frozen=True)
class Change:
    """One way of changing a clip.

    Attributes
    ----------
    kind : {"shift", "gain", "noise"}
    amount : float
        Frames of 10 ms by which the sound comes later (a whole number), decibels, or decibels that the
        noise lies below the clip.

    Examples
    --------
    >>> Change("shift", -4).name
    '40 ms earlier'
    """

    kind: str
    amount: float

    def __post_init__(self):
        if not isinstance(self.kind, str) or self.kind not in KINDS:
            raise InputError(f"Change {shown(self.kind)} is unknown; expected one of {', '.join(KINDS)}.")
        amount = math.nan
        if not isinstance(self.amount, (bool, str, bytes)):
            with suppress(TypeError, ValueError, OverflowError, RuntimeError):
                amount = float(self.amount)
        if self.kind == "shift" and not amount.is_integer():
            raise InputError(f"The shift is {shown(self.amount)}; expected a whole number of frames.")
        if self.kind != "shift" and not abs(amount) <= MOST_DECIBELS:
            raise InputError(
                f"The {self.kind} is {shown(self.amount)}; expected a number of decibels from"
                f" {-MOST_DECIBELS} to {MOST_DECIBELS}."
            )
        object.__setattr__(self, "amount", amount)

    @property
    def name(self) -> str:
        """For people, e.g. "6 dB louder"."""
        size = f"{abs(self.amount):g}"
        if self.kind == "shift":
            return f"{10 * abs(self.amount):g} ms {'later' if self.amount >= 0 else 'earlier'}"
        if self.kind == "gain":
            return f"{size} dB {'louder' if self.amount >= 0 else 'quieter'}"
        return f"noise {self.amount:g} dB below"

    @property
    def columns(self) -> int:
        """Columns by which the sound moves where patches do not overlap, see `columns_of`."""
        return self.columns_of(PATCH)

    def columns_of(self, time_stride: int) -> int:
        """Columns of patches by which the sound moves: of a shift the nearest whole number."""
        # A shift of exactly half a patch counts as none: Python rounds halves to even numbers.
        return round(self.amount / time_stride) if self.kind == "shift" else 0


CHANGES = (
    *(Change("shift", frames) for frames in (-8, -6, -4, -2, 2, 4, 6, 8)),
    Change("gain", 6),
    Change("gain", -6),
    Change("noise", 30),
)
"""The changes tried by default: up to 80 ms (half a patch) earlier and later, ±6 dB, light noise."""


@dataclass(frozen=True)
class ChangeOutcome:
    """What one change did.

    Attributes
    ----------
    change : Change
    answer : int
        Index of the most probable class.
    probability : float
        Of that class.
    tau : float
        Kendall's τ-b between the scores at block 4, where all patches are still present, and those of the
        unchanged clip; nan if all scores of one of them are equal.
    iou : dict of block -> float
        Patches kept both times over patches kept at least once.
    """

    change: Change
    answer: int
    probability: float
    tau: float
    iou: dict[int, float]


@dataclass(frozen=True)
class Stability:
    """How often each patch survives, and what the changes did.

    Attributes
    ----------
    config : ModelConfig
    keep_rate : float
    score : str
    answer : int
        Index of the unchanged clip's answer.
    probability : float
    kept : dict of block -> (patches,) bool
        Patches that survive in the clip as it is.
    survival : dict of block -> (patches,) float64
        Share of the changed clips in which the patch survives blocks 4, 7 and 10; nan where a shift by
        whole patches moved the place out of every changed picture.
    outcomes : tuple of ChangeOutcome
        In the order of the changes.
    """

    config: ModelConfig
    keep_rate: float
    score: str
    answer: int
    probability: float
    kept: dict[int, np.ndarray]
    survival: dict[int, np.ndarray]
    outcomes: tuple[ChangeOutcome, ...]

    @property
    def same_answers(self) -> int:
        """How many changed clips get the answer that the clip as it is gets."""
        return sum(outcome.answer == self.answer for outcome in self.outcomes)


def changed_clip(clip: np.ndarray, change: Change, length: int, seed: int = 0) -> np.ndarray:
    """The clip's first ``length`` samples, changed.

    A shifted clip keeps its length, so that padding stays in place. Beyond the clip's ends its first or
    last moments are mirrored, because silence would sound like a change and lower the minimum that fills
    the padding. If the clip continues after ``length``, a shift to earlier uses the real samples. A louder
    clip is not limited to full scale.

    A gain adds a constant to the whole log-mel picture, except where that lies at the front end's floor: in
    digital silence, and in the lowest mel bins, which are narrower than the spectrum's and hold nothing.

    Parameters
    ----------
    clip : (samples,) float
    change : Change
    length : int
        Samples of the result, at most those of the clip.
    seed : int
        Of the noise, which is white and normal; the same seed gives the same noise.

    Returns
    -------
    (length,) float32

    Raises
    ------
    InputError
        If the clip is no longer than the shift, or an argument is out of range.
    """
    clip = as_waveform(clip)
    length, seed = check_whole(length, "length", 1, len(clip)), check_whole(seed, "seed", 0)
    part = clip[:length]
    if change.kind == "gain":
        return part * np.float32(10 ** (change.amount / 20))
    if change.kind == "noise":
        power = float(np.mean((part - part.mean(dtype=np.float64)) ** 2, dtype=np.float64))
        noise = np.random.default_rng(seed).standard_normal(len(part))
        return (part + noise * math.sqrt(power) * 10 ** (-change.amount / 20)).astype(np.float32)
    moved = int(change.amount) * HOP
    if abs(moved) >= len(part):
        raise InputError(
            f"The clip has {len(part)} samples; expected more than {abs(moved)}, to be {change.name}."
        )
    if moved >= 0:
        return np.pad(part, (moved, 0), mode="reflect")[:length]
    later = clip[-moved : length - moved]
    return np.pad(later, (0, length - len(later)), mode="reflect")


def stability(
    model: AudioViT,
    clip: np.ndarray,
    keep_rate: float = 0.5,
    score: str = "attention",
    *,
    changes: Sequence[Change] = CHANGES,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Stability | None:
    """Change a clip slightly in several ways and count how often each patch survives pruning.

    Patches at the same place of the sound are compared. A shift by a multiple of the stride moves the sound
    by whole patches: patch ids are moved along, and a patch that leaves the picture is not counted. A
    smaller shift moves the grid of patches over the sound, and the patch that covers most of the same sound
    has the same id (with 8 frames, half a patch, both neighbours cover half).

    Parameters
    ----------
    model : AudioViT
    clip : (samples,)
        Mono 16 kHz waveform, from `load_audio`. Only the model's window is used.
    keep_rate : float
        Above 0 and up to 1.
    score : {"attention", "intensity", "variation"}
    changes : sequence of Change
    progress : callable, optional
        Called with (passes done, passes in all).
    cancelled : callable, optional
        Called before each batch of passes; if it returns True, nothing more runs.

    Returns
    -------
    Stability, or None if it was cancelled

    Raises
    ------
    InputError
        If an argument is out of range, the model has no classifier, or the clip is shorter than a shift.

    Examples
    --------
    >>> result = stability(load_model("ast-spc12"), load_audio("assets/examples/happy.wav"))
    >>> result.survival[10].shape, len(result.outcomes)
    ((64,), 11)
    """
    steps = stability_steps(model, clip, keep_rate, score, changes=changes)
    while not (cancelled and cancelled()):
        try:
            done, total = next(steps)
        except StopIteration as end:
            return end.value
        if progress:
            progress(done, total)
    steps.close()
    return None


def stability_steps(
    model: AudioViT,
    clip: np.ndarray,
    keep_rate: float = 0.5,
    score: str = "attention",
    *,
    changes: Sequence[Change] = CHANGES,
) -> Generator[tuple[int, int], None, Stability]:
    """`stability` in steps: yields (passes done, passes in all) after each batch, returns the result.

    To cancel, close the generator or stop iterating.
    """
    keep_rate, score = check_keep_rate(keep_rate), check_score(score)
    check_classifier(model)
    config = model.config
    changes = check_list(changes, "changes")
    if not changes:
        raise InputError("There is no change; expected at least one.")
    for change in changes:
        if not isinstance(change, Change):
            raise InputError(f"A change is {shown(change)}; expected one such as Change('gain', 6).")
    clip = as_waveform(clip)
    length = min(len(clip), samples_for(config.frames))
    # All of them first, so that a clip too short to be shifted is refused before anything runs.
    versions = [clip[:length], *(changed_clip(clip, change, length) for change in changes)]
    passes: list[_Pass] = []
    for first in range(0, len(versions), BATCH):
        passes += _run(model, versions[first : first + BATCH], keep_rate, score)
        yield len(passes), len(versions)
    original, *changed = passes
    moves = [change.columns_of(config.grid.time_stride) * config.grid.rows for change in changes]
    return Stability(
        config=config,
        keep_rate=keep_rate,
        score=score,
        answer=int(original.probabilities.argmax()),
        probability=float(original.probabilities.max()),
        kept=original.kept,
        survival={
            block: _survival([after.kept[block] for after in changed], moves) for block in PRUNE_BLOCKS
        },
        outcomes=tuple(
            _outcome(change, original, after, move)
            for change, after, move in zip(changes, changed, moves, strict=True)
        ),
    )


@dataclass(frozen=True)
class _Pass:
    """One version of the clip through the model; arrays as in `Stability`, scores those of block 4."""

    probabilities: np.ndarray
    kept: dict[int, np.ndarray]
    scores: np.ndarray


def _run(model: AudioViT, clips: Sequence[np.ndarray], keep_rate: float, score: str) -> list[_Pass]:
    config = model.config
    with torch.inference_mode():
        entered = Entered(model, torch.stack([model.spectrogram(clip) for clip in clips]))
        scores = to_numpy(entered.ranking(score))
        out = entered.output(keep_rate, score)
        chances = to_numpy(probabilities(out.logits, config))
    masks = {block: np.ones(scores.shape, dtype=bool) for block in PRUNE_BLOCKS}
    masks |= {block: into == np.arange(config.patches) for block, into in out.fate.holders.items()}
    return [
        _Pass(chances[i], {block: mask[i] for block, mask in masks.items()}, scores[i])
        for i in range(len(clips))
    ]


def _survival(kept: Sequence[np.ndarray], moves: Sequence[int]) -> np.ndarray:
    """Share of the passes in which each patch of the original is kept, nan where none shows it."""
    counts, shown = np.zeros(len(kept[0])), np.zeros(len(kept[0]))
    for mask, move in zip(kept, moves, strict=True):
        here, there = _places(len(mask), move)
        counts[here] += mask[there]
        shown[here] += 1
    return np.divide(counts, shown, out=np.full_like(counts, math.nan), where=shown > 0)


def _outcome(change: Change, original: _Pass, changed: _Pass, move: int) -> ChangeOutcome:
    here, there = _places(len(original.scores), move)
    scores = (torch.from_numpy(original.scores[here]), torch.from_numpy(changed.scores[there]))
    iou = {}
    for block in PRUNE_BLOCKS:
        before, after = original.kept[block][here], changed.kept[block][there]
        either = int((before | after).sum())
        iou[block] = int((before & after).sum()) / either if either else math.nan
    return ChangeOutcome(
        change=change,
        answer=int(changed.probabilities.argmax()),
        probability=float(changed.probabilities.max()),
        tau=float(kendall_tau(*scores)),
        iou=iou,
    )


def _places(patches: int, move: int) -> tuple[slice, slice]:
    """Patches of the original that the moved picture shows, and where it shows them."""
    if move >= 0:
        return slice(0, max(0, patches - move)), slice(min(move, patches), patches)
    return slice(min(-move, patches), patches), slice(0, max(0, patches + move))
