"""Faithfulness: do the kept patches suffice for the answer, and do the removed ones matter?

The whole model hears the sound of the kept patches alone, then that of the removed patches alone. Jay
DeYoung et al. (ERASER, 2020) call the drop of confidence with the kept part alone sufficiency, and that
with the removed part alone comprehensiveness.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from tpexplore.errors import InputError, shown
from tpexplore.model.forward import Output, probabilities, to_numpy
from tpexplore.model.plan import check_list, check_whole
from tpexplore.model.pruning import random_ranks
from tpexplore.model.vit import AudioViT, check_classifier
from tpexplore.signal.checks import plain_array
from tpexplore.signal.resynthesis import resynthesise
from tpexplore.signal.waveform import as_waveform

BATCH = 16
"""Clips that go through the model together."""


@dataclass(frozen=True)
class Part:
    """What the model says of a part of the sound, for each map of kept patches.

    Attributes
    ----------
    answers : (maps,) integer
    probability : (maps,) float32
        Of its own answer.
    same_answer : (maps,) bool
        Whether the whole clip has the same answer.
    confidence_drop : (maps,) float32
        Probability of the whole clip's answer, from the whole clip minus from this part.
    """

    answers: np.ndarray
    probability: np.ndarray
    same_answer: np.ndarray
    confidence_drop: np.ndarray


@dataclass(frozen=True)
class Faithfulness:
    """A clip and its parts.

    Attributes
    ----------
    answer : int
        Of the whole clip.
    probability : float
    kept, removed : Part
    """

    answer: int
    probability: float
    kept: Part
    removed: Part


@torch.inference_mode()
def faithfulness(
    model: AudioViT,
    clip: np.ndarray,
    maps: Sequence[np.ndarray] | np.ndarray,
    classes: Sequence[int] | None = None,
) -> Faithfulness:
    """Run the whole, unpruned model on the kept and on the removed patches' sound separately.

    Parameters
    ----------
    model : AudioViT
    clip : (samples,)
        Mono 16 kHz waveform, from `load_audio`. Only the model's window is used.
    maps : (maps, patches) bool
        Patches that are kept, by patch id.
    classes : sequence of int, optional
        Answers to choose from; all by default. Probabilities stay those over all.

    Returns
    -------
    Faithfulness
        Answers are indices of all classes.

    Raises
    ------
    InputError
        If the model has no classifier, a map is not one bool for each patch, or the model lacks one of
        ``classes``.

    Examples
    --------
    >>> model, clip = load_model("ast-spc12"), load_audio("assets/examples/happy.wav")
    >>> with torch.inference_mode():
    ...     out = model(model.spectrogram(clip)[None], keep_rate=0.7)
    >>> faithfulness(model, clip, kept_maps(out)).kept.same_answer
    array([ True])
    """
    check_classifier(model)
    allowed = _checked_classes(classes, model.config.classes)
    wave = as_waveform(clip)
    kept, removed = resynthesise(wave, maps, model.config.frames, model.config.grid)
    chances = _heard(model, [wave, *kept, *removed])
    answers = allowed[chances[:, allowed].argmax(1)]
    whole, n = answers[0], len(kept)

    def part(rows: slice) -> Part:
        own = answers[rows]
        return Part(
            answers=own,
            probability=np.take_along_axis(chances[rows], own[:, None], axis=1)[:, 0],
            same_answer=own == whole,
            confidence_drop=chances[0, whole] - chances[rows, whole],
        )

    return Faithfulness(int(whole), float(chances[0, whole]), part(slice(1, n + 1)), part(slice(n + 1, None)))


def _checked_classes(classes: object, count: int) -> np.ndarray:
    """Numbers of classes as an array; all of them for None."""
    if classes is None:
        return np.arange(count)
    numbers = [check_whole(number, "A class", 0, count - 1) for number in check_list(classes, "classes")]
    if not numbers:
        raise InputError("There is no class to choose from; expected at least one.")
    return np.array(numbers)


def kept_maps(out: Output) -> np.ndarray:
    """Patches that are still tokens of their own in the end: (batch, patches) bool."""
    return out.fate.block == 0


def random_maps(kept: np.ndarray, draws: int, seed: int = 0) -> np.ndarray:
    """As many random patches as a map keeps, drawn several times: (patches,) bool -> (draws, patches)."""
    draws, seed = check_whole(draws, "draws", 0), check_whole(seed, "seed", 0)
    kept = plain_array(kept)
    if kept.ndim != 1 or kept.dtype != bool:
        raise InputError(f"The map of kept patches is {shown(kept)}; expected one bool for each patch.")
    order = random_ranks(seed, range(draws), len(kept)).numpy()
    return order < np.count_nonzero(kept)


def _heard(model: AudioViT, waves: Sequence[np.ndarray]) -> np.ndarray:
    """Probabilities (waves, classes) by the whole model, float32."""
    rows = []
    for first in range(0, len(waves), BATCH):
        specs: list[Tensor] = [model.spectrogram(wave) for wave in waves[first : first + BATCH]]
        rows.append(to_numpy(probabilities(model(torch.stack(specs)).logits, model.config)))
    return np.concatenate(rows)
